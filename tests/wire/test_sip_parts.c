/* Long texts to SIP, by bytes: in parts, refused, and what is learned of a 413 (D-40). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "core/learned.h"
#include "wire/deliver.h"

enum { DATAGRAM_MAX = 1300 };

static const char user[] = "sip:1001@pbx.example";
static const char long_name[] =
	"a-name-that-is-long-enough-to-be-seen.in-every-via-header-of-the-bridge."
	"and-in-its-contact-headers.of-course.but-not-longer-than-names-may-be.example";

/* Words, and what must not be cut: an e with an accent of its own, a family, a flag. */
static char *long_text(size_t len, bool is_hard)
{
	static const char *const hard[] = {"e\xcc\x81",
					   "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9",
					   "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa", "\xc3\xbc"};
	struct buf text = BUF_INIT;

	for (size_t i = 0; text.len < len; i++)
		buf_puts(&text, is_hard ? hard[i % CHECK_COUNT(hard)] : i % 7 == 6 ? " " : "y");
	return buf_take(&text);
}

static struct message long_message(const char *text)
{
	static char uid[] = "uid-1", subject[] = "Story";
	struct message message = {.kind = MESSAGE_CHAT, .uid = uid, .hops = -1};

	message.body = mem_strdup(text);
	message.body_len = strlen(text);
	message.subject = subject;
	message.sent_at_ms = INT64_C(1714989600000);
	return message;
}

/* The body without its mark "(2/5) ", which is checked. */
static const char *unmarked(const struct sip_text *text, size_t part, size_t *parts)
{
	const char *body = sip_text_body(text);
	unsigned n = 0, of = 0;
	int used = 0;

	if (sscanf(body, "(%u/%u) %n", &n, &of, &used) != 2 || n != part)
		fail_msg("part %zu: %.40s", part, body);
	if (*parts != 0)
		assert_int_equal(of, *parts);
	*parts = of;
	return body + used;
}

static const char *call_id_of(size_t part, char room[32])
{
	if (part == 1)
		return "uid-1";
	snprintf(room, 32, "uid-1.%zu", part);
	return room;
}

/* Does text begin with what cannot stand alone? */
static bool begins_inside(const char *text)
{
	return strncmp(text, "\xcc\x81", 2) == 0 || strncmp(text, "\xe2\x80\x8d", 3) == 0 ||
	       ((unsigned char)text[0] & 0xC0) == 0x80;
}

/* Takes and answers all parts; the text that came is appended to got. */
static size_t take_parts(struct rig *rig, size_t body_max, struct buf *got)
{
	size_t parts = 0;
	char room[32], type[64];

	for (size_t part = 1; parts == 0 || part <= parts; part++) {
		const struct sip_text *out = expect_message(rig, "1001");
		const char *body = unmarked(out, part, &parts);

		expect_header(out, "Call-ID", call_id_of(part, room));
		assert_string_equal(sip_text_header(out, "Content-Type", type, sizeof type),
				    "text/plain;charset=UTF-8");
		assert_int_equal(sip_text_header_count(out, "Subject"), part == 1);
		assert_false(begins_inside(body));
		if (strstr(rig->proxy, "tcp") == NULL) {
			assert_int_equal(out->way, SIP_WAY_UDP);
			assert_in_range(out->len, 1, DATAGRAM_MAX);
		}
		assert_in_range(strlen(sip_text_body(out)), 1, body_max);
		buf_puts(got, body);
		/* [MSG-020]: one at a time. */
		assert_int_equal(text_peer_count(rig->peer, "MESSAGE "), 0);
		assert_int_equal(fake_bridge_count(rig->bridge, "outcome"), 0);
		text_peer_answer(rig->peer, out, "202 Accepted", "");
	}
	return parts;
}

/* [D-40] [MSG-023] [MSG-024] [SIP-046] [SIP-077] [AST-5] [REL-004]: over UDP 1,300 bytes in all,
 * else the limit of the profile: what is longer goes in parts, in order, as one exchange; nothing
 * is lost of it and nothing cut that belongs together. A repetition is the same again. */
