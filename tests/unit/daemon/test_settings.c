/* The configuration: each wrong file is refused with file, line and remedy; the annotated file is
 * accepted as it is and with every line in force. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "settings.h"
#include "settings_private.h"
#include "support/check.h"

/* Lines 1 to 3 of most rows: enough for a configuration that works. */
#define BASE                                                                                       \
	"xmpp: { component = \"sip.chat.example\"; secret = \"a secret of some length\"; };\n"     \
	"sip: { proxy = \"sip:pbx.example;transport=tcp\"; };\n"                                   \
	"domains: ( { sip = \"pbx.example\"; profile = \"asterisk\"; } );\n"

static int load(struct settings **out, const char *text, struct buf *report)
{
	return settings_load_text(out, "x.cfg", text, strlen(text), report);
}

/* Loads what must be right; the caller frees it. */
static struct settings *load_good(const char *text)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;

	if (load(&settings, text, &report) != 0)
		fail_msg("%s", buf_text(&report));
	buf_free(&report);
	return settings;
}

/* The file that settings.md promises to work. [SEC-106] warns of its secret. [PBX-057] what kind of
 * PBX it is stands in the file. */
static void smallest_file(void **state)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;
	int error = load(&settings,
			 "xmpp: { component = \"sip.chat.example\"; secret = \"change-me\"; };\n"
			 "sip:  { proxy = \"sip:pbx.example;transport=tcp\"; };\n"
			 "domains: ( { xmpp = \"sip.chat.example\"; sip = \"pbx.example\"; "
			 "profile = \"asterisk\"; } );\n",
			 &report);

	(void)state;
	assert_int_equal(error, 0);
	assert_string_equal(buf_text(&report),
			    "x.cfg:1: warning: the secret for sip.chat.example has less than 16 "
			    "characters; use a longer one\n");
	assert_int_equal(settings->component_count, 1);
	assert_string_equal(settings->components[0].domain, "sip.chat.example");
	assert_string_equal(settings->components[0].secret, "change-me");
	assert_string_equal(settings->components[0].server, "127.0.0.1");
	assert_int_equal(settings->components[0].port, 5347);
	assert_int_equal(settings->listen_count, 2);
	assert_string_equal(settings->listen[0], "sip:*:5060;transport=udp");
	assert_string_equal(settings->listen[1], "sip:*:5060;transport=tcp");
	assert_string_equal(settings->proxy, "sip:pbx.example;transport=tcp");
	assert_null(settings->advertise);
	assert_null(settings->trusted); /* [D-52]: the default is the sip side's to find */
	assert_string_equal(settings->peers[0].domain, "pbx.example");
	assert_string_equal(settings->peers[0].profile.name, "asterisk");
	assert_int_equal(settings->peers[0].profile.body_max_bytes, 1023);
	assert_true(settings->map.domains[0].is_asterisk);
	/* [D-03] */
	assert_int_equal(settings->map.xmpp_domain_count, 1);
	assert_string_equal(settings->map.xmpp_domains[0], "chat.example");
	/* [D-36] */
	assert_int_equal(settings->ping_count, 1);
	assert_string_equal(settings->ping[0], "chat.example");
	settings_free(&settings);
	assert_null(settings);
	buf_free(&report);
}

/* The defaults that the manual and the decisions name. */
static void defaults(void **state)
{
	struct settings *settings = load_good(BASE);
	struct limits limits;

	(void)state;
	limits_defaults(&limits);
	assert_memory_equal(&settings->limits, &limits, sizeof(limits));
	assert_string_equal(settings->store_engine, "sqlite");
	assert_string_equal(settings->store_path, "/var/lib/sipxmppd/state.db");
	assert_string_equal(settings->control_socket, "/run/sipxmppd/control");
	assert_null(settings->metrics_listen);
	assert_int_equal(settings->log_target, LOG_TARGET_SYSLOG);
	assert_int_equal(settings->log_level, LOG_LEVEL_NOTICE);
	assert_string_equal(settings->log_facility, "daemon");
	assert_false(settings->log_bodies);
	assert_string_equal(settings->language, "en");
	assert_int_equal(settings->ask_again_s, 7 * 86400);
	assert_int_equal(settings->refusal_hold_s, 86400);
	assert_int_equal(settings->hold_s, 30);
	assert_int_equal(settings->messages_life_s, 86400);
	assert_int_equal(settings->hold_unavailable_s, 0);
	assert_int_equal(settings->late_failure, LATE_FAILURE_MESSAGE);
	assert_int_equal(settings->stop_tell, STOP_TELL_ALL);
	assert_false(settings->allow_plain);
	assert_false(settings->options_follow_link);
	assert_true(settings->tls_verify);
	assert_true(settings->allow_md5);
	assert_int_equal(settings->timer_t1_ms, 500);
	assert_int_equal(settings->refresh_s, 3600);
	assert_int_equal(settings->ping_every_ms, 30000);
	settings_free(&settings);
}

