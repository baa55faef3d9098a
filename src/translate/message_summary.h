/* Bodies of Event message-summary (RFC 3842): how many voice messages wait. Pure; bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MESSAGE_SUMMARY_MAX_BYTES = 64 * 1024, MESSAGE_SUMMARY_COUNT_MAX = 999999 };

extern const char message_summary_type[]; /* "application/simple-message-summary" */

/* Counts above MESSAGE_SUMMARY_COUNT_MAX are that. */
struct message_summary {
	bool is_counted; /* the body gives numbers; else fresh is 1 or 0 by its status line */
	uint32_t fresh;  /* 0 unless messages are waiting */
	uint32_t old;
	uint32_t urgent; /* of the fresh ones */
};

/* Reads text[0..len) into *out. Other kinds of messages than voice are passed over. Returns 0;
 * EBADMSG there is no status line; E2BIG over the limit. */
int message_summary_parse(const char *text, size_t len, struct message_summary *out);
