/* What the bridge says of SIP users beside presence: features and their hash (XEP-0115), the card
 * (XEP-0054), addresses for people who type them (XEP-0100), items of personal events (XEP-0163).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <strophe.h>

#include "base/buf.h"
#include "core/learned.h"
#include "model/profile.h"
#include "model/rich.h"
#include "support/check.h"
#include "support/xmpp_world.h"
#include "xmpp/caps.h"
#include "xmpp/disco.h"

#define BRIDGE "sip.chat.example"
#define USER   "1001@sip.chat.example"
#define PHONE  "1001@sip.chat.example/sip"
#define MOOD   "http://jabber.org/protocol/mood"

/* 1001 is there, happy, in a call, and SIP calls him Al. */
static void set_presence(struct world *world)
{
	struct presence now;

	world_presence(&now, SHOW_NONE, NULL);
	rich_set(&person_rich(&now.person)->mood, "happy", 5, RICH_WORD_BYTES_MAX);
	rich_set(&person_rich(&now.person)->display_name, "Al <B>", 6, RICH_WORD_BYTES_MAX);
	rich_set(&person_rich(&now.person)->homepage, "https://al.example/", 19,
		 RICH_URI_BYTES_MAX);
	world_will_answer(world, WATCH_ALLOWED, &now, FAULT_NONE, NULL);
	presence_clear(&now);
}

static int with_up(void **state)
{
	struct world *world = world_new_up();

	set_presence(world);
	*state = world;
	return 0;
}

static int tear(void **state)
{
	struct world *world = *state;

	world_free(&world);
	return 0;
}

/* The answer to a request of Ann's client, as text. */
static const char *ask(struct world *world, const char *to, const char *type, const char *payload)
{
	struct buf text = BUF_INIT;
	const char *answer;

	buf_printf(&text, "<iq from='ann@chat.example/a' to='%s' id='q1' type='%s'>%s</iq>", to,
		   type, payload);
	xmpp_server_send_bytes(world_server(world), text.data, text.len);
	buf_free(&text);
	answer = xmpp_server_expect_all(world_server(world), "<iq", "id=\"q1\"",
					"to=\"ann@chat.example/a\"", NULL);
	assert_non_null(answer);
	return answer;
}

static void has(const char *answer, const char *text)
{
	if (strstr(answer, text) == NULL)
		fail_msg("no %s in %s", text, answer);
}

/* The value of an attribute, in out. */
static void attribute(const char *text, const char *name, char out[200])
{
	const char *at = strstr(text, name);

	assert_non_null(at);
	at += strlen(name);
	(void)snprintf(out, 200, "%.*s", (int)strcspn(at, "\""), at);
}

/* What is behind a mark, computed anew from the answer to disco#info. */
static void check_mark(struct world *world, const char *presence, const char *whom)
{
	char node[200], ver[200], query[500], computed[CAPS_VER_CHARS + 1];
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	xmpp_stanza_t *stanza;
	const char *answer;
	unsigned wants;

	has(presence, "<c xmlns=\"http://jabber.org/protocol/caps\" hash=\"sha-1\"");
	attribute(presence, " node=\"", node);
	attribute(presence, " ver=\"", ver);
	(void)snprintf(query, sizeof(query),
		       "<query xmlns='http://jabber.org/protocol/disco#info' node='%s#%s'/>", node,
		       ver);
	answer = ask(world, whom, "get", query);
	has(answer, node); /* X0030-1: mirrored */
	stanza = xmpp_stanza_new_from_string(ctx, answer);
	assert_non_null(stanza);
	assert_int_equal(caps_read(xmpp_stanza_get_children(stanza), computed, &wants), 0);
	assert_string_equal(computed, ver);
	xmpp_stanza_release(stanza);
	xmpp_ctx_free(ctx);
}

/* [X0115-1] [X0115-2] [X0030-1] [X0030-3]: of users, with every show */
static void presence_carries_what_disco_answers(void **state)
{
	static const enum show shows[] = {SHOW_NONE, SHOW_DND, SHOW_AWAY};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(shows); i++) {
		struct presence now;
		char copy[2000];
		const char *told;

		world_presence(&now, shows[i], "hello");
		world_tell(world, "ann", "1001", &now);
		presence_clear(&now);
		told = xmpp_server_expect(world_server(world), "<presence");
		assert_non_null(told);
		(void)snprintf(copy, sizeof(copy), "%s", told);
		check_mark(world, copy, PHONE);
	}
	world_tell(world, "ann", "1001", NULL);
	assert_null(strstr(xmpp_server_expect(world_server(world), "unavailable"), "<c "));
}

