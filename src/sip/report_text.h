/* Reports of messages for SIP users: IMDN documents (RFC 5438, file 07 section D), or words for a
 * phone that knows none (D-39). */
#pragma once

#include <stdint.h>

struct buf;
struct message;
struct side_core;

/* Who reports to whom: URIs without brackets. */
struct report_ends {
	const char *from_uri; /* the recipient of the message that it is about */
	const char *to_uri;   /* its sender */
	int64_t now_ms;       /* wall clock */
};

/* Appends the message/imdn+xml document; message is of MESSAGE_REPORT and its origin has an id. */
void report_text_imdn(const struct message *message, const struct report_ends *ends,
		      struct buf *out);
/* The same in message/cpim. */
void report_text_cpim(const struct message *message, const struct report_ends *ends,
		      struct buf *out);
/* Appends "Not delivered: REASON: FIRST WORDS". */
void report_text_words(const struct message *message, struct buf *out);
/* Where the report goes (RCPT-014, RCPT-021): the URI of the top IMDN-Record-Route if the message
 * had one in the SIP domain of its sender or at its server (SEC-021), else to_uri. Appended. */
void report_text_target(const struct side_core *core, const struct message *message,
			const char *to_uri, const char *domain, struct buf *out);
