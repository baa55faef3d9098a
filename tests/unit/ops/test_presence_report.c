/* One presence in words: nothing of it is missing, nothing of it breaks the line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/presence.h"
#include "model/rich.h"
#include "ops/presence_report.h"

enum { NOW_MS = 1000000000 };

static void desk_in_a_call(struct presence *out)
{
	struct device *desk = presence_add_device(out, "desk");

	desk->basic = BASIC_OPEN;
	desk->show = SHOW_DND;
	desk->priority = 5;
	desk->idle = true;
	desk->idle_since_ms = NOW_MS - 600000;
	desk->since_ms = NOW_MS - 30000;
	notes_add(&desk->notes, "en", "back at 3", strlen("back at 3"));
	out->phone.state = PHONE_IN_CALL;
	out->phone.is_dnd = true;
	out->phone.other = mem_strdup("sip:secret@caller.example");
}

static void a_person(struct presence *out)
{
	out->person.activities = 1u << ACTIVITY_MEETING | 1u << ACTIVITY_BUSY;
	person_rich(&out->person)->mood = mem_strdup("happy");
	person_rich(&out->person)->place = mem_strdup("train");
	notes_add(&out->notes, "", "a\nb", 3);
}

static void assert_text(struct presence *presence, const char *expected)
{
	struct buf out = BUF_INIT;

	presence_report_text(presence, NOW_MS, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_free(&out);
	presence_clear(presence);
}

static void says_it_in_words(void **state)
{
	struct presence nothing = {0};
	struct presence desk = {0};
	struct presence person = {0};

	(void)state;
	assert_text(&nothing, "nothing");
	desk_in_a_call(&desk);
	assert_text(&desk,
		    "phone in-call; do-not-disturb; device desk open dnd priority 5 idle for "
		    "10 min, note \"back at 3\", since 30 s");
	a_person(&person);
	assert_text(&person, "person busy, meeting, mood happy, place train; note a\\x0ab");
}

static void says_it_to_programs(void **state)
{
	struct presence presence = {0};
	struct buf out = BUF_INIT;

	(void)state;
	desk_in_a_call(&presence);
	a_person(&presence);
	presence_report_json(&presence, &out);
	assert_string_equal(
		buf_text(&out),
		"{\"phone\":\"in-call\",\"do_not_disturb\":true,\"devices\":[{\"id\":\"desk\","
		"\"basic\":\"open\",\"show\":\"dnd\",\"priority\":5,\"idle\":true,"
		"\"idle_since_ms\":999400000,\"since_ms\":999970000,\"notes\":[{\"lang\":\"en\","
		"\"text\":\"back at 3\"}]}],\"person\":{\"activities\":[\"busy\",\"meeting\"],"
		"\"idle\":false,\"idle_since_ms\":0,\"mood\":\"happy\",\"place\":\"train\","
		"\"notes\":[]},\"notes\":[{\"lang\":\"\",\"text\":\"a\\nb\"}]}");
	buf_reset(&out);
	presence_report_json(NULL, &out);
	assert_string_equal(buf_text(&out), "null");
	buf_free(&out);
	presence_clear(&presence);
}

static void ages_in_words(void **state)
{
	static const struct {
		int64_t seconds;
		const char *words;
	} rows[] = {
		{-5, "0 s"},       {119, "119 s"}, {120, "2 min"},
		{7199, "119 min"}, {7200, "2 h"},  {48 * 3600, "2 d"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT;

		presence_report_age(rows[i].seconds, &out);
		assert_string_equal(buf_text(&out), rows[i].words);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_it_in_words),
		cmocka_unit_test(says_it_to_programs),
		cmocka_unit_test(ages_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
