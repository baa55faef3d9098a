/* cpim: reading tolerantly, writing strictly. */
#include <errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/message.h"
#include "support/check.h"
#include "translate/cpim.h"

#define TEXT    "\r\nContent-Type: text/plain\r\n\r\nhi"
#define IMDN_NS "NS: imdn <urn:ietf:params:imdn>\r\n"

static void check_span(struct text_span got, const char *wanted, const char *text)
{
	if (got.len != strlen(wanted) || memcmp(got.len == 0 ? "" : got.text, wanted, got.len) != 0)
		fail_msg("'%.*s' is not '%s' of\n%s", (int)got.len, got.text, wanted, text);
}

static struct cpim read_good(const char *text)
{
	struct cpim cpim;
	int err = cpim_read(text, strlen(text), &cpim);

	if (err != 0)
		fail_msg("%d of\n%s", err, text);
	return cpim;
}

/* [MSGF-001] [MSGF-003] [MSGF-010] [MSGF-019] [MSGF-030] [MSGF-031] [MSGF-032] [MSGF-033]
 * [MSGF-034] [MSGF-035] [MSGF-036] [RCPT-001] [RCPT-002] [RCPT-003] */
static void reads_everything(void **state)
{
	static const char text[] =
		"From: \"Bob <b>\" <im:bob@s.example>\r\n"
		"To: <im:alice@x.example>\r\n"
		"To: <im:second@x.example>\r\n"
		"cc: <im:eve@x.example>\r\n"
		"cc: <im:mallory@x.example>\r\n"
		"DateTime: 2024-05-06T07:08:09Z\r\n"
		"Subject:;lang=en Lunch\r\n"
		"NS: r <urn:ietf:params:imdn>\r\n"
		"NS: My <urn:example:my>\r\n"
		"My.Thing: x\r\n"
		"r.Message-ID: Zk3v9Qp1Lw0\r\n"
		"r.Disposition-Notification: positive-delivery, Display;x=y, what\r\n"
		"r.Original-To: <im:first@x.example>\r\n"
		"r.IMDN-Record-Route: <sip:one@s.example>\r\n"
		"r.IMDN-Record-Route: <sip:two@s.example>\r\n"
		"r.IMDN-Route: <sip:three@s.example>\r\n"
		"\r\n"
		"Content-Type: text/plain;\r\n\tcharset=utf-8\r\n"
		"Content-Length: 99\r\n" /* [MSGF-005] it lies */
		"Content-Transfer-Encoding: 8bit\r\n"
		"Content-Disposition: render\r\n"
		"content-encoding: identity\r\n"
		"\r\n"
		"Noon\r\n\r\nat the corner?";
	struct cpim cpim = read_good(text);

	(void)state;
	check_span(cpim.from, "im:bob@s.example", text);
	check_span(cpim.from_name, "Bob <b>", text);
	check_span(cpim.to, "im:alice@x.example", text);
	check_span(cpim.date_time, "2024-05-06T07:08:09Z", text);
	check_span(cpim.subject, "Lunch", text);
	check_span(cpim.subject_lang, "en", text);
	check_span(cpim.message_id, "Zk3v9Qp1Lw0", text);
	check_span(cpim.original_to, "im:first@x.example", text);
	assert_int_equal(cpim.wants, WANTS_DELIVERED | WANTS_DISPLAYED);
	assert_int_equal(cpim.record_route_count, 2);
	check_span(cpim.record_routes[0], "<sip:one@s.example>", text);
	check_span(cpim.record_routes[1], "<sip:two@s.example>", text);
	assert_int_equal(cpim.route_count, 1);
	check_span(cpim.routes[0], "<sip:three@s.example>", text);
	check_span(cpim.content_type, "text/plain;\r\n\tcharset=utf-8", text);
	check_span(cpim.transfer_encoding, "8bit", text);
	check_span(cpim.disposition, "render", text);
	check_span(cpim.content_encoding, "identity", text);
	check_span(cpim.content, "Noon\r\n\r\nat the corner?", text);
}

