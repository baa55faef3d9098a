/* Requests at the edge, by bytes: what is refused, with which answer, and what OPTIONS says. */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/rig.h"

static const struct sip_text *ask(struct rig *rig, enum sip_way way,
				  const struct rig_request *request)
{
	rig_send(rig, way, request);
	const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 ");

	assert_non_null(answer);
	return answer;
}

static int status_of(const struct sip_text *answer)
{
	return atoi(answer->text + 8);
}

/* Each refusal with the header it must carry. */
static void refused_requests_say_why(void **state)
{
	/* clang-format off */
	static const struct {
		int status;
		const char *header; /* or NULL */
		const char *holds;
		struct rig_request request;
	} rows[] = {
		/* [SIP-016] */
		{405, "Allow", "MESSAGE", {.method = "INVITE"}},
		{405, "Allow", "SUBSCRIBE", {.method = "REGISTER", .headers = "Contact: <sip:a@127.0.0.1>\r\n"}},
		/* [REQ-015] [PRES-207] */
		{405, "Allow", "OPTIONS", {.method = "PUBLISH", .headers = "Event: presence\r\n"}},
		{501, "Allow", "MESSAGE", {.method = "JUMP"}},
		/* [SIP-018] [MSG-066] */
		{416, NULL, NULL, {.method = "MESSAGE", .uri = "http://chat.example/", .body = "a"}},
		/* [SIP-019] [MSG-058] */
		{420, "Unsupported", "recipient-list-message, foo",
		 {.method = "MESSAGE", .body = "a",
		  .headers = "Require: recipient-list-message, foo\r\n"}},
		/* [CPIM-006] [ASEC-010] [SIP-031] [SEC-070] */
		{483, NULL, NULL, {.method = "MESSAGE", .body = "a", .has_no_hops = true,
				   .headers = "Max-Forwards: 0\r\n"}},
		/* [SIP-032] */
		{404, NULL, NULL, {.method = "MESSAGE", .uri = "sip:a@nowhere.example", .body = "a"}},
		/* [PRES-194] both ends on SIP */
		{404, NULL, NULL, {.method = "MESSAGE", .uri = "sip:1002@pbx.example", .body = "a"}},
		/* [REQ-070] [ASEC-007] [D-53] [MSG-064] */
		{433, NULL, NULL, {.method = "MESSAGE", .body = "a",
				   .from = "<sip:anonymous@anonymous.invalid>"}},
		{433, NULL, NULL, {.method = "MESSAGE", .body = "a", .headers = "Privacy: id\r\n"}},
		/* [D-12]: a chat user who writes over SIP is our own request, come back */
		{482, NULL, NULL, {.method = "MESSAGE", .body = "a",
				   .from = "<sip:romeo@chat.example>"}},
		/* [SEC-003] [SIP-103]: a domain of another peer */
		{403, NULL, NULL, {.method = "MESSAGE", .body = "a",
				   .from = "<sip:7@other.example>"}},
		/* [ASEC-003] [D-11] [ASEC-002] [MSG-059] */
		{480, "Warning", "380", {.method = "MESSAGE", .body = "a",
					 .uri = "sips:juliet@chat.example"}},
		/* [REQ-092] [SIP-020] [MSG-070] */
		{415, "Accept", "text/plain", {.method = "MESSAGE", .body = "a", .type = "image/png"}},
		/* [SIP-110] [MSG-076] */
		{415, "Accept-Encoding", "deflate, gzip, identity",
		 {.method = "MESSAGE", .body = "a", .headers = "Content-Encoding: br\r\n"}},
		{400, NULL, NULL, {.method = "MESSAGE", .body = "a",
				   .headers = "Content-Encoding: gzip\r\n"}},
		/* [MSG-075] */
		{400, NULL, NULL, {.method = "MESSAGE", .body = "\xff\xfe\xfd"}},
		/* [EVT-003] [PRES-068] */
		{489, "Allow-Events", "presence, dialog", {.method = "SUBSCRIBE", .headers =
			"Event: conference\r\nContact: <sip:1001@127.0.0.1>\r\n"}},
		{489, "Allow-Events", "presence", {.method = "SUBSCRIBE", .headers =
			"Contact: <sip:1001@127.0.0.1>\r\n"}},
		/* [PRES-004] [EVT-001]: byte by byte */
		{489, NULL, NULL, {.method = "SUBSCRIBE", .headers =
			"Event: Presence\r\nContact: <sip:1001@127.0.0.1>\r\n"}},
		/* [PRES-005] [EVT-010] [EVT-011] */
		{406, "Accept", "application/pidf+xml", {.method = "SUBSCRIBE", .headers =
			"Event: presence\r\nAccept: text/html\r\nContact: <sip:1001@127.0.0.1>\r\n"}},
		/* [SEC-083] [EVT-034] [D-58] [PRES-072] */
		{423, "Min-Expires", "60", {.method = "SUBSCRIBE", .headers =
			"Event: presence\r\nExpires: 59\r\nContact: <sip:1001@127.0.0.1>\r\n"}},
		/* [PBX-017] [REQ-082] [SIP-023] [EVT-020] [PRES-042] [SEC-007] */
		{481, NULL, NULL, {.method = "NOTIFY", .to_tag = "no-such", .headers =
			"Event: presence\r\nSubscription-State: active\r\n"}},
		{481, NULL, NULL, {.method = "NOTIFY", .headers =
			"Event: presence\r\nSubscription-State: active\r\n"}},
		{481, NULL, NULL, {.method = "SUBSCRIBE", .to_tag = "no-such", .headers =
			"Event: presence\r\nContact: <sip:1001@127.0.0.1>\r\n"}},
		{481, NULL, NULL, {.method = "MESSAGE", .to_tag = "no-such", .body = "a"}},
	};
	/* clang-format on */
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		for (int way = SIP_WAY_UDP; way <= SIP_WAY_TCP; way++) {
			const struct sip_text *answer = ask(rig, way, &rows[i].request);
			char room[512];

			if (status_of(answer) != rows[i].status)
				fail_msg("row %zu: %d wanted, got %s", i, rows[i].status,
					 answer->text);
			if (rows[i].header == NULL)
				continue;
			if (strstr(sip_text_header(answer, rows[i].header, room, sizeof room),
				   rows[i].holds) == NULL)
				fail_msg("row %zu: no %s in %s", i, rows[i].header, answer->text);
		}
	}
	/* [SIP-015] [REL-041]: nothing was begun */
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* [PRES-068]: in which order: package, body type, who asks, for whom, and then for how long. */
static void subscribe_is_judged_in_order(void **state)
{
	static const struct {
		int status;
		const char *from, *uri, *headers;
	} rows[] = {
		{489, NULL, NULL, "Event: x\r\nAccept: a/b\r\n"},
		{406, "<sip:7@other.example>", NULL, "Event: presence\r\nAccept: a/b\r\n"},
		{403, "<sip:7@other.example>", NULL, "Event: presence\r\n"},
		{404, NULL, "sip:x@nowhere.example", "Event: presence\r\n"},
		{423, NULL, NULL, "Event: dialog\r\n"},
	};
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		char headers[256];
		struct rig_request request = {.method = "SUBSCRIBE",
					      .from = rows[i].from,
					      .uri = rows[i].uri,
					      .headers = headers};

		snprintf(headers, sizeof headers,
			 "%sExpires: 5\r\nContact: <sip:1001@127.0.0.1>\r\n", rows[i].headers);
		assert_int_equal(status_of(ask(rig, SIP_WAY_UDP, &request)), rows[i].status);
	}
	rig_free(&rig);
}

