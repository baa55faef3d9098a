/* What a PBX tells a chat user of his own phone, by bytes: voicemail (Event message-summary, RFC
 * 3842) and missed calls (Event dialog, RFC 4235) of users[].extension. [D-06] */
#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"

#define TO_JULIET "message x sip:1001@pbx.example xmpp:juliet@chat.example "
#define SUMMARY   "application/simple-message-summary"
#define CALL(id, state, name, user)                                                                \
	"<dialog id=\"" id "\" direction=\"recipient\"><state>" state "</state><remote><identity " \
	"display=\"" name "\">sip:" user "@pbx.example</identity></remote></dialog>"
#define ANN(id, state) CALL(id, state, "Ann", "1005")
#define BOB(id, state) CALL(id, state, "Bob", "1006")

static const struct map_user juliet = {.jid = "juliet@chat.example",
				       .extension = "sip:1001@pbx.example"};
static const struct map_user two_users[] = {
	{.jid = "juliet@chat.example", .extension = "sip:1001@pbx.example"},
	{.jid = "romeo@chat.example", .extension = "sip:1001@pbx.example"},
	{.jid = "tybalt@elsewhere.example", .extension = "sip:1001@pbx.example"},
	{.jid = "nurse@chat.example"},
};
static const struct map_user two_phones[] = {
	{.jid = "juliet@chat.example", .extension = "sip:1001@pbx.example"},
	{.jid = "romeo@chat.example", .extension = "sip:1002@pbx.example"},
};

static void voicemail(struct rig *rig)
{
	rig->params.tells_voicemail = true;
}

static void missed(struct rig *rig)
{
	rig->params.tells_missed_calls = true;
}

static void missed_in_german(struct rig *rig)
{
	missed(rig);
	rig->params.language = "de-AT";
}

static struct rig *start(void (*tune)(struct rig *rig), int t1_ms)
{
	return rig_new(&(struct rig_options){.profile = "asterisk",
					     .users = &juliet,
					     .user_count = 1,
					     .tune = tune,
					     .t1_ms = t1_ms});
}

/* Takes the SUBSCRIBE of an event, which is not refused. */
static void accept_event(struct rig *rig, struct presence_agent *end, const char *event)
{
	pa_accept(rig, end, "200 OK", "Expires: 3600\r\n");
	assert_string_equal(end->event, event);
	end->type = strcmp(event, "dialog") == 0 ? NULL : SUMMARY;
}

static void tell_summary(struct rig *rig, struct presence_agent *end, const char *counts)
{
	char room[256];

	snprintf(room, sizeof room, "Messages-Waiting: %s\r\nVoice-Message: %s\r\n",
		 counts[0] == '0' ? "no" : "yes", counts);
	pa_notify(rig, end, "active;expires=3600", room, "200");
}

static void tell_calls(struct rig *rig, struct presence_agent *end, const char *rows)
{
	char room[2048];

	pa_notify(rig, end, "active;expires=3600", pa_dialogs(end->cseq, rows, room, sizeof room),
		  "200");
}

static void expect_told(struct rig *rig, const char *text)
{
	char *line = fake_bridge_expect(rig->bridge, "message x ");

	if (line == NULL)
		fail_msg("nothing was told, wanted: %s", text);
	else if (strstr(line, TO_JULIET) == NULL || strstr(line, text) == NULL)
		fail_msg("told: %s\nwanted: %s", line, text);
	mem_free(line);
}

/* What the core has heard by now. */
static void expect_untold(struct rig *rig)
{
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(fake_bridge_count(rig->bridge, "message"), 0);
}

static void expect_header(const struct sip_text *text, const char *name, const char *start)
{
	char room[512];

	assert_memory_equal(sip_text_header(text, name, room, sizeof room), start, strlen(start));
}

