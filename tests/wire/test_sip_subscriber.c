/* Chat users watching SIP users, by bytes: SUBSCRIBE out, NOTIFY in (RFC 6665 section 4.1, file 04
 * B). */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"

/* [PRES-013] to [PRES-020] [SIP-001] [SIP-002] [SIP-006] [SIP-007] [SIP-009] [SIP-011] [SIP-012]
 * [EVT-001] [EVT-009] [D-21] [PBX-015]: the request.
 * [PRES-004] [PRES-005] [PRES-014] [PRES-015] [PRES-016] [PBX-016] [REQ-067]
 * [PRES-007] [PRES-018] [PRES-019] */
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
		{"Allow-Events", "presence, dialog"},
		{"Content-Length", "0"},
	};
	struct rig *rig = rig_new(NULL);
	char room[512], tag[64];

	(void)state;
	pa_watch(rig);
	pa_watch(rig); /* [PRES-022]: a second wish is no second dialog */
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
 * everything; 202 is as good as 200.
 * [CPP-009] [PBX-049]
 * [PRES-003] */
static void pending_then_active(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "202 Accepted", "");
	pa_notify(rig, &end, "pending;expires=3599", pa_document("secret", room, sizeof room),
		  "200");
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1001@pbx.example PENDING");
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	pa_notify(rig, &end, "active;expires=3599", pa_document("Kantine", room, sizeof room),
		  "200");
	rig_expect_line(rig, "ALLOWED");
	rig_expect_line(rig, "presence xmpp:juliet@chat.example sip:1001@pbx.example open=1 show=- "
			     "note=Kantine");
	pa_notify(rig, &end, "active;expires=3000",
		  pa_document("zur\xc3\xbc"
			      "ck",
			      room, sizeof room),
		  "200");
	rig_expect_line(rig, "note=zur\xc3\xbc"
			     "ck");
	assert_int_equal(fake_bridge_count(rig->bridge, "ALLOWED"), 0); /* [PRES-046] */
	rig_free(&rig);
}

