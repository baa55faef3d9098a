/* Page messages to SIP by bytes (RFC 3428; file 05 part B). */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/deliver.h"
#include "wire/rig.h"

/* [SIP-001] [SIP-002] [SIP-003] [SIP-005] [SIP-012] [SIP-035] [MSG-009] [MSG-010] [MSG-012]
 * [MSG-014] [MSG-016] [MSG-017] [MSG-018] [MSG-019] [MSG-028] [D-32] [D-35] [D-44] [SEC-060]
 * [SIP-113]
 * [REQ-043] [REQ-050] [MSG-011] [MSG-013] [MSG-085] [MSG-082] [PBX-021] [ASEC-010]
 * [REQ-022] */
static void message_out_is_complete(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS});
	struct message message = text_message((char[]){"uid-1"}, (char[]){"hall\xc3\xb6 <&>\nb"});
	char room[512], call_id[128], tag[64];

	(void)state;
	message.subject = (char[]){"a\r\nX-Evil: 1\x1b"};
	message.nick = (char[]){"Ju \"L\"\\\r\nX: y"};
	message.lang = (char[]){"de"};
	message.sent_at_ms = INT64_C(1767225600000);
	deliver(rig, 7, "1001", &message);
	const struct sip_text *out =
		text_peer_expect(rig->peer, "MESSAGE sip:1001@pbx.example SIP/2.0");

	assert_non_null(out);
	assert_int_equal(out->from_port, rig->port);
	assert_int_equal(sip_text_header_count(out, "Via"), 1);
	sip_text_header(out, "Via", room, sizeof room);
	assert_non_null(strstr(room, ";branch=z9hG4bK"));
	assert_non_null(strstr(room, ";rport"));
	assert_string_equal(sip_text_header(out, "Max-Forwards", room, sizeof room), "70");
	sip_text_header(out, "Route", room, sizeof room);
	assert_non_null(strstr(room, ";lr>"));
	sip_text_header(out, "From", room, sizeof room);
	assert_non_null(strstr(room, "\"Ju \\\"L\\\"\\\\  X: y\" <sip:juliet@chat.example>;tag="));
	assert_string_equal(sip_text_header(out, "To", room, sizeof room),
			    "<sip:1001@pbx.example>");
	assert_string_equal(sip_text_header(out, "CSeq", room, sizeof room), "1 MESSAGE");
	assert_string_equal(sip_text_header(out, "Date", room, sizeof room),
			    "Thu, 01 Jan 2026 00:00:00 GMT");
	assert_string_equal(sip_text_header(out, "Subject", room, sizeof room), "a  X-Evil: 1");
	assert_int_equal(sip_text_header_count(out, "X-Evil"), 0);
	assert_string_equal(sip_text_header(out, "Content-Language", room, sizeof room), "de");
	assert_string_equal(sip_text_header(out, "Content-Type", room, sizeof room),
			    "text/plain;charset=UTF-8");
	assert_string_equal(sip_text_header(out, "Content-Length", room, sizeof room), "12");
	assert_string_equal(sip_text_header(out, "User-Agent", room, sizeof room), "sipxmppd/test");
	assert_string_equal(sip_text_body(out), "hall\xc3\xb6 <&>\nb");
	assert_int_equal(sip_text_header_count(out, "Contact"), 0);
	assert_int_equal(sip_text_header_count(out, "Accept"), 0);
	sip_text_header(out, "Call-ID", call_id, sizeof call_id);
	sip_text_tag(out, "From", tag, sizeof tag);
	text_peer_answer(rig->peer, out, "202 Accepted", "");
	rig_expect_line(rig, "outcome 7 TAKEN"); /* [MSG-035] [SIP-076] */

	assert_string_equal(call_id, "uid-1");
	message.uid = (char[]){"uid-2"};
	deliver(rig, 9, "1001", &message);
	out = text_peer_expect(rig->peer, "MESSAGE ");
	assert_string_not_equal(sip_text_header(out, "Call-ID", room, sizeof room), call_id);
	rig_free(&rig);
}

