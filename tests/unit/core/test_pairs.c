/* The collection of pairs and the small tables beside it: pace, exchanges, echo guard. */
#include "support/check.h"

#include <stdio.h>

#include "base/buf.h"
#include "core/echo_guard.h"
#include "core/exchanges.h"
#include "core/pace.h"
#include "core/pairs.h"
#include "model/message.h"

static struct address user(enum side side, const char *local)
{
	struct address address;

	address_set(&address, side, local, side == SIDE_SIP ? "pbx.example" : "chat.example");
	return address;
}

static void pairs_and_users(void **state)
{
	struct address juliet = user(SIDE_XMPP, "juliet");
	struct address phone = user(SIDE_SIP, "1001");
	struct address other = user(SIDE_SIP, "1002");
	struct pairs *pairs;
	struct pair *one;
	struct pair *back;

	(void)state;
	pairs_new(&pairs);
	assert_null(pairs_find(pairs, &juliet, &phone));
	one = pairs_make(pairs, &juliet, &phone, NULL, 5);
	assert_ptr_equal(pairs_make(pairs, &juliet, &phone, NULL, 6), one);
	/* [PRES-012] a pair is directed */
	assert_null(pairs_find(pairs, &phone, &juliet));
	back = pairs_make(pairs, &phone, &juliet, NULL, 7);
	assert_ptr_not_equal(back, one);
	pairs_make(pairs, &juliet, &other, NULL, 8);
	assert_int_equal(pairs_count(pairs), 3);
	assert_ptr_equal(pairs_find(pairs, &juliet, &phone), one);
	assert_ptr_equal(one->watcher, pairs_find_user(pairs, &juliet));
	assert_ptr_equal(one->watcher, back->watched);
	/* users live as long as a pair of theirs */
	pairs_remove(pairs, one);
	assert_non_null(pairs_find_user(pairs, &phone));
	pairs_remove(pairs, back);
	assert_null(pairs_find_user(pairs, &phone));
	assert_non_null(pairs_find_user(pairs, &juliet));
	pairs_free(&pairs);
	assert_null(pairs);
	pairs_free(&pairs);
	address_clear(&juliet);
	address_clear(&phone);
	address_clear(&other);
}

/* [D-33] a bucket of five, then one per five seconds. */
static void pace_of_a_pair(void **state)
{
	struct pace pace;

	(void)state;
	pace_init(&pace, 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(pace_wait_ms(&pace, 5000, false, 0), 0);
	assert_in_range(pace_wait_ms(&pace, 5000, false, 0), 4999, 5002);
	assert_int_not_equal(pace.due_ms, 0);
	/* urgent goes at once, and nothing waits behind it */
	assert_int_equal(pace_wait_ms(&pace, 5000, true, 10), 0);
	assert_int_equal(pace.due_ms, 0);
	assert_in_range(pace_wait_ms(&pace, 5000, false, 3000), 1999, 2002);
	assert_int_equal(pace_wait_ms(&pace, 5000, false, 5002), 0);
	/* after a quiet minute there are five again, not twelve */
	for (int i = 0; i < 5; i++)
		assert_int_equal(pace_wait_ms(&pace, 5000, false, 65002), 0);
	assert_int_not_equal(pace_wait_ms(&pace, 5000, false, 65002), 0);
	pace_drop(&pace);
	assert_int_equal(pace.due_ms, 0);
}

static void exchanges_by_id_and_age(void **state)
{
	struct exchanges *exchanges;

	(void)state;
	exchanges_new(&exchanges);
	assert_null(exchanges_oldest(exchanges));
	for (exchange_id x = 1; x <= 5000; x++)
		exchanges_add(exchanges, x * 256, SIDE_SIP, x);
	assert_int_equal(exchanges_count(exchanges), 5000);
	assert_int_equal(exchanges_oldest(exchanges)->x, 256);
	for (exchange_id x = 1; x <= 5000; x += 2)
		exchanges_remove(exchanges, exchanges_find(exchanges, x * 256));
	assert_null(exchanges_find(exchanges, 256));
	assert_null(exchanges_find(exchanges, 7));
	assert_int_equal(exchanges_oldest(exchanges)->x, 512);
	assert_int_equal(exchanges_find(exchanges, 5000 * 256)->since_ms, 5000);
	assert_int_equal(exchanges_count(exchanges), 2500);
	exchanges_free(&exchanges);
	assert_null(exchanges);
}

static bool hit(struct echo_guard *guard, const struct address *from, const struct address *to,
		const char *text, uint64_t now_ms)
{
	struct message message = {.body = (char *)(uintptr_t)text, .body_len = strlen(text)};
	struct buf scratch = BUF_INIT;
	bool is_hit = echo_guard_hit(guard, from, to, &message, now_ms, &scratch);

	buf_free(&scratch);
	return is_hit;
}

/* [SEC-073] both directions count; a loop is found among many other messages. */
static void echo_among_others(void **state)
{
	static const uint8_t key[HASH_KEY_BYTES] = {7};
	struct address juliet = user(SIDE_XMPP, "juliet");
	struct address phone = user(SIDE_SIP, "1001");
	struct echo_guard *guard;
	char text[32];
	int n = 0;

	(void)state;
	echo_guard_new(&guard, key);
	for (int i = 0; i < ECHO_MOST; i++) {
		assert_false(i % 2 == 0 ? hit(guard, &juliet, &phone, "ping", 1000 + 250 * i)
					: hit(guard, &phone, &juliet, "ping", 1000 + 250 * i));
		for (int other = 0; other < 2000; other++) {
			(void)snprintf(text, sizeof text, "text %d", n++);
			assert_false(hit(guard, &phone, &juliet, text, 1000 + 250 * i));
		}
	}
	assert_true(hit(guard, &phone, &juliet, "ping", 9000));
	assert_false(hit(guard, &phone, &juliet, "ping", 11000));
	echo_guard_free(&guard);
	address_clear(&juliet);
	address_clear(&phone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_and_users),
		cmocka_unit_test(pace_of_a_pair),
		cmocka_unit_test(exchanges_by_id_and_age),
		cmocka_unit_test(echo_among_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
