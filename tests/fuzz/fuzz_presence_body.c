/* Presence bodies: the first line is the Content-Type, the rest the body. Read with each profile's
 * words; what a PBX says of a call is in no note. [SEC-055] [PBX-028] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/presence.h"
#include "model/profile.h"
#include "translate/dialog_info.h"
#include "translate/pidf.h"
#include "translate/presence_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static void read_with(const struct profile *profile, const char *type, const char *text, size_t len)
{
	const struct pidf_reading reading = {.max_bytes = 64 * 1024};
	struct presence presence;
	int err = presence_body_parse(type, text, len, &reading, profile, &presence);

	if (err != 0) {
		expect(presence.devices == NULL && presence.notes.items == NULL &&
		       presence.person.notes.items == NULL && presence.phone.other == NULL);
		return;
	}
	expect(presence_body_kind(type) == BODY_PRESENCE);
	expect(presence.device_count <= PRESENCE_DEVICES_MAX);
	expect(presence.phone.other == NULL || presence.phone.state > PHONE_IDLE);
	expect(presence.phone.other == NULL ||
	       strlen(presence.phone.other) <= DIALOG_OTHER_BYTES_MAX);
	presence_clear(&presence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *end = memchr(text, '\n', size);
	size_t head = end == NULL ? size : (size_t)(end - text);
	char *type;

	if (size == 0)
		return 0;
	type = mem_strndup(text, head);
	text += end == NULL ? head : head + 1;
	size -= end == NULL ? head : head + 1;
	for (unsigned i = 0; profile_at(i) != NULL; i++)
		read_with(profile_at(i), type, text, size);
	mem_free(type);
	return 0;
}
