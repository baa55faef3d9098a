/* A store that forgets everything at the end of the process: for tests, and by setting. */
#include <errno.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "store/store_engine.h"

struct memory {
	struct store_pending pending;
	struct table *pairs;        /* watcher and watched -> struct store_item */
	struct table *spellings;    /* address -> struct store_item */
	struct table *publications; /* user and id -> struct store_item */
};

static void pair_key(const struct pair_row *row, struct buf *key)
{
	address_key(&row->watcher, key);
	address_key(&row->watched, key);
}

static void item_free(struct store_item *item)
{
	if (item == NULL)
		return;
	store_item_clear(item);
	mem_free(item);
}

/* Moves what the request owns into a row of its own. */
static struct store_item *item_take(struct store_op *op)
{
	struct store_item *item = mem_zalloc(sizeof *item);

	*item = op->item;
	op->item = (struct store_item){.now_s = item->now_s};
	return item;
}

static bool pair_is_legal(const struct pair_row *row)
{
	return row->state > PAIR_NONE && row->state <= PAIR_ENDED && row->asked_at >= 0 &&
	       row->granted_at >= 0 && row->refused_at >= 0 && row->ended_at >= 0 &&
	       row->heard_at >= 0;
}

static void put_pair(struct memory *memory, struct store_op *op)
{
	struct buf key = BUF_INIT;

	if (!pair_is_legal(&op->item.pair)) {
		op->error = EINVAL;
		return;
	}
	pair_key(&op->item.pair, &key);
	item_free(table_put(memory->pairs, key.data, key.len, item_take(op)));
	buf_free(&key);
}

static void drop_pair(struct memory *memory, struct store_op *op)
{
	struct buf key = BUF_INIT;

	pair_key(&op->item.pair, &key);
	item_free(table_remove(memory->pairs, key.data, key.len));
	buf_free(&key);
}

static void put_spelling(struct memory *memory, struct store_op *op)
{
	struct buf key = BUF_INIT;

	address_key(&op->item.address, &key);
	if (table_find(memory->spellings, key.data, key.len) == NULL)
		table_put(memory->spellings, key.data, key.len, item_take(op));
	buf_free(&key);
}

static void publication_key(const struct publication_row *row, struct buf *key)
{
	address_key(&row->user, key);
	buf_append(key, &row->id, sizeof row->id);
}

/* Without a body the one that is there stays. */
static void inherit(struct publication_row *row, struct publication_row *old)
{
	if (row->body != NULL)
		return;
	row->type = old->type;
	row->language = old->language;
	row->body = old->body;
	row->body_len = old->body_len;
	old->type = NULL;
	old->language = NULL;
	old->body = NULL;
}

static void put_publication(struct memory *memory, struct store_op *op)
{
	struct buf key = BUF_INIT;
	struct store_item *old;

	publication_key(op->item.publication, &key);
	old = table_find(memory->publications, key.data, key.len);
	if (old != NULL)
		inherit(op->item.publication, old->publication);
	item_free(table_put(memory->publications, key.data, key.len, item_take(op)));
	buf_free(&key);
}

static void drop_publication(struct memory *memory, struct store_op *op)
{
	struct buf key = BUF_INIT;

	publication_key(op->item.publication, &key);
	item_free(table_remove(memory->publications, key.data, key.len));
	buf_free(&key);
}

static bool hand_out_publication(void *value, void *arg)
{
	const struct store_item *item = value;
	const struct store_op *op = arg;

	op->each_publication(item->publication, op->arg);
	return true;
}

static void load_publications(struct memory *memory, struct store_op *op)
{
	table_each(memory->publications, hand_out_publication, op);
}

static bool hand_out_pair(void *value, void *arg)
{
	const struct store_item *item = value;
	const struct store_op *op = arg;

	op->each_pair(&item->pair, op->arg);
	return true;
}

static bool hand_out_spelling(void *value, void *arg)
{
	const struct store_item *item = value;
	const struct store_op *op = arg;

	op->each_spelling(&item->address, item->spelling, op->arg);
	return true;
}

static void load_pairs(struct memory *memory, struct store_op *op)
{
	table_each(memory->pairs, hand_out_pair, op);
}

static void load_spellings(struct memory *memory, struct store_op *op)
{
	table_each(memory->spellings, hand_out_spelling, op);
}

static void (*const runs[])(struct memory *memory, struct store_op *op) = {
	[STORE_OP_PUT_PAIR] = put_pair,
	[STORE_OP_DROP_PAIR] = drop_pair,
	[STORE_OP_PUT_SPELLING] = put_spelling,
	[STORE_OP_PUT_PUBLICATION] = put_publication,
	[STORE_OP_DROP_PUBLICATION] = drop_publication,
	[STORE_OP_LOAD_PUBLICATIONS] = load_publications,
	[STORE_OP_LOAD_PAIRS] = load_pairs,
	[STORE_OP_LOAD_SPELLINGS] = load_spellings,
	[STORE_OP_ROWS] = NULL,
};

static void memory_run(void *state, struct store_op *op)
{
	if (op->error == 0 && runs[op->kind] != NULL)
		runs[op->kind](state, op);
	store_op_finish(op);
}

static int memory_open(void **out, const struct store_params *params, struct store_found *found,
		       char *error, size_t error_len)
{
	struct memory *memory = mem_zalloc(sizeof *memory);

	(void)error;
	(void)error_len;
	store_pending_init(&memory->pending, params->loop, memory_run, memory);
	memory->pairs = table_new();
	memory->spellings = table_new();
	memory->publications = table_new();
	random_bytes(found->key, sizeof found->key);
	*out = memory;
	return 0;
}

static void memory_submit(void *state, struct store_op *op)
{
	struct memory *memory = state;

	store_pending_add(&memory->pending, op);
}

static bool free_one(void *value, void *arg)
{
	(void)arg;
	item_free(value);
	return true;
}

static void memory_close(void *state)
{
	struct memory *memory = state;

	store_pending_clear(&memory->pending);
	table_each(memory->pairs, free_one, NULL);
	table_each(memory->spellings, free_one, NULL);
	table_each(memory->publications, free_one, NULL);
	table_free(&memory->pairs);
	table_free(&memory->spellings);
	table_free(&memory->publications);
	mem_free(memory);
}

const struct store_engine store_memory_engine = {
	.name = "memory",
	.open = memory_open,
	.submit = memory_submit,
	.close = memory_close,
};
