/* Content-Encoding of SIP bodies: zlib behind bounds. */
#include "translate/deflate.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST /* next_in is const */
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "translate/text_span.h"

const char coding_accept[] = "deflate, gzip, identity";

enum { BLOCK = 16 * 1024 };

/* Of inflateInit2(): how large the window is, and what stands around the data. */
enum { WINDOW_ZLIB = MAX_WBITS, WINDOW_BARE = -MAX_WBITS, WINDOW_GZIP = MAX_WBITS + 16 };

enum coding coding_from_header(const char *content_encoding)
{
	const char *text = content_encoding;
	size_t len;

	if (text == NULL)
		return CODING_IDENTITY;
	len = strlen(text);
	text_trim(&text, &len);
	if (len == 0 || text_is_like(text, len, "identity"))
		return CODING_IDENTITY;
	if (text_is_like(text, len, "deflate"))
		return CODING_DEFLATE;
	if (text_is_like(text, len, "gzip") || text_is_like(text, len, "x-gzip"))
		return CODING_GZIP;
	return CODING_OTHER;
}

/* ";q=0", with any number of zeros: not wanted. */
static bool is_refused(const char *parameters, size_t len)
{
	const char *q = memmem(parameters, len, "q=", 2);

	if (q == NULL)
		return false;
	for (q += 2; q < parameters + len; q++) {
		if (*q >= '1' && *q <= '9')
			return false;
	}
	return true;
}

bool coding_takes_deflate(const char *accept_encoding)
{
	const char *at = accept_encoding;

	while (at != NULL && *at != '\0') {
		size_t len = strcspn(at, ",");
		const char *semicolon = memchr(at, ';', len);
		const char *name = at;
		size_t name_len = semicolon == NULL ? len : (size_t)(semicolon - at);

		text_trim(&name, &name_len);
		if (text_is_like(name, name_len, "deflate"))
			return semicolon == NULL ||
			       !is_refused(semicolon, len - (size_t)(semicolon - at));
		at += len + (at[len] == ',');
	}
	return false;
}

/* How much may come out of len bytes. */
static size_t bound(size_t len, size_t max_bytes)
{
	size_t by_ratio = len > SIZE_MAX / DEFLATE_RATIO_MAX ? SIZE_MAX : len * DEFLATE_RATIO_MAX;

	if (by_ratio < DEFLATE_RATIO_FREE)
		by_ratio = DEFLATE_RATIO_FREE;
	return by_ratio < max_bytes ? by_ratio : max_bytes;
}

static int unpack(z_stream *stream, size_t most, struct buf *out)
{
	size_t start = out->len;
	unsigned char block[BLOCK];
	int state = Z_OK;

	while (state == Z_OK) {
		size_t got;

		stream->next_out = block;
		stream->avail_out = sizeof(block);
		state = inflate(stream, Z_NO_FLUSH);
		if (state != Z_OK && state != Z_STREAM_END)
			return EBADMSG; /* also Z_BUF_ERROR: it is cut short */
		got = sizeof(block) - stream->avail_out;
		if (got > most - (out->len - start))
			return E2BIG;
		buf_append(out, block, got);
	}
	return stream->avail_in == 0 ? 0 : EBADMSG;
}

static int unpack_as(int window, const void *bytes, size_t len, size_t most, struct buf *out)
{
	struct buf text = BUF_INIT;
	z_stream stream = {0};
	int err;

	if (inflateInit2(&stream, window) != Z_OK)
		mem_run_out();
	stream.next_in = bytes;
	stream.avail_in = (uInt)len;
	err = unpack(&stream, most, &text);
	inflateEnd(&stream);
	if (err == 0)
		buf_append(out, text.data, text.len);
	buf_free(&text);
	return err;
}

/* RFC 1950: method 8, and the first two bytes are a multiple of 31. */
static bool is_zlib(const unsigned char *bytes, size_t len)
{
	return len >= 2 && (bytes[0] & 0x0F) == 8 && ((bytes[0] << 8) | bytes[1]) % 31 == 0;
}

/* A bare stream may begin with what looks like a zlib header. */
static int unpack_deflate(const void *bytes, size_t len, size_t most, struct buf *out)
{
	int err = EBADMSG;

	if (is_zlib(bytes, len))
		err = unpack_as(WINDOW_ZLIB, bytes, len, most, out);
	if (err == EBADMSG)
		err = unpack_as(WINDOW_BARE, bytes, len, most, out);
	return err;
}

int deflate_read(const void *bytes, size_t len, enum coding coding, size_t max_bytes,
		 struct buf *out)
{
	if (len > max_bytes || len > INT_MAX)
		return E2BIG;
	switch (coding) {
	case CODING_IDENTITY:
		buf_append(out, bytes, len);
		return 0;
	case CODING_DEFLATE:
		return unpack_deflate(bytes, len, bound(len, max_bytes), out);
	case CODING_GZIP:
		return unpack_as(WINDOW_GZIP, bytes, len, bound(len, max_bytes), out);
	case CODING_OTHER:
		break;
	}
	return EOPNOTSUPP;
}

void deflate_write(const char *text, size_t len, struct buf *out)
{
	uLongf packed = compressBound(len);

	buf_reserve(out, packed);
	if (compress2((Bytef *)out->data + out->len, &packed, (const Bytef *)text, len,
		      Z_DEFAULT_COMPRESSION) != Z_OK)
		mem_run_out(); /* the room is enough */
	out->len += packed;
	out->data[out->len] = '\0';
}
