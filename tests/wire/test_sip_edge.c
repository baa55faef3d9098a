/* The edge of the SIP side against strangers, floods and bad shapes, by bytes (file 40 D.3, D.9,
 * F.1). */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "sip/sip_side.h"
#include "wire/rig.h"

static const char *const nobody[] = {"192.0.2.1"};

/* Nobody who can reach this test is trusted. */
static struct rig *rig_of_strangers(void)
{
	return rig_new(&(struct rig_options){.trusted = nobody, .trusted_count = 1});
}

static void check_good(struct rig *rig, enum sip_way way)
{
	rig_send(rig, way, &(struct rig_request){.method = "OPTIONS"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
}

/* [SEC-001] [SEC-020] [ASEC-006] [MSG-065] [PRES-198] [EVT-047] [EVT-012]: no method of a stranger
 * has an effect, and over UDP no answer is larger than what was sent.
 * [REQ-062] [REQ-086] [SIP-104] [SEC-033] */
static void strangers_have_no_effect(void **state)
{
	static const char *const methods[] = {"OPTIONS",  "MESSAGE", "SUBSCRIBE",
					      "NOTIFY",   "PUBLISH", "INVITE",
					      "REGISTER", "BYE",     "JUMP"};
	struct rig *rig = rig_of_strangers();
	size_t sent = 0, answered = 0;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(methods); i++) {
		struct rig_request request = {
			.method = methods[i],
			.body = "a",
			.headers = "Contact: <sip:a@127.0.0.1:9>\r\nEvent: presence\r\n"
				   "P-Asserted-Identity: <sip:1001@pbx.example>\r\n"};
		char *text = rig_text(rig, SIP_WAY_UDP, &request);

		sent = strlen(text);
		text_peer_send(rig->peer, SIP_WAY_UDP, text);
		mem_free(text);
		text_peer_let_run(rig->peer, 20);
		assert_true(text_peer_udp_bytes(rig->peer) - answered <= sent);
		answered = text_peer_udp_bytes(rig->peer);
		assert_int_equal(text_peer_count(rig->peer, "SIP/2.0 403"), i + 1);
	}
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "OPTIONS"});
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(text_peer_count(rig->peer, "SIP/2.0 403"), CHECK_COUNT(methods) + 1);
	assert_int_equal(rig->bridge->count, 0);
	assert_int_equal(rig->counters.sip_stranger, CHECK_COUNT(methods) + 1);
	rig_free(&rig);
}

/* [SEC-020]: where the answer would be larger, there is none: the smallest request that is one. */
static void small_requests_of_strangers_get_nothing(void **state)
{
	struct rig *rig = rig_of_strangers();
	size_t before;

	(void)state;
	before = text_peer_udp_bytes(rig->peer);
	text_peer_send(rig->peer, SIP_WAY_UDP,
		       "OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP b;rport\r\nf:sip:c;tag=1\r\n"
		       "t:sip:d\r\ni:e\r\nCSeq:1 OPTIONS\r\n\r\n");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_udp_bytes(rig->peer), before);
	assert_int_equal(rig->counters.sip_stranger, 1);
	rig_free(&rig);
}

/* [SEC-080] [SEC-020]: at most ten refusals a second for a stranger. */
static void strangers_are_answered_ten_times(void **state)
{
	struct rig *rig = rig_of_strangers();

	(void)state;
	for (int i = 0; i < 200; i++)
		rig_send(rig, SIP_WAY_UDP,
			 &(struct rig_request){
				 .method = "MESSAGE",
				 .headers = "Subject: enough bytes to be answered with\r\n"});
	text_peer_let_run(rig->peer, 100);
	assert_in_range(text_peer_count(rig->peer, "SIP/2.0 403"), 10, 14);
	assert_true(rig->counters.limits.stranger_requests_per_s > 0);
	rig_free(&rig);
}

static void slow_peers(struct limits *limits)
{
	limits->peer_requests_per_s = 10;
}

/* [SEC-080] [REL-041] [REL-043] [D-56]: a trusted peer over its rate gets 503, then nothing; what
 * is in a dialog is not counted. [ASEC-015] [SOF-002] */
