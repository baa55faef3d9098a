/* What is kept of messages between one try and the next. */
#include "sip/unfinished.h"

#include <stdio.h>

#include "support/check.h"

/* [REL-004]: taken once, the last word counts. */
static void place_is_taken_once(void **state)
{
	struct unfinished *unfinished = unfinished_new();
	struct unfinished_value value = {.most = 100, .part = 2, .steps = 1};
	struct unfinished_value got;

	(void)state;
	assert_false(unfinished_take(unfinished, "a", &got));
	unfinished_put(unfinished, "a", &value);
	value = (struct unfinished_value){.part = 3, .is_uncertain = true};
	unfinished_put(unfinished, "a", &value);
	assert_false(unfinished_take(unfinished, "b", &got));
	assert_true(unfinished_take(unfinished, "a", &got));
	assert_int_equal(got.part, 3);
	assert_int_equal(got.steps, 0);
	assert_true(got.is_uncertain);
	assert_false(unfinished_take(unfinished, "a", &got));
	unfinished_free(&unfinished);
	assert_null(unfinished);
}

/* [REL-048]: bounded, the oldest makes room. */
static void oldest_makes_room(void **state)
{
	struct unfinished *unfinished = unfinished_new();
	struct unfinished_value value = {.steps = 1};
	struct unfinished_value got;
	char uid[16];

	(void)state;
	for (int i = 0; i <= UNFINISHED_MAX; i++) {
		snprintf(uid, sizeof uid, "%d", i);
		unfinished_put(unfinished, uid, &value);
		if (i == 1)
			unfinished_put(unfinished, "0", &value); /* now 1 is the oldest */
	}
	assert_false(unfinished_take(unfinished, "1", &got));
	assert_true(unfinished_take(unfinished, "0", &got));
	snprintf(uid, sizeof uid, "%d", UNFINISHED_MAX);
	assert_true(unfinished_take(unfinished, uid, &got));
	unfinished_free(&unfinished);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(place_is_taken_once),
		cmocka_unit_test(oldest_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
