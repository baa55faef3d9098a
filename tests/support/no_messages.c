/* For tests with a store of their own that keeps pairs alone: there are no messages, and nothing is
 * known of them. */
#include "base/mem.h"
#include "store/store.h"

void store_load_queue(struct store *store, store_queue_fn *each, store_done_fn *done, void *arg)
{
	(void)store;
	(void)each;
	done(0, arg);
}

void store_take_queued(struct store *store, struct queue_row *row, store_done_fn *done, void *arg)
{
	(void)store;
	mem_free(row->value);
	done(0, arg);
}

void store_drop_queued(struct store *store, int64_t seq, store_done_fn *done, void *arg)
{
	(void)store;
	(void)seq;
	done(0, arg);
}

void store_load_receipts(struct store *store, store_receipt_fn *each, store_done_fn *done,
			 void *arg)
{
	(void)store;
	(void)each;
	done(0, arg);
}

void store_put_receipt(struct store *store, const struct receipt_row *row, store_done_fn *done,
		       void *arg)
{
	(void)store;
	(void)row;
	done(0, arg);
}

void store_drop_receipt(struct store *store, const char *uid, store_done_fn *done, void *arg)
{
	(void)store;
	(void)uid;
	done(0, arg);
}

void store_load_learned(struct store *store, store_learned_fn *each, store_done_fn *done, void *arg)
{
	(void)store;
	(void)each;
	done(0, arg);
}

void store_put_learned(struct store *store, const struct learned_row *row, store_done_fn *done,
		       void *arg)
{
	(void)store;
	(void)row;
	done(0, arg);
}

void store_drop_learned(struct store *store, const char *kind, const char *subject,
			store_done_fn *done, void *arg)
{
	(void)store;
	(void)kind;
	(void)subject;
	done(0, arg);
}
