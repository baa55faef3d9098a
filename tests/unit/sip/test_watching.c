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
	struct looker one = {.kind = LOOKER_ALONE}, two = {.kind = LOOKER_MEMBER}, three = {0};

	(void)state;
	list_init(&one.link);
	list_init(&two.link);
	list_init(&three.link);
	assert_null(watchings_find(book, &ann, &juliet));
	watching_put(book, watchings_get(book, &ann, &juliet), &one, &ann);
	watching_put(book, watchings_get(book, &ann, &juliet), &two, &ann);
	watching_put(book, watchings_get(book, &bob, &juliet), &three, &bob);
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

/* [D-18] [D-55] [EVT-052]: who looks is counted, whoever watches in his place; those who are only
 * informed keep no pair alive. */
static void a_domain_watches(void **state)
{
	struct watchings *book = watchings_new();
	struct address pbx = user(SIDE_SIP, ""), ann = user(SIDE_SIP, "ann");
	struct address bob = user(SIDE_SIP, "bob"), juliet = user(SIDE_XMPP, "juliet");
	struct looker one = {.kind = LOOKER_ALONE}, two = {.kind = LOOKER_ALONE};
	struct looker informed = {.kind = LOOKER_INFORMED};
	struct watching *watching = watchings_get(book, &pbx, &juliet);

	(void)state;
	watching_put(book, watching, &one, &ann);
	watching_put(book, watching, &two, &bob);
	watching_put(book, watching, &informed, &ann);
	assert_int_equal(watchings_count(book), 1);
	assert_int_equal(watching->count, 2);
	assert_int_equal(watchings_of_watcher(book, &pbx), 0);
	assert_int_equal(watchings_of_watcher(book, &ann), 2);
	assert_int_equal(watchings_of_watched(book, &juliet), 3);
	assert_ptr_equal(watching_find_other(watching, one.by, NULL), &one);
	assert_null(watching_find_other(watching, one.by, &one));
	assert_ptr_equal(informed.by, one.by);
	assert_false(watching_take(book, &one));
	assert_true(watching_take(book, &two));
	assert_ptr_equal(watchings_find(book, &pbx, &juliet), watching);
	assert_false(watching_take(book, &informed));
	assert_int_equal(watchings_count(book), 0);
	assert_int_equal(watchings_users(book), 0);
	watchings_free(&book);
	address_clear(&pbx);
	address_clear(&ann);
	address_clear(&bob);
	address_clear(&juliet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(a_domain_watches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
