/* Neutral values: addresses, faults, limits, counters, messages, profiles, exchanges. */
#include "support/check.h"

#include <errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/address.h"
#include "model/counters.h"
#include "model/exchange.h"
#include "model/fault.h"
#include "model/limits.h"
#include "model/message.h"
#include "model/profile.h"

static const struct {
	enum side side;
	const char *local;
	const char *domain;
	const char *printed;
} addresses[] = {
	{SIDE_SIP, "1001", "pbx.example", "sip:1001@pbx.example"},
	{SIDE_XMPP, "juliet", "chat.example", "xmpp:juliet@chat.example"},
	{SIDE_XMPP, "", "chat.example", "xmpp:chat.example"},
	{SIDE_SIP, "", "pbx.example", "sip:pbx.example"},
	{SIDE_SIP, "a;b@c/d", "pbx.example", "sip:a;b@c/d@pbx.example"},
	{SIDE_XMPP, "o\\27hara", "chat.example", "xmpp:o\\27hara@chat.example"},
	{SIDE_SIP, "1001", "pbx.exampl", "sip:1001@pbx.exampl"},
	{SIDE_SIP, "e1001", "pbx.exampl", "sip:e1001@pbx.exampl"},
};

/* Keys are equal exactly for equal addresses, and come back. */
static void test_address_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(addresses); i++) {
		struct address a;
		struct address back;
		struct buf key = BUF_INIT;
		struct buf text = BUF_INIT;

		address_set(&a, addresses[i].side, addresses[i].local, addresses[i].domain);
		address_key(&a, &key);
		assert_int_equal(address_from_key(&back, key.data, key.len), key.len);
		assert_true(address_equal(&a, &back));
		for (size_t cut = 0; cut < key.len; cut++)
			assert_int_equal(address_from_key(&back, key.data, cut), 0);
		address_print(&a, &text);
		assert_string_equal(buf_text(&text), addresses[i].printed);
		for (size_t j = 0; j < CHECK_COUNT(addresses); j++) {
			struct address b;
			struct buf other = BUF_INIT;

			address_set(&b, addresses[j].side, addresses[j].local, addresses[j].domain);
			address_key(&b, &other);
			assert_int_equal(address_equal(&a, &b), i == j);
			assert_int_equal(other.len == key.len &&
						 memcmp(other.data, key.data, key.len) == 0,
					 i == j);
			buf_free(&other);
			address_clear(&b);
		}
		address_clear(&a);
		address_clear(&a);
		address_clear(&back);
		buf_free(&key);
		buf_free(&text);
	}
}

static void test_address_bad_keys(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} keys[] = {{"", 0}, {"Z", 1}, {"Sa", 2}, {"Ta\0b\0", 5}, {"S\0b\0", 4}, {"Sa\0b", 4}};
	char long_key[2100];
	struct address out;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(keys); i++)
		assert_int_equal(address_from_key(&out, keys[i].bytes, keys[i].len), 0);
	memset(long_key, 'a', sizeof long_key);
	long_key[0] = 'S';
	long_key[ADDRESS_PART_MAX + 1] = '\0';
	long_key[ADDRESS_PART_MAX + 2] = '\0';
	assert_int_equal(address_from_key(&out, long_key, sizeof long_key), ADDRESS_PART_MAX + 3);
	address_clear(&out);
	long_key[ADDRESS_PART_MAX + 1] = 'a';
	assert_int_equal(address_from_key(&out, long_key, sizeof long_key), 0);
	assert_int_equal(side_other(SIDE_SIP), SIDE_XMPP);
	assert_int_equal(side_other(SIDE_XMPP), SIDE_SIP);
}

