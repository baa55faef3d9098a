#include "support/check.h"

#include "sip/net_address.h"
#include "sip/sip_side.h"
#include "sip/trust.h"

static const struct sip_peer peers[] = {
	{.domain = "a.example", .proxy = "sip:192.0.2.10;transport=tcp"},
	{.domain = "b.example", .proxy = "sip:10.0.0.20"},
	{.domain = "c.example", .proxy = NULL},
};

static struct net_address address(const char *text)
{
	struct net_address out;

	assert_true(net_address_parse(&out, text));
	return out;
}

struct row {
	const char *source;
	bool over_tcp, over_udp;
	const char *may, *may_not; /* domains, or NULL */
};

static void check(const struct trust *trust, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct net_address source = address(rows[i].source);

		if (trust_has(trust, &source, false) != rows[i].over_tcp ||
		    trust_has(trust, &source, true) != rows[i].over_udp)
			fail_msg("%s", rows[i].source);
		if (rows[i].may != NULL && !trust_may_assert(trust, &source, rows[i].may))
			fail_msg("%s may not %s", rows[i].source, rows[i].may);
		if (rows[i].may_not != NULL && trust_may_assert(trust, &source, rows[i].may_not))
			fail_msg("%s may %s", rows[i].source, rows[i].may_not);
	}
}

/* [D-52] [SEC-001] [SEC-002] [SEC-003]: loopback and the proxies, each for its own domain; over UDP
 * only private addresses. */
static void by_default(void **state)
{
	static const struct row rows[] = {
		{"127.0.0.1", true, true, "a.example", "d.example"},
		{"::1", true, true, "b.example", NULL},
		{"192.0.2.10", true, false, "a.example", "b.example"},
		{"10.0.0.20", true, true, "b.example", "a.example"},
		{"198.51.100.5", true, false, "c.example", "a.example"},
		{"203.0.113.1", false, false, NULL, "a.example"},
		{"10.0.0.21", false, false, NULL, "b.example"},
	};
	const struct sip_side_params params = {
		.peers = peers, .peer_count = 3, .proxy = "sip:198.51.100.5"};
	struct trust *trust = trust_new(&params);
	struct net_address a = address("192.0.2.10"), b = address("10.0.0.20");

	(void)state;
	check(trust, rows, CHECK_COUNT(rows));
	/* [D-05] */
	assert_string_equal(trust_only_domain(trust, &a), "a.example");
	struct net_address loopback = address("127.0.0.1");

	assert_null(trust_only_domain(trust, &loopback));
	/* [SEC-006] */
	assert_true(trust_is_same_peer(trust, &a, &a));
	assert_false(trust_is_same_peer(trust, &a, &b));
	/* [SEC-080] */
	assert_int_equal(trust_peer_of(trust, &a), 0);
	assert_int_equal(trust_peer_of(trust, &b), 1);
	assert_int_equal(trust_peer_of(trust, &loopback), -1);
	/* [SEC-021] */
	assert_true(trust_is_proxy_host(trust, "192.0.2.10"));
	assert_false(trust_is_proxy_host(trust, "evil.example"));
	trust_free(&trust);
	assert_null(trust);
	trust_free(&trust);
}

/* [D-52] [D-05]: a list replaces the default, also for loopback and the proxies; what it names
 * counts over UDP, too. */
static void by_list(void **state)
{
	static const char *const list[] = {"203.0.113.0/24", "2001:db8::/32", "192.0.2.10"};
	static const struct row rows[] = {
		{"203.0.113.77", true, true, "b.example", NULL},
		{"2001:db8::9", true, true, "a.example", NULL},
		{"192.0.2.10", true, true, "a.example", "b.example"},
		{"127.0.0.1", false, false, NULL, "a.example"},
		{"10.0.0.20", false, false, NULL, "a.example"},
	};
	const struct sip_side_params params = {
		.peers = peers, .peer_count = 3, .trusted = list, .trusted_count = 3};
	struct trust *trust = trust_new(&params);

	(void)state;
	check(trust, rows, CHECK_COUNT(rows));
	trust_free(&trust);
}

/* [SEC-001]: an empty list trusts nobody. */
static void by_empty_list(void **state)
{
	static const char *const none[] = {NULL};
	const struct sip_side_params params = {
		.peers = peers, .peer_count = 3, .trusted = none, .trusted_count = 0};
	struct trust *trust = trust_new(&params);
	struct net_address loopback = address("127.0.0.1");

	(void)state;
	assert_false(trust_has(trust, &loopback, false));
	trust_free(&trust);
}

