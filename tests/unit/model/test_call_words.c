/* call_words: what a chat user is told of his phone, in each language. */
#include "model/call_words.h"

#include "base/buf.h"
#include "model/presence_words.h"
#include "support/check.h"

static void in_english(void **state)
{
	static const struct {
		const char *name, *number, *wanted;
	} rows[] = {
		{"Ann", "1005", "Missed call from Ann (1005)"},
		{"1005", "1005", "Missed call from 1005"},
		{NULL, "1005", "Missed call from 1005"},
		{"Ann # 1", NULL, "Missed call from Ann # 1"},
		{NULL, NULL, "Missed call"},
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		buf_reset(&out);
		call_words_missed(0, rows[i].name, rows[i].number, &out);
		assert_string_equal(out.data, rows[i].wanted);
	}
	buf_reset(&out);
	call_words_voicemail(0, 2, 0, 1, &out);
	assert_string_equal(out.data, "New voicemail: 2 new, 1 old");
	buf_reset(&out);
	call_words_voicemail(0, 2, 1, 0, &out);
	assert_string_equal(out.data, "New voicemail: 2 new (1 urgent), 0 old");
	buf_reset(&out);
	call_words_voicemail_uncounted(0, &out);
	assert_string_equal(out.data, "New voicemail");
	buf_free(&out);
}

/* Each language that presence has, and in each the numbers and the caller. */
static void in_all_languages(void **state)
{
	struct buf out = BUF_INIT, seen = BUF_INIT;
	int count = 0;

	(void)state;
	for (; presence_words_tag(count) != NULL; count++) {
		buf_reset(&out);
		call_words_voicemail(count, 7, 5, 3, &out);
		if (strchr(out.data, '7') == NULL || strchr(out.data, '5') == NULL ||
		    strchr(out.data, '3') == NULL || strchr(out.data, '#') != NULL)
			fail_msg("%s: %s", presence_words_tag(count), out.data);
		assert_true(strchr(out.data, '7') < strchr(out.data, '5'));
		assert_true(strchr(out.data, '5') < strchr(out.data, '3'));
		assert_null(strstr(buf_text(&seen), out.data)); /* a language of its own */
		buf_puts(&seen, out.data);
		buf_reset(&out);
		call_words_missed(count, "Ann", "1005", &out);
		assert_non_null(strstr(out.data, "Ann (1005)"));
		assert_true(strncmp(out.data, "Ann", 3) != 0 && strchr(out.data, '#') == NULL);
	}
	assert_int_equal(count, 14);
	buf_free(&out);
	buf_free(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_english),
		cmocka_unit_test(in_all_languages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
