/* The only event loop: Sofia's su_root with signals, timers, deferred calls and descriptors.
 * Time runs on CLOCK_BOOTTIME cut to whole milliseconds, for us and for Sofia (SOF-004, REL-030).
 * tests/support/fake_loop.c implements the same functions with a clock that tests move. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop;

typedef void loop_fn(void *arg);
/* events: what is ready, of LOOP_READ and LOOP_WRITE (errors and hang-ups count as both). */
typedef void loop_fd_fn(int fd, unsigned events, void *arg);

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* Embedded in its owner; zeroed is "not set". One shot. Its fields belong to the loop. */
struct loop_timer {
	struct loop *loop;
	loop_fn *fn;
	void *arg;
	uint64_t due_ms;
	uint64_t order; /* among timers of the same time: first set, first run */
	uint32_t place; /* in the heap, from 1; 0: not set */
};

/* Sets the clock hooks before the root is made, and ignores SIGPIPE. Returns 0 or an errno value.
 */
int loop_new(struct loop **out);
void loop_free(struct loop **loop);
/* Runs until loop_quit(). */
void loop_run(struct loop *loop);
void loop_quit(struct loop *loop);

/* Milliseconds of a clock that never steps; for durations. */
uint64_t loop_now(const struct loop *loop);
/* Wall clock in milliseconds since 1970; for stored times and documents. */
int64_t loop_wall_ms(const struct loop *loop);

/* fn(arg) once after delay_ms; the timer is unset before fn runs. Setting a set timer moves it. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms, loop_fn *fn,
		    void *arg);
/* Safe on a timer that is not set. */
void loop_timer_cancel(struct loop_timer *timer);
static inline bool loop_timer_is_set(const struct loop_timer *timer)
{
	return timer->place != 0;
}

/* fn(arg) soon, after the present call chain has returned; in order. */
void loop_defer(struct loop *loop, loop_fn *fn, void *arg);
/* Forgets every deferred call with this arg. */
void loop_forget(struct loop *loop, void *arg);

/* Watches fd (made non-blocking) for events until events is 0, before it is closed; fd stays the
 * caller's. Calling again changes events, fn and arg. Returns 0 or errno. */
int loop_fd(struct loop *loop, int fd, unsigned events, loop_fd_fn *fn, void *arg);

/* fn(arg) in the loop after signal signo; one call may stand for several signals. Call it before
 * any thread is started that should not take the signal. Returns 0 or errno. */
int loop_signal(struct loop *loop, int signo, loop_fn *fn, void *arg);

/* Sofia's root, for src/sip only; NULL in the fake. */
void *loop_root(struct loop *loop);
