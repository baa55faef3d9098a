/* Access rules by table: which names fit, which rule counts. [SEC-036] [SEC-043] [SEC-046] */
#include <stdio.h>

#include "support/check.h"

#include "core/access.h"

#define ANYBODY                                                                                    \
	{                                                                                          \
		.kind = ACCESS_ANYBODY                                                             \
	}
#define ROSTER                                                                                     \
	{                                                                                          \
		.kind = ACCESS_ROSTER                                                              \
	}
#define SIDE(which)                                                                                \
	{                                                                                          \
		.kind = ACCESS_SIDE, .side = (which)                                               \
	}
#define DOMAIN_OF(which, name)                                                                     \
	{                                                                                          \
		.kind = ACCESS_DOMAIN, .side = (which), .domain = (name)                           \
	}
#define USER(which, user, name)                                                                    \
	{                                                                                          \
		.kind = ACCESS_USER, .side = (which), .local = (user), .domain = (name)            \
	}
#define LIST(array)                                                                                \
	{                                                                                          \
		(array), CHECK_COUNT(array)                                                        \
	}

static int asked; /* how often the roster was */

static bool is_known(const struct address *a, const struct address *b, void *arg)
{
	(void)a;
	(void)b;
	asked++;
	return *(const bool *)arg;
}

static const struct access_name one[] = {USER(SIDE_SIP, "1001", "pbx.example")};
static const struct access_name phones[] = {USER(SIDE_SIP, "1002", "pbx.example"),
					    DOMAIN_OF(SIDE_SIP, "lab.example")};
static const struct access_name chats[] = {DOMAIN_OF(SIDE_XMPP, "chat.example")};
static const struct access_name sip_side[] = {SIDE(SIDE_SIP)};
static const struct access_name all[] = {ANYBODY};
static const struct access_name roster[] = {ROSTER};
static const struct access_rule rules[] = {
	{LIST(one), LIST(chats), ACCESS_NONE},    /* 0 */
	{LIST(one), LIST(all), ACCESS_WRITE},     /* 1: behind 0 */
	{LIST(roster), LIST(chats), ACCESS_ALL},  /* 2 */
	{LIST(phones), LIST(all), ACCESS_WATCH},  /* 3 */
	{LIST(all), LIST(sip_side), ACCESS_NONE}, /* 4 */
};

static void check(const char *from, enum side from_side, const char *to, enum side to_side,
		  bool known, int rule, enum access_may may)
{
	struct access *access = access_new(rules, CHECK_COUNT(rules));
	struct address a = {0}, b = {0};
	char local[64], to_local[64];
	int got;

	snprintf(local, sizeof local, "%.*s", (int)strcspn(from, "@"), from);
	snprintf(to_local, sizeof to_local, "%.*s", (int)strcspn(to, "@"), to);
	address_set(&a, from_side, local, strchr(from, '@') + 1);
	address_set(&b, to_side, to_local, strchr(to, '@') + 1);
	enum access_may decided = access_decide(access, &a, &b, is_known, &known, &got);

	if (decided != may || got != rule)
		fail_msg("%s to %s: rule %d, may %d", from, to, got, (int)decided);
	address_clear(&a);
	address_clear(&b);
	access_free(&access);
}

static void the_first_match_counts(void **state)
{
	(void)state;
	check("1001@pbx.example", SIDE_SIP, "juliet@chat.example", SIDE_XMPP, true, 0, ACCESS_NONE);
	check("1001@pbx.example", SIDE_SIP, "a@else.example", SIDE_XMPP, true, 1, ACCESS_WRITE);
	check("1002@pbx.example", SIDE_SIP, "juliet@chat.example", SIDE_XMPP, true, 2, ACCESS_ALL);
	check("1002@pbx.example", SIDE_SIP, "juliet@chat.example", SIDE_XMPP, false, 3,
	      ACCESS_WATCH);
	check("7@lab.example", SIDE_SIP, "juliet@chat.example", SIDE_XMPP, false, 3, ACCESS_WATCH);
	check("@lab.example", SIDE_SIP, "juliet@chat.example", SIDE_XMPP, false, 3, ACCESS_WATCH);
	check("juliet@chat.example", SIDE_XMPP, "1001@pbx.example", SIDE_SIP, true, 4, ACCESS_NONE);
	check("1003@pbx.example", SIDE_SIP, "juliet@chat.example", SIDE_XMPP, false, -1,
	      ACCESS_ALL);
}

/* [SEC-043]: nothing is matched by a part of it, nor across sides, nor in another case. */
static void names_match_whole(void **state)
{
	static const char *const others[] = {
		"1002@notpbx.example",     "1002@pbx.example.evil.test",
		"01002@pbx.example",       "1002@PBX.example",
		"7@lab.example.evil.test", "7@mylab.example",
		"7@sub.lab.example",       "@pbx.example",
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(others); i++)
		check(others[i], SIDE_SIP, "juliet@chat.example", SIDE_XMPP, false, -1, ACCESS_ALL);
	check("1002@pbx.example", SIDE_XMPP, "x@chat.example", SIDE_XMPP, false, -1, ACCESS_ALL);
}

static void the_roster_is_asked_once_and_late(void **state)
{
	(void)state;
	asked = 0;
	check("1001@pbx.example", SIDE_SIP, "juliet@chat.example", SIDE_XMPP, true, 0, ACCESS_NONE);
	assert_int_equal(asked, 0);
	check("1003@pbx.example", SIDE_SIP, "juliet@chat.example", SIDE_XMPP, false, -1,
	      ACCESS_ALL);
	assert_int_equal(asked, 1);
}

static void without_rules_all_may(void **state)
{
	struct address a = {SIDE_SIP, NULL, NULL};
	struct access *none = access_new(NULL, 0);
	int rule;

	(void)state;
	address_set(&a, SIDE_SIP, "1", "a.example");
	assert_int_equal(access_decide(NULL, &a, &a, NULL, NULL, &rule), ACCESS_ALL);
	assert_int_equal(rule, -1);
	assert_int_equal(access_decide(none, &a, &a, NULL, NULL, NULL), ACCESS_ALL);
	access_free(&none);
	address_clear(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_match_counts),
		cmocka_unit_test(names_match_whole),
		cmocka_unit_test(the_roster_is_asked_once_and_late),
		cmocka_unit_test(without_rules_all_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
