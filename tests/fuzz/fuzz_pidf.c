/* PIDF: whatever is read is written as a document that reads back the same. [SEC-055] [RPR-008] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/presence.h"
#include "translate/pidf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

/* Ids are hashes of what was read, so they differ from turn to turn. */
static void write_and_read(const struct presence *presence, struct presence *back)
{
	static const unsigned char key[16] = {0};
	const struct pidf_params params = {
		.entity = "sip:a@b.example", .contact = "sip:a@b.example", .key = key};
	const struct pidf_reading reading = {.max_bytes = PIDF_MAX_BYTES};
	struct buf text = BUF_INIT;

	pidf_format(presence, &params, &text);
	expect(utf8_is_valid(text.data, text.len));
	expect(pidf_parse(text.data, text.len, &reading, back) == 0);
	expect(back->device_count > 0);
	for (size_t i = 0; i < back->device_count; i++) {
		mem_free(back->devices[i].id);
		back->devices[i].id = mem_strdup("x");
		back->devices[i].id[0] = (char)('0' + i); /* distinct: 64 at most */
	}
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct presence first, second, third;
	/* A time that seeds name, so that planned values are met on both sides of it (RPR-012). */
	const struct pidf_reading reading = {.max_bytes = 64 * 1024,
					     .language = size % 2 == 0 ? "en" : NULL,
					     .now_ms = size % 3 == 0 ? 0 : INT64_C(1777975200000)};
	int err = pidf_parse((const char *)data, size, &reading, &first);

	if (err != 0) {
		expect(first.devices == NULL && first.notes.items == NULL &&
		       first.person.notes.items == NULL);
		return 0;
	}
	write_and_read(&first, &second);
	write_and_read(&second, &third);
	expect(presence_is_open(&first) == presence_is_open(&second));
	expect(presence_equal(&second, &third));
	presence_clear(&first);
	presence_clear(&second);
	presence_clear(&third);
	return 0;
}
