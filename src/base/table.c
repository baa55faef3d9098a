/* Chained hash table with a secret key of its own. It grows and shrinks a few buckets at each
 * change, so that a table of a million members never stops the loop to rehash. */
#include "base/table.h"

#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"

enum {
	TABLE_FIRST = 16, /* buckets, a power of two */
	TABLE_MOVE = 8,   /* buckets moved at each change while resizing */
	TABLE_SPARSE = 8  /* fewer than one member in so many buckets: shrink */
};

struct node {
	struct node *next;
	void *value;
	uint64_t hash;
	size_t len;
	unsigned char key[];
};

struct buckets {
	struct node **heads;
	size_t size;
};

struct table {
	uint8_t secret[HASH_KEY_BYTES];
	struct buckets now;
	struct buckets old; /* while resizing: its buckets from moved on are still in use */
	size_t moved;
	size_t count;
	unsigned walking; /* table_each() calls under way: nothing moves */
};

static void buckets_make(struct buckets *buckets, size_t size)
{
	buckets->heads = mem_array(size, sizeof *buckets->heads);
	buckets->size = size;
}

static void buckets_free(struct buckets *buckets)
{
	for (size_t i = 0; i < buckets->size; i++) {
		struct node *node = buckets->heads[i];

		while (node != NULL) {
			struct node *next = node->next;

			mem_free(node);
			node = next;
		}
	}
	mem_free(buckets->heads);
	*buckets = (struct buckets){NULL, 0};
}

struct table *table_new(void)
{
	struct table *table = mem_zalloc(sizeof *table);

	random_bytes(table->secret, sizeof table->secret);
	buckets_make(&table->now, TABLE_FIRST);
	return table;
}

void table_free(struct table **table)
{
	if (*table == NULL)
		return;
	buckets_free(&(*table)->now);
	buckets_free(&(*table)->old);
	mem_free(*table);
	*table = NULL;
}

size_t table_count(const struct table *table)
{
	return table->count;
}

static struct node **head_of(const struct table *table, uint64_t hash)
{
	if (table->old.heads != NULL) {
		size_t at = hash & (table->old.size - 1);

		if (at >= table->moved)
			return &table->old.heads[at];
	}
	return &table->now.heads[hash & (table->now.size - 1)];
}

static struct node **find_node(const struct table *table, uint64_t hash, const void *key,
			       size_t len)
{
	struct node **at = head_of(table, hash);

	while (*at != NULL) {
		struct node *node = *at;

		if (node->hash == hash && node->len == len &&
		    (len == 0 || memcmp(node->key, key, len) == 0))
			return at;
		at = &node->next;
	}
	return at;
}

static void move_bucket(struct table *table)
{
	struct node *node = table->old.heads[table->moved];

	table->old.heads[table->moved] = NULL;
	table->moved++;
	while (node != NULL) {
		struct node *next = node->next;
		struct node **head = head_of(table, node->hash);

		node->next = *head;
		*head = node;
		node = next;
	}
}

static void move_some(struct table *table)
{
	for (unsigned i = 0; i < TABLE_MOVE && table->moved < table->old.size; i++)
		move_bucket(table);
	if (table->moved == table->old.size)
		buckets_free(&table->old);
}

static void resize(struct table *table, size_t size)
{
	table->old = table->now;
	table->moved = 0;
	buckets_make(&table->now, size);
}

/* Called after each change. */
static void settle(struct table *table)
{
	if (table->walking > 0)
		return;
	if (table->old.heads != NULL)
		move_some(table);
	else if (table->count > table->now.size)
		resize(table, table->now.size * 2);
	else if (table->now.size > TABLE_FIRST && table->count < table->now.size / TABLE_SPARSE)
		resize(table, table->now.size / 2);
}

void *table_find(const struct table *table, const void *key, size_t len)
{
	uint64_t hash = hash_inner(table->secret, key, len);
	struct node *node = *find_node(table, hash, key, len);

	return node == NULL ? NULL : node->value;
}

void *table_put(struct table *table, const void *key, size_t len, void *value)
{
	uint64_t hash = hash_inner(table->secret, key, len);
	struct node **at = find_node(table, hash, key, len);
	struct node *node = *at;

	if (node != NULL) {
		void *before = node->value;

		node->value = value;
		return before;
	}
	node = mem_alloc(sizeof *node + len);
	*node = (struct node){.value = value, .hash = hash, .len = len};
	if (len > 0)
		memcpy(node->key, key, len);
	*at = node;
	table->count++;
	settle(table);
	return NULL;
}

void *table_remove(struct table *table, const void *key, size_t len)
{
	uint64_t hash = hash_inner(table->secret, key, len);
	struct node **at = find_node(table, hash, key, len);
	struct node *node = *at;
	void *value;

	if (node == NULL)
		return NULL;
	value = node->value;
	*at = node->next;
	mem_free(node);
	table->count--;
	settle(table);
	return value;
}

static bool walk(const struct buckets *buckets, size_t from, bool (*each)(void *, void *),
		 void *arg)
{
	for (size_t i = from; i < buckets->size; i++) {
		struct node *node = buckets->heads[i];

		while (node != NULL) {
			struct node *next = node->next; /* each may remove the node */

			if (!each(node->value, arg))
				return false;
			node = next;
		}
	}
	return true;
}

void table_each(struct table *table, bool (*each)(void *value, void *arg), void *arg)
{
	table->walking++;
	if (walk(&table->old, table->moved, each, arg))
		walk(&table->now, 0, each, arg);
	table->walking--;
	settle(table);
}
