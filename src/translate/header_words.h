/* Encoded words in header values (RFC 2047; MSG-048), as software writes them that knows mail. */
#pragma once

struct buf;

/* Appends value as UTF-8 in one line, its encoded words decoded; words of an unknown charset, or
 * damaged ones, stay as they stand, what is no UTF-8 becomes U+FFFD. */
void header_words_decode(const char *value, struct buf *out);
