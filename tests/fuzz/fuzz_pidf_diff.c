/* pidf_diff: a full document, an empty line, a patch, and so on; what comes out is XML again, and
 * it does not matter in how many steps it was made. [EVT-077] [SEC-055] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "translate/pidf_diff.h"
#include "translate/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static void apply(struct pidf_diff *diff, const char *text, size_t len)
{
	struct buf out = BUF_INIT;
	xmlDoc *doc;
	size_t root;

	if (pidf_diff_apply(diff, text, len, 65536, &out) == PIDF_DIFF_APPLIED) {
		/* more nodes than one document may have can come together in several */
		if (xml_scan(out.data, out.len, &root) == 0)
			expect(xml_parse(out.data, out.len, 65536, &doc) == 0);
		else
			doc = NULL;
		xml_release(&doc);
	} else {
		expect(out.len == 0);
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pidf_diff *diff = pidf_diff_new();
	const char *at = (const char *)data;
	const char *end = at + size;

	while (at < end) {
		const char *gap = memmem(at, (size_t)(end - at), "\n\n", 2);
		const char *stop = gap == NULL ? end : gap;

		apply(diff, at, (size_t)(stop - at));
		at = gap == NULL ? end : gap + 2;
	}
	pidf_diff_free(&diff);
	return 0;
}
