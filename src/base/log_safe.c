/* Values from outside made safe for a log line (SEC-061). */
#include "base/log.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum {
	SAFE_RING = 8,
	SAFE_MAX = 256,  /* bytes of the result */
	SAFE_PIECE = 16, /* longest form of one character */
	SAFE_TAIL = 4    /* "..." and the closing quote */
};

/* Characters that change how the rest of the line is read: C1 controls, zero-width and
 * bidirectional marks, line and paragraph separator, byte order mark. */
static bool is_tricky(uint32_t c)
{
	return (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

static size_t escape(char piece[SAFE_PIECE], const char *text, size_t used, uint32_t c)
{
	if (used == 0 || c < 0x20)
		return (size_t)snprintf(piece, SAFE_PIECE, "\\x%02x", (unsigned char)text[0]);
	if (c == '"' || c == '\\')
		return (size_t)snprintf(piece, SAFE_PIECE, "\\%c", (char)c);
	if (is_tricky(c))
		return (size_t)snprintf(piece, SAFE_PIECE, "\\u{%x}", (unsigned)c);
	memcpy(piece, text, used);
	return used;
}

/* A space inside could start a forged key=value, a bracket a forged reason. */
static bool needs_quotes(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr(" \"()", value[i]) != NULL && value[i] != '\0')
			return true;
	}
	return len == 0;
}

static void make_safe(char *out, const char *value, size_t len)
{
	bool quoted = needs_quotes(value, len);
	size_t at = 0;
	size_t to = 0;

	if (quoted)
		out[to++] = '"';
	while (at < len) {
		char piece[SAFE_PIECE];
		uint32_t c = 0;
		size_t used = utf8_decode(value + at, len - at, &c);
		size_t size = escape(piece, value + at, used, c);

		if (to + size > SAFE_MAX - SAFE_TAIL) {
			memcpy(out + to, "...", 3);
			to += 3;
			break;
		}
		memcpy(out + to, piece, size);
		to += size;
		at += used > 0 ? used : 1;
	}
	if (quoted)
		out[to++] = '"';
	out[to] = '\0';
}

const char *log_safe_n(const char *value, size_t len)
{
	static _Thread_local char ring[SAFE_RING][SAFE_MAX + 1];
	static _Thread_local unsigned next;
	char *out;

	if (value == NULL)
		return "-";
	out = ring[next++ % SAFE_RING];
	make_safe(out, value, len);
	return out;
}

const char *log_safe(const char *value)
{
	return value == NULL ? "-" : log_safe_n(value, strlen(value));
}