/* [X0115-1]: of the component */
static void the_bridge_has_a_mark_too(void **state)
{
	struct world *world = *state;
	char copy[2000];
	const char *told;

	xmpp_server_send(world_server(world),
			 "<presence from='ann@chat.example' to='" BRIDGE "' type='probe'/>");
	told = xmpp_server_expect_all(world_server(world), "<presence", "from=\"" BRIDGE "\"",
				      NULL);
	assert_non_null(told);
	(void)snprintf(copy, sizeof(copy), "%s", told);
	check_mark(world, copy, BRIDGE);
	/* [X0030-3]: another hash, and that of the other kind */
	has(ask(world, BRIDGE, "get",
		"<query xmlns='http://jabber.org/protocol/disco#info' node='" OWN_NODE "#AAAA'/>"),
	    "item-not-found");
}

/* [X0163-1]: so that chat servers send them events */
static void a_user_wants_events(void **state)
{
	const char *answer =
		ask(*state, PHONE, "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>");

	has(answer, "\"http://jabber.org/protocol/mood+notify\"");
	has(answer, "\"http://jabber.org/protocol/activity+notify\"");
	has(answer, "\"http://jabber.org/protocol/nick+notify\"");
	has(answer, "\"http://jabber.org/protocol/caps\"");
}

#define DISCO    "<query xmlns='http://jabber.org/protocol/disco#info'/>"
#define STATES   "\"http://jabber.org/protocol/chatstates\""
#define RECEIPTS "\"urn:xmpp:receipts\""
#define MARKERS  "\"urn:xmpp:chat-markers:0\""

static void offers(const char *answer, bool states, bool receipts, bool markers)
{
	assert_int_equal(strstr(answer, STATES) != NULL, states);
	assert_int_equal(strstr(answer, RECEIPTS) != NULL, receipts);
	assert_int_equal(strstr(answer, MARKERS) != NULL, markers);
}

static const char *show_1001(struct world *world, char out[2000])
{
	struct presence now;

	world_presence(&now, SHOW_NONE, NULL);
	xmpp_server_forget(world_server(world));
	world_tell(world, "ann", "1001", &now);
	presence_clear(&now);
	(void)snprintf(out, 2000, "%s", xmpp_server_expect(world_server(world), "<presence"));
	return out;
}

struct able {
	enum rich_types rule;
	bool receipt_from_200;
	int typing; /* as learned; -1: nothing */
	int cpim;
	int imdn;
	bool states;
	bool receipts;
	bool markers;
};

/* [RCPT-038] [TYPE-018] [X0184-2] [D-41] [D-42]: offered where it is honoured; the hash
 * in presence always stands for what is behind it [X0115-1] */
static void notices_are_offered_where_they_are_honoured(void **state)
{
	static const struct able rows[] = {
		{RICH_ON_EVIDENCE, false, -1, -1, -1, false, false, false},
		{RICH_ON_EVIDENCE, false, 1, -1, -1, true, false, false},
		{RICH_ON_EVIDENCE, false, 0, 0, 1, false, false, false},
		{RICH_ON_EVIDENCE, false, -1, 1, -1, false, true, true},
		{RICH_ON_EVIDENCE, false, 1, -1, 1, true, true, true},
		{RICH_ON_EVIDENCE, true, -1, -1, -1, false, true, false},
		{RICH_ALWAYS, false, -1, -1, -1, true, true, true},
		{RICH_ALWAYS, true, 0, 0, -1, false, true, false},
		{RICH_NEVER, false, 1, 1, 1, false, false, false},
		{RICH_NEVER, true, 1, 1, 1, false, true, false},
	};
	struct world *world;
	char copy[2000];

	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		const struct able *row = &rows[i];
		struct profile profile = {.rich_types = row->rule,
					  .receipt_from_200 = row->receipt_from_200};
		const char *uri = "sip:1001@pbx.example";

		world = *state;
		world_free(&world);
		with_up(state);
		world = *state;
		world_set_profile(world, &profile);
		learned_put(world_learned(world), LEARNED_TYPING, uri, row->typing);
		learned_put(world_learned(world), LEARNED_CPIM, uri, row->cpim);
		learned_put(world_learned(world), LEARNED_IMDN, uri, row->imdn);
		offers(ask(world, PHONE, "get", DISCO), row->states, row->receipts, row->markers);
		check_mark(world, show_1001(world, copy), PHONE);
		world_set_profile(world, NULL);
	}
}

/* [X000-2]: what one was found to understand is for those who may see him, on the full JID alone;
 * what is nobody's is the same for all */
