/* Presence values and what a chat user is shown of them. */
#include "support/check.h"

#include <stdio.h>

#include "model/presence.h"
#include "model/presence_view.h"

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

struct given {
	enum basic basic;
	enum show show;
	int priority;
	bool not_im;
	const char *note;
};

enum { UNSET = PRESENCE_PRIORITY_UNSET };

static const struct {
	const char *name;
	struct given devices[3];
	unsigned count;
	uint32_t activities;
	bool idle;
	const char *person_note;
	const char *user_note;
	bool available;
	enum show show;
	int priority;
	const char *note;
} views[] = {
	{"nothing known", .priority = UNSET},
	{"open",
	 {{BASIC_OPEN, SHOW_NONE, UNSET, false, NULL}},
	 1,
	 .available = true,
	 .priority = UNSET},
	/* [PRES-139] */
	{"closed keeps only its note",
	 {{BASIC_CLOSED, SHOW_DND, 5, .note = "gone"}},
	 1,
	 .activities = 1u << ACTIVITY_BUSY,
	 .idle = true,
	 .priority = UNSET,
	 .note = "gone"},
	{"closed, note of the person",
	 {{BASIC_CLOSED, SHOW_NONE, UNSET, false, NULL}},
	 1,
	 .person_note = "on holiday",
	 .priority = UNSET,
	 .note = "on holiday"},
	{"unset basic is not open",
	 {{BASIC_UNSET, SHOW_CHAT, 1, false, NULL}},
	 1,
	 .priority = UNSET},
	{"highest priority",
	 {{BASIC_OPEN, SHOW_AWAY, 1, .note = "a"}, {BASIC_OPEN, SHOW_CHAT, 9, .note = "b"}},
	 2,
	 .available = true,
	 .show = SHOW_CHAT,
	 .priority = 9,
	 .note = "b"},
	{"first of equals",
	 {{BASIC_OPEN, SHOW_AWAY, 4, false, NULL}, {BASIC_OPEN, SHOW_CHAT, 4, false, NULL}},
	 2,
	 .available = true,
	 .show = SHOW_AWAY,
	 .priority = 4},
	{"set before unset",
	 {{BASIC_OPEN, SHOW_AWAY, UNSET, false, NULL}, {BASIC_OPEN, SHOW_CHAT, 0, false, NULL}},
	 2,
	 .available = true,
	 .show = SHOW_CHAT,
	 .priority = 0},
	{"open before closed",
	 {{BASIC_CLOSED, SHOW_DND, 100, false, NULL}, {BASIC_OPEN, SHOW_NONE, 1, false, NULL}},
	 2,
	 .available = true,
	 .priority = 1},
	/* [PRES-133] */
	{"who takes messages first",
	 {{BASIC_OPEN, SHOW_DND, 100, true, NULL}, {BASIC_OPEN, SHOW_NONE, UNSET, false, NULL}},
	 2,
	 .available = true,
	 .priority = UNSET},
	{"only a telephone",
	 {{BASIC_OPEN, SHOW_NONE, 100, true, NULL}},
	 1,
	 .available = true,
	 .priority = 0},
	{"only a telephone, no priority",
	 {{BASIC_OPEN, SHOW_NONE, UNSET, true, NULL}},
	 1,
	 .available = true,
	 .priority = 0},
	/* [D-30] */
	{"never negative",
	 {{BASIC_OPEN, SHOW_NONE, -5, false, NULL}},
	 1,
	 .available = true,
	 .priority = 0},
	/* [PRES-138] D-28 */
	{"show from the activities",
	 {{BASIC_OPEN, SHOW_NONE, UNSET, false, NULL}},
	 1,
	 .activities = 1u << ACTIVITY_ON_THE_PHONE,
	 .available = true,
	 .show = SHOW_DND,
	 .priority = UNSET},
	{"own show first",
	 {{BASIC_OPEN, SHOW_CHAT, UNSET, false, NULL}},
	 1,
	 .activities = 1u << ACTIVITY_ON_THE_PHONE,
	 .available = true,
	 .show = SHOW_CHAT,
	 .priority = UNSET},
	/* D-27 */
	{"idle is away",
	 {{BASIC_OPEN, SHOW_NONE, UNSET, false, NULL}},
	 1,
	 .idle = true,
	 .available = true,
	 .show = SHOW_AWAY,
	 .priority = UNSET},
	{"idle and busy",
	 {{BASIC_OPEN, SHOW_DND, UNSET, false, NULL}},
	 1,
	 .idle = true,
	 .available = true,
	 .show = SHOW_DND,
	 .priority = UNSET},
	/* [PRES-136] [RPR-006] */
	{"note of the device",
	 {{BASIC_OPEN, SHOW_NONE, UNSET, .note = "d"}},
	 1,
	 .person_note = "p",
	 .user_note = "u",
	 .available = true,
	 .priority = UNSET,
	 .note = "d"},
	{"note of the person",
	 {{BASIC_OPEN, SHOW_NONE, UNSET, false, NULL}},
	 1,
	 .person_note = "p",
	 .user_note = "u",
	 .available = true,
	 .priority = UNSET,
	 .note = "p"},
	{"note of the user",
	 {{BASIC_OPEN, SHOW_NONE, UNSET, false, NULL}},
	 1,
	 .user_note = "u",
	 .available = true,
	 .priority = UNSET,
	 .note = "u"},
	{"note of another device is not shown",
	 {{BASIC_CLOSED, SHOW_NONE, UNSET, .note = "c"},
	  {BASIC_OPEN, SHOW_NONE, UNSET, false, NULL}},
	 2,
	 .available = true,
	 .priority = UNSET},
};