/* [PBX-015] [PBX-016] [D-17]: one SUBSCRIBE, complete, in the name of the bridge. */
static void a_mailbox_is_subscribed_to(void **state)
{
	struct rig *rig = start(voicemail, 0);
	const struct sip_text *text =
		text_peer_expect(rig->peer, "SUBSCRIBE sip:1001@pbx.example SIP/2.0");

	(void)state;
	assert_non_null(text);
	expect_header(text, "Event", "message-summary");
	expect_header(text, "Accept", SUMMARY);
	expect_header(text, "To", "<sip:1001@pbx.example>");
	expect_header(text, "From", "<sip:sipxmppd@chat.example>;tag=");
	assert_int_equal(sip_text_header_count(text, "Accept"), 1);
	assert_int_equal(sip_text_header_count(text, "Supported"), 0);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(rig->counters.subscribe_out, 1);
	rig_free(&rig);
}

/* More than was known is told, and nothing else. */
static void new_voicemail_is_told(void **state)
{
	struct rig *rig = start(voicemail, 0);
	struct presence_agent end;

	(void)state;
	accept_event(rig, &end, "message-summary");
	tell_summary(rig, &end, "0/4 (0/0)");
	expect_untold(rig);
	tell_summary(rig, &end, "1/4 (0/0)");
	expect_told(rig,
		    "kind=chat thread=- wants=0 life=0 wait=1 typing=0 sent=0 origin=-,-,-,-,- "
		    "nick=- lang=en subject=- hops=-1: New voicemail: 1 new, 4 old");
	sip_side_ops()->finish(rig->side, rig->bridge->last_x, OUTCOME_STORED, NULL);
	tell_summary(rig, &end, "1/4 (0/0)");
	expect_untold(rig);
	tell_summary(rig, &end, "3/4 (2/0)");
	expect_told(rig, ": New voicemail: 3 new (2 urgent), 4 old");
	tell_summary(rig, &end, "2/5 (1/0)"); /* one was heard */
	expect_untold(rig);
	tell_summary(rig, &end, "3/5 (1/0)");
	expect_told(rig, ": New voicemail: 3 new (1 urgent), 5 old");
	tell_summary(rig, &end, "0/8");
	expect_untold(rig);
	pa_notify(rig, &end, "active;expires=3600", "Messages-Waiting: yes\r\n", "200");
	expect_told(rig, ": New voicemail");
	rig_free(&rig);
}

/* Each event has a uid of its own, which is that of the event and not of the telling. */
static void uids_name_events(void **state)
{
	struct rig *rig = start(voicemail, 0);
	struct presence_agent end;
	char *lines[2];

	(void)state;
	accept_event(rig, &end, "message-summary");
	tell_summary(rig, &end, "1/0");
	lines[0] = fake_bridge_expect(rig->bridge, "message");
	tell_summary(rig, &end, "0/1");
	tell_summary(rig, &end, "1/0");
	lines[1] = fake_bridge_expect(rig->bridge, "message");
	for (int i = 0; i < 2; i++) {
		assert_non_null(lines[i]);
		assert_non_null(strstr(lines[i], "uid="));
		*strstr(lines[i], " kind=") = '\0';
	}
	assert_int_equal(strlen(strstr(lines[0], "uid=")), 36);
	assert_string_not_equal(lines[0], lines[1]);
	mem_free(lines[0]);
	mem_free(lines[1]);
	rig_free(&rig);
}

/* [D-22] [D-24]: whatever a NOTIFY holds is answered, and only what is understood is told. */
static void what_cannot_be_read_is_not_told(void **state)
{
	struct rig *rig = start(voicemail, 0);
	struct presence_agent end;

	(void)state;
	accept_event(rig, &end, "message-summary");
	pa_notify(rig, &end, "active;expires=3600", NULL, "200");
	pa_notify(rig, &end, "active;expires=3600", "nonsense", "200");
	pa_notify(rig, &end, "active;expires=3600", "", "200");
	pa_notify(rig, &end, "pending;expires=3600", "Messages-Waiting: yes\r\n", "200");
	end.type = "text/plain";
	pa_notify(rig, &end, "active;expires=3600", "Messages-Waiting: yes\r\n", "200");
	expect_untold(rig);
	end.type = "Application/Simple-Message-Summary; charset=utf-8";
	tell_summary(rig, &end, "1/0");
	expect_told(rig, ": New voicemail: 1 new, 0 old");
	rig_free(&rig);
}

