/* One merged resource of a SIP user (D-10, D-27). */
#include "model/presence_view.h"

#include <stddef.h>

/* True if a is to be shown rather than b, both open: who can take messages comes first
 * (PRES-133), then the higher priority; unset is below every set one. */
static bool is_better(const struct device *a, const struct device *b)
{
	if (a->is_im != b->is_im)
		return a->is_im;
	return a->priority > b->priority;
}

static const struct device *best_open(const struct presence *presence)
{
	const struct device *best = NULL;

	for (size_t i = 0; i < presence->device_count; i++) {
		const struct device *device = &presence->devices[i];

		if (device->basic == BASIC_OPEN && (best == NULL || is_better(device, best)))
			best = device;
	}
	return best;
}

/* The notes to show: of the device, else of the person, else of the user (PRES-136, RPR-006). */
static const struct notes *choose_notes(const struct presence *presence,
					const struct device *device)
{
	if (device != NULL && device->notes.count > 0)
		return &device->notes;
	if (presence->person.notes.count > 0)
		return &presence->person.notes;
	return &presence->notes;
}

/* Unavailable: the note of a closed device counts too, it may tell why. */
static void view_closed(const struct presence *presence, struct presence_view *out)
{
	const struct device *told = NULL;

	for (size_t i = 0; i < presence->device_count && told == NULL; i++) {
		if (presence->devices[i].notes.count > 0)
			told = &presence->devices[i];
	}
	notes_copy(&out->notes, choose_notes(presence, told));
}

/* PRES-133: a device that takes no messages is shown with priority 0; D-30: never negative. */
static int view_priority(const struct device *device)
{
	if (device->priority == PRESENCE_PRIORITY_UNSET)
		return device->is_im ? PRESENCE_PRIORITY_UNSET : 0;
	if (device->priority < 0 || !device->is_im)
		return 0;
	return device->priority > 127 ? 127 : device->priority;
}

void presence_view_make(const struct presence *presence, struct presence_view *out)
{
	const struct device *best;

	*out = (struct presence_view){.priority = PRESENCE_PRIORITY_UNSET};
	if (presence == NULL)
		return;
	best = best_open(presence);
	if (best == NULL) {
		view_closed(presence, out);
		return;
	}
	out->available = true;
	out->show = best->show;
	if (out->show == SHOW_NONE)
		out->show = show_from_activities(presence->person.activities);
	out->priority = view_priority(best);
	out->idle = presence->person.idle;
	out->idle_since_ms = presence->person.idle_since_ms;
	/* D-27: idle is away with XEP-0319, unless something says more. */
	if (out->idle && out->show == SHOW_NONE)
		out->show = SHOW_AWAY;
	notes_copy(&out->notes, choose_notes(presence, best));
}

void presence_view_clear(struct presence_view *view)
{
	notes_clear(&view->notes);
	*view = (struct presence_view){.priority = PRESENCE_PRIORITY_UNSET};
}

bool presence_view_equal(const struct presence_view *a, const struct presence_view *b)
{
	return a->available == b->available && a->show == b->show && a->priority == b->priority &&
	       a->idle == b->idle && (!a->idle || a->idle_since_ms == b->idle_since_ms) &&
	       notes_equal(&a->notes, &b->notes);
}
