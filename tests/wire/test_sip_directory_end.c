/* Lists of a server's users that are none, or end: everybody has a subscription of his own (RFC
 * 4662). */
#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/list_server.h"

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
		struct rig *rig = ls_rig();

		pa_watch(rig);
		pa_watch_user(rig, "1002");
		text_peer_answer(rig->peer, text_peer_expect(rig->peer, LS_SUBSCRIBE), answers[i],
				 "");
		expect_own_of_both(rig);
		assert_int_equal(fake_bridge_count(rig->bridge, "answered"), 0);
		rig_free(&rig);
	}
}

/* [EVT-066] [PBX-016] A user's document is no list: that dialog is ended, each has his own. */
static void one_users_answer(void **state)
{
	struct rig *rig = ls_rig();
	struct presence_agent end;
	const struct sip_text *leave;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	ls_accept(rig, &end);
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
	struct rig *rig = ls_rig();
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	ls_accept(rig, &end);
	pa_notify(rig, &end, "active;expires=3600", NULL, "200");
	expect_own_of_both(rig);
	ls_notify(rig, &end, "active", ls_list("0", true, LS_ROWS("1001 a", "1002 b")));
	ls_expect_user(rig, "1001", "open=1 show=- note=a");
	rig_free(&rig);
}

/* No answer at all: nobody waits for ever. */
static void no_answer(void **state)
{
	struct rig *rig =
		rig_new(&(struct rig_options){.profile = "asterisk", .tune = ls_tune, .t1_ms = 10});
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	ls_accept(rig, &end); /* and never a NOTIFY */
	expect_own_of_both(rig);
	rig_free(&rig);
}

static void tune_hold(struct rig *rig)
{
	ls_tune(rig);
	rig->params.hold_ms = 100;
}

/* Longer than it takes to subscribe anew. */
static void tune_long_hold(struct rig *rig)
{
	ls_tune(rig);
	rig->params.hold_ms = 4000;
}

/* A new dialog that says nothing does not make true what the old one said. */
static void a_new_dialog_without_a_list(void **state)
{
	struct rig *rig = rig_new(
		&(struct rig_options){.profile = "asterisk", .tune = tune_long_hold, .t1_ms = 10});
	struct presence_agent end;

	(void)state;
	ls_begin(rig, &end);
	ls_notify(rig, &end, "terminated;reason=deactivated", ls_sample("terminated"));
	ls_accept(rig, &end);
	pa_notify(rig, &end, "active;expires=3600", NULL, "200");
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1001@pbx.example FAILED");
	expect_own_of_both(rig);
	rig_free(&rig);
}

/* [D-24] [PBX-009] The body of a terminated NOTIFY counts for nothing; a new dialog takes over, and
 * nobody sees a change in between (D-26). */
static void a_list_that_ends(void **state)
{
	struct rig *rig = ls_rig();
	struct presence_agent end;

	(void)state;
	ls_begin(rig, &end);
	text_peer_let_run(rig->peer, 200);
	while (rig->bridge->count > 0)
		mem_free(fake_bridge_expect(rig->bridge, "xmpp:"));
	ls_notify(rig, &end, "terminated", ls_sample("terminated"));
	ls_accept(rig, &end);
	ls_notify(rig, &end, "active;expires=3600", ls_sample("full"));
	text_peer_let_run(rig->peer, 100);
	assert_int_equal(fake_bridge_count(rig->bridge, "open=0"), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "FAILED"), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "ringing"), 0);
	rig_free(&rig);
}

/* [D-26] A list that stays away: what it said is not true for ever, then each has his own. */
static void a_list_that_is_lost(void **state)
{
	struct rig *rig = rig_new(
		&(struct rig_options){.profile = "asterisk", .tune = tune_hold, .t1_ms = 10});
	struct presence_agent end;

	(void)state;
	ls_begin(rig, &end);
	ls_notify(rig, &end, "terminated;reason=giveup", ls_sample("terminated"));
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

/* [D-57] 512 parts are the most; what is larger serves nobody. */
static void a_list_that_is_too_large(void **state)
{
	struct rig *rig = ls_rig();
	struct buf text = BUF_INIT;
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	ls_accept(rig, &end);
	buf_puts(&text, "--b\r\nContent-Type: application/rlmi+xml\r\n\r\n<list "
			"xmlns='urn:ietf:params:xml:ns:rlmi' uri='l' version='0'/>\r\n");
	for (int i = 0; i < 512; i++)
		buf_puts(&text, "--b\r\n\r\n\r\n");
	buf_puts(&text, "--b--\r\n");
	ls_notify(rig, &end, "active",
		  (struct ls_body){buf_take(&text), mem_strdup("multipart/related;boundary=b")});
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
	struct rig *rig = ls_rig();
	struct presence_agent end;
	const struct sip_text *leave;
	bool is_stopped = false;
	char room[64];

	(void)state;
	ls_begin(rig, &end);
	sip_side_stop(rig->side, true, on_stopped, &is_stopped);
	leave = text_peer_expect(rig->peer, "SUBSCRIBE sip:pa@");
	assert_non_null(leave);
	assert_string_equal(sip_text_header(leave, "Expires", room, sizeof room), "0");
	text_peer_answer(rig->peer, leave, "200 OK", "Expires: 0\r\n");
	ls_notify(rig, &end, "terminated", ls_sample("terminated"));
	text_peer_let_run(rig->peer, 50);
	assert_true(is_stopped);
	rig_free(&rig);
}

/* [D-48] Kamailio's lists send no last NOTIFY: the stop does not wait for one. */
static void a_stop_without_a_last_word(void **state)
{
	struct rig *rig = rig_new(
		&(struct rig_options){.profile = "asterisk", .tune = ls_tune, .t1_ms = 300});
	struct presence_agent end;
	const struct sip_text *leave;
	bool is_stopped = false;

	(void)state;
	ls_begin(rig, &end);
	sip_side_stop(rig->side, true, on_stopped, &is_stopped);
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
		cmocka_unit_test(a_refused_list),
		cmocka_unit_test(one_users_answer),
		cmocka_unit_test(an_empty_answer),
		cmocka_unit_test(no_answer),
		cmocka_unit_test(a_new_dialog_without_a_list),
		cmocka_unit_test(a_list_that_ends),
		cmocka_unit_test(a_list_that_is_lost),
		cmocka_unit_test(a_list_that_is_too_large),
		cmocka_unit_test(one_user_is_not_that_large),
		cmocka_unit_test(a_stop_ends_it),
		cmocka_unit_test(a_stop_without_a_last_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
