/* Presence and subscriptions on the wire: the bridge as the server of the SIP users (RFC 6121). */
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "support/check.h"
#include "support/xmpp_world.h"
#include "translate/timestamp.h"

static int with_up(void **state)
{
	*state = world_new_up();
	return 0;
}

static int tear(void **state)
{
	struct world *world = *state;

	world_free(&world);
	return 0;
}

#define ANN   "from='ann@chat.example' to='1001@sip.chat.example'"
#define ANN_A "from='ann@chat.example/a' to='1001@sip.chat.example'"

static void send_presence(struct world *world, const char *attributes, const char *inner)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "<presence %s>%s</presence>", attributes, inner);
	xmpp_server_send_bytes(world_server(world), text.data, text.len);
	buf_free(&text);
}

/* The next presence stanza to Ann, whatever it is. */
static const char *next_presence(struct world *world)
{
	return xmpp_server_expect_all(world_server(world), "<presence", "to=\"ann@chat.example\"",
				      NULL);
}

static bool has(const char *stanza, const char *text)
{
	return stanza != NULL && strstr(stanza, text) != NULL;
}

/* Chat user watches SIP user --------------------------------------------------------------------
 */

/* [PRES-043] [SUBX-004] [SUBX-014]: pending is silence */
static void pending_is_silence(void **state)
{
	struct world *world = *state;

	send_presence(world, ANN " type='subscribe' id='s1'",
		      "<nick xmlns='http://jabber.org/protocol/nick'>Ann B</nick>");
	assert_true(world_wait(world, "watch_requested x:ann s:1001 nick=Ann B"));
	assert_true(world_heard(world, "seen x:ann online"));
	world_let_run(world, 20);
	assert_false(xmpp_server_has(world_server(world), "<presence"));
}

/* The id of a stanza, in out. */
static void read_id(const char *stanza, char out[64])
{
	const char *at = stanza != NULL ? strstr(stanza, " id=\"") : NULL;

	if (at == NULL)
		fail_msg("no id: %s", stanza != NULL ? stanza : "nothing");
	snprintf(out, 64, "%.*s", (int)strcspn(at + 5, "\""), at + 5);
}

/* [PRES-045] [SUBX-003] [SUBX-005] [SUBX-009] [PRS-001] [PRS-002] [D-10]
 * [PRES-011] [PRES-131] */
static void granted_is_subscribed_then_presence(void **state)
{
	struct world *world = *state;
	struct presence now;
	const char *stanza;
	char first[64], second[64];

	world_presence(&now, SHOW_AWAY, "at lunch");
	world_will_answer(world, WATCH_ALLOWED, &now, FAULT_NONE, NULL);
	presence_clear(&now);
	/* [SUBX-002] a full `to` is treated as bare */
	send_presence(world,
		      "from='ann@chat.example' to='1001@sip.chat.example/x' "
		      "type='subscribe' id='s1'",
		      "");
	stanza = next_presence(world);
	assert_true(has(stanza, "type=\"subscribed\""));
	assert_true(has(stanza, "from=\"1001@sip.chat.example\""));
	assert_false(has(stanza, "id=\"s1\""));
	read_id(stanza, first);
	stanza = next_presence(world);
	assert_true(has(stanza, "from=\"1001@sip.chat.example/sip\""));
	assert_true(has(stanza, "<show>away</show>"));
	assert_true(has(stanza, "at lunch"));
	assert_false(has(stanza, "type="));
	/* asked again: the same answer, under an id of its own */
	send_presence(world, ANN " type='subscribe' id='s1'", "");
	stanza = next_presence(world);
	assert_true(has(stanza, "type=\"subscribed\""));
	read_id(stanza, second);
	assert_string_not_equal(first, second);
}

/* [PRES-047]: granted, and nothing known: unavailable from the bare JID */
static void granted_without_state(void **state)
{
	struct world *world = *state;

	world_answer(world, "ann", "1001", WATCH_ALLOWED, NULL, NULL);
	assert_true(has(next_presence(world), "type=\"subscribed\""));
	const char *stanza = next_presence(world);

	assert_true(has(stanza, "type=\"unavailable\""));
	assert_true(has(stanza, "from=\"1001@sip.chat.example\""));
}