static void test_faults(void **state)
{
	struct fault fault;
	enum fault_type type;
	char text[600];

	(void)state;
	for (int i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
		const char *name = fault_name((enum fault_code)i);

		assert_non_null(name);
		assert_int_equal(fault_from_name(name), i);
	}
	assert_int_equal(fault_from_name("payment-required"), FAULT_UNDEFINED_CONDITION);
	assert_int_equal(fault_from_name("none"), FAULT_UNDEFINED_CONDITION);
	fault_set(&fault, FAULT_REMOTE_SERVER_TIMEOUT, NULL);
	assert_false(fault_is_uncertain(&fault));
	fault_set_uncertain(&fault);
	assert_string_equal(fault.text, "delivery is uncertain");
	fault_set(&fault, FAULT_REMOTE_SERVER_TIMEOUT, "no answer");
	for (int i = 0; i < 2; i++) {
		fault_set_uncertain(&fault);
		assert_string_equal(fault.text, "no answer: delivery is uncertain");
	}
	memset(fault.text, 'a', FAULT_TEXT_MAX - 1);
	fault_set_uncertain(&fault);
	assert_true(strlen(fault.text) < FAULT_TEXT_MAX);
	assert_true(fault_is_uncertain(&fault));
	assert_string_equal(fault_name(FAULT_ITEM_NOT_FOUND), "item-not-found");
	assert_int_equal(fault_usual_type(FAULT_ITEM_NOT_FOUND), FAULT_TYPE_CANCEL);
	assert_int_equal(fault_usual_type(FAULT_FORBIDDEN), FAULT_TYPE_AUTH);
	assert_int_equal(fault_usual_type(FAULT_REMOTE_SERVER_TIMEOUT), FAULT_TYPE_WAIT);
	assert_int_equal(fault_usual_type(FAULT_JID_MALFORMED), FAULT_TYPE_MODIFY);
	for (int i = FAULT_TYPE_CANCEL; i <= FAULT_TYPE_WAIT; i++) {
		assert_true(fault_type_from_name(fault_type_name((enum fault_type)i), &type));
		assert_int_equal(type, i);
	}
	assert_false(fault_type_from_name("never", &type));
	fault_set(&fault, FAULT_GONE, NULL);
	assert_string_equal(fault.text, "");
	assert_int_equal(fault.code, FAULT_GONE);
	memset(text, 'a', sizeof text);
	memcpy(text + FAULT_TEXT_MAX - 2, "\xe2\x82\xac", 3);
	text[sizeof text - 1] = '\0';
	fault_set(&fault, FAULT_CONFLICT, text);
	assert_int_equal(strlen(fault.text), FAULT_TEXT_MAX - 2); /* at a character boundary */
	assert_int_equal(fault.type, FAULT_TYPE_CANCEL);
}

struct tally {
	unsigned count;
	int64_t expires;
	uint64_t hits;
};

static void on_limit(const char *name, int64_t value, uint64_t hits, const char *what, void *arg)
{
	struct tally *tally = arg;

	tally->count++;
	assert_true(strlen(what) > 5);
	if (strcmp(name, "expires_max_s") == 0) {
		tally->expires = value;
		tally->hits = hits;
	}
}

/* Every default lies in its range, and the ends of the range are in. */
static void on_each_range(const char *name, int64_t value, uint64_t hits, const char *what,
			  void *arg)
{
	struct limits limits;
	int64_t least;
	int64_t most;

	(void)hits;
	(void)what;
	(*(unsigned *)arg)++;
	assert_int_equal(limits_put(&limits, name, value, &least, &most), 0);
	assert_int_equal(limits_put(&limits, name, least, &least, &most), 0);
	assert_int_equal(limits_put(&limits, name, most, &least, &most), 0);
	assert_int_equal(limits_put(&limits, name, least - 1, &least, &most), ERANGE);
	assert_int_equal(limits_put(&limits, name, most + 1, &least, &most), ERANGE);
	assert_true(least > 0 && least <= value && value <= most);
}

static void test_limits(void **state)
{
	struct limits limits;
	struct limits_hit hits = {.expires_max_s = 7};
	struct tally tally = {0};
	unsigned count = 0;
	int64_t least = 0;
	int64_t most = 0;

	(void)state;
	limits_defaults(&limits);
	assert_int_equal(limits.pairs, 1000000);
	assert_int_equal(limits.expires_min_s, 60);         /* D-58 */
	assert_int_equal(limits.watches_per_watcher, 2000); /* D-55 */
	assert_int_equal(limits_put(&limits, "expires_max_s", 7200, &least, &most), 0);
	assert_int_equal(limits_put(&limits, "expires_max_s", 59, &least, &most), ERANGE);
	assert_int_equal(least, 60);
	assert_int_equal(most, 86400);
	assert_int_equal(limits_put(&limits, "no_such", 1, &least, &most), ENOENT);
	limits_each(&limits, &hits, on_limit, &tally);
	assert_int_equal(tally.expires, 7200);
	assert_int_equal(tally.hits, 7);
	assert_int_equal(tally.count * sizeof(int64_t), sizeof limits);
	limits_each(&limits, NULL, on_limit, &tally);
	assert_int_equal(tally.hits, 0);
	limits_defaults(&limits);
	limits_each(&limits, NULL, on_each_range, &count);
	assert_int_equal(count * sizeof(int64_t), sizeof limits);
}

