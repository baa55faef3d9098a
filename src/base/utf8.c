/* UTF-8 (RFC 3629) and the characters of XML 1.0 (section 2.2). */
#include "base/utf8.h"

#include <string.h>

#include "base/buf.h"

enum { UTF8_REPLACEMENT_BYTES = 3 };

static const char utf8_replacement[] = "\xef\xbf\xbd";

/* Length by first byte, 0 if it cannot start a character; *least is the smallest code point
 * that needs this length (shorter forms are overlong). */
static size_t lead(unsigned char c, uint32_t *bits, uint32_t *least)
{
	if (c < 0x80) {
		*bits = c;
		*least = 0;
		return 1;
	}
	if (c >= 0xc2 && c < 0xe0) {
		*bits = c & 0x1fu;
		*least = 0x80;
		return 2;
	}
	if (c >= 0xe0 && c < 0xf0) {
		*bits = c & 0x0fu;
		*least = 0x800;
		return 3;
	}
	if (c >= 0xf0 && c < 0xf5) {
		*bits = c & 0x07u;
		*least = 0x10000;
		return 4;
	}
	return 0;
}

/* How many bytes at the start of text are words of printable ASCII: most text is, and they are
 * looked at eight at a time. */
static size_t plain_words(const char *text, size_t len)
{
	const uint64_t high = UINT64_C(0x8080808080808080);
	const uint64_t blanks = UINT64_C(0x2020202020202020);
	size_t at = 0;

	for (; len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, text + at, sizeof word);
		if (((word | (word - blanks)) & high) != 0)
			break;
	}
	return at;
}

size_t utf8_decode(const char *text, size_t len, uint32_t *out)
{
	uint32_t value;
	uint32_t least;
	size_t need = lead((unsigned char)text[0], &value, &least);

	if (need == 0 || need > len)
		return 0;
	for (size_t i = 1; i < need; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (c & 0x3fu);
	}
	if (value < least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	*out = value;
	return need;
}

bool utf8_is_valid(const char *text, size_t len)
{
	uint32_t c;

	for (size_t at = plain_words(text, len); at < len; at += plain_words(text + at, len - at)) {
		size_t used = utf8_decode(text + at, len - at, &c);

		if (used == 0)
			return false;
		at += used;
	}
	return true;
}

bool utf8_is_xml_char(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return c < 0xd800 || (c >= 0xe000 && c < 0xfffe) || (c >= 0x10000 && c <= 0x10ffff);
}

void utf8_scrub(struct buf *out, const char *text, size_t len)
{
	size_t good = 0; /* start of the run that is still to be copied */
	size_t at = 0;

	buf_reserve(out, len);
	while (at < len) {
		uint32_t c;
		size_t used = plain_words(text + at, len - at);

		if (used > 0) {
			at += used;
			continue;
		}
		used = utf8_decode(text + at, len - at, &c);
		if (used > 0 && utf8_is_xml_char(c)) {
			at += used;
			continue;
		}
		buf_append(out, text + good, at - good);
		buf_append(out, utf8_replacement, UTF8_REPLACEMENT_BYTES);
		at += used > 0 ? used : 1;
		good = at;
	}
	buf_append(out, text + good, at - good);
}

size_t utf8_cut(const char *text, size_t len, size_t max)
{
	size_t n = max;

	if (len <= max)
		return len;
	/* A character has at most three continuation bytes; more are not UTF-8 anyway. */
	for (unsigned back = 0; back < 4; back++, n--) {
		if (n == 0 || ((unsigned char)text[n] & 0xc0) != 0x80)
			return n;
	}
	return max;
}
