/* Display names of SIP users (D-32): the newest counts, and no more than so many are kept. */
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "xmpp/names.h"

static void the_newest_counts(void **state)
{
	struct names *names = names_new();

	(void)state;
	assert_null(names_find(names, "a@x"));
	names_put(names, "a@x", "Al");
	names_put(names, "a@x", NULL);
	names_put(names, "a@x", "");
	assert_string_equal(names_find(names, "a@x"), "Al");
	names_put(names, "a@x", "Alice");
	assert_string_equal(names_find(names, "a@x"), "Alice");
	assert_int_equal(names_count(names), 1);
	names_free(&names);
	names_free(&names);
}

/* [SEC-088] */
static void both_are_bounded(void **state)
{
	struct names *names = names_new();
	char text[2 * NAME_BYTES_MAX];
	char bare[20];

	(void)state;
	/* two bytes a character: cut between two */
	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[sizeof(text) - 1] = '\0';
	text[sizeof(text) - 2] = '\0';
	names_put(names, "first@x", text + 0);
	assert_true(strlen(names_find(names, "first@x")) <= NAME_BYTES_MAX);
	assert_int_equal(strlen(names_find(names, "first@x")) % 2, 0);
	for (int i = 0; i < NAMES_MAX; i++) {
		(void)snprintf(bare, sizeof(bare), "%d@x", i);
		names_put(names, bare, "n");
	}
	assert_int_equal(names_count(names), NAMES_MAX);
	assert_null(names_find(names, "first@x"));
	assert_non_null(names_find(names, "0@x"));
	names_free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_counts),
		cmocka_unit_test(both_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
