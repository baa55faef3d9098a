/* Requests for what outlives the process of presence: pairs, publications, spellings. */
#include "base/mem.h"
#include "store/store_engine.h"

void store_put_pair(struct store *store, const struct pair_row *row, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_PAIRS, done, arg);

	op->item.pair = *row;
	address_copy(&op->item.pair.watcher, &row->watcher);
	address_copy(&op->item.pair.watched, &row->watched);
	store_op_submit(op);
}

void store_drop_pair(struct store *store, const struct address *watcher,
		     const struct address *watched, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_DROP, STORE_PAIRS, done, arg);

	address_copy(&op->item.pair.watcher, watcher);
	address_copy(&op->item.pair.watched, watched);
	store_op_submit(op);
}

void store_load_pairs(struct store *store, store_pair_fn *each, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_LOAD, STORE_PAIRS, done, arg);

	op->each.pair = each;
	store_op_submit(op);
}

void store_put_spelling(struct store *store, const struct address *address, const char *spelling,
			store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_SPELLINGS, done, arg);

	address_copy(&op->item.spelling.address, address);
	op->item.spelling.text = mem_strdup(spelling);
	store_op_submit(op);
}

void store_load_spellings(struct store *store, store_spelling_fn *each, store_done_fn *done,
			  void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_LOAD, STORE_SPELLINGS, done, arg);

	op->each.spelling = each;
	store_op_submit(op);
}

void store_put_publication(struct store *store, const struct publication_row *row,
			   store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_PUBLICATIONS, done, arg);
	struct publication_row *copy = &op->item.publication;

	*copy = *row;
	address_copy(&copy->user, &row->user);
	copy->etag = mem_strdup(row->etag);
	copy->source = mem_strdup(row->source);
	copy->type = mem_strdup_or_null(row->type);
	copy->language = mem_strdup_or_null(row->language);
	copy->body = row->body != NULL ? mem_strndup(row->body, row->body_len) : NULL;
	store_op_submit(op);
}

void store_drop_publication(struct store *store, const struct address *user, int64_t id,
			    store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_DROP, STORE_PUBLICATIONS, done, arg);

	address_copy(&op->item.publication.user, user);
	op->item.publication.id = id;
	store_op_submit(op);
}

void store_load_publications(struct store *store, store_publication_fn *each, store_done_fn *done,
			     void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_LOAD, STORE_PUBLICATIONS, done, arg);

	op->each.publication = each;
	store_op_submit(op);
}
