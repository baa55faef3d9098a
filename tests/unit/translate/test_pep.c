/* pep: payloads of personal eventing both ways, and the words of both worlds. */
#include <stdio.h>
#include <strophe.h>

#include "base/buf.h"
#include "model/presence.h"
#include "model/rich.h"
#include "support/check.h"
#include "translate/pep.h"
#include "translate/vocabulary.h"
#include "unit/translate/describe.h"

#define MOOD(inside)     "<mood xmlns='" PEP_MOOD "'>" inside "</mood>"
#define ACTIVITY(inside) "<activity xmlns='" PEP_ACTIVITY "'>" inside "</activity>"
#define NICK(inside)     "<nick xmlns='" PEP_NICK "'>" inside "</nick>"

static void describe_notes(const struct notes *notes, struct buf *out)
{
	for (size_t i = 0; i < notes->count; i++)
		buf_printf(out, " '%s'%s%s", notes->items[i].text,
			   notes->items[i].lang[0] == '\0' ? "" : "@", notes->items[i].lang);
}

static void describe_person(const struct person *person, struct buf *out)
{
	const struct rich *rich = person->rich;

	for (int i = 0; i < ACTIVITY_COUNT; i++) {
		if ((person->activities & (UINT32_C(1) << i)) != 0)
			buf_printf(out, "%s", activity_name((enum activity)i));
	}
	if (rich == NULL)
		return;
	if (rich->activity != NULL)
		buf_printf(out, " %s", rich->activity);
	describe_notes(&rich->activity_notes, out);
	if (rich->mood != NULL)
		buf_printf(out, "mood %s", rich->mood);
	describe_notes(&rich->mood_notes, out);
	if (rich->display_name != NULL)
		buf_printf(out, "nick %s", rich->display_name);
}

static void read_payload(const char *node, const char *text, struct person *person)
{
	xmpp_stanza_t *payload = text == NULL ? NULL : stanza_from_text(text);

	assert_true(pep_read(node, payload, person));
	if (payload != NULL)
		xmpp_stanza_release(payload);
}

static const struct {
	const char *node;
	const char *payload;
	const char *wanted;
} reads[] = {
	/* [X0107-1] */
	{PEP_MOOD, MOOD("<happy/><text>Yay, the mood spec has been approved!</text>"),
	 "mood happy 'Yay, the mood spec has been approved!'"},
	{PEP_MOOD, MOOD("<text xml:lang='en'>so so</text><in_awe/>"), "mood in_awe 'so so'@en"},
	{PEP_MOOD, MOOD("<sad/><happy/>"), "mood sad"},
	{PEP_MOOD, MOOD("<sad><x xmlns='urn:more'/></sad>"), "mood sad"},
	{PEP_MOOD, MOOD("<ecstatic xmlns='https://example.org/'/>"), ""},
	{PEP_MOOD, MOOD("<ecstatic/>"), "mood ecstatic"},
	/* [X0163-3] */
	{PEP_MOOD, MOOD(""), ""},
	{PEP_MOOD, MOOD("<text>nothing</text>"), ""},
	{PEP_MOOD, NULL, ""},
	{PEP_MOOD, ACTIVITY("<working/>"), ""},
	/* [X0108-1] [X0108-2] [X0108-3] */
	{PEP_ACTIVITY,
	 ACTIVITY("<relaxing><partying/></relaxing><text xml:lang='en'>My nurse's "
		  "birthday!</text>"),
	 "other relaxing/partying 'My nurse's birthday!'@en"},
	{PEP_ACTIVITY,
	 ACTIVITY("<inactive><sleeping><hibernating xmlns='http://www.ursus.info/'/>"
		  "</sleeping></inactive><text>My nurse's birthday!</text>"),
	 "sleeping inactive/sleeping 'My nurse's birthday!'"},
	{PEP_ACTIVITY, ACTIVITY("<working/>"), "working working"},
	{PEP_ACTIVITY, ACTIVITY("<working><in_a_meeting/></working>"),
	 "meeting working/in_a_meeting"},
	{PEP_ACTIVITY, ACTIVITY("<working><juggling/></working>"), "working working"},
	{PEP_ACTIVITY, ACTIVITY("<eating><partying/></eating>"), "meal eating"},
	{PEP_ACTIVITY, ACTIVITY("<conquering/>"), ""},
	{PEP_ACTIVITY, ACTIVITY("<undefined/>"), "unknown undefined"},
	{PEP_ACTIVITY, ACTIVITY(""), ""},
	{PEP_ACTIVITY, NULL, ""},
	/* [X0172-2] */
	{PEP_NICK, NICK(" Ishmael "), "nick Ishmael"},
	{PEP_NICK, NICK("Ann\n\"A\""), "nick Ann \"A\""},
	{PEP_NICK, NICK("\x7F Ann\x7F"), "nick Ann"},
	{PEP_NICK, NICK("\x7F\x7F"), ""},
	{PEP_NICK, NICK(""), ""},
};

