/* What a subscription of ours is beside its dialog, as bytes (REL-013). */
#include <errno.h>
#include <string.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/interest.h"
#include "sip/interest_row.h"

/* [REL-013] What is written is read. */
static void there_and_back(void **state)
{
	static char list[] = "sip:friends@pbx.example";
	static const struct interest_row rows[] = {
		{.kind = INTEREST_OF_PRESENCE,
		 .is_common = true,
		 .is_active = true,
		 .asked_s = 3600},
		{.kind = INTEREST_OF_DIALOGS, .asked_s = 1},
		{.kind = INTEREST_OF_PRESENCE, .is_plain = true, .asked_s = 86400},
		{.kind = INTEREST_OF_LIST_PRESENCE,
		 .is_common = true,
		 .asked_s = INTEREST_ROW_EXPIRES_MAX,
		 .name = list},
		{.kind = INTEREST_OF_CALLS, .asked_s = 300},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf bytes = BUF_INIT;
		struct interest_row row;

		interest_row_encode(&rows[i], &bytes);
		assert_int_equal(interest_row_decode(bytes.data, bytes.len, &row), 0);
		assert_int_equal(row.kind, rows[i].kind);
		assert_int_equal(row.is_common, rows[i].is_common);
		assert_int_equal(row.is_active, rows[i].is_active);
		assert_int_equal(row.is_plain, rows[i].is_plain);
		assert_int_equal(row.asked_s, rows[i].asked_s);
		if (rows[i].name != NULL)
			assert_string_equal(row.name, rows[i].name);
		else
			assert_null(row.name);
		interest_row_clear(&row);
		for (size_t len = 0; len < bytes.len; len++)
			assert_int_equal(interest_row_decode(bytes.data, len, &row), EBADMSG);
		buf_putc(&bytes, 'x');
		assert_int_equal(interest_row_decode(bytes.data, bytes.len, &row), EBADMSG);
		buf_free(&bytes);
	}
}

/* The numbers of the kinds stand in rows of the store: they never change. */
static void kinds_keep_their_numbers(void **state)
{
	static const char *const events[] = {"presence", "dialog",          "presence",
					     "dialog",   "message-summary", "dialog"};

	(void)state;
	assert_int_equal(CHECK_COUNT(events), INTEREST_KIND_COUNT);
	for (size_t i = 0; i < CHECK_COUNT(events); i++)
		assert_string_equal(interest_kinds[i].event, events[i]);
	assert_string_equal(interest_kinds[2].headers, "Supported: eventlist\r\n");
	assert_string_equal(interest_kinds[3].headers, "Supported: eventlist\r\n");
	assert_false(interest_kinds[3].may_fork);
	assert_true(interest_kinds[5].may_fork);
}

/* Bytes that no version of ours wrote. */
static void damaged_values(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{"\x02\x00\x00\x01\x00", 5},             /* a format to come */
		{"\x01\x40\x00\x01\x00", 5},             /* kind 64 */
		{"\x01\x00\x08\x01\x00", 5},             /* a flag that is none */
		{"\x01\x00\x00\x00\x00", 5},             /* Expires 0 */
		{"\x01\x00\x00\xff\xff\xff\x0f\x00", 8}, /* Expires too long */
		{"\x01\x00\x00\x01\x03"
		 "a\0",
		 7},                                 /* NUL in a name */
		{"\x01\x00\x00\x01\xff\xff\x7f", 7}, /* a name beyond the end */
		{"", 0},
	};
	struct interest_row row;
	char *name = mem_alloc(INTEREST_ROW_NAME_MAX + 2);
	struct interest_row large = {.asked_s = 1, .name = name};
	struct buf bytes = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++)
		assert_int_equal(interest_row_decode(rows[i].bytes, rows[i].len, &row), EBADMSG);
	assert_int_equal(interest_row_decode(NULL, 0, &row), EBADMSG);
	memset(name, 'a', INTEREST_ROW_NAME_MAX + 1);
	name[INTEREST_ROW_NAME_MAX + 1] = '\0';
	interest_row_encode(&large, &bytes);
	assert_int_equal(interest_row_decode(bytes.data, bytes.len, &row), EBADMSG);
	name[INTEREST_ROW_NAME_MAX] = '\0';
	buf_reset(&bytes);
	interest_row_encode(&large, &bytes);
	assert_int_equal(interest_row_decode(bytes.data, bytes.len, &row), 0);
	interest_row_clear(&row);
	buf_free(&bytes);
	mem_free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(kinds_keep_their_numbers),
		cmocka_unit_test(damaged_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
