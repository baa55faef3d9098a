/* The store of the simulation, in place of src/store: rows in memory that outlive the bridge. While
 * it fails nothing is kept. Answers come later, in order. */
#include "scenario/week.h"

#include <errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"
#include "store/store.h"

struct waiting {
	struct list link;
	store_done_fn *done;
	void *arg;
	store_pair_fn *pair; /* of a load, or NULL */
	store_presence_fn *presence;
	int error;
};

struct stored {
	struct pair_row row; /* first */
	struct list link;
};

struct stored_presence {
	struct presence_row row; /* first */
	struct list link;
};

struct store {
	struct loop *loop;
	struct table *rows;     /* struct stored by both addresses */
	struct list order;      /* the same: a run is to repeat itself */
	struct table *presence; /* struct stored_presence, likewise */
	struct list presence_order;
	struct list waiting;
	struct buf key;
	bool fails;
	int64_t last_alive;
};

static void give_rows(struct store *store, const struct waiting *load)
{
	if (load->pair != NULL) {
		LIST_EACH(it, next, &store->order)
		load->pair(&LIST_ENTRY(it, struct stored, link)->row, load->arg);
	}
	if (load->presence != NULL) {
		LIST_EACH(it, next, &store->presence_order)
		load->presence(&LIST_ENTRY(it, struct stored_presence, link)->row, load->arg);
	}
}

static void answer_all(void *arg)
{
	struct store *store = arg;

	while (!list_is_empty(&store->waiting)) {
		struct waiting *first = LIST_ENTRY(store->waiting.next, struct waiting, link);
		struct waiting now = *first;

		list_remove(&first->link);
		mem_free(first);
		give_rows(store, &now);
		now.done(now.error, now.arg);
	}
}

static struct waiting *answer_later(struct store *store, int error, store_done_fn *done, void *arg)
{
	struct waiting *waiting = mem_zalloc(sizeof *waiting);

	waiting->done = done;
	waiting->arg = arg;
	waiting->error = error;
	if (list_is_empty(&store->waiting))
		loop_defer(store->loop, answer_all, store);
	list_append(&store->waiting, &waiting->link);
	return waiting;
}

static void make_key(struct store *store, const struct address *watcher,
		     const struct address *watched)
{
	buf_reset(&store->key);
	address_key(watcher, &store->key);
	address_key(watched, &store->key);
}

static void drop_row(struct store *store)
{
	struct stored *stored = table_remove(store->rows, store->key.data, store->key.len);

	if (stored == NULL)
		return;
	list_remove(&stored->link);
	pair_row_clear(&stored->row);
	mem_free(stored);
}

void pair_row_clear(struct pair_row *row)
{
	address_clear(&row->watcher);
	address_clear(&row->watched);
}

const char *pair_state_name(enum pair_state state)
{
	static const char *const names[] = {"none", "asked", "granted", "refused", "ended"};

	return names[state];
}

/* As precise as the daemon has it. */
int64_t store_last_alive(const struct store *store)
{
	return store->last_alive;
}

void week_store_alive(struct store *store, int64_t now_s)
{
	store->last_alive = now_s;
}

void store_put_pair(struct store *store, const struct pair_row *row, store_done_fn *done, void *arg)
{
	struct stored *stored;

	answer_later(store, store->fails ? EIO : 0, done, arg);
	if (store->fails)
		return;
	make_key(store, &row->watcher, &row->watched);
	drop_row(store);
	stored = mem_zalloc(sizeof *stored);
	stored->row = *row;
	address_copy(&stored->row.watcher, &row->watcher);
	address_copy(&stored->row.watched, &row->watched);
	table_put(store->rows, store->key.data, store->key.len, stored);
	list_append(&store->order, &stored->link);
}

