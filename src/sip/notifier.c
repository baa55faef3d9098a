/* SIP users watching chat users; see notifier.h. The states of RFC 6665 section 4.2 with those of
 * the pair (file 04 C.1), which the core keeps. */
#include "sip/notifier.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "model/exchange.h"
#include "model/limits.h"
#include "sip/dialog.h"
#include "sip/list_watch.h"
#include "sip/notifier_private.h"
#include "sip/own_lists.h"
#include "sip/publisher.h"
#include "sip/side_core.h"
#include "sip/transaction.h"

enum {
	ENDED_PATIENCE_MS = 40000, /* 64*T1 and some: the last NOTIFY has its answer by then */
	STOP_BATCH = 50,           /* last NOTIFYs sent at a time */
	STOP_EVERY_MS = 10
};

struct notifier *notifier_new(struct side_core *core)
{
	struct notifier *notifier = mem_zalloc(sizeof *notifier);

	notifier->core = core;
	notifier->watchings = watchings_new();
	notifier->own_lists = own_lists_new(core->params);
	list_init(&notifier->live);
	list_init(&notifier->ended);
	list_init(&notifier->due);
	list_init(&notifier->resumed);
	rate_init(&notifier->resume_rate, 0, loop_now(core->params->loop));
	return notifier;
}

size_t notifier_count(const struct notifier *notifier)
{
	return notifier->live_count;
}

struct notifier_kinds notifier_kinds(const struct notifier *notifier)
{
	struct notifier_kinds kinds = {0};

	LIST_EACH(link, next, &notifier->live)
	{
		const struct subscription *one = LIST_ENTRY(link, struct subscription, link);

		kinds.lamps += one->package->id == EVENT_DIALOG;
		kinds.lists += one->list != NULL;
		kinds.watcher_info += one->package->id == EVENT_WINFO;
	}
	return kinds;
}

size_t notifier_watching(const struct notifier *notifier)
{
	return watchings_count(notifier->watchings);
}

/* Life of a subscription ----------------------------------------------------------------------- */

void notifier_free_subscription(struct subscription *s)
{
	loop_timer_cancel(&s->timer);
	notifier_drop_held(s);
	transaction_forget(&s->in_flight);
	list_watch_free(&s->list);
	dialog_free(s->notifier->core->dialogs, &s->dialog);
	list_remove(&s->due);
	list_remove(&s->link);
	mem_free(s->event_id);
	mem_free(s);
}

void notifier_add(struct subscription *s)
{
	list_append(&s->notifier->live, &s->link);
	s->notifier->live_count++;
}

static void lapse(struct notifier *notifier, const struct address *watcher,
		  const struct address *watched)
{
	struct watch watch = {exchange_new(), SCOPE_WATCHER, watcher, watched, NULL};

	if (publisher_wants(notifier->core->publisher, watcher, watched))
		return; /* D-18: the domain goes on watching for the publication */
	bridge_watch_lapsed(notifier->core->params->bridge, &watch);
}

/* With the last looker the core hears of it (PRES-099). */
void notifier_leave(struct notifier *notifier, struct looker *looker, enum notifier_tell tell)
{
	struct watching *watching = looker->watching;
	struct address watcher, watched;

	if (watching == NULL)
		return;
	if (tell == NOTIFIER_TELL_CORE && looker->kind != LOOKER_INFORMED &&
	    !list_is_empty(&watching->informed) &&
	    watching_find_other(watching, looker->by, looker) == NULL)
		watcher_row_user(watching, looker->by, WATCHER_TERMINATED, WATCHER_TIMEOUT);
	address_copy(&watcher, &watching->watcher);
	address_copy(&watched, &watching->watched);
	if (watching_take(notifier->watchings, looker) && tell == NOTIFIER_TELL_CORE)
		lapse(notifier, &watcher, &watched);
	address_clear(&watcher);
	address_clear(&watched);
}

/* Out of all of its pairs, and of what waits. */
static void leave_all(struct subscription *s, enum notifier_tell tell)
{
	list_remove(&s->due);
	if (s->list != NULL)
		list_watch_leave(s->list, tell);
	else
		notifier_leave(s->notifier, &s->looker, tell);
}

static void check_stopped(struct notifier *notifier)
{
	void (*stopped)(void *arg) = notifier->stopped;

	if (stopped == NULL || notifier->ended_count != 0 ||
	    (notifier->live_count != 0 && !notifier->is_quiet))
		return;
	notifier->stopped = NULL;
	loop_defer(notifier->core->params->loop, stopped, notifier->stopped_arg);
}

