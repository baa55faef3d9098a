/* The loop: one su_root, stepped by us, so that timers and deferred calls of ours need no wake-up
 * of their own and an idle process does not run at all.
 *
 *   timers due -> deferred calls (one batch) -> su_root_step: descriptors, Sofia's timers -> ... */
#include "loop/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <sofia-sip/su.h>
#include <sofia-sip/su_wait.h>

#include "base/mem.h"
#include "loop/clock.h"
#include "loop/deferred.h"
#include "loop/read_size.h"
#include "loop/timers.h"

enum {
	LOOP_FDS_FIRST = 64,
	LOOP_SIGNALS = 65, /* signal numbers are below */
	/* The wait of the kernel does not count suspend, our clock does: look again by then. */
	LOOP_SLEEP_MAX_MS = 60000
};

/* One watched descriptor; kept for the next use of its number. */
struct watch {
	struct loop *loop;
	loop_fd_fn *fn;
	void *arg;
	int index; /* of the registration at the root; 0: none */
	int fd;
	unsigned events;
};

struct loop {
	su_root_t *root;
	su_timer_t *nudge;
	struct timers timers;
	struct deferred deferred;
	struct watch **watches; /* by descriptor */
	size_t watch_count;
	struct {
		loop_fn *fn;
		void *arg;
	} signals[LOOP_SIGNALS];
	sigset_t caught;
	sigset_t before; /* signal mask to restore */
	int signal_fd;
	bool quit;
	bool stepping;
	bool nudged;
};

int loop_new(struct loop **out)
{
	struct loop *loop = mem_zalloc(sizeof *loop);

	*out = loop;
	loop->signal_fd = -1;
	sigemptyset(&loop->caught);
	pthread_sigmask(SIG_BLOCK, NULL, &loop->before);
	signal(SIGPIPE, SIG_IGN); /* STRO-009 */
	clock_hook_sofia();
	read_size_hook();
	su_init();
	loop->root = su_root_create(NULL);
	if (loop->root != NULL)
		loop->nudge = su_timer_create(su_root_task(loop->root), 1);
	if (loop->nudge == NULL) {
		loop_free(out);
		return ENOMEM;
	}
	return 0;
}

static void free_watches(struct loop *loop)
{
	for (size_t i = 0; i < loop->watch_count; i++) {
		struct watch *watch = loop->watches[i];

		if (watch != NULL && watch->index > 0)
			su_root_deregister(loop->root, watch->index);
		mem_free(watch);
	}
	mem_free(loop->watches);
}

void loop_free(struct loop **out)
{
	struct loop *loop = *out;

	if (loop == NULL)
		return;
	free_watches(loop);
	if (loop->signal_fd >= 0) {
		close(loop->signal_fd);
		pthread_sigmask(SIG_SETMASK, &loop->before, NULL);
	}
	su_timer_destroy(loop->nudge);
	if (loop->root != NULL)
		su_root_destroy(loop->root);
	su_deinit();
	timers_free(&loop->timers);
	deferred_free(&loop->deferred);
	mem_free(loop);
	*out = NULL;
}

/* Milliseconds the step may sleep. */
static su_duration_t sleep_ms(const struct loop *loop)
{
	const struct loop_timer *first = timers_first(&loop->timers);
	uint64_t now;

	if (loop->deferred.count > 0)
		return 0;
	if (first == NULL)
		return LOOP_SLEEP_MAX_MS;
	now = clock_now_ms();
	if (first->due_ms <= now)
		return 0;
	return first->due_ms - now < LOOP_SLEEP_MAX_MS ? (su_duration_t)(first->due_ms - now)
						       : LOOP_SLEEP_MAX_MS;
}

static void on_nudge(su_root_magic_t *magic, su_timer_t *timer, su_timer_arg_t *arg)
{
	struct loop *loop = (struct loop *)arg;

	(void)magic;
	(void)timer;
	loop->nudged = false;
}

/* The step runs Sofia's timers before it sleeps. What they defer or set must not wait for the end
 * of that sleep, whose length is already fixed; a timer of Sofia's own shortens it. */
static void nudge(struct loop *loop)
{
	if (!loop->stepping || loop->nudged)
		return;
	loop->nudged = true;
	su_timer_set_interval(loop->nudge, on_nudge, (su_timer_arg_t *)loop, 1);
}

static void step(struct loop *loop)
{
	su_duration_t timeout = sleep_ms(loop);

	loop->stepping = true;
	su_root_step(loop->root, timeout);
	loop->stepping = false;
	if (loop->nudged)
		su_timer_reset(loop->nudge);
	loop->nudged = false;
}

void loop_run(struct loop *loop)
{
	while (!loop->quit) {
		step(loop);
		timers_run(&loop->timers, clock_now_ms());
		deferred_run(&loop->deferred);
	}
	loop->quit = false;
}

void loop_quit(struct loop *loop)
{
	loop->quit = true;
	nudge(loop);
}