/* A subscription that was lost, and a restart: the same state is not told again, more is. */
static void a_state_is_told_once(void **state)
{
	struct rig *rig = start(voicemail, 0);
	struct presence_agent end;
	char error[128];

	(void)state;
	accept_event(rig, &end, "message-summary");
	tell_summary(rig, &end, "2/0");
	expect_told(rig, ": New voicemail: 2 new, 0 old");
	pa_notify(rig, &end, "terminated;reason=timeout", NULL, "200");
	accept_event(rig, &end, "message-summary");
	tell_summary(rig, &end, "2/0");
	expect_untold(rig);
	sip_side_free(&rig->side);
	assert_int_equal(sip_side_new(&rig->side, &rig->params, error, sizeof error), 0);
	accept_event(rig, &end, "message-summary");
	tell_summary(rig, &end, "2/0");
	expect_untold(rig);
	tell_summary(rig, &end, "3/0");
	expect_told(rig, ": New voicemail: 3 new, 0 old");
	rig_free(&rig);
}

static void slowly(struct limits *limits)
{
	limits->outward_per_s = 1;
}

/* [D-21] A server without the package is left alone, also with the phones that were not asked for
 * yet. */
static void an_unknown_package_is_not_asked_for_again(void **state)
{
	static const struct {
		const char *status;
		uint64_t asked;
	} rows[] = {{"489 Bad Event", 1}, {"404 Not Found", 2}};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk",
								.users = two_phones,
								.user_count = 2,
								.limits = slowly,
								.tune = voicemail});
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		assert_non_null(text);
		text_peer_answer(rig->peer, text, rows[i].status, "");
		for (int k = 0; k < 25 && rig->counters.subscribe_out < 2; k++)
			text_peer_let_run(rig->peer, 100);
		assert_int_equal(rig->counters.subscribe_out, rows[i].asked);
		assert_int_equal(rig->bridge->count, 0);
		rig_free(&rig);
	}
}

/* Off by default; a phone of nobody is left alone. */
static void nothing_without_the_settings(void **state)
{
	struct rig *rig = start(NULL, 0);

	(void)state;
	text_peer_let_run(rig->peer, 100);
	assert_int_equal(rig->counters.subscribe_out, 0);
	rig_free(&rig);
}

/* [D-17] [D-03]: with subscribe_as = watcher the user himself asks; one phone of two users is asked
 * for once, and who may not use the bridge is told nothing. */
static void several_users_of_one_phone(void **state)
{
	struct rig *rig = rig_new(
		&(struct rig_options){.users = two_users, .user_count = 4, .tune = voicemail});
	struct presence_agent end;

	(void)state;
	accept_event(rig, &end, "message-summary");
	assert_string_equal(end.to, "<sip:juliet@chat.example>");
	tell_summary(rig, &end, "1/0");
	rig_expect_line(rig, TO_JULIET);
	rig_expect_line(rig, "message x sip:1001@pbx.example xmpp:romeo@chat.example ");
	expect_untold(rig);
	assert_int_equal(rig->counters.subscribe_out, 1);
	rig_free(&rig);
}

/* [PBX-005]: a call that rings out is told once, with its caller, though show_caller is off: it is
 * his own phone. */
