/* The real loop. Nothing here depends on how fast the machine is. */
#include "support/check.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <sofia-sip/su_time.h>
#include <sofia-sip/su_wait.h>

#include "loop/clock.h"
#include "loop/loop.h"

static int64_t wall_step_s;

/* Stands in front of the C library for the whole process, Sofia included: a wall clock that the
 * test can step without touching the machine's. */
int clock_gettime(clockid_t clock, struct timespec *out)
{
	long result = syscall(SYS_clock_gettime, clock, out);

	if (clock == CLOCK_REALTIME)
		out->tv_sec += wall_step_s;
	return (int)result;
}

struct trace {
	struct loop *loop;
	char text[64];
	unsigned count;
	struct loop_timer timer;
	struct loop_timer other;
	int fds[2];
};

static int setup(void **state)
{
	struct trace *trace = test_calloc(1, sizeof *trace);

	*state = trace;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, trace->fds) != 0)
		return -1;
	return loop_new(&trace->loop);
}

static int teardown(void **state)
{
	struct trace *trace = *state;

	loop_free(&trace->loop);
	close(trace->fds[0]);
	close(trace->fds[1]);
	test_free(trace);
	return 0;
}

static void mark(struct trace *trace, const char *what)
{
	assert_true(strlen(trace->text) + strlen(what) < sizeof trace->text);
	strcat(trace->text, what);
}

static void on_a(void *arg)
{
	mark(arg, "a");
}

static void on_b(void *arg)
{
	mark(arg, "b");
}

static void on_quit(void *arg)
{
	struct trace *trace = arg;

	mark(trace, "q");
	loop_quit(trace->loop);
}

static void on_defer_more(void *arg)
{
	struct trace *trace = arg;

	mark(trace, "m");
	loop_defer(trace->loop, on_quit, trace);
}

static void test_deferred_in_order(void **state)
{
	struct trace *trace = *state;

	loop_defer(trace->loop, on_a, trace);
	loop_defer(trace->loop, on_defer_more, trace);
	loop_defer(trace->loop, on_b, trace);
	assert_string_equal(trace->text, "");
	loop_run(trace->loop);
	assert_string_equal(trace->text, "ambq");
}

static void test_forget(void **state)
{
	struct trace *trace = *state;
	struct trace other = {0};

	loop_defer(trace->loop, on_a, &other);
	loop_defer(trace->loop, on_quit, trace);
	loop_forget(trace->loop, &other);
	loop_run(trace->loop);
	assert_string_equal(other.text, "");
	assert_string_equal(trace->text, "q");
}

static void test_timers_in_order(void **state)
{
	struct trace *trace = *state;
	struct loop_timer quit = {0};
	uint64_t start = loop_now(trace->loop);

	loop_timer_set(trace->loop, &quit, 30, on_quit, trace);
	loop_timer_set(trace->loop, &trace->timer, 20, on_a, trace);
	loop_timer_set(trace->loop, &trace->other, 500000, on_b, trace);
	loop_timer_set(trace->loop, &trace->other, 10, on_b, trace); /* moved */
	assert_true(loop_timer_is_set(&trace->timer));
	loop_run(trace->loop);
	assert_string_equal(trace->text, "baq");
	assert_false(loop_timer_is_set(&trace->timer));
	assert_true(loop_now(trace->loop) - start >= 30);
}

static void test_cancel(void **state)
{
	struct trace *trace = *state;
	struct loop_timer quit = {0};

	loop_timer_cancel(&trace->timer); /* never set */
	loop_timer_set(trace->loop, &trace->timer, 1, on_a, trace);
	loop_timer_set(trace->loop, &quit, 5, on_quit, trace);
	loop_timer_cancel(&trace->timer);
	loop_timer_cancel(&trace->timer);
	loop_run(trace->loop);
	assert_string_equal(trace->text, "q");
}

static void on_again(void *arg)
{
	struct trace *trace = arg;

	loop_defer(trace->loop, on_again, trace);
}

static void on_input(int fd, unsigned events, void *arg)
{
	struct trace *trace = arg;
	char c;

	assert_int_equal(events & LOOP_READ, LOOP_READ);
	if (read(fd, &c, 1) == 1 && c == 'x')
		loop_quit(trace->loop);
	trace->count++;
}

