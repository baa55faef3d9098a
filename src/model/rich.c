/* Rich presence beyond activities. */
#include "model/rich.h"

#include <stddef.h>

#include "base/mem.h"
#include "base/utf8.h"

/* Every text of its own, for what is done to all of them. */
static const size_t texts[] = {
	offsetof(struct rich, mood),        offsetof(struct rich, activity),
	offsetof(struct rich, place),       offsetof(struct rich, place_audio),
	offsetof(struct rich, place_video), offsetof(struct rich, place_text),
	offsetof(struct rich, sphere),      offsetof(struct rich, display_name),
	offsetof(struct rich, homepage),    offsetof(struct rich, icon),
	offsetof(struct rich, card),
};

enum { TEXTS = sizeof texts / sizeof *texts };

static char **text_at(struct rich *rich, size_t i)
{
	return (char **)((char *)rich + texts[i]);
}

static const char *text_of(const struct rich *rich, size_t i)
{
	return *(char *const *)((const char *)rich + texts[i]);
}

void rich_clear(struct rich *rich)
{
	for (size_t i = 0; i < TEXTS; i++)
		mem_free(*text_at(rich, i));
	notes_clear(&rich->mood_notes);
	notes_clear(&rich->activity_notes);
	*rich = (struct rich){0};
}

void rich_copy(struct rich *out, const struct rich *from)
{
	*out = *from;
	for (size_t i = 0; i < TEXTS; i++)
		*text_at(out, i) = mem_strdup_or_null(text_of(from, i));
	notes_copy(&out->mood_notes, &from->mood_notes);
	notes_copy(&out->activity_notes, &from->activity_notes);
}

bool rich_is_empty(const struct rich *rich)
{
	for (size_t i = 0; i < TEXTS; i++) {
		if (text_of(rich, i) != NULL)
			return false;
	}
	return rich->mood_notes.count == 0 && rich->activity_notes.count == 0 &&
	       rich->privacy == 0 && !rich->has_time_offset;
}

bool rich_equal(const struct rich *a, const struct rich *b)
{
	if (a == NULL || b == NULL)
		return a == b || rich_is_empty(a != NULL ? a : b);
	for (size_t i = 0; i < TEXTS; i++) {
		if (!text_equal(text_of(a, i), text_of(b, i)))
			return false;
	}
	return notes_equal(&a->mood_notes, &b->mood_notes) &&
	       notes_equal(&a->activity_notes, &b->activity_notes) && a->privacy == b->privacy &&
	       a->has_time_offset == b->has_time_offset &&
	       (!a->has_time_offset || a->time_offset_min == b->time_offset_min);
}

static void fill_notes(struct notes *into, struct notes *from)
{
	if (into->count > 0)
		return;
	*into = *from;
	*from = (struct notes){0};
}

void rich_fill(struct rich *into, struct rich *from)
{
	for (size_t i = 0; i < TEXTS; i++) {
		if (*text_at(into, i) != NULL)
			continue;
		*text_at(into, i) = *text_at(from, i);
		*text_at(from, i) = NULL;
	}
	fill_notes(&into->mood_notes, &from->mood_notes);
	fill_notes(&into->activity_notes, &from->activity_notes);
	into->privacy |= from->privacy;
	if (!into->has_time_offset) {
		into->has_time_offset = from->has_time_offset;
		into->time_offset_min = from->time_offset_min;
	}
	rich_clear(from);
}

void rich_set(char **field, const char *text, unsigned long len, unsigned long max)
{
	len = utf8_cut(text, len, max);
	mem_free(*field);
	*field = len > 0 ? mem_strndup(text, len) : NULL;
}
