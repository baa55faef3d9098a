/* Our own subscriptions at PBXs over a restart, by bytes (REL-012 to REL-014, D-48, D-49): the
 * process is killed or stops, and a new one goes on in the dialogs that were kept. */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/mem.h"
#include "loop/loop.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"
#include "wire/row_keeper.h"

#define JULIET "xmpp:juliet@chat.example sip:1001@pbx.example "

enum { SOON_MS = 60 };

static struct rig *start(const char *profile, void (*tune)(struct rig *rig))
{
	return rig_new(&(struct rig_options){.profile = profile, .tune = tune});
}

static unsigned cseq_of(const struct sip_text *text)
{
	char room[64];

	return (unsigned)strtoul(sip_text_header(text, "CSeq", room, sizeof room), NULL, 10);
}

/* Takes a SUBSCRIBE that goes on in the dialog of end, and answers it. Returns its CSeq. */
static unsigned expect_refresh(struct rig *rig, const struct presence_agent *end,
			       const char *status)
{
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	char room[256];
	unsigned cseq;

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room), end->call_id);
	assert_string_equal(sip_text_tag(text, "From", room, sizeof room), end->their_tag);
	assert_string_equal(sip_text_tag(text, "To", room, sizeof room), end->tag);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "3600");
	cseq = cseq_of(text);
	text_peer_answer(rig->peer, text, status, "Expires: 3600\r\n");
	return cseq;
}

static void expect_nothing(struct rig *rig)
{
	text_peer_let_run(rig->peer, SOON_MS);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
}

static void expect_untold(struct rig *rig)
{
	text_peer_let_run(rig->peer, SOON_MS);
	if (rig->bridge->count != 0)
		fail_msg("the core heard: %s", rig->bridge->lines[0]);
}

static void tell_one(struct rig *rig, struct presence_agent *end, const char *note)
{
	char room[512], line[128];

	pa_notify(rig, end, "active;expires=3600", pa_document(note, room, sizeof room), "200");
	snprintf(line, sizeof line, "presence " JULIET "open=1 show=- note=%s", note);
	rig_expect_line(rig, line);
}

/* [REL-012] [REL-013] [REL-014] [D-48] [D-49] [PRES-186] [EVT-031]: after a kill and after a stop,
 * which tells the PBX nothing and waits for nobody, the refresh goes out in the old dialog with a
 * CSeq that was never used, and NOTIFYs in it are what they were before; again and again. */
static void dialogs_go_on(void **state)
{
	static const struct restart ways[] = {{0}, {.is_stopped = true}, {0}};
	struct rig *rig = start(NULL, row_keeper_tune);
	struct presence_agent end;
	unsigned cseq = 0;

	(void)state;
	pa_begin(rig, &end);
	for (size_t i = 0; i < CHECK_COUNT(ways); i++) {
		uint64_t took_ms = row_keeper_restart(rig, &ways[i]);
		unsigned last = cseq;
		char note[16];

		assert_true(took_ms < 1000);
		expect_nothing(rig);
		pa_watch(rig);
		cseq = expect_refresh(rig, &end, "200 OK");
		assert_true(cseq > last);
		rig_expect_line(rig, "answered " JULIET "ALLOWED");
		/* on disk before it was sent */
		assert_true(row_keeper_find(rig, "presence", NULL)->local_cseq > cseq);
		snprintf(note, sizeof note, "after-%zu", i);
		tell_one(rig, &end, note);
		expect_untold(rig);
		expect_nothing(rig);
	}
	assert_int_equal(row_keeper_of(rig)->count, 1);
	row_keeper_free_rig(&rig);
}

/* [REL-013] What a row says, and when it is written: when the dialog is confirmed, not for each
 * NOTIFY; it goes with the dialog. */
