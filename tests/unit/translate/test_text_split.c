/* text_split: long texts in parts. */
#include <stdio.h>

#include <unigbrk.h>
#include <unistr.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/message.h"
#include "support/check.h"
#include "translate/text_split.h"

#define FAMILY                                                                                     \
	"\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7" /* 18 bytes */
#define FLAG  "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA"                                   /* 8 */
#define WAVE  "\xF0\x9F\x91\x8B\xF0\x9F\x8F\xBD" /* 8: with a skin tone */
#define ACUTE "e\xCC\x81"                        /* 3 */

static void repeat(const char *text, int count, struct buf *out)
{
	for (int i = 0; i < count; i++)
		buf_puts(out, text);
}

/* Checks all that is promised; returns the count. */
static size_t check_parts(const char *text, size_t len, size_t most)
{
	size_t count = text_split_count(text, len, most);
	char *breaks = mem_zalloc(len + 1);
	size_t from = 0;

	u8_grapheme_breaks((const uint8_t *)text, len, breaks);
	breaks[len] = 1;
	for (size_t i = 0; i < count; i++) {
		struct buf part = BUF_INIT;
		char mark[48] = "";
		size_t skip;

		if (count > 1)
			(void)snprintf(mark, sizeof mark, "(%zu/%zu) ", i + 1, count);
		skip = strlen(mark);
		text_split_part(text, len, most, i, &part);
		assert_true(part.len <= most && (part.len > skip || len == 0));
		assert_memory_equal(part.data, mark, skip);
		assert_true(part.len - skip <= len - from);
		assert_memory_equal(part.data + skip, text + from, part.len - skip);
		from += part.len - skip;
		assert_int_equal(breaks[from], 1); /* no cluster is cut */
		buf_free(&part);
	}
	assert_true(count == 0 || from == len);
	mem_free(breaks);
	return count;
}

/* [D-40] [MSG-024] */
static void short_texts_are_whole(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(text_split_count("", 0, 1000), 1);
	assert_int_equal(text_split_count("hello", 5, 5), 1);
	text_split_part("hello", 5, 5, 0, &out);
	assert_string_equal(out.data, "hello");
	text_split_part("hello", 5, 5, 1, &out);
	assert_string_equal(out.data, "hello");
	buf_free(&out);
}

/* [D-40] Marked, and cut at white space near the end of a part. */
static void words(void **state)
{
	static const char text[] =
		"The quick brown fox jumps over the lazy dog and goes home, then "
		"sleeps a while in the sun";
	static const char *const parts[] = {"(1/3) The quick brown fox jumps over the lazy ",
					    "(2/3) dog and goes home, then sleeps a while in ",
					    "(3/3) the sun"};

	(void)state;
	assert_int_equal(check_parts(text, strlen(text), 52), 3);
	for (size_t i = 0; i < CHECK_COUNT(parts); i++) {
		struct buf out = BUF_INIT;

		text_split_part(text, strlen(text), 52, i, &out);
		assert_string_equal(out.data, parts[i]);
		buf_free(&out);
	}
}

/* [D-40] Whatever part of a cluster falls on the limit. */
static void clusters_stay_whole(void **state)
{
	static const char *const rows[] = {
		FAMILY,         FLAG,        WAVE,
		ACUTE,          "\r\n",      "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", /* Hangul */
		"\xE4\xBD\xA0", " \xCC\x88", "a\xE2\x80\x8D"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		for (size_t shift = 0; shift < 40; shift++) {
			struct buf text = BUF_INIT;

			repeat("x", (int)shift, &text);
			repeat(rows[i], 30, &text);
			repeat("y", 50, &text);
			assert_true(check_parts(text.data, text.len, 48 + shift % 7) > 1);
			buf_free(&text);
		}
	}
}

/* Too small, too many, or a cluster larger than a part. */
static void what_cannot_be_split(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	repeat("x", 38 * 999, &text);
	assert_int_equal(text_split_count(text.data, text.len, TEXT_SPLIT_LEAST_BYTES - 1), 0);
	assert_int_equal(check_parts(text.data, text.len, TEXT_SPLIT_LEAST_BYTES), 999);
	buf_putc(&text, 'x');
	assert_int_equal(text_split_count(text.data, text.len, TEXT_SPLIT_LEAST_BYTES), 0);
	buf_reset(&text);
	repeat("\xCC\x81", 60, &text);
	assert_int_equal(text_split_count(text.data, text.len, 60), 0);
	text_split_part(text.data, text.len, 60, 0, &text);
	assert_int_equal(text.len, 120);
	buf_free(&text);
}

/* Each part has room for the widest mark, whatever the count. */
static void every_count(void **state)
{
	static const struct {
		size_t len;
		size_t count;
	} rows[] = {{100, 1},    {101, 2},         {180, 2},      {181, 3},
		    {9 * 90, 9}, {9 * 90 + 1, 10}, {99 * 90, 99}, {99 * 90 + 1, 100}};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf text = BUF_INIT;

		repeat("x", (int)rows[i].len, &text);
		assert_int_equal(check_parts(text.data, text.len, 100), rows[i].count);
		buf_free(&text);
	}
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static void put_random(uint64_t *seed, struct buf *out)
{
	static const uint32_t special[] = {0x200D, 0xFE0F,  0x301,  0x1F1E9, 0x1F1EA, 0x1F468,
					   0x2764, 0x1F3FD, 0x1112, 0x1161,  0x11AB,  0x0E33,
					   '\r',   '\n',    ' ',    '\t',    0x600,   0x903};
	uint8_t utf8[4];
	uint32_t c;
	int len;

	switch (next_random(seed) % 3) {
	case 0:
		c = special[next_random(seed) % CHECK_COUNT(special)];
		break;
	case 1:
		c = 'a' + next_random(seed) % 26;
		break;
	default:
		c = next_random(seed) % 0x20000;
		break;
	}
	if (!utf8_is_xml_char(c))
		c = ' ';
	len = u8_uctomb(utf8, c, sizeof utf8);
	buf_append(out, utf8, (size_t)len);
}

/* [D-40] Any text is the same again when its parts are joined. */
static void random_texts_rejoin(void **state)
{
	uint64_t seed = 4711;
	int split = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct buf text = BUF_INIT;
		size_t chars = next_random(&seed) % 400;

		for (size_t n = 0; n < chars; n++)
			put_random(&seed, &text);
		split += check_parts(buf_text(&text), text.len, 48 + next_random(&seed) % 200) > 1;
		buf_free(&text);
	}
	assert_true(split > 1000);
}

/* [D-40] Of the largest size. */
static void large_texts(void **state)
{
	static const char *const rows[] = {"word ", FLAG, "\xE4\xBD\xA0", "x"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf text = BUF_INIT;

		while (text.len < MESSAGE_TEXT_MAX)
			buf_puts(&text, rows[i]);
		assert_true(check_parts(text.data, text.len, 1000) >= 61);
		buf_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_texts_are_whole), cmocka_unit_test(words),
		cmocka_unit_test(clusters_stay_whole),   cmocka_unit_test(what_cannot_be_split),
		cmocka_unit_test(every_count),           cmocka_unit_test(random_texts_rejoin),
		cmocka_unit_test(large_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
