/* How fast changes go out to one watcher (D-33): a bucket of 5, then one in so many milliseconds.
 * The newest state wins; the caller keeps it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rate.h"

struct pace {
	struct rate rate;
	uint64_t due_ms; /* loop time at which what waits may go; 0: nothing waits */
};

void pace_init(struct pace *pace, uint64_t now_ms);
/* Returns 0 if a change may go now (then it counts as sent and nothing waits any more), or the
 * milliseconds to wait; due_ms is set then. is_urgent: it never waits. */
uint64_t pace_wait_ms(struct pace *pace, unsigned every_ms, bool is_urgent, uint64_t now_ms);
/* Nothing waits any more. */
void pace_drop(struct pace *pace);