/* [D-14] [PRES-048]: the reason in the status, no error stanza, no availability
 * [XCP-043] */
static void no_such_user_is_unsubscribed(void **state)
{
	struct world *world = *state;
	const char *stanza;

	world_will_answer(world, WATCH_NO_SUCH, NULL, FAULT_ITEM_NOT_FOUND, "SIP 404 Not Found");
	send_presence(world, ANN " type='subscribe' id='s1'", "");
	stanza = next_presence(world);
	assert_true(has(stanza, "type=\"unsubscribed\""));
	assert_true(has(stanza, "<status>SIP 404 Not Found</status>"));
	world_let_run(world, 10);
	assert_false(xmpp_server_has(world_server(world), "<presence"));
}

/* [SUBX-006] [SUBX-007] [D-19] [PRES-139] [X0100-5]: unavailable, then unsubscribed
 * [PRES-061] */
static void the_end_is_unavailable_then_unsubscribed(void **state)
{
	struct world *world = *state;
	const char *stanza;

	send_presence(world, ANN " type='unsubscribe'", "");
	assert_true(world_wait(world, "watch_withdrawn x:ann s:1001"));
	world_answer(world, "ann", "1001", WATCH_REJECTED, NULL, NULL);
	stanza = next_presence(world);
	assert_true(has(stanza, "type=\"unavailable\""));
	assert_true(has(stanza, "from=\"1001@sip.chat.example/sip\"")); /* [PRS-002] */
	assert_false(has(stanza, "<show>"));
	assert_false(has(stanza, "<priority>"));
	stanza = next_presence(world);
	assert_true(has(stanza, "type=\"unsubscribed\""));
	assert_true(has(stanza, "from=\"1001@sip.chat.example\""));
}

/* [SUBX-011]: what is temporary ends nothing */
static void failed_is_silence(void **state)
{
	struct world *world = *state;

	world_answer(world, "ann", "1001", WATCH_FAILED, NULL, NULL);
	world_answer(world, "ann", "1001", WATCH_PENDING, NULL, NULL);
	world_let_run(world, 20);
	assert_false(xmpp_server_has(world_server(world), "<presence"));
}

static void states_are_told(void **state)
{
	struct world *world = *state;
	struct presence presence;
	const char *stanza;

	world_presence(&presence, SHOW_DND, "On the phone");
	world_tell(world, "ann", "1001", &presence);
	presence_clear(&presence);
	stanza = next_presence(world);
	assert_true(has(stanza, "<show>dnd</show>"));
	assert_true(has(stanza, "On the phone"));
	world_tell(world, "ann", "1001", NULL);
	stanza = next_presence(world);
	assert_true(has(stanza, "type=\"unavailable\""));
	assert_true(has(stanza, "from=\"1001@sip.chat.example/sip\""));
}

/* [PRS-003] [PRS-004] [PRS-005] [PRES-155] [PRES-157] [D-16] [D-20]
 * [ARCH-011] [PRES-154] [PRES-199] */
