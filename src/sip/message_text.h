/* The text of a MESSAGE request out (file 05 section B, D-35, D-40). */
#pragma once

struct buf;
struct fault;
struct message;
struct side_core;

/* Appends the whole request. domain is the SIP domain of the recipient. Returns 0, or E2BIG with a
 * fault that names the limit when it may not be sent in one request. */
int message_text_write(const struct side_core *core, const char *from_uri, const char *to_uri,
		       const char *domain, const struct message *message, struct buf *out,
		       struct fault *fault);
