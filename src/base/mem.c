/* Memory that does not fail: running out ends the program, crash-only recovery does the rest. */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* REL-051. Exit handlers may allocate, and a thread that writes to the disk is only cut off. */
void mem_run_out(void)
{
	log_last_words("out of memory, ends with what it answered kept");
	_exit(MEM_EXIT_CODE);
}

static void *check(void *p)
{
	if (p == NULL)
		mem_run_out();
	return p;
}

/* An empty request still gets its own address: NULL would look like a failure. */
static size_t product(size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		mem_run_out();
	return count * size == 0 ? 1 : count * size;
}

void *mem_alloc(size_t size)
{
	return check(malloc(product(1, size)));
}

void *mem_zalloc(size_t size)
{
	return check(calloc(1, product(1, size)));
}

void *mem_array(size_t count, size_t size)
{
	return check(calloc(1, product(count, size)));
}

void *mem_resize(void *old, size_t count, size_t size)
{
	return check(realloc(old, product(count, size)));
}

char *mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}

char *mem_strndup(const char *text, size_t len)
{
	char *copy = mem_alloc(len + 1);

	if (len > 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *mem_strdup_or_null(const char *text)
{
	return text == NULL ? NULL : mem_strdup(text);
}

void mem_free(void *p)
{
	free(p);
}

void mem_wipe(void *p, size_t len)
{
	if (p != NULL)
		explicit_bzero(p, len);
}
