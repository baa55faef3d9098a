/* Page messages by bytes, both ways (RFC 3428; file 05). */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/rig.h"

static void finish(struct rig *rig, enum outcome outcome, enum fault_code code)
{
	struct fault fault;

	fault_set(&fault, code, NULL);
	sip_side_ops()->finish(rig->side, rig->bridge->last_x, outcome,
			       code != FAULT_NONE ? &fault : NULL);
}

/* In ------------------------------------------------------------------------------------------- */

/* [MSG-045] [MSG-047] [MSG-048] [MSG-049] [MSG-050] [MSG-067] [MSG-079] [SIP-004] [D-32] [D-36]
 * [SIP-073] [SIP-074]: what the core hears, and 200 without Contact or body when it was taken.
 * [REL-001] [CPIM-006] [PBX-024]
 * [REQ-047] */
static void message_in_is_handed_over(void **state)
{
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (int way = SIP_WAY_UDP; way <= SIP_WAY_TCP; way++) {
		struct rig_request message = {
			.method = "MESSAGE",
			.from = "\"Ann \\\"A\\\" O\" <sip:1001@pbx.example>",
			.headers = "Subject: Keys\r\nContent-Language: fr, en\r\n",
			.body = "caf\xc3\xa9\r\n<b>&",
			.type = "text/plain;charset=UTF-8",
		};

		rig_send(rig, way, &message);
		rig_expect_line(rig,
				"nick=Ann \"A\" O lang=fr subject=Keys hops=69: caf\xc3\xa9\n<b>&");
		/* Nothing is said before the core knows. */
		assert_int_equal(text_peer_let_run(rig->peer, 60), 0);
		finish(rig, OUTCOME_TAKEN, FAULT_NONE);
		const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 200");

		assert_non_null(answer);
		assert_int_equal(sip_text_header_count(answer, "Contact"), 0);
		assert_string_equal(sip_text_body(answer), "");
	}
	rig_free(&rig);
}

/* [D-36] [D-46] [ERR-008] [ERR-010] [SIP-030] [REL-043]: the answer is what became of it.
 * [CPIM-004] [MSG-052] [SIP-075] [REQ-052] */
static void message_in_is_answered_truly(void **state)
{
	static const struct {
		enum outcome outcome;
		enum fault_code code;
		const char *answer;
		bool has_retry;
	} rows[] = {
		{OUTCOME_TAKEN, FAULT_NONE, "SIP/2.0 200", false},
		{OUTCOME_STORED, FAULT_NONE, "SIP/2.0 202", false},
		{OUTCOME_REFUSED, FAULT_LINK_DOWN, "SIP/2.0 503", true},
		{OUTCOME_UNKNOWN, FAULT_NO_ANSWER, "SIP/2.0 504", false},
		{OUTCOME_UNKNOWN, FAULT_NONE, "SIP/2.0 504", false},
		{OUTCOME_REFUSED, FAULT_ITEM_NOT_FOUND, "SIP/2.0 404", false},
		{OUTCOME_REFUSED, FAULT_FORBIDDEN, "SIP/2.0 403", false},
		{OUTCOME_REFUSED, FAULT_RECIPIENT_UNAVAILABLE, "SIP/2.0 480", false},
		{OUTCOME_REFUSED, FAULT_NOT_AUTHORIZED, "SIP/2.0 403", false},
		{OUTCOME_REFUSED, FAULT_SERVICE_UNAVAILABLE, "SIP/2.0 403", false},
		{OUTCOME_REFUSED, FAULT_RATE, "SIP/2.0 480", true},
	};
	struct rig *rig = rig_new(NULL);
	char room[64];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "MESSAGE", .body = "a"});
		rig_expect_line(rig, "message");
		finish(rig, rows[i].outcome, rows[i].code);
		const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 ");

		assert_non_null(answer);
		if (strncmp(answer->text, rows[i].answer, strlen(rows[i].answer)) != 0)
			fail_msg("row %zu: %s", i, answer->text);
		int wait = atoi(sip_text_header(answer, "Retry-After", room, sizeof room));

		if (rows[i].has_retry)
			assert_in_range(wait, 10, 30);
		else
			assert_int_equal(wait, 0);
	}
	rig_free(&rig);
}