/* [MSG-037] [MSG-038] [SIP-028] [SIP-066] [ERR-002] [X0100-6] */
static void refusals_become_faults(void **state)
{
	static const struct {
		const char *status;
		const char *line;
	} rows[] = {
		{"404 Not Found", "REFUSED item-not-found sip=404"},
		{"480 Away", "REFUSED recipient-unavailable sip=480"},
		{"486 Busy Here", "REFUSED recipient-unavailable sip=486"},
		{"403 Forbidden", "REFUSED forbidden sip=403"},
		{"603 Decline", "REFUSED recipient-unavailable sip=603"},
		{"413 Too Big", "REFUSED policy-violation sip=413"},
		{"500 Error", "REFUSED internal-server-error sip=500"},
		{"299 Fine", "TAKEN"},
		{"477 New", "REFUSED bad-request sip=477"},
		{"401 Unauthorized", "REFUSED not-authorized sip=401"},
		{"408 Request Timeout", "REFUSED remote-server-timeout sip=408"},
	};
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS});
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		deliver(rig, 100 + i, "1001", &message);
		const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

		assert_non_null(out);
		/* [MSG-034] */
		text_peer_answer(rig->peer, out, "100 Trying", "");
		text_peer_answer(rig->peer, out, "180 Ringing", "");
		text_peer_answer(rig->peer, out, rows[i].status, "");
		rig_expect_line(rig, rows[i].line);
	}
	assert_int_equal(fake_bridge_count(rig->bridge, "outcome"), 0);
	rig_free(&rig);
}

/* [MSG-039] [ERR-263] [SIP-026] [SIP-027]: no answer is uncertain, not refused; repeats are the
 * same request. */
static void silence_is_uncertain(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 20});
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	char first[256], again[256];

	(void)state;
	deliver(rig, 1, "1001", &message);
	const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

	assert_non_null(out);
	sip_text_header(out, "Via", first, sizeof first);
	out = text_peer_expect(rig->peer, "MESSAGE ");
	assert_non_null(out);
	assert_string_equal(sip_text_header(out, "Via", again, sizeof again), first);
	rig_expect_line(rig, "outcome 1 UNKNOWN remote-server-timeout");
	rig_free(&rig);
}

/* [ERR-262] [SIP-027] [SOF-023] [SOF-024]: nobody there is a refusal with that reason. */
static void unreachable_is_refused(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = true});
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	text_peer_deaf(rig->peer);
	deliver(rig, 1, "1001", &message);
	char *line = fake_bridge_expect(rig->bridge, "outcome 1 REFUSED remote-server-timeout");

	assert_non_null(line);
	assert_non_null(strstr(line, "again=path")); /* [D-37] */
	mem_free(line);
	rig_free(&rig);
}

/* [MSG-020] [SIP-078] [RFC 3428 8]: one at a time for each URI, in order; others do not wait. */
static void one_pending_for_each_destination(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = true});
	struct message message = text_message((char[]){"u"}, (char[]){"1"});

	(void)state;
	deliver(rig, 1, "1001", &message);
	message.body = (char[]){"2"};
	deliver(rig, 2, "1001", &message);
	message.body = (char[]){"3"};
	deliver(rig, 3, "1001", &message);
	message.body = (char[]){"other"};
	deliver(rig, 4, "1002", &message);
	assert_int_equal(text_peer_let_run(rig->peer, 100), 2);
	const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE sip:1002");

	text_peer_answer(rig->peer, out, "200 OK", "");
	rig_expect_line(rig, "outcome 4");
	for (int i = 1; i <= 3; i++) {
		char line[32], body[2] = {(char)('0' + i), '\0'};

		out = text_peer_expect(rig->peer, "MESSAGE sip:1001");
		assert_non_null(out);
		assert_string_equal(sip_text_body(out), body);
		text_peer_answer(rig->peer, out, "200 OK", "");
		snprintf(line, sizeof line, "outcome %d TAKEN", i);
		rig_expect_line(rig, line);
	}
	rig_free(&rig);
}

static void two_in_line(struct limits *limits)
{
	limits->messages_pending_per_uri = 2;
}

/* [limit messages_pending_per_uri] [MSG-021] [REL-048]: the line is bounded, and what does not fit
 * is told at once. */
