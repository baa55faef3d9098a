/* What the SIP side keeps over a restart, as a test plays the store: rows of dialogs by id, written
 * at the next turn of the loop, or when the test says so. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/dialog_row.h"
#include "sip/sip_side.h"

struct loop;

enum { DISK_ROWS_MOST = 1024, DISK_WRITES_MOST = 1024 };

struct disk {
	struct loop *loop;
	struct dialog_row rows[DISK_ROWS_MOST]; /* what a start finds */
	size_t count;
	struct disk_write {
		struct dialog_row row; /* id only: a drop */
		bool is_drop;
		dialog_kept_fn *done;
		void *arg;
	} writes[DISK_WRITES_MOST]; /* under way, oldest first */
	size_t under_way;
	size_t puts;
	bool is_slow; /* nothing is written but by disk_flush() */
	int error;    /* of every write, or 0 */
	bool is_scheduled;
	struct dialog_keeper keeper; /* for sip_side_params.dialogs */
};

struct disk *disk_new(struct loop *loop);
/* The SIP side must be gone. */
void disk_free(struct disk **disk);
/* What is under way is written, or fails, now. */
void disk_flush(struct disk *disk);
/* What is under way never happened; the SIP side must be gone. */
void disk_crash(struct disk *disk);
/* Gives every row to side, the one that ends soonest first. */
void disk_restore(struct disk *disk, struct sip_side *side, bool is_doubtful, bool clock_is_wrong);
/* The only row; the test fails if there is another number of them. */
struct dialog_row *disk_only(struct disk *disk);
