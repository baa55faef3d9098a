/* Requests on the wire: each get and set is answered once, with what XEP-0030, 0092 and 0199 want.
 */
#include <stdio.h>

#include "base/buf.h"
#include "support/check.h"
#include "support/xmpp_world.h"

/* Ann may see 1001, who is there. */
static int with_up(void **state)
{
	struct world *world = world_new_up();
	struct presence now;

	world_presence(&now, SHOW_NONE, NULL);
	world_will_answer(world, WATCH_ALLOWED, &now, FAULT_NONE, NULL);
	presence_clear(&now);
	*state = world;
	return 0;
}

static int tear(void **state)
{
	struct world *world = *state;

	world_free(&world);
	return 0;
}

static void ask(struct world *world, const char *to, const char *type, const char *payload)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "<iq from='ann@chat.example/a' to='%s' id='q1'%s%s%s>%s</iq>", to,
		   type == NULL ? "" : " type='", type == NULL ? "" : type, type == NULL ? "" : "'",
		   payload);
	xmpp_server_send_bytes(world_server(world), text.data, text.len);
	buf_free(&text);
}

#define PING    "<ping xmlns='urn:xmpp:ping'/>"
#define INFO    "<query xmlns='http://jabber.org/protocol/disco#info'/>"
#define ITEMS   "<query xmlns='http://jabber.org/protocol/disco#items'/>"
#define VERSION "<query xmlns='jabber:iq:version'/>"
#define BRIDGE  "sip.chat.example"
#define USER    "1001@sip.chat.example"
#define PHONE   "1001@sip.chat.example/sip"

struct request {
	const char *what;
	const char *to;
	const char *type;
	const char *payload;
	const char *answer[5]; /* all in one stanza */
};

static const struct request table[] = {
	/* [X0199-2] [X0199-1] */
	{"ping bridge", BRIDGE, "get", PING, {"type=\"result\"", "from=\"" BRIDGE "\""}},
	{"ping user", USER, "get", PING, {"type=\"result\"", "from=\"" USER "\""}},
	{"ping phone", PHONE, "get", PING, {"type=\"result\"", "from=\"" PHONE "\""}},
	{"ping nobody", USER "/x", "get", PING, {"service-unavailable", "from=\"" USER "/x\""}},
	/* [X000-2] */
	{"ping stranger", "nobody@" BRIDGE, "get", PING, {"type=\"result\""}},
	{"ping impossible", "\xc3\x84@" BRIDGE, "get", PING, {"type=\"result\""}},
	/* [X0030-1] [X0030-2] */
	{"info bridge",
	 BRIDGE,
	 "get",
	 INFO,
	 {"category=\"gateway\" type=\"simple\"", "\"http://jabber.org/protocol/disco#info\"",
	  "\"urn:xmpp:ping\"", "name=\"sipxmppd\""}},
	{"info user", USER, "get", INFO, {"category=\"account\" type=\"registered\""}},
	{"info stranger", "nobody@" BRIDGE, "get", INFO, {"category=\"account\""}},
	{"info phone", PHONE, "get", INFO, {"category=\"client\" type=\"phone\""}},
	/* [X0030-3] */
	{"info node",
	 BRIDGE,
	 "get",
	 "<query xmlns='http://jabber.org/protocol/disco#info' node='n'/>",
	 {"item-not-found"}},
	/* [X0030-4] */
	{"items bridge",
	 BRIDGE,
	 "get",
	 ITEMS,
	 {"type=\"result\"", "<query xmlns=\"http://jabber.org/protocol/disco#items\"/>"}},
	{"items user", USER, "get", ITEMS, {"type=\"result\"", "disco#items\"/>"}},
	/* [X0092-1] */
	{"version bridge",
	 BRIDGE,
	 "get",
	 VERSION,
	 {"<name>sipxmppd</name>", "<version>0.0</version>"}},
	{"version phone", PHONE, "get", VERSION, {"<name>sipxmppd</name>"}},
	{"version user", USER, "get", VERSION, {"service-unavailable"}},
	/* [CMP-020] [CMP-021] [X999-3] [X000-1] */
	{"unknown namespace",
	 USER,
	 "get",
	 "<query xmlns='urn:none'/>",
	 {"service-unavailable", "type=\"error\""}},
	{"unknown set", USER, "set", "<query xmlns='jabber:iq:roster'/>", {"service-unavailable"}},
	{"known name, other namespace",
	 USER,
	 "get",
	 "<ping xmlns='urn:none'/>",
	 {"service-unavailable"}},
	{"set of a get", BRIDGE, "set", PING, {"feature-not-implemented"}},
	{"two children", BRIDGE, "get", PING PING, {"bad-request", "type=\"modify\""}},
	{"no child", BRIDGE, "get", "", {"bad-request"}},
	{"only text", BRIDGE, "get", "text", {"bad-request"}},
	{"no type", BRIDGE, NULL, PING, {"bad-request"}},
	{"unknown type", BRIDGE, "put", PING, {"bad-request"}},
};

