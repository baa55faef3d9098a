/* Messages on the wire: what the core hears of a stanza, what becomes of a delivery (the ping
 * barrier), and what a sender is told. */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "support/check.h"
#include "support/xmpp_world.h"
#include "translate/timestamp.h"
#include "xmpp/side_private.h"

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

#define TO_PHONE "from='ann@chat.example/a' to='1001@sip.chat.example' id='i1'"

static void send_message(struct world *world, const char *attributes, const char *inner)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "<message %s>%s</message>", attributes, inner);
	xmpp_server_send_bytes(world_server(world), text.data, text.len);
	buf_free(&text);
}

static void send_refusal(struct world *world, const char *id, const char *from)
{
	struct buf text = BUF_INIT;

	buf_printf(&text,
		   "<message type='error' id='%s' from='%s' to='1001@sip.chat.example/sip'>"
		   "<error type='cancel'><item-not-found "
		   "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
		   id, from);
	xmpp_server_send_bytes(world_server(world), text.data, text.len);
	buf_free(&text);
}

/* The ping that follows what was sent: its id, to be freed. */
static char *ping_id(struct world *world)
{
	const char *ping = xmpp_server_expect_all(world_server(world), "urn:xmpp:ping",
						  "to=\"chat.example\"", NULL);
	const char *at;

	assert_non_null(ping);
	at = strstr(ping, " id=\"") + 5;
	return mem_strndup(at, strcspn(at, "\""));
}

static void answer_ping(struct world *world, char *id, const char *type)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "<iq type='%s' from='chat.example' to='sip.chat.example' id='%s'/>", type,
		   id);
	xmpp_server_send_bytes(world_server(world), text.data, text.len);
	buf_free(&text);
	mem_free(id);
}

/* [MSG-001] [MSG-002] [MSG-003] [CMP-032]
 * [MSG-093] */
static void texts_reach_the_core(void **state)
{
	struct world *world = *state;

	send_message(world, TO_PHONE " type='chat'", "<body>one</body>");
	assert_true(world_wait(world, "message m1 x:ann s:1001 chat \"one\""));
	assert_true(world_heard(world, "seen x:ann online"));
	send_message(world, TO_PHONE, "<body>two</body>");
	assert_true(world_wait(world, "message m2 x:ann s:1001 normal \"two\""));
	send_message(world, TO_PHONE " type='headline'", "<body>three</body>");
	assert_true(world_wait(world, "message m3 x:ann s:1001 headline \"three\""));
	send_message(world, TO_PHONE " type='unheard-of'", "<body>four</body>"); /* [CMP-025] */
	assert_true(world_wait(world, "message m4 x:ann s:1001 normal \"four\""));
	send_message(world,
		     "type='chat' from='ann@chat.example/a' to='1001@sip.chat.example/anything'",
		     "<body>five</body>");
	assert_true(world_wait(world, "message m5 x:ann s:1001 chat \"five\""));
	assert_false(xmpp_server_has(world_server(world), "error"));
}

/* [X0203-2] [D-44]: a phone sorts texts by their Date, and a chat user writes what he likes: only a
 * time that has been, and not long ago, is passed on. */
static void old_texts_keep_their_time(void **state)
{
	static const struct {
		int64_t age_s;
		bool counts;
	} rows[] = {{0, true},
		    {120, true},
		    {6 * 86400, true},
		    {8 * 86400, false},
		    {20 * 365 * 86400, false},
		    {-3600, false},
		    {-20 * 365 * 86400, false}};
	struct world *world = *state;
	int64_t now_s = loop_wall_ms(world_side(world)->params.loop) / 1000;

	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf inner = BUF_INIT, wanted = BUF_INIT;
		char stamp[TIMESTAMP_CHARS];

		timestamp_format((now_s - rows[i].age_s) * 1000, stamp);
		buf_printf(&inner, "<body>b</body><delay xmlns='urn:xmpp:delay' stamp='%s'/>",
			   stamp);
		buf_printf(&wanted, "message m%zu x:ann s:1001 chat \"b\"", i + 1);
		send_message(world, TO_PHONE " type='chat'", buf_text(&inner));
		assert_true(world_wait(world, buf_text(&wanted)));
		buf_printf(&wanted, " sent=%lld", (long long)(now_s - rows[i].age_s));
		assert_int_equal(world_heard(world, buf_text(&wanted)), rows[i].counts);
		buf_reset(&wanted);
		buf_printf(&wanted, "message m%zu x:ann s:1001 chat \"b\" sent=", i + 1);
		assert_int_equal(world_heard(world, buf_text(&wanted)), rows[i].counts);
		buf_free(&inner);
		buf_free(&wanted);
	}
}