/* [PRES-038] [EVT-013]: the NOTIFY comes first; the 2xx after it changes nothing. */
static void notify_before_the_answer(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_watch(rig);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	struct sip_text copy = *text;

	copy.text = mem_strdup(text->text);
	pa_learn(&end, text);
	pa_notify(rig, &end, "active;expires=3600", pa_document("early", room, sizeof room), "200");
	rig_expect_line(rig, "note=early");
	text_peer_answer(rig->peer, &copy, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active;expires=3600", pa_document("later", room, sizeof room), "200");
	rig_expect_line(rig, "note=later");
	mem_free(copy.text);
	rig_free(&rig);
}

/* [PRES-039] [EVT-019] [SEC-006] [SEC-007]: the second dialog of a fork, a wrong tag, a wrong
 * Call-ID: 481, and nothing happens. [REQ-078] */
static void other_dialogs_are_unknown(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end, fork;
	char room[512];

	(void)state;
	pa_begin(rig, &end);
	fork = end;
	fork.tag = "fork";
	pa_notify(rig, &fork, "active", pa_document("fork", room, sizeof room), "481");
	fork = end;
	strcpy(fork.their_tag, "0123456789abcdef");
	pa_notify(rig, &fork, "active", pa_document("tag", room, sizeof room), "481");
	fork = end;
	strcpy(fork.call_id, "other");
	pa_notify(rig, &fork, "terminated;reason=rejected", NULL, "481");
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* [D-22] [PRES-041] [AST-3] [EVT-022]: 200 to everything in a known dialog, whatever it holds; what
 * cannot be used is counted and a refresh asked for, once.
 * [PRES-142] [EVT-021] [PBX-050] */
static void anything_in_the_dialog_is_answered(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_begin(rig, &end);
	pa_notify(rig, &end, "active;expires=3000", "<not xml", "200");
	/* [EVT-017]: the refresh that asks for the whole again */
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active;expires=3000", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "200");
	pa_notify(rig, &end, NULL, pa_document("stateless", room, sizeof room),
		  "200"); /* no Event, no state */
	rig_expect_line(rig, "note=stateless");
	pa_send_notify(rig, &end, "active", "Content-Language: de\r\nRequire: foo\r\n",
		       pa_document("required", room, sizeof room));
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	rig_expect_line(rig, "note=required");
	pa_send_notify(rig, &end, "active;expires=x;;", "", pa_document("odd", room, sizeof room));
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
	assert_true(rig->counters.notify_unusable >= 2);
	rig_free(&rig);
}

/* [D-23] [PRES-055] [EVT-023]: an overtaken NOTIFY is answered and not applied.
 * [PRES-143] [PBX-035] */
static void older_notify_is_not_applied(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_begin(rig, &end);
	end.cseq = 20;
	pa_notify(rig, &end, "active", pa_document("newer", room, sizeof room), "200");
	rig_expect_line(rig, "note=newer");
	end.cseq = 15;
	pa_notify(rig, &end, "active", pa_document("older", room, sizeof room), "200");
	end.cseq = 20; /* a gap upwards is fine [SIP-024] */
	end.cseq += 1000;
	pa_notify(rig, &end, "active", pa_document("newest", room, sizeof room), "200");
	rig_expect_line(rig, "note=newest");
	assert_int_equal(fake_bridge_count(rig->bridge, "older"), 0);
	rig_free(&rig);
}

/* [D-22] [D-23]: the count of a server that crashed falls back; the refresh brings its state. */
static void count_that_fell_back(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_begin(rig, &end);
	end.cseq = 5000;
	pa_notify(rig, &end, "active;expires=3600", pa_document("before", room, sizeof room),
		  "200");
	rig_expect_line(rig, "note=before");
	end.cseq = 1;
	pa_notify(rig, &end, "active;expires=3600", pa_document("lost", room, sizeof room), "200");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active;expires=3600", pa_document("after", room, sizeof room), "200");
	rig_expect_line(rig, "note=after");
	pa_notify(rig, &end, "active;expires=3600", pa_document("on", room, sizeof room), "200");
	rig_expect_line(rig, "note=on");
	rig_free(&rig);
}

/* [D-22] [EVT-022]: the first NOTIFY of a subscription without a Contact is used all the same; what
 * is sent in the dialog goes where the first SUBSCRIBE went. */
static void notify_without_contact(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	end.cseq++;
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "NOTIFY",
				       .uri = end.target,
				       .from = end.from,
				       .from_tag = end.tag,
				       .to = end.to,
				       .to_tag = end.their_tag,
				       .call_id = end.call_id,
				       .cseq = end.cseq,
				       .headers = "Event: presence\r\n"
						  "Subscription-State: active;expires=3600\r\n",
				       .body = pa_document("bare", room, sizeof room),
				       .type = "application/pidf+xml"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	rig_expect_line(rig, "note=bare");
	pa_unwatch(rig);
	assert_non_null(text_peer_expect(rig->peer, "SUBSCRIBE sip:1001@pbx.example SIP/2.0"));
	rig_free(&rig);
}

/* [D-24] [PRES-047] [PRES-144] [PBX-047]: an active NOTIFY without body.
 * [PBX-058] */
static void empty_notify_by_profile(void **state)
{
	struct presence_agent end;
	struct rig *rig = rig_new(&(struct rig_options){.profile = "kamailio"});

	(void)state;
	pa_begin(rig, &end);
	pa_notify(rig, &end, "active", NULL, "200");
	rig_expect_line(rig, "presence xmpp:juliet@chat.example sip:1001@pbx.example open=0");
	rig_free(&rig);
	rig = rig_new(&(struct rig_options){.profile = "generic"});
	pa_begin(rig, &end);
	pa_notify(rig, &end, "active", NULL, "200");
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	rig_free(&rig);
}

/* [PRES-028] [PRES-033] [PRES-034] [PRES-035] [PRES-036] [D-14]: what refusals of the first
 * SUBSCRIBE mean. None is tried again at once. [PBX-011] [PBX-012] [PRES-197] */
static void refusals_are_told(void **state)
{
	static const struct {
		const char *status, *headers, *line;
	} rows[] = {
		{"403 Forbidden", "", "FORBIDDEN"}, {"603 Decline", "", "FORBIDDEN"},
		{"404 Not Found", "", "NO_SUCH"},   {"604 Nowhere", "", "NO_SUCH"},
		{"410 Gone", "", "NO_SUCH"},        {"484 Incomplete", "", "NO_SUCH"},
		{"405 Not Allowed", "", "NO_SUCH"}, {"501 No", "", "NO_SUCH"},
		{"489 Bad Event", "", "NO_SUCH"},   {"401 Who", "", "FAILED"},
		{"407 Who", "", "FAILED"},          {"480 Away", "", "FAILED"},
		{"500 Error", "", "FAILED"},        {"503 Busy", "Retry-After: 120\r\n", "FAILED"},
		{"481 Gone", "", "FAILED"},         {"600 Busy", "", "FAILED"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(NULL);
		struct presence_agent end;

		pa_watch(rig);
		pa_accept(rig, &end, rows[i].status, rows[i].headers);
		rig_expect_line(rig, rows[i].line);
		text_peer_let_run(rig->peer, 60);
		assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
		/* [EVT-020]: its dialog is gone */
		pa_notify(rig, &end, "active", NULL, "481");
		rig_free(&rig);
	}
}

/* [PRES-036] [REL-021] [SIP-003]: what failed for the time being is tried again after a while, as a
 * new dialog; told once. */
static void failure_is_tried_again(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent first, second;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &first, "480 Away", "");
	rig_expect_line(rig, "FAILED");
	pa_accept(rig, &second, "503 Busy", "Retry-After: 1\r\n");
	assert_string_not_equal(second.call_id, first.call_id);
	assert_string_not_equal(second.their_tag, first.their_tag);
	pa_accept(rig, &second, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &second, "active;expires=3600", pa_document("back", room, sizeof room),
		  "200");
	rig_expect_line(rig, "ALLOWED");
	rig_expect_line(rig, "note=back");
	assert_int_equal(fake_bridge_count(rig->bridge, "FAILED"), 0);
	rig_free(&rig);
}

/* [PRES-029] [EVT-018] [SIP-010] [PBX-014]: 423 raises Expires in the same Call-ID, with or without
 * Min-Expires. */
static void interval_too_brief(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent first, second, third;
	char room[64];

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &first, "423 Interval Too Brief", "Min-Expires: 4000\r\n");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "4000");
	pa_learn(&second, text);
	assert_string_equal(second.call_id, first.call_id);
	assert_string_equal(second.their_tag, first.their_tag);
	text_peer_answer(rig->peer, text, "423 Interval Too Brief", "");
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "8000");
	pa_learn(&third, text);
	assert_int_equal(rig->bridge->count, 0);
	/* absurd: no more */
	text_peer_answer(rig->peer, text, "423 Interval Too Brief", "Min-Expires: 900000\r\n");
	rig_expect_line(rig, "FAILED");
	rig_free(&rig);
}

