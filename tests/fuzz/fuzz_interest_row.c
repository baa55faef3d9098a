/* Rows of our subscriptions: whatever is read is written as the same bytes; what is not read leaves
 * nothing. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sip/interest_row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct interest_row row;
	struct buf again = BUF_INIT;
	int result = interest_row_decode((const char *)data, size, &row);

	if (result != 0) {
		expect(result == EBADMSG && row.name == NULL && row.asked_s == 0);
		return 0;
	}
	expect(row.kind < INTEREST_ROW_KINDS_MAX && row.asked_s > 0 &&
	       row.asked_s <= INTEREST_ROW_EXPIRES_MAX);
	expect(row.name == NULL || strlen(row.name) <= INTEREST_ROW_NAME_MAX);
	interest_row_encode(&row, &again);
	expect(again.len == size && memcmp(again.data, data, size) == 0);
	buf_free(&again);
	interest_row_clear(&row);
	return 0;
}