struct refused {
	const char *what;
	const char *attributes;
	const char *inner;
	const char *condition; /* NULL: no answer of any kind */
};

/* What is not handed to the core, and what its sender is told. [X0100-8] */
static void what_is_no_text(void **state)
{
	static const struct refused table[] = {
		/* [MSG-004] [CMP-033] */
		{"groupchat", TO_PHONE " type='groupchat'", "<body>x</body>",
		 "service-unavailable"},
		/* [D-45] [X999-2] */
		{"encrypted", TO_PHONE " type='chat'",
		 "<encrypted "
		 "xmlns='eu.siacs.conversations.axolotl'><payload>x</payload></encrypted>",
		 "not-acceptable"},
		/* [CMP-034] [MSG-006] */
		{"chat state", TO_PHONE " type='chat'",
		 "<composing xmlns='http://jabber.org/protocol/chatstates'/>", NULL},
		{"subject alone", TO_PHONE, "<subject>x</subject>", NULL},
		/* [MSG-005] [SEC-072] */
		{"error", TO_PHONE " type='error'", "<body>x</body>", NULL},
		/* [D-03] [D-47] [CMP-027] */
		{"stranger", "from='eve@evil.example/a' to='1001@sip.chat.example' id='i1'",
		 "<body>x</body>", "service-unavailable"},
		/* [D-34] */
		{"stranger's headline",
		 "type='headline' from='eve@evil.example/a' to='1001@sip.chat.example' id='i1'",
		 "<body>x</body>", NULL},
		{"to the component", "from='ann@chat.example/a' to='sip.chat.example' id='i1'",
		 "<body>x</body>", "service-unavailable"},
		/* [CMP-008] [SEC-005] */
		{"to another domain", "from='ann@chat.example/a' to='x@other.example' id='i1'",
		 "<body>x</body>", "item-not-found"},
		{"from our own domain",
		 "from='9@sip.chat.example' to='1001@sip.chat.example' id='i1'", "<body>x</body>",
		 NULL},
		{"no from", "to='1001@sip.chat.example' id='i1'", "<body>x</body>", NULL},
		{"no to", "from='ann@chat.example/a' id='i1'", "<body>x</body>", NULL},
	};
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	for (size_t i = 0; i < CHECK_COUNT(table); i++) {
		xmpp_server_forget(server);
		send_message(world, table[i].attributes, table[i].inner);
		if (table[i].condition != NULL) {
			assert_non_null(xmpp_server_expect_all(
				server, table[i].condition, "type=\"error\"", "id=\"i1\"", NULL));
		} else {
			world_let_run(world, 10);
			assert_false(xmpp_server_has(server, "error"));
		}
		assert_false(world_heard(world, "message"));
	}
	assert_int_equal(xmpp_server_connections(server), 1);
}

/* [MSG-037] [CMP-022] [CMP-024]: from as it was addressed, to the full JID, same id, same thread
 * [MSG-013] [MSG-043] [REQ-052] */
static void a_refusal_reaches_the_sender(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	const char *error;

	send_message(world,
		     "type='chat' id='q&amp;7' from='ann@chat.example/a&lt;b' "
		     "to='1001@sip.chat.example/x'",
		     "<body>x</body><thread>t-5</thread>");
	assert_true(world_wait(world, "message m1"));
	world_finish(world, 1, OUTCOME_REFUSED, FAULT_ITEM_NOT_FOUND, "SIP 404 Not Found");
	error = xmpp_server_expect(server, "item-not-found");
	assert_non_null(error);
	assert_non_null(strstr(error, "type=\"error\""));
	assert_non_null(strstr(error, "from=\"1001@sip.chat.example/x\""));
	assert_non_null(strstr(error, "to=\"ann@chat.example/a&lt;b\""));
	assert_non_null(strstr(error, "id=\"q&amp;7\""));
	assert_non_null(strstr(error, "<thread>t-5</thread>"));
	assert_non_null(strstr(error, "SIP 404 Not Found")); /* [CMP-028] */
}

