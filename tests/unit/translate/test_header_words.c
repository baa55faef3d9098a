/* header_words and transfer: what mail does to texts. */
#include <errno.h>

#include "base/buf.h"
#include "support/check.h"
#include "translate/header_words.h"
#include "translate/transfer.h"

/* [MSG-048] */
static void words(void **state)
{
	static const struct {
		const char *from;
		const char *to;
	} rows[] = {
		{"", ""},
		{"plain", "plain"},
		{"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
		{"=?UTF-8?Q?gr=C3=BC=C3=9F?=", "gr\xC3\xBC\xC3\x9F"},
		{"=?utf-8?b?Z3LDvMOf?=", "gr\xC3\xBC\xC3\x9F"},
		{"=?iso-8859-1*de?q?gr=FC=DF_Gott?=", "gr\xC3\xBC\xC3\x9F Gott"},
		/* RFC 2047 section 8. */
		{"(=?ISO-8859-1?Q?a?=)", "(a)"},
		{"=?ISO-8859-1?Q?a?= b", "a b"},
		{"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
		{"=?ISO-8859-1?Q?a?=  \r\n\t=?ISO-8859-1?Q?b?=", "ab"},
		{"=?ISO-8859-1?Q?a_b?=", "a b"},
		{"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"},
		{"a =?UTF-8?Q?b?= c =?UTF-8?Q?d?=", "a b c d"},
		/* Left as they stand. */
		{"=?no-such?Q?a?=", "=?no-such?Q?a?="},
		{"=?UTF-8?X?a?=", "=?UTF-8?X?a?="},
		{"=?UTF-8?B?a?=", "=?UTF-8?B?a?="},
		{"=?UTF-8?Q?=FF?=", "=?UTF-8?Q?=FF?="},
		{"=?UTF-8?Q?a b?=", "=?UTF-8?Q?a b?="},
		{"=?UTF-8?Q?a", "=?UTF-8?Q?a"},
		{"=?UTF-8?Q", "=?UTF-8?Q"},
		{"=?UTF-8?", "=?UTF-8?"},
		{"=??Q?a?=", "=??Q?a?="},
		{"why =? that", "why =? that"},
		/* One line, whatever was in the words. */
		{"=?UTF-8?Q?a=0D=0Ab=00c=7F?=", "a  b c "},
		{"a\tb\xFF", "a b\xEF\xBF\xBD"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf out = BUF_INIT;

		header_words_decode(rows[i].from, &out);
		assert_string_equal(buf_text(&out), rows[i].to);
		assert_int_equal(out.len, strlen(rows[i].to));
		buf_free(&out);
	}
}

/* A word has 1024 bytes at most. */
static void long_words(void **state)
{
	struct buf value = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		buf_puts(&value, "=?UTF-8?Q?");
		for (size_t i = 0; i < 1024 - 12 + more; i++)
			buf_putc(&value, 'x');
		buf_puts(&value, "?=");
		header_words_decode(value.data, &out);
		assert_int_equal(out.len, more == 0 ? 1024 - 12 : 1025);
		buf_reset(&out);
		buf_reset(&value);
	}
	for (int i = 0; i < 20000; i++) /* none of them ends */
		buf_puts(&value, "=?a?Q?x");
	header_words_decode(value.data, &out);
	assert_string_equal(out.data, value.data);
	buf_free(&value);
	buf_free(&out);
}

/* [MSG-076] */
static void transfer(void **state)
{
	static const struct {
		const char *encoding;
		const char *from;
		int err;
		const char *to;
	} rows[] = {
		{"", "a=", 0, "a="},
		{"8bit", "a=", 0, "a="},
		{"Binary", "a=", 0, "a="},
		{"7BIT", "a=", 0, "a="},
		{"base64", "", 0, ""},
		{"base64", "YQ==", 0, "a"},
		{"base64", "YWI=", 0, "ab"},
		{"base64", "YWJj", 0, "abc"},
		{"BASE64", " YW\r\nJj ZA=\r\n=\r\n", 0, "abcd"},
		{"base64", "YQ", 0, "a"},
		{"base64", "+/+/", 0, "\xFB\xFF\xBF"},
		{"base64", "Y", EBADMSG, ""},
		{"base64", "YQ=", 0, "a"},
		{"base64", "YQ===", EBADMSG, ""},
		{"base64", "YQ==YQ==", EBADMSG, ""},
		{"base64", "Y-Q=", EBADMSG, ""},
		{"quoted-printable", "a=3Db=c3=9F", 0, "a=b\xC3\x9F"},
		{"quoted-printable", "one=\r\ntwo= \t\nthree=", 0, "onetwothree"},
		{"quoted-printable", "=zz =4", 0, "=zz =4"},
		{"quoted-printable", "a\r\nb", 0, "a\r\nb"},
		{"x-uuencode", "a", EOPNOTSUPP, ""},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf out = BUF_INIT;

		buf_puts(&out, ">");
		if (transfer_read(rows[i].from, strlen(rows[i].from), rows[i].encoding,
				  strlen(rows[i].encoding), &out) != rows[i].err ||
		    strcmp(out.data + 1, rows[i].to) != 0)
			fail_msg("%s: '%s'", rows[i].from, out.data);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(long_words),
		cmocka_unit_test(transfer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