static void reads_payloads(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(reads); i++) {
		struct person person = {0};
		struct buf line = BUF_INIT;

		/* what was said before is over */
		read_payload(PEP_MOOD, MOOD("<weak/><text>t</text>"), &person);
		read_payload(PEP_MOOD, MOOD(""), &person);
		assert_null(person.rich);
		if (reads[i].node[0] != '\0')
			read_payload(reads[i].node, reads[i].payload, &person);
		describe_person(&person, &line);
		if (strcmp(buf_text(&line), reads[i].wanted) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", reads[i].payload, buf_text(&line),
				 reads[i].wanted);
		buf_free(&line);
		person_clear(&person);
	}
}

/* Each node says its own, in place of what it said before, and leaves the others alone. */
static void nodes_stay_apart(void **state)
{
	struct person person = {0};
	struct buf line = BUF_INIT;

	(void)state;
	read_payload(PEP_MOOD, MOOD("<happy/>"), &person);
	read_payload(PEP_ACTIVITY, ACTIVITY("<eating/><text>soup</text>"), &person);
	read_payload(PEP_NICK, NICK("Ann"), &person);
	read_payload(PEP_ACTIVITY, ACTIVITY("<eating><having_lunch/></eating>"), &person);
	describe_person(&person, &line);
	assert_string_equal(buf_text(&line), "lunch eating/having_lunchmood happynick Ann");
	assert_false(pep_read("http://jabber.org/protocol/tune", NULL, &person));
	read_payload(PEP_ACTIVITY, NULL, &person);
	read_payload(PEP_NICK, NULL, &person);
	buf_reset(&line);
	describe_person(&person, &line);
	assert_string_equal(buf_text(&line), "mood happy");
	read_payload(PEP_MOOD, NULL, &person);
	assert_null(person.rich);
	buf_free(&line);
	person_clear(&person);
}

static void set(char **field, const char *text)
{
	rich_set(field, text, strlen(text), RICH_WORD_BYTES_MAX);
}

static const struct {
	const char *mood;
	const char *mood_note;
	const char *activity;
	uint32_t activities;
	const char *activity_note;
	const char *place;
	enum phone_state phone;
	const char *wanted_mood;
	const char *wanted_activity;
} writes[] = {
	/* [X0163-3] nothing said is an empty element */
	{.wanted_mood = "", .wanted_activity = ""},
	{"happy", "yes", .wanted_mood = "<happy/><text>yes</text>", .wanted_activity = ""},
	{"thankful", NULL, .wanted_mood = "<thankful/>", .wanted_activity = ""},
	{"ecstatic", NULL, .wanted_mood = "<undefined/><text>ecstatic</text>",
	 .wanted_activity = ""},
	{"ecstatic", "very", .wanted_mood = "<undefined/><text>very</text>", .wanted_activity = ""},
	{.activity = "relaxing/partying",
	 .activities = 1u << ACTIVITY_OTHER,
	 .activity_note = "til late",
	 .wanted_mood = "",
	 .wanted_activity = "<relaxing><partying/></relaxing><text>til late</text>"},
	/* [DLG-015] */
	{.activity = "relaxing/partying",
	 .activities = 1u << ACTIVITY_OTHER,
	 .activity_note = "til late",
	 .phone = PHONE_IN_CALL,
	 .wanted_mood = "",
	 .wanted_activity = "<talking><on_the_phone/></talking>"},
	{.activities = 1u << ACTIVITY_MEETING,
	 .phone = PHONE_RINGING,
	 .wanted_mood = "",
	 .wanted_activity = "<working><in_a_meeting/></working>"},
	/* [X0108-2] */
	{.activities = 1u << ACTIVITY_IN_TRANSIT,
	 .place = "train",
	 .wanted_mood = "",
	 .wanted_activity = "<traveling><on_a_train/></traveling>"},
	{.activities = 1u << ACTIVITY_IN_TRANSIT,
	 .place = "office",
	 .wanted_mood = "",
	 .wanted_activity = "<traveling/>"},
	{.activities = 1u << ACTIVITY_AWAY, .wanted_mood = "", .wanted_activity = ""},
	{.activities = 1u << ACTIVITY_APPOINTMENT | 1u << ACTIVITY_MEETING,
	 .wanted_mood = "",
	 .wanted_activity = "<working><in_a_meeting/></working>"},
	/* [X0108-3] */
	{.activities = 1u << ACTIVITY_OTHER,
	 .activity_note = "kite flying",
	 .wanted_mood = "",
	 .wanted_activity = "<undefined/><text>kite flying</text>"},
	{.activities = 1u << ACTIVITY_OTHER, .wanted_mood = "", .wanted_activity = ""},
};

