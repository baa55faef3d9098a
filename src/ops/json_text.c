/* Text as a JSON string (RFC 8259). */
#include "ops/json_text.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

static void put_ascii(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		buf_putc(out, '\\');
		buf_putc(out, (char)c);
		break;
	case '\n':
		buf_puts(out, "\\n");
		break;
	case '\t':
		buf_puts(out, "\\t");
		break;
	default:
		if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\u%04x", c);
		else
			buf_putc(out, (char)c);
	}
}

void json_text(struct buf *out, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;
	size_t i = 0;

	if (text == NULL) {
		buf_puts(out, "null");
		return;
	}
	buf_putc(out, '"');
	while (i < len) {
		uint32_t c = 0;
		size_t n = utf8_decode(text + i, len - i, &c);

		if (n == 1)
			put_ascii(out, (unsigned char)c);
		else if (n > 1)
			buf_append(out, text + i, n);
		else
			buf_puts(out, "\xef\xbf\xbd");
		i += n > 0 ? n : 1;
	}
	buf_putc(out, '"');
}

void json_member(struct buf *out, const char *name, const char *text)
{
	json_text(out, name);
	buf_putc(out, ':');
	json_text(out, text);
}