static void long_text_goes_in_parts(void **state)
{
	static const struct {
		bool is_tcp, is_hard;
		const char *profile;
		size_t len, body_max;
		const char *advertise;
	} rows[] = {
		{false, false, "generic", 1300, DATAGRAM_MAX, NULL},
		{false, false, "generic", 3000, DATAGRAM_MAX, long_name},
		{false, false, "generic", 9000, DATAGRAM_MAX, NULL},
		{false, true, "generic", 9000, DATAGRAM_MAX, NULL},
		{true, false, "asterisk", 1024, 1023, NULL},
		{true, true, "asterisk", 20000, 1023, NULL},
		{false, true, "asterisk", 60000, 1023, NULL},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){.proxy_is_tcp = rows[i].is_tcp,
								.profile = rows[i].profile,
								.t1_ms = 300,
								.advertise = rows[i].advertise});
		char *text = long_text(rows[i].len, rows[i].is_hard);
		struct message message = long_message(text);

		for (uint32_t repeat = 0; repeat < 2; repeat++) {
			struct buf got = BUF_INIT;

			message.repeat = repeat;
			deliver(rig, 1 + repeat, "1001", &message);
			assert_true(take_parts(rig, rows[i].body_max, &got) > 1);
			rig_expect_line(rig, repeat == 0 ? "outcome 1 TAKEN" : "outcome 2 TAKEN");
			assert_string_equal(got.data, text);
			buf_free(&got);
		}
		assert_int_equal(rig->counters.messages_split, 2);
		mem_free(message.body);
		mem_free(text);
		rig_free(&rig);
	}
}

/* [D-40] [AST-5]: what fits goes whole; over a stream up to the profile's limit. */
static void what_fits_goes_whole(void **state)
{
	static const struct {
		bool is_tcp;
		const char *profile;
		size_t len;
	} rows[] = {{false, "generic", 500}, {true, "generic", 61440}, {true, "asterisk", 1023}};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){
			.proxy_is_tcp = rows[i].is_tcp, .profile = rows[i].profile, .t1_ms = 300});
		char *text = long_text(rows[i].len, false);
		struct message message = long_message(text);

		deliver(rig, 1, "1001", &message);
		const struct sip_text *out = expect_message(rig, "1001");

		assert_int_equal(out->way, rows[i].is_tcp ? SIP_WAY_TCP : SIP_WAY_UDP);
		assert_string_equal(sip_text_body(out), text);
		answer_and_expect(rig, out, "200 OK", "outcome 1 TAKEN");
		assert_int_equal(rig->counters.messages_split, 0);
		mem_free(message.body);
		mem_free(text);
		rig_free(&rig);
	}
}

static void refuse_long(struct rig *rig)
{
	rig->peers[0].profile.long_messages = LONG_REFUSE;
}

/* [D-40] [MSG-024] [SIP-077]: long_messages = "refuse": the limit is in the text, and nothing is
 * sent. */
static void long_text_may_be_refused(void **state)
{
	static const struct {
		bool is_tcp;
		const char *profile;
		size_t len;
		const char *text;
	} rows[] = {
		{false, "generic", 1300, "at most "},
		{true, "generic", 61441, "at most 61440 bytes"},
		{true, "asterisk", 1024, "at most 1023 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS,
								.proxy_is_tcp = rows[i].is_tcp,
								.profile = rows[i].profile,
								.tune = refuse_long});
		char *text = long_text(rows[i].len, false);
		struct message message = long_message(text);

		deliver(rig, 1, "1001", &message);
		char *line = fake_bridge_expect(rig->bridge, "outcome 1 REFUSED too-large");

		assert_non_null(line);
		assert_non_null(strstr(line, rows[i].text));
		assert_non_null(strstr(line, "again=never"));
		mem_free(line);
		assert_int_equal(text_peer_let_run(rig->peer, 30), 0);
		mem_free(message.body);
		mem_free(text);
		rig_free(&rig);
	}
}

/* [D-37] [D-40]: the first part that is refused ends it, the rest is not sent; what may be tried
 * again goes on there, so that nothing is said twice. */
static void refused_part_ends_it(void **state)
{
	static const struct {
		const char *status;
		const char *line;
		bool goes_on;
	} rows[] = {
		{"403 No", "outcome 1 REFUSED forbidden sip=403", false},
		{"503 Busy", "outcome 1 REFUSED internal-server-error sip=503", true},
	};
	char *text = long_text(3000, false);
	struct message message = long_message(text);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){
			.t1_ms = PATIENT_MS, .profile = "asterisk", .proxy_is_tcp = true});
		size_t parts = 0;

		deliver(rig, 1, "1001", &message);
		text_peer_answer(rig->peer, expect_message(rig, "1001"), "200 OK", "");
		const struct sip_text *out = expect_message(rig, "1001");

		(void)unmarked(out, 2, &parts);
		assert_int_equal(parts, 3);
		answer_and_expect(rig, out, rows[i].status, rows[i].line);
		assert_int_equal(text_peer_let_run(rig->peer, 30), 0);
		deliver(rig, 2, "1001", &message);
		if (rows[i].goes_on) {
			out = expect_message(rig, "1001");
			expect_header(out, "Call-ID", "uid-1.2");
			expect_header(out, "CSeq", "2 MESSAGE");
			(void)unmarked(out, 2, &parts);
			text_peer_answer(rig->peer, out, "200 OK", "");
		} else {
			for (size_t part = 1; part <= 2; part++)
				text_peer_answer(rig->peer, expect_message(rig, "1001"), "200 OK",
						 "");
		}
		out = expect_message(rig, "1001");
		(void)unmarked(out, 3, &parts);
		answer_and_expect(rig, out, "200 OK", "outcome 2 TAKEN");
		rig_free(&rig);
	}
	mem_free(message.body);
	mem_free(text);
}