/* A profile's values, and a domains[] entry that overrides each. */
static void profile_fields_are_overridden(void **state)
{
	struct settings *settings = load_good(
		"xmpp: { component = \"sip.chat.example\"; secret = \"a secret of some length\"; };"
		"domains: ( { sip = \"a.example\"; profile = \"kamailio\"; },"
		"{ xmpp = \"b.chat.example\"; sip = \"B\xc3\x84r.example\"; profile = \"kamailio\";"
		"  case = \"exact\"; empty_notify = \"unchanged\"; body_max = \"2 KiB\";"
		"  rich_types = \"on evidence\"; subscribe_as = \"bridge\"; packages = "
		"[\"presence\"];"
		"  receipt_from_200 = false; separator = \"*\"; callback = \"escaped\";"
		"  secret = \"another long secret\"; proxy = \"sip:192.0.2.7:5080\";"
		"  allow_sips = true; phone_context = \"+49\"; can_fetch = false; } );");
	const struct profile *given = &settings->peers[0].profile;
	const struct profile *set = &settings->peers[1].profile;

	(void)state;
	assert_int_equal(given->empty_notify, EMPTY_NOTIFY_GONE);
	assert_int_equal(given->subscribe_as, SUBSCRIBE_AS_WATCHER);
	assert_int_equal(given->packages, PACKAGE_PRESENCE | PACKAGE_DIALOG);
	assert_int_equal(settings->map.domains[0].case_rule, CASE_FOLD); /* [D-07] */
	assert_true(settings->domains[0].can_fetch);
	assert_int_equal(set->empty_notify, EMPTY_NOTIFY_UNCHANGED);
	assert_int_equal(set->subscribe_as, SUBSCRIBE_AS_BRIDGE);
	assert_int_equal(set->packages, PACKAGE_PRESENCE);
	assert_int_equal(set->body_max_bytes, 2048);
	assert_int_equal(set->rich_types, RICH_ON_EVIDENCE);
	assert_false(set->receipt_from_200);
	assert_int_equal(settings->map.domains[1].case_rule, CASE_EXACT);
	assert_int_equal(settings->map.domains[1].callback, CALLBACK_ESCAPED);
	assert_int_equal(settings->map.domains[1].separator, '*');
	assert_true(settings->map.domains[1].allow_sips);
	assert_string_equal(settings->map.domains[1].phone_context, "+49");
	assert_false(settings->domains[1].can_fetch);
	assert_string_equal(settings->peers[1].domain, "xn--br-via.example"); /* canonical */
	assert_string_equal(settings->peers[1].proxy, "sip:192.0.2.7:5080");
	/* [D-02]: a stream for each component domain, with its own secret if it has one */
	assert_int_equal(settings->component_count, 2);
	assert_string_equal(settings->components[0].domain, "sip.chat.example");
	assert_string_equal(settings->components[0].secret, "a secret of some length");
	assert_string_equal(settings->components[1].domain, "b.chat.example");
	assert_string_equal(settings->components[1].secret, "another long secret");
	assert_int_equal(settings->map.own_host_count, 1);
	assert_string_equal(settings->map.own_hosts[0], "192.0.2.7");
	settings_free(&settings);
}

/* [D-41] [D-42]: what the words about messages mean together: a peer of plain text is sent nothing
 * else, and a queue's 200 is nobody's receipt. */