/* [MSG-056] [D-45]: nothing in it: 200, and it ends there. */
static void empty_message_is_answered_and_kept_to_itself(void **state)
{
	struct rig *rig = rig_new(NULL);

	(void)state;
	rig_send(rig, SIP_WAY_UDP, &(struct rig_request){.method = "MESSAGE"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	assert_int_equal(rig->bridge->count, 0);
	assert_int_equal(rig->counters.messages_empty, 1);
	rig_free(&rig);
}

/* [SIP-085] [MSG-057] [D-38] [D-51] [REL-005]: the same branch over UDP: nothing while it is open,
 * the same answer afterwards; the core hears it once.
 * [REQ-085] */
static void repeated_message_is_delivered_once(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_request message = {
		.method = "MESSAGE", .body = "once", .call_id = "r", .branch = "z9hG4bKrepeat"};

	(void)state;
	rig_send(rig, SIP_WAY_UDP, &message);
	rig_expect_line(rig, "message");
	rig_send(rig, SIP_WAY_UDP, &message);
	rig_send(rig, SIP_WAY_UDP, &message);
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	finish(rig, OUTCOME_REFUSED, FAULT_ITEM_NOT_FOUND);
	for (int i = 0; i < 3; i++) {
		const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 404");
		char room[64];

		assert_non_null(answer);
		assert_true(strlen(sip_text_tag(answer, "To", room, sizeof room)) > 20);
		rig_send(rig, SIP_WAY_UDP, &message);
	}
	assert_int_equal(fake_bridge_count(rig->bridge, "message"), 0);
	assert_true(rig->counters.sip_repeats >= 4);
	rig_free(&rig);
}

/* [SIP-021] [D-38] [MSG-057]: the same request by another way. 482 while it is open, its 200 once
 * it succeeded, a new try if it failed. [REQ-085] */
static void merged_message_is_delivered_once(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_request message = {.method = "MESSAGE", .body = "one", .call_id = "m"};

	(void)state;
	rig_send(rig, SIP_WAY_UDP, &message);
	rig_expect_line(rig, "message");
	rig_send(rig, SIP_WAY_TCP, &message);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 482"));
	finish(rig, OUTCOME_REFUSED, FAULT_REMOTE_SERVER_TIMEOUT);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 504"));
	rig_send(rig, SIP_WAY_TCP, &message);
	rig_expect_line(rig, "message");
	finish(rig, OUTCOME_TAKEN, FAULT_NONE);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	rig_send(rig, SIP_WAY_UDP, &message);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	assert_int_equal(fake_bridge_count(rig->bridge, "message"), 0);
	rig_free(&rig);
}

/* [D-35] [MSG-051] [SIP-086]: the uid is the same for the same request and another for any other,
 * also with the same Call-ID.
 * [REQ-050] */
static void uid_names_the_request(void **state)
{
	struct rig *rig = rig_new(NULL);
	char *first, *second;

	(void)state;
	rig_send(rig, SIP_WAY_TCP,
		 &(struct rig_request){.method = "MESSAGE", .body = "a", .call_id = "u"});
	first = fake_bridge_expect(rig->bridge, "uid=");
	rig_send(
		rig, SIP_WAY_TCP,
		&(struct rig_request){.method = "MESSAGE", .body = "a", .call_id = "u", .cseq = 2});
	second = fake_bridge_expect(rig->bridge, "uid=");
	assert_non_null(first);
	assert_non_null(second);
	assert_string_not_equal(first, second);
	assert_int_equal(strcspn(strstr(first, "uid=") + 4, " "), 32);
	mem_free(first);
	mem_free(second);
	rig_free(&rig);
}

/* [SIP-029]: over UDP no 100 before Timer E would have reached T2, one after that; never over TCP.
 */
static void slow_answer_is_announced(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 40});

	(void)state;
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "MESSAGE", .body = "t"});
	rig_send(rig, SIP_WAY_UDP, &(struct rig_request){.method = "MESSAGE", .body = "u"});
	const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 100");
	char room[64];

	assert_non_null(answer);
	assert_int_equal(answer->way, SIP_WAY_UDP);
	assert_string_equal(sip_text_tag(answer, "To", room, sizeof room), "");
	assert_int_equal(text_peer_let_run(rig->peer, 100), 0);
	rig_free(&rig);
}