/* [SIP-022] [SIP-033] [SIP-034]: Via back with received and rport, the same headers, a To tag. */
static void answers_copy_the_request(void **state)
{
	struct rig *rig = rig_new(NULL);
	char room[512], first[64];

	(void)state;
	struct rig_request request = {.method = "JUMP", .call_id = "Same@Call", .cseq = 77};
	const struct sip_text *answer = ask(rig, SIP_WAY_UDP, &request);

	snprintf(first, sizeof first, "rport=%u", text_peer_port(rig->peer));
	sip_text_header(answer, "Via", room, sizeof room);
	assert_non_null(strstr(room, first));
	assert_non_null(strstr(room, ";branch=z9hG4bK"));
	assert_string_equal(sip_text_header(answer, "Call-ID", room, sizeof room), "Same@Call");
	assert_string_equal(sip_text_header(answer, "CSeq", room, sizeof room), "77 JUMP");
	assert_non_null(strstr(sip_text_header(answer, "From", room, sizeof room), "tag=ft"));
	snprintf(first, sizeof first, "%s", sip_text_tag(answer, "To", room, sizeof room));
	assert_true(strlen(first) >= 24);
	/* [SIP-062]: the tag is made from the request, not remembered */
	answer = ask(rig, SIP_WAY_UDP, &request);
	assert_string_equal(sip_text_tag(answer, "To", room, sizeof room), first);
	/* [SIP-034]: from the port the request came to */
	assert_int_equal(answer->from_port, rig->port);
	rig_free(&rig);
}