/* [D-34] [MSG-003]: nothing for a headline; nothing when it was taken */
static void silence_where_silence_is_due(void **state)
{
	struct world *world = *state;

	send_message(world, TO_PHONE " type='headline'", "<body>x</body>");
	send_message(world, TO_PHONE " type='chat'", "<body>y</body>");
	send_message(world, TO_PHONE " type='chat'", "<body>z</body>");
	assert_true(world_wait(world, "message m3"));
	world_finish(world, 1, OUTCOME_REFUSED, FAULT_ITEM_NOT_FOUND, NULL);
	world_finish(world, 2, OUTCOME_TAKEN, FAULT_NONE, NULL);
	world_finish(world, 3, OUTCOME_UNKNOWN, FAULT_NO_ANSWER, NULL);
	assert_non_null(xmpp_server_expect(world_server(world), "remote-server-timeout"));
	assert_false(xmpp_server_has(world_server(world), "<message"));
}

/* [SEC-087] [MSG-096]
 * [ASEC-015] */
static void floods_of_one_user_are_bounded(void **state)
{
	struct world *world = *state;
	int64_t burst = world_limits(world)->messages_per_user_burst;

	for (int i = 0; i < 100; i++)
		send_message(world, TO_PHONE " type='chat'", "<body>x</body>");
	send_message(world, "type='chat' from='bob@chat.example/a' to='1001@sip.chat.example'",
		     "<body>other</body>");
	assert_true(world_wait(world, "message m21 x:bob s:1001 chat \"other\""));
	assert_int_equal(world_count(world, "message"), burst + 1);
	assert_non_null(xmpp_server_expect(world_server(world), "resource-constraint"));
	assert_int_equal(world_counters(world)->limits.messages_per_user_per_s, 100 - burst);
}

/* Deliveries ------------------------------------------------------------------------------------
 */

/* [REL-003] [D-36] [D-10] [D-43] [X0359-1] [MSG-051] [MSG-055]: the answer to the ping is the proof
 * [REL-001] [REQ-050] [X0280-2] [CMP-031]
 * [MSG-092] */
static void taken_when_the_ping_is_answered(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	const char *stanza;
	char *id;

	xmpp_server_answer_pings_for(server, NULL);
	xmpp_server_forget(server);
	world_deliver(world, "1001", "ann", "gr\xc3\xbc\xc3\x9f <&>", 10);
	stanza = xmpp_server_expect(server, "<message");
	assert_non_null(stanza);
	assert_non_null(strstr(stanza, "from=\"1001@sip.chat.example/sip\""));
	assert_non_null(strstr(stanza, "to=\"ann@chat.example\""));
	assert_non_null(strstr(stanza, "type=\"chat\""));
	assert_non_null(strstr(stanza, "id=\"uid-1\""));
	assert_non_null(strstr(stanza, "<body>gr\xc3\xbc\xc3\x9f &lt;&amp;&gt;</body>"));
	id = ping_id(world);
	world_let_run(world, 50);
	assert_false(world_heard(world, "outcome"));
	answer_ping(world, id, "result");
	assert_true(world_wait(world, "outcome m1 taken"));
}

/* Any answer proves the order, also a refusal to be pinged. */
static void an_error_for_the_ping_is_proof_too(void **state)
{
	struct world *world = *state;

	xmpp_server_answer_pings_for(world_server(world), NULL);
	xmpp_server_forget(world_server(world));
	world_deliver(world, "1001", "ann", "x", 1);
	answer_ping(world, ping_id(world), "error");
	assert_true(world_wait(world, "outcome m1 taken"));
}

/* [REL-003] [MSG-063]: errors before the answer; one ping for the batch */
static void refused_when_the_error_comes_first(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	char *id;

	xmpp_server_answer_pings_for(server, NULL);
	xmpp_server_forget(server);
	world_deliver(world, "1001", "ann", "x", 1);
	world_deliver(world, "1001", "bob", "x", 1);
	world_deliver(world, "1001", "cid", "x", 1);
	id = ping_id(world);
	assert_false(xmpp_server_has(server, "urn:xmpp:ping")); /* one for all three */
	send_refusal(world, "uid-2", "bob@chat.example");
	assert_true(world_wait(world, "outcome m2 refused item-not-found"));
	assert_int_equal(world_count(world, "outcome"), 1);
	answer_ping(world, id, "result");
	assert_true(world_wait(world, "outcome m1 taken"));
	assert_true(world_wait(world, "outcome m3 taken"));
	/* a late one, and one for a message that never was, change nothing [MSG-005] */
	send_refusal(world, "uid-1", "ann@chat.example");
	send_refusal(world, "uid-9", "ann@chat.example");
	world_let_run(world, 10);
	assert_int_equal(world_count(world, "outcome"), 3);
	assert_false(xmpp_server_has(server, "error"));
}

