/* Subscriptions of the store: whatever is read is written as the same bytes; what is not read
 * leaves nothing. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sip/header_text.h"
#include "sip/subscription_row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct subscription_row row = {0};
	struct buf again = BUF_INIT;
	int result = subscription_row_decode(&row, data, size);

	if (result != 0) {
		expect(result == EBADMSG);
		expect(row.by.domain == NULL && row.members == NULL && row.event_id == NULL);
		return 0;
	}
	expect(row.count <= SUBSCRIPTION_ROW_MEMBERS_MAX && row.by.local[0] != '\0');
	expect(row.event_id == NULL || header_text_is_token(row.event_id));
	subscription_row_encode(&row, &again);
	expect(again.len == size && memcmp(again.data, data, size) == 0);
	buf_free(&again);
	subscription_row_clear(&row);
	return 0;
}
