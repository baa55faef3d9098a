/* list_body: the first line is the Content-Type, the rest the body of a NOTIFY. Each list that is
 * read is written as one that reads back the same. [EVT-067] [EVT-073] [SEC-057] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "translate/list_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static void write_and_read(const struct rlmi *rlmi)
{
	struct buf text = BUF_INIT;
	struct buf again = BUF_INIT;
	struct rlmi back = {0};

	rlmi_format(rlmi, &text);
	expect(rlmi_parse(text.data, text.len, text.len, &back) == 0);
	expect(back.version == rlmi->version && back.is_full == rlmi->is_full);
	expect(back.count == rlmi->count);
	rlmi_format(&back, &again);
	expect(strcmp(buf_text(&text), buf_text(&again)) == 0);
	rlmi_clear(&back);
	buf_free(&text);
	buf_free(&again);
}

static void check_level(const struct list_level *level)
{
	expect(level->rlmi.count <= RLMI_RESOURCES_MAX);
	for (size_t i = 0; i < level->rlmi.count; i++) {
		const struct rlmi_resource *resource = &level->rlmi.resources[i];

		expect(resource->uri != NULL && resource->count <= RLMI_INSTANCES_MAX);
		for (size_t k = 0; k < resource->count; k++)
			(void)list_body_document(level, &resource->instances[k]);
	}
	write_and_read(&level->rlmi);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *line = memchr(text, '\n', size);
	struct list_body body = {0};
	char *type;

	if (line == NULL)
		return 0;
	type = mem_strndup(text, (size_t)(line - text));
	if (list_body_parse(type, line + 1, size - (size_t)(line + 1 - text), 32, &body) == 0)
		expect(body.count > 0 && body.count <= RLMI_LISTS_MAX);
	else
		expect(body.count == 0);
	for (size_t i = 0; i < body.count; i++) {
		expect(body.levels[i].parent <= i);
		check_level(&body.levels[i]);
	}
	list_body_clear(&body);
	mem_free(type);
	return 0;
}