/* [SOF-020] [MSG-078]: a NUL is a byte of the body like others. */
static void nul_in_body_survives(void **state)
{
	static const char tail[] = "Content-Length: 7\r\n\r\nab\0cd\xc3\xa9";
	struct rig *rig = rig_new(NULL);
	struct buf text = BUF_INIT;

	(void)state;
	buf_printf(&text,
		   "MESSAGE sip:juliet@chat.example SIP/2.0\r\n"
		   "v: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKnul;rport\r\n"
		   "f: <sip:1001@pbx.example>;tag=1\r\nt: <sip:juliet@chat.example>\r\n"
		   "i: nul\r\nCSeq: 1 MESSAGE\r\nc: text/plain\r\n",
		   text_peer_port(rig->peer));
	buf_append(&text, tail, sizeof tail - 1);
	text_peer_send_bytes(rig->peer, SIP_WAY_UDP, text.data, text.len);
	buf_free(&text);
	/* [SIP-013] compact forms were read, too */
	char *line = fake_bridge_expect(rig->bridge, "message");

	assert_non_null(line);
	if (strstr(line, ": ab\xef\xbf\xbd"
			 "cd\xc3\xa9") == NULL)
		fail_msg("%s", line);
	mem_free(line);
	finish(rig, OUTCOME_TAKEN, FAULT_NONE);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	rig_free(&rig);
}

/* [MSG-080] [SIP-050] [D-57]: 60 KiB of text pass over TCP, a byte more is 413. */
static void long_message_in(void **state)
{
	struct rig *rig = rig_new(NULL);
	char *body = mem_alloc(61440 + 2);

	(void)state;
	memset(body, 'x', 61441);
	body[61440] = '\0';
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "MESSAGE", .body = body});
	rig_expect_line(rig, "message");
	finish(rig, OUTCOME_TAKEN, FAULT_NONE);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	body[61440] = 'x';
	body[61441] = '\0';
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "MESSAGE", .body = body});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 413"));
	assert_int_equal(rig->counters.limits.message_text_bytes, 1);
	mem_free(body);
	rig_free(&rig);
}

static void few_udp(struct limits *limits)
{
	limits->udp_transactions = 3;
}

/* [REL-044] [D-51]: what is held over UDP is bounded; beyond it 503, and nothing is kept. */
static void open_messages_are_bounded(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = few_udp});

	(void)state;
	for (int i = 0; i < 3; i++) {
		rig_send(rig, SIP_WAY_UDP, &(struct rig_request){.method = "MESSAGE", .body = "a"});
		rig_expect_line(rig, "message");
	}
	rig_send(rig, SIP_WAY_UDP, &(struct rig_request){.method = "MESSAGE", .body = "a"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 503"));
	assert_int_equal(rig->counters.limits.udp_transactions, 1);
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "MESSAGE", .body = "a"});
	rig_expect_line(rig, "message");
	rig_free(&rig);
}

