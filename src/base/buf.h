/* A growing byte buffer, always followed by a NUL that is not counted in len. */
#pragma once

#include <stddef.h>

struct buf {
	char *data; /* never NULL after the first append; NULL in an empty BUF_INIT */
	size_t len;
	size_t cap;
};

#define BUF_INIT                                                                                   \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

void buf_append(struct buf *buf, const void *data, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
/* Never with text from outside as the format. */
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Removes the first count bytes (count <= len). */
void buf_consume(struct buf *buf, size_t count);
/* Makes room for extra more bytes. */
void buf_reserve(struct buf *buf, size_t extra);
/* The text; "" when nothing was appended. Valid until the next change. */
const char *buf_text(const struct buf *buf);
/* Hands the text over to the caller (mem_free) and leaves the buffer empty. Never NULL. */
char *buf_take(struct buf *buf);
/* Empties, keeps the memory. */
void buf_reset(struct buf *buf);
/* Frees; the buffer is empty and usable again. */
void buf_free(struct buf *buf);
