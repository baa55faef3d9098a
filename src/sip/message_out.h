/* One message on its way to a SIP user: which form it gets, in how many requests, and what becomes
 * of it when a request is refused for its form (D-39 to D-42; file 05 section B, file 07 section
 * D). It knows nothing of waiting and of transactions: pager_out.h does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/address.h"
#include "model/message.h"
#include "sip/message_text.h"

struct buf;
struct fault;
struct side_core;

enum message_form {
	MESSAGE_FORM_PLAIN,
	MESSAGE_FORM_CPIM,      /* with a request for receipts */
	MESSAGE_FORM_IMDN,      /* a report, in message/cpim */
	MESSAGE_FORM_IMDN_BARE, /* a report as some phones send theirs */
	MESSAGE_FORM_TYPING
};

/* Zeroed is empty. */
struct message_out {
	const struct side_core *core;
	struct address from;
	struct address to;
	char *from_uri;
	char *to_uri;
	char *uri; /* Request-URI */
	struct message message;
	enum message_form form;
	int64_t date_ms;
	size_t limit;     /* bytes of a body that were not refused yet; SIZE_MAX: none was */
	size_t most;      /* bytes of the text of each part, with its mark; 0: it goes whole */
	size_t part;      /* from 0 */
	size_t from_byte; /* where that part begins in the text */
	size_t parts;
	bool was_redirected;
	uint32_t steps; /* what was refused for its form before: one more in CSeq each */
};

/* Copies what it needs. 0, or ENOENT with a fault when an address cannot be written. */
int message_out_init(struct message_out *out, const struct side_core *core,
		     const struct address *from, const struct address *to,
		     const struct message *message, struct fault *fault);
void message_out_clear(struct message_out *out);
/* Makes the notice of from's typing: message is not needed. Otherwise as message_out_init(). */
int message_out_init_typing(struct message_out *out, const struct side_core *core,
			    const struct address *from, const struct address *to,
			    const struct typing *typing, struct fault *fault);

/* Chooses the form and the parts by what is known now. 0; E2BIG with a fault that names the limit,
 * ENOTSUP with one when the recipient takes nothing that says it. */
int message_out_plan(struct message_out *out, struct fault *fault);
/* Goes on where an earlier try of the same message ended: after the plan. */
void message_out_resume(struct message_out *out, size_t most, size_t part, uint32_t steps);
/* The request of the present part: its text is appended, branch is "branch=...". */
void message_out_write(const struct message_out *out, struct buf *text,
		       char branch[MESSAGE_BRANCH_MAX]);
/* This part was taken. True: there is another one now. */
bool message_out_next(struct message_out *out);
/* He has moved: true if it is to be sent to that URI instead, which is followed once and only to a
 * user of the same SIP domain. */
bool message_out_redirect(struct message_out *out, const char *uri);
/* This part was refused with a status of the other end: what that says is learned. True: it is to
 * be sent again at once, in another form. */
bool message_out_again(struct message_out *out, int status);
