/* Words of a control request (SEC-098). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ops/control_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_line line;
	size_t total = 0;

	if (control_line_parse((const char *)data, size, &line) != 0)
		return 0;
	for (int i = 0; i < line.count; i++)
		total += strlen(line.words[i]) + 1;
	if (line.count < 1 || line.count > CONTROL_WORDS || total > sizeof(line.text))
		abort();
	return 0;
}
