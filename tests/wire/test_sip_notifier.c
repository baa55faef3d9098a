/* SIP users watching chat users, by bytes: SUBSCRIBE in, NOTIFY out (RFC 6665 section 4.2, file 04 C). */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/rig.h"

/* One watcher's dialog as he sees it. */
struct watcher {
	char call_id[64];
	char tag[64]; /* of the bridge */
	char contact[256];
	unsigned cseq;
};

static char *contact_line(struct rig *rig, char *room, size_t room_len)
{
	snprintf(room, room_len, "Contact: <sip:1001@127.0.0.1:%u>\r\n", text_peer_port(rig->peer));
	return room;
}

/* Subscribes over UDP and takes the 200. */
static const struct sip_text *subscribe(struct rig *rig, struct watcher *watcher,
					const char *headers)
{
	struct buf lines = BUF_INIT;
	char contact[128];

	buf_puts(&lines, "Event: presence\r\n");
	buf_puts(&lines, contact_line(rig, contact, sizeof contact));
	buf_puts(&lines, headers);
	watcher->cseq++;
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE", .call_id = watcher->call_id,
				       .cseq = watcher->cseq, .headers = lines.data,
				       .to_tag = watcher->tag[0] != '\0' ? watcher->tag : NULL});
	buf_free(&lines);
	const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 ");

	assert_non_null(answer);
	if (strncmp(answer->text, "SIP/2.0 200", 11) == 0)
		sip_text_tag(answer, "To", watcher->tag, sizeof watcher->tag);
	return answer;
}

static const struct sip_text *take_notify(struct rig *rig, const char *state)
{
	const struct sip_text *notify = text_peer_expect(rig->peer, "NOTIFY ");
	char room[256];

	assert_non_null(notify);
	sip_text_header(notify, "Subscription-State", room, sizeof room);
	if (strncmp(room, state, strlen(state)) != 0)
		fail_msg("%s wanted, got %s", state, notify->text);
	return notify;
}

static void take_and_answer(struct rig *rig, const char *state, const char *status)
{
	text_peer_answer(rig->peer, take_notify(rig, state), status, "");
}

static void expect_line(struct rig *rig, const char *needle)
{
	char *line = fake_bridge_expect(rig->bridge, needle);

	if (line == NULL)
		fail_msg("the core never heard: %s", needle);
	mem_free(line);
}

static void with_pair(struct rig *rig, void (*call)(struct rig *rig, const struct watch *watch,
						    void *arg), void *arg)
{
	struct address watcher, watched;

	address_set(&watcher, SIDE_SIP, "1001", "pbx.example");
	address_set(&watched, SIDE_XMPP, "juliet", "chat.example");
	struct watch watch = {1, SCOPE_WATCHER, &watcher, &watched, NULL};

	call(rig, &watch, arg);
	address_clear(&watcher);
	address_clear(&watched);
}

static void call_answer(struct rig *rig, const struct watch *watch, void *arg)
{
	enum watch_answer answer = *(enum watch_answer *)arg;

	rig->bridge->requested = answer;
	sip_side_ops()->answer(rig->side, watch, answer, NULL,
			       answer == WATCH_ALLOWED && rig->bridge->has_now ? &rig->bridge->now
									       : NULL);
}

static void answer(struct rig *rig, enum watch_answer what)
{
	with_pair(rig, call_answer, &what);
}

static void call_tell(struct rig *rig, const struct watch *watch, void *arg)
{
	sip_side_ops()->tell(rig->side, watch, arg);
}

static void tell(struct rig *rig)
{
	with_pair(rig, call_tell, &rig->bridge->now);
}

/* A granted subscription with its first NOTIFY answered. */
static void begin_active(struct rig *rig, struct watcher *watcher)
{
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	subscribe(rig, watcher, "Expires: 600\r\n");
	expect_line(rig, "requested sip:1001@pbx.example xmpp:juliet@chat.example");
	take_and_answer(rig, "active", "200 OK");
	text_peer_let_run(rig->peer, 20);
}

/* [PRES-070] [PRES-071] [PRES-073] [PRES-074] [PRES-075] [PRES-081] [PRES-082] [EVT-002] [EVT-032]
 * [EVT-033] [EVT-041] [EVT-044] [SIP-039] [SIP-041] [D-30] [D-32] [D-58] [PRES-209] to [PRES-213]:
 * the whole first exchange, then the approval. */
