/* multipart: the first line is the Content-Type, the rest the body. Parts lie inside the body, in
 * order, and ids are found. [SOF-010] [SEC-057] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "translate/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static void check(const struct multipart *multipart, const char *text, size_t len)
{
	const char *last = text;

	expect(multipart->count > 0 && multipart->count <= 16);
	expect(multipart->root < multipart->count);
	for (size_t i = 0; i < multipart->count; i++) {
		const struct multipart_part *part = &multipart->parts[i];

		expect(part->body >= last && part->body + part->len <= text + len);
		expect(part->type != NULL);
		if (part->id != NULL)
			expect(multipart_find(multipart, part->id) != NULL);
		last = part->body + part->len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *line = memchr(text, '\n', size);
	struct multipart multipart = {0};
	char *type;
	size_t rest;

	if (line == NULL)
		return 0;
	type = mem_strndup(text, (size_t)(line - text));
	rest = size - (size_t)(line + 1 - text);
	if (multipart_parse(type, line + 1, rest, 16, &multipart) == 0)
		check(&multipart, line + 1, rest);
	else
		expect(multipart.parts == NULL && multipart.count == 0);
	multipart_clear(&multipart);
	mem_free(type);
	return 0;
}
