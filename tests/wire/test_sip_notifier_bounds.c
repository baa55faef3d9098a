/* Where NOTIFYs of the notifier may go, how many there may be, and how it ends, by bytes (SEC-021,
 * D-55, D-48). */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/watcher.h"

static void small_book(struct limits *limits)
{
	limits->watches_per_watcher = 2;
}

static void slow_book(struct limits *limits)
{
	limits->new_watches_per_minute = 2;
}

static void popular(struct limits *limits)
{
	limits->watches_per_watched = 2;
}

/* [D-55] [REQ-009] [REL-048] [SEC-080]: limits of watchers and watched; refused ones leave nothing.
 * [ASEC-015] [SEC-082] */
static void subscriptions_are_bounded(void **state)
{
	static const struct {
		void (*limits)(struct limits *limits);
		const char *status;
		bool one_watched;
	} rows[] = {
		{small_book, "SIP/2.0 403", false},
		{popular, "SIP/2.0 403", true},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){.limits = rows[i].limits});
		char contact[128], headers[256], uri[64];
		const struct sip_text *text = NULL;

		snprintf(headers, sizeof headers, "Event: presence\r\n%s",
			 watcher_contact(rig, contact, sizeof contact));
		for (int k = 0; k < 3; k++) {
			snprintf(uri, sizeof uri, "sip:u%d@chat.example",
				 rows[i].one_watched ? 0 : k);
			rig_send(rig, SIP_WAY_UDP,
				 &(struct rig_request){
					 .method = "SUBSCRIBE", .uri = uri, .headers = headers});
			text = text_peer_expect(rig->peer, "SIP/2.0 ");
		}
		assert_memory_equal(text->text, rows[i].status, 11);
		assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 2);
		rig_free(&rig);
	}
}

/* [D-55]: pairs that the core knows are no new ones, however many come at once after a restart. */
static void restored_pairs_are_not_refused(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = slow_book});
	char contact[128], headers[256], uri[64];

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	snprintf(headers, sizeof headers, "Event: presence\r\n%s",
		 watcher_contact(rig, contact, sizeof contact));
	for (int i = 0; i < 20; i++) {
		snprintf(uri, sizeof uri, "sip:u%d@chat.example", i);
		rig_send(rig, SIP_WAY_UDP,
			 &(struct rig_request){
				 .method = "SUBSCRIBE", .uri = uri, .headers = headers});
		const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 ");

		assert_memory_equal(text->text, "SIP/2.0 200", 11);
	}
	assert_int_equal(rig->counters.limits.new_watches_per_minute, 0);
	rig_free(&rig);
}

/* [SEC-021] [SOF-013] [SEC-020]: Contacts and routes that lead elsewhere are refused before
 * anything is sent. [SEC-089] [SIP-091] */
