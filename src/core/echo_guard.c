#include "core/echo_guard.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/address.h"
#include "model/message.h"

enum { SETS = 4096, WAYS = 4 };

struct slot {
	uint64_t digest;
	uint64_t since_ms; /* start of its window */
	uint32_t count;
};

struct echo_guard {
	uint8_t key[HASH_KEY_BYTES];
	struct slot slots[SETS][WAYS];
};

void echo_guard_new(struct echo_guard **out, const uint8_t key[HASH_KEY_BYTES])
{
	struct echo_guard *guard = mem_zalloc(sizeof *guard);

	memcpy(guard->key, key, sizeof guard->key);
	*out = guard;
}

void echo_guard_free(struct echo_guard **guard)
{
	mem_free(*guard);
	*guard = NULL;
}

static uint64_t digest_end(const struct echo_guard *guard, const struct address *end,
			   struct buf *scratch)
{
	buf_reset(scratch);
	address_key(end, scratch);
	return hash_bytes(guard->key, scratch->data, scratch->len);
}

/* The sum makes both directions one. */
static uint64_t digest_of(const struct echo_guard *guard, const struct address *from,
			  const struct address *to, const struct message *message,
			  struct buf *scratch)
{
	uint64_t ends = digest_end(guard, from, scratch) + digest_end(guard, to, scratch);

	return ends ^ hash_bytes(guard->key, message->body == NULL ? "" : message->body,
				 message->body_len);
}

static bool is_over(const struct slot *slot, uint64_t now_ms)
{
	return now_ms - slot->since_ms >= ECHO_WINDOW_MS;
}

/* Whose loss matters least: empty or over, else seen least, else oldest. What repeats stays. */
static bool is_lesser(const struct slot *a, const struct slot *b, uint64_t now_ms)
{
	if (is_over(a, now_ms) != is_over(b, now_ms))
		return is_over(a, now_ms);
	if (a->count != b->count)
		return a->count < b->count;
	return a->since_ms < b->since_ms;
}

static struct slot *slot_for(struct slot *set, uint64_t digest, uint64_t now_ms)
{
	struct slot *least = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].count > 0 && set[i].digest == digest)
			return &set[i];
		if (is_lesser(&set[i], least, now_ms))
			least = &set[i];
	}
	*least = (struct slot){.digest = digest, .since_ms = now_ms};
	return least;
}

bool echo_guard_hit(struct echo_guard *guard, const struct address *from, const struct address *to,
		    const struct message *message, uint64_t now_ms, struct buf *scratch)
{
	uint64_t digest = digest_of(guard, from, to, message, scratch);
	struct slot *slot = slot_for(guard->slots[digest % SETS], digest, now_ms);

	if (is_over(slot, now_ms)) {
		slot->since_ms = now_ms;
		slot->count = 0;
	}
	slot->count++;
	return slot->count > ECHO_MOST;
}
