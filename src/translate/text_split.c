/* Splitting a text. A cut is looked for backward from where the part is full; grapheme breaks are
 * computed from the nearest place before that is one for certain, so it costs what a part costs and
 * not what the text does. */
#include "translate/text_split.h"

#include <stdint.h>

#include <unigbrk.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "translate/text_span.h"

enum { MARK_BYTES = sizeof "(999/999) " - 1, WHITE_SHARE = 5 };

static const uint8_t *bytes_of(const char *text)
{
	return (const uint8_t *)text;
}

static bool is_start(const char *text, size_t at)
{
	return ((unsigned char)text[at] & 0xC0) != 0x80;
}

/* True between two characters that are part of nothing larger whatever stands around them: two
 * ASCII characters that are no line end. */
static bool is_sure(const char *text, size_t at)
{
	return (unsigned char)text[at - 1] < 0x80 && (unsigned char)text[at] < 0x80 &&
	       text[at - 1] != '\r';
}

/* The last cluster boundary in (from, limit], from itself if there is none. from is one; limit <
 * len. */
static size_t boundary_before(const char *text, size_t len, size_t from, size_t limit)
{
	size_t begin = limit;
	size_t end = limit + 1;
	size_t found = from;
	char *breaks;

	while (begin > from && !is_sure(text, begin))
		begin--;
	if (begin == limit)
		return limit;
	while (end < len && !is_start(text, end))
		end++; /* the whole character at limit decides */
	breaks = mem_alloc(end - begin);
	u8_grapheme_breaks(bytes_of(text + begin), end - begin, breaks);
	for (size_t at = limit; at >= begin && at > from; at--) {
		if (breaks[at - begin] != 0) {
			found = at;
			break;
		}
	}
	mem_free(breaks);
	return found;
}

/* Where the part that begins at from ends when it may have room bytes; from if nothing fits. */
static size_t cut(const char *text, size_t len, size_t from, size_t room)
{
	size_t limit, least;

	if (len - from <= room)
		return len;
	limit = from + room;
	least = limit - room / WHITE_SHARE;
	for (size_t at = limit; at > least; at--) {
		if (text_is_space(text[at - 1]) && boundary_before(text, len, at - 1, at) == at)
			return at;
	}
	return boundary_before(text, len, from, limit);
}

/* Bytes of text in each part. The mark has the room of the widest, whatever the count: where a
 * text is cut then does not hang on how many parts come of it. */
static size_t room_for(size_t most)
{
	return most - MARK_BYTES;
}

size_t text_split_count(const char *text, size_t len, size_t most)
{
	size_t count = 0;
	size_t from = 0;

	if (len <= most)
		return 1;
	if (most < TEXT_SPLIT_LEAST_BYTES || len / room_for(most) > TEXT_SPLIT_PARTS_MAX)
		return 0;
	while (from < len) {
		size_t end = cut(text, len, from, room_for(most));

		if (end == from || count == TEXT_SPLIT_PARTS_MAX)
			return 0;
		count++;
		from = end;
	}
	return count;
}

size_t text_split_step(const char *text, size_t len, size_t most, size_t count, size_t i,
		       size_t from, struct buf *out)
{
	size_t end = count > 1 ? cut(text, len, from, room_for(most)) : len;

	if (out == NULL)
		return end;
	if (count > 1)
		buf_printf(out, "(%zu/%zu) ", i + 1, count);
	buf_append(out, text + from, end - from);
	return end;
}

void text_split_part(const char *text, size_t len, size_t most, size_t i, struct buf *out)
{
	size_t count = text_split_count(text, len, most);
	size_t from = 0;

	if (i >= count)
		return;
	for (size_t part = 0; part < i; part++)
		from = text_split_step(text, len, most, count, part, from, NULL);
	(void)text_split_step(text, len, most, count, i, from, out);
}