static void probes_are_answered_from_the_core(void **state)
{
	struct world *world = *state;
	struct presence now;
	const char *stanza;

	world_presence(&now, SHOW_XA, NULL);
	world_will_answer(world, WATCH_ALLOWED, &now, FAULT_NONE, NULL);
	presence_clear(&now);
	send_presence(world, ANN_A " type='probe' id='p1'", "");
	stanza = next_presence(world);
	assert_true(has(stanza, "<show>xa</show>"));
	assert_false(has(stanza, "id=\"p1\""));
	assert_true(world_heard(world, "probed x:ann s:1001"));
	world_will_answer(world, WATCH_ALLOWED, NULL, FAULT_NONE, NULL);
	send_presence(world, ANN " type='probe' id='p2'", "");
	stanza = next_presence(world);
	assert_true(has(stanza, "type=\"unavailable\""));
	assert_true(has(stanza, "from=\"1001@sip.chat.example\""));
	assert_true(has(stanza, "id=\"p2\""));
	world_will_answer(world, WATCH_REJECTED, NULL, FAULT_FORBIDDEN, NULL);
	send_presence(world, ANN " type='probe' id='p3'", "");
	stanza = next_presence(world);
	assert_true(has(stanza, "type=\"unsubscribed\""));
	assert_true(has(stanza, "id=\"p3\""));
	world_will_answer(world, WATCH_PENDING, NULL, FAULT_NONE, NULL);
	send_presence(world, ANN " type='probe' id='p4'", "");
	/* [PRES-158] a resource that nobody has */
	send_presence(world,
		      "from='ann@chat.example' to='1001@sip.chat.example/desk' "
		      "type='probe'",
		      "");
	world_let_run(world, 20);
	assert_false(xmpp_server_has(world_server(world), "<presence"));
	assert_int_equal(world_count(world, "probed"), 4);
}

/* [PRS-003] [PRES-141]: gone since when, if that is known, older than a minute and can be true */
static void who_is_gone_is_gone_since(void **state)
{
	static const struct {
		int64_t age_s;
		bool is_told;
	} table[] = {{600, true}, {86400, true}, {10, false}, {-600, false}};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(table); i++) {
		int64_t since_ms = ((int64_t)time(NULL) - table[i].age_s) * 1000;
		char stamp[TIMESTAMP_CHARS], delay[200];
		struct presence gone;
		const char *stanza;

		world_presence(&gone, SHOW_NONE, NULL);
		gone.devices[0].basic = BASIC_CLOSED;
		gone.devices[0].since_ms = since_ms;
		world_will_answer(world, WATCH_ALLOWED, &gone, FAULT_NONE, NULL);
		presence_clear(&gone);
		send_presence(world, ANN " type='probe' id='p1'", "");
		stanza = next_presence(world);
		assert_true(has(stanza, "type=\"unavailable\""));
		assert_true(has(stanza, "id=\"p1\""));
		timestamp_format(since_ms, stamp);
		(void)snprintf(delay, sizeof(delay),
			       "<delay xmlns=\"urn:xmpp:delay\" from=\"sip.chat.example\" "
			       "stamp=\"%s\"/>",
			       stamp);
		assert_int_equal(has(stanza, delay), table[i].is_told);
		assert_int_equal(has(stanza, "<delay"), table[i].is_told);
	}
}

/* [D-03] [D-47] [SEC-025] [CMP-027]: strangers learn nothing, and move nothing
 * [ASEC-008] [SEC-033] [REQ-078] */
static void strangers_are_refused(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	send_presence(world,
		      "from='eve@evil.example' to='1001@sip.chat.example' type='subscribe' "
		      "id='e1'",
		      "");
	assert_non_null(xmpp_server_expect_all(server, "service-unavailable", "id=\"e1\"",
					       "<presence", NULL));
	send_presence(world,
		      "from='eve@evil.example' to='1001@sip.chat.example' type='probe' "
		      "id='e2'",
		      "");
	assert_non_null(xmpp_server_expect_all(server, "unsubscribed", "id=\"e2\"", NULL));
	send_presence(world, "from='eve@evil.example/x' to='1001@sip.chat.example'", "");
	world_let_run(world, 10);
	assert_int_equal(world_count(world, ""), 1); /* link up */
}

/* [PRES-094]: no SIP user can have this address */
static void addresses_nobody_can_have(void **state)
{
	struct world *world = *state;
	const char *stanza;

	send_presence(world,
		      "from='ann@chat.example' to='\xc3\x84@sip.chat.example' "
		      "type='subscribe'",
		      "");
	stanza = next_presence(world);
	assert_true(has(stanza, "type=\"unsubscribed\""));
	send_presence(world,
		      "from='ann@chat.example' to='\xc3\x84@sip.chat.example' "
		      "type='probe'",
		      "");
	send_presence(world, "from='ann@chat.example/a' to='\xc3\x84@sip.chat.example'", "");
	world_let_run(world, 10);
	assert_false(xmpp_server_has(world_server(world), "<presence"));
	assert_int_equal(world_count(world, "watch_requested"), 0);
}

