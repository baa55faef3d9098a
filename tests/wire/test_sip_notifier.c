/* SIP users watching chat users, by bytes: SUBSCRIBE in, NOTIFY out (RFC 6665 section 4.2, file 04
 * C). */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/watcher.h"

/* [PRES-070] [PRES-071] [PRES-073] [PRES-074] [PRES-075] [PRES-081] [PRES-082] [EVT-002] [EVT-032]
 * [EVT-033] [EVT-041] [EVT-044] [SIP-039] [SIP-041] [D-30] [D-32] [D-58] [PRES-209] to [PRES-213]:
 * the whole first exchange, then the approval.
 * [CPP-006] [CPP-007] [PRES-005] [PRES-105] [REQ-019] [REQ-020] [REQ-028] [SEC-083] [PRES-210]
 * [PRES-211] [PRES-212]
 * [GRUU-008] [EVT-046]
 * [XCP-022]
 * [PRES-215] [PRES-216] */
static void pending_then_active(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "c1"};
	char route[128], headers[512], room[512], tag[64];

	(void)state;
	snprintf(route, sizeof route, "<sip:127.0.0.1:%u;lr>", text_peer_port(rig->peer));
	snprintf(headers, sizeof headers, "Record-Route: %s\r\nExpires: 100000\r\n", route);
	const struct sip_text *text = watcher_subscribe(rig, &watcher, headers);

	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "3600");
	assert_string_equal(sip_text_header(text, "Record-Route", room, sizeof room), route);
	sip_text_header(text, "Contact", room, sizeof room);
	snprintf(tag, sizeof tag, "@127.0.0.1:%u>", rig->port);
	assert_non_null(strstr(room, tag));
	assert_int_equal(sip_text_header_count(text, "Event"), 0); /* [EVT-004] */
	rig_expect_line(rig, "requested sip:1001@pbx.example xmpp:juliet@chat.example nick=-");

	const struct sip_text *notify = watcher_take(rig, "pending;expires=3600");

	snprintf(room, sizeof room, "NOTIFY sip:1001@127.0.0.1:%u SIP/2.0\r\n",
		 text_peer_port(rig->peer));
	assert_memory_equal(notify->text, room, strlen(room));
	assert_string_equal(sip_text_header(notify, "Route", room, sizeof room), route);
	assert_string_equal(sip_text_header(notify, "Event", room, sizeof room), "presence");
	assert_string_equal(sip_text_header(notify, "Call-ID", room, sizeof room), "c1");
	assert_string_equal(sip_text_tag(notify, "From", room, sizeof room), watcher.tag);
	assert_string_equal(sip_text_tag(notify, "To", room, sizeof room), "ft");
	assert_non_null(strstr(sip_text_header(notify, "From", room, sizeof room),
			       "<sip:juliet@chat.example>"));
	assert_non_null(
		strstr(sip_text_header(notify, "To", room, sizeof room), "<sip:1001@pbx.example>"));
	assert_int_equal(sip_text_header_count(notify, "Contact"), 1);
	assert_string_equal(sip_text_header(notify, "Max-Forwards", room, sizeof room), "70");
	assert_string_equal(sip_text_body(notify), "");
	unsigned cseq = (unsigned)atoi(sip_text_header(notify, "CSeq", room, sizeof room));

	text_peer_answer(rig->peer, notify, "200 OK", "");

	/* [EVT-042] [PRES-069]: the state goes out with the approval, not before. */
	fake_bridge_set_now(rig->bridge, SHOW_AWAY, "lunch");
	watcher_decide(rig, WATCH_ALLOWED);
	notify = watcher_take(rig, "active;expires=");
	assert_int_equal(atoi(sip_text_header(notify, "CSeq", room, sizeof room)), cseq + 1);
	assert_string_equal(sip_text_header(notify, "Content-Type", room, sizeof room),
			    "application/pidf+xml");
	assert_int_equal(atoi(sip_text_header(notify, "Content-Length", room, sizeof room)),
			 strlen(sip_text_body(notify)));
	/* [D-29] */
	assert_non_null(strstr(sip_text_body(notify), "entity=\"sip:juliet@chat.example\""));
	assert_non_null(strstr(sip_text_body(notify), "<basic>open</basic>"));
	assert_non_null(strstr(sip_text_body(notify), "lunch"));
	text_peer_answer(rig->peer, notify, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(rig->counters.notify_out, 2);
	rig_free(&rig);
}

