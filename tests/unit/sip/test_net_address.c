#include "support/check.h"

#include "base/buf.h"
#include "sip/net_address.h"

static void literals(void **state)
{
	static const char *const good[][2] = {
		{"192.0.2.1", "192.0.2.1"},
		{"2001:db8::1", "[2001:db8::1]"},
		{"[2001:DB8:0:0::1]", "[2001:db8::1]"},
		{"::1", "[::1]"},
	};
	static const char *const bad[] = {"",          "*",           "a.example",   "1.2.3",
					  "1.2.3.4.5", "256.1.1.1",   "[192.0.2.1]", "[::1",
					  "::1]",      "0x7f.1",      "2130706433",  "01.2.3.4",
					  "1.2.3.4 ",  "fe80::1%eth0"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(good); i++) {
		struct net_address address;
		struct buf out = BUF_INIT;

		assert_true(net_address_parse(&address, good[i][0]));
		net_address_print(&address, &out);
		assert_string_equal(buf_text(&out), good[i][1]);
		buf_free(&out);
	}
	for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
		struct net_address address;

		if (net_address_parse(&address, bad[i]))
			fail_msg("%s was read", bad[i]);
	}
}

static void networks(void **state)
{
	static const struct {
		const char *block, *address;
		bool has;
	} rows[] = {
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.4/30", "192.0.2.7", true},
		{"192.0.2.4/30", "192.0.2.8", false},
		{"192.0.2.4/31", "192.0.2.6", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "::1", false},
		{"192.0.2.1", "192.0.2.1", true},
		{"2001:db8::/32", "2001:db8:ffff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"::1", "::1", true},
		{"::1", "::2", false},
	};
	static const char *const bad[] = {"192.0.2.0/33", "192.0.2.0/", "192.0.2.0/x",  "/8",
					  "192.0.2.0/-1", "::/129",     "192.0.2.0/+8", "a/8"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct net_block block;
		struct net_address address;

		assert_true(net_block_parse(&block, rows[i].block));
		assert_true(net_address_parse(&address, rows[i].address));
		if (net_block_has(&block, &address) != rows[i].has)
			fail_msg("%s %s", rows[i].block, rows[i].address);
	}
	for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
		struct net_block block;

		if (net_block_parse(&block, bad[i]))
			fail_msg("%s was read", bad[i]);
	}
}

/* [SEC-002] [SEC-021]: what an address is. */
static void kinds(void **state)
{
	static const struct {
		const char *address;
		bool is_loopback, is_private, is_unusable;
	} rows[] = {
		{"127.0.0.1", true, true, false},     {"127.255.255.254", true, true, false},
		{"::1", true, true, false},           {"10.1.2.3", false, true, false},
		{"172.16.0.1", false, true, false},   {"172.32.0.1", false, false, false},
		{"192.168.1.1", false, true, false},  {"fd00::1", false, true, false},
		{"203.0.113.1", false, false, false}, {"2001:db8::1", false, false, false},
		{"0.0.0.0", false, false, true},      {"224.0.0.1", false, false, true},
		{"239.255.0.1", false, false, true},  {"255.255.255.255", false, false, true},
		{"169.254.1.1", false, false, true},  {"240.0.0.1", false, false, true},
		{"fe80::1", false, false, true},      {"ff02::1", false, false, true},
		{"::", false, false, true},           {"::ffff:10.0.0.1", false, false, true},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct net_address address;

		assert_true(net_address_parse(&address, rows[i].address));
		if (net_address_is_loopback(&address) != rows[i].is_loopback ||
		    net_address_is_private(&address) != rows[i].is_private ||
		    net_address_is_unusable(&address) != rows[i].is_unusable)
			fail_msg("%s", rows[i].address);
	}
}

/* [SEC-080]: IPv6 sources count by /64; an IPv4 address mapped into IPv6 is IPv4. */
static void sources_of_a_bucket(void **state)
{
	struct net_address a, b, v4;
	struct sockaddr_storage room;
	struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = htons(5060)};
	uint8_t one[16], two[16];

	(void)state;
	net_address_parse(&a, "2001:db8:1:2::1");
	net_address_parse(&b, "2001:db8:1:2:ffff::9");
	assert_int_equal(net_address_bucket(&a, one), 8);
	assert_int_equal(net_address_bucket(&b, two), 8);
	assert_memory_equal(one, two, 8);
	net_address_parse(&b, "2001:db8:1:3::1");
	net_address_bucket(&b, two);
	assert_memory_not_equal(one, two, 8);
	mapped.sin6_addr.s6_addr[10] = 0xff;
	mapped.sin6_addr.s6_addr[11] = 0xff;
	mapped.sin6_addr.s6_addr[12] = 192;
	mapped.sin6_addr.s6_addr[13] = 0;
	mapped.sin6_addr.s6_addr[14] = 2;
	mapped.sin6_addr.s6_addr[15] = 1;
	net_address_from_sockaddr(&a, (struct sockaddr *)&mapped);
	net_address_parse(&v4, "192.0.2.1");
	assert_true(net_address_same_host(&a, &v4));
	assert_int_equal(a.port, 5060);
	assert_int_equal(net_address_to_sockaddr(&a, &room), sizeof(struct sockaddr_in));
}

static void uris(void **state)
{
	struct uri_parts parts;

	(void)state;
	assert_true(uri_parts_read(&parts, "sip:pbx.example;transport=TCP"));
	assert_string_equal(parts.host, "pbx.example");
	assert_string_equal(parts.transport, "tcp");
	assert_int_equal(parts.port, 0);
	assert_true(uri_parts_read(&parts, "sip:a@[2001:db8::1]:5070;lr;maddr=192.0.2.1"));
	assert_string_equal(parts.host, "2001:db8::1");
	assert_int_equal(parts.port, 5070);
	assert_true(parts.has_lr && parts.has_maddr && !parts.is_sips);
	assert_true(uri_parts_read(&parts, "sips:a@b"));
	assert_true(parts.is_sips);
	assert_false(uri_parts_read(&parts, "http://b/"));
	assert_false(uri_parts_read(&parts, "sip:"));
	assert_false(uri_parts_read(&parts, "sip:a@b:0"));
	assert_false(uri_parts_read(&parts, "sip:a@b:65536"));
	assert_false(uri_parts_read(&parts, "sip:a@b;transport=verylongname"));
}

/* An address with its port as text, as rows have it. */
static void as_text(void **state)
{
	static const char *const good[] = {"192.0.2.1:5060", "[2001:db8::1]:0", "127.0.0.1:65535"};
	static const char *const bad[] = {"",
					  "192.0.2.1",
					  "192.0.2.1:",
					  "192.0.2.1:65536",
					  "192.0.2.1:5x",
					  "2001:db8::1",
					  "host:5060",
					  ":5060",
					  "192.0.2.1: 5"};
	char text[NET_ADDRESS_TEXT_MAX];
	struct net_address address;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(net_address_from_text(&address, good[i]));
		net_address_text(&address, text);
		assert_string_equal(text, good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (net_address_from_text(&address, bad[i]))
			fail_msg("taken: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals), cmocka_unit_test(networks),
		cmocka_unit_test(kinds),    cmocka_unit_test(sources_of_a_bucket),
		cmocka_unit_test(uris),     cmocka_unit_test(as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
