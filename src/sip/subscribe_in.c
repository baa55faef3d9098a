/* SUBSCRIBE in: what is refused, what begins, what goes on (file 04 C.2). */
#include <stdio.h>
#include <string.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "model/exchange.h"
#include "model/limits.h"
#include "sip/agent.h"
#include "sip/destination.h"
#include "sip/dialog.h"
#include "sip/header_text.h"
#include "sip/identity.h"
#include "sip/notifier_private.h"
#include "sip/repeats.h"
#include "sip/side_core.h"
#include "sip/subscribe_check.h"
#include "translate/fault_map.h"

enum { PHRASE_MAX = 129 };

static void refuse(struct notifier *notifier, struct request *request, int status,
		   const char *phrase, const char *headers, const char *why)
{
	notifier->core->params->counters->sip_refused++;
	log_info("notifier: refused SUBSCRIBE status=%d (%s)", status, why);
	agent_answer(notifier->core->agent, request, status, phrase, headers);
}

static void refuse_form(struct notifier *notifier, struct request *request, int status)
{
	char min_expires[48];

	switch (status) {
	case 489: /* EVT-003 */
		refuse(notifier, request, 489, NULL, side_core_allow_events, "event package");
		break;
	case 406: /* EVT-011 */
		refuse(notifier, request, 406, NULL, "Accept: application/pidf+xml\r\n", "Accept");
		break;
	case 415:
		refuse(notifier, request, 415, NULL, "Accept: application/simple-filter+xml\r\n",
		       "body");
		break;
	default: /* PRES-072 */
		(void)snprintf(min_expires, sizeof min_expires, "Min-Expires: %lld\r\n",
			       (long long)notifier->core->params->limits->expires_min_s);
		refuse(notifier, request, 423, NULL, min_expires, "Expires");
		break;
	}
}

/* PRES-071, EVT-032; Record-Route is copied by the library. */
static void grant(struct notifier *notifier, struct request *request, const struct dialog *dialog,
		  unsigned expires_s)
{
	struct buf headers = BUF_INIT;

	buf_printf(&headers, "Expires: %u\r\nContact: ", expires_s);
	agent_contact(notifier->core->agent, &request->source, dialog->is_stream, dialog->local_tag,
		      &headers);
	buf_puts(&headers, "\r\n");
	if (request->is_udp)
		repeats_done(notifier->core->repeats, repeats_key(notifier->core->repeats, request),
			     200, expires_s);
	agent_answer(notifier->core->agent, request, 200, NULL, headers.data);
	buf_free(&headers);
}

static struct subscription *make_subscription(struct notifier *notifier,
					      const struct request *request,
					      const struct subscribe_ask *ask)
{
	struct subscription *s = mem_zalloc(sizeof *s);
	struct buf local = BUF_INIT;
	struct dialog *dialog;

	s->notifier = notifier;
	s->event_id = mem_strdup_or_null(ask->event_id);
	s->made_by = repeats_key(notifier->core->repeats, request);
	list_init(&s->link);
	dialog = dialog_new(notifier->core->dialogs, DIALOG_NOTIFIER, s,
			    request->sip->sip_call_id->i_id, request->tag);
	s->dialog = dialog;
	buf_putc(&local, '<');
	identity_uri(request->sip->sip_to->a_url, &local); /* SIP-043 */
	buf_putc(&local, '>');
	dialog->local = buf_take(&local);
	dialog->is_stream = !request->is_udp;
	dialog->local_cseq = (uint32_t)random_below(1 << 20);
	return s;
}

/* Everything that needs no address: form, dialog, where NOTIFYs would go. */
static struct subscription *prepare(struct notifier *notifier, struct request *request,
				    struct subscribe_ask *ask)
{
	int status = subscribe_check(request->sip, notifier->core->params->limits, ask);
	struct subscription *s;
	struct buf room = BUF_INIT;
	const char *why;

	if (status != 0) {
		refuse_form(notifier, request, status);
		return NULL;
	}
	s = make_subscription(notifier, request, ask);
	if (dialog_establish(s->dialog, request) != 0) {
		notifier_free_subscription(s);
		refuse(notifier, request, 400, "Bad Contact", NULL, "no usable Contact");
		return NULL;
	}
	if (!destination_may(notifier->core, dialog_next_hop(s->dialog, &room), &request->source,
			     &why)) {
		notifier_free_subscription(s);
		buf_free(&room);
		refuse(notifier, request, 403, NULL, NULL, why);
		return NULL;
	}
	buf_free(&room);
	return s;
}

