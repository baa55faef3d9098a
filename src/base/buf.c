/* The growing byte buffer. */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { BUF_FIRST = 64 };

void buf_reserve(struct buf *buf, size_t extra)
{
	size_t need;
	size_t cap = buf->cap < BUF_FIRST ? BUF_FIRST : buf->cap;

	assert(extra < SIZE_MAX / 4 && buf->len < SIZE_MAX / 4);
	need = buf->len + extra + 1;
	if (need <= buf->cap)
		return;
	while (cap < need)
		cap *= 2;
	buf->data = mem_resize(buf->data, cap, 1);
	buf->cap = cap;
	buf->data[buf->len] = '\0';
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
	/* There is always room for the NUL, unless there is none at all. */
	if (buf->cap - buf->len <= len)
		buf_reserve(buf, len);
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_putc(struct buf *buf, char c)
{
	buf_append(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	va_list again;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len > 0) {
		buf_reserve(buf, (size_t)len);
		vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
		buf->len += (size_t)len;
	}
	va_end(again);
	va_end(args);
}

void buf_consume(struct buf *buf, size_t count)
{
	assert(count <= buf->len);
	if (count == 0)
		return;
	memmove(buf->data, buf->data + count, buf->len - count + 1);
	buf->len -= count;
}

const char *buf_text(const struct buf *buf)
{
	return buf->data == NULL ? "" : buf->data;
}

char *buf_take(struct buf *buf)
{
	char *text = buf->data == NULL ? mem_strndup("", 0) : buf->data;

	*buf = (struct buf)BUF_INIT;
	return text;
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

void buf_free(struct buf *buf)
{
	mem_free(buf->data);
	*buf = (struct buf)BUF_INIT;
}