static void peers_have_a_rate(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = slow_peers});

	(void)state;
	for (int i = 0; i < 200; i++)
		rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "OPTIONS"});
	text_peer_let_run(rig->peer, 100);
	assert_in_range(text_peer_count(rig->peer, "SIP/2.0 200"), 20, 24);
	assert_in_range(text_peer_count(rig->peer, "SIP/2.0 503"), 10, 13);
	for (int i = 0; i < 50; i++)
		rig_send(rig, SIP_WAY_TCP,
			 &(struct rig_request){.method = "NOTIFY",
					       .to_tag = "x",
					       .headers = "Event: presence\r\n"});
	text_peer_let_run(rig->peer, 100);
	assert_int_equal(text_peer_count(rig->peer, "SIP/2.0 481"), 50);
	rig_free(&rig);
}

static void put_many(struct buf *out, const char *line, int count)
{
	for (int i = 0; i < count; i++)
		buf_puts(out, line);
}

/* [SEC-085] [SOF-019] [REL-048]: at each limit it is served, over it refused. */
static void shapes_have_limits(void **state)
{
	static const struct {
		const char *line; /* header line, many times */
		int fits, too_many;
		const char *status;
	} rows[] = {
		{"X-A: b\r\n", 200, 300, "SIP/2.0 400"},
		{"X-A: b\r\n", 240, 5000, "SIP/2.0 400"},
		{"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n", 69, 70, "SIP/2.0 400"},
	};
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf fits = BUF_INIT, over = BUF_INIT;

		put_many(&fits, rows[i].line, rows[i].fits);
		put_many(&over, rows[i].line, rows[i].too_many);
		rig_send(rig, SIP_WAY_TCP,
			 &(struct rig_request){.method = "OPTIONS", .headers = fits.data});
		if (text_peer_expect(rig->peer, "SIP/2.0 200") == NULL)
			fail_msg("row %zu: refused at the limit", i);
		rig_send(rig, SIP_WAY_TCP,
			 &(struct rig_request){.method = "OPTIONS", .headers = over.data});
		if (text_peer_expect(rig->peer, rows[i].status) == NULL)
			fail_msg("row %zu: served over the limit", i);
		assert_true(text_peer_wait_closed(rig->peer)); /* 400, close */
		buf_free(&fits);
		buf_free(&over);
	}
	rig_free(&rig);
}

static char *long_text(const char *head, size_t len, const char *tail)
{
	struct buf out = BUF_INIT;

	buf_puts(&out, head);
	for (size_t i = 0; i < len; i++)
		buf_putc(&out, 'x');
	buf_puts(&out, tail);
	return buf_take(&out);
}

/* [SEC-085] [SEC-086] [SIP-050] [SOF-009]: long lines, long URIs, many parameters, large messages.
 */
static void sizes_have_limits(void **state)
{
	struct rig *rig = rig_new(NULL);
	char *line = long_text("X-A: ", 8300, "\r\n");
	char *uri = long_text("sip:", 1100, "@chat.example");
	char *body = long_text("", 66000, "");
	struct buf from = BUF_INIT;

	(void)state;
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "OPTIONS", .headers = line});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 400"));
	assert_true(text_peer_wait_closed(rig->peer));
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "OPTIONS", .uri = uri});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 414"));
	assert_true(text_peer_wait_closed(rig->peer));
	buf_puts(&from, "<sip:1001@pbx.example>");
	put_many(&from, ";p=1", 40);
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "OPTIONS", .from = from.data});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 400"));
	assert_true(text_peer_wait_closed(rig->peer));
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "MESSAGE", .body = body});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 413"));
	assert_true(text_peer_wait_closed(rig->peer));
	check_good(rig, SIP_WAY_TCP);
	mem_free(line);
	mem_free(uri);
	mem_free(body);
	buf_free(&from);
	rig_free(&rig);
}

/* A header that cannot be read is the mistake of one phone; the others behind the same proxy keep
 * their connection and what is under way on it. */
static void bad_headers_close_no_connection(void **state)
{
	struct rig *rig = rig_new(NULL);

	(void)state;
	check_good(rig, SIP_WAY_TCP);
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "MESSAGE", .body = "slow"});
	rig_expect_line(rig, "slow");
	rig_send(rig, SIP_WAY_TCP,
		 &(struct rig_request){.method = "SUBSCRIBE",
				       .headers = "Event: presence\r\nExpires: 60;x=y\r\n"});
	const struct sip_text *bad = text_peer_expect(rig->peer, "SIP/2.0 400");

	assert_non_null(bad);
	int fd = bad->fd;

	sip_side_ops()->finish(rig->side, rig->bridge->last_x, OUTCOME_TAKEN, NULL);
	const struct sip_text *good = text_peer_expect(rig->peer, "SIP/2.0 200");

	assert_non_null(good);
	assert_int_equal(good->fd, fd);
	check_good(rig, SIP_WAY_TCP);
	rig_free(&rig);
}

