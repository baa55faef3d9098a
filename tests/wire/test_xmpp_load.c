/* What of chat users is turned away at each level of load, and what never is (REL-042, REL-043,
 * SEC-087). */
#include <stdio.h>
#include <string.h>

#include "loop/loop.h"
#include "model/load.h"
#include "support/check.h"
#include "support/xmpp_world.h"
#include "xmpp/caps_book.h"
#include "xmpp/iq_out.h"
#include "xmpp/side_private.h"
#include "xmpp/users.h"

#define PHONE "to='1001@sip.chat.example'"
#define ANN   "from='ann@chat.example/a' "

static struct load load;

static void set_level(struct world *world, enum load_level level)
{
	uint64_t value[LOAD_MEASURES] = {0};
	uint64_t now = loop_now(world_side(world)->params.loop);

	load_init(&load, world_limits(world), world_counters(world));
	world_side(world)->params.load = &load;
	value[LOAD_LINK_PER_MILLE] = load_mark(&load, LOAD_LINK_PER_MILLE, level);
	for (int i = 0; i < 40; i++)
		(void)load_feed(&load, value, now);
	assert_int_equal(load.level, level);
}

/* world_settle() probes, which is turned away here. */
static bool settle(struct world *world)
{
	xmpp_server_send(world_server(world), "<presence from='zoe@chat.example/z' "
					      "to='9@sip.chat.example'/>");
	if (!world_wait(world, "device s:9 x:zoe"))
		return false;
	world_let_run(world, 5);
	return true;
}

enum answer { TAKEN, WAIT, NOTHING };

static const struct row {
	const char *what;
	const char *stanza;
	bool is_granted; /* she watches 1001 already */
	const char *heard;
	enum answer answer[LOAD_LEVELS];
} rows[] = {
	{"probe of a stranger",
	 "<presence type='probe' " ANN PHONE "/>",
	 false,
	 "probed",
	 {TAKEN, NOTHING, NOTHING, NOTHING}},
	{"new subscription",
	 "<presence type='subscribe' id='s' " ANN PHONE "/>",
	 false,
	 "watch_requested",
	 {TAKEN, WAIT, WAIT, WAIT}},
	{"question (iq)",
	 "<iq type='get' id='q' " ANN PHONE
	 "><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
	 false,
	 NULL,
	 {TAKEN, WAIT, WAIT, WAIT}},
	{"typing",
	 "<message type='chat' " ANN PHONE
	 "><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
	 false,
	 "typing",
	 {TAKEN, TAKEN, NOTHING, NOTHING}},
	{"message",
	 "<message type='chat' id='m' " ANN PHONE "><body>hi</body></message>",
	 false,
	 "message",
	 {TAKEN, TAKEN, TAKEN, WAIT}},
	{"headline",
	 "<message type='headline' id='h' " ANN PHONE "><body>hi</body></message>",
	 false,
	 "message",
	 {TAKEN, TAKEN, TAKEN, NOTHING}},
	{"receipt",
	 "<message type='chat' " ANN PHONE
	 "><received xmlns='urn:xmpp:receipts' id='u'/></message>",
	 false,
	 "report",
	 {TAKEN, TAKEN, TAKEN, TAKEN}},
	{"presence", "<presence " ANN PHONE "/>", false, "device", {TAKEN, TAKEN, TAKEN, TAKEN}},
	{"leaving",
	 "<presence type='unavailable' " ANN PHONE "/>",
	 false,
	 "device",
	 {TAKEN, TAKEN, TAKEN, TAKEN}},
	{"end of a subscription",
	 "<presence type='unsubscribe' " ANN PHONE "/>",
	 false,
	 "watch_withdrawn",
	 {TAKEN, TAKEN, TAKEN, TAKEN}},
	{"her consent",
	 "<presence type='subscribed' " ANN PHONE "/>",
	 false,
	 "answered",
	 {TAKEN, TAKEN, TAKEN, TAKEN}},
	{"probe of one who is granted",
	 "<presence type='probe' " ANN PHONE "/>",
	 true,
	 "probed",
	 {TAKEN, TAKEN, TAKEN, TAKEN}},
	{"subscription again",
	 "<presence type='subscribe' id='t' " ANN PHONE "/>",
	 true,
	 "watch_requested",
	 {TAKEN, TAKEN, TAKEN, TAKEN}},
	{"ping",
	 "<iq type='get' id='p' " ANN "to='sip.chat.example'><ping xmlns='urn:xmpp:ping'/></iq>",
	 false,
	 NULL,
	 {TAKEN, TAKEN, TAKEN, TAKEN}},
};

