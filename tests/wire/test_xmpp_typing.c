/* Chat states and threads on the wire: who is shown that somebody composes, and in which
 * conversation. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/learned.h"
#include "loop/loop.h"
#include "support/check.h"
#include "support/xmpp_world.h"
#include "xmpp/side_private.h"

#define USER      "1001@sip.chat.example"
#define TO_PHONE  "from='ann@chat.example/a' to='" USER "'"
#define ANN       "ann@chat.example"
#define STATES    "http://jabber.org/protocol/chatstates"
#define S(name)   "<" name " xmlns='" STATES "'/>"
#define ACTIVE    "<active xmlns=\"" STATES "\"/>"
#define COMPOSING "<composing xmlns=\"" STATES "\"/>"

enum { LARGE = 60000 };

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

static int64_t known(struct world *world)
{
	return learned_get(world_learned(world), LEARNED_STATES, ANN);
}

/* From the SIP user; takes: he understands typing notices. */
static const char *deliver(struct world *world, const char *uid, bool takes)
{
	char copy[30], body[] = "hi";
	struct message message = {.uid = copy, .body = body, .body_len = 2, .hops = -1};
	const char *stanza;

	(void)snprintf(copy, sizeof(copy), "%s", uid);
	message.takes_typing = takes;
	world_deliver_message(world, "1001", "ann", &message);
	stanza = xmpp_server_expect_all(world_server(world), "<message", uid, NULL);
	assert_non_null(stanza);
	return stanza;
}

/* From the chat user ----------------------------------------------------------------------------
 */

/* [TYPE-012] [X0085-1] [X0085-3] [TYPE-027] [TYPE-028] [TYPE-029] [TYPE-030] [TYPE-031]:
 * the core is told all of them, and knows which is news */
static void states_reach_the_core(void **state)
{
	static const struct {
		const char *state;
		const char *line;
	} rows[] = {
		{S("composing"), "typing x:ann s:1001 active 90"},
		{S("paused"), "typing x:ann s:1001 idle"},
		{S("active"), "typing x:ann s:1001 idle"},
		{S("inactive"), "typing x:ann s:1001 idle"},
		{S("gone"), "typing x:ann s:1001 idle"},
		{"<thread>t</thread>" S("composing") "<no-store xmlns='urn:xmpp:hints'/>",
		 "typing x:ann s:1001 active 90"},
	};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		world_forget(world);
		world_say(world, TO_PHONE " type='chat'", rows[i].state);
		assert_true(world_wait(world, rows[i].line));
		assert_int_equal(world_count(world, "typing"), 1);
		assert_false(world_heard(world, "message")); /* [CMP-034] [MSG-006] */
	}
	assert_int_equal(known(world), 1);
	assert_false(xmpp_server_has(world_server(world), "<message"));
}

/* What is no news of now, of nobody, to nobody, in a room; and never an answer [TYPE-036] */
static void what_is_no_typing(void **state)
{
	static const struct {
		const char *attributes;
		const char *inner;
	} rows[] = {
		{TO_PHONE " type='chat'",
		 S("composing") "<delay xmlns='urn:xmpp:delay' stamp='2024-05-06T07:08:09Z'/>"},
		{TO_PHONE " type='chat'", S("thinking")},
		{TO_PHONE " type='chat'", "<composing xmlns='jabber:x:event'/>"},
		{TO_PHONE " type='error'", S("composing")},
		{TO_PHONE " type='chat'",
		 "<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message "
		 "xmlns='jabber:client'>" S("composing") "</message></forwarded></sent>"},
		{"type='chat' from='ann@chat.example/a' to='sip.chat.example'", S("composing")},
		{"type='chat' from='eve@evil.example/a' to='" USER "'", S("composing")},
		/* a content message says nothing extra [TYPE-028] */
		{TO_PHONE " type='chat'", "<body>x</body>" S("active")},
		{TO_PHONE " type='chat'", "<body>x</body>" S("composing")},
	};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(rows); i++)
		world_say(world, rows[i].attributes, rows[i].inner);
	assert_true(world_settle(world));
	assert_false(world_heard(world, "typing"));
	assert_false(xmpp_server_has(world_server(world), "<message"));
}

