/* SIP dialogs over a restart (REL-013): rows of the store, and the SIP side that keeps and restores
 * them. */
#include <errno.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon_parts.h"
#include "sip/sip_side.h"
#include "store/store.h"

enum {
	AWAY_LONG_S = 90, /* D-49 */
	ROWS_FIRST = 64
};

struct kept_dialogs {
	struct parts *parts;
	struct list writes; /* under way */
	/* What was read before the sides are there, in the order of their ends. */
	struct dialog_row *rows;
	size_t count;
	size_t room;
};

/* One row on its way to the disk. */
struct write {
	struct list link;
	struct parts *parts;
	int64_t id;
	dialog_kept_fn *done;
	void *arg;
};

static struct kept_dialogs *get(struct parts *parts)
{
	if (parts->dialogs == NULL) {
		parts->dialogs = mem_zalloc(sizeof *parts->dialogs);
		parts->dialogs->parts = parts;
		list_init(&parts->dialogs->writes);
	}
	return parts->dialogs;
}

static void end_write(struct write *write, int error)
{
	struct write ended = *write;

	list_remove(&write->link);
	mem_free(write);
	if (ended.done != NULL)
		ended.done(error, ended.id, ended.arg);
}

static void on_written(int error, void *arg)
{
	struct write *write = arg;

	daemon_stored(error, write->parts);
	end_write(write, error);
}

static void put(const struct dialog_row *row, dialog_kept_fn *done, void *done_arg, void *arg)
{
	struct parts *parts = arg;
	struct write *write = mem_zalloc(sizeof *write);

	write->parts = parts;
	write->id = row->id;
	write->done = done;
	write->arg = done_arg;
	list_append(&get(parts)->writes, &write->link);
	store_put_dialog(parts->store, row, on_written, write);
}

static void drop(int64_t id, void *arg)
{
	struct parts *parts = arg;

	store_drop_dialog(parts->store, id, daemon_stored, parts);
}

const struct dialog_keeper *daemon_dialog_keeper(struct parts *parts)
{
	parts->dialog_keeper = (struct dialog_keeper){put, drop, parts};
	return &parts->dialog_keeper;
}

void daemon_take_dialog(const struct dialog_row *row, void *arg)
{
	struct kept_dialogs *kept = get(arg);

	if (kept->count == kept->room) {
		kept->room = kept->room != 0 ? 2 * kept->room : ROWS_FIRST;
		kept->rows = mem_resize(kept->rows, kept->room, sizeof *kept->rows);
	}
	dialog_row_copy(&kept->rows[kept->count++], row);
}

static void forget_rows(struct kept_dialogs *kept)
{
	for (size_t i = 0; i < kept->count; i++)
		dialog_row_clear(&kept->rows[i]);
	mem_free(kept->rows);
	kept->rows = NULL;
	kept->count = kept->room = 0;
}

void daemon_restore_dialogs(struct parts *parts)
{
	int64_t away_s = loop_wall_ms(parts->loop) / 1000 - store_last_alive(parts->store);
	bool clock_is_wrong = store_clock_is_wrong(parts->store);
	bool is_doubtful = clock_is_wrong || away_s < 0 || away_s >= AWAY_LONG_S;
	struct kept_dialogs *kept = get(parts);

	if (parts->sip == NULL)
		return;
	if (kept->count > 0)
		log_notice("daemon: dialogs go on count=%zu away=%llds%s", kept->count,
			   clock_is_wrong ? 0 : (long long)away_s,
			   clock_is_wrong
				   ? " (how long is not known; what they told is asked again)"
			   : is_doubtful ? " (what they told is asked again)"
					 : "");
	for (size_t i = 0; i < kept->count; i++) {
		sip_side_restore_dialog(parts->sip, &kept->rows[i], is_doubtful, clock_is_wrong);
		dialog_row_clear(&kept->rows[i]); /* there may be very many of them */
	}
	forget_rows(kept);
	sip_side_restored(parts->sip);
}

void daemon_free_dialogs(struct parts *parts)
{
	struct kept_dialogs *kept = parts->dialogs;

	if (kept == NULL)
		return;
	LIST_EACH(link, next, &kept->writes)
	{
		end_write(LIST_ENTRY(link, struct write, link), ESHUTDOWN);
	}
	forget_rows(kept);
	mem_free(kept);
	parts->dialogs = NULL;
}
