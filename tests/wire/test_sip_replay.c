/* NOTIFYs that real servers sent, replayed by a server that speaks as they do: what the core is
 * told of the user (AST-3, FSW, file 30). Files: tests/samples. */
#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"

/* One file into the subscription of its package. Everything of it but the dialog is sent as it
 * is. */
struct step {
	const char *file;
	const char *line; /* what the core hears; NULL: nothing */
};

/* The value of a header of the file, into room; "" if there is none. */
static const char *header(const char *text, const char *name, char *room, size_t room_len)
{
	struct sip_text message = {.text = (char *)(uintptr_t)text, .len = strlen(text)};

	return sip_text_header(&message, name, room, room_len);
}

static void add_header(char *out, size_t out_len, const char *text, const char *name)
{
	size_t len = strlen(out);
	char room[256];

	if (header(text, name, room, sizeof room)[0] != '\0')
		snprintf(out + len, out_len - len, "%s: %s\r\n", name, room);
}

/* The file with the line ends of the wire, which it does not keep. */
static char *wire_form(const char *name)
{
	struct buf out = BUF_INIT;
	char path[512];
	int before = 0;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", TESTS_DIR, name);
	file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("%s cannot be read", path);
	for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
		if (c == '\n' && before != '\r')
			buf_putc(&out, '\r');
		buf_putc(&out, (char)c);
		before = c;
	}
	fclose(file);
	return buf_take(&out);
}

static void replay(struct rig *rig, struct presence_agent *presence, struct presence_agent *dialog,
		   const char *file)
{
	char *text = wire_form(file);
	char headers[1024] = "", type[256];
	struct presence_agent *end = presence;
	const char *body = strstr(text, "\r\n\r\n");

	header(text, "Event", type, sizeof type);
	if (dialog != NULL && strncmp(type, "dialog", 6) == 0)
		end = dialog;
	snprintf(headers, sizeof headers, "Contact: <sip:pa@127.0.0.1:%u>\r\n",
		 text_peer_port(rig->peer));
	add_header(headers, sizeof headers, text, "Event");
	add_header(headers, sizeof headers, text, "Subscription-State");
	add_header(headers, sizeof headers, text, "Allow-Events");
	add_header(headers, sizeof headers, text, "User-Agent");
	add_header(headers, sizeof headers, text, "Require");
	header(text, "Content-Type", type, sizeof type);
	end->cseq++;
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "NOTIFY",
				       .uri = end->target,
				       .from = end->from,
				       .from_tag = end->tag,
				       .to = end->to,
				       .to_tag = end->their_tag,
				       .call_id = end->call_id,
				       .cseq = end->cseq,
				       .headers = headers,
				       .body = type[0] != '\0' && body != NULL ? body + 4 : NULL,
				       .type = type});
	if (text_peer_expect(rig->peer, "SIP/2.0 200") == NULL)
		fail_msg("%s: not answered", file);
	mem_free(text);
}

static void run(struct rig *rig, struct presence_agent *presence, struct presence_agent *dialog,
		const struct step *steps, size_t count)
{
	char path[128];

	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof path, "samples/%s.txt", steps[i].file);
		replay(rig, presence, dialog, path);
		if (steps[i].line != NULL) {
			char *line = fake_bridge_expect(rig->bridge, steps[i].line);

			if (line == NULL)
				fail_msg("%s: expected %s, not %s", steps[i].file, steps[i].line,
					 rig->bridge->count != 0 ? rig->bridge->lines[0]
								 : "nothing");
			mem_free(line);
			continue;
		}
		text_peer_let_run(rig->peer, 40);
		if (fake_bridge_count(rig->bridge, "presence") != 0)
			fail_msg("%s: told %s", steps[i].file, rig->bridge->lines[0]);
	}
}

/* [PBX-001] [PBX-002] [PBX-003] [PBX-004] [PBX-010] [AST-3] [D-24] [D-27]: one package, and the
 * note says what the phone does. What comes with the end is not true. */
static void asterisk(void **state)
{
	static const struct step steps[] = {
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
	run(rig, &end, NULL, steps, CHECK_COUNT(steps));
	rig_free(&rig);
}

/* [FSW-5] [FSW-7] [FSW-8] [PBX-027] [PBX-028] [PBX-029] [PBX-031] [PBX-032]: presence and dialogs
 * side by side. */
static void freeswitch(void **state)
{
	static const struct step steps[] = {
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
	run(rig, &presence, &dialog, steps, CHECK_COUNT(steps));
	rig_free(&rig);
}

/* [PBX-044] [PBX-048]. */
static void kamailio(void **state)
{
	static const struct step steps[] = {
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
	run(rig, &presence, &dialog, steps, CHECK_COUNT(steps));
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