static void leave(struct world *world, const char *who)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "<presence from='%s' to='" USER "' type='unavailable'/>", who);
	xmpp_server_send_bytes(world_server(world), text.data, text.len);
	buf_free(&text);
}

/* [TYPE-038]: the one that composes, or all of them */
static void who_leaves_composes_no_more(void **state)
{
	struct world *world = *state;

	world_say(world, TO_PHONE " type='chat'", S("composing"));
	leave(world, ANN "/other");
	assert_true(world_settle(world));
	assert_int_equal(world_count(world, "typing"), 1);
	leave(world, ANN "/a");
	assert_true(world_wait(world, "typing x:ann s:1001 idle"));
	leave(world, ANN "/a");
	assert_true(world_settle(world));
	assert_int_equal(world_count(world, "typing"), 2);
	world_say(world, TO_PHONE " type='chat'", S("composing"));
	leave(world, ANN);
	assert_true(world_settle(world));
	assert_int_equal(world_count(world, "typing"), 4);
	/* a text ended it already */
	world_say(world, TO_PHONE " type='chat'", S("composing"));
	world_say(world, TO_PHONE " type='chat'", "<body>done</body>" S("active"));
	leave(world, ANN "/a");
	assert_true(world_settle(world));
	assert_int_equal(world_count(world, "typing"), 5);
}

/* [TYPE-030]: what another client of the chat user says of itself takes nothing back that this one
 * does */
static void another_client_takes_nothing_back(void **state)
{
	struct world *world = *state;

	world_say(world, TO_PHONE " type='chat'", S("composing"));
	world_say(world, "from='" ANN "/desk' to='" USER "' type='chat'", S("inactive"));
	world_say(world, "from='" ANN "/desk' to='" USER "' type='chat'", S("gone"));
	assert_true(world_settle(world));
	assert_int_equal(world_count(world, "typing"), 1);
	/* the one that composes now counts */
	world_say(world, "from='" ANN "/desk' to='" USER "' type='chat'", S("composing"));
	world_say(world, TO_PHONE " type='chat'", S("paused"));
	assert_true(world_settle(world));
	assert_int_equal(world_count(world, "typing"), 2);
	world_say(world, "from='" ANN "/desk' to='" USER "' type='chat'", S("paused"));
	assert_true(world_wait(world, "typing x:ann s:1001 idle"));
	assert_int_equal(world_count(world, "typing"), 3);
}

/* [SEC-087] */
static void floods_of_states_are_bounded(void **state)
{
	struct world *world = *state;

	world_limits(world)->reports_per_user_per_s = 1;
	for (int i = 0; i < 70; i++)
		world_say(world, TO_PHONE, i % 2 == 0 ? S("composing") : S("paused"));
	assert_true(world_settle(world));
	assert_in_range(world_count(world, "typing"), 50, 55);
	assert_true(world_counters(world)->limits.reports_per_user_per_s >= 15);
}

/* To the chat user ------------------------------------------------------------------------------
 */

/* [TYPE-020] [TYPE-021] [TYPE-014] [TYPE-017] [TYPE-019] [X0334-1] [D-43] [D-60]: stand-alone, in
 * the thread, to the bare JID; [TYPE-015] never the same twice in a row */
