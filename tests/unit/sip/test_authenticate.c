/* Nonces, counts of failures, and the users who may log in: what only time and numbers show. */
#include "support/check.h"

#include <stdio.h>

#include "base/mem.h"
#include "sip/authenticate_limits.h"
#include "sip/authenticate_logins.h"
#include "sip/authenticate_nonces.h"
#include "sip/sip_side.h"
#include "translate/address_map.h"

static struct net_address address_of(const char *text)
{
	struct net_address address;

	assert_true(net_address_parse(&address, text));
	return address;
}

/* [SEC-010] [REL-032]: a nonce is for a minute, a realm and an address; each of its bits counts. */
static void nonces_are_bound(void **state)
{
	struct net_address here = address_of("192.0.2.1"), there = address_of("192.0.2.2");
	struct net_address port = here;
	struct nonces *nonces = nonces_new(), *others = nonces_new();
	char nonce[NONCE_CHARS + 1], again[NONCE_CHARS + 1], bent[NONCE_CHARS + 1];
	const uint64_t now = 1000000;

	(void)state;
	nonces_make(nonces, "pbx.example", &here, now, nonce);
	nonces_make(nonces, "pbx.example", &here, now, again);
	assert_int_equal(strlen(nonce), NONCE_CHARS);
	assert_string_not_equal(nonce, again);
	port.port = 9;
	assert_int_equal(nonces_check(nonces, nonce, "pbx.example", &here, now), NONCE_FRESH);
	assert_int_equal(nonces_check(nonces, nonce, "pbx.example", &port, now), NONCE_FRESH);
	assert_int_equal(nonces_check(nonces, nonce, "pbx.example", &there, now), NONCE_FOREIGN);
	assert_int_equal(nonces_check(nonces, nonce, "PBX.example", &here, now), NONCE_FOREIGN);
	assert_int_equal(nonces_check(others, nonce, "pbx.example", &here, now), NONCE_FOREIGN);
	assert_int_equal(nonces_check(nonces, nonce, "pbx.example", &here, now + NONCE_LIFE_MS - 1),
			 NONCE_FRESH);
	assert_int_equal(nonces_check(nonces, nonce, "pbx.example", &here, now + NONCE_LIFE_MS),
			 NONCE_OLD);
	assert_int_equal(nonces_check(nonces, "", "pbx.example", &here, now), NONCE_FOREIGN);
	for (size_t i = 0; i < NONCE_CHARS; i++)
		for (const char *c =
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"
			     "_ \"";
		     *c != '\0'; c++) {
			memcpy(bent, nonce, sizeof bent);
			bent[i] = *c;
			if (strcmp(bent, nonce) != 0)
				assert_int_equal(
					nonces_check(nonces, bent, "pbx.example", &here, now),
					NONCE_FOREIGN);
		}
	assert_int_equal(nonces_count(nonces), 0); /* SEC-012 */
	nonces_free(&nonces);
	nonces_free(&others);
}

/* [SEC-010]: a count is taken once; late ones within a window of 32. */
static void counts_rise(void **state)
{
	static const struct {
		uint32_t nc;
		bool is_taken;
	} rows[] = {
		{0, false},
		{1, true},
		{1, false},
		{2, true},
		{5, true},
		{3, true},
		{3, false},
		{4, true},
		{2, false},
		{40, true},
		{8, false},
		{9, true},
		{9, false},
		{5, false},
		{39, true},
		{1000, true},
		{968, false},
		{969, true},
		{999, true},
		{999, false},
		{1000, false},
		{UINT32_MAX, true},
		{UINT32_MAX, false},
		{UINT32_MAX - 31, true},
		{UINT32_MAX - 32, false},
	};
	struct net_address here = address_of("2001:db8::1");
	struct nonces *nonces = nonces_new();
	char nonce[NONCE_CHARS + 1];

	(void)state;
	nonces_make(nonces, "r", &here, 5000, nonce);
	for (size_t i = 0; i < CHECK_COUNT(rows); i++)
		if (nonces_take(nonces, nonce, rows[i].nc, 5000) != rows[i].is_taken)
			fail_msg("row %zu", i);
	assert_int_equal(nonces_count(nonces), 1);
	nonces_free(&nonces);
}

