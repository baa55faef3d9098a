/* The person of a presence document, as the schemas of RFC 4479, RFC 4480 and RFC 4482 have it
 * (RPR-005, RPR-014, RPR-016). */
#include <stdio.h>
#include <string.h>

#include "model/presence_words.h"
#include "translate/pidf.h"
#include "translate/pidf_names.h"
#include "translate/rpid.h"
#include "translate/timestamp.h"
#include "translate/vocabulary.h"
#include "translate/xml_writer.h"

enum { ELEMENT_BYTES = 2 * RICH_WORD_BYTES_MAX, NO_ACTIVITY = -1 };

/* Lunch is missing from the schema of RFC 4480: a meal is written (RPR-017). */
static const char *const activity_elements[ACTIVITY_COUNT] = {
	[ACTIVITY_APPOINTMENT] = "rpid:appointment",
	[ACTIVITY_AWAY] = "rpid:away",
	[ACTIVITY_BREAKFAST] = "rpid:breakfast",
	[ACTIVITY_BUSY] = "rpid:busy",
	[ACTIVITY_DINNER] = "rpid:dinner",
	[ACTIVITY_HOLIDAY] = "rpid:holiday",
	[ACTIVITY_IN_TRANSIT] = "rpid:in-transit",
	[ACTIVITY_LOOKING_FOR_WORK] = "rpid:looking-for-work",
	[ACTIVITY_LUNCH] = "rpid:meal",
	[ACTIVITY_MEAL] = "rpid:meal",
	[ACTIVITY_MEETING] = "rpid:meeting",
	[ACTIVITY_ON_THE_PHONE] = "rpid:on-the-phone",
	[ACTIVITY_OTHER] = "rpid:other",
	[ACTIVITY_PERFORMANCE] = "rpid:performance",
	[ACTIVITY_PERMANENT_ABSENCE] = "rpid:permanent-absence",
	[ACTIVITY_PLAYING] = "rpid:playing",
	[ACTIVITY_PRESENTATION] = "rpid:presentation",
	[ACTIVITY_SHOPPING] = "rpid:shopping",
	[ACTIVITY_SLEEPING] = "rpid:sleeping",
	[ACTIVITY_SPECTATOR] = "rpid:spectator",
	[ACTIVITY_STEERING] = "rpid:steering",
	[ACTIVITY_TRAVEL] = "rpid:travel",
	[ACTIVITY_TV] = "rpid:tv",
	[ACTIVITY_UNKNOWN] = "rpid:unknown",
	[ACTIVITY_VACATION] = "rpid:vacation",
	[ACTIVITY_WORKING] = "rpid:working",
	[ACTIVITY_WORSHIP] = "rpid:worship",
};

static uint32_t bit(int activity)
{
	return activity == NO_ACTIVITY ? 0 : UINT32_C(1) << activity;
}

/* D-28. */
static int activity_of_show(enum show show)
{
	if (show == SHOW_AWAY || show == SHOW_XA)
		return ACTIVITY_AWAY;
	return show == SHOW_DND ? ACTIVITY_BUSY : NO_ACTIVITY;
}

static bool says(uint32_t activities, enum show show)
{
	enum show said = show_from_activities(activities);

	return said == show || (said == SHOW_AWAY && show == SHOW_XA) ||
	       (said == SHOW_XA && show == SHOW_AWAY);
}

/* The person's own, and what the show stands for unless one of them says it. */
static uint32_t activities_of(const struct rpid_person *what)
{
	uint32_t found = what->presence->person.activities;

	if ((found & bit(ACTIVITY_LUNCH)) != 0)
		found = (found & ~bit(ACTIVITY_LUNCH)) | bit(ACTIVITY_MEAL);
	if (!says(found, what->show))
		found |= bit(activity_of_show(what->show));
	/* "unknown" stands alone (RPR-015) */
	if ((found & bit(ACTIVITY_UNKNOWN)) != 0 && (found & (found - 1)) != 0)
		found &= ~bit(ACTIVITY_UNKNOWN);
	return found;
}

/* Of several the one that a reader of the first child should see. */
static uint32_t first_of(uint32_t activities)
{
	enum show show = show_from_activities(activities);

	for (int i = 0; i < ACTIVITY_COUNT; i++) {
		if ((activities & bit(i)) != 0 && show_from_activities(bit(i)) == show)
			return bit(i);
	}
	return activities;
}

static void write_note(struct xml_writer *writer, const char *name, const char *lang,
		       const char *text)
{
	xml_open(writer, name);
	xml_attr(writer, "xml:lang", lang == NULL || lang[0] == '\0' ? NULL : lang);
	xml_text(writer, text);
	xml_close(writer);
}

static void write_notes(struct xml_writer *writer, const char *name, const struct notes *notes)
{
	for (size_t i = 0; i < notes->count && xml_writer_bytes(writer) < PIDF_NOTES_BYTES; i++)
		write_note(writer, name, notes->items[i].lang, notes->items[i].text);
}

