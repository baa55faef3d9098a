/* Receipts, markers and late failures on the wire: what the core hears of them, and what a sender's
 * client is told. */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "support/check.h"
#include "support/xmpp_world.h"

#define USER     "1001@sip.chat.example"
#define TO_PHONE "from='ann@chat.example/a' to='" USER "'"
#define RECEIPTS "urn:xmpp:receipts"
#define MARKERS  "urn:xmpp:chat-markers:0"

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

#define REQUEST  "<request xmlns='" RECEIPTS "'/>"
#define MARKABLE "<markable xmlns='" MARKERS "'/>"

/* [RCPT-039] [RCPT-040] [RCPT-041] [X0184-3] [X0333-1], and who is to be told [RCPT-067] [CMP-024]:
 * none without an id [X0184-1] [RCPT-026], and no complaint of any kind [RCPT-033] */
static void requests_reach_the_core(void **state)
{
	struct world *world = *state;

	world_say(world, TO_PHONE " id='i&amp;1' type='chat'",
		  "<body>one</body><thread>t-1</thread>" REQUEST);
	assert_true(world_wait(world, "message m1 x:ann s:1001 chat \"one\" delivered? failed?"));
	assert_true(world_heard(world, "origin m1 ann@chat.example/a " USER " id=i&1 thread=t-1"));
	world_say(world, "from='ann@chat.example/b' to='" USER "/x' id='i2'",
		  "<body>two</body>" REQUEST MARKABLE);
	assert_true(world_wait(
		world, "message m2 x:ann s:1001 normal \"two\" delivered? failed? displayed?"));
	assert_true(world_heard(world, "origin m2 ann@chat.example/b " USER "/x id=i2 thread=-"));
	world_say(world, TO_PHONE, "<body>three</body>" REQUEST MARKABLE);
	assert_true(world_wait(world, "message m3 x:ann s:1001 normal \"three\""));
	assert_false(world_heard(world, "message m3 x:ann s:1001 normal \"three\" "));
	assert_false(xmpp_server_has(world_server(world), "<message"));
	assert_true(world_heard(world, "origin m3 ann@chat.example/a " USER " id=- thread=-"));
}

struct notice {
	const char *attributes;
	const char *inner;
	const char *heard[3]; /* all that is; none: nothing of any kind */
};

#define RECEIVED(uid)     "<received xmlns='" RECEIPTS "' id='" uid "'/>"
#define MARKER(name, uid) "<" name " xmlns='" MARKERS "' id='" uid "'/>"

static const struct notice notices[] = {
	/* [RCPT-058] [RCPT-027]: whatever its type */
	{TO_PHONE " type='chat' id='r1'", RECEIVED("u1"), {"report x:ann s:1001 u1 delivered"}},
	{TO_PHONE, RECEIVED("u1"), {"report x:ann s:1001 u1 delivered"}},
	{TO_PHONE " type='headline'", RECEIVED("u1"), {"report x:ann s:1001 u1 delivered"}},
	{"from='ann@chat.example' to='" USER "/sip'",
	 RECEIVED("u1"),
	 {"report x:ann s:1001 u1 delivered"}},
	/* [RCPT-059] [RCPT-037] [D-60] */
	{TO_PHONE, MARKER("displayed", "u1"), {"report x:ann s:1001 u1 displayed"}},
	{TO_PHONE, MARKER("received", "u1"), {"report x:ann s:1001 u1 delivered"}},
	{TO_PHONE, MARKER("acknowledged", "u1"), {"report x:ann s:1001 u1 displayed"}},
	/* several, and beside a text or a state */
	{TO_PHONE,
	 RECEIVED("u1") MARKER("displayed", "u2"),
	 {"report x:ann s:1001 u1 delivered", "report x:ann s:1001 u2 displayed"}},
	{TO_PHONE,
	 "<active xmlns='http://jabber.org/protocol/chatstates'/>" MARKER("displayed", "u1"),
	 {"report x:ann s:1001 u1 displayed"}},
	/* [RCPT-065] [X0280-1] [X0280-3]: copies of anybody's */
	{TO_PHONE,
	 "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
	 "<message xmlns='jabber:client' from='bob@chat.example/x' to='" USER
	 "'>" RECEIVED("u1") "</message></forwarded></received>",
	 {NULL}},
	{TO_PHONE, "<received xmlns='urn:xmpp:carbons:2'/>" RECEIVED("u1"), {NULL}},
	{TO_PHONE " type='error'", RECEIVED("u1"), {NULL}},
	/* of nothing, of nobody, by nobody [D-03] */
	{TO_PHONE, "<received xmlns='" RECEIPTS "'/>", {NULL}},
	{TO_PHONE, "<read xmlns='" MARKERS "' id='u1'/>", {NULL}},
	{"from='ann@chat.example/a' to='sip.chat.example'", RECEIVED("u1"), {NULL}},
	{"from='eve@evil.example/a' to='" USER "'", RECEIVED("u1"), {NULL}},
	{"from='chat.example' to='" USER "'", RECEIVED("u1"), {NULL}},
};

