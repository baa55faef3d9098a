/* NOTIFY in (file 04 B.4, D-22 to D-24): answered 200 whenever it belongs to the dialog, then used
 * as far as it can be. */
#include <string.h>
#include <strings.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/log.h"
#include "base/mem.h"
#include "model/counters.h"
#include "model/presence.h"
#include "sip/agent.h"
#include "sip/dialog.h"
#include "sip/header_text.h"
#include "sip/interest.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"
#include "sip/trust.h"
#include "translate/pidf.h"
#include "translate/presence_body.h"

enum { REPAIR_EVERY_MS = 60000, NOTIFY_BYTES_MAX = PIDF_MAX_BYTES };

enum news_state { NEWS_PENDING, NEWS_ACTIVE, NEWS_TERMINATED };
enum news_body { BODY_NONE, BODY_READ, BODY_UNUSABLE };

/* What a NOTIFY says, taken out of the message before it is answered. */
struct news {
	enum news_state state;
	enum news_body body;
	struct presence presence; /* with BODY_READ */
	struct interest_rule end; /* with NEWS_TERMINATED */
	long expires_s;           /* -1: none given */
	bool is_old;              /* a repeat, or overtaken (D-23) */
	bool is_lower;            /* overtaken, or the server's count fell back */
};

static struct side_core *core_of(const struct interest *interest)
{
	return interest->subscriber->core;
}

/* EVT-030: unknown states are kept like pending ones; none at all counts as active (D-22). */
static void read_state(const sip_t *sip, struct news *news)
{
	const sip_subscription_state_t *state = sip->sip_subscription_state;

	news->expires_s = -1;
	news->state = NEWS_ACTIVE;
	if (state == NULL || state->ss_substate == NULL)
		return;
	if (strcasecmp(state->ss_substate, "terminated") == 0) {
		news->state = NEWS_TERMINATED;
		news->end = interest_rule_for_reason(
			state->ss_reason, (unsigned)header_text_number(state->ss_retry_after, 0));
		return;
	}
	if (strcasecmp(state->ss_substate, "active") != 0)
		news->state = NEWS_PENDING;
	news->expires_s = header_text_number(state->ss_expires, -1);
}

static void read_body(const struct interest *interest, const sip_t *sip, struct news *news)
{
	char type[256];
	size_t most = (size_t)core_of(interest)->params->limits->sip_body_bytes;
	struct pidf_reading reading = {.max_bytes =
					       most < NOTIFY_BYTES_MAX ? most : NOTIFY_BYTES_MAX,
				       .now_ms = loop_wall_ms(core_of(interest)->params->loop)};

	news->body = BODY_NONE;
	if (sip->sip_payload == NULL || sip->sip_payload->pl_len == 0)
		return;
	news->body = BODY_UNUSABLE;
	if (sip->sip_content_type == NULL ||
	    sip_header_field_e(type, sizeof type, (const sip_header_t *)sip->sip_content_type, 0) <=
		    0)
		return;
	type[sizeof type - 1] = '\0';
	if (sip->sip_content_language != NULL && sip->sip_content_language->k_items != NULL)
		reading.language = sip->sip_content_language->k_items[0];
	if (presence_body_parse(type, sip->sip_payload->pl_data, sip->sip_payload->pl_len, &reading,
				&interest->peer->profile, &news->presence) != 0)
		return;
	news->body = BODY_READ;
	if (!interest->peer->profile.show_caller) { /* DLG-018 */
		mem_free(news->presence.phone.other);
		news->presence.phone.other = NULL;
	}
}

/* D-23: the highest CSeq counts; after a refresh that was to repair the order, any. */
static bool is_old(struct interest *interest, const sip_t *sip)
{
	struct dialog *dialog = interest->dialog;
	uint32_t seq = sip->sip_cseq->cs_seq;

	if (dialog->has_remote_cseq && !interest->is_rebasing && seq <= dialog->remote_cseq)
		return true;
	interest->is_rebasing = false;
	dialog->remote_cseq = seq;
	dialog->has_remote_cseq = true;
	return false;
}

/* D-22: at most once a minute. */
static void ask_repair(struct interest *interest)
{
	uint64_t now = loop_now(core_of(interest)->params->loop);

	core_of(interest)->params->counters->notify_unusable++;
	if (interest->transaction != NULL ||
	    (interest->repair_ms != 0 && now - interest->repair_ms < REPAIR_EVERY_MS))
		return;
	interest->repair_ms = now != 0 ? now : 1;
	interest->is_rebasing = true;
	interest_refresh(interest, interest->asked_s);
}

