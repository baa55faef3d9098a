#include "xmpp/presence_out.h"

#include "base/buf.h"
#include "loop/loop.h"
#include "model/fault.h"
#include "model/presence_view.h"
#include "model/presence_words.h"
#include "xmpp/pep_in.h"
#include "xmpp/pep_out.h"
#include "xmpp/side_private.h"

#define SINCE_LEAST_MS INT64_C(60000)
#define SINCE_MOST_MS  (INT64_C(366) * 24 * 3600 * 1000)

/* What a newer stanza replaces while the link holds back: presence, the answer to a subscription, a
 * subscription of ours, per pair. */
enum slot { SLOT_STATE = 'P', SLOT_ANSWER = 'F', SLOT_ASK = 'T' };

static void put(struct xmpp_side *side, enum slot slot, const char *from, const struct jids *jids)
{
	struct buf key = BUF_INIT;

	buf_putc(&key, (char)slot);
	buf_append(&key, jids->sip_bare.data, jids->sip_bare.len);
	buf_putc(&key, '\n'); /* in no JID */
	buf_append(&key, jids->chat_bare.data, jids->chat_bare.len);
	(void)side_put(side, from, slot == SLOT_STATE ? OUTBOX_STATE : OUTBOX_KEPT, buf_text(&key));
	buf_free(&key);
}

/* Bare JIDs both ways (SUBX-002), fresh ids (SUBX-009). */
static void put_subscription(struct xmpp_side *side, enum presence_type type,
			     const struct jids *jids, const char *status, const char *nick)
{
	bool is_answer = type == PRESENCE_SUBSCRIBED || type == PRESENCE_UNSUBSCRIBED;
	const char *from = buf_text(&jids->sip_bare);
	char id[FRESH_ID_MAX];

	side_fresh_id(side, type == PRESENCE_SUBSCRIBE ? ID_SUBSCRIBE : ID_PRESENCE, id);
	buf_reset(&side->scratch);
	presence_stanza_write(&side->scratch, type, from, buf_text(&jids->chat_bare), id, status,
			      nick);
	if (type == PRESENCE_PROBE)
		put(side, SLOT_STATE, from, jids);
	else
		put(side, is_answer ? SLOT_ANSWER : SLOT_ASK, from, jids);
}

/* XEP-0163: what is not in presence, and what the chat server tells only to those who are there. */
static void tell_events(struct xmpp_side *side, const struct jids *jids,
			const struct presence *presence)
{
	const char *sip = buf_text(&jids->sip_bare), *chat = buf_text(&jids->chat_bare);

	pep_out_tell(side, sip, chat, presence);
	pep_in_shown(side, sip, chat, presence != NULL);
}

/* PRES-141: only what is clearly older than its arrival, and can be. */
static void check_since(const struct xmpp_side *side, struct presence_view *view)
{
	int64_t age_ms = loop_wall_ms(side->params.loop) - view->since_ms;

	if (age_ms < SINCE_LEAST_MS || age_ms > SINCE_MOST_MS)
		view->since_ms = 0;
}

static void put_view(struct xmpp_side *side, const char *from, const struct jids *jids,
		     const char *id, const struct presence *presence)
{
	const struct component *component = side_component_of(side, from);
	struct presence_extra extra = {
		.caps_node = OWN_NODE,
		.delay_from = component == NULL ? NULL : component_domain(component)};
	struct presence_view view;

	presence_view_make(presence, side->params.rules, &view);
	if (view.available) /* X0115-1 */
		extra.caps_ver = side->own_caps.resource[features_of(side, jids->sip)];
	check_since(side, &view);
	buf_reset(&side->scratch);
	presence_stanza_write_more(&side->scratch, from, buf_text(&jids->chat_bare), id, &view,
				   &extra);
	put(side, SLOT_STATE, from, jids);
	tell_events(side, jids, view.available ? presence : NULL);
}

/* D-10: one resource; the same JID for available and unavailable (PRS-002). */
static void put_state(struct xmpp_side *side, const struct jids *jids,
		      const struct presence *presence)
{
	put_view(side, buf_text(&jids->sip_full), jids, NULL, presence);
}