static void foreign_destinations_are_refused(void **state)
{
	static const char *const contacts[] = {
		"<sip:a@192.0.2.66>",
		"<sip:a@224.0.0.1>",
		"<sip:a@255.255.255.255>",
		"<sip:a@0.0.0.0>",
		"<sip:a@169.254.1.1>",
		"<sip:a@evil.example>",
		"<sip:a@[2001:db8::1]>",
		"<sip:a@[fe80::1]>",
		"<sip:a@[ff02::1]>",
		"<sip:a@[::ffff:192.0.2.1]>",
		"<sip:a@10.0.0.1>",
		"<sips:a@127.0.0.1>",
		"<sip:a@127.0.0.1;maddr=192.0.2.1>",
		"<sip:a@240.0.0.1>",
		"<http://127.0.0.1/>",
		"<sip:a@2130706433>",
		"<sip:a@0x7f.1>",
		"<sip:a@pbx.example.evil.example>",
	};
	static const char *const routes[] = {
		"<sip:192.0.2.66;lr>",
		"<sip:evil.example;lr>",
		"<sip:224.0.0.1;lr>",
		"<sip:192.0.2.66>",
		"<sip:127.0.0.1;lr;maddr=192.0.2.1>",
	};
	struct rig *rig = rig_new(NULL);
	char headers[512], contact[128];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(contacts); i++) {
		snprintf(headers, sizeof headers, "Event: presence\r\nContact: %s\r\n",
			 contacts[i]);
		rig_send(rig, SIP_WAY_UDP,
			 &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
		const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 4");

		if (text == NULL)
			fail_msg("%s was taken", contacts[i]);
	}
	for (size_t i = 0; i < CHECK_COUNT(routes); i++) {
		snprintf(headers, sizeof headers, "Event: presence\r\nRecord-Route: %s\r\n%s",
			 routes[i], watcher_contact(rig, contact, sizeof contact));
		rig_send(rig, SIP_WAY_UDP,
			 &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
		if (text_peer_expect(rig->peer, "SIP/2.0 403") == NULL)
			fail_msg("%s was taken", routes[i]);
	}
	snprintf(headers, sizeof headers, "Event: presence\r\nContact: <sip:a@127.0.0.1:%u>\r\n",
		 rig->port);
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 403"));
	assert_int_equal(rig->counters.notify_out, 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 0);
	rig_free(&rig);
}

/* [EVT-006] [SEC-021] [SIP-042]: a refresh moves the target, but only where it may go. */
static void refresh_moves_the_target(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "c12"};
	char headers[256], line[64];

	(void)state;
	watcher_begin(rig, &watcher);
	snprintf(headers, sizeof headers, "Event: presence\r\nContact: <sip:a@192.0.2.66>\r\n");
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE",
				       .call_id = "c12",
				       .cseq = 5,
				       .to_tag = watcher.tag,
				       .headers = headers});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 403"));
	snprintf(headers, sizeof headers,
		 "Event: presence\r\nContact: <sip:moved@127.0.0.1:%u>\r\n",
		 text_peer_port(rig->peer));
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE",
				       .call_id = "c12",
				       .cseq = 6,
				       .to_tag = watcher.tag,
				       .headers = headers});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	snprintf(line, sizeof line, "NOTIFY sip:moved@127.0.0.1:%u ", text_peer_port(rig->peer));
	assert_non_null(text_peer_expect(rig->peer, line));
	rig_free(&rig);
}

static void set_true(void *arg)
{
	*(bool *)arg = true;
}

/* [D-48] [PRES-101] [EVT-042]: the end: everybody is told when to come back; then it is done.
 * [REL-017] */
