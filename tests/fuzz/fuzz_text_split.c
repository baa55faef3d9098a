/* The first two bytes say how large a part may be, the rest is the text: the parts are no larger,
 * begin at clusters and are the text when joined. [D-40] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <unigbrk.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "translate/text_split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

/* Checks part i, whose text stands at from; returns where it ends. */
static size_t check_part(const struct buf *text, size_t most, size_t count, size_t i, size_t from)
{
	struct buf part = BUF_INIT, mark = BUF_INIT;
	size_t n;

	if (count > 1)
		buf_printf(&mark, "(%zu/%zu) ", i + 1, count);
	text_split_part(buf_text(text), text->len, most, i, &part);
	expect(part.len <= most && part.len >= mark.len);
	expect(memcmp(buf_text(&part), buf_text(&mark), mark.len) == 0);
	n = part.len - mark.len;
	expect((n > 0 || text->len == 0) && n <= text->len - from);
	expect(memcmp(buf_text(&part) + mark.len, buf_text(text) + from, n) == 0);
	buf_free(&part);
	buf_free(&mark);
	return from + n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT;
	size_t most, count, from = 0;
	char *breaks;

	if (size < 2)
		return 0;
	most = (data[0] | (size_t)data[1] << 8) % 300;
	utf8_scrub(&text, (const char *)data + 2, size - 2 < 8192 ? size - 2 : 8192);
	count = text_split_count(buf_text(&text), text.len, most);
	breaks = mem_zalloc(text.len + 1);
	u8_grapheme_breaks((const uint8_t *)buf_text(&text), text.len, breaks);
	breaks[text.len] = 1;
	expect(count <= TEXT_SPLIT_PARTS_MAX);
	for (size_t i = 0; i < count; i++) {
		from = check_part(&text, most, count, i, from);
		expect(breaks[from] != 0);
	}
	expect(count == 0 || from == text.len);
	mem_free(breaks);
	buf_free(&text);
	return 0;
}
