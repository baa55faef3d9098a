/* Preloaded into the daemon: the allocation number FAIL_ALLOC_AT fails, and with FAIL_ALLOC_MORE
 * all that follow (REL-051). Says on standard error how many there were. glibc. */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);

static atomic_ulong count;
static unsigned long fail_at;
static int fails_on;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("FAIL_ALLOC_AT");

	fail_at = at != NULL ? strtoul(at, NULL, 10) : 0;
	fails_on = getenv("FAIL_ALLOC_MORE") != NULL;
	count = 0;
}

__attribute__((destructor)) static void end(void)
{
	char text[64];
	int len = snprintf(text, sizeof text, "allocations: %lu\n", (unsigned long)count);
	ssize_t written = write(STDERR_FILENO, text, (size_t)len);

	(void)written;
}

static int fails(void)
{
	unsigned long now = atomic_fetch_add(&count, 1) + 1;

	if (fail_at == 0 || (fails_on ? now < fail_at : now != fail_at))
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	return fails() ? NULL : __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}
