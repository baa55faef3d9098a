/* The text of a SIP MESSAGE body (MSG-067, MSG-068, MSG-075 to MSG-081): content type, charset,
 * encodings. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum { TEXT_BODY_MAX_BYTES = 256 * 1024 }; /* unpacked */

/* Appends the text of body[0..len) to *out as UTF-8 with LF line ends. content_type is the header
 * value ("text/plain;charset=UTF-8") or NULL (text/plain); content_encoding, disposition may be
 * NULL. text/html only becomes plain text. Returns 0; ENOTSUP unsupported type, charset or
 * disposition (SIP 415); EOPNOTSUPP unsupported encoding (415 with Accept-Encoding; on Linux it has
 * the value of ENOTSUP: whoever wants to know looks whether there was an encoding); EBADMSG
 * undecodable or damaged bytes (400); E2BIG beyond TEXT_BODY_MAX_BYTES, or packed too
 * tightly (deflate.h). Nothing is appended on failure. A part that need not be shown gives no
 * text. */
int text_body_read(const char *body, size_t len, const char *content_type,
		   const char *content_encoding, const char *disposition, struct buf *out);

/* What Accept says beside a 415. */
extern const char text_body_accept[];

/* True if that Content-Type value (NULL: none) names text/plain, also by naming nothing, or
 * text/html. */
bool text_body_is_plain(const char *content_type);
bool text_body_is_html(const char *content_type);
/* Appends the text of a body of one of these types that is neither packed nor encoded.
 * charset_unreliable: what is UTF-8 beyond ASCII is taken for that, whatever was declared. Returns
 * 0, ENOTSUP or EBADMSG, then with nothing appended. */
int text_body_decode(const char *body, size_t len, const char *content_type,
		     bool charset_unreliable, struct buf *out);
