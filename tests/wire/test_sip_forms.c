/* Which form a message to SIP gets, by bytes: message/cpim, typing notices, receipts from a 200,
 * and what is learned of refusals (D-41, D-42; file 05 B.2, file 07). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#include "base/mem.h"
#include "core/learned.h"
#include "wire/deliver.h"

static const char user[] = "sip:1001@pbx.example";

static struct message asking_message(void)
{
	static char uid[] = "uid-1", body[] = "Hall\xc3\xb6";
	struct message message = text_message(uid, body);

	message.wants = WANTS_DELIVERED | WANTS_FAILED | WANTS_DISPLAYED;
	message.sent_at_ms = INT64_C(1714989600000);
	return message;
}

static void always(struct rig *rig)
{
	rig->peers[0].profile.rich_types = RICH_ALWAYS;
}

/* [RCPT-001] [RCPT-002] [RCPT-003] [RCPT-004] [RCPT-005] [RCPT-013] [RCPT-039] [RCPT-040]
 * [RCPT-041] [MSG-033] [D-35]: receipts are asked for in message/cpim, the id is the message's. */
static void receipts_are_asked_for(void **state)
{
	static const char document[] =
		"From: <sip:juliet@chat.example>\r\n"
		"To: <sip:1001@pbx.example>\r\n"
		"DateTime: 2024-05-06T10:00:00Z\r\n"
		"NS: imdn <urn:ietf:params:imdn>\r\n"
		"imdn.Message-ID: uid-1\r\n"
		"imdn.Disposition-Notification: positive-delivery, negative-delivery, display\r\n"
		"\r\n"
		"Content-Type: text/plain;charset=UTF-8\r\n"
		"\r\n"
		"Hall\xc3\xb6";

	(void)state;
	for (int is_tcp = 0; is_tcp <= 1; is_tcp++) {
		struct rig *rig = rig_new(
			&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = is_tcp == 1});
		struct message message = asking_message();
		char room[16];

		learn(rig, LEARNED_CPIM, user, 1);
		deliver(rig, 1, "1001", &message);
		const struct sip_text *out = expect_message(rig, "1001");

		expect_header(out, "Content-Type", "message/cpim");
		expect_header(out, "Call-ID", "uid-1");
		assert_string_equal(sip_text_body(out), document);
		assert_int_equal(atoi(sip_text_header(out, "Content-Length", room, sizeof room)),
				 sizeof document - 1);
		answer_and_expect(rig, out, "200 OK", "outcome 1 TAKEN");
		rig_free(&rig);
	}
}

/* [D-41] [RCPT-042] [RCPT-069]: never as a first try, never where the profile says so or where it
 * was refused; what he sent himself, or the profile, is evidence. */