/* Of Ann. */
static bool has_heard(struct world *world, const char *event)
{
	char line[64];

	snprintf(line, sizeof line, "%s x:ann s:1001", event);
	if (world_count(world, line) > 0)
		return true;
	snprintf(line, sizeof line, "%s s:1001 x:ann", event);
	return world_count(world, line) > 0 ||
	       (strcmp(event, "message") == 0 && world_count(world, event) > 0);
}

static void check_row(struct world *world, const struct row *row, enum load_level level)
{
	struct xmpp_server *server = world_server(world);
	uint64_t refused = world_counters(world)->stanzas_refused;
	bool is_taken = row->answer[level] == TAKEN;

	world_forget(world);
	xmpp_server_send(server, row->stanza);
	assert_true(settle(world));
	if (row->answer[level] == WAIT &&
	    xmpp_server_expect_all(server, "resource-constraint", "type=\"wait\"", NULL) == NULL)
		fail_msg("%s at %s: no error", row->what, load_level_name(level));
	if (world_counters(world)->stanzas_refused - refused != (is_taken ? 0U : 1U))
		fail_msg("%s at %s: refused or not", row->what, load_level_name(level));
	if (row->heard != NULL && has_heard(world, row->heard) != is_taken)
		fail_msg("%s at %s: heard or not", row->what, load_level_name(level));
}

/* [REL-042] [REL-043] [SEC-087]: each kind of stanza at each level; prints the table. */
static void kinds_by_level(void **state)
{
	static const char *const words[] = {[TAKEN] = "taken", [WAIT] = "wait", [NOTHING] = "no"};
	struct world *world = world_new_up();
	struct presence now;

	(void)state;
	world_presence(&now, SHOW_NONE, NULL);
	printf("%-28s %6s %6s %10s %8s\n", "", "normal", "busy", "overloaded", "critical");
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		world_will_answer(world, rows[i].is_granted ? WATCH_ALLOWED : WATCH_PENDING,
				  rows[i].is_granted ? &now : NULL, FAULT_NONE, NULL);
		for (int level = 0; level < LOAD_LEVELS; level++) {
			set_level(world, (enum load_level)level);
			check_row(world, &rows[i], (enum load_level)level);
		}
		printf("%-28s %6s %6s %10s %8s\n", rows[i].what, words[rows[i].answer[0]],
		       words[rows[i].answer[1]], words[rows[i].answer[2]],
		       words[rows[i].answer[3]]);
	}
	presence_clear(&now);
	world_free(&world);
}

/* [SEC-087] [REL-043]: refusals are told a user twenty times at once, then two a second: who storms
 * gets no storm back. */
static void refusals_are_few(void **state)
{
	struct world *world = world_new_up();
	char text[200];
	size_t told = 0;

	(void)state;
	set_level(world, LOAD_CRITICAL);
	for (int i = 0; i < 120; i++) {
		snprintf(text, sizeof text, "<presence type='subscribe' id='s%d' " ANN PHONE "/>",
			 i);
		xmpp_server_send(world_server(world), text);
	}
	assert_true(settle(world));
	while (xmpp_server_has(world_server(world), "resource-constraint")) {
		assert_non_null(xmpp_server_expect(world_server(world), "resource-constraint"));
		told++;
	}
	assert_in_range(told, 20, 22);
	assert_int_equal(world_counters(world)->shed_watches, 120);
	assert_int_equal(world_counters(world)->stanzas_refused, 120);
	world_free(&world);
}

enum { ASK, WRITE, END };

static void send_from(struct world *world, int user, const char *domain, int kind)
{
	char text[300];

	if (kind == WRITE)
		snprintf(text, sizeof text,
			 "<message type='chat' id='x' from='w%d@%s/a' " PHONE
			 "><body>hi</body></message>",
			 user, domain);
	else
		snprintf(text, sizeof text, "<presence type='%s' from='u%d@%s' " PHONE "/>",
			 kind == ASK ? "subscribe" : "unsubscribe", user, domain);
	xmpp_server_send(world_server(world), text);
}

/* [SEC-080] [REL-060] [limit stanzas_per_domain_per_s]: a foreign domain with many users, each of
 * them far below his own rates, has one bucket for all it asks, and ten answers to what is over it
 * beside those to texts, of which none is lost in silence. A second one and ours have theirs; what
 * only takes away is not counted. */