static void write_empty(struct xml_writer *writer, const char *name)
{
	xml_open(writer, name);
	xml_close(writer);
}

/* X0108-3: an activity of XEP-0108 that RPID lacks goes by its last word. */
static void write_other(struct xml_writer *writer, const struct rich *rich)
{
	const char *path = rich == NULL ? NULL : rich->activity;
	const char *slash = path == NULL ? NULL : strrchr(path, '/');
	char word[RICH_WORD_BYTES_MAX + 1];

	xml_open(writer, "rpid:other");
	if (path != NULL && vocabulary_from_xmpp_activity(path) == ACTIVITY_OTHER) {
		(void)snprintf(word, sizeof word, "%s", slash == NULL ? path : slash + 1);
		for (char *p = word; *p != '\0'; p++)
			*p = *p == '_' ? ' ' : *p;
		xml_text(writer, word);
	}
	xml_close(writer);
}

static void write_activities(struct xml_writer *writer, const struct rpid_person *what)
{
	const struct rich *rich = what->presence->person.rich;
	uint32_t activities = activities_of(what);

	if (activities == 0)
		return;
	if (what->is_literal)
		activities = first_of(activities);
	xml_open(writer, "rpid:activities");
	if (rich != NULL && !what->is_literal)
		write_notes(writer, "rpid:note", &rich->activity_notes);
	for (int i = 0; i < ACTIVITY_COUNT; i++) {
		if ((activities & bit(i)) == 0)
			continue;
		if (i == ACTIVITY_OTHER)
			write_other(writer, rich);
		else
			write_empty(writer, activity_elements[i]);
	}
	xml_close(writer);
}

/* Idle ----------------------------------------------------------------------------------------- */

enum idle_sum { IDLE_UNSAID, IDLE_NONE, IDLE_SOME, IDLE_ALL };

/* RPR-029: the person sums up his open devices; he is idle since he last touched one of them. */
static enum idle_sum sum_up(const struct presence *presence, int64_t *since_ms)
{
	size_t open = 0;
	size_t idle = 0;
	bool is_dated = true;

	*since_ms = presence->person.idle_since_ms;
	if (presence->person.idle)
		return IDLE_ALL;
	*since_ms = 0;
	for (size_t i = 0; i < presence->device_count; i++) {
		const struct device *device = &presence->devices[i];

		if (device->basic != BASIC_OPEN)
			continue;
		open++;
		if (!device->idle)
			continue;
		idle++;
		is_dated = is_dated && device->idle_since_ms != 0;
		if (device->idle_since_ms > *since_ms)
			*since_ms = device->idle_since_ms;
	}
	if (!is_dated)
		*since_ms = 0;
	if (idle == 0)
		return IDLE_UNSAID;
	return idle == open ? IDLE_ALL : IDLE_SOME;
}

static void write_user_input(struct xml_writer *writer, const struct rpid_person *what, bool idle,
			     int64_t since_ms)
{
	char stamp[TIMESTAMP_CHARS];

	timestamp_format(what->hides_last_input || !idle ? 0 : since_ms, stamp);
	xml_open(writer, "rpid:user-input");
	xml_attr(writer, "last-input", stamp[0] == '\0' ? NULL : stamp);
	xml_text(writer, idle ? "idle" : "active");
	xml_close(writer);
}

static void write_idle(struct xml_writer *writer, const struct rpid_person *what)
{
	int64_t since_ms;
	enum idle_sum sum = sum_up(what->presence, &since_ms);

	if (sum == IDLE_ALL || sum == IDLE_SOME)
		write_user_input(writer, what, sum == IDLE_ALL, since_ms);
}

bool rpid_has_tuples(const struct rpid_person *what)
{
	int64_t since_ms;

	return sum_up(what->presence, &since_ms) == IDLE_SOME;
}

void rpid_write_tuple(struct xml_writer *writer, const struct rpid_person *what,
		      const struct device *device)
{
	if (device->basic == BASIC_OPEN && rpid_has_tuples(what))
		write_user_input(writer, what, device->idle, device->idle_since_ms);
}

/* Rich presence -------------------------------------------------------------------------------- */

/* RPR-020: undefined is unknown, and a word of its own stands alone or in "other". */
static void write_mood(struct xml_writer *writer, const struct rich *rich)
{
	char name[ELEMENT_BYTES];

	if (rich->mood == NULL)
		return;
	xml_open(writer, "rpid:mood");
	write_notes(writer, "rpid:note", &rich->mood_notes);
	(void)snprintf(name, sizeof name, "rpid:%s", rich->mood);
	if (strcmp(rich->mood, "undefined") == 0)
		write_empty(writer, "rpid:unknown");
	else if (vocabulary_is_rpid_mood(rich->mood))
		write_empty(writer, name);
	else
		xml_element(writer, "rpid:other", rich->mood);
	xml_close(writer);
}

