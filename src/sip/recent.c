/* What was answered lately; see recent.h. */
#include "sip/recent.h"

#include <string.h>

#include "base/mem.h"

enum { RECENT_FIRST = 256 };

struct slot {
	uint64_t key; /* 0: free */
	uint32_t extra;
	uint16_t status;
};

struct generation {
	struct slot *slots;
	size_t size;
	size_t count;
};

struct recent {
	uint64_t life_ms;
	uint64_t turned_ms;
	size_t most;
	struct generation now;
	struct generation old;
};

static void generation_make(struct generation *generation, size_t size)
{
	generation->slots = mem_array(size, sizeof *generation->slots);
	memset(generation->slots, 0, size * sizeof *generation->slots);
	generation->size = size;
	generation->count = 0;
}

static struct slot *generation_slot(const struct generation *generation, uint64_t key)
{
	size_t mask = generation->size - 1;
	size_t i = (size_t)key & mask;

	while (generation->slots[i].key != 0 && generation->slots[i].key != key)
		i = (i + 1) & mask;
	return &generation->slots[i];
}

static void generation_grow(struct generation *generation)
{
	struct generation bigger;

	generation_make(&bigger, generation->size * 2);
	for (size_t i = 0; i < generation->size; i++)
		if (generation->slots[i].key != 0)
			*generation_slot(&bigger, generation->slots[i].key) = generation->slots[i];
	bigger.count = generation->count;
	mem_free(generation->slots);
	*generation = bigger;
}

struct recent *recent_new(uint64_t life_ms, size_t most)
{
	struct recent *recent = mem_zalloc(sizeof *recent);

	recent->life_ms = life_ms;
	recent->most = most;
	generation_make(&recent->now, RECENT_FIRST);
	generation_make(&recent->old, RECENT_FIRST);
	return recent;
}

void recent_free(struct recent **recent)
{
	if (*recent == NULL)
		return;
	mem_free((*recent)->now.slots);
	mem_free((*recent)->old.slots);
	mem_free(*recent);
	*recent = NULL;
}

/* A generation at the bound is closed early: memory before the length of the memory (REL-048). */
static void turn(struct recent *recent, uint64_t now_ms)
{
	uint64_t age = now_ms - recent->turned_ms;

	if (age < recent->life_ms && recent->now.count < recent->most / 2)
		return;
	recent->turned_ms = now_ms;
	if (recent->now.count == 0 && recent->old.count == 0)
		return;
	mem_free(recent->old.slots);
	if (age < 2 * recent->life_ms)
		recent->old = recent->now;
	else {
		mem_free(recent->now.slots);
		generation_make(&recent->old, RECENT_FIRST);
	}
	generation_make(&recent->now, RECENT_FIRST);
}

static void generation_put(struct generation *generation, uint64_t key, struct recent_value value)
{
	struct slot *slot;

	if (key == 0)
		key = 1;
	if ((generation->count + 1) * 2 > generation->size)
		generation_grow(generation);
	slot = generation_slot(generation, key);
	if (slot->key == 0)
		generation->count++;
	slot->key = key;
	slot->status = value.status;
	slot->extra = value.extra;
}

void recent_put(struct recent *recent, uint64_t key, struct recent_value value, uint64_t now_ms)
{
	turn(recent, now_ms);
	generation_put(&recent->now, key, value);
}

/* The old generation goes life_ms after the start at the latest. */
void recent_restore(struct recent *recent, uint64_t key, struct recent_value value, int64_t age_ms,
		    uint64_t now_ms)
{
	if (recent->now.count == 0 && recent->old.count == 0)
		recent->turned_ms = now_ms;
	turn(recent, now_ms);
	if (age_ms < (int64_t)recent->life_ms && recent->old.count < recent->most / 2)
		generation_put(&recent->old, key, value);
}

struct recent_value recent_find(struct recent *recent, uint64_t key, uint64_t now_ms)
{
	struct slot *slot;

	if (key == 0)
		key = 1;
	turn(recent, now_ms);
	slot = generation_slot(&recent->now, key);
	if (slot->key == 0)
		slot = generation_slot(&recent->old, key);
	return (struct recent_value){slot->status, slot->extra};
}

size_t recent_count(const struct recent *recent)
{
	return recent->now.count + recent->old.count;
}
