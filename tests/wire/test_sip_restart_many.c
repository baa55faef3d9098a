/* Our own subscriptions over a restart, the rarer things, by bytes: lists and phones of chat users,
 * pace and order, what nobody wants any more, and rows that are of no use (REL-013, REL-014,
 * D-49). */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/mem.h"
#include "loop/loop.h"
#include "sip/sip_side.h"
#include "wire/list_server.h"
#include "wire/row_keeper.h"

#define JULIET "xmpp:juliet@chat.example sip:1001@pbx.example "

enum { SOON_MS = 60, MANY = 1200, HARD_PER_S = 1000 };

static const struct map_user juliet = {.jid = "juliet@chat.example",
				       .extension = "sip:1001@pbx.example"};

static struct rig *start(const char *profile, void (*tune)(struct rig *rig))
{
	return rig_new(&(struct rig_options){
		.profile = profile, .tune = tune, .users = &juliet, .user_count = 1});
}

static const struct sip_text *expect_expires(struct rig *rig, const struct presence_agent *end,
					     const char *expires)
{
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	char room[256];

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room), end->call_id);
	assert_string_equal(sip_text_tag(text, "To", room, sizeof room), end->tag);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), expires);
	return text;
}

static void expect_refresh(struct rig *rig, const struct presence_agent *end)
{
	text_peer_answer(rig->peer, expect_expires(rig, end, "3600"), "200 OK",
			 "Expires: 3600\r\n");
}

static void expect_nothing(struct rig *rig)
{
	text_peer_let_run(rig->peer, SOON_MS);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
}

static void forget_lines(struct rig *rig)
{
	while (rig->bridge->count != 0)
		mem_free(fake_bridge_expect(rig->bridge, ""));
}

/* Lists and phones ----------------------------------------------------------------------------- */

static void kept_list(struct rig *rig)
{
	row_keeper_tune(rig);
	ls_tune(rig);
}

/* [EVT-064] [REL-013] [D-17]: the list goes on in its dialog, and nobody on it gets a subscription
 * of his own, not even when a part of the list comes before the whole. */
static void lists_go_on(void **state)
{
	struct rig *rig = start("asterisk", kept_list);
	struct presence_agent end;

	(void)state;
	ls_begin(rig, &end);
	row_keeper_restart(rig, NULL);
	forget_lines(rig);
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	expect_refresh(rig, &end);
	ls_notify(rig, &end, "active;expires=3600", ls_list("7", false, LS_ROWS("1001 part")));
	ls_expect_user(rig, "1001", "open=1 show=- note=part");
	text_peer_let_run(rig->peer, 500); /* a whole list has settled by now */
	assert_int_equal(fake_bridge_count(rig->bridge, "1002"), 0);
	ls_notify(rig, &end, "active;expires=3600",
		  ls_list("8", true, LS_ROWS("1001 whole", "1002 there")));
	ls_expect_user(rig, "1001", "open=1 show=- note=whole");
	ls_expect_user(rig, "1002", "open=1 show=- note=there");
	text_peer_let_run(rig->peer, 500);
	while (text_peer_count(rig->peer, "SUBSCRIBE ") > 0)
		expect_refresh(rig, &end); /* the whole was asked for: a part needs one */
	row_keeper_free_rig(&rig);
}

static void voicemail_and_calls(struct rig *rig)
{
	row_keeper_tune(rig);
	rig->params.tells_voicemail = true;
	rig->params.tells_missed_calls = true;
}

