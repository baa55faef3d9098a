/* One change of a chat user for many phones: the SIP domain watches in their place (D-18), each
 * phone has a subscription of its own. */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/watcher.h"

enum { PHONES = 200 };

static struct rig *domain_rig(void (*limits)(struct limits *limits))
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = limits, .t1_ms = 500});

	rig->peers[0].profile.watch_as = WATCH_AS_DOMAIN;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	return rig;
}

static void subscribe(struct rig *rig, int phone, const char *event, const char *status)
{
	char call_id[32], from[64];
	struct watcher watcher = {.event = event, .from = from};

	snprintf(call_id, sizeof call_id, "%s-%d", event, phone);
	snprintf(watcher.call_id, sizeof watcher.call_id, "%s", call_id);
	snprintf(from, sizeof from, "\"Desk\" <sip:%d@pbx.example>", phone);
	const struct sip_text *answer = watcher_subscribe(rig, &watcher, "");

	if (strncmp(answer->text, status, strlen(status)) != 0)
		fail_msg("phone %d: %s", phone, answer->text);
}

/* [D-18] [D-32] [REQ-012] [PRES-078] [SEC-030]: one question for all phones of a domain; her yes
 * covers them, each is told in his own dialog, and the core hears when the last has gone. */
static void one_question_for_all(void **state)
{
	struct rig *rig = domain_rig(NULL);
	char room[128];

	(void)state;
	for (int i = 0; i < 3; i++) {
		subscribe(rig, 1000 + i, i == 2 ? "dialog" : "presence", "SIP/2.0 200");
		rig_expect_line(rig, "requested sip:pbx.example xmpp:juliet@chat.example nick=-");
		watcher_answer(rig, "pending", "200 OK");
	}
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(rig->counters.notify_out, 3);
	watcher_decide_for(rig, "", "juliet", WATCH_ALLOWED);
	for (int i = 0; i < 3; i++) {
		const struct sip_text *notify = watcher_take(rig, "active");

		snprintf(room, sizeof room, "<sip:%d@pbx.example>;tag=ft", 1000 + i);
		assert_non_null(strstr(notify->text, room));
		text_peer_answer(rig->peer, notify, "200 OK", "");
	}
	text_peer_let_run(rig->peer, 20);
	watcher_decide_for(rig, "", "juliet", WATCH_REJECTED);
	for (int i = 0; i < 3; i++)
		watcher_answer(rig, "terminated;reason=rejected", "200 OK");
	rig_free(&rig);
}

static void few(struct limits *limits)
{
	limits->watches_per_watcher = 10;
	limits->watches_per_watched = 12;
	limits->new_watches_per_minute = 2;
}

/* [D-55] [SEC-082]: who asks is counted, not who stands for him. */
static void phones_are_counted(void **state)
{
	struct rig *rig = domain_rig(few);
	char uri[64], call_id[32], room[32];
	struct watcher watcher = {.uri = uri};

	(void)state;
	for (int i = 0; i < 12; i++) /* 12 phones: no watcher has too many */
		subscribe(rig, 1000 + i, "presence", "SIP/2.0 200");
	subscribe(rig, 2000, "presence", "SIP/2.0 403"); /* she has */
	/* new ones of one phone: two a minute, though it is the domain that asks */
	for (int i = 0; i < 4; i++) {
		snprintf(uri, sizeof uri, "sip:user%d@chat.example", i);
		snprintf(call_id, sizeof call_id, "new-%d", i);
		memset(&watcher, 0, sizeof watcher);
		watcher.uri = uri;
		watcher.from = "<sip:1000@pbx.example>";
		snprintf(watcher.call_id, sizeof watcher.call_id, "%s", call_id);
		const struct sip_text *answer = watcher_subscribe(rig, &watcher, "");

		assert_memory_equal(answer->text, i < 2 ? "SIP/2.0 200" : "SIP/2.0 480", 11);
		if (i >= 2)
			assert_in_range(
				atoi(sip_text_header(answer, "Retry-After", room, sizeof room)), 10,
				30);
	}
	assert_int_equal(rig->counters.limits.new_watches_per_minute, 2);
	rig_free(&rig);
}