static void a_missed_call_is_told(void **state)
{
	struct rig *rig = start(missed, 0);
	struct presence_agent end;

	(void)state;
	assert_false(rig->peers[0].profile.show_caller);
	accept_event(rig, &end, "dialog");
	tell_calls(rig, &end, PA_ROW("1001", "recipient", "terminated"));
	tell_calls(rig, &end, ANN("1001", "early"));
	tell_calls(rig, &end, ANN("1001", "early"));
	tell_calls(rig, &end, "<dialog id=\"1001\"><state>terminated</state></dialog>");
	tell_calls(rig, &end, "<dialog id=\"1001\"><state>terminated</state></dialog>");
	expect_told(rig, "lang=en subject=- hops=-1: Missed call from Ann (1005)");
	/* an answered one is not told, the next one is */
	tell_calls(rig, &end, ANN("1001", "early"));
	tell_calls(rig, &end, "<dialog id=\"1001\"><state>confirmed</state></dialog>");
	tell_calls(rig, &end, "<dialog id=\"1001\"><state>terminated</state></dialog>");
	text_peer_let_run(rig->peer, 300);
	tell_calls(rig, &end, PA_ROW("1001", "recipient", "early"));
	tell_calls(rig, &end, PA_ROW("1001", "recipient", "terminated"));
	expect_told(rig, ": Missed call");
	expect_untold(rig);
	rig_free(&rig);
}

static void in_the_language_of_the_settings(void **state)
{
	struct rig *rig = start(missed_in_german, 0);
	struct presence_agent end;

	(void)state;
	accept_event(rig, &end, "dialog");
	tell_calls(rig, &end, ANN("a", "early"));
	tell_calls(rig, &end, "");
	expect_told(rig, "lang=de subject=- hops=-1: Verpasster Anruf von Ann (1005)");
	rig_free(&rig);
}

/* [DLG-011] [EVT-019]: two phones answer one SUBSCRIBE. A call is one, and one that the other
 * answers is not missed. */
static void answered_at_another_phone(void **state)
{
	struct rig *rig = start(missed, 100);
	struct presence_agent desk, mobile;

	(void)state;
	accept_event(rig, &desk, "dialog");
	mobile = desk;
	mobile.tag = "mobile";
	tell_calls(rig, &desk, "");
	tell_calls(rig, &mobile, "");
	tell_calls(rig, &desk, ANN("a", "early"));
	tell_calls(rig, &mobile, ANN("b", "early"));
	tell_calls(rig, &desk, ANN("a", "terminated")); /* gives up first */
	text_peer_let_run(rig->peer, 600);
	assert_int_equal(fake_bridge_count(rig->bridge, "message"), 0); /* it rings there */
	tell_calls(rig, &mobile, ANN("b", "confirmed"));
	tell_calls(rig, &mobile, ANN("b", "confirmed") BOB("c", "early"));
	tell_calls(rig, &desk, BOB("d", "early"));
	tell_calls(rig, &mobile, ANN("b", "confirmed"));
	tell_calls(rig, &desk, "");
	expect_told(rig, ": Missed call from Bob (1006)");
	text_peer_let_run(rig->peer, 600);
	assert_int_equal(fake_bridge_count(rig->bridge, "message"), 0);
	rig_free(&rig);
}

/* [DLG-019]: what rang when the subscription was lost, is not known to have been missed; nor what
 * rang before a restart. */
static void unknown_is_not_missed(void **state)
{
	struct rig *rig = start(missed, 0);
	struct presence_agent end;
	char error[128];

	(void)state;
	accept_event(rig, &end, "dialog");
	tell_calls(rig, &end, ANN("a", "early"));
	pa_notify(rig, &end, "terminated;reason=timeout", NULL, "200");
	accept_event(rig, &end, "dialog");
	tell_calls(rig, &end, ANN("a", "terminated"));
	tell_calls(rig, &end, ANN("b", "early"));
	sip_side_free(&rig->side);
	assert_int_equal(sip_side_new(&rig->side, &rig->params, error, sizeof error), 0);
	accept_event(rig, &end, "dialog");
	tell_calls(rig, &end, ANN("b", "terminated"));
	text_peer_let_run(rig->peer, 300);
	tell_calls(rig, &end, BOB("c", "early"));
	tell_calls(rig, &end, "");
	expect_told(rig, ": Missed call from Bob (1006)");
	expect_untold(rig);
	rig_free(&rig);
}

