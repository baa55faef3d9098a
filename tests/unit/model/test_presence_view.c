/* What a chat user is shown of a SIP user, and the rules that say it. */
#include "support/check.h"

#include <stdio.h>

#include "base/buf.h"
#include "model/presence.h"
#include "model/presence_rules.h"
#include "model/presence_view.h"
#include "model/presence_words.h"
#include "model/rich.h"

enum { UNSET = PRESENCE_PRIORITY_UNSET };

#define BIT(activity) (UINT32_C(1) << (activity))
#define MEETING       BIT(ACTIVITY_MEETING)
#define ON_THE_PHONE  BIT(ACTIVITY_ON_THE_PHONE)

struct given {
	enum basic basic;
	enum show show;
	int priority;
	const char *note;
	bool not_im;
};

#define OPEN                                                                                       \
	{                                                                                          \
		BASIC_OPEN, SHOW_NONE, UNSET, NULL, false                                          \
	}
#define OPEN_WITH(note)                                                                            \
	{                                                                                          \
		BASIC_OPEN, SHOW_NONE, UNSET, (note), false                                        \
	}
#define OPEN_SHOW(show)                                                                            \
	{                                                                                          \
		BASIC_OPEN, (show), UNSET, NULL, false                                             \
	}
#define CLOSED                                                                                     \
	{                                                                                          \
		BASIC_CLOSED, SHOW_NONE, UNSET, NULL, false                                        \
	}

struct row {
	const char *name;
	struct given devices[3];
	unsigned count;
	struct phone phone;
	uint32_t activities;
	bool idle;
	const char *person_note;
	const char *user_note;
	const char *wanted; /* "SHOW PRIORITY idle: TEXT@LANG | TEXT" or "gone: ..." */
};

static char front_desk[] = "Front desk";