static void message_fields_fit_together(void **state)
{
	static const struct {
		const char *fields;
		enum rich_types rich_types;
		bool may_be_receipt;
	} rows[] = {
		{"profile = \"kamailio\";", RICH_ON_EVIDENCE, true},
		{"profile = \"linphone\";", RICH_ALWAYS, true},
		{"profile = \"linphone\"; message_types = \"text/plain\";", RICH_NEVER, true},
		{"profile = \"linphone\"; message_types = \"any\";", RICH_ALWAYS, true},
		{"profile = \"kamailio\"; message_result_meaning = \"queued\";", RICH_ON_EVIDENCE,
		 false},
		{"profile = \"generic\";", RICH_ON_EVIDENCE, false},
		{"profile = \"generic\"; receipt_from_200 = true;", RICH_ON_EVIDENCE, true},
		{"profile = \"generic\"; message_result_meaning = \"device\";", RICH_ON_EVIDENCE,
		 false},
		{"profile = \"asterisk\";", RICH_NEVER, false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		char text[512];
		struct settings *settings;
		const struct profile *profile;

		snprintf(text, sizeof text,
			 "xmpp: { component = \"sip.chat.example\"; secret = \"a secret of some "
			 "length\"; }; domains: ( { sip = \"a.example\"; %s } );",
			 rows[i].fields);
		settings = load_good(text);
		profile = &settings->peers[0].profile;
		assert_int_equal(profile->rich_types, rows[i].rich_types);
		assert_int_equal(profile->receipt_from_200 && profile->result_is_devices,
				 rows[i].may_be_receipt);
		settings_free(&settings);
	}
}

/* Text in, "FILE:LINE: ..." out. line 0: the fault is the file's. */
struct wrong {
	const char *text;
	int line;
	const char *part;
};

static const struct wrong wrongs[] = {
	/* Required */
	{"", 0, "xmpp.component is not set"},
	{"xmpp: { component = \"a.b\"; };", 0, "domains is not set"},
	{BASE "xmpp: { };", 4, "for the second time"},
	{"xmpp: { component = \"a.b\"; };\ndomains: ( { sip = \"p.example\"; } );\n", 1,
	 "xmpp.secret is not set; set secret or secret_file"},
	{"xmpp: {\n component = \"a.b\";\n secret = \"s\"; };\ndomains: ( { } );\n", 4,
	 "domains[0].sip is not set; name the SIP domain"},
	/* Syntax */
	{"xmpp: {\n component = \"a.b\"\n secret = ; };", 3, "look for a missing semicolon"},
	{"a = \"x\n\n", 1, "has no end; add \""},
	{"\n/* a\n", 2, "has no end; add */"},
	/* Unknown settings [LCF-002] */
	{BASE "sipp: { };\n", 4, "sipp is no setting; did you mean sip?"},
	{BASE "store: {\n pth = \"x\"; };\n", 5,
	 "store.pth is no setting; did you mean store.path?"},
	{BASE "port = 5347;\n", 4, "port is no setting; did you mean xmpp.port?"},
	{BASE "store: { frobnicate = 1; };\n", 4, "store.frobnicate is no setting; remove it"},
	{"xmpp: { component = \"s.c\"; secret = \"x\"; };\ndomains: ( {\n sip = \"p.example\";\n"
	 " calback = \"direct\"; } );\n",
	 4,
	 "domains[0].calback is no setting; did you mean "
	 "domains[0].callback?"},
	{BASE "limits: { sip_vias = 70; };\n", 4, "did you mean limits.sip_via?"},
	/* Types [LCF-003] */
	{BASE "store: \"x\";\n", 4, "store must be a group"},
	{BASE "log: { bodies = 1; };\n", 4, "log.bodies must be true or false"},
	{BASE "log: { bodies = \"true\"; };\n", 4, "log.bodies must be true or false"},
	{BASE "log: { level = 3; };\n", 4, "log.level must be a text in quotes"},
	{BASE "log: { level = \"loud\"; };\n", 4,
	 "log.level: \"loud\" is unknown; use one of \"err\", \"warning\", \"notice\", \"info\", "
	 "\"debug\""},
	{BASE "language = [ \"en\" ];\n", 4, "language must be a text in quotes"},
	{BASE "limits: { sip_via = \"70\"; };\n", 4, "limits.sip_via must be a whole number"},
	{BASE "limits: { sip_via = 70.5; };\n", 4, "limits.sip_via must be a whole number"},
	{BASE "chat_domains: { xmpp = \"a\"; };\n", 4, "chat_domains must be a list of groups"},
	{BASE "chat_domains: ( \"a\" );\n", 4, "chat_domains[0] must be a group"},
	{BASE "users: (\n { jid = \"a@chat.example\"; alias = \"sip:8@pbx.example\"; } );\n", 5,
	 "users[0].alias must be a list of texts"},
	{BASE "users: (\n { jid = \"a@chat.example\"; alias = [ 8001 ]; } );\n", 5,
	 "users[0].alias must be a list of texts"},
	{"xmpp: { component = \"x.y\"; secret = \"0123456789abcdef\"; }; domains: ( { sip = "
	 "\"a.b\"; profile = \"kamailio\"; list = \"sip:a@a.b\"; } );\n",
	 1, "set subscribe_as = \"bridge\""},
	{"xmpp: { component = \"x.y\"; secret = \"0123456789abcdef\"; }; domains: ( { sip = "
	 "\"a.b\"; profile = \"kamailio\"; accept_publish = true; } );\n",
	 1, "shown to all, in the bridge's name; set subscribe_as = \"bridge\""},
	{"xmpp: { component = \"x.y\"; secret = \"0123456789abcdef\"; }; domains: ( { sip = "
	 "\"a.b\"; profile = \"kamailio\"; publish_to = \"sip:a.b\"; } );\n",
	 1, "sip:USER@HOST"},
	/* Numbers and ranges [LCF-001] */
	{BASE "limits: { sip_via = 3000000000; };\n", 4, "the number 3000000000 is too long"},
	{BASE "limits: {\n sip_via = -3000000000; };\n", 5, "the number 3000000000 is too long"},
	{BASE "limits: { sip_via = 0xFFFFFFFF; };\n", 4, "the number 0xFFFFFFFF is too long"},
	{BASE "limits: { sip_via = 99999999999999999999; };\n", 4, "is too long; at most 9 digits"},
	{BASE "limits: { sip_via = 1e400; };\n", 4, "limits.sip_via must be a whole number"},
	{BASE "limits: { sip_via = 1; };\n", 4, "limits.sip_via is out of range; use 2 to 255"},
	{BASE "limits: { sip_via = 256; };\n", 4, "limits.sip_via is out of range; use 2 to 255"},
	{BASE "limits: { sip_via = -1; };\n", 4, "limits.sip_via is out of range; use 2 to 255"},
	{BASE "presence: { hold = -1; };\n", 4, "presence.hold is out of range"},
	{BASE "presence: { hold = \"2h\"; };\n", 4,
	 "presence.hold is out of range; use 0 to \"1h\""},
	{BASE "presence: { hold = \"500ms\"; };\n", 4, "in whole seconds"},
	{BASE "presence: { hold = \"30 parsecs\"; };\n", 4,
	 "presence.hold must be a number of seconds"},
	{BASE "presence: { hold = \"\"; };\n", 4, "presence.hold must be a number of seconds"},
	{BASE "presence: { ask_again = \"99999999999999d\"; };\n", 4,
	 "must be a number of seconds"},
	{BASE "limits: { link_high_bytes = 9000000; };\n", 4, "must be less than"},
	{BASE "limits: { expires_min_s = 3600; expires_max_s = 60; };\n", 4,
	 "must not be more than"},
	/* Texts [LCF-005] */
	{BASE "language = \"e\\x00n\";\n", 4, "holds the character \\x00"},
	{BASE "store: { path = \"\\xff\"; };\n", 4, "store.path is not UTF-8"},
	{BASE "store: { path = \"a\\nb\"; };\n", 4, "store.path holds a control character"},
	{BASE "# \xff\n", 4, "is not text in UTF-8"},
	{BASE "\x01", 4, "is not text in UTF-8"},
	{BASE "language = \"english please\";\n", 4, "it must be a language tag"},
	{BASE "log: { facility = \"local9\"; };\n", 4, "it must be a facility of syslog"},
	/* Includes [LCF-006] */
	{BASE "@include \"/etc/passwd\"\n", 4, "@include is not supported; put all settings"},
	/* The link [D-54] [SEC-105] */
	{"xmpp: { component = \"s.chat.example\"; secret = \"a secret of some length\";\n"
	 " server = \"192.0.2.1\"; };\ndomains: ( { sip = \"p.example\"; } );\n",
	 2, "set allow_plain = true in xmpp"},
	{"xmpp: { component = \"s.chat.example\"; secret = \"a secret of some length\";\n"
	 " server = \"127.0.0.1.example\"; };\ndomains: ( { sip = \"p.example\"; } );\n",
	 2, "beyond this machine"},
	{"xmpp: { component = \"s.chat.example\"; secret = \"a secret of some length\";\n"
	 " server = \"a b\"; };\ndomains: ( { sip = \"p.example\"; } );\n",
	 2, "xmpp.server: \"a b\" cannot be used; it must be a host name or an address"},
	{"xmpp: { component = \"s.chat.example\"; secret = \"x\"; port = 0; };\n"
	 "domains: ( { sip = \"p.example\"; } );\n",
	 1, "xmpp.port is out of range; use 1 to 65535"},
	{"xmpp: { component = \"s.chat.example\"; secret = \"x\";\n secret_file = \"y\"; };\n"
	 "domains: ( { sip = \"p.example\"; } );\n",
	 2, "are both set; remove one of the two"},
	{"xmpp: { component = \"s.chat.example\";\n secret_file = \"/nonexistent/secret\"; };\n"
	 "domains: ( { sip = \"p.example\"; } );\n",
	 2, "/nonexistent/secret cannot be read"},
	{"xmpp: { component = \"s.chat.example\"; secret = \"x\";\n domains = [ ]; };\n"
	 "domains: ( { sip = \"p.example\"; } );\n",
	 2, "xmpp.domains is empty, so nobody"},
	{"xmpp: { component = \"localdomain\"; secret = \"x\"; };\n"
	 "domains: ( { sip = \"p.example\"; } );\n",
	 1, "there is no domain above localdomain"},
	/* SIP */
	{"sip: { listen = [ \"udp:5060\" ]; };\n", 1, "it must be sip:HOST:PORT;transport=udp"},
	{"sip: { listen = [ \"sip:*:99999;transport=udp\" ]; };\n", 1, "sip.listen: \"sip:*:99999"},
	{"sip: { listen = [\n \"sip:*:5060;transport=udp\",\n \"sip:*:5060;transport=sctp\" ]; "
	 "};\n",
	 3, "cannot be used"},
	{BASE "sip: { };\n", 4, "for the second time"},
	{"sip: { proxy = \"pbx.example\"; };\n", 1, "it must be sip:HOST:PORT with"},
	{"sip: { proxy = \"sip:bob@pbx.example\"; };\n", 1, "it must be sip:HOST:PORT with"},
	{"sip: { trusted = [ \"192.0.2.0/33\" ]; };\n", 1, "it must be an address, a network"},
	{"sip: { trusted = [ \"2001:db8::/129\" ]; };\n", 1, "it must be an address, a network"},
	{"sip: { advertise = \"a:b:c\"; };\n", 1, "it must be HOST or HOST:PORT"},
	{"metrics: { listen = \"9090\"; };\n", 1, "it must be HOST:PORT"},
	/* The map */
	{"xmpp: { component = \"s.chat.example\"; secret = \"x\"; };\ndomains: (\n"
	 " { sip = \"p.example\"; },\n { sip = \"q.example\"; } );\n",
	 4, "domains[1].xmpp: \"s.chat.example\" shows another SIP domain already"},
	{"xmpp: { component = \"sip.example.org\"; secret = \"x\"; };\ndomains: (\n"
	 " { sip = \"example.org\"; } );\n",
	 3, "give the chat domain another name"}, /* [D-01] */
	{BASE "users: (\n { jid = \"a@chat.example\";\n   alias = [ \"sip:8@x.example\" ]; } );\n",
	 6,
	 "users[0].alias[0]: cannot be used: the domain is not served; write a SIP address of a "
	 "domain in domains, such as sip:8001@pbx.example"},
	{BASE "users: (\n { jid = \"a@chat.example\";\n   extension = \"1001\"; } );\n", 6,
	 "users[0].extension: cannot be used: the scheme of the URI is unknown; write a SIP "
	 "address of a domain in domains, such as sip:1001@pbx.example"},
	{BASE "users: (\n { jid = \"1@sip.chat.example\"; } );\n", 5,
	 "users[0].jid: cannot be used"},
	{BASE "lists: (\n { members = [ \"a@chat.example\" ]; } );\n", 5,
	 "lists[0].uri is not set; add uri"},
	{BASE
	 "lists: (\n { uri = \"sip:l@pbx.example\";\n members = [ \"a@chat.example\" ]; } );\n",
	 5, "lists[0].uri: \"sip:l@pbx.example\" does not lead here"},
	{BASE "lists: (\n { uri = \"sip:l@chat.example\"; } );\n", 5,
	 "lists[0] has no members; add members"},
	{BASE "lists: (\n { uri = \"sip:l@chat.example\";\n members = [ \"chat.example\" ]; } );\n",
	 6, "lists[0].members: \"chat.example\" cannot be watched"},
	{BASE "lists: (\n { uri = \"sip:l@chat.example\"; members = [ \"a@chat.example\" ]; },\n"
	      " { uri = \"sip:l@chat.example\"; members = [ \"a@chat.example\" ]; } );\n",
	 6, "lists[1].uri is that of lists[0]; name it once"},
	{BASE "limits: { list_members = 1; };\nlists: (\n { uri = \"sip:l@chat.example\";\n"
	      " members = [ \"a@chat.example\", \"b@chat.example\" ]; } );\n",
	 7, "lists[0].members has more than limits.list_members = 1"},
	{BASE "chat_domains: (\n { xmpp = \"chat.example\"; } );\n", 5,
	 "chat_domains[0]: xmpp and sip must both be domain names"},
	{"xmpp: { component = \"s.chat.example\"; secret = \"x\"; };\ndomains: (\n"
	 " { sip = \"-bad-\"; } );\n",
	 3, "domains[0].sip: \"-bad-\" is no domain name"},
	{"xmpp: { component = \"s.chat.example\"; secret = \"x\"; };\ndomains: (\n"
	 " { sip = \"p.example\"; profile = \"pabx\"; } );\n",
	 3, "it must be one of generic, asterisk"},
};

static void check_wrong(const struct wrong *row, size_t i)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;
	char place[32] = "x.cfg: ";
	const char *at;

	if (load(&settings, row->text, &report) != EINVAL)
		fail_msg("row %zu was accepted, expected: %s", i, row->part);
	assert_null(settings);
	if (row->line > 0)
		snprintf(place, sizeof(place), "x.cfg:%d: ", row->line);
	at = strstr(buf_text(&report), row->part);
	if (at == NULL)
		fail_msg("row %zu: %s lacks %s", i, buf_text(&report), row->part);
	while (at > report.data && at[-1] != '\n')
		at--;
	if (strncmp(at, place, strlen(place)) != 0)
		fail_msg("row %zu: %s, expected %s%s", i, at, place, row->part);
	buf_free(&report);
}

