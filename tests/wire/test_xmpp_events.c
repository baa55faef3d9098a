/* Personal events (XEP-0163) on the wire: what chat users say beside their presence, what SIP users
 * say, and whose client wants to hear it. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "model/rich.h"
#include "support/check.h"
#include "support/xmpp_world.h"

#define BRIDGE   "sip.chat.example"
#define USER     "1001@sip.chat.example"
#define MOOD     "http://jabber.org/protocol/mood"
#define ACTIVITY "http://jabber.org/protocol/activity"
#define NICK     "http://jabber.org/protocol/nick"

static int with_up(void **state)
{
	*state = world_new_up();
	world_let_see(*state, true);
	return 0;
}

static int tear(void **state)
{
	struct world *world = *state;

	world_free(&world);
	return 0;
}

static void say(struct world *world, const char *stanza)
{
	xmpp_server_send(world_server(world), stanza);
}

/* An event for 1001. */
static void event_from(struct world *world, const char *from, const char *inside)
{
	struct buf text = BUF_INIT;

	buf_printf(&text,
		   "<message from='%s' to='" USER "/sip' type='headline'>"
		   "<event xmlns='http://jabber.org/protocol/pubsub#event'>%s</event></message>",
		   from, inside);
	say(world, buf_text(&text));
	buf_free(&text);
}

#define ITEM(node, payload) "<items node='" node "'><item id='current'>" payload "</item></items>"
#define HAPPY               "<mood xmlns='" MOOD "'><happy/><text>sun</text></mood>"
#define LUNCH               "<activity xmlns='" ACTIVITY "'><eating><having_lunch/></eating></activity>"
#define NAME                "<nick xmlns='" NICK "'>Ann</nick>"

/* [X0163-1] [X0107-1] [X0108-1]: each event adds to what is known, and the whole is handed on */
static void events_make_a_person(void **state)
{
	struct world *world = *state;

	event_from(world, "ann@chat.example", ITEM(MOOD, HAPPY));
	assert_true(world_wait(world, "person s:1001 x:ann mood=happy \"sun\""));
	event_from(world, "ann@chat.example", ITEM(ACTIVITY, LUNCH));
	assert_true(world_wait(world, "person s:1001 x:ann mood=happy \"sun\" "
				      "activity=eating/having_lunch"));
	event_from(world, "ann@chat.example", ITEM(NICK, NAME));
	assert_true(world_wait(world, "person s:1001 x:ann mood=happy \"sun\" "
				      "activity=eating/having_lunch name=Ann"));
}

/* [X0172-2] D-32: her name goes with her texts, but for one that the text brings itself */
static void names_go_with_texts(void **state)
{
	struct world *world = *state;

	event_from(world, "ann@chat.example", ITEM(NICK, NAME));
	assert_true(world_wait(world, "person s:1001 x:ann name=Ann"));
	say(world, "<message from='ann@chat.example/a' to='" USER "' id='1'><body>hello</body>"
		   "</message>");
	assert_true(world_wait(world, "message m1 x:ann s:1001 nick=Ann"));
	say(world, "<message from='ann@chat.example/a' to='1002@" BRIDGE
		   "' id='1'><body>hello</body></message>");
	assert_true(world_wait(world, "message m2 x:ann s:1002 normal"));
	say(world, "<message from='ann@chat.example/a' to='" USER "' id='2'><body>hello</body>"
		   "<nick xmlns='" NICK "'>Annie</nick></message>");
	assert_true(world_wait(world, "message m3 x:ann s:1001 nick=Annie"));
}

/* [X0163-3]: every way to say no more */
static void an_empty_element_clears(void **state)
{
	static const char *const ends[] = {
		ITEM(MOOD, "<mood xmlns='" MOOD "'/>"),
		"<items node='" MOOD "'><retract id='current'/></items>",
		"<purge node='" MOOD "'/>",
		"<delete node='" MOOD "'/>",
	};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(ends); i++) {
		event_from(world, "ann@chat.example", ITEM(MOOD, HAPPY));
		assert_true(world_wait(world, "person s:1001 x:ann mood=happy"));
		world_forget(world);
		event_from(world, "ann@chat.example", ends[i]);
		assert_true(world_wait(world, "person s:1001 x:ann"));
		assert_false(world_heard(world, "person s:1001 x:ann mood"));
		world_forget(world);
	}
}