static const struct row rows[] = {
	/* [PRES-129] what says nothing of reachability is not open */
	{"no devices", .wanted = "gone:"},
	{"unset basic is not open",
	 {{BASIC_UNSET, SHOW_CHAT, 1, NULL, false}},
	 1,
	 .wanted = "gone:"},
	{"open", {OPEN}, 1, .wanted = "none:"},
	/* [PRES-139] [DLG-017] [D-27] closed everywhere */
	{"closed", {CLOSED, CLOSED}, 2, .wanted = "gone: Not registered@en"},
	{"closed keeps only its note",
	 {{BASIC_CLOSED, SHOW_DND, 5, "gone", false}},
	 1,
	 .activities = BIT(ACTIVITY_BUSY),
	 .idle = true,
	 .wanted = "gone: Not registered: gone@en"},
	{"closed, note of the person",
	 {CLOSED},
	 1,
	 .person_note = "on holiday",
	 .wanted = "gone: Not registered: on holiday@en"},
	{"closed while a call goes on",
	 {CLOSED},
	 1,
	 .phone = {.state = PHONE_IN_CALL},
	 .wanted = "gone: Not registered@en"},
	/* which device */
	{"highest priority",
	 {{BASIC_OPEN, SHOW_AWAY, 1, "a", false}, {BASIC_OPEN, SHOW_CHAT, 9, "b", false}},
	 2,
	 .wanted = "chat 9: b"},
	{"first of equals",
	 {{BASIC_OPEN, SHOW_AWAY, 4, NULL, false}, {BASIC_OPEN, SHOW_CHAT, 4, NULL, false}},
	 2,
	 .wanted = "away 4:"},
	{"set before unset",
	 {OPEN_SHOW(SHOW_AWAY), {BASIC_OPEN, SHOW_CHAT, 0, NULL, false}},
	 2,
	 .wanted = "chat 0:"},
	{"open before closed",
	 {{BASIC_CLOSED, SHOW_DND, 100, NULL, false}, {BASIC_OPEN, SHOW_NONE, 1, NULL, false}},
	 2,
	 .wanted = "none 1:"},
	/* [PRES-133] */
	{"who takes messages first",
	 {{BASIC_OPEN, SHOW_DND, 100, NULL, true}, OPEN},
	 2,
	 .wanted = "none:"},
	{"only a telephone", {{BASIC_OPEN, SHOW_NONE, 100, NULL, true}}, 1, .wanted = "none 0:"},
	{"a telephone, no priority",
	 {{BASIC_OPEN, SHOW_NONE, UNSET, NULL, true}},
	 1,
	 .wanted = "none 0:"},
	/* [D-30] */
	{"never negative", {{BASIC_OPEN, SHOW_NONE, -5, NULL, false}}, 1, .wanted = "none 0:"},
	/* [D-27] the phone, in the order of the table. [DLG-015] */
	{"on hold", {OPEN}, 1, .phone = {.state = PHONE_ON_HOLD}, .wanted = "dnd: On hold@en"},
	{"in a call",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_IN_CALL},
	 .wanted = "dnd: On the phone@en"},
	{"dialling",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_DIALLING},
	 .wanted = "dnd: On the phone@en"},
	{"do not disturb",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_IDLE, .is_dnd = true},
	 .wanted = "dnd: Do not disturb@en"},
	{"ringing: no show",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_RINGING},
	 .wanted = "none: Ringing@en"},
	{"no calls say nothing", {OPEN}, 1, .phone = {.state = PHONE_IDLE}, .wanted = "none:"},
	{"a call before do not disturb",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_IN_CALL, .is_dnd = true},
	 .wanted = "dnd: On the phone@en"},
	{"do not disturb before ringing",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_RINGING, .is_dnd = true},
	 .wanted = "dnd: Do not disturb@en"},
	{"ringing keeps his show",
	 {OPEN_SHOW(SHOW_XA)},
	 1,
	 .phone = {.state = PHONE_RINGING},
	 .wanted = "xa: Ringing@en"},
	{"ringing keeps what his activity says",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_RINGING},
	 .activities = MEETING,
	 .wanted = "dnd: Ringing@en"},
	{"ringing, and nobody near",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_RINGING},
	 .idle = true,
	 .wanted = "away idle: Ringing@en"},
	{"a call before his own show",
	 {OPEN_SHOW(SHOW_CHAT)},
	 1,
	 .phone = {.state = PHONE_IN_CALL},
	 .wanted = "dnd: On the phone@en"},
	/* on-the-phone without phone state is a call; what is known of the calls says more (a PBX
	 * says it of a ringing phone) */
	{"on-the-phone", {OPEN}, 1, .activities = ON_THE_PHONE, .wanted = "dnd: On the phone@en"},
	{"on-the-phone, on another phone",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_IDLE},
	 .activities = ON_THE_PHONE,
	 .wanted = "dnd: On the phone@en"},
	{"on-the-phone of a ringing phone",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_RINGING},
	 .activities = ON_THE_PHONE,
	 .wanted = "none: Ringing@en"},
	{"on-the-phone of a held call",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_ON_HOLD},
	 .activities = ON_THE_PHONE,
	 .wanted = "dnd: On hold@en"},
	/* [D-27] the user's note follows the text */
	{"note in a call",
	 {OPEN_WITH("back at 3")},
	 1,
	 .phone = {.state = PHONE_IN_CALL},
	 .wanted = "dnd: On the phone: back at 3@en"},
	{"note that says the same",
	 {OPEN_WITH("on the phone")},
	 1,
	 .phone = {.state = PHONE_IN_CALL},
	 .wanted = "dnd: On the phone@en"},
	{"note alone", {OPEN_WITH("back at 3")}, 1, .wanted = "none: back at 3"},
	/* [DLG-018] who hands it on drops it unless it may be shown */
	{"the other party",
	 {OPEN_WITH("back at 3")},
	 1,
	 .phone = {.state = PHONE_IN_CALL, .other = front_desk},
	 .wanted = "dnd: On the phone (Front desk): back at 3@en"},
	{"who rings",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_RINGING, .other = front_desk},
	 .wanted = "none: Ringing (Front desk)@en"},
	{"no other party without a call",
	 {OPEN},
	 1,
	 .phone = {.state = PHONE_IDLE, .is_dnd = true, .other = front_desk},
	 .wanted = "dnd: Do not disturb@en"},
	/* [PRES-138] [RPR-018] D-28; the word only where he wrote no note */
	{"activity", {OPEN}, 1, .activities = MEETING, .wanted = "dnd: In a meeting@en"},
	{"activity and note",
	 {OPEN_WITH("until 3")},
	 1,
	 .activities = MEETING,
	 .wanted = "dnd: until 3"},
	{"the word for what gave the show",
	 {OPEN},
	 1,
	 .activities = BIT(ACTIVITY_APPOINTMENT) | BIT(ACTIVITY_LUNCH) | MEETING,
	 .wanted = "dnd: In a meeting@en"},
	{"activity that a show says",
	 {OPEN},
	 1,
	 .activities = BIT(ACTIVITY_BUSY),
	 .wanted = "dnd:"},
	{"activity without a show",
	 {OPEN},
	 1,
	 .activities = BIT(ACTIVITY_WORKING),
	 .wanted = "none: Working@en"},
	{"own show first",
	 {OPEN_SHOW(SHOW_CHAT)},
	 1,
	 .activities = BIT(ACTIVITY_BUSY),
	 .wanted = "chat:"},
	/* [D-27] [X0319-1] */
	{"idle is away", {OPEN}, 1, .idle = true, .wanted = "away idle:"},
	{"idle and busy", {OPEN_SHOW(SHOW_DND)}, 1, .idle = true, .wanted = "dnd idle:"},
	{"idle with a note", {OPEN_WITH("n")}, 1, .idle = true, .wanted = "away idle: n"},
	/* [PRES-136] [RPR-006] */
	{"note of the device",
	 {OPEN_WITH("d")},
	 1,
	 .person_note = "p",
	 .user_note = "u",
	 .wanted = "none: d"},
	{"note of the person",
	 {OPEN},
	 1,
	 .person_note = "p",
	 .user_note = "u",
	 .wanted = "none: p"},
	{"note of the user", {OPEN}, 1, .user_note = "u", .wanted = "none: u"},
	{"note of another device is not shown",
	 {{BASIC_CLOSED, SHOW_NONE, UNSET, "c", false}, OPEN},
	 2,
	 .wanted = "none:"},
	/* [DLG-017] only calls are known: calls make him open, no calls say nothing */
	{"only a call", .phone = {.state = PHONE_IN_CALL}, .wanted = "dnd: On the phone@en"},
	{"only ringing", .phone = {.state = PHONE_RINGING}, .wanted = "none: Ringing@en"},
	{"only no calls", .phone = {.state = PHONE_IDLE}, .wanted = "gone:"},
};

