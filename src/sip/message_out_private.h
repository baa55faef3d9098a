/* Between message_out.c (the requests) and message_form.c (which they are). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sip/message_out.h"

/* All of the request but body, Call-ID, tag and CSeq. */
struct message_request message_out_request(const struct message_out *out, bool is_last);
/* Appends the text in message/cpim, with the question for receipts. */
void message_out_cpim(const struct message_out *out, const char *text, size_t len, struct buf *to);