/* An unavailable from the bare JID means all resources (CMP-039). presence is not open, or NULL. */
static void put_nothing(struct xmpp_side *side, const struct jids *jids, const char *id,
			const struct presence *presence)
{
	put_view(side, buf_text(&jids->sip_bare), jids, id, presence);
}

static void answer_with(struct xmpp_side *side, const struct jids *jids, enum watch_answer answer,
			const struct fault *fault, const struct presence *now)
{
	const char *reason = fault != NULL && fault->text[0] != '\0' ? fault->text : NULL;

	switch (answer) {
	case WATCH_ALLOWED:
		put_subscription(side, PRESENCE_SUBSCRIBED, jids, NULL, NULL); /* PRES-045 */
		if (now != NULL)
			put_state(side, jids, now);
		else
			put_nothing(side, jids, NULL, NULL); /* PRES-047 */
		break;
	case WATCH_REJECTED: /* SUBX-006, D-19: after unsubscribed the server drops the rest */
		put_state(side, jids, NULL);
		put_subscription(side, PRESENCE_UNSUBSCRIBED, jids, reason, NULL);
		break;
	case WATCH_FORBIDDEN: /* D-14: the reason in the status, no error stanza */
	case WATCH_NO_SUCH:
		put_subscription(side, PRESENCE_UNSUBSCRIBED, jids, reason, NULL);
		break;
	case WATCH_PENDING: /* PRES-043, SUBX-011: nothing of any kind */
	case WATCH_FAILED:
		break;
	}
}

void presence_answer(struct xmpp_side *side, const struct watch *watch, enum watch_answer answer,
		     const struct fault *fault, const struct presence *now)
{
	struct jids jids;

	if (jids_make(side, watch->watched, watch->watcher, &jids))
		answer_with(side, &jids, answer, fault, now);
	jids_clear(&jids);
}

void presence_tell(struct xmpp_side *side, const struct watch *watch,
		   const struct presence *presence)
{
	struct jids jids;

	if (jids_make(side, watch->watched, watch->watcher, &jids))
		put_state(side, &jids, presence);
	jids_clear(&jids);
}

void presence_tell_person(struct xmpp_side *side, const struct watch *watch,
			  const struct presence *presence)
{
	struct jids jids;

	if (jids_make(side, watch->watched, watch->watcher, &jids))
		pep_out_tell(side, buf_text(&jids.sip_bare), buf_text(&jids.chat_bare), presence);
	jids_clear(&jids);
}

void presence_tell_nothing(struct xmpp_side *side, const struct watch *watch, const char *id,
			   const struct presence *presence)
{
	struct jids jids;

	if (jids_make(side, watch->watched, watch->watcher, &jids))
		put_nothing(side, &jids, id, presence);
	jids_clear(&jids);
}

void presence_deny_probe(struct xmpp_side *side, const char *from, const char *to, const char *id)
{
	buf_reset(&side->scratch);
	presence_stanza_write(&side->scratch, PRESENCE_UNSUBSCRIBED, from, to, id, NULL, NULL);
	(void)side_put(side, from, OUTBOX_ANSWER, NULL);
}

/* D-18: a question of the component itself says whose it is, and what a yes means. */
static void write_plea(const struct presence_rules *rules, const struct address *domain,
		       struct buf *out)
{
	int language = rules != NULL ? rules->language : 0;

	buf_puts(out, presence_words_plea(language));
	buf_puts(out, domain->domain);
	buf_puts(out, presence_words_plea_rest(language));
}

void presence_ask(struct xmpp_side *side, const struct watch *watch, enum presence_type type)
{
	bool is_question = type == PRESENCE_SUBSCRIBE;
	struct buf plea = BUF_INIT;
	struct jids jids;

	if (is_question && address_is_domain(watch->watcher))
		write_plea(side->params.rules, watch->watcher, &plea);
	if (jids_make(side, watch->watcher, watch->watched, &jids))
		put_subscription(side, type, &jids, plea.len != 0 ? buf_text(&plea) : NULL,
				 is_question ? watch->nick : NULL); /* X0172-1 */
	jids_clear(&jids);
	buf_free(&plea);
}
