/* The store of a test; see disk.h. */
#include "wire/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#include "base/mem.h"
#include "loop/loop.h"

static struct dialog_row *find(struct disk *disk, int64_t id)
{
	for (size_t i = 0; i < disk->count; i++)
		if (disk->rows[i].id == id)
			return &disk->rows[i];
	return NULL;
}

static void store(struct disk *disk, const struct disk_write *write)
{
	struct dialog_row *row = find(disk, write->row.id);

	if (row != NULL)
		dialog_row_clear(row);
	if (write->is_drop) {
		if (row != NULL) {
			disk->count--;
			memmove(row, &disk->rows[disk->count], sizeof *row);
		}
		return;
	}
	if (row == NULL) {
		assert_true(disk->count < DISK_ROWS_MOST);
		row = &disk->rows[disk->count];
		disk->count++;
	}
	dialog_row_copy(row, &write->row);
}

static void end_first(struct disk *disk, int error, bool is_written)
{
	struct disk_write first = disk->writes[0];

	disk->under_way--;
	memmove(disk->writes, disk->writes + 1, disk->under_way * sizeof *disk->writes);
	if (is_written && error == 0)
		store(disk, &first);
	dialog_row_clear(&first.row);
	if (first.done != NULL)
		first.done(error, 1, first.arg);
}

void disk_flush(struct disk *disk)
{
	while (disk->under_way != 0)
		end_first(disk, disk->error, true);
}

static void on_turn(void *arg)
{
	struct disk *disk = arg;

	disk->is_scheduled = false;
	if (!disk->is_slow)
		disk_flush(disk);
}

static struct disk_write *add(struct disk *disk)
{
	assert_true(disk->under_way < DISK_WRITES_MOST);
	if (!disk->is_scheduled)
		loop_defer(disk->loop, on_turn, disk);
	disk->is_scheduled = true;
	disk->under_way++;
	disk->writes[disk->under_way - 1] = (struct disk_write){0};
	return &disk->writes[disk->under_way - 1];
}

static void put(const struct dialog_row *row, dialog_kept_fn *done, void *done_arg, void *arg)
{
	struct disk_write *write = add(arg);

	assert_int_equal(dialog_row_check(row), 0);
	dialog_row_copy(&write->row, row);
	write->done = done;
	write->arg = done_arg;
	((struct disk *)arg)->puts++;
}

static void drop(int64_t id, void *arg)
{
	struct disk_write *write = add(arg);

	write->row.id = id;
	write->is_drop = true;
}

struct disk *disk_new(struct loop *loop)
{
	struct disk *disk = mem_zalloc(sizeof *disk);

	disk->loop = loop;
	disk->keeper = (struct dialog_keeper){put, drop, disk};
	return disk;
}

void disk_crash(struct disk *disk)
{
	while (disk->under_way != 0)
		end_first(disk, ESHUTDOWN, false);
}

void disk_free(struct disk **disk)
{
	struct disk *self = *disk;

	if (self == NULL)
		return;
	disk_crash(self);
	loop_forget(self->loop, self);
	for (size_t i = 0; i < self->count; i++)
		dialog_row_clear(&self->rows[i]);
	mem_free(self);
	*disk = NULL;
}

static int by_end(const void *a, const void *b)
{
	int64_t left = ((const struct dialog_row *)a)->expires_s;
	int64_t right = ((const struct dialog_row *)b)->expires_s;

	return left < right ? -1 : left > right;
}

void disk_restore(struct disk *disk, struct sip_side *side, bool is_doubtful, bool clock_is_wrong)
{
	size_t count = disk->count;
	struct dialog_row *rows = mem_array(count + 1, sizeof *rows);

	for (size_t i = 0; i < count; i++)
		dialog_row_copy(&rows[i], &disk->rows[i]);
	qsort(rows, count, sizeof *rows, by_end);
	for (size_t i = 0; i < count; i++) {
		sip_side_restore_dialog(side, &rows[i], is_doubtful, clock_is_wrong);
		dialog_row_clear(&rows[i]);
	}
	mem_free(rows);
	sip_side_restored(side);
}

struct dialog_row *disk_only(struct disk *disk)
{
	assert_int_equal(disk->count, 1);
	return &disk->rows[0];
}
