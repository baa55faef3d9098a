/* message/imdn+xml (RFC 5438 sections 7 and 11). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/message.h"

struct buf;

enum { IMDN_BYTES_MAX = 64 * 1024 };

extern const char imdn_type[]; /* "message/imdn+xml" */

/* Of one <imdn>. Owned; NULL: not there. */
struct imdn {
	char *message_id;
	char *date_time;
	char *recipient;
	char *original_recipient;
	enum report_kind kind; /* REPORT_FAILED: delivery failed, or an error of it (RCPT-044) */
	/* forbidden (RCPT-045), stored (RCPT-047), an error of display or processing, none that is
	 * known: nothing is to be told. */
	bool is_silent;
};

/* Reads one document (RCPT-007 to -009); any order, unknown elements passed over. Returns 0 or
 * EBADMSG. */
int imdn_read(const char *body, size_t len, struct imdn *out);
void imdn_clear(struct imdn *imdn);
/* Appends a document that validates against RFC 5438 section 11.1.9. kind decides the element,
 * REPORT_FAILED is delivery-notification/failed. date_time may be NULL (then at_ms is written);
 * recipient and original are both written or neither (RCPT-008). */
void imdn_write(enum report_kind kind, const char *message_id, const char *date_time, int64_t at_ms,
		const char *recipient, const char *original_recipient, struct buf *out);
