/* Chat users watching SIP users, by bytes: SUBSCRIBE out, NOTIFY in (RFC 6665 section 4.1, file 04 B). */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/rig.h"

/* The notifier's side of one dialog. */
struct notifier_end {
	char call_id[128];
	char their_tag[64]; /* the bridge's */
	char target[256];   /* its Contact */
	char from[256];     /* who was subscribed to */
	char to[256];
	const char *tag;
	unsigned cseq;
};

static const char pidf_open[] =
	"<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "
	"entity=\"sip:1001@pbx.example\"><tuple id=\"t\"><status><basic>open</basic></status>"
	"<note>%s</note></tuple></presence>";

static void on_pair(struct rig *rig, const char *watcher, const char *user,
		    void (*call)(struct rig *rig, const struct watch *watch))
{
	struct address from, to;

	address_set(&from, SIDE_XMPP, watcher, "chat.example");
	address_set(&to, SIDE_SIP, user, "pbx.example");
	struct watch watch = {1, SCOPE_WATCHER, &from, &to, NULL};

	call(rig, &watch);
	address_clear(&from);
	address_clear(&to);
}

static void call_watch(struct rig *rig, const struct watch *watch)
{
	sip_side_ops()->watch(rig->side, watch, true);
}

static void call_unwatch(struct rig *rig, const struct watch *watch)
{
	sip_side_ops()->unwatch(rig->side, watch, UNWATCH_END);
}

static void watch(struct rig *rig)
{
	on_pair(rig, "juliet", "1001", call_watch);
}

static void unwatch(struct rig *rig)
{
	on_pair(rig, "juliet", "1001", call_unwatch);
}

static void expect_line(struct rig *rig, const char *needle)
{
	char *line = fake_bridge_expect(rig->bridge, needle);

	if (line == NULL)
		fail_msg("the core never heard: %s; but: %s", needle,
			 rig->bridge->count != 0 ? rig->bridge->lines[0] : "nothing");
	mem_free(line);
}

static void learn(struct notifier_end *end, const struct sip_text *subscribe)
{
	char contact[256];

	memset(end, 0, sizeof *end);
	end->tag = "nt";
	end->cseq = 10;
	sip_text_header(subscribe, "Call-ID", end->call_id, sizeof end->call_id);
	sip_text_tag(subscribe, "From", end->their_tag, sizeof end->their_tag);
	sip_text_header(subscribe, "To", end->from, sizeof end->from);
	sip_text_header(subscribe, "From", end->to, sizeof end->to);
	*strstr(end->to, ";tag=") = '\0';
	sip_text_header(subscribe, "Contact", contact, sizeof contact);
	snprintf(end->target, sizeof end->target, "%.*s", (int)strcspn(contact + 1, ">"),
		 contact + 1);
}

/* Takes a SUBSCRIBE and answers it. */
static void accept_subscribe(struct rig *rig, struct notifier_end *end, const char *status,
			     const char *headers)
{
	const struct sip_text *subscribe = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(subscribe);
	learn(end, subscribe);
	text_peer_answer(rig->peer, subscribe, status, headers);
}

static void send_notify(struct rig *rig, struct notifier_end *end, const char *state,
			const char *headers, const char *body)
{
	struct buf lines = BUF_INIT;

	if (state != NULL)
		buf_printf(&lines, "Event: presence\r\nSubscription-State: %s\r\n", state);
	buf_printf(&lines, "Contact: <sip:pa@127.0.0.1:%u>\r\n%s", text_peer_port(rig->peer),
		   headers);
	end->cseq++;
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "NOTIFY", .uri = end->target, .from = end->from,
				       .from_tag = end->tag, .to = end->to,
				       .to_tag = end->their_tag, .call_id = end->call_id,
				       .cseq = end->cseq, .headers = lines.data, .body = body,
				       .type = "application/pidf+xml"});
	buf_free(&lines);
}

static void notify(struct rig *rig, struct notifier_end *end, const char *state, const char *body,
		   const char *status)
{
	char start[32];

	send_notify(rig, end, state, "", body);
	snprintf(start, sizeof start, "SIP/2.0 %s", status);
	if (text_peer_expect(rig->peer, start) == NULL)
		fail_msg("no %s to a NOTIFY %s", status, state != NULL ? state : "(none)");
}

static char *document(const char *note, char *room, size_t room_len)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(room, room_len, pidf_open, note);
#pragma GCC diagnostic pop
	return room;
}

