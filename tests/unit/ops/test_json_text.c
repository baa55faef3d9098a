/* JSON strings: every byte from outside ends up as valid JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ops/json_text.h"

static const struct {
	const char *in;
	const char *out;
} rows[] = {
	{NULL, "null"},
	{"", "\"\""},
	{"a b", "\"a b\""},
	{"say \"x\" \\", "\"say \\\"x\\\" \\\\\""},
	{"1\n2\t3\r", "\"1\\n2\\t3\\u000d\""},
	{"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
	{"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
	{"a\xff"
	 "b\xc3",
	 "\"a\xef\xbf\xbd"
	 "b\xef\xbf\xbd\""},
};

static void escapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT;

		json_text(&out, rows[i].in);
		assert_string_equal(buf_text(&out), rows[i].out);
		buf_free(&out);
	}
}

static void writes_members(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	json_member(&out, "na\"me", "x");
	assert_string_equal(buf_text(&out), "\"na\\\"me\":\"x\"");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(writes_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