/* [SIP-036]: the connection is gone before the answer: it finds its way by Via. */
static void answer_outlives_the_connection(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct buf text = BUF_INIT;

	(void)state;
	buf_printf(&text,
		   "MESSAGE sip:juliet@chat.example SIP/2.0\r\n"
		   "Via: SIP/2.0/TCP 127.0.0.1:%u;branch=z9hG4bKgone\r\n"
		   "From: <sip:1001@pbx.example>;tag=1\r\nTo: <sip:juliet@chat.example>\r\n"
		   "Call-ID: gone\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n"
		   "Content-Length: 1\r\n\r\na",
		   text_peer_port(rig->peer));
	text_peer_send(rig->peer, SIP_WAY_TCP, text.data);
	buf_free(&text);
	rig_expect_line(rig, "message");
	text_peer_hang_up(rig->peer);
	text_peer_let_run(rig->peer, 50);
	finish(rig, OUTCOME_TAKEN, FAULT_NONE);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	rig_free(&rig);
}

/* Out ------------------------------------------------------------------------------------------ */

static void deliver(struct rig *rig, exchange_id x, const char *user, const struct message *message)
{
	struct address from, to;

	address_set(&from, SIDE_XMPP, "juliet", "chat.example");
	address_set(&to, SIDE_SIP, user, "pbx.example");
	sip_side_ops()->deliver(rig->side, x, &from, &to, message);
	address_clear(&from);
	address_clear(&to);
}

static struct message text_message(char *uid, char *body)
{
	return (struct message){.kind = MESSAGE_CHAT,
				.uid = uid,
				.body = body,
				.body_len = strlen(body),
				.hops = -1};
}

/* [SIP-001] [SIP-002] [SIP-003] [SIP-005] [SIP-012] [SIP-035] [MSG-009] [MSG-010] [MSG-012]
 * [MSG-014] [MSG-016] [MSG-017] [MSG-018] [MSG-019] [MSG-028] [D-32] [D-35] [D-44] [SEC-060]
 * [SIP-113]
 * [REQ-043] [REQ-050] [MSG-011] [MSG-013] [MSG-085] [MSG-082] [PBX-021] [ASEC-010]
 * [REQ-022] */
static void message_out_is_complete(void **state)
{
	struct rig *rig = rig_new(NULL);
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

	/* The same message again carries the same ids, another one none of them. */
	deliver(rig, 8, "1001", &message);
	out = text_peer_expect(rig->peer, "MESSAGE ");
	assert_string_equal(sip_text_header(out, "Call-ID", room, sizeof room), call_id);
	assert_string_equal(sip_text_tag(out, "From", room, sizeof room), tag);
	text_peer_answer(rig->peer, out, "200 OK", "");
	rig_expect_line(rig, "outcome 8 TAKEN");
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
	struct rig *rig = rig_new(NULL);
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
	struct rig *rig = rig_new(&(struct rig_options){.proxy_is_tcp = true});
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	text_peer_deaf(rig->peer);
	deliver(rig, 1, "1001", &message);
	rig_expect_line(rig, "outcome 1 REFUSED remote-server-timeout");
	rig_free(&rig);
}

/* [MSG-020] [SIP-078] [RFC 3428 8]: one at a time for each URI, in order; others do not wait. */
static void one_pending_for_each_destination(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.proxy_is_tcp = true});
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

/* [MSG-021] [REL-048]: the line is bounded, and what does not fit is told at once. */
static void full_line_is_refused(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = two_in_line});
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	for (exchange_id x = 1; x <= 3; x++)
		deliver(rig, x, "1001", &message);
	assert_int_equal(fake_bridge_count(rig->bridge, "outcome"), 0); /* never from inside */
	rig_expect_line(rig, "outcome 3 REFUSED resource-constraint");
	assert_int_equal(rig->counters.limits.messages_pending_per_uri, 1);
	rig_free(&rig);
}

