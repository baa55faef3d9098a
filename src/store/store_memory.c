/* A store that forgets everything at the end of the process: for tests, and by setting. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "store/store_engine.h"

struct printed {
	struct list link;
	struct store_item item;
};

struct memory {
	struct store_pending pending;
	struct table *tables[STORE_TABLES]; /* key -> struct store_item; NULL: not kept so */
	struct list prints;                 /* struct printed, the oldest first */
	struct buf key;                     /* reused */
};

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
	struct store_item *item = mem_alloc(sizeof *item);

	*item = op->item;
	op->item.table = STORE_NOTHING;
	return item;
}

static void pair_key(const struct store_item *item, struct buf *key)
{
	address_key(&item->pair.watcher, key);
	address_key(&item->pair.watched, key);
}

static void spelling_key(const struct store_item *item, struct buf *key)
{
	address_key(&item->spelling.address, key);
}

static void publication_key(const struct store_item *item, struct buf *key)
{
	address_key(&item->publication.user, key);
	buf_append(key, &item->publication.id, sizeof item->publication.id);
}

static void queued_key(const struct store_item *item, struct buf *key)
{
	buf_append(key, &item->queued.seq, sizeof item->queued.seq);
}

static void receipt_key(const struct store_item *item, struct buf *key)
{
	buf_puts(key, item->receipt.uid);
}

static void learned_key(const struct store_item *item, struct buf *key)
{
	buf_append(key, item->learned.kind, strlen(item->learned.kind) + 1);
	buf_puts(key, item->learned.subject);
}

static void dialog_key(const struct store_item *item, struct buf *key)
{
	buf_append(key, &item->dialog.id, sizeof item->dialog.id);
}

static void presence_key(const struct store_item *item, struct buf *key)
{
	address_key(&item->presence.watched, key);
	if (item->presence.watcher.domain != NULL)
		address_key(&item->presence.watcher, key);
}

static int move_value(char **value, size_t *len, char **old, size_t *old_len)
{
	*value = *old;
	*len = *old_len;
	*old = NULL;
	return 0;
}

/* What stays of the row that is replaced (old may be NULL). Each returns 0 or an errno value. */
static int inherit_spelling(struct store_item *item, struct store_item *old)
{
	if (old == NULL)
		return 0;
	mem_free(item->spelling.text);
	item->spelling.text = old->spelling.text;
	old->spelling.text = NULL;
	return 0;
}

static int inherit_publication(struct store_item *item, struct store_item *old)
{
	struct publication_row *row = &item->publication;

	if (row->body != NULL || old == NULL)
		return 0;
	mem_free(row->type);
	mem_free(row->language);
	row->type = old->publication.type;
	row->language = old->publication.language;
	old->publication.type = NULL;
	old->publication.language = NULL;
	return move_value(&row->body, &row->body_len, &old->publication.body,
			  &old->publication.body_len);
}

static int inherit_queued(struct store_item *item, struct store_item *old)
{
	if (item->queued.value != NULL)
		return 0;
	if (old == NULL)
		return ENOENT;
	return move_value(&item->queued.value, &item->queued.value_len, &old->queued.value,
			  &old->queued.value_len);
}

static int inherit_receipt(struct store_item *item, struct store_item *old)
{
	if (item->receipt.value != NULL)
		return 0;
	if (old == NULL)
		return ENOENT;
	return move_value(&item->receipt.value, &item->receipt.value_len, &old->receipt.value,
			  &old->receipt.value_len);
}

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int queued_order(const struct store_item *a, const struct store_item *b)
{
	return compare(a->queued.seq, b->queued.seq);
}

static int receipt_order(const struct store_item *a, const struct store_item *b)
{
	return compare(a->receipt.sent_ms, b->receipt.sent_ms);
}

static int dialog_order(const struct store_item *a, const struct store_item *b)
{
	return compare(a->dialog.expires_s, b->dialog.expires_s);
}

static const struct kind {
	void (*key)(const struct store_item *item, struct buf *key);
	int (*inherit)(struct store_item *item, struct store_item *old);      /* or NULL */
	int (*order)(const struct store_item *a, const struct store_item *b); /* of a load */
} kinds[STORE_TABLES] = {
	[STORE_PAIRS] = {pair_key, NULL, NULL},
	[STORE_SPELLINGS] = {spelling_key, inherit_spelling, NULL},
	[STORE_PUBLICATIONS] = {publication_key, inherit_publication, NULL},
	[STORE_QUEUE] = {queued_key, inherit_queued, queued_order},
	[STORE_RECEIPTS] = {receipt_key, inherit_receipt, receipt_order},
	[STORE_LEARNED] = {learned_key, NULL, NULL},
	[STORE_DIALOGS] = {dialog_key, NULL, dialog_order},
	[STORE_PRESENCE] = {presence_key, NULL, NULL},
};

