/* What a chat user sees of what real PBXs and clients send: samples through reader, rules and
 * writer.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/presence.h"
#include "model/presence_merge.h"
#include "model/presence_view.h"
#include "model/profile.h"
#include "support/check.h"
#include "translate/dialog_info.h"
#include "translate/pidf.h"
#include "translate/presence_body.h"
#include "translate/presence_stanza.h"
#include "unit/translate/describe.h"

enum { SAMPLES = 2 };

/* 2026-11-22T12:00:00Z, when they were taken or later. */
#define NOW INT64_C(1795348800000)

#define TEXT(text) "<status xml:lang=\"en\">" text "</status>"
#define GONE(text) "gone" TEXT(text)

static const struct {
	const char *profile;
	const char *samples[SAMPLES]; /* several make one contact: Event presence and dialog */
	const char *wanted;           /* inside of the stanza, "gone" if it is unavailable */
} rows[] = {
	{"asterisk", {"asterisk/notify-pidf-idle"}, "<priority>127</priority>"},
	{"asterisk",
	 {"asterisk/notify-pidf-inuse"},
	 "<show>dnd</show><priority>127</priority>" TEXT("On the phone")},
	{"asterisk", {"asterisk/notify-pidf-ringing"}, "<priority>127</priority>" TEXT("Ringing")},
	{"asterisk",
	 {"asterisk/notify-pidf-ring-inuse"},
	 "<priority>127</priority>" TEXT("Ringing")},
	{"asterisk",
	 {"asterisk/notify-pidf-onhold"},
	 "<show>dnd</show><priority>127</priority>" TEXT("On hold")},
	{"asterisk",
	 {"asterisk/notify-pidf-busy"},
	 "<show>dnd</show><priority>127</priority>" TEXT("On the phone")},
	{"asterisk", {"asterisk/notify-pidf-unavailable"}, GONE("Not registered")},
	{"asterisk",
	 {"asterisk/notify-digium-available-escaping"},
	 "<priority>127</priority><status>Café ☕ &amp; &lt;tea&gt;</status>"},
	{"asterisk",
	 {"asterisk/notify-digium-away-device-unavailable"},
	 GONE("Not registered: Back at 14:00")},
	{"asterisk",
	 {"asterisk/notify-digium-away-inuse"},
	 "<show>dnd</show><priority>127</priority>" TEXT("On the phone: Back at 14:00")},
	{"asterisk",
	 {"asterisk/notify-digium-away-subtype-message"},
	 "<show>away</show><priority>127</priority><status>Back at 14:00</status>"},
	{"asterisk", {"asterisk/notify-digium-away"}, "<show>away</show><priority>127</priority>"},
	{"asterisk",
	 {"asterisk/notify-digium-dnd-message"},
	 "<show>dnd</show><priority>127</priority>" TEXT("Do not disturb: Do not call")},
	{"asterisk",
	 {"asterisk/notify-digium-dnd"},
	 "<show>dnd</show><priority>127</priority>" TEXT("Do not disturb")},
	{"asterisk", {"asterisk/notify-digium-not-set"}, "<priority>127</priority>"},
	{"asterisk", {"asterisk/notify-digium-unavailable"}, GONE("Not registered")},
	{"asterisk", {"asterisk/notify-xpidf-idle"}, ""},
	{"asterisk",
	 {"asterisk/notify-pidf-idle", "asterisk/notify-dialog-info-idle"},
	 "<priority>127</priority>"},
	{"asterisk",
	 {"asterisk/notify-pidf-idle", "asterisk/notify-dialog-info-inuse"},
	 "<show>dnd</show><priority>127</priority>" TEXT("On the phone")},
	{"asterisk", {"asterisk/notify-xpidf-ringing"}, "<show>dnd</show>" TEXT("On the phone")},
	{"asterisk",
	 {"asterisk/publish-out-presence-ringing"},
	 "<priority>127</priority>" TEXT("Ringing")},
	{"asterisk",
	 {"asterisk/notify-pidf-idle", "asterisk/notify-dialog-info-ringing"},
	 "<priority>127</priority>" TEXT("Ringing")},
	{"asterisk",
	 {"asterisk/notify-pidf-idle", "asterisk/notify-dialog-info-onhold"},
	 "<show>dnd</show><priority>127</priority>" TEXT("On hold")},
	{"asterisk", {"asterisk/notify-xpidf-unavailable"}, GONE("Not registered")},
	{"asterisk", {"asterisk/publish-out-presence-unavailable"}, GONE("Not registered")},
	{"asterisk",
	 {"asterisk/notify-pidf-idle", "asterisk/notify-dialog-info-unavailable"},
	 "<priority>127</priority>"},
	{"freeswitch", {"freeswitch/notify-pidf-after-publish-away-no-note"}, ""},
	{"freeswitch",
	 {"freeswitch/notify-pidf-after-publish-away-note"},
	 "<show>away</show><status>Gone fishing</status>"},
	{"freeswitch", {"freeswitch/notify-pidf-after-publish-closed"}, GONE("Not registered")},
	{"freeswitch",
	 {"freeswitch/notify-pidf-after-publish-dnd-note"},
	 "<show>dnd</show><status>Do not disturb</status>"},
	{"freeswitch",
	 {"freeswitch/notify-pidf-after-publish-meeting-utf8"},
	 "<show>dnd</show><status>Besprechung ü &amp; ☕</status>"},
	{"freeswitch",
	 {"freeswitch/notify-pidf-after-publish-on-the-phone"},
	 "<show>dnd</show>" TEXT("On the phone")},
	{"freeswitch",
	 {"freeswitch/notify-pidf-after-publish-tuple-note"},
	 "<status>A tuple note</status>"},
	{"freeswitch",
	 {"freeswitch/notify-pidf-call-confirmed"},
	 "<show>dnd</show>" TEXT("On the phone")},
	{"freeswitch", {"freeswitch/notify-pidf-call-ringing"}, "" TEXT("Ringing")},
	{"freeswitch", {"freeswitch/notify-pidf-call-terminated"}, ""},
	{"freeswitch", {"freeswitch/notify-pidf-registered"}, ""},
	{"freeswitch", {"freeswitch/notify-pidf-unregister"}, GONE("Not registered")},
	{"freeswitch", {"freeswitch/notify-pidf-unregistered"}, GONE("Not registered")},
	{"kamailio",
	 {"kamailio/kamailio-notify-pidf-closed-active-of-baresip"},
	 GONE("Not registered")},
	{"kamailio",
	 {"kamailio/kamailio-notify-pidf-open-2tuples-active-of-linphonec"},
	 "<priority>102</priority>"},
	{"kamailio", {"kamailio/kamailio-notify-pidf-open-active-of-baresip"}, ""},
	{"kamailio",
	 {"kamailio/kamailio-notify-pidf-open-away-active-of-sipp"},
	 "<show>away</show><status>out</status>"},
	{"kamailio",
	 {"kamailio/kamailio-notify-pidf-open-on-the-phone-active-of-sipp"},
	 "<show>dnd</show>" TEXT("On the phone: out")},
	{"kamailio",
	 {"kamailio/kamailio-notify-pidf-open-sleeping-active-of-sipp"},
	 "<show>xa</show><status>out</status>"},
	{"kamailio",
	 {"kamailio/kamailio-notify-pidf-open-unknown-active-of-sipp"},
	 "<status>out</status>"},
	{"linphone", {"linphone/linphonec-publish-pidf-open"}, "<priority>102</priority>"},
	{"generic", {"baresip/baresip-notify-pidf-open-active"}, ""},
};