static void typing_is_shown(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	const char *stanza;

	world_say(world, TO_PHONE " type='chat'", "<body>x</body><thread>t-7</thread>" S("active"));
	assert_true(world_wait(world, "message m1"));
	world_typing(world, "1001", "ann", true);
	stanza = xmpp_server_expect(server, "<message");
	assert_string_equal(stanza, "<message from=\"" USER "/sip\" to=\"" ANN
				    "\" type=\"chat\"><thread>t-7</thread>" COMPOSING
				    "<no-store xmlns=\"urn:xmpp:hints\"/></message>");
	world_typing(world, "1001", "ann", true);
	world_typing(world, "1001", "ann", true);
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, "<message"));
	world_typing(world, "1001", "ann", false);
	assert_non_null(xmpp_server_expect_all(server, "<message", ACTIVE, "t-7", NULL));
	world_typing(world, "1001", "ann", false);
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, "<message"));
	assert_false(world_heard(world, "outcome")); /* nobody hears what became of it */
}

/* [X0085-2] [TYPE-026]: not to one who is not known to understand it, or who never spoke with him
 * and does not see him */
static void typing_is_for_those_who_know_it(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	world_let_see(world, true);
	world_typing(world, "1001", "ann", true); /* unknown */
	learned_put(world_learned(world), LEARNED_STATES, ANN, 0);
	world_typing(world, "1001", "ann", true); /* refused */
	world_let_see(world, false);
	learned_put(world_learned(world), LEARNED_STATES, ANN, 1);
	world_typing(world, "1001", "ann", true); /* a stranger */
	world_typing(world, "1001", "ann", false);
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, "<message"));
	world_let_see(world, true);
	world_typing(world, "1001", "ann", true);
	assert_non_null(xmpp_server_expect(server, COMPOSING));
}

/* [SEC-025] */
static void no_typing_to_strangers(void **state)
{
	struct world *world = *state;
	struct typing typing = {.is_active = true, .refresh_s = 90};
	struct address from, to;

	world_let_see(world, true);
	learned_put(world_learned(world), LEARNED_STATES, "eve@evil.example", 1);
	address_set(&from, SIDE_SIP, "1001", "pbx.example");
	address_set(&to, SIDE_XMPP, "eve", "evil.example");
	xmpp_side_ops()->typing(world_side(world), &from, &to, &typing);
	address_clear(&from);
	address_clear(&to);
	world_let_run(world, 20);
	assert_false(xmpp_server_has(world_server(world), "evil"));
}

/* sha-1 of client/pc//<http://jabber.org/protocol/chatstates< */
#define VER_STATES "iwiiK12C8iGoq+gjy4eofQNqDhg="

/* [X0085-2]: the features of a client that is online are as good as a word of his */
static void features_of_a_client_count(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct buf text = BUF_INIT;
	const char *ask, *id;

	world_let_see(world, true);
	xmpp_server_send(server, "<presence from='" ANN "/pc' to='" USER
				 "'><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' "
				 "node='urn:client' ver='" VER_STATES "'/></presence>");
	ask = xmpp_server_expect_all(server, "disco#info", ANN "/pc", NULL);
	assert_non_null(ask);
	world_typing(world, "1001", "ann", true); /* nothing is known yet */
	id = strstr(ask, " id=\"") + 5;
	buf_printf(&text,
		   "<iq type='result' from='" ANN "/pc' to='" USER "' id='%.*s'>"
		   "<query xmlns='http://jabber.org/protocol/disco#info'>"
		   "<identity category='client' type='pc'/><feature var='" STATES
		   "'/></query></iq>",
		   (int)strcspn(id, "\""), id);
	xmpp_server_send_bytes(server, text.data, text.len);
	buf_free(&text);
	assert_true(world_settle(world));
	assert_false(xmpp_server_has(server, "<message"));
	world_typing(world, "1001", "ann", true);
	assert_non_null(xmpp_server_expect(server, COMPOSING));
	/* not when he answered without any */
	learned_put(world_learned(world), LEARNED_STATES, ANN, 0);
	world_typing(world, "1001", "ann", false);
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, "<message"));
}

/* A link that is down: the state of then is of no use later, and is told anew when it is up. */
static void typing_is_not_kept(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	world_let_see(world, true);
	learned_put(world_learned(world), LEARNED_STATES, ANN, 1);
	xmpp_server_close(server);
	assert_true(world_wait(world, "link down"));
	world_typing(world, "1001", "ann", true);
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	world_let_run(world, 50);
	assert_false(xmpp_server_has(server, COMPOSING));
	world_typing(world, "1001", "ann", true);
	assert_non_null(xmpp_server_expect(server, COMPOSING));
}

