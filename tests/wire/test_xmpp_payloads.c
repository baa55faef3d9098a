/* What chat clients send today, through the real XMPP side: each stanza becomes one readable text,
 * nothing, or one clear answer, and never noise (D-45). */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "support/check.h"
#include "support/xmpp_world.h"

#define USER     "1001@sip.chat.example"
#define TO_PHONE "from='ann@chat.example/a' to='" USER "' id='i1'"
#define CHAT     TO_PHONE " type='chat'"
#define ORIGINAL                                                                                   \
	"<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' "                    \
	"from='ann@chat.example/b' to='" USER "' type='chat'><body>copy</body></message>"          \
	"</forwarded>"
#define OMEMO "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/>"
#define EME   "<encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl'/>"

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

struct row {
	const char *what;
	const char *attributes;
	const char *inner;
	const char *heard;  /* from the kind of the message on; NULL: no text */
	const char *answer; /* NULL: none */
};

static const struct row rows[] = {
	/* [X0308-1] [MSG-032] */
	{"correction", CHAT,
	 "<body>fixed</body><replace xmlns='urn:xmpp:message-correct:0' id='1'/>",
	 "chat \"* fixed\"", NULL},
	/* [X0428-1]: XEP-0461 */
	{"reply", CHAT,
	 "<body>> lunch?\nyes</body><reply xmlns='urn:xmpp:reply:0' to='" USER "' id='u1'/>"
	 "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='9'/>"
	 "</fallback>",
	 "chat \"> lunch?\nyes\"", NULL},
	{"reply without quote", CHAT,
	 "<body>yes</body><reply xmlns='urn:xmpp:reply:0' to='" USER "' id='u1'/>", "chat \"yes\"",
	 NULL},
	/* [X0444-1] */
	{"reaction", CHAT,
	 "<reactions xmlns='urn:xmpp:reactions:0' id='u1'><reaction>\xf0\x9f\x91\x8d</reaction>"
	 "</reactions><store xmlns='urn:xmpp:hints'/>",
	 "chat \"Reacted: \xf0\x9f\x91\x8d\"", NULL},
	{"reaction taken back", CHAT, "<reactions xmlns='urn:xmpp:reactions:0' id='u1'/>", NULL,
	 NULL},
	/* [X0424-1] */
	{"retraction", CHAT,
	 "<retract xmlns='urn:xmpp:message-retract:1' id='u1'/><fallback "
	 "xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/><body>/me retracted a "
	 "previous message</body><store xmlns='urn:xmpp:hints'/>",
	 NULL, NULL},
	/* [X999-1] [MSG-031]: a URL, once */
	{"upload", CHAT,
	 "<body>https://x.example/a.png</body><x "
	 "xmlns='jabber:x:oob'><url>https://x.example/a.png</url></x>",
	 "chat \"https://x.example/a.png\"", NULL},
	{"upload, three ways", CHAT,
	 "<body>https://x.example/a.png</body><x "
	 "xmlns='jabber:x:oob'><url>https://x.example/a.png</url></x><reference "
	 "xmlns='urn:xmpp:reference:0' type='data'><media-sharing xmlns='urn:xmpp:sims:1'>"
	 "<sources><reference xmlns='urn:xmpp:reference:0' type='data' "
	 "uri='https://x.example/a.png'/></sources></media-sharing></reference>"
	 "<file-sharing xmlns='urn:xmpp:sfs:0'><sources><url-data "
	 "xmlns='http://jabber.org/protocol/url-data' target='https://x.example/a.png'/>"
	 "</sources></file-sharing><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'/>",
	 "chat \"https://x.example/a.png\"", NULL},
	{"upload without a text", CHAT,
	 "<file-sharing xmlns='urn:xmpp:sfs:0'><sources><url-data "
	 "xmlns='http://jabber.org/protocol/url-data' target='https://x.example/b.pdf'/>"
	 "</sources></file-sharing>",
	 "chat \"https://x.example/b.pdf\"", NULL},
	/* [X0071-1] [MSG-030] */
	{"XHTML", CHAT,
	 "<body>plain</body><html xmlns='http://jabber.org/protocol/xhtml-im'><body "
	 "xmlns='http://www.w3.org/1999/xhtml'><b>rich</b></body></html>",
	 "chat \"plain\"", NULL},
	/* [X0334-1] */
	{"not to be stored", CHAT, "<body>b</body><no-store xmlns='urn:xmpp:hints'/>",
	 "chat \"b\" now or never", NULL},
	{"not to be stored for long", CHAT,
	 "<body>b</body><no-permanent-store xmlns='urn:xmpp:hints'/>", "chat \"b\" now or never",
	 NULL},
	{"to be stored", CHAT, "<body>b</body><store xmlns='urn:xmpp:hints'/>", "chat \"b\"", NULL},
	/* [X0280-1] [X0280-3] */
	{"carbon, sent", CHAT, "<sent xmlns='urn:xmpp:carbons:2'>" ORIGINAL "</sent>", NULL, NULL},
	{"carbon, received", CHAT, "<received xmlns='urn:xmpp:carbons:2'>" ORIGINAL "</received>",
	 NULL, NULL},
	{"carbon with a body", CHAT,
	 "<body>forged</body><received xmlns='urn:xmpp:carbons:2'>" ORIGINAL "</received>", NULL,
	 NULL},
	{"not for carbons", CHAT, "<body>b</body><private xmlns='urn:xmpp:carbons:2'/>",
	 "chat \"b\"", NULL},
	/* [X999-3] */
	{"archive", TO_PHONE, "<result xmlns='urn:xmpp:mam:2' id='1'>" ORIGINAL "</result>", NULL,
	 NULL},
	{"event", TO_PHONE " type='headline'",
	 "<event xmlns='http://jabber.org/protocol/pubsub#event'><items "
	 "node='urn:x'><item/></items>"
	 "</event>",
	 NULL, NULL},
	{"call", CHAT,
	 "<propose xmlns='urn:xmpp:jingle-message:0' id='c1'><description "
	 "xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/></propose>",
	 NULL, NULL},
	{"bytes", TO_PHONE,
	 "<data xmlns='http://jabber.org/protocol/ibb' sid='1' seq='0'>eA==</data>", NULL, NULL},
	{"forward with a word", CHAT, "<body>see</body>" ORIGINAL, "chat \"see\"", NULL},
	/* [X999-2] [D-45] [MSG-095]: one answer, nothing sent */
	{"OMEMO", CHAT,
	 OMEMO "<payload>x</payload></encrypted>" EME "<body>I sent you an OMEMO encrypted "
	       "message</body><request xmlns='urn:xmpp:receipts'/><store xmlns='urn:xmpp:hints'/>",
	 NULL, "not-acceptable"},
	{"OMEMO 2", CHAT,
	 "<encrypted xmlns='urn:xmpp:omemo:2'><header sid='1'/><payload>x</payload></encrypted>",
	 NULL, "not-acceptable"},
	{"marked as encrypted", CHAT, EME "<body>no plugin</body>", NULL, "not-acceptable"},
	{"OpenPGP, old", CHAT, "<x xmlns='jabber:x:encrypted'>x</x><body>b</body>", NULL,
	 "not-acceptable"},
	{"OpenPGP", CHAT, "<openpgp xmlns='urn:xmpp:openpgp:0'>x</openpgp>", NULL,
	 "not-acceptable"},
	{"encrypted headline", TO_PHONE " type='headline'",
	 OMEMO "<payload>x</payload></encrypted>", NULL, NULL},
	{"key transport", CHAT, OMEMO "</encrypted>" EME "<store xmlns='urn:xmpp:hints'/>", NULL,
	 NULL},
	{"encrypted by a stranger", "from='eve@evil.example/a' to='" USER "' id='i1'",
	 EME "<body>x</body>", NULL, "service-unavailable"},
};

