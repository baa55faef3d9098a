/* The SIP server is watched (D-26, REL-024, SIP-071): by bytes, over TCP, all times of the watch
 * scaled down together. */
#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "loop/loop.h"
#include "wire/presence_agent.h"

enum {
	QUIET_MS = 900, /* of 30 s: 120 ms for an answer, 150 ms between questions after a miss */
	LONG_MS = 6000  /* the connection is looked at every second */
};

static struct rig *start(int quiet_ms)
{
	return rig_new(&(struct rig_options){.proxy_is_tcp = true, .peer_quiet_ms = quiet_ms});
}

static void expect_status(struct rig *rig, const char *word)
{
	struct buf text = BUF_INIT, line = BUF_INIT;

	sip_side_status(rig->side, &text);
	buf_printf(&line, "peer.%s %s\n", rig->proxy, word);
	assert_non_null(strstr(buf_text(&text), buf_text(&line)));
	buf_free(&line);
	buf_free(&text);
}

static void answer_question(struct rig *rig, const char *status)
{
	const struct sip_text *text = text_peer_expect(rig->peer, "OPTIONS ");

	assert_non_null(text);
	text_peer_answer(rig->peer, text, status, "");
}

static void answer_questions(struct rig *rig)
{
	while (text_peer_count(rig->peer, "OPTIONS ") != 0)
		answer_question(rig, "200 OK");
}

static const struct sip_text *expect_refresh(struct rig *rig, const struct presence_agent *end)
{
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	char room[128];

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room), end->call_id);
	return text;
}

/* A second subscription that is active. */
static void begin_second(struct rig *rig, struct presence_agent *end)
{
	char room[512];

	pa_watch_as(rig, "romeo");
	pa_accept(rig, end, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, end, "active;expires=3600", pa_document("two", room, sizeof room), "200");
	rig_expect_line(rig, "answered xmpp:romeo@chat.example sip:1001@pbx.example ALLOWED");
	rig_expect_line(rig, "presence xmpp:romeo@chat.example");
}

/* [D-26] nothing is asked while no subscription depends on the server, before the first and after
 * the last; while one does, a quiet server is. */
static void asked_only_while_it_matters(void **state)
{
	struct rig *rig = start(QUIET_MS);
	struct presence_agent end;

	(void)state;
	text_peer_let_run(rig->peer, 2 * QUIET_MS);
	assert_int_equal(text_peer_count(rig->peer, "OPTIONS "), 0);
	expect_status(rig, "unwatched");
	pa_begin(rig, &end);
	expect_status(rig, "up");
	answer_question(rig, "200 OK");
	pa_unwatch(rig);
	text_peer_answer(rig->peer, expect_refresh(rig, &end), "200 OK", "Expires: 0\r\n");
	pa_notify(rig, &end, "terminated;reason=timeout", NULL, "200");
	while (text_peer_count(rig->peer, "OPTIONS ") != 0)
		(void)text_peer_expect(rig->peer, "OPTIONS ");
	text_peer_let_run(rig->peer, 2 * QUIET_MS);
	assert_int_equal(text_peer_count(rig->peer, "OPTIONS "), 0);
	expect_status(rig, "unwatched");
	rig_free(&rig);
}

/* [SIP-001] [SIP-002] [SIP-006]: the question is a complete request. */
static void question_is_complete(void **state)
{
	static const char *const once[] = {"Via",     "Max-Forwards", "From",    "To",
					   "Call-ID", "CSeq",         "Contact", "Content-Length"};
	struct rig *rig = start(QUIET_MS);
	struct presence_agent end;
	char line[96], room[256];

	(void)state;
	pa_begin(rig, &end);
	snprintf(line, sizeof line, "OPTIONS sip:127.0.0.1:%u;transport=tcp SIP/2.0\r\n",
		 text_peer_port(rig->peer));
	const struct sip_text *text = text_peer_expect(rig->peer, line);

	assert_non_null(text);
	for (size_t i = 0; i < CHECK_COUNT(once); i++)
		assert_int_equal(sip_text_header_count(text, once[i]), 1);
	assert_memory_equal(sip_text_header(text, "From", room, sizeof room),
			    "<sip:sipxmppd@127.0.0.1>;tag=", 29);
	rig_free(&rig);
}

/* [D-26] [SIP-071] [PBX-042] [REL-024]: any final answer is a sign of life. */
static void any_answer_is_alive(void **state)
{
	static const char *const answers[] = {"404 Not Found", "405 Not Allowed", "503 Busy",
					      "408 Timeout", "603 Decline"};
	struct rig *rig = start(QUIET_MS);
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	for (size_t i = 0; i < CHECK_COUNT(answers); i++)
		answer_question(rig, answers[i]);
	text_peer_let_run(rig->peer, QUIET_MS / 3);
	assert_int_equal(fake_bridge_count(rig->bridge, "FAILED"), 0);
	expect_status(rig, "up");
	rig_free(&rig);
}

