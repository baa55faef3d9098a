/* Lists of a server's users, by bytes: one SUBSCRIBE for all of them (RFC 4662, D-17). */
#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"

#define LIST     "SUBSCRIBE sip:friends@pbx.example SIP/2.0"
#define OWN      "SUBSCRIBE sip:10"
#define PRESENCE "presence xmpp:juliet@chat.example sip:"

static void tune(struct rig *rig)
{
	rig->peers[0].list = "sip:friends@pbx.example";
}

static struct rig *new_rig(void)
{
	return rig_new(&(struct rig_options){.profile = "asterisk", .tune = tune});
}

/* A body and its type. */
struct body {
	char *text;
	char *type;
};

/* What Asterisk was seen to send. */
static struct body read_sample(const char *name)
{
	struct buf text = BUF_INIT;
	struct body body;
	char path[512], block[4096];
	const char *type;
	size_t got;
	FILE *file;

	snprintf(path, sizeof path, "%s/samples/lists/asterisk-notify-rls-%s.txt", TESTS_DIR, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	do {
		got = fread(block, 1, sizeof block, file);
		buf_append(&text, block, got);
	} while (got > 0);
	fclose(file);
	type = strstr(buf_text(&text), "\r\nContent-Type: ") + strlen("\r\nContent-Type: ");
	body.type = mem_strndup(type, strcspn(type, "\r"));
	body.text = mem_strdup(strstr(buf_text(&text), "\r\n\r\n") + 4);
	buf_free(&text);
	return body;
}

static void free_body(struct body *body)
{
	mem_free(body->text);
	mem_free(body->type);
}

static void notify(struct rig *rig, struct presence_agent *end, const char *state, struct body body)
{
	end->type = body.type;
	pa_send_notify(rig, end, state, "Require: eventlist\r\n", body.text);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	free_body(&body);
}

/* Takes the SUBSCRIBE of the list and answers it. */
static void accept_list(struct rig *rig, struct presence_agent *end)
{
	const struct sip_text *subscribe = text_peer_expect(rig->peer, LIST);

	assert_non_null(subscribe);
	pa_learn(end, subscribe);
	text_peer_answer(rig->peer, subscribe, "200 OK", "Expires: 3600\r\nRequire: eventlist\r\n");
}

/* The line of the core about a user of juliet's. */
static void expect_user(struct rig *rig, const char *user, const char *what)
{
	char line[256];

	snprintf(line, sizeof line, PRESENCE "%s@pbx.example %s", user, what);
	rig_expect_line(rig, line);
}

/* juliet watches 1001 and 1002, and the list has told of 1001, 1002 and 1003. */
static void begin(struct rig *rig, struct presence_agent *end)
{
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	accept_list(rig, end);
	notify(rig, end, "active;expires=3600", read_sample("full"));
	expect_user(rig, "1001", "open=1 show=- note= devices=1 phone=idle");
	expect_user(rig, "1002", "open=1 show=- note= devices=1 phone=idle");
}

/* rlmi of our own making, with a part for each row that has an instance: "1001 note", "1002 -" has
 * no instance, "1003 !" is terminated. */
static struct body make_list(const char *version, bool is_full, const char *const *rows)
{
	struct buf list = BUF_INIT, parts = BUF_INIT;
	struct body body = {0};

