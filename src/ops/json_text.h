/* Text as a JSON string (RFC 8259), for the control commands. */
#pragma once

struct buf;

/* Appends text in quotes, escaped; bytes that are not UTF-8 become U+FFFD. NULL appends null. */
void json_text(struct buf *out, const char *text);
/* Appends "name": with the text after it; for the members of an object. */
void json_member(struct buf *out, const char *name, const char *text);