/* [MSG-041]: 503 with a short Retry-After is tried once more, with a new branch. */
static void short_pause_is_tried_again(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	char first[256], second[256];

	(void)state;
	deliver(rig, 1, "1001", &message);
	const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

	sip_text_header(out, "Via", first, sizeof first);
	text_peer_answer(rig->peer, out, "503 Busy", "Retry-After: 1\r\n");
	out = text_peer_expect(rig->peer, "MESSAGE ");
	assert_non_null(out);
	assert_string_not_equal(sip_text_header(out, "Via", second, sizeof second), first);
	text_peer_answer(rig->peer, out, "503 Busy", "Retry-After: 1\r\n");
	rig_expect_line(rig, "outcome 1 REFUSED internal-server-error sip=503 retry=1");
	rig_free(&rig);
}

/* [D-40] [MSG-023] [MSG-024] [SIP-046] [SIP-077] [AST-5]: over UDP 1,300 bytes in all, the
 * profile's limit on TCP; what does not fit is refused with the limit in the text and not sent. */
static void long_message_out(void **state)
{
	static const struct {
		bool is_tcp;
		const char *profile;
		size_t fits, too_long;
		const char *text;
	} rows[] = {
		{false, "generic", 500, 1300, "at most "},
		{true, "generic", 61440, 61441, "at most 61440 bytes"},
		{true, "asterisk", 1023, 1024, "at most 1023 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){.proxy_is_tcp = rows[i].is_tcp,
								.profile = rows[i].profile});
		char *body = mem_alloc(rows[i].too_long + 1);
		struct message message = text_message((char[]){"u"}, (char[]){""});
		char room[64];

		memset(body, 'y', rows[i].too_long);
		body[rows[i].too_long] = '\0';
		message.body = body;
		message.body_len = rows[i].too_long;
		deliver(rig, 1, "1001", &message);
		char *line = fake_bridge_expect(rig->bridge, "outcome 1 REFUSED");

		assert_non_null(line);
		assert_non_null(strstr(line, rows[i].text));
		mem_free(line);
		assert_int_equal(text_peer_let_run(rig->peer, 30), 0);
		body[rows[i].fits] = '\0';
		message.body_len = rows[i].fits;
		deliver(rig, 2, "1001", &message);
		const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

		assert_non_null(out);
		assert_int_equal(out->way, rows[i].is_tcp ? SIP_WAY_TCP : SIP_WAY_UDP);
		if (!rows[i].is_tcp)
			assert_true(out->len <= 1300);
		assert_int_equal(atoi(sip_text_header(out, "Content-Length", room, sizeof room)),
				 (int)rows[i].fits);
		assert_int_equal(strlen(sip_text_body(out)), rows[i].fits);
		mem_free(body);
		rig_free(&rig);
	}
}

/* [D-60] [PBX-004] [AST-5]: profile asterisk: its User-Agent, no quotes in names. */
static void asterisk_gets_its_forms(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk"});
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
		cmocka_unit_test(message_in_is_handed_over),
		cmocka_unit_test(message_in_is_answered_truly),
		cmocka_unit_test(empty_message_is_answered_and_kept_to_itself),
		cmocka_unit_test(repeated_message_is_delivered_once),
		cmocka_unit_test(merged_message_is_delivered_once),
		cmocka_unit_test(uid_names_the_request),
		cmocka_unit_test(slow_answer_is_announced),
		cmocka_unit_test(nul_in_body_survives),
		cmocka_unit_test(long_message_in),
		cmocka_unit_test(open_messages_are_bounded),
		cmocka_unit_test(answer_outlives_the_connection),
		cmocka_unit_test(message_out_is_complete),
		cmocka_unit_test(refusals_become_faults),
		cmocka_unit_test(silence_is_uncertain),
		cmocka_unit_test(unreachable_is_refused),
		cmocka_unit_test(one_pending_for_each_destination),
		cmocka_unit_test(full_line_is_refused),
		cmocka_unit_test(short_pause_is_tried_again),
		cmocka_unit_test(long_message_out),
		cmocka_unit_test(asterisk_gets_its_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