/* None of them is answered [CMP-034]. */
static void reports_reach_the_core(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(notices); i++) {
		unsigned wanted = 0;

		world_forget(world);
		xmpp_server_forget(world_server(world));
		world_say(world, notices[i].attributes, notices[i].inner);
		assert_true(world_settle(world));
		for (size_t n = 0; n < 3 && notices[i].heard[n] != NULL; n++, wanted++) {
			if (!world_heard(world, notices[i].heard[n]))
				fail_msg("%s: %s", notices[i].inner, notices[i].heard[n]);
		}
		if (world_count(world, "report") != wanted || world_heard(world, "message"))
			fail_msg("%s: heard too much", notices[i].inner);
		assert_false(xmpp_server_has(world_server(world), "<message"));
	}
}

/* A text and a marker in one stanza are both heard. */
static void a_text_may_carry_a_marker(void **state)
{
	struct world *world = *state;

	world_say(world, TO_PHONE " type='chat'", "<body>yes</body>" MARKER("displayed", "u1"));
	assert_true(world_wait(world, "message m1 x:ann s:1001 chat \"yes\""));
	assert_true(world_heard(world, "report x:ann s:1001 u1 displayed"));
}

/* [SEC-087]: a client that comes online may acknowledge a thousand; then so many a second. Texts
 * are counted apart. */
static void floods_of_receipts_are_bounded(void **state)
{
	struct world *world = *state;

	world_limits(world)->reports_per_user_per_s = 1;
	for (int i = 0; i < 70; i++)
		world_say(world, TO_PHONE, RECEIVED("u1"));
	world_say(world, TO_PHONE, "<body>text</body>" RECEIVED("u2"));
	world_say(world, "from='bob@chat.example/a' to='" USER "'", RECEIVED("u3"));
	assert_true(world_wait(world, "report x:bob s:1001 u3 delivered"));
	assert_true(world_heard(world, "message m1 x:ann s:1001 normal \"text\""));
	assert_in_range(world_count(world, "report x:ann s:1001 u1"), 50, 55);
	assert_int_equal(world_counters(world)->limits.reports_per_user_per_s,
			 71 - world_count(world, "report x:ann"));
	assert_false(xmpp_server_has(world_server(world), "error"));
}

/* To the client ---------------------------------------------------------------------------------
 */

/* [RCPT-053] [RCPT-054] [RCPT-055] */
static void wishes_reach_the_client(void **state)
{
	static const struct {
		unsigned wants;
		bool has_request;
		bool has_markable;
	} rows[] = {
		{0, false, false},
		{WANTS_DELIVERED, true, false},
		{WANTS_FAILED, false, false},
		{WANTS_DISPLAYED, false, true},
		{WANTS_DELIVERED | WANTS_FAILED | WANTS_DISPLAYED | WANTS_PROCESSED, true, true},
	};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		char uid[20], body[] = "hi";
		struct message message = {.uid = uid, .body = body, .body_len = 2, .hops = -1};
		const char *stanza;

		(void)snprintf(uid, sizeof(uid), "w-%zu", i);
		message.wants = rows[i].wants;
		world_deliver_message(world, "1001", "ann", &message);
		stanza = xmpp_server_expect_all(world_server(world), "<message", uid, NULL);
		assert_non_null(stanza);
		assert_int_equal(strstr(stanza, "<request xmlns=\"" RECEIPTS "\"/>") != NULL,
				 rows[i].has_request);
		assert_int_equal(strstr(stanza, "<markable xmlns=\"" MARKERS "\"/>") != NULL,
				 rows[i].has_markable);
	}
}

