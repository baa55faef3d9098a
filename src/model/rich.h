/* Rich presence beyond activities, of a person: RFC 4480, RFC 4482, XEP-0107, XEP-0108. Rare, so a
 * person points to it. What one protocol cannot say becomes text (presence_view.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/notes.h"

enum { RICH_WORD_BYTES_MAX = 64, RICH_URI_BYTES_MAX = 1024 };

/* Words are the element names of their vocabulary, or free text where the vocabulary allows
 * "other"; strings are owned, NULL when nothing is said. Zeroed says nothing. */
struct rich {
	char *mood;                  /* RFC 4480 section 3.5 and XEP-0107: one word */
	struct notes mood_notes;     /* XEP-0107 text; further moods (RPR-021) */
	char *activity;              /* XEP-0108 "general" or "general/specific" as it was said */
	struct notes activity_notes; /* note inside rpid:activities, XEP-0108 text */
	char *place;                 /* place-type (RFC 4589) */
	char *place_audio;           /* place-is, one word a medium */
	char *place_video;
	char *place_text;
	char *sphere;
	char *display_name; /* CIPID, XEP-0172 nick */
	char *homepage;     /* CIPID URIs */
	char *icon;
	char *card;
	int time_offset_min; /* minutes east of UTC, with has_time_offset */
	uint8_t privacy;     /* 1 audio, 2 text, 4 video */
	bool has_time_offset;
};

void rich_clear(struct rich *rich);
void rich_copy(struct rich *out, const struct rich *from);
bool rich_equal(const struct rich *a, const struct rich *b); /* either may be NULL: says nothing */
/* True if it says nothing. */
bool rich_is_empty(const struct rich *rich);
/* Adds to *into what *from says and it does not, and leaves *from empty. */
void rich_fill(struct rich *into, struct rich *from);
/* Sets a string field to a copy of text[0..len), cut at a character boundary at max bytes; "" is
 * NULL. */
void rich_set(char **field, const char *text, unsigned long len, unsigned long max);