static void full_line_is_refused(void **state)
{
	struct rig *rig =
		rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .limits = two_in_line});
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	for (exchange_id x = 1; x <= 3; x++)
		deliver(rig, x, "1001", &message);
	assert_int_equal(fake_bridge_count(rig->bridge, "outcome"), 0); /* never from inside */
	rig_expect_line(rig, "outcome 3 REFUSED resource-constraint");
	assert_int_equal(rig->counters.limits.messages_pending_per_uri, 1);
	rig_free(&rig);
}

/* [REL-004] [SOF-025] [D-35]: within 64*T1 the very same request goes out again, later one with the
 * next CSeq; what nobody knows is no repetition. */
static void repetition_is_the_same_request(void **state)
{
	static const char *const same[] = {"Call-ID", "From", "CSeq", "Via", "Date"};
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS});
	struct message message = text_message((char[]){"uid-1"}, (char[]){"x"});
	char first[CHECK_COUNT(same)][256], room[256];

	(void)state;
	message.sent_at_ms = INT64_C(1767225600000);
	deliver(rig, 1, "1001", &message);
	const struct sip_text *out = expect_message(rig, "1001");

	for (size_t i = 0; i < CHECK_COUNT(same); i++)
		sip_text_header(out, same[i], first[i], sizeof first[i]);
	restart_side(rig);
	deliver(rig, 2, "1001", &message);
	out = expect_message(rig, "1001");
	for (size_t i = 0; i < CHECK_COUNT(same); i++)
		expect_header(out, same[i], first[i]);
	assert_string_equal(first[0], "uid-1");
	assert_string_equal(first[2], "1 MESSAGE");
	answer_and_expect(rig, out, "482 Merged", "outcome 2 REFUSED not-acceptable sip=482");

	/* What waited for long and was never sent is known to nobody. */
	message.uid = (char[]){"uid-3"};
	message.repeat = 1;
	deliver(rig, 5, "1001", &message);
	answer_and_expect(rig, expect_message(rig, "1001"), "482 Loop",
			  "outcome 5 REFUSED not-acceptable sip=482");

	message.uid = (char[]){"uid-1"};
	message.may_be_known = true;
	deliver(rig, 3, "1001", &message);
	out = expect_message(rig, "1001");
	expect_header(out, "Call-ID", first[0]);
	expect_header(out, "From", first[1]);
	expect_header(out, "CSeq", "2 MESSAGE");
	assert_string_not_equal(sip_text_header(out, "Via", room, sizeof room), first[3]);
	answer_and_expect(rig, out, "482 Merged", "outcome 3 TAKEN");

	/* Of a message from before a restart, too. */
	message.uid = (char[]){"uid-2"};
	message.repeat = 0;
	message.may_be_known = true;
	deliver(rig, 4, "1001", &message);
	out = expect_message(rig, "1001");
	expect_header(out, "CSeq", "1 MESSAGE");
	answer_and_expect(rig, out, "482 Merged", "outcome 4 TAKEN");
	rig_free(&rig);
}

/* [REL-004] [MSG-039]: who gave no answer is sent the same again, and his 482 says that he has it.
 */
static void repetition_after_silence(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 20});
	struct message message = text_message((char[]){"uid-1"}, (char[]){"x"});
	char via[256];

	(void)state;
	message.sent_at_ms = INT64_C(1767225600000);
	deliver(rig, 1, "1001", &message);
	sip_text_header(expect_message(rig, "1001"), "Via", via, sizeof via);
	rig_expect_line(rig, "outcome 1 UNKNOWN remote-server-timeout");
	while (text_peer_count(rig->peer, "MESSAGE ") > 0)
		(void)expect_message(rig, "1001");
	deliver(rig, 2, "1001", &message);
	const struct sip_text *out = expect_message(rig, "1001");

	expect_header(out, "Via", via);
	expect_header(out, "CSeq", "1 MESSAGE");
	answer_and_expect(rig, out, "482 Merged", "outcome 2 TAKEN");
	rig_free(&rig);
}

/* [D-37] [REL-004]: the core tries again; who was answered is sent another request, since the
 * answer would come from the transaction. [SIP-064] */
