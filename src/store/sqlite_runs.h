/* The crash log in the SQLite store (REL-016). */
#pragma once

#include <stdint.h>

#include "store/sqlite_db.h"

/* Notes that a run begins; *crashes: how many of those before ended without sqlite_runs_end() in
 * the last STORE_CRASH_WINDOW_S. Returns an SQLite code. */
int sqlite_runs_begin(struct sqlite_db *db, int64_t now_s, unsigned *crashes);
/* Notes that the run ends in order. Returns an SQLite code. */
int sqlite_runs_end(struct sqlite_db *db, int64_t now_s);