void notifier_remove(struct subscription *s)
{
	struct notifier *notifier = s->notifier;

	notifier_unkeep(s);
	if (s->state == SUBSCRIPTION_ENDED)
		notifier->ended_count--;
	else
		notifier->live_count--;
	leave_all(s, NOTIFIER_TELL_CORE);
	notifier_free_subscription(s);
	check_stopped(notifier);
}

static void on_timer(void *arg)
{
	struct subscription *s = arg;
	uint64_t now = loop_now(s->notifier->core->params->loop);

	if (s->state == SUBSCRIPTION_ENDED) {
		notifier_remove(s);
	} else if (now >= s->expires_ms) {
		notifier_end(s, "timeout", 0, NOTIFIER_TELL_CORE); /* EVT-036 */
	} else if (s->retry_ms == 0 || s->retry_ms > now) {        /* it went out meanwhile */
		notifier_arm(s);
	} else {
		s->retry_ms = 0;
		notifier_arm(s);
		fan_out_later(s);
	}
}

void notifier_arm(struct subscription *s)
{
	struct loop *loop = s->notifier->core->params->loop;
	uint64_t now = loop_now(loop);
	uint64_t due = s->expires_ms;

	if (s->retry_ms != 0 && s->retry_ms < due)
		due = s->retry_ms;
	loop_timer_set(loop, &s->timer, due > now ? due - now : 0, on_timer, s);
}

void notifier_set_ended(struct subscription *s, const char *reason, unsigned retry_after_s)
{
	s->was_active = s->state == SUBSCRIPTION_ACTIVE;
	s->state = SUBSCRIPTION_ENDED;
	s->reason = reason;
	s->retry_after_s = retry_after_s;
	s->notifier->ended_count++;
	list_remove(&s->due);
	loop_timer_set(s->notifier->core->params->loop, &s->timer, ENDED_PATIENCE_MS, on_timer, s);
}

void notifier_end(struct subscription *s, const char *reason, unsigned retry_after_s,
		  enum notifier_tell tell)
{
	if (s->state == SUBSCRIPTION_ENDED)
		return;
	s->notifier->live_count--;
	notifier_unkeep(s);
	notifier_set_ended(s, reason, retry_after_s);
	leave_all(s, tell);
	list_remove(&s->link);
	list_append(&s->notifier->ended, &s->link);
	fan_out_send(s, NULL);
}

/* D-18 */
void notifier_pair_watcher(const struct notifier *notifier, const struct address *user,
			   struct address *out)
{
	const struct sip_peer *peer = side_core_peer(notifier->core, user->domain);
	bool is_domain = peer != NULL && peer->profile.watch_as == WATCH_AS_DOMAIN;

	address_set(out, SIDE_SIP, is_domain ? "" : user->local, user->domain);
}

/* From the core -------------------------------------------------------------------------------- */

bool notifier_may_ask(struct notifier *notifier, const struct address *by,
		      const struct watch *watch)
{
	double most = (double)notifier->core->params->limits->new_watches_per_minute;
	struct watch_user *user = watchings_user(notifier->watchings, by);
	uint64_t now_ms = loop_now(notifier->core->params->loop);
	const struct presence *now;

	if (!address_is_domain(watch->watcher) || user == NULL ||
	    watchings_find(notifier->watchings, watch->watcher, watch->watched) != NULL ||
	    bridge_fetch(notifier->core->params->bridge, watch, &now) == WATCH_ALLOWED)
		return true;
	if (!user->has_rate)
		rate_init(&user->new_pairs, most, now_ms);
	user->has_rate = true;
	if (rate_take(&user->new_pairs, most / 60, most, now_ms))
		return true;
	notifier->core->params->counters->limits.new_watches_per_minute++;
	return false;
}

const char *notifier_reason(enum watch_answer answer)
{
	switch (answer) {
	case WATCH_NO_SUCH:
		return "noresource";
	case WATCH_FAILED:
		return "probation";
	default:
		return "rejected";
	}
}

static enum watcher_event event_of(enum watch_answer answer)
{
	switch (answer) {
	case WATCH_NO_SUCH:
		return WATCHER_NORESOURCE;
	case WATCH_FAILED:
		return WATCHER_PROBATION;
	default:
		return WATCHER_REJECTED;
	}
}

