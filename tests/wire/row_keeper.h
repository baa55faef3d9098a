/* Keeps dialogs in place of the daemon and its store, so that a test can take the SIP side down,
 * with or without a word, and build a new one with the rows that were kept (REL-012, REL-013). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/dialog_row.h"
#include "wire/rig.h"

struct row_keeper {
	struct loop *loop;
	struct dialog_keeper ops;
	struct dialog_row *rows; /* as on disk */
	size_t count;
	size_t room;
	struct table *by_id;
	struct kept_write *writes; /* whose done is owed, oldest first */
	struct kept_write *last_write;
	size_t puts;
	size_t drops;
	bool is_slow; /* nothing is on disk before row_keeper_flush() */
};

/* How the process went and how the new one finds the world. Zeroed: kill -9 and at once back. */
struct restart {
	bool is_stopped;  /* in order; the rig's peer answers nothing meanwhile */
	bool is_doubtful; /* it was away for long */
	bool clock_is_wrong;
};

/* For rig_options.tune, or to be called by it: rows are kept from the first. */
void row_keeper_tune(struct rig *rig);
struct row_keeper *row_keeper_of(struct rig *rig);
/* In place of rig_free(). */
void row_keeper_free_rig(struct rig **rig);
/* What was put is on disk now, and who put it hears of it. */
void row_keeper_flush(struct row_keeper *keeper);
/* A new process. Returns the milliseconds that an orderly stop took. */
uint64_t row_keeper_restart(struct rig *rig, const struct restart *how);
/* The kept row of an event package, NULL: none; with a far tag, if that is not NULL. */
struct dialog_row *row_keeper_find(struct rig *rig, const char *event, const char *remote_tag);