/* [LCF-001] [LCF-002] [LCF-003] [LCF-005] [LCF-006]
 * [REL-020] */
static void wrong_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(wrongs); i++)
		check_wrong(&wrongs[i], i);
}

/* All faults are told at once. */
static void several_faults(void **state)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;

	(void)state;
	assert_int_equal(load(&settings, "log: { level = 3; };\nlanguag = \"en\";\n", &report),
			 EINVAL);
	assert_string_equal(buf_text(&report),
			    "x.cfg:1: log.level must be a text in quotes\n"
			    "x.cfg:2: languag is no setting; did you mean language?\n");
	buf_free(&report);
}

/* The annotated file ----------------------------------------------------------------------------
 */

static void read_config(struct buf *out)
{
	FILE *file = fopen(TESTS_DIR "/../config/sipxmppd.cfg", "r");
	char block[1024];
	size_t got;

	assert_non_null(file);
	do {
		got = fread(block, 1, sizeof(block), file);
		buf_append(out, block, got);
	} while (got > 0);
	fclose(file);
}

/* Settings are behind "#" alone, words behind "# ". */
static void uncomment(const struct buf *from, struct buf *out)
{
	for (const char *line = buf_text(from); *line != '\0';) {
		size_t len = strcspn(line, "\n");

		if (line[0] == '#' && len > 1 && line[1] != ' ')
			buf_append(out, line + 1, len - 1);
		else
			buf_append(out, line, len);
		buf_putc(out, '\n');
		line += line[len] != '\0' ? len + 1 : len;
	}
}

