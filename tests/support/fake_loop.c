/* The fake loop. */
#include "support/fake_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "loop/deferred.h"
#include "loop/timers.h"

enum {
	FAKE_FDS = 256,
	FAKE_SIGNALS = 65,
	FAKE_START_MS = 1000000,
	FAKE_ROUNDS_MAX = 1000000, /* a test that turns round for ever fails instead */
	FAKE_WAIT_STEPS = 1000,
	FAKE_WAIT_STEP_MS = 10
};

struct fake_fd {
	loop_fd_fn *fn;
	void *arg;
	unsigned events;
};

struct loop {
	struct timers timers;
	struct deferred deferred;
	uint64_t now_ms;
	int64_t wall_offset_ms;
	struct fake_fd fds[FAKE_FDS];
	struct {
		loop_fn *fn;
		void *arg;
	} signals[FAKE_SIGNALS];
	bool quit;
};

int loop_new(struct loop **out)
{
	struct loop *loop = mem_zalloc(sizeof *loop);

	loop->now_ms = FAKE_START_MS;
	fake_loop_set_wall(loop, FAKE_LOOP_WALL_MS);
	*out = loop;
	return 0;
}

void loop_free(struct loop **loop)
{
	if (*loop == NULL)
		return;
	timers_free(&(*loop)->timers);
	deferred_free(&(*loop)->deferred);
	mem_free(*loop);
	*loop = NULL;
}

/* Polls all descriptors and calls for the ready ones. True if there was one. */
static bool poll_fds(struct loop *loop, int timeout_ms)
{
	struct pollfd polled[FAKE_FDS];
	nfds_t count = 0;

	for (int fd = 0; fd < FAKE_FDS; fd++) {
		unsigned events = loop->fds[fd].events;

		if (events == 0)
			continue;
		polled[count].fd = fd;
		polled[count].revents = 0;
		polled[count++].events = (short)(((events & LOOP_READ) != 0 ? POLLIN : 0) |
						 ((events & LOOP_WRITE) != 0 ? POLLOUT : 0));
	}
	if (poll(polled, count, timeout_ms) <= 0)
		return false;
	for (nfds_t i = 0; i < count; i++) {
		struct fake_fd *watch = &loop->fds[polled[i].fd];
		short ready = polled[i].revents;
		unsigned events = 0;

		if ((ready & (POLLIN | POLLERR | POLLHUP)) != 0)
			events |= LOOP_READ;
		if ((ready & (POLLOUT | POLLERR | POLLHUP)) != 0)
			events |= LOOP_WRITE;
		events &= watch->events; /* an earlier one may have ended this watch */
		if (events != 0)
			watch->fn(polled[i].fd, events, watch->arg);
	}
	return true;
}

static bool has_due(const struct loop *loop)
{
	const struct loop_timer *first = timers_first(&loop->timers);

	return first != NULL && first->due_ms <= loop->now_ms;
}

void fake_loop_run(struct loop *loop)
{
	bool busy = true;

	for (unsigned rounds = 0; busy; rounds++) {
		if (rounds > FAKE_ROUNDS_MAX) {
			fprintf(stderr, "fake_loop: calls that never end\n");
			abort();
		}
		timers_run(&loop->timers, loop->now_ms);
		deferred_run(&loop->deferred);
		busy = poll_fds(loop, 0) || loop->deferred.count > 0 || has_due(loop);
	}
}

void fake_loop_advance(struct loop *loop, uint64_t ms)
{
	uint64_t end = loop->now_ms + ms;

	fake_loop_run(loop);
	for (;;) {
		const struct loop_timer *first = timers_first(&loop->timers);

		if (first == NULL || first->due_ms > end)
			break;
		loop->now_ms = first->due_ms;
		fake_loop_run(loop);
	}
	loop->now_ms = end;
	fake_loop_run(loop);
}

bool fake_loop_wait(struct loop *loop, bool (*until)(void *arg), void *arg)
{
	for (unsigned i = 0; i < FAKE_WAIT_STEPS; i++) {
		fake_loop_run(loop);
		if (until(arg))
			return true;
		poll_fds(loop, FAKE_WAIT_STEP_MS);
	}
	return false;
}

void fake_loop_set_wall(struct loop *loop, int64_t wall_ms)
{
	loop->wall_offset_ms = wall_ms - (int64_t)loop->now_ms;
}

bool fake_loop_raise(struct loop *loop, int signo)
{
	if (signo <= 0 || signo >= FAKE_SIGNALS || loop->signals[signo].fn == NULL)
		return false;
	loop->signals[signo].fn(loop->signals[signo].arg);
	return true;
}

uint64_t fake_loop_next_ms(const struct loop *loop)
{
	const struct loop_timer *first = timers_first(&loop->timers);

	if (first == NULL)
		return UINT64_MAX;
	return first->due_ms > loop->now_ms ? first->due_ms - loop->now_ms : 0;
}

bool fake_loop_has_quit(const struct loop *loop)
{
	return loop->quit;
}

/* Jumps from timer to timer until somebody quits or nothing is left to happen. */
void loop_run(struct loop *loop)
{
	while (!loop->quit) {
		fake_loop_run(loop);
		if (loop->quit || fake_loop_next_ms(loop) == UINT64_MAX)
			break;
		fake_loop_advance(loop, fake_loop_next_ms(loop));
	}
	loop->quit = false;
}

void loop_quit(struct loop *loop)
{
	loop->quit = true;
}

uint64_t loop_now(const struct loop *loop)
{
	return loop->now_ms;
}

int64_t loop_wall_ms(const struct loop *loop)
{
	return (int64_t)loop->now_ms + loop->wall_offset_ms;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms, loop_fn *fn,
		    void *arg)
{
	timer->loop = loop;
	timer->fn = fn;
	timer->arg = arg;
	timer->due_ms = loop->now_ms + delay_ms;
	timers_put(&loop->timers, timer);
}

void loop_timer_cancel(struct loop_timer *timer)
{
	if (timer->place != 0)
		timers_remove(&timer->loop->timers, timer);
}

void loop_defer(struct loop *loop, loop_fn *fn, void *arg)
{
	deferred_add(&loop->deferred, fn, arg);
}

void loop_forget(struct loop *loop, void *arg)
{
	deferred_forget(&loop->deferred, arg);
}

int loop_fd(struct loop *loop, int fd, unsigned events, loop_fd_fn *fn, void *arg)
{
	int flags;

	if (fd < 0 || fd >= FAKE_FDS)
		return EBADF;
	if (events != 0) {
		flags = fcntl(fd, F_GETFL, 0);
		if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
			return errno;
	}
	loop->fds[fd] = (struct fake_fd){fn, arg, events};
	return 0;
}

int loop_signal(struct loop *loop, int signo, loop_fn *fn, void *arg)
{
	if (signo <= 0 || signo >= FAKE_SIGNALS)
		return EINVAL;
	loop->signals[signo].fn = fn;
	loop->signals[signo].arg = arg;
	return 0;
}

void *loop_root(struct loop *loop)
{
	(void)loop;
	return NULL;
}
