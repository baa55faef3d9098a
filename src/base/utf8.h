/* UTF-8 checks and the one place that makes foreign text legal (SEC-050, CMP-017). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Decodes one character of text[0..len), len > 0. Returns its length in bytes and stores it in
 * *out; 0 if the bytes are not well-formed UTF-8 (overlong, surrogate, truncated, too large). */
size_t utf8_decode(const char *text, size_t len, uint32_t *out);
bool utf8_is_valid(const char *text, size_t len);
/* True if character c may stand in an XML 1.0 document. */
bool utf8_is_xml_char(uint32_t c);
/* Appends text with each invalid byte and each character illegal in XML 1.0 replaced by U+FFFD. */
void utf8_scrub(struct buf *out, const char *text, size_t len);
/* The largest n <= max such that text[0..n) ends at a character boundary. */
size_t utf8_cut(const char *text, size_t len, size_t max);
