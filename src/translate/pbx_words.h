/* The fixed texts that PBXs write as notes of their users (PBX-002, PBX-028, PBX-029): what they
 * say of the phone is read, and taken out, so that only what a person said stays. Pure. */
#pragma once

#include "model/profile.h"

struct presence;

/* Reads the notes of *presence that are words of that PBX, by exact match, into presence->phone and
 * removes them together with the on-the-phone activity that comes with them. On Asterisk the exact
 * note decides before the activity (D-27). WORDS_NONE changes nothing but this: an activity
 * on-the-phone stays an activity. */
void pbx_words_apply(enum pbx_words words, struct presence *presence);