static void build(struct presence *presence, size_t row)
{
	for (unsigned i = 0; i < views[row].count; i++) {
		const struct given *given = &views[row].devices[i];
		char id[16];
		struct device *device;

		snprintf(id, sizeof id, "%u", i);
		device = presence_add_device(presence, id);
		device->basic = given->basic;
		device->show = given->show;
		device->priority = given->priority;
		device->is_im = !given->not_im;
		if (given->note != NULL)
			add_note(&device->notes, "", given->note);
	}
	presence->person.activities = views[row].activities;
	presence->person.idle = views[row].idle;
	presence->person.idle_since_ms = views[row].idle ? 12345 : 0;
	if (views[row].person_note != NULL)
		add_note(&presence->person.notes, "", views[row].person_note);
	if (views[row].user_note != NULL)
		add_note(&presence->notes, "", views[row].user_note);
}

static void test_views(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(views); i++) {
		struct presence presence = {0};
		struct presence_view view;
		struct presence_view again;

		build(&presence, i);
		presence_view_make(&presence, &view);
		print_message("%s\n", views[i].name);
		assert_int_equal(view.available, views[i].available);
		assert_int_equal(view.show, views[i].show);
		assert_int_equal(view.priority, views[i].priority);
		assert_int_equal(view.notes.count, views[i].note != NULL);
		if (views[i].note != NULL)
			assert_string_equal(view.notes.items[0].text, views[i].note);
		assert_int_equal(view.idle, views[i].idle && views[i].available);
		presence_view_make(&presence, &again);
		assert_true(presence_view_equal(&view, &again));
		again.available = !again.available;
		assert_false(presence_view_equal(&view, &again));
		presence_view_clear(&view);
		presence_view_clear(&again);
		presence_clear(&presence);
	}
}

static void test_view_of_nothing(void **state)
{
	struct presence_view view;

	(void)state;
	presence_view_make(NULL, &view);
	assert_false(view.available);
	assert_int_equal(view.notes.count, 0);
	presence_view_clear(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notes), cmocka_unit_test(test_devices),
		cmocka_unit_test(test_names), cmocka_unit_test(test_activities),
		cmocka_unit_test(test_views), cmocka_unit_test(test_view_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
