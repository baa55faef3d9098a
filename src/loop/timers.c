/* Binary heap of timers. Each knows its place, so moving and cancelling need no search. */
#include "loop/timers.h"

#include <stdbool.h>

#include "base/mem.h"
#include "loop/loop.h"

enum { TIMERS_FIRST = 64 };

static bool is_before(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

/* Places count from 1; the parent of n is n / 2. */
static void place(struct timers *timers, struct loop_timer *timer, size_t at)
{
	timers->items[at - 1] = timer;
	timer->place = (uint32_t)at;
}

static void sift_up(struct timers *timers, struct loop_timer *timer, size_t at)
{
	while (at > 1 && is_before(timer, timers->items[at / 2 - 1])) {
		place(timers, timers->items[at / 2 - 1], at);
		at /= 2;
	}
	place(timers, timer, at);
}

static void sift_down(struct timers *timers, struct loop_timer *timer, size_t at)
{
	while (2 * at <= timers->count) {
		size_t child = 2 * at;

		if (child < timers->count &&
		    is_before(timers->items[child], timers->items[child - 1]))
			child++;
		if (!is_before(timers->items[child - 1], timer))
			break;
		place(timers, timers->items[child - 1], at);
		at = child;
	}
	place(timers, timer, at);
}

void timers_remove(struct timers *timers, struct loop_timer *timer)
{
	size_t at = timer->place;
	struct loop_timer *last;

	if (at == 0)
		return;
	timer->place = 0;
	last = timers->items[--timers->count];
	if (last == timer)
		return;
	/* The last one takes the free place, from where it may have to go either way. */
	sift_up(timers, last, at);
	sift_down(timers, last, last->place);
}

void timers_put(struct timers *timers, struct loop_timer *timer)
{
	timers_remove(timers, timer);
	if (timers->count == timers->cap) {
		timers->cap = timers->cap == 0 ? TIMERS_FIRST : timers->cap * 2;
		timers->items = mem_resize(timers->items, timers->cap, sizeof *timers->items);
	}
	timer->order = timers->order++;
	timers->count++;
	sift_up(timers, timer, timers->count);
}

struct loop_timer *timers_first(const struct timers *timers)
{
	return timers->count == 0 ? NULL : timers->items[0];
}

void timers_run(struct timers *timers, uint64_t now_ms)
{
	uint64_t end = timers->order; /* one that sets itself again waits for the next round */

	for (;;) {
		struct loop_timer *timer = timers_first(timers);

		if (timer == NULL || timer->due_ms > now_ms || timer->order >= end)
			return;
		timers_remove(timers, timer);
		timer->fn(timer->arg);
	}
}

void timers_free(struct timers *timers)
{
	for (size_t i = 0; i < timers->count; i++)
		timers->items[i]->place = 0;
	mem_free(timers->items);
	*timers = (struct timers){0};
}
