/* Randomness, back-off and rates. */
#include "support/check.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/rate.h"

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

/* [SEC-009] a million values of 128 bits, none twice */
static void test_no_repeat(void **state)
{
	enum { COUNT = 1000000 };
	uint8_t(*values)[16] = mem_array(COUNT, 16);

	(void)state;
	for (unsigned i = 0; i < COUNT; i++)
		random_bytes(values[i], 16);
	qsort(values, COUNT, 16, compare);
	for (unsigned i = 1; i < COUNT; i++)
		assert_memory_not_equal(values[i - 1], values[i], 16);
	mem_free(values);
}

/* [SEC-009] parent and child do not hand out the same bytes from a shared buffer */
static void test_fork(void **state)
{
	uint8_t mine[32];
	uint8_t theirs[32];
	int pipes[2];
	pid_t child;

	(void)state;
	random_bytes(mine, 1); /* fills the buffer */
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		random_bytes(theirs, sizeof theirs);
		_exit(write(pipes[1], theirs, sizeof theirs) == sizeof theirs ? 0 : 1);
	}
	random_bytes(mine, sizeof mine);
	assert_int_equal(read(pipes[0], theirs, sizeof theirs), sizeof theirs);
	assert_memory_not_equal(mine, theirs, sizeof mine);
	waitpid(child, NULL, 0);
	close(pipes[0]);
	close(pipes[1]);
}

static void test_below(void **state)
{
	unsigned seen[7] = {0};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		uint64_t value = random_below(7);

		assert_true(value < 7);
		seen[value]++;
	}
	for (int i = 0; i < 7; i++)
		assert_true(seen[i] > 0);
	assert_int_equal(random_below(1), 0);
	assert_true(random_below(UINT64_MAX) < UINT64_MAX);
}

static void test_hex(void **state)
{
	char hex[41];
	uint8_t large[2000] = {0};
	unsigned zeros = 0;

	(void)state;
	memset(hex, 'x', sizeof hex);
	random_hex(hex, 20);
	assert_int_equal(strlen(hex), 40);
	assert_int_equal(strspn(hex, "0123456789abcdef"), 40);
	random_bytes(large, sizeof large); /* more than the buffer holds */
	for (unsigned i = 0; i < sizeof large; i++)
		zeros += large[i] == 0;
	assert_true(zeros < 200);
}

/* REL-021: doubling from the first to the longest delay, each random in its upper half
 * [EVT-028] */
static void test_backoff(void **state)
{
	static const uint32_t steps[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	struct backoff backoff;

	(void)state;
	for (int round = 0; round < 200; round++) {
		backoff_init(&backoff, 1000, 60000);
		for (size_t i = 0; i < CHECK_COUNT(steps); i++)
			assert_in_range(backoff_next_ms(&backoff), steps[i] / 2, steps[i]);
		backoff_reset(&backoff);
		assert_in_range(backoff_next_ms(&backoff), 500, 1000);
	}
	backoff_init(&backoff, 5000, 10); /* the longest is not below the first */
	assert_in_range(backoff_next_ms(&backoff), 2500, 5000);
	assert_in_range(backoff_next_ms(&backoff), 2500, 5000);
}

static void test_rate(void **state)
{
	struct rate rate;
	uint64_t now = 1000;

	(void)state;
	rate_init(&rate, 3, now);
	for (int i = 0; i < 3; i++)
		assert_true(rate_take(&rate, 10, 3, now));
	assert_false(rate_take(&rate, 10, 3, now));
	assert_in_range(rate_wait_ms(&rate, 10, 3, now), 100, 101);
	assert_false(rate_take(&rate, 10, 3, now + 99));
	assert_true(rate_take(&rate, 10, 3, now + 101));
	assert_false(rate_take(&rate, 10, 3, now + 101));
	/* A long time fills it up to the burst, no further. */
	now += 1000000;
	for (int i = 0; i < 3; i++)
		assert_true(rate_take(&rate, 10, 3, now));
	assert_false(rate_take(&rate, 10, 3, now));
	/* A clock that stands still or goes back gives nothing away. */
	assert_false(rate_take(&rate, 10, 3, now - 500));
	assert_int_equal(rate_wait_ms(&rate, 0, 3, now), UINT64_MAX);
	/* Waiting as long as it says is enough. */
	for (int i = 1; i < 50; i++) {
		double per_s = i * 0.37;

		rate_init(&rate, 1, now);
		assert_true(rate_take(&rate, per_s, 1, now));
		now += rate_wait_ms(&rate, per_s, 1, now);
		assert_int_equal(rate_wait_ms(&rate, per_s, 1, now), 0);
		assert_true(rate_take(&rate, per_s, 1, now));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_repeat), cmocka_unit_test(test_fork),
		cmocka_unit_test(test_below),     cmocka_unit_test(test_hex),
		cmocka_unit_test(test_backoff),   cmocka_unit_test(test_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
