/* SUBSCRIBE in, outside a dialog: what is refused, what begins (file 04 C.2). */
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
#include "sip/own_lists.h"
#include "sip/repeats.h"
#include "sip/side_core.h"
#include "sip/subscribe_check.h"
#include "sip/subscribe_in.h"
#include "translate/fault_map.h"
#include "translate/resource_lists.h"

enum { PHRASE_MAX = 129 };

void subscribe_refuse(struct notifier *notifier, struct request *request, int status,
		      const char *phrase, const char *headers, const char *why)
{
	struct buf who = BUF_INIT;

	notifier->core->params->counters->sip_refused++;
	if (log_get_level() >= LOG_LEVEL_INFO)
		identity_for_log(request, &who);
	log_info("notifier: refused SUBSCRIBE status=%d %s (%s)", status, buf_text(&who), why);
	buf_free(&who);
	agent_answer(notifier->core->agent, request, status, phrase, headers);
}

void subscribe_refuse_form(struct notifier *notifier, struct request *request, int status)
{
	const struct event_package *package = event_package_find(request->sip->sip_event);
	char header[80];

	switch (status) {
	case 489: /* EVT-003 */
		subscribe_refuse(notifier, request, 489, NULL, side_core_allow_events,
				 "event package");
		break;
	case 406: /* EVT-011 */
		(void)snprintf(header, sizeof header, "Accept: %s\r\n", package->type);
		subscribe_refuse(notifier, request, 406, NULL, header, "Accept");
		break;
	case 415:
		subscribe_refuse(notifier, request, 415, NULL,
				 "Accept: application/simple-filter+xml, " RESOURCE_LISTS_TYPE
				 "\r\n",
				 "body");
		break;
	case 421: /* EVT-065 */
		subscribe_refuse(notifier, request, 421, NULL, "Require: eventlist\r\n",
				 "a list, and no support for lists");
		break;
	default: /* PRES-072 */
		notifier->core->params->counters->limits.expires_min_s++;
		(void)snprintf(header, sizeof header, "Min-Expires: %lld\r\n",
			       (long long)notifier->core->params->limits->expires_min_s);
		subscribe_refuse(notifier, request, 423, NULL, header, "Expires");
		break;
	}
}

/* PRES-071, EVT-032; Record-Route is copied by the library. */
void subscribe_grant(struct subscription *s, struct request *request, int status,
		     unsigned expires_s)
{
	struct notifier *notifier = s->notifier;
	struct repeats *repeats = notifier->core->repeats;
	struct buf headers = BUF_INIT;

	buf_printf(&headers, "Expires: %u\r\nContact: ", expires_s);
	agent_contact(notifier->core->agent, &request->source, dialog_way(s->dialog),
		      s->dialog->local_tag, &headers);
	buf_puts(&headers, "\r\n");
	if (s->list != NULL)
		buf_puts(&headers, "Require: eventlist\r\n"); /* EVT-065 */
	if (request->is_udp)
		repeats_done(repeats, repeats_key(repeats, request), status,
			     expires_s | (s->list != NULL ? REPEATS_LIST : 0));
	agent_answer(notifier->core->agent, request, status, NULL, headers.data);
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
	s->package = ask->package;
	s->looker.kind = s->package->is_counted ? LOOKER_ALONE : LOOKER_INFORMED;
	s->is_fetch = ask->expires_s == 0;
	s->takes_deflate = ask->takes_deflate;
	s->is_linphone = ask->is_linphone;
	s->had = notify_read_tag(ask->match);
	pace_init(&s->pace, loop_now(notifier->core->params->loop));
	s->event_id = mem_strdup_or_null(ask->event_id);
	s->made_by = repeats_key(notifier->core->repeats, request);
	list_init(&s->link);
	list_init(&s->due);
	list_init(&s->held);
	list_init(&s->looker.link);
	dialog = dialog_new(notifier->core->dialogs, DIALOG_NOTIFIER, s,
			    request->sip->sip_call_id->i_id, request->tag);
	s->dialog = dialog;
	buf_putc(&local, '<');
	identity_uri(request->sip->sip_to->a_url, &local); /* SIP-043 */
	buf_putc(&local, '>');
	dialog->local = buf_take(&local);
	dialog->is_stream = !request->is_udp;
	dialog->is_secure = request->is_tls;
	dialog->login = mem_strdup_or_null(request->login); /* SEC-006 */
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
		subscribe_refuse_form(notifier, request, status);
		return NULL;
	}
	s = make_subscription(notifier, request, ask);
	if (dialog_establish(s->dialog, request) != 0) {
		notifier_free_subscription(s);
		subscribe_refuse(notifier, request, 400, "Bad Contact", NULL, "no usable Contact");
		return NULL;
	}
	if (!destination_may(notifier->core, dialog_next_hop(s->dialog, &room), &request->source,
			     request->login, &why)) {
		notifier_free_subscription(s);
		buf_free(&room);
		subscribe_refuse(notifier, request, 403, NULL, NULL, why);
		return NULL;
	}
	buf_free(&room);
	return s;
}