static void pending_then_active(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "c1"};
	char route[128], headers[512], room[512], tag[64];

	(void)state;
	snprintf(route, sizeof route, "<sip:127.0.0.1:%u;lr>", text_peer_port(rig->peer));
	snprintf(headers, sizeof headers, "Record-Route: %s\r\nExpires: 100000\r\n", route);
	const struct sip_text *text = subscribe(rig, &watcher, headers);

	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "3600");
	assert_string_equal(sip_text_header(text, "Record-Route", room, sizeof room), route);
	sip_text_header(text, "Contact", room, sizeof room);
	snprintf(tag, sizeof tag, "@127.0.0.1:%u>", rig->port);
	assert_non_null(strstr(room, tag));
	assert_int_equal(sip_text_header_count(text, "Event"), 0); /* [EVT-004] */
	expect_line(rig, "requested sip:1001@pbx.example xmpp:juliet@chat.example nick=-");

	const struct sip_text *notify = take_notify(rig, "pending;expires=3600");

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
	assert_non_null(strstr(sip_text_header(notify, "To", room, sizeof room),
			       "<sip:1001@pbx.example>"));
	assert_int_equal(sip_text_header_count(notify, "Contact"), 1);
	assert_string_equal(sip_text_header(notify, "Max-Forwards", room, sizeof room), "70");
	assert_string_equal(sip_text_body(notify), "");
	unsigned cseq = (unsigned)atoi(sip_text_header(notify, "CSeq", room, sizeof room));

	text_peer_answer(rig->peer, notify, "200 OK", "");

	/* [EVT-042] [PRES-069]: the state goes out with the approval, not before. */
	fake_bridge_set_now(rig->bridge, SHOW_AWAY, "lunch");
	answer(rig, WATCH_ALLOWED);
	notify = take_notify(rig, "active;expires=");
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

/* [PRES-088] [PRES-174] [PRES-176] [PRES-090] [EVT-042]: how it ends when the other side says no. */
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

		subscribe(rig, &watcher, "");
		take_and_answer(rig, "pending", "200 OK");
		answer(rig, rows[i].answer);
		const struct sip_text *notify = take_notify(rig, rows[i].state);

		assert_string_equal(sip_text_body(notify), "");
		text_peer_answer(rig->peer, notify, "200 OK", "");
		text_peer_let_run(rig->peer, 30);
		/* The core knows; it is not told again. */
		assert_int_equal(fake_bridge_count(rig->bridge, "lapsed"), 0);
		/* [SIP-023]: and the dialog is gone. */
		assert_memory_equal(subscribe(rig, &watcher, "")->text, "SIP/2.0 481", 11);
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
		assert_memory_equal(subscribe(rig, &watcher, "")->text, rows[i].status, 11);
		if (rows[i].state != NULL)
			take_and_answer(rig, rows[i].state, "200 OK");
		else
			assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
		rig_free(&rig);
	}
}

/* [EVT-035] [PRES-159] [PRES-160] [PRES-163]: a fetch; state only when it is granted. */
static void fetch_is_one_notify(void **state)
{
	(void)state;
	for (int granted = 0; granted <= 1; granted++) {
		struct rig *rig = rig_new(NULL);
		struct watcher watcher = {.call_id = "c4"};
		char room[64];

		fake_bridge_set_now(rig->bridge, SHOW_DND, "secret");
		rig->bridge->requested = granted ? WATCH_ALLOWED : WATCH_PENDING;
		const struct sip_text *text = subscribe(rig, &watcher, "Expires: 0\r\n");

		assert_memory_equal(text->text, "SIP/2.0 200", 11);
		assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "0");
		expect_line(rig, "fetch");
		const struct sip_text *notify = take_notify(rig, "terminated;reason=timeout");

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
	begin_active(rig, &watcher);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "second");
	const struct sip_text *text = subscribe(rig, &watcher, "Expires: 300\r\n");

	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "300");
	expect_line(rig, "fetch");
	const struct sip_text *notify = take_notify(rig, "active;expires=300");

	assert_non_null(strstr(sip_text_body(notify), "second"));
	text_peer_answer(rig->peer, notify, "200 OK", "");
	assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 0);
	/* a lower CSeq */
	watcher.cseq = 0;
	assert_memory_equal(subscribe(rig, &watcher, "")->text, "SIP/2.0 500", 11);
	/* [SEC-006]: another From tag is another dialog */
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE", .call_id = "c5", .cseq = 9,
				       .from_tag = "other", .to_tag = watcher.tag,
				       .headers = "Event: presence\r\n"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 481"));
	rig_free(&rig);
}