/* [D-06] [REL-013]: what a PBX tells a chat user of his own phone goes on, too. */
static void phones_of_chat_users_go_on(void **state)
{
	struct rig *rig = start("asterisk", voicemail_and_calls);
	struct presence_agent ends[2], *mailbox, *calls;
	char room[256];

	(void)state;
	for (int i = 0; i < 2; i++)
		pa_accept(rig, &ends[i], "200 OK", "Expires: 3600\r\n");
	mailbox = strcmp(ends[0].event, "message-summary") == 0 ? &ends[0] : &ends[1];
	calls = mailbox == &ends[0] ? &ends[1] : &ends[0];
	mailbox->type = "application/simple-message-summary";
	pa_notify(rig, mailbox, "active;expires=3600",
		  "Messages-Waiting: yes\r\nVoice-Message: 1/0\r\n", "200");
	pa_notify(rig, calls, "active;expires=3600", pa_dialogs(1, "", room, sizeof room), "200");
	rig_expect_line(rig, "New voicemail: 1 new");
	assert_int_equal(row_keeper_of(rig)->count, 2);
	row_keeper_restart(rig, NULL);
	for (int i = 0; i < 2; i++) {
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");
		const struct presence_agent *end;

		assert_non_null(text);
		sip_text_header(text, "Event", room, sizeof room);
		end = strcmp(room, "dialog") == 0 ? calls : mailbox;
		assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room),
				    end->call_id);
		text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	}
	pa_notify(rig, mailbox, "active;expires=3600",
		  "Messages-Waiting: yes\r\nVoice-Message: 2/0\r\n", "200");
	rig_expect_line(rig, "New voicemail: 2 new");
	expect_nothing(rig);
	row_keeper_free_rig(&rig);
}

/* Pace and order ------------------------------------------------------------------------------- */

static void ten_per_s(struct limits *limits)
{
	limits->outward_per_s = 10;
}

static void begin_user(struct rig *rig, const char *user)
{
	struct presence_agent end;

	pa_watch_user(rig, user);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active;expires=3600", NULL, "200");
}

/* [REL-014] [D-49]: soonest end first, whatever the order in which the core asks. */
static void soonest_end_first(void **state)
{
	static const char *const users[] = {"1001", "1002", "1003", "1004"};
	static const int ends_s[] = {900, 3000, 300, 2000};
	static const char *const order[] = {"1003", "1001", "1004", "1002"};
	struct rig *rig =
		rig_new(&(struct rig_options){.tune = row_keeper_tune, .limits = ten_per_s});
	char uri[64], room[128];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(users); i++)
		begin_user(rig, users[i]);
	for (size_t i = 0; i < CHECK_COUNT(users); i++) {
		struct row_keeper *keeper = row_keeper_of(rig);

		for (size_t k = 0; k < CHECK_COUNT(users); k++) {
			if (strcmp(keeper->rows[k].watched.local, users[i]) == 0)
				keeper->rows[k].expires_s =
					loop_wall_ms(rig->loop) / 1000 + ends_s[i];
		}
	}
	row_keeper_restart(rig, NULL);
	for (size_t i = 0; i < CHECK_COUNT(users); i++)
		pa_watch_user(rig, users[i]);
	for (size_t i = 0; i < CHECK_COUNT(order); i++) {
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		assert_non_null(text);
		snprintf(uri, sizeof uri, "<sip:%s@pbx.example>;tag=nt", order[i]);
		assert_string_equal(sip_text_header(text, "To", room, sizeof room), uri);
		text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	}
	row_keeper_free_rig(&rig);
}

/* Rows of many users, like the one that is there. */
static void multiply(struct rig *rig, size_t count)
{
	struct row_keeper *keeper = row_keeper_of(rig);
	char text[64];

	for (size_t i = 1; i < count; i++) {
		struct dialog_row row;

		dialog_row_copy(&row, &keeper->rows[0]);
		row.id = (int64_t)(1000 + i);
		row.expires_s += (int64_t)(i % 3000);
		address_clear(&row.watched);
		snprintf(text, sizeof text, "u%zu", i);
		address_set(&row.watched, SIDE_SIP, text, "pbx.example");
		mem_free(row.call_id);
		snprintf(text, sizeof text, "call-%zu", i);
		row.call_id = mem_strdup(text);
		mem_free(row.remote);
		snprintf(text, sizeof text, "<sip:u%zu@pbx.example>", i);
		row.remote = mem_strdup(text);
		keeper->ops.put(&row, NULL, NULL, keeper);
		dialog_row_clear(&row);
	}
	row_keeper_flush(keeper);
}

