#include "xmpp/messages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/limits.h"
#include "translate/address_map.h"
#include "translate/message_stanza.h"
#include "xmpp/chat_states.h"
#include "xmpp/inbox.h"
#include "xmpp/names.h"
#include "xmpp/pep_in.h"
#include "xmpp/side_private.h"
#include "xmpp/talks.h"

/* D-44 */
static const int64_t delay_least_ms = 60 * 1000;
static const int64_t delay_most_ms = INT64_C(7) * 24 * 3600 * 1000;

/* A message of a chat user that the core has. */
struct incoming {
	exchange_id x;
	struct message_origin origin;
	bool is_headline; /* D-34: never answered with an error */
};

/* An outcome that has to wait until deliver() has returned. */
struct late {
	struct list link;
	exchange_id x;
	enum outcome outcome;
	struct fault fault;
};

static void incoming_free(struct incoming *incoming)
{
	message_origin_clear(&incoming->origin);
	mem_free(incoming);
}

/* D-35, TYPE-016. Nothing is kept of one who uses neither threads nor states. */
static void note_talk(struct inbound *in, const struct message_stanza *stanza)
{
	struct talks *talks = in->side->talks;
	const char *thread = stanza->message.thread;
	struct talk *talk = thread != NULL || stanza->state != CHAT_STATE_NONE
				    ? talks_get(talks, &in->target, &in->sender)
				    : talks_find(talks, &in->target, &in->sender);

	if (thread != NULL)
		talk_set_thread(talk, thread, loop_now(in->side->params.loop));
	chat_states_text(in, stanza, talk);
}

/* D-44: phones sort texts by their Date, so a time that was not, or long ago, is none. */
static int64_t believed_ms(const struct xmpp_side *side, int64_t sent_at_ms)
{
	int64_t age_ms = loop_wall_ms(side->params.loop) - sent_at_ms;

	return age_ms < 0 || age_ms > delay_most_ms ? 0 : sent_at_ms;
}

void messages_accept(struct inbound *in, struct message_stanza *stanza)
{
	struct xmpp_side *side = in->side;
	struct incoming *incoming = mem_zalloc(sizeof(*incoming));
	char uid[2 * MESSAGE_UID_BYTES + 1];

	random_hex(uid, MESSAGE_UID_BYTES); /* D-35 */
	mem_free(stanza->message.uid);
	stanza->message.uid = mem_strdup(uid);
	if (stanza->message.nick == NULL) /* X0172-2: clients send it only to strangers */
		stanza->message.nick =
			mem_strdup_or_null(pep_in_name(side, in->to_bare, in->from_bare));
	stanza->message.sent_at_ms = believed_ms(side, stanza->message.sent_at_ms); /* X0203-2 */
	note_talk(in, stanza);
	incoming->x = exchange_new();
	incoming->is_headline = stanza->message.kind == MESSAGE_HEADLINE;
	stanza->message.origin = (struct message_origin){
		.address = mem_strdup(in->from),
		.recipient = mem_strdup(in->to), /* CMP-024: as he addressed it */
		.id = mem_strdup_or_null(in->id),
		.thread = mem_strdup_or_null(stanza->message.thread),
	};
	table_put(side->incoming, &incoming->x, sizeof(incoming->x), incoming);
	log_debug("xmpp: message from=%s to=%s bytes=%zu x=%s", log_safe(in->from),
		  log_safe(in->to), stanza->message.body_len, exchange_text(incoming->x));
	bridge_message(side->params.bridge, SIDE_XMPP, incoming->x, &in->sender, &in->target,
		       &stanza->message);
	/* The core has copied it if it keeps it; finish() comes later. */
	incoming->origin = stanza->message.origin;
	stanza->message.origin = (struct message_origin){0};
}

void messages_finish(struct xmpp_side *side, exchange_id x, enum outcome outcome,
		     const struct fault *fault)
{
	struct incoming *incoming = table_remove(side->incoming, &x, sizeof(x));
	char key[24];

	if (incoming == NULL)
		return;
	if ((outcome == OUTCOME_REFUSED || outcome == OUTCOME_UNKNOWN) && fault != NULL &&
	    !incoming->is_headline) {
		const struct message_origin *origin = &incoming->origin;

		log_debug("xmpp: message refused to=%s x=%s (%s)", log_safe(origin->recipient),
			  exchange_text(x), fault_name(fault->code));
		buf_reset(&side->scratch);
		message_stanza_write_error(&side->scratch, origin, fault);
		snprintf(key, sizeof(key), "E%s", exchange_text(x));
		/* MSG-043: also for a sender who has gone, also after a loss of the link */
		(void)side_put(side, origin->recipient, OUTBOX_KEPT, key);
	}
	incoming_free(incoming);
}

static void on_late(void *arg)
{
	struct xmpp_side *side = arg;

	while (!list_is_empty(&side->late)) {
		struct late *late = LIST_ENTRY(side->late.next, struct late, link);

		list_remove(&late->link);
		bridge_outcome(side->params.bridge, late->x, late->outcome,
			       late->outcome == OUTCOME_TAKEN ? NULL : &late->fault);
		mem_free(late);
	}
}

/* A side never calls the core from inside one of its calls (core/side.h). */
static void end_later(struct xmpp_side *side, exchange_id x, enum outcome outcome,
		      enum fault_code code, const char *text)
{
	struct late *late = mem_zalloc(sizeof(*late));