static void rows_say_what_is_needed(void **state)
{
	struct rig *rig = start(NULL, row_keeper_tune);
	const struct row_keeper *keeper = row_keeper_of(rig);
	struct presence_agent end;
	const struct dialog_row *row;
	size_t puts;

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	text_peer_let_run(rig->peer, SOON_MS);
	assert_int_equal(keeper->puts, 0);
	pa_notify(rig, &end, "active;expires=3600", NULL, "200");
	text_peer_let_run(rig->peer, SOON_MS);
	row = row_keeper_find(rig, "presence", "nt");
	assert_non_null(row);
	assert_int_equal(row->role, DIALOG_ROW_SUBSCRIBER);
	assert_string_equal(row->call_id, end.call_id);
	assert_string_equal(row->local_tag, end.their_tag);
	assert_string_equal(row->watched.local, "1001");
	assert_string_equal(row->watched.domain, "pbx.example");
	assert_string_equal(row->watcher.local, "juliet");
	assert_int_equal(row->remote_cseq, end.cseq);
	assert_in_range(row->expires_s, loop_wall_ms(rig->loop) / 1000 + 3590,
			loop_wall_ms(rig->loop) / 1000 + 3600);
	puts = keeper->puts;
	for (int i = 0; i < 20; i++)
		pa_notify(rig, &end, "active;expires=3599", NULL, "200");
	assert_int_equal(keeper->puts, puts);
	pa_notify(rig, &end, "active;expires=1800", NULL, "200");
	assert_int_equal(keeper->puts, puts + 1);
	pa_notify(rig, &end, "terminated;reason=rejected", NULL, "200");
	text_peer_let_run(rig->peer, SOON_MS);
	assert_int_equal(keeper->count, 0);
	row_keeper_free_rig(&rig);
}

/* [REL-013] [SEC-006] [SEC-007] [D-22] [EVT-020]: NOTIFYs that come before the core has asked are
 * answered, and nothing of them is lost: the refresh asks for it all. Those that are not of the
 * dialog are not. */
static void notifies_before_anybody_asks(void **state)
{
	struct rig *rig = start(NULL, row_keeper_tune);
	struct presence_agent end, other;
	char room[512];

	(void)state;
	pa_begin(rig, &end);
	row_keeper_restart(rig, NULL);
	pa_notify(rig, &end, "active;expires=3000", pa_document("lost", room, sizeof room), "200");
	other = end;
	other.tag = "another";
	pa_notify(rig, &other, "active", NULL, "481");
	other = end;
	strcpy(other.their_tag, "0123456789abcdef");
	pa_notify(rig, &other, "active", NULL, "481");
	other = end;
	strcpy(other.call_id, "other");
	pa_notify(rig, &other, "terminated;reason=rejected", NULL, "481");
	expect_untold(rig);
	expect_nothing(rig);
	pa_watch(rig);
	rig_expect_line(rig, "answered " JULIET "ALLOWED");
	expect_refresh(rig, &end, "200 OK");
	tell_one(rig, &end, "now");
	expect_untold(rig);
	row_keeper_free_rig(&rig);
}

/* [SEC-006]: the dialog belongs to the address it came from, also after a restart. */
static void notifies_from_elsewhere(void **state)
{
	struct rig *rig = start(NULL, row_keeper_tune);
	struct dialog_row *row;
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_begin(rig, &end);
	row = &row_keeper_of(rig)->rows[0];
	assert_non_null(strstr(row->peer, "127.0.0.1"));
	mem_free(row->peer);
	row->peer = mem_strdup("192.0.2.9:5060");
	row_keeper_restart(rig, NULL);
	pa_notify(rig, &end, "active;expires=3000", pa_document("bad", room, sizeof room), "481");
	pa_watch(rig);
	rig_expect_line(rig, "answered " JULIET "ALLOWED");
	pa_notify(rig, &end, "active;expires=3000", pa_document("bad", room, sizeof room), "481");
	expect_untold(rig);
	row_keeper_free_rig(&rig);
}

