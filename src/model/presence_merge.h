/* What several sources say of one user, as one presence: phones that registered on their own,
 * dialogs of two packages, publications. Pure. */
#pragma once

struct presence;

/* Adds what *from says to *into; *from stays as it is.
 * Devices of both are kept, with distinct ids: one whose id is taken gets "-2", "-3" and so on, in
 * the order of the calls, so that the same parts make the same ids. Beyond PRESENCE_DEVICES_MAX an
 * open device takes the place of one that is not.
 * Of two persons the newest stays, the first if none is newer (RPR-004); one that says nothing
 * counts as none. What phones do adds up (phone_merge()); of two notes in one language the first
 * stays. */
void presence_merge(struct presence *into, const struct presence *from);
