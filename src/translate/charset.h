/* Declared character sets to UTF-8, strictly (MSG-075, SEC-059). */
#pragma once

#include <stddef.h>

struct buf;

/* Appends body[0..len), which is in charset[0..charset_len) (empty: not declared), as UTF-8.
 * Characters that XML forbids are still in it. Returns 0; ENOTSUP an unknown charset; EBADMSG bytes
 * that do not decode (then out may hold part of them). */
int charset_to_utf8(const char *body, size_t len, const char *charset, size_t charset_len,
		    struct buf *out);