/* What has to wait is left out: a text may pass by it, and it would show typing for ever. */
static void typing_does_not_wait(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	char *large = mem_zalloc(LARGE);

	memset(large, 'x', LARGE);
	world_let_see(world, true);
	learned_put(world_learned(world), LEARNED_STATES, ANN, 1);
	xmpp_server_stop_reading(server);
	for (int i = 0; i < 500 && !xmpp_side_ops()->is_full(world_side(world), 0); i++) {
		(void)world_deliver(world, "1001", "ann", large, LARGE);
		world_let_run(world, 1);
	}
	assert_true(xmpp_side_ops()->is_full(world_side(world), 0));
	world_limits(world)->link_high_bytes = 1;
	world_typing(world, "1001", "ann", true);
	world_limits(world)->link_high_bytes = INT32_MAX;
	(void)world_deliver(world, "1001", "ann", "done", 4);
	xmpp_server_go_on_reading(server);
	assert_non_null(xmpp_server_expect(server, "<body>done</body>"));
	world_typing(world, "1001", "ann", false); /* nor is its end told */
	assert_true(world_settle(world));
	assert_false(xmpp_server_has(server, COMPOSING));
	assert_false(xmpp_server_has(server, ACTIVE));
	mem_free(large);
}

/* With texts ------------------------------------------------------------------------------------
 */

/* [TYPE-033] [TYPE-023] [TYPE-013]: only for a sender who understands what would be answered */
static void texts_carry_active_where_it_is_of_use(void **state)
{
	struct world *world = *state;

	assert_null(strstr(deliver(world, "u1", false), ACTIVE));
	assert_non_null(strstr(deliver(world, "u2", true), ACTIVE));
	world_say(world, TO_PHONE " type='chat'", "<body>x</body>" S("active"));
	assert_true(world_wait(world, "message m3"));
	assert_non_null(strstr(deliver(world, "u3", true), ACTIVE));
	assert_null(strstr(deliver(world, "u4", false), ACTIVE));
}

/* [TYPE-016] [X0085-2]: who answers without any is sent none, until he sends one himself */
static void an_answer_without_states_stops_them(void **state)
{
	struct world *world = *state;

	/* one who was never sent any may write as he likes */
	world_say(world, TO_PHONE " type='chat'", "<body>x</body>");
	assert_true(world_wait(world, "message m1"));
	assert_int_equal(known(world), -1);
	assert_non_null(strstr(deliver(world, "u1", true), ACTIVE));
	world_say(world, TO_PHONE " type='chat'", "<body>y</body>");
	assert_true(world_wait(world, "message m3"));
	assert_int_equal(known(world), 0);
	assert_null(strstr(deliver(world, "u2", true), ACTIVE));
	world_typing(world, "1001", "ann", true);
	world_let_run(world, 20);
	assert_false(xmpp_server_has(world_server(world), "<message"));
	world_say(world, TO_PHONE " type='chat'", "<body>z</body>" S("active"));
	assert_true(world_wait(world, "message m5"));
	assert_int_equal(known(world), 1);
	assert_non_null(strstr(deliver(world, "u3", true), ACTIVE));
}

/* [TYPE-023] [TYPE-015]: a text takes composing back, and is the last state he was shown */
static void a_text_ends_composing(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	world_let_see(world, true);
	learned_put(world_learned(world), LEARNED_STATES, ANN, 1);
	world_typing(world, "1001", "ann", true);
	assert_non_null(xmpp_server_expect(server, COMPOSING));
	assert_non_null(strstr(deliver(world, "u1", false), ACTIVE));
	world_typing(world, "1001", "ann", false);
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, "<message"));
	world_typing(world, "1001", "ann", true);
	assert_non_null(xmpp_server_expect(server, COMPOSING));
}

