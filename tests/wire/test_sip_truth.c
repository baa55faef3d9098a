/* What is shown is true (promise 3, issue of storms and outages), by bytes: calls settle, a server
 * goes and comes back, a server tells everything at once. */
#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"

#define PAIR  "xmpp:juliet@chat.example sip:1001@pbx.example"
#define CALL  PA_ROW("a", "initiator", "confirmed")
#define RINGS PA_ROW("a", "recipient", "early")

enum { QUIET_MS = 900 /* of 30 s of the watch over the server */ };

static void both(struct rig *rig)
{
	rig->peers[0].profile.packages = PACKAGE_PRESENCE | PACKAGE_DIALOG;
}

static void settles(struct rig *rig)
{
	both(rig);
	rig->params.settle_ms = 1500;
}

static void settles_soon(struct rig *rig)
{
	both(rig);
	rig->params.settle_ms = 200;
}

static void tell_dialogs(struct rig *rig, struct presence_agent *end, const char *rows)
{
	char room[1024];

	pa_notify(rig, end, "active;expires=3600", pa_dialogs(end->cseq, rows, room, sizeof room),
		  "200");
}

static void tell_presence(struct rig *rig, struct presence_agent *end, const char *note)
{
	char room[512];

	pa_notify(rig, end, "active;expires=3600", pa_document(note, room, sizeof room), "200");
}

static void begin(struct rig *rig, struct presence_agent *presence, struct presence_agent *dialog,
		  const char *rows, const char *phone)
{
	char line[64];

	pa_watch(rig);
	pa_accept_both(rig, presence, dialog);
	tell_presence(rig, presence, "one");
	rig_expect_line(rig, "answered " PAIR " ALLOWED");
	rig_expect_line(rig, "note=one devices=1 phone=unknown");
	tell_dialogs(rig, dialog, rows);
	snprintf(line, sizeof line, "note=one devices=1 phone=%s", phone);
	rig_expect_line(rig, line);
}

/* [D-27] [DLG-015]: a ring that ends soon is not told; nothing else waits for it; a call
 * that lasts is, its end at once. */
static void calls_settle(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = settles, .t1_ms = 500});
	struct presence_agent presence, dialog;

	(void)state;
	begin(rig, &presence, &dialog, "", "idle");
	tell_dialogs(rig, &dialog, RINGS);
	tell_presence(rig, &presence, "two");
	rig_expect_line(rig, "note=two devices=1 phone=idle");
	tell_dialogs(rig, &dialog, "");
	text_peer_let_run(rig->peer, 1700);
	assert_int_equal(fake_bridge_count(rig->bridge, "phone=ringing"), 0);
	tell_dialogs(rig, &dialog, RINGS);
	rig_expect_line(rig, "note=two devices=1 phone=ringing");
	tell_dialogs(rig, &dialog, "");
	rig_expect_line(rig, "note=two devices=1 phone=idle");
	rig_free(&rig);
}

/* [D-27]: what is the state when he is first heard of has lasted already; and one that never rests
 * is told all the same. */
static void first_and_restless(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = settles_soon, .t1_ms = 500});
	struct presence_agent presence, dialog;
	bool is_told = false;

	(void)state;
	begin(rig, &presence, &dialog, CALL, "in-call");
	tell_dialogs(rig, &dialog, "");
	rig_expect_line(rig, "phone=idle");
	for (int i = 0; i < 200 && !is_told; i++) {
		tell_dialogs(rig, &dialog, i % 2 == 0 ? RINGS : CALL);
		text_peer_let_run(rig->peer, 50);
		is_told = fake_bridge_count(rig->bridge, "phone=ringing") +
				  fake_bridge_count(rig->bridge, "phone=in-call") !=
			  0;
	}
	assert_true(is_told);
	rig_free(&rig);
}

/* Answers what comes until both dialogs were refreshed. */
static void answer_refreshes(struct rig *rig, const struct presence_agent *presence,
			     const struct presence_agent *dialog)
{
	bool has_presence = false, has_dialog = false;
	struct presence_agent found;

	for (int i = 0; i < 2000 && (!has_presence || !has_dialog); i++) {
		text_peer_let_run(rig->peer, 5);
		while (text_peer_count(rig->peer, "OPTIONS ") != 0)
			text_peer_answer(rig->peer, text_peer_expect(rig->peer, "OPTIONS "),
					 "200 OK", "");
		if (text_peer_count(rig->peer, "SUBSCRIBE ") == 0)
			continue;
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		pa_learn(&found, text);
		has_presence |= strcmp(found.call_id, presence->call_id) == 0;
		has_dialog |= strcmp(found.call_id, dialog->call_id) == 0;
		text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	}
	assert_true(has_presence && has_dialog);
}

