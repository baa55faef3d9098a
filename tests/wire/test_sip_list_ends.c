/* How lists of chat users end, and what becomes of NOTIFYs that are refused, by bytes (RFC 4662).
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "sip/sip_side.h"
#include "wire/watcher.h"

static const char two[] = "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list>"
			  "<entry uri=\"sip:juliet@chat.example\"/>"
			  "<entry uri=\"sip:romeo@chat.example\"/></list></resource-lists>";

static void begin(struct rig *rig, struct watcher *watcher)
{
	*watcher = (struct watcher){
		.call_id = "ends", .body = two, .type = "application/resource-lists+xml"};
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	watcher_subscribe(rig, watcher, "Supported: eventlist\r\nExpires: 60\r\n");
	watcher_answer(rig, "active", "200 OK");
	text_peer_let_run(rig->peer, 20);
}

static void set_true(void *arg)
{
	*(bool *)arg = true;
}

static void expect_last(struct rig *rig, const char *state)
{
	const struct sip_text *text = watcher_take(rig, state);
	char room[64];

	assert_string_equal(sip_text_header(text, "Require", room, sizeof room), "eventlist");
	text_peer_answer(rig->peer, text, "200 OK", "");
	text_peer_let_run(rig->peer, 30);
}

/* [D-48] [PRES-101] [EVT-065]: told when to come back, like all others. */
static void stop_tells_lists(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher;
	bool is_done = false;

	(void)state;
	begin(rig, &watcher);
	sip_side_stop(rig->side, true, set_true, &is_done);
	expect_last(rig, "terminated;reason=probation;retry-after=");
	assert_true(is_done);
	rig_free(&rig);
}

static void short_expires(struct limits *limits)
{
	limits->expires_min_s = 1;
	limits->expires_max_s = 1;
}

/* [EVT-036] [PRES-099]: it runs out: each member's pair has one looker less. */
static void lists_run_out(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = short_expires});
	struct watcher watcher;

	(void)state;
	begin(rig, &watcher);
	expect_last(rig, "terminated;reason=timeout");
	rig_expect_line(rig, "lapsed sip:1001@pbx.example xmpp:juliet@chat.example");
	rig_expect_line(rig, "lapsed sip:1001@pbx.example xmpp:romeo@chat.example");
	rig_free(&rig);
}

/* [EVT-037] [PRES-085]: an answer that ends it. */
static void refused_for_good(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher;

	(void)state;
	begin(rig, &watcher);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "second");
	watcher_tell_for(rig, "1001", "romeo", &rig->bridge->now);
	watcher_answer(rig, "active", "481 Gone");
	rig_expect_line(rig, "lapsed sip:1001@pbx.example xmpp:juliet@chat.example");
	rig_expect_line(rig, "lapsed sip:1001@pbx.example xmpp:romeo@chat.example");
	assert_int_equal(text_peer_let_run(rig->peer, 30), 0);
	rig_free(&rig);
}

/* [PRES-087] [EVT-070]: a refused partial document may be lost: the next one is of all. */
static void refused_for_now(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher;

	(void)state;
	begin(rig, &watcher);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "second");
	watcher_tell_for(rig, "1001", "romeo", &rig->bridge->now);
	watcher_answer(rig, "active", "500 Error");
	text_peer_let_run(rig->peer, 30);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "third");
	watcher_tell_for(rig, "1001", "romeo", &rig->bridge->now);
	const struct sip_text *text = watcher_take(rig, "active");

	assert_non_null(strstr(sip_text_body(text), "fullState=\"true\""));
	assert_non_null(strstr(sip_text_body(text), "sip:juliet@chat.example"));
	text_peer_answer(rig->peer, text, "200 OK", "");
	rig_free(&rig);
}

/* [EVT-038]: what changes while a NOTIFY is under way is in the next one. */
static void one_at_a_time(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 200});
	struct watcher watcher;
	const struct sip_text *text;

	(void)state;
	begin(rig, &watcher);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "second");
	watcher_tell_for(rig, "1001", "romeo", &rig->bridge->now);
	text_peer_let_run(rig->peer, 80);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "third");
	watcher_tell_for(rig, "1001", "romeo", &rig->bridge->now);
	watcher_tell_for(rig, "1001", "juliet", &rig->bridge->now);
	text_peer_let_run(rig->peer, 80);
	assert_int_equal(text_peer_count(rig->peer, "NOTIFY"), 1);
	text = watcher_take(rig, "active");
	assert_non_null(strstr(sip_text_body(text), "second"));
	text_peer_answer(rig->peer, text, "200 OK", "");
	text = watcher_take(rig, "active");
	assert_non_null(strstr(sip_text_body(text), "third"));
	assert_non_null(strstr(sip_text_body(text), "fullState=\"false\""));
	assert_non_null(strstr(sip_text_body(text), "sip:juliet@chat.example"));
	text_peer_answer(rig->peer, text, "200 OK", "");
	assert_int_equal(text_peer_let_run(rig->peer, 80), 0);
	rig_free(&rig);
}

/* Taken down with everything under way: nothing is left behind. */
static void taken_down(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher;

	(void)state;
	begin(rig, &watcher);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "second");
	watcher_tell_for(rig, "1001", "romeo", &rig->bridge->now);
	text_peer_let_run(rig->peer, 60);
	watcher_tell_for(rig, "1001", "juliet", &rig->bridge->now);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stop_tells_lists), cmocka_unit_test(lists_run_out),
		cmocka_unit_test(refused_for_good), cmocka_unit_test(refused_for_now),
		cmocka_unit_test(one_at_a_time),    cmocka_unit_test(taken_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
