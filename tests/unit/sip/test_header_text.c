#include "support/check.h"

#include "base/buf.h"
#include "sip/header_text.h"

static void check_clean(const char *text, size_t len, const char *wanted)
{
	struct buf out = BUF_INIT;

	header_text_clean(&out, text, len);
	assert_string_equal(buf_text(&out), wanted);
	buf_free(&out);
}

/* [SEC-060] [MSG-010]: nothing from outside ends a line, and nothing is longer than 256 bytes. */
static void clean_leaves_one_line(void **state)
{
	char many[700];
	struct buf out = BUF_INIT;

	(void)state;
	check_clean("plain", 5, "plain");
	check_clean("", 0, "");
	check_clean("a\r\nX-Evil: 1", 12, "a  X-Evil: 1");
	check_clean("a\0b\x1b\x7f\tc", 7, "a b   c");
	check_clean("\xc3\xa9\xff", 3, "\xc3\xa9\xef\xbf\xbd");
	memset(many, 'x', sizeof many);
	memcpy(many + 255, "\xc3\xa9", 2); /* a character over the cut goes whole */
	assert_int_equal(header_text_clean(&out, many, sizeof many), 255);
	buf_reset(&out);
	memset(many, '\xff', sizeof many); /* grows by replacement */
	assert_true(header_text_clean(&out, many, sizeof many) <= HEADER_TEXT_MAX);
	buf_free(&out);
}

/* [D-32] [AST-5] [SEC-060] */
static void display_names(void **state)
{
	static const struct {
		const char *text, *quoted, *plain;
	} rows[] = {
		{"Juliet", "\"Juliet\" ", "\"Juliet\" "},
		{"J \"q\" \\C", "\"J \\\"q\\\" \\\\C\" ", "\"J q C\" "},
		{"a\r\nb", "\"a  b\" ", "\"a  b\" "},
		{"", "", ""},
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		header_text_display(&out, rows[i].text, false);
		assert_string_equal(buf_text(&out), rows[i].quoted);
		buf_reset(&out);
		header_text_display(&out, rows[i].text, true);
		assert_string_equal(buf_text(&out), rows[i].plain);
		buf_reset(&out);
	}
	header_text_display(&out, NULL, false);
	assert_int_equal(out.len, 0);
	header_text_unquote(&out, "\"A \\\"B\\\" \\\\\"");
	assert_string_equal(buf_text(&out), "A \"B\" \\");
	buf_reset(&out);
	header_text_unquote(&out, "Ann Lee");
	assert_string_equal(buf_text(&out), "Ann Lee");
	buf_reset(&out);
	header_text_unquote(&out, "\"open \\");
	assert_string_equal(buf_text(&out), "open \\");
	buf_free(&out);
}

/* [D-44] [SIP-080]: RFC 1123, GMT only. */
static void dates(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
		{INT64_C(1777975205999), "Tue, 05 May 2026 10:00:05 GMT"},
		{INT64_C(4102444799000), "Thu, 31 Dec 2099 23:59:59 GMT"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf out = BUF_INIT;

		header_text_date(&out, rows[i].ms);
		assert_string_equal(buf_text(&out), rows[i].text);
		buf_free(&out);
	}
}

/* [MSG-045] */
static void languages(void **state)
{
	static const char *const good[] = {"de", "en-GB", "zh-Hant-TW", "x-private",
					   "sl-rozaj-1994"};
	static const char *const bad[] = {
		"",    "-", "de-", "-de", "d e", "de\r", "verylonglanguage", "de-\xc3\xa4",
		"a;b", "1x"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(good); i++)
		assert_true(header_text_is_language(good[i], strlen(good[i])));
	for (size_t i = 0; i < CHECK_COUNT(bad); i++)
		assert_false(header_text_is_language(bad[i], strlen(bad[i])));
}

static void tokens_and_numbers(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	assert_true(header_text_is_printable(NULL));
	assert_true(header_text_is_printable("a b\xc3\xa4"));
	assert_false(header_text_is_printable("a\x14"
					      "b"));
	assert_false(header_text_is_printable("a\tb"));
	assert_false(header_text_is_printable("\x7f"));
	assert_true(header_text_is_token("a-7.!%*_+`'~"));
	assert_false(header_text_is_token(""));
	assert_false(header_text_is_token("a b"));
	assert_false(header_text_is_token("a\r\nb"));
	assert_false(header_text_is_token("a;b"));
	assert_int_equal(header_text_number("3600", -1), 3600);
	assert_int_equal(header_text_number("12x", -1), 12);
	assert_int_equal(header_text_number("", -1), -1);
	assert_int_equal(header_text_number("x", 7), 7);
	assert_int_equal(header_text_number(NULL, 7), 7);
	assert_int_equal(header_text_number("99999999999999999999", -1), 999999999);
	header_text_put_number(&out, 0);
	header_text_put_number(&out, 18446744073709551615ull);
	assert_string_equal(buf_text(&out), "018446744073709551615");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_leaves_one_line),
		cmocka_unit_test(display_names),
		cmocka_unit_test(dates),
		cmocka_unit_test(languages),
		cmocka_unit_test(tokens_and_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
