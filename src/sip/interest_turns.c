/* The pace of our subscriptions (D-49, REL-014): at most limits.outward_per_s requests a second,
 * whatever falls due. Those of before the start, soonest end first, take turns with what falls due
 * by itself, so that neither waits for all of the other. */
#include "base/random.h"
#include "model/limits.h"
#include "sip/interest_private.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"

enum {
	HARD_PER_S = 500, /* half of the 1,000 of D-49: NOTIFYs have the other */
	BURST_PARTS = 10, /* of a second: what may go at once */
	GATHER_MS = 20,   /* those that come together are put in order first */
	JITTER_MS = 20
};

static struct loop *loop_of(const struct interests *interests)
{
	return interests->core->params->loop;
}

static double burst_of(double per_s)
{
	return per_s < BURST_PARTS ? 1 : per_s / BURST_PARTS;
}

/* In no second more than the hard limit, the burst counted. */
static double per_s_of(const struct interests *interests)
{
	double per_s = (double)interests->core->params->limits->outward_per_s;

	return per_s + burst_of(per_s) > HARD_PER_S ? HARD_PER_S - burst_of(per_s) : per_s;
}

/* So many rows are written ahead of their requests. */
static bool is_reserved_enough(const struct interests *interests)
{
	return (double)interests->reserving >= per_s_of(interests);
}

/* Whose turn it is; NULL: nobody waits. */
static struct interest *next(struct interests *interests)
{
	struct loop_timer *restored = timers_first(&interests->restored);
	bool has_due = !list_is_empty(&interests->due);

	if (!list_is_empty(&interests->first))
		return LIST_ENTRY(interests->first.next, struct interest, turn);
	if (restored != NULL &&
	    (!has_due || (interests->is_restored_next && !is_reserved_enough(interests))))
		return restored->arg;
	return has_due ? LIST_ENTRY(interests->due.next, struct interest, turn) : NULL;
}

static void take_turns(void *arg);

static void look_later(struct interests *interests, uint64_t delay_ms)
{
	if (!loop_timer_is_set(&interests->pace_timer) && !interests->is_quiet)
		loop_timer_set(loop_of(interests), &interests->pace_timer, delay_ms, take_turns,
			       interests);
}

/* Its turn has come. False: nobody's has, now. What needs a number that is not reserved comes back
 * when it is, so that a disk that is slow, and then writes much at once, makes no storm. */
static bool take_turn(struct interests *interests, struct interest *interest, uint64_t now)
{
	double per_s = per_s_of(interests);
	double burst = burst_of(per_s);

	/* Held until it is up (REL-024); its owner was told with all others. */
	if (peer_watch_is_down(interest->hop)) {
		interest_turn_drop(interest);
		interest_end_reserving(interest);
		return true;
	}
	if (interest_needs_number(interest)) {
		if (!interest->is_reserving && is_reserved_enough(interests)) {
			look_later(interests, JITTER_MS);
			return false;
		}
		interest_turn_drop(interest);
		interest_reserve(interest);
		return true;
	}
	if (!rate_take(&interests->pace, per_s, burst, now)) {
		look_later(interests, rate_wait_ms(&interests->pace, per_s, burst, now) +
					      random_below(JITTER_MS));
		return false;
	}
	interest_turn_drop(interest);
	interest_end_reserving(interest);
	interest_act(interest);
	return true;
}

static void take_turns(void *arg)
{
	struct interests *interests = arg;
	uint64_t now = loop_now(loop_of(interests));
	struct interest *interest = next(interests);

	while (interest != NULL && take_turn(interests, interest, now)) {
		interests->is_restored_next = !interests->is_restored_next;
		interest = next(interests);
	}
}

static bool is_queued(const struct interest *interest)
{
	return list_is_linked(&interest->turn) || loop_timer_is_set(&interest->order);
}

void interest_turn(struct interest *interest)
{
	struct interests *interests = interest->all;

	if (interests->is_quiet)
		return;
	if (!is_queued(interest))
		list_append(&interests->due, &interest->turn);
	if (!loop_timer_is_set(&interests->pace_timer))
		take_turns(interests);
}

void interest_turn_soon(struct interest *interest)
{
	struct interests *interests = interest->all;

	if (interests->is_quiet)
		return;
	if (!is_queued(interest))
		list_append(&interests->due, &interest->turn);
	look_later(interests, 0);
}

void interest_turn_restored(struct interest *interest)
{
	struct interests *interests = interest->all;

	if (interest->kind->is_hasty) {
		interest_turn_first(interest);
		return;
	}
	if (is_queued(interest))
		return;
	interest->order.due_ms = interest->expires_ms;
	interest->order.arg = interest;
	timers_put(&interests->restored, &interest->order);
	look_later(interests, GATHER_MS);
}

void interest_turn_first(struct interest *interest)
{
	struct interests *interests = interest->all;

	interest_turn_drop(interest);
	list_append(&interests->first, &interest->turn);
	look_later(interests, 0);
}

void interest_turn_drop(struct interest *interest)
{
	list_remove(&interest->turn);
	timers_remove(&interest->all->restored, &interest->order);
}

/* What is known of it now is not whole, or not true any more. */
void interest_hurry(struct interest *interest)
{
	for (; interest != NULL; interest = interest->next) {
		if (loop_timer_is_set(&interest->order))
			interest_turn_first(interest);
	}
}