/* SIP user watches chat user --------------------------------------------------------------------
 */

/* [PRES-010] [PRES-076] [SUBX-002] [X0172-1] [X0100-4]
 * [ADDR-023] */
static void asking_is_subscribe(void **state)
{
	struct world *world = *state;
	const char *stanza;

	world_watch(world, "1001", "ann", true, "Desk 1001");
	stanza = next_presence(world);
	assert_true(has(stanza, "type=\"subscribe\""));
	assert_true(has(stanza, "from=\"1001@sip.chat.example\""));
	assert_true(has(stanza, "to=\"ann@chat.example\""));
	assert_true(
		has(stanza, "<nick xmlns=\"http://jabber.org/protocol/nick\">Desk 1001</nick>"));
	world_watch(world, "1001", "ann", false, NULL);
	world_unwatch(world, "1001", "ann", UNWATCH_REST);
	world_let_run(world, 10);
	assert_false(xmpp_server_has(world_server(world), "<presence"));
	world_unwatch(world, "1001", "ann", UNWATCH_END);
	assert_true(has(next_presence(world), "type=\"unsubscribe\""));
	world_refresh(world, "1001", "ann");
	stanza = next_presence(world); /* [PRS-006] */
	assert_true(has(stanza, "type=\"probe\""));
	assert_true(has(stanza, "from=\"1001@sip.chat.example\""));
}

/* [PRES-164] */
static void answers_reach_the_core(void **state)
{
	struct world *world = *state;

	send_presence(world, ANN " type='subscribed'", "");
	assert_true(world_wait(world, "answered s:1001 x:ann allowed"));
	send_presence(world, ANN " type='unsubscribed'", "");
	assert_true(world_wait(world, "answered s:1001 x:ann rejected"));
}

struct error_case {
	const char *condition;
	const char *heard;
};

/* Table C.4 [PRES-090] [SUBX-010]: only for answers to our subscribe */
static void errors_for_our_subscribe(void **state)
{
	static const struct error_case table[] = {
		{"item-not-found", "no-such item-not-found"},
		{"gone", "no-such gone"},
		{"jid-malformed", "no-such jid-malformed"},
		{"forbidden", "rejected forbidden"},
		{"not-allowed", "rejected not-allowed"},
		{"policy-violation", "rejected policy-violation"},
		{"not-authorized", "rejected not-authorized"},
		{"subscription-required", "rejected subscription-required"},
		{"service-unavailable", "rejected service-unavailable"},
		{"remote-server-not-found", "failed remote-server-not-found"},
		{"remote-server-timeout", "failed remote-server-timeout"},
		{"resource-constraint", "failed resource-constraint"},
		{"internal-server-error", "failed internal-server-error"},
		{"unheard-of", "failed undefined-condition"}, /* [CMP-023] */
	};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(table); i++) {
		char attributes[200], inner[200], heard[100], id[64];
		const char *stanza, *at;

		world_watch(world, "1001", "ann", true, NULL);
		stanza = next_presence(world);
		at = strstr(stanza, " id=\"") + 5;
		snprintf(id, sizeof(id), "%.*s", (int)strcspn(at, "\""), at);
		snprintf(inner, sizeof(inner),
			 "<error type='cancel'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
			 "</error>",
			 table[i].condition);
		snprintf(attributes, sizeof(attributes), ANN " type='error' id='%s'", id);
		send_presence(world, attributes, inner);
		snprintf(heard, sizeof(heard), "answered s:1001 x:ann %s", table[i].heard);
		assert_true(world_wait(world, heard));
		world_forget(world);
		/* the same for another stanza of ours is nothing [PRES-152] [PRS-011] */
		send_presence(world, ANN " type='error' id='p-1'", inner);
		send_presence(world, ANN " type='error'", inner);
		world_let_run(world, 5);
		assert_false(world_heard(world, "answered"));
		assert_false(xmpp_server_has(world_server(world), "<presence"));
	}
}