static void form_follows_the_evidence(void **state)
{
	static const struct {
		const char *profile;
		int cpim, imdn; /* -1: nothing is known */
		unsigned wants;
		bool is_cpim;
	} rows[] = {
		{"generic", -1, -1, WANTS_DELIVERED, false},
		{"generic", 1, -1, WANTS_DELIVERED, true},
		{"generic", -1, 1, WANTS_DELIVERED, true},
		{"generic", -1, 2, WANTS_DELIVERED, false},
		{"generic", 0, 1, WANTS_DELIVERED, false},
		{"generic", 1, 1, 0, false},
		{"kamailio", -1, -1, WANTS_DELIVERED, false},
		{"kamailio", 1, -1, WANTS_DELIVERED, true},
		{"linphone", -1, -1, WANTS_DELIVERED, true},
		{"linphone", 0, -1, WANTS_DELIVERED, false},
		{"freeswitch", 1, 1, WANTS_DELIVERED, false},
		{"asterisk", 1, 1, WANTS_DELIVERED, false},
		{"3cx", 1, 1, WANTS_DELIVERED, false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(
			&(struct rig_options){.t1_ms = PATIENT_MS, .profile = rows[i].profile});
		struct message message = asking_message();

		message.wants = rows[i].wants;
		if (rows[i].cpim >= 0)
			learn(rig, LEARNED_CPIM, user, rows[i].cpim);
		if (rows[i].imdn >= 0)
			learn(rig, LEARNED_IMDN, user, rows[i].imdn);
		deliver(rig, 1, "1001", &message);
		expect_header(expect_message(rig, "1001"), "Content-Type",
			      rows[i].is_cpim ? "message/cpim" : "text/plain;charset=UTF-8");
		rig_free(&rig);
	}
}

/* [MSG-042] [RCPT-042] [D-41]: refused, and sent again at once as it is, in a request of its own;
 * never again, also after a restart. */
static void refused_type_goes_as_text(void **state)
{
	static const char *const refusals[] = {"415 Unsupported", "406 No", "488 Not here"};

	(void)state;
	for (size_t i = 0; i < 2 * CHECK_COUNT(refusals); i++) {
		struct rig *rig = rig_new(
			&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = i % 2 == 1});
		struct message message = asking_message();
		char via[256], room[256];

		learn(rig, LEARNED_CPIM, user, 1);
		learn(rig, LEARNED_IMDN, user, 1);
		deliver(rig, 1, "1001", &message);
		const struct sip_text *out = expect_message(rig, "1001");

		sip_text_header(out, "Via", via, sizeof via);
		expect_header(out, "CSeq", "1 MESSAGE");
		text_peer_answer(rig->peer, out, refusals[i / 2], "Accept: text/plain\r\n");
		out = expect_message(rig, "1001");
		expect_header(out, "Content-Type", "text/plain;charset=UTF-8");
		expect_header(out, "Call-ID", "uid-1");
		expect_header(out, "CSeq", "2 MESSAGE");
		assert_string_not_equal(sip_text_header(out, "Via", room, sizeof room), via);
		assert_string_equal(sip_text_body(out), "Hall\xc3\xb6");
		answer_and_expect(rig, out, "200 OK", "outcome 1 TAKEN");
		assert_int_equal(fake_bridge_count(rig->bridge, "outcome"), 0);
		assert_int_equal(learned(rig, LEARNED_CPIM, user), 0);
		assert_int_equal(rig->counters.messages_plain, 1);
		restart_side(rig);
		deliver(rig, 2, "1001", &message);
		out = expect_message(rig, "1001");
		expect_header(out, "Content-Type", "text/plain;charset=UTF-8");
		rig_free(&rig);
	}
}

/* A 415 to a plain text is an answer like others. */
static void refused_text_is_refused(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS});
	struct message message = asking_message();

	(void)state;
	deliver(rig, 1, "1001", &message);
	answer_and_expect(rig, expect_message(rig, "1001"), "415 Unsupported",
			  "outcome 1 REFUSED not-acceptable sip=415");
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	assert_int_equal(rig->counters.messages_plain, 0);
	rig_free(&rig);
}

/* [D-41]: an Accept of an answer or of an OPTIONS that names a type is evidence; "any" type is
 * none, and what was refused stays so. */
static void accept_is_evidence(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS});
	struct message message = asking_message();

	(void)state;
	learn(rig, LEARNED_CPIM, user, 0);
	deliver(rig, 1, "1001", &message);
	text_peer_answer(rig->peer, expect_message(rig, "1001"), "200 OK",
			 "Accept: text/plain, application/im-iscomposing+xml, message/cpim\r\n");
	rig_expect_line(rig, "outcome 1 TAKEN");
	assert_int_equal(learned(rig, LEARNED_TYPING, user), 1);
	assert_int_equal(learned(rig, LEARNED_CPIM, user), 0);
	deliver(rig, 2, "1002", &message);
	text_peer_answer(rig->peer, expect_message(rig, "1002"), "200 OK", "Accept: */*\r\n");
	rig_expect_line(rig, "outcome 2 TAKEN");
	assert_int_equal(learned(rig, LEARNED_TYPING, "sip:1002@pbx.example"), -1);
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "OPTIONS",
				       .from = "<sip:1003@pbx.example>",
				       .headers = "Accept: message/imdn+xml, Message/CPIM\r\n"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	assert_int_equal(learned(rig, LEARNED_CPIM, "sip:1003@pbx.example"), 1);
	assert_int_equal(learned(rig, LEARNED_IMDN, "sip:1003@pbx.example"), 1);
	rig_free(&rig);
}