/* [SIP-022] [D-51] [SIP-085]: a repeated SUBSCRIBE gets the same 200 and no second NOTIFY. */
static void repeated_subscribe_is_one(void **state)
{
	struct rig *rig = rig_new(NULL);
	char contact[128], headers[256], room[512], first[512];
	struct rig_request request = {.method = "SUBSCRIBE", .call_id = "c6",
				      .branch = "z9hG4bKsame", .headers = headers};

	(void)state;
	snprintf(headers, sizeof headers, "Event: presence\r\n%s",
		 contact_line(rig, contact, sizeof contact));
	rig_send(rig, SIP_WAY_UDP, &request);
	const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 200");

	sip_text_header(text, "To", first, sizeof first);
	rig_send(rig, SIP_WAY_UDP, &request);
	text = text_peer_expect(rig->peer, "SIP/2.0 200");
	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "To", room, sizeof room), first);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "3600");
	assert_int_equal(sip_text_header_count(text, "Contact"), 1);
	take_and_answer(rig, "pending", "200 OK");
	text_peer_let_run(rig->peer, 60);
	assert_int_equal(rig->counters.subscribe_in, 1);
	/* [SIP-021]: by another way it is merged */
	request.branch = "z9hG4bKfork";
	rig_send(rig, SIP_WAY_UDP, &request);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 482"));
	rig_free(&rig);
}

/* [PRES-096] [PRES-099] [EVT-035]: the watcher ends it; closed, timeout; the core hears that the last
 * dialog went. */
static void unsubscribe_ends_the_dialog(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "c7"};

	(void)state;
	begin_active(rig, &watcher);
	const struct sip_text *text = subscribe(rig, &watcher, "Expires: 0\r\n");

	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	const struct sip_text *notify = take_notify(rig, "terminated;reason=timeout");

	assert_non_null(strstr(sip_text_body(notify), "<basic>closed</basic>"));
	assert_null(strstr(sip_text_body(notify), "first"));
	text_peer_answer(rig->peer, notify, "200 OK", "");
	expect_line(rig, "lapsed sip:1001@pbx.example xmpp:juliet@chat.example");
	rig_free(&rig);
}

static void short_expires(struct limits *limits)
{
	limits->expires_min_s = 1;
}

/* [EVT-036] [PRES-175]: it ends by time. */
static void expiry_ends_the_dialog(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = short_expires});
	struct watcher watcher = {.call_id = "c8"};

	(void)state;
	subscribe(rig, &watcher, "Expires: 1\r\n");
	take_and_answer(rig, "pending;expires=1", "200 OK");
	take_and_answer(rig, "terminated;reason=timeout", "200 OK");
	expect_line(rig, "lapsed");
	rig_free(&rig);
}

/* [EVT-038] [PRES-086] [D-33]: one NOTIFY at a time; what happens meanwhile is one more, the newest. */
static void changes_are_coalesced(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 200});
	struct watcher watcher = {.call_id = "c9"};
	char note[16];

	(void)state;
	begin_active(rig, &watcher);
	for (int i = 0; i < 5; i++) {
		snprintf(note, sizeof note, "n%d", i);
		fake_bridge_set_now(rig->bridge, SHOW_NONE, note);
		tell(rig);
	}
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "NOTIFY"), 1);
	const struct sip_text *notify = take_notify(rig, "active");

	assert_non_null(strstr(sip_text_body(notify), "n0"));
	text_peer_answer(rig->peer, notify, "200 OK", "");
	notify = take_notify(rig, "active");
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
	begin_active(rig, &watcher);
	tell(rig);
	rig->bridge->has_now = false;
	with_pair(rig, call_tell_unknown, NULL);
	take_and_answer(rig, "active", "200 OK");
	const struct sip_text *notify = take_notify(rig, "active");

	assert_non_null(strstr(sip_text_body(notify), "<basic>closed</basic>"));
	rig_free(&rig);
}

