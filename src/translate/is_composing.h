/* application/im-iscomposing+xml (RFC 3994). Pure. */
#pragma once

#include <stddef.h>

#include "model/message.h"

struct buf;

enum { IS_COMPOSING_REFRESH_MAX_S = 3600 };

extern const char is_composing_type[]; /* "application/im-iscomposing+xml" */

/* Unknown states are idle (TYPE-003). refresh_s 0 if none was given, at most
 * IS_COMPOSING_REFRESH_MAX_S. contenttype is not kept: any
 * content will end it. Returns 0 or EBADMSG. */
int is_composing_read(const char *body, size_t len, struct typing *out);
/* Appends the document; <refresh> only with is_active and refresh_s > 0. */
void is_composing_write(const struct typing *typing, struct buf *out);
