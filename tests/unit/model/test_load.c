/* Levels of load: how they rise and fall, what is turned away at each, and who first. */
#include "support/check.h"

#include <string.h>

#include "model/counters.h"
#include "model/limits.h"
#include "model/load.h"

struct world {
	struct limits limits;
	struct counters counters;
	struct load load;
	uint64_t now;
};

static void set_up(struct world *world)
{
	memset(world, 0, sizeof *world);
	limits_defaults(&world->limits);
	load_init(&world->load, &world->limits, &world->counters);
	world->now = 1000000;
}

/* One tick at which measure has value and all others nothing. */
static bool tick(struct world *world, enum load_measure measure, uint64_t value)
{
	uint64_t values[LOAD_MEASURES] = {0};

	values[measure] = value;
	world->now += LOAD_TICK_MS;
	return load_feed(&world->load, values, world->now);
}

/* [REL-040]: each measure at each of its marks, and one below. */
static void marks_make_levels(void **state)
{
	(void)state;
	for (int measure = 0; measure < LOAD_MEASURES; measure++) {
		for (int level = LOAD_BUSY; level < LOAD_LEVELS; level++) {
			struct world at, below;
			uint64_t mark;

			set_up(&at);
			set_up(&below);
			mark = load_mark(&at.load, (enum load_measure)measure,
					 (enum load_level)level);
			if (mark == UINT64_MAX)
				continue;
			assert_true(tick(&at, (enum load_measure)measure, mark));
			assert_int_equal(at.load.level, level);
			assert_int_equal(at.load.why, measure);
			assert_int_equal(at.counters.load_raised, 1);
			(void)tick(&below, (enum load_measure)measure, mark - 1);
			assert_int_equal(below.load.level, level - 1);
		}
	}
}

/* [limit load_lag_ms] [limit load_store_ms] [limit load_store_requests]
 * [REL-040]: what an operator may set moves all three marks, and what is over is counted. */
static void limits_move_marks(void **state)
{
	struct world world;

	(void)state;
	set_up(&world);
	world.limits.load_lag_ms = 1000;
	world.limits.load_store_ms = 100;
	world.limits.load_store_requests = 1000;
	assert_int_equal(load_mark(&world.load, LOAD_LAG_MS, LOAD_BUSY), 200);
	assert_int_equal(load_mark(&world.load, LOAD_LAG_MS, LOAD_OVERLOADED), 1000);
	assert_int_equal(load_mark(&world.load, LOAD_LAG_MS, LOAD_CRITICAL), 4000);
	(void)tick(&world, LOAD_LAG_MS, 999);
	assert_int_equal(world.load.level, LOAD_BUSY);
	(void)tick(&world, LOAD_LAG_MS, 1000);
	assert_int_equal(world.counters.limits.load_lag_ms, 2);
	(void)tick(&world, LOAD_STORE_MS, 400);
	assert_int_equal(world.load.level, LOAD_CRITICAL);
	assert_int_equal(world.counters.limits.load_store_ms, 1);
	set_up(&world);
	world.limits.load_store_requests = 1000;
	(void)tick(&world, LOAD_STORE_REQUESTS, 999);
	assert_int_equal(world.load.level, LOAD_BUSY);
	(void)tick(&world, LOAD_STORE_REQUESTS, 1000);
	assert_int_equal(world.load.level, LOAD_OVERLOADED);
	assert_int_equal(world.counters.limits.load_store_requests, 2);
}

/* [REL-040]: up at once, down 10 s after a level was measured last, one by one; a value that
 * swings around a mark changes nothing. */
static void levels_fall_late(void **state)
{
	struct world world;
	uint64_t since;
	int changes = 0;

	(void)state;
	set_up(&world);
	assert_true(tick(&world, LOAD_LAG_MS, 5000));
	assert_int_equal(world.load.level, LOAD_CRITICAL);
	since = world.now;
	for (int i = 0; i < 100; i++)
		changes += tick(&world, LOAD_LAG_MS, i % 2 == 0 ? 499 : 500);
	assert_int_equal(changes, 1); /* to overloaded, 10 s after the one of 5 s */
	assert_int_equal(world.load.level, LOAD_OVERLOADED);
	since = world.now;
	while (world.load.level == LOAD_OVERLOADED)
		(void)tick(&world, LOAD_LAG_MS, 0);
	assert_in_range(world.now - since, LOAD_CALM_MS, LOAD_CALM_MS + LOAD_TICK_MS);
	assert_int_equal(world.load.level, LOAD_NORMAL);
}

static const char *const class_names[LOAD_CLASSES] = {"poll",   "watch",   "publication",
						      "notice", "message", "options"};

