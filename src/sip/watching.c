/* The book of the notifier; see watching.h. */
#include "sip/watching.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"

struct watchings {
	struct table *pairs;
	struct table *watchers;
	struct table *watched;
};

struct watchings *watchings_new(void)
{
	struct watchings *watchings = mem_zalloc(sizeof *watchings);

	watchings->pairs = table_new();
	watchings->watchers = table_new();
	watchings->watched = table_new();
	return watchings;
}

static bool free_user(void *value, void *arg)
{
	struct watch_user *user = value;

	(void)arg;
	mem_free(user->key);
	mem_free(user);
	return true;
}

void watchings_free(struct watchings **watchings)
{
	if (*watchings == NULL)
		return;
	table_each((*watchings)->watchers, free_user, NULL);
	table_each((*watchings)->watched, free_user, NULL);
	table_free(&(*watchings)->pairs);
	table_free(&(*watchings)->watchers);
	table_free(&(*watchings)->watched);
	mem_free(*watchings);
	*watchings = NULL;
}

size_t watchings_count(const struct watchings *watchings)
{
	return table_count(watchings->pairs);
}

static void pair_key(struct buf *key, const struct address *watcher, const struct address *watched)
{
	address_key(watcher, key);
	address_key(watched, key);
}

struct watching *watchings_find(const struct watchings *watchings, const struct address *watcher,
				const struct address *watched)
{
	struct buf key = BUF_INIT;
	struct watching *watching;

	pair_key(&key, watcher, watched);
	watching = table_find(watchings->pairs, key.data, key.len);
	buf_free(&key);
	return watching;
}

struct watching *watchings_get(struct watchings *watchings, const struct address *watcher,
			       const struct address *watched)
{
	struct watching *watching = watchings_find(watchings, watcher, watched);
	struct buf key = BUF_INIT;

	if (watching != NULL)
		return watching;
	watching = mem_zalloc(sizeof *watching);
	address_copy(&watching->watcher, watcher);
	address_copy(&watching->watched, watched);
	list_init(&watching->lookers);
	list_init(&watching->informed);
	pair_key(&key, watcher, watched);
	table_put(watchings->pairs, key.data, key.len, watching);
	buf_free(&key);
	return watching;
}

static struct watch_user *find_user(const struct table *table, const struct address *address)
{
	struct buf key = BUF_INIT;
	struct watch_user *user;

	address_key(address, &key);
	user = table_find(table, key.data, key.len);
	buf_free(&key);
	return user;
}

static struct watch_user *get_user(struct table *table, const struct address *address)
{
	struct watch_user *user = find_user(table, address);
	struct buf key = BUF_INIT;

	if (user != NULL)
		return user;
	user = mem_zalloc(sizeof *user);
	address_key(address, &key);
	user->key_len = key.len;
	user->key = buf_take(&key);
	table_put(table, user->key, user->key_len, user);
	return user;
}

static void release_user(struct table *table, struct watch_user *user)
{
	user->live--;
	if (user->live != 0)
		return;
	table_remove(table, user->key, user->key_len);
	free_user(user, NULL);
}

void watching_put(struct watchings *watchings, struct watching *watching, struct looker *looker,
		  const struct address *by)
{
	bool is_counted = looker->kind != LOOKER_INFORMED;

	looker->watching = watching;
	looker->by = get_user(watchings->watchers, by);
	looker->by->live++;
	get_user(watchings->watched, &watching->watched)->live++;
	list_append(is_counted ? &watching->lookers : &watching->informed, &looker->link);
	watching->count += is_counted ? 1 : 0;
}

static void free_watching(struct watchings *watchings, struct watching *watching)
{
	struct buf key = BUF_INIT;

	pair_key(&key, &watching->watcher, &watching->watched);
	table_remove(watchings->pairs, key.data, key.len);
	buf_free(&key);
	address_clear(&watching->watcher);
	address_clear(&watching->watched);
	mem_free(watching);
}

bool watching_take(struct watchings *watchings, struct looker *looker)
{
	struct watching *watching = looker->watching;
	bool is_counted = looker->kind != LOOKER_INFORMED;
	bool is_last;

	list_remove(&looker->link);
	looker->watching = NULL;
	release_user(watchings->watchers, looker->by);
	looker->by = NULL;
	release_user(watchings->watched, find_user(watchings->watched, &watching->watched));
	watching->count -= is_counted ? 1 : 0;
	is_last = is_counted && watching->count == 0;
	if (watching->count == 0 && list_is_empty(&watching->informed))
		free_watching(watchings, watching);
	return is_last;
}

struct looker *watching_find_other(const struct watching *watching, const struct watch_user *by,
				   const struct looker *except)
{
	LIST_EACH(link, next, &watching->lookers)
	{
		struct looker *looker = LIST_ENTRY(link, struct looker, link);

		if (looker->by == by && looker != except)
			return looker;
	}
	return NULL;
}

void watch_user_address(const struct watch_user *user, struct address *out)
{
	(void)address_from_key(out, user->key, user->key_len);
}

static size_t live_of(const struct table *table, const struct address *address)
{
	const struct watch_user *user = find_user(table, address);

	return user != NULL ? user->live : 0;
}

size_t watchings_users(const struct watchings *watchings)
{
	return table_count(watchings->watchers);
}

size_t watchings_of_watcher(const struct watchings *watchings, const struct address *watcher)
{
	return live_of(watchings->watchers, watcher);
}

size_t watchings_of_watched(const struct watchings *watchings, const struct address *watched)
{
	return live_of(watchings->watched, watched);
}

struct watch_user *watchings_user(const struct watchings *watchings, const struct address *watcher)
{
	return find_user(watchings->watchers, watcher);
}
