/* MESSAGE bodies: the first line is the Content-Type, the second Content-Encoding, the third
 * Content-Disposition, the rest the body. What comes out is a legal text. [MSG-078] [SEC-059] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "translate/text_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

/* The next line as a string, NULL if it is empty. */
static char *take_line(const char **text, size_t *len)
{
	const char *end = memchr(*text, '\n', *len);
	size_t n = end == NULL ? *len : (size_t)(end - *text);
	char *line = n == 0 ? NULL : mem_strndup(*text, n);

	*text += end == NULL ? n : n + 1;
	*len -= end == NULL ? n : n + 1;
	return line;
}

static void check_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = utf8_decode(text + i, len - i, &c);

		expect(n > 0 && utf8_is_xml_char(c) && c != '\r');
		i += n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t len = size;
	struct buf out = BUF_INIT;
	char *type, *encoding, *disposition;

	if (size == 0)
		return 0;
	type = take_line(&text, &len);
	encoding = take_line(&text, &len);
	disposition = take_line(&text, &len);
	buf_puts(&out, "x");
	if (text_body_read(text, len, type, encoding, disposition, &out) != 0)
		expect(out.len == 1);
	/* packed ones may be short */
	expect(out.len <= 1 + 4 * (encoding == NULL ? len : (size_t)TEXT_BODY_MAX_BYTES));
	check_text(out.data, out.len);
	buf_free(&out);
	mem_free(type);
	mem_free(encoding);
	mem_free(disposition);
	return 0;
}