static void watch_many(struct rig *rig, size_t count)
{
	char user[16];

	for (size_t i = 1; i < count; i++) {
		snprintf(user, sizeof user, "u%zu", i);
		pa_watch_user(rig, user);
	}
}

/* Answers each SUBSCRIBE once; returns how many there were. */
static size_t answer_all(struct rig *rig)
{
	size_t count = text_peer_count(rig->peer, "SUBSCRIBE ");

	for (size_t i = 0; i < count; i++)
		text_peer_answer(rig->peer, text_peer_expect(rig->peer, "SUBSCRIBE "), "200 OK",
				 "Expires: 3600\r\n");
	return count;
}

static void most_per_s(struct limits *limits)
{
	limits->outward_per_s = 1000;
}

/* Until count requests went out: in no second more than the hard limit. A slow disk writes now and
 * then, much at once. */
static void expect_in_pace(struct rig *rig, size_t count, uint64_t sent)
{
	static uint64_t sent_after[4 * MANY]; /* when each had certainly not been sent yet */
	uint64_t looked_ms = loop_now(rig->loop);
	size_t seen = 0;

	for (unsigned i = 0; seen < count; i++) {
		text_peer_let_run(rig->peer, 5);
		answer_all(rig);
		for (; sent < rig->counters.subscribe_out && seen < CHECK_COUNT(sent_after); sent++)
			sent_after[seen++] = looked_ms;
		looked_ms = loop_now(rig->loop);
		if (seen > HARD_PER_S)
			assert_true(looked_ms - sent_after[seen - 1 - HARD_PER_S] >= 1000);
		if (i % 100 == 99)
			row_keeper_flush(row_keeper_of(rig));
	}
}

/* [REL-014] [D-49]: a storm of restored dialogs and of new ones beside them, also with a disk that
 * stalls: in no second more than 1,000 requests, and all come to their turn. */
static void storm_in_pace(void **state)
{
	(void)state;
	for (int is_slow = 0; is_slow < 2; is_slow++) {
		struct rig *rig = rig_new(&(struct rig_options){.tune = row_keeper_tune,
								.limits = most_per_s,
								.proxy_is_tcp = true,
								.t1_ms = 500});
		uint64_t sent;

		begin_user(rig, "1001");
		multiply(rig, MANY);
		row_keeper_restart(rig, NULL);
		row_keeper_of(rig)->is_slow = is_slow != 0;
		sent = rig->counters.subscribe_out;
		watch_many(rig, 2 * MANY);
		expect_in_pace(rig, 2 * MANY - 2, sent);
		assert_int_equal(row_keeper_of(rig)->drops, 0);
		row_keeper_free_rig(&rig);
	}
}

/* What is of no use ---------------------------------------------------------------------------- */

/* [REL-013]: rows of a domain that is not served any more, and rows that are damaged, are dropped;
 * the others go on. */
static void useless_rows_are_dropped(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = row_keeper_tune});
	struct row_keeper *keeper = row_keeper_of(rig);
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	multiply(rig, 9);
	address_clear(&keeper->rows[1].watched);
	address_set(&keeper->rows[1].watched, SIDE_SIP, "1001", "gone.example");
	keeper->rows[2].value[0] = 77; /* of a format to come */
	keeper->rows[3].value_len--;
	keeper->rows[4].value[1] = 50;
	mem_free(keeper->rows[5].event);
	keeper->rows[5].event = mem_strdup("dialog");
	mem_free(keeper->rows[6].target);
	keeper->rows[6].target = mem_strdup("sip:a@b\r\nX: y");
	mem_free(keeper->rows[7].call_id); /* of another one */
	keeper->rows[7].call_id = mem_strdup(keeper->rows[0].call_id);
	mem_free(keeper->rows[8].value);
	keeper->rows[8].value = NULL;
	keeper->rows[8].value_len = 0;
	row_keeper_restart(rig, NULL);
	assert_int_equal(keeper->count, 1);
	pa_watch(rig);
	expect_refresh(rig, &end);
	row_keeper_free_rig(&rig);
}

