/* Display names of SIP users, as SIP said them (D-32): never identity, bounded, newest wins. */
#pragma once

#include <stddef.h>

struct names;

enum { NAMES_MAX = 16384, NAME_BYTES_MAX = 256 };

struct names *names_new(void);
void names_free(struct names **names);
/* bare: the JID of a SIP user. name is copied, cut at a character boundary; NULL and "" are
 * nothing. */
void names_put(struct names *names, const char *bare, const char *name);
/* NULL if none is known; valid until the next call. */
const char *names_find(const struct names *names, const char *bare);
size_t names_count(const struct names *names);
