/* Several sources of one user as one presence. */
#include "support/check.h"

#include <stdio.h>

#include "model/presence.h"
#include "model/presence_merge.h"
#include "model/rich.h"

static struct device *add(struct presence *presence, const char *id, enum basic basic)
{
	struct device *device = presence_add_device(presence, id);

	device->basic = basic;
	return device;
}

static void note(struct notes *notes, const char *lang, const char *text)
{
	notes_add(notes, lang, text, strlen(text));
}

/* [PRES-148] [PBX-028] ids are constant at some PBXs: two phones stay two */
static void devices_stay_distinct(void **state)
{
	static const char *const wanted[] = {"t1", "t2", "t1-2", "t1-3"};
	struct presence into = {0};
	struct presence from = {0};

	(void)state;
	add(&into, "t1", BASIC_OPEN);
	note(&into.devices[0].notes, "", "first");
	add(&from, "t2", BASIC_CLOSED);
	presence_merge(&into, &from);
	presence_clear(&from);
	add(&from, "t1", BASIC_OPEN);
	note(&from.devices[0].notes, "", "second");
	presence_merge(&into, &from);
	presence_merge(&into, &from);
	assert_int_equal(into.device_count, 4);
	for (size_t i = 0; i < CHECK_COUNT(wanted); i++)
		assert_string_equal(into.devices[i].id, wanted[i]);
	assert_string_equal(into.devices[2].notes.items[0].text, "second");
	presence_clear(&from);
	add(&from, NULL, BASIC_OPEN);
	presence_merge(&into, &from);
	presence_merge(&into, &from);
	assert_int_equal(into.device_count, 6);
	presence_clear(&into);
	presence_clear(&from);
}

static void devices_are_bounded(void **state)
{
	struct presence into = {0};
	struct presence from = {0};

	(void)state;
	for (int i = 0; i < PRESENCE_DEVICES_MAX; i++)
		add(&into, "t", i == 5 ? BASIC_CLOSED : BASIC_OPEN);
	add(&from, "closed", BASIC_CLOSED);
	add(&from, "open", BASIC_OPEN);
	add(&from, "late", BASIC_OPEN);
	presence_merge(&into, &from);
	assert_int_equal(into.device_count, PRESENCE_DEVICES_MAX);
	assert_non_null(presence_find_device(&into, "open"));
	assert_null(presence_find_device(&into, "closed"));
	assert_null(presence_find_device(&into, "late"));
	presence_clear(&into);
	presence_clear(&from);
}

static const struct {
	uint32_t a, b;
	int64_t a_ms, b_ms;
	uint32_t wanted;
} persons[] = {
	/* [RPR-004] the newest, else the first; who says nothing does not count */
	{0, 0, 0, 0, 0}, {1, 0, 0, 9, 1}, {0, 2, 9, 0, 2}, {1, 2, 0, 0, 1},
	{1, 2, 5, 0, 1}, {1, 2, 5, 5, 1}, {1, 2, 5, 6, 2}, {1, 2, 0, 6, 2},
};

static void one_person_stays(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(persons); i++) {
		struct presence into = {
			.person = {.activities = persons[i].a, .since_ms = persons[i].a_ms}};
		struct presence from = {
			.person = {.activities = persons[i].b, .since_ms = persons[i].b_ms}};

		if (persons[i].b != 0)
			rich_set(&person_rich(&from.person)->mood, "sad", 3, RICH_WORD_BYTES_MAX);
		presence_merge(&into, &from);
		assert_int_equal(into.person.activities, persons[i].wanted);
		assert_int_equal(into.person.rich != NULL, persons[i].wanted == 2);
		presence_clear(&into);
		presence_clear(&from);
	}
}

/* [D-27] [DLG-011] calls add up, a note in each language */
static void phones_and_notes_add_up(void **state)
{
	static char other[] = "Ann";
	struct presence into = {.phone = {.state = PHONE_IDLE, .is_dnd = true}};
	const struct presence ringing = {.phone = {.state = PHONE_RINGING, .other = other}};
	struct presence from = {.phone = {.state = PHONE_IN_CALL}};

	(void)state;
	note(&into.notes, "en", "one");
	note(&from.notes, "EN", "two");
	note(&from.notes, "de", "drei");
	presence_merge(&into, &ringing);
	assert_int_equal(into.phone.state, PHONE_RINGING);
	assert_string_equal(into.phone.other, "Ann");
	presence_merge(&into, &from);
	assert_int_equal(into.phone.state, PHONE_IN_CALL);
	assert_true(into.phone.is_dnd);
	assert_int_equal(into.notes.count, 2);
	assert_string_equal(into.notes.items[0].text, "one");
	assert_string_equal(into.notes.items[1].text, "drei");
	presence_clear(&into);
	presence_clear(&from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_stay_distinct),
		cmocka_unit_test(devices_are_bounded),
		cmocka_unit_test(one_person_stays),
		cmocka_unit_test(phones_and_notes_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
