#include "support/check.h"

#include "sip/recent.h"

static int status(struct recent *recent, uint64_t key, uint64_t now)
{
	return recent_find(recent, key, now).status;
}

/* [D-38] [D-51]: kept for the time, forgotten before twice the time. */
static void kept_for_its_time(void **state)
{
	struct recent *recent = recent_new(1000, 1 << 16);

	(void)state;
	recent_put(recent, 5, (struct recent_value){200, 7}, 10000);
	assert_int_equal(status(recent, 5, 10000), 200);
	assert_int_equal(recent_find(recent, 5, 10999).extra, 7);
	assert_int_equal(status(recent, 6, 10999), 0);
	assert_int_equal(status(recent, 5, 12100), 0);
	recent_put(recent, 5, (struct recent_value){404, 0}, 12100);
	recent_put(recent, 5, (struct recent_value){503, 0}, 12200);
	assert_int_equal(status(recent, 5, 12300), 503);
	/* a key of nought is a key */
	recent_put(recent, 0, (struct recent_value){200, 0}, 12300);
	assert_int_equal(status(recent, 0, 12300), 200);
	recent_free(&recent);
	assert_null(recent);
	recent_free(&recent);
}

/* Whatever the moment it is put, it lives at least its life. */
static void never_shorter_than_its_life(void **state)
{
	struct recent *recent = recent_new(1000, 1 << 20);

	(void)state;
	for (uint64_t now = 1; now < 20000; now += 37) {
		recent_put(recent, now, (struct recent_value){200, 0}, now);
		for (uint64_t back = now > 999 ? now - 999 : 1; back <= now; back++)
			if ((back - 1) % 37 == 0)
				assert_int_equal(status(recent, back, now), 200);
	}
	recent_free(&recent);
}

/* [REL-048]: bounded, the oldest go. */
static void bounded(void **state)
{
	struct recent *recent = recent_new(1000, 1024);

	(void)state;
	for (uint64_t key = 1; key <= 100000; key++)
		recent_put(recent, key, (struct recent_value){200, 0}, 5);
	assert_true(recent_count(recent) <= 1024);
	assert_int_equal(status(recent, 100000, 5), 200);
	assert_int_equal(status(recent, 1, 5), 0);
	recent_free(&recent);
}

/* [REL-005]: what an earlier process put lives for the rest of its time, and goes in time. */
static void restored_for_the_rest(void **state)
{
	struct recent *recent = recent_new(1000, 8);

	(void)state;
	recent_restore(recent, 5, (struct recent_value){202, 0}, 0, 70);
	recent_restore(recent, 6, (struct recent_value){200, 0}, 999, 71);
	recent_restore(recent, 7, (struct recent_value){200, 0}, 1000, 72); /* too old */
	assert_int_equal(status(recent, 5, 100), 202);
	assert_int_equal(status(recent, 6, 100), 200);
	assert_int_equal(status(recent, 7, 100), 0);
	recent_put(recent, 5, (struct recent_value){200, 0}, 500); /* the newer word counts */
	assert_int_equal(status(recent, 5, 1069), 200);
	assert_int_equal(status(recent, 6, 1069), 200);
	assert_int_equal(status(recent, 6, 1071), 0);
	assert_int_equal(status(recent, 5, 1499), 200);
	for (uint64_t key = 100; key < 200; key++) /* bounded */
		recent_restore(recent, key, (struct recent_value){200, 0}, 0, 1200);
	assert_in_range(recent_count(recent), 1, 8);
	recent_free(&recent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_for_its_time),
		cmocka_unit_test(never_shorter_than_its_life),
		cmocka_unit_test(restored_for_the_rest),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
