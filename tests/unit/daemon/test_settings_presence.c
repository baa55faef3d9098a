/* The configuration: what a chat user sees of a phone, and in which language. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "model/presence_rules.h"
#include "settings.h"
#include "settings_private.h"
#include "support/check.h"

/* Lines 1 to 3: enough for a configuration that works. */
#define BASE                                                                                       \
	"xmpp: { component = \"sip.chat.example\"; secret = \"a secret of some length\"; };\n"     \
	"sip: { proxy = \"sip:pbx.example;transport=tcp\"; };\n"                                   \
	"domains: ( { sip = \"pbx.example\"; profile = \"asterisk\"; } );\n"

static int load(struct settings **out, const char *text, struct buf *report)
{
	return settings_load_text(out, "x.cfg", text, strlen(text), report);
}

static struct settings *load_good(const char *text)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;

	if (load(&settings, text, &report) != 0)
		fail_msg("%s", buf_text(&report));
	buf_free(&report);
	return settings;
}

/* [D-27] the table of what a chat user sees, and the words */
static void presence_rules_are_read(void **state)
{
	struct settings *settings =
		load_good(BASE "language = \"de\";\n"
			       "presence: { details = [ \"time\" ]; rules = (\n"
			       "{ state = \"ringing\"; show = \"keep\"; text = \"\"; },\n"
			       "{ state = \"in-call\"; show = \"away\"; text = \"Spricht\"; },\n"
			       "{ state = \"do-not-disturb\"; show = \"none\"; } ); };\n");
	const struct presence_rules *rules = &settings->rules;

	(void)state;
	assert_int_equal(rules->details, DETAIL_TIME);
	assert_string_equal(rules->lang, "de");
	assert_int_equal(rules->rules[0].when, CASE_RINGING);
	assert_true(rules->rules[0].keeps_show);
	assert_string_equal(rules->rules[0].text, "");
	assert_int_equal(rules->rules[1].when, CASE_IN_CALL);
	assert_int_equal(rules->rules[1].show, SHOW_AWAY);
	assert_string_equal(rules->rules[1].text, "Spricht");
	assert_int_equal(rules->rules[2].when, CASE_DND);
	assert_int_equal(rules->rules[2].show, SHOW_NONE);
	assert_null(rules->rules[2].text);
	assert_int_equal(rules->rules[3].when, CASE_CLOSED);
	assert_int_equal(rules->rules[4].when, CASE_ON_HOLD);
	settings_free(&settings);
	settings = load_good(BASE);
	assert_memory_equal(&settings->rules.rules, &presence_rules_built_in()->rules,
			    sizeof settings->rules.rules);
	assert_int_equal(settings->rules.details, DETAILS_DEFAULT);
	settings_free(&settings);
}

/* Every state that the schema names is the case of that name. */
static void states_have_the_names_of_cases(void **state)
{
	const struct setting *presence = settings_find(settings_schema, "presence");
	const struct setting *rules = settings_find(presence->inside, "rules");
	const struct setting *which = settings_find(rules->inside, "state");
	const struct setting *shows = settings_find(rules->inside, "show");

	(void)state;
	for (int i = CASE_CLOSED; i < CASE_COUNT; i++)
		assert_string_equal(which->choices[i - 1],
				    presence_case_name((enum presence_case)i));
	assert_null(which->choices[CASE_COUNT - 1]);
	for (int i = SHOW_AWAY; i <= SHOW_XA; i++)
		assert_string_equal(shows->choices[i], show_name((enum show)i));
	assert_string_equal(shows->choices[SETTINGS_SHOW_KEEP], "keep");
}

static void a_language_without_words_is_told(void **state)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;

	(void)state;
	assert_int_equal(load(&settings, BASE "language = \"hu\";\n", &report), 0);
	assert_non_null(strstr(buf_text(&report), "x.cfg:4: warning: language: no texts are built "
						  "in for \"hu\""));
	settings_free(&settings);
	buf_free(&report);
}