/* [PRES-088] [PRES-174] [PRES-176] [PRES-090] [EVT-042]: how it ends when the other side says no.
 */
static void refusals_end_it(void **state)
{
	static const struct {
		enum watch_answer answer;
		const char *state;
	} rows[] = {
		{WATCH_REJECTED, "terminated;reason=rejected"},
		{WATCH_FORBIDDEN, "terminated;reason=rejected"},
		{WATCH_NO_SUCH, "terminated;reason=noresource"},
		{WATCH_FAILED, "terminated;reason=probation;retry-after="},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(NULL);
		struct watcher watcher = {.call_id = "c2"};

		watcher_subscribe(rig, &watcher, "");
		watcher_answer(rig, "pending", "200 OK");
		watcher_decide(rig, rows[i].answer);
		const struct sip_text *notify = watcher_take(rig, rows[i].state);

		assert_string_equal(sip_text_body(notify), "");
		text_peer_answer(rig->peer, notify, "200 OK", "");
		text_peer_let_run(rig->peer, 30);
		/* The core knows; it is not told again. */
		assert_int_equal(fake_bridge_count(rig->bridge, "lapsed"), 0);
		/* [SIP-023]: and the dialog is gone. */
		assert_memory_equal(watcher_subscribe(rig, &watcher, "")->text, "SIP/2.0 481", 11);
		rig_free(&rig);
	}
}

static void add_note(struct bridge *bridge, const char *resource, const char *lang)
{
	struct device *device = presence_add_device(&bridge->now, resource);

	device->basic = BASIC_OPEN;
	notes_add(&device->notes, lang, "x", 1);
}

/* [PRES-109]: the language of all notes stands in the header; several, or one that nobody knows, do
 * not, nor one that is none. */
static void one_language_is_said(void **state)
{
	static const struct {
		const char *first, *second, *said;
	} rows[] = {
		{"de-AT", "de-at", "de-AT"}, {"de", "en", ""}, {"de", "", ""}, {"", "", ""},
		{"x\r\ny", "", ""},          {"?", "?", ""},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(NULL);
		struct watcher watcher = {.call_id = "lang"};
		const struct sip_text *notify;
		char room[64];

		rig->bridge->requested = WATCH_ALLOWED;
		fake_bridge_set_now(rig->bridge, SHOW_NONE, "");
		add_note(rig->bridge, "a", rows[i].first);
		add_note(rig->bridge, "b", rows[i].second);
		watcher_subscribe(rig, &watcher, "");
		notify = watcher_take(rig, "active");
		assert_string_equal(sip_text_header(notify, "Content-Language", room, sizeof room),
				    rows[i].said);
		rig_free(&rig);
	}
}

/* [D-13] [PRES-068]: what the core says at once. */
static void core_decides_at_once(void **state)
{
	static const struct {
		enum watch_answer answer;
		enum fault_code fault;
		const char *status;
		const char *state;
	} rows[] = {
		{WATCH_REJECTED, FAULT_FORBIDDEN, "SIP/2.0 200", "terminated;reason=rejected"},
		{WATCH_FORBIDDEN, FAULT_FORBIDDEN, "SIP/2.0 403", NULL},
		{WATCH_NO_SUCH, FAULT_ITEM_NOT_FOUND, "SIP/2.0 404", NULL},
		{WATCH_FAILED, FAULT_RATE, "SIP/2.0 480", NULL},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(NULL);
		struct watcher watcher = {.call_id = "c3"};

		rig->bridge->requested = rows[i].answer;
		fault_set(&rig->bridge->requested_fault, rows[i].fault, NULL);
		assert_memory_equal(watcher_subscribe(rig, &watcher, "")->text, rows[i].status, 11);
		if (rows[i].state != NULL)
			watcher_answer(rig, rows[i].state, "200 OK");
		else
			assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
		rig_free(&rig);
	}
}

/* [EVT-035] [PRES-159] [PRES-160] [PRES-163]: a fetch; state only when it is granted.
 * [CPP-008] [CPP-010] */