/* [X0163-1] [X999-3] [CMP-034]: from nobody but the user as a whole, and nothing is a text or is
 * answered */
static void other_events_are_nothing(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	world_let_run(world, 20);
	xmpp_server_forget(server);
	event_from(world, "ann@chat.example/phone", ITEM(MOOD, HAPPY)); /* a client's forgery */
	event_from(world, "ann@elsewhere.example", ITEM(MOOD, HAPPY));
	event_from(world, "ann@chat.example", ITEM("urn:xmpp:avatar:metadata", "<metadata/>"));
	event_from(world, "ann@chat.example", "");
	say(world,
	    "<message from='ann@chat.example' to='" USER "/sip'><body>text</body>"
	    "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='x'/></event>"
	    "</message>");
	world_let_see(world, false); /* not subscribed */
	event_from(world, "ann@chat.example", ITEM(MOOD, HAPPY));
	world_let_run(world, 50);
	assert_int_equal(world_count(world, "person"), 0);
	assert_int_equal(world_count(world, "message"), 0);
	assert_int_equal(xmpp_server_stanzas(server), 0);
	/* a client's text stays one, whatever stands beside it */
	say(world, "<message from='ann@chat.example/a' to='" USER "'><body>text</body>"
		   "<event xmlns='http://jabber.org/protocol/pubsub#event'/></message>");
	assert_true(world_wait(world, "message m1 x:ann s:1001"));
	assert_int_equal(world_count(world, "person"), 0);
}

/* What she said holds when her client comes back; servers say it once. [PRES-126]: to whom it was
 * said. */
static void what_was_said_holds(void **state)
{
	struct world *world = *state;

	event_from(world, "ann@chat.example", ITEM(MOOD, HAPPY));
	assert_true(world_wait(world, "person s:1001 x:ann mood=happy"));
	say(world, "<presence from='ann@chat.example/a' to='" USER "' type='unavailable'/>");
	assert_true(world_wait(world, "device s:1001 x:ann a closed"));
	world_forget(world);
	say(world, "<presence from='ann@chat.example/a' to='" USER "'/>");
	assert_true(world_wait(world, "person s:1001 x:ann mood=happy"));
	say(world, "<presence from='ann@chat.example/a' to='1002@" BRIDGE "'/>");
	assert_true(world_wait(world, "person s:1002 x:ann"));
	assert_int_equal(world_count(world, "person s:1002 x:ann mood"), 0);
	/* she takes the permission back */
	say(world, "<presence from='ann@chat.example' to='" USER "' type='unsubscribed'/>");
	assert_true(world_wait(world, "answered s:1001 x:ann rejected"));
	world_forget(world);
	say(world, "<presence from='ann@chat.example/a' to='" USER "'/>");
	assert_true(world_wait(world, "person s:1001 x:ann"));
	assert_int_equal(world_count(world, "person s:1001 x:ann mood"), 0);
}

/* 1001 as Ann is shown him. */
static void show(struct world *world, const char *mood, bool is_open)
{
	struct presence now = {0};

	if (is_open)
		world_presence(&now, SHOW_NONE, NULL);
	if (mood != NULL)
		rich_set(&person_rich(&now.person)->mood, mood, strlen(mood), RICH_WORD_BYTES_MAX);
	world_will_answer(world, WATCH_ALLOWED, &now, FAULT_NONE, NULL);
	presence_clear(&now);
}

static void tell(struct world *world, const char *mood, bool is_open, bool is_person_only)
{
	struct presence now = {0};

	if (is_open)
		world_presence(&now, SHOW_NONE, NULL);
	if (mood != NULL)
		rich_set(&person_rich(&now.person)->mood, mood, strlen(mood), RICH_WORD_BYTES_MAX);
	if (is_person_only)
		world_tell_person(world, "ann", "1001", &now);
	else
		world_tell(world, "ann", "1001", &now);
	presence_clear(&now);
}

static void id_of(const char *stanza, char out[100])
{
	const char *at = strstr(stanza, " id=\"");

	assert_non_null(at);
	(void)snprintf(out, 100, "%.*s", (int)strcspn(at + 5, "\""), at + 5);
}

