/* Requests for what the SIP side and the core need after a restart: dialogs, and the last presence
 * that was told. */
#include "base/mem.h"
#include "store/store_engine.h"

void store_put_dialog(struct store *store, const struct dialog_row *row, store_done_fn *done,
		      void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_DIALOGS, done, arg);

	dialog_row_copy(&op->item.dialog, row);
	store_op_submit(op);
}

void store_drop_dialog(struct store *store, int64_t id, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_DROP, STORE_DIALOGS, done, arg);

	op->item.dialog.id = id;
	store_op_submit(op);
}

void store_load_dialogs(struct store *store, store_dialog_fn *each, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_LOAD, STORE_DIALOGS, done, arg);

	op->each.dialog = each;
	store_op_submit(op);
}

/* Of a source of SCOPE_COMMON: there is no watcher. */
static void copy_watcher(struct address *out, const struct address *watcher)
{
	*out = (struct address){0};
	if (watcher->domain != NULL)
		address_copy(out, watcher);
}

void store_put_presence(struct store *store, const struct presence_row *row, store_done_fn *done,
			void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_PRESENCE, done, arg);
	struct presence_row *own = &op->item.presence;

	own->told_s = row->told_s;
	address_copy(&own->watched, &row->watched);
	copy_watcher(&own->watcher, &row->watcher);
	if (row->value != NULL) {
		own->value = mem_strndup(row->value, row->value_len);
		own->value_len = row->value_len;
	}
	store_op_submit(op);
}

void store_drop_presence(struct store *store, const struct address *watched,
			 const struct address *watcher, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_DROP, STORE_PRESENCE, done, arg);

	address_copy(&op->item.presence.watched, watched);
	copy_watcher(&op->item.presence.watcher, watcher);
	store_op_submit(op);
}

void store_load_presence(struct store *store, store_presence_fn *each, store_done_fn *done,
			 void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_LOAD, STORE_PRESENCE, done, arg);

	op->each.presence = each;
	store_op_submit(op);
}