static void set_live(struct interest *interest, const struct news *news)
{
	uint64_t now = loop_now(core_of(interest)->params->loop);

	interest_cancel_n(interest);
	interest_set_state(interest,
			   news->state == NEWS_PENDING ? INTEREST_PENDING : INTEREST_ACTIVE);
	backoff_reset(&interest->slow);
	/* PRES-057: authoritative; absent, the last known value stays (PRES-051). */
	if (news->expires_s > 0)
		interest->expires_ms = now + (uint64_t)news->expires_s * 1000;
	else if (interest->expires_ms <= now)
		interest->expires_ms = now + (uint64_t)interest->asked_s * 1000;
	interest_plan_refresh(interest);
}

/* PRES-044 to PRES-047, D-24. */
static void apply_active(struct interest *interest, const struct news *news)
{
	static const struct presence nothing;
	bool is_first = !interest->was_active || interest->has_failed;

	interest->was_active = true;
	interest->has_failed = false;
	if (is_first && !interest_tell_answer(interest, WATCH_ALLOWED, NULL))
		return;
	if (news->body == BODY_READ)
		(void)interest_tell_presence(interest, &news->presence);
	else if (news->body == BODY_UNUSABLE)
		ask_repair(interest);
	else if (interest->peer != NULL &&
		 interest->peer->profile.empty_notify == EMPTY_NOTIFY_GONE)
		(void)interest_tell_presence(interest, &nothing);
}

static void apply(struct interest *interest, const struct news *news)
{
	if (news->state == NEWS_TERMINATED) {
		log_info("subscriber: terminated watched=%s", log_safe(interest->dialog->remote));
		interest_end_dialog(interest, &news->end, NULL); /* D-24: no body of it */
		return;
	}
	set_live(interest, news);
	if (news->state == NEWS_ACTIVE) {
		apply_active(interest, news);
	} else if (!interest->has_failed || !interest->was_active) { /* PRES-043: no body */
		interest->has_failed = false;
		(void)interest_tell_answer(interest, WATCH_PENDING, NULL);
	}
}

/* D-22, D-23: a server that crashed counts from below; what follows the refresh sets the new base.
 */
static void apply_old(struct interest *interest, const struct news *news)
{
	if (news->is_lower)
		ask_repair(interest);
	else
		core_of(interest)->params->counters->notify_unusable++;
}

/* PRES-060, B18. */
static void while_leaving(struct interest *interest, const struct news *news)
{
	if (news->state == NEWS_TERMINATED)
		interest_free(interest);
	else if (!interest->has_sent_leave)
		interest_refresh(interest, 0);
}

/* PRES-038, PRES-039: the first NOTIFY makes the dialog, others of a fork belong to nothing. */
static bool belongs(struct interest *interest, struct request *request)
{
	struct dialog *dialog = interest->dialog;

	if (dialog->remote_tag != NULL)
		return dialog_is_from_peer(dialog, core_of(interest), request);
	if (!trust_may_assert(core_of(interest)->trust, &request->source, interest->watched.domain))
		return false;
	if (dialog->target == NULL) /* and stays it without a Contact (D-22) */
		dialog->target = mem_strndup(dialog->remote + 1, strlen(dialog->remote) - 2);
	if (dialog_establish(dialog, request) != 0)
		return false;
	dialog->has_remote_cseq = false;
	return true;
}

void interest_notify(struct interest *interest, struct request *request)
{
	struct agent *agent = core_of(interest)->agent;
	struct news news = {0};

	if (!belongs(interest, request)) {
		agent_answer(agent, request, 481, NULL, NULL); /* EVT-020, SEC-006 */
		return;
	}
	core_of(interest)->params->counters->notify_in++;
	peer_watch_heard(interest->hop);
	dialog_refresh_target(interest->dialog, request->sip);
	read_state(request->sip, &news);
	read_body(interest, request->sip, &news);
	news.is_lower = interest->dialog->has_remote_cseq &&
			request->sip->sip_cseq->cs_seq < interest->dialog->remote_cseq;
	news.is_old = is_old(interest, request->sip);
	agent_answer(agent, request, 200, NULL, NULL); /* PRES-041, D-22 */
	if (interest->state == INTEREST_LEAVING)
		while_leaving(interest, &news);
	else if (news.is_old)
		apply_old(interest, &news);
	else
		apply(interest, &news);
	presence_clear(&news.presence);
}
