/* deflate: the first byte is the coding, the rest packed bytes. What unpacks stays within its
 * bound, and what is packed unpacks to itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "translate/deflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 100000 };

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static void pack_and_unpack(const char *text, size_t len)
{
	struct buf packed = BUF_INIT;
	struct buf back = BUF_INIT;

	deflate_write(text, len, &packed);
	expect(deflate_read(packed.data, packed.len, CODING_DEFLATE, len + 1000, &back) == 0 ||
	       len > DEFLATE_RATIO_MAX * packed.len);
	if (back.len > 0)
		expect(back.len == len && memcmp(back.data, text, len) == 0);
	buf_free(&packed);
	buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT;
	int err;

	if (size == 0)
		return 0;
	err = deflate_read(data + 1, size - 1, (enum coding)(data[0] % 4), MAX_BYTES, &out);
	expect(err == 0 || out.len == 0);
	expect(out.len <= MAX_BYTES);
	pack_and_unpack((const char *)data, size);
	buf_free(&out);
	return 0;
}