/* A chain of deferred calls that never ends must not keep descriptors and timers waiting. */
static void test_deferred_do_not_starve(void **state)
{
	struct trace *trace = *state;

	assert_int_equal(loop_fd(trace->loop, trace->fds[0], LOOP_READ, on_input, trace), 0);
	assert_int_equal(write(trace->fds[1], "x", 1), 1);
	loop_defer(trace->loop, on_again, trace);
	loop_run(trace->loop);
	assert_int_equal(trace->count, 1);
	loop_timer_set(trace->loop, &trace->timer, 3, on_quit, trace);
	loop_run(trace->loop);
	assert_string_equal(trace->text, "q");
	loop_forget(trace->loop, trace);
}

static void on_zero_timer(void *arg)
{
	struct trace *trace = arg;

	loop_timer_set(trace->loop, &trace->timer, 0, on_zero_timer, trace);
}

static void test_zero_timers_do_not_starve(void **state)
{
	struct trace *trace = *state;

	assert_int_equal(loop_fd(trace->loop, trace->fds[0], LOOP_READ, on_input, trace), 0);
	assert_int_equal(write(trace->fds[1], "x", 1), 1);
	loop_timer_set(trace->loop, &trace->timer, 0, on_zero_timer, trace);
	loop_run(trace->loop);
	assert_int_equal(trace->count, 1);
	loop_timer_cancel(&trace->timer);
}

static void on_writable_once(int fd, unsigned events, void *arg)
{
	struct trace *trace = arg;

	assert_int_equal(events, LOOP_WRITE);
	assert_int_equal(loop_fd(trace->loop, fd, 0, NULL, NULL), 0);
	trace->count++;
	loop_timer_set(trace->loop, &trace->timer, 5, on_quit, trace);
}

/* A callback ends its own watch; the descriptor stays writable and must not come again. */
static void test_unwatch_inside(void **state)
{
	struct trace *trace = *state;

	assert_int_equal(loop_fd(trace->loop, trace->fds[0], LOOP_READ, on_input, trace), 0);
	assert_int_equal(loop_fd(trace->loop, trace->fds[0], LOOP_READ | LOOP_WRITE,
				 on_writable_once, trace),
			 0);
	loop_run(trace->loop);
	assert_int_equal(trace->count, 1);
}

static void on_hang_up(int fd, unsigned events, void *arg)
{
	struct trace *trace = arg;

	(void)fd;
	trace->count = events;
	loop_quit(trace->loop);
}

static void test_hang_up_is_both(void **state)
{
	struct trace *trace = *state;

	assert_int_equal(
		loop_fd(trace->loop, trace->fds[0], LOOP_READ | LOOP_WRITE, on_hang_up, trace), 0);
	shutdown(trace->fds[1], SHUT_RDWR);
	loop_run(trace->loop);
	assert_int_equal(trace->count, LOOP_READ | LOOP_WRITE);
}

/* The number of a descriptor that was closed while watched is used again. */
static void test_number_used_again(void **state)
{
	struct trace *trace = *state;
	int fd = trace->fds[0];

	assert_int_equal(loop_fd(trace->loop, fd, LOOP_READ, on_input, trace), 0);
	close(fd);
	close(trace->fds[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, trace->fds), 0);
	assert_int_equal(trace->fds[0], fd);
	assert_int_equal(loop_fd(trace->loop, fd, LOOP_READ | LOOP_WRITE, on_writable_once, trace),
			 0);
	loop_run(trace->loop);
	assert_int_equal(trace->count, 1);
}

static void test_bad_fd(void **state)
{
	struct trace *trace = *state;

	assert_int_equal(loop_fd(trace->loop, -1, LOOP_READ, on_input, trace), EBADF);
	assert_int_equal(loop_fd(trace->loop, 999, LOOP_READ, on_input, trace), EBADF);
	assert_int_equal(loop_fd(trace->loop, 999, 0, NULL, NULL), 0);
}

static void test_signal(void **state)
{
	struct trace *trace = *state;

	assert_int_equal(loop_signal(trace->loop, SIGUSR1, on_a, trace), 0);
	assert_int_equal(loop_signal(trace->loop, SIGTERM, on_quit, trace), 0);
	assert_int_equal(loop_signal(trace->loop, 0, on_quit, trace), EINVAL);
	raise(SIGUSR1);
	raise(SIGTERM);
	loop_run(trace->loop);
	assert_string_equal(trace->text, "aq");
}

/* [STRO-009] writing to a peer that is gone is an error code, not the end. */
static void test_sigpipe_is_ignored(void **state)
{
	struct trace *trace = *state;

	shutdown(trace->fds[1], SHUT_RD);
	assert_int_equal(send(trace->fds[0], "x", 1, 0), -1);
	assert_int_equal(errno, EPIPE);
}