static void make_active(struct rig *rig, struct notifier_end *end)
{
	char room[512];

	watch(rig);
	accept_subscribe(rig, end, "200 OK", "Expires: 3600\r\n");
	notify(rig, end, "active;expires=3600", document("one", room, sizeof room), "200");
	expect_line(rig, "answered xmpp:juliet@chat.example sip:1001@pbx.example ALLOWED");
	expect_line(rig, "presence xmpp:juliet@chat.example sip:1001@pbx.example open=1 show=- note=one");
}

/* [PRES-013] to [PRES-020] [SIP-001] [SIP-002] [SIP-006] [SIP-007] [SIP-009] [SIP-011] [SIP-012]
 * [EVT-001] [EVT-009] [D-21] [PBX-015]: the request. */
static void subscribe_is_complete(void **state)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{"Event", "presence"},
		{"Accept", "application/pidf+xml"},
		{"Expires", "3600"},
		{"Max-Forwards", "70"},
		{"To", "<sip:1001@pbx.example>"},
		{"Allow-Events", "presence"},
		{"Content-Length", "0"},
	};
	struct rig *rig = rig_new(NULL);
	char room[512], tag[64];

	(void)state;
	watch(rig);
	watch(rig); /* [PRES-022]: a second wish is no second dialog */
	const struct sip_text *text =
		text_peer_expect(rig->peer, "SUBSCRIBE sip:1001@pbx.example SIP/2.0");

	assert_non_null(text);
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		assert_int_equal(sip_text_header_count(text, rows[i].name), 1);
		assert_string_equal(sip_text_header(text, rows[i].name, room, sizeof room),
				    rows[i].value);
	}
	sip_text_header(text, "From", room, sizeof room);
	assert_memory_equal(room, "<sip:juliet@chat.example>;tag=", 30);
	snprintf(tag, sizeof tag, "@127.0.0.1:%u>", rig->port);
	assert_non_null(strstr(sip_text_header(text, "Contact", room, sizeof room), tag));
	assert_int_equal(sip_text_header_count(text, "Contact"), 1);
	assert_non_null(strstr(sip_text_header(text, "Route", room, sizeof room), ";lr>"));
	assert_int_equal(sip_text_header_count(text, "Supported"), 0);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	/* [PRES-025]: a 2xx is no approval */
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(rig->bridge->count, 0);
	assert_int_equal(rig->counters.subscribe_out, 1);
	rig_free(&rig);
}

/* [PRES-026] [PRES-043] [PRES-044] [EVT-005] [EVT-024] [SEC-030]: pending shows nothing, active
 * everything; 202 is as good as 200. */
static void pending_then_active(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct notifier_end end;
	char room[512];

	(void)state;
	watch(rig);
	accept_subscribe(rig, &end, "202 Accepted", "");
	notify(rig, &end, "pending;expires=3599", document("secret", room, sizeof room), "200");
	expect_line(rig, "answered xmpp:juliet@chat.example sip:1001@pbx.example PENDING");
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	notify(rig, &end, "active;expires=3599", document("Kantine", room, sizeof room), "200");
	expect_line(rig, "ALLOWED");
	expect_line(rig, "presence xmpp:juliet@chat.example sip:1001@pbx.example open=1 show=- note=Kantine");
	notify(rig, &end, "active;expires=3000", document("zur\xc3\xbc" "ck", room, sizeof room),
	       "200");
	expect_line(rig, "note=zur\xc3\xbc" "ck");
	assert_int_equal(fake_bridge_count(rig->bridge, "ALLOWED"), 0); /* [PRES-046] */
	rig_free(&rig);
}

/* [PRES-038] [EVT-013]: the NOTIFY comes first; the 2xx after it changes nothing. */
static void notify_before_the_answer(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct notifier_end end;
	char room[512];

	(void)state;
	watch(rig);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	struct sip_text copy = *text;

	copy.text = mem_strdup(text->text);
	learn(&end, text);
	notify(rig, &end, "active;expires=3600", document("early", room, sizeof room), "200");
	expect_line(rig, "note=early");
	text_peer_answer(rig->peer, &copy, "200 OK", "Expires: 3600\r\n");
	notify(rig, &end, "active;expires=3600", document("later", room, sizeof room), "200");
	expect_line(rig, "note=later");
	mem_free(copy.text);
	rig_free(&rig);
}

