/* What a watcher on the XMPP side is shown of a SIP user: one merged resource (D-10, D-27). A pure
 * function of presence and rules that allocates nothing: it runs for each watcher of each change.
 */
#pragma once

#include <stdbool.h>

#include "model/presence.h"

struct presence_rules;

enum { VIEW_DETAILS_BYTES = 256, VIEW_PIECES_MAX = 9 };

/* One status text in its parts, each NULL if there is none: "LEAD (OTHER): NOTE". */
struct view_text {
	const char *lang;  /* "" unknown */
	const char *lead;  /* of the rule, or the word for an activity */
	const char *other; /* the other party of the call */
	const char *note;  /* what the user wrote */
};

/* Texts borrow from the presence and the rules that it was made of. */
struct presence_view {
	bool available;
	bool idle;
	enum show show;
	int priority; /* 0..127 or PRESENCE_PRIORITY_UNSET; never negative (D-30) */
	int64_t idle_since_ms;
	int64_t since_ms; /* unavailable: wall clock of the last change, 0 unknown */
	size_t text_count;
	struct view_text texts[PRESENCE_NOTES_MAX]; /* distinct languages */
	char details[VIEW_DETAILS_BYTES];           /* "" if none; stands behind each text */
};

/* rules NULL: the built-in table in English.
 * presence NULL or without an open device: unavailable (presence_is_open()). Priority and notes
 * come from the best open device (IM-capable first, then highest priority, then first), a missing
 * show from the person's activities, missing notes from the person, then from the user (PRES-136,
 * RPR-006). The first rule that fits gives show and text; what the user wrote follows its text. A
 * stanza for an unavailable user has neither show nor priority (PRES-139). */
void presence_view_make(const struct presence *presence, const struct presence_rules *rules,
			struct presence_view *out);
bool presence_view_equal(const struct presence_view *a, const struct presence_view *b);
/* The i-th status text as pieces that make it when written one after the other:
 * "LEAD (OTHER): NOTE (DETAILS)", with what there is of it. Returns their number. */
size_t presence_view_pieces(const struct presence_view *view, size_t i,
			    const char *pieces[VIEW_PIECES_MAX]);