/* Nobody speaks for another, and nobody answers for the server. */
static void strangers_prove_and_refuse_nothing(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct buf text = BUF_INIT;
	char *id;

	xmpp_server_answer_pings_for(server, NULL);
	xmpp_server_forget(server);
	world_deliver(world, "1001", "ann", "x", 1);
	id = ping_id(world);
	send_refusal(world, "uid-1", "eve@chat.example/x");
	buf_printf(&text,
		   "<iq type='result' from='eve@chat.example/x' to='sip.chat.example' "
		   "id='%s'/>",
		   id);
	xmpp_server_send_bytes(server, text.data, text.len);
	buf_free(&text);
	world_let_run(world, 20);
	assert_false(world_heard(world, "outcome"));
	answer_ping(world, id, "result");
	assert_true(world_wait(world, "outcome m1 taken"));
}

/* [REL-003] [D-36]: no answer: the fate is unknown, the link is closed */
static void unknown_when_no_answer_comes(void **state)
{
	struct world_wishes wishes = {.timing = {.ping_wait = 200}};
	struct world *world = world_new(&wishes);
	struct xmpp_server *server = world_server(world);

	*state = world;
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
	world_let_run(world, 20);
	xmpp_server_answer_pings_for(server, NULL);
	world_deliver(world, "1001", "ann", "x", 1);
	assert_true(world_wait(world, "link down"));
	assert_true(world_heard(world, "outcome m1 unknown"));
	assert_int_equal(world_count(world, "outcome"), 1);
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, "<message")); /* not said twice */
}

/* [REL-023] [D-36]: nothing was sent, so the sender may be told so */
static void refused_while_the_link_is_down(void **state)
{
	struct world *world = *state;

	xmpp_server_away(world_server(world));
	xmpp_server_close(world_server(world));
	assert_true(world_wait(world, "link down"));
	world_deliver(world, "1001", "ann", "x", 1);
	assert_false(world_heard(world, "outcome")); /* never from inside the call */
	assert_true(world_wait(world, "outcome m1 refused link-down"));
}

/* [STRO-006] [STRO-009]: lost with what was handed over, and only that */
static void lost_link_tells_sent_from_unsent(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	char *text = mem_alloc(60000);
	unsigned last = 0;

	memset(text, 'x', 60000);
	world_limits(world)->link_high_bytes = 64 * 1024 * 1024;
	world_limits(world)->link_dead_bytes = 64 * 1024 * 1024;
	xmpp_server_answer_pings_for(server, NULL);
	xmpp_server_stop_reading(server);
	world_deliver(world, "1001", "ann", "first", 5);
	world_let_run(world, 20);
	for (int i = 0; i < 400; i++) /* more than the sockets hold */
		last = world_deliver(world, "1001", "ann", text, 60000);
	mem_free(text);
	world_let_run(world, 50);
	xmpp_server_reset(server);
	assert_true(world_wait(world, "link down"));
	assert_int_equal(world_count(world, "outcome"), last);
	assert_true(world_heard(world, "outcome m1 unknown"));
	assert_true(world_heard(world, "outcome m401 refused link-down"));
}