/* Nothing that is no text is answered [CMP-034] [MSG-006], but what its sender must know. */
static void each_becomes_one_thing(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	unsigned number = 0;

	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		char line[300];

		world_forget(world);
		xmpp_server_forget(server);
		world_limits(world)->messages_per_user_per_s = 1000;
		world_say(world, row->attributes, row->inner);
		assert_true(world_settle(world));
		if (row->heard != NULL) {
			(void)snprintf(line, sizeof(line), "message m%u x:ann s:1001 %s", ++number,
				       row->heard);
			if (!world_heard(world, line))
				fail_msg("%s: not %s", row->what, line);
		}
		if (world_count(world, "message") != (row->heard != NULL) ||
		    world_heard(world, "report") || world_heard(world, "typing"))
			fail_msg("%s: heard something else", row->what);
		if (row->answer != NULL &&
		    xmpp_server_expect_all(server, row->answer, "type=\"error\"", "id=\"i1\"",
					   "from=\"" USER "\"", NULL) == NULL)
			fail_msg("%s: no %s", row->what, row->answer);
		if (xmpp_server_has(server, "<message"))
			fail_msg("%s: answered", row->what);
	}
	assert_int_equal(xmpp_server_connections(server), 1);
}

/* [X999-2]: words that a person can act on */
static void encryption_is_explained(void **state)
{
	struct world *world = *state;

	world_say(world, CHAT, EME "<body>x</body>");
	assert_non_null(xmpp_server_expect_all(world_server(world), "<message", "not-acceptable",
					       "type=\"modify\"", "encrypted messages cannot be",
					       "switch encryption off", NULL));
}

