/* Moods and activities: the words of RPID (RFC 4480 sections 3.2 and 3.5), those of XEP-0107 and
 * XEP-0108, and what one is in the other (RPR-017 to RPR-020, X0108-2, X0108-3). Pure tables. */
#pragma once

#include <stdbool.h>

#include "model/presence.h"

/* True for an element of rpid:mood that is a mood of its own (not other, not unknown). */
bool vocabulary_is_rpid_mood(const char *word);
/* True for a mood element of XEP-0107. */
bool vocabulary_is_xmpp_mood(const char *word);

/* True for "general" or "general/specific" of XEP-0108. */
bool vocabulary_is_xmpp_activity(const char *path);
/* The path of XEP-0108 for an activity, by the place where he is on the way (or NULL). NULL if
 * there is none: a show stands for it, or nothing is said. */
const char *vocabulary_to_xmpp_activity(enum activity activity, const char *place);
/* The activity for a path of XEP-0108, by specific then general; ACTIVITY_OTHER if RPID has no word
 * for it. */
enum activity vocabulary_from_xmpp_activity(const char *path);
/* The path whose last part is that word, blanks standing for underscores; NULL if there is none. */
const char *vocabulary_find_xmpp_activity(const char *word);
/* The place-type that a path names ("traveling/on_a_bus": "bus"), or NULL. */
const char *vocabulary_place_of_activity(const char *path);