static void fetch_is_one_notify(void **state)
{
	(void)state;
	for (int granted = 0; granted <= 1; granted++) {
		struct rig *rig = rig_new(NULL);
		struct watcher watcher = {.call_id = "c4"};
		char room[64];

		fake_bridge_set_now(rig->bridge, SHOW_DND, "secret");
		rig->bridge->requested = granted ? WATCH_ALLOWED : WATCH_PENDING;
		const struct sip_text *text = watcher_subscribe(rig, &watcher, "Expires: 0\r\n");

		assert_memory_equal(text->text, "SIP/2.0 200", 11);
		assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "0");
		rig_expect_line(rig, "fetch");
		const struct sip_text *notify = watcher_take(rig, "terminated;reason=timeout");

		assert_int_equal(strstr(sip_text_body(notify), "secret") != NULL, granted);
		text_peer_answer(rig->peer, notify, "200 OK", "");
		text_peer_let_run(rig->peer, 30);
		assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 0);
		assert_int_equal(fake_bridge_count(rig->bridge, "lapsed"), 0);
		rig_free(&rig);
	}
}

/* [EVT-043] [PRES-080] [PRES-055] [SIP-024] [SIP-042] [EVT-006] [SOF-003]: a refresh in the dialog:
 * 200, the present state, nobody asked again. nta has no leg for it: our table finds it. */
static void refresh_tells_the_present_state(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "c5"};
	char room[256];

	(void)state;
	watcher_begin(rig, &watcher);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "second");
	const struct sip_text *text = watcher_subscribe(rig, &watcher, "Expires: 300\r\n");

	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "300");
	rig_expect_line(rig, "fetch");
	const struct sip_text *notify = watcher_take(rig, "active;expires=300");

	assert_non_null(strstr(sip_text_body(notify), "second"));
	text_peer_answer(rig->peer, notify, "200 OK", "");
	assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 0);
	/* a lower CSeq */
	watcher.cseq = 0;
	assert_memory_equal(watcher_subscribe(rig, &watcher, "")->text, "SIP/2.0 500", 11);
	/* [SEC-006]: another From tag is another dialog */
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE",
				       .call_id = "c5",
				       .cseq = 9,
				       .from_tag = "other",
				       .to_tag = watcher.tag,
				       .headers = "Event: presence\r\n"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 481"));
	rig_free(&rig);
}

/* [SIP-022] [D-51] [SIP-085]: a repeated SUBSCRIBE gets the same 200 and no second NOTIFY.
 * [PRES-006] */
static void repeated_subscribe_is_one(void **state)
{
	struct rig *rig = rig_new(NULL);
	char contact[128], headers[256], room[512], first[512];
	struct rig_request request = {.method = "SUBSCRIBE",
				      .call_id = "c6",
				      .branch = "z9hG4bKsame",
				      .headers = headers};

	(void)state;
	snprintf(headers, sizeof headers, "Event: presence\r\n%s",
		 watcher_contact(rig, contact, sizeof contact));
	rig_send(rig, SIP_WAY_UDP, &request);
	const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 200");

	sip_text_header(text, "To", first, sizeof first);
	rig_send(rig, SIP_WAY_UDP, &request);
	text = text_peer_expect(rig->peer, "SIP/2.0 200");
	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "To", room, sizeof room), first);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "3600");
	assert_int_equal(sip_text_header_count(text, "Contact"), 1);
	watcher_answer(rig, "pending", "200 OK");
	text_peer_let_run(rig->peer, 60);
	assert_int_equal(rig->counters.subscribe_in, 1);
	/* [SIP-021]: by another way it is merged */
	request.branch = "z9hG4bKfork";
	rig_send(rig, SIP_WAY_UDP, &request);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 482"));
	rig_free(&rig);
}

/* [PRES-096] [PRES-099] [EVT-035]: the watcher ends it; closed, timeout; the core hears that the
 * last dialog went. [CPP-010] */
static void unsubscribe_ends_the_dialog(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "c7"};

	(void)state;
	watcher_begin(rig, &watcher);
	const struct sip_text *text = watcher_subscribe(rig, &watcher, "Expires: 0\r\n");

	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	const struct sip_text *notify = watcher_take(rig, "terminated;reason=timeout");

	assert_non_null(strstr(sip_text_body(notify), "<basic>closed</basic>"));
	assert_null(strstr(sip_text_body(notify), "first"));
	text_peer_answer(rig->peer, notify, "200 OK", "");
	rig_expect_line(rig, "lapsed sip:1001@pbx.example xmpp:juliet@chat.example");
	rig_free(&rig);
}

