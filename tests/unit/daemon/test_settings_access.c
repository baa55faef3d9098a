/* Access rules of the configuration: every spelling of an address is the same rule, and what names
 * nobody is refused. [SEC-046] [SEC-043] [SEC-036] */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "core/access.h"
#include "settings.h"
#include "settings_private.h"
#include "support/check.h"
#include "translate/address_map.h"

#define BASE                                                                                       \
	"xmpp: { component = \"sip.chat.example\"; secret = \"long enough for it\";\n"             \
	"  domains = [ \"chat.example\", \"both.example\" ]; };\n"                                 \
	"domains: ( { sip = \"pbx.example\"; }, { sip = \"fold.example\"; profile = "              \
	"\"kamailio\"; xmpp = \"fold.chat.example\"; secret = \"long enough for it\"; },\n"        \
	" { sip = \"both.example\"; xmpp = \"b.chat.example\"; callback = \"escaped\"; secret = "  \
	"\"long enough for it\"; } );\n"                                                           \
	"users: ( { jid = \"juliet@chat.example\"; alias = [ \"sip:8001@pbx.example\" ]; } );\n"

static struct settings *load(const char *rules, struct buf *report)
{
	struct settings *settings = NULL;
	struct buf text = BUF_INIT;

	buf_printf(&text, BASE "access: (\n%s );\n", rules);
	(void)settings_load_text(&settings, "x.cfg", text.data, text.len, report);
	buf_free(&text);
	return settings;
}

/* What 1 of the sides may do by a single rule that forbids all from this name. */
static bool is_meant(const char *name, const char *jid_or_uri)
{
	struct buf report = BUF_INIT, rule = BUF_INIT;
	char error[256];
	const char *why;
	struct address from = {0}, to = {0};
	struct address_map *map = NULL;

	buf_printf(&rule, "{ from = [ \"%s\" ]; to = [ \"*\" ]; may = \"none\"; }", name);
	struct settings *settings = load(rule.data, &report);

	if (settings == NULL)
		fail_msg("%s: %s", name, buf_text(&report));
	assert_int_equal(address_map_new(&map, &settings->map, error, sizeof error), 0);
	if (address_from_text(map, jid_or_uri, &from, &why) != 0)
		fail_msg("%s: %s", jid_or_uri, why);
	address_set(&to, SIDE_XMPP, "romeo", "chat.example");
	struct access *access = access_new(settings->access, settings->access_count);
	bool is_it = access_decide(access, &from, &to, NULL, NULL, NULL) == ACCESS_NONE;

	access_free(&access);
	address_clear(&from);
	address_clear(&to);
	address_map_free(&map);
	settings_free(&settings);
	buf_free(&report);
	buf_free(&rule);
	return is_it;
}

static void every_spelling_is_the_same(void **state)
{
	static const char *const phone[] = {
		"sip:1001@pbx.example",   "sip:1001@PBX.example:5060",  "1001@pbx.example",
		"1001@sip.chat.example",  "xmpp:1001@sip.chat.example", "im:1001@pbx.example",
		"sip:%31001@pbx.example", "1001@sip.chat.example/sip",
	};
	static const char *const chat[] = {
		"juliet@chat.example",      "Juliet@Chat.Example/balcony",
		"xmpp:juliet@chat.example", "sip:juliet@chat.example",
		"sip:8001@pbx.example",     "8001@pbx.example",
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(phone); i++) {
		assert_true(is_meant(phone[i], "sip:1001@pbx.example"));
		assert_false(is_meant(phone[i], "sip:1002@pbx.example"));
	}
	for (size_t i = 0; i < CHECK_COUNT(chat); i++) {
		assert_true(is_meant(chat[i], "juliet@chat.example"));
		assert_false(is_meant(chat[i], "romeo@chat.example"));
	}
	assert_true(is_meant("Ann@fold.example", "sip:ANN@fold.example"));
}

static void domains_and_sides(void **state)
{
	(void)state;
	assert_true(is_meant("pbx.example", "sip:1001@pbx.example"));
	assert_true(is_meant("sip.chat.example", "sip:1001@pbx.example"));
	assert_false(is_meant("pbx.example", "sip:ann@fold.example"));
	assert_true(is_meant("chat.example", "juliet@chat.example"));
	assert_false(is_meant("chat.example", "sip:1001@pbx.example"));
	assert_true(is_meant("sip:both.example", "sip:ann@both.example"));
	assert_true(is_meant("xmpp:both.example", "xmpp:ann@both.example"));
	assert_false(is_meant("xmpp:both.example", "sip:ann@both.example"));
	assert_true(is_meant("sip:", "sip:1001@pbx.example"));
	assert_false(is_meant("sip:", "juliet@chat.example"));
	assert_true(is_meant("XMPP:", "juliet@chat.example"));
	assert_true(is_meant("*", "juliet@chat.example"));
	assert_false(is_meant("roster", "juliet@chat.example"));
}

static void what_names_nobody_is_refused(void **state)
{
	static const struct {
		const char *rules, *part;
	} rows[] = {
		{"{ from = [ \"both.example\" ]; to = [ \"*\" ]; may = \"none\"; }",
		 "x.cfg:7: access[0].from: \"both.example\" names nobody (it may be of SIP or"},
		{"{ from = [ \"*\" ];\n to = [ \"elsewhere.test\" ]; may = \"none\"; }",
		 "x.cfg:8: access[0].to: \"elsewhere.test\" names nobody (its domain is neither"},
		{"{ from = [ \"chat.example.evil.test\" ]; to = [ \"*\" ]; may = \"none\"; }",
		 "names nobody"},
		{"{ from = [ \"sip:Bob@pbx.example\" ]; to = [ \"*\" ]; may = \"none\"; }",
		 "names nobody (the user part has capital letters"},
		{"{ from = [ \"a@b@c\" ]; to = [ \"*\" ]; may = \"none\"; }", "names nobody"},
		{"{ to = [ \"*\" ]; may = \"none\"; }", "access[0].from is not set"},
		{"{ from = [ \"*\" ]; to = [ ]; may = \"none\"; }", "access[0].to is not set"},
		{"{ from = [ \"*\" ]; to = [ \"*\" ]; }", "access[0].may is not set"},
		{"{ from = [ \"*\" ]; to = [ \"*\" ]; may = \"look\"; }", "access[0].may"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf report = BUF_INIT;
		struct settings *settings = load(rows[i].rules, &report);

		if (settings != NULL || strstr(buf_text(&report), rows[i].part) == NULL)
			fail_msg("row %zu: %s lacks %s", i, buf_text(&report), rows[i].part);
		buf_free(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_is_the_same),
		cmocka_unit_test(domains_and_sides),
		cmocka_unit_test(what_names_nobody_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