static uint16_t certificate(struct trust *trust, const char *name)
{
	return trust_certificate(trust, &name, 1);
}

/* [SEC-003] [SEC-104] [SEC-006]: whom a certificate names is who speaks, and nobody else, wherever
 * he is. */
static void by_certificate(void **state)
{
	static const struct sip_peer two[] = {
		{.domain = "a.example", .proxy = "sip:10.0.0.20;transport=tls"},
		{.domain = "b.example",
		 .proxy = "sip:10.0.0.20;transport=tls",
		 .tls_name = "sbc.example"},
		{.domain = "c.example", .proxy = "sip:proxy.invalid;transport=tls"},
	};
	const struct sip_side_params params = {.peers = two, .peer_count = 3};
	struct trust *trust = trust_new(&params);
	struct net_address a = address("203.0.113.1"), b = a, c = a, none = address("10.0.0.20");

	(void)state;
	a.certificate = certificate(trust, "A.example");
	b.certificate = certificate(trust, "sbc.example");
	c.certificate = certificate(trust, "proxy.invalid");
	assert_true(a.certificate != 0 && b.certificate != 0 && c.certificate != 0);
	assert_int_equal(certificate(trust, "a.example"), a.certificate);
	assert_int_equal(certificate(trust, "b.example"), 0); /* it has a tls_name */
	assert_int_equal(certificate(trust, "evil.example"), 0);
	assert_true(trust_has(trust, &a, false) && trust_may_assert(trust, &a, "a.example"));
	assert_true(trust_may_assert(trust, &b, "b.example"));
	assert_true(trust_may_assert(trust, &c, "c.example"));
	assert_false(trust_may_assert(trust, &a, "b.example"));
	assert_false(trust_may_assert(trust, &b, "a.example"));
	assert_string_equal(trust_only_domain(trust, &b), "b.example");
	/* without one it is the address that counts: here, of both */
	assert_true(trust_may_assert(trust, &none, "a.example"));
	assert_true(trust_may_assert(trust, &none, "b.example"));
	a.certificate = 999; /* never given out */
	assert_false(trust_has(trust, &a, false));
	/* two trunks behind one address */
	a = b = none;
	a.certificate = certificate(trust, "a.example");
	b.certificate = certificate(trust, "sbc.example");
	assert_true(trust_is_same_peer(trust, &a, &a));
	assert_false(trust_is_same_peer(trust, &a, &b));
	assert_false(trust_is_same_peer(trust, &a, &none));
	assert_true(trust_is_same_peer(trust, &none, &a));
	assert_int_equal(trust_peer_of(trust, &a), 0);
	assert_int_equal(trust_peer_of(trust, &b), 1);
	trust_free(&trust);
}

/* [SIP-098]: which name a server must show. */
static void names_of_servers(void **state)
{
	static const struct sip_peer some[] = {
		{.domain = "a.example", .proxy = "sip:10.0.0.20;transport=tls"},
		{.domain = "b.example", .proxy = "sip:10.0.0.20", .tls_name = "sbc.example"},
		{.domain = "c.example", .proxy = "sip:pbx.invalid", .tls_name = "c-pbx.example"},
	};
	static const struct {
		const char *host, *names[2];
	} rows[] = {
		{"10.0.0.20", {"a.example", "sbc.example"}},
		{"10.0.0.21", {NULL}},
		{"127.0.0.1", {NULL}},
		{"PBX.invalid", {"c-pbx.example"}},
		{"d.example", {"d.example"}},
	};
	const struct sip_side_params params = {.peers = some, .peer_count = 3};
	struct trust *trust = trust_new(&params);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		const char *names[2] = {NULL, NULL};
		size_t count = trust_names_at(trust, rows[i].host, names, 2);

		for (size_t k = 0; k < 2; k++) {
			if (rows[i].names[k] == NULL)
				assert_true(count <= k);
			else
				assert_string_equal(names[k], rows[i].names[k]);
		}
	}
	trust_free(&trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_default),       cmocka_unit_test(by_list),
		cmocka_unit_test(by_empty_list),    cmocka_unit_test(by_certificate),
		cmocka_unit_test(names_of_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