/* [D-26] [REL-024]: who speaks is not asked. */
static void who_speaks_is_not_asked(void **state)
{
	struct rig *rig = start(2 * QUIET_MS);
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	for (int i = 0; i < 8; i++) {
		text_peer_let_run(rig->peer, QUIET_MS / 3);
		pa_notify(rig, &end, "active;expires=3600", NULL, "200");
	}
	assert_int_equal(text_peer_count(rig->peer, "OPTIONS "), 0);
	rig_free(&rig);
}

static void slow_pace(struct limits *limits)
{
	limits->outward_per_s = 1;
}

/* Answers what comes until there was one SUBSCRIBE in the dialog of end, and a new one; not before
 * the pace allows the second. */
static void expect_refreshes_in_pace(struct rig *rig, const struct presence_agent *end)
{
	uint64_t in_dialog_ms = 0, new_ms = 0;
	struct presence_agent found;

	for (int i = 0; i < 1000 && (in_dialog_ms == 0 || new_ms == 0); i++) {
		text_peer_let_run(rig->peer, 10);
		answer_questions(rig);
		if (text_peer_count(rig->peer, "SUBSCRIBE ") == 0)
			continue;
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		pa_learn(&found, text);
		if (strcmp(found.call_id, end->call_id) != 0)
			new_ms = loop_now(rig->loop);
		else if (in_dialog_ms == 0) /* over UDP: repeated */
			in_dialog_ms = loop_now(rig->loop);
		text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	}
	assert_true(in_dialog_ms != 0 && new_ms != 0);
	assert_true((new_ms > in_dialog_ms ? new_ms - in_dialog_ms : in_dialog_ms - new_ms) >= 500);
}

/* [D-26] [REL-024] [SIP-071] [D-49] [PRES-188]: three misses are down: told once, no SUBSCRIBE
 * meanwhile, asked further; up again: all are refreshed, at the pace. */
static void silence_is_down_and_back(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.proxy_is_tcp = true,
							.t1_ms = 500,
							.peer_quiet_ms = QUIET_MS,
							.limits = slow_pace});
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_begin(rig, &end);
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1001@pbx.example FAILED "
			     "remote-server-timeout");
	assert_int_equal(text_peer_count(rig->peer, "OPTIONS "), 3);
	expect_status(rig, "down");
	pa_watch_as(rig, "romeo");
	rig_expect_line(rig, "answered xmpp:romeo@chat.example sip:1001@pbx.example FAILED");
	for (int i = 0; i < 6; i++)
		assert_non_null(text_peer_expect(rig->peer, "OPTIONS "));
	assert_int_equal(fake_bridge_count(rig->bridge, "FAILED"), 0);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	expect_refreshes_in_pace(rig, &end);
	pa_notify(rig, &end, "active;expires=3600", pa_document("back", room, sizeof room), "200");
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1001@pbx.example ALLOWED");
	rig_expect_line(rig, "note=back");
	rig_free(&rig);
}

/* Answers what comes until both were refreshed in their dialogs. */
static void expect_both_refreshed(struct rig *rig, const struct presence_agent *end,
				  const struct presence_agent *second)
{
	struct presence_agent found;
	bool has_first = false, has_second = false;

	for (int i = 0; i < 1000 && (!has_first || !has_second); i++) {
		text_peer_let_run(rig->peer, 10);
		answer_questions(rig);
		if (text_peer_count(rig->peer, "SUBSCRIBE ") == 0)
			continue;
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		pa_learn(&found, text);
		has_first |= strcmp(found.call_id, end->call_id) == 0;
		has_second |= strcmp(found.call_id, second->call_id) == 0;
		text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	}
	assert_true(has_first && has_second);
}

/* [D-26] [REL-024] [PRES-188]: away for a moment only, not down: what it wanted to tell meanwhile
 * it may have given up together with the subscription, each for itself, so all are refreshed. */
static void silence_refreshes_all(void **state)
{
	struct rig *rig = start(QUIET_MS);
	struct presence_agent end, second;

	(void)state;
	pa_begin(rig, &end);
	begin_second(rig, &second);
	for (int i = 0; i < 2; i++)
		assert_non_null(text_peer_expect(rig->peer, "OPTIONS "));
	answer_question(rig, "200 OK");
	expect_both_refreshed(rig, &end, &second);
	rig_free(&rig);
}

/* [D-26] [D-25] [REL-024]: a connection that is lost is a question at once; the server answers, so
 * one refresh shows whether it has forgotten. It has: all are refreshed. */
static void restart_between_questions_is_noticed(void **state)
{
	struct rig *rig = start(LONG_MS);
	struct presence_agent end, second, again;

	(void)state;
	pa_begin(rig, &end);
	begin_second(rig, &second);
	text_peer_hang_up(rig->peer);
	answer_question(rig, "200 OK");
	text_peer_answer(rig->peer, expect_refresh(rig, &end), "481 Gone", "");
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1001@pbx.example FAILED");
	bool has_new = false, has_refreshed = false;

	while (!has_new || !has_refreshed) {
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		assert_non_null(text);
		pa_learn(&again, text);
		assert_string_not_equal(again.call_id, end.call_id);
		if (strcmp(again.call_id, second.call_id) == 0)
			has_refreshed = true;
		else
			has_new = true;
		text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	}
	rig_free(&rig);
}

