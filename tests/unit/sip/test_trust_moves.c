/* Who is trusted when the DNS names other addresses. */
#include "support/check.h"

#include "sip/net_address.h"
#include "sip/sip_side.h"
#include "sip/trust.h"

static struct net_address address(const char *text)
{
	struct net_address out = {0};

	assert_true(net_address_parse(&out, text));
	return out;
}

/* [D-52] [SEC-001] [SEC-003]: a proxy that is known by its name is trusted where it is now, for its
 * own domain, and not where it was. */
static void proxy_moves(void **state)
{
	const struct sip_peer peers[] = {
		{.domain = "pbx.test", .proxy = "sip:pbx.test"},
		{.domain = "other.test", .proxy = "sip:192.0.2.9"},
	};
	const struct sip_side_params params = {.peers = peers, .peer_count = 2};
	struct net_address first[2] = {address("10.0.0.1"), address("2001:db8::1")};
	struct net_address second = address("10.0.0.2"), fixed = address("192.0.2.9");
	struct trust *trust = trust_new(&params);

	(void)state;
	first[0].port = 5070;
	assert_false(trust_has(trust, &first[0], false)); /* not known yet */
	trust_set_proxy(trust, 0, first, 2);
	assert_true(trust_has(trust, &first[0], true));
	assert_true(trust_has(trust, &first[1], false));
	assert_true(trust_may_assert(trust, &first[0], "pbx.test"));
	assert_false(trust_may_assert(trust, &first[0], "other.test"));
	trust_set_proxy(trust, 0, &second, 1);
	assert_false(trust_has(trust, &first[0], false));
	assert_false(trust_has(trust, &first[1], false));
	assert_true(trust_has(trust, &second, true));
	assert_true(trust_has(trust, &fixed, false));
	assert_true(trust_may_assert(trust, &fixed, "other.test"));
	trust_set_proxy(trust, 0, NULL, 0);
	assert_false(trust_has(trust, &second, false));
	trust_free(&trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(proxy_moves)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
