/* A version, numbers and texts (packed.h) in a fixed order:
 *
 *   version  count, and of each device: id basic show priority flags idle_since since notes
 *   of the person: activities flags idle_since since notes, and with FLAG_RICH the rich ones
 *   of the phones: state flags other;  notes
 *   notes: count, and of each: lang text
 *
 * There is one way only to write each presence: what reads well writes the same again. The numbers
 * of enums are in the store: new values go to their ends, all else is a new version. */
#include "model/presence_code.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/packed.h"
#include "model/presence.h"
#include "model/rich.h"

enum {
	CODE_VERSION = 1,
	CODE_FIELDS_MAX = 32, /* numbers and texts beside devices and notes */
	DEVICE_FIELDS_MAX = 8,
	NOTE_FIELDS_MAX = 2,
	/* of a device */
	FLAG_IM = 1,
	FLAG_MESSAGES = 2,
	FLAG_DEVICE_IDLE = 4,
	DEVICE_FLAGS_ALL = 7,
	/* of the person */
	FLAG_IDLE = 1,
	FLAG_RICH = 2,
	PERSON_FLAGS_ALL = 3,
	FLAG_DND = 1, /* of the phones */
	PRIVACY_ALL = 7,
	PRIORITY_LEAST = -128,
	PRIORITY_MOST = 127
};

#define ACTIVITIES_ALL ((UINT32_C(1) << ACTIVITY_COUNT) - 1)

static const size_t rich_texts[] = {
	offsetof(struct rich, mood),        offsetof(struct rich, activity),
	offsetof(struct rich, place),       offsetof(struct rich, place_audio),
	offsetof(struct rich, place_video), offsetof(struct rich, place_text),
	offsetof(struct rich, sphere),      offsetof(struct rich, display_name),
	offsetof(struct rich, homepage),    offsetof(struct rich, icon),
	offsetof(struct rich, card),
};

enum { RICH_TEXTS = sizeof rich_texts / sizeof *rich_texts };

static char **rich_text(struct rich *rich, size_t i)
{
	return (char **)((char *)rich + rich_texts[i]);
}

static const char *rich_text_of(const struct rich *rich, size_t i)
{
	return *(char *const *)((const char *)rich + rich_texts[i]);
}

static bool has_rich(const struct person *person)
{
	return person->rich != NULL && !rich_is_empty(person->rich);
}

/* Writing: room for everything is made before -------------------------------------------------- */

static size_t notes_most(const struct notes *notes)
{
	size_t len = (NOTE_FIELDS_MAX * notes->count + 1) * PACKED_NUMBER_MAX;

	for (size_t i = 0; i < notes->count; i++)
		len += strlen(notes->items[i].lang) + strlen(notes->items[i].text);
	return len;
}

static size_t rich_most(const struct rich *rich)
{
	size_t len = notes_most(&rich->mood_notes) + notes_most(&rich->activity_notes);

	for (size_t i = 0; i < RICH_TEXTS; i++)
		len += packed_text_len(rich_text_of(rich, i));
	return len;
}

static size_t most(const struct presence *presence)
{
	size_t len = (size_t)CODE_FIELDS_MAX * PACKED_NUMBER_MAX;

	for (size_t i = 0; i < presence->device_count; i++) {
		const struct device *device = &presence->devices[i];

		len += (size_t)DEVICE_FIELDS_MAX * PACKED_NUMBER_MAX + packed_text_len(device->id) +
		       notes_most(&device->notes);
	}
	if (has_rich(&presence->person))
		len += rich_most(presence->person.rich);
	return len + notes_most(&presence->person.notes) + notes_most(&presence->notes) +
	       packed_text_len(presence->phone.other);
}

static unsigned char *put_notes(unsigned char *at, const struct notes *notes)
{
	at = packed_put_number(at, notes->count);
	for (size_t i = 0; i < notes->count; i++) {
		at = packed_put_text(at, notes->items[i].lang);
		at = packed_put_text(at, notes->items[i].text);
	}
	return at;
}

static unsigned char *put_device(unsigned char *at, const struct device *device)
{
	at = packed_put_text(at, device->id);
	at = packed_put_number(at, device->basic);
	at = packed_put_number(at, device->show);
	at = packed_put_signed(at, device->priority);
	at = packed_put_number(at, (device->is_im ? FLAG_IM : 0u) |
					   (device->takes_messages ? FLAG_MESSAGES : 0u) |
					   (device->idle ? FLAG_DEVICE_IDLE : 0u));
	at = packed_put_signed(at, device->idle_since_ms);
	at = packed_put_signed(at, device->since_ms);
	return put_notes(at, &device->notes);
}

static unsigned char *put_rich(unsigned char *at, const struct rich *rich)
{
	for (size_t i = 0; i < RICH_TEXTS; i++)
		at = packed_put_text(at, rich_text_of(rich, i));
	at = put_notes(at, &rich->mood_notes);
	at = put_notes(at, &rich->activity_notes);
	at = packed_put_number(at, rich->has_time_offset);
	at = packed_put_signed(at, rich->time_offset_min);
	return packed_put_number(at, rich->privacy);
}

static unsigned char *put_person(unsigned char *at, const struct person *person)
{
	at = packed_put_number(at, person->activities);
	at = packed_put_number(at, (person->idle ? FLAG_IDLE : 0u) |
					   (has_rich(person) ? FLAG_RICH : 0u));
	at = packed_put_signed(at, person->idle_since_ms);
	at = packed_put_signed(at, person->since_ms);
	at = put_notes(at, &person->notes);
	return has_rich(person) ? put_rich(at, person->rich) : at;
}

