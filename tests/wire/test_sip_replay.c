/* NOTIFYs that real servers sent, replayed by a server that speaks as they do: what the core is
 * told of the user (AST-3, FSW, file 30). Files: tests/samples. */
#include "support/check.h"

#include "wire/presence_agent.h"
#include "wire/replay.h"

/* [PBX-001] [PBX-002] [PBX-003] [PBX-004] [PBX-010] [AST-3] [D-24] [D-27]: one package, and the
 * note says what the phone does. What comes with the end is not true. */
static void asterisk(void **state)
{
	static const struct replay_step steps[] = {
		{"asterisk/notify-pidf-idle",
		 "open=1 show=- note= devices=1 phone=idle other=- person=0 -"},
		{"asterisk/notify-pidf-ringing",
		 "open=1 show=- note= devices=1 phone=ringing other=- person=0 -"},
		{"asterisk/notify-pidf-inuse",
		 "open=1 show=- note= devices=1 phone=in-call other=- person=0 -"},
		{"asterisk/notify-pidf-ring-inuse",
		 "open=1 show=- note= devices=1 phone=ringing other=- person=0 -"},
		{"asterisk/notify-pidf-onhold",
		 "open=1 show=- note= devices=1 phone=on-hold other=- person=0 -"},
		{"asterisk/notify-pidf-busy",
		 "open=1 show=- note= devices=1 phone=in-call other=- person=0 -"},
		{"asterisk/notify-pidf-unavailable",
		 "open=0 show=- note= devices=1 phone=idle other=- person=0 -"},
		{"asterisk/notify-digium-dnd-message",
		 "open=1 show=- note= devices=1 phone=idle dnd other=- person=0 Do not call"},
		{"asterisk/notify-digium-away-inuse",
		 "open=1 show=away note= devices=1 phone=in-call other=- person=0 Back at 14:00"},
		{"asterisk/notify-xpidf-ringing",
		 "open=1 show=- note= devices=1 phone=in-call other=- person=0 -"},
		{"asterisk/notify-accept-dialog-for-presence",
		 "open=0 show=- note= devices=0 phone=idle other=- person=0 -"},
		{"asterisk/notify-pidf-hint-removed", NULL},
	};
	struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk", .t1_ms = 500});
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	replay_run(rig, &end, NULL, steps, CHECK_COUNT(steps));
	rig_free(&rig);
}

/* [FSW-5] [FSW-7] [FSW-8] [PBX-027] [PBX-028] [PBX-029] [PBX-031] [PBX-032]: presence and dialogs
 * side by side. */
static void freeswitch(void **state)
{
	static const struct replay_step steps[] = {
		{"freeswitch/notify-pidf-registered",
		 "open=1 show=- note= devices=1 phone=idle other=- person=0 -"},
		{"freeswitch/notify-dialog-info-registered",
		 "open=1 show=- note= devices=1 phone=idle other=- person=0 -"},
		{"freeswitch/notify-dialog-info-event-call-early",
		 "open=1 show=- note= devices=1 phone=ringing other=- person=0 -"},
		{"freeswitch/notify-pidf-event-call-early",
		 "open=1 show=- note= devices=1 phone=ringing other=- person=0 -"},
		{"freeswitch/notify-dialog-info-event-call-confirmed",
		 "open=1 show=- note= devices=1 phone=in-call other=- person=0 -"},
		{"freeswitch/notify-pidf-event-call-confirmed",
		 "open=1 show=- note= devices=1 phone=in-call other=- person=0 -"},
		{"freeswitch/notify-dialog-info-event-call-terminated",
		 "open=1 show=- note= devices=1 phone=idle other=- person=0 -"},
		{"freeswitch/notify-pidf-event-call-terminated",
		 "open=1 show=- note= devices=1 phone=idle other=- person=0 -"},
		{"freeswitch/notify-pidf-after-publish-dnd-note",
		 "open=1 show=- note= devices=1 phone=idle other=- person=8 Do not disturb"},
		{"freeswitch/notify-pidf-after-publish-meeting-utf8",
		 "open=1 show=- note= devices=1 phone=idle other=- person=400 Besprechung ü & ☕"},
		{"freeswitch/notify-pidf-after-publish-away-note",
		 "open=1 show=- note= devices=1 phone=idle other=- person=2 Gone fishing"},
		{"freeswitch/notify-dialog-info-call-hold-holder",
		 "open=1 show=- note= devices=1 phone=on-hold other=- person=2 Gone fishing"},
		{"freeswitch/notify-dialog-info-registered",
		 "open=1 show=- note= devices=1 phone=idle other=- person=2 Gone fishing"},
		{"freeswitch/notify-pidf-unregister",
		 "open=0 show=- note= devices=1 phone=idle other=- person=0 -"},
		{"freeswitch/notify-dialog-info-unregistered",
		 "open=0 show=- note= devices=1 phone=idle other=- person=0 -"},
	};
	struct rig *rig = rig_new(&(struct rig_options){.profile = "freeswitch", .t1_ms = 500});
	struct presence_agent presence, dialog;

	(void)state;
	pa_watch(rig);
	pa_accept_both(rig, &presence, &dialog);
	replay_run(rig, &presence, &dialog, steps, CHECK_COUNT(steps));
	rig_free(&rig);
}

/* [PBX-044] [PBX-048]. */
static void kamailio(void **state)
{
	static const struct replay_step steps[] = {
		{"kamailio/kamailio-notify-pidf-open-2tuples-active-of-linphonec",
		 "open=1 show=- note= devices=2 phone=unknown other=- person=0 -"},
		{"kamailio/kamailio-notify-dialog-info-early",
		 "open=1 show=- note= devices=2 phone=ringing other=- person=0 -"},
		{"kamailio/kamailio-notify-dialog-info-terminated",
		 "open=1 show=- note= devices=2 phone=idle other=- person=0 -"},
		{"kamailio/kamailio-notify-pidf-open-busy-active-of-sipp",
		 "open=1 show=- note=out devices=1 phone=idle other=- person=8 -"},
		{"kamailio/kamailio-notify-pidf-open-on-the-phone-active-of-sipp",
		 "open=1 show=- note=out devices=1 phone=idle other=- person=800 -"},
		{"kamailio/kamailio-notify-pidf-closed-active-of-baresip",
		 "open=0 show=- note= devices=1 phone=idle other=- person=0 -"},
	};
	struct rig *rig = rig_new(&(struct rig_options){.profile = "kamailio", .t1_ms = 500});
	struct presence_agent presence, dialog;

	(void)state;
	pa_watch(rig);
	pa_accept_both(rig, &presence, &dialog);
	replay_run(rig, &presence, &dialog, steps, CHECK_COUNT(steps));
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asterisk),
		cmocka_unit_test(freeswitch),
		cmocka_unit_test(kamailio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
