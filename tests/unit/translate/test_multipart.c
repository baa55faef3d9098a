/* multipart: bodies of several parts as the RFCs and the field have them. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "support/check.h"
#include "translate/multipart.h"
#include "unit/translate/describe.h"

#define MR "multipart/related;type=\"a/root\";boundary=b"

/* Parts are described as "id|type|encoding|disposition|body", the root with a star. */
static void describe(const struct multipart *multipart, struct buf *out)
{
	for (size_t i = 0; i < multipart->count; i++) {
		const struct multipart_part *part = &multipart->parts[i];

		buf_printf(out, "%s%s%s|%s|%s|%s|%.*s", i == 0 ? "" : " ",
			   i == multipart->root ? "*" : "", part->id == NULL ? "" : part->id,
			   part->type, part->encoding == NULL ? "" : part->encoding,
			   part->disposition == NULL ? "" : part->disposition, (int)part->len,
			   part->body);
	}
}

static const struct {
	const char *type;
	const char *body;
	int err;
	const char *wanted;
} bodies[] = {
	/* [EVT-067] [SIP-109] */
	{MR,
	 "--b\r\nContent-ID: <1@h>\r\nContent-Type: "
	 "a/root\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n",
	 0, "*1@h|a/root|||one |text/plain|||two"},
	{"multipart/related;start=\"<2@h>\";boundary=b",
	 "--b\r\nContent-ID: <1@h>\r\n\r\none\r\n--b\r\nContent-ID: <2@h>\r\n\r\ntwo\r\n--b--", 0,
	 "1@h|text/plain|||one *2@h|text/plain|||two"},
	/* start without brackets, start that names nothing */
	{"multipart/related;start=2@h;boundary=b",
	 "--b\r\nContent-ID: <1@h>\r\n\r\none\r\n--b\r\nContent-ID: <2@h>\r\n\r\ntwo\r\n--b--", 0,
	 "1@h|text/plain|||one *2@h|text/plain|||two"},
	{"multipart/related;start=\"<3@h>\";type=\"a/b\";boundary=b",
	 "--b\r\n\r\none\r\n--b\r\nContent-Type: A/B;x=y\r\n\r\ntwo\r\n--b--", 0,
	 "|text/plain|||one *|A/B;x=y|||two"},
	{"multipart/related;type=\"c/d\";boundary=b", "--b\r\n\r\none\r\n--b--", 0,
	 "*|text/plain|||one"},
	/* [PBX-009] no start, CRLF before the first boundary, Content-Length in the parts */
	{MR,
	 "\r\n--b\r\nContent-ID: <1@h>\r\nContent-Type: a/root\r\nContent-Length:   "
	 "3\r\n\r\none\r\n"
	 "--b\r\nContent-Type: x/y\r\nContent-Length: 999\r\n\r\n<x>\n</x>\n\r\n--b--\r\n",
	 0, "*1@h|a/root|||one |x/y|||<x>\n</x>\n"},
	/* LF alone, a preamble, an epilogue, white space behind the boundary */
	{MR, "no reader\n--b\nContent-Type:x/y\n\none\n--b  \t\n\ntwo\n--b-- \nepilogue\n--b\n\nno",
	 0, "*|x/y|||one |text/plain|||two"},
	/* no end boundary */
	{MR, "--b\r\n\r\none", 0, "*|text/plain|||one"},
	{MR, "--b\r\n\r\none\r\n--b\r\n", 0, "*|text/plain|||one"},
	/* an empty part, a part of headers alone, empty lines inside */
	{MR, "--b\r\n--b\r\nContent-Type: x/y\r\n--b\r\n\r\n\r\n\r\n--b--", 0,
	 "*|text/plain||| |x/y||| |text/plain|||\r\n"},
	/* a longer boundary, and one that is not at the start of a line, is text */
	{MR, "--b\r\n\r\n--bb\r\nx--b\r\n --b\r\n--b--", 0, "*|text/plain|||--bb\r\nx--b\r\n --b"},
	/* header names in any case, folded lines, other headers */
	{MR,
	 "--b\r\ncontent-TYPE : x/y;\r\n\tq=\"r\"\r\nX-Other: :\r\nContent-Encoding: deflate\r\n"
	 "Content-Disposition: recipient-list;\r\n handling=optional\r\n"
	 "Content-Transfer-Encoding: Binary\r\n\r\none\r\n--b--",
	 0, "*|x/y;\tq=\"r\"|deflate|recipient-list; handling=optional|one"},
	{MR, "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nb25l\r\n--b--", 0, "*|text/plain|||"},
	/* boundaries of all kinds */
	{"Multipart/Mixed; Boundary=\"a b:?=/(),'+_.-\"",
	 "--a b:?=/(),'+_.-\r\n\r\none\r\n--a b:?=/(),'+_.---", 0, "*|text/plain|||one"},
	{"multipart/related ; x=\"a\\\";boundary=no\" ; boundary = \"q\"",
	 "--q\r\n\r\none\r\n--q--", 0, "*|text/plain|||one"},
	/* [SOF-010] [SEC-057] what is none */
	{NULL, "--b\r\n\r\none\r\n--b--", EPROTO, ""},
	{"application/pidf+xml", "<presence/>", EPROTO, ""},
	{"multipart/related", "--b\r\n\r\none\r\n--b--", EPROTO, ""},
	{"multipart/related;boundary=", "--\r\n\r\none\r\n----", EPROTO, ""},
	{"multipart/related;boundary=\"\"", "--\r\n\r\none\r\n----", EPROTO, ""},
	{"multipart/related;boundary", "--b\r\n\r\none\r\n--b--", EPROTO, ""},
	{"multipart/related;boundary="
	 "12345678901234567890123456789012345678901234567890123456789012345678901",
	 "--b", EPROTO, ""},
	{MR, "", EBADMSG, ""},
	{MR, "--b--", EBADMSG, ""},
	{MR, "--b", EBADMSG, ""},
	{MR, "nothing here", EBADMSG, ""},
	{MR, "--b\r\nno colon\r\n\r\none\r\n--b--", EBADMSG, ""},
	{MR, "--b\r\n: empty\r\n\r\none\r\n--b--", EBADMSG, ""},
};

