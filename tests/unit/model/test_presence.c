/* Presence values. */
#include "support/check.h"

#include <stdio.h>

#include "model/presence.h"

static void add_note(struct notes *notes, const char *lang, const char *text)
{
	notes_add(notes, lang, text, strlen(text));
}

/* [PRES-135] one note a language, the first wins */
static void test_notes(void **state)
{
	struct notes notes = {0};
	struct notes copy;
	char text[2000];

	(void)state;
	add_note(&notes, "en", "first");
	add_note(&notes, "EN", "second");
	add_note(&notes, NULL, "no language");
	add_note(&notes, "", "no language again");
	add_note(&notes, "de", "");
	assert_int_equal(notes.count, 2);
	assert_string_equal(notes.items[0].text, "first");
	assert_string_equal(notes.items[1].lang, "");
	notes_copy(&copy, &notes);
	assert_true(notes_equal(&copy, &notes));
	add_note(&copy, "fr", "troisi\xc3\xa8me");
	assert_false(notes_equal(&copy, &notes));
	notes_clear(&copy);
	assert_int_equal(copy.count, 0);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof text, "l%d", i);
		add_note(&notes, text, "x");
	}
	assert_int_equal(notes.count, PRESENCE_NOTES_MAX);
	notes_clear(&notes);
	memset(text, 'a', sizeof text);
	memcpy(text + PRESENCE_NOTE_BYTES_MAX - 1, "\xc3\xa4", 2);
	notes_add(&notes, "en", text, sizeof text);
	assert_int_equal(strlen(notes.items[0].text), PRESENCE_NOTE_BYTES_MAX - 1);
	notes_clear(&notes);
}

static void test_devices(void **state)
{
	struct presence presence = {0};
	struct presence copy;
	struct device *device;
	char id[16];

	(void)state;
	assert_false(presence_is_open(&presence));
	device = presence_add_device(&presence, "a");
	assert_int_equal(device->priority, PRESENCE_PRIORITY_UNSET);
	assert_true(device->is_im);
	assert_int_equal(device->basic, BASIC_UNSET);
	presence_add_device(&presence, NULL)->basic = BASIC_CLOSED;
	presence_add_device(&presence, "c")->basic = BASIC_OPEN;
	add_note(&presence_find_device(&presence, "c")->notes, "en", "here");
	assert_true(presence_is_open(&presence));
	assert_int_equal(presence_find_device(&presence, NULL)->basic, BASIC_CLOSED);
	assert_null(presence_find_device(&presence, "d"));
	presence_copy(&copy, &presence);
	assert_true(presence_equal(&copy, &presence));
	presence_find_device(&copy, "c")->since_ms = 5; /* does not count */
	assert_true(presence_equal(&copy, &presence));
	presence_find_device(&copy, "c")->show = SHOW_DND;
	assert_false(presence_equal(&copy, &presence));
	presence_remove_device(&presence, presence_find_device(&presence, "a"));
	assert_int_equal(presence.device_count, 2);
	assert_string_equal(presence_find_device(&presence, "c")->notes.items[0].text, "here");
	presence_remove_device(&presence, presence_find_device(&presence, "c"));
	assert_false(presence_is_open(&presence));
	presence_clear(&copy);
	for (int i = 0; i < PRESENCE_DEVICES_MAX - 1; i++) {
		snprintf(id, sizeof id, "%d", i);
		assert_non_null(presence_add_device(&presence, id));
	}
	assert_null(presence_add_device(&presence, "too many"));
	presence_clear(&presence);
	presence_clear(&presence);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < ACTIVITY_COUNT; i++)
		assert_int_equal(activity_from_name(activity_name((enum activity)i)), i);
	assert_int_equal(activity_from_name("yodelling"), -1);
	assert_string_equal(activity_name(ACTIVITY_TV), "tv");
	assert_string_equal(activity_name(ACTIVITY_LOOKING_FOR_WORK), "looking-for-work");
	for (int i = SHOW_AWAY; i <= SHOW_XA; i++)
		assert_int_equal(show_from_name(show_name((enum show)i)), i);
	assert_null(show_name(SHOW_NONE));
	assert_int_equal(show_from_name("busy"), SHOW_NONE);
	assert_int_equal(show_from_name(""), SHOW_NONE);
}

/* [RPR-018] */
static const struct {
	const char *names[4];
	enum show show;
} shows[] = {
	{{NULL}, SHOW_NONE},
	{{"on-the-phone"}, SHOW_DND},
	{{"busy"}, SHOW_DND},
	{{"meeting"}, SHOW_DND},
	{{"presentation"}, SHOW_DND},
	{{"performance"}, SHOW_DND},
	{{"worship"}, SHOW_DND},
	{{"steering"}, SHOW_DND},
	{{"away"}, SHOW_AWAY},
	{{"breakfast"}, SHOW_AWAY},
	{{"dinner"}, SHOW_AWAY},
	{{"lunch"}, SHOW_AWAY},
	{{"meal"}, SHOW_AWAY},
	{{"in-transit"}, SHOW_AWAY},
	{{"shopping"}, SHOW_AWAY},
	{{"travel"}, SHOW_AWAY},
	{{"spectator"}, SHOW_AWAY},
	{{"playing"}, SHOW_AWAY},
	{{"tv"}, SHOW_AWAY},
	{{"holiday"}, SHOW_XA},
	{{"vacation"}, SHOW_XA},
	{{"permanent-absence"}, SHOW_XA},
	{{"sleeping"}, SHOW_XA},
	{{"working"}, SHOW_NONE},
	{{"appointment"}, SHOW_NONE},
	{{"looking-for-work"}, SHOW_NONE},
	{{"unknown"}, SHOW_NONE},
	{{"other"}, SHOW_NONE},
	{{"away", "sleeping"}, SHOW_XA},
	{{"sleeping", "tv"}, SHOW_XA},
	{{"away", "busy", "holiday"}, SHOW_DND},
	{{"working", "lunch"}, SHOW_AWAY},
};

static void test_activities(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(shows); i++) {
		uint32_t bits = 0;

		for (int j = 0; shows[i].names[j] != NULL; j++)
			bits |= UINT32_C(1) << activity_from_name(shows[i].names[j]);
		assert_int_equal(show_from_activities(bits), shows[i].show);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_activities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