/* [ARCH-011] */
static void each_request_is_answered_once(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	world_let_run(world, 20);
	xmpp_server_forget(server);
	for (size_t i = 0; i < CHECK_COUNT(table); i++) {
		const char *const *answer = table[i].answer;

		ask(world, table[i].to, table[i].type, table[i].payload);
		if (xmpp_server_expect_all(server, "<iq", "id=\"q1\"", "to=\"ann@chat.example/a\"",
					   answer[0], answer[1], answer[2], answer[3],
					   NULL) == NULL)
			fail_msg("%s", table[i].what);
		world_let_run(world, 2);
		assert_int_equal(xmpp_server_stanzas(server), 0);
	}
}

/* [PRES-199] [X000-2]: who is not shown the user does not see that there is a resource. */
static void a_resource_is_for_those_who_may_see_it(void **state)
{
	static const char *const payloads[] = {PING, INFO, ITEMS, VERSION};
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct presence gone = {0};

	for (int round = 0; round < 2; round++) {
		if (round == 0) /* not authorized */
			world_will_answer(world, WATCH_PENDING, NULL, FAULT_NONE, NULL);
		else /* authorized, but he is not there */
			world_will_answer(world, WATCH_ALLOWED, &gone, FAULT_NONE, NULL);
		for (size_t i = 0; i < CHECK_COUNT(payloads); i++) {
			ask(world, PHONE, "get", payloads[i]);
			assert_non_null(xmpp_server_expect_all(server, "<iq", "type=\"error\"",
							       "service-unavailable",
							       "from=\"" PHONE "\"", NULL));
		}
	}
	/* chat servers ask for their users (XEP-0115); others get nothing */
	xmpp_server_send(server,
			 "<iq type='get' id='s1' from='chat.example' to='" PHONE "'>" INFO "</iq>");
	assert_non_null(xmpp_server_expect_all(server, "id=\"s1\"", "category=\"client\"", NULL));
	xmpp_server_send(server, "<iq type='get' id='s2' from='elsewhere.example' to='" PHONE
				 "'>" INFO "</iq>");
	assert_non_null(xmpp_server_expect_all(server, "id=\"s2\"", "service-unavailable", NULL));
}

/* [X0030-5]: no feature and no identity twice. [X0106-7]: escapes are announced. */
static void features_are_told_once(void **state)
{
	static const char *const whom[] = {BRIDGE, USER, PHONE};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(whom); i++) {
		ask(world, whom[i], "get", INFO);
		const char *answer = xmpp_server_expect_all(world_server(world), "<iq", "id=\"q1\"",
							    "<identity", NULL);

		assert_non_null(answer);
		for (const char *at = strstr(answer, "<identity"); at != NULL;
		     at = strstr(at + 1, "<identity")) {
			char identity[200];

			(void)snprintf(identity, sizeof(identity), "%.*s", (int)strcspn(at, ">"),
				       at);
			assert_null(strstr(at + 1, identity));
		}
		if (i == 0)
			assert_non_null(strstr(answer, "\"jid\\20escaping\""));
		for (const char *at = strstr(answer, "var=\""); at != NULL;
		     at = strstr(at + 1, "var=\"")) {
			char feature[100];

			(void)snprintf(feature, sizeof(feature), "%.*s",
				       (int)strcspn(at + 5, "\"") + 6, at);
			assert_null(strstr(at + 1, feature));
		}
	}
}

/* [CMP-020] [SEC-072] */
static void results_and_errors_are_never_answered(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	world_let_run(world, 20);
	xmpp_server_forget(server);
	ask(world, USER, "result", "");
	ask(world, USER, "error", "<error/>");
	ask(world, BRIDGE, "result", PING);
	world_let_run(world, 20);
	assert_int_equal(xmpp_server_stanzas(server), 0);
}

/* A request without id is wrong, but it gets its answer. */
static void id_is_required(void **state)
{
	struct world *world = *state;

	xmpp_server_send(world_server(world), "<iq type='get' from='ann@chat.example/a' "
					      "to='sip.chat.example'>" PING "</iq>");
	assert_non_null(xmpp_server_expect(world_server(world), "bad-request"));
}

/* [SEC-087]: answers to one who floods are capped */
static void answers_are_capped(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	world_limits(world)->watches_per_watcher = 10;
	for (int i = 0; i < 1000; i++)
		ask(world, USER, "get", "<query xmlns='urn:none'/>");
	xmpp_server_send(server, "<iq type='get' id='other' from='bob@chat.example/a' "
				 "to='sip.chat.example'>" PING "</iq>");
	assert_non_null(xmpp_server_expect(server, "id=\"other\""));
	assert_true(xmpp_server_stanzas(server) < 300);
	assert_true(xmpp_server_has(server, "resource-constraint"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_request_is_answered_once, with_up, tear),
		cmocka_unit_test_setup_teardown(a_resource_is_for_those_who_may_see_it, with_up,
						tear),
		cmocka_unit_test_setup_teardown(features_are_told_once, with_up, tear),
		cmocka_unit_test_setup_teardown(results_and_errors_are_never_answered, with_up,
						tear),
		cmocka_unit_test_setup_teardown(id_is_required, with_up, tear),
		cmocka_unit_test_setup_teardown(answers_are_capped, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