static void what_is_honoured_is_not_for_all(void **state)
{
	struct world *world = *state;

	learned_put(world_learned(world), LEARNED_TYPING, "sip:1001@pbx.example", 1);
	learned_put(world_learned(world), LEARNED_CPIM, "sip:1001@pbx.example", 1);
	offers(ask(world, PHONE, "get", DISCO), true, true, true);
	offers(ask(world, "1002@" BRIDGE "/sip", "get", DISCO), false, false, false);
	offers(ask(world, USER, "get", DISCO), false, false, false);
	offers(ask(world, BRIDGE, "get", DISCO), false, false, false);
	world_will_answer(world, WATCH_PENDING, NULL, FAULT_NONE, NULL);
	offers(ask(world, PHONE, "get", DISCO), false, false, false);
	/* who refuses messages altogether refuses notices */
	set_presence(world);
	learned_put(world_learned(world), LEARNED_MESSAGE, "sip:1001@pbx.example", 0);
	offers(ask(world, PHONE, "get", DISCO), false, false, false);
}

#define VCARD "<vCard xmlns='vcard-temp'/>"

/* [X0054-1] [X0054-2] [X0054-3] [RPR-033] */
static void a_user_has_a_card(void **state)
{
	struct world *world = *state;
	const char *card = ask(world, USER, "get", VCARD);

	has(card, "<FN>Al &lt;B&gt;</FN>"); /* CIPID */
	has(card, "<N><GIVEN>Al &lt;B&gt;</GIVEN></N>");
	has(card, "<NUMBER>1001</NUMBER>");
	has(card, "<JABBERID>" USER "</JABBERID>");
	has(card, "<URL>https://al.example/</URL>");
	/* no number: no telephone */
	card = ask(world, "carol@" BRIDGE, "get", VCARD);
	assert_null(strstr(card, "<TEL>"));
	has(ask(world, BRIDGE, "get", VCARD), "<FN>sipxmppd</FN>");
	has(ask(world, USER, "set", VCARD), "forbidden");
}

/* [X0054-1] [X000-2]: nobody finds out by cards which numbers there are */
static void cards_are_for_those_who_may_see(void **state)
{
	struct world *world = *state;

	world_will_answer(world, WATCH_PENDING, NULL, FAULT_NONE, NULL);
	has(ask(world, USER, "get", VCARD), "service-unavailable");
	has(ask(world, "nobody@" BRIDGE, "get", VCARD), "service-unavailable");
	has(ask(world, "\xc3\x84@" BRIDGE, "get", VCARD), "service-unavailable");
}

/* [X0054-3] D-32: a display name that SIP said stands in, the number only if there is none */
static void names_are_remembered(void **state)
{
	struct world *world = *state;
	struct presence now;

	world_presence(&now, SHOW_NONE, NULL);
	world_will_answer(world, WATCH_ALLOWED, &now, FAULT_NONE, NULL);
	presence_clear(&now);
	has(ask(world, USER, "get", VCARD), "<FN>1001</FN>");
	world_watch(world, "1001", "ann", false, "Alice from sales");
	has(ask(world, USER, "get", VCARD), "<FN>Alice from sales</FN>");
	/* authorized, and nothing is known of his presence */
	world_will_answer(world, WATCH_ALLOWED, NULL, FAULT_NONE, NULL);
	has(ask(world, USER, "get", VCARD), "<FN>Alice from sales</FN>");
}

#define LAST "<query xmlns='jabber:iq:last'/>"

/* [X0012-1] */
static void times_are_for_those_who_may_see(void **state)
{
	struct world *world = *state;
	struct presence now;
	char seconds[200];

	has(ask(world, BRIDGE, "get", LAST), "<query xmlns=\"jabber:iq:last\" seconds=\"0\"/>");
	has(ask(world, USER, "get", LAST), "seconds=\"0\"/>"); /* he is there */
	world_presence(&now, SHOW_AWAY, NULL);
	now.person.idle = true;
	now.person.idle_since_ms = ((int64_t)time(NULL) - 3600) * 1000;
	world_will_answer(world, WATCH_ALLOWED, &now, FAULT_NONE, NULL);
	attribute(ask(world, PHONE, "get", LAST), " seconds=\"", seconds);
	assert_in_range(strtol(seconds, NULL, 10), 3600, 3630);
	/* gone, and what was said last */
	now.devices[0].basic = BASIC_CLOSED;
	now.devices[0].since_ms = now.person.idle_since_ms;
	notes_add(&now.devices[0].notes, "", "home", 4);
	world_will_answer(world, WATCH_ALLOWED, &now, FAULT_NONE, NULL);
	has(ask(world, USER, "get", LAST), "home</query>");
	now.devices[0].since_ms = 0;
	world_will_answer(world, WATCH_ALLOWED, &now, FAULT_NONE, NULL);
	has(ask(world, USER, "get", LAST), "service-unavailable");
	presence_clear(&now);
	world_will_answer(world, WATCH_PENDING, NULL, FAULT_NONE, NULL);
	has(ask(world, USER, "get", LAST), "forbidden");
	has(ask(world, "nobody@" BRIDGE, "get", LAST), "forbidden");
}