/* [RCPT-042] [D-40]: with parts receipts are asked for with the last one; and who could have the
 * text whole without the question has it whole. */
static void question_goes_with_the_last_part(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 300});
	char *text = long_text(3000, false);
	struct message message = long_message(text);
	size_t last = 0;
	char type[64];

	(void)state;
	message.wants = WANTS_DELIVERED;
	learn(rig, LEARNED_CPIM, user, 1);
	deliver(rig, 1, "1001", &message);
	for (size_t part = 1; last == 0; part++) {
		const struct sip_text *out = expect_message(rig, "1001");

		assert_in_range(out->len, 1, DATAGRAM_MAX);
		sip_text_header(out, "Content-Type", type, sizeof type);
		if (strcmp(type, "message/cpim") == 0) {
			last = part;
			assert_non_null(strstr(sip_text_body(out), "imdn.Message-ID: uid-1\r\n"));
		}
		text_peer_answer(rig->peer, out, "200 OK", "");
	}
	assert_true(last > 2);
	rig_expect_line(rig, "outcome 1 TAKEN");
	message.body_len = 650;
	message.body[650] = '\0';
	deliver(rig, 2, "1001", &message);
	const struct sip_text *out = expect_message(rig, "1001");

	expect_header(out, "Content-Type", "text/plain;charset=UTF-8");
	assert_int_equal(strlen(sip_text_body(out)), 650);
	mem_free(message.body);
	mem_free(text);
	rig_free(&rig);
}

/* [D-40] [AST-5]: a 413 is learned for the domain; the text goes again at once in parts, the next
 * ones as well, also after a restart. */
static void too_large_is_learned(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = true});
	char *text = long_text(4000, true);
	struct message message = long_message(text);
	struct buf got = BUF_INIT;

	(void)state;
	deliver(rig, 1, "1001", &message);
	text_peer_answer(rig->peer, expect_message(rig, "1001"), "413 Too Large", "");
	/* Half of it is still too much. */
	const struct sip_text *out = expect_message(rig, "1001");

	expect_header(out, "CSeq", "2 MESSAGE");
	text_peer_answer(rig->peer, out, "413 Too Large", "");
	assert_true(take_parts(rig, 1024, &got) >= 4);
	rig_expect_line(rig, "outcome 1 TAKEN");
	assert_string_equal(got.data, text);
	buf_reset(&got);
	assert_in_range(learned(rig, LEARNED_BODY, user), 900, 1024);
	restart_side(rig);
	deliver(rig, 2, "1001", &message);
	assert_true(take_parts(rig, 1024, &got) >= 4);
	rig_expect_line(rig, "outcome 2 TAKEN");
	buf_free(&got);
	mem_free(message.body);
	mem_free(text);
	rig_free(&rig);
}

/* Who refuses every size is refused in the end, and cuts nobody else's texts: who shares his server
 * has them whole. */
static void too_large_has_an_end(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = true});
	char *text = long_text(8000, false);
	struct message message = long_message(text);
	size_t count = 0;

	(void)state;
	deliver(rig, 1, "1001", &message);
	for (; rig->bridge->count == 0; count++) {
		text_peer_answer(rig->peer, expect_message(rig, "1001"), "413 Too Large", "");
		text_peer_let_run(rig->peer, 20);
	}
	rig_expect_line(rig, "outcome 1 REFUSED policy-violation sip=413");
	assert_in_range(count, 4, 8);
	assert_true(learned(rig, LEARNED_BODY, user) >= 512);
	deliver(rig, 2, "1002", &message);
	assert_string_equal(sip_text_body(expect_message(rig, "1002")), text);
	mem_free(message.body);
	mem_free(text);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_text_goes_in_parts),
		cmocka_unit_test(what_fits_goes_whole),
		cmocka_unit_test(long_text_may_be_refused),
		cmocka_unit_test(refused_part_ends_it),
		cmocka_unit_test(question_goes_with_the_last_part),
		cmocka_unit_test(too_large_is_learned),
		cmocka_unit_test(too_large_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