static void check_payload(const char *node, const char *name, const struct presence *presence,
			  const char *inside)
{
	struct buf out = BUF_INIT;
	struct buf wanted = BUF_INIT;

	assert_true(pep_write(node, presence, &out));
	if (inside[0] == '\0')
		buf_printf(&wanted, "<%s xmlns=\"%s\"/>", name, node);
	else
		buf_printf(&wanted, "<%s xmlns=\"%s\">%s</%s>", name, node, inside, name);
	assert_string_equal(buf_text(&out), buf_text(&wanted));
	buf_free(&out);
	buf_free(&wanted);
}

static void writes_payloads(void **state)
{
	struct presence nobody = {0};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(writes); i++) {
		struct presence presence = {.phone = {.state = writes[i].phone}};
		struct rich *rich = person_rich(&presence.person);

		presence.person.activities = writes[i].activities;
		if (writes[i].mood != NULL)
			set(&rich->mood, writes[i].mood);
		if (writes[i].mood_note != NULL)
			notes_add(&rich->mood_notes, "en", writes[i].mood_note,
				  strlen(writes[i].mood_note));
		if (writes[i].activity != NULL)
			set(&rich->activity, writes[i].activity);
		if (writes[i].activity_note != NULL)
			notes_add(&rich->activity_notes, "", writes[i].activity_note,
				  strlen(writes[i].activity_note));
		if (writes[i].place != NULL)
			set(&rich->place, writes[i].place);
		check_payload(PEP_MOOD, "mood", &presence, writes[i].wanted_mood);
		check_payload(PEP_ACTIVITY, "activity", &presence, writes[i].wanted_activity);
		presence_clear(&presence);
	}
	check_payload(PEP_NICK, "nick", &nobody, "");
	set(&person_rich(&nobody.person)->display_name, "A <b>");
	check_payload(PEP_NICK, "nick", &nobody, "A &lt;b&gt;");
	assert_false(pep_write("urn:other", &nobody, &out));
	assert_int_equal(out.len, 0);
	presence_clear(&nobody);
}

/* [RPR-019] [RPR-020] */
static void moods_are_those_of_the_texts(void **state)
{
	static const char rpid[] =
		"afraid amazed angry annoyed anxious ashamed bored brave calm cold confused "
		"contented cranky curious depressed disappointed disgusted distracted embarrassed "
		"excited flirtatious frustrated grumpy guilty happy hot humbled humiliated hungry "
		"hurt impressed in_awe in_love indignant interested invincible jealous lonely mean "
		"moody nervous neutral offended playful proud relieved remorseful restless sad "
		"sarcastic serious shocked shy sick sleepy stressed surprised thirsty worried";
	static const char more[] =
		"amorous aroused cautious confident contemplative crazy creative dejected dismayed "
		"envious grateful grieving hopeful intoxicated lost lucky outraged relaxed "
		"satisfied spontaneous strong thankful tired undefined weak";
	char word[32];
	int count = 0;
	int n;

	(void)state;
	for (const char *p = rpid; sscanf(p, " %31s%n", word, &n) == 1; p += n, count++)
		assert_true(vocabulary_is_rpid_mood(word) && vocabulary_is_xmpp_mood(word));
	assert_int_equal(count, 59);
	count = 0;
	for (const char *p = more; sscanf(p, " %31s%n", word, &n) == 1; p += n, count++)
		assert_true(!vocabulary_is_rpid_mood(word) && vocabulary_is_xmpp_mood(word));
	assert_int_equal(count, 25);
	assert_false(vocabulary_is_xmpp_mood("other") || vocabulary_is_rpid_mood("unknown"));
}

