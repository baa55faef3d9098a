/* Header values with encoded words (RFC 2047): what comes out is one legal line. [MSG-048] */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "translate/header_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *value = mem_strndup((const char *)data, size);
	struct buf out = BUF_INIT;

	header_words_decode(value, &out);
	for (size_t i = 0; i < out.len;) {
		uint32_t c;
		size_t n = utf8_decode(out.data + i, out.len - i, &c);

		if (n == 0 || !utf8_is_xml_char(c) || c < 0x20 || c == 0x7F)
			abort();
		i += n;
	}
	buf_free(&out);
	mem_free(value);
	return 0;
}