	buf_printf(&list,
		   "--b\r\nContent-Type: application/rlmi+xml\r\n\r\n<list "
		   "xmlns='urn:ietf:params:xml:ns:rlmi' uri='sip:friends@pbx.example' version='%s' "
		   "fullState='%s'>",
		   version, is_full ? "true" : "false");
	for (; *rows != NULL; rows++) {
		const char *what = strchr(*rows, ' ') + 1;
		int n = (int)(what - *rows) - 1;
		char room[512];

		buf_printf(&list, "<resource uri='sip:%.*s@pbx.example'>", n, *rows);
		if (*what == '!')
			buf_puts(&list,
				 "<instance id='i' state='terminated' reason='noresource'/>");
		else if (*what == '?')
			buf_puts(&list, "<instance id='i' state='pending'/>");
		else if (*what != '-')
			buf_printf(&list, "<instance id='i' state='active' cid='%.*s@x'/>", n,
				   *rows);
		buf_puts(&list, "</resource>");
		if (strchr("!?-", *what) == NULL)
			buf_printf(&parts,
				   "--b\r\nContent-ID: <%.*s@x>\r\nContent-Type: "
				   "application/pidf+xml\r\n\r\n%s\r\n",
				   n, *rows, pa_document(what, room, sizeof room));
	}
	buf_puts(&list, "</list>\r\n");
	buf_puts(&list, buf_text(&parts));
	buf_puts(&list, "--b--\r\n");
	body.text = buf_take(&list);
	body.type = mem_strdup("multipart/related;type=\"application/rlmi+xml\";boundary=b");
	buf_free(&parts);
	return body;
}

#define ROWS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* [EVT-064] [D-17] */
static void one_subscribe_for_all(void **state)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{"Event", "presence"},
		{"Accept", "application/pidf+xml, application/rlmi+xml, multipart/related"},
		{"Supported", "eventlist"},
		{"Expires", "3600"},
		{"To", "<sip:friends@pbx.example>"},
	};
	struct rig *rig = new_rig();
	const struct sip_text *text;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	pa_watch_as(rig, "romeo");
	text = text_peer_expect(rig->peer, LIST);
	assert_non_null(text);
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		assert_int_equal(sip_text_header_count(text, rows[i].name), 1);
		assert_string_equal(sip_text_header(text, rows[i].name, room, sizeof room),
				    rows[i].value);
	}
	assert_int_equal(sip_text_header_count(text, "Require"), 0);
	sip_text_header(text, "From", room, sizeof room);
	assert_memory_equal(room, "<sip:sipxmppd@chat.example>;tag=", 32);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* [PBX-009] [AST-3] [EVT-065] [EVT-067] [EVT-068] Asterisk's list: no start, random instance ids,
 * addresses of its own; whoever is on it needs no dialog, also when he is watched later. */
static void asterisk_full_and_partial(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end;

	(void)state;
	begin(rig, &end);
	pa_watch_user(rig, "1003");
	expect_user(rig, "1003", "open=1 show=- note= devices=1 phone=idle");
	notify(rig, &end, "active;expires=3590", read_sample("partial-one"));
	expect_user(rig, "1002", "open=1 show=- note= devices=1 phone=in-call");
	notify(rig, &end, "active;expires=3590", read_sample("refresh-full"));
	expect_user(rig, "1001", "open=1 show=- note= devices=1 phone=ringing");
	expect_user(rig, "1003", "open=1 show=- note= devices=1 phone=on-hold");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	assert_int_equal(rig->counters.notify_unusable, 0);
	rig_free(&rig);
}

/* [PRS-014] What says the same again is told nobody. */
static void the_same_again_is_no_news(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end;

	(void)state;
	begin(rig, &end);
	text_peer_let_run(rig->peer, 200);
	mem_free(fake_bridge_expect(rig->bridge, "1001"));
	size_t before = rig->bridge->count;

	notify(rig, &end, "active;expires=3600", read_sample("full"));
	notify(rig, &end, "active;expires=3600", read_sample("full"));
	text_peer_let_run(rig->peer, 200);
	assert_int_equal(rig->bridge->count, before);
	rig_free(&rig);
}

/* Users that the list does not name have subscriptions of their own, when the list has told all. */
static void others_have_their_own(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end, own;
	char room[512];

	(void)state;
	begin(rig, &end);
	pa_watch_user(rig, "1077");
	pa_accept(rig, &own, "200 OK", "Expires: 3600\r\n");
	assert_string_equal(own.from, "<sip:1077@pbx.example>");
	pa_notify(rig, &own, "active;expires=3600", pa_document("own", room, sizeof room), "200");
	expect_user(rig, "1077", "open=1 show=- note=own");
	rig_free(&rig);
}

/* [EVT-070] [D-23] versions: one that comes too late is dropped, after a gap the whole is asked
 * for, at most once a minute; a whole list always counts. */
static void versions(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end;
	const struct sip_text *refresh;

	(void)state;
	pa_watch(rig);
	accept_list(rig, &end);
	notify(rig, &end, "active", make_list("5", true, ROWS("1001 five", "1002 x")));
	expect_user(rig, "1001", "open=1 show=- note=five");
	text_peer_let_run(rig->peer, 200); /* settled */
	notify(rig, &end, "active", make_list("5", false, ROWS("1001 again")));
	notify(rig, &end, "active", make_list("4", false, ROWS("1001 late")));
	notify(rig, &end, "active", make_list("6", false, ROWS("1001 six")));
	expect_user(rig, "1001", "open=1 show=- note=six");
	assert_int_equal(fake_bridge_count(rig->bridge, "again"), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "late"), 0);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	notify(rig, &end, "active", make_list("8", false, ROWS("1001 eight")));
	expect_user(rig, "1001", "open=1 show=- note=eight");
	refresh = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_non_null(refresh);
	assert_int_equal(sip_text_header_count(refresh, "Supported"), 1);
	text_peer_answer(rig->peer, refresh, "200 OK", "Expires: 3600\r\n");
	notify(rig, &end, "active", make_list("20", false, ROWS("1001 twenty")));
	expect_user(rig, "1001", "open=1 show=- note=twenty");
	notify(rig, &end, "active", make_list("1", true, ROWS("1001 one", "1002 x")));
	expect_user(rig, "1001", "open=1 show=- note=one");
	text_peer_let_run(rig->peer, 100);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

