/* resource_lists: whatever is read has each URI once and stays within its bounds. [SEC-055] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "translate/resource_lists.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resource_lists lists = {0};
	int err = resource_lists_parse((const char *)data, size, 65536, 8, &lists);

	expect(err == 0 || (lists.entries == NULL && lists.count == 0));
	expect(lists.count <= 8);
	for (size_t i = 0; i < lists.count; i++) {
		expect(lists.entries[i].uri[0] != '\0');
		expect(strlen(lists.entries[i].uri) <= RESOURCE_LISTS_URI_MAX);
		for (size_t k = 0; k < i; k++)
			expect(strcmp(lists.entries[i].uri, lists.entries[k].uri) != 0);
	}
	resource_lists_clear(&lists);
	return 0;
}
