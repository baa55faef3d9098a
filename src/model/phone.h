/* What a user's phones do (RFC 4235 section 3.7.2; DLG-014, DLG-016, D-27). */
#pragma once

#include <stdbool.h>

/* In the order of what is told when several calls say different things: of two, the greater.
 * ON_HOLD is said only when every call is (D-27). */
enum phone_state {
	PHONE_UNKNOWN, /* no source speaks of calls (DLG-017) */
	PHONE_IDLE,    /* no calls */
	PHONE_RINGING,
	PHONE_DIALLING,
	PHONE_ON_HOLD,
	PHONE_IN_CALL
};

/* Zeroed is "nothing known". */
struct phone {
	enum phone_state state;
	bool is_dnd; /* do-not-disturb is set at the PBX */
	char *other; /* the other party as the PBX names it, or NULL. Owned. Translators fill it;
		      * who hands it on drops it unless the peer's show_caller says yes (DLG-018) */
};

void phone_clear(struct phone *phone);
void phone_copy(struct phone *out, const struct phone *from);
bool phone_equal(const struct phone *a, const struct phone *b);
/* Adds what another source says: the greater state, either dnd, and of those who say that state the
 * first other party: the caller of one call is not named for another. */
void phone_merge(struct phone *into, const struct phone *from);

const char *phone_state_name(enum phone_state state); /* "unknown", "idle", "ringing", ... */