/* [EVT-070] who is taken off the list is subscribed to; a partial list takes nobody off. */
static void members_leave(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end, own;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	accept_list(rig, &end);
	notify(rig, &end, "active", make_list("0", true, ROWS("1001 a", "1002 b")));
	expect_user(rig, "1002", "open=1 show=- note=b");
	notify(rig, &end, "active", make_list("1", false, ROWS("1001 c")));
	text_peer_let_run(rig->peer, 200);
	assert_int_equal(text_peer_count(rig->peer, OWN), 0);
	notify(rig, &end, "active", make_list("2", true, ROWS("1001 d")));
	pa_accept(rig, &own, "200 OK", "Expires: 3600\r\n");
	assert_string_equal(own.from, "<sip:1002@pbx.example>");
	/* [EVT-019] and once he is on it again, no more */
	notify(rig, &end, "active", make_list("3", false, ROWS("1002 back")));
	expect_user(rig, "1002", "open=1 show=- note=back");
	rig_free(&rig);
}

/* [PBX-053] one update in two NOTIFYs: who is in the second half is not taken for a stranger. */
static void a_list_in_two_halves(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	accept_list(rig, &end);
	for (int i = 0; i < 2; i++) { /* and the same again after a refresh */
		notify(rig, &end, "active", make_list(i == 0 ? "1" : "7", true, ROWS("1001 a")));
		notify(rig, &end, "active",
		       make_list(i == 0 ? "1" : "7", false, ROWS(i == 0 ? "1002 b" : "1002 c")));
		expect_user(rig, "1002", i == 0 ? "open=1 show=- note=b" : "open=1 show=- note=c");
		text_peer_let_run(rig->peer, 200);
		assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	}
	rig_free(&rig);
}

/* [EVT-069] without an instance nothing is known, which is neither offline nor a refusal. */
static void not_known_yet(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	accept_list(rig, &end);
	notify(rig, &end, "active", make_list("0", true, ROWS("1001 -", "1002 ?")));
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1001@pbx.example ALLOWED");
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1002@pbx.example PENDING");
	text_peer_let_run(rig->peer, 200);
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	notify(rig, &end, "active", make_list("1", false, ROWS("1001 now", "1002 too")));
	expect_user(rig, "1001", "open=1 show=- note=now");
	expect_user(rig, "1002", "open=1 show=- note=too");
	rig_free(&rig);
}

/* A resource that the server gave up: his own subscription tells why. */
static void a_terminated_instance(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end, own;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	accept_list(rig, &end);
	notify(rig, &end, "active", make_list("0", true, ROWS("1001 a", "1002 !")));
	expect_user(rig, "1001", "open=1 show=- note=a");
	pa_accept(rig, &own, "404 Not Found", "");
	assert_string_equal(own.from, "<sip:1002@pbx.example>");
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1002@pbx.example NO_SUCH");
	rig_free(&rig);
}

static void expect_own_of_both(struct rig *rig)
{
	assert_non_null(text_peer_expect(rig->peer, "SUBSCRIBE sip:1001@"));
	assert_non_null(text_peer_expect(rig->peer, "SUBSCRIBE sip:1002@"));
}

/* A list that is refused serves nobody: each has his own. */
static void a_refused_list(void **state)
{
	static const char *const answers[] = {"404 Not Found", "403 Forbidden", "489 Bad Event",
					      "421 Extension Required"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(answers); i++) {
		struct rig *rig = new_rig();

		pa_watch(rig);
		pa_watch_user(rig, "1002");
		text_peer_answer(rig->peer, text_peer_expect(rig->peer, LIST), answers[i], "");
		expect_own_of_both(rig);
		assert_int_equal(fake_bridge_count(rig->bridge, "answered"), 0);
		rig_free(&rig);
	}
}