static void end_all(struct notifier *notifier, struct watching *watching, enum watch_answer answer,
		    const struct fault *fault)
{
	unsigned retry_s = 0;

	if (answer == WATCH_FAILED) {
		retry_s = 300 + (unsigned)random_below(3301);
		if (fault != NULL && fault->retry_after_s != 0)
			retry_s = (unsigned)fault->retry_after_s;
	}
	watcher_row_all(watching, WATCHER_TERMINATED, event_of(answer));
	/* The pair goes with its last looker, so count first. */
	for (size_t left = watching->count; left != 0; left--) {
		struct looker *looker = LIST_ENTRY(watching->lookers.next, struct looker, link);

		if (looker->kind == LOOKER_MEMBER) {
			list_member_end(looker, answer);
			notifier_leave(notifier, looker, NOTIFIER_CORE_KNOWS);
		} else {
			notifier_end(LIST_ENTRY(looker, struct subscription, looker),
				     notifier_reason(answer), retry_s, NOTIFIER_CORE_KNOWS);
		}
	}
}

static void decide(struct looker *looker, enum subscription_state state, const struct presence *now)
{
	struct subscription *s = LIST_ENTRY(looker, struct subscription, looker);

	if (looker->kind == LOOKER_MEMBER) {
		list_member_decide(looker, state == SUBSCRIPTION_ACTIVE);
		return;
	}
	if (s->state == state && state == SUBSCRIPTION_PENDING)
		return;
	s->state = state;
	fan_out_send(s, now);
}

static void decide_all(struct watching *watching, bool is_allowed, const struct presence *now)
{
	watcher_row_all(watching, is_allowed ? WATCHER_ACTIVE : WATCHER_PENDING,
			is_allowed ? WATCHER_APPROVED : WATCHER_SUBSCRIBE);
	LIST_EACH(link, next, &watching->lookers)
	decide(LIST_ENTRY(link, struct looker, link),
	       is_allowed ? SUBSCRIPTION_ACTIVE : SUBSCRIPTION_PENDING, now);
}

void notifier_answer(struct notifier *notifier, const struct watch *watch, enum watch_answer answer,
		     const struct fault *fault, const struct presence *now)
{
	struct watching *watching =
		watchings_find(notifier->watchings, watch->watcher, watch->watched);
	bool is_allowed = answer == WATCH_ALLOWED;

	if (watching == NULL)
		return; /* PRES-079: the core remembers */
	watching->is_waiting = false;
	notifier->is_spreading = fan_out_is_many(watching);
	if (is_allowed || answer == WATCH_PENDING)
		decide_all(watching, is_allowed, now);
	else
		end_all(notifier, watching, answer, fault);
	notifier->is_spreading = false;
}

void notifier_tell(struct notifier *notifier, const struct watch *watch,
		   const struct presence *presence)
{
	struct watching *watching =
		watchings_find(notifier->watchings, watch->watcher, watch->watched);

	if (watching == NULL)
		return;
	watching->is_unknown = presence == NULL;
	watching->is_waiting = false;
	fan_out(notifier, watching, presence);
}

/* The end -------------------------------------------------------------------------------------- */

static void stop_some(void *arg)
{
	struct notifier *notifier = arg;

	for (int i = 0; i < STOP_BATCH && !list_is_empty(&notifier->live); i++)
		notifier_end(LIST_ENTRY(notifier->live.next, struct subscription, link),
			     "probation", side_core_retry_s(), NOTIFIER_CORE_KNOWS);
	if (!list_is_empty(&notifier->live))
		loop_timer_set(notifier->core->params->loop, &notifier->stop_timer, STOP_EVERY_MS,
			       stop_some, notifier);
	check_stopped(notifier);
}

void notifier_stop(struct notifier *notifier, bool tell, void (*done)(void *arg), void *arg)
{
	notifier->stopped = done;
	notifier->stopped_arg = arg;
	notifier->is_quiet = !tell && notifier->core->params->dialogs != NULL;
	loop_timer_cancel(&notifier->resume_timer);
	if (notifier->is_quiet)
		check_stopped(notifier);
	else
		stop_some(notifier);
}

static void free_list(struct list *subscriptions)
{
	LIST_EACH(link, next, subscriptions)
	{
		struct subscription *s = LIST_ENTRY(link, struct subscription, link);

		leave_all(s, NOTIFIER_CORE_KNOWS);
		notifier_free_subscription(s);
	}
}

void notifier_free(struct notifier **notifier)
{
	struct notifier *self = *notifier;

	if (self == NULL)
		return;
	loop_timer_cancel(&self->stop_timer);
	loop_timer_cancel(&self->resume_timer);
	fan_out_free(self);
	free_list(&self->live);
	free_list(&self->ended);
	notify_bodies_free(&self->bodies);
	if (self->stopped_arg != NULL)
		loop_forget(self->core->params->loop, self->stopped_arg);
	watchings_free(&self->watchings);
	own_lists_free(&self->own_lists);
	mem_free(self);
	*notifier = NULL;
}
