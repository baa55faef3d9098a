/* Presence of the store: whatever is read is written as the same bytes; what is not read leaves
 * nothing. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/presence.h"
#include "model/presence_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct presence presence;
	struct buf again = BUF_INIT;
	int result = presence_decode(&presence, data, size);

	if (result != 0) {
		expect(result == EBADMSG);
		expect(presence.devices == NULL && presence.device_count == 0);
		expect(presence.person.rich == NULL && presence.phone.other == NULL);
		return 0;
	}
	expect(presence.device_count <= PRESENCE_DEVICES_MAX);
	expect(presence_encode(&presence, &again) == 0);
	expect(again.len == size && memcmp(again.data, data, size) == 0);
	buf_free(&again);
	presence_clear(&presence);
	return 0;
}
