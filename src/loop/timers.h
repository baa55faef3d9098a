/* A heap of timers, earliest first; shared by the loop and the fake loop of the tests. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct loop_timer;

struct timers {
	struct loop_timer **items;
	size_t count;
	size_t cap;
	uint64_t order;
};

/* Sets or moves timer (borrowed) to its due_ms. */
void timers_put(struct timers *timers, struct loop_timer *timer);
/* Safe on a timer that is not set. */
void timers_remove(struct timers *timers, struct loop_timer *timer);
/* The earliest, or NULL. */
struct loop_timer *timers_first(const struct timers *timers);
/* Unsets and runs what is due at now_ms and was set before this call. */
void timers_run(struct timers *timers, uint64_t now_ms);
/* Unsets all and frees the heap. */
void timers_free(struct timers *timers);
