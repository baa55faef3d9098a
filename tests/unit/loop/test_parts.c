/* Timers and deferred calls, as both loops use them, and the fake loop itself. */
#include "support/check.h"

#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "loop/deferred.h"
#include "loop/timers.h"
#include "support/fake_loop.h"

enum { TIMERS = 2000 };

struct plan {
	struct timers timers;
	struct loop_timer list[TIMERS];
	uint64_t last_due;
	uint64_t last_order;
	unsigned fired;
};

struct one {
	struct plan *plan;
	struct loop_timer *timer;
};

static void on_fire(void *arg)
{
	struct one *one = arg;
	struct plan *plan = one->plan;
	const struct loop_timer *timer = one->timer;

	assert_int_equal(timer->place, 0);
	assert_true(timer->due_ms > plan->last_due ||
		    (timer->due_ms == plan->last_due && timer->order > plan->last_order) ||
		    plan->fired == 0);
	plan->last_due = timer->due_ms;
	plan->last_order = timer->order;
	plan->fired++;
}

/* Set, moved and cancelled at random: what is left fires in the order of time, and of setting. */
static void test_timers_random(void **state)
{
	struct plan *plan = mem_zalloc(sizeof *plan);
	struct one *ones = mem_array(TIMERS, sizeof *ones);
	unsigned set = 0;

	(void)state;
	for (unsigned i = 0; i < TIMERS; i++)
		ones[i] = (struct one){plan, &plan->list[i]};
	for (unsigned i = 0; i < 20000; i++) {
		unsigned at = (unsigned)random_below(TIMERS);
		struct loop_timer *timer = &plan->list[at];

		if (random_below(4) == 0) {
			timers_remove(&plan->timers, timer);
			assert_false(loop_timer_is_set(timer));
			continue;
		}
		timer->fn = on_fire;
		timer->arg = &ones[at];
		timer->due_ms = random_below(500);
		timers_put(&plan->timers, timer);
	}
	for (unsigned i = 0; i < TIMERS; i++)
		set += loop_timer_is_set(&plan->list[i]);
	assert_int_equal(plan->timers.count, set);
	timers_run(&plan->timers, 249);
	assert_true(timers_first(&plan->timers)->due_ms >= 250);
	timers_run(&plan->timers, 1000);
	assert_int_equal(plan->fired, set);
	assert_null(timers_first(&plan->timers));
	timers_free(&plan->timers);
	mem_free(ones);
	mem_free(plan);
}

struct chain {
	struct deferred deferred;
	unsigned next;
	unsigned wrong;
};

struct link {
	struct chain *chain;
	unsigned number;
};

static void on_link(void *arg)
{
	struct link *link = arg;

	link->chain->wrong += link->number != link->chain->next;
	link->chain->next++;
}

/* The ring wraps and grows without losing the order; what is forgotten does not run. */
static void test_deferred_ring(void **state)
{
	struct chain chain = {0};
	struct link *links = mem_array(3000, sizeof *links);
	unsigned added = 0;

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		for (unsigned i = 0; i < round && added < 3000; i++, added++) {
			links[added] = (struct link){&chain, added};
			deferred_add(&chain.deferred, on_link, &links[added]);
		}
		if (round % 7 != 0)
			deferred_run(&chain.deferred);
	}
	deferred_run(&chain.deferred);
	assert_int_equal(chain.next, added);
	assert_int_equal(chain.wrong, 0);
	chain.next = 1;
	for (unsigned i = 0; i < 3; i++)
		deferred_add(&chain.deferred, on_link, &links[i]);
	deferred_forget(&chain.deferred, &links[0]);
	deferred_forget(&chain.deferred, &links[2]);
	deferred_run(&chain.deferred);
	assert_int_equal(chain.next, 2);
	assert_int_equal(chain.wrong, 0);
	deferred_free(&chain.deferred);
	mem_free(links);
}

struct diary {
	struct loop *loop;
	struct loop_timer timers[3];
	uint64_t start;
	char text[32];
	uint64_t at[32];
};

static void note(struct diary *diary, char what)
{
	size_t len = strlen(diary->text);

	assert_true(len + 1 < sizeof diary->text);
	diary->at[len] = loop_now(diary->loop) - diary->start;
	diary->text[len] = what;
}

static void on_deferred(void *arg)
{
	note(arg, 'd');
}

static void on_first(void *arg)
{
	struct diary *diary = arg;

	note(diary, '1');
	loop_defer(diary->loop, on_deferred, diary);
	loop_timer_set(diary->loop, &diary->timers[1], 50, on_deferred, diary);
}

static void on_second(void *arg)
{
	note(arg, '2');
}

/* Each thing happens at its own time, and the wall clock is another clock. */
static void test_fake_time(void **state)
{
	struct diary diary = {0};
	int64_t wall;

	(void)state;
	assert_int_equal(loop_new(&diary.loop), 0);
	diary.start = loop_now(diary.loop);
	assert_int_equal(loop_wall_ms(diary.loop), FAKE_LOOP_WALL_MS);
	loop_timer_set(diary.loop, &diary.timers[0], 100, on_first, &diary);
	loop_timer_set(diary.loop, &diary.timers[2], 120, on_second, &diary);
	assert_int_equal(fake_loop_next_ms(diary.loop), 100);
	fake_loop_advance(diary.loop, 99);
	assert_string_equal(diary.text, "");
	fake_loop_advance(diary.loop, 1000);
	assert_string_equal(diary.text, "1d2d");
	assert_int_equal(diary.at[0], 100);
	assert_int_equal(diary.at[1], 100);
	assert_int_equal(diary.at[2], 120);
	assert_int_equal(diary.at[3], 150);
	assert_int_equal(loop_now(diary.loop) - diary.start, 1099);
	wall = loop_wall_ms(diary.loop);
	assert_int_equal(wall, FAKE_LOOP_WALL_MS + 1099);
	fake_loop_set_wall(diary.loop, wall - 3600000);
	assert_int_equal(loop_wall_ms(diary.loop), wall - 3600000);
	assert_int_equal(loop_now(diary.loop) - diary.start, 1099);
	assert_int_equal(fake_loop_next_ms(diary.loop), UINT64_MAX);
	loop_free(&diary.loop);
}

static void on_readable(int fd, unsigned events, void *arg)
{
	char c;

	assert_int_equal(events, LOOP_READ);
	assert_int_equal(read(fd, &c, 1), 1);
	note(arg, c);
}

static void test_fake_fds_and_signals(void **state)
{
	struct diary diary = {0};
	int pipes[2];

	(void)state;
	assert_int_equal(loop_new(&diary.loop), 0);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(loop_fd(diary.loop, pipes[0], LOOP_READ, on_readable, &diary), 0);
	fake_loop_run(diary.loop);
	assert_int_equal(write(pipes[1], "xy", 2), 2);
	fake_loop_run(diary.loop);
	assert_string_equal(diary.text, "xy");
	assert_int_equal(loop_fd(diary.loop, pipes[0], 0, NULL, NULL), 0);
	assert_int_equal(write(pipes[1], "z", 1), 1);
	fake_loop_run(diary.loop);
	assert_string_equal(diary.text, "xy");
	assert_false(fake_loop_raise(diary.loop, 15));
	assert_int_equal(loop_signal(diary.loop, 15, on_second, &diary), 0);
	assert_true(fake_loop_raise(diary.loop, 15));
	assert_string_equal(diary.text, "xy2");
	loop_free(&diary.loop);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers_random),
		cmocka_unit_test(test_deferred_ring),
		cmocka_unit_test(test_fake_time),
		cmocka_unit_test(test_fake_fds_and_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
