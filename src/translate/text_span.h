/* Small helpers for spans of ASCII-compatible text, independent of the locale. Header only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static inline bool text_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Takes XML white space off both ends. */
static inline void text_trim(const char **text, size_t *len)
{
	while (*len > 0 && text_is_space(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && text_is_space((*text)[*len - 1]))
		(*len)--;
}

/* Makes *text (ends with NUL) one line in place: controls become blanks, those at its ends go.
 * Returns its length. */
static inline size_t text_one_line(char *text)
{
	const char *start = text;
	size_t len = strlen(text);

	for (char *at = text; *at != '\0'; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7F)
			*at = ' ';
	}
	text_trim(&start, &len);
	memmove(text, start, len);
	text[len] = '\0';
	return len;
}

static inline bool text_equals(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* ASCII letters in either case. The daemon never calls setlocale(), so strncasecmp is ASCII. */
static inline bool text_is_like(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

static inline bool text_starts(const char *text, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && memcmp(text, prefix, n) == 0;
}

/* A language tag as far as it matters: letters, digits and hyphens, 35 characters at most
 * (BCP 47). */
static inline bool text_is_lang(const char *text, size_t len)
{
	if (len == 0 || len > 35)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-'))
			return false;
	}
	return true;
}