/* [PRES-039] [EVT-019] [SEC-006] [SEC-007]: the second dialog of a fork, a wrong tag, a wrong Call-ID:
 * 481, and nothing happens. */
static void other_dialogs_are_unknown(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct notifier_end end, fork;
	char room[512];

	(void)state;
	make_active(rig, &end);
	fork = end;
	fork.tag = "fork";
	notify(rig, &fork, "active", document("fork", room, sizeof room), "481");
	fork = end;
	strcpy(fork.their_tag, "0123456789abcdef");
	notify(rig, &fork, "active", document("tag", room, sizeof room), "481");
	fork = end;
	strcpy(fork.call_id, "other");
	notify(rig, &fork, "terminated;reason=rejected", NULL, "481");
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* [D-22] [PRES-041] [AST-3] [EVT-022]: 200 to everything in a known dialog, whatever it holds; what
 * cannot be used is counted and a refresh asked for, once. */
static void anything_in_the_dialog_is_answered(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct notifier_end end;
	char room[512];

	(void)state;
	make_active(rig, &end);
	notify(rig, &end, "active;expires=3000", "<not xml", "200");
	/* [EVT-017]: the refresh that asks for the whole again */
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	notify(rig, &end, "active;expires=3000", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "200");
	notify(rig, &end, NULL, document("stateless", room, sizeof room), "200"); /* no Event, no state */
	expect_line(rig, "note=stateless");
	send_notify(rig, &end, "active", "Content-Language: de\r\nRequire: foo\r\n",
		    document("required", room, sizeof room));
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	expect_line(rig, "note=required");
	send_notify(rig, &end, "active;expires=x;;", "", document("odd", room, sizeof room));
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
	assert_true(rig->counters.notify_unusable >= 2);
	rig_free(&rig);
}

/* [D-23] [PRES-055] [EVT-023]: an overtaken NOTIFY is answered and not applied. */
static void older_notify_is_not_applied(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct notifier_end end;
	char room[512];

	(void)state;
	make_active(rig, &end);
	end.cseq = 20;
	notify(rig, &end, "active", document("newer", room, sizeof room), "200");
	expect_line(rig, "note=newer");
	end.cseq = 15;
	notify(rig, &end, "active", document("older", room, sizeof room), "200");
	end.cseq = 20; /* a gap upwards is fine [SIP-024] */
	end.cseq += 1000;
	notify(rig, &end, "active", document("newest", room, sizeof room), "200");
	expect_line(rig, "note=newest");
	assert_int_equal(fake_bridge_count(rig->bridge, "older"), 0);
	rig_free(&rig);
}

/* [D-24] [PRES-047] [PRES-144] [PBX-047]: an active NOTIFY without body. */
static void empty_notify_by_profile(void **state)
{
	struct notifier_end end;
	struct rig *rig = rig_new(&(struct rig_options){.profile = "kamailio"});

	(void)state;
	make_active(rig, &end);
	notify(rig, &end, "active", NULL, "200");
	expect_line(rig, "presence xmpp:juliet@chat.example sip:1001@pbx.example open=0");
	rig_free(&rig);
	rig = rig_new(&(struct rig_options){.profile = "generic"});
	make_active(rig, &end);
	notify(rig, &end, "active", NULL, "200");
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	rig_free(&rig);
}

/* [PRES-028] [PRES-033] [PRES-034] [PRES-035] [PRES-036] [D-14]: what refusals of the first SUBSCRIBE
 * mean. None is tried again at once. */
static void refusals_are_told(void **state)
{
	static const struct {
		const char *status, *headers, *line;
	} rows[] = {
		{"403 Forbidden", "", "FORBIDDEN"},  {"603 Decline", "", "FORBIDDEN"},
		{"404 Not Found", "", "NO_SUCH"},    {"604 Nowhere", "", "NO_SUCH"},
		{"410 Gone", "", "NO_SUCH"},	     {"484 Incomplete", "", "NO_SUCH"},
		{"405 Not Allowed", "", "NO_SUCH"},  {"501 No", "", "NO_SUCH"},
		{"489 Bad Event", "", "NO_SUCH"},    {"401 Who", "", "FAILED"},
		{"407 Who", "", "FAILED"},	     {"480 Away", "", "FAILED"},
		{"500 Error", "", "FAILED"},	     {"503 Busy", "Retry-After: 120\r\n", "FAILED"},
		{"481 Gone", "", "FAILED"},	     {"600 Busy", "", "FAILED"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(NULL);
		struct notifier_end end;

		watch(rig);
		accept_subscribe(rig, &end, rows[i].status, rows[i].headers);
		expect_line(rig, rows[i].line);
		text_peer_let_run(rig->peer, 60);
		assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
		/* [EVT-020]: its dialog is gone */
		notify(rig, &end, "active", NULL, "481");
		rig_free(&rig);
	}
}

/* [PRES-029] [EVT-018] [SIP-010] [PBX-014]: 423 raises Expires in the same Call-ID, with or without
 * Min-Expires. */
static void interval_too_brief(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct notifier_end first, second, third;
	char room[64];

	(void)state;
	watch(rig);
	accept_subscribe(rig, &first, "423 Interval Too Brief", "Min-Expires: 4000\r\n");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "4000");
	learn(&second, text);
	assert_string_equal(second.call_id, first.call_id);
	assert_string_equal(second.their_tag, first.their_tag);
	text_peer_answer(rig->peer, text, "423 Interval Too Brief", "");
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "8000");
	learn(&third, text);
	assert_int_equal(rig->bridge->count, 0);
	/* absurd: no more */
	text_peer_answer(rig->peer, text, "423 Interval Too Brief", "Min-Expires: 900000\r\n");
	expect_line(rig, "FAILED");
	rig_free(&rig);
}