/* [SEC-086] [SOF-009]: a body that is announced larger than anything allowed is refused before it
 * comes. */
static void announced_bodies_are_refused_unread(void **state)
{
	struct rig *rig = rig_new(NULL);

	(void)state;
	text_peer_send(rig->peer, SIP_WAY_TCP,
		       "MESSAGE sip:juliet@chat.example SIP/2.0\r\n"
		       "Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKbig\r\n"
		       "From: <sip:1001@pbx.example>;tag=1\r\nTo: <sip:juliet@chat.example>\r\n"
		       "Call-ID: big\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n"
		       "Content-Length: 1900000\r\n\r\nx");
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 413"));
	assert_true(text_peer_wait_closed(rig->peer));
	rig_free(&rig);
}

/* [SIP-049] [SIP-095] [SIP-096] [SEC-023] [SOF-018]: framing; keep-alives; what is not SIP gets no
 * answer. */
static void framing(void **state)
{
	static const unsigned char stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
	struct rig *rig = rig_new(NULL);
	struct buf text = BUF_INIT;
	size_t before;

	(void)state;
	before = text_peer_udp_bytes(rig->peer);
	text_peer_send_bytes(rig->peer, SIP_WAY_UDP, stun, sizeof stun);
	text_peer_send(rig->peer, SIP_WAY_UDP, "\r\n\r\n");
	text_peer_send(rig->peer, SIP_WAY_UDP, "hello\r\n\r\n");
	text_peer_send(rig->peer, SIP_WAY_UDP, "");
	text_peer_send_bytes(rig->peer, SIP_WAY_UDP, "\0\0\0\0\0\0\0\0", 8);
	text_peer_let_run(rig->peer, 50);
	if (text_peer_udp_bytes(rig->peer) - before > 4)
		fail_msg("%zu bytes: %s", text_peer_udp_bytes(rig->peer) - before,
			 text_peer_expect(rig->peer, "")->text);
	check_good(rig, SIP_WAY_UDP);
	text_peer_send(rig->peer, SIP_WAY_TCP, "\r\n\r\n");
	check_good(rig, SIP_WAY_TCP);
	/* two in one piece, one in many */
	char *one = rig_text(rig, SIP_WAY_TCP, &(struct rig_request){.method = "OPTIONS"});
	char *two = rig_text(rig, SIP_WAY_TCP, &(struct rig_request){.method = "OPTIONS"});

	buf_puts(&text, one);
	buf_puts(&text, "\r\n\r\n");
	buf_puts(&text, two);
	text_peer_send(rig->peer, SIP_WAY_TCP, text.data);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	for (size_t i = 0, len = strlen(one); i < len; i += 7) {
		text_peer_send_bytes(rig->peer, SIP_WAY_TCP, one + i, len - i < 7 ? len - i : 7);
		text_peer_let_run(rig->peer, 1);
	}
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	mem_free(one);
	mem_free(two);
	buf_free(&text);
	/* over UDP: bytes past Content-Length are dropped, a short body is refused */
	text_peer_send(rig->peer, SIP_WAY_UDP,
		       "MESSAGE sip:juliet@chat.example SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKlong;rport\r\n"
		       "From: <sip:1001@pbx.example>;tag=1\r\nTo: <sip:juliet@chat.example>\r\n"
		       "Call-ID: long\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n"
		       "Content-Length: 2\r\n\r\nabcdef");
	char *line = fake_bridge_expect(rig->bridge, "message");

	assert_non_null(line);
	assert_string_equal(line + strlen(line) - 4, ": ab");
	mem_free(line);
	text_peer_send(rig->peer, SIP_WAY_UDP,
		       "MESSAGE sip:juliet@chat.example SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKshort;rport\r\n"
		       "From: <sip:1001@pbx.example>;tag=1\r\nTo: <sip:juliet@chat.example>\r\n"
		       "Call-ID: short\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n"
		       "Content-Length: 20\r\n\r\nab");
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 400"));
	rig_free(&rig);
}

/* [SIP-014] [SIP-013] [SOF-005] [SOF-010]: odd requests do not hurt; the next good one is
 * served. */