static void stop_tells_everybody(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher one = {.call_id = "s1"}, two = {.call_id = "s2"};
	bool is_done = false;
	char room[256];

	(void)state;
	watcher_begin(rig, &one);
	watcher_begin(rig, &two);
	sip_side_stop(rig->side, true, set_true, &is_done);
	for (int i = 0; i < 2; i++) {
		const struct sip_text *notify =
			watcher_take(rig, "terminated;reason=probation;retry-after=");

		sip_text_header(notify, "Subscription-State", room, sizeof room);
		assert_in_range(atoi(strstr(room, "after=") + 6), 10, 30);
		assert_false(is_done);
		text_peer_answer(rig->peer, notify, "200 OK", "");
	}
	/* [D-50]: nothing new while it stops */
	rig_send(rig, SIP_WAY_UDP, &(struct rig_request){.method = "OPTIONS"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 503"));
	text_peer_let_run(rig->peer, 50);
	assert_true(is_done);
	rig_free(&rig);
}

/* [SIP-043] [SIP-041] [TCP]: over TCP, and with a strict router first. */
static void strict_route_over_tcp(void **state)
{
	struct rig *rig = rig_new(NULL);
	char headers[512], line[128], room[512];
	uint16_t port = text_peer_port(rig->peer);

	(void)state;
	snprintf(headers, sizeof headers,
		 "Event: presence\r\nContact: <sip:1001@127.0.0.1:%u;transport=tcp>\r\n"
		 "Record-Route: <sip:127.0.0.1:%u;transport=tcp>, <sip:127.0.0.2;lr>\r\n",
		 port, port);
	rig_send(rig, SIP_WAY_TCP,
		 &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
	const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 200");

	assert_non_null(text);
	assert_non_null(
		strstr(sip_text_header(text, "Contact", room, sizeof room), ";transport=tcp>"));
	snprintf(line, sizeof line, "NOTIFY sip:127.0.0.1:%u;transport=tcp SIP/2.0", port);
	text = text_peer_expect(rig->peer, line);
	assert_non_null(text);
	assert_int_equal(text->way, SIP_WAY_TCP);
	snprintf(line, sizeof line, "<sip:127.0.0.2;lr>, <sip:1001@127.0.0.1:%u;transport=tcp>",
		 port);
	/* one header or two, in this order */
	sip_text_header(text, "Route", room, sizeof room);
	if (sip_text_header_count(text, "Route") == 1)
		assert_string_equal(room, line);
	else
		assert_memory_equal(room, line, strlen(room));
	rig_free(&rig);
}

/* [SIP-046] [SIP-047] [SIP-051] [SOF-012] [D-40]: a NOTIFY over 1,300 bytes to a UDP watcher goes
 * by TCP where that is served, else by UDP after all. */
static void large_notify(void **state)
{
	char note[1001];

	(void)state;
	memset(note, 'n', sizeof note - 1);
	note[sizeof note - 1] = '\0';
	for (int has_tcp = 1; has_tcp >= 0; has_tcp--) {
		struct rig *rig = rig_new(NULL);
		struct watcher watcher = {.call_id = "big"};

		watcher_begin(rig, &watcher);
		if (!has_tcp)
			text_peer_no_tcp(rig->peer);
		fake_bridge_set_now(rig->bridge, SHOW_NONE, note);
		watcher_tell(rig);
		const struct sip_text *notify = watcher_take(rig, "active");

		assert_true(notify->len > 1300);
		assert_non_null(strstr(notify->text, note));
		assert_int_equal(notify->way, has_tcp ? SIP_WAY_TCP : SIP_WAY_UDP);
		text_peer_answer(rig->peer, notify, "200 OK", "");
		text_peer_let_run(rig->peer, 30);
		assert_int_equal(rig->counters.notify_failed, 0);
		rig_free(&rig);
	}
}

/* [SOF-021] [SOF-005] [REL-051]: the side is taken down in the middle of everything: nothing is
 * lost track of (the sanitizer looks). */
static void taken_down_at_any_moment(void **state)
{
	struct watcher watcher = {.call_id = "down"};
	bool is_done = false;

	(void)state;
	for (int moment = 0; moment < 8; moment++) {
		struct rig *rig = rig_new(NULL);

		memset(watcher.tag, 0, sizeof watcher.tag);
		if (moment >= 1)
			watcher_subscribe(rig, &watcher, "");
		if (moment >= 2)
			rig_send(rig, SIP_WAY_UDP,
				 &(struct rig_request){.method = "MESSAGE", .body = "open"});
		if (moment >= 3)
			rig_send(rig, SIP_WAY_TCP,
				 &(struct rig_request){.method = "MESSAGE", .body = "open"});
		if (moment >= 4)
			text_peer_let_run(rig->peer, 5);
		if (moment >= 5)
			watcher_decide(rig, WATCH_REJECTED);
		if (moment == 6)
			text_peer_hang_up(rig->peer);
		if (moment >= 7)
			sip_side_stop(rig->side, true, set_true, &is_done);
		rig_free(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subscriptions_are_bounded),
		cmocka_unit_test(restored_pairs_are_not_refused),
		cmocka_unit_test(foreign_destinations_are_refused),
		cmocka_unit_test(refresh_moves_the_target),
		cmocka_unit_test(stop_tells_everybody),
		cmocka_unit_test(strict_route_over_tcp),
		cmocka_unit_test(large_notify),
		cmocka_unit_test(taken_down_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
