/* Bodies of several parts (RFC 2046 section 5.1, RFC 2387; in SIP: RFC 3261 section 7.4, RFC 4662
 * section 5, RFC 5368). Pure. Never Sofia's parser: it aborts on malformed input (SOF-010). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum {
	MULTIPART_PARTS_MAX = 512,   /* the most a caller may allow (D-57) */
	MULTIPART_HEADERS_MAX = 32,  /* header lines of one part */
	MULTIPART_BOUNDARY_MAX = 70, /* RFC 2046 section 5.1.1 */
};

struct multipart_part {
	char *id;          /* Content-ID without angle brackets, or NULL */
	char *type;        /* Content-Type with its parameters, "text/plain" if there is none */
	char *encoding;    /* Content-Encoding, or NULL */
	char *disposition; /* Content-Disposition with its parameters, or NULL */
	char *transfer;    /* Content-Transfer-Encoding, or NULL */
	const char *body;  /* borrowed from the text that was parsed; base64 and the like: empty */
	size_t len;
	size_t raw_len; /* at body, as it stands: transfer_read() decodes it */
};

struct multipart {
	struct multipart_part *parts;
	size_t count;
	size_t root; /* the part named by start=, else the first of type=, else the first */
};

/* True if a Content-Type value (NULL: none) is multipart/anything. */
bool multipart_is(const char *content_type);
/* True if a Content-Type value names this type, whatever its parameters and letter case. */
bool multipart_type_is(const char *content_type, const char *type);

/* Reads text[0..len), whose Content-Type value is content_type, into *out (which must be zeroed;
 * the caller clears it; the bodies live as long as text). Tolerated: CRLF before the first boundary
 * (Asterisk), LF alone as line end, a preamble, a missing end boundary, unknown headers, a
 * Content-Length that lies (the boundary decides). parts_max: 16, or 512 in a list subscription of
 * ours at a trusted peer (D-57). Returns 0; EPROTO not multipart, or no usable boundary parameter;
 * EBADMSG no part, or a broken part header; E2BIG over a limit. On failure *out is left zeroed. */
int multipart_parse(const char *content_type, const char *text, size_t len, size_t parts_max,
		    struct multipart *out);
void multipart_clear(struct multipart *multipart);

/* The part of that Content-ID, or NULL. cid is without angle brackets, as in rlmi. */
const struct multipart_part *multipart_find(const struct multipart *multipart, const char *cid);

/* Writing: begin, add the parts (the root first), end. boundary is 1 to 70 letters and digits that
 * stand in none of the bodies: a random token. Everything is borrowed. */
void multipart_add(struct buf *out, const char *boundary, const char *id, const char *type,
		   const char *body, size_t len);
void multipart_end(struct buf *out, const char *boundary);
/* Appends the Content-Type value of multipart/related (RFC 2387 section 3): type, start, boundary.
 */
void multipart_write_type(struct buf *out, const char *boundary, const char *root_type,
			  const char *root_id);