static void odd_requests(void **state)
{
	static const char *const headers[] = {
		"Date: not a date\r\nAccept-Language: ;;;\r\nX-Odd\r\n",
		"Content-Type: multipart/mixed\r\n",
		"Content-Type: multipart/mixed;boundary=\r\n",
		"Content-Disposition: ;\r\n",
		"Via: \r\n",
		"Supported: ,,,\r\nRequire:\r\n",
		"Max-Forwards: 99999999999\r\n",
		"Expires: -1\r\n",
		"P-Asserted-Identity: <sip:1001@pbx.example, <tel:+1>\r\n",
		"Privacy: ;\r\n",
		"Event: ;id=\r\n",
		"Record-Route: <\r\n",
		"Contact: *\r\n",
		"Content-Length: 0\r\nContent-Length: 5\r\n",
		"Call-ID: second\r\n",
		"\xff\xfe: \x01\x02\r\n",
	};
	static const char *const methods[] = {"MESSAGE", "SUBSCRIBE", "NOTIFY", "OPTIONS"};
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(headers); i++)
		for (size_t k = 0; k < CHECK_COUNT(methods); k++)
			rig_send(rig, SIP_WAY_UDP,
				 &(struct rig_request){.method = methods[k],
						       .headers = headers[i],
						       .body = "--\r\n\r\n--"});
	text_peer_let_run(rig->peer, 100);
	check_good(rig, SIP_WAY_UDP);
	check_good(rig, SIP_WAY_TCP);
	rig_free(&rig);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* [SEC-110] [SOF-005]: bytes of good requests changed at random: a good request is still
 * answered after each hundred. */
static void mutated_requests(void **state)
{
	static const char *const methods[] = {"MESSAGE", "SUBSCRIBE", "NOTIFY", "OPTIONS",
					      "CANCEL"};
	struct rig *rig = rig_new(NULL);
	uint32_t seed = 4711;

	(void)state;
	for (int i = 0; i < 4000; i++) {
		struct rig_request request = {
			.method = methods[next_random(&seed) % CHECK_COUNT(methods)],
			.body = "hello",
			.headers = "Event: presence\r\nExpires: 600\r\nContact: "
				   "<sip:1@127.0.0.1:9>\r\n"
				   "Subscription-State: active;expires=5\r\nAccept: "
				   "application/pidf+xml\r\n"};
		char *text = rig_text(rig, SIP_WAY_UDP, &request);
		size_t len = strlen(text);

		for (uint32_t k = next_random(&seed) % 6; k != 0; k--)
			text[next_random(&seed) % len] = (char)next_random(&seed);
		if (next_random(&seed) % 8 == 0)
			len = next_random(&seed) % len;
		text_peer_send_bytes(rig->peer, SIP_WAY_UDP, text, len);
		mem_free(text);
		if (i % 100 != 99)
			continue;
		text_peer_let_run(rig->peer, 1);
		while (text_peer_count(rig->peer, "") != 0)
			(void)text_peer_expect(rig->peer, "");
		rig_send(rig, SIP_WAY_UDP, &(struct rig_request){.method = "JUMP"});
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 501"));
		for (size_t n = 0; n < rig->bridge->count; n++)
			mem_free(rig->bridge->lines[n]);
		rig->bridge->count = 0;
	}
	rig_free(&rig);
}

/* [D-05] [MSG-049] [SEC-003] [SIP-103]: whose a From is. The peer writes its address, or asserts
 * another user of its domain.
 * [REQ-068] [REQ-086] [ASEC-007] [SIP-105]
 * [PBX-023] */