/* D-55; how many new pairs a watcher may have in a minute is the core's to say, which knows the
 * restored ones. Returns 0 or the status of the refusal. */
static int check_room(struct notifier *notifier, const struct watch *watch)
{
	const struct limits *limits = notifier->core->params->limits;
	struct limits_hit *hits = &notifier->core->params->counters->limits;

	if ((int64_t)watchings_of_watcher(notifier->watchings, watch->watcher) >=
	    limits->watches_per_watcher) {
		hits->watches_per_watcher++;
		return 403;
	}
	if ((int64_t)watchings_of_watched(notifier->watchings, watch->watched) >=
	    limits->watches_per_watched) {
		hits->watches_per_watched++;
		return 403;
	}
	return 0;
}

/* The core refused: what the watcher is told (PRES-090). */
static void refused_by_core(struct notifier *notifier, struct subscription *s,
			    struct request *request, const struct fault *fault)
{
	char phrase[PHRASE_MAX] = "";
	char retry[32];
	int status = fault_to_sip(fault, phrase, sizeof phrase);

	notifier_free_subscription(s);
	if (status == 503 || fault->retry_after_s != 0) {
		(void)snprintf(retry, sizeof retry, "Retry-After: %d\r\n",
			       fault->retry_after_s != 0 ? fault->retry_after_s
							 : (int)side_core_retry_s());
		refuse(notifier, request, status, phrase, retry, fault_name(fault->code));
		return;
	}
	refuse(notifier, request, status, phrase, NULL, fault_name(fault->code));
}

/* PRES-160, EVT-035: one NOTIFY with what is known, nothing kept. */
static void fetch(struct notifier *notifier, struct subscription *s, struct request *request,
		  const struct watch *watch)
{
	const struct presence *now = NULL;
	enum watch_answer answer;

	answer = bridge_fetch(notifier->core->params->bridge, watch, &now);
	grant(notifier, request, s->dialog, 0);
	s->is_fetch = true;
	notifier_set_ended(s, "timeout", 0);
	list_append(&notifier->ended, &s->link);
	notify_send(s, answer == WATCH_ALLOWED ? now : NULL);
}

static void begin(struct notifier *notifier, struct subscription *s, struct request *request,
		  const struct watch *watch, unsigned expires_s)
{
	const struct presence *now = NULL;
	struct fault fault = {0};
	int status = check_room(notifier, watch);

	if (status != 0) {
		notifier_free_subscription(s);
		refuse(notifier, request, status, "Too Many Subscriptions", NULL, "limit");
		return;
	}
	enum watch_answer answer =
		bridge_watch_requested(notifier->core->params->bridge, watch, &now, &fault);

	if (answer == WATCH_FORBIDDEN || answer == WATCH_NO_SUCH || answer == WATCH_FAILED) {
		refused_by_core(notifier, s, request, &fault);
		return;
	}
	grant(notifier, request, s->dialog, expires_s); /* PRES-070 */
	notifier->core->params->counters->subscribe_in++;
	s->expires_ms = loop_now(notifier->core->params->loop) + (uint64_t)expires_s * 1000;
	s->state = answer == WATCH_ALLOWED ? SUBSCRIPTION_ACTIVE : SUBSCRIPTION_PENDING;
	notifier->live++;
	watching_put(notifier->watchings,
		     watchings_get(notifier->watchings, watch->watcher, watch->watched), s);
	if (answer == WATCH_REJECTED) { /* D-13 */
		notifier_end(s, "rejected", 0, NOTIFIER_CORE_KNOWS);
		return;
	}
	notifier_arm(s);
	notify_send(s, now); /* PRES-073 */
}

static bool is_merged(struct notifier *notifier, struct request *request)
{
	struct dialog *dialog =
		dialog_find(notifier->core->dialogs, request->sip->sip_call_id->i_id, request->tag);

	if (dialog == NULL)
		return false;
	/* SIP-021: the same request by another way. Repeats over UDP were answered before. */
	refuse(notifier, request, 482, "Request Merged", NULL, "merged request");
	return true;
}

