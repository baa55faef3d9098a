/* Text of SIP headers: what goes in is made harmless (SEC-060), what comes out is taken apart.
 * Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum { HEADER_TEXT_MAX = 256 }; /* bytes of foreign text in one header (SEC-060) */

/* Appends text as one line: controls become spaces, invalid UTF-8 U+FFFD, at most HEADER_TEXT_MAX
 * bytes. Returns the bytes appended. */
size_t header_text_clean(struct buf *out, const char *text, size_t len);
/* Appends "text" as a quoted string and a space; nothing for an empty text. plain: without quotes
 * and backslashes inside (D-32, AST-5). */
void header_text_display(struct buf *out, const char *text, bool plain);
/* Takes a display name as Sofia gives it (quoted or not) and appends its text. */
void header_text_unquote(struct buf *out, const char *display);
/* RFC 1123 date (MSG-027, D-44); wall_ms since 1970. */
void header_text_date(struct buf *out, int64_t wall_ms);
/* True if tag is a language tag by form (MSG-045). */
bool header_text_is_language(const char *tag, size_t len);
/* True if no control character is in text; NULL is clean (SEC-060). */
bool header_text_is_printable(const char *text);
/* True if text is a token of RFC 3261 section 25.1. */
bool header_text_is_token(const char *text);
/* An unsigned decimal of at most 9 digits, or fallback (SOF-020: views, never trusted). */
long header_text_number(const char *text, long fallback);
/* Appends number in decimal. */
void header_text_put_number(struct buf *out, unsigned long long number);