static void annotated_file(void **state)
{
	struct buf text = BUF_INIT;
	struct settings *settings;

	(void)state;
	read_config(&text);
	settings = load_good(buf_text(&text));
	assert_string_equal(settings->peers[0].profile.name, "asterisk");
	settings_free(&settings);
	buf_free(&text);
}

static void check_same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

/* Each commented line is accepted, and says the default. */
static void annotated_file_with_every_line(void **state)
{
	struct buf text = BUF_INIT;
	struct buf whole = BUF_INIT;
	struct settings *plain;
	struct settings *all;

	(void)state;
	read_config(&text);
	uncomment(&text, &whole);
	plain = load_good(buf_text(&text));
	all = load_good(buf_text(&whole));
	assert_memory_equal(&plain->limits, &all->limits, sizeof(all->limits));
	assert_memory_equal(&plain->domains[0], &all->domains[0], sizeof(all->domains[0]));
	assert_memory_equal(&plain->peers[0].profile, &all->peers[0].profile,
			    sizeof(struct profile));
	assert_int_equal(plain->map.domains[0].case_rule, all->map.domains[0].case_rule);
	assert_int_equal(plain->map.domains[0].callback, all->map.domains[0].callback);
	assert_int_equal(plain->listen_count, all->listen_count);
	assert_string_equal(plain->listen[1], all->listen[1]);
	assert_int_equal(plain->map.xmpp_domain_count, all->map.xmpp_domain_count);
	assert_string_equal(plain->map.xmpp_domains[0], all->map.xmpp_domains[0]);
	assert_int_equal(plain->ping_count, all->ping_count);
	assert_string_equal(plain->store_path, all->store_path);
	assert_string_equal(plain->control_socket, all->control_socket);
	assert_string_equal(plain->log_facility, all->log_facility);
	check_same_text(plain->metrics_listen, all->metrics_listen);
	check_same_text(plain->advertise, all->advertise);
	check_same_text(plain->credentials.password, all->credentials.password);
	assert_int_equal(plain->ask_again_s, all->ask_again_s);
	assert_int_equal(plain->hold_s, all->hold_s);
	assert_int_equal(plain->answer_s, all->answer_s);
	assert_int_equal(plain->stop_tell, all->stop_tell);
	assert_int_equal(plain->timer_t1_ms, all->timer_t1_ms);
	settings_free(&plain);
	settings_free(&all);
	buf_free(&text);
	buf_free(&whole);
}