static void senders_are_who_the_peer_says(void **state)
{
	static const struct {
		const char *from, *headers, *line; /* line NULL: 403 */
	} rows[] = {
		{"<sip:1001@pbx.example>", "", "message x sip:1001@pbx.example"},
		{"<sip:1001@127.0.0.1>", "", "message x sip:1001@pbx.example"},
		{"<sip:1001@127.0.0.1:5062>", "", "message x sip:1001@pbx.example"},
		{"<sip:trunk@pbx.example>", "P-Asserted-Identity: \"A\" <sip:1002@pbx.example>\r\n",
		 "message x sip:1002@pbx.example"},
		{"<sip:trunk@pbx.example>",
		 "P-Asserted-Identity: <tel:+4930>, <sip:1003@pbx.example>\r\n",
		 "message x sip:1003@pbx.example"},
		/* a name that looks like an identity, and two headers */
		{"<sip:trunk@pbx.example>",
		 "P-Asserted-Identity: \"<sip:1009@pbx.example>, \\\"\" <sip:1004@pbx.example>\r\n",
		 "message x sip:1004@pbx.example"},
		{"<sip:trunk@pbx.example>",
		 "P-Asserted-Identity: <tel:+4930>\r\nP-Asserted-Identity: "
		 "<sip:1005@pbx.example>\r\n",
		 "message x sip:1005@pbx.example"},
		{"<sip:1001@pbx.example>", "P-Asserted-Identity: <sip:7@other.example>\r\n", NULL},
		{"<sip:pbx.example>", "", NULL},
		{"<sip:1001@evil.example>", "", NULL},
		{"<sip:1001@pbx.example.evil.example>", "", NULL},
	};
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		rig_send(rig, SIP_WAY_TCP,
			 &(struct rig_request){.method = "MESSAGE",
					       .from = rows[i].from,
					       .headers = rows[i].headers,
					       .body = "a"});
		if (rows[i].line == NULL) {
			if (text_peer_expect(rig->peer, "SIP/2.0 403") == NULL)
				fail_msg("row %zu was taken", i);
			continue;
		}
		char *line = fake_bridge_expect(rig->bridge, rows[i].line);

		if (line == NULL)
			fail_msg("row %zu: not heard", i);
		mem_free(line);
	}
	rig_free(&rig);
}

/* [SOF-022]: the library does not write to standard error by itself. */
static void library_is_silent(void **state)
{
	char path[] = "/tmp/wire-stderr-XXXXXX";
	int file = mkstemp(path);
	int kept = dup(2);
	struct rig *rig = rig_new(NULL);

	(void)state;
	assert_true(file >= 0);
	unlink(path);
	fflush(stderr);
	dup2(file, 2);
	text_peer_send(rig->peer, SIP_WAY_TCP,
		       "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TLS x;branch=z9hG4bK\r\n\r\n");
	text_peer_send(rig->peer, SIP_WAY_UDP, "SIP/2.0 200 OK\r\n\r\n");
	text_peer_send(rig->peer, SIP_WAY_UDP,
		       "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP x\r\n\r\n");
	text_peer_let_run(rig->peer, 50);
	dup2(kept, 2);
	close(kept);
	assert_int_equal(lseek(file, 0, SEEK_END), 0);
	close(file);
	rig_free(&rig);
}

/* [settings: exit 75]: a taken port says so. */
static void taken_port_is_named(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct sip_side *second = NULL;
	struct sip_side_params params = rig->params;
	const char *const bad[] = {"sip:127.0.0.1:0x;transport=udp"};
	char error[256] = "";

	(void)state;
	assert_int_equal(sip_side_new(&second, &params, error, sizeof error), EADDRINUSE);
	assert_non_null(strstr(error, rig->listen[0]));
	params.listen = bad;
	params.listen_count = 1;
	assert_int_equal(sip_side_new(&second, &params, error, sizeof error), EINVAL);
	assert_null(second);
	rig_free(&rig);
}

static void few_connections(struct limits *limits)
{
	limits->sip_connections = 16;
}

/* [limit sip_connections] [SOF-007] [SOF-008] [REL-050]: connections that say nothing go when
 * descriptors run short; those with something under way stay, and new ones are served. */
static void silent_connections_are_closed(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = few_connections});
	struct text_peer *others[8];
	int spare[64];
	struct buf status = BUF_INIT;

	(void)state;
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "MESSAGE", .body = "a"});
	rig_expect_line(rig, "message");
	for (size_t i = 0; i < CHECK_COUNT(others); i++) {
		others[i] = text_peer_new(rig->loop, rig->port);
		(void)text_peer_tcp_port(others[i]); /* connects */
	}
	for (size_t i = 0; i < CHECK_COUNT(spare); i++)
		spare[i] = dup(0); /* the rest of the budget */
	text_peer_let_run(rig->peer, 50);
	sip_side_status(rig->side, &status);
	assert_non_null(strstr(status.data, "sip.idle_connections_closed 1"));
	for (size_t i = 0; i < CHECK_COUNT(others); i++)
		assert_true(text_peer_wait_closed(others[i]));
	sip_side_ops()->finish(rig->side, rig->bridge->last_x, OUTCOME_TAKEN, NULL);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	check_good(rig, SIP_WAY_TCP);
	for (size_t i = 0; i < CHECK_COUNT(others); i++)
		text_peer_free(&others[i]);
	for (size_t i = 0; i < CHECK_COUNT(spare); i++)
		close(spare[i]);
	buf_free(&status);
	rig_free(&rig);
}