static void gives_up_soon(struct rig *rig)
{
	rig->params.give_up_ms = 300;
}

/* [D-26] [REL-024] [REL-027]: what the server told on a connection that broke it gives up later,
 * and the subscription with it, in silence (RFC 6665 section 4.2.2): when it has, all are
 * refreshed. One that closes connections all the time has that once an hour. */
static void broken_connection_refreshes_all_later(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){
		.proxy_is_tcp = true, .peer_quiet_ms = LONG_MS, .tune = gives_up_soon});
	struct presence_agent end, second;

	(void)state;
	pa_begin(rig, &end);
	begin_second(rig, &second);
	text_peer_hang_up(rig->peer);
	answer_question(rig, "200 OK");
	text_peer_answer(rig->peer, expect_refresh(rig, &end), "200 OK", "Expires: 3600\r\n");
	expect_both_refreshed(rig, &end, &second);
	text_peer_hang_up(rig->peer);
	text_peer_let_run(rig->peer, 900);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

/* [REL-027] [D-26]: a server that closes connections and has forgotten nothing costs one question
 * and one refresh, and not again for a while. */
static void closed_connection_is_no_storm(void **state)
{
	struct rig *rig = start(LONG_MS);
	struct presence_agent end, second;

	(void)state;
	pa_begin(rig, &end);
	begin_second(rig, &second);
	text_peer_hang_up(rig->peer);
	answer_question(rig, "200 OK");
	text_peer_answer(rig->peer, expect_refresh(rig, &end), "200 OK", "Expires: 3600\r\n");
	text_peer_hang_up(rig->peer);
	text_peer_let_run(rig->peer, 300);
	assert_int_equal(text_peer_count(rig->peer, "OPTIONS "), 0);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "FAILED"), 0);
	rig_free(&rig);
}

/* [REL-024] [D-26]: nobody listens any more: down without waiting for silence. */
static void refused_connection_is_down(void **state)
{
	struct rig *rig = start(LONG_MS / 20); /* a second between questions */
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	text_peer_no_tcp(rig->peer);
	text_peer_hang_up(rig->peer);
	rig_expect_line(rig, "FAILED remote-server-timeout");
	expect_status(rig, "down");
	assert_int_equal(text_peer_count(rig->peer, "OPTIONS "), 0);
	rig_free(&rig);
}

/* [D-26] [REL-024]: over UDP, too: nobody is at the port. */
static void dead_port_is_down(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.peer_quiet_ms = QUIET_MS});
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	text_peer_deaf(rig->peer);
	rig_expect_line(rig, "FAILED remote-server-timeout");
	expect_status(rig, "down");
	rig_free(&rig);
}

/* [D-25] [REL-027]: a refresh that finds its dialog forgotten has the others refreshed; that
 * happens once, a second one soon after is alone. */
static void forgotten_dialog_asks_for_all(void **state)
{
	struct rig *rig = start(LONG_MS);
	struct presence_agent end, second, again, fresh;

	(void)state;
	pa_begin(rig, &end);
	begin_second(rig, &second);
	pa_notify(rig, &end, "active;expires=2", NULL, "200"); /* refreshed after a second */
	text_peer_answer(rig->peer, expect_refresh(rig, &end), "481 Gone", "");
	bool has_new = false, has_refreshed = false;

	while (!has_new || !has_refreshed) {
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		assert_non_null(text);
		pa_learn(&again, text);
		if (strcmp(again.call_id, second.call_id) == 0) {
			has_refreshed = true;
		} else {
			has_new = true;
			fresh = again;
		}
		text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	}
	pa_notify(rig, &fresh, "active;expires=3600", NULL, "200");
	pa_notify(rig, &second, "active;expires=3600", NULL, "200");
	text_peer_let_run(rig->peer, 100); /* repeats */
	while (text_peer_count(rig->peer, "SUBSCRIBE ") != 0)
		(void)text_peer_expect(rig->peer, "SUBSCRIBE ");
	pa_notify(rig, &second, "active;expires=2", NULL, "200");
	text_peer_answer(rig->peer, expect_refresh(rig, &second), "481 Gone", "");
	pa_accept(rig, &again, "200 OK", "Expires: 3600\r\n");
	assert_string_not_equal(again.call_id, second.call_id);
	pa_notify(rig, &again, "active;expires=3600", NULL, "200");
	text_peer_let_run(rig->peer, 1200);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked_only_while_it_matters),
		cmocka_unit_test(question_is_complete),
		cmocka_unit_test(any_answer_is_alive),
		cmocka_unit_test(who_speaks_is_not_asked),
		cmocka_unit_test(silence_is_down_and_back),
		cmocka_unit_test(silence_refreshes_all),
		cmocka_unit_test(restart_between_questions_is_noticed),
		cmocka_unit_test(broken_connection_refreshes_all_later),
		cmocka_unit_test(closed_connection_is_no_storm),
		cmocka_unit_test(refused_connection_is_down),
		cmocka_unit_test(dead_port_is_down),
		cmocka_unit_test(forgotten_dialog_asks_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