/* [X0163-1]: what was missed while the link was down is asked for, once for each pair */
static void what_was_missed_is_asked_for(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	static const char *const nodes[] = {MOOD, ACTIVITY, NICK};
	static const char *const payloads[] = {HAPPY, NULL, NAME};

	show(world, NULL, true); /* mutual */
	say(world, "<presence from='ann@chat.example/a' to='" USER "'/>");
	for (size_t i = 0; i < CHECK_COUNT(nodes); i++) {
		const char *ask =
			xmpp_server_expect_all(server, "<iq type=\"get\"",
					       "to=\"ann@chat.example\"", "pubsub", nodes[i], NULL);
		struct buf answer = BUF_INIT;
		char id[100];

		assert_non_null(ask);
		id_of(ask, id);
		/* an answer of somebody else is none */
		buf_printf(&answer,
			   "<iq type='error' from='bob@chat.example' to='" USER "' id='%s'/>", id);
		if (payloads[i] == NULL)
			buf_printf(&answer,
				   "<iq type='error' from='ann@chat.example' to='" USER
				   "' id='%s'/>",
				   id);
		else
			buf_printf(&answer,
				   "<iq type='result' from='ann@chat.example' to='" USER
				   "' id='%s'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
				   "<items node='%s'><item id='c'>%s</item></items></pubsub></iq>",
				   id, nodes[i], payloads[i]);
		say(world, buf_text(&answer));
		buf_free(&answer);
	}
	assert_true(world_wait(world, "person s:1001 x:ann mood=happy \"sun\" name=Ann"));
	world_let_run(world, 20);
	xmpp_server_forget(server);
	say(world,
	    "<presence from='ann@chat.example/a' to='" USER "'><show>away</show></presence>");
	assert_true(world_wait(world, "device s:1001 x:ann a open,away"));
	world_let_run(world, 60);
	assert_false(xmpp_server_has(server, "pubsub"));
}

/* When he is gone for her, her server tells him nothing more: what it said is no longer true. */
static void what_nobody_renews_is_dropped(void **state)
{
	struct world *world = *state;

	event_from(world, "ann@chat.example", ITEM(MOOD, HAPPY));
	assert_true(world_wait(world, "person s:1001 x:ann mood=happy"));
	world_forget(world);
	tell(world, NULL, false, false);
	assert_true(world_wait(world, "person s:1001 x:ann"));
	assert_int_equal(world_count(world, "person s:1001 x:ann mood"), 0);
}

/* [X0163-1]: one who is subscribed only now is shown again, so that the server looks at what he
 * wants */
static void a_new_subscriber_is_shown_again(void **state)
{
	struct world *world = *state;

	show(world, NULL, true);
	say(world, "<presence from='ann@chat.example' to='" USER "' type='subscribed'/>");
	assert_non_null(xmpp_server_expect_all(world_server(world), "<presence",
					       "from=\"" USER "/sip\"", "<c ", NULL));
}

#define CAPS "http://jabber.org/protocol/caps"

static void arrive(struct world *world, const char *resource, const char *ver)
{
	struct buf text = BUF_INIT;

	buf_printf(&text,
		   "<presence from='ann@chat.example/%s' to='" USER "'><c xmlns='" CAPS
		   "' hash='sha-1' node='urn:client' ver='%s'/></presence>",
		   resource, ver);
	say(world, buf_text(&text));
	buf_free(&text);
}

/* Her client is asked what it can do, and answers with these features. */
static void answer_caps(struct world *world, const char *resource, const char *features)
{
	char to[100], id[100];
	const char *ask;
	struct buf text = BUF_INIT;

	(void)snprintf(to, sizeof(to), "to=\"ann@chat.example/%s\"", resource);
	ask = xmpp_server_expect_all(world_server(world), "<iq type=\"get\"", to, "disco#info",
				     "node=\"urn:client#", NULL);
	assert_non_null(ask);
	id_of(ask, id);
	buf_printf(&text,
		   "<iq type='result' from='ann@chat.example/%s' to='" USER "' id='%s'>"
		   "<query xmlns='http://jabber.org/protocol/disco#info'>"
		   "<identity category='client' type='pc'/>%s</query></iq>",
		   resource, id, features);
	say(world, buf_text(&text));
	buf_free(&text);
}