static void hasty(struct rig *rig)
{
	row_keeper_tune(rig);
	rig->params.hold_ms = 50;
}

/* [D-48] [D-49] [PRES-058]: what nobody asks for after the start is ended in order. */
static void unwanted_ones_end(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = hasty});
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	row_keeper_restart(rig, NULL);
	forget_lines(rig);
	text_peer_answer(rig->peer, expect_expires(rig, &end, "0"), "200 OK", "Expires: 0\r\n");
	pa_notify(rig, &end, "terminated;reason=timeout", NULL, "200");
	text_peer_let_run(rig->peer, SOON_MS);
	assert_int_equal(row_keeper_of(rig)->count, 0);
	assert_int_equal(rig->bridge->count, 0);
	row_keeper_free_rig(&rig);
}

/* [REL-014] One that would end before the core comes to ask for it is kept up; when it is asked
 * for, what it told meanwhile is asked for again. */
static void those_near_their_end_are_kept_up(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = row_keeper_tune});
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_begin(rig, &end);
	row_keeper_of(rig)->rows[0].expires_s = loop_wall_ms(rig->loop) / 1000 + 25;
	row_keeper_restart(rig, NULL);
	expect_refresh(rig, &end);
	pa_notify(rig, &end, "active;expires=3600", pa_document("unheard", room, sizeof room),
		  "200");
	text_peer_let_run(rig->peer, SOON_MS);
	assert_int_equal(rig->bridge->count, 0);
	assert_in_range(row_keeper_of(rig)->rows[0].expires_s,
			loop_wall_ms(rig->loop) / 1000 + 3500,
			loop_wall_ms(rig->loop) / 1000 + 3600);
	pa_watch(rig);
	expect_refresh(rig, &end);
	pa_notify(rig, &end, "active;expires=3600", pa_document("heard", room, sizeof room), "200");
	rig_expect_line(rig, "note=heard");
	row_keeper_free_rig(&rig);
}

/* Servers and disks ---------------------------------------------------------------------------- */

/* [REL-013]: with a disk that is slow the request waits until its number is reserved. */
static void numbers_are_reserved_before_use(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = row_keeper_tune});
	struct row_keeper *keeper = row_keeper_of(rig);
	struct presence_agent end;
	int64_t kept;

	(void)state;
	pa_begin(rig, &end);
	row_keeper_restart(rig, NULL);
	kept = keeper->rows[0].local_cseq;
	keeper->is_slow = true;
	pa_watch(rig);
	expect_nothing(rig);
	row_keeper_restart(rig, NULL); /* nothing was written, nothing was sent */
	assert_int_equal(keeper->rows[0].local_cseq, kept);
	pa_watch(rig);
	expect_nothing(rig);
	row_keeper_flush(keeper);
	expect_refresh(rig, &end);
	assert_true(keeper->rows[0].local_cseq > kept);
	row_keeper_free_rig(&rig);
}

static void dialogs_only(struct rig *rig)
{
	row_keeper_tune(rig);
	rig->peers[0].profile.packages = PACKAGE_DIALOG;
}

/* [D-22] [D-49] [DLG-008]: what comes between the start and the refresh may be a part of a whole
 * that is not known any more: answered, and not shown. */
