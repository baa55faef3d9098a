/* What every engine promises. */
#include "support/check.h"

#include <errno.h>
#include <stdio.h>

#include "store_bench.h"
#include "support/fake_loop.h"

static const char *const engines[] = {"memory", "sqlite"};

/* Runs a test once for each engine, each time on a new bench. */
static void each_engine(void (*test)(struct bench *bench))
{
	for (size_t i = 0; i < CHECK_COUNT(engines); i++) {
		void *state = NULL;
		struct bench *bench;

		assert_int_equal(bench_setup(&state), 0);
		bench = state;
		assert_int_equal(bench_open(bench, engines[i]), 0);
		test(bench);
		bench_teardown(&state);
	}
}

static void put_and_load(struct bench *bench)
{
	const struct pair_row *row;

	bench_put(bench, "juliet", "1001", PAIR_ASKED, 100);
	bench_put(bench, "romeo", "1001", PAIR_REFUSED, 200);
	bench_put(bench, "juliet", "1001", PAIR_GRANTED, 300); /* replaces */
	bench_load(bench);
	assert_int_equal(bench->row_count, 2);
	row = bench_row(bench, "juliet", "1001");
	assert_non_null(row);
	assert_int_equal(row->state, PAIR_GRANTED);
	assert_int_equal(row->asked_at, 300);
	assert_int_equal(row->heard_at, 301);
	assert_int_equal(row->watcher.side, SIDE_XMPP);
	assert_string_equal(row->watched.domain, "pbx.example");
	bench_drop(bench, "juliet", "1001");
	bench_drop(bench, "nobody", "1001");
	bench_load(bench);
	assert_null(bench_row(bench, "juliet", "1001"));
	assert_non_null(bench_row(bench, "romeo", "1001"));
	for (size_t i = 0; i < bench->done; i++)
		assert_int_equal(bench->errors[i], 0);
}

static void test_put_and_load(void **state)
{
	(void)state;
	each_engine(put_and_load);
}

static void keeps_first_spelling(struct bench *bench)
{
	bench_put_spelling(bench, "alice", "Alice");
	bench_put_spelling(bench, "alice", "ALICE");
	bench_put_spelling(bench, "bob", "bob");
	bench_load(bench);
	assert_int_equal(bench->spelling_count, 2);
	for (size_t i = 0; i < 2; i++) {
		if (strcmp(bench->spellings[i].address.local, "alice") == 0)
			assert_string_equal(bench->spellings[i].text, "Alice");
	}
}

/* D-07: the first spelling seen is kept */
static void test_first_spelling_wins(void **state)
{
	(void)state;
	each_engine(keeps_first_spelling);
}

static void calls_back_later(struct bench *bench)
{
	bench_put(bench, "juliet", "1001", PAIR_ASKED, 1);
	assert_int_equal(bench->done, 0);
	bench_put(bench, "juliet", "1002", PAIR_NONE, 1);   /* breaks a rule */
	bench_put(bench, "juliet", "1003", PAIR_ASKED, -1); /* so does this */
	bench_put(bench, "juliet", "1004", PAIR_ENDED, 1);
	bench_stop(bench);
	bench_put(bench, "juliet", "1005", PAIR_ASKED, 1);
	assert_int_equal(bench->done, 0);
	bench_wait(bench);
	assert_int_equal(bench->errors[0], 0);
	assert_int_equal(bench->errors[1], EINVAL);
	assert_int_equal(bench->errors[2], EINVAL);
	assert_int_equal(bench->errors[3], 0);
	assert_int_equal(bench->errors[4], 0);
	assert_int_equal(bench->errors[5], ESHUTDOWN);
}

/* Completions come later, in the order of the calls, one bad row does not spoil the others, and
 * after store_stop() nothing is accepted. */
static void test_order_and_stop(void **state)
{
	(void)state;
	each_engine(calls_back_later);
}

static void frees_pending(struct bench *bench)
{
	for (int i = 0; i < 100; i++)
		bench_put(bench, "juliet", "1001", PAIR_ASKED, i);
	bench_close(bench);
	fake_loop_run(bench->loop);
	assert_int_equal(bench->done, 0);
}

/* No completion after store_free(): its argument may be gone. */
static void test_free_with_pending(void **state)
{
	(void)state;
	each_engine(frees_pending);
}

static void keys_differ(struct bench *bench)
{
	struct bench other = *bench;
	static const uint8_t zeros[HASH_KEY_BYTES];

	assert_memory_not_equal(store_key(bench->store), zeros, HASH_KEY_BYTES);
	snprintf(other.path, sizeof other.path, "%s/other.db", bench->directory);
	assert_int_equal(bench_open(&other, "sqlite"), 0);
	assert_memory_not_equal(store_key(bench->store), store_key(other.store), HASH_KEY_BYTES);
	assert_int_equal(store_last_alive(bench->store), 0);
	store_free(&other.store);
}

/* D-10: each installation has a key of its own */
static void test_keys_differ(void **state)
{
	(void)state;
	each_engine(keys_differ);
}

/* The failing engine opens, and then gives an error for each request, later. */
static void test_failing_engine(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(bench_open(bench, "failing"), 0);
	bench_put(bench, "juliet", "1001", PAIR_ASKED, 1);
	store_alive(bench->store, 5, NULL, NULL);
	assert_int_equal(bench->done, 0);
	bench_load(bench);
	assert_int_equal(bench->row_count, 0);
	assert_int_equal(bench->errors[0], EIO);
	assert_int_equal(bench->errors[1], EIO);
	assert_int_equal(bench->errors[2], EIO);
	bench_put(bench, "juliet", "1001", PAIR_ASKED, 1);
	bench_close(bench);
	fake_loop_run(bench->loop);
	assert_int_equal(bench->done, 3);
}

static void test_unknown_engine(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(bench_open(bench, "oracle"), ENOENT);
	assert_non_null(strstr(bench->error, "oracle"));
	assert_null(bench->store);
}

static void test_state_names(void **state)
{
	(void)state;
	assert_string_equal(pair_state_name(PAIR_NONE), "none");
	assert_string_equal(pair_state_name(PAIR_ASKED), "asked");
	assert_string_equal(pair_state_name(PAIR_GRANTED), "granted");
	assert_string_equal(pair_state_name(PAIR_REFUSED), "refused");
	assert_string_equal(pair_state_name(PAIR_ENDED), "ended");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_and_load),
		cmocka_unit_test(test_first_spelling_wins),
		cmocka_unit_test(test_order_and_stop),
		cmocka_unit_test(test_free_with_pending),
		cmocka_unit_test(test_keys_differ),
		cmocka_unit_test_setup_teardown(test_failing_engine, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_unknown_engine, bench_setup, bench_teardown),
		cmocka_unit_test(test_state_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