/* [D-55]: nor may a list ask for all at once; the others are asked later. */
static void lists_of_phones_are_counted(void **state)
{
	struct rig *rig = domain_rig(few);
	struct watcher watcher = {
		.call_id = "list",
		.type = "application/resource-lists+xml",
		.body = "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list>"
			"<entry uri=\"sip:a@chat.example\"/><entry uri=\"sip:b@chat.example\"/>"
			"<entry uri=\"sip:c@chat.example\"/><entry uri=\"sip:d@chat.example\"/>"
			"<entry uri=\"sip:e@chat.example\"/></list></resource-lists>"};

	(void)state;
	watcher_subscribe(rig, &watcher, "Supported: eventlist\r\n");
	watcher_answer(rig, "active", "200 OK");
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(fake_bridge_count(rig->bridge, "requested sip:pbx.example"), 3);
	assert_int_equal(rig->counters.limits.new_watches_per_minute, 2);
	rig_free(&rig);
}

/* Takes and answers all NOTIFYs there are; returns how many, and how many of them hold needle. */
static size_t answer_all(struct rig *rig, size_t count, const char *needle, size_t *fresh)
{
	*fresh = 0;
	for (size_t i = 0; i < count; i++) {
		const struct sip_text *notify = watcher_take(rig, "active");

		*fresh += strstr(sip_text_body(notify), needle) != NULL ? 1 : 0;
		text_peer_answer(rig->peer, notify, "200 OK", "");
	}
	return count;
}

/* [D-18] [D-33] [EVT-038] [PRES-086]: a change for two hundred phones goes out some at a
 * time; what changes meanwhile overtakes it: nobody is told an old state after the new, and those
 * who were not told yet are told once. */
static void many_are_told_the_newest(void **state)
{
	struct rig *rig = domain_rig(NULL);
	size_t fresh, told;

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	for (int i = 0; i < PHONES; i++) {
		subscribe(rig, 1000 + i, i % 2 == 0 ? "presence" : "dialog", "SIP/2.0 200");
		watcher_answer(rig, "active", "200 OK");
	}
	text_peer_let_run(rig->peer, 20);
	rig->counters.notify_out = 0;
	fake_bridge_set_now(rig->bridge, SHOW_DND, "one");
	watcher_tell_for(rig, "", "juliet", &rig->bridge->now);
	/* not from inside the call of the core */
	assert_true(rig->counters.notify_out < 100);
	fake_bridge_set_now(rig->bridge, SHOW_XA, "two");
	watcher_tell_for(rig, "", "juliet", &rig->bridge->now);
	answer_all(rig, PHONES, "two", &fresh);
	/* lamps look the same in both; phones that heard of the first hear of the second */
	assert_in_range(fresh, 1, PHONES / 2);
	told = text_peer_let_run(rig->peer, 100);
	assert_int_equal(fresh + told, PHONES / 2);
	answer_all(rig, told, "two", &fresh);
	assert_int_equal(fresh, told);
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	rig_free(&rig);
}

/* [PRES-187]: unknown is closed for all, also for those whose turn comes later. */
static void many_are_told_it_is_unknown(void **state)
{
	struct rig *rig = domain_rig(NULL);
	size_t fresh;

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	for (int i = 0; i < 60; i++) {
		subscribe(rig, 1000 + i, "presence", "SIP/2.0 200");
		watcher_answer(rig, "active", "200 OK");
	}
	text_peer_let_run(rig->peer, 20);
	rig->bridge->has_now = false;
	watcher_tell_for(rig, "", "juliet", NULL);
	answer_all(rig, 60, "<basic>closed</basic>", &fresh);
	assert_int_equal(fresh, 60);
	rig_free(&rig);
}