static void take_sample(const char *path, const struct profile *profile, struct presence *out)
{
	const struct pidf_reading reading = {.max_bytes = PIDF_MAX_BYTES, .now_ms = NOW};
	struct presence part = {0};
	size_t len;
	char *text = read_test_file(path, &len);
	char *type = strcasestr(text, "\nContent-Type:");
	char name[128];
	size_t body_len;
	const char *body = sip_body(text, len, &body_len);

	assert_non_null(type);
	assert_non_null(body);
	(void)snprintf(name, sizeof name, "%.*s", (int)strcspn(type + 15, "\r\n"), type + 15);
	if (presence_body_kind(name) == BODY_DIALOG) {
		struct dialog_table table = {0};
		bool wants_full = false;

		assert_int_equal(dialog_info_apply(&table, body, body_len, PIDF_MAX_BYTES, profile,
						   &wants_full),
				 0);
		dialog_table_phone(&table, &part.phone);
		dialog_table_clear(&table);
	} else {
		assert_int_equal(
			presence_body_parse(name, body, body_len, &reading, profile, &part), 0);
	}
	mem_free(part.phone.other); /* show_caller is false */
	part.phone.other = NULL;
	presence_merge(out, &part);
	presence_clear(&part);
	mem_free(text);
}

static void show(const struct presence *presence, struct buf *out)
{
	static const char open[] = "<presence from=\"a\" to=\"b\"";
	static const char gone[] = " type=\"unavailable\"";
	struct buf stanza = BUF_INIT;
	struct presence_view view;
	const char *at;

	presence_view_make(presence, NULL, &view);
	presence_stanza_write_view(&stanza, "a", "b", NULL, &view);
	at = buf_text(&stanza) + strlen(open);
	assert_memory_equal(buf_text(&stanza), open, strlen(open));
	if (strncmp(at, gone, strlen(gone)) == 0) {
		buf_puts(out, "gone");
		at += strlen(gone);
	}
	if (*at == '>') /* without "</presence>" */
		buf_append(out, at + 1, strlen(at + 1) - 11);
	buf_free(&stanza);
}

/* [D-27] [PBX-001] [PBX-002] [PBX-003] [PBX-004] [PBX-028] [PBX-029] [DLG-014] [DLG-016] [DLG-018]
 * [RPR-001] */
static void shows_samples(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		const struct profile *profile = profile_find(rows[i].profile);
		struct presence presence = {0};
		struct buf text = BUF_INIT;
		char path[256];

		for (size_t at = 0; at < SAMPLES && rows[i].samples[at] != NULL; at++) {
			(void)snprintf(path, sizeof path, "samples/%s.txt", rows[i].samples[at]);
			take_sample(path, profile, &presence);
		}
		show(&presence, &text);
		if (strcmp(buf_text(&text), rows[i].wanted) != 0) {
			print_error("%s %s: %s\n", rows[i].samples[0],
				    rows[i].samples[1] == NULL ? "" : rows[i].samples[1],
				    buf_text(&text));
			wrong++;
		}
		buf_free(&text);
		presence_clear(&presence);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(shows_samples)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
