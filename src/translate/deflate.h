/* Content-Encoding of SIP bodies (RFC 3261 section 20.12, RFC 9110 section 8.4.1): deflate and
 * gzip. Pure; what unpacks to too much is refused before it is unpacked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum {
	/* SEC-058: unpacked bytes for each packed one, which only count beyond so many. Linphone's
	 * MESSAGE has 1.4; 500 like entries of a list have 13, of a list's NOTIFY 27. */
	DEFLATE_RATIO_MAX = 32,
	DEFLATE_RATIO_FREE = 8 * 1024,
};

enum coding { CODING_IDENTITY, CODING_DEFLATE, CODING_GZIP, CODING_OTHER };

/* What a Content-Encoding value (NULL: none) names; several codings in a row are CODING_OTHER. */
enum coding coding_from_header(const char *content_encoding);
/* True if an Accept-Encoding value (NULL: none) takes deflate. */
bool coding_takes_deflate(const char *accept_encoding);
/* What we say in Accept-Encoding. */
extern const char coding_accept[];

/* Appends the content of bytes[0..len) to *out. deflate is read in both forms met: zlib (RFC 1950)
 * and bare (RFC 1951). Returns 0; EBADMSG damaged, cut short, or followed by other bytes; E2BIG if
 * it unpacks to more than max_bytes or by more than the ratio; EOPNOTSUPP for CODING_OTHER. Nothing
 * is appended on failure. */
int deflate_read(const void *bytes, size_t len, enum coding coding, size_t max_bytes,
		 struct buf *out);
/* Appends text[0..len) packed, in zlib form. */
void deflate_write(const char *text, size_t len, struct buf *out);