/* One SUBSCRIBE outside a dialog, as far as it has come. */
struct beginning {
	struct notifier *notifier;
	struct request *request;
	struct subscription *s;
	struct subscribe_ask ask;
	struct address by; /* who asks */
	struct buf nick;   /* D-32 */
	struct watch watch;
};

static void give_up(struct beginning *it, int status, const char *phrase, const char *headers,
		    const char *why)
{
	notifier_free_subscription(it->s);
	subscribe_refuse(it->notifier, it->request, status, phrase, headers, why);
}

/* PRES-068: after all else. Returns true if it was refused. */
static bool is_too_brief(struct beginning *it)
{
	if (!it->ask.is_too_brief)
		return false;
	notifier_free_subscription(it->s);
	subscribe_refuse_form(it->notifier, it->request, 423);
	return true;
}

static void give_up_for_now(struct beginning *it, int status, const char *phrase, int pause_s,
			    const char *why)
{
	char retry[32];

	(void)snprintf(retry, sizeof retry, "Retry-After: %d\r\n",
		       pause_s != 0 ? pause_s : (int)side_core_retry_s());
	give_up(it, status, phrase, retry, why);
}

/* D-55: who asks is counted, also where his domain watches for him. Returns true if there is room;
 * otherwise it was answered. */
static bool has_room(struct beginning *it)
{
	const struct limits *limits = it->notifier->core->params->limits;
	struct limits_hit *hits = &it->notifier->core->params->counters->limits;
	const struct watchings *watchings = it->notifier->watchings;
	bool is_full = false;

	if ((int64_t)watchings_of_watcher(watchings, &it->by) >= limits->watches_per_watcher) {
		hits->watches_per_watcher++;
		is_full = true;
	} else if ((int64_t)watchings_of_watched(watchings, it->watch.watched) >=
		   limits->watches_per_watched) {
		hits->watches_per_watched++;
		is_full = true;
	}
	if (is_full)
		give_up(it, 403, "Too Many Subscriptions", NULL, "limit");
	return !is_full;
}

static bool is_too_fast(struct beginning *it)
{
	if (notifier_may_ask(it->notifier, &it->by, &it->watch))
		return false;
	give_up_for_now(it, 480, NULL, 0, "too many new subscriptions");
	return true;
}

/* The core refused: what the watcher is told (PRES-090). */
static void refused_by_core(struct beginning *it, const struct fault *fault)
{
	char phrase[PHRASE_MAX] = "";
	int status = fault_to_sip(fault, phrase, sizeof phrase);

	if (status == 503 || fault->retry_after_s != 0)
		give_up_for_now(it, status, phrase, fault->retry_after_s, fault_name(fault->code));
	else
		give_up(it, status, phrase, NULL, fault_name(fault->code));
}

