/* Page messages from SIP by bytes (RFC 3428; file 05 part C). */
#include <stdio.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

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
 * [CPIM-004] [MSG-052] [SIP-075] [REQ-052] [ERR-265] */
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

/* [limit udp_transactions] [REL-044] [D-51]: what is held over UDP is bounded; beyond it 503, and
 * nothing is kept. */
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

static void four_udp(struct limits *limits)
{
	limits->udp_transactions = 4;
}

/* A MESSAGE from another address than that of the peer. */
static void send_from_elsewhere(const struct rig *rig, int fd, int number)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(rig->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char text[600];
	int len = snprintf(text, sizeof text,
			   "MESSAGE sip:juliet@chat.example SIP/2.0\r\n"
			   "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKelse%d;rport\r\n"
			   "From: <sip:1009@pbx.example>;tag=1\r\n"
			   "To: <sip:juliet@chat.example>\r\nCall-ID: else%d\r\n"
			   "CSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n"
			   "Content-Length: 1\r\n\r\na",
			   number, number);

	assert_int_equal(sendto(fd, text, (size_t)len, 0, (const struct sockaddr *)&to, sizeof to),
			 len);
}

/* [REL-047]: while another source asks, one has half of what is held over UDP; the rest is his. */
static void udp_is_shared(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = four_udp});
	struct sockaddr_in from = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof from), 0);
	send_from_elsewhere(rig, fd, 1);
	rig_expect_line(rig, "message");
	for (int i = 0; i < 2; i++) {
		rig_send(rig, SIP_WAY_UDP, &(struct rig_request){.method = "MESSAGE", .body = "a"});
		rig_expect_line(rig, "message");
	}
	rig_send(rig, SIP_WAY_UDP, &(struct rig_request){.method = "MESSAGE", .body = "a"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 503"));
	assert_int_equal(rig->counters.limits.udp_transactions, 1);
	send_from_elsewhere(rig, fd, 2);
	rig_expect_line(rig, "message");
	close(fd);
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
		cmocka_unit_test(udp_is_shared),
		cmocka_unit_test(answer_outlives_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