/* [REL-046] [STRO-006]: a server that reads no more */
static void backlog_is_bounded(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	char *text = mem_alloc(60000);
	struct presence presence;

	memset(text, 'x', 60000);
	world_let_run(world, 20);
	xmpp_server_stop_reading(server);
	xmpp_server_answer_pings_for(server, NULL);
	for (int i = 0; i < 400; i++) {
		world_deliver(world, "1001", "ann", text, 60000);
		if (i % 10 == 0)
			world_let_run(world, 1);
	}
	mem_free(text);
	assert_true(world_wait(world, "outcome m400 refused link-down"));
	assert_true(world_counters(world)->limits.link_high_bytes > 0);
	/* presence is held, the newest of each pair */
	for (int i = 0; i < 1000; i++) {
		world_presence(&presence, i % 2 == 0 ? SHOW_AWAY : SHOW_DND, "note");
		world_tell(world, "ann", "1001", &presence);
		presence_clear(&presence);
	}
	assert_true(world_counters(world)->presence_coalesced >= 998);
	assert_false(world_heard(world, "link down"));
	xmpp_server_go_on_reading(server);
	assert_non_null(xmpp_server_expect_all(server, "<presence", "dnd", NULL));
	assert_false(xmpp_server_has(server, "away"));
	assert_int_equal(xmpp_server_connections(server), 1);
}

/* [REL-046]: beyond the second mark the link is given up */
static void dead_backlog_ends_the_link(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct presence presence;
	char sip[16], *note = mem_zalloc(1001);

	memset(note, 'n', 1000);
	world_limits(world)->link_high_bytes = 65536;
	world_limits(world)->link_dead_bytes = 262144;
	xmpp_server_stop_reading(server);
	world_presence(&presence, SHOW_AWAY, note);
	for (int i = 0; i < 20000 && !world_heard(world, "link down"); i++) {
		snprintf(sip, sizeof(sip), "%d", i);
		world_tell(world, "ann", sip, &presence);
		if (i % 100 == 0)
			world_let_run(world, 1);
	}
	mem_free(note);
	presence_clear(&presence);
	assert_true(world_wait(world, "link down"));
	assert_true(world_counters(world)->limits.link_dead_bytes > 0);
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
}

/* [SEC-052] [D-57] [CMP-011]: too long for the server: refused before anything is sent */
static void too_long_is_refused_before_it_is_sent(void **state)
{
	struct world *world = *state;
	char *text = mem_alloc(61440);

	memset(text, '<', 61440); /* four bytes each on the wire */
	world_deliver(world, "1001", "ann", text, 61440);
	assert_true(world_wait(world, "outcome m1 taken")); /* just below 256 KiB */
	world_limits(world)->stanza_out_bytes = 200000;
	world_deliver(world, "1001", "ann", text, 61440);
	assert_true(world_wait(world, "outcome m2 refused too-large"));
	mem_free(text);
	assert_int_equal(world_counters(world)->limits.stanza_out_bytes, 1);
	assert_int_equal(xmpp_server_connections(world_server(world)), 1);
}

/* [SEC-025]: no stanza to a domain that may not use the bridge
 * [ASEC-008] */
static void no_relay_to_strangers(void **state)
{
	struct world *world = *state;
	struct message message = {.kind = MESSAGE_CHAT, .hops = -1};
	struct address from, to;
	char uid[] = "u", body[] = "x";

	message.uid = uid;
	message.body = body;
	message.body_len = 1;
	address_set(&from, SIDE_SIP, "1001", "pbx.example");
	address_set(&to, SIDE_XMPP, "eve", "evil.example");
	xmpp_side_ops()->deliver(world_side(world), 77, &from, &to, &message);
	address_clear(&from);
	address_clear(&to);
	assert_true(world_wait(world, "outcome m1 refused forbidden"));
	assert_false(xmpp_server_has(world_server(world), "evil"));
}

/* [D-36]: the first candidate that answers; the component itself when none does */
static void the_ping_target_is_chosen(void **state)
{
	static const char *const ping[] = {"mute.example", "chat.example"};
	struct world_wishes wishes = {.ping = ping, .ping_count = 2, .timing = {.choose = 100}};
	struct world *world = world_new(&wishes);
	struct xmpp_server *server = world_server(world);

	*state = world;
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
	world_deliver(world, "1001", "ann", "x", 1); /* before anything was chosen */
	assert_true(world_wait(world, "outcome m1 taken"));
	assert_non_null(xmpp_server_expect_all(server, "urn:xmpp:ping", "mute.example", NULL));
	assert_false(xmpp_server_has(server, "mute.example"));
}