static void next_try_after_an_answer_is_another_request(void **state)
{
	static const struct {
		const char *status;
		const char *line;
	} rows[] = {
		{"500 Error", "REFUSED internal-server-error sip=500 retry=7 Error again=few"},
		{"504 Slow", "REFUSED remote-server-timeout sip=504 retry=7 Slow again=few"},
		{"480 Away", "REFUSED recipient-unavailable sip=480 retry=7 Away again=held"},
		{"491 Pending", "REFUSED unexpected-request sip=491 retry=7 Pending again=few"},
		/* [SIP-063]: after this one the server is left in peace. */
		{"503 Busy", "REFUSED internal-server-error sip=503 retry=7 Busy again=path"},
	};
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS});
	struct message message = text_message((char[]){"uid-1"}, (char[]){"x"});
	char first[256] = "", second[256], cseq[32];
	const struct sip_text *out;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		deliver(rig, 1 + i, "1001", &message);
		out = expect_message(rig, "1001");
		sip_text_header(out, "Via", second, sizeof second);
		assert_string_not_equal(first, second);
		strcpy(first, second);
		snprintf(cseq, sizeof cseq, "%zu MESSAGE", i + 1);
		expect_header(out, "CSeq", cseq);
		expect_header(out, "Call-ID", "uid-1");
		text_peer_answer(rig->peer, out, rows[i].status, "Retry-After: 7\r\n");
		rig_expect_line(rig, rows[i].line);
	}
	rig_free(&rig);
}

/* [D-37] [MSG-020]: what waited behind one without an answer was not sent: the core brings it
 * again. */
static void waiting_too_long_is_no_failure(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 20});
	struct message message = text_message((char[]){"uid-1"}, (char[]){"first"});

	(void)state;
	deliver(rig, 1, "1001", &message);
	message.uid = (char[]){"uid-2"};
	message.body = (char[]){"later"};
	message.body_len = 5;
	deliver(rig, 2, "1001", &message);
	rig_expect_line(rig, "outcome 1 UNKNOWN");
	char *line = fake_bridge_expect(rig->bridge, "outcome 2 REFUSED");

	assert_non_null(line);
	assert_non_null(strstr(line, "again=path"));
	mem_free(line);
	while (text_peer_count(rig->peer, "MESSAGE ") > 0)
		assert_string_equal(sip_text_body(expect_message(rig, "1001")), "first");
	rig_free(&rig);
}

/* [MSG-040] [D-60] [PBX-024]: 301 and 302 are followed once, to a user of the same SIP domain. */
static void move_is_followed_at_home(void **state)
{
	static const struct {
		const char *contact;
		const char *line; /* NULL: followed */
	} rows[] = {
		{"<sip:1002@pbx.example>", NULL},
		{"<sip:1002@elsewhere.example>", "REFUSED redirect sip=302"},
		{"<sip:juliet@chat.example>", "REFUSED redirect sip=302"},
		{"<sip:1001@pbx.example;transport=tcp>", "REFUSED redirect sip=302"},
	};
	struct message message = text_message((char[]){"uid-1"}, (char[]){"x"});

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig =
			rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = true});
		char contact[128];

		snprintf(contact, sizeof contact, "Contact: %s\r\n", rows[i].contact);
		deliver(rig, 1, "1001", &message);
		text_peer_answer(rig->peer, expect_message(rig, "1001"), "302 Moved", contact);
		if (rows[i].line != NULL) {
			rig_expect_line(rig, rows[i].line);
		} else {
			const struct sip_text *out = expect_message(rig, "1002");

			expect_header(out, "To", "<sip:1001@pbx.example>");
			expect_header(out, "CSeq", "2 MESSAGE");
			text_peer_answer(rig->peer, out, "301 Moved",
					 "Contact: <sip:1003@pbx.example>\r\n");
			rig_expect_line(rig, "outcome 1 REFUSED gone sip=301");
		}
		assert_int_equal(text_peer_let_run(rig->peer, 20), 0);
		rig_free(&rig);
	}
}