static void reads_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(bodies); i++) {
		struct multipart multipart = {0};
		struct buf line = BUF_INIT;
		int err = multipart_parse(bodies[i].type, bodies[i].body, strlen(bodies[i].body),
					  16, &multipart);

		describe(&multipart, &line);
		if (err != bodies[i].err || strcmp(buf_text(&line), bodies[i].wanted) != 0)
			fail_msg("%zu %s: %d '%s'", i, bodies[i].body, err, buf_text(&line));
		buf_free(&line);
		multipart_clear(&multipart);
	}
}

static void write_parts(size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		buf_puts(out, "--b\r\n\r\nx\r\n");
	buf_puts(out, "--b--\r\n");
}

static int parse_parts(size_t count, size_t parts_max)
{
	struct multipart multipart = {0};
	struct buf text = BUF_INIT;
	int err;

	write_parts(count, &text);
	err = multipart_parse(MR, text.data, text.len, parts_max, &multipart);
	assert_int_equal(multipart.count, err == 0 ? count : 0);
	multipart_clear(&multipart);
	buf_free(&text);
	return err;
}

/* [SEC-057] [D-57] */
static void bounds_parts_and_headers(void **state)
{
	struct multipart multipart = {0};
	struct buf text = BUF_INIT;

	(void)state;
	assert_int_equal(parse_parts(16, 16), 0);
	assert_int_equal(parse_parts(17, 16), E2BIG);
	assert_int_equal(parse_parts(512, 512), 0);
	assert_int_equal(parse_parts(513, 512), E2BIG);
	assert_int_equal(parse_parts(513, 100000), E2BIG);
	buf_puts(&text, "--b\r\n");
	for (int i = 0; i < MULTIPART_HEADERS_MAX; i++)
		buf_puts(&text, "X: y\r\n");
	buf_puts(&text, "\r\n\r\n--b--");
	assert_int_equal(multipart_parse(MR, text.data, text.len, 16, &multipart), 0);
	multipart_clear(&multipart);
	buf_reset(&text);
	buf_puts(&text, "--b\r\n");
	for (int i = 0; i <= MULTIPART_HEADERS_MAX; i++)
		buf_puts(&text, "X: y\r\n");
	buf_puts(&text, "\r\n\r\n--b--");
	assert_int_equal(multipart_parse(MR, text.data, text.len, 16, &multipart), E2BIG);
	buf_free(&text);
}

/* [EVT-067] What is written is read back, and ids are found. */
static void writes_what_it_reads(void **state)
{
	struct multipart multipart = {0};
	struct buf text = BUF_INIT;
	struct buf type = BUF_INIT;

	(void)state;
	multipart_write_type(&type, "x9f", "application/rlmi+xml", "r@h");
	assert_string_equal(buf_text(&type), "multipart/related;type=\"application/rlmi+xml\";"
					     "start=\"<r@h>\";boundary=x9f");
	multipart_add(&text, "x9f", "r@h", "application/rlmi+xml", "<list/>", 7);
	multipart_add(&text, "x9f", "1@h", "application/pidf+xml", "a\r\n\r\n", 5);
	multipart_add(&text, "x9f", NULL, "text/plain", "", 0);
	multipart_end(&text, "x9f");
	assert_int_equal(multipart_parse(buf_text(&type), text.data, text.len, 16, &multipart), 0);
	assert_int_equal(multipart.count, 3);
	assert_int_equal(multipart.root, 0);
	assert_int_equal(multipart.parts[1].len, 5);
	assert_memory_equal(multipart.parts[1].body, "a\r\n\r\n", 5);
	assert_ptr_equal(multipart_find(&multipart, "1@h"), &multipart.parts[1]);
	assert_null(multipart_find(&multipart, "2@h"));
	assert_null(multipart_find(&multipart, ""));
	multipart_clear(&multipart);
	buf_free(&text);
	buf_free(&type);
}

static void names_types(void **state)
{
	(void)state;
	assert_true(multipart_is("multipart/related;boundary=b"));
	assert_true(multipart_is(" Multipart/Mixed"));
	assert_false(multipart_is("multipart"));
	assert_false(multipart_is(NULL));
	assert_true(
		multipart_type_is("Application/RLMI+xml ; charset=utf-8", "application/rlmi+xml"));
	assert_false(multipart_type_is("application/rlmi+xmlx", "application/rlmi+xml"));
	assert_false(multipart_type_is(NULL, "a/b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_bodies),
		cmocka_unit_test(bounds_parts_and_headers),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(names_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