/* Whether the text has a line "name =" or "name:", commented or not. */
static bool has_line(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
		bool begins = at == text || strchr("\n\t#", at[-1]) != NULL;

		if (begins && (strncmp(at + len, " =", 2) == 0 || at[len] == ':'))
			return true;
	}
	return false;
}

static void check_documented(const struct setting *table, const char *text)
{
	for (; table->name != NULL; table++) {
		if (!has_line(text, table->name))
			fail_msg("config/sipxmppd.cfg has no line for %s", table->name);
		if (table->inside != NULL && table->type == SETTING_GROUP)
			check_documented(table->inside, text);
	}
}

static void every_setting_has_a_line(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	read_config(&text);
	check_documented(settings_schema, buf_text(&text));
	for (const struct setting *group = settings_schema; group->name != NULL; group++) {
		if (strcmp(group->name, "domains") == 0)
			check_documented(group->inside, buf_text(&text));
	}
	buf_free(&text);
}

/* What -n says ----------------------------------------------------------------------------------
 */

static void described(void **state)
{
	struct settings *settings =
		load_good("xmpp: { component = \"sip.chat.example\"; secret = \"a secret of some "
			  "length\"; };\n"
			  "domains: ( { sip = \"pbx.example\"; profile = \"asterisk\";\n"
			  " expose_resource = true; } );\n");
	struct buf out = BUF_INIT;

	(void)state;
	settings_describe(settings, &out);
	assert_string_equal(buf_text(&out),
			    "users of chat.example may use the bridge\n" /* [D-03] */
			    "sip.chat.example shows the users of pbx.example (asterisk)\n"
			    "x.cfg:3: domains[0].expose_resource is accepted, but not built yet: "
			    "it has no effect\n");
	settings_free(&settings);
	buf_free(&out);
	settings = load_good("xmpp: { component = \"s.c\"; secret = \"a secret of some length\";"
			     " domains = [ \"*\" ]; };\ndomains: ( { sip = \"p.example\"; } );\n");
	settings_describe(settings, &out);
	assert_non_null(strstr(buf_text(&out), "every chat user may use the bridge\n"));
	settings_free(&settings);
	buf_free(&out);
}