/* [PRES-040] [EVT-014] [REL-021] [FSW-2]: a 2xx and never a NOTIFY. */
static void no_notify_is_no_subscription(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 4});
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "202 Accepted", "");
	rig_expect_line(rig, "FAILED remote-server-timeout");
	pa_notify(rig, &end, "active", NULL, "481");
	rig_free(&rig);
}

/* [SIP-027] [PRES-036]: nobody there. */
static void silence_fails(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 4});

	(void)state;
	text_peer_deaf(rig->peer);
	pa_watch(rig);
	rig_expect_line(rig, "FAILED remote-server-timeout");
	rig_free(&rig);
}

/* [PRES-055] [PRES-057] [SIP-040] [SIP-042] [D-25] [EVT-015] [EVT-016] [EVT-017] [PBX-056]: the
 * refresh: in the dialog, along the route of the NOTIFY, before the end.
 * [REQ-019] [PRES-027]
 * [XCP-045]
 * [PBX-043] */
static void refresh_follows_the_notify(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char route[128], line[128], room[512];

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\nRecord-Route: <sip:192.0.2.1;lr>\r\n");
	snprintf(route, sizeof route,
		 "Record-Route: <sip:127.0.0.1:%u;lr;a=1>, <sip:b.example;lr>\r\n",
		 text_peer_port(rig->peer));
	pa_send_notify(rig, &end, "active;expires=2", route,
		       NULL); /* shortened: refreshed after a second */
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	snprintf(line, sizeof line, "SUBSCRIBE sip:pa@127.0.0.1:%u SIP/2.0",
		 text_peer_port(rig->peer));
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
	pa_notify(rig, &end, "active;expires=3600", NULL, "200");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
	rig_free(&rig);
}

/* [PRES-030] [PRES-031] [PRES-032] [AST-2] [D-25]: what refusals of a refresh mean: a new dialog,
 * new Call-ID and tag; the authorization is not touched. [PRES-015] [CPP-014] */
static void refused_refresh_is_a_new_dialog(void **state)
{
	static const char *const statuses[] = {"481 Gone", "500 Unhandled by dialog usages",
					       "404 Not Found", "489 Bad Event"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(statuses); i++) {
		struct rig *rig = rig_new(NULL);
		struct presence_agent end, again;

		pa_watch(rig);
		pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
		pa_notify(rig, &end, "active;expires=2", NULL, "200");
		rig_expect_line(rig, "ALLOWED");
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		assert_non_null(text);
		text_peer_answer(rig->peer, text, statuses[i], "");
		pa_accept(rig, &again, "200 OK", "Expires: 3600\r\n");
		assert_string_not_equal(again.call_id, end.call_id);
		assert_string_not_equal(again.their_tag, end.their_tag);
		pa_notify(rig, &again, "active;expires=3600", NULL, "200");
		rig_expect_line(rig, "ALLOWED");
		assert_int_equal(fake_bridge_count(rig->bridge, "NO_SUCH"), 0);
		rig_free(&rig);
	}
}

/* [PRES-031] [SIP-063]: other refusals of a refresh leave the dialog alive. */
static void busy_refresh_keeps_the_dialog(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active;expires=4", NULL, "200");
	rig_expect_line(rig, "ALLOWED");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	text_peer_answer(rig->peer, text, "503 Busy", "Retry-After: 1\r\n");
	pa_notify(rig, &end, "active;expires=4", pa_document("alive", room, sizeof room), "200");
	rig_expect_line(rig, "note=alive");
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room), end.call_id);
	assert_int_equal(fake_bridge_count(rig->bridge, "FAILED"), 0);
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
		cmocka_unit_test(count_that_fell_back),
		cmocka_unit_test(notify_without_contact),
		cmocka_unit_test(empty_notify_by_profile),
		cmocka_unit_test(refusals_are_told),
		cmocka_unit_test(failure_is_tried_again),
		cmocka_unit_test(interval_too_brief),
		cmocka_unit_test(no_notify_is_no_subscription),
		cmocka_unit_test(silence_fails),
		cmocka_unit_test(refresh_follows_the_notify),
		cmocka_unit_test(refused_refresh_is_a_new_dialog),
		cmocka_unit_test(busy_refresh_keeps_the_dialog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