/* [D-49] Ended while nobody was there, or ended by the PBX before anybody asked: a new one. */
static void ended_meanwhile(void **state)
{
	(void)state;
	for (int by_pbx = 0; by_pbx < 2; by_pbx++) {
		struct rig *rig = start(NULL, row_keeper_tune);
		struct presence_agent end, again;

		pa_begin(rig, &end);
		if (!by_pbx)
			row_keeper_of(rig)->rows[0].expires_s = loop_wall_ms(rig->loop) / 1000 - 1;
		row_keeper_restart(rig, NULL);
		if (by_pbx)
			pa_notify(rig, &end, "terminated;reason=timeout", NULL, "200");
		assert_int_equal(row_keeper_of(rig)->count, 0);
		pa_watch(rig);
		pa_accept(rig, &again, "200 OK", "Expires: 3600\r\n");
		assert_string_not_equal(again.call_id, end.call_id);
		expect_untold(rig);
		pa_notify(rig, &end, "active", NULL, "481");
		tell_one(rig, &again, "again");
		rig_expect_line(rig, "answered " JULIET "ALLOWED");
		assert_int_equal(row_keeper_of(rig)->count, 1);
		row_keeper_free_rig(&rig);
	}
}

/* [D-25] [D-26] [D-49] [PRES-050]: the PBX does not know the dialog any more, says 500, or nothing:
 * a new one at once; the core hears that it failed for now, and no more. */
static void forgotten_meanwhile(void **state)
{
	static const char *const answers[] = {"481 Gone", "500 Server Error", NULL};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(answers); i++) {
		struct rig *rig = start(NULL, row_keeper_tune);
		struct presence_agent end, again;

		pa_begin(rig, &end);
		row_keeper_restart(rig, NULL);
		pa_watch(rig);
		if (answers[i] != NULL)
			expect_refresh(rig, &end, answers[i]);
		do { /* over UDP: repeated */
			const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

			assert_non_null(text);
			pa_learn(&again, text);
			if (strcmp(again.call_id, end.call_id) != 0)
				text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
		} while (strcmp(again.call_id, end.call_id) == 0);
		rig_expect_line(rig, "answered " JULIET "ALLOWED");
		rig_expect_line(rig, "answered " JULIET "FAILED");
		expect_untold(rig);
		tell_one(rig, &again, "again");
		rig_expect_line(rig, "answered " JULIET "ALLOWED");
		assert_int_equal(row_keeper_of(rig)->count, 1);
		assert_string_equal(row_keeper_of(rig)->rows[0].call_id, again.call_id);
		row_keeper_free_rig(&rig);
	}
}

/* [D-49]: away for long, what was told before is no word for what is: only what is heard counts. */
static void doubtful_until_heard(void **state)
{
	struct rig *rig = start(NULL, row_keeper_tune);
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	row_keeper_restart(rig, &(struct restart){.is_doubtful = true});
	pa_watch(rig);
	expect_refresh(rig, &end, "200 OK");
	expect_untold(rig);
	tell_one(rig, &end, "heard");
	rig_expect_line(rig, "answered " JULIET "ALLOWED");
	row_keeper_free_rig(&rig);
}

/* A subscription that nobody has decided about is no answer. [PRES-043] */
static void pending_stays_pending(void **state)
{
	struct rig *rig = start(NULL, row_keeper_tune);
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "202 Accepted", "");
	pa_notify(rig, &end, "pending;expires=3600", NULL, "200");
	rig_expect_line(rig, "answered " JULIET "PENDING");
	row_keeper_restart(rig, NULL);
	pa_watch(rig);
	expect_refresh(rig, &end, "200 OK");
	expect_untold(rig);
	tell_one(rig, &end, "yes");
	rig_expect_line(rig, "answered " JULIET "ALLOWED");
	row_keeper_free_rig(&rig);
}

/* [REL-031]: a clock that is wrong throws nothing away. */
static void wrong_clock(void **state)
{
	static const int64_t ends_s[] = {1000, INT64_C(4102444800)}; /* 1970 and 2100 */

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(ends_s); i++) {
		struct rig *rig = start(NULL, row_keeper_tune);
		struct presence_agent end;

		pa_begin(rig, &end);
		row_keeper_of(rig)->rows[0].expires_s = ends_s[i];
		row_keeper_restart(rig,
				   &(struct restart){.is_doubtful = true, .clock_is_wrong = true});
		pa_watch(rig);
		expect_refresh(rig, &end, "200 OK");
		tell_one(rig, &end, "heard");
		row_keeper_free_rig(&rig);
	}
}