/* [SIP-033] [SEC-024]: a Via that names another host is not where the answer goes. */
static void answers_go_to_the_source(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct buf text = BUF_INIT;
	char room[512];

	(void)state;
	buf_puts(&text,
		 "JUMP sip:a@chat.example SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP 192.0.2.9:5999;branch=z9hG4bKvia;rport;maddr=192.0.2.8\r\n"
		 "From: <sip:1001@pbx.example>;tag=1\r\nTo: <sip:a@chat.example>\r\n"
		 "Call-ID: via\r\nCSeq: 1 JUMP\r\nContent-Length: 0\r\n\r\n");
	text_peer_send(rig->peer, SIP_WAY_UDP, text.data);
	buf_free(&text);
	const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 501");

	assert_non_null(answer);
	assert_non_null(
		strstr(sip_text_header(answer, "Via", room, sizeof room), "received=127.0.0.1"));
	rig_free(&rig);
}

/* [SIP-068] [SIP-069] [SIP-072] [D-50] [PBX-054]: 200 with everything, whoever is named, and also
 * while new work is refused.
 * [PBX-026] [PBX-042]
 * [SIP-070]
 * [AST-8] */
static void options_is_answered(void **state)
{
	static const char *const uris[] = {"sip:127.0.0.1", "sip:nobody@chat.example",
					   "sip:trunk@127.0.0.1"};
	static const struct {
		const char *name, *holds;
	} headers[] = {
		{"Allow", "CANCEL, OPTIONS, MESSAGE, SUBSCRIBE, NOTIFY"},
		{"Accept", "text/plain"},
		{"Accept-Encoding", "identity"},
		{"Accept-Language", "en"},
		{"Allow-Events", "presence"},
	};
	struct rig *rig = rig_new(NULL);
	char room[512];

	(void)state;
	for (int may = 1; may >= 0; may--) {
		sip_side_accept(rig->side, may != 0);
		for (size_t i = 0; i < CHECK_COUNT(uris); i++) {
			const struct sip_text *answer =
				ask(rig, SIP_WAY_UDP,
				    &(struct rig_request){.method = "OPTIONS", .uri = uris[i]});

			assert_int_equal(status_of(answer), 200);
			for (size_t k = 0; k < CHECK_COUNT(headers); k++)
				assert_non_null(strstr(
					sip_text_header(answer, headers[k].name, room, sizeof room),
					headers[k].holds));
			assert_int_equal(sip_text_header_count(answer, "Supported"), 1);
		}
	}
	/* [SIP-031]: it ends here, so no hop is needed */
	struct rig_request last = {
		.method = "OPTIONS", .has_no_hops = true, .headers = "Max-Forwards: 0\r\n"};

	assert_int_equal(status_of(ask(rig, SIP_WAY_TCP, &last)), 200);
	rig_free(&rig);
}