/* [REL-042] [D-50] [SIP-065]: class by level; messages when it is worst and stays so. */
static void classes_are_shed_in_order(void **state)
{
	static const bool admits[LOAD_LEVELS][LOAD_CLASSES] = {
		/* poll, watch, publication, notice, message, options */
		[LOAD_NORMAL] = {true, true, true, true, true, true},
		[LOAD_BUSY] = {false, false, true, true, true, true},
		[LOAD_OVERLOADED] = {false, false, false, false, true, true},
		[LOAD_CRITICAL] = {false, false, false, false, false, false},
	};

	(void)state;
	for (int level = 0; level < LOAD_LEVELS; level++) {
		struct world world;

		set_up(&world);
		for (int i = 0; i < 30; i++)
			(void)tick(&world, LOAD_OPEN_PER_MILLE,
				   load_mark(&world.load, LOAD_OPEN_PER_MILLE,
					     (enum load_level)level));
		for (int class = 0; class < LOAD_CLASSES; class ++)
			if (load_admits(&world.load, (enum load_class) class, 1, world.now) !=
			    admits[level][class])
				fail_msg("%s at %s", class_names[class],
					 load_level_name((enum load_level)level));
		assert_int_equal(load_stretch(&world.load), 1U << level);
	}
	assert_true(load_admits(NULL, LOAD_POLL, 0, 0));
	assert_int_equal(load_stretch(NULL), 1);
}

/* [REL-060]: each class has its count. */
static void sheds_are_counted(void **state)
{
	struct world world;

	(void)state;
	set_up(&world);
	for (int i = 0; i < 60; i++)
		(void)tick(&world, LOAD_LINK_PER_MILLE, 1000);
	for (int class = 0; class < LOAD_CLASSES; class ++)
		assert_false(load_admits(&world.load, (enum load_class) class, 1, world.now));
	assert_int_equal(world.counters.shed_polls, 1);
	assert_int_equal(world.counters.shed_watches, 1);
	assert_int_equal(world.counters.shed_publications, 1);
	assert_int_equal(world.counters.shed_notices, 1);
	assert_int_equal(world.counters.shed_messages, 1);
	assert_int_equal(world.counters.shed_options, 1);
}

static unsigned taken_of(struct world *world, uint64_t who, unsigned count)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < count; i++)
		taken += load_admits(&world->load, LOAD_MESSAGE, who, world->now);
	return taken;
}

/* [REL-056]: when critical, so many messages are taken as can be done: the part falls while the
 * measure stays, and grows again as soon as it does not, long before the level falls. */
static void share_of_messages_follows(void **state)
{
	struct world world;
	unsigned before;

	(void)state;
	set_up(&world);
	(void)tick(&world, LOAD_INTAKE_PER_MILLE, 900);
	before = taken_of(&world, 1, 256);
	assert_int_equal(before, 128);
	for (int i = 0; i < 4; i++)
		(void)tick(&world, LOAD_INTAKE_PER_MILLE, 900);
	assert_in_range(taken_of(&world, 1, 256), 20, 60);
	for (int i = 0; i < 10; i++)
		(void)tick(&world, LOAD_INTAKE_PER_MILLE, 0);
	assert_int_equal(world.load.level, LOAD_CRITICAL);
	assert_int_equal(taken_of(&world, 1, 256), 256);
}

/* [REL-047]: one who sends a hundred times as much as the others is refused before them. */
static void greedy_are_refused_first(void **state)
{
	struct world world;
	unsigned of_greedy = 0, of_others = 0;

	(void)state;
	set_up(&world);
	(void)tick(&world, LOAD_INTAKE_PER_MILLE, 900);
	for (int turn = 0; turn < 20; turn++) {
		unsigned greedy = taken_of(&world, 7, 400);
		unsigned others = 0;

		for (uint64_t who = 10; who < 14; who++)
			others += taken_of(&world, who, 1);
		if (turn >= 4) { /* it takes two windows to find out */
			of_greedy += greedy;
			of_others += others;
		}
		(void)tick(&world, LOAD_INTAKE_PER_MILLE, turn % 2 == 0 ? 900 : 0);
	}
	assert_true(of_greedy < 16 * 400 / 2);
	assert_int_equal(of_others, 16 * 4);
}

/* [REL-047]: alone, nobody is greedy. */
static void one_alone_is_not_greedy(void **state)
{
	struct world world;

	(void)state;
	set_up(&world);
	for (int turn = 0; turn < 10; turn++) {
		(void)taken_of(&world, 7, 100);
		(void)tick(&world, LOAD_LAG_MS, 0);
	}
	assert_int_equal(world.load.talk.greedy, 0);
}

static void count_wake(void *arg)
{
	(*(int *)arg)++;
}

/* What is asleep is woken by what comes in, once for each. */
static void touch_wakes(void **state)
{
	struct world world;
	int woken = 0;

	(void)state;
	set_up(&world);
	load_touch(NULL);
	load_touch(&world.load);
	world.load.wake = count_wake;
	world.load.arg = &woken;
	load_touch(&world.load);
	world.load.is_awake = true;
	load_touch(&world.load);
	assert_int_equal(woken, 1);
	for (int measure = 0; measure < LOAD_MEASURES; measure++)
		assert_true(strlen(load_measure_name((enum load_measure)measure)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_make_levels),
		cmocka_unit_test(limits_move_marks),
		cmocka_unit_test(levels_fall_late),
		cmocka_unit_test(classes_are_shed_in_order),
		cmocka_unit_test(sheds_are_counted),
		cmocka_unit_test(share_of_messages_follows),
		cmocka_unit_test(greedy_are_refused_first),
		cmocka_unit_test(one_alone_is_not_greedy),
		cmocka_unit_test(touch_wakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