uint64_t loop_now(const struct loop *loop)
{
	(void)loop;
	return clock_now_ms();
}

int64_t loop_wall_ms(const struct loop *loop)
{
	(void)loop;
	return clock_wall_ms();
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms, loop_fn *fn,
		    void *arg)
{
	timer->loop = loop;
	timer->fn = fn;
	timer->arg = arg;
	timer->due_ms = clock_now_ms() + delay_ms;
	timers_put(&loop->timers, timer);
	if (timer->place == 1)
		nudge(loop);
}

void loop_timer_cancel(struct loop_timer *timer)
{
	if (timer->place != 0)
		timers_remove(&timer->loop->timers, timer);
}

void loop_defer(struct loop *loop, loop_fn *fn, void *arg)
{
	deferred_add(&loop->deferred, fn, arg);
	nudge(loop);
}

void loop_forget(struct loop *loop, void *arg)
{
	deferred_forget(&loop->deferred, arg);
}

static struct watch *watch_of(struct loop *loop, int fd)
{
	size_t need = (size_t)fd + 1;

	if (need > loop->watch_count) {
		size_t count = loop->watch_count == 0 ? LOOP_FDS_FIRST : loop->watch_count * 2;

		count = count < need ? need : count;
		loop->watches = mem_resize(loop->watches, count, sizeof(struct watch *));
		while (loop->watch_count < count)
			loop->watches[loop->watch_count++] = NULL;
	}
	if (loop->watches[fd] == NULL) {
		loop->watches[fd] = mem_zalloc(sizeof(struct watch));
		*loop->watches[fd] = (struct watch){.loop = loop, .fd = fd};
	}
	return loop->watches[fd];
}

static int on_ready(su_root_magic_t *magic, su_wait_t *wait, su_wakeup_arg_t *arg)
{
	struct watch *watch = (struct watch *)arg;
	int ready = wait->revents;
	unsigned events = 0;

	(void)magic;
	if ((ready & (SU_WAIT_IN | SU_WAIT_HUP | SU_WAIT_ERR)) != 0)
		events |= LOOP_READ;
	if ((ready & (SU_WAIT_OUT | SU_WAIT_HUP | SU_WAIT_ERR)) != 0)
		events |= LOOP_WRITE;
	events &= watch->events;
	if (events != 0)
		watch->fn(watch->fd, events, watch->arg);
	return 0;
}

static int to_su_events(unsigned events)
{
	return ((events & LOOP_READ) != 0 ? SU_WAIT_IN : 0) |
	       ((events & LOOP_WRITE) != 0 ? SU_WAIT_OUT : 0);
}

static void unwatch(struct watch *watch)
{
	if (watch->index > 0)
		su_root_deregister(watch->loop->root, watch->index);
	watch->index = 0;
	watch->events = 0;
}

static int register_watch(struct watch *watch, unsigned events)
{
	su_wait_t wait[1];
	int index;

	if (su_wait_create(wait, watch->fd, to_su_events(events)) != 0)
		return errno;
	index = su_root_register(watch->loop->root, wait, on_ready, (su_wakeup_arg_t *)watch, 0);
	if (index <= 0) {
		int error = errno;

		su_wait_destroy(wait);
		return error;
	}
	watch->index = index;
	return 0;
}

int loop_fd(struct loop *loop, int fd, unsigned events, loop_fd_fn *fn, void *arg)
{
	struct watch *watch;
	int error = 0;

	if (fd < 0)
		return EBADF;
	watch = watch_of(loop, fd);
	if (events == 0) {
		unwatch(watch);
		return 0;
	}
	/* A number that was closed while watched fails here: then it is registered afresh. */
	if (watch->index > 0 && events != watch->events &&
	    su_root_eventmask(loop->root, watch->index, fd, to_su_events(events)) != 0)
		unwatch(watch);
	if (watch->index == 0)
		error = register_watch(watch, events);
	if (error != 0)
		return error;
	watch->events = events;
	watch->fn = fn;
	watch->arg = arg;
	return 0;
}

static void on_signal(int fd, unsigned events, void *arg)
{
	struct loop *loop = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo < LOOP_SIGNALS && loop->signals[info.ssi_signo].fn != NULL)
			loop->signals[info.ssi_signo].fn(loop->signals[info.ssi_signo].arg);
	}
}

int loop_signal(struct loop *loop, int signo, loop_fn *fn, void *arg)
{
	int fd;

	if (signo <= 0 || signo >= LOOP_SIGNALS)
		return EINVAL;
	loop->signals[signo].fn = fn;
	loop->signals[signo].arg = arg;
	sigaddset(&loop->caught, signo);
	pthread_sigmask(SIG_BLOCK, &loop->caught, NULL);
	fd = signalfd(loop->signal_fd, &loop->caught, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return errno;
	loop->signal_fd = fd;
	return loop_fd(loop, fd, LOOP_READ, on_signal, loop);
}

void *loop_root(struct loop *loop)
{
	return loop->root;
}