/* [MSG-026]: Expires only if the message has a life of its own. */
static void life_becomes_expires(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS});
	struct message message = text_message((char[]){"uid-1"}, (char[]){"x"});
	const struct sip_text *out;

	(void)state;
	deliver(rig, 1, "1001", &message);
	out = expect_message(rig, "1001");
	assert_int_equal(sip_text_header_count(out, "Expires"), 0);
	assert_int_equal(sip_text_header_count(out, "Date"), 1); /* [D-44] */
	answer_and_expect(rig, out, "200 OK", "outcome 1 TAKEN");
	message.uid = (char[]){"uid-2"};
	message.life_s = 600;
	deliver(rig, 2, "1001", &message);
	out = expect_message(rig, "1001");
	expect_header(out, "Expires", "600");
	assert_int_equal(sip_text_header_count(out, "Date"), 1);
	rig_free(&rig);
}

static void by_thread(struct rig *rig)
{
	rig->peers[0].profile.thread = THREAD_CALLID;
}

/* [MSG-082] [MSG-083] [MSG-084] [MSG-085] [D-35]: thread = "callid": what may be a Call-ID is one,
 * the rest is encoded; each message has a tag of its own and a CSeq that rises. */
static void thread_is_call_id(void **state)
{
	static const struct {
		const char *thread;
		const char *call_id;
	} rows[] = {
		{"c7a9e0d2-5b1f", "c7a9e0d2-5b1f"},
		{"a@b", "a@b"},
		{"a@b@c", "x-YUBiQGM"},
		{"two words", "x-dHdvIHdvcmRz"},
		{"x-1", "x-eC0x"},
		{"\xc3\xa9\r\n", "x-w6kNCg"},
		{NULL, "uid-6"},
	};
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .tune = by_thread});
	struct message message = text_message((char[]){"uid-0"}, (char[]){"x"});
	char tag[64], last[64] = "", room[64];
	long cseq = 0, before = 0;
	const struct sip_text *out;

	(void)state;
	message.sent_at_ms = INT64_C(1767225600000);
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		char *thread = rows[i].thread != NULL ? mem_strdup(rows[i].thread) : NULL;

		message.uid[4] = (char)('0' + i);
		message.thread = thread;
		message.sent_at_ms += 100;
		deliver(rig, 1 + i, "1001", &message);
		mem_free(thread);
		out = expect_message(rig, "1001");
		expect_header(out, "Call-ID", rows[i].call_id);
		sip_text_tag(out, "From", tag, sizeof tag);
		assert_string_not_equal(tag, last);
		strcpy(last, tag);
		cseq = atol(sip_text_header(out, "CSeq", room, sizeof room));
		if (rows[i].thread != NULL)
			assert_true(cseq > before);
		before = cseq;
		text_peer_answer(rig->peer, out, "200 OK", "");
		rig_expect_line(rig, "TAKEN");
	}
	rig_free(&rig);
}

/* [D-60] [PBX-004] [AST-5]: profile asterisk: its User-Agent, no quotes in names. */
static void asterisk_gets_its_forms(void **state)
{
	struct rig *rig =
		rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .profile = "asterisk"});
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	char room[256];

	(void)state;
	message.nick = (char[]){"J \"q\" \\C"};
	deliver(rig, 1, "1001", &message);
	const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

	assert_non_null(out);
	assert_string_equal(sip_text_header(out, "User-Agent", room, sizeof room),
			    "sipxmppd/test (digium_presence)");
	assert_non_null(strstr(sip_text_header(out, "From", room, sizeof room), "\"J q C\" <"));
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_out_is_complete),
		cmocka_unit_test(refusals_become_faults),
		cmocka_unit_test(silence_is_uncertain),
		cmocka_unit_test(unreachable_is_refused),
		cmocka_unit_test(one_pending_for_each_destination),
		cmocka_unit_test(full_line_is_refused),
		cmocka_unit_test(repetition_is_the_same_request),
		cmocka_unit_test(repetition_after_silence),
		cmocka_unit_test(next_try_after_an_answer_is_another_request),
		cmocka_unit_test(waiting_too_long_is_no_failure),
		cmocka_unit_test(move_is_followed_at_home),
		cmocka_unit_test(life_becomes_expires),
		cmocka_unit_test(thread_is_call_id),
		cmocka_unit_test(asterisk_gets_its_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