static void add_note(struct notes *notes, const char *lang, const char *text)
{
	if (text != NULL)
		notes_add(notes, lang, text, strlen(text));
}

static void build(const struct row *row, struct presence *presence)
{
	for (unsigned i = 0; i < row->count; i++) {
		const struct given *given = &row->devices[i];
		char id[16];
		struct device *device;

		(void)snprintf(id, sizeof id, "%u", i);
		device = presence_add_device(presence, id);
		device->basic = given->basic;
		device->show = given->show;
		device->priority = given->priority;
		device->is_im = !given->not_im;
		add_note(&device->notes, "", given->note);
	}
	phone_copy(&presence->phone, &row->phone);
	presence->person.activities = row->activities;
	presence->person.idle = row->idle;
	presence->person.idle_since_ms = row->idle ? 12345 : 0;
	add_note(&presence->person.notes, "", row->person_note);
	add_note(&presence->notes, "", row->user_note);
}

static void describe(const struct presence_view *view, struct buf *out)
{
	const char *pieces[VIEW_PIECES_MAX];

	if (!view->available)
		buf_puts(out, "gone");
	else
		buf_puts(out, view->show == SHOW_NONE ? "none" : show_name(view->show));
	if (view->priority != UNSET)
		buf_printf(out, " %d", view->priority);
	if (view->idle)
		buf_puts(out, " idle");
	buf_putc(out, ':');
	for (size_t i = 0; i < view->text_count; i++) {
		size_t count = presence_view_pieces(view, i, pieces);

		assert_in_range(count, 1, VIEW_PIECES_MAX);
		buf_puts(out, i == 0 ? " " : " | ");
		for (size_t at = 0; at < count; at++)
			buf_puts(out, pieces[at]);
		if (view->texts[i].lang[0] != '\0')
			buf_printf(out, "@%s", view->texts[i].lang);
	}
}