static void count_one(const char *name, void *arg)
{
	int *count = arg;

	assert_true(strlen(name) > 0 && strcmp(name, "xmpp.component") != 0);
	(*count)++;
}

static void unbuilt_settings_are_listed(void **state)
{
	const struct setting *sip = NULL;
	int count = 0;

	(void)state;
	for (const struct setting *group = settings_schema; group->name != NULL; group++)
		sip = strcmp(group->name, "sip") == 0 ? group->inside : sip;
	settings_each_unbuilt(count_one, &count);
	for (; sip->name != NULL; sip++)
		count -= sip->is_unbuilt ? 1 : 0;
	assert_true(count > 0); /* the groups and lists beside sip were walked too */
}

/* [SEC-105] [D-54]: with the operator's word, and a warning at each start
 * [REQ-026] */
static void plain_link_with_the_operators_word(void **state)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;

	(void)state;
	assert_int_equal(load(&settings,
			      "xmpp: { component = \"s.chat.example\"; secret = \"a secret of some "
			      "length\";\n server = \"chat.example\"; allow_plain = true; };\n"
			      "domains: ( { sip = \"p.example\"; } );\n",
			      &report),
			 0);
	assert_string_equal(buf_text(&report), "x.cfg:2: warning: the link to chat.example carries "
					       "everything in clear (xmpp.allow_plain)\n");
	settings_free(&settings);
	buf_free(&report);
}