/* [EVT-066] [PBX-016] A user's document is no list: that dialog is ended, each has his own. */
static void one_users_answer(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end;
	const struct sip_text *leave;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	accept_list(rig, &end);
	pa_notify(rig, &end, "active", pa_document("single", room, sizeof room), "200");
	leave = text_peer_expect(rig->peer, "SUBSCRIBE sip:pa@");
	assert_non_null(leave);
	assert_string_equal(sip_text_header(leave, "Expires", room, sizeof room), "0");
	expect_own_of_both(rig);
	assert_int_equal(fake_bridge_count(rig->bridge, "single"), 0);
	rig_free(&rig);
}

/* Nor is silence a list (Kamailio without one), but its subscription is kept: it may become one. */
static void an_empty_answer(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	accept_list(rig, &end);
	pa_notify(rig, &end, "active;expires=3600", NULL, "200");
	expect_own_of_both(rig);
	notify(rig, &end, "active", make_list("0", true, ROWS("1001 a", "1002 b")));
	expect_user(rig, "1001", "open=1 show=- note=a");
	rig_free(&rig);
}

/* No answer at all: nobody waits for ever. */
static void no_answer(void **state)
{
	struct rig *rig =
		rig_new(&(struct rig_options){.profile = "asterisk", .tune = tune, .t1_ms = 10});
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	accept_list(rig, &end); /* and never a NOTIFY */
	expect_own_of_both(rig);
	rig_free(&rig);
}

/* [D-24] [PBX-009] The body of a terminated NOTIFY counts for nothing; a new dialog takes over, and
 * nobody sees a change in between (D-26). */
static void a_list_that_ends(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end;

	(void)state;
	begin(rig, &end);
	text_peer_let_run(rig->peer, 200);
	while (rig->bridge->count > 0)
		mem_free(fake_bridge_expect(rig->bridge, "xmpp:"));
	notify(rig, &end, "terminated", read_sample("terminated"));
	accept_list(rig, &end);
	notify(rig, &end, "active;expires=3600", read_sample("full"));
	text_peer_let_run(rig->peer, 100);
	assert_int_equal(fake_bridge_count(rig->bridge, "open=0"), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "FAILED"), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "ringing"), 0);
	rig_free(&rig);
}

static void tune_hold(struct rig *rig)
{
	tune(rig);
	rig->params.hold_ms = 100;
}

/* [D-26] A list that stays away: what it said is not true for ever, then each has his own. */
static void a_list_that_is_lost(void **state)
{
	struct rig *rig = rig_new(
		&(struct rig_options){.profile = "asterisk", .tune = tune_hold, .t1_ms = 10});
	struct presence_agent end;

	(void)state;
	begin(rig, &end);
	notify(rig, &end, "terminated;reason=giveup", read_sample("terminated"));
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1001@pbx.example FAILED");
	for (int i = 0; i < 20; i++) { /* tried again and again */
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");
		char room[256];

		assert_non_null(text);
		sip_text_header(text, "To", room, sizeof room);
		text_peer_answer(rig->peer, text, "503 Service Unavailable", "");
		if (strstr(room, "friends") == NULL) {
			assert_memory_equal(room, "<sip:100", 8);
			break;
		}
		assert_true(i < 19);
	}
	rig_free(&rig);
}

static void tune_dialog(struct rig *rig)
{
	tune(rig);
	rig->peers[0].profile.packages = PACKAGE_DIALOG;
}

/* [EVT-010] [PBX-005] A list of lamp keys. */
static void a_list_of_dialogs(void **state)
{
	struct rig *rig =
		rig_new(&(struct rig_options){.profile = "asterisk", .tune = tune_dialog});
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	accept_list(rig, &end);
	assert_string_equal(end.event, "dialog");
	notify(rig, &end, "active;expires=3600", read_sample("dialog-full"));
	expect_user(rig, "1001", "open=1 show=- note= devices=1 phone=in-call");
	expect_user(rig, "1002", "open=1 show=- note= devices=1 phone=in-call");
	notify(rig, &end, "active;expires=3600", read_sample("dialog-partial"));
	expect_user(rig, "1002", "open=1 show=- note= devices=1 phone=ringing");
	rig_free(&rig);
}

static void tune_both(struct rig *rig)
{
	tune(rig);
	rig->peers[0].profile.packages = PACKAGE_PRESENCE | PACKAGE_DIALOG;
}

