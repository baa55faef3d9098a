/* SIP users watching chat users; see notifier.h. The states of RFC 6665 section 4.2 with those of
 * the pair (file 04 C.1), which the core keeps. */
#include "sip/notifier.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/bridge.h"
#include "model/exchange.h"
#include "sip/dialog.h"
#include "sip/notifier_private.h"
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
	list_init(&notifier->ended);
	list_init(&notifier->stopping);
	return notifier;
}

size_t notifier_count(const struct notifier *notifier)
{
	return notifier->live;
}

size_t notifier_watching(const struct notifier *notifier)
{
	return watchings_count(notifier->watchings);
}

/* Life of a subscription ----------------------------------------------------------------------- */

void notifier_free_subscription(struct subscription *s)
{
	loop_timer_cancel(&s->timer);
	transaction_forget(&s->in_flight);
	dialog_free(s->notifier->core->dialogs, &s->dialog);
	list_remove(&s->link);
	mem_free(s->event_id);
	mem_free(s);
}

/* Takes it out of its pair; with the last one the core hears of it (PRES-099). */
static void leave_pair(struct subscription *s, enum notifier_tell tell)
{
	struct notifier *notifier = s->notifier;
	struct address watcher, watched;

	if (s->watching == NULL)
		return;
	address_copy(&watcher, &s->watching->watcher);
	address_copy(&watched, &s->watching->watched);
	notifier->live--;
	if (watching_take(notifier->watchings, s) && tell == NOTIFIER_TELL_CORE) {
		struct watch watch = {exchange_new(), SCOPE_WATCHER, &watcher, &watched, NULL};

		bridge_watch_lapsed(notifier->core->params->bridge, &watch);
	}
	address_clear(&watcher);
	address_clear(&watched);
}

static void check_stopped(struct notifier *notifier)
{
	void (*stopped)(void *arg) = notifier->stopped;

	if (stopped == NULL || notifier->live != 0 || notifier->ended_count != 0)
		return;
	notifier->stopped = NULL;
	loop_defer(notifier->core->params->loop, stopped, notifier->stopped_arg);
}

void notifier_remove(struct subscription *s)
{
	struct notifier *notifier = s->notifier;

	if (s->state == SUBSCRIPTION_ENDED)
		notifier->ended_count--;
	leave_pair(s, NOTIFIER_TELL_CORE);
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
	} else if (s->retry_ms == 0) { /* what was to be sent again went out with a change */
		notifier_arm(s);
	} else {
		s->retry_ms = 0;
		notifier_arm(s);
		notify_send_current(s);
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
	loop_timer_set(s->notifier->core->params->loop, &s->timer, ENDED_PATIENCE_MS, on_timer, s);
}

void notifier_end(struct subscription *s, const char *reason, unsigned retry_after_s,
		  enum notifier_tell tell)
{
	if (s->state == SUBSCRIPTION_ENDED)
		return;
	notifier_set_ended(s, reason, retry_after_s);
	leave_pair(s, tell);
	list_append(&s->notifier->ended, &s->link);
	notify_send(s, NULL);
}

/* From the core -------------------------------------------------------------------------------- */

static const char *reason_of(enum watch_answer answer)
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

static void end_all(struct watching *watching, enum watch_answer answer, const struct fault *fault)
{
	unsigned retry_s = 0;

	if (answer == WATCH_FAILED) {
		retry_s = 300 + (unsigned)random_below(3301);
		if (fault != NULL && fault->retry_after_s != 0)
			retry_s = (unsigned)fault->retry_after_s;
	}
	/* The pair goes with its last subscription, so count first. */
	for (size_t left = watching->count; left != 0 && !list_is_empty(&watching->subscriptions);
	     left--)
		notifier_end(LIST_ENTRY(watching->subscriptions.next, struct subscription, link),
			     reason_of(answer), retry_s, NOTIFIER_CORE_KNOWS);
}

void notifier_answer(struct notifier *notifier, const struct watch *watch, enum watch_answer answer,
		     const struct fault *fault, const struct presence *now)
{
	struct watching *watching =
		watchings_find(notifier->watchings, watch->watcher, watch->watched);

	if (watching == NULL)
		return; /* PRES-079: the core remembers */
	if (answer != WATCH_ALLOWED && answer != WATCH_PENDING) {
		end_all(watching, answer, fault);
		return;
	}
	LIST_EACH(link, next, &watching->subscriptions)
	{
		struct subscription *s = LIST_ENTRY(link, struct subscription, link);
		enum subscription_state state =
			answer == WATCH_ALLOWED ? SUBSCRIPTION_ACTIVE : SUBSCRIPTION_PENDING;

		if (s->state == state && answer == WATCH_PENDING)
			continue;
		s->state = state;
		notify_send(s, now);
	}
}

void notifier_tell(struct notifier *notifier, const struct watch *watch,
		   const struct presence *presence)
{
	static const struct presence unknown;
	struct watching *watching =
		watchings_find(notifier->watchings, watch->watcher, watch->watched);

	if (watching == NULL)
		return;
	LIST_EACH(link, next, &watching->subscriptions)
	{
		struct subscription *s = LIST_ENTRY(link, struct subscription, link);

		if (s->state != SUBSCRIPTION_ACTIVE)
			continue;
		s->is_unknown = presence == NULL;
		notify_send(s, presence != NULL ? presence : &unknown);
	}
}

/* The end -------------------------------------------------------------------------------------- */

static bool collect(void *value, void *arg)
{
	struct watching *watching = value;
	struct notifier *notifier = arg;

	LIST_EACH(link, next, &watching->subscriptions)
	{
		struct subscription *s = LIST_ENTRY(link, struct subscription, link);

		list_remove(link);
		list_append(&notifier->stopping, link);
		loop_timer_cancel(&s->timer);
	}
	return true;
}

static void stop_some(void *arg)
{
	struct notifier *notifier = arg;

	for (int i = 0; i < STOP_BATCH && !list_is_empty(&notifier->stopping); i++)
		notifier_end(LIST_ENTRY(notifier->stopping.next, struct subscription, link),
			     "probation", side_core_retry_s(), NOTIFIER_CORE_KNOWS);
	if (!list_is_empty(&notifier->stopping))
		loop_timer_set(notifier->core->params->loop, &notifier->stop_timer, STOP_EVERY_MS,
			       stop_some, notifier);
	check_stopped(notifier);
}

void notifier_stop(struct notifier *notifier, void (*done)(void *arg), void *arg)
{
	notifier->stopped = done;
	notifier->stopped_arg = arg;
	watchings_each(notifier->watchings, collect, notifier);
	stop_some(notifier);
}

static void free_list(struct list *subscriptions)
{
	LIST_EACH(link, next, subscriptions)
	{
		struct subscription *s = LIST_ENTRY(link, struct subscription, link);

		if (s->watching != NULL)
			watching_take(s->notifier->watchings, s);
		notifier_free_subscription(s);
	}
}

void notifier_free(struct notifier **notifier)
{
	struct notifier *self = *notifier;

	if (self == NULL)
		return;
	loop_timer_cancel(&self->stop_timer);
	watchings_each(self->watchings, collect, self);
	free_list(&self->stopping);
	free_list(&self->ended);
	if (self->stopped_arg != NULL)
		loop_forget(self->core->params->loop, self->stopped_arg);
	watchings_free(&self->watchings);
	mem_free(self);
	*notifier = NULL;
}
