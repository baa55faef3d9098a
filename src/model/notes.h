/* Texts in several languages. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
	PRESENCE_NOTES_MAX = 16,       /* languages kept of one note */
	PRESENCE_NOTE_BYTES_MAX = 1024 /* longer notes are cut at a character boundary */
};

/* One text in one language; lang is "" when unknown. */
struct note {
	char *lang;
	char *text;
};

/* Notes with distinct languages. Zeroed is empty. */
struct notes {
	struct note *items;
	size_t count;
};

/* Adds a note unless one of the same language is there (first wins: PRES-135); empty texts and
 * more than PRESENCE_NOTES_MAX are dropped, long ones cut. */
void notes_add(struct notes *notes, const char *lang, const char *text, size_t len);
void notes_clear(struct notes *notes);
void notes_copy(struct notes *out, const struct notes *from);
bool notes_equal(const struct notes *a, const struct notes *b);
/* Texts that may be missing: NULL equals NULL alone. */
bool text_equal(const char *a, const char *b);