#define WANTS_MOOD     "<feature var='" MOOD "+notify'/>"
#define WANTS_ACTIVITY "<feature var='" ACTIVITY "+notify'/>"
#define WANTS_OTHER    "<feature var='urn:other'/>"
/* sha-1 of client/pc//<http://jabber.org/protocol/mood+notify< and of client/pc//<urn:other< */
#define VER_MOOD     "CQFb0iYPNa5B2NWJStxfndxsn+c="
#define VER_ACTIVITY "uBVpD8A3E/bYF1pW0k7/Tzp/C10="
#define VER_OTHER    "L8rEugbV9cpQgBZQx8Qm5sMHyQE="

/* [X0163-1] [X0115-5] [X0163-2]: from his bare JID, to the very client that wants it, as an event
 */
static void a_client_that_wants_it_is_told(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct buf status = BUF_INIT;
	const char *event;

	world_let_see(world, false); /* what she says is not asked for */
	show(world, "happy", true);
	arrive(world, "pc", VER_MOOD);
	answer_caps(world, "pc", WANTS_MOOD);
	event = xmpp_server_expect(server, "<happy/>");
	assert_non_null(event);
	assert_non_null(strstr(event, "<message from=\"" USER "\" to=\"ann@chat.example/pc\" "
				      "type=\"headline\""));
	assert_non_null(strstr(event, "<items node=\"" MOOD "\"><item"));
	/* nothing is said twice; presence is one thing, events another */
	world_let_run(world, 20);
	xmpp_server_forget(server);
	tell(world, "happy", true, false);
	assert_non_null(xmpp_server_expect(server, "<presence"));
	world_let_run(world, 20);
	assert_int_equal(xmpp_server_stanzas(server), 0);
	tell(world, "sad", true, true);
	assert_non_null(xmpp_server_expect(server, "<sad/>"));
	world_let_run(world, 20);
	assert_int_equal(xmpp_server_stanzas(server), 0);
	/* [X0163-3]: no longer */
	tell(world, NULL, true, true);
	assert_non_null(
		xmpp_server_expect_all(server, "<message", "<mood xmlns=\"" MOOD "\"/>", NULL));
	tell(world, NULL, true, true);
	world_let_run(world, 20);
	assert_int_equal(xmpp_server_stanzas(server), 0);
	/* nor is anything remembered then */
	xmpp_side_status(world_side(world), &status);
	assert_non_null(strstr(buf_text(&status), "xmpp.events_sent_to 0\n"));
	buf_free(&status);
}

/* [DLG-015]: who is on the phone says so by himself */
static void a_call_is_an_activity(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct presence now;

	world_let_see(world, false);
	show(world, NULL, true);
	arrive(world, "pc", VER_ACTIVITY);
	answer_caps(world, "pc", WANTS_ACTIVITY);
	world_let_run(world, 20);
	world_presence(&now, SHOW_NONE, NULL);
	now.phone.state = PHONE_IN_CALL;
	world_tell(world, "ann", "1001", &now);
	assert_non_null(xmpp_server_expect(server, "<talking><on_the_phone/></talking>"));
	now.phone.state = PHONE_IDLE;
	world_tell(world, "ann", "1001", &now);
	assert_non_null(xmpp_server_expect(server, "<activity xmlns=\"" ACTIVITY "\"/>"));
	presence_clear(&now);
}

/* [X0115-4]: one is asked, all with the same hash are believed; others are told nothing */
static void a_hash_is_asked_for_once(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	world_let_see(world, false); /* what she says is not asked for */
	show(world, "happy", true);
	arrive(world, "pc", VER_MOOD);
	arrive(world, "second", VER_MOOD); /* while the first is being asked */
	arrive(world, "phone", VER_OTHER);
	answer_caps(world, "phone", WANTS_OTHER);
	answer_caps(world, "pc", WANTS_MOOD);
	assert_non_null(xmpp_server_expect_all(server, "<happy/>", "/pc\"", NULL));
	assert_non_null(xmpp_server_expect_all(server, "<happy/>", "/second\"", NULL));
	arrive(world, "third", VER_MOOD);
	assert_non_null(xmpp_server_expect_all(server, "<happy/>", "/third\"", NULL));
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, "disco#info"));
	assert_false(xmpp_server_has(server, "/phone\""));
}