/* Both packages: two lists, one contact. */
static void both_packages(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk", .tune = tune_both});
	struct presence_agent ends[2];
	bool is_swapped;

	(void)state;
	pa_watch(rig);
	accept_list(rig, &ends[0]);
	accept_list(rig, &ends[1]);
	is_swapped = strcmp(ends[0].event, "dialog") == 0;
	notify(rig, &ends[is_swapped ? 1 : 0], "active;expires=3600", read_sample("full"));
	expect_user(rig, "1001", "open=1 show=- note= devices=1 phone=idle");
	notify(rig, &ends[is_swapped ? 0 : 1], "active;expires=3600", read_sample("dialog-full"));
	expect_user(rig, "1001", "open=1 show=- note= devices=1 phone=in-call");
	rig_free(&rig);
}

/* [EVT-071] [EVT-073] lists within the list: their users count, they themselves are none. */
static void lists_within_the_list(void **state)
{
	static const char text[] =
		"--b\r\nContent-Type: application/rlmi+xml\r\n\r\n<list "
		"xmlns='urn:ietf:params:xml:ns:rlmi' uri='sip:friends@pbx.example' version='0' "
		"fullState='true'><resource uri='sip:1002@pbx.example'><instance id='i' "
		"state='active' cid='l'/></resource></list>\r\n"
		"--b\r\nContent-ID: <l>\r\nContent-Type: multipart/related;boundary=bb\r\n\r\n"
		"--bb\r\nContent-Type: application/rlmi+xml\r\n\r\n<list "
		"xmlns='urn:ietf:params:xml:ns:rlmi' uri='sip:1002@pbx.example' version='9' "
		"fullState='true'><resource uri='sip:1001@pbx.example'><instance id='i' "
		"state='active' cid='p'/></resource></list>\r\n"
		"--bb\r\nContent-ID: <p>\r\nContent-Type: application/pidf+xml\r\n\r\n"
		"<presence xmlns='urn:ietf:params:xml:ns:pidf'><tuple id='t'><status><basic>open"
		"</basic></status><note>deep</note></tuple></presence>\r\n--bb--\r\n--b--\r\n";
	struct rig *rig = new_rig();
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	accept_list(rig, &end);
	notify(rig, &end, "active",
	       (struct body){
		       mem_strdup(text),
		       mem_strdup("multipart/related;type=\"application/rlmi+xml\";boundary=b")});
	expect_user(rig, "1001", "open=1 show=- note=deep");
	pa_watch_user(rig, "1002"); /* a list, and no user of it */
	assert_non_null(text_peer_expect(rig->peer, "SUBSCRIBE sip:1002@"));
	rig_free(&rig);
}

/* A body that cannot be read is answered 200, changes nothing, and a whole one is asked for. */
static void a_body_that_cannot_be_read(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end;

	(void)state;
	begin(rig, &end);
	notify(rig, &end, "active",
	       (struct body){
		       mem_strdup("--b\r\nbad\r\n"),
		       mem_strdup("multipart/related;type=\"application/rlmi+xml\";boundary=b")});
	assert_non_null(text_peer_expect(rig->peer, "SUBSCRIBE sip:pa@"));
	assert_int_equal(rig->counters.notify_unusable, 1);
	rig_free(&rig);
}

/* [D-57] A directory of 300 extensions is one NOTIFY, over a stream. */
static void a_large_list(void **state)
{
	struct rig *rig = rig_new(
		&(struct rig_options){.profile = "asterisk", .tune = tune, .proxy_is_tcp = true});
	const char *rows[301] = {0};
	char room[300][32];
	struct presence_agent end;
	struct body body;

	(void)state;
	for (int i = 0; i < 300; i++) {
		snprintf(room[i], sizeof room[i], "%d n%d", 1001 + i, i);
		rows[i] = room[i];
	}
	pa_watch(rig);
	pa_watch_user(rig, "1300");
	accept_list(rig, &end);
	body = make_list("0", true, rows);
	assert_true(strlen(body.text) > 65536);
	end.type = body.type;
	end.is_tcp = true;
	pa_notify(rig, &end, "active;expires=3600", body.text, "200");
	expect_user(rig, "1300", "open=1 show=- note=n299");
	free_body(&body);
	rig_free(&rig);
}

