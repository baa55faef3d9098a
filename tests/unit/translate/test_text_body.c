/* text_body: what texts say, whatever charset or markup they came in. */
#include <errno.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "support/check.h"
#include "translate/text_body.h"

#define REPLACED "\xEF\xBF\xBD"

static const struct {
	const char *type;
	const char *body;
	int err;
	const char *wanted;
} bodies[] = {
	/* [MSG-067] */
	{"text/plain", "hello", 0, "hello"},
	{NULL, "hello", 0, "hello"},
	{"", "hello", 0, "hello"},
	{"TEXT/Plain; charset=utf-8", "gr\xC3\xBC\xC3\x9F", 0, "gr\xC3\xBC\xC3\x9F"},
	{"text/plain;charset=UTF-8;format=flowed", "x", 0, "x"},
	{"text/plain ; x=\";charset=latin1\" ; Charset = \"UTF-8\"", "\xC3\xBC", 0, "\xC3\xBC"},
	{"text/plain;x=\"a\\\";b\";charset=iso-8859-1", "\xFC", 0, "\xC3\xBC"},
	{"text/plain;charset", "x", 0, "x"},
	{"text/plain;;charset=utf-8;", "x", 0, "x"},
	/* [MSG-079] [CMP-018] */
	{"text/plain", "one\r\ntwo\rthree\n\r\n", 0, "one\ntwo\nthree\n\n"},
	{"text/plain", "  kept  \t", 0, "  kept  \t"},
	{"text/plain", "\r", 0, "\n"},
	{"text/plain", "", 0, ""},
	/* [MSG-078] [SEC-050] */
	{"text/plain",
	 "a\x01"
	 "b\x1B",
	 0, "a" REPLACED "b" REPLACED},
	{"text/plain", "a\x7F\tb", 0, "a\x7F\tb"},
	/* [REQ-091] [SIP-082] [MSG-075] [SEC-059] charsets, strictly */
	{"text/plain", "\xFC", EBADMSG, ""},
	{"text/plain;charset=utf-8", "\xC3", EBADMSG, ""},
	{"text/plain;charset=us-ascii", "plain", 0, "plain"},
	{"text/plain;charset=us-ascii", "\xC3\xBC", 0, "\xC3\xBC"},
	{"text/plain;charset=ISO-8859-1", "\xFC\xE9", 0, "\xC3\xBC\xC3\xA9"},
	{"text/plain;charset=ISO-8859-15", "\xA4", 0, "\xE2\x82\xAC"},
	{"text/plain;charset=windows-1252", "\x80\x93", 0, "\xE2\x82\xAC\xE2\x80\x9C"},
	{"text/plain;charset=windows-1252", "\x81", EBADMSG, ""},
	{"text/plain;charset=windows-1258", "ab", 0, "ab"},
	{"text/plain;charset=koi8-r", "\xC1", 0, "\xD0\xB0"},
	{"text/plain;charset=shift_jis", "\x82\xA0", 0, "\xE3\x81\x82"},
	{"text/plain;charset=shift_jis", "\x82", EBADMSG, ""},
	{"text/plain;charset=iso-2022-jp", "\x1B$B$\"\x1B(B", 0, "\xE3\x81\x82"},
	{"text/plain;charset=gb18030", "\xC4\xE3", 0, "\xE4\xBD\xA0"},
	{"text/plain;charset=utf-7", "+ADw-", ENOTSUP, ""},
	{"text/plain;charset=utf-16", "ab", EBADMSG, ""}, /* no byte order mark */
	{"text/plain;charset=utf-16", "\xFE\xFF\x26\x15", 0, "\xE2\x98\x95"},
	{"text/plain;charset=utf-16", "\xFF\xFE\x15\x26", 0, "\xE2\x98\x95"},
	{"text/plain;charset=utf-16be", "\xD8\x01", EBADMSG, ""}, /* half a surrogate pair */
	{"text/plain;charset=utf-8//IGNORE", "x", ENOTSUP, ""},
	{"text/plain;charset=iso-8859-1//TRANSLIT", "x", ENOTSUP, ""},
	{"text/plain;charset=ucs-2", "xx", ENOTSUP, ""},
	{"text/plain;charset=no-such", "x", ENOTSUP, ""},
	/* [MSG-068] [X0071-1] [D-41] HTML becomes its words */
	{"text/html", "<p>Hello <b>world</b></p>", 0, "Hello world"},
	{"text/html;charset=ISO-8859-1", "<p>gr\xFC\xDF</p>", 0, "gr\xC3\xBC\xC3\x9F"},
	{"text/html", "a<br>b<br/>c<BR />d", 0, "a\nb\nc\nd"},
	{"text/html", "<p>one</p>\n<p>two</p><div>three</div>four", 0, "one\n\ntwo\n\nthree\nfour"},
	{"text/html", "<html><head><title>t</title></head><body>  x\n y </body></html>", 0, "x y"},
	{"text/html", "<script>alert('<b>')</script>a<style>p{}</style><STYLE>x</Style >b", 0,
	 "ab"},
	{"text/html", "a<!-- <b>no</b> -->b<!doctype html>c<?php x ?>d", 0, "abcd"},
	{"text/html", "&lt;b&gt; &amp;amp; &quot;&apos;&#65;&#x42;&nbsp;&auml;&hellip;", 0,
	 "<b> &amp; \"'AB\xC2\xA0\xC3\xA4\xE2\x80\xA6"},
	{"text/html", "&unknown; & &; &#; &#x; &#xD800; &#0; &#99999999;", 0,
	 "&unknown; & &; &#; &#x; " REPLACED " " REPLACED " &#99999999;"},
	{"text/html", "1 < 2 > 1 <3", 0, "1 < 2 > 1 <3"},
	{"text/html", "never <closed", 0, "never"},
	{"text/html", "x<script>never closed", 0, "x"},
	{"text/html", "<!-- never closed", 0, ""},
	{"text/html", "<", 0, "<"},
	{"text/html", "", 0, ""},
	{"text/html", "<ul><li>a<li>b</ul>c", 0, "a\nb\n\nc"},
};