/* [X0115-4]: an answer that does not fit the hash says nothing of others with that hash */
static void a_lie_is_not_believed(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	world_let_see(world, false); /* what she says is not asked for */
	show(world, "happy", true);
	arrive(world, "liar", VER_MOOD);
	arrive(world, "pc", VER_MOOD);
	answer_caps(world, "liar", WANTS_MOOD WANTS_OTHER);
	answer_caps(world, "pc", WANTS_MOOD);
	assert_non_null(xmpp_server_expect_all(server, "<happy/>", "/pc\"", NULL));
	arrive(world, "liar2", VER_OTHER);
	answer_caps(world, "liar2", WANTS_MOOD);
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, "/liar2\""));
	/* he is not asked again and again, others with that hash are */
	arrive(world, "liar2", VER_OTHER);
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, "disco#info"));
	arrive(world, "phone", VER_OTHER);
	answer_caps(world, "phone", WANTS_OTHER);
}

/* One that never answers holds up nobody else with its hash, and what a server does not answer
 * leaves what was known. */
static void silence_is_an_answer_too(void **state)
{
	struct world_wishes wishes = {.timing = {.ping_wait = 300}};
	struct world *world = world_new(&wishes);
	struct xmpp_server *server = world_server(world);

	(void)state;
	assert_true(xmpp_server_welcome(server, WORLD_SECRET) && world_wait(world, "link up"));
	show(world, "happy", true);
	arrive(world, "silent", VER_MOOD);
	arrive(world, "pc", VER_MOOD);
	assert_non_null(xmpp_server_expect_all(server, "disco#info", "/silent\"", NULL));
	answer_caps(world, "pc", WANTS_MOOD);
	assert_non_null(xmpp_server_expect_all(server, "<happy/>", "/pc\"", NULL));
	world_let_see(world, true);
	event_from(world, "ann@chat.example", ITEM(MOOD, HAPPY));
	assert_true(world_wait(world, "person s:1001 x:ann mood=happy"));
	arrive(world, "pc", VER_MOOD);
	assert_non_null(xmpp_server_expect_all(server, "<iq type=\"get\"", MOOD, NULL));
	world_let_run(world, 400);
	world_forget(world);
	arrive(world, "pc", VER_MOOD);
	assert_true(world_wait(world, "person s:1001 x:ann mood=happy"));
	world_free(&world);
}

/* [X0163-1]: a break of the link takes the answers with it; they are asked for again when she is
 * seen on the new one, though nobody knows yet that the first question will not be answered */
static void a_break_loses_no_answers(void **state)
{
	struct world_wishes wishes = {.timing = {.ping_wait = 600}};
	struct world *world = world_new(&wishes);
	struct xmpp_server *server = world_server(world);

	(void)state;
	assert_true(xmpp_server_welcome(server, WORLD_SECRET) && world_wait(world, "link up"));
	world_let_see(world, true);
	show(world, NULL, true);
	say(world, "<presence from='ann@chat.example/a' to='" USER "'/>");
	assert_non_null(xmpp_server_expect_all(server, "<iq type=\"get\"", MOOD, NULL));
	xmpp_server_close(server);
	assert_true(world_wait(world, "link down"));
	world_forget(world);
	assert_true(xmpp_server_welcome(server, WORLD_SECRET) && world_wait(world, "link up"));
	xmpp_server_forget(server);
	say(world, "<presence from='ann@chat.example/a' to='" USER "'/>");
	assert_non_null(xmpp_server_expect_all(server, "<iq type=\"get\"", MOOD, NULL));
	world_free(&world);
}

/* A client that went gets all again when it comes back; others are left alone. */
static void a_client_comes_back(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	world_let_see(world, false); /* what she says is not asked for */
	show(world, "happy", true);
	arrive(world, "pc", VER_MOOD);
	answer_caps(world, "pc", WANTS_MOOD);
	assert_non_null(xmpp_server_expect(server, "<happy/>"));
	say(world, "<presence from='ann@chat.example/pc' to='" USER "' type='unavailable'/>");
	tell(world, "sad", true, false);
	assert_true(world_wait(world, "device s:1001 x:ann pc closed"));
	arrive(world, "pc", VER_MOOD);
	assert_non_null(xmpp_server_expect(server, "<happy/>"));
	/* she may not see him any more */
	world_will_answer(world, WATCH_REJECTED, NULL, FAULT_NONE, NULL);
	world_let_run(world, 20);
	xmpp_server_forget(server);
	arrive(world, "fourth", VER_MOOD);
	world_let_run(world, 20);
	assert_int_equal(xmpp_server_stanzas(server), 0);
}