static void a_foreign_domain_has_one_bucket(void **state)
{
	struct world *world = world_new(&(struct world_wishes){.takes_everybody = true});
	unsigned told = 0, more; /* tokens that come while the test runs */
	uint64_t start;

	(void)state;
	assert_true(xmpp_server_welcome(world_server(world), WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
	world_limits(world)->stanzas_per_domain_per_s = 1; /* and ten at once */
	start = loop_now(world_side(world)->params.loop);
	for (int i = 0; i < 10; i++)
		send_from(world, i, "far.example", ASK);
	assert_true(settle(world));
	assert_int_equal(world_count(world, "watch_requested"), 10);
	assert_int_equal(world_counters(world)->limits.stanzas_per_domain_per_s, 0);
	for (int i = 10; i < 60; i++)
		send_from(world, i, "far.example", i % 2 == 0 ? ASK : WRITE);
	for (int i = 0; i < 10; i++)
		send_from(world, i, "other.example", ASK);
	for (int i = 0; i < 50; i++)
		send_from(world, i, "chat.example", ASK);
	for (int i = 0; i < 10; i++)
		send_from(world, i, "far.example", END);
	assert_true(settle(world));
	more = (unsigned)((loop_now(world_side(world)->params.loop) - start) / 1000) + 1;
	assert_in_range(world_count(world, "watch_requested"), 70, 70 + more);
	assert_in_range(world_counters(world)->limits.stanzas_per_domain_per_s,
			more > 50 ? 0 : 50 - more, 50);
	assert_int_equal(world_counters(world)->limits.stanzas_per_user_per_s, 0);
	assert_int_equal(world_count(world, "watch_withdrawn"), 10);
	while (xmpp_server_has(world_server(world), "type=\"error\"")) {
		assert_non_null(xmpp_server_expect(world_server(world), "type=\"error\""));
		told++;
	}
	assert_in_range(told + more, 25 + 10, 25 + 10 + 11 * more);
	world_free(&world);
}

static void ended(struct xmpp_side *side, enum iq_end end, const struct _xmpp_stanza_t *stanza,
		  const char *from, uint64_t what)
{
	(void)side;
	(void)end;
	(void)stanza;
	(void)from;
	(void)what;
}

static int ask(struct world *world, int number, const char *domain)
{
	struct iq_request request;
	char to[64];

	snprintf(to, sizeof to, "u%d@%s/a@b", number, domain);
	iq_out_open(world_side(world), &request, "1001@sip.chat.example", to);
	xml_open(&request.writer, "query");
	xml_close(&request.writer);
	return iq_out_send(world_side(world), &request, ended, 0);
}

/* [REL-047] [REL-048]: a domain that never answers takes half of what may be asked; others have the
 * rest, and all together are bounded. */
static void questions_are_shared(void **state)
{
	struct world *world = world_new_up();
	int sent[3] = {0};

	(void)state;
	for (int i = 0; i < 10 * IQ_OUT_MAX; i++)
		sent[0] += ask(world, i, "slow.example") == 0;
	for (int i = 0; i < IQ_OUT_MAX / 4; i++)
		sent[1] += ask(world, i, "chat.example") == 0;
	for (int i = 0; i < IQ_OUT_MAX; i++)
		sent[2] += ask(world, i, "third.example") == 0;
	assert_int_equal(sent[0], IQ_OUT_PER_DOMAIN);
	assert_int_equal(sent[1], IQ_OUT_MAX / 4);
	assert_int_equal(sent[2], IQ_OUT_MAX / 4);
	assert_int_equal(iq_out_count(world_side(world)->iq_out), IQ_OUT_MAX);
	world_free(&world);
}

/* [REL-048] [SEC-088] [SEC-087]: ten times as many clients with capabilities of their own as are
 * remembered; each table keeps its bound, and the next user is served. */
static void floods_of_clients_are_bounded(void **state)
{
	struct world *world = world_new_up();
	struct xmpp_side *side = world_side(world);
	char text[300];

	(void)state;
	for (int i = 0; i < 10 * CAPS_BOOK_MAX; i++) {
		snprintf(text, sizeof text,
			 "<presence from='u%d@chat.example/r' " PHONE
			 "><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' "
			 "ver='%027d='/></presence>",
			 i, i);
		xmpp_server_send(world_server(world), text);
		if (i % 500 != 0)
			continue;
		world_let_run(world, 1);
		world_forget(world);
		xmpp_server_forget(world_server(world));
		assert_true(caps_book_count(side->caps_book) <= CAPS_BOOK_MAX);
		assert_true(iq_out_count(side->iq_out) <= IQ_OUT_PER_DOMAIN);
		assert_true(users_count(side->users) <= USERS_MAX);
	}
	assert_true(settle(world));
	assert_true(caps_book_count(side->caps_book) > 0);
	xmpp_server_send(world_server(world),
			 "<message type='chat' id='m' " ANN PHONE "><body>hi</body></message>");
	assert_true(world_wait(world, "message"));
	world_free(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_by_level),
		cmocka_unit_test(refusals_are_few),
		cmocka_unit_test(a_foreign_domain_has_one_bucket),
		cmocka_unit_test(questions_are_shared),
		cmocka_unit_test(floods_of_clients_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
