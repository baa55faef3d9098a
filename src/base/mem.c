/* Memory that does not fail: running out ends the program, crash-only recovery does the rest. */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *check(void *p)
{
	static const char text[] = "sipxmppd: out of memory\n";
	ssize_t written;

	if (p != NULL)
		return p;
	written = write(STDERR_FILENO, text, sizeof text - 1);
	(void)written;
	abort();
}

/* An empty request still gets its own address: NULL would look like a failure. */
static size_t product(size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		check(NULL);
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
