/* One change for many (D-18): a chat user who is watched by all phones of an office is told of ten
 * thousand times. Few lookers are told at once; many stand in a queue that is worked off between
 * other events, some at a time, each told what is newest when his turn comes. Documents are written
 * once for all who are told the same. */
#include "base/mem.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "sip/list_watch.h"
#include "sip/notifier_private.h"
#include "sip/side_core.h"
#include "sip/transaction.h"

enum {
	FAN_AT_ONCE = 16,      /* lookers told from inside the call of the core */
	FAN_BATCH = 32,        /* NOTIFYs in one turn of the loop: about a millisecond */
	FAN_FLIGHT_MAX = 2000, /* requests without an answer; beyond that it goes slowly, */
	FAN_SLOW_MS = 10       /* one batch in so long: silent phones hold up nobody for ever */
};

static void run(void *arg);

static void schedule(struct notifier *notifier)
{
	struct loop *loop = notifier->core->params->loop;

	if (notifier->is_fanning || list_is_empty(&notifier->due))
		return;
	notifier->is_fanning = true;
	if (transactions_count(notifier->core->transactions) > FAN_FLIGHT_MAX)
		loop_timer_set(loop, &notifier->fan_timer, FAN_SLOW_MS, run, notifier);
	else
		loop_defer(loop, run, notifier);
}

/* Others than lists, watcher information, and what is said again of another state. */
static bool shares_documents(const struct subscription *s)
{
	return s->state == SUBSCRIPTION_ACTIVE && s->looker.watching != NULL &&
	       s->package->write != NULL;
}

static void say_alone(struct subscription *s)
{
	if (s->is_owed)
		notify_send_current(s);
	else
		notify_due(s);
}

static void run(void *arg)
{
	struct notifier *notifier = arg;
	const struct watching *at = NULL;
	const struct presence *now = NULL;

	notifier->is_fanning = false;
	for (int i = 0; i < FAN_BATCH && !list_is_empty(&notifier->due); i++) {
		struct subscription *s = LIST_ENTRY(notifier->due.next, struct subscription, due);

		list_remove(&s->due);
		if (s->is_owed || !shares_documents(s)) {
			say_alone(s);
			at = NULL;
			continue;
		}
		if (at != s->looker.watching) {
			at = s->looker.watching;
			now = notify_presence(notifier, at);
			notify_bodies_forget(&notifier->bodies);
		}
		notify_change(s, now);
	}
	schedule(notifier);
}

static void put(struct notifier *notifier, struct subscription *s)
{
	if (s->state != SUBSCRIPTION_ACTIVE)
		return;
	if (list_is_linked(&s->due))
		notifier->core->params->counters->presence_coalesced++;
	else
		list_append(&notifier->due, &s->due);
}

bool fan_out_is_many(const struct watching *watching)
{
	return watching->count > FAN_AT_ONCE;
}

void fan_out_send(struct subscription *s, const struct presence *presence)
{
	if (!s->notifier->is_spreading) {
		notify_send(s, presence);
		return;
	}
	s->is_owed = true;
	fan_out_later(s);
}

void fan_out_later(struct subscription *s)
{
	if (!list_is_linked(&s->due))
		list_append(&s->notifier->due, &s->due);
	schedule(s->notifier);
}

void fan_out(struct notifier *notifier, struct watching *watching, const struct presence *presence)
{
	static const struct presence unknown;
	const struct presence *now = presence != NULL ? presence : &unknown;
	bool is_at_once = !fan_out_is_many(watching) && list_is_empty(&notifier->due);

	notify_bodies_forget(&notifier->bodies);
	LIST_EACH(link, next, &watching->lookers)
	{
		struct looker *looker = LIST_ENTRY(link, struct looker, link);

		if (looker->kind == LOOKER_MEMBER)
			list_member_change(looker, now);
		else if (is_at_once)
			notify_change(LIST_ENTRY(looker, struct subscription, looker), now);
		else
			put(notifier, LIST_ENTRY(looker, struct subscription, looker));
	}
	schedule(notifier);
}

void fan_out_free(struct notifier *notifier)
{
	loop_timer_cancel(&notifier->fan_timer);
	loop_forget(notifier->core->params->loop, notifier);
}