/* [MSGF-004] [MSGF-012] [MSGF-013] [MSGF-018] */
static void tolerates(void **state)
{
	static const char *const rows[] = {
		"From: <im:b@s>\r\n" TEXT,
		"From: <im:b@s>" TEXT, /* no blank line */
		"From: <im:b@s>\r\ncontent-length: 2\r\nContent-Type: text/plain\r\n\r\nhi",
		"From: <im:b@s>\n\nContent-Type: text/plain\n\nhi",
		"From:<im:b@s>\r\n" TEXT,
		"From: im:b@s\r\n" TEXT,
		"From:   Bob   <im:b@s>  \r\n" TEXT,
		"X-Unknown: <im:no@s>\r\nFrom: <im:b@s>\r\n" TEXT,
		"From: <im:b@s>\r\nFrom: <im:second@s>\r\n" TEXT,
		"From: \"a\\\"<im:no@s>\" <im:b@s>\r\n" TEXT,
		"NS: c <urn:ietf:params:cpim-headers:>\r\nc.From: <im:b@s>\r\n" TEXT,
		"From: <im:b@s>\r\n\r\n\r\nhi", /* no type either */
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct cpim cpim = read_good(rows[i]);

		check_span(cpim.from, "im:b@s", rows[i]);
		check_span(cpim.content, "hi", rows[i]);
	}
}

/* [MSGF-014] [RCPT-001] Names are compared exactly, within their namespace. */
static void other_names_are_unknown(void **state)
{
	static const char *const rows[] = {
		"from: <im:b@s>\r\nDatetime: 2024-05-06T07:08:09Z\r\n" TEXT,
		"NS: imdn <urn:example:other>\r\nimdn.Message-ID: 1\r\n" TEXT,
		"NS: x <urn:ietf:params:imdn>\r\nx.message-id: 1\r\nMessage-ID: 1\r\n" TEXT,
		"NS: <urn:example:other>\r\nFrom: <im:b@s>\r\n" TEXT,
		"x.Message-ID: 1\r\nNS: x <urn:ietf:params:imdn>\r\n" TEXT, /* too late */
		IMDN_NS "imdn.From: <im:b@s>\r\n" TEXT,
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct cpim cpim = read_good(rows[i]);

		check_span(cpim.from, "", rows[i]);
		check_span(cpim.date_time, "", rows[i]);
		check_span(cpim.message_id, "", rows[i]);
	}
	check_span(read_good("NS: <urn:ietf:params:imdn>\r\nMessage-ID: 1\r\n" TEXT).message_id,
		   "1", "default namespace");
	check_span(read_good("imdn.Message-ID: 1\r\n" TEXT).message_id, "1", "undeclared");
}

/* [MSGF-037] [XCP-018] */
static void require(void **state)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{"Require: From, To,DateTime\r\n" TEXT, 0},
		{IMDN_NS "Require: imdn.Message-ID, imdn.Disposition-Notification\r\n" TEXT, 0},
		{"Require:\r\n" TEXT, 0},
		{"Require: Signature\r\n" TEXT, ENOTSUP},
		{"Require: From, Signature\r\n" TEXT, ENOTSUP},
		{"Require: from\r\n" TEXT, ENOTSUP},
		{"NS: x <urn:example:x>\r\nRequire: x.From\r\n" TEXT, ENOTSUP},
		{IMDN_NS "Require: imdn.Secret\r\n" TEXT, ENOTSUP},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct cpim cpim;

		if (cpim_read(rows[i].text, strlen(rows[i].text), &cpim) != rows[i].err)
			fail_msg("%s", rows[i].text);
	}
}

/* [MSGF-015] [MSGF-016] */
static void refuses(void **state)
{
	static const char *const rows[] = {
		"",
		"hello",
		"hello\r\n\r\nhello",
		"\r\nContent-Type: text/plain\r\n\r\nhi",
		"From: <im:b@s>",
		"From: <im:b@s>\r\n",
		"From <im:b@s>\r\n" TEXT,
		": x\r\n" TEXT,
		"a b: x\r\n" TEXT,
		"a(b: x\r\n" TEXT,
		"a=b: x\r\n" TEXT,
		"a\"b: x\r\n" TEXT,
		" From: x\r\n" TEXT,
		"From: a\x01 <im:b@s>\r\n" TEXT,
		"From: a\r <im:b@s>\r\n" TEXT,
		"From: \xFF <im:b@s>\r\n" TEXT,
		"From: x\r\n\r\nno header\r\n\r\nhi",
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct cpim cpim;

		if (cpim_read(rows[i], strlen(rows[i]), &cpim) != EBADMSG)
			fail_msg("%s", rows[i]);
	}
}

