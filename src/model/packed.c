#include "model/packed.h"

#include <limits.h>
#include <string.h>

#include "base/mem.h"

/* Writing -------------------------------------------------------------------------------------- */

size_t packed_text_len(const char *text)
{
	return text == NULL ? 0 : strlen(text);
}

unsigned char *packed_put_number(unsigned char *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (unsigned char)(value | 0x80);
	*at++ = (unsigned char)value;
	return at;
}

unsigned char *packed_put_signed(unsigned char *at, int64_t value)
{
	return packed_put_number(at, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

unsigned char *packed_put_bytes(unsigned char *at, const char *bytes, size_t len)
{
	if (bytes == NULL)
		return packed_put_number(at, 0);
	at = packed_put_number(at, (uint64_t)len + 1);
	memcpy(at, bytes, len);
	return at + len;
}

unsigned char *packed_put_text(unsigned char *at, const char *text)
{
	return packed_put_bytes(at, text, packed_text_len(text));
}

/* Reading -------------------------------------------------------------------------------------- */

uint64_t packed_fail(struct packed *packed)
{
	packed->is_bad = true;
	packed->at = packed->end;
	return 0;
}

uint64_t packed_number(struct packed *packed)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && packed->at < packed->end; shift += 7) {
		unsigned char byte = *packed->at++;

		if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
			break; /* too large, or longer than need be */
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	return packed_fail(packed);
}

unsigned packed_up_to(struct packed *packed, unsigned max)
{
	uint64_t value = packed_number(packed);

	return (unsigned)(value <= max ? value : packed_fail(packed));
}

int64_t packed_signed(struct packed *packed)
{
	uint64_t value = packed_number(packed);

	return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

int packed_int(struct packed *packed)
{
	int64_t value = packed_signed(packed);

	return value >= INT_MIN && value <= INT_MAX ? (int)value : (int)packed_fail(packed);
}

/* The bytes of a text, of which len (not counting a NUL) come next; NULL if it is NULL. */
static const char *take_span(struct packed *packed, size_t *len)
{
	uint64_t coded = packed_number(packed);
	const char *bytes = (const char *)packed->at;

	*len = 0;
	if (coded == 0)
		return NULL;
	if (coded - 1 > (uint64_t)(packed->end - packed->at)) {
		packed_fail(packed);
		return NULL;
	}
	*len = (size_t)coded - 1;
	packed->at += *len;
	return bytes;
}

char *packed_bytes(struct packed *packed, size_t *len)
{
	const char *bytes = take_span(packed, len);

	return bytes == NULL ? NULL : mem_strndup(bytes, *len);
}

static const char *take_chars(struct packed *packed, size_t *len)
{
	const char *text = take_span(packed, len);

	if (text != NULL && memchr(text, 0, *len) != NULL) {
		packed_fail(packed);
		return NULL;
	}
	return text;
}

char *packed_text(struct packed *packed)
{
	size_t len;
	const char *text = take_chars(packed, &len);

	return text == NULL ? NULL : mem_strndup(text, len);
}

void packed_array(struct packed *packed, char *out, size_t size)
{
	size_t len;
	const char *text = take_chars(packed, &len);

	if (text == NULL || len >= size)
		packed_fail(packed);
	else
		memcpy(out, text, len); /* the rest is zeros */
}