/* [D-36] [SIP-065] [REL-043]: new work is refused with a Retry-After of 10 to 30. */
static void closed_side_says_when(void **state)
{
	struct rig *rig = rig_new(NULL);
	char room[32];

	(void)state;
	sip_side_accept(rig->side, false);
	for (int i = 0; i < 20; i++) {
		const struct sip_text *answer = ask(
			rig, SIP_WAY_TCP, &(struct rig_request){.method = "MESSAGE", .body = "a"});
		int wait = atoi(sip_text_header(answer, "Retry-After", room, sizeof room));

		assert_int_equal(status_of(answer), 503);
		assert_in_range(wait, 10, 30);
	}
	rig_free(&rig);
}

/* [SIP-025]: CANCEL of what is open 200, of what never was 481; nothing changes. */
static void cancel_changes_nothing(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_request message = {
		.method = "MESSAGE", .body = "hi", .call_id = "c1", .branch = "z9hG4bKcancel"};
	struct rig_request cancel = {
		.method = "CANCEL", .call_id = "c1", .branch = "z9hG4bKcancel"};
	struct fault *none = NULL;

	(void)state;
	rig_send(rig, SIP_WAY_UDP, &message);
	mem_free(fake_bridge_expect(rig->bridge, "message"));
	assert_int_equal(status_of(ask(rig, SIP_WAY_UDP, &cancel)), 200);
	cancel.branch = "z9hG4bKother";
	assert_int_equal(status_of(ask(rig, SIP_WAY_UDP, &cancel)), 481);
	sip_side_ops()->finish(rig->side, rig->bridge->last_x, OUTCOME_TAKEN, none);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	rig_free(&rig);
}

/* [SIP-032] [SEC-071]: our own request that comes back, by its private header or by a Via. */
static void own_requests_are_loops(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct address from, to;
	struct message message = {.kind = MESSAGE_CHAT,
				  .uid = (char[]){"u"},
				  .body = (char[]){"x"},
				  .body_len = 1,
				  .hops = -1};
	char header[64], line[512], via[256];

	(void)state;
	address_set(&from, SIDE_XMPP, "juliet", "chat.example");
	address_set(&to, SIDE_SIP, "1001", "pbx.example");
	sip_side_ops()->deliver(rig->side, 1, &from, &to, &message);
	const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

	assert_non_null(out);
	snprintf(line, sizeof line, "X-Bridge-Id: %s\r\n",
		 sip_text_header(out, "X-Bridge-Id", header, sizeof header));
	sip_text_header(out, "Via", via, sizeof via);
	text_peer_answer(rig->peer, out, "200 OK", "");
	mem_free(fake_bridge_expect(rig->bridge, "outcome"));
	struct rig_request back = {.method = "MESSAGE", .body = "x", .headers = line};

	assert_true(strlen(header) >= 8);
	assert_int_equal(status_of(ask(rig, SIP_WAY_UDP, &back)), 482);
	snprintf(line, sizeof line, "Via: %s\r\n", via);
	assert_int_equal(status_of(ask(rig, SIP_WAY_UDP, &back)), 482);
	/* another bridge's mark is none of ours */
	back.headers = "X-Bridge-Id: 0123456789ab\r\n";
	rig_send(rig, SIP_WAY_UDP, &back);
	mem_free(fake_bridge_expect(rig->bridge, "message"));
	address_clear(&from);
	address_clear(&to);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_requests_say_why),
		cmocka_unit_test(subscribe_is_judged_in_order),
		cmocka_unit_test(answers_copy_the_request),
		cmocka_unit_test(answers_go_to_the_source),
		cmocka_unit_test(options_is_answered),
		cmocka_unit_test(closed_side_says_when),
		cmocka_unit_test(cancel_changes_nothing),
		cmocka_unit_test(own_requests_are_loops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
