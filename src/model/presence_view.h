/* What a watcher on the XMPP side is shown of a SIP user: one merged resource (D-10, D-27). Pure.
 */
#pragma once

#include <stdbool.h>

#include "model/presence.h"

struct presence_view {
	bool available;
	enum show show;
	int priority; /* 0..127 or PRESENCE_PRIORITY_UNSET; never negative (D-30) */
	struct notes notes;
	bool idle;
	int64_t idle_since_ms;
};

/* presence NULL or without an open device: unavailable, with the note if there is one. Show and
 * notes come from the best open device (IM-capable first, then highest priority, then first), a
 * missing show from the person's activities, missing notes from the person, then from the user
 * (PRES-136, RPR-006). A stanza for an unavailable user has neither show nor priority (PRES-139).
 */
void presence_view_make(const struct presence *presence, struct presence_view *out);
void presence_view_clear(struct presence_view *view);
bool presence_view_equal(const struct presence_view *a, const struct presence_view *b);
