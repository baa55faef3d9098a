/* Notes: texts with distinct languages. */
#include "model/notes.h"

#include <strings.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

/* Language tags are compared without case (RFC 5646 section 2.1.1). */
static const struct note *find_lang(const struct notes *notes, const char *lang)
{
	for (size_t i = 0; i < notes->count; i++) {
		if (strcasecmp(notes->items[i].lang, lang) == 0)
			return &notes->items[i];
	}
	return NULL;
}

void notes_add(struct notes *notes, const char *lang, const char *text, size_t len)
{
	const char *tag = lang == NULL ? "" : lang;

	len = utf8_cut(text, len, PRESENCE_NOTE_BYTES_MAX);
	/* PRES-135: one text a language, the first wins; XMPP forbids duplicates. */
	if (len == 0 || notes->count >= PRESENCE_NOTES_MAX || find_lang(notes, tag) != NULL)
		return;
	notes->items = mem_resize(notes->items, notes->count + 1, sizeof *notes->items);
	notes->items[notes->count].lang = mem_strdup(tag);
	notes->items[notes->count].text = mem_strndup(text, len);
	notes->count++;
}

void notes_clear(struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++) {
		mem_free(notes->items[i].lang);
		mem_free(notes->items[i].text);
	}
	mem_free(notes->items);
	*notes = (struct notes){0};
}

void notes_copy(struct notes *out, const struct notes *from)
{
	*out = (struct notes){0};
	if (from->count == 0)
		return;
	out->items = mem_array(from->count, sizeof *out->items);
	for (size_t i = 0; i < from->count; i++) {
		out->items[i].lang = mem_strdup(from->items[i].lang);
		out->items[i].text = mem_strdup(from->items[i].text);
	}
	out->count = from->count;
}

bool notes_equal(const struct notes *a, const struct notes *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcasecmp(a->items[i].lang, b->items[i].lang) != 0 ||
		    strcmp(a->items[i].text, b->items[i].text) != 0)
			return false;
	}
	return true;
}

bool text_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}