static void the_component_pings_itself_at_last(void **state)
{
	static const char *const ping[] = {"mute.example"};
	struct world_wishes wishes = {.ping = ping, .ping_count = 1, .timing = {.choose = 50}};
	struct world *world = world_new(&wishes);
	struct xmpp_server *server = world_server(world);
	const char *own;
	char *copy;

	*state = world;
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
	world_deliver(world, "1001", "ann", "x", 1);
	own = xmpp_server_expect_all(server, "urn:xmpp:ping", "to=\"sip.chat.example\"",
				     "from=\"sip.chat.example\"", NULL);
	assert_non_null(own);
	/* the server brings it back to where it came from */
	copy = mem_strdup(own);
	xmpp_server_forget(server);
	xmpp_server_send(server, copy);
	mem_free(copy);
	assert_true(world_wait(world, "outcome m1 taken"));
	assert_false(xmpp_server_has(server, "result"));
}

/* Every byte in every field, and the stream stays whole. [SEC-050] [CMP-017] [CMP-018] [STRO-007]
 * [ASEC-012] */
static void no_byte_breaks_the_stream(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct presence presence;

	for (int c = 1; c < 256; c++) {
		char text[8] = {'a', (char)c, 'b', '\0'};
		char uid[16];
		struct message message = {.kind = MESSAGE_CHAT,
					  .uid = uid,
					  .body = text,
					  .body_len = 3,
					  .subject = text,
					  .lang = text,
					  .thread = text,
					  .nick = text,
					  .hops = -1};

		snprintf(uid, sizeof(uid), "u%d", c);
		world_deliver_message(world, "1001", "ann", &message);
		message.uid = text;
		world_deliver_message(world, "1001", "bob", &message);
		world_deliver_message(world, text, "ann", &message);
		world_presence(&presence, SHOW_AWAY, text);
		world_tell(world, "ann", "1001", &presence);
		world_tell(world, text, "1001", &presence);
		world_tell(world, "ann", text, &presence);
		presence_clear(&presence);
		world_watch(world, "1001", "ann", true, text);
		world_watch(world, text, "ann", true, text);
		world_answer(world, "ann", "1001", WATCH_NO_SUCH, text, NULL);
	}
	world_deliver(world, "1001", "ann", "nul\0inside", 10);
	world_deliver(world, "1001", "ann", "\xc3", 1);
	world_deliver(world, "1001", "ann", "\xed\xa0\x80 \xef\xbf\xbe \xf4\x90\x80\x80", 12);
	world_deliver(world, "1001", "ann", "the end", 7);
	assert_non_null(xmpp_server_expect(server, "the end"));
	assert_false(xmpp_server_is_broken(server));
	assert_int_equal(xmpp_server_connections(server), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(texts_reach_the_core, with_up, tear),
		cmocka_unit_test_setup_teardown(old_texts_keep_their_time, with_up, tear),
		cmocka_unit_test_setup_teardown(what_is_no_text, with_up, tear),
		cmocka_unit_test_setup_teardown(a_refusal_reaches_the_sender, with_up, tear),
		cmocka_unit_test_setup_teardown(silence_where_silence_is_due, with_up, tear),
		cmocka_unit_test_setup_teardown(floods_of_one_user_are_bounded, with_up, tear),
		cmocka_unit_test_setup_teardown(taken_when_the_ping_is_answered, with_up, tear),
		cmocka_unit_test_setup_teardown(an_error_for_the_ping_is_proof_too, with_up, tear),
		cmocka_unit_test_setup_teardown(refused_when_the_error_comes_first, with_up, tear),
		cmocka_unit_test_setup_teardown(strangers_prove_and_refuse_nothing, with_up, tear),
		cmocka_unit_test_teardown(unknown_when_no_answer_comes, tear),
		cmocka_unit_test_setup_teardown(refused_while_the_link_is_down, with_up, tear),
		cmocka_unit_test_setup_teardown(lost_link_tells_sent_from_unsent, with_up, tear),
		cmocka_unit_test_setup_teardown(backlog_is_bounded, with_up, tear),
		cmocka_unit_test_setup_teardown(dead_backlog_ends_the_link, with_up, tear),
		cmocka_unit_test_setup_teardown(too_long_is_refused_before_it_is_sent, with_up,
						tear),
		cmocka_unit_test_setup_teardown(no_relay_to_strangers, with_up, tear),
		cmocka_unit_test_teardown(the_ping_target_is_chosen, tear),
		cmocka_unit_test_teardown(the_component_pings_itself_at_last, tear),
		cmocka_unit_test_setup_teardown(no_byte_breaks_the_stream, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
