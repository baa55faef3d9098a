/* The text of a MESSAGE request out (file 05 section B, D-35, D-40). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;
struct side_core;

enum { MESSAGE_TAG_CHARS = 16, MESSAGE_BRANCH_MAX = 56 };

/* All is borrowed; NULL and 0: left out. */
struct message_request {
	const char *domain;   /* SIP domain of the recipient: which way it goes */
	const char *uri;      /* Request-URI */
	const char *from_uri; /* without brackets */
	const char *to_uri;
	const char *nick;
	const char *call_id;
	const char *tag; /* of From */
	uint32_t cseq;
	int hops;          /* Max-Forwards, or -1 */
	int64_t date_ms;   /* wall clock */
	int64_t expires_s; /* after that date */
	const char *subject;
	const char *lang;
	const char *type;
	const char *disposition;
	const char *body;
	size_t body_len;
};

/* Appends the whole request, without the Via. */
void message_text_write(const struct side_core *core, const struct message_request *request,
			struct buf *out);
/* Most bytes that the body of this request may have on its way by UDP: 1,300 in all (SIP-046,
 * MSG-023). body and its length are not looked at. */
size_t message_text_room(const struct side_core *core, const struct message_request *request);

/* From tag of what this uid and part name: the same for each repetition (D-35, REL-004). */
void message_text_tag(const struct side_core *core, const char *uid, size_t part,
		      char tag[MESSAGE_TAG_CHARS + 1]);
/* "branch=z9hG4bK...", the same for the same text; what: all that the request depends on. */
void message_text_branch(const struct side_core *core, const char *what, size_t len,
			 char branch[MESSAGE_BRANCH_MAX]);
