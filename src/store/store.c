/* The store: requests made into values for the engine that was chosen by name. */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "loop/loop.h"
#include "store/store_engine.h"

struct store {
	const struct store_engine *engine;
	void *state;
	struct store_found found;
	bool stopped;
	bool failed;
};

static const struct store_engine *const engines[] = {
	&store_sqlite_engine,
	&store_memory_engine,
	&store_failing_engine,
};

static const char *const state_names[] = {
	[PAIR_NONE] = "none",       [PAIR_ASKED] = "asked", [PAIR_GRANTED] = "granted",
	[PAIR_REFUSED] = "refused", [PAIR_ENDED] = "ended",
};

const char *pair_state_name(enum pair_state state)
{
	return state_names[state];
}

void pair_row_clear(struct pair_row *row)
{
	address_clear(&row->watcher);
	address_clear(&row->watched);
}

static const struct store_engine *find_engine(const char *name)
{
	for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	}
	return NULL;
}

int store_open(struct store **out, const struct store_params *params, char *error, size_t error_len)
{
	const struct store_engine *engine = find_engine(params->engine);
	struct store *store;
	int result;

	*out = NULL;
	if (engine == NULL) {
		snprintf(error, error_len, "there is no store engine \"%s\": use sqlite or memory",
			 params->engine);
		return ENOENT;
	}
	store = mem_zalloc(sizeof *store);
	store->engine = engine;
	result = engine->open(&store->state, params, &store->found, error, error_len);
	if (result != 0) {
		store_free(&store);
		return result;
	}
	*out = store;
	return 0;
}

void store_free(struct store **out)
{
	struct store *store = *out;

	if (store == NULL)
		return;
	if (store->state != NULL)
		store->engine->close(store->state);
	mem_wipe(store->found.key, sizeof store->found.key);
	mem_free(store);
	*out = NULL;
}

bool store_has_failed(const struct store *store)
{
	return store->failed;
}

const uint8_t *store_key(const struct store *store)
{
	return store->found.key;
}

int64_t store_last_alive(const struct store *store)
{
	return store->found.last_alive;
}

static struct store_op *op_new(struct store *store, enum store_op_kind kind, store_done_fn *done,
			       void *arg)
{
	struct store_op *op = mem_zalloc(sizeof *op);

	op->store = store;
	op->kind = kind;
	op->done = done;
	op->arg = arg;
	if (store->stopped)
		op->error = ESHUTDOWN;
	return op;
}

struct store_op *store_op_rows(const struct store_op *load, struct store_item *rows, size_t count)
{
	struct store_op *op = mem_zalloc(sizeof *op);

	op->store = load->store;
	op->kind = STORE_OP_ROWS;
	op->rows = rows;
	op->row_count = count;
	op->each_pair = load->each_pair;
	op->each_spelling = load->each_spelling;
	op->each_publication = load->each_publication;
	op->arg = load->arg;
	return op;
}

void store_item_clear(struct store_item *item)
{
	pair_row_clear(&item->pair);
	address_clear(&item->address);
	mem_free(item->spelling);
	item->spelling = NULL;
	if (item->publication != NULL)
		publication_row_clear(item->publication);
	mem_free(item->publication);
	item->publication = NULL;
}

void store_op_free(struct store_op *op)
{
	for (size_t i = 0; i < op->row_count; i++)
		store_item_clear(&op->rows[i]);
	mem_free(op->rows);
	store_item_clear(&op->item);
	mem_free(op);
}

void store_op_finish(struct store_op *op)
{
	if (op->fatal)
		op->store->failed = true;
	for (size_t i = 0; i < op->row_count; i++) {
		const struct store_item *row = &op->rows[i];

		if (op->each_pair != NULL)
			op->each_pair(&row->pair, op->arg);
		else if (op->each_publication != NULL)
			op->each_publication(row->publication, op->arg);
		else
			op->each_spelling(&row->address, row->spelling, op->arg);
	}
	if (op->done != NULL)
		op->done(op->error, op->arg);
	store_op_free(op);
}

