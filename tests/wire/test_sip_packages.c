/* Chat users watched by other packages than presence: lamp keys (Event dialog, D-31) and watcher
 * information (RFC 3857), beside presence in the same pair. */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/watcher.h"

static void expect_header(const struct sip_text *text, const char *name, const char *value)
{
	char room[512];

	assert_string_equal(sip_text_header(text, name, room, sizeof room), value);
}

static void expect_body(const struct sip_text *text, const char *needle)
{
	if (strstr(sip_text_body(text), needle) == NULL)
		fail_msg("no %s in %s", needle, text->text);
}

static const struct sip_text *take_lamp(struct rig *rig, const char *state)
{
	const struct sip_text *notify = watcher_take(rig, "active");

	expect_header(notify, "Event", "dialog");
	expect_header(notify, "Content-Type", "application/dialog-info+xml");
	expect_body(notify, state);
	return notify;
}

/* [D-31] [D-30] [DLG-001] [DLG-018] [EVT-002] [EVT-010] [EVT-041] [EVT-083]: a lamp key:
 * no body while pending, then whole documents that count from 0, with a state and nothing else. */
static void a_lamp_key(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "lamp",
				  .event = "dialog;max-rate=1;sla;call-id=\"x\""};
	const struct sip_text *notify;
	char headers[128] = "Accept: application/dialog-info+xml\r\n";

	(void)state;
	assert_memory_equal(watcher_subscribe(rig, &watcher, headers)->text, "SIP/2.0 200", 11);
	notify = watcher_take(rig, "pending");
	expect_header(notify, "Event", "dialog");
	assert_string_equal(sip_text_body(notify), "");
	text_peer_answer(rig->peer, notify, "200 OK", "");
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "secret");
	watcher_decide(rig, WATCH_ALLOWED);
	notify = take_lamp(rig, "<state>terminated</state>");
	expect_body(notify, "version=\"0\"");
	expect_body(notify, "state=\"full\"");
	expect_body(notify, "entity=\"sip:juliet@chat.example\"");
	assert_null(strstr(sip_text_body(notify), "secret"));
	text_peer_answer(rig->peer, notify, "200 OK", "");
	fake_bridge_set_now(rig->bridge, SHOW_DND, "secret");
	watcher_tell(rig);
	notify = take_lamp(rig, "<state>confirmed</state>");
	expect_body(notify, "version=\"1\"");
	text_peer_answer(rig->peer, notify, "200 OK", "");
	/* a refresh counts on */
	watcher_subscribe(rig, &watcher, headers);
	notify = take_lamp(rig, "<state>confirmed</state>");
	expect_body(notify, "version=\"2\"");
	text_peer_answer(rig->peer, notify, "200 OK", "");
	watcher_subscribe(rig, &watcher, "Expires: 0\r\n");
	notify = watcher_take(rig, "terminated;reason=timeout");
	expect_body(notify, "<state>confirmed</state>"); /* expect no answer any more */
	text_peer_answer(rig->peer, notify, "200 OK", "");
	rig_expect_line(rig, "lapsed");
	rig_free(&rig);
}