void subscribe_fetched(struct subscription *s, struct request *request)
{
	subscribe_grant(s, request, 200, 0);
	notifier_set_ended(s, "timeout", 0);
	list_append(&s->notifier->ended, &s->link);
}

/* PRES-160, EVT-035: one NOTIFY with what is known, nothing kept. */
static void fetch(struct beginning *it)
{
	const struct presence *now = NULL;
	enum watch_answer answer =
		bridge_fetch(it->notifier->core->params->bridge, &it->watch, &now);

	subscribe_fetched(it->s, it->request);
	notify_send(it->s, answer == WATCH_ALLOWED ? now : NULL);
}

void subscribe_granted(struct subscription *s, struct request *request, unsigned expires_s)
{
	struct side_core *core = s->notifier->core;

	core->params->counters->subscribe_in++;
	s->expires_ms = loop_now(core->params->loop) + (uint64_t)expires_s * 1000;
	notifier_add(s);
	notifier_arm(s);
	notifier_keep_answer(s, request, 200, expires_s, true); /* PRES-070 */
}

static void join(struct beginning *it, struct watching *watching)
{
	struct subscription *s = it->s;

	watching_put(it->notifier->watchings, watching, &s->looker, &it->by);
	if (s->package->is_counted && !list_is_empty(&watching->informed))
		watcher_row_user(watching, s->looker.by,
				 s->state == SUBSCRIPTION_ACTIVE ? WATCHER_ACTIVE : WATCHER_PENDING,
				 WATCHER_SUBSCRIBE);
}

static void begin(struct beginning *it)
{
	struct notifier *notifier = it->notifier;
	const struct presence *now = NULL;
	struct subscription *s = it->s;
	struct fault fault = {0};
	enum watch_answer answer;

	if (!has_room(it) || is_too_fast(it))
		return;
	answer = bridge_watch_requested(notifier->core->params->bridge, &it->watch, &now, &fault);
	if (answer == WATCH_FORBIDDEN || answer == WATCH_NO_SUCH || answer == WATCH_FAILED) {
		refused_by_core(it, &fault);
		return;
	}
	s->state = answer == WATCH_ALLOWED ? SUBSCRIPTION_ACTIVE : SUBSCRIPTION_PENDING;
	if (answer != WATCH_REJECTED)
		join(it, watchings_get(notifier->watchings, it->watch.watcher, it->watch.watched));
	subscribe_granted(s, it->request, it->ask.expires_s);
	if (answer == WATCH_REJECTED) /* D-13 */
		notifier_end(s, "rejected", 0, NOTIFIER_CORE_KNOWS);
	else
		notify_send(s, now); /* PRES-073 */
}

/* EVT-052: of his own subscription, and only if he has one. */
static void begin_informed(struct beginning *it)
{
	const struct watchings *watchings = it->notifier->watchings;
	struct watching *watching = watchings_find(watchings, it->watch.watcher, it->watch.watched);
	struct subscription *s = it->s;

	if (!has_room(it))
		return;
	if (!watcher_row_begin(s, watching, watchings_user(watchings, &it->by))) {
		give_up(it, 403, NULL, NULL, "watcher information of somebody who does not watch");
		return;
	}
	if (it->ask.expires_s == 0) {
		subscribe_fetched(s, it->request);
	} else {
		s->state = SUBSCRIPTION_ACTIVE;
		join(it, watching);
		subscribe_granted(s, it->request, it->ask.expires_s);
	}
	notify_send(s, NULL);
}

