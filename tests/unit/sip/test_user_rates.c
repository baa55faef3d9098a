#include "support/check.h"

#include <stdio.h>

#include "model/address.h"
#include "sip/user_rates.h"

static bool take(struct user_rates *rates, const char *user, uint64_t now_ms)
{
	struct address address;
	bool may;

	address_set(&address, SIDE_SIP, user, "pbx.example");
	may = user_rates_take(rates, &address, 5, 10, now_ms);
	address_clear(&address);
	return may;
}

/* [RCPT-071]: so many a second and twice as many at once, each user for himself. */
static void each_user_has_his_own(void **state)
{
	struct user_rates *rates = user_rates_new();

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(take(rates, "1001", 1000));
	assert_false(take(rates, "1001", 1000));
	assert_true(take(rates, "1002", 1000));
	assert_false(take(rates, "1001", 1199));
	assert_true(take(rates, "1001", 1201));
	assert_false(take(rates, "1001", 1202));
	assert_int_equal(user_rates_count(rates), 2);
	user_rates_free(&rates);
	assert_null(rates);
	user_rates_free(&rates);
}

/* [REL-048]: bounded; who was unseen longest is forgotten. */
static void bounded(void **state)
{
	struct user_rates *rates = user_rates_new();
	char name[16];

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(take(rates, "noisy", 0));
	for (int i = 0; i < USER_RATES_MAX + 100; i++) {
		snprintf(name, sizeof name, "%d", i);
		assert_true(take(rates, name, 0));
		if (i % 1000 == 0)
			assert_false(take(rates, "noisy", 0)); /* seen: not forgotten */
	}
	assert_int_equal(user_rates_count(rates), USER_RATES_MAX);
	user_rates_free(&rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_user_has_his_own),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