/* [D-35] [MSG-087] [MSG-086] [CMP-035]: the thread that the chat user used last in this pair, if
 * the text has none of its own */
static void texts_stay_in_the_thread(void **state)
{
	struct world *world = *state;
	char uid[] = "own", body[] = "x", thread[] = "call-7";
	struct message message = {
		.uid = uid, .body = body, .body_len = 1, .thread = thread, .hops = -1};

	assert_null(strstr(deliver(world, "u1", false), "<thread>"));
	world_say(world, TO_PHONE " type='chat'", "<body>x</body><thread>first</thread>");
	world_say(world, TO_PHONE " type='chat'", "<body>x</body><thread>a&lt;b</thread>");
	world_say(world, TO_PHONE " type='chat'", "<body>x</body>");
	world_say(world, "type='chat' from='" ANN "/a' to='1002@sip.chat.example'",
		  "<body>x</body><thread>other</thread>");
	assert_true(world_wait(world, "message m5"));
	assert_non_null(strstr(deliver(world, "u2", false), "<thread>a&lt;b</thread>"));
	world_deliver_message(world, "1001", "ann", &message);
	assert_non_null(xmpp_server_expect_all(world_server(world), "id=\"own\"",
					       "<thread>call-7</thread>", NULL));
	assert_non_null(strstr(deliver(world, "u3", false), "<thread>a&lt;b</thread>"));
}

/* [D-44] [X0203-1]: time that counts */
static void old_texts_say_so(void **state)
{
	static const struct {
		int64_t age_s;
		bool says;
	} rows[] = {
		{30, false}, {-3600, false}, {120, true}, {6 * 86400, true}, {8 * 86400, false}};
	struct world *world = *state;
	int64_t now_ms = loop_wall_ms(world_side(world)->params.loop);

	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		char uid[20], body[] = "x";
		struct message message = {.uid = uid, .body = body, .body_len = 1, .hops = -1};
		const char *stanza;

		(void)snprintf(uid, sizeof(uid), "d-%zu", i);
		message.sent_at_ms = now_ms - rows[i].age_s * 1000;
		world_deliver_message(world, "1001", "ann", &message);
		stanza = xmpp_server_expect_all(world_server(world), "<message", uid, NULL);
		assert_non_null(stanza);
		assert_int_equal(strstr(stanza, "<delay xmlns=\"urn:xmpp:delay\" "
						"from=\"sip.chat.example\" stamp=") != NULL,
				 rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(states_reach_the_core, with_up, tear),
		cmocka_unit_test_setup_teardown(what_is_no_typing, with_up, tear),
		cmocka_unit_test_setup_teardown(who_leaves_composes_no_more, with_up, tear),
		cmocka_unit_test_setup_teardown(another_client_takes_nothing_back, with_up, tear),
		cmocka_unit_test_setup_teardown(floods_of_states_are_bounded, with_up, tear),
		cmocka_unit_test_setup_teardown(typing_is_shown, with_up, tear),
		cmocka_unit_test_setup_teardown(typing_is_for_those_who_know_it, with_up, tear),
		cmocka_unit_test_setup_teardown(no_typing_to_strangers, with_up, tear),
		cmocka_unit_test_setup_teardown(features_of_a_client_count, with_up, tear),
		cmocka_unit_test_setup_teardown(typing_is_not_kept, with_up, tear),
		cmocka_unit_test_setup_teardown(typing_does_not_wait, with_up, tear),
		cmocka_unit_test_setup_teardown(texts_carry_active_where_it_is_of_use, with_up,
						tear),
		cmocka_unit_test_setup_teardown(an_answer_without_states_stops_them, with_up, tear),
		cmocka_unit_test_setup_teardown(a_text_ends_composing, with_up, tear),
		cmocka_unit_test_setup_teardown(texts_stay_in_the_thread, with_up, tear),
		cmocka_unit_test_setup_teardown(old_texts_say_so, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
