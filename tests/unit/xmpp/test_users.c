/* What is remembered of chat users: rates, resources, and no more than so many of them. */
#include <stdio.h>

#include "model/limits.h"
#include "support/check.h"
#include "xmpp/domain_rates.h"
#include "xmpp/users.h"

/* [SEC-087]
 * [limit messages_per_user_per_s] [limit messages_per_user_burst] [limit reports_per_user_per_s] */
static void one_user_does_not_spend_for_another(void **state)
{
	struct limits limits;
	struct users *users;
	unsigned taken = 0;

	(void)state;
	limits_defaults(&limits);
	users = users_new(&limits);
	while (taken < 1000 && users_take(users, "a@x", USER_RATE_MESSAGE, 0))
		taken++;
	assert_int_equal(taken, limits.messages_per_user_burst);
	assert_true(users_take(users, "b@x", USER_RATE_MESSAGE, 0));
	assert_true(users_take(users, "a@x", USER_RATE_REQUEST, 0));
	/* all that waited for a client that comes online is acknowledged at once */
	for (taken = 0; users_take(users, "a@x", USER_RATE_REPORT, 0) && taken < 10000; taken++)
		continue;
	assert_int_equal(taken, 50 * limits.reports_per_user_per_s);
	/* one second later as many as the rate says */
	for (taken = 0; users_take(users, "a@x", USER_RATE_MESSAGE, 1000); taken++)
		continue;
	assert_int_equal(taken, limits.messages_per_user_per_s);
	users_free(&users);
}

/* A client that signs in probes all its contacts at once. [limit stanzas_per_user_per_s] */
static void signing_in_is_no_flood(void **state)
{
	struct limits limits;
	struct users *users;

	(void)state;
	limits_defaults(&limits);
	users = users_new(&limits);
	for (int64_t i = 0; i < limits.watches_per_watcher + limits.stanzas_per_user_per_s; i++)
		assert_true(users_take(users, "a@x", USER_RATE_REQUEST, 0));
	assert_false(users_take(users, "a@x", USER_RATE_REQUEST, 0));
	users_free(&users);
}

/* [D-20] [CMP-039] */
static void the_last_resource_is_the_user(void **state)
{
	struct limits limits;
	struct users *users;
	char resource[16];

	(void)state;
	limits_defaults(&limits);
	users = users_new(&limits);
	users_came(users, "a@x", "one", 0, 0);
	users_came(users, "a@x", "two", 0, 0);
	users_came(users, "a@x", "two", 0, 0);
	assert_false(users_went(users, "a@x", "one", 0));
	assert_false(users_went(users, "a@x", "three", 0));
	assert_true(users_went(users, "a@x", "two", 0));
	assert_false(users_went(users, "b@x", "never seen", 0));
	for (int i = 0; i < 2 * USER_RESOURCES_MAX; i++) {
		snprintf(resource, sizeof(resource), "r%d", i);
		users_came(users, "a@x", resource, 0, 0);
	}
	assert_true(users_went(users, "a@x", NULL, 0));
	users_free(&users);
}

/* [SEC-087]: memory is bounded */
static void the_oldest_makes_room(void **state)
{
	struct limits limits;
	struct users *users;
	char bare[32];

	(void)state;
	limits_defaults(&limits);
	users = users_new(&limits);
	users_came(users, "kept@x", "one", 0, 0);
	users_came(users, "kept@x", "two", 0, 0);
	for (int i = 0; i < USERS_MAX + 100; i++) {
		snprintf(bare, sizeof(bare), "u%d@x", i);
		users_take(users, bare, USER_RATE_MESSAGE, 0);
		users_came(users, "kept@x", "one", 0, 0); /* heard of all the time */
	}
	assert_int_equal(users_count(users), USERS_MAX);
	assert_false(users_went(users, "kept@x", "one", 0));
	users_free(&users);
}

/* [SEC-080] [REL-048] [SEC-088]: domains are bounded, too, and who speaks all the time keeps his
 * bucket. */
static void domains_are_bounded(void **state)
{
	struct limits limits;
	struct domain_rates *rates;
	char name[32];

	(void)state;
	limits_defaults(&limits);
	limits.stanzas_per_domain_per_s = 1;
	rates = domain_rates_new(&limits);
	for (int i = 0; i < DOMAIN_BURST_S; i++)
		assert_true(domain_rates_take(rates, "loud.example", false, 0));
	for (int i = 0; i < 10 * DOMAIN_RATES_MAX; i++) {
		snprintf(name, sizeof(name), "d%d.example", i);
		assert_true(domain_rates_take(rates, name, false, 0));
		assert_false(domain_rates_take(rates, "loud.example", false, 0));
	}
	assert_int_equal(domain_rates_count(rates), DOMAIN_RATES_MAX);
	assert_true(domain_rates_take(rates, "loud.example", false, 1000));
	assert_false(domain_rates_take(rates, "loud.example", false, 1000));
	domain_rates_free(&rates);
}

/* Long names of many resources of many users. */
static void all_together_are_bounded(void **state)
{
	struct limits limits;
	struct users *users;
	char bare[32], resource[1024];
	size_t known = 0;
	unsigned count;

	(void)state;
	limits_defaults(&limits);
	users = users_new(&limits);
	for (int i = 0; i < USERS_BYTES_MAX / 1000; i++) {
		snprintf(bare, sizeof(bare), "u%d@x", i / USER_RESOURCES_MAX);
		snprintf(resource, sizeof(resource), "%01000d", i);
		users_came(users, bare, resource, 0, 0);
		users_came(users, "kept@x", "one", 0, 0);
	}
	for (int i = 0; i < USERS_BYTES_MAX / 1000; i += USER_RESOURCES_MAX) {
		snprintf(bare, sizeof(bare), "u%d@x", i / USER_RESOURCES_MAX);
		(void)users_resources(users, bare, &count);
		known += count;
	}
	assert_in_range(known, 1, USERS_BYTES_MAX / 1000 - 1);
	(void)users_resources(users, bare, &count); /* the last one */
	assert_int_not_equal(count, 0);
	(void)users_resources(users, "kept@x", &count);
	assert_int_equal(count, 1);
	/* nothing is left of what went */
	(void)users_went(users, "kept@x", NULL, 0);
	(void)users_resources(users, "kept@x", &count);
	assert_int_equal(count, 0);
	users_free(&users);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_user_does_not_spend_for_another),
		cmocka_unit_test(signing_in_is_no_flood),
		cmocka_unit_test(the_last_resource_is_the_user),
		cmocka_unit_test(the_oldest_makes_room),
		cmocka_unit_test(all_together_are_bounded),
		cmocka_unit_test(domains_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