static int read_many(const char *head, const char *line, int count)
{
	struct buf text = BUF_INIT;
	struct cpim cpim;
	int err;

	buf_puts(&text, head);
	for (int i = 0; i < count; i++)
		buf_puts(&text, line);
	buf_puts(&text, TEXT);
	err = cpim_read(text.data, text.len, &cpim);
	buf_free(&text);
	return err;
}

static void limits(void **state)
{
	static const char route[] = "imdn.IMDN-Record-Route: <sip:a@b>\r\n";
	char *large = mem_zalloc(CPIM_BYTES_MAX + 1);
	struct cpim cpim;

	(void)state;
	assert_int_equal(read_many("", "X: y\r\n", CPIM_HEADERS_MAX - 1), 0); /* and Content-Type */
	assert_int_equal(read_many("", "X: y\r\n", CPIM_HEADERS_MAX), EBADMSG);
	assert_int_equal(read_many("From: x\r\n\r\n", "X: y\r\n", CPIM_HEADERS_MAX), EBADMSG);
	assert_int_equal(read_many(IMDN_NS, route, CPIM_ROUTES_MAX), 0);
	assert_int_equal(read_many(IMDN_NS, route, CPIM_ROUTES_MAX + 1), EBADMSG);
	assert_int_equal(read_many("", "NS: x <urn:x>\r\n", 9), EBADMSG);
	memset(large, 'x', CPIM_BYTES_MAX + 1);
	memcpy(large, "From: x\r\n" TEXT, strlen("From: x\r\n" TEXT));
	assert_int_equal(cpim_read(large, CPIM_BYTES_MAX, &cpim), 0);
	assert_int_equal(cpim_read(large, CPIM_BYTES_MAX + 1, &cpim), EBADMSG);
	mem_free(large);
}