/* Nobody asks for it, and it is over before it is looked at: it is dropped where those that wait
 * are walked through. */
static void over_while_it_waits(void **state)
{
	struct rig *rig = start(NULL, row_keeper_tune);
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	row_keeper_find(rig, "presence", NULL)->expires_s = loop_wall_ms(rig->loop) / 1000 + 1;
	row_keeper_restart(rig, NULL);
	for (int i = 0; i < 100 && row_keeper_of(rig)->count != 0; i++)
		text_peer_let_run(rig->peer, SOON_MS);
	assert_int_equal(row_keeper_of(rig)->count, 0);
	row_keeper_free_rig(&rig);
}

static void dialogs_only(struct rig *rig)
{
	row_keeper_tune(rig);
	rig->peers[0].profile.packages = PACKAGE_DIALOG;
}

/* [EVT-019] [DLG-011] [REL-013]: phones that answered the same SUBSCRIBE go on each in its own
 * dialog. */
static void forks_go_on(void **state)
{
	struct rig *rig = start(NULL, dialogs_only);
	struct presence_agent end, fork;
	char room[512];
	bool has[2] = {false, false};

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	fork = end;
	fork.tag = "fork";
	pa_notify(rig, &end, "active;expires=3600", pa_dialogs(1, "", room, sizeof room), "200");
	pa_notify(rig, &fork, "active;expires=3600",
		  pa_dialogs(1, PA_ROW("a", "recipient", "confirmed"), room, sizeof room), "200");
	rig_expect_line(rig, "phone=in-call");
	row_keeper_restart(rig, NULL);
	assert_int_equal(row_keeper_of(rig)->count, 2);
	pa_watch(rig);
	for (int i = 0; i < 2; i++) {
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		assert_non_null(text);
		assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room),
				    end.call_id);
		has[strcmp(sip_text_tag(text, "To", room, sizeof room), "fork") == 0] = true;
		text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	}
	assert_true(has[0] && has[1]);
	pa_notify(rig, &fork, "active;expires=3600",
		  pa_dialogs(9, PA_ROW("a", "recipient", "confirmed"), room, sizeof room), "200");
	rig_expect_line(rig, "phone=in-call");
	pa_notify(rig, &end, "active;expires=3600", pa_dialogs(9, "", room, sizeof room), "200");
	pa_notify(rig, &fork, "active;expires=3600", pa_dialogs(10, "", room, sizeof room), "200");
	rig_expect_line(rig, "phone=idle");
	fork.tag = "third"; /* the SUBSCRIBE that may fork was long ago */
	pa_notify(rig, &fork, "active;expires=3600", NULL, "481");
	row_keeper_free_rig(&rig);
}

static void two_packages(struct rig *rig)
{
	row_keeper_tune(rig);
	rig->peers[0].profile.packages = PACKAGE_PRESENCE | PACKAGE_DIALOG;
}

/* [D-26] [D-49]: of two packages the first to tell does not show less than is true: the other one
 * is waited for. */
static void parts_wait_for_each_other(void **state)
{
	struct rig *rig = start(NULL, two_packages);
	struct presence_agent presence, dialog;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_accept_both(rig, &presence, &dialog);
	pa_notify(rig, &presence, "active;expires=3600", pa_document("p", room, sizeof room),
		  "200");
	pa_notify(rig, &dialog, "active;expires=3600",
		  pa_dialogs(1, PA_ROW("a", "recipient", "confirmed"), room, sizeof room), "200");
	rig_expect_line(rig, "phone=in-call");
	row_keeper_restart(rig, NULL);
	while (rig->bridge->count != 0)
		mem_free(fake_bridge_expect(rig->bridge, ""));
	pa_watch(rig);
	for (int i = 0; i < 2; i++)
		text_peer_answer(rig->peer, text_peer_expect(rig->peer, "SUBSCRIBE "), "200 OK",
				 "Expires: 3600\r\n");
	rig_expect_line(rig, "answered " JULIET "ALLOWED");
	pa_notify(rig, &presence, "active;expires=3600", pa_document("p", room, sizeof room),
		  "200");
	expect_untold(rig);
	pa_notify(rig, &dialog, "active;expires=3600",
		  pa_dialogs(2, PA_ROW("a", "recipient", "confirmed"), room, sizeof room), "200");
	rig_expect_line(rig, "note=p devices=1 phone=in-call");
	expect_untold(rig);
	row_keeper_free_rig(&rig);
}