/* [PRES-085] [EVT-037] [PRES-202] [SEC-022] [SIP-044]: which answers end it. */
static void answers_to_notify(void **state)
{
	static const struct {
		const char *status; /* NULL: none */
		bool is_first;	    /* to the first NOTIFY */
		bool ends;
	} rows[] = {
		{"404 Not Found", false, true},	  {"405 No", false, true},
		{"410 Gone", false, true},	  {"416 No", false, true},
		{"480 Away", false, true},	  {"481 Gone", false, true},
		{"482 Loop", false, true},	  {"483 Hops", false, true},
		{"484 Incomplete", false, true},  {"485 Ambiguous", false, true},
		{"489 Bad Event", false, true},	  {"501 No", false, true},
		{"604 No", false, true},	  {NULL, false, true},
		{"500 Error", false, false},	  {"503 Busy", false, false},
		{"401 Who", false, false},	  {"400 Bad", false, false},
		{"500 Error", true, true},	  {"403 No", true, true},
		{NULL, true, true},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 5});
		struct watcher watcher = {.call_id = "c10"};

		if (rows[i].is_first) {
			subscribe(rig, &watcher, "");
		} else {
			begin_active(rig, &watcher);
			tell(rig);
		}
		const struct sip_text *notify = take_notify(rig, "");

		if (rows[i].status != NULL)
			text_peer_answer(rig->peer, notify, rows[i].status, "");
		if (rows[i].ends)
			expect_line(rig, "lapsed");
		text_peer_let_run(rig->peer, 20);
		if (!rows[i].ends && fake_bridge_count(rig->bridge, "lapsed") != 0)
			fail_msg("row %zu ended it", i);
		assert_int_equal(rig->counters.notify_failed, 1);
		rig_free(&rig);
	}
}

/* [EVT-002] [EVT-001] [RFC 6665 4.5.2]: the id parameter comes back. */
static void event_id_is_echoed(void **state)
{
	struct rig *rig = rig_new(NULL);
	char contact[128], headers[256], room[64];

	(void)state;
	snprintf(headers, sizeof headers, "o: presence;max-rate=0.2;id=a7\r\n%s",
		 contact_line(rig, contact, sizeof contact));
	rig_send(rig, SIP_WAY_UDP, &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	assert_string_equal(sip_text_header(take_notify(rig, "pending"), "Event", room,
					    sizeof room), "presence;id=a7");
	rig_free(&rig);
}

/* [PRES-078] [PRES-023] [C.1]: several dialogs of one pair: each has its own NOTIFYs, and the core
 * hears only of the last that goes. */
static void two_phones_of_one_watcher(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher desk = {.call_id = "desk"}, mobile = {.call_id = "mobile"};

	(void)state;
	begin_active(rig, &desk);
	begin_active(rig, &mobile);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "both");
	tell(rig);
	take_and_answer(rig, "active", "200 OK");
	take_and_answer(rig, "active", "200 OK");
	subscribe(rig, &desk, "Expires: 0\r\n");
	take_and_answer(rig, "terminated", "200 OK");
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, "lapsed"), 0);
	subscribe(rig, &mobile, "Expires: 0\r\n");
	take_and_answer(rig, "terminated", "200 OK");
	expect_line(rig, "lapsed");
	rig_free(&rig);
}

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

/* [D-55] [REQ-009] [REL-048] [SEC-080]: limits of watchers and watched; refused ones leave nothing. */
static void subscriptions_are_bounded(void **state)
{
	static const struct {
		void (*limits)(struct limits *limits);
		const char *status;
		bool one_watched;
	} rows[] = {
		{small_book, "SIP/2.0 403", false},
		{popular, "SIP/2.0 403", true},
		{slow_book, "SIP/2.0 480", false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){.limits = rows[i].limits});
		char contact[128], headers[256], uri[64];
		const struct sip_text *text = NULL;

		snprintf(headers, sizeof headers, "Event: presence\r\n%s",
			 contact_line(rig, contact, sizeof contact));
		for (int k = 0; k < 3; k++) {
			snprintf(uri, sizeof uri, "sip:u%d@chat.example", rows[i].one_watched ? 0 : k);
			rig_send(rig, SIP_WAY_UDP,
				 &(struct rig_request){.method = "SUBSCRIBE", .uri = uri,
						       .headers = headers});
			text = text_peer_expect(rig->peer, "SIP/2.0 ");
		}
		assert_memory_equal(text->text, rows[i].status, 11);
		assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 2);
		rig_free(&rig);
	}
}