int presence_encode(const struct presence *presence, struct buf *out)
{
	size_t before = out->len;
	unsigned char *at;

	buf_reserve(out, most(presence));
	at = packed_put_number((unsigned char *)out->data + before, CODE_VERSION);
	at = packed_put_number(at, presence->device_count);
	for (size_t i = 0; i < presence->device_count; i++)
		at = put_device(at, &presence->devices[i]);
	at = put_person(at, &presence->person);
	at = packed_put_number(at, presence->phone.state);
	at = packed_put_number(at, presence->phone.is_dnd ? FLAG_DND : 0);
	at = packed_put_text(at, presence->phone.other);
	at = put_notes(at, &presence->notes);
	out->len = (size_t)((char *)at - out->data);
	if (out->len - before > PRESENCE_CODE_MAX)
		out->len = before;
	out->data[out->len] = '\0';
	return out->len == before ? E2BIG : 0;
}

/* Reading -------------------------------------------------------------------------------------- */

static char *take_text(struct packed *packed)
{
	char *text = packed_text(packed);

	if (text != NULL && !utf8_is_valid(text, strlen(text)))
		packed_fail(packed);
	return text;
}

static void take_note(struct packed *packed, struct notes *out)
{
	char *lang = take_text(packed);
	char *text = take_text(packed);
	size_t len = packed_text_len(text);
	size_t before = out->count;

	/* One that would be left out or cut was not written by us. */
	if (lang == NULL || text == NULL || len > PRESENCE_NOTE_BYTES_MAX)
		packed_fail(packed);
	else
		notes_add(out, lang, text, len);
	if (out->count == before)
		packed_fail(packed);
	mem_free(lang);
	mem_free(text);
}

static void take_notes(struct packed *packed, struct notes *out)
{
	unsigned count = packed_up_to(packed, PRESENCE_NOTES_MAX);

	for (unsigned i = 0; i < count && !packed->is_bad; i++)
		take_note(packed, out);
}

static int take_priority(struct packed *packed)
{
	int priority = packed_int(packed);

	if (priority != PRESENCE_PRIORITY_UNSET &&
	    (priority < PRIORITY_LEAST || priority > PRIORITY_MOST))
		return (int)packed_fail(packed);
	return priority;
}

static void take_device(struct packed *packed, struct presence *out)
{
	char *id = take_text(packed);
	struct device *device = presence_add_device(out, id);
	unsigned flags;

	mem_free(id);
	device->basic = (enum basic)packed_up_to(packed, BASIC_OPEN);
	device->show = (enum show)packed_up_to(packed, SHOW_XA);
	device->priority = take_priority(packed);
	flags = packed_up_to(packed, DEVICE_FLAGS_ALL);
	device->is_im = (flags & FLAG_IM) != 0;
	device->takes_messages = (flags & FLAG_MESSAGES) != 0;
	device->idle = (flags & FLAG_DEVICE_IDLE) != 0;
	device->idle_since_ms = packed_signed(packed);
	device->since_ms = packed_signed(packed);
	take_notes(packed, &device->notes);
}

static void take_rich(struct packed *packed, struct rich *out)
{
	for (size_t i = 0; i < RICH_TEXTS; i++)
		*rich_text(out, i) = take_text(packed);
	take_notes(packed, &out->mood_notes);
	take_notes(packed, &out->activity_notes);
	out->has_time_offset = packed_up_to(packed, 1) != 0;
	out->time_offset_min = packed_int(packed);
	out->privacy = (uint8_t)packed_up_to(packed, PRIVACY_ALL);
	if (rich_is_empty(out))
		packed_fail(packed);
}

static void take_person(struct packed *packed, struct person *out)
{
	unsigned flags;

	out->activities = packed_up_to(packed, ACTIVITIES_ALL);
	flags = packed_up_to(packed, PERSON_FLAGS_ALL);
	out->idle = (flags & FLAG_IDLE) != 0;
	out->idle_since_ms = packed_signed(packed);
	out->since_ms = packed_signed(packed);
	take_notes(packed, &out->notes);
	if ((flags & FLAG_RICH) != 0)
		take_rich(packed, person_rich(out));
}

int presence_decode(struct presence *out, const void *bytes, size_t len)
{
	struct packed packed = {.at = bytes};
	unsigned count;

	*out = (struct presence){0};
	if (len == 0 || len > PRESENCE_CODE_MAX)
		return EBADMSG;
	packed.end = packed.at + len;
	if (packed_number(&packed) != CODE_VERSION)
		packed_fail(&packed);
	count = packed_up_to(&packed, PRESENCE_DEVICES_MAX);
	for (unsigned i = 0; i < count && !packed.is_bad; i++)
		take_device(&packed, out);
	take_person(&packed, &out->person);
	out->phone.state = (enum phone_state)packed_up_to(&packed, PHONE_IN_CALL);
	out->phone.is_dnd = packed_up_to(&packed, FLAG_DND) != 0;
	out->phone.other = take_text(&packed);
	take_notes(&packed, &out->notes);
	if (packed.at != packed.end)
		packed_fail(&packed);
	if (!packed.is_bad)
		return 0;
	presence_clear(out);
	return EBADMSG;
}