/* [PRES-040] [EVT-014] [REL-021] [FSW]: a 2xx and never a NOTIFY. */
static void no_notify_is_no_subscription(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 4});
	struct notifier_end end;

	(void)state;
	watch(rig);
	accept_subscribe(rig, &end, "202 Accepted", "");
	expect_line(rig, "FAILED remote-server-timeout");
	notify(rig, &end, "active", NULL, "481");
	rig_free(&rig);
}

/* [SIP-027] [PRES-036]: nobody there. */
static void silence_fails(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 4});

	(void)state;
	text_peer_deaf(rig->peer);
	watch(rig);
	expect_line(rig, "FAILED remote-server-timeout");
	rig_free(&rig);
}

/* [PRES-055] [PRES-057] [SIP-040] [SIP-042] [D-25] [EVT-015] [EVT-016] [EVT-017] [PBX-056]: the
 * refresh: in the dialog, along the route of the NOTIFY, before the end. */
static void refresh_follows_the_notify(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct notifier_end end;
	char route[128], line[128], room[512];

	(void)state;
	watch(rig);
	accept_subscribe(rig, &end, "200 OK",
			 "Expires: 3600\r\nRecord-Route: <sip:192.0.2.1;lr>\r\n");
	snprintf(route, sizeof route, "Record-Route: <sip:127.0.0.1:%u;lr;a=1>, <sip:b.example;lr>\r\n",
		 text_peer_port(rig->peer));
	send_notify(rig, &end, "active;expires=2", route, NULL); /* shortened: refreshed after a second */
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	snprintf(line, sizeof line, "SUBSCRIBE sip:pa@127.0.0.1:%u SIP/2.0", text_peer_port(rig->peer));
	const struct sip_text *text = text_peer_expect(rig->peer, line);

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room), end.call_id);
	assert_string_equal(sip_text_tag(text, "From", room, sizeof room), end.their_tag);
	assert_string_equal(sip_text_tag(text, "To", room, sizeof room), "nt");
	assert_string_equal(sip_text_header(text, "Event", room, sizeof room), "presence");
	assert_string_equal(sip_text_header(text, "Accept", room, sizeof room),
			    "application/pidf+xml");
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "3600");
	snprintf(line, sizeof line, "<sip:127.0.0.1:%u;lr;a=1>", text_peer_port(rig->peer));
	assert_memory_equal(sip_text_header(text, "Route", room, sizeof room), line, strlen(line));
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	notify(rig, &end, "active;expires=3600", NULL, "200");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
	rig_free(&rig);
}

/* [PRES-030] [PRES-031] [PRES-032] [AST-2] [D-25]: what refusals of a refresh mean: a new dialog, new
 * Call-ID and tag; the authorization is not touched. */