#define DOMAIN(more)                                                                               \
	"xmpp: { component = \"sip.chat.example\"; secret = \"0123456789abcdef\"; };\n"            \
	"domains: ( { sip = \"pbx.example\"; profile = \"asterisk\";\n" more " } );\n"
#define DOMAIN_ON_ONE_LINE                                                                         \
	"xmpp: { component = \"sip.chat.example\"; secret = \"0123456789abcdef\"; };\n"            \
	"domains: ( { sip = \"pbx.example\"; profile = \"asterisk\"; } );\n"
#define LINKED(jid) "users: ( { jid = \"" jid "\"; extension = \"sip:1@pbx.example\"; } );\n"
#define NOBODY      "domains[0].publish publishes nobody; name the chat users in users"

/* What is allowed and does nothing. */
static void what_has_no_effect_is_told(void **state)
{
	static const struct {
		const char *text;
		const char *wanted; /* NULL: no warning */
	} rows[] = {
		{DOMAIN("publish = \"devicestate\";"), NOBODY},
		{DOMAIN("publish = \"devicestate\";") "users: ( { jid = \"a@chat.example\"; } );\n",
		 NULL},
		{DOMAIN("publish_to = \"sip:x@pbx.example\";"),
		 "domains[0].publish_to has no effect without publish = \"devicestate\""},
		{DOMAIN("packages = [ ]; accept_publish = false;"),
		 "domains[0].packages is empty, and there is neither a list nor accept_publish: "
		 "nothing will be known of the users of pbx.example"},
		{DOMAIN("packages = [ ];"), NULL},
		{DOMAIN("rich_types = \"always\"; message_types = \"text/plain\";"),
		 "domains[0].rich_types has no effect with message_types = \"text/plain\""},
		{DOMAIN("rich_types = \"never\"; message_types = \"text/plain\";"), NULL},
		{DOMAIN("rich_types = \"always\"; message_types = \"any\";"), NULL},
		{DOMAIN("receipt_from_200 = true; message_result_meaning = \"queued\";"),
		 "domains[0].receipt_from_200 has no effect with message_result_meaning = "
		 "\"queued\""},
		{DOMAIN("receipt_from_200 = true;"), NULL},
		{DOMAIN("") "messages: {};", NULL},
		{"messages: { life = \"1h\"; hold_unavailable = \"1h\"; };\n" DOMAIN(""), NULL},
		{DOMAIN_ON_ONE_LINE "messages: { hold_unavailable = \"48h\"; };\n",
		 "messages.hold_unavailable is longer than messages.life, which ends it after "
		 "86400 s"},
		{DOMAIN_ON_ONE_LINE "store: { engine = \"memory\"; };\n",
		 "store.engine is \"memory\": messages that wait, and who may watch whom, are "
		 "lost when the daemon ends"},
		{DOMAIN_ON_ONE_LINE "limits: { queue_messages_per_user = 100001; };\n",
		 "limits: one sender may fill the whole queue (queue_messages_per_user, "
		 "queue_bytes_per_user)"},
		{DOMAIN("packages = [ ]; accept_publish = false; list = \"sip:all@pbx.example\";"),
		 NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct settings *settings = NULL;
		struct buf report = BUF_INIT;
		struct buf wanted = BUF_INIT;

		if (rows[i].wanted != NULL)
			buf_printf(&wanted, "x.cfg:3: warning: %s\n", rows[i].wanted);
		assert_int_equal(load(&settings, rows[i].text, &report), 0);
		assert_string_equal(buf_text(&report), buf_text(&wanted));
		settings_free(&settings);
		buf_free(&wanted);
		buf_free(&report);
	}
}

/* [D-06] [D-03] Who is told of his phone, and by default nobody. */
static void calls_are_told_to_whom(void **state)
{
	static const struct {
		const char *text;
		bool voicemail, missed;
		const char *wanted;
	} rows[] = {
		{LINKED("a@chat.example"), false, false, ""},
		{LINKED("a@chat.example") "calls: { voicemail = true; };\n", true, false, ""},
		{LINKED("a@chat.example") "calls: { missed = true; };\n", false, true, ""},
		{"calls: {\nmissed = true; };\n", false, true,
		 "x.cfg:5: warning: calls: nobody is told, since no entry of users has an "
		 "extension\n"},
		{"users: ( { jid = \"a@chat.example\"; } );\ncalls: { voicemail = true; };\n", true,
		 false,
		 "x.cfg:5: warning: calls: nobody is told, since no entry of users has an "
		 "extension\n"},
		{LINKED("a@elsewhere.example") "calls: { voicemail = true; };\n", true, false,
		 "x.cfg:4: warning: users[0].extension: \"a@elsewhere.example\" is told nothing, "
		 "since the domain is not in xmpp.domains\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct settings *settings = NULL;
		struct buf text = BUF_INIT, report = BUF_INIT;

		buf_printf(&text, "%s%s", BASE, rows[i].text);
		assert_int_equal(load(&settings, buf_text(&text), &report), 0);
		assert_string_equal(buf_text(&report), rows[i].wanted);
		assert_int_equal(settings->tells_voicemail, rows[i].voicemail);
		assert_int_equal(settings->tells_missed_calls, rows[i].missed);
		settings_free(&settings);
		buf_free(&text);
		buf_free(&report);
	}
}

static const struct {
	const char *text;
	int line;
	const char *wanted;
} faults[] = {
	{BASE "presence: { rules = (\n{ state = \"busy\"; } ); };\n", 5,
	 "presence.rules[0].state: \"busy\" is unknown; use one of \"closed\", \"on-hold\""},
	{BASE "presence: { rules = (\n{ state = \"idle\"; show = \"gone\"; } ); };\n", 5,
	 "presence.rules[0].show: \"gone\" is unknown; use one of \"none\", \"away\""},
	{BASE "presence: { rules = (\n{ show = \"dnd\"; } ); };\n", 5,
	 "presence.rules[0] names no state; add one"},
	{BASE "presence: { rules = ( { state = \"idle\"; },\n{ state = \"idle\"; } ); };\n", 5,
	 "presence.rules[1].state: \"idle\" has a rule further up already; remove one"},
	{BASE "presence: { rules = ( { state = \"closed\"; show = \"xa\"; } ); };\n", 4,
	 "who is closed is always shown as unavailable; remove it"},
	{BASE "presence: { rules = ( { state = \"idle\"; txt = \"x\"; } ); };\n", 4,
	 "presence.rules[0].txt is no setting; did you mean presence.rules[0].text?"},
	{BASE "presence: { details = [ \"mood\" ]; };\n", 4,
	 "presence.details: \"mood\" cannot be used; it must be \"activity\""},
};

static void faults_name_line_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(faults); i++) {
		struct settings *settings = NULL;
		struct buf report = BUF_INIT;
		char place[16];

		(void)snprintf(place, sizeof place, "x.cfg:%d: ", faults[i].line);
		assert_int_equal(load(&settings, faults[i].text, &report), EINVAL);
		assert_null(settings);
		if (strncmp(buf_text(&report), place, strlen(place)) != 0 ||
		    strstr(buf_text(&report), faults[i].wanted) == NULL)
			fail_msg("%s\n%s", faults[i].text, buf_text(&report));
		buf_free(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(presence_rules_are_read),
		cmocka_unit_test(states_have_the_names_of_cases),
		cmocka_unit_test(a_language_without_words_is_told),
		cmocka_unit_test(what_has_no_effect_is_told),
		cmocka_unit_test(calls_are_told_to_whom),
		cmocka_unit_test(faults_name_line_and_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