static void check_view(const struct presence *presence, const struct presence_rules *rules,
		       const char *name, const char *wanted)
{
	struct buf text = BUF_INIT;
	struct presence_view view;
	struct presence_view again;

	presence_view_make(presence, rules, &view);
	describe(&view, &text);
	if (strcmp(buf_text(&text), wanted) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", name, buf_text(&text), wanted);
	assert_true(presence == NULL || view.available == presence_is_open(presence));
	presence_view_make(presence, rules, &again);
	assert_true(presence_view_equal(&view, &again));
	again.available = !again.available;
	assert_false(presence_view_equal(&view, &again));
	buf_free(&text);
}

/* [D-27] [DLG-014] [DLG-016] [PBX-029] */
static void shows_each_case(void **state)
{
	(void)state;
	check_view(NULL, NULL, "no fresh source", "gone:");
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct presence presence = {0};

		build(&rows[i], &presence);
		check_view(&presence, NULL, rows[i].name, rows[i].wanted);
		presence_clear(&presence);
	}
}

/* [RPR-011] [PRES-135] one text a language, and never two of one */
static void languages_stay_distinct(void **state)
{
	struct presence presence = {.phone = {.state = PHONE_IN_CALL}};
	struct device *device = presence_add_device(&presence, "a");

	(void)state;
	device->basic = BASIC_OPEN;
	add_note(&device->notes, "", "plain");
	add_note(&device->notes, "de",
		 "um drei zur\xC3\xBC"
		 "ck");
	check_view(&presence, NULL, "unknown and German",
		   "dnd: On the phone: plain@en | On the phone: um drei zur\xC3\xBC"
		   "ck@de");
	add_note(&device->notes, "EN", "back at 3");
	check_view(&presence, NULL, "English too",
		   "dnd: On the phone: plain | On the phone: um drei zur\xC3\xBC"
		   "ck@de"
		   " | On the phone: back at 3@EN");
	presence.phone.state = PHONE_IDLE;
	check_view(&presence, NULL, "his notes alone",
		   "none: plain | um drei zur\xC3\xBC"
		   "ck@de | back at 3@EN");
	presence_clear(&presence);
}

static void set(char **field, const char *text)
{
	rich_set(field, text, strlen(text), RICH_WORD_BYTES_MAX);
}

