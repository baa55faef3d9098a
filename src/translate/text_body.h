/* Texts of SIP bodies (MSG-067, MSG-068, MSG-075, MSG-078, MSG-079), neither packed nor encoded any
 * more: message_body.h reads whole bodies. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Appends the text of body[0..len), text/plain or text/html, to *out as UTF-8 with LF line ends;
 * of HTML its words. The charset is that of content_type (a header value with its parameters, or
 * NULL), UTF-8 if it names none; charset_unreliable: what is UTF-8 beyond ASCII is taken for that,
 * whatever was declared. Returns 0; ENOTSUP unknown charset (SIP 415); EBADMSG bytes that do not
 * decode (400). Nothing is appended on failure. */
int text_body_decode(const char *body, size_t len, const char *content_type, bool is_html,
		     bool charset_unreliable, struct buf *out);