static void loopback(void **state)
{
	(void)state;
	assert_true(settings_is_loopback("127.0.0.1"));
	assert_true(settings_is_loopback("127.255.0.9"));
	assert_true(settings_is_loopback("::1"));
	assert_true(settings_is_loopback("[::1]"));
	assert_true(settings_is_loopback("localhost"));
	assert_false(settings_is_loopback("localhost.example"));
	assert_false(settings_is_loopback("128.0.0.1"));
	assert_false(settings_is_loopback("::2"));
	assert_false(settings_is_loopback("127.1"));
}

/* Numbers do not depend on the locale. [LCF-007] */
static void comma_locale(void **state)
{
	static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "nl_NL.UTF-8"};
	bool found = false;
	struct settings *settings;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(names) && !found; i++)
		found = setlocale(LC_ALL, names[i]) != NULL;
	settings = load_good(BASE "limits: { sip_via = 71; };\npresence: { hold = \"45s\"; };\n");
	assert_int_equal(settings->limits.sip_via, 71);
	assert_int_equal(settings->hold_s, 45);
	settings_free(&settings);
	setlocale(LC_ALL, "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smallest_file),
		cmocka_unit_test(defaults),
		cmocka_unit_test(profile_fields_are_overridden),
		cmocka_unit_test(message_fields_fit_together),
		cmocka_unit_test(wrong_files),
		cmocka_unit_test(several_faults),
		cmocka_unit_test(annotated_file),
		cmocka_unit_test(annotated_file_with_every_line),
		cmocka_unit_test(every_setting_has_a_line),
		cmocka_unit_test(described),
		cmocka_unit_test(unbuilt_settings_are_listed),
		cmocka_unit_test(plain_link_with_the_operators_word),
		cmocka_unit_test(loopback),
		cmocka_unit_test(comma_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
