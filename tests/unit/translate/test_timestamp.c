/* timestamp: RFC 3339 both ways. */
#include <errno.h>
#include <locale.h>
#include <time.h>

#include "support/check.h"
#include "translate/timestamp.h"

static const struct {
	const char *text;
	int64_t ms;
} good[] = {
	/* [PIDF-028] [X0082-1] */
	{"2026-11-22T05:28:53Z", INT64_C(1795325333000)},
	{"2024-05-06T07:08:09Z", INT64_C(1714979289000)},
	{"2024-02-29T23:59:59Z", INT64_C(1709251199000)},
	{"2000-02-29T00:00:00Z", INT64_C(951782400000)},
	{"1970-01-01T00:00:01Z", 1000},
	{"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
	{"2024-05-06T07:08:09.5Z", INT64_C(1714979289500)},
	{"2024-05-06T07:08:09.123456789Z", INT64_C(1714979289123)},
	{"2024-05-06T09:08:09+02:00", INT64_C(1714979289000)},
	{"2024-05-06T01:38:09-05:30", INT64_C(1714979289000)},
	{"2024-05-06T09:08:09+0200", INT64_C(1714979289000)},
	{"  2024-05-06T07:08:09Z\r\n", INT64_C(1714979289000)},
	{"2024-05-06t07:08:09z", INT64_C(1714979289000)},
	{"2016-12-31T23:59:60Z", INT64_C(1483228800000)}, /* a leap second is the next second */
	/* [RPR-013] no zone: UTC */
	{"2024-05-06T07:08:09", INT64_C(1714979289000)},
	/* [X0203-1] the form of jabber:x:delay */
	{"20240506T07:08:09", INT64_C(1714979289000)},
};

static const char *const bad[] = {
	"",
	"2024",
	"2024-05-06",
	"2024-05-06T07:08",
	"2024-13-01T00:00:00Z",
	"2024-00-01T00:00:00Z",
	"2023-02-29T00:00:00Z",
	"1900-02-29T00:00:00Z",
	"2024-04-31T00:00:00Z",
	"2024-05-06T25:00:00Z",
	"2024-05-06T07:60:00Z",
	"2024-05-06T07:08:61Z",
	"2024-05-06T07:08:09.Z",
	"2024-05-06T07:08:09X",
	"2024-05-06T07:08:09+2:00",
	"2024-05-06T07:08:09+24:00",
	"2024-05-06T07:08:09Z junk",
	"2024-0506T07:08:09Z",
	"1969-12-31T23:59:59Z",
	"1970-01-01T00:00:00Z",
	"0000-01-01T00:00:00Z",
	"-024-05-06T07:08:09Z",
	"9999-12-31T23:59:59-01:00",
};

static void reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(good); i++) {
		int64_t ms = -1;

		assert_int_equal(timestamp_parse(good[i].text, strlen(good[i].text), &ms), 0);
		assert_true(ms == good[i].ms);
	}
}

static void refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
		int64_t ms = -1;

		assert_int_equal(timestamp_parse(bad[i], strlen(bad[i]), &ms), EBADMSG);
		assert_true(ms == -1);
	}
}

static void does_not_read_beyond_len(void **state)
{
	static const char text[] = "2024-05-06T07:08:09Z";

	(void)state;
	for (size_t len = 0; len < sizeof text - 2; len++) {
		int64_t ms;

		assert_int_equal(timestamp_parse(text, len, &ms), EBADMSG);
	}
}

/* [PIDF-028] [PIDF-030] capitals, UTC, a fraction only when there is one. */
static void writes(void **state)
{
	char text[TIMESTAMP_CHARS];

	(void)state;
	timestamp_format(INT64_C(1714979289000), text);
	assert_string_equal(text, "2024-05-06T07:08:09Z");
	timestamp_format(INT64_C(1714979289007), text);
	assert_string_equal(text, "2024-05-06T07:08:09.007Z");
	timestamp_format(0, text);
	assert_string_equal(text, "");
	timestamp_format(-1, text);
	assert_string_equal(text, "");
	timestamp_format(INT64_C(253402300800000), text);
	assert_string_equal(text, "");
}

/* Against the C library, over eight thousand years. */
static void agrees_with_the_calendar(void **state)
{
	(void)state;
	for (int64_t s = 1; s < INT64_C(253402300799); s += INT64_C(7654321)) {
		time_t at = (time_t)s;
		struct tm tm;
		char wanted[64];
		char text[TIMESTAMP_CHARS];
		int64_t back;

		assert_non_null(gmtime_r(&at, &tm));
		(void)strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%SZ", &tm);
		timestamp_format(s * 1000, text);
		assert_string_equal(text, wanted);
		assert_int_equal(timestamp_parse(text, strlen(text), &back), 0);
		assert_true(back == s * 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(refuses),
		cmocka_unit_test(does_not_read_beyond_len),
		cmocka_unit_test(writes),
		cmocka_unit_test(agrees_with_the_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
