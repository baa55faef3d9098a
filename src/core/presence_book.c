#include "core/presence_book.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/presence_view.h"
#include "model/rich.h"

struct book_entry {
	struct presence presence;
	uint64_t doubted; /* a bit per device, by its index (PRESENCE_DEVICES_MAX is 64) */
};

_Static_assert(PRESENCE_DEVICES_MAX <= 64, "doubted has a bit per device");

const struct presence *book_now(const struct book_entry *entry)
{
	return entry == NULL ? NULL : &entry->presence;
}

bool book_is_open(const struct book_entry *entry)
{
	return entry != NULL && presence_is_open(&entry->presence);
}

void book_drop(struct book_entry **entry)
{
	if (*entry == NULL)
		return;
	presence_clear(&(*entry)->presence);
	mem_free(*entry);
	*entry = NULL;
}

static uint64_t device_bit(const struct book_entry *entry, const struct device *device)
{
	return UINT64_C(1) << (device - entry->presence.devices);
}

static bool device_same(const struct device *a, const struct device *b)
{
	return a->basic == b->basic && a->show == b->show && a->priority == b->priority &&
	       a->is_im == b->is_im && a->idle == b->idle &&
	       (!a->idle || a->idle_since_ms == b->idle_since_ms) &&
	       notes_equal(&a->notes, &b->notes);
}

/* PRES-118: what says not since when, or since tomorrow, has changed just now unless it says what
 * it said before. */
static void date_device(struct device *device, struct presence *before, int64_t wall_ms)
{
	const struct device *old = before == NULL ? NULL : presence_find_device(before, device->id);

	if (device->since_ms > 0 && device->since_ms <= wall_ms)
		return;
	device->since_ms = old != NULL && device_same(old, device) ? old->since_ms : wall_ms;
}

void book_put(struct book_entry **entry, const struct presence *presence, int64_t wall_ms)
{
	struct book_entry *old = *entry;

	*entry = mem_zalloc(sizeof **entry);
	presence_copy(&(*entry)->presence, presence);
	for (size_t i = 0; i < presence->device_count; i++)
		date_device(&(*entry)->presence.devices[i], old == NULL ? NULL : &old->presence,
			    wall_ms);
	book_drop(&old);
}

/* Takes over the state of from; the id stays. */
static bool device_become(struct device *device, const struct device *from)
{
	char *id = device->id;

	if (device_same(device, from))
		return false;
	notes_clear(&device->notes);
	*device = *from;
	device->id = id;
	notes_copy(&device->notes, &from->notes);
	return true;
}

/* PRES-139: a closed device has neither show nor priority; the reason stays as its note. */
static bool device_close(struct device *device, const struct device *last_word)
{
	struct device closed = {
		.basic = BASIC_CLOSED, .priority = PRESENCE_PRIORITY_UNSET, .is_im = device->is_im};

	if (device->basic == BASIC_CLOSED)
		return false;
	if (last_word != NULL) {
		closed.notes = last_word->notes;
		closed.since_ms = last_word->since_ms;
	}
	return device_become(device, &closed);
}

static void forget_device(struct book_entry *entry, struct device *device)
{
	uint64_t below = device_bit(entry, device) - 1;

	entry->doubted = (entry->doubted & below) | ((entry->doubted >> 1) & ~below);
	presence_remove_device(&entry->presence, device);
}

/* Room for one more: closed devices make way for living ones. */
static struct device *add_device(struct book_entry *entry, const char *id)
{
	struct presence *presence = &entry->presence;
	struct device *device = presence_add_device(presence, id);

	for (size_t i = 0; device == NULL && i < presence->device_count; i++) {
		if (presence->devices[i].basic != BASIC_OPEN) {
			forget_device(entry, &presence->devices[i]);
			device = presence_add_device(presence, id);
		}
	}
	return device;
}

/* What he said of himself is over with his last device. */
static void forget_person(struct book_entry *entry)
{
	if (!presence_is_open(&entry->presence))
		person_clear(&entry->presence.person);
}

static bool close_all(struct book_entry *entry, const struct device *last_word)
{
	bool changed = false;

	entry->doubted = 0;
	for (size_t i = 0; i < entry->presence.device_count; i++)
		changed |= device_close(&entry->presence.devices[i], last_word);
	forget_person(entry);
	return changed;
}

static bool put_new(struct book_entry *entry, const struct device *device)
{
	struct device *added;

	/* The end of a resource that was never heard of is news only if nothing else is known. */
	if (device->basic != BASIC_OPEN && entry->presence.device_count > 0)
		return false;
	added = add_device(entry, device->id);
	if (added == NULL)
		return false;
	added->basic = BASIC_UNSET;
	if (device->basic == BASIC_OPEN)
		device_become(added, device);
	else
		device_close(added, device);
	return true;
}

bool book_put_device(struct book_entry **entry, const struct device *device)
{
	struct device *known;
	bool changed;

	if (*entry == NULL)
		*entry = mem_zalloc(sizeof **entry);
	if (device->id == NULL && device->basic != BASIC_OPEN &&
	    (*entry)->presence.device_count > 0)
		return close_all(*entry, device);
	known = presence_find_device(&(*entry)->presence, device->id);
	if (known == NULL)
		return put_new(*entry, device);
	(*entry)->doubted &= ~device_bit(*entry, known);
	if (device->basic == BASIC_OPEN)
		return device_become(known, device);
	changed = device_close(known, device);
	forget_person(*entry);
	return changed;
}

bool book_put_person(struct book_entry *entry, const struct person *person)
{
	if (person_equal(&entry->presence.person, person))
		return false;
	person_clear(&entry->presence.person);
	person_copy(&entry->presence.person, person);
	return true;
}