/* [RPR-022] [RPR-023] [RPR-027] [RPR-028] what has no counterpart becomes words */
static void details_become_words(void **state)
{
	struct presence presence = {0};
	struct presence_rules rules;
	struct device *device = presence_add_device(&presence, "a");
	struct rich *rich = person_rich(&presence.person);

	(void)state;
	device->basic = BASIC_OPEN;
	assert_true(presence_rules_init(&rules, "de-AT"));
	set(&rich->place, "train");
	check_view(&presence, &rules, "place", "none: Zug@de");
	add_note(&device->notes, "", "bis drei");
	check_view(&presence, &rules, "place and note", "none: bis drei (Zug)");
	presence.phone.state = PHONE_IN_CALL;
	set(&rich->sphere, "work");
	check_view(&presence, &rules, "all", "dnd: Am Telefon: bis drei (Zug, Bei der Arbeit)@de");
	set(&rich->sphere, "in the club");
	set(&rich->place, "the garden");
	check_view(&presence, &rules, "free words",
		   "dnd: Am Telefon: bis drei (the garden, in the club)@de");
	rich->has_time_offset = true;
	rich->time_offset_min = -210;
	set(&rich->place_audio, "noisy");
	set(&rich->place_video, "ok");
	set(&rich->place_text, "inappropriate");
	set(&rich->sphere, "unknown");
	check_view(&presence, &rules, "quiet by default",
		   "dnd: Am Telefon: bis drei (the garden)@de");
	rules.details |= DETAIL_TIME | DETAIL_SURROUNDINGS;
	check_view(&presence, &rules, "everything",
		   "dnd: Am Telefon: bis drei (the garden, Laut, "
		   "Schreiben ung\xC3\xBCnstig, UTC-03:30)@de");
	rules.details = 0;
	check_view(&presence, &rules, "nothing", "dnd: Am Telefon: bis drei@de");
	presence_clear(&presence);
}

/* However long they are, the words stay whole characters and the text is bounded. */
static void details_are_bounded(void **state)
{
	struct presence presence = {0};
	struct presence_view view;
	struct rich *rich = person_rich(&presence.person);
	struct presence_rules rules = *presence_rules_built_in();
	char text[4 * RICH_WORD_BYTES_MAX + 1];

	(void)state;
	presence_add_device(&presence, "a")->basic = BASIC_OPEN;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	rich_set(&rich->place, text, sizeof text - 1, sizeof text);
	rich_set(&rich->sphere, text, sizeof text - 1, sizeof text);
	rules.details |= DETAIL_TIME;
	rich->has_time_offset = true;
	rich->time_offset_min = INT32_MAX;
	presence_view_make(&presence, &rules, &view);
	assert_int_equal(strlen(view.details), VIEW_DETAILS_BYTES - 1);
	presence_clear(&presence);
}

/* [D-27] a table in the configuration */
static void rules_can_be_changed(void **state)
{
	struct presence presence = {.phone = {.state = PHONE_RINGING, .is_dnd = true}};
	struct presence_rules rules;
	struct presence_rule *rule;

	(void)state;
	presence_add_device(&presence, "a")->basic = BASIC_OPEN;
	assert_true(presence_rules_init(&rules, "en"));
	rule = presence_rules_put(&rules, CASE_RINGING);
	assert_non_null(rule);
	rule->keeps_show = false;
	rule->show = SHOW_AWAY;
	rule->text = "Phone rings";
	assert_null(presence_rules_put(&rules, CASE_RINGING));
	assert_null(presence_rules_put(&rules, CASE_UNKNOWN));
	check_view(&presence, &rules, "ringing first", "away: Phone rings@en");
	rule->keeps_show = true;
	check_view(&presence, &rules, "first, and keeps what follows", "dnd: Phone rings@en");
	rule->text = "";
	check_view(&presence, &rules, "no text", "dnd:");
	rule = presence_rules_put(&rules, CASE_CLOSED);
	assert_ptr_equal(rule, &rules.rules[1]);
	rule->text = "Off";
	presence.devices[0].basic = BASIC_CLOSED;
	check_view(&presence, &rules, "closed wherever it stands", "gone: Off@en");
	presence.devices[0].basic = BASIC_OPEN;
	presence.person.activities = MEETING;
	presence.phone = (struct phone){0};
	rule = presence_rules_put(&rules, CASE_ACTIVITY);
	rule->keeps_show = false;
	rule->show = SHOW_NONE;
	check_view(&presence, &rules, "activities say no show", "none: In a meeting@en");
	presence_clear(&presence);
}