/* [SEC-010] [SEC-088]: the table is bounded, and what it forgot is never taken again. */
static void forgotten_nonces_are_over(void **state)
{
	struct net_address here = address_of("192.0.2.1");
	struct nonces *nonces = nonces_new();
	char first[NONCE_CHARS + 1], nonce[NONCE_CHARS + 1];
	uint64_t now = 100000;

	(void)state;
	nonces_make(nonces, "r", &here, now, first);
	assert_true(nonces_take(nonces, first, 1, now));
	now += 2000;
	for (int i = 0; i < NONCES_MAX; i++) {
		nonces_make(nonces, "r", &here, now, nonce);
		assert_true(nonces_take(nonces, nonce, 1, now));
	}
	assert_int_equal(nonces_count(nonces), NONCES_MAX);
	assert_int_equal(nonces_check(nonces, first, "r", &here, now), NONCE_OLD);
	assert_int_equal(nonces_check(nonces, nonce, "r", &here, now), NONCE_FRESH);
	now += NONCE_LIFE_MS + 2000; /* all are over: they go first, and end no others */
	nonces_make(nonces, "r", &here, now, nonce);
	assert_true(nonces_take(nonces, nonce, 1, now));
	assert_int_equal(nonces_count(nonces), 1);
	nonces_free(&nonces);
}

static bool guess(struct login_limits *limits, const char *source, const char *user, uint64_t now)
{
	struct net_address address = address_of(source);

	return login_limits_failed(limits, &address, user, "r", now);
}

static bool is_source_blocked(struct login_limits *limits, const char *source, uint64_t now)
{
	struct net_address address = address_of(source);

	return login_limits_source(limits, &address, now);
}

/* [SEC-013]: five wrong responses a minute, then nothing for a minute, then for two, four ... */
static void failures_block(void **state)
{
	struct login_limits *limits = login_limits_new();
	uint64_t now = 1000000;

	(void)state;
	for (int i = 0; i < LOGIN_FAILURES; i++)
		assert_false(guess(limits, "192.0.2.1", "ann", now));
	assert_false(is_source_blocked(limits, "192.0.2.1", now));
	assert_true(guess(limits, "192.0.2.1", "ann", now));
	assert_true(is_source_blocked(limits, "192.0.2.1", now + LOGIN_BLOCK_MS - 1));
	assert_false(is_source_blocked(limits, "192.0.2.1", now + LOGIN_BLOCK_MS));
	assert_false(is_source_blocked(limits, "192.0.2.2", now));
	assert_true(login_limits_user(limits, "ann", "r", now));
	assert_false(login_limits_user(limits, "ann", "s", now));
	assert_false(login_limits_user(limits, "bob", "r", now));
	now += LOGIN_BLOCK_MS;
	for (int i = 0; i < LOGIN_FAILURES; i++)
		assert_false(guess(limits, "192.0.2.1", "bob", now));
	assert_true(guess(limits, "192.0.2.1", "carol", now)); /* by the source */
	assert_true(is_source_blocked(limits, "192.0.2.1", now + 2 * LOGIN_BLOCK_MS - 1));
	assert_false(is_source_blocked(limits, "192.0.2.1", now + 2 * LOGIN_BLOCK_MS));
	for (int i = 0; i < 20; i++) { /* as long as an hour, and no longer */
		now += 2 * LOGIN_BLOCK_MOST_MS - 1000;
		for (int k = 0; k <= LOGIN_FAILURES; k++)
			(void)guess(limits, "192.0.2.1", "dan", now);
		assert_true(is_source_blocked(limits, "192.0.2.1", now));
		assert_false(is_source_blocked(limits, "192.0.2.1", now + LOGIN_BLOCK_MOST_MS));
	}
	login_limits_free(&limits);
}

/* [SEC-013]: guesses at one user from many places; IPv6 by /64. */
static void users_are_counted_from_everywhere(void **state)
{
	struct login_limits *limits = login_limits_new();
	char source[32];
	bool was_blocked = false;

	(void)state;
	for (int i = 0; i <= LOGIN_FAILURES; i++) {
		snprintf(source, sizeof source, "192.0.2.%d", i + 1);
		was_blocked = guess(limits, source, "ann", 5000);
	}
	assert_true(was_blocked);
	assert_true(login_limits_user(limits, "ann", "r", 5000));
	assert_false(is_source_blocked(limits, "192.0.2.1", 5000));
	for (int i = 0; i <= LOGIN_FAILURES; i++) {
		char user[16];

		snprintf(user, sizeof user, "u%d", i);
		snprintf(source, sizeof source, "2001:db8::%d", i + 1);
		was_blocked = guess(limits, source, user, 5000);
	}
	assert_true(was_blocked);
	assert_true(is_source_blocked(limits, "2001:db8::ffff", 5000));
	assert_false(is_source_blocked(limits, "2001:db8:0:1::1", 5000));
	login_limits_free(&limits);
}

