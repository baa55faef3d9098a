/* SUBSCRIBE in a dialog: refreshes, new lists, ends (file 04 C.2, RFC 6665 section 4.2.1). */
#include <string.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sip/agent.h"
#include "sip/destination.h"
#include "sip/dialog.h"
#include "sip/side_core.h"
#include "sip/subscribe_check.h"
#include "sip/subscribe_in.h"

/* SIP-024: 0 go on; otherwise it was answered. A refused one that comes again over UDP, because the
 * answer was lost, is judged again. */
static int check_order(struct notifier *notifier, struct dialog *dialog, struct request *request)
{
	const struct subscription *s = dialog->owner;
	uint32_t seq = request->sip->sip_cseq->cs_seq;
	bool is_again = s->was_refused && seq == dialog->remote_cseq;

	if (dialog->has_remote_cseq && seq <= dialog->remote_cseq && !is_again) {
		subscribe_refuse(notifier, request, 500, "CSeq Is Too Low", NULL, "CSeq");
		return 500;
	}
	dialog->remote_cseq = seq;
	dialog->has_remote_cseq = true;
	return 0;
}

/* RFC 5839 section 6: what he has is what he would be told (EVT-079, EVT-082). */
static bool has_it_already(struct subscription *s, const char *match)
{
	uint64_t had = notify_read_tag(match);
	uint64_t digest;

	if (had == 0 || s->list != NULL || s->state != SUBSCRIPTION_ACTIVE ||
	    s->package->is_versioned || s->told == 0 || s->in_flight != NULL)
		return false;
	digest = notify_digest(s, notify_presence(s->notifier, s->looker.watching));
	return digest == s->told && (had == NOTIFY_HAD_ANY || had == digest);
}

/* EVT-043, C10: 200 and the present state; the authorization is not touched. */
static void extend(struct notifier *notifier, struct subscription *s, struct request *request,
		   const struct subscribe_ask *ask)
{
	bool is_quiet = has_it_already(s, ask->match);

	int status = is_quiet ? 204 : 200;

	if (ask->expires_s == 0) {
		/* Its row is gone soon: what a crash leaves of it is told 481 by him. */
		subscribe_grant(s, request, status, 0);
		if (is_quiet)
			notifier_remove(s);
		else
			notifier_end(s, "timeout", 0, NOTIFIER_TELL_CORE); /* PRES-096 */
		return;
	}
	s->expires_ms = loop_now(notifier->core->params->loop) + (uint64_t)ask->expires_s * 1000;
	s->takes_deflate = ask->takes_deflate; /* EVT-044: the newest SUBSCRIBE counts */
	s->row_is_whole = true;
	notifier_arm(s);
	notifier_keep_answer(s, request, status, ask->expires_s, false);
	if (!is_quiet)
		notify_send_current(s);
}

/* EVT-008, EVT-066. NULL: it is a refresh. */
static const char *other_subscription(const struct subscription *s, const struct subscribe_ask *ask)
{
	if (ask->package != s->package || (ask->event_id == NULL) != (s->event_id == NULL) ||
	    (ask->event_id != NULL && strcmp(ask->event_id, s->event_id) != 0))
		return "second subscription in a dialog";
	if (ask->has_list && s->list == NULL)
		return "a list in the dialog of a single user";
	return NULL;
}

void notifier_refresh(struct notifier *notifier, struct dialog *dialog, struct request *request)
{
	struct subscription *s = dialog->owner;
	struct subscribe_ask ask;
	struct buf room = BUF_INIT;
	const char *why;
	int status;

	if (s->state == SUBSCRIPTION_ENDED || s->reason != NULL) {
		subscribe_refuse(notifier, request, 481, NULL, NULL, "subscription has ended");
		return;
	}
	if (check_order(notifier, dialog, request) != 0)
		return;
	s->was_refused = true;
	status = subscribe_check(request->sip, notifier->core->params->limits, &ask);
	if (status == 0 && ask.is_too_brief)
		status = 423;
	if (status != 0) {
		subscribe_refuse_form(notifier, request, status);
		return;
	}
	why = other_subscription(s, &ask);
	if (why != NULL) {
		subscribe_refuse(notifier, request, 403, NULL, NULL, why);
		return;
	}
	char *old = mem_strdup(dialog->target);

	dialog_refresh_target(dialog, request->sip);
	if (!destination_may(notifier->core, dialog_next_hop(dialog, &room), &request->source,
			     request->login, &why)) {
		mem_free(dialog->target);
		dialog->target = old;
		subscribe_refuse(notifier, request, 403, NULL, NULL, why);
	} else {
		mem_free(old);
		if (request->login != NULL)
			dialog->peer = request->source; /* he may have moved */
		s->was_refused = false;
		if (s->list == NULL || subscribe_list_again(s, request, &ask))
			extend(notifier, s, request, &ask);
	}
	buf_free(&room);
}
