/* The words of an HTML text (MSG-068, X0071-1): for messages that come as text/html only. */
#pragma once

#include <stddef.h>

struct buf;

/* Appends the text of html[0..len), valid UTF-8: tags, comments, scripts and styles go, line
 * breaks stay, references are decoded, white space is folded. The result is text, never markup. */
void html_text(const char *html, size_t len, struct buf *out);