/* [D-31] [PRES-187]: what each state lights, by either rule; unknown is not reachable. */
static void what_lights_it(void **state)
{
	static const struct {
		enum lamp_rule rule;
		enum show show;
		bool is_known, is_lit;
	} rows[] = {
		{LAMP_REACH, SHOW_NONE, true, false},   {LAMP_REACH, SHOW_AWAY, true, false},
		{LAMP_REACH, SHOW_XA, true, true},      {LAMP_REACH, SHOW_DND, true, true},
		{LAMP_REACH, SHOW_NONE, false, true},   {LAMP_ONLINE, SHOW_NONE, true, true},
		{LAMP_ONLINE, SHOW_NONE, false, false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(NULL);
		struct watcher watcher = {.call_id = "lights", .event = "dialog"};

		rig->peers[0].profile.lamp = rows[i].rule;
		fake_bridge_set_now(rig->bridge, rows[i].show, "n");
		rig->bridge->has_now = rows[i].is_known;
		rig->bridge->requested = WATCH_ALLOWED;
		watcher_subscribe(rig, &watcher, "");
		expect_body(watcher_take(rig, "active"),
			    rows[i].is_lit ? ">confirmed<" : ">terminated<");
		rig_free(&rig);
	}
}

/* [EVT-039] [D-33] [PRES-127]: what does not change the lamp is not told; a burst of five, then one
 * a second, the newest. */
static void lamps_have_their_own_pace(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "pace", .event = "dialog"};

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "a");
	watcher_subscribe(rig, &watcher, "");
	watcher_answer(rig, "active", "200 OK");
	text_peer_let_run(rig->peer, 20);
	fake_bridge_set_now(rig->bridge, SHOW_CHAT, "b");
	watcher_tell(rig);
	assert_int_equal(text_peer_let_run(rig->peer, 30), 0);
	for (int i = 0; i < 6; i++) {
		fake_bridge_set_now(rig->bridge, i % 2 == 0 ? SHOW_DND : SHOW_NONE, "c");
		watcher_tell(rig);
		text_peer_let_run(rig->peer, 20);
		if (i < 5)
			watcher_answer(rig, "active", "200 OK");
		text_peer_let_run(rig->peer, 20);
	}
	assert_int_equal(text_peer_count(rig->peer, "NOTIFY"), 0); /* the sixth waits */
	expect_body(watcher_take(rig, "active"), ">terminated<");
	assert_int_equal(rig->counters.notify_out, 7);
	rig_free(&rig);
}

/* [EVT-008] [PRES-078]: one pair, one question, whatever it is watched by; the core hears of the
 * last that goes. */
static void packages_share_a_pair(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher presence = {.call_id = "p"}, lamp = {.call_id = "d", .event = "dialog"};

	(void)state;
	watcher_begin(rig, &presence);
	watcher_subscribe(rig, &lamp, "");
	watcher_answer(rig, "active", "200 OK");
	text_peer_let_run(rig->peer, 20);
	fake_bridge_set_now(rig->bridge, SHOW_DND, "busy");
	watcher_tell(rig);
	expect_header(watcher_take(rig, "active"), "Event", "presence");
	expect_header(watcher_take(rig, "active"), "Event", "dialog");
	watcher_subscribe(rig, &presence, "Expires: 0\r\n");
	text_peer_let_run(rig->peer, 40);
	assert_int_equal(fake_bridge_count(rig->bridge, "lapsed"), 0);
	rig_free(&rig);
}

/* [EVT-003] [EVT-009] [EVT-011] [EVT-084] [EVT-065]: a refusal names what would be taken. */
static void refusals_name_what_is_taken(void **state)
{
	static const struct {
		const char *event, *headers, *body, *type;
		const char *status, *name, *value;
	} rows[] = {
		{"conference", "", NULL, NULL, "SIP/2.0 489", "Allow-Events", "presence, dialog"},
		{"Dialog", "", NULL, NULL, "SIP/2.0 489", "Allow-Events", "presence, dialog"},
		{"winfo", "", NULL, NULL, "SIP/2.0 489", "Allow-Events", "presence, dialog"},
		{"dialog", "Accept: application/pidf+xml\r\n", NULL, NULL, "SIP/2.0 406", "Accept",
		 "application/dialog-info+xml"},
		{"presence", "Accept: application/dialog-info+xml\r\n", NULL, NULL, "SIP/2.0 406",
		 "Accept", "application/pidf+xml"},
		{"presence.winfo", "Accept: text/plain\r\n", NULL, NULL, "SIP/2.0 406", "Accept",
		 "application/watcherinfo+xml"},
		{"presence", "", "x", "text/plain", "SIP/2.0 415", "Accept",
		 "application/simple-filter+xml, application/resource-lists+xml"},
		{"dialog", "Expires: 7\r\n", NULL, NULL, "SIP/2.0 423", "Min-Expires", "60"},
		{"presence", "Require: recipient-list-subscribe\r\n", "<resource-lists/>",
		 "application/resource-lists+xml", "SIP/2.0 421", "Require", "eventlist"},
		{"presence", "Require: gruu, eventlist, path\r\n", NULL, NULL, "SIP/2.0 420",
		 "Unsupported", "gruu, path"},
	};
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct watcher watcher = {.call_id = "no",
					  .event = rows[i].event,
					  .body = rows[i].body,
					  .type = rows[i].type};
		const struct sip_text *answer = watcher_subscribe(rig, &watcher, rows[i].headers);

		if (strncmp(answer->text, rows[i].status, 11) != 0)
			fail_msg("row %zu: %s", i, answer->text);
		expect_header(answer, rows[i].name, rows[i].value);
	}
	assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 0);
	rig_free(&rig);
}

