/* The fake loop: the functions of loop/loop.h with a clock that only the test moves. Timers and
 * deferred calls run in the order of time, descriptors are polled without waiting. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"

/* Wall clock of a new fake loop, milliseconds: 2026-01-01T00:00:00Z. */
#define FAKE_LOOP_WALL_MS INT64_C(1767225600000)

/* Runs deferred calls, ready descriptors and timers that are due now, until nothing is left. */
void fake_loop_run(struct loop *loop);
/* Lets ms pass; each timer and what it defers run at their own time. */
void fake_loop_advance(struct loop *loop, uint64_t ms);
/* Runs, without moving the clock, until until(arg) is true; for what threads do. False if it did
 * not become true within some seconds of real time. */
bool fake_loop_wait(struct loop *loop, bool (*until)(void *arg), void *arg);
/* Steps the wall clock; durations do not notice. */
void fake_loop_set_wall(struct loop *loop, int64_t wall_ms);
/* As if signal signo had come. False if nobody asked for it. */
bool fake_loop_raise(struct loop *loop, int signo);
/* Milliseconds until the next timer, or UINT64_MAX. */
uint64_t fake_loop_next_ms(const struct loop *loop);
/* True once loop_quit() was called. */
bool fake_loop_has_quit(const struct loop *loop);