static void on_counter(const char *name, uint64_t value, const char *what, void *arg)
{
	struct tally *tally = arg;

	tally->count++;
	assert_true(strlen(what) > 5);
	if (strcmp(name, "store_failed") == 0)
		tally->hits = value;
}

/* REL-060: every counter has a name and a line */
static void test_counters(void **state)
{
	struct counters counters = {.store_failed = 9};
	struct tally tally = {0};

	(void)state;
	counters_each(&counters, on_counter, &tally);
	assert_int_equal(tally.hits, 9);
	assert_int_equal(tally.count * sizeof(uint64_t), sizeof counters - sizeof counters.limits);
}

static void test_message(void **state)
{
	struct message message = {.kind = MESSAGE_NORMAL, .hops = 70, .sent_at_ms = 5};
	struct message copy;

	(void)state;
	message.uid = mem_strdup("uid");
	message.body = mem_strndup("bo\0dy", 5);
	message.body_len = 5;
	message.thread = mem_strdup("t");
	message_copy(&copy, &message);
	message_clear(&message);
	message_clear(&message);
	assert_string_equal(copy.uid, "uid");
	assert_memory_equal(copy.body, "bo\0dy", 6);
	assert_int_equal(copy.body_len, 5);
	assert_null(copy.subject);
	assert_string_equal(copy.thread, "t");
	assert_int_equal(copy.kind, MESSAGE_NORMAL);
	assert_int_equal(copy.hops, 70);
	message_clear(&copy);
	assert_null(copy.body);
}

/* The table of profiles in full (D-07, D-17, D-21, D-24, D-40 to D-42, D-60). */
static const struct profile profiles[] = {
	{.name = "asterisk",
	 .subscribe_as = SUBSCRIBE_AS_BRIDGE,
	 .packages = PACKAGE_PRESENCE,
	 .empty_notify = EMPTY_NOTIFY_UNCHANGED,
	 .folds_case = false,
	 .body_max_bytes = 1023,
	 .rich_types = RICH_NEVER,
	 .receipt_from_200 = false,
	 .user_agent_suffix = " (digium_presence)",
	 .words = WORDS_ASTERISK,
	 .accepts_publish = true},
	{.name = "freeswitch",
	 .subscribe_as = SUBSCRIBE_AS_BRIDGE,
	 .packages = PACKAGE_PRESENCE | PACKAGE_DIALOG,
	 .empty_notify = EMPTY_NOTIFY_UNCHANGED,
	 .folds_case = false,
	 .body_max_bytes = 61440,
	 .rich_types = RICH_NEVER,
	 .receipt_from_200 = false,
	 .user_agent_suffix = "",
	 .words = WORDS_FREESWITCH,
	 .dialog_full_is_event_only = true,
	 .accepts_publish = true,
	 .literal_prefixes = true},
	{.name = "3cx",
	 .subscribe_as = SUBSCRIBE_AS_BRIDGE,
	 .packages = PACKAGE_PRESENCE | PACKAGE_DIALOG,
	 .empty_notify = EMPTY_NOTIFY_UNCHANGED,
	 .folds_case = false,
	 .body_max_bytes = 1023,
	 .rich_types = RICH_NEVER,
	 .receipt_from_200 = false,
	 .user_agent_suffix = "",
	 .accepts_publish = true},
	{.name = "kamailio",
	 .subscribe_as = SUBSCRIBE_AS_WATCHER,
	 .packages = PACKAGE_PRESENCE | PACKAGE_DIALOG,
	 .empty_notify = EMPTY_NOTIFY_GONE,
	 .folds_case = true,
	 .body_max_bytes = 61440,
	 .rich_types = RICH_ON_EVIDENCE,
	 .receipt_from_200 = true,
	 .user_agent_suffix = ""},
	{.name = "opensips",
	 .subscribe_as = SUBSCRIBE_AS_WATCHER,
	 .packages = PACKAGE_PRESENCE | PACKAGE_DIALOG,
	 .empty_notify = EMPTY_NOTIFY_GONE,
	 .folds_case = true,
	 .body_max_bytes = 61440,
	 .rich_types = RICH_ON_EVIDENCE,
	 .receipt_from_200 = true,
	 .user_agent_suffix = ""},
	{.name = "linphone",
	 .subscribe_as = SUBSCRIBE_AS_WATCHER,
	 .packages = PACKAGE_PRESENCE,
	 .empty_notify = EMPTY_NOTIFY_UNCHANGED,
	 .folds_case = false,
	 .body_max_bytes = 61440,
	 .rich_types = RICH_ALWAYS,
	 .receipt_from_200 = true,
	 .user_agent_suffix = ""},
	{.name = "generic",
	 .subscribe_as = SUBSCRIBE_AS_WATCHER,
	 .packages = PACKAGE_PRESENCE,
	 .empty_notify = EMPTY_NOTIFY_UNCHANGED,
	 .folds_case = false,
	 .body_max_bytes = 61440,
	 .rich_types = RICH_ON_EVIDENCE,
	 .receipt_from_200 = false,
	 .user_agent_suffix = ""},
};

