/* Content-Transfer-Encoding (RFC 2045 sections 6.7 and 6.8). */
#include "translate/transfer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "translate/text_span.h"

int transfer_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Only padding and white space may follow the last digit. */
static bool is_padding(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++) {
		if (!text_is_space(text[i]) && text[i] != '=')
			return false;
		count += text[i] == '=';
	}
	return count <= 2;
}

int transfer_read_base64(const char *text, size_t len, struct buf *out)
{
	size_t before = out->len;
	uint32_t bits = 0;
	int count = 0;
	size_t i;

	buf_reserve(out, len);
	for (i = 0; i < len && text[i] != '='; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0 && !text_is_space(text[i]))
			break;
		if (digit < 0)
			continue;
		bits = bits << 6 | (uint32_t)digit;
		count += 6;
		if (count >= 8) {
			count -= 8;
			buf_putc(out, (char)(bits >> count & 0xFF));
		}
	}
	/* Six bits over: a digit that stands for nothing. */
	if (is_padding(text + i, len - i) && count != 6)
		return 0;
	if (out->len > before) {
		out->len = before;
		out->data[before] = '\0';
	}
	return EBADMSG;
}

/* The length of a soft line break at text ("=" at the end of a line, with blanks that were added
 * on the way), 0 if it is none. */
static size_t soft_break(const char *text, size_t len)
{
	size_t i = 1;

	while (i < len && (text[i] == ' ' || text[i] == '\t'))
		i++;
	if (i == len)
		return i;
	if (text[i] == '\r' && i + 1 < len && text[i + 1] == '\n')
		return i + 2;
	return text[i] == '\n' ? i + 1 : 0;
}

void transfer_read_quoted(const char *text, size_t len, struct buf *out)
{
	size_t i = 0;

	buf_reserve(out, len);
	while (i < len) {
		size_t skip;

		if (text[i] != '=') {
			buf_putc(out, text[i++]);
			continue;
		}
		if (len - i >= 3 && transfer_hex(text[i + 1]) >= 0 &&
		    transfer_hex(text[i + 2]) >= 0) {
			buf_putc(out, (char)(transfer_hex(text[i + 1]) << 4 |
					     transfer_hex(text[i + 2])));
			i += 3;
			continue;
		}
		skip = soft_break(text + i, len - i);
		if (skip == 0)
			buf_putc(out, text[i++]);
		i += skip;
	}
}

int transfer_read(const char *bytes, size_t len, const char *encoding, size_t encoding_len,
		  struct buf *out)
{
	if (text_is_like(encoding, encoding_len, "base64"))
		return transfer_read_base64(bytes, len, out);
	if (text_is_like(encoding, encoding_len, "quoted-printable")) {
		transfer_read_quoted(bytes, len, out);
		return 0;
	}
	if (encoding_len != 0 && !text_is_like(encoding, encoding_len, "7bit") &&
	    !text_is_like(encoding, encoding_len, "8bit") &&
	    !text_is_like(encoding, encoding_len, "binary"))
		return EOPNOTSUPP;
	buf_append(out, bytes, len);
	return 0;
}