/* [CMP-039] [D-20] [PRS-009]: resources come and go; the last one is the user
 * [PRES-102] */
static void devices_come_and_go(void **state)
{
	struct world *world = *state;

	send_presence(world, ANN_A, "<show>dnd</show><status>busy</status>");
	assert_true(world_wait(world, "device s:1001 x:ann a open,dnd,\"busy\""));
	send_presence(world, "from='ann@chat.example/b' to='1001@sip.chat.example'", "");
	assert_true(world_wait(world, "device s:1001 x:ann b open"));
	/* [X0319-1] [X0256-1] */
	send_presence(world, "from='ann@chat.example/b' to='1001@sip.chat.example'",
		      "<idle xmlns='urn:xmpp:idle:1' since='2024-05-06T07:08:09Z'/>");
	assert_true(world_wait(world, "device s:1001 x:ann b open,idle since"));
	send_presence(world, "from='ann@chat.example/b' to='1001@sip.chat.example'",
		      "<query xmlns='jabber:iq:last' seconds='60'/><status>tea</status>");
	assert_true(world_wait(world, "device s:1001 x:ann b open,idle since,\"tea\""));
	send_presence(world, ANN_A " type='unavailable'", "<status>bye</status>");
	assert_true(world_wait(world, "device s:1001 x:ann a closed,\"bye\""));
	assert_false(world_heard(world, "seen x:ann offline"));
	send_presence(world,
		      "from='ann@chat.example/b' to='1001@sip.chat.example' "
		      "type='unavailable'",
		      "");
	assert_true(world_wait(world, "seen x:ann offline"));
	world_forget(world);
	send_presence(world, ANN_A, "");
	send_presence(world, ANN " type='unavailable'", "");
	assert_true(world_wait(world, "seen x:ann offline"));
	assert_true(world_heard(world, "device s:1001 x:ann - closed"));
}

/* [CMP-025]
 * [PRES-102] */
static void unknown_types_are_bad_requests(void **state)
{
	struct world *world = *state;

	send_presence(world, ANN " type='available' id='b1'", "");
	assert_non_null(xmpp_server_expect_all(world_server(world), "bad-request", "id=\"b1\"",
					       "from=\"1001@sip.chat.example\"", NULL));
	assert_false(world_heard(world, "device"));
}

/* [SEC-005] [CMP-008] [ASEC-009]
 * [REQ-015] */
static void wrong_addresses_are_dropped(void **state)
{
	static const char *const attributes[] = {
		"to='1001@sip.chat.example' type='subscribe'",
		"from='ann@chat.example' type='subscribe'",
		"from='2002@sip.chat.example' to='1001@sip.chat.example' type='subscribe'",
		"from='sip.chat.example' to='1001@sip.chat.example' type='subscribe'",
		"from='ann@chat.example' to='x@other.example' type='subscribe'",
		"from='@' to='1001@sip.chat.example' type='subscribed'",
		"from='ann@chat.example' to='@sip.chat.example' type='subscribed'",
	};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(attributes); i++)
		send_presence(world, attributes[i], "");
	world_let_run(world, 20);
	assert_int_equal(world_count(world, "watch_requested"), 0);
	assert_int_equal(world_count(world, "answered"), 0);
	assert_false(xmpp_server_has(world_server(world), "<presence"));
	assert_int_equal(world_counters(world)->stanzas_refused, 5);
	assert_int_equal(xmpp_server_connections(world_server(world)), 1);
}

/* [PRS-012]: the gateway itself in the roster */
static void the_component_has_presence(void **state)
{
	struct world *world = *state;
	const char *stanza;

	send_presence(world, "from='ann@chat.example' to='sip.chat.example' type='subscribe'", "");
	stanza = next_presence(world);
	assert_true(has(stanza, "type=\"subscribed\""));
	assert_true(has(stanza, "from=\"sip.chat.example\""));
	assert_false(has(next_presence(world), "type="));
	send_presence(world, "from='ann@chat.example/a' to='sip.chat.example' type='probe'", "");
	assert_false(has(next_presence(world), "type="));
	send_presence(world, "from='ann@chat.example' to='sip.chat.example' type='unsubscribe'",
		      "");
	assert_true(has(next_presence(world), "type=\"unavailable\""));
	assert_true(has(next_presence(world), "type=\"unsubscribed\""));
	assert_int_equal(world_count(world, ""), 1); /* link up */
}

