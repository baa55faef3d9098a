/* Messages of the store: whatever is read is written as the same bytes; what is not read leaves
 * nothing. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message message;
	struct buf again = BUF_INIT;
	int result = message_decode(&message, data, size);

	if (result != 0) {
		expect(result == EBADMSG);
		expect(message.uid == NULL && message.body == NULL && message.report == NULL);
		return 0;
	}
	expect(message.body == NULL || message.body[message.body_len] == '\0');
	expect((message.what == MESSAGE_REPORT) == (message.report != NULL));
	message_encode(&message, &again);
	expect(again.len == size && memcmp(again.data, data, size) == 0);
	buf_free(&again);
	message_clear(&message);
	return 0;
}