static void parts_before_the_refresh(void **state)
{
	static const char part[] =
		"<?xml version=\"1.0\"?><dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" "
		"version=\"2\" state=\"partial\" entity=\"sip:1001@pbx.example\">" PA_ROW(
			"b", "recipient", "terminated") "</dialog-info>";
	struct rig *rig = rig_new(&(struct rig_options){.tune = dialogs_only});
	struct row_keeper *keeper = row_keeper_of(rig);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active;expires=3600",
		  pa_dialogs(1, PA_ROW("a", "recipient", "confirmed"), room, sizeof room), "200");
	rig_expect_line(rig, "phone=in-call");
	row_keeper_restart(rig, NULL);
	keeper->is_slow = true; /* so the refresh waits */
	forget_lines(rig);
	pa_watch(rig);
	rig_expect_line(rig, "answered " JULIET "ALLOWED");
	pa_notify(rig, &end, "active;expires=3600", part, "200");
	expect_nothing(rig);
	assert_int_equal(rig->bridge->count, 0);
	row_keeper_flush(keeper);
	expect_refresh(rig, &end);
	pa_notify(rig, &end, "active;expires=3600",
		  pa_dialogs(3, PA_ROW("a", "recipient", "confirmed"), room, sizeof room), "200");
	rig_expect_line(rig, "phone=in-call");
	assert_int_equal(rig->bridge->count, 0);
	row_keeper_free_rig(&rig);
}

/* [REL-024] [D-26] [D-49]: a server that is away when we start: its users' states are doubted as
 * ever, the dialogs wait, and go on when it is back. */
static void server_down_at_the_start(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){
		.tune = row_keeper_tune, .proxy_is_tcp = true, .t1_ms = 500, .peer_quiet_ms = 300});
	struct presence_agent end;
	char room[256];

	(void)state;
	pa_begin(rig, &end);
	row_keeper_restart(rig, NULL);
	pa_watch(rig);
	rig_expect_line(rig, "answered " JULIET "ALLOWED");
	rig_expect_line(rig, "answered " JULIET "FAILED remote-server-timeout");
	assert_int_equal(fake_bridge_count(rig->bridge, "REJECTED"), 0);
	assert_int_equal(row_keeper_of(rig)->count, 1);
	for (bool is_back = false; !is_back;) {
		text_peer_let_run(rig->peer, 10);
		while (text_peer_count(rig->peer, "OPTIONS ") > 0)
			text_peer_answer(rig->peer, text_peer_expect(rig->peer, "OPTIONS "),
					 "200 OK", "");
		if (rig->counters.subscribe_out < 3 ||
		    text_peer_count(rig->peer, "SUBSCRIBE ") == 0)
			continue;
		while (text_peer_count(rig->peer, "SUBSCRIBE ") > 0) {
			const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

			assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room),
					    end.call_id);
			text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
		}
		is_back = true;
	}
	pa_notify(rig, &end, "active;expires=3600", pa_document("back", room, sizeof room), "200");
	rig_expect_line(rig, "note=back");
	row_keeper_free_rig(&rig);
}

/* [D-48]: a stop does not wait for the last NOTIFY of one that was just left; the next start ends
 * it. */
static void left_before_a_stop(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = hasty, .t1_ms = 500});
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	pa_unwatch(rig);
	expect_expires(rig, &end, "0");
	assert_true(row_keeper_restart(rig, &(struct restart){.is_stopped = true}) < 1000);
	assert_int_equal(row_keeper_of(rig)->count, 1);
	text_peer_answer(rig->peer, expect_expires(rig, &end, "0"), "481 Gone", "");
	text_peer_let_run(rig->peer, SOON_MS);
	assert_int_equal(row_keeper_of(rig)->count, 0);
	row_keeper_free_rig(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_go_on),
		cmocka_unit_test(phones_of_chat_users_go_on),
		cmocka_unit_test(soonest_end_first),
		cmocka_unit_test(storm_in_pace),
		cmocka_unit_test(useless_rows_are_dropped),
		cmocka_unit_test(unwanted_ones_end),
		cmocka_unit_test(those_near_their_end_are_kept_up),
		cmocka_unit_test(numbers_are_reserved_before_use),
		cmocka_unit_test(parts_before_the_refresh),
		cmocka_unit_test(server_down_at_the_start),
		cmocka_unit_test(left_before_a_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
