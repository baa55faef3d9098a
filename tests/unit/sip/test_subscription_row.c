/* Subscriptions as bytes. */
#include <errno.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/subscription_row.h"

static void same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void same(const struct subscription_row *a, const struct subscription_row *b)
{
	assert_int_equal(a->package, b->package);
	assert_true(address_equal(&a->by, &b->by));
	same_text(a->event_id, b->event_id);
	assert_int_equal(a->list, b->list);
	same_text(a->list_uri, b->list_uri);
	same_text(a->nick, b->nick);
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		same_text(a->members[i].uri, b->members[i].uri);
		same_text(a->members[i].name, b->members[i].name);
	}
	assert_int_equal(a->version, b->version);
	assert_true(a->takes_deflate == b->takes_deflate && a->is_linphone == b->is_linphone &&
		    a->shuns_tcp == b->shuns_tcp && a->has_info == b->has_info);
	assert_int_equal(a->info, b->info);
	assert_int_equal(a->info_event, b->info_event);
}

static struct subscription_row row_of(enum package_id package)
{
	struct subscription_row row = {.package = package};

	address_set(&row.by, SIDE_SIP, "1001", "pbx.example");
	return row;
}

static struct subscription_row a_list(void)
{
	struct subscription_row row = row_of(EVENT_DIALOG);

	row.list = LIST_BROUGHT;
	row.list_uri = mem_strdup("sip:friends@chat.example");
	row.nick = mem_strdup("Änn");
	row.members = mem_zalloc(2 * sizeof *row.members);
	row.count = 2;
	row.members[0].uri = mem_strdup("sip:juliet@chat.example");
	row.members[0].name = mem_strdup("Juliet & co");
	row.members[1].uri = mem_strdup("sip:nurse@chat.example");
	row.version = 4000000;
	row.takes_deflate = row.is_linphone = true;
	return row;
}

static void back_and_forth(struct subscription_row *row)
{
	struct subscription_row back = {0};
	struct buf bytes = BUF_INIT, again = BUF_INIT;

	subscription_row_encode(row, &bytes);
	assert_int_equal(subscription_row_decode(&back, bytes.data, bytes.len), 0);
	same(row, &back);
	subscription_row_encode(&back, &again);
	assert_int_equal(again.len, bytes.len);
	assert_memory_equal(again.data, bytes.data, bytes.len);
	subscription_row_clear(&back);
	subscription_row_clear(row);
	buf_free(&bytes);
	buf_free(&again);
}

/* [REL-013] */
static void round_trips(void **state)
{
	struct subscription_row row = row_of(EVENT_PRESENCE);

	(void)state;
	back_and_forth(&row);
	row = row_of(EVENT_WINFO);
	row.event_id = mem_strdup("7");
	row.has_info = true;
	row.info = WATCHER_WAITING;
	row.info_event = WATCHER_NORESOURCE;
	row.shuns_tcp = true;
	back_and_forth(&row);
	row = a_list();
	back_and_forth(&row);
	row = row_of(EVENT_PRESENCE);
	row.list = LIST_OWN;
	row.list_uri = mem_strdup("sip:team@chat.example");
	back_and_forth(&row);
}

/* A name that cannot stand in a document does not cost the subscription. */
static void a_bad_name(void **state)
{
	struct subscription_row row = a_list(), back = {0};
	struct buf bytes = BUF_INIT;

	(void)state;
	mem_free(row.nick);
	row.nick = mem_strdup("\xff\x01");
	subscription_row_encode(&row, &bytes);
	assert_int_equal(subscription_row_decode(&back, bytes.data, bytes.len), 0);
	assert_null(back.nick);
	subscription_row_clear(&back);
	subscription_row_clear(&row);
	buf_free(&bytes);
}

static void expect_bad(const void *data, size_t len)
{
	struct subscription_row row = {0};

	assert_int_equal(subscription_row_decode(&row, data, len), EBADMSG);
	assert_null(row.by.domain);
	assert_null(row.members);
}

/* Each cut and each flipped bit: read as something sound or refused, never half. [SEC-060] */
static void damage(void **state)
{
	struct subscription_row row = a_list(), back = {0};
	struct buf bytes = BUF_INIT, again = BUF_INIT;

	(void)state;
	subscription_row_encode(&row, &bytes);
	for (size_t len = 0; len < bytes.len; len++)
		expect_bad(bytes.data, len);
	for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
		bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ (1 << bit % 8));
		if (subscription_row_decode(&back, bytes.data, bytes.len) == 0) {
			buf_reset(&again);
			subscription_row_encode(&back, &again);
			assert_int_equal(again.len, bytes.len);
			assert_memory_equal(again.data, bytes.data, bytes.len);
			subscription_row_clear(&back);
		}
		bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ (1 << bit % 8));
	}
	buf_putc(&bytes, '\0');
	expect_bad(bytes.data, bytes.len);
	expect_bad("\x02", 1);
	expect_bad(NULL, 0);
	buf_free(&bytes);
	buf_free(&again);
	subscription_row_clear(&row);
}

/* What would break a header. */
static void not_a_token(void **state)
{
	static const char *const ids[] = {"a\r\nEvil: 1", "a b", "", "a;b"};

	(void)state;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		struct subscription_row row = row_of(EVENT_PRESENCE);
		struct buf bytes = BUF_INIT;

		row.event_id = mem_strdup(ids[i]);
		subscription_row_encode(&row, &bytes);
		expect_bad(bytes.data, bytes.len);
		subscription_row_clear(&row);
		buf_free(&bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(a_bad_name),
		cmocka_unit_test(damage),
		cmocka_unit_test(not_a_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