/* [EVT-048] [EVT-049] [EVT-052] [SEC-034]: a watcher hears what became of his own question, and of
 * nobody else's. */
static void watcher_information(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher presence = {.call_id = "p"};
	struct watcher winfo = {.call_id = "w", .event = "presence.winfo"};
	struct watcher other = {
		.call_id = "o", .event = "presence.winfo", .from = "<sip:1002@pbx.example>"};
	const struct sip_text *notify;

	(void)state;
	assert_memory_equal(watcher_subscribe(rig, &winfo, "")->text, "SIP/2.0 403", 11);
	watcher_subscribe(rig, &presence, "");
	watcher_answer(rig, "pending", "200 OK");
	assert_memory_equal(watcher_subscribe(rig, &other, "")->text, "SIP/2.0 403", 11);
	watcher_subscribe(rig, &winfo, "");
	notify = watcher_take(rig, "active");
	expect_header(notify, "Event", "presence.winfo");
	expect_header(notify, "Content-Type", "application/watcherinfo+xml");
	expect_body(notify, "version=\"0\" state=\"full\"");
	expect_body(notify, "resource=\"sip:juliet@chat.example\" package=\"presence\"");
	expect_body(notify, "status=\"pending\" event=\"subscribe\">sip:1001@pbx.example<");
	text_peer_answer(rig->peer, notify, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 1);
	watcher_decide(rig, WATCH_ALLOWED);
	notify = text_peer_expect(rig->peer, "NOTIFY ");
	for (int i = 0; i < 2; i++) { /* the two in either order */
		if (strstr(notify->text, "winfo") != NULL) {
			expect_body(notify, "version=\"1\" state=\"partial\"");
			expect_body(notify, "status=\"active\" event=\"approved\"");
		}
		text_peer_answer(rig->peer, notify, "200 OK", "");
		if (i == 0)
			notify = text_peer_expect(rig->peer, "NOTIFY ");
	}
	text_peer_let_run(rig->peer, 20);
	/* a refresh tells all */
	watcher_subscribe(rig, &winfo, "");
	notify = watcher_take(rig, "active");
	expect_body(notify, "version=\"2\" state=\"full\"");
	expect_body(notify, "status=\"active\"");
	text_peer_answer(rig->peer, notify, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	watcher_decide(rig, WATCH_REJECTED);
	notify = text_peer_expect(rig->peer, "NOTIFY ");
	if (strstr(notify->text, "winfo") == NULL) {
		text_peer_answer(rig->peer, notify, "200 OK", "");
		notify = text_peer_expect(rig->peer, "NOTIFY ");
	}
	expect_body(notify, "version=\"3\" state=\"partial\"");
	expect_body(notify, "status=\"terminated\" event=\"rejected\"");
	text_peer_answer(rig->peer, notify, "200 OK", "");
	rig_free(&rig);
}

/* [EVT-051]: a question that nobody answered before its subscription ran out waits on; the core
 * hears that the pair has nobody left, whoever is still informed. */
static void a_question_waits(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher presence = {.call_id = "p"};
	struct watcher winfo = {.call_id = "w", .event = "presence.winfo"};
	const struct sip_text *notify;

	(void)state;
	watcher_subscribe(rig, &presence, "");
	watcher_answer(rig, "pending", "200 OK");
	watcher_subscribe(rig, &winfo, "");
	watcher_answer(rig, "active", "200 OK");
	text_peer_let_run(rig->peer, 20);
	watcher_subscribe(rig, &presence, "Expires: 0\r\n");
	rig_expect_line(rig, "lapsed");
	notify = text_peer_expect(rig->peer, "NOTIFY ");
	if (strstr(notify->text, "winfo") == NULL) {
		text_peer_answer(rig->peer, notify, "200 OK", "");
		notify = text_peer_expect(rig->peer, "NOTIFY ");
	}
	expect_body(notify, "status=\"waiting\" event=\"timeout\"");
	text_peer_answer(rig->peer, notify, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	watcher_subscribe(rig, &winfo, "Expires: 0\r\n");
	watcher_answer(rig, "terminated;reason=timeout", "200 OK");
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(fake_bridge_count(rig->bridge, "lapsed"), 0);
	rig_free(&rig);
}

/* [EVT-082] [EVT-079] [EVT-080]: who has the state is not told it again. */
static void conditional_notification(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "tag"};
	const struct sip_text *notify, *answer;
	char tag[64], headers[128];

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	watcher_subscribe(rig, &watcher, "Expires: 600\r\n");
	notify = watcher_take(rig, "active");
	sip_text_header(notify, "SIP-ETag", tag, sizeof tag);
	assert_int_not_equal(strlen(tag), 0);
	text_peer_answer(rig->peer, notify, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	snprintf(headers, sizeof headers, "Expires: 300\r\nSuppress-If-Match: %s\r\n", tag);
	answer = watcher_subscribe(rig, &watcher, headers);
	assert_memory_equal(answer->text, "SIP/2.0 204", 11);
	expect_header(answer, "Expires", "300");
	assert_int_equal(text_peer_let_run(rig->peer, 30), 0);
	/* another state has another tag */
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "second");
	answer = watcher_subscribe(rig, &watcher, headers);
	assert_memory_equal(answer->text, "SIP/2.0 200", 11);
	notify = watcher_take(rig, "active");
	expect_body(notify, "second");
	sip_text_header(notify, "SIP-ETag", headers, sizeof headers);
	assert_string_not_equal(headers, tag);
	text_peer_answer(rig->peer, notify, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	/* and the end needs no last word */
	answer = watcher_subscribe(rig, &watcher, "Expires: 0\r\nSuppress-If-Match: *\r\n");
	assert_memory_equal(answer->text, "SIP/2.0 204", 11);
	rig_expect_line(rig, "lapsed");
	assert_int_equal(text_peer_let_run(rig->peer, 30), 0);
	rig_free(&rig);
}

/* [EVT-080]: in a new dialog: the tag alone says that nothing changed; later documents come whole.
 */
static void conditional_in_a_new_dialog(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher first = {.call_id = "first"}, second = {.call_id = "second"};
	const struct sip_text *notify;
	char tag[64], headers[128], room[64];

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	watcher_subscribe(rig, &first, "");
	notify = watcher_take(rig, "active");
	sip_text_header(notify, "SIP-ETag", tag, sizeof tag);
	text_peer_answer(rig->peer, notify, "200 OK", "");
	snprintf(headers, sizeof headers, "Suppress-If-Match: %s\r\n", tag);
	assert_memory_equal(watcher_subscribe(rig, &second, headers)->text, "SIP/2.0 200", 11);
	notify = watcher_take(rig, "active");
	expect_header(notify, "SIP-ETag", tag);
	assert_int_equal(sip_text_header_count(notify, "Content-Type"), 0);
	expect_header(notify, "Content-Length", "0");
	assert_string_equal(sip_text_body(notify), "");
	text_peer_answer(rig->peer, notify, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "second");
	watcher_tell(rig);
	for (int i = 0; i < 2; i++) {
		notify = watcher_take(rig, "active");
		expect_body(notify, "second");
		assert_string_not_equal(sip_text_header(notify, "SIP-ETag", room, sizeof room),
					tag);
		text_peer_answer(rig->peer, notify, "200 OK", "");
	}
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lamp_key),
		cmocka_unit_test(what_lights_it),
		cmocka_unit_test(lamps_have_their_own_pace),
		cmocka_unit_test(packages_share_a_pair),
		cmocka_unit_test(refusals_name_what_is_taken),
		cmocka_unit_test(watcher_information),
		cmocka_unit_test(a_question_waits),
		cmocka_unit_test(conditional_notification),
		cmocka_unit_test(conditional_in_a_new_dialog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