/* REL-005: the row was on disk, and its answer did not arrive before we were killed. */
static bool is_answered_again(struct notifier *notifier, struct request *request,
			      const struct dialog *dialog)
{
	struct subscription *s = dialog->role == DIALOG_NOTIFIER ? dialog->owner : NULL;
	uint64_t now = loop_now(notifier->core->params->loop);

	if (s == NULL || !s->is_restored || s->state == SUBSCRIPTION_ENDED || s->reason != NULL ||
	    s->expires_ms <= now || dialog->remote_cseq != request->sip->sip_cseq->cs_seq ||
	    !dialog_is_from_peer(dialog, notifier->core, request))
		return false;
	subscribe_grant(s, request, 200, (unsigned)((s->expires_ms - now + 999) / 1000));
	notify_send_current(s);
	return true;
}

static bool is_merged(struct notifier *notifier, struct request *request)
{
	struct dialog *dialog =
		dialog_find(notifier->core->dialogs, request->sip->sip_call_id->i_id, request->tag);

	if (dialog == NULL)
		return false;
	if (is_answered_again(notifier, request, dialog))
		return true;
	/* SIP-021: the same request by another way. Repeats over UDP were answered before. */
	subscribe_refuse(notifier, request, 482, "Request Merged", NULL, "merged request");
	return true;
}

/* EVT-065: who asks for a list must know what one is. */
static void begin_own_list(struct beginning *it)
{
	int status = !it->ask.package->may_list ? 489 : !it->ask.takes_lists ? 421 : 0;

	if (status == 0) {
		subscribe_own_list(it->s, it->request, &it->ask, &it->by, it->watch.watched);
		return;
	}
	notifier_free_subscription(it->s);
	subscribe_refuse_form(it->notifier, it->request, status);
}

/* The URI of a chat user, or of a list of ours. */
static void begin_single(struct beginning *it)
{
	struct address watched = {0};
	struct refusal refusal;

	if (identity_target(it->notifier->core, it->request, &watched, &refusal) != 0) {
		give_up(it, refusal.status, refusal.phrase, refusal.headers, refusal.why);
		return;
	}
	it->watch.watched = &watched;
	it->watch.watcher = notifier_watcher_of(it->notifier, it->watch.watcher, &it->by, &watched);
	if (is_too_brief(it)) {
		address_clear(&watched);
		return;
	}
	if (own_lists_has(it->notifier->own_lists, &watched))
		begin_own_list(it);
	else if (!it->s->package->is_counted)
		begin_informed(it);
	else if (it->ask.expires_s == 0)
		fetch(it);
	else
		begin(it);
	address_clear(&watched);
}

static void begin_any(struct beginning *it)
{
	struct address watcher = {0};
	const sip_from_t *from = it->request->sip->sip_from;

	if (from->a_display != NULL)
		header_text_unquote(&it->nick, from->a_display);
	notifier_pair_watcher(it->notifier, &it->by, &watcher);
	it->s->peer = side_core_peer(it->notifier->core, it->by.domain);
	it->watch = (struct watch){
		.x = exchange_new(),
		.scope = SCOPE_WATCHER,
		.watcher = &watcher,
		/* Nobody's name stands for all (D-18). */
		.nick = it->nick.len != 0 && !address_is_domain(&watcher) ? it->nick.data : NULL,
	};
	if (!it->ask.has_list)
		begin_single(it);
	else if (!is_too_brief(it))
		subscribe_list(it->s, it->request, &it->ask, &it->by, it->watch.nick);
	address_clear(&watcher);
}

void notifier_subscribe(struct notifier *notifier, struct request *request)
{
	struct beginning it = {.notifier = notifier, .request = request};
	struct refusal refusal;

	if (is_merged(notifier, request))
		return;
	if (notifier_is_held_up(notifier)) {
		notifier->core->params->counters->limits.answers_held++;
		side_core_busy(notifier->core, request, 503, NULL);
		return;
	}
	it.s = prepare(notifier, request, &it.ask);
	if (it.s == NULL)
		return;
	if (identity_sender(notifier->core, request, &it.by, &refusal) != 0)
		give_up(&it, refusal.status, refusal.phrase, refusal.headers, refusal.why);
	else
		begin_any(&it);
	buf_free(&it.nick);
	address_clear(&it.by);
}
