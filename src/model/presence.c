/* Presence values: devices and person. */
#include "model/presence.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "model/rich.h"

static const char *const show_names[] = {
	[SHOW_NONE] = NULL, [SHOW_AWAY] = "away", [SHOW_CHAT] = "chat",
	[SHOW_DND] = "dnd", [SHOW_XA] = "xa",
};

/* Each activity (RFC 4480 section 3.2) with the show it stands for (RPR-018). */
static const struct {
	const char *name;
	enum show show;
} activities[ACTIVITY_COUNT] = {
	[ACTIVITY_APPOINTMENT] = {"appointment", SHOW_NONE},
	[ACTIVITY_AWAY] = {"away", SHOW_AWAY},
	[ACTIVITY_BREAKFAST] = {"breakfast", SHOW_AWAY},
	[ACTIVITY_BUSY] = {"busy", SHOW_DND},
	[ACTIVITY_DINNER] = {"dinner", SHOW_AWAY},
	[ACTIVITY_HOLIDAY] = {"holiday", SHOW_XA},
	[ACTIVITY_IN_TRANSIT] = {"in-transit", SHOW_AWAY},
	[ACTIVITY_LOOKING_FOR_WORK] = {"looking-for-work", SHOW_NONE},
	[ACTIVITY_LUNCH] = {"lunch", SHOW_AWAY},
	[ACTIVITY_MEAL] = {"meal", SHOW_AWAY},
	[ACTIVITY_MEETING] = {"meeting", SHOW_DND},
	[ACTIVITY_ON_THE_PHONE] = {"on-the-phone", SHOW_DND},
	[ACTIVITY_OTHER] = {"other", SHOW_NONE},
	[ACTIVITY_PERFORMANCE] = {"performance", SHOW_DND},
	[ACTIVITY_PERMANENT_ABSENCE] = {"permanent-absence", SHOW_XA},
	[ACTIVITY_PLAYING] = {"playing", SHOW_AWAY},
	[ACTIVITY_PRESENTATION] = {"presentation", SHOW_DND},
	[ACTIVITY_SHOPPING] = {"shopping", SHOW_AWAY},
	[ACTIVITY_SLEEPING] = {"sleeping", SHOW_XA},
	[ACTIVITY_SPECTATOR] = {"spectator", SHOW_AWAY},
	[ACTIVITY_STEERING] = {"steering", SHOW_DND},
	[ACTIVITY_TRAVEL] = {"travel", SHOW_AWAY},
	[ACTIVITY_TV] = {"tv", SHOW_AWAY},
	[ACTIVITY_UNKNOWN] = {"unknown", SHOW_NONE},
	[ACTIVITY_VACATION] = {"vacation", SHOW_XA},
	[ACTIVITY_WORKING] = {"working", SHOW_NONE},
	[ACTIVITY_WORSHIP] = {"worship", SHOW_DND},
};

void device_clear(struct device *device)
{
	mem_free(device->id);
	notes_clear(&device->notes);
	*device = (struct device){0};
}

void device_copy(struct device *out, const struct device *from)
{
	*out = *from;
	out->id = mem_strdup_or_null(from->id);
	notes_copy(&out->notes, &from->notes);
}

static bool device_equal(const struct device *a, const struct device *b)
{
	return text_equal(a->id, b->id) && a->basic == b->basic && a->show == b->show &&
	       a->priority == b->priority && a->is_im == b->is_im &&
	       a->takes_messages == b->takes_messages && a->idle == b->idle &&
	       (!a->idle || a->idle_since_ms == b->idle_since_ms) &&
	       notes_equal(&a->notes, &b->notes);
}

struct rich *person_rich(struct person *person)
{
	if (person->rich == NULL)
		person->rich = mem_zalloc(sizeof *person->rich);
	return person->rich;
}

void person_clear(struct person *person)
{
	notes_clear(&person->notes);
	if (person->rich != NULL) {
		rich_clear(person->rich);
		mem_free(person->rich);
	}
	*person = (struct person){0};
}

void person_copy(struct person *out, const struct person *from)
{
	*out = *from;
	notes_copy(&out->notes, &from->notes);
	out->rich = NULL;
	if (!rich_equal(from->rich, NULL))
		rich_copy(person_rich(out), from->rich);
}

bool person_equal(const struct person *a, const struct person *b)
{
	return a->activities == b->activities && a->idle == b->idle &&
	       (!a->idle || a->idle_since_ms == b->idle_since_ms) &&
	       notes_equal(&a->notes, &b->notes) && rich_equal(a->rich, b->rich);
}

bool person_is_empty(const struct person *person)
{
	return person->activities == 0 && !person->idle && person->notes.count == 0 &&
	       rich_equal(person->rich, NULL);
}