/* First words for "Not delivered": one line, cut between characters. [D-39] */
static void test_excerpt(void **state)
{
	static const struct {
		const char *text;
		const char *excerpt;
	} rows[] = {
		{"hello", "hello"},
		{"two\nlines\tand more", "two lines and more"},
		{"123456789012345678901234567890123456789012345678901234567890",
		 "123456789012345678901234567890123456789012345678901234567890"},
		{"1234567890123456789012345678901234567890123456789012345678901",
		 "123456789012345678901234567890123456789012345678901234567890"},
		{"1234567890123456789012345678901234567890123456789012345678\xe2\x82\xac",
		 "1234567890123456789012345678901234567890123456789012345678"},
	};
	struct message message = {0};

	(void)state;
	assert_null(message_excerpt(&message));
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		char *excerpt;

		message.body = (char *)(uintptr_t)rows[i].text;
		message.body_len = strlen(rows[i].text);
		excerpt = message_excerpt(&message);
		assert_string_equal(excerpt, rows[i].excerpt);
		mem_free(excerpt);
	}
}

static void test_profiles(void **state)
{
	unsigned count = 0;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(profiles); i++) {
		const struct profile *want = &profiles[i];
		const struct profile *got = profile_find(want->name);

		assert_non_null(got);
		assert_string_equal(got->name, want->name);
		assert_int_equal(got->subscribe_as, want->subscribe_as);
		assert_int_equal(got->packages, want->packages);
		assert_int_equal(got->empty_notify, want->empty_notify);
		assert_int_equal(got->folds_case, want->folds_case);
		assert_int_equal(got->body_max_bytes, want->body_max_bytes);
		assert_int_equal(got->rich_types, want->rich_types);
		assert_int_equal(got->receipt_from_200, want->receipt_from_200);
		assert_string_equal(got->user_agent_suffix, want->user_agent_suffix);
		assert_int_equal(got->words, want->words);
		assert_int_equal(got->dialog_full_is_event_only, want->dialog_full_is_event_only);
		assert_int_equal(got->accepts_publish, want->accepts_publish);
		assert_int_equal(got->literal_prefixes, want->literal_prefixes);
		/* What only the operator turns on. */
		assert_false(got->show_caller || got->offers_partial || got->expose_resource);
		assert_int_equal(got->watch_as, WATCH_AS_USER);
		assert_int_equal(got->lamp, LAMP_REACH);
		assert_int_equal(got->publish, PUBLISH_AS_NOTHING);
	}
	assert_null(profile_find("snom"));
	while (profile_at(count) != NULL)
		count++;
	assert_int_equal(count, CHECK_COUNT(profiles));
}

static void test_exchange(void **state)
{
	exchange_id id = exchange_new();
	const char *text = exchange_text(id);

	(void)state;
	assert_true(id != 0);
	assert_int_equal(strlen(text), 8);
	assert_int_equal(strspn(text, "0123456789abcdef"), 8);
	assert_string_equal(text, exchange_text(id));
	assert_int_not_equal(exchange_new(), id);
	assert_string_equal(exchange_text(1), "00000001");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_keys), cmocka_unit_test(test_address_bad_keys),
		cmocka_unit_test(test_faults),       cmocka_unit_test(test_limits),
		cmocka_unit_test(test_counters),     cmocka_unit_test(test_message),
		cmocka_unit_test(test_excerpt),      cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_exchange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