/* [D-26] [REL-024] [PRES-188]: the server is gone: one word for both packages; it is
 * back: both are asked for whole, and all is told again. */
static void gone_and_back(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){
		.tune = both, .proxy_is_tcp = true, .peer_quiet_ms = QUIET_MS, .t1_ms = 500});
	struct presence_agent presence, dialog;

	(void)state;
	begin(rig, &presence, &dialog, CALL, "in-call");
	rig_expect_line(rig, "answered " PAIR " FAILED remote-server-timeout");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(rig->bridge->count, 0);
	answer_refreshes(rig, &presence, &dialog);
	tell_presence(rig, &presence, "back");
	rig_expect_line(rig, "answered " PAIR " ALLOWED");
	rig_expect_line(rig, "note=back devices=1");
	tell_dialogs(rig, &dialog, "");
	rig_expect_line(rig, "note=back devices=1 phone=idle");
	rig_free(&rig);
}

static void publish(struct rig *rig, const char *headers, const char *note)
{
	char room[512];

	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "PUBLISH",
				       .uri = "sip:1001@pbx.example",
				       .to = "<sip:1001@pbx.example>",
				       .headers = headers,
				       .body = note != NULL ? pa_document(note, room, sizeof room)
							    : NULL,
				       .type = "application/pidf+xml"});
}

static void nothing_subscribed(struct rig *rig)
{
	rig->peers[0].profile.packages = 0;
}

/* [D-26] [D-17] [EVT-061]: what is published is true while the server that published it is there.
 */
static void published_and_gone(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){
		.profile = "asterisk", .tune = nothing_subscribed, .peer_quiet_ms = QUIET_MS});

	(void)state;
	pa_watch(rig);
	publish(rig, "Event: presence\r\nExpires: 3600\r\n", "published");
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	rig_expect_line(rig, "answered " PAIR " ALLOWED");
	rig_expect_line(rig, "open=1 show=- note=published");
	rig_expect_line(rig, "answered " PAIR " FAILED");
	for (int i = 0; i < 2000 && fake_bridge_count(rig->bridge, "ALLOWED") == 0; i++) {
		text_peer_let_run(rig->peer, 5);
		while (text_peer_count(rig->peer, "OPTIONS ") != 0)
			text_peer_answer(rig->peer, text_peer_expect(rig->peer, "OPTIONS "),
					 "200 OK", "");
	}
	rig_expect_line(rig, "answered " PAIR " ALLOWED");
	rig_expect_line(rig, "open=1 show=- note=published");
	rig_free(&rig);
}

static void nothing_held_for_long(struct rig *rig)
{
	nothing_subscribed(rig);
	rig->params.hold_ms = 100;
}

/* [D-26] [D-49] [EVT-061]: a server that was away for longer than the hold may be a new one: what
 * it published before counts when it confirms it, and is asked for till then. */
static void published_before_it_was_away(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){
		.profile = "asterisk", .tune = nothing_held_for_long, .peer_quiet_ms = QUIET_MS});
	char headers[128], tag[64];

	(void)state;
	pa_watch(rig);
	publish(rig, "Event: presence\r\nExpires: 3600\r\n", "published");
	const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 200");

	assert_non_null(text);
	sip_text_header(text, "SIP-ETag", tag, sizeof tag);
	rig_expect_line(rig, "open=1 show=- note=published");
	rig_expect_line(rig, "answered " PAIR " FAILED");
	text_peer_let_run(rig->peer, 200);
	for (int i = 0; i < 2000 && text_peer_count(rig->peer, "SUBSCRIBE ") == 0; i++) {
		text_peer_let_run(rig->peer, 5);
		while (text_peer_count(rig->peer, "OPTIONS ") != 0)
			text_peer_answer(rig->peer, text_peer_expect(rig->peer, "OPTIONS "),
					 "200 OK", "");
	}
	assert_int_not_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "note=published"), 0);
	snprintf(headers, sizeof headers, "Event: presence\r\nSIP-If-Match: %s\r\n", tag);
	publish(rig, headers, NULL);
	rig_expect_line(rig, "open=1 show=- note=published");
	rig_free(&rig);
}

