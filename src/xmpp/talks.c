#include "xmpp/talks.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "model/address.h"

struct talks {
	struct table *table; /* by key */
	struct list order;   /* longest unused first */
	struct buf scratch;
	uint8_t hash_key[HASH_KEY_BYTES];
};

struct talks *talks_new(void)
{
	struct talks *talks = mem_zalloc(sizeof(*talks));

	talks->table = table_new();
	list_init(&talks->order);
	random_bytes(talks->hash_key, sizeof(talks->hash_key));
	return talks;
}

static void drop(struct talks *talks, struct talk *talk)
{
	table_remove(talks->table, &talk->key, sizeof(talk->key));
	list_remove(&talk->link);
	mem_free(talk->thread);
	mem_free(talk);
}

void talks_free(struct talks **out)
{
	struct talks *talks = *out;

	if (talks == NULL)
		return;
	LIST_EACH(it, next, &talks->order)
	drop(talks, LIST_ENTRY(it, struct talk, link));
	table_free(&talks->table);
	buf_free(&talks->scratch);
	mem_free(talks);
	*out = NULL;
}

/* Two addresses can be long; nobody outside can make two pairs meet in one hash. */
static uint64_t key_of(struct talks *talks, const struct address *sip, const struct address *chat)
{
	buf_reset(&talks->scratch);
	address_key(sip, &talks->scratch);
	address_key(chat, &talks->scratch);
	return hash_bytes(talks->hash_key, talks->scratch.data, talks->scratch.len);
}

static struct talk *find(struct talks *talks, uint64_t key)
{
	struct talk *talk = table_find(talks->table, &key, sizeof(key));

	if (talk == NULL)
		return NULL;
	list_remove(&talk->link);
	list_append(&talks->order, &talk->link);
	return talk;
}

struct talk *talks_find(struct talks *talks, const struct address *sip, const struct address *chat)
{
	if (table_count(talks->table) == 0)
		return NULL;
	return find(talks, key_of(talks, sip, chat));
}

struct talk *talks_get(struct talks *talks, const struct address *sip, const struct address *chat)
{
	uint64_t key = key_of(talks, sip, chat);
	struct talk *talk = find(talks, key);

	if (talk != NULL)
		return talk;
	if (table_count(talks->table) >= TALKS_MAX)
		drop(talks, LIST_ENTRY(talks->order.next, struct talk, link));
	talk = mem_zalloc(sizeof(*talk));
	talk->key = key;
	table_put(talks->table, &talk->key, sizeof(talk->key), talk);
	list_append(&talks->order, &talk->link);
	return talk;
}

size_t talks_count(const struct talks *talks)
{
	return table_count(talks->table);
}

void talk_set_thread(struct talk *talk, const char *thread, uint64_t now_ms)
{
	talk->thread_ms = now_ms;
	if (talk->thread != NULL && strcmp(talk->thread, thread) == 0)
		return;
	mem_free(talk->thread);
	talk->thread = mem_strdup(thread);
}

const char *talk_thread(const struct talk *talk, uint64_t now_ms)
{
	bool is_old = now_ms - talk->thread_ms >= TALK_THREAD_MS;

	return is_old ? NULL : talk->thread;
}

uint64_t talks_resource(const struct talks *talks, const char *resource)
{
	uint64_t value = 1;

	if (resource != NULL)
		value = hash_bytes(talks->hash_key, resource, strlen(resource));
	return value == 0 ? 1 : value;
}