void book_prune(struct book_entry *entry)
{
	struct presence *presence;
	size_t keep;

	if (entry == NULL)
		return;
	presence = &entry->presence;
	keep = presence_is_open(presence) ? 0 : 1;
	/* From the end, so that the first closed one is what stays when all are gone. */
	for (size_t i = presence->device_count; i-- > 0 && presence->device_count > keep;) {
		if (presence->devices[i].basic == BASIC_CLOSED)
			forget_device(entry, &presence->devices[i]);
	}
}

void book_doubt(struct book_entry *entry)
{
	size_t count = entry == NULL ? 0 : entry->presence.device_count;

	if (count > 0)
		entry->doubted = UINT64_MAX >> (64 - count);
}

bool book_settle(struct book_entry *entry)
{
	bool changed = false;

	if (entry == NULL)
		return false;
	for (size_t i = 0; i < entry->presence.device_count; i++) {
		if ((entry->doubted & UINT64_C(1) << i) != 0)
			changed |= device_close(&entry->presence.devices[i], NULL);
	}
	entry->doubted = 0;
	forget_person(entry);
	return changed;
}

/* Digest ----------------------------------------------------------------------------------------
 */

static void add_text(struct buf *out, const char *text)
{
	/* The leading byte tells NULL from "", the NUL ends the text. */
	buf_putc(out, text == NULL ? 0 : 1);
	if (text != NULL)
		buf_append(out, text, strlen(text) + 1);
}

static void add_number(struct buf *out, int64_t number)
{
	buf_append(out, &number, sizeof number);
}

static void add_notes(struct buf *out, const struct notes *notes)
{
	add_number(out, (int64_t)notes->count);
	for (size_t i = 0; i < notes->count; i++) {
		add_text(out, notes->items[i].lang);
		add_text(out, notes->items[i].text);
	}
}

static void add_idle(struct buf *out, bool idle, int64_t since_ms)
{
	add_number(out, idle);
	add_number(out, idle ? since_ms : 0);
}

static void add_rich(struct buf *out, const struct rich *rich)
{
	if (rich == NULL) {
		add_number(out, 0);
		return;
	}
	add_text(out, rich->mood);
	add_notes(out, &rich->mood_notes);
	add_text(out, rich->activity);
	add_notes(out, &rich->activity_notes);
	add_text(out, rich->place);
	add_text(out, rich->place_audio);
	add_text(out, rich->place_video);
	add_text(out, rich->place_text);
	add_text(out, rich->sphere);
	add_text(out, rich->display_name);
	add_text(out, rich->homepage);
	add_text(out, rich->icon);
	add_text(out, rich->card);
	add_number(out, rich->has_time_offset ? rich->time_offset_min : INT64_MAX);
	add_number(out, rich->privacy);
}

/* What book_prune() leaves out counts for nothing: a device that came and went between two looks
 * was never seen, and one that was seen open is missed. */
static void add_presence(struct buf *out, const struct presence *presence)
{
	bool is_open = presence_is_open(presence);

	for (size_t i = 0; i < presence->device_count; i++) {
		const struct device *device = &presence->devices[i];

		if (device->basic == BASIC_CLOSED && (is_open || i > 0))
			continue;
		add_text(out, device->id);
		add_number(out, device->basic);
		add_number(out, device->show);
		add_number(out, device->priority);
		add_number(out, device->is_im);
		add_idle(out, device->idle, device->idle_since_ms);
		add_notes(out, &device->notes);
	}
	add_number(out, -1); /* no id begins so */
	add_number(out, presence->person.activities);
	add_idle(out, presence->person.idle, presence->person.idle_since_ms);
	add_notes(out, &presence->person.notes);
	add_rich(out, presence->person.rich);
	add_notes(out, &presence->notes);
}

static void add_view(struct buf *out, const struct presence *presence,
		     const struct presence_rules *rules)
{
	struct presence_view view;

	presence_view_make(presence, rules, &view);
	add_number(out, view.available);
	add_number(out, view.show);
	add_number(out, view.priority);
	add_idle(out, view.idle, view.idle_since_ms);
	for (size_t i = 0; i < view.text_count; i++) {
		add_text(out, view.texts[i].lang);
		add_text(out, view.texts[i].lead);
		add_text(out, view.texts[i].other);
		add_text(out, view.texts[i].note);
	}
	add_text(out, view.details);
}

uint64_t book_digest(const struct presence *presence, enum side reader,
		     const struct presence_rules *rules, const uint8_t key[HASH_KEY_BYTES],
		     struct buf *scratch)
{
	uint64_t digest;

	buf_reset(scratch);
	if (reader == SIDE_XMPP) {
		add_view(scratch, presence, rules);
	} else {
		add_number(scratch, presence != NULL);
		if (presence != NULL)
			add_presence(scratch, presence);
	}
	digest = hash_bytes(key, buf_text(scratch), scratch->len);
	return digest == 0 ? 1 : digest;
}

uint64_t book_digest_person(const struct presence *presence, const uint8_t key[HASH_KEY_BYTES],
			    struct buf *scratch)
{
	const struct rich *rich = presence == NULL ? NULL : presence->person.rich;
	uint64_t digest;

	if (presence == NULL || (presence->person.activities == 0 && rich == NULL &&
				 presence->phone.state <= PHONE_IDLE))
		return 0;
	buf_reset(scratch);
	add_number(scratch, presence->person.activities);
	add_number(scratch, presence->phone.state);
	add_rich(scratch, rich);
	digest = hash_bytes(key, buf_text(scratch), scratch->len);
	return digest == 0 ? 1 : digest;
}
