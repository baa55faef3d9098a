/* Keeps dialogs for tests; see row_keeper.h. */
#include "wire/row_keeper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#include "base/mem.h"
#include "base/table.h"
#include "loop/loop.h"

enum { ROWS_FIRST = 64 };

struct kept_write {
	struct kept_write *next;
	struct dialog_row row;
	dialog_kept_fn *done;
	void *arg;
	bool is_dropped;
};

/* The table has the number of the row, from 1. */
static struct dialog_row *find(struct row_keeper *keeper, int64_t id)
{
	uintptr_t number = (uintptr_t)table_find(keeper->by_id, &id, sizeof id);

	return number != 0 ? &keeper->rows[number - 1] : NULL;
}

static void number_row(struct row_keeper *keeper, size_t i)
{
	(void)table_put(keeper->by_id, &keeper->rows[i].id, sizeof keeper->rows[i].id,
			(void *)(uintptr_t)(i + 1));
}

static void write_row(struct row_keeper *keeper, const struct dialog_row *row)
{
	struct dialog_row *place = find(keeper, row->id);

	if (place != NULL) {
		dialog_row_clear(place);
		dialog_row_copy(place, row);
		return;
	}
	if (keeper->count == keeper->room) {
		keeper->room = keeper->room != 0 ? 2 * keeper->room : ROWS_FIRST;
		keeper->rows = mem_resize(keeper->rows, keeper->room, sizeof *keeper->rows);
	}
	dialog_row_copy(&keeper->rows[keeper->count++], row);
	number_row(keeper, keeper->count - 1);
}

static struct kept_write *take_write(struct row_keeper *keeper)
{
	struct kept_write *write = keeper->writes;

	if (write != NULL)
		keeper->writes = write->next;
	return write;
}

static void end_write(struct kept_write *write, int error)
{
	int64_t id = write->row.id;
	dialog_kept_fn *done = write->done;
	void *arg = write->arg;

	dialog_row_clear(&write->row);
	mem_free(write);
	if (done != NULL)
		done(error, id, arg);
}

void row_keeper_flush(struct row_keeper *keeper)
{
	struct kept_write *last = keeper->last_write;
	struct kept_write *write;

	if (keeper->writes == NULL)
		return;
	do {
		write = take_write(keeper);
		if (!write->is_dropped)
			write_row(keeper, &write->row);
		bool was_last = write == last;

		end_write(write, 0);
		if (was_last)
			return;
	} while (keeper->writes != NULL);
}

static void on_turn(void *arg)
{
	struct row_keeper *keeper = arg;

	if (!keeper->is_slow)
		row_keeper_flush(keeper);
}

static void put(const struct dialog_row *row, dialog_kept_fn *done, void *done_arg, void *arg)
{
	struct row_keeper *keeper = arg;
	struct kept_write *write = mem_zalloc(sizeof *write);

	assert_int_equal(dialog_row_check(row), 0);
	keeper->puts++;
	dialog_row_copy(&write->row, row);
	write->done = done;
	write->arg = done_arg;
	if (keeper->writes == NULL)
		keeper->writes = write;
	else
		keeper->last_write->next = write;
	keeper->last_write = write;
	loop_defer(keeper->loop, on_turn, keeper);
}

/* In order with what was put before. */
static void drop(int64_t id, void *arg)
{
	struct row_keeper *keeper = arg;
	struct dialog_row *row = find(keeper, id);

	keeper->drops++;
	/* What was put before and is not written yet is never written. */
	for (struct kept_write *write = keeper->writes; write != NULL; write = write->next)
		write->is_dropped |= write->row.id == id;
	if (row == NULL)
		return;
	table_remove(keeper->by_id, &id, sizeof id);
	dialog_row_clear(row);
	*row = keeper->rows[--keeper->count];
	if (row != &keeper->rows[keeper->count])
		number_row(keeper, (size_t)(row - keeper->rows));
}

void row_keeper_tune(struct rig *rig)
{
	struct row_keeper *keeper = mem_zalloc(sizeof *keeper);

	keeper->loop = rig->loop;
	keeper->by_id = table_new();
	keeper->ops = (struct dialog_keeper){put, drop, keeper};
	rig->params.dialogs = &keeper->ops;
}

struct row_keeper *row_keeper_of(struct rig *rig)
{
	return rig->params.dialogs->arg;
}

/* What is owed is not on disk. */
static void forget_writes(struct row_keeper *keeper)
{
	struct kept_write *write = take_write(keeper);

	for (; write != NULL; write = take_write(keeper))
		end_write(write, ESHUTDOWN);
	loop_forget(keeper->loop, keeper);
}

void row_keeper_free_rig(struct rig **rig)
{
	struct row_keeper *keeper = row_keeper_of(*rig);

	sip_side_free(&(*rig)->side);
	forget_writes(keeper);
	for (size_t i = 0; i < keeper->count; i++)
		dialog_row_clear(&keeper->rows[i]);
	mem_free(keeper->rows);
	table_free(&keeper->by_id);
	mem_free(keeper);
	rig_free(rig);
}

static void on_stopped(void *arg)
{
	struct rig *rig = arg;

	loop_quit(rig->loop);
}

static uint64_t stop(struct rig *rig)
{
	uint64_t start = loop_now(rig->loop);

	sip_side_stop(rig->side, true, on_stopped, rig);
	loop_run(rig->loop);
	row_keeper_flush(row_keeper_of(rig));
	return loop_now(rig->loop) - start;
}

static int by_end(const void *a, const void *b)
{
	const struct dialog_row *one = a, *other = b;

	return (one->expires_s > other->expires_s) - (one->expires_s < other->expires_s);
}

static void give_back(struct rig *rig, const struct restart *how)
{
	struct row_keeper *keeper = row_keeper_of(rig);
	size_t count = keeper->count;
	struct dialog_row *rows = mem_resize(NULL, count + 1, sizeof *rows);

	qsort(keeper->rows, count, sizeof *keeper->rows, by_end);
	for (size_t i = 0; i < count; i++)
		number_row(keeper, i);
	for (size_t i = 0; i < count; i++)
		dialog_row_copy(&rows[i], &keeper->rows[i]);
	for (size_t i = 0; i < count; i++) {
		sip_side_restore_dialog(rig->side, &rows[i], how->is_doubtful, how->clock_is_wrong);
		dialog_row_clear(&rows[i]);
	}
	mem_free(rows);
	sip_side_restored(rig->side);
}

uint64_t row_keeper_restart(struct rig *rig, const struct restart *how)
{
	static const struct restart usual;
	uint64_t took_ms = 0;
	char error[256] = "";

	if (how == NULL)
		how = &usual;
	if (how->is_stopped)
		took_ms = stop(rig);
	sip_side_free(&rig->side);
	forget_writes(row_keeper_of(rig));
	assert_int_equal(sip_side_new(&rig->side, &rig->params, error, sizeof error), 0);
	give_back(rig, how);
	return took_ms;
}

struct dialog_row *row_keeper_find(struct rig *rig, const char *event, const char *remote_tag)
{
	struct row_keeper *keeper = row_keeper_of(rig);

	for (size_t i = 0; i < keeper->count; i++) {
		struct dialog_row *row = &keeper->rows[i];

		if (strcmp(row->event, event) == 0 &&
		    (remote_tag == NULL || strcmp(row->remote_tag, remote_tag) == 0))
			return row;
	}
	return NULL;
}