/* [D-57] 512 parts are the most; what is larger serves nobody. */
static void a_list_that_is_too_large(void **state)
{
	struct rig *rig = new_rig();
	struct buf text = BUF_INIT;
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	accept_list(rig, &end);
	buf_puts(&text, "--b\r\nContent-Type: application/rlmi+xml\r\n\r\n<list "
			"xmlns='urn:ietf:params:xml:ns:rlmi' uri='l' version='0'/>\r\n");
	for (int i = 0; i < 512; i++)
		buf_puts(&text, "--b\r\n\r\n\r\n");
	buf_puts(&text, "--b--\r\n");
	notify(rig, &end, "active",
	       (struct body){buf_take(&text), mem_strdup("multipart/related;boundary=b")});
	expect_own_of_both(rig);
	rig_free(&rig);
}

/* [D-57] What a list may send is no measure for the document of one user. */
static void one_user_is_not_that_large(void **state)
{
	struct rig *rig =
		rig_new(&(struct rig_options){.profile = "asterisk", .proxy_is_tcp = true});
	struct presence_agent end;
	struct buf note = BUF_INIT;
	char *room = mem_alloc(80000);

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	for (int i = 0; i < 70000; i++)
		buf_putc(&note, 'x');
	end.is_tcp = true;
	pa_notify(rig, &end, "active;expires=3600", pa_document(buf_text(&note), room, 80000),
		  "200");
	assert_non_null(text_peer_expect(rig->peer, "SUBSCRIBE "));
	assert_int_equal(rig->counters.notify_unusable, 1);
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	buf_free(&note);
	mem_free(room);
	rig_free(&rig);
}

static void on_stopped(void *arg)
{
	bool *is_stopped = arg;

	*is_stopped = true;
}

/* [D-48] [EVT-025] The bridge stops: the list is left like any subscription. */
static void a_stop_ends_it(void **state)
{
	struct rig *rig = new_rig();
	struct presence_agent end;
	const struct sip_text *leave;
	bool is_stopped = false;
	char room[64];

	(void)state;
	begin(rig, &end);
	sip_side_stop(rig->side, on_stopped, &is_stopped);
	leave = text_peer_expect(rig->peer, "SUBSCRIBE sip:pa@");
	assert_non_null(leave);
	assert_string_equal(sip_text_header(leave, "Expires", room, sizeof room), "0");
	text_peer_answer(rig->peer, leave, "200 OK", "Expires: 0\r\n");
	notify(rig, &end, "terminated", read_sample("terminated"));
	text_peer_let_run(rig->peer, 50);
	assert_true(is_stopped);
	rig_free(&rig);
}

/* [D-48] Kamailio's lists send no last NOTIFY: the stop does not wait for one. */
static void a_stop_without_a_last_word(void **state)
{
	struct rig *rig =
		rig_new(&(struct rig_options){.profile = "asterisk", .tune = tune, .t1_ms = 300});
	struct presence_agent end;
	const struct sip_text *leave;
	bool is_stopped = false;

	(void)state;
	begin(rig, &end);
	sip_side_stop(rig->side, on_stopped, &is_stopped);
	leave = text_peer_expect(rig->peer, "SUBSCRIBE sip:pa@");
	assert_non_null(leave);
	text_peer_answer(rig->peer, leave, "200 OK", "Expires: 0\r\n");
	for (int i = 0; i < 80 && !is_stopped; i++)
		text_peer_let_run(rig->peer, 100);
	assert_true(is_stopped);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_subscribe_for_all),
		cmocka_unit_test(asterisk_full_and_partial),
		cmocka_unit_test(the_same_again_is_no_news),
		cmocka_unit_test(others_have_their_own),
		cmocka_unit_test(versions),
		cmocka_unit_test(members_leave),
		cmocka_unit_test(a_list_in_two_halves),
		cmocka_unit_test(not_known_yet),
		cmocka_unit_test(a_terminated_instance),
		cmocka_unit_test(a_refused_list),
		cmocka_unit_test(one_users_answer),
		cmocka_unit_test(an_empty_answer),
		cmocka_unit_test(no_answer),
		cmocka_unit_test(a_list_that_ends),
		cmocka_unit_test(a_list_that_is_lost),
		cmocka_unit_test(a_list_of_dialogs),
		cmocka_unit_test(both_packages),
		cmocka_unit_test(lists_within_the_list),
		cmocka_unit_test(a_body_that_cannot_be_read),
		cmocka_unit_test(a_large_list),
		cmocka_unit_test(a_list_that_is_too_large),
		cmocka_unit_test(one_user_is_not_that_large),
		cmocka_unit_test(a_stop_ends_it),
		cmocka_unit_test(a_stop_without_a_last_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
