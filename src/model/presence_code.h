/* Presence as bytes for the store: what a source told last, kept over a restart (D-49). */
#pragma once

#include <stddef.h>

struct buf;
struct presence;

enum { PRESENCE_CODE_MAX = 65536 };

/* Appends presence, all of it. Returns 0, or E2BIG (and out is as it was) if that takes more than
 * PRESENCE_CODE_MAX bytes. */
int presence_encode(const struct presence *presence, struct buf *out);
/* Reads what presence_encode() wrote, and nothing else: 0, or EBADMSG (*out is cleared then). The
 * caller clears *out. */
int presence_decode(struct presence *out, const void *bytes, size_t len);