/* [SIP-034] [SIP-048]: IPv6 and every address. */
static void other_listeners(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.listen_host = "*"});

	(void)state;
	check_good(rig, SIP_WAY_UDP);
	check_good(rig, SIP_WAY_TCP);
	rig_free(&rig);
	rig = rig_new(&(struct rig_options){.advertise = "gw.example"});
	struct address from, to;
	struct message message = {.kind = MESSAGE_CHAT,
				  .uid = (char[]){"u"},
				  .body = (char[]){"x"},
				  .body_len = 1,
				  .hops = -1};
	char room[256], via[64];

	address_set(&from, SIDE_XMPP, "juliet", "chat.example");
	address_set(&to, SIDE_SIP, "1001", "pbx.example");
	sip_side_ops()->deliver(rig->side, 1, &from, &to, &message);
	const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

	assert_non_null(out);
	snprintf(via, sizeof via, "SIP/2.0/UDP gw.example:%u;", rig->port);
	assert_memory_equal(sip_text_header(out, "Via", room, sizeof room), via, strlen(via));
	address_clear(&from);
	address_clear(&to);
	rig_free(&rig);
}

/* Listening on every address: requests come from the one that the peer knows, and a connection that
 * a phone opened is found again, whichever it was opened to. */
static void requests_leave_where_they_belong(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.listen_host = "*"});
	char headers[160], room[256], via[64];

	(void)state;
	for (int way = SIP_WAY_UDP; way <= SIP_WAY_TCP; way++) {
		bool is_udp = way == SIP_WAY_UDP;

		check_good(rig, way);
		snprintf(
			headers, sizeof headers,
			"Event: presence\r\nExpires: 600\r\nContact: <sip:1001@127.0.0.1:%u%s>\r\n",
			is_udp ? text_peer_port(rig->peer) : text_peer_tcp_port(rig->peer),
			is_udp ? "" : ";transport=tcp");
		rig_send(rig, way,
			 &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
		const struct sip_text *notify = text_peer_expect(rig->peer, "NOTIFY ");

		assert_non_null(notify);
		assert_int_equal(notify->way, way);
		snprintf(via, sizeof via, "SIP/2.0/%s 127.0.0.1:%u;", is_udp ? "UDP" : "TCP",
			 rig->port);
		assert_memory_equal(sip_text_header(notify, "Via", room, sizeof room), via,
				    strlen(via));
		text_peer_answer(rig->peer, notify, "200 OK", "");
	}
	rig_free(&rig);
}

/* IPv6 beside IPv4: a request over UDP leaves by the socket of its family. */
static void each_family_has_its_socket(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.listen_host = "*"});
	struct sockaddr_in6 own = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof own;
	char headers[160], text[2048] = "";

	(void)state;
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, len) != 0) {
		rig_free(&rig);
		skip(); /* a machine without IPv6 */
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &len), 0);
	snprintf(headers, sizeof headers,
		 "Event: presence\r\nExpires: 600\r\nContact: <sip:1001@[::1]:%u>\r\n",
		 ntohs(own.sin6_port));
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	for (int i = 0; i < 200 && text[0] == '\0'; i++) {
		text_peer_let_run(rig->peer, 10);
		if (recv(fd, text, sizeof text - 1, 0) < 0)
			text[0] = '\0';
	}
	assert_memory_equal(text, "NOTIFY sip:1001@[::1]:", 22);
	assert_non_null(strstr(text, "Via: SIP/2.0/UDP ["));
	close(fd);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_have_no_effect),
		cmocka_unit_test(small_requests_of_strangers_get_nothing),
		cmocka_unit_test(strangers_are_answered_ten_times),
		cmocka_unit_test(peers_have_a_rate),
		cmocka_unit_test(shapes_have_limits),
		cmocka_unit_test(sizes_have_limits),
		cmocka_unit_test(bad_headers_close_no_connection),
		cmocka_unit_test(announced_bodies_are_refused_unread),
		cmocka_unit_test(framing),
		cmocka_unit_test(odd_requests),
		cmocka_unit_test(mutated_requests),
		cmocka_unit_test(senders_are_who_the_peer_says),
		cmocka_unit_test(library_is_silent),
		cmocka_unit_test(taken_port_is_named),
		cmocka_unit_test(other_listeners),
		cmocka_unit_test(requests_leave_where_they_belong),
		cmocka_unit_test(each_family_has_its_socket),
		cmocka_unit_test(silent_connections_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