static void short_hold(struct rig *rig)
{
	two_packages(rig);
	rig->params.hold_ms = 300;
}

static void gives_up_soon(struct rig *rig)
{
	row_keeper_tune(rig);
	rig->params.give_up_ms = 400;
}

/* [REL-014] [D-26]: a NOTIFY that nobody answered while we were away ends the subscription at the
 * PBX later than the first refresh, and in silence (RFC 6665 section 4.2.2): one more shows it. */
static void given_up_after_the_refresh(void **state)
{
	struct rig *rig = start(NULL, gives_up_soon);
	struct presence_agent end, again;
	const struct sip_text *text;
	unsigned cseq;

	(void)state;
	pa_begin(rig, &end);
	row_keeper_restart(rig, NULL);
	pa_watch(rig);
	cseq = expect_refresh(rig, &end, "200 OK");
	rig_expect_line(rig, "answered " JULIET "ALLOWED");
	assert_true(expect_refresh(rig, &end, "481 Gone") > cseq);
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_non_null(text);
	pa_learn(&again, text);
	assert_string_not_equal(again.call_id, end.call_id);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	tell_one(rig, &again, "again");
	text_peer_let_run(rig->peer, 800);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	row_keeper_free_rig(&rig);
}

/* [D-26] ... for no longer than the hold. */
static void parts_wait_not_for_ever(void **state)
{
	struct rig *rig = start(NULL, short_hold);
	struct presence_agent presence, dialog;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_accept_both(rig, &presence, &dialog);
	pa_notify(rig, &presence, "active;expires=3600", pa_document("p", room, sizeof room),
		  "200");
	pa_notify(rig, &dialog, "active;expires=3600", pa_dialogs(1, "", room, sizeof room), "200");
	rig_expect_line(rig, "phone=idle");
	row_keeper_restart(rig, NULL);
	pa_watch(rig);
	for (int i = 0; i < 2; i++)
		text_peer_answer(rig->peer, text_peer_expect(rig->peer, "SUBSCRIBE "), "200 OK",
				 "Expires: 3600\r\n");
	pa_notify(rig, &presence, "active;expires=3600", pa_document("alone", room, sizeof room),
		  "200");
	rig_expect_line(rig, "note=alone devices=1 phone=unknown");
	row_keeper_free_rig(&rig);
}

/* [D-17] One dialog for all: whoever watches first after the start. */
static void common_dialogs_go_on(void **state)
{
	struct rig *rig = start("asterisk", row_keeper_tune);
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	assert_null(row_keeper_find(rig, "presence", NULL)->watcher.domain);
	row_keeper_restart(rig, NULL);
	pa_watch_as(rig, "romeo");
	rig_expect_line(rig, "answered xmpp:romeo@chat.example sip:1001@pbx.example ALLOWED");
	pa_watch(rig);
	rig_expect_line(rig, "answered " JULIET "ALLOWED");
	expect_refresh(rig, &end, "200 OK");
	tell_one(rig, &end, "all");
	expect_nothing(rig);
	row_keeper_free_rig(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialogs_go_on),
		cmocka_unit_test(rows_say_what_is_needed),
		cmocka_unit_test(notifies_before_anybody_asks),
		cmocka_unit_test(notifies_from_elsewhere),
		cmocka_unit_test(ended_meanwhile),
		cmocka_unit_test(forgotten_meanwhile),
		cmocka_unit_test(doubtful_until_heard),
		cmocka_unit_test(pending_stays_pending),
		cmocka_unit_test(wrong_clock),
		cmocka_unit_test(over_while_it_waits),
		cmocka_unit_test(forks_go_on),
		cmocka_unit_test(parts_wait_for_each_other),
		cmocka_unit_test(parts_wait_not_for_ever),
		cmocka_unit_test(common_dialogs_go_on),
		cmocka_unit_test(given_up_after_the_refresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
