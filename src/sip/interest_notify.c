/* NOTIFY in (file 04 B.4, D-22 to D-24): answered 200 whenever it belongs to the dialog, then used
 * as far as it can be. */
#include <string.h>
#include <strings.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_extra.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/counters.h"
#include "sip/agent.h"
#include "sip/dialog.h"
#include "sip/header_text.h"
#include "sip/interest_private.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"
#include "sip/trust.h"

enum { REPAIR_EVERY_MS = 60000 };

enum news_state { NEWS_PENDING, NEWS_ACTIVE, NEWS_OTHER, NEWS_TERMINATED };

/* What a NOTIFY says beside its document. */
struct news {
	enum news_state state;
	struct interest_rule end; /* with NEWS_TERMINATED */
	long expires_s;           /* -1: none given */
	const char *etag;         /* or NULL */
	bool is_old;              /* a repeat, or overtaken (D-23) */
	bool is_lower;            /* overtaken, or the server's count fell back */
};

static struct side_core *core_of(const struct interest *interest)
{
	return interest->all->core;
}

/* None at all counts as active (D-22). */
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
	if (strcasecmp(state->ss_substate, "pending") == 0)
		news->state = NEWS_PENDING;
	else if (strcasecmp(state->ss_substate, "active") != 0)
		news->state = NEWS_OTHER;
	news->expires_s = header_text_number(state->ss_expires, -1);
}