static void refused_refresh_is_a_new_dialog(void **state)
{
	static const char *const statuses[] = {"481 Gone", "500 Unhandled by dialog usages",
					       "404 Not Found", "489 Bad Event"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(statuses); i++) {
		struct rig *rig = rig_new(NULL);
		struct notifier_end end, again;

		watch(rig);
		accept_subscribe(rig, &end, "200 OK", "Expires: 3600\r\n");
		notify(rig, &end, "active;expires=2", NULL, "200");
		expect_line(rig, "ALLOWED");
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		assert_non_null(text);
		text_peer_answer(rig->peer, text, statuses[i], "");
		accept_subscribe(rig, &again, "200 OK", "Expires: 3600\r\n");
		assert_string_not_equal(again.call_id, end.call_id);
		assert_string_not_equal(again.their_tag, end.their_tag);
		notify(rig, &again, "active;expires=3600", NULL, "200");
		expect_line(rig, "ALLOWED");
		assert_int_equal(fake_bridge_count(rig->bridge, "NO_SUCH"), 0);
		rig_free(&rig);
	}
}

/* [PRES-031] [SIP-063]: other refusals of a refresh leave the dialog alive. */
static void busy_refresh_keeps_the_dialog(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct notifier_end end;
	char room[512];

	(void)state;
	watch(rig);
	accept_subscribe(rig, &end, "200 OK", "Expires: 3600\r\n");
	notify(rig, &end, "active;expires=4", NULL, "200");
	expect_line(rig, "ALLOWED");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	text_peer_answer(rig->peer, text, "503 Busy", "Retry-After: 1\r\n");
	notify(rig, &end, "active;expires=4", document("alive", room, sizeof room), "200");
	expect_line(rig, "note=alive");
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room), end.call_id);
	assert_int_equal(fake_bridge_count(rig->bridge, "FAILED"), 0);
	rig_free(&rig);
}

/* [PRES-065] [PRES-066] [PRES-067] [PRES-166] to [PRES-173] [EVT-027] [EVT-029] [D-15] [D-24]
 * [PBX-010] [PBX-034]: reasons of the end. Its body is never applied. */
static void reasons_of_the_end(void **state)
{
	static const struct {
		const char *state;
		const char *line;    /* what the core hears, or NULL */
		bool is_asked_again; /* within some seconds */
	} rows[] = {
		{"terminated;reason=rejected", "REJECTED", false},
		{"terminated;reason=deactivated;retry-after=3600", NULL, true},
		{"terminated;reason=timeout", NULL, true},
		{"terminated;reason=noresource", NULL, true},
		{"terminated;reason=probation;retry-after=3600", "FAILED", false},
		{"terminated;reason=giveup", NULL, false},
		{"terminated;reason=invariant;retry-after=1", NULL, false},
		{"terminated;expires=500", "FAILED", true},
		{"Terminated;Reason=rejected", "REJECTED", false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(NULL);
		struct notifier_end end;
		char room[512];

		make_active(rig, &end);
		notify(rig, &end, rows[i].state, document("ghost", room, sizeof room), "200");
		if (rows[i].line != NULL)
			expect_line(rig, rows[i].line);
		if (rows[i].is_asked_again) {
			const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

			if (text == NULL)
				fail_msg("%s: not asked again", rows[i].state);
			assert_string_not_equal(
				sip_text_header(text, "Call-ID", room, sizeof room), end.call_id);
		} else {
			text_peer_let_run(rig->peer, 100);
			assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
		}
		if (rows[i].line == NULL)
			assert_int_equal(fake_bridge_count(rig->bridge, "answered"), 0);
		assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
		rig_free(&rig);
	}
}

/* [PRES-058] [PRES-062] [PRES-063] [PRES-064] [EVT-025] [D-19] [PBX-061]: the end by the watcher. */
static void unwatch_ends_the_dialog(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct notifier_end end;
	char room[512];

	(void)state;
	make_active(rig, &end);
	unwatch(rig);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "0");
	assert_string_equal(sip_text_tag(text, "To", room, sizeof room), "nt");
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 0\r\n");
	notify(rig, &end, "active", document("late", room, sizeof room), "200");
	notify(rig, &end, "terminated;reason=noresource", NULL, "200");
	assert_int_equal(rig->bridge->count, 0);
	notify(rig, &end, "terminated;reason=timeout", NULL, "481");
	rig_free(&rig);
}

/* [PRES-060] [B16a]: before the first NOTIFY there is nothing to end yet: it is ended then. */
static void unwatch_before_the_dialog(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct notifier_end end;
	char room[512];

	(void)state;
	watch(rig);
	accept_subscribe(rig, &end, "200 OK", "Expires: 3600\r\n");
	text_peer_let_run(rig->peer, 20);
	unwatch(rig);
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0); /* no CANCEL, no fetch */
	notify(rig, &end, "active", document("x", room, sizeof room), "200");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "0");
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* [PRES-059]: without a dialog nothing is sent. */
static void unwatch_without_a_dialog(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct notifier_end end;

	(void)state;
	watch(rig);
	accept_subscribe(rig, &end, "404 Not Found", "");
	expect_line(rig, "NO_SUCH");
	unwatch(rig);
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
	rig_free(&rig);
}

