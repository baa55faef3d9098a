/* What the body of a SIP MESSAGE is: a text, typing, reports, or nothing; through CPIM, multiparts,
 * encodings and charsets (file 05 C.2, D-41, D-45). Pure. */
#pragma once

#include <stddef.h>
#include <stdbool.h>

#include "model/message.h"

struct buf;

enum {
	MESSAGE_BODY_MAX_BYTES = 256 * 1024, /* of a body, and of all that is unpacked from it */
	MESSAGE_BODY_REPORTS_MAX = 16
};

enum message_body_kind {
	MESSAGE_BODY_TEXT,
	MESSAGE_BODY_TYPING,
	MESSAGE_BODY_REPORTS, /* one, or several aggregated (RCPT-020) */
	MESSAGE_BODY_NOTHING  /* no text, and nothing else that is understood and need be shown */
};

/* One report as it came. */
struct body_report {
	char *id; /* IMDN Message-ID it names */
	enum report_kind kind;
	bool is_silent; /* forbidden, stored, unknown: nothing to tell (RCPT-045, -047) */
	struct fault fault;
};

struct message_body {
	enum message_body_kind kind;
	/* TEXT: body, body_len; of a CPIM also subject, lang, wants, origin.id, origin.stamp,
	 * origin.route, origin.recipient; sent_at_ms from DateTime when it has one. */
	struct message message;
	bool is_cpim; /* its sender understands CPIM (evidence, D-41) */
	struct typing typing;
	struct body_report *reports; /* owned, MESSAGE_BODY_REPORTS_MAX at most */
	size_t report_count;
	bool reports_are_bare; /* message/imdn+xml without CPIM, as Linphone sends it (D-41) */
};

/* Reads body[0..len) into *out, which must be cleared in any case. content_type,
 * content_encoding, disposition are values of headers or NULL; no type is text/plain. An object
 * that need not be shown (handling=optional) is NOTHING, and so is an empty text.
 * charset_unreliable: UTF-8 is believed when the bytes are (charset_decl_unreliable). Returns 0;
 * ENOTSUP a type, charset, encoding, disposition or required header that is not understood, or
 * containers three deep (SIP 415); EBADMSG undecodable or damaged (400); E2BIG beyond the limits
 * above, more than 16 parts, or packed too tightly (deflate.h; 413). */
int message_body_read(const char *body, size_t len, const char *content_type,
		      const char *content_encoding, const char *disposition,
		      bool charset_unreliable, struct message_body *out);
void message_body_clear(struct message_body *body);

/* Value of Accept beside a 415: exactly what message_body_read() takes. */
extern const char message_body_accept[];
