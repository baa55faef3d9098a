/* The crash log (REL-016). */
#include <stdio.h>

#include "support/check.h"

#include <sqlite3.h>

#include "store_bench.h"
#include "support/fake_loop.h"

#define NOW_S (FAKE_LOOP_WALL_MS / 1000)

/* A run that begins at at_s; what it is told of those before. */
static unsigned run(struct bench *bench, int64_t at_s, bool in_order)
{
	unsigned crashes;

	fake_loop_set_wall(bench->loop, at_s * 1000);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	crashes = store_crashes(bench->store);
	if (in_order)
		store_end_run(bench->store);
	bench_close(bench);
	return crashes;
}

/* [REL-016] three crashes within a minute are known at the fourth start, and forgotten later. */
static void test_crash_loop(void **state)
{
	assert_int_equal(run(*state, NOW_S, false), 0);
	assert_int_equal(run(*state, NOW_S + 10, false), 1);
	assert_int_equal(run(*state, NOW_S + 20, false), 2);
	assert_int_equal(run(*state, NOW_S + 30, false), 3);
	assert_int_equal(run(*state, NOW_S + 75, true), 3);   /* those of 20, 30 and 75 */
	assert_int_equal(run(*state, NOW_S + 100, false), 1); /* 75 */
	assert_int_equal(run(*state, NOW_S + 1000, false), 1);
}

/* A run that lasted long and crashed is one crash; ends in order are none. */
static void test_orderly_ends(void **state)
{
	for (int i = 0; i < 20; i++)
		assert_int_equal(run(*state, NOW_S + i, true), 0);
	assert_int_equal(run(*state, NOW_S + 20, false), 0);
	assert_int_equal(run(*state, NOW_S + 5000, true), 1);
	assert_int_equal(run(*state, NOW_S + 5001, true), 1);
	assert_int_equal(run(*state, NOW_S + 6000, true), 0);
}

/* However many there are, they are counted up to a bound; of those that a clock
 * that went back has in its future none is. */
static void test_bounds(void **state)
{
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(run(*state, NOW_S, false), i < 8 ? i : 8);
	assert_int_equal(run(*state, NOW_S - 1000, false), 1); /* the last one */
}

/* A value that is none, and one that is cut off. */
static void test_damaged(void **state)
{
	static const char *const values[] = {"x'00'", "'text'", "4711", "zeroblob(4000)",
					     "x'ffffffffffffffff0000000000000000ffff'"};
	struct bench *bench = *state;

	for (size_t i = 0; i < CHECK_COUNT(values); i++) {
		char sql[160];
		sqlite3 *db = NULL;

		run(bench, NOW_S, true);
		snprintf(sql, sizeof sql, "UPDATE meta SET value=%s WHERE name='runs'", values[i]);
		assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_close(db), SQLITE_OK);
		run(bench, NOW_S + 1, true);
		assert_int_equal(run(bench, NOW_S + 1000, false), 0);
		assert_int_equal(run(bench, NOW_S + 1001, true), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_crash_loop, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_orderly_ends, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_bounds, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_damaged, bench_setup, bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
