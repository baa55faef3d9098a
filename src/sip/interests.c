/* All subscriptions of ours: what they share, and what concerns many of them; see interest.h. */
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "model/limits.h"
#include "sip/dialog.h"
#include "sip/interest_private.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"

enum { STOP_BATCH = 50, STOP_EVERY_MS = 10, ASK_ALL_MS = 1000 };

struct interests *interests_new(struct side_core *core)
{
	struct interests *interests = mem_zalloc(sizeof *interests);

	interests->core = core;
	list_init(&interests->all);
	list_init(&interests->leaving);
	list_init(&interests->stopping);
	list_init(&interests->waiting);
	list_init(&interests->first);
	list_init(&interests->due);
	interests->by_name = table_new();
	rate_init(&interests->pace, (double)core->params->limits->outward_per_s,
		  loop_now(core->params->loop));
	return interests;
}

static void free_list(struct list *interests)
{
	LIST_EACH(link, next, interests)
	interest_free(LIST_ENTRY(link, struct interest, link));
}

void interests_free(struct interests **interests)
{
	struct interests *self = *interests;

	if (self == NULL)
		return;
	self->stopped = NULL;
	self->is_closing = true;
	loop_timer_cancel(&self->stop_timer);
	loop_timer_cancel(&self->pace_timer);
	loop_timer_cancel(&self->wait_timer);
	free_list(&self->all);
	free_list(&self->waiting);
	free_list(&self->stopping);
	free_list(&self->leaving);
	timers_free(&self->restored);
	table_free(&self->by_name);
	mem_free(self);
	*interests = NULL;
}

/* Servers -------------------------------------------------------------------------------------- */

void interests_peer_down(struct interests *interests, const struct peer_watch *peer)
{
	LIST_EACH(link, next, &interests->all)
	{
		struct interest *interest = LIST_ENTRY(link, struct interest, link);

		if (interest->hop == peer && interest->state != INTEREST_OVER)
			interest_peer_down(interest);
	}
}

void interests_ask_one(struct interests *interests, const struct peer_watch *peer)
{
	LIST_EACH(link, next, &interests->all)
	{
		struct interest *interest = LIST_ENTRY(link, struct interest, link);

		if (interest->hop != peer || !interest_is_live(interest) ||
		    interest->transaction != NULL)
			continue;
		interest->is_sample = true;
		interest_schedule(interest, 0);
		return;
	}
}

/* Spread over the time that the pace needs for all (D-49). What it told before it was away may be
 * said under the same tag again, so the whole state is asked for. */
void interests_ask_all(struct interests *interests, const struct peer_watch *peer)
{
	uint64_t per_s = (uint64_t)interests->core->params->limits->outward_per_s;
	uint64_t spread_ms = ASK_ALL_MS + interests->count * 1000 / (per_s != 0 ? per_s : 1);

	LIST_EACH(link, next, &interests->all)
	{
		struct interest *interest = LIST_ENTRY(link, struct interest, link);

		if (interest->hop != peer || interest->state == INTEREST_OVER)
			continue;
		for (struct interest *one = interest; one != NULL; one = one->next) {
			interest_forget_etag(one);
			interest_schedule(one, random_below(spread_ms));
		}
	}
}

/* The end -------------------------------------------------------------------------------------- */

void interests_check_stopped(struct interests *interests)
{
	if (interests->stopped == NULL || interests->leaving_count != 0 ||
	    !list_is_empty(&interests->stopping))
		return;
	loop_defer(interests->core->params->loop, interests->stopped, interests->stopped_arg);
	interests->stopped = NULL;
}

/* What was never told has no dialog that could be ended; should its NOTIFY come yet, 481 ends it
 * (EVT-020). */
static bool is_untold(const struct interest *interest)
{
	return interest->dialog != NULL && interest->dialog->remote_tag == NULL;
}

static void stop_one(struct interest *interest)
{
	if (is_untold(interest))
		interest_free(interest);
	else
		interest_leave(&interest);
}

static void stop_some(void *arg)
{
	struct interests *interests = arg;

	for (int i = 0; i < STOP_BATCH && !list_is_empty(&interests->stopping); i++)
		stop_one(LIST_ENTRY(interests->stopping.next, struct interest, link));
	if (!list_is_empty(&interests->stopping)) {
		loop_timer_set(interests->core->params->loop, &interests->stop_timer, STOP_EVERY_MS,
			       stop_some, interests);
		return;
	}
	interests_check_stopped(interests);
}

static void disown(struct interest *interest)
{
	for (; interest != NULL; interest = interest->next) {
		loop_timer_cancel(&interest->timer);
		interest_turn_drop(interest);
		interest->owner = NULL;
	}
}

/* What is told from now on is answered; the next start asks for it again. */
static void rest(struct interests *interests)
{
	interests->is_quiet = true;
	loop_timer_cancel(&interests->pace_timer);
	loop_timer_cancel(&interests->wait_timer);
	LIST_EACH(link, next, &interests->all)
	{
		struct interest *interest = LIST_ENTRY(link, struct interest, link);

		for (; interest != NULL; interest = interest->next)
			loop_timer_cancel(&interest->timer);
	}
}

void interests_stop(struct interests *interests, void (*done)(void *arg), void *arg)
{
	if (interests->core->params->dialogs != NULL) {
		rest(interests);
		loop_defer(interests->core->params->loop, done, arg);
		return;
	}
	LIST_EACH(link, next, &interests->all)
	{
		struct interest *interest = LIST_ENTRY(link, struct interest, link);

		list_remove(link);
		list_append(&interests->stopping, link);
		interest->events->taken(interest);
		disown(interest);
	}
	LIST_EACH(link, next, &interests->leaving)
	{
		if (is_untold(LIST_ENTRY(link, struct interest, link)))
			interest_free(LIST_ENTRY(link, struct interest, link));
	}
	interests->stopped = done;
	interests->stopped_arg = arg;
	LIST_EACH(link, next, &interests->leaving)
	{
		struct interest *interest = LIST_ENTRY(link, struct interest, link);

		if (interest->transaction == NULL)
			interest_end_accepted(interest);
	}
	stop_some(interests);
}