/* [MSGF-020] [MSGF-021] [MSGF-023] [MSGF-024] */
static void unescapes(void **state)
{
	static const struct {
		const char *from;
		const char *to;
	} rows[] = {
		{"plain", "plain"},
		{"a\\\\b", "a\\b"},
		{"a\\tb\\nc\\rd\\be", "a b c d e"},
		{"\\\"x\\\' \\q", "\"x' q"},
		{"caf\\u00e9 \\u00E9", "caf\xC3\xA9 \xC3\xA9"},
		{"\\uD83D\\uDE00", "\xF0\x9F\x98\x80"},
		{"\\uD83D x", "\xEF\xBF\xBD x"},
		{"\\uDE00\\uD83D", "\xEF\xBF\xBD\xEF\xBF\xBD"},
		{"\\u0000\\u0007\\u007f", "   "},
		{"\\u12", "u12"},
		{"\\uFFFE", "\xEF\xBF\xBD"},
		{"end\\", "end"},
		{"\xFF", "\xEF\xBF\xBD"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf out = BUF_INIT;

		cpim_unescape((struct text_span){rows[i].from, strlen(rows[i].from)}, &out);
		assert_string_equal(buf_text(&out), rows[i].to);
		buf_free(&out);
	}
}

/* [MSGF-004] [MSGF-010] [MSGF-011] [MSGF-036] [RCPT-003] [RCPT-007] [RCPT-013] [RCPT-014]
 * [RCPT-016] [XCP-006] [XCP-009] [XCP-010] */
static void writes(void **state)
{
	static const struct cpim_text text = {
		.from = "sip:alice@x.example",
		.to = "sip:bob@s.example",
		.original_to = "sip:b@s.example",
		.date_time_ms = INT64_C(1714979289000),
		.subject = "Caf\xC3\xA9 \\ \"x\"",
		.subject_lang = "fr",
		.message_id = "8TfD2sVb6Xe",
		.wants = WANTS_DELIVERED | WANTS_FAILED | WANTS_DISPLAYED,
		.routes = "<sip:one@s.example>\n<sip:two@s.example>",
		.content_type = "text/plain;charset=utf-8",
		.disposition = "notification",
		.content = "hi\r\n",
		.content_len = 4,
	};
	struct buf out = BUF_INIT;

	(void)state;
	cpim_write(&text, &out);
	assert_string_equal(out.data, "From: <sip:alice@x.example>\r\n"
				      "To: <sip:bob@s.example>\r\n"
				      "DateTime: 2024-05-06T07:08:09Z\r\n"
				      "Subject:;lang=fr Caf\xC3\xA9 \\\\ \"x\"\r\n"
				      "NS: imdn <urn:ietf:params:imdn>\r\n"
				      "imdn.Message-ID: 8TfD2sVb6Xe\r\n"
				      "imdn.Disposition-Notification: positive-delivery, "
				      "negative-delivery, display\r\n"
				      "imdn.Original-To: <sip:b@s.example>\r\n"
				      "imdn.IMDN-Route: <sip:one@s.example>\r\n"
				      "imdn.IMDN-Route: <sip:two@s.example>\r\n"
				      "\r\n"
				      "Content-Type: text/plain;charset=utf-8\r\n"
				      "Content-Disposition: notification\r\n"
				      "\r\n"
				      "hi\r\n");
	buf_reset(&out);
	cpim_write(&(struct cpim_text){.from = "sip:a@b", .content_type = "text/plain"}, &out);
	assert_string_equal(out.data, "From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\n");
	buf_free(&out);
}

/* [MSGF-016] [MSGF-020] [MSGF-021] [MSGF-022] [RCPT-003] Whatever the texts hold, they stay in
 * their lines and brackets. */
static void nothing_breaks_out(void **state)
{
	static const char evil[] = "a>\r\nX: y\n\r\n\r\n<b\x01\x7F\t\\\xFF\x80\"";
	static const struct cpim_text text = {.from = evil,
					      .to = evil,
					      .original_to = evil,
					      .subject = evil,
					      .subject_lang = "e\r\nX: y",
					      .message_id = evil,
					      .wants = WANTS_DELIVERED,
					      .content_type = "text/plain\r\nX: y",
					      .disposition = "render\r\n\r\nX: y",
					      .content = "body",
					      .content_len = 4};
	struct buf out = BUF_INIT;
	struct buf subject = BUF_INIT;
	struct cpim cpim;
	int lines = 0;

	(void)state;
	cpim_write(&text, &out);
	for (const char *at = strchr(out.data, '\n'); at != NULL; at = strchr(at + 1, '\n'))
		lines++;
	assert_int_equal(lines, 7 + 1 + 2 + 1);
	assert_null(strstr(out.data, "\nX:"));
	cpim = read_good(out.data);
	check_span(cpim.content, "body", out.data);
	check_span(cpim.from, "a%3E%0D%0AX:%20y%0A%0D%0A%0D%0A%3Cb%01%7F%09%5C%FF%80%22", out.data);
	check_span(cpim.message_id, "a___X__y______b_____\x5F\x5F", out.data);
	check_span(cpim.subject_lang, "", out.data);
	check_span(cpim.subject,
		   "a>\\r\\nX: y\\n\\r\\n\\r\\n<b\\u0001\\u007F\\t\\\\\xEF\xBF\xBD\xEF\xBF\xBD\"",
		   out.data);
	cpim_unescape(cpim.subject, &subject);
	assert_string_equal(subject.data, "a>  X: y     <b   \\\xEF\xBF\xBD\xEF\xBF\xBD\"");
	buf_free(&subject);
	buf_free(&out);
}

static void a_route_stays_in_its_line(void **state)
{
	static const struct cpim_text text = {.from = "sip:a@b",
					      .message_id = "1",
					      .routes = "<sip:a@b>\r\x01\n\n<sip:c@d>\n",
					      .content_type = "text/plain"};
	struct buf out = BUF_INIT;
	struct cpim cpim;

	(void)state;
	cpim_write(&text, &out);
	cpim = read_good(out.data);
	assert_int_equal(cpim.route_count, 2);
	check_span(cpim.routes[0], "<sip:a@b> \xEF\xBF\xBD", out.data);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_everything),
		cmocka_unit_test(tolerates),
		cmocka_unit_test(other_names_are_unknown),
		cmocka_unit_test(require),
		cmocka_unit_test(refuses),
		cmocka_unit_test(limits),
		cmocka_unit_test(unescapes),
		cmocka_unit_test(writes),
		cmocka_unit_test(nothing_breaks_out),
		cmocka_unit_test(a_route_stays_in_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