void notifier_subscribe(struct notifier *notifier, struct request *request)
{
	struct address watcher = {0}, watched = {0};
	struct buf nick = BUF_INIT;
	struct subscribe_ask ask;
	struct refusal refusal;
	struct subscription *s;

	if (is_merged(notifier, request))
		return;
	s = prepare(notifier, request, &ask);
	if (s == NULL)
		return;
	if (identity_sender(notifier->core, request, &watcher, &refusal) != 0 ||
	    identity_target(notifier->core, request, &watched, &refusal) != 0) {
		notifier_free_subscription(s);
		refuse(notifier, request, refusal.status, refusal.phrase, refusal.headers,
		       refusal.why);
		address_clear(&watcher);
		return;
	}
	if (request->sip->sip_from->a_display != NULL) /* D-32 */
		header_text_unquote(&nick, request->sip->sip_from->a_display);
	struct watch watch = {exchange_new(), SCOPE_WATCHER, &watcher, &watched,
			      nick.len != 0 ? nick.data : NULL};

	s->peer = side_core_peer(notifier->core, watcher.domain);
	if (ask.expires_s == 0)
		fetch(notifier, s, request, &watch);
	else
		begin(notifier, s, request, &watch, ask.expires_s);
	buf_free(&nick);
	address_clear(&watcher);
	address_clear(&watched);
}

/* SIP-024: 0 go on; otherwise it was answered. A refused one that comes again over UDP, because the
 * answer was lost, is judged again. */
static int check_order(struct notifier *notifier, struct dialog *dialog, struct request *request)
{
	const struct subscription *s = dialog->owner;
	uint32_t seq = request->sip->sip_cseq->cs_seq;
	bool is_again = s->was_refused && seq == dialog->remote_cseq;

	if (dialog->has_remote_cseq && seq <= dialog->remote_cseq && !is_again) {
		refuse(notifier, request, 500, "CSeq Is Too Low", NULL, "CSeq");
		return 500;
	}
	dialog->remote_cseq = seq;
	dialog->has_remote_cseq = true;
	return 0;
}

/* EVT-043, C10: 200 and the present state; the authorization is not touched. */
static void extend(struct notifier *notifier, struct subscription *s, struct request *request,
		   unsigned expires_s)
{
	grant(notifier, request, s->dialog, expires_s);
	if (expires_s == 0) {
		notifier_end(s, "timeout", 0, NOTIFIER_TELL_CORE); /* PRES-096 */
		return;
	}
	s->expires_ms = loop_now(notifier->core->params->loop) + (uint64_t)expires_s * 1000;
	notifier_arm(s);
	notify_send_current(s);
}

void notifier_refresh(struct notifier *notifier, struct dialog *dialog, struct request *request)
{
	struct subscription *s = dialog->owner;
	struct subscribe_ask ask;
	struct buf room = BUF_INIT;
	const char *why;
	int status;

	if (s->state == SUBSCRIPTION_ENDED) {
		refuse(notifier, request, 481, NULL, NULL, "subscription has ended");
		return;
	}
	if (check_order(notifier, dialog, request) != 0)
		return;
	s->was_refused = true;
	status = subscribe_check(request->sip, notifier->core->params->limits, &ask);
	if (status != 0) {
		refuse_form(notifier, request, status);
		return;
	}
	if ((ask.event_id == NULL) != (s->event_id == NULL) ||
	    (ask.event_id != NULL && strcmp(ask.event_id, s->event_id) != 0)) { /* EVT-008 */
		refuse(notifier, request, 403, NULL, NULL, "second subscription in a dialog");
		return;
	}
	char *old = mem_strdup(dialog->target);

	dialog_refresh_target(dialog, request->sip);
	if (!destination_may(notifier->core, dialog_next_hop(dialog, &room), &request->source,
			     &why)) {
		mem_free(dialog->target);
		dialog->target = old;
		refuse(notifier, request, 403, NULL, NULL, why);
	} else {
		mem_free(old);
		s->was_refused = false;
		extend(notifier, s, request, ask.expires_s);
	}
	buf_free(&room);
}
