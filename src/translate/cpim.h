/* message/cpim (RFC 3862, file 02 section D) with the headers of IMDN (RFC 5438). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "translate/header_params.h"

struct buf;

/* Lines of both blocks of headers together; there is no limit for one line (MSGF-012). */
enum { CPIM_BYTES_MAX = 256 * 1024, CPIM_HEADERS_MAX = 64, CPIM_ROUTES_MAX = 16 };

/* What was read; spans point into the body that was read. Empty spans: not there. */
struct cpim {
	struct text_span from; /* URI, without name and brackets */
	struct text_span from_name;
	struct text_span to;
	struct text_span date_time;
	struct text_span subject;      /* with its escapes: cpim_unescape() */
	struct text_span subject_lang; /* ;lang= */
	struct text_span message_id;   /* imdn.Message-ID, whatever the prefix (RCPT-001) */
	struct text_span original_to;
	unsigned wants; /* WANTS_ of Disposition-Notification (RCPT-002) */
	struct text_span record_routes[CPIM_ROUTES_MAX]; /* IMDN-Record-Route, in order */
	size_t record_route_count;
	struct text_span routes[CPIM_ROUTES_MAX]; /* IMDN-Route */
	size_t route_count;
	/* The wrapped object. */
	struct text_span content_type; /* whole value, or empty */
	struct text_span content_encoding;
	struct text_span transfer_encoding;
	struct text_span disposition;
	struct text_span content;
};

/* With and without the blank line before the wrapped headers (MSGF-004); of headers that may stand
 * once the first counts. Returns 0, or EBADMSG: no Message/CPIM, or more of anything than the
 * limits above; ENOTSUP: Require names a header that is not understood (415). */
int cpim_read(const char *body, size_t len, struct cpim *out);
/* Appends the text of a header value with its escapes undone, as valid UTF-8 in one line: controls
 * become blanks. */
void cpim_unescape(struct text_span value, struct buf *out);

/* True for a token (MSGF-015), as names of headers and Message-IDs are; '.' may be in it. */
bool cpim_is_token(const char *text, size_t len);

/* What is written; texts are borrowed, NULL: left out. */
struct cpim_text {
	const char *from; /* URI */
	const char *to;
	const char *original_to; /* RCPT-016 */
	int64_t date_time_ms;    /* wall clock; 0: left out */
	const char *subject;
	const char *subject_lang;
	const char *message_id; /* NS and imdn.Message-ID */
	unsigned wants;         /* WANTS_; 0: no Disposition-Notification */
	const char *routes;     /* IMDN-Route values, one a line (RCPT-014), or NULL */
	const char *content_type;
	const char *disposition; /* "notification" for an IMDN */
	const char *content;
	size_t content_len;
};
/* Appends the whole Message/CPIM, with CRLF line ends and the blank line (MSGF-004). Nothing in the
 * texts can end its line or its brackets; what may not stand in a URI is percent-encoded. */
void cpim_write(const struct cpim_text *text, struct buf *out);