static struct message_report report_of(enum report_kind kind, unsigned wanted)
{
	static char about[] = "0123", address[] = "ann@chat.example/a&b", recipient[] = USER "/x";
	static char id[] = "i<1", thread[] = "t-1";
	struct message_report report = {.kind = kind, .about = about, .wanted = wanted};

	report.origin = (struct message_origin){
		.address = address, .recipient = recipient, .id = id, .thread = thread};
	fault_set(&report.fault, FAULT_ITEM_NOT_FOUND, "SIP 404 Not Found");
	return report;
}

struct told {
	enum report_kind kind;
	enum message_kind type;
	unsigned wanted;
	const char *inside; /* NULL: nothing is written */
};

/* [RCPT-043] [RCPT-046] [RCPT-027] [RCPT-028] [RCPT-067] [RCPT-069] [D-43] [MSG-037] [RCPT-047]
 * [RCPT-052] [D-34] */
static const struct told told[] = {
	{REPORT_DELIVERED, MESSAGE_CHAT, WANTS_DELIVERED | WANTS_FAILED,
	 " id=\"report-1\" type=\"chat\"><received xmlns=\"" RECEIPTS
	 "\" id=\"i&lt;1\"/></message>"},
	{REPORT_DISPLAYED, MESSAGE_NORMAL, WANTS_DISPLAYED,
	 " id=\"report-2\" type=\"normal\"><displayed xmlns=\"" MARKERS
	 "\" id=\"i&lt;1\"/></message>"},
	{REPORT_DISPLAYED, MESSAGE_CHAT, WANTS_DELIVERED | WANTS_FAILED,
	 " id=\"report-3\" type=\"chat\"><received xmlns=\"" RECEIPTS
	 "\" id=\"i&lt;1\"/></message>"},
	{REPORT_FAILED, MESSAGE_CHAT, 0,
	 " id=\"i&lt;1\" type=\"error\"><thread>t-1</thread><error "
	 "type=\"cancel\"><item-not-found"},
	{REPORT_PROCESSED, MESSAGE_CHAT, WANTS_PROCESSED, NULL},
	{REPORT_FAILED, MESSAGE_HEADLINE, 0, NULL},
};

/* Each ends as the barrier says: durable reports rest on that [REL-003]. */
static void reports_reach_the_sender(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	for (size_t i = 0; i < CHECK_COUNT(told); i++) {
		struct message_report report = report_of(told[i].kind, told[i].wanted);
		char line[60];

		xmpp_server_forget(server);
		(void)snprintf(line, sizeof(line), "outcome m%u taken",
			       world_report(world, "1001", "ann", &report, told[i].type));
		assert_false(world_heard(world, line)); /* never from inside the call */
		if (told[i].inside != NULL) {
			const char *stanza = xmpp_server_expect(server, "<message");
			static const char head[] =
				"<message from=\"" USER "/x\" to=\"ann@chat.example/a&amp;b\"";

			assert_non_null(stanza);
			if (strncmp(stanza, head, strlen(head)) != 0 ||
			    strncmp(stanza + strlen(head), told[i].inside,
				    strlen(told[i].inside)) != 0)
				fail_msg("wrote %s", stanza);
		}
		assert_true(world_wait(world, line));
		assert_false(xmpp_server_has(server, "<message"));
	}
}

static void send_refusal(struct world *world, const char *id, const char *from)
{
	struct buf text = BUF_INIT;

	buf_printf(&text,
		   "<message type='error' id='%s' from='%s' to='" USER "/sip'>"
		   "<error type='cancel'><item-not-found "
		   "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
		   id, from);
	xmpp_server_send_bytes(world_server(world), text.data, text.len);
	buf_free(&text);
}

/* The sender has gone, and his server says so: that is the report's end, before the proof and
 * after it, and no report of a report [SEC-072]. */
