/* Requests for what outlives the process of messages: queue, receipts, fingerprints, and what was
 * learned. */
#include <string.h>

#include "base/mem.h"
#include "store/store_engine.h"

static char *copy_value(const char *value, size_t len)
{
	return value != NULL ? mem_strndup(value, len) : NULL;
}

void store_put_queued(struct store *store, const struct queue_row *row, store_done_fn *done,
		      void *arg)
{
	struct queue_row own = *row;

	own.value = copy_value(row->value, row->value_len);
	store_take_queued(store, &own, done, arg);
}

void store_take_queued(struct store *store, struct queue_row *row, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_QUEUE, done, arg);
	struct queue_row *own = &op->item.queued;

	*own = *row;
	row->value = NULL;
	row->value_len = 0;
	address_copy(&own->sender, &row->sender);
	address_copy(&own->recipient, &row->recipient);
	store_op_submit(op);
}

void store_drop_queued(struct store *store, int64_t seq, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_DROP, STORE_QUEUE, done, arg);

	op->item.queued.seq = seq;
	store_op_submit(op);
}

void store_load_queue(struct store *store, store_queue_fn *each, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_LOAD, STORE_QUEUE, done, arg);

	op->each.queued = each;
	store_op_submit(op);
}

void store_put_receipt(struct store *store, const struct receipt_row *row, store_done_fn *done,
		       void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_RECEIPTS, done, arg);
	struct receipt_row *own = &op->item.receipt;

	*own = *row;
	own->uid = mem_strdup(row->uid);
	address_copy(&own->sender, &row->sender);
	address_copy(&own->recipient, &row->recipient);
	own->value = copy_value(row->value, row->value_len);
	store_op_submit(op);
}

void store_drop_receipt(struct store *store, const char *uid, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_DROP, STORE_RECEIPTS, done, arg);

	op->item.receipt.uid = mem_strdup(uid);
	store_op_submit(op);
}

void store_load_receipts(struct store *store, store_receipt_fn *each, store_done_fn *done,
			 void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_LOAD, STORE_RECEIPTS, done, arg);

	op->each.receipt = each;
	store_op_submit(op);
}

void store_put_prints(struct store *store, const struct store_print *prints, size_t count,
		      int64_t at_s, int64_t forget_before_s, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_PRINTS, done, arg);
	struct store_prints *own = &op->item.prints;

	own->at_s = at_s;
	own->forget_before_s = forget_before_s;
	own->count = count;
	if (count > 0) {
		own->prints = mem_array(count, sizeof *own->prints);
		memcpy(own->prints, prints, count * sizeof *prints);
	}
	store_op_submit(op);
}

void store_load_prints(struct store *store, store_print_fn *each, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_LOAD, STORE_PRINTS, done, arg);

	op->each.print = each;
	store_op_submit(op);
}

void store_put_learned(struct store *store, const struct learned_row *row, store_done_fn *done,
		       void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_LEARNED, done, arg);

	op->item.learned = *row;
	op->item.learned.kind = mem_strdup(row->kind);
	op->item.learned.subject = mem_strdup(row->subject);
	store_op_submit(op);
}

void store_drop_learned(struct store *store, const char *kind, const char *subject,
			store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_DROP, STORE_LEARNED, done, arg);

	op->item.learned.kind = mem_strdup(kind);
	op->item.learned.subject = mem_strdup(subject);
	store_op_submit(op);
}

void store_load_learned(struct store *store, store_learned_fn *each, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_LOAD, STORE_LEARNED, done, arg);

	op->each.learned = each;
	store_op_submit(op);
}