/* [D-41] [TYPE-036]: who takes no MESSAGE at all is sent texts, which are answered
 * truly, and nothing else, until he takes one. */
static void user_without_messages(void **state)
{
	static const char *const refusals[] = {"405 Not Allowed", "501 Not Implemented"};
	struct message message = asking_message();

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(refusals); i++) {
		struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS});

		rig->bridge->may_see = true;
		learn(rig, LEARNED_TYPING, user, 1);
		deliver(rig, 1, "1001", &message);
		answer_and_expect(rig, expect_message(rig, "1001"), refusals[i],
				  "outcome 1 REFUSED feature-not-implemented");
		assert_int_equal(learned(rig, LEARNED_MESSAGE, user), 0);
		show_typing(rig, "1001", true);
		assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
		deliver(rig, 2, "1001", &message);
		answer_and_expect(rig, expect_message(rig, "1001"), "200 OK", "outcome 2 TAKEN");
		assert_int_equal(learned(rig, LEARNED_MESSAGE, user), 1);
		show_typing(rig, "1001", true);
		(void)expect_message(rig, "1001");
		rig_free(&rig);
	}
}

/* Typing --------------------------------------------------------------------------------------- */

/* [TYPE-027] [D-41]: the notice, with a time of at least 60 s, and its end. */
static void typing_is_shown(void **state)
{
	(void)state;
	for (int is_tcp = 0; is_tcp <= 1; is_tcp++) {
		struct rig *rig = rig_new(
			&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = is_tcp == 1});
		const struct sip_text *out;

		rig->bridge->may_see = true;
		learn(rig, LEARNED_TYPING, user, 1);
		show_typing(rig, "1001", true);
		out = expect_message(rig, "1001");
		expect_header(out, "Content-Type", "application/im-iscomposing+xml");
		assert_string_equal(sip_text_body(out),
				    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
				    "<isComposing xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\">"
				    "<state>active</state><contenttype>text/plain</contenttype>"
				    "<refresh>90</refresh></isComposing>");
		text_peer_answer(rig->peer, out, "200 OK", "");
		text_peer_let_run(rig->peer, 30);
		show_typing(rig, "1001", false);
		out = expect_message(rig, "1001");
		assert_string_equal(sip_text_body(out),
				    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
				    "<isComposing xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\">"
				    "<state>idle</state></isComposing>");
		assert_int_equal(fake_bridge_count(rig->bridge, "outcome"), 0);
		rig_free(&rig);
	}
}

/* [TYPE-033] [TYPE-037] [D-41]: only who is known to take it, from somebody who wrote to him or
 * whose presence he may see. */
static void typing_is_kept_from_others(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS});
	struct message message = asking_message();

	(void)state;
	rig->bridge->may_see = true;
	show_typing(rig, "1001", true); /* nothing is known of him */
	rig->bridge->may_see = false;
	learn(rig, LEARNED_TYPING, user, 1);
	show_typing(rig, "1001", true); /* a stranger */
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	deliver(rig, 1, "1001", &message);
	answer_and_expect(rig, expect_message(rig, "1001"), "200 OK", "outcome 1 TAKEN");
	show_typing(rig, "1001", true);
	expect_header(expect_message(rig, "1001"), "Content-Type",
		      "application/im-iscomposing+xml");
	rig_free(&rig);
}

static void domain_watches(struct rig *rig)
{
	rig->peers[0].profile.watch_as = WATCH_AS_DOMAIN;
}

/* [TYPE-037] [D-18]: the domain that watches for all phones sees for this one. */
static void typing_for_a_phone_of_a_watching_domain(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct rig *rig =
			rig_new(&(struct rig_options){.t1_ms = PATIENT_MS,
						      .proxy_is_tcp = true,
						      .tune = i == 0 ? domain_watches : NULL});

		rig->bridge->domain_may_see = true;
		learn(rig, LEARNED_TYPING, user, 1);
		show_typing(rig, "1001", true);
		assert_int_equal(text_peer_let_run(rig->peer, 50), i == 0 ? 1 : 0);
		rig_free(&rig);
	}
}

