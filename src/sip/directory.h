/* Lists of a server's users (RFC 4662; EVT-064 to EVT-073): where a peer has a list, one
 * subscription in the bridge's name for each package tells of all its members, and these need no
 * dialogs of their own (D-17). Asked for when the first user of the peer's domain is watched.
 *
 * A list that is refused, that answers with one user's document, or that does not answer is no list
 * for now: everybody has subscriptions of his own, and it is asked for again slowly. */
#pragma once

#include <stddef.h>

#include "sip/composition.h"

struct directory;
struct side_core;
struct subscriber;

/* Makes itself known to subscriber (subscriber_set_list). Both are borrowed until directory_free,
 * which comes before theirs. */
struct directory *directory_new(struct side_core *core, struct subscriber *subscriber);
void directory_free(struct directory **directory);

/* What the lists say of a SIP user: the listed_fn of composition.h, arg is the directory. */
void directory_listed(const struct address *watched, struct listed *out, void *arg);

/* What became of a peer's list: "live", "asking", "lost" ..., and how many users it names; NULL: it
 * has none. */
const char *directory_word(const struct directory *directory, const struct sip_peer *peer,
			   size_t *members);
/* Users that lists name. */
size_t directory_members(const struct directory *directory);