static void held_shortly(struct rig *rig)
{
	rig->params.hold_ms = 2500;
}

/* [D-24] [D-26]: a new dialog that begins without a body confirms nothing of what the one before it
 * told: that is shown through the hold; the subscription is none the worse for it. */
static void a_new_dialog_says_nothing(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = held_shortly, .t1_ms = 500});
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_begin(rig, &end);
	pa_notify(rig, &end, "terminated;reason=deactivated", NULL, "200");
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active;expires=3600", NULL, "200");
	rig_expect_line(rig, "presence " PAIR " open=0");
	assert_int_equal(fake_bridge_count(rig->bridge, "FAILED"), 0);
	pa_notify(rig, &end, "active;expires=3600", pa_document("two", room, sizeof room), "200");
	rig_expect_line(rig, "open=1 show=- note=two");
	text_peer_let_run(rig->peer, 300);
	assert_int_equal(fake_bridge_count(rig->bridge, "open=0"), 0);
	rig_free(&rig);
}

/* [D-14] [D-17]: a server that has no hint for him but publishes him serves him. */
static void published_but_refused(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk", .t1_ms = 500});
	struct presence_agent end;
	char headers[128], tag[64];

	(void)state;
	pa_watch(rig);
	publish(rig, "Event: presence\r\nExpires: 3600\r\n", "published");
	const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 200");

	assert_non_null(text);
	sip_text_header(text, "SIP-ETag", tag, sizeof tag);
	rig_expect_line(rig, "answered " PAIR " ALLOWED");
	rig_expect_line(rig, "open=1 show=- note=published");
	pa_accept(rig, &end, "404 Not Found", "");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(rig->bridge->count, 0);
	snprintf(headers, sizeof headers, "Event: presence\r\nExpires: 0\r\nSIP-If-Match: %s\r\n",
		 tag);
	publish(rig, headers, NULL);
	rig_expect_line(rig, "answered " PAIR " NO_SUCH item-not-found");
	rig_free(&rig);
}

static void soon_unknown(struct rig *rig)
{
	both(rig);
	rig->params.hold_ms = 200;
}

/* [D-25] [D-26] [AST-2]: the server forgot one dialog: a new one; if that one stays
 * silent, the calls it told of are unknown, and nothing else is. */
static void forgotten_dialog(void **state)
{
	struct rig *rig = rig_new(
		&(struct rig_options){.tune = soon_unknown, .t1_ms = 500, .proxy_is_tcp = true});
	struct presence_agent presence, dialog, found = {0};

	(void)state;
	begin(rig, &presence, &dialog, CALL, "in-call");
	pa_notify(rig, &dialog, "active;expires=2", NULL, "200");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	text_peer_answer(rig->peer, text, "500 Unhandled by dialog usages", "");
	rig_expect_line(rig, "note=one devices=1 phone=unknown");
	while (strcmp(found.event, "dialog") != 0 || strcmp(found.call_id, dialog.call_id) == 0) {
		text = text_peer_expect(rig->peer, "SUBSCRIBE ");
		assert_non_null(text);
		pa_learn(&found, text);
		text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
		if (strcmp(found.call_id, presence.call_id) == 0) /* all are asked for */
			tell_presence(rig, &presence, "one");
	}
	tell_dialogs(rig, &found, RINGS);
	rig_expect_line(rig, "note=one devices=1 phone=ringing");
	assert_int_equal(fake_bridge_count(rig->bridge, "FAILED"), 0);
	rig_free(&rig);
}

enum { STORM_USERS = 300, STORM_EACH = 10 };

static char *notify_text(struct rig *rig, struct presence_agent *end, const char *note)
{
	char room[512], headers[256];

	snprintf(headers, sizeof headers,
		 "Event: presence\r\nSubscription-State: active;expires=3600\r\n"
		 "Contact: <sip:pa@127.0.0.1:%u;transport=tcp>\r\n",
		 text_peer_port(rig->peer));
	end->cseq++;
	return rig_text(rig, SIP_WAY_TCP,
			&(struct rig_request){.method = "NOTIFY",
					      .uri = end->target,
					      .from = end->from,
					      .from_tag = end->tag,
					      .to = end->to,
					      .to_tag = end->their_tag,
					      .call_id = end->call_id,
					      .cseq = end->cseq,
					      .headers = headers,
					      .body = pa_document(note, room, sizeof room),
					      .type = "application/pidf+xml"});
}