static bool is_down(const struct rig *rig)
{
	struct buf text = BUF_INIT;
	bool is;

	sip_side_status(rig->side, &text);
	is = strstr(buf_text(&text), " down\n") != NULL;
	buf_free(&text);
	return is;
}

/* [D-26] [REL-024]: nor is what rang when the server was away for a while, though its dialog lives
 * on. */
static void a_silent_server_tells_of_no_end(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk",
							.users = &juliet,
							.user_count = 1,
							.tune = missed,
							.peer_quiet_ms = 300});
	struct presence_agent end;

	(void)state;
	accept_event(rig, &end, "dialog");
	tell_calls(rig, &end, ANN("a", "early"));
	for (int i = 0; i < 200 && !is_down(rig); i++)
		text_peer_let_run(rig->peer, 50);
	assert_true(is_down(rig));
	tell_calls(rig, &end, ANN("a", "terminated"));
	text_peer_let_run(rig->peer, 300);
	tell_calls(rig, &end, BOB("c", "early"));
	tell_calls(rig, &end, "");
	expect_told(rig, ": Missed call from Bob (1006)");
	expect_untold(rig);
	rig_free(&rig);
}

/* [D-39] nobody sent what the bridge itself says: when it cannot be delivered the phone is not
 * told. */
static void the_phone_hears_of_no_failure(void **state)
{
	struct rig *rig = start(voicemail, 0);
	struct address from = {0}, to = {0};
	struct message_report about = {.kind = REPORT_FAILED, .about = (char[]){"u"}};
	struct message message = {
		.what = MESSAGE_REPORT, .uid = (char[]){"u-f"}, .hops = -1, .report = &about};

	(void)state;
	fault_set(&about.fault, FAULT_ITEM_NOT_FOUND, NULL);
	address_set(&from, SIDE_XMPP, "juliet", "chat.example");
	address_set(&to, SIDE_SIP, "1001", "pbx.example");
	sip_side_ops()->deliver(rig->side, 7, &from, &to, &message);
	rig_expect_line(rig, "outcome 7 REFUSED not-acceptable");
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(text_peer_count(rig->peer, "MESSAGE"), 0);
	address_clear(&from);
	address_clear(&to);
	rig_free(&rig);
}

static void on_stopped(void *arg)
{
	*(bool *)arg = true;
}

/* [D-48]: both subscriptions are ended in order; what still waits to be told is not. */
static void the_stop_ends_them(void **state)
{
	struct rig *rig = start(voicemail, 500);
	struct presence_agent end;
	bool is_stopped = false;
	const struct sip_text *text;

	(void)state;
	accept_event(rig, &end, "message-summary");
	tell_summary(rig, &end, "0/0");
	sip_side_stop(rig->side, true, on_stopped, &is_stopped);
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_non_null(text);
	expect_header(text, "Expires", "0");
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 0\r\n");
	pa_notify(rig, &end, "terminated;reason=timeout", NULL, "200");
	text_peer_let_run(rig->peer, 50);
	assert_true(is_stopped);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mailbox_is_subscribed_to),
		cmocka_unit_test(new_voicemail_is_told),
		cmocka_unit_test(uids_name_events),
		cmocka_unit_test(what_cannot_be_read_is_not_told),
		cmocka_unit_test(a_state_is_told_once),
		cmocka_unit_test(an_unknown_package_is_not_asked_for_again),
		cmocka_unit_test(nothing_without_the_settings),
		cmocka_unit_test(several_users_of_one_phone),
		cmocka_unit_test(a_missed_call_is_told),
		cmocka_unit_test(in_the_language_of_the_settings),
		cmocka_unit_test(answered_at_another_phone),
		cmocka_unit_test(unknown_is_not_missed),
		cmocka_unit_test(a_silent_server_tells_of_no_end),
		cmocka_unit_test(the_phone_hears_of_no_failure),
		cmocka_unit_test(the_stop_ends_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
