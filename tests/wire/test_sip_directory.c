/* Lists of a server's users, by bytes: one SUBSCRIBE for all of them (RFC 4662, D-17). */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/list_server.h"

#define OWN "SUBSCRIBE sip:10"

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
	struct rig *rig = ls_rig();
	const struct sip_text *text;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	pa_watch_as(rig, "romeo");
	text = text_peer_expect(rig->peer, LS_SUBSCRIBE);
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
	struct rig *rig = ls_rig();
	struct presence_agent end;

	(void)state;
	ls_begin(rig, &end);
	pa_watch_user(rig, "1003");
	ls_expect_user(rig, "1003", "open=1 show=- note= devices=1 phone=idle");
	ls_notify(rig, &end, "active;expires=3590", ls_sample("partial-one"));
	ls_expect_user(rig, "1002", "open=1 show=- note= devices=1 phone=in-call");
	ls_notify(rig, &end, "active;expires=3590", ls_sample("refresh-full"));
	ls_expect_user(rig, "1001", "open=1 show=- note= devices=1 phone=ringing");
	ls_expect_user(rig, "1003", "open=1 show=- note= devices=1 phone=on-hold");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	assert_int_equal(rig->counters.notify_unusable, 0);
	rig_free(&rig);
}

/* [PRS-014] What says the same again is told nobody. */
static void the_same_again_is_no_news(void **state)
{
	struct rig *rig = ls_rig();
	struct presence_agent end;

	(void)state;
	ls_begin(rig, &end);
	text_peer_let_run(rig->peer, 200);
	mem_free(fake_bridge_expect(rig->bridge, "1001"));
	size_t before = rig->bridge->count;

	ls_notify(rig, &end, "active;expires=3600", ls_sample("full"));
	ls_notify(rig, &end, "active;expires=3600", ls_sample("full"));
	text_peer_let_run(rig->peer, 200);
	assert_int_equal(rig->bridge->count, before);
	rig_free(&rig);
}

/* Users that the list does not name have subscriptions of their own, when the list has told all. */
static void others_have_their_own(void **state)
{
	struct rig *rig = ls_rig();
	struct presence_agent end, own;
	char room[512];

	(void)state;
	ls_begin(rig, &end);
	pa_watch_user(rig, "1077");
	pa_accept(rig, &own, "200 OK", "Expires: 3600\r\n");
	assert_string_equal(own.from, "<sip:1077@pbx.example>");
	pa_notify(rig, &own, "active;expires=3600", pa_document("own", room, sizeof room), "200");
	ls_expect_user(rig, "1077", "open=1 show=- note=own");
	rig_free(&rig);
}

/* [EVT-070] [D-23] versions: one that comes too late is dropped, after a gap the whole is asked
 * for, at most once a minute; a whole list always counts. */
static void versions(void **state)
{
	struct rig *rig = ls_rig();
	struct presence_agent end;
	const struct sip_text *refresh;

	(void)state;
	pa_watch(rig);
	ls_accept(rig, &end);
	ls_notify(rig, &end, "active", ls_list("5", true, LS_ROWS("1001 five", "1002 x")));
	ls_expect_user(rig, "1001", "open=1 show=- note=five");
	text_peer_let_run(rig->peer, 200); /* settled */
	ls_notify(rig, &end, "active", ls_list("5", false, LS_ROWS("1001 again")));
	ls_notify(rig, &end, "active", ls_list("4", false, LS_ROWS("1001 late")));
	ls_notify(rig, &end, "active", ls_list("6", false, LS_ROWS("1001 six")));
	ls_expect_user(rig, "1001", "open=1 show=- note=six");
	assert_int_equal(fake_bridge_count(rig->bridge, "again"), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "late"), 0);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	ls_notify(rig, &end, "active", ls_list("8", false, LS_ROWS("1001 eight")));
	ls_expect_user(rig, "1001", "open=1 show=- note=eight");
	refresh = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_non_null(refresh);
	assert_int_equal(sip_text_header_count(refresh, "Supported"), 1);
	text_peer_answer(rig->peer, refresh, "200 OK", "Expires: 3600\r\n");
	ls_notify(rig, &end, "active", ls_list("20", false, LS_ROWS("1001 twenty")));
	ls_expect_user(rig, "1001", "open=1 show=- note=twenty");
	ls_notify(rig, &end, "active", ls_list("1", true, LS_ROWS("1001 one", "1002 x")));
	ls_expect_user(rig, "1001", "open=1 show=- note=one");
	text_peer_let_run(rig->peer, 100);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