/* [D-18] [EVT-042] [PRES-088] [SEC-031]: her yes and her no for many: not from inside
 * the call of the core, and each hears each once. */
static void many_hear_her_answer(void **state)
{
	struct rig *rig = domain_rig(NULL);
	size_t fresh;

	(void)state;
	for (int i = 0; i < 60; i++) {
		subscribe(rig, 1000 + i, i % 2 == 0 ? "presence" : "dialog", "SIP/2.0 200");
		watcher_answer(rig, "pending", "200 OK");
	}
	text_peer_let_run(rig->peer, 20);
	rig->counters.notify_out = 0;
	rig->bridge->has_now = false; /* nothing is known of her yet */
	watcher_decide_for(rig, "", "juliet", WATCH_ALLOWED);
	assert_int_equal(rig->counters.notify_out, 0);
	answer_all(rig, 60, "<dialog-info", &fresh);
	assert_int_equal(fresh, 30);
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(rig->counters.notify_out, 60);
	watcher_decide_for(rig, "", "juliet", WATCH_REJECTED);
	assert_int_equal(rig->counters.notify_out, 60);
	for (int i = 0; i < 60; i++)
		watcher_answer(rig, "terminated;reason=rejected", "200 OK");
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	assert_int_equal(rig->counters.notify_out, 120);
	assert_int_equal(fake_bridge_count(rig->bridge, "lapsed"), 0);
	rig_free(&rig);
}

/* [D-18] [EVT-052]: watcher information is told as her answer is: not from inside the call of the
 * core; who watches no more hears nothing. */
static void many_are_informed(void **state)
{
	struct rig *rig = domain_rig(NULL);

	(void)state;
	for (int i = 0; i < 30; i++) {
		subscribe(rig, 1000 + i, "presence", "SIP/2.0 200");
		watcher_answer(rig, "pending", "200 OK");
		subscribe(rig, 1000 + i, "presence.winfo", "SIP/2.0 200");
		watcher_answer(rig, "active", "200 OK");
	}
	text_peer_let_run(rig->peer, 20);
	rig->counters.notify_out = 0;
	rig->bridge->has_now = false;
	watcher_decide_for(rig, "", "juliet", WATCH_ALLOWED);
	assert_int_equal(rig->counters.notify_out, 0);
	for (int i = 0; i < 60; i++)
		text_peer_answer(rig->peer, watcher_take(rig, "active"), "200 OK", "");
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	assert_int_equal(rig->counters.notify_out, 60);
	rig_free(&rig);
}

/* Subscriptions end while their turn has not come: nothing is left behind. */
static void ends_while_many_are_told(void **state)
{
	struct rig *rig = domain_rig(NULL);

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	for (int i = 0; i < 60; i++) {
		subscribe(rig, 1000 + i, "presence", "SIP/2.0 200");
		watcher_answer(rig, "active", "200 OK");
	}
	text_peer_let_run(rig->peer, 20);
	fake_bridge_set_now(rig->bridge, SHOW_DND, "one");
	watcher_tell_for(rig, "", "juliet", &rig->bridge->now);
	watcher_decide_for(rig, "", "juliet", WATCH_REJECTED);
	for (int i = 0; i < 60; i++)
		watcher_answer(rig, "terminated", "200 OK");
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "nobody looks");
	watcher_tell_for(rig, "", "juliet", &rig->bridge->now);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_question_for_all),
		cmocka_unit_test(phones_are_counted),
		cmocka_unit_test(lists_of_phones_are_counted),
		cmocka_unit_test(many_are_told_the_newest),
		cmocka_unit_test(many_are_told_it_is_unknown),
		cmocka_unit_test(many_hear_her_answer),
		cmocka_unit_test(many_are_informed),
		cmocka_unit_test(ends_while_many_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