static void an_error_to_a_report_ends_it(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct message_report report = report_of(REPORT_DELIVERED, WANTS_DELIVERED);

	xmpp_server_answer_pings_for(server, NULL);
	world_report(world, "1001", "ann", &report, MESSAGE_CHAT);
	assert_non_null(xmpp_server_expect(server, "report-1"));
	send_refusal(world, "report-1", "ann@chat.example/a&amp;b");
	assert_true(world_wait(world, "outcome m1 refused item-not-found"));
	assert_false(world_heard(world, "report"));
	send_refusal(world, "report-1", "ann@chat.example/a&amp;b");
	assert_true(world_wait(world, "report x:ann s:1001 report-1 failed")); /* of no message */
	assert_false(xmpp_server_has(server, "<message"));
}

/* They wait in the core, not here. */
static void reports_are_refused_while_the_link_is_down(void **state)
{
	struct world *world = *state;
	struct message_report report = report_of(REPORT_FAILED, 0);

	xmpp_server_away(world_server(world));
	xmpp_server_close(world_server(world));
	assert_true(world_wait(world, "link down"));
	world_report(world, "1001", "ann", &report, MESSAGE_CHAT);
	assert_true(world_wait(world, "outcome m1 refused link-down"));
}

/* Bytes of a store: nobody knows what a later version will have written. */
static void half_a_report_is_refused(void **state)
{
	struct world *world = *state;
	struct message_report report = report_of(REPORT_DELIVERED, WANTS_DELIVERED);
	char foreign[] = "1001@elsewhere.example";

	report.origin.address = NULL;
	world_report(world, "1001", "ann", &report, MESSAGE_CHAT);
	assert_true(world_wait(world, "outcome m1 refused internal-server-error"));
	report = report_of(REPORT_DELIVERED, WANTS_DELIVERED);
	report.origin.recipient = foreign; /* [CMP-005] */
	world_report(world, "1001", "ann", &report, MESSAGE_CHAT);
	assert_true(world_wait(world, "outcome m2 refused internal-server-error"));
	report = report_of(REPORT_DELIVERED, WANTS_DELIVERED);
	report.origin.id = NULL; /* nothing could be named */
	world_report(world, "1001", "ann", &report, MESSAGE_CHAT);
	assert_true(world_wait(world, "outcome m3 taken"));
	assert_false(xmpp_server_has(world_server(world), "<message"));
	assert_int_equal(xmpp_server_connections(world_server(world)), 1);
}

/* [RCPT-061] [CMP-032] [MSG-005]: what fails after it was accepted */
static void late_errors_reach_the_core(void **state)
{
	struct world *world = *state;

	world_deliver(world, "1001", "ann", "x", 1);
	assert_true(world_wait(world, "outcome m1 taken"));
	send_refusal(world, "uid-1", "ann@chat.example");
	assert_true(world_wait(world, "report x:ann s:1001 uid-1 failed item-not-found"));
	/* the core knows that it was not hers */
	send_refusal(world, "uid-1", "bob@chat.example/x");
	assert_true(world_wait(world, "report x:bob s:1001 uid-1 failed item-not-found"));
	/* nothing to name: nothing to tell */
	world_say(world, TO_PHONE " type='error'", "<body>x</body>");
	world_say(world, "from='ann@chat.example/a' to='sip.chat.example' type='error' id='uid-1'",
		  "");
	assert_true(world_settle(world));
	assert_int_equal(world_count(world, "report"), 2);
	assert_int_equal(world_count(world, "outcome"), 1);
	assert_false(xmpp_server_has(world_server(world), "error"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(requests_reach_the_core, with_up, tear),
		cmocka_unit_test_setup_teardown(reports_reach_the_core, with_up, tear),
		cmocka_unit_test_setup_teardown(a_text_may_carry_a_marker, with_up, tear),
		cmocka_unit_test_setup_teardown(floods_of_receipts_are_bounded, with_up, tear),
		cmocka_unit_test_setup_teardown(wishes_reach_the_client, with_up, tear),
		cmocka_unit_test_setup_teardown(reports_reach_the_sender, with_up, tear),
		cmocka_unit_test_setup_teardown(an_error_to_a_report_ends_it, with_up, tear),
		cmocka_unit_test_setup_teardown(reports_are_refused_while_the_link_is_down, with_up,
						tear),
		cmocka_unit_test_setup_teardown(half_a_report_is_refused, with_up, tear),
		cmocka_unit_test_setup_teardown(late_errors_reach_the_core, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