/* [D-56] [EVT-022] [PRES-041]: a server tells everything at once: each NOTIFY is answered
 * 200, the newest state of each user is told, what came before it in one go is not. */
static void storm(void **state)
{
	struct rig *rig =
		rig_new(&(struct rig_options){.profile = "asterisk", .proxy_is_tcp = true});
	struct presence_agent *ends = mem_zalloc(STORM_USERS * sizeof *ends);
	struct buf all = BUF_INIT;
	char name[32];

	(void)state;
	for (int i = 0; i < STORM_USERS; i++) {
		snprintf(name, sizeof name, "%d", 2000 + i);
		pa_watch_user(rig, name);
	}
	for (int i = 0; i < STORM_USERS; i++)
		pa_accept(rig, &ends[i], "200 OK", "Expires: 3600\r\n");
	for (int k = 0; k < STORM_EACH; k++) {
		for (int i = 0; i < STORM_USERS; i++) {
			snprintf(name, sizeof name, "n%d", k);
			char *text = notify_text(rig, &ends[i], name);

			buf_puts(&all, text);
			mem_free(text);
		}
	}
	text_peer_send_bytes(rig->peer, SIP_WAY_TCP, all.data, all.len);
	for (int i = 0; i < STORM_USERS * STORM_EACH; i++)
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	text_peer_let_run(rig->peer, 100);
	assert_int_equal(fake_bridge_count(rig->bridge, "note=n9"), STORM_USERS);
	assert_int_equal(fake_bridge_count(rig->bridge, "ALLOWED"), STORM_USERS);
	assert_int_equal(rig->counters.notify_in, STORM_USERS * STORM_EACH);
	assert_int_equal(rig->counters.notify_unusable, 0);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	buf_free(&all);
	mem_free(ends);
	rig_free(&rig);
}

static void set_true(void *arg)
{
	*(bool *)arg = true;
}

/* [D-48]: what comes while many subscriptions are being ended is answered and tells nothing. */
static void stop_while_it_tells(void **state)
{
	enum { USERS = 120 };
	struct rig *rig = rig_new(
		&(struct rig_options){.profile = "asterisk", .proxy_is_tcp = true, .t1_ms = 5});
	struct presence_agent *ends = mem_zalloc(USERS * sizeof *ends);
	struct buf all = BUF_INIT;
	bool is_done = false;
	char name[32];

	(void)state;
	for (int i = 0; i < USERS; i++) {
		snprintf(name, sizeof name, "%d", 2000 + i);
		pa_watch_user(rig, name);
	}
	for (int i = 0; i < USERS; i++) {
		pa_accept(rig, &ends[i], "200 OK", "Expires: 3600\r\n");
		tell_presence(rig, &ends[i], "one");
	}
	text_peer_let_run(rig->peer, 50);
	for (int i = 0; i < USERS; i++) {
		char *text = notify_text(rig, &ends[i], "too late");

		buf_puts(&all, text);
		mem_free(text);
	}
	text_peer_send_bytes(rig->peer, SIP_WAY_TCP, all.data, all.len);
	sip_side_stop(rig->side, true, set_true, &is_done);
	for (int i = 0; i < USERS; i++)
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 "));
	for (int i = 0; i < 2000 && !is_done; i++)
		text_peer_let_run(rig->peer, 5);
	assert_true(is_done);
	assert_int_equal(fake_bridge_count(rig->bridge, "too late"), 0);
	buf_free(&all);
	mem_free(ends);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_settle),
		cmocka_unit_test(first_and_restless),
		cmocka_unit_test(gone_and_back),
		cmocka_unit_test(forgotten_dialog),
		cmocka_unit_test(storm),
		cmocka_unit_test(published_and_gone),
		cmocka_unit_test(a_new_dialog_says_nothing),
		cmocka_unit_test(published_before_it_was_away),
		cmocka_unit_test(published_but_refused),
		cmocka_unit_test(stop_while_it_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