void store_drop_pair(struct store *store, const struct address *watcher,
		     const struct address *watched, store_done_fn *done, void *arg)
{
	answer_later(store, store->fails ? EIO : 0, done, arg);
	if (store->fails)
		return;
	make_key(store, watcher, watched);
	drop_row(store);
}

void store_load_pairs(struct store *store, store_pair_fn *each, store_done_fn *done, void *arg)
{
	answer_later(store, 0, done, arg)->pair = each;
}

/* Presence ------------------------------------------------------------------------------------- */

void presence_row_clear(struct presence_row *row)
{
	address_clear(&row->watched);
	address_clear(&row->watcher);
	mem_free(row->value);
	*row = (struct presence_row){0};
}

bool store_clock_is_wrong(const struct store *store)
{
	(void)store;
	return false;
}

static void free_presence(struct stored_presence *stored)
{
	list_remove(&stored->link);
	presence_row_clear(&stored->row);
	mem_free(stored);
}

static void drop_presence(struct store *store)
{
	struct stored_presence *stored =
		table_remove(store->presence, store->key.data, store->key.len);

	if (stored != NULL)
		free_presence(stored);
}

void store_put_presence(struct store *store, const struct presence_row *row, store_done_fn *done,
			void *arg)
{
	struct stored_presence *stored;

	answer_later(store, store->fails ? EIO : 0, done, arg);
	if (store->fails)
		return;
	make_key(store, &row->watcher, &row->watched);
	drop_presence(store);
	stored = mem_zalloc(sizeof *stored);
	address_copy(&stored->row.watcher, &row->watcher);
	address_copy(&stored->row.watched, &row->watched);
	stored->row.told_s = row->told_s;
	stored->row.value = mem_strndup(row->value, row->value_len);
	stored->row.value_len = row->value_len;
	table_put(store->presence, store->key.data, store->key.len, stored);
	list_append(&store->presence_order, &stored->link);
}

void store_drop_presence(struct store *store, const struct address *watched,
			 const struct address *watcher, store_done_fn *done, void *arg)
{
	answer_later(store, store->fails ? EIO : 0, done, arg);
	if (store->fails)
		return;
	make_key(store, watcher, watched);
	drop_presence(store);
}

void store_load_presence(struct store *store, store_presence_fn *each, store_done_fn *done,
			 void *arg)
{
	answer_later(store, 0, done, arg)->presence = each;
}

struct store *week_store_new(struct loop *loop)
{
	struct store *store = mem_zalloc(sizeof *store);

	store->loop = loop;
	store->rows = table_new();
	list_init(&store->waiting);
	list_init(&store->order);
	store->presence = table_new();
	list_init(&store->presence_order);
	return store;
}

void week_store_free(struct store **store)
{
	answer_all(*store);
	loop_forget((*store)->loop, *store);
	LIST_EACH(it, next, &(*store)->order)
	{
		struct stored *stored = LIST_ENTRY(it, struct stored, link);

		list_remove(it);
		pair_row_clear(&stored->row);
		mem_free(stored);
	}
	LIST_EACH(it, next, &(*store)->presence_order)
	free_presence(LIST_ENTRY(it, struct stored_presence, link));
	table_free(&(*store)->presence);
	table_free(&(*store)->rows);
	buf_free(&(*store)->key);
	mem_free(*store);
	*store = NULL;
}

static void move(int64_t *at_s, int64_t by_s)
{
	if (*at_s != 0)
		*at_s += by_s;
}

void week_store_move(struct store *store, int64_t by_s)
{
	LIST_EACH(it, next, &store->order)
	{
		struct pair_row *row = &LIST_ENTRY(it, struct stored, link)->row;

		move(&row->asked_at, by_s);
		move(&row->granted_at, by_s);
		move(&row->refused_at, by_s);
		move(&row->ended_at, by_s);
		move(&row->heard_at, by_s);
	}
	move(&store->last_alive, by_s);
}

void week_store_fail(struct store *store, bool fails)
{
	store->fails = fails;
}