/* Real code of the library that runs inside its step, before it sleeps. */
static void on_sofia_timer(su_root_magic_t *magic, su_timer_t *timer, su_timer_arg_t *arg)
{
	struct trace *trace = (struct trace *)arg;

	(void)magic;
	(void)timer;
	loop_defer(trace->loop, on_quit, trace);
}

/* What a timer of Sofia's defers runs at once, although the length of the sleep is settled by
 * then: without that the loop would sleep for a minute and the test would run into its limit. */
static void test_deferred_from_sofia_timer(void **state)
{
	struct trace *trace = *state;
	su_timer_t *timer = su_timer_create(su_root_task(loop_root(trace->loop)), 1);

	for (int i = 0; i < 20; i++) {
		su_timer_set_at(timer, on_sofia_timer, (su_timer_arg_t *)trace,
				su_time_add(su_now(), -1));
		loop_run(trace->loop);
	}
	su_timer_destroy(timer);
	assert_int_equal(strlen(trace->text), 20);
}

/* [SOF-004] [REL-030] Sofia's clocks are CLOCK_BOOTTIME plus a constant, cut to milliseconds: no
 * step of the wall clock reaches them. */
static void test_sofia_follows_boottime(void **state)
{
	uint64_t offset = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t before = clock_now_ms();
		su_time_t now = su_now();
		uint64_t nano = su_nanotime(NULL);
		uint64_t after = clock_now_ms();
		uint64_t ms = (uint64_t)now.tv_sec * 1000 + now.tv_usec / 1000;

		assert_int_equal(now.tv_usec % 1000, 0);
		assert_int_equal(nano % 1000000, 0);
		if (after != before)
			continue; /* the clock moved on between the readings */
		if (offset == 0)
			offset = ms - before;
		assert_int_equal(ms - before, offset);
		assert_int_equal(nano / 1000000 - before, offset);
	}
	assert_true(offset > 0);
}

static void on_sofia_quit(su_root_magic_t *magic, su_timer_t *timer, su_timer_arg_t *arg)
{
	(void)magic;
	(void)timer;
	on_quit(arg);
}

/* [SOF-004] [REL-030] The wall clock is stepped while a timer of Sofia's and one of ours run. With
 * the library as it comes, -1 h means that they fire an hour later.
 * [REL-032] */
static void test_wall_clock_steps(void **state)
{
	static const int64_t steps_s[] = {-3600, 3600, 30 * 86400, -3650 * INT64_C(86400)};
	struct trace *trace = *state;
	su_timer_t *timer = su_timer_create(su_root_task(loop_root(trace->loop)), 1);

	for (size_t i = 0; i < CHECK_COUNT(steps_s); i++) {
		su_time_t sofia = su_now();
		uint64_t now = loop_now(trace->loop);
		int64_t wall = loop_wall_ms(trace->loop);

		su_timer_set_interval(timer, on_sofia_quit, (su_timer_arg_t *)trace, 20);
		wall_step_s += steps_s[i];
		assert_true((loop_wall_ms(trace->loop) < wall) == (steps_s[i] < 0));
		loop_run(trace->loop);
		assert_true(su_duration(su_now(), sofia) >= 20);
		assert_true(su_duration(su_now(), sofia) < 3000000);
		assert_true(loop_now(trace->loop) - now >= 20);
		loop_timer_set(trace->loop, &trace->timer, 20, on_quit, trace);
		wall_step_s -= steps_s[i];
		loop_run(trace->loop);
	}
	assert_string_equal(trace->text, "qqqqqqqq");
	su_timer_destroy(timer);
}

/* Waiting is asleep: the number of times the process gave up the processor stays at what the two
 * timers need, however long or loaded the machine is. */
static void test_idle_sleeps(void **state)
{
	struct trace *trace = *state;
	struct rusage before;
	struct rusage after;

	loop_timer_set(trace->loop, &trace->other, 900000, on_b, trace);
	loop_timer_set(trace->loop, &trace->timer, 300, on_quit, trace);
	getrusage(RUSAGE_SELF, &before);
	loop_run(trace->loop);
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_nvcsw - before.ru_nvcsw <= 10);
	loop_timer_cancel(&trace->other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_deferred_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forget, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timers_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deferred_do_not_starve, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zero_timers_do_not_starve, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unwatch_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hang_up_is_both, setup, teardown),
		cmocka_unit_test_setup_teardown(test_number_used_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_fd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sigpipe_is_ignored, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deferred_from_sofia_timer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sofia_follows_boottime, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wall_clock_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_idle_sleeps, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
