/* What one source says of one watched user. There is one entry per (watched, watcher): presence
 * that was received for one watcher is never shown to another (PRES-126, REQ-040). A source of
 * SCOPE_COMMON (D-17) would own one entry that several pairs read. NULL is "nothing known". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "model/address.h"
#include "model/presence.h"

struct book_entry;
struct buf;
struct presence_rules;

/* The presence, or NULL if nothing is known. Valid until the next change. */
const struct presence *book_now(const struct book_entry *entry);
bool book_is_open(const struct book_entry *entry);
void book_drop(struct book_entry **entry);
/* A whole document of wall_ms: replaces what was known. A device that does not say since when has
 * changed now, or when it last did. */
void book_put(struct book_entry **entry, const struct presence *presence, int64_t wall_ms);
/* One resource (PRES-119 to PRES-122). Closed with id NULL means all are gone. A closed resource
 * stays, closed, until book_prune(). Returns false if nothing changed. */
bool book_put_device(struct book_entry **entry, const struct device *device);
/* What he says of himself beside his devices; stays until they are all gone. Returns false if
 * nothing changed. */
bool book_put_person(struct book_entry *entry, const struct person *person);
/* Leaves out closed devices once they were told, but for one if no other is left (PRES-120,
 * PRES-121). */
void book_prune(struct book_entry *entry);

/* From now on every device must be heard of again (a link was away, a probe asks). */
void book_doubt(struct book_entry *entry);
/* Closes the devices not heard of since. Returns true if there were any. */
bool book_settle(struct book_entry *entry);

/* A keyed digest, never 0, of what a reader on that side is shown of presence (may be NULL): equal
 * for what looks equal to him (PRS-014, PRES-127). rules: as presence_view_make(). scratch is
 * overwritten. */
uint64_t book_digest(const struct presence *presence, enum side reader,
		     const struct presence_rules *rules, const uint8_t key[HASH_KEY_BYTES],
		     struct buf *scratch);
/* The same of what a chat user is told of the person by personal eventing (XEP-0163); 0: nothing.
 */
uint64_t book_digest_person(const struct presence *presence, const uint8_t key[HASH_KEY_BYTES],
			    struct buf *scratch);