static int decode(const char *body, size_t len, const char *type, struct buf *out)
{
	bool is_html = type != NULL && strncmp(type, "text/html", 9) == 0;

	return text_body_decode(body, len, type, is_html, false, out);
}

static void reads_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(bodies); i++) {
		struct buf out = BUF_INIT;
		int err = decode(bodies[i].body, strlen(bodies[i].body), bodies[i].type, &out);

		if (err != bodies[i].err || strcmp(buf_text(&out), bodies[i].wanted) != 0)
			fail_msg("%s %s: %d '%s'", bodies[i].type, bodies[i].body, err,
				 buf_text(&out));
		assert_true(utf8_is_valid(buf_text(&out), out.len));
		buf_free(&out);
	}
}

/* [MSG-078] [SOF-020] */
static void a_nul_does_not_end_the_text(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(decode("a\0b", 3, "text/plain", &out), 0);
	assert_string_equal(buf_text(&out), "a" REPLACED "b");
	buf_reset(&out);
	assert_int_equal(decode("a\0b", 3, "text/html", &out), 0);
	assert_string_equal(buf_text(&out), "a" REPLACED "b");
	buf_reset(&out);
	assert_int_equal(decode("\0a\0b", 4, "text/plain;charset=utf-16be", &out), 0);
	assert_string_equal(buf_text(&out), "ab");
	buf_free(&out);
}

/* What stood in the buffer stays, on failure nothing is added. */
static void appends(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	buf_puts(&out, "before ");
	assert_int_equal(decode("x", 1, "text/html", &out), 0);
	assert_int_equal(decode("good then \xFF", 11, "text/plain", &out), EBADMSG);
	assert_int_equal(decode("good then \x81", 11, "text/plain;charset=windows-1252", &out),
			 EBADMSG);
	assert_string_equal(buf_text(&out), "before x");
	buf_free(&out);
}

/* A text longer than the pieces in which it is converted. */
static void converts_long_texts(void **state)
{
	struct buf body = BUF_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	for (int i = 0; i < 50000; i++)
		buf_putc(&body, '\xFC');
	assert_int_equal(decode(body.data, body.len, "text/plain;charset=iso-8859-1", &out), 0);
	assert_int_equal(out.len, 100000);
	for (size_t i = 0; i < out.len; i += 2)
		assert_memory_equal(out.data + i, "\xC3\xBC", 2);
	buf_free(&body);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_bodies),
		cmocka_unit_test(a_nul_does_not_end_the_text),
		cmocka_unit_test(appends),
		cmocka_unit_test(converts_long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