static void say_long(struct world *world, const char *id, char what, size_t len)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "<message from='ann@chat.example/a' to='" USER "' id='%s'><body>", id);
	buf_reserve(&text, len);
	for (size_t i = 0; i < len; i++)
		buf_putc(&text, what);
	buf_puts(&text, "</body></message>");
	xmpp_server_send_bytes(world_server(world), text.data, text.len);
	buf_free(&text);
}

/* [D-57] [MSG-080] [SEC-052] [SEC-053]: 60 KiB cross whole both ways, more is refused with a
 * reason; what is too much for any stanza never gets so far */
static void sixty_kilobytes(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	char *text = mem_alloc(61440);
	const char *stanza;

	say_long(world, "fits", 'x', 61440);
	assert_true(world_wait(world, "message m1 x:ann s:1001 normal \"xxxx"));
	say_long(world, "long", 'x', 61441);
	assert_non_null(xmpp_server_expect_all(server, "id=\"long\"", "policy-violation",
					       "text too long: at most", NULL));
	say_long(world, "huge", 'x', 300000);
	assert_non_null(xmpp_server_expect_all(server, "id=\"huge\"", "policy-violation", NULL));
	assert_int_equal(world_count(world, "message"), 1);
	memset(text, 'y', 61440);
	world_deliver(world, "1001", "ann", text, 61440);
	stanza = xmpp_server_expect_all(server, "<message", "uid-1", NULL);
	assert_non_null(stanza);
	assert_true(strlen(stanza) > 61440);
	mem_free(text);
	assert_true(world_wait(world, "outcome m2 taken"));
	assert_int_equal(xmpp_server_connections(server), 1);
}

/* What is kept of a message until its end is bounded: an id of a few thousand characters serves
 * nobody. */
static void ids_are_bounded(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	char *id = mem_zalloc(MESSAGE_ORIGIN_MAX + 2);

	memset(id, 'i', MESSAGE_ORIGIN_MAX);
	say_long(world, id, 'x', 1);
	assert_true(world_wait(world, "message m1 x:ann s:1001 normal \"x\""));
	world_finish(world, 1, OUTCOME_REFUSED, FAULT_ITEM_NOT_FOUND, NULL);
	assert_non_null(xmpp_server_expect_all(server, id, "item-not-found", NULL));
	id[MESSAGE_ORIGIN_MAX] = 'i';
	say_long(world, id, 'x', 1);
	assert_non_null(xmpp_server_expect_all(server, id, "policy-violation", NULL));
	assert_int_equal(world_count(world, "message"), 1);
	mem_free(id);
}

/* [D-37] [D-36]: a message that was stored is answered with nothing now */
static void stored_is_silent(void **state)
{
	struct world *world = *state;

	world_say(world, CHAT, "<body>x</body><request xmlns='urn:xmpp:receipts'/>");
	assert_true(world_wait(world, "message m1"));
	world_finish(world, 1, OUTCOME_STORED, FAULT_NONE, NULL);
	assert_true(world_settle(world));
	assert_false(xmpp_server_has(world_server(world), "<message"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_becomes_one_thing, with_up, tear),
		cmocka_unit_test_setup_teardown(encryption_is_explained, with_up, tear),
		cmocka_unit_test_setup_teardown(sixty_kilobytes, with_up, tear),
		cmocka_unit_test_setup_teardown(ids_are_bounded, with_up, tear),
		cmocka_unit_test_setup_teardown(stored_is_silent, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
