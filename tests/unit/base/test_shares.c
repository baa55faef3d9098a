/* Shares of a budget. */
#include "support/check.h"

#include "base/shares.h"

enum { MOST = 100 };

static size_t fill(struct shares *shares, uint64_t who, uint64_t now_ms, size_t most)
{
	size_t taken = 0;

	while (taken < most && shares_ask(shares, who, MOST, now_ms)) {
		shares_take(shares, who);
		taken++;
	}
	return taken;
}

/* [REL-047] Who is alone has all; two have half each; and who had all gets no more from the moment
 * that another one asks, until he is below the half or was alone again for a while. */
static void half_while_others_wait(void **state)
{
	struct shares shares;

	(void)state;
	shares_init(&shares);
	assert_int_equal(fill(&shares, 1, 0, MOST), MOST);
	assert_true(shares_ask(&shares, 2, MOST, 10));
	assert_false(shares_ask(&shares, 1, MOST, 20));
	for (int i = 0; i < MOST / 2; i++) {
		assert_false(shares_ask(&shares, 1, MOST, 30));
		shares_give(&shares, 1);
	}
	assert_false(shares_ask(&shares, 1, MOST, 40));
	shares_give(&shares, 1);
	assert_true(shares_ask(&shares, 1, MOST, 40));
	assert_int_equal(fill(&shares, 2, 50, MOST), MOST / 2);
	assert_int_equal(fill(&shares, 1, 60, MOST), 1);
	assert_int_equal(fill(&shares, 3, 60, 10), 10);
	for (int i = 0; i < 10; i++)
		shares_give(&shares, 3);
	assert_int_equal(shares_takers(&shares), 2);
	for (int i = 0; i < MOST / 2; i++)
		shares_give(&shares, 2);
	assert_int_equal(shares_takers(&shares), 1);
	assert_false(shares_ask(&shares, 1, MOST, 60 + SHARES_LATELY_MS));
	assert_true(shares_ask(&shares, 1, MOST, 61 + SHARES_LATELY_MS));
	shares_clear(&shares);
	shares_clear(&shares);
}

/* Of one, everybody has it. */
static void small_budgets(void **state)
{
	struct shares shares;

	(void)state;
	shares_init(&shares);
	assert_true(shares_ask(&shares, 1, 1, 0));
	shares_take(&shares, 1);
	assert_true(shares_ask(&shares, 2, 1, 0));
	assert_false(shares_ask(&shares, 1, 1, 0));
	shares_clear(&shares);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_while_others_wait),
		cmocka_unit_test(small_budgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