struct typed {
	const char *text;
	const char *answer;
};

/* [X0100-1] */
static void what_people_type_becomes_a_jid(void **state)
{
	static const struct typed table[] = {
		{"201", "<jid>201@sip.chat.example</jid>"},
		{"  201 ", "<prompt>201@sip.chat.example</prompt>"},
		{"(030) 12-34", "<jid>0301234@sip.chat.example</jid>"},
		{"201@pbx.example", "<jid>201@sip.chat.example</jid>"},
		{"sip:201@pbx.example;transport=tcp", "<jid>201@sip.chat.example</jid>"},
		{"tel:+1-555-123", "<jid>+1555123@sip.chat.example</jid>"},
		{"pres:carol@pbx.example", "<jid>carol@sip.chat.example</jid>"},
		{"sip:o%27hara@pbx.example", "<jid>o\\27hara@sip.chat.example</jid>"},
		{"201@elsewhere.example", "not-acceptable"},
		{"sip:ann@chat.example", "not-acceptable"},
		{"@", "not-acceptable"},
		{"a b", "not-acceptable"},
		{"", "bad-request"},
	};
	struct world *world = *state;
	const char *prompt = ask(world, BRIDGE, "get", "<query xmlns='jabber:iq:gateway'/>");

	has(prompt, "<desc>Enter the number");
	has(prompt, "<prompt>Number or");
	prompt = ask(world, BRIDGE, "get", "<query xmlns='jabber:iq:gateway' xml:lang='de-AT'/>");
	has(prompt, "<desc>Geben Sie");
	has(prompt, "<prompt>Rufnummer");
	has(ask(world, BRIDGE, "get", "<query xmlns='jabber:iq:gateway' xml:lang='tlh'/>"),
	    "<prompt>Number or");
	for (size_t i = 0; i < CHECK_COUNT(table); i++) {
		struct buf query = BUF_INIT;

		buf_printf(&query, "<query xmlns='jabber:iq:gateway'><prompt>%s</prompt></query>",
			   table[i].text);
		has(ask(world, BRIDGE, "set", buf_text(&query)), table[i].answer);
		buf_free(&query);
	}
	has(ask(world, USER, "get", "<query xmlns='jabber:iq:gateway'/>"), "service-unavailable");
	has(ask(world, BRIDGE, "get", "<query xmlns='jabber:iq:register'/>"),
	    "service-unavailable");
}

#define ITEMS(node)                                                                                \
	"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='" node "'/></pubsub>"

/* [X0163-1] [X0107-1] */
static void items_are_for_those_who_may_see(void **state)
{
	struct world *world = *state;
	const char *answer = ask(world, USER, "get", ITEMS(MOOD));

	has(answer, "<items node=\"" MOOD "\"><item id=\"current\"><mood ");
	has(answer, "<happy/>");
	has(ask(world, USER, "get", ITEMS("http://jabber.org/protocol/activity")),
	    "item-not-found");
	has(ask(world, USER, "get", ITEMS("urn:xmpp:avatar:metadata")), "item-not-found");
	has(ask(world, USER, "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'/>"),
	    "feature-not-implemented");
	has(ask(world, USER, "set",
		"<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='x'/></pubsub>"),
	    "forbidden");
	world_will_answer(world, WATCH_REJECTED, NULL, FAULT_NONE, NULL);
	has(ask(world, USER, "get", ITEMS(MOOD)), "service-unavailable");
	has(ask(world, "nobody@" BRIDGE, "get", ITEMS(MOOD)), "service-unavailable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(presence_carries_what_disco_answers, with_up, tear),
		cmocka_unit_test_setup_teardown(the_bridge_has_a_mark_too, with_up, tear),
		cmocka_unit_test_setup_teardown(a_user_wants_events, with_up, tear),
		cmocka_unit_test_setup_teardown(notices_are_offered_where_they_are_honoured,
						with_up, tear),
		cmocka_unit_test_setup_teardown(what_is_honoured_is_not_for_all, with_up, tear),
		cmocka_unit_test_setup_teardown(a_user_has_a_card, with_up, tear),
		cmocka_unit_test_setup_teardown(cards_are_for_those_who_may_see, with_up, tear),
		cmocka_unit_test_setup_teardown(names_are_remembered, with_up, tear),
		cmocka_unit_test_setup_teardown(times_are_for_those_who_may_see, with_up, tear),
		cmocka_unit_test_setup_teardown(what_people_type_becomes_a_jid, with_up, tear),
		cmocka_unit_test_setup_teardown(items_are_for_those_who_may_see, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