void publication_row_clear(struct publication_row *row)
{
	address_clear(&row->user);
	mem_free(row->etag);
	mem_free(row->source);
	mem_free(row->type);
	mem_free(row->language);
	mem_free(row->body);
	*row = (struct publication_row){0};
}

static void submit(struct store *store, struct store_op *op)
{
	store->engine->submit(store->state, op);
}

void store_stop(struct store *store, store_done_fn *done, void *arg)
{
	struct store_op *op = op_new(store, STORE_OP_STOP, done, arg);

	store->stopped = true;
	submit(store, op);
}

void store_alive(struct store *store, int64_t now_s)
{
	struct store_op *op = op_new(store, STORE_OP_ALIVE, NULL, NULL);

	op->item.now_s = now_s;
	submit(store, op);
}

void store_put_pair(struct store *store, const struct pair_row *row, store_done_fn *done, void *arg)
{
	struct store_op *op = op_new(store, STORE_OP_PUT_PAIR, done, arg);

	op->item.pair = *row;
	address_copy(&op->item.pair.watcher, &row->watcher);
	address_copy(&op->item.pair.watched, &row->watched);
	submit(store, op);
}

void store_drop_pair(struct store *store, const struct address *watcher,
		     const struct address *watched, store_done_fn *done, void *arg)
{
	struct store_op *op = op_new(store, STORE_OP_DROP_PAIR, done, arg);

	address_copy(&op->item.pair.watcher, watcher);
	address_copy(&op->item.pair.watched, watched);
	submit(store, op);
}

void store_load_pairs(struct store *store, store_pair_fn *each, store_done_fn *done, void *arg)
{
	struct store_op *op = op_new(store, STORE_OP_LOAD_PAIRS, done, arg);

	op->each_pair = each;
	submit(store, op);
}

void store_put_spelling(struct store *store, const struct address *address, const char *spelling,
			store_done_fn *done, void *arg)
{
	struct store_op *op = op_new(store, STORE_OP_PUT_SPELLING, done, arg);

	address_copy(&op->item.address, address);
	op->item.spelling = mem_strdup(spelling);
	submit(store, op);
}

void store_load_spellings(struct store *store, store_spelling_fn *each, store_done_fn *done,
			  void *arg)
{
	struct store_op *op = op_new(store, STORE_OP_LOAD_SPELLINGS, done, arg);

	op->each_spelling = each;
	submit(store, op);
}

static struct publication_row *publication_copy(const struct publication_row *row)
{
	struct publication_row *copy = mem_alloc(sizeof *copy);

	*copy = *row;
	address_copy(&copy->user, &row->user);
	copy->etag = mem_strdup(row->etag);
	copy->source = mem_strdup(row->source);
	copy->type = mem_strdup_or_null(row->type);
	copy->language = mem_strdup_or_null(row->language);
	copy->body = row->body != NULL ? mem_strndup(row->body, row->body_len) : NULL;
	return copy;
}

void store_put_publication(struct store *store, const struct publication_row *row,
			   store_done_fn *done, void *arg)
{
	struct store_op *op = op_new(store, STORE_OP_PUT_PUBLICATION, done, arg);

	op->item.publication = publication_copy(row);
	submit(store, op);
}

void store_drop_publication(struct store *store, const struct address *user, int64_t id,
			    store_done_fn *done, void *arg)
{
	struct store_op *op = op_new(store, STORE_OP_DROP_PUBLICATION, done, arg);

	op->item.publication = mem_zalloc(sizeof *op->item.publication);
	address_copy(&op->item.publication->user, user);
	op->item.publication->id = id;
	submit(store, op);
}

void store_load_publications(struct store *store, store_publication_fn *each, store_done_fn *done,
			     void *arg)
{
	struct store_op *op = op_new(store, STORE_OP_LOAD_PUBLICATIONS, done, arg);

	op->each_publication = each;
	submit(store, op);
}