/* [EVT-070] who is taken off the list is subscribed to; a partial list takes nobody off. */
static void members_leave(void **state)
{
	struct rig *rig = ls_rig();
	struct presence_agent end, own;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	ls_accept(rig, &end);
	ls_notify(rig, &end, "active", ls_list("0", true, LS_ROWS("1001 a", "1002 b")));
	ls_expect_user(rig, "1002", "open=1 show=- note=b");
	ls_notify(rig, &end, "active", ls_list("1", false, LS_ROWS("1001 c")));
	text_peer_let_run(rig->peer, 200);
	assert_int_equal(text_peer_count(rig->peer, OWN), 0);
	ls_notify(rig, &end, "active", ls_list("2", true, LS_ROWS("1001 d")));
	pa_accept(rig, &own, "200 OK", "Expires: 3600\r\n");
	assert_string_equal(own.from, "<sip:1002@pbx.example>");
	/* [EVT-019] and once he is on it again, no more */
	ls_notify(rig, &end, "active", ls_list("3", false, LS_ROWS("1002 back")));
	ls_expect_user(rig, "1002", "open=1 show=- note=back");
	rig_free(&rig);
}

/* [PBX-053] one update in two NOTIFYs: who is in the second half is not taken for a stranger. */
static void a_list_in_two_halves(void **state)
{
	struct rig *rig = ls_rig();
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	ls_accept(rig, &end);
	for (int i = 0; i < 2; i++) { /* and the same again after a refresh */
		ls_notify(rig, &end, "active",
			  ls_list(i == 0 ? "1" : "7", true, LS_ROWS("1001 a")));
		ls_notify(
			rig, &end, "active",
			ls_list(i == 0 ? "1" : "7", false, LS_ROWS(i == 0 ? "1002 b" : "1002 c")));
		ls_expect_user(rig, "1002",
			       i == 0 ? "open=1 show=- note=b" : "open=1 show=- note=c");
		text_peer_let_run(rig->peer, 200);
		assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	}
	rig_free(&rig);
}

/* [EVT-069] without an instance nothing is known, which is neither offline nor a refusal. */
static void not_known_yet(void **state)
{
	struct rig *rig = ls_rig();
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	ls_accept(rig, &end);
	ls_notify(rig, &end, "active", ls_list("0", true, LS_ROWS("1001 -", "1002 ?")));
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1001@pbx.example ALLOWED");
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1002@pbx.example PENDING");
	text_peer_let_run(rig->peer, 200);
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	ls_notify(rig, &end, "active", ls_list("1", false, LS_ROWS("1001 now", "1002 too")));
	ls_expect_user(rig, "1001", "open=1 show=- note=now");
	ls_expect_user(rig, "1002", "open=1 show=- note=too");
	rig_free(&rig);
}

/* A resource that the server gave up: his own subscription tells why. */
static void a_terminated_instance(void **state)
{
	struct rig *rig = ls_rig();
	struct presence_agent end, own;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	ls_accept(rig, &end);
	ls_notify(rig, &end, "active", ls_list("0", true, LS_ROWS("1001 a", "1002 !")));
	ls_expect_user(rig, "1001", "open=1 show=- note=a");
	pa_accept(rig, &own, "404 Not Found", "");
	assert_string_equal(own.from, "<sip:1002@pbx.example>");
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1002@pbx.example NO_SUCH");
	rig_free(&rig);
}

static void tune_dialog(struct rig *rig)
{
	ls_tune(rig);
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
	ls_accept(rig, &end);
	assert_string_equal(end.event, "dialog");
	ls_notify(rig, &end, "active;expires=3600", ls_sample("dialog-full"));
	ls_expect_user(rig, "1001", "open=1 show=- note= devices=1 phone=in-call");
	ls_expect_user(rig, "1002", "open=1 show=- note= devices=1 phone=in-call");
	ls_notify(rig, &end, "active;expires=3600", ls_sample("dialog-partial"));
	ls_expect_user(rig, "1002", "open=1 show=- note= devices=1 phone=ringing");
	rig_free(&rig);
}

static void tune_none(struct rig *rig)
{
	ls_tune(rig);
	rig->peers[0].profile.packages = 0;
}

