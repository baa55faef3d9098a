#include "core/pairs.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"
#include "core/presence_book.h"

struct pairs {
	struct table *users; /* by address_key() */
	struct table *table; /* by the two user pointers: short keys, and the users live longer */
	struct list all;
	struct buf key;
};

struct ends {
	const struct user *watcher;
	const struct user *watched;
};

void pairs_new(struct pairs **out)
{
	struct pairs *pairs = mem_zalloc(sizeof *pairs);

	pairs->users = table_new();
	pairs->table = table_new();
	list_init(&pairs->all);
	*out = pairs;
}

void pairs_free(struct pairs **pairs_to_free)
{
	struct pairs *pairs = *pairs_to_free;

	if (pairs == NULL)
		return;
	LIST_EACH(it, next, &pairs->all)
	pairs_remove(pairs, LIST_ENTRY(it, struct pair, all));
	table_free(&pairs->table);
	table_free(&pairs->users);
	buf_free(&pairs->key);
	mem_free(pairs);
	*pairs_to_free = NULL;
}

size_t pairs_count(const struct pairs *pairs)
{
	return table_count(pairs->table);
}

struct list *pairs_all(struct pairs *pairs)
{
	return &pairs->all;
}

struct user *pairs_find_user(struct pairs *pairs, const struct address *address)
{
	buf_reset(&pairs->key);
	address_key(address, &pairs->key);
	return table_find(pairs->users, pairs->key.data, pairs->key.len);
}

static struct user *make_user(struct pairs *pairs, const struct address *address, uint64_t now_ms)
{
	struct user *user = pairs_find_user(pairs, address);

	if (user != NULL)
		return user;
	user = mem_zalloc(sizeof *user);
	address_copy(&user->address, address);
	list_init(&user->watching);
	list_init(&user->watched);
	user->sign_ms = now_ms;
	/* More than any limit: the first look cuts it to the burst that holds then. */
	rate_init(&user->news, 1e9, now_ms);
	rate_init(&user->questions, 1e9, now_ms);
	table_put(pairs->users, pairs->key.data, pairs->key.len, user);
	return user;
}

static void drop_user(struct pairs *pairs, struct user *user)
{
	if (!list_is_empty(&user->watching) || !list_is_empty(&user->watched))
		return;
	buf_reset(&pairs->key);
	address_key(&user->address, &pairs->key);
	table_remove(pairs->users, pairs->key.data, pairs->key.len);
	list_remove(&user->interest);
	address_clear(&user->address);
	mem_free(user);
}

static struct pair *find_between(struct pairs *pairs, const struct user *watcher,
				 const struct user *watched)
{
	struct ends ends = {watcher, watched};

	return table_find(pairs->table, &ends, sizeof ends);
}

struct pair *pairs_find(struct pairs *pairs, const struct address *watcher,
			const struct address *watched)
{
	const struct user *first = pairs_find_user(pairs, watcher);
	const struct user *second = first == NULL ? NULL : pairs_find_user(pairs, watched);

	return second == NULL ? NULL : find_between(pairs, first, second);
}

struct pair *pairs_make(struct pairs *pairs, const struct address *watcher,
			const struct address *watched, struct bridge *bridge, uint64_t now_ms)
{
	struct user *first = make_user(pairs, watcher, now_ms);
	struct user *second = make_user(pairs, watched, now_ms);
	struct ends ends = {first, second};
	struct pair *pair = find_between(pairs, first, second);

	if (pair != NULL)
		return pair;
	pair = mem_zalloc(sizeof *pair);
	pair->row.watcher = first->address;
	pair->row.watched = second->address;
	pair->watcher = first;
	pair->watched = second;
	pair->bridge = bridge;
	pace_init(&pair->pace, now_ms);
	list_append(&pairs->all, &pair->all);
	list_append(&first->watching, &pair->by_watcher);
	list_append(&second->watched, &pair->by_watched);
	table_put(pairs->table, &ends, sizeof ends, pair);
	return pair;
}

void pairs_remove(struct pairs *pairs, struct pair *pair)
{
	struct ends ends = {pair->watcher, pair->watched};

	assert(pair->watcher != pair->watched);
	table_remove(pairs->table, &ends, sizeof ends);
	loop_timer_cancel(&pair->timer);
	list_remove(&pair->all);
	list_remove(&pair->by_watcher);
	list_remove(&pair->by_watched);
	list_remove(&pair->by_chat);
	list_remove(&pair->recall);
	list_remove(&pair->outward[SIDE_SIP]);
	list_remove(&pair->outward[SIDE_XMPP]);
	list_remove(&pair->shows);
	book_drop(&pair->entry);
	drop_user(pairs, pair->watcher);
	drop_user(pairs, pair->watched);
	mem_free(pair);
}
