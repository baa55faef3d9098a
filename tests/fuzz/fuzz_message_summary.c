/* message_summary: whatever is read stays within its bounds, and says the same twice. [SEC-055] */
#include <stdint.h>
#include <stdlib.h>

#include "translate/message_summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message_summary one = {0}, two = {0};

	if (message_summary_parse((const char *)data, size, &one) != 0)
		return 0;
	expect(one.fresh <= MESSAGE_SUMMARY_COUNT_MAX && one.old <= MESSAGE_SUMMARY_COUNT_MAX);
	expect(one.urgent <= one.fresh);
	expect(one.is_counted || (one.fresh <= 1 && one.old == 0));
	expect(message_summary_parse((const char *)data, size, &two) == 0);
	expect(one.fresh == two.fresh && one.old == two.old && one.urgent == two.urgent);
	return 0;
}