/* Texts of his own in a language that is not built in. */
static void own_words_have_their_language(void **state)
{
	struct presence presence = {.phone = {.state = PHONE_IN_CALL}};
	struct presence_rules rules;

	(void)state;
	presence_add_device(&presence, "a")->basic = BASIC_OPEN;
	assert_false(presence_rules_init(&rules, "hu"));
	check_view(&presence, &rules, "built in", "dnd: On the phone@en");
	presence_rules_put(&rules, CASE_IN_CALL)->text = "Telefon\xC3\xA1l";
	check_view(&presence, &rules, "own", "dnd: Telefon\xC3\xA1l@hu");
	presence_clear(&presence);
}

static void names_come_back(void **state)
{
	(void)state;
	for (int i = 0; i < CASE_COUNT; i++)
		assert_int_equal(presence_case_from_name(presence_case_name((enum presence_case)i)),
				 i);
	assert_int_equal(presence_case_from_name("busy"), -1);
}

/* Each word is there in each language: the compiler does not miss a column. */
static void no_word_is_missing(void **state)
{
	static const char *const tags[] = {"en", "de", "fr", "es", "it", "nl", "pt",
					   "pl", "sv", "da", "nb", "fi", "cs", "ru"};
	static const char *const places[] = {"aircraft", "office", "watercraft", "underway"};

	(void)state;
	for (int i = 0; i < (int)CHECK_COUNT(tags); i++) {
		assert_string_equal(presence_words_tag(i), tags[i]);
		assert_int_equal(presence_words_language(tags[i]), i);
		for (int which = CASE_CLOSED; which <= CASE_RINGING; which++)
			assert_non_null(presence_words_case(i, (enum presence_case)which));
		for (int which = 0; which < ACTIVITY_COUNT; which++)
			assert_int_equal(presence_words_activity(i, (enum activity)which) == NULL,
					 presence_words_activity(0, (enum activity)which) == NULL);
		for (size_t at = 0; at < CHECK_COUNT(places); at++)
			assert_non_null(presence_words_other(i, WORD_PLACE, places[at]));
		assert_non_null(presence_words_other(i, WORD_SPHERE, "home"));
		assert_non_null(presence_words_other(i, WORD_AUDIO, "quiet"));
		assert_non_null(presence_words_other(i, WORD_VIDEO, "toobright"));
		assert_non_null(presence_words_other(i, WORD_TEXT, "uncomfortable"));
		assert_non_null(presence_words_plea(i));
		assert_non_null(presence_words_plea_rest(i));
		assert_non_null(presence_words_prompt(i));
		assert_non_null(presence_words_prompt_text(i));
	}
	assert_null(presence_words_tag((int)CHECK_COUNT(tags)));
	assert_null(presence_words_tag(-1));
	assert_int_equal(presence_words_language("PT-br"), presence_words_language("pt"));
	assert_int_equal(presence_words_language("no"), presence_words_language("nb"));
	assert_int_equal(presence_words_language("den"), -1);
	assert_int_equal(presence_words_language("d"), -1);
	assert_null(presence_words_other(0, WORD_PLACE, "ok"));
}

/* [PRS-003] the time of the last change, for who is gone */
static void the_last_change_is_told(void **state)
{
	struct presence presence = {0};
	struct presence_view view;

	(void)state;
	presence_add_device(&presence, "a")->basic = BASIC_CLOSED;
	presence_add_device(&presence, "b")->basic = BASIC_CLOSED;
	presence_view_make(&presence, NULL, &view);
	assert_int_equal(view.since_ms, 0);
	presence.devices[0].since_ms = 7000;
	presence.devices[1].since_ms = 5000;
	presence_view_make(&presence, NULL, &view);
	assert_int_equal(view.since_ms, 7000);
	presence_clear(&presence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_each_case),
		cmocka_unit_test(languages_stay_distinct),
		cmocka_unit_test(details_become_words),
		cmocka_unit_test(details_are_bounded),
		cmocka_unit_test(rules_can_be_changed),
		cmocka_unit_test(own_words_have_their_language),
		cmocka_unit_test(names_come_back),
		cmocka_unit_test(no_word_is_missing),
		cmocka_unit_test(the_last_change_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
