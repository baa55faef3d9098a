#include "support/check.h"

#include "base/mem.h"
#include "sip/watching.h"

static struct address user(enum side side, const char *local)
{
	struct address out;

	address_set(&out, side, local, side == SIDE_SIP ? "pbx.example" : "chat.example");
	return out;
}

/* [D-55] [PRES-078]: counts by pair, by watcher, by watched. */
static void counts(void **state)
{
	struct watchings *book = watchings_new();
	struct address ann = user(SIDE_SIP, "ann"), bob = user(SIDE_SIP, "bob");
	struct address juliet = user(SIDE_XMPP, "juliet");
	struct subscription one = {0}, two = {0}, three = {0};

	(void)state;
	list_init(&one.link);
	list_init(&two.link);
	list_init(&three.link);
	assert_null(watchings_find(book, &ann, &juliet));
	watching_put(book, watchings_get(book, &ann, &juliet), &one);
	watching_put(book, watchings_get(book, &ann, &juliet), &two);
	watching_put(book, watchings_get(book, &bob, &juliet), &three);
	assert_int_equal(watchings_count(book), 2);
	assert_int_equal(watchings_of_watcher(book, &ann), 2);
	assert_int_equal(watchings_of_watched(book, &juliet), 3);
	assert_false(watching_take(book, &one));
	assert_null(one.watching);
	assert_true(watching_take(book, &two));
	assert_null(watchings_find(book, &ann, &juliet));
	assert_non_null(watchings_find(book, &bob, &juliet));
	assert_int_equal(watchings_of_watcher(book, &ann), 0);
	assert_int_equal(watchings_of_watched(book, &juliet), 1);
	assert_true(watching_take(book, &three));
	assert_int_equal(watchings_users(book), 0); /* [REL-048] */
	watchings_free(&book);
	watchings_free(&book);
	address_clear(&ann);
	address_clear(&bob);
	address_clear(&juliet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