/* [SEC-088] [SEC-020]: a million sources cost what the bound says; an address is verified for five
 * minutes, and no other with it. */
static void memory_is_bounded(void **state)
{
	struct login_limits *limits = login_limits_new();
	struct net_address source = address_of("10.0.0.0"), v6 = address_of("2001:db8::1");
	struct net_address near = address_of("2001:db8::2");

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		source.bytes[1] = (uint8_t)(i >> 16);
		source.bytes[2] = (uint8_t)(i >> 8);
		source.bytes[3] = (uint8_t)i;
		(void)login_limits_failed(limits, &source, "ann", "r", 5000);
		login_limits_verified(limits, &source, 5000);
	}
	assert_int_equal(login_limits_count(limits), LOGIN_FAILURES_MAX + LOGIN_VERIFIED_MAX);
	assert_true(login_limits_is_verified(limits, &source, 5000 + LOGIN_VERIFIED_MS - 1));
	assert_false(login_limits_is_verified(limits, &source, 5000 + LOGIN_VERIFIED_MS));
	login_limits_verified(limits, &v6, 5000);
	assert_true(login_limits_is_verified(limits, &v6, 5000));
	assert_false(login_limits_is_verified(limits, &near, 5000));
	login_limits_free(&limits);
}

/* [SEC-011] [SEC-046]: a login is a user in his canonical form; what is none is left out. */
static void logins_are_users(void **state)
{
	static const struct map_domain domains[] = {
		{.xmpp = "sip.chat.example", .sip = "pbx.example"},
		{.xmpp = "fold.chat.example", .sip = "fold.example", .case_rule = CASE_FOLD},
	};
	static const char *const chats[] = {"chat.example"};
	static const char md5[] = "0123456789abcdef0123456789abcdef";
	static const char sha[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static const struct sip_login items[] = {
		{"1001", "pbx.example", md5, NULL},
		{"Ann", "fold.example", NULL, sha},
		{"Bob", "pbx.example", md5, NULL}, /* D-07: not served */
		{"juliet%40chat.example", "pbx.example", md5, NULL},
		{"1001", "elsewhere.example", md5, NULL},
		{"1002", "pbx.example", "short", sha},
	};
	struct address_map_params params = {.domains = domains,
					    .domain_count = 2,
					    .xmpp_domains = chats,
					    .xmpp_domain_count = 1};
	struct address_map *map;
	struct logins *logins;
	char error[256];

	(void)state;
	assert_int_equal(address_map_new(&map, &params, error, sizeof error), 0);
	logins = logins_new(map, items, CHECK_COUNT(items));
	assert_int_equal(logins_count(logins), 3);
	assert_true(logins_has_realm(logins, "pbx.example"));
	assert_true(logins_has_realm(logins, "fold.example"));
	assert_false(logins_has_realm(logins, "elsewhere.example"));
	assert_string_equal(logins_find(logins, "1001", "pbx.example")->name, "1001@pbx.example");
	assert_string_equal(login_ha1(logins_find(logins, "1001", "pbx.example"), DIGEST_MD5), md5);
	assert_null(login_ha1(logins_find(logins, "1001", "pbx.example"), DIGEST_SHA256));
	assert_string_equal(logins_find(logins, "Ann", "fold.example")->name, "ann@fold.example");
	assert_null(logins_find(logins, "ann", "fold.example")); /* the digest user is as it is */
	assert_null(logins_find(logins, "1001", "fold.example"));
	assert_null(login_ha1(logins_find(logins, "1002", "pbx.example"), DIGEST_MD5));
	assert_true(logins_offers(logins, "pbx.example", DIGEST_MD5)); /* none that all have */
	assert_true(logins_offers(logins, "pbx.example", DIGEST_SHA256));
	assert_false(logins_offers(logins, "fold.example", DIGEST_MD5));
	assert_true(logins_offers(logins, "fold.example", DIGEST_SHA256));
	logins_free(&logins);
	address_map_free(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonces_are_bound),
		cmocka_unit_test(counts_rise),
		cmocka_unit_test(forgotten_nonces_are_over),
		cmocka_unit_test(failures_block),
		cmocka_unit_test(users_are_counted_from_everywhere),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(logins_are_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