static void short_expires(struct limits *limits)
{
	limits->expires_min_s = 1;
}

/* [EVT-036] [PRES-175] [XCP-047]: it ends by time.
 * [REQ-036] */
static void expiry_ends_the_dialog(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = short_expires});
	struct watcher watcher = {.call_id = "c8"};

	(void)state;
	watcher_subscribe(rig, &watcher, "Expires: 1\r\n");
	watcher_answer(rig, "pending;expires=1", "200 OK");
	watcher_answer(rig, "terminated;reason=timeout", "200 OK");
	rig_expect_line(rig, "lapsed");
	rig_free(&rig);
}

/* [EVT-038] [PRES-086] [D-33]: one NOTIFY at a time; what happens meanwhile is one more, the
 * newest. [CPP-008] */
static void changes_are_coalesced(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 200});
	struct watcher watcher = {.call_id = "c9"};
	char note[16];

	(void)state;
	watcher_begin(rig, &watcher);
	for (int i = 0; i < 5; i++) {
		snprintf(note, sizeof note, "n%d", i);
		fake_bridge_set_now(rig->bridge, SHOW_NONE, note);
		watcher_tell(rig);
	}
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "NOTIFY"), 1);
	const struct sip_text *notify = watcher_take(rig, "active");

	assert_non_null(strstr(sip_text_body(notify), "n0"));
	text_peer_answer(rig->peer, notify, "200 OK", "");
	notify = watcher_take(rig, "active");
	assert_non_null(strstr(sip_text_body(notify), "n4"));
	text_peer_answer(rig->peer, notify, "200 OK", "");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "NOTIFY"), 0);
	assert_int_equal(rig->counters.presence_coalesced, 3);
	rig_free(&rig);
}

static void call_tell_unknown(struct rig *rig, const struct watch *watch, void *arg)
{
	(void)arg;
	sip_side_ops()->tell(rig->side, watch, NULL);
}

/* [PRES-187] [PRES-182]: unknown is shown closed, also when it had to wait. */
static void unknown_is_closed(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 200});
	struct watcher watcher = {.call_id = "c9b"};

	(void)state;
	watcher_begin(rig, &watcher);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "second");
	watcher_tell(rig);
	rig->bridge->has_now = false;
	watcher_pair(rig, call_tell_unknown, NULL);
	watcher_answer(rig, "active", "200 OK");
	const struct sip_text *notify = watcher_take(rig, "active");

	assert_non_null(strstr(sip_text_body(notify), "<basic>closed</basic>"));
	rig_free(&rig);
}

/* [PRES-085] [EVT-037] [PRES-202] [SEC-022] [SIP-044]: which answers end it.
 * [REQ-036] */
static void answers_to_notify(void **state)
{
	static const struct {
		const char *status; /* NULL: none */
		bool is_first;      /* to the first NOTIFY */
		bool ends;
	} rows[] = {
		{"404 Not Found", false, true},
		{"405 No", false, true},
		{"410 Gone", false, true},
		{"416 No", false, true},
		{"480 Away", false, true},
		{"481 Gone", false, true},
		{"482 Loop", false, true},
		{"483 Hops", false, true},
		{"484 Incomplete", false, true},
		{"485 Ambiguous", false, true},
		{"489 Bad Event", false, true},
		{"501 No", false, true},
		{"604 No", false, true},
		{NULL, false, true},
		{"500 Error", false, false},
		{"503 Busy", false, false},
		{"401 Who", false, false},
		{"400 Bad", false, false},
		{"500 Error", true, true},
		{"403 No", true, true},
		{NULL, true, true},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 5});
		struct watcher watcher = {.call_id = "c10"};

		if (rows[i].is_first) {
			watcher_subscribe(rig, &watcher, "");
		} else {
			watcher_begin(rig, &watcher);
			fake_bridge_set_now(rig->bridge, SHOW_NONE, "second");
			watcher_tell(rig);
		}
		const struct sip_text *notify = watcher_take(rig, "");

		if (rows[i].status != NULL)
			text_peer_answer(rig->peer, notify, rows[i].status, "");
		if (rows[i].ends)
			rig_expect_line(rig, "lapsed");
		text_peer_let_run(rig->peer, 20);
		if (!rows[i].ends && fake_bridge_count(rig->bridge, "lapsed") != 0)
			fail_msg("row %zu ended it", i);
		assert_int_equal(rig->counters.notify_failed, 1);
		rig_free(&rig);
	}
}