void presence_clear(struct presence *presence)
{
	for (size_t i = 0; i < presence->device_count; i++)
		device_clear(&presence->devices[i]);
	mem_free(presence->devices);
	person_clear(&presence->person);
	phone_clear(&presence->phone);
	notes_clear(&presence->notes);
	*presence = (struct presence){0};
}

void presence_copy(struct presence *out, const struct presence *from)
{
	*out = *from;
	out->devices = NULL;
	if (from->device_count > 0)
		out->devices = mem_array(from->device_count, sizeof *out->devices);
	for (size_t i = 0; i < from->device_count; i++)
		device_copy(&out->devices[i], &from->devices[i]);
	person_copy(&out->person, &from->person);
	phone_copy(&out->phone, &from->phone);
	notes_copy(&out->notes, &from->notes);
}

bool presence_equal(const struct presence *a, const struct presence *b)
{
	if (a->device_count != b->device_count)
		return false;
	for (size_t i = 0; i < a->device_count; i++) {
		if (!device_equal(&a->devices[i], &b->devices[i]))
			return false;
	}
	return person_equal(&a->person, &b->person) && phone_equal(&a->phone, &b->phone) &&
	       notes_equal(&a->notes, &b->notes);
}

bool presence_is_open(const struct presence *presence)
{
	for (size_t i = 0; i < presence->device_count; i++) {
		if (presence->devices[i].basic == BASIC_OPEN)
			return true;
	}
	/* Who has a call is there, even if nothing but his calls is known. */
	return presence->device_count == 0 && presence->phone.state > PHONE_IDLE;
}

/* False if they are not all in *lang, which the first sets. */
static bool share_language(const struct notes *notes, const char **lang)
{
	for (size_t i = 0; i < notes->count; i++) {
		if (*lang == NULL)
			*lang = notes->items[i].lang;
		if (strcasecmp(notes->items[i].lang, *lang) != 0)
			return false;
	}
	return true;
}

const char *presence_language(const struct presence *presence)
{
	const struct rich *rich = presence->person.rich;
	const char *lang = NULL;
	bool shared = share_language(&presence->notes, &lang) &&
		      share_language(&presence->person.notes, &lang);

	for (size_t i = 0; i < presence->device_count; i++)
		shared = shared && share_language(&presence->devices[i].notes, &lang);
	if (rich != NULL)
		shared = shared && share_language(&rich->mood_notes, &lang) &&
			 share_language(&rich->activity_notes, &lang);
	return shared && lang != NULL && lang[0] != '\0' ? lang : NULL;
}

struct device *presence_add_device(struct presence *presence, const char *id)
{
	struct device *device;

	if (presence->device_count >= PRESENCE_DEVICES_MAX)
		return NULL;
	presence->devices = mem_resize(presence->devices, presence->device_count + 1,
				       sizeof *presence->devices);
	device = &presence->devices[presence->device_count++];
	*device = (struct device){
		.id = mem_strdup_or_null(id), .priority = PRESENCE_PRIORITY_UNSET, .is_im = true};
	return device;
}

struct device *presence_find_device(struct presence *presence, const char *id)
{
	for (size_t i = 0; i < presence->device_count; i++) {
		if (text_equal(presence->devices[i].id, id))
			return &presence->devices[i];
	}
	return NULL;
}

void presence_remove_device(struct presence *presence, struct device *device)
{
	size_t at = (size_t)(device - presence->devices);

	assert(at < presence->device_count);
	device_clear(device);
	presence->device_count--;
	memmove(device, device + 1, (presence->device_count - at) * sizeof *device);
}

const char *show_name(enum show show)
{
	return show_names[show];
}

enum show show_from_name(const char *name)
{
	for (size_t i = SHOW_NONE + 1; i < sizeof show_names / sizeof *show_names; i++) {
		if (strcmp(show_names[i], name) == 0)
			return (enum show)i;
	}
	return SHOW_NONE;
}

const char *activity_name(enum activity activity)
{
	return activities[activity].name;
}

int activity_from_name(const char *name)
{
	for (int i = 0; i < ACTIVITY_COUNT; i++) {
		if (strcmp(activities[i].name, name) == 0)
			return i;
	}
	return -1;
}

enum show show_from_activities(uint32_t bits)
{
	enum show found = SHOW_NONE;

	for (int i = 0; i < ACTIVITY_COUNT; i++) {
		enum show show = activities[i].show;

		if ((bits & UINT32_C(1) << i) == 0 || show == SHOW_NONE)
			continue;
		if (show == SHOW_DND)
			return SHOW_DND;
		if (found == SHOW_NONE || show == SHOW_XA)
			found = show;
	}
	return found;
}