/* [TYPE-009] [TYPE-035] [TYPE-036]: a refused type is not sent again, also after a restart; other
 * failures mean nothing. Nobody is told of either. */
static void typing_is_refused_in_silence(void **state)
{
	static const struct {
		const char *status;
		int learned;
	} rows[] = {
		{"415 Unsupported", 0}, {"406 No", 0},    {"488 No", 0},
		{"480 Away", 1},        {"500 Error", 1}, {"408 Timeout", 1},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig =
			rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = true});

		rig->bridge->may_see = true;
		learn(rig, LEARNED_TYPING, user, 1);
		show_typing(rig, "1001", true);
		text_peer_answer(rig->peer, expect_message(rig, "1001"), rows[i].status, "");
		assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
		assert_int_equal(learned(rig, LEARNED_TYPING, user), rows[i].learned);
		restart_side(rig);
		show_typing(rig, "1001", true);
		assert_int_equal(text_peer_let_run(rig->peer, 50), (size_t)rows[i].learned);
		assert_int_equal(rig->bridge->count, 0);
		rig_free(&rig);
	}
}

/* [TYPE-032] [MSG-020] [RCPT-070]: one request at a time to one address; a notice that would wait
 * behind a text is dropped, a newer one replaces the one that waits, a text goes before it. */
static void typing_waits_for_nobody(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = true});
	struct message message = asking_message();
	const struct sip_text *out;

	(void)state;
	rig->bridge->may_see = true;
	learn(rig, LEARNED_TYPING, user, 1);
	deliver(rig, 1, "1001", &message);
	out = expect_message(rig, "1001");
	show_typing(rig, "1001", true);
	answer_and_expect(rig, out, "200 OK", "outcome 1 TAKEN");
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);

	show_typing(rig, "1001", true);
	out = expect_message(rig, "1001");
	show_typing(rig, "1001", true);
	show_typing(rig, "1001", false);
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	text_peer_answer(rig->peer, out, "200 OK", "");
	out = expect_message(rig, "1001");
	assert_non_null(strstr(sip_text_body(out), "idle"));

	show_typing(rig, "1001", true);
	deliver(rig, 2, "1001", &message);
	text_peer_answer(rig->peer, out, "200 OK", "");
	out = expect_message(rig, "1001");
	expect_header(out, "Content-Type", "text/plain;charset=UTF-8");
	answer_and_expect(rig, out, "200 OK", "outcome 2 TAKEN");
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	rig_free(&rig);
}

/* Receipts from a 200 -------------------------------------------------------------------------- */

static void not_devices(struct rig *rig)
{
	rig->peers[0].profile.result_is_devices = false;
}

/* [D-42] [X0184-2] [RCPT-018] [RCPT-048] [MSG-035]: the 200 of a device, and no other success, is a
 * receipt, where no IMDN was asked. */
static void a_200_may_be_a_receipt(void **state)
{
	static const struct {
		const char *profile;
		void (*tune)(struct rig *rig);
		unsigned wants;
		int cpim;
		const char *status;
		bool is_receipt;
	} rows[] = {
		{"kamailio", NULL, WANTS_DELIVERED, 0, "200 OK", true},
		{"linphone", NULL, WANTS_DELIVERED, 0, "200 OK", true},
		{"kamailio", NULL, WANTS_DELIVERED, 0, "202 Accepted", false},
		{"kamailio", NULL, WANTS_DISPLAYED, 0, "200 OK", false},
		{"kamailio", NULL, WANTS_DELIVERED, 1, "200 OK", false},
		{"kamailio", not_devices, WANTS_DELIVERED, 0, "200 OK", false},
		{"generic", NULL, WANTS_DELIVERED, 0, "200 OK", false},
		{"asterisk", NULL, WANTS_DELIVERED, 0, "200 OK", false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){
			.t1_ms = PATIENT_MS, .profile = rows[i].profile, .tune = rows[i].tune});
		struct message message = asking_message();

		message.wants = rows[i].wants;
		learn(rig, LEARNED_CPIM, user, rows[i].cpim);
		deliver(rig, 1, "1001", &message);
		answer_and_expect(rig, expect_message(rig, "1001"), rows[i].status,
				  "outcome 1 TAKEN");
		if (rows[i].is_receipt)
			rig_expect_line(rig, "report sip:1001@pbx.example xmpp:juliet@chat.example "
					     "uid=uid-1 delivered - side=sip");
		assert_int_equal(rig->bridge->count, 0);
		rig_free(&rig);
	}
}