/* [SEC-021] [SOF-013] [SEC-020]: Contacts and routes that lead elsewhere are refused before anything
 * is sent. */
static void foreign_destinations_are_refused(void **state)
{
	static const char *const contacts[] = {
		"<sip:a@192.0.2.66>",	     "<sip:a@224.0.0.1>",	"<sip:a@255.255.255.255>",
		"<sip:a@0.0.0.0>",	     "<sip:a@169.254.1.1>",	"<sip:a@evil.example>",
		"<sip:a@[2001:db8::1]>",     "<sip:a@[fe80::1]>",	"<sip:a@[ff02::1]>",
		"<sip:a@[::ffff:192.0.2.1]>", "<sip:a@10.0.0.1>",	"<sips:a@127.0.0.1>",
		"<sip:a@127.0.0.1;maddr=192.0.2.1>", "<sip:a@240.0.0.1>", "<http://127.0.0.1/>",
		"<sip:a@2130706433>", "<sip:a@0x7f.1>", "<sip:a@pbx.example.evil.example>",
	};
	static const char *const routes[] = {
		"<sip:192.0.2.66;lr>", "<sip:evil.example;lr>", "<sip:224.0.0.1;lr>",
		"<sip:192.0.2.66>", "<sip:127.0.0.1;lr;maddr=192.0.2.1>",
	};
	struct rig *rig = rig_new(NULL);
	char headers[512], contact[128];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(contacts); i++) {
		snprintf(headers, sizeof headers, "Event: presence\r\nContact: %s\r\n", contacts[i]);
		rig_send(rig, SIP_WAY_UDP,
			 &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
		const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 4");

		if (text == NULL)
			fail_msg("%s was taken", contacts[i]);
	}
	for (size_t i = 0; i < CHECK_COUNT(routes); i++) {
		snprintf(headers, sizeof headers, "Event: presence\r\nRecord-Route: %s\r\n%s",
			 routes[i], contact_line(rig, contact, sizeof contact));
		rig_send(rig, SIP_WAY_UDP,
			 &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
		if (text_peer_expect(rig->peer, "SIP/2.0 403") == NULL)
			fail_msg("%s was taken", routes[i]);
	}
	snprintf(headers, sizeof headers, "Event: presence\r\nContact: <sip:a@127.0.0.1:%u>\r\n",
		 rig->port);
	rig_send(rig, SIP_WAY_UDP, &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
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
	begin_active(rig, &watcher);
	snprintf(headers, sizeof headers, "Event: presence\r\nContact: <sip:a@192.0.2.66>\r\n");
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE", .call_id = "c12", .cseq = 5,
				       .to_tag = watcher.tag, .headers = headers});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 403"));
	snprintf(headers, sizeof headers, "Event: presence\r\nContact: <sip:moved@127.0.0.1:%u>\r\n",
		 text_peer_port(rig->peer));
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE", .call_id = "c12", .cseq = 6,
				       .to_tag = watcher.tag, .headers = headers});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	snprintf(line, sizeof line, "NOTIFY sip:moved@127.0.0.1:%u ", text_peer_port(rig->peer));
	assert_non_null(text_peer_expect(rig->peer, line));
	rig_free(&rig);
}

static void set_true(void *arg)
{
	*(bool *)arg = true;
}

/* [D-48] [PRES-101] [EVT-042]: the end: everybody is told when to come back; then it is done. */
static void stop_tells_everybody(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher one = {.call_id = "s1"}, two = {.call_id = "s2"};
	bool is_done = false;
	char room[256];

	(void)state;
	begin_active(rig, &one);
	begin_active(rig, &two);
	sip_side_stop(rig->side, set_true, &is_done);
	for (int i = 0; i < 2; i++) {
		const struct sip_text *notify =
			take_notify(rig, "terminated;reason=probation;retry-after=");

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
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
	const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 200");

	assert_non_null(text);
	assert_non_null(strstr(sip_text_header(text, "Contact", room, sizeof room),
			       ";transport=tcp>"));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pending_then_active),
		cmocka_unit_test(refusals_end_it),
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
		cmocka_unit_test(subscriptions_are_bounded),
		cmocka_unit_test(foreign_destinations_are_refused),
		cmocka_unit_test(refresh_moves_the_target),
		cmocka_unit_test(stop_tells_everybody),
		cmocka_unit_test(strict_route_over_tcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