/* [SEC-087]: a flood of questions from one user; a client that signs in with 2,000 contacts is none
 * [ASEC-015] */
static void floods_of_one_user_are_bounded(void **state)
{
	struct world *world = *state;

	world_limits(world)->watches_per_watcher = 200;
	for (int i = 0; i < 1000; i++)
		send_presence(world, ANN " type='probe'", "");
	send_presence(world, "from='bob@chat.example' to='1001@sip.chat.example' type='subscribe'",
		      "");
	assert_true(world_wait(world, "watch_requested x:bob"));
	assert_true(world_count(world, "probed x:ann") >= 250);
	assert_true(world_count(world, "probed x:ann") < 900);
	assert_true(world_counters(world)->limits.stanzas_per_user_per_s > 100);
}

/* Words about a subscription are not lost with the link: nobody says them again. */
static void subscriptions_outlive_the_link(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct presence presence;

	xmpp_server_close(server);
	assert_true(world_wait(world, "link down"));
	world_presence(&presence, SHOW_NONE, NULL);
	world_answer(world, "ann", "1001", WATCH_ALLOWED, NULL, &presence);
	presence_clear(&presence);
	world_watch(world, "1001", "bob", true, NULL);
	world_watch(world, "1001", "cid", true, NULL);
	world_unwatch(world, "1001", "cid", UNWATCH_END); /* the last word counts */
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(has(next_presence(world), "type=\"subscribed\""));
	assert_non_null(xmpp_server_expect_all(server, "bob@", "type=\"subscribe\"", NULL));
	assert_non_null(xmpp_server_expect_all(server, "cid@", "type=\"unsubscribe\"", NULL));
	world_let_run(world, 10);
	assert_false(xmpp_server_has(server, "<presence"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pending_is_silence, with_up, tear),
		cmocka_unit_test_setup_teardown(granted_is_subscribed_then_presence, with_up, tear),
		cmocka_unit_test_setup_teardown(granted_without_state, with_up, tear),
		cmocka_unit_test_setup_teardown(no_such_user_is_unsubscribed, with_up, tear),
		cmocka_unit_test_setup_teardown(the_end_is_unavailable_then_unsubscribed, with_up,
						tear),
		cmocka_unit_test_setup_teardown(failed_is_silence, with_up, tear),
		cmocka_unit_test_setup_teardown(states_are_told, with_up, tear),
		cmocka_unit_test_setup_teardown(probes_are_answered_from_the_core, with_up, tear),
		cmocka_unit_test_setup_teardown(who_is_gone_is_gone_since, with_up, tear),
		cmocka_unit_test_setup_teardown(strangers_are_refused, with_up, tear),
		cmocka_unit_test_setup_teardown(addresses_nobody_can_have, with_up, tear),
		cmocka_unit_test_setup_teardown(asking_is_subscribe, with_up, tear),
		cmocka_unit_test_setup_teardown(answers_reach_the_core, with_up, tear),
		cmocka_unit_test_setup_teardown(errors_for_our_subscribe, with_up, tear),
		cmocka_unit_test_setup_teardown(devices_come_and_go, with_up, tear),
		cmocka_unit_test_setup_teardown(unknown_types_are_bad_requests, with_up, tear),
		cmocka_unit_test_setup_teardown(wrong_addresses_are_dropped, with_up, tear),
		cmocka_unit_test_setup_teardown(the_component_has_presence, with_up, tear),
		cmocka_unit_test_setup_teardown(floods_of_one_user_are_bounded, with_up, tear),
		cmocka_unit_test_setup_teardown(subscriptions_outlive_the_link, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