static bool is_place(const char *word)
{
	return strcmp(word, "unknown") == 0 || presence_words_other(0, WORD_PLACE, word) != NULL;
}

/* RPR-023: a word of RFC 4589, or his own. */
static void write_place_type(struct xml_writer *writer, const struct rich *rich)
{
	const char *place = rich->place;
	char name[ELEMENT_BYTES];

	if (place == NULL && rich->activity != NULL)
		place = vocabulary_place_of_activity(rich->activity);
	if (place == NULL)
		return;
	xml_open(writer, "rpid:place-type");
	if (is_place(place)) {
		(void)snprintf(name, sizeof name, "lt:%s", place);
		xml_attr(writer, "xmlns:lt", NS_LOCATION_TYPE);
		write_empty(writer, name);
	} else {
		xml_element(writer, "rpid:other", place);
	}
	xml_close(writer);
}

/* The words were read from the vocabulary (RPR-022), so they are names. */
static void write_medium(struct xml_writer *writer, const char *medium, const char *word)
{
	char name[ELEMENT_BYTES];

	if (word == NULL)
		return;
	(void)snprintf(name, sizeof name, "rpid:%s", word);
	xml_open(writer, medium);
	write_empty(writer, name);
	xml_close(writer);
}

static void write_place_is(struct xml_writer *writer, const struct rich *rich)
{
	if (rich->place_audio == NULL && rich->place_video == NULL && rich->place_text == NULL)
		return;
	xml_open(writer, "rpid:place-is");
	write_medium(writer, "rpid:audio", rich->place_audio);
	write_medium(writer, "rpid:video", rich->place_video);
	write_medium(writer, "rpid:text", rich->place_text);
	xml_close(writer);
}

static void write_privacy(struct xml_writer *writer, const struct rich *rich)
{
	static const char *const media[] = {"rpid:audio", "rpid:text", "rpid:video"};

	if (rich->privacy == 0)
		return;
	xml_open(writer, "rpid:privacy");
	for (unsigned i = 0; i < sizeof media / sizeof *media; i++) {
		if ((rich->privacy & 1U << i) != 0)
			write_empty(writer, media[i]);
	}
	xml_close(writer);
}

/* RPR-027: what is neither home nor work the schema has no place for. */
static void write_sphere(struct xml_writer *writer, const struct rich *rich)
{
	static const struct {
		const char *word;
		const char *element;
	} spheres[] = {{"home", "rpid:home"}, {"work", "rpid:work"}, {"unknown", "rpid:unknown"}};

	for (size_t i = 0; rich->sphere != NULL && i < sizeof spheres / sizeof *spheres; i++) {
		if (strcmp(rich->sphere, spheres[i].word) != 0)
			continue;
		xml_open(writer, "rpid:sphere");
		write_empty(writer, spheres[i].element);
		xml_close(writer);
	}
}

static void write_time_offset(struct xml_writer *writer, const struct rich *rich)
{
	char number[16];

	if (!rich->has_time_offset)
		return;
	(void)snprintf(number, sizeof number, "%d", rich->time_offset_min);
	xml_element(writer, "rpid:time-offset", number);
}

static void write_cipid(struct xml_writer *writer, const char *name, const char *value)
{
	if (value == NULL)
		return;
	xml_open(writer, name);
	xml_attr(writer, "xmlns:c", NS_CIPID);
	xml_text(writer, value);
	xml_close(writer);
}

static void write_rich(struct xml_writer *writer, const struct rich *rich)
{
	write_mood(writer, rich);
	write_place_is(writer, rich);
	write_place_type(writer, rich);
	write_privacy(writer, rich);
	write_sphere(writer, rich);
	write_time_offset(writer, rich);
	write_cipid(writer, "c:card", rich->card);
	write_cipid(writer, "c:display-name", rich->display_name);
	write_cipid(writer, "c:homepage", rich->homepage);
	write_cipid(writer, "c:icon", rich->icon);
}

/* Person --------------------------------------------------------------------------------------- */

bool rpid_has_person(const struct rpid_person *what)
{
	const struct person *person = &what->presence->person;
	int64_t since_ms;

	return what->is_literal || activities_of(what) != 0 || person->notes.count > 0 ||
	       sum_up(what->presence, &since_ms) >= IDLE_SOME ||
	       (person->rich != NULL && !rich_is_empty(person->rich));
}

void rpid_write_person(struct xml_writer *writer, const struct rpid_person *what)
{
	const struct person *person = &what->presence->person;

	xml_open(writer, "dm:person");
	xml_attr(writer, "id", "p1"); /* RPR-003: tuple ids start with "ID-" */
	write_activities(writer, what);
	write_idle(writer, what);
	if (person->rich != NULL && !what->is_literal)
		write_rich(writer, person->rich);
	write_notes(writer, "dm:note", &person->notes);
	if (person->notes.count == 0 && what->is_literal && what->words != NULL)
		write_note(writer, "dm:note", what->words_lang, what->words);
	xml_close(writer);
}