static void watch_romeo(struct rig *rig)
{
	on_pair(rig, "romeo", "1001", call_watch);
}

/* [D-17] [SEC-032]: subscribe_as bridge: one dialog for all watchers of an extension; who comes later
 * is told what is known. With watcher, one each. */
static void one_dialog_for_all(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk"});
	struct notifier_end end, other;
	char room[512];

	(void)state;
	watch(rig);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_null(strstr(sip_text_header(text, "From", room, sizeof room), "juliet"));
	learn(&end, text);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	notify(rig, &end, "active", document("desk", room, sizeof room), "200");
	expect_line(rig, "presence xmpp:juliet@chat.example sip:1001@pbx.example open=1");
	watch_romeo(rig);
	assert_int_equal(fake_bridge_count(rig->bridge, "romeo"), 0); /* never from inside */
	expect_line(rig, "answered xmpp:romeo@chat.example sip:1001@pbx.example ALLOWED");
	expect_line(rig, "presence xmpp:romeo@chat.example sip:1001@pbx.example open=1");
	notify(rig, &end, "active", document("both", room, sizeof room), "200");
	expect_line(rig, "presence xmpp:juliet@chat.example sip:1001@pbx.example open=1 show=- note=both");
	expect_line(rig, "presence xmpp:romeo@chat.example sip:1001@pbx.example open=1 show=- note=both");
	unwatch(rig);
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
	rig_free(&rig);

	rig = rig_new(NULL);
	watch(rig);
	accept_subscribe(rig, &end, "200 OK", "");
	watch_romeo(rig);
	accept_subscribe(rig, &other, "200 OK", "");
	assert_string_not_equal(end.call_id, other.call_id);
	rig_free(&rig);
}

static void set_true(void *arg)
{
	*(bool *)arg = true;
}

/* [D-48]: our own subscriptions end in order. */
static void stop_ends_subscriptions(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct notifier_end end;
	bool is_done = false;
	char room[64];

	(void)state;
	make_active(rig, &end);
	sip_side_stop(rig->side, set_true, &is_done);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "0");
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 0\r\n");
	assert_false(is_done);
	notify(rig, &end, "terminated;reason=timeout", NULL, "200");
	text_peer_let_run(rig->peer, 30);
	assert_true(is_done);
	rig_free(&rig);
}

/* [SIP-007] [AST-3]: over TCP the Contact names the listening port and the transport. */
static void subscribe_over_tcp(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.proxy_is_tcp = true});
	char room[256], contact[64];

	(void)state;
	watch(rig);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_int_equal(text->way, SIP_WAY_TCP);
	snprintf(contact, sizeof contact, "@127.0.0.1:%u;transport=tcp>", rig->port);
	assert_non_null(strstr(sip_text_header(text, "Contact", room, sizeof room), contact));
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subscribe_is_complete),
		cmocka_unit_test(pending_then_active),
		cmocka_unit_test(notify_before_the_answer),
		cmocka_unit_test(other_dialogs_are_unknown),
		cmocka_unit_test(anything_in_the_dialog_is_answered),
		cmocka_unit_test(older_notify_is_not_applied),
		cmocka_unit_test(empty_notify_by_profile),
		cmocka_unit_test(refusals_are_told),
		cmocka_unit_test(interval_too_brief),
		cmocka_unit_test(no_notify_is_no_subscription),
		cmocka_unit_test(silence_fails),
		cmocka_unit_test(refresh_follows_the_notify),
		cmocka_unit_test(refused_refresh_is_a_new_dialog),
		cmocka_unit_test(busy_refresh_keeps_the_dialog),
		cmocka_unit_test(reasons_of_the_end),
		cmocka_unit_test(unwatch_ends_the_dialog),
		cmocka_unit_test(unwatch_before_the_dialog),
		cmocka_unit_test(unwatch_without_a_dialog),
		cmocka_unit_test(one_dialog_for_all),
		cmocka_unit_test(stop_ends_subscriptions),
		cmocka_unit_test(subscribe_over_tcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