/* [X0163-1]: also of those who never hear that it went, because they do not watch her */
static void a_client_comes_back_to_all(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct presence now = {0};

	world_let_see(world, false);
	show(world, NULL, true);
	arrive(world, "pc", VER_MOOD);
	answer_caps(world, "pc", WANTS_MOOD);
	world_presence(&now, SHOW_NONE, NULL);
	rich_set(&person_rich(&now.person)->mood, "happy", 5, RICH_WORD_BYTES_MAX);
	world_let_run(world, 20);
	world_tell(world, "ann", "1002", &now);
	assert_non_null(xmpp_server_expect_all(server, "<happy/>", "from=\"1002@", "/pc\"", NULL));
	say(world, "<presence from='ann@chat.example/pc' to='" USER "' type='unavailable'/>");
	assert_true(world_wait(world, "device s:1001 x:ann pc closed"));
	world_forget(world);
	arrive(world, "pc", VER_MOOD);
	assert_true(world_wait(world, "device s:1001 x:ann pc open"));
	world_tell(world, "ann", "1002", &now); /* her server probes */
	assert_non_null(xmpp_server_expect_all(server, "<happy/>", "from=\"1002@", "/pc\"", NULL));
	presence_clear(&now);
}

enum { CROWD = 1000 };

/* [REL-046]: one answer may be what a thousand wait for */
static void a_crowd_does_not_break_the_link(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct buf mood = BUF_INIT, text = BUF_INIT;
	struct presence now = {0};

	world_let_see(world, false);
	world_limits(world)->link_dead_bytes = 262144;
	world_limits(world)->link_high_bytes = 65536;
	while (mood.len < 800)
		buf_puts(&mood, "sunny ");
	world_presence(&now, SHOW_NONE, NULL);
	rich_set(&person_rich(&now.person)->mood, "happy", 5, RICH_WORD_BYTES_MAX);
	notes_add(&person_rich(&now.person)->mood_notes, "", mood.data, mood.len);
	world_will_answer(world, WATCH_ALLOWED, &now, FAULT_NONE, NULL);
	arrive(world, "pc", VER_MOOD);
	for (int i = 0; i < CROWD; i++)
		buf_printf(&text,
			   "<presence from='ann@chat.example/pc' to='%d@" BRIDGE "'><c xmlns='" CAPS
			   "' hash='sha-1' node='urn:client' ver='" VER_MOOD "'/></presence>",
			   2000 + i);
	say(world, buf_text(&text));
	assert_true(world_wait(world, "device s:2999 x:ann pc open"));
	answer_caps(world, "pc", WANTS_MOOD);
	assert_non_null(xmpp_server_expect_all(server, "<happy/>", "from=\"2999@", NULL));
	assert_false(world_heard(world, "link down"));
	buf_free(&mood);
	buf_free(&text);
	presence_clear(&now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_make_a_person, with_up, tear),
		cmocka_unit_test_setup_teardown(names_go_with_texts, with_up, tear),
		cmocka_unit_test_setup_teardown(an_empty_element_clears, with_up, tear),
		cmocka_unit_test_setup_teardown(other_events_are_nothing, with_up, tear),
		cmocka_unit_test_setup_teardown(what_was_said_holds, with_up, tear),
		cmocka_unit_test_setup_teardown(what_was_missed_is_asked_for, with_up, tear),
		cmocka_unit_test_setup_teardown(what_nobody_renews_is_dropped, with_up, tear),
		cmocka_unit_test_setup_teardown(a_new_subscriber_is_shown_again, with_up, tear),
		cmocka_unit_test_setup_teardown(a_client_that_wants_it_is_told, with_up, tear),
		cmocka_unit_test_setup_teardown(a_call_is_an_activity, with_up, tear),
		cmocka_unit_test_setup_teardown(a_hash_is_asked_for_once, with_up, tear),
		cmocka_unit_test_setup_teardown(a_lie_is_not_believed, with_up, tear),
		cmocka_unit_test_setup_teardown(a_client_comes_back, with_up, tear),
		cmocka_unit_test_setup_teardown(a_client_comes_back_to_all, with_up, tear),
		cmocka_unit_test_setup_teardown(a_crowd_does_not_break_the_link, with_up, tear),
		cmocka_unit_test(silence_is_an_answer_too),
		cmocka_unit_test(a_break_loses_no_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