	late->x = x;
	late->outcome = outcome;
	fault_set(&late->fault, code, text);
	if (list_is_empty(&side->late))
		loop_defer(side->params.loop, on_late, side);
	list_append(&side->late, &late->link);
}

static void refuse_later(struct xmpp_side *side, exchange_id x, enum fault_code code,
			 const char *text)
{
	end_later(side, x, OUTCOME_REFUSED, code, text);
}

static void refuse_unsent(struct xmpp_side *side, exchange_id x, int error)
{
	switch (error) {
	case ENOTCONN:
		refuse_later(side, x, FAULT_LINK_DOWN, "chat server not reachable");
		break;
	case ENOBUFS:
		refuse_later(side, x, FAULT_LINK_DOWN, "chat server too slow");
		break;
	case E2BIG:
		refuse_later(side, x, FAULT_TOO_LARGE, "message too large for the chat server");
		break;
	default:
		refuse_later(side, x, FAULT_INTERNAL_SERVER_ERROR, NULL);
		break;
	}
}

/* The message as this chat user is shown it; borrows the texts. */
static struct message dress(struct xmpp_side *side, const struct talk *talk, const char *chat_bare,
			    const struct message *message)
{
	struct message told = *message;
	int64_t age_ms = loop_wall_ms(side->params.loop) - told.sent_at_ms;

	if (age_ms < delay_least_ms || age_ms > delay_most_ms)
		told.sent_at_ms = 0;
	if (told.thread == NULL && talk != NULL) /* D-35 */
		told.thread = (char *)(uintptr_t)talk_thread(talk, loop_now(side->params.loop));
	told.takes_typing = chat_states_go_with(side, talk, chat_bare, told.takes_typing);
	return told;
}

/* D-43: to the bare JID. */
static void deliver_text(struct xmpp_side *side, exchange_id x, const struct jids *jids,
			 const struct address *to, const struct message *message)
{
	const char *from = buf_text(&jids->sip_full), *bare = buf_text(&jids->chat_bare);
	struct component *component = side_component_of(side, from);
	struct message told = dress(side, talks_find(side->talks, jids->sip, to), bare, message);
	int error = ENOTCONN;

	buf_reset(&side->scratch);
	if (component != NULL) {
		message_stanza_write(&side->scratch, &told, from, bare,
				     component_domain(component));
		error = component_deliver(component, x, told.uid, bare, &side->scratch);
	}
	if (error != 0)
		refuse_unsent(side, x, error);
	else if (told.takes_typing)
		chat_states_went(talks_get(side->talks, jids->sip, to));
}

/* D-43, RCPT-067: to the full JID that sent the message; if that has gone its server decides. Its
 * own id is the report's, so that an error to it is of no message (RCPT-010). */
static void deliver_report(struct xmpp_side *side, exchange_id x, const struct message *message)
{
	const struct message_origin *origin = &message->report->origin;
	struct component *component;
	int error = EACCES;

	if (origin->address == NULL || origin->recipient == NULL) {
		refuse_later(side, x, FAULT_INTERNAL_SERVER_ERROR, NULL);
		return;
	}
	buf_reset(&side->scratch);
	if (!message_stanza_write_report(&side->scratch, message)) {
		end_later(side, x, OUTCOME_TAKEN, FAULT_NONE, NULL);
		return;
	}
	component = side_component_of(side, origin->recipient);
	if (component != NULL)
		error = component_deliver(component, x, message->uid, origin->address,
					  &side->scratch);
	if (error != 0)
		refuse_unsent(side, x, error);
}

void messages_deliver(struct xmpp_side *side, exchange_id x, const struct address *from,
		      const struct address *to, const struct message *message)
{
	struct jids jids;

	log_debug("xmpp: %s to=%s bytes=%zu x=%s",
		  message->what == MESSAGE_REPORT ? "report" : "message", log_safe(to->local),
		  message->body_len, exchange_text(x));
	if (!jids_make(side, from, to, &jids))
		refuse_later(side, x, FAULT_JID_MALFORMED, "no chat address for this user");
	else if (!address_may_use(side->params.map, to)) /* SEC-025 */
		refuse_later(side, x, FAULT_FORBIDDEN, NULL);
	else if (message->what == MESSAGE_REPORT && message->report != NULL)
		deliver_report(side, x, message);
	else
		deliver_text(side, x, &jids, to, message);
	if (message->nick != NULL && jids.sip_bare.len > 0) /* D-32 */
		names_put(side->names, buf_text(&jids.sip_bare), message->nick);
	jids_clear(&jids);
}

void messages_outcome(struct xmpp_side *side, exchange_id x, enum outcome outcome,
		      const struct fault *fault)
{
	bridge_outcome(side->params.bridge, x, outcome, fault);
}

static bool free_incoming(void *value, void *arg)
{
	(void)arg;
	incoming_free(value);
	return true;
}

void messages_clear(struct xmpp_side *side)
{
	LIST_EACH(it, next, &side->late)
	mem_free(LIST_ENTRY(it, struct late, link));
	list_init(&side->late);
	if (side->incoming != NULL)
		table_each(side->incoming, free_incoming, NULL);
	table_free(&side->incoming);
}