/* packages = []: the list is all there is, and whoever is not on it is asked for nowhere. */
static void a_list_alone(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk", .tune = tune_none});
	struct presence_agent end;

	(void)state;
	ls_begin(rig, &end);
	pa_watch_user(rig, "1077");
	text_peer_let_run(rig->peer, 200);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

static void tune_both(struct rig *rig)
{
	ls_tune(rig);
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
	ls_accept(rig, &ends[0]);
	ls_accept(rig, &ends[1]);
	is_swapped = strcmp(ends[0].event, "dialog") == 0;
	ls_notify(rig, &ends[is_swapped ? 1 : 0], "active;expires=3600", ls_sample("full"));
	ls_expect_user(rig, "1001", "open=1 show=- note= devices=1 phone=idle");
	ls_notify(rig, &ends[is_swapped ? 0 : 1], "active;expires=3600", ls_sample("dialog-full"));
	ls_expect_user(rig, "1001", "open=1 show=- note= devices=1 phone=in-call");
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
	struct rig *rig = ls_rig();
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	ls_accept(rig, &end);
	ls_notify(
		rig, &end, "active",
		(struct ls_body){
			mem_strdup(text),
			mem_strdup("multipart/related;type=\"application/rlmi+xml\";boundary=b")});
	ls_expect_user(rig, "1001", "open=1 show=- note=deep");
	pa_watch_user(rig, "1002"); /* a list, and no user of it */
	assert_non_null(text_peer_expect(rig->peer, "SUBSCRIBE sip:1002@"));
	rig_free(&rig);
}

/* A body that cannot be read is answered 200, changes nothing, and a whole one is asked for. */
static void a_body_that_cannot_be_read(void **state)
{
	struct rig *rig = ls_rig();
	struct presence_agent end;

	(void)state;
	ls_begin(rig, &end);
	ls_notify(
		rig, &end, "active",
		(struct ls_body){
			mem_strdup("--b\r\nbad\r\n"),
			mem_strdup("multipart/related;type=\"application/rlmi+xml\";boundary=b")});
	assert_non_null(text_peer_expect(rig->peer, "SUBSCRIBE sip:pa@"));
	assert_int_equal(rig->counters.notify_unusable, 1);
	rig_free(&rig);
}

/* [D-57] A directory of 300 extensions is one NOTIFY, over a stream. */
static void a_large_list(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){
		.profile = "asterisk", .tune = ls_tune, .proxy_is_tcp = true});
	const char *rows[301] = {0};
	char room[300][32];
	struct presence_agent end;
	struct ls_body body;

	(void)state;
	for (int i = 0; i < 300; i++) {
		snprintf(room[i], sizeof room[i], "%d n%d", 1001 + i, i);
		rows[i] = room[i];
	}
	pa_watch(rig);
	pa_watch_user(rig, "1300");
	ls_accept(rig, &end);
	body = ls_list("0", true, rows);
	assert_true(strlen(body.text) > 65536);
	end.type = body.type;
	end.is_tcp = true;
	pa_notify(rig, &end, "active;expires=3600", body.text, "200");
	ls_expect_user(rig, "1300", "open=1 show=- note=n299");
	ls_free(&body);
	rig_free(&rig);
}

enum { USERS = 10, TURNS = 300 };

/* A list of some of the users, in whatever state. */
static struct ls_body random_list(unsigned *seed, int turn)
{
	static const char *const what[] = {"-", "?", "!", "a", "b", "c", "d", "e"};
	const char *rows[USERS + 1] = {0};
	char room[USERS][32], version[16];
	int count = 0;

	for (int i = 0; i < USERS; i++) {
		if (rand_r(seed) % 3 == 0)
			continue;
		snprintf(room[count], sizeof room[count], "%d %s", 1001 + i,
			 what[rand_r(seed) % CHECK_COUNT(what)]);
		rows[count] = room[count];
		count++;
	}
	snprintf(version, sizeof version, "%d", turn + rand_r(seed) % 3);
	return ls_list(version, rand_r(seed) % 4 == 0, rows);
}

/* Answers refreshes of the list. */
static void answer_refreshes(struct rig *rig)
{
	while (text_peer_count(rig->peer, "SUBSCRIBE sip:pa@") > 0)
		text_peer_answer(rig->peer, text_peer_expect(rig->peer, "SUBSCRIBE sip:pa@"),
				 "200 OK", "Expires: 3600\r\n");
}

/* Lists that say anything in any order, users who come and go: and when a whole list has said the
 * last word, that is what is shown. */
static void anything_in_any_order(void **state)
{
	struct rig *rig = ls_rig();
	struct presence_agent end;
	const char *rows[USERS + 1] = {0};
	char room[USERS][32];
	unsigned seed = 20;

	(void)state;
	pa_watch_user(rig, "1001");
	ls_accept(rig, &end);
	for (int turn = 0; turn < TURNS; turn++) {
		snprintf(room[0], sizeof room[0], "%d", 1001 + rand_r(&seed) % USERS);
		if (rand_r(&seed) % 2 == 0)
			pa_watch_user(rig, room[0]);
		ls_notify(rig, &end, "active", random_list(&seed, turn));
		answer_refreshes(rig);
		if (rand_r(&seed) % 16 == 0)
			text_peer_let_run(rig->peer, 150); /* settled */
	}
	for (int i = 0; i < USERS; i++) {
		snprintf(room[i], sizeof room[i], "%d", 1001 + i);
		pa_watch_user(rig, room[i]);
		snprintf(room[i], sizeof room[i], "%d end%d", 1001 + i, i);
		rows[i] = room[i];
	}
	ls_notify(rig, &end, "active", ls_list("1000", true, rows));
	for (int i = 0; i < USERS; i++) {
		char user[16], what[64];

		snprintf(user, sizeof user, "%d", 1001 + i);
		snprintf(what, sizeof what, "open=1 show=- note=end%d", i);
		ls_expect_user(rig, user, what);
	}
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
		cmocka_unit_test(a_list_of_dialogs),
		cmocka_unit_test(a_list_alone),
		cmocka_unit_test(both_packages),
		cmocka_unit_test(lists_within_the_list),
		cmocka_unit_test(a_body_that_cannot_be_read),
		cmocka_unit_test(a_large_list),
		cmocka_unit_test(anything_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
