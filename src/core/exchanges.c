#include "core/exchanges.h"

#include <assert.h>

#include "base/mem.h"

enum { BUCKETS_FIRST = 256 };

struct exchanges {
	struct exchange **buckets; /* ids are random and ours, so they need no hash */
	size_t size;               /* a power of two */
	size_t count;
	struct list open; /* by age */
};

void exchanges_new(struct exchanges **out)
{
	struct exchanges *exchanges = mem_zalloc(sizeof *exchanges);

	exchanges->size = BUCKETS_FIRST;
	exchanges->buckets = mem_zalloc(exchanges->size * sizeof *exchanges->buckets);
	list_init(&exchanges->open);
	*out = exchanges;
}

void exchanges_free(struct exchanges **exchanges_to_free)
{
	struct exchanges *exchanges = *exchanges_to_free;

	if (exchanges == NULL)
		return;
	for (size_t i = 0; i < exchanges->size; i++) {
		while (exchanges->buckets[i] != NULL)
			exchanges_remove(exchanges, exchanges->buckets[i]);
	}
	mem_free(exchanges->buckets);
	mem_free(exchanges);
	*exchanges_to_free = NULL;
}

size_t exchanges_count(const struct exchanges *exchanges)
{
	return exchanges->count;
}

static struct exchange **bucket_of(struct exchanges *exchanges, exchange_id x)
{
	return &exchanges->buckets[x & (exchanges->size - 1)];
}

static void push(struct exchanges *exchanges, struct exchange *exchange)
{
	struct exchange **bucket = bucket_of(exchanges, exchange->x);

	exchange->next = *bucket;
	*bucket = exchange;
}

/* limits.messages_pending bounds the count, so growing stops soon. */
static void grow(struct exchanges *exchanges)
{
	struct exchange **old = exchanges->buckets;
	size_t old_size = exchanges->size;

	exchanges->size *= 2;
	exchanges->buckets = mem_zalloc(exchanges->size * sizeof *exchanges->buckets);
	for (size_t i = 0; i < old_size; i++) {
		struct exchange *next;

		for (struct exchange *it = old[i]; it != NULL; it = next) {
			next = it->next;
			push(exchanges, it);
		}
	}
	mem_free(old);
}

struct exchange *exchanges_add(struct exchanges *exchanges, exchange_id x, enum side origin,
			       uint64_t now_ms)
{
	struct exchange *exchange = mem_zalloc(sizeof *exchange);

	assert(exchanges_find(exchanges, x) == NULL);
	if (exchanges->count >= exchanges->size)
		grow(exchanges);
	exchange->x = x;
	exchange->origin = origin;
	exchange->since_ms = now_ms;
	push(exchanges, exchange);
	list_append(&exchanges->open, &exchange->place);
	exchanges->count++;
	return exchange;
}

struct exchange *exchanges_find(struct exchanges *exchanges, exchange_id x)
{
	struct exchange *it = *bucket_of(exchanges, x);

	while (it != NULL && it->x != x)
		it = it->next;
	return it;
}

struct exchange *exchanges_oldest(struct exchanges *exchanges)
{
	if (list_is_empty(&exchanges->open))
		return NULL;
	return LIST_ENTRY(exchanges->open.next, struct exchange, place);
}

void exchanges_touch(struct exchanges *exchanges, struct exchange *exchange, uint64_t now_ms)
{
	exchange->since_ms = now_ms;
	list_remove(&exchange->place);
	list_append(&exchanges->open, &exchange->place);
}

static void free_address(struct address *address)
{
	if (address == NULL)
		return;
	address_clear(address);
	mem_free(address);
}

void exchanges_remove(struct exchanges *exchanges, struct exchange *exchange)
{
	struct exchange **at = bucket_of(exchanges, exchange->x);

	while (*at != exchange)
		at = &(*at)->next;
	*at = exchange->next;
	list_remove(&exchange->place);
	free_address(exchange->from);
	free_address(exchange->to);
	mem_free(exchange->uid);
	mem_free(exchange->fault);
	mem_free(exchange);
	exchanges->count--;
}