/* RFC 5839. */
static const char *read_etag(const sip_t *sip)
{
	const char *tag = sip->sip_etag != NULL ? sip->sip_etag->g_string : NULL;

	if (tag == NULL || strlen(tag) > INTEREST_ETAG_MAX || !header_text_is_token(tag))
		return NULL;
	return tag;
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

/* The whole state is asked for, without a condition. */
static void repair(struct interest *interest)
{
	interest->is_rebasing = true;
	interest_forget_etag(interest);
	interest_refresh(interest, interest->asked_s);
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
	repair(interest);
}

/* EVT-030: a state nobody knows grants nothing, and takes nothing away. */
static bool is_active(const struct interest *interest, const struct news *news)
{
	return news->state == NEWS_ACTIVE || (news->state == NEWS_OTHER && interest->was_active);
}

static void set_live(struct interest *interest, const struct news *news)
{
	uint64_t now = loop_now(core_of(interest)->params->loop);

	interest_cancel_n(interest);
	interest_set_state(interest,
			   is_active(interest, news) ? INTEREST_ACTIVE : INTEREST_PENDING);
	backoff_reset(&interest->slow);
	/* PRES-057: authoritative; absent, the last known value stays (PRES-051). */
	if (news->expires_s > 0)
		interest->expires_ms = now + (uint64_t)news->expires_s * 1000;
	else if (interest->expires_ms <= now)
		interest->expires_ms = now + (uint64_t)interest->asked_s * 1000;
	interest_keep(interest);
	interest_plan_refresh(interest);
}

static void read_document(const sip_t *sip, struct buf *type, struct interest_document *out)
{
	const sip_content_type_t *header = sip->sip_content_type;

	if (sip->sip_payload != NULL) {
		out->data = sip->sip_payload->pl_data;
		out->len = sip->sip_payload->pl_len;
	}
	if (sip->sip_content_language != NULL && sip->sip_content_language->k_items != NULL)
		out->language = sip->sip_content_language->k_items[0];
	if (header == NULL || header->c_type == NULL)
		return;
	buf_puts(type, header->c_type);
	for (const msg_param_t *item = header->c_params; item != NULL && *item != NULL; item++) {
		buf_putc(type, ';');
		buf_puts(type, *item);
	}
	out->type = type->data;
}

/* EVT-080: without a body, the tag says that nothing changed (over D-24). */
static bool is_unchanged(const struct interest *interest, const struct news *news, size_t len)
{
	return len == 0 && news->etag != NULL && interest->etag != NULL &&
	       strcmp(news->etag, interest->etag) == 0;
}

static void keep_etag(struct interest *interest, const char *etag)
{
	interest_forget_etag(interest);
	if (etag != NULL)
		interest->etag = mem_strdup(etag);
}

/* PRES-044 to PRES-047, D-24. */
static void apply_active(struct interest *interest, const struct news *news, const sip_t *sip)
{
	struct interest_document document = {.is_first = !interest->was_active};
	enum interest_use use = INTEREST_USED;
	struct buf type = BUF_INIT;

	read_document(sip, &type, &document);
	interest->was_active = true;
	interest_tell(interest, WATCH_ALLOWED, NULL);
	if (!is_unchanged(interest, news, document.len))
		use = interest->events->document(interest, &document);
	buf_free(&type);
	if (use == INTEREST_USED) {
		keep_etag(interest, news->etag);
	} else if (use == INTEREST_PLAIN && !interest->is_plain) {
		interest->is_plain = true;
		repair(interest);
	} else {
		ask_repair(interest);
	}
}

static void apply_pending(struct interest *interest)
{
	interest_forget_etag(interest);
	interest_tell(interest, WATCH_PENDING, NULL);
}

static void apply(struct interest *interest, const struct news *news, const sip_t *sip)
{
	if (news->state == NEWS_TERMINATED) {
		log_info("subscriber: terminated event=%s watched=%s (%s)", interest->kind->event,
			 log_safe(interest->dialog->remote),
			 log_safe(sip->sip_subscription_state->ss_reason));
		interest_end_dialog(interest, &news->end, NULL); /* D-24: no body of it */
		return;
	}
	set_live(interest, news);
	if (is_active(interest, news))
		apply_active(interest, news, sip);
	else /* PRES-043: no body */
		apply_pending(interest);
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

/* Between the start and the refresh: what comes may be a part of a whole that is not known any
 * more, or older than what is; the refresh brings it all. */
static void while_stale(struct interest *interest, const struct news *news, const sip_t *sip)
{
	uint64_t now = loop_now(core_of(interest)->params->loop);

	if (news->state == NEWS_TERMINATED && !news->is_old) {
		apply(interest, news, sip);
		return;
	}
	interest->is_rebasing |= news->is_lower;
	if (news->expires_s > 0 && !news->is_old)
		interest->expires_ms = now + (uint64_t)news->expires_s * 1000;
	interest_hurry(interest->lead != NULL ? interest->lead : interest);
}

/* PRES-060, B18. */
static void while_leaving(struct interest *interest, const struct news *news)
{
	if (news->state == NEWS_TERMINATED)
		interest_free(interest);
	else if (!interest->has_sent_leave)
		interest_refresh(interest, 0);
}

/* PRES-038: the first NOTIFY makes the dialog. */
static bool establish(struct interest *interest, const struct request *request)
{
	struct dialog *dialog = interest->dialog;

	if (dialog->target == NULL) /* and stays it without a Contact (D-22) */
		dialog->target = mem_strndup(dialog->remote + 1, strlen(dialog->remote) - 2);
	if (dialog_establish(dialog, request) != 0)
		return false;
	dialog->has_remote_cseq = false;
	return true;
}

/* Whose dialog it is, of interest and its forks; NULL: nobody's (PRES-039, SEC-006). */
static struct interest *whose(struct interest *interest, const struct request *request)
{
	struct interest *found = interest_fork_find(interest, request);

	if (found != NULL)
		return dialog_is_from_peer(found->dialog, core_of(interest), request) ? found
										      : NULL;
	if (!trust_may_assert(core_of(interest)->trust, &request->source, interest->peer->domain))
		return NULL;
	if (interest->dialog->remote_tag != NULL)
		return interest_fork_new(interest, request);
	return establish(interest, request) ? interest : NULL;
}

void interest_notify(struct interest *interest, struct request *request)
{
	struct agent *agent = core_of(interest)->agent;
	const sip_t *sip = request->sip;
	struct news news = {0};
	msg_t *msg;

	interest = whose(interest, request);
	if (interest == NULL) {
		agent_answer(agent, request, 481, NULL, NULL); /* EVT-020, SEC-006 */
		return;
	}
	core_of(interest)->params->counters->notify_in++;
	peer_watch_heard(interest->hop);
	dialog_refresh_target(interest->dialog, sip);
	read_state(sip, &news);
	news.etag = read_etag(sip);
	news.is_lower = interest->dialog->has_remote_cseq &&
			sip->sip_cseq->cs_seq < interest->dialog->remote_cseq;
	news.is_old = is_old(interest, sip);
	msg = msg_ref(request->msg);                   /* read on after the answer */
	agent_answer(agent, request, 200, NULL, NULL); /* PRES-041, D-22 */
	if (interest->state == INTEREST_LEAVING)
		while_leaving(interest, &news);
	else if (interest->is_stale)
		while_stale(interest, &news, sip);
	else if (interest->owner == NULL) /* its turn to be ended comes (interests_stop) */
		core_of(interest)->params->counters->notify_unusable++;
	else if (news.is_old)
		apply_old(interest, &news);
	else
		apply(interest, &news, sip);
	msg_destroy(msg);
}
