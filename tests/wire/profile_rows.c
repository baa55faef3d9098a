/* Profiles as rows; see profile_rows.h. */
#include "wire/profile_rows.h"

#include "base/buf.h"
#include "base/mem.h"

enum { TESTS_MAX = 128 };

#define IDLE "open=1 show=- note= devices=1 phone=idle other=- person=0 -"

static const struct replay_step asterisk_steps[] = {
	{"asterisk/notify-pidf-idle", IDLE},
	{"asterisk/notify-pidf-ringing", "open=1 show=- note= devices=1 phone=ringing"},
	{"asterisk/notify-pidf-onhold", "open=1 show=- note= devices=1 phone=on-hold"},
	{"asterisk/notify-pidf-inuse", "open=1 show=- note= devices=1 phone=in-call"},
	{"asterisk/notify-pidf-unavailable", "open=0 show=- note= devices=1"},
};

static const struct replay_step freeswitch_steps[] = {
	{"freeswitch/notify-pidf-registered", IDLE},
	{"freeswitch/notify-dialog-info-event-call-early", "phone=ringing"},
	{"freeswitch/notify-dialog-info-event-call-confirmed", "phone=in-call"},
	{"freeswitch/notify-dialog-info-event-call-terminated", IDLE},
	{"freeswitch/notify-pidf-after-publish-away-note",
	 "open=1 show=- note= devices=1 phone=idle other=- person=2 Gone fishing"},
	{"freeswitch/notify-pidf-unregister", "open=0 show=- note= devices=1"},
};

static const struct replay_step kamailio_steps[] = {
	{"kamailio/kamailio-notify-pidf-open-2tuples-active-of-linphonec",
	 "open=1 show=- note= devices=2 phone=unknown"},
	{"kamailio/kamailio-notify-dialog-info-early", "devices=2 phone=ringing"},
	{"kamailio/kamailio-notify-dialog-nobody",
	 "devices=2 phone=unknown"}, /* no call any more */
	{"kamailio/kamailio-notify-pidf-open-meeting-active-of-sipp", "note=out devices=1"},
	{"kamailio/kamailio-notify-active-nobody-of-sipp", "open=0 show=- note= devices=0"},
};

static const struct replay_step linphone_steps[] = {
	{"kamailio/kamailio-notify-pidf-open-active-of-linphonec",
	 "open=1 show=- note= devices=1 phone=unknown"},
	{"kamailio/kamailio-notify-pidf-open-2tuples-active-of-linphonec",
	 "open=1 show=- note= devices=2"},
};

static const struct replay_step plain_steps[] = {
	{"baresip/baresip-notify-pidf-open-active", "open=1 show=- note= devices=1 phone=unknown"},
	{"kamailio/kamailio-notify-pidf-closed-active-of-baresip", "open=0 show=- note= devices=1"},
};

#define STEPS(table) .own = (table), .own_count = CHECK_COUNT(table)

const struct profile_row profile_rows[PROFILE_ROWS] = {
	{"generic", "sipxmppd/test", STEPS(plain_steps)},
	{"asterisk", "sipxmppd/test (digium_presence)", .is_common = true, .takes_publish = true,
	 .takes_empty_publish = true, .reads_asterisk = true, .text_max = 1023,
	 STEPS(asterisk_steps)},
	{"freeswitch", "sipxmppd/test", .is_common = true, .has_dialogs = true,
	 .takes_publish = true, .reads_freeswitch = true, .full_is_event = true, .is_literal = true,
	 STEPS(freeswitch_steps)},
	{"3cx", "sipxmppd/test", .is_common = true, .has_dialogs = true, .takes_publish = true,
	 .text_max = 1023, STEPS(plain_steps)},
	{"kamailio", "sipxmppd/test", .has_dialogs = true, .folds_case = true, .is_gone = true,
	 STEPS(kamailio_steps)},
	{"opensips", "sipxmppd/test", .has_dialogs = true, .folds_case = true, .is_gone = true,
	 STEPS(kamailio_steps)},
	{"linphone", "sipxmppd/test", STEPS(linphone_steps)},
};

struct rig *profile_rig(const struct profile_row *row, void (*tune)(struct rig *rig))
{
	return rig_new(&(struct rig_options){.profile = row->name, .tune = tune, .t1_ms = 500});
}

void profile_expect_header(const struct sip_text *text, const char *name, const char *value)
{
	char room[512];

	assert_string_equal(sip_text_header(text, name, room, sizeof room), value);
}

void profile_expect_nothing(struct rig *rig)
{
	text_peer_let_run(rig->peer, 30);
	if (fake_bridge_count(rig->bridge, "presence") != 0)
		fail_msg("told: %s", rig->bridge->lines[rig->bridge->count - 1]);
}

static void add_checks(const struct profile_row *row, const struct profile_check *checks,
		       size_t check_count, struct CMUnitTest *out)
{
	for (size_t i = 0; i < check_count; i++) {
		struct buf name = BUF_INIT;

		buf_printf(&name, "%s: %s", row->name, checks[i].name);
		out[i] = (struct CMUnitTest){
			.name = buf_take(&name),
			.test_func = checks[i].run,
			.initial_state = (void *)(uintptr_t)row,
		};
	}
}

int profile_run(const struct profile_check *checks, size_t check_count,
		const struct CMUnitTest *others, size_t other_count)
{
	struct CMUnitTest tests[TESTS_MAX];
	size_t count = check_count * PROFILE_ROWS;
	int failed;

	assert_true(count + other_count <= TESTS_MAX);
	for (size_t i = 0; i < PROFILE_ROWS; i++)
		add_checks(&profile_rows[i], checks, check_count, &tests[i * check_count]);
	for (size_t i = 0; i < other_count; i++)
		tests[count + i] = others[i];
	failed = _cmocka_run_group_tests("profiles", tests, count + other_count, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		mem_free((char *)(uintptr_t)tests[i].name);
	return failed;
}
