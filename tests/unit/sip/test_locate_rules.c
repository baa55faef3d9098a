/* The rules of RFC 3263 and RFC 2782, by table. */
#include "support/check.h"

#include "sip/locate_rules.h"

enum { U = 1 << LOCATE_UDP, T = 1 << LOCATE_TCP, S = 1 << LOCATE_TLS, ALL = U | T | S };

/* [SIP-087] [SIP-091] [RFC 3263 4.1]: which transport, and what is asked. */
static void plans(void **state)
{
	static const struct {
		const char *uri;
		unsigned served;
		bool may;
		enum locate_transport transport;
		bool naptr;
		const char *steps[4];
	} rows[] = {
		{"sip:192.0.2.1", ALL, true, LOCATE_UDP, false, {NULL}},
		{"sip:192.0.2.1", T, true, LOCATE_TCP, false, {NULL}},
		{"sip:[2001:db8::1]:5070;transport=tcp", ALL, true, LOCATE_TCP, false, {NULL}},
		{"sips:192.0.2.1", ALL, true, LOCATE_TLS, false, {NULL}},
		{"sips:192.0.2.1", U | T, false, LOCATE_TLS, false, {NULL}},
		{"sips:a.test:5061;transport=tcp", ALL, true, LOCATE_TLS, false, {NULL}},
		{"sip:a.test:5070", ALL, true, LOCATE_UDP, false, {NULL}},
		{"sip:a.test;transport=tls",
		 ALL,
		 true,
		 LOCATE_TLS,
		 false,
		 {"_sips._tcp.a.test", NULL}},
		{"sip:a.test;transport=tls", U | T, false, LOCATE_TLS, false, {NULL}},
		{"sip:a.test;transport=TCP",
		 ALL,
		 true,
		 LOCATE_TCP,
		 false,
		 {"_sip._tcp.a.test", NULL}},
		{"sip:a.test;transport=sctp", ALL, false, LOCATE_UDP, false, {NULL}},
		{"sip:a.test",
		 ALL,
		 true,
		 LOCATE_UDP,
		 true,
		 {"_sip._udp.a.test", "_sip._tcp.a.test", "_sips._tcp.a.test", NULL}},
		{"sip:a.test", T, true, LOCATE_TCP, true, {"_sip._tcp.a.test", NULL}},
		{"sips:a.test", ALL, true, LOCATE_TLS, true, {"_sips._tcp.a.test", NULL}},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct locate_plan plan;
		struct uri_parts uri;
		size_t count = 0;

		assert_true(uri_parts_read(&uri, rows[i].uri));
		if (locate_plan(&plan, &uri, rows[i].served) != rows[i].may)
			fail_msg("%s", rows[i].uri);
		if (!rows[i].may)
			continue;
		if (plan.transport != rows[i].transport || plan.asks_naptr != rows[i].naptr)
			fail_msg("%s: %s", rows[i].uri, locate_transport_name(plan.transport));
		for (; rows[i].steps[count] != NULL; count++)
			assert_string_equal(plan.steps[count].name, rows[i].steps[count]);
		assert_int_equal(plan.step_count, count);
	}
}

/* [SIP-087] [SIP-091]: by order, then preference; only what we serve; sips only over TLS. */
static void naptr_records(void **state)
{
	static const struct locate_naptr all[] = {
		{20, 1, "s", "SIP+D2U", "", "u.test."},
		{10, 2, "S", "sip+d2t", "", "t.test"},
		{10, 1, "s", "SIPS+D2T", "", "s.test"},
		{1, 1, "s", "SIP+D2S", "", "sctp.test"},
		{1, 1, "u", "SIP+D2U", "", "terminal.test"},
		{1, 1, "s", "SIP+D2U", "!.*!x!", "rewritten.test"},
		{1, 1, "s", "SIP+D2U", "", ""},
		{1, 1, "s", "E2U+sip", "", "enum.test"},
	};
	static const struct {
		bool is_sips;
		unsigned served;
		const char *names[4];
	} rows[] = {
		{false, ALL, {"s.test", "t.test", "u.test", NULL}},
		{false, U | T, {"t.test", "u.test", NULL}},
		{false, S, {"s.test", NULL}},
		{true, ALL, {"s.test", NULL}},
		{true, U | T, {NULL}},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct locate_step steps[LOCATE_STEPS_MAX];
		struct locate_naptr records[CHECK_COUNT(all)];
		size_t count;

		memcpy(records, all, sizeof all);
		count = locate_read_naptr(records, CHECK_COUNT(all), rows[i].is_sips,
					  rows[i].served, steps);
		for (size_t k = 0; k < count; k++)
			assert_string_equal(steps[k].name, rows[i].names[k]);
		assert_null(rows[i].names[count]);
	}
}

static const uint64_t *drawn;
static uint64_t bounds[8];
static size_t draws;

static uint64_t scripted(uint64_t bound)
{
	bounds[draws] = bound;
	assert_true(drawn[draws] < bound);
	return drawn[draws++];
}

/* [SIP-088] [RFC 2782]: lowest priority first; within one, a number up to the sum of the weights
 * picks the first record whose running sum reaches it. */
static void srv_records(void **state)
{
	static const struct {
		const char *in; /* name, priority, weight */
		const char *out;
		uint64_t random[8];
		size_t draws;
		uint64_t first_bound;
	} rows[] = {
		{"", "", {0}, 0, 0},
		{"a10", "a", {0}, 0, 0},
		{"a20 b10", "ba", {0}, 0, 0},
		{"a30 b10 c20", "bca", {0}, 0, 0},
		{"a11 b13", "ab", {1}, 1, 5},
		{"a11 b13", "ba", {2}, 1, 5},
		{"a11 b13", "ba", {4}, 1, 5},
		{"a10 b13", "ab", {0}, 1, 4}, /* weight 0: only by 0 */
		{"a13 b10", "ba", {0}, 1, 4},
		{"a13 b10", "ab", {1}, 1, 4},
		{"a11 b11 c12", "cab", {4, 0}, 2, 5},
		{"z29 a11 b11", "bazz", {2, 0}, 1, 3},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct locate_srv records[4] = {0};
		size_t count = 0;

		for (const char *at = rows[i].in; *at != '\0'; at += at[3] == ' ' ? 4 : 3) {
			records[count].target[0] = at[0];
			records[count].priority = (uint16_t)(at[1] - '0');
			records[count++].weight = (uint16_t)(at[2] - '0');
		}
		drawn = rows[i].random;
		draws = 0;
		locate_order(records, count, scripted);
		for (size_t k = 0; k < count; k++)
			if (records[k].target[0] != rows[i].out[k])
				fail_msg("%s: %zu is %s", rows[i].in, k, records[k].target);
		assert_int_equal(draws, rows[i].draws);
		if (draws != 0)
			assert_int_equal(bounds[0], rows[i].first_bound);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans),
		cmocka_unit_test(naptr_records),
		cmocka_unit_test(srv_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