static void put(struct memory *memory, struct store_op *op)
{
	const struct kind *kind = &kinds[op->item.table];
	struct table *table = memory->tables[op->item.table];
	struct store_item *old;

	buf_reset(&memory->key);
	kind->key(&op->item, &memory->key);
	old = table_find(table, memory->key.data, memory->key.len);
	if (kind->inherit != NULL)
		op->error = kind->inherit(&op->item, old);
	if (op->error == 0)
		item_free(table_put(table, memory->key.data, memory->key.len, item_take(op)));
}

static void drop(struct memory *memory, struct store_op *op)
{
	buf_reset(&memory->key);
	kinds[op->item.table].key(&op->item, &memory->key);
	item_free(table_remove(memory->tables[op->item.table], memory->key.data, memory->key.len));
}

static void printed_free(struct printed *printed)
{
	list_remove(&printed->link);
	store_item_clear(&printed->item);
	mem_free(printed);
}

static struct printed *printed_of(struct list *link)
{
	return LIST_ENTRY(link, struct printed, link);
}

static void put_prints(struct memory *memory, struct store_op *op)
{
	int64_t before_s = op->item.prints.forget_before_s;

	LIST_EACH(link, next, &memory->prints)
	{
		if (printed_of(link)->item.prints.at_s >= before_s)
			break;
		printed_free(printed_of(link));
	}
	if (op->item.prints.count > 0) {
		struct printed *printed = mem_zalloc(sizeof *printed);

		printed->item = op->item;
		op->item.table = STORE_NOTHING;
		list_append(&memory->prints, &printed->link);
	}
}

static void load_prints(struct memory *memory, struct store_op *op)
{
	LIST_EACH(link, next, &memory->prints)
	{
		store_op_give(op, &printed_of(link)->item);
	}
}

struct rows {
	const struct store_item **items;
	size_t count;
};

static bool collect(void *value, void *arg)
{
	struct rows *rows = arg;

	rows->items[rows->count++] = value;
	return true;
}

static int by_order(const void *a, const void *b)
{
	const struct store_item *const *first = a;
	const struct store_item *const *second = b;

	return kinds[(*first)->table].order(*first, *second);
}

static void load(struct memory *memory, struct store_op *op)
{
	struct table *table = memory->tables[op->item.table];
	struct rows rows = {mem_array(table_count(table), sizeof *rows.items), 0};

	table_each(table, collect, &rows);
	if (kinds[op->item.table].order != NULL)
		qsort(rows.items, rows.count, sizeof *rows.items, by_order);
	for (size_t i = 0; i < rows.count; i++)
		store_op_give(op, rows.items[i]);
	mem_free(rows.items);
}

static void run_prints(struct memory *memory, struct store_op *op)
{
	if (op->kind == STORE_OP_PUT)
		put_prints(memory, op);
	else if (op->kind == STORE_OP_LOAD)
		load_prints(memory, op);
}

static bool move_one(void *value, void *arg)
{
	store_item_move(value, *(const int64_t *)arg);
	return true;
}

static void move_all(struct memory *memory, int64_t by_s)
{
	for (int i = 0; i < STORE_TABLES; i++) {
		if (memory->tables[i] != NULL)
			table_each(memory->tables[i], move_one, &by_s);
	}
	LIST_EACH(link, next, &memory->prints)
	{
		store_item_move(&printed_of(link)->item, by_s);
	}
}

static void run(struct memory *memory, struct store_op *op)
{
	if (op->item.table == STORE_CLOCK)
		move_all(memory, op->item.clock.by_s);
	else if (op->item.table == STORE_PRINTS)
		run_prints(memory, op);
	else if (memory->tables[op->item.table] == NULL)
		return; /* nothing to remember */
	else if (op->kind == STORE_OP_PUT)
		put(memory, op);
	else if (op->kind == STORE_OP_DROP)
		drop(memory, op);
	else if (op->kind == STORE_OP_LOAD)
		load(memory, op);
}

static void memory_run(void *state, struct store_op *op)
{
	if (op->error == 0)
		run(state, op);
	store_op_finish(op);
}

static int memory_open(void **out, const struct store_params *params, struct store_found *found,
		       char *error, size_t error_len)
{
	struct memory *memory = mem_zalloc(sizeof *memory);

	(void)error;
	(void)error_len;
	store_pending_init(&memory->pending, params->loop, memory_run, memory);
	for (int i = 0; i < STORE_TABLES; i++) {
		if (kinds[i].key != NULL)
			memory->tables[i] = table_new();
	}
	list_init(&memory->prints);
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
	for (int i = 0; i < STORE_TABLES; i++) {
		if (memory->tables[i] != NULL)
			table_each(memory->tables[i], free_one, NULL);
		table_free(&memory->tables[i]);
	}
	LIST_EACH(link, next, &memory->prints)
	{
		printed_free(printed_of(link));
	}
	buf_free(&memory->key);
	mem_free(memory);
}

const struct store_engine store_memory_engine = {
	.name = "memory",
	.open = memory_open,
	.submit = memory_submit,
	.close = memory_close,
};
