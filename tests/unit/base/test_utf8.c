/* UTF-8. */
#include "support/check.h"

#include "base/buf.h"
#include "base/utf8.h"

#define R "\xef\xbf\xbd" /* U+FFFD */

/* [SEC-050] [CMP-017] every kind of bad sequence, and what becomes of it */
static const struct {
	const char *name;
	const char *text;
	size_t len;
	const char *scrubbed;
	bool valid; /* well-formed UTF-8, though perhaps not legal in XML */
} rows[] = {
	{"empty", "", 0, "", true},
	{"plain", "abc", 3, "abc", true},
	{"two, three, four bytes", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9,
	 "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", true},
	{"tab, lf, cr stay", "a\tb\nc\rd", 7, "a\tb\nc\rd", true},
	{"nul", "a\0b", 3, "a" R "b", true},
	{"escape", "\x1b[31m", 5, R "[31m", true},
	{"vertical tab, form feed", "\x0b\x0c", 2, R R, true},
	{"unit separator", "\x1f", 1, R, true},
	{"DEL is legal", "\x7f", 1, "\x7f", true},
	{"C1 is legal", "\xc2\x85", 2, "\xc2\x85", true},
	{"lone continuation", "\x80", 1, R, false},
	{"continuation after text", "a\xbf", 2, "a" R, false},
	{"overlong slash, two", "\xc0\xaf", 2, R R, false},
	{"overlong slash, three", "\xe0\x80\xaf", 3, R R R, false},
	{"overlong slash, four", "\xf0\x80\x80\xaf", 4, R R R R, false},
	{"overlong nul", "\xc0\x80", 2, R R, false},
	{"overlong 7ff", "\xe0\x9f\xbf", 3, R R R, false},
	{"overlong ffff", "\xf0\x8f\xbf\xbf", 4, R R R R, false},
	{"surrogate high", "\xed\xa0\x80", 3, R R R, false},
	{"surrogate low", "\xed\xbf\xbf", 3, R R R, false},
	{"surrogate pair", "\xed\xa0\xbd\xed\xb8\x80", 6, R R R R R R, false},
	{"last before surrogates", "\xed\x9f\xbf", 3, "\xed\x9f\xbf", true},
	{"first after surrogates", "\xee\x80\x80", 3, "\xee\x80\x80", true},
	{"fffd itself", R, 3, R, true},
	{"fffe", "\xef\xbf\xbe", 3, R, true},
	{"ffff", "\xef\xbf\xbf", 3, R, true},
	{"1fffe is legal", "\xf0\x9f\xbf\xbe", 4, "\xf0\x9f\xbf\xbe", true},
	{"10ffff", "\xf4\x8f\xbf\xbf", 4, "\xf4\x8f\xbf\xbf", true},
	{"110000", "\xf4\x90\x80\x80", 4, R R R R, false},
	{"five bytes", "\xf8\x88\x80\x80\x80", 5, R R R R R, false},
	{"fe ff", "\xfe\xff", 2, R R, false},
	{"cut two", "\xc3", 1, R, false},
	{"cut three", "\xe2\x82", 2, R R, false},
	{"cut four", "\xf0\x9f\x98", 3, R R R, false},
	{"cut by ascii",
	 "\xe2\x82"
	 "a",
	 3, R R "a", false},
	{"cut by lead", "\xe2\xc3\xa4", 3, R "\xc3\xa4", false},
	{"Latin-1", "J\xfcrgen", 6, "J" R "rgen", false},
	{"UTF-16",
	 "\xff\xfe"
	 "a\0",
	 4, R R "a" R, false},
};

static void test_scrub(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf out = BUF_INIT;

		utf8_scrub(&out, rows[i].text, rows[i].len);
		if (strcmp(buf_text(&out), rows[i].scrubbed) != 0)
			fail_msg("%s: %s", rows[i].name, buf_text(&out));
		assert_int_equal(out.len, strlen(rows[i].scrubbed));
		if (utf8_is_valid(rows[i].text, rows[i].len) != rows[i].valid)
			fail_msg("%s", rows[i].name);
		buf_free(&out);
	}
}

/* [SEC-050] every pair of bytes becomes legal, and what is legal is not touched */
static void test_all_pairs(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 65536; pair++) {
		char text[3] = {(char)(pair >> 8), (char)pair, 'z'};
		struct buf out = BUF_INIT;
		struct buf again = BUF_INIT;

		utf8_scrub(&out, text, sizeof text);
		for (size_t at = 0; at < out.len;) {
			uint32_t c;
			size_t used = utf8_decode(out.data + at, out.len - at, &c);

			assert_true(used > 0);
			assert_true(utf8_is_xml_char(c));
			at += used;
		}
		assert_int_equal(out.data[out.len - 1], 'z');
		utf8_scrub(&again, out.data, out.len);
		assert_string_equal(again.data, out.data);
		buf_free(&out);
		buf_free(&again);
	}
}

static void test_xml_chars(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x20; c++)
		assert_int_equal(utf8_is_xml_char(c), c == 9 || c == 10 || c == 13);
	assert_true(utf8_is_xml_char(0x20));
	assert_true(utf8_is_xml_char(0xd7ff));
	assert_false(utf8_is_xml_char(0xd800));
	assert_false(utf8_is_xml_char(0xdfff));
	assert_true(utf8_is_xml_char(0xe000));
	assert_true(utf8_is_xml_char(0xfffd));
	assert_false(utf8_is_xml_char(0xfffe));
	assert_false(utf8_is_xml_char(0xffff));
	assert_true(utf8_is_xml_char(0x10000));
	assert_true(utf8_is_xml_char(0x10ffff));
	assert_false(utf8_is_xml_char(0x110000));
}

static void test_cut(void **state)
{
	static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"; /* 1 2 3 4 1 */
	static const size_t cuts[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};

	(void)state;
	for (size_t max = 0; max < CHECK_COUNT(cuts); max++)
		assert_int_equal(utf8_cut(text, 11, max), cuts[max]);
	assert_int_equal(utf8_cut("\x80\x80\x80\x80\x80\x80\x80", 7, 6), 6); /* never back to 0 */
	assert_int_equal(utf8_cut("\xc3\xa4", 2, 1), 0); /* not even the first one fits */
	assert_int_equal(utf8_cut("\xf0\x9f\x98\x80", 4, 3), 0);
}

/* Plain text is passed over in words of eight: every byte at every place of three words. */
static void test_every_place(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		for (size_t at = 0; at < 24; at++) {
			bool is_legal =
				c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0x80);
			struct buf out = BUF_INIT;
			char text[24];

			memset(text, 'x', sizeof text);
			text[at] = (char)c;
			assert_int_equal(utf8_is_valid(text, sizeof text), c < 0x80);
			utf8_scrub(&out, text, sizeof text);
			assert_int_equal(out.len, is_legal ? 24 : 26);
			if (is_legal)
				assert_memory_equal(out.data, text, 24);
			else
				assert_memory_equal(out.data + at, "\xef\xbf\xbd", 3);
			buf_free(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scrub),       cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_xml_chars),   cmocka_unit_test(test_cut),
		cmocka_unit_test(test_every_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
