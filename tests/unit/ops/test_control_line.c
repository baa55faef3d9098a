/* Words of a control request: quoting, the json flag, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "ops/control_line.h"

struct row {
	const char *line;
	int result;
	bool as_json;
	const char *words[4];
};

static const struct row rows[] = {
	{"status", 0, false, {"status"}},
	{"  show \t pairs  ", 0, false, {"show", "pairs"}},
	{"status\r", 0, false, {"status"}},
	{"json show pairs", 0, true, {"show", "pairs"}},
	{"show json", 0, false, {"show", "json"}},
	{"map \"a b\"", 0, false, {"map", "a b"}},
	{"map \"a\\\"b\\\\c\"", 0, false, {"map", "a\"b\\c"}},
	{"map \"\"", 0, false, {"map", ""}},
	{"map a\\b", 0, false, {"map", "a\\b"}},
	{"map j\xc3\xbcl@x", 0, false, {"map", "j\xc3\xbcl@x"}},
	{"", EINVAL, false, {NULL}},
	{" \t ", EINVAL, false, {NULL}},
	{"json", EINVAL, true, {NULL}},
	{"map \"a", EBADMSG, false, {NULL}},
	{"map \"a\\", EBADMSG, false, {NULL}},
	{"map \"a\\n\"", EBADMSG, false, {NULL}},
	{"map \"a\"b", EBADMSG, false, {NULL}},
	{"map a\"b\"", EBADMSG, false, {NULL}},
	{"map a\x01", EBADMSG, false, {NULL}},
	{"map a\x7f", EBADMSG, false, {NULL}},
	{"map \xff", EBADMSG, false, {NULL}},
	{"map \xc3", EBADMSG, false, {NULL}},
	{"sta\rtus", EBADMSG, false, {NULL}},
};

static void check_words(const struct row *row, const struct control_line *line)
{
	int count = 0;

	while (count < 4 && row->words[count] != NULL)
		count++;
	assert_int_equal(line->count, count);
	for (int i = 0; i < count; i++)
		assert_string_equal(line->words[i], row->words[i]);
}

static void splits_into_words(void **state)
{
	struct control_line line;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int result = control_line_parse(rows[i].line, strlen(rows[i].line), &line);

		if (result != rows[i].result)
			fail_msg("\"%s\": %d instead of %d", rows[i].line, result, rows[i].result);
		if (result != 0)
			continue;
		assert_int_equal(line.as_json, rows[i].as_json);
		check_words(&rows[i], &line);
	}
}

static void refuses_nul(void **state)
{
	struct control_line line;

	(void)state;
	assert_int_equal(control_line_parse("map \0x", 6, &line), EBADMSG);
}

/* [SEC-098] limits of the line and of the number of words, at the edge and beyond */
static void has_limits(void **state)
{
	char text[CONTROL_LINE_BYTES + 2];
	struct control_line line;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(control_line_parse(text, CONTROL_LINE_BYTES, &line), 0);
	assert_int_equal(strlen(line.words[0]), CONTROL_LINE_BYTES);
	assert_int_equal(control_line_parse(text, CONTROL_LINE_BYTES + 1, &line), E2BIG);

	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = ' ';
	assert_int_equal(control_line_parse(text, 2 * CONTROL_WORDS, &line), 0);
	assert_int_equal(line.count, CONTROL_WORDS);
	assert_int_equal(control_line_parse(text, 2 * CONTROL_WORDS + 1, &line), E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_into_words),
		cmocka_unit_test(refuses_nul),
		cmocka_unit_test(has_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