/* [X0108-2] [X0108-3] rows of the tables, and back. */
static const struct {
	enum activity activity;
	const char *path;
	enum activity back;
} activities[] = {
	{ACTIVITY_APPOINTMENT, "having_appointment", ACTIVITY_APPOINTMENT},
	{ACTIVITY_HOLIDAY, "inactive/scheduled_holiday", ACTIVITY_HOLIDAY},
	{ACTIVITY_IN_TRANSIT, "traveling", ACTIVITY_IN_TRANSIT},
	{ACTIVITY_MEAL, "eating", ACTIVITY_MEAL},
	{ACTIVITY_MEETING, "working/in_a_meeting", ACTIVITY_MEETING},
	{ACTIVITY_ON_THE_PHONE, "talking/on_the_phone", ACTIVITY_ON_THE_PHONE},
	{ACTIVITY_SLEEPING, "inactive/sleeping", ACTIVITY_SLEEPING},
	{ACTIVITY_STEERING, "traveling/driving", ACTIVITY_STEERING},
	{ACTIVITY_TRAVEL, "traveling/on_a_trip", ACTIVITY_TRAVEL},
	{ACTIVITY_VACATION, "inactive/on_vacation", ACTIVITY_VACATION},
	{ACTIVITY_BREAKFAST, "eating/having_breakfast", ACTIVITY_BREAKFAST},
	{ACTIVITY_LUNCH, "eating/having_lunch", ACTIVITY_LUNCH},
	{ACTIVITY_DINNER, "eating/having_dinner", ACTIVITY_DINNER},
	{ACTIVITY_WORKING, "working", ACTIVITY_WORKING},
	{ACTIVITY_TV, "relaxing/watching_tv", ACTIVITY_TV},
	{ACTIVITY_SHOPPING, "relaxing/shopping", ACTIVITY_SHOPPING},
	{ACTIVITY_WORSHIP, "inactive/praying", ACTIVITY_WORSHIP},
	{ACTIVITY_PLAYING, "relaxing/gaming", ACTIVITY_PLAYING},
	{ACTIVITY_PRESENTATION, "working/in_a_meeting", ACTIVITY_MEETING},
	{ACTIVITY_LOOKING_FOR_WORK, "working", ACTIVITY_WORKING},
	{ACTIVITY_SPECTATOR, "relaxing/going_out", ACTIVITY_SPECTATOR},
	{ACTIVITY_AWAY, NULL, ACTIVITY_OTHER},
	{ACTIVITY_BUSY, NULL, ACTIVITY_OTHER},
	{ACTIVITY_PERFORMANCE, NULL, ACTIVITY_OTHER},
	{ACTIVITY_PERMANENT_ABSENCE, NULL, ACTIVITY_OTHER},
	{ACTIVITY_OTHER, NULL, ACTIVITY_OTHER},
	{ACTIVITY_UNKNOWN, NULL, ACTIVITY_OTHER},
};

static void activities_are_those_of_the_tables(void **state)
{
	(void)state;
	assert_int_equal(CHECK_COUNT(activities), ACTIVITY_COUNT);
	for (size_t i = 0; i < CHECK_COUNT(activities); i++) {
		const char *path = vocabulary_to_xmpp_activity(activities[i].activity, NULL);

		if (activities[i].path == NULL) {
			assert_null(path);
			continue;
		}
		assert_string_equal(path, activities[i].path);
		assert_true(vocabulary_is_xmpp_activity(path));
		assert_int_equal(vocabulary_from_xmpp_activity(path), activities[i].back);
	}
	assert_string_equal(vocabulary_to_xmpp_activity(ACTIVITY_IN_TRANSIT, "bus"),
			    "traveling/on_a_bus");
	assert_string_equal(vocabulary_place_of_activity("traveling/in_a_car"), "automobile");
	assert_null(vocabulary_place_of_activity("working"));
	assert_string_equal(vocabulary_find_xmpp_activity("having coffee"),
			    "drinking/having_coffee");
	assert_string_equal(vocabulary_find_xmpp_activity("drinking"), "drinking");
	assert_null(vocabulary_find_xmpp_activity("having"));
	assert_null(vocabulary_find_xmpp_activity(""));
}

/* What is written is read back, for every word. */
static void payloads_come_back(void **state)
{
	static const char *const paths[] = {"doing_chores/walking_the_dog",
					    "drinking/having_tea",
					    "exercising/cycling",
					    "grooming/at_the_spa",
					    "traveling/cycling",
					    "traveling/on_a_plane",
					    "working/coding",
					    "having_appointment",
					    "undefined"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(paths); i++) {
		struct presence presence = {0};
		struct person back = {0};
		struct buf out = BUF_INIT;

		set(&person_rich(&presence.person)->activity, paths[i]);
		assert_true(vocabulary_is_xmpp_activity(paths[i]));
		presence.person.activities = UINT32_C(1) << vocabulary_from_xmpp_activity(paths[i]);
		assert_true(pep_write(PEP_ACTIVITY, &presence, &out));
		read_payload(PEP_ACTIVITY, out.data, &back);
		assert_true(person_equal(&back, &presence.person));
		buf_free(&out);
		person_clear(&back);
		presence_clear(&presence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_payloads),
		cmocka_unit_test(nodes_stay_apart),
		cmocka_unit_test(writes_payloads),
		cmocka_unit_test(moods_are_those_of_the_texts),
		cmocka_unit_test(activities_are_those_of_the_tables),
		cmocka_unit_test(payloads_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
