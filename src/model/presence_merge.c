/* Several sources of one user as one presence. */
#include "model/presence_merge.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "model/presence.h"

/* A free id made of id. There are at most PRESENCE_DEVICES_MAX taken ones, so a number is found. */
static char *free_id(struct presence *presence, const char *id)
{
	size_t room = strlen(id) + 16;
	char *made = mem_strdup(id);
	int number = 2;

	while (presence_find_device(presence, made) != NULL) {
		mem_free(made);
		made = mem_zalloc(room);
		(void)snprintf(made, room, "%s-%d", id, number++);
	}
	return made;
}

/* Room for an open device: one that is not open goes. */
static void make_room(struct presence *presence)
{
	for (size_t i = 0; i < presence->device_count; i++) {
		if (presence->devices[i].basic != BASIC_OPEN) {
			presence_remove_device(presence, &presence->devices[i]);
			return;
		}
	}
}

static void add_device(struct presence *into, const struct device *from)
{
	struct device *device;
	char *id;

	if (into->device_count >= PRESENCE_DEVICES_MAX && from->basic == BASIC_OPEN)
		make_room(into);
	if (into->device_count >= PRESENCE_DEVICES_MAX)
		return;
	id = from->id == NULL ? NULL : free_id(into, from->id);
	device = presence_add_device(into, NULL);
	*device = *from;
	device->id = id;
	notes_copy(&device->notes, &from->notes);
}

static void merge_person(struct person *into, const struct person *from)
{
	if (person_is_empty(from))
		return;
	if (!person_is_empty(into) && from->since_ms <= into->since_ms)
		return;
	person_clear(into);
	person_copy(into, from);
}

void presence_merge(struct presence *into, const struct presence *from)
{
	for (size_t i = 0; i < from->device_count; i++)
		add_device(into, &from->devices[i]);
	merge_person(&into->person, &from->person);
	phone_merge(&into->phone, &from->phone);
	for (size_t i = 0; i < from->notes.count; i++) {
		const struct note *note = &from->notes.items[i];

		notes_add(&into->notes, note->lang, note->text, strlen(note->text));
	}
}