/* [D-42]: after a refusal of message/cpim the 200 is one, since nothing was asked in the end. */
static void receipt_after_a_refused_question(void **state)
{
	struct rig *rig = rig_new(
		&(struct rig_options){.t1_ms = PATIENT_MS, .profile = "linphone", .tune = always});
	struct message message = asking_message();

	(void)state;
	deliver(rig, 1, "1001", &message);
	text_peer_answer(rig->peer, expect_message(rig, "1001"), "415 Unsupported", "");
	answer_and_expect(rig, expect_message(rig, "1001"), "200 OK", "outcome 1 TAKEN");
	rig_expect_line(rig, "report sip:1001@pbx.example xmpp:juliet@chat.example uid=uid-1");
	rig_free(&rig);
}

/* [MSG-042] [REL-004]: an answer that takes its time leaves no time for another form: the next try
 * has it, so that the core does not begin one while this one is under way. */
static void late_refusal_of_the_form(void **state)
{
	enum { T1_MS = 40 };
	struct rig *rig = rig_new(&(struct rig_options){
		.t1_ms = T1_MS, .profile = "linphone", .proxy_is_tcp = true, .tune = always});
	struct message message = asking_message();

	(void)state;
	deliver(rig, 1, "1001", &message);
	const struct sip_text *out = expect_message(rig, "1001");

	expect_header(out, "Content-Type", "message/cpim");
	assert_int_equal(text_peer_let_run(rig->peer, 20 * T1_MS), 0);
	answer_and_expect(rig, out, "415 Unsupported", "outcome 1 REFUSED remote-server-timeout");
	message.may_be_known = true;
	deliver(rig, 2, "1001", &message);
	out = expect_message(rig, "1001");
	expect_header(out, "Content-Type", "text/plain;charset=UTF-8");
	expect_header(out, "CSeq", "2 MESSAGE");
	answer_and_expect(rig, out, "200 OK", "outcome 2 TAKEN");
	rig_free(&rig);
}

/* [D-42] [RCPT-018]: that somebody on the way has seen it is no word of the device. */
static void known_there_is_no_receipt(void **state)
{
	struct rig *rig =
		rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .profile = "kamailio"});
	struct message message = asking_message();

	(void)state;
	message.may_be_known = true;
	deliver(rig, 1, "1001", &message);
	answer_and_expect(rig, expect_message(rig, "1001"), "482 Merged", "outcome 1 TAKEN");
	assert_int_equal(text_peer_let_run(rig->peer, 20), 0);
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(receipts_are_asked_for),
		cmocka_unit_test(form_follows_the_evidence),
		cmocka_unit_test(refused_type_goes_as_text),
		cmocka_unit_test(refused_text_is_refused),
		cmocka_unit_test(accept_is_evidence),
		cmocka_unit_test(user_without_messages),
		cmocka_unit_test(typing_is_shown),
		cmocka_unit_test(typing_is_kept_from_others),
		cmocka_unit_test(typing_for_a_phone_of_a_watching_domain),
		cmocka_unit_test(typing_is_refused_in_silence),
		cmocka_unit_test(typing_waits_for_nobody),
		cmocka_unit_test(a_200_may_be_a_receipt),
		cmocka_unit_test(receipt_after_a_refused_question),
		cmocka_unit_test(late_refusal_of_the_form),
		cmocka_unit_test(known_there_is_no_receipt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
