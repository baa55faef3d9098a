/* getrandom() in blocks. What was handed out is wiped from the block; each thread has its own, and
 * a forked child starts with an empty one, so nothing is handed out twice. */
#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"

enum { RANDOM_BLOCK = 4096 };

static _Thread_local uint8_t block[RANDOM_BLOCK];
static _Thread_local size_t block_left;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void forget_block(void)
{
	block_left = 0;
}

static void watch_fork(void)
{
	if (pthread_atfork(NULL, NULL, forget_block) != 0)
		abort();
}

/* The kernel's generator has no way to fail once it is seeded; without it nothing here is safe. */
static void fill(uint8_t *out, size_t len)
{
	while (len > 0) {
		ssize_t got = getrandom(out, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		out += got;
		len -= (size_t)got;
	}
}

void random_bytes(void *out, size_t len)
{
	uint8_t *p = out;

	if (len >= RANDOM_BLOCK) {
		fill(p, len);
		return;
	}
	pthread_once(&fork_once, watch_fork);
	while (len > 0) {
		size_t part;

		if (block_left == 0) {
			fill(block, RANDOM_BLOCK);
			block_left = RANDOM_BLOCK;
		}
		part = len < block_left ? len : block_left;
		block_left -= part;
		memcpy(p, block + block_left, part);
		mem_wipe(block + block_left, part);
		p += part;
		len -= part;
	}
}

uint64_t random_below(uint64_t bound)
{
	uint64_t value;
	uint64_t surplus;

	assert(bound > 0);
	/* 2^64 mod bound: values below it would make the small results more likely. */
	surplus = (UINT64_MAX - bound + 1) % bound;
	do
		random_bytes(&value, sizeof value);
	while (value < surplus);
	return value % bound;
}

void random_hex(char *out, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *raw = (uint8_t *)out + bytes; /* the second half; the writing never overtakes it */

	random_bytes(raw, bytes);
	for (size_t i = 0; i < bytes; i++) {
		uint8_t byte = raw[i];

		out[2 * i] = digits[byte >> 4];
		out[2 * i + 1] = digits[byte & 15];
	}
	out[2 * bytes] = '\0';
}