/* [EVT-002] [EVT-001] [RFC 6665 4.5.2]: the id parameter comes back.
 * [PRES-004] */
static void event_id_is_echoed(void **state)
{
	struct rig *rig = rig_new(NULL);
	char contact[128], headers[256], room[64];

	(void)state;
	snprintf(headers, sizeof headers, "o: presence;max-rate=0.2;id=a7\r\n%s",
		 watcher_contact(rig, contact, sizeof contact));
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	assert_string_equal(
		sip_text_header(watcher_take(rig, "pending"), "Event", room, sizeof room),
		"presence;id=a7");
	rig_free(&rig);
}

/* [PRES-078] [PRES-023] [C.1]: several dialogs of one pair: each has its own NOTIFYs, and the core
 * hears only of the last that goes. */
static void two_phones_of_one_watcher(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher desk = {.call_id = "desk"}, mobile = {.call_id = "mobile"};

	(void)state;
	watcher_begin(rig, &desk);
	watcher_begin(rig, &mobile);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "both");
	watcher_tell(rig);
	watcher_answer(rig, "active", "200 OK");
	watcher_answer(rig, "active", "200 OK");
	watcher_subscribe(rig, &desk, "Expires: 0\r\n");
	watcher_answer(rig, "terminated", "200 OK");
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, "lapsed"), 0);
	watcher_subscribe(rig, &mobile, "Expires: 0\r\n");
	watcher_answer(rig, "terminated", "200 OK");
	rig_expect_line(rig, "lapsed");
	rig_free(&rig);
}

/* [SIP-024] [PRES-072]: a refused refresh whose answer was lost is refused in the same words, and
 * the next one is taken. */
static void refused_refresh_comes_again(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "refused"};
	char room[64], contact[128], headers[256];

	(void)state;
	watcher_begin(rig, &watcher);
	watcher.cseq++;
	snprintf(headers, sizeof headers, "Event: presence\r\nExpires: 5\r\n%s",
		 watcher_contact(rig, contact, sizeof contact));
	for (int i = 0; i < 2; i++) {
		rig_send(rig, SIP_WAY_UDP,
			 &(struct rig_request){.method = "SUBSCRIBE",
					       .call_id = watcher.call_id,
					       .cseq = watcher.cseq,
					       .to_tag = watcher.tag,
					       .branch = "z9hG4bKagain",
					       .headers = headers});
		const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 ");

		assert_memory_equal(text->text, "SIP/2.0 423", 11);
		sip_text_header(text, "Min-Expires", room, sizeof room);
		assert_string_equal(room, "60");
	}
	watcher.cseq -= 2; /* what is older stays refused */
	assert_memory_equal(watcher_subscribe(rig, &watcher, "Expires: 600\r\n")->text,
			    "SIP/2.0 500", 11);
	watcher.cseq++;
	assert_memory_equal(watcher_subscribe(rig, &watcher, "Expires: 600\r\n")->text,
			    "SIP/2.0 200", 11);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pending_then_active),
		cmocka_unit_test(refusals_end_it),
		cmocka_unit_test(one_language_is_said),
		cmocka_unit_test(core_decides_at_once),
		cmocka_unit_test(fetch_is_one_notify),
		cmocka_unit_test(refresh_tells_the_present_state),
		cmocka_unit_test(repeated_subscribe_is_one),
		cmocka_unit_test(unsubscribe_ends_the_dialog),
		cmocka_unit_test(expiry_ends_the_dialog),
		cmocka_unit_test(changes_are_coalesced),
		cmocka_unit_test(unknown_is_closed),
		cmocka_unit_test(answers_to_notify),
		cmocka_unit_test(event_id_is_echoed),
		cmocka_unit_test(two_phones_of_one_watcher),
		cmocka_unit_test(refused_refresh_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
