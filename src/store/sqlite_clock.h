/* The clock and the rows of the SQLite store (REL-031). */
#pragma once

#include <stdint.h>

struct sqlite3;

/* The newest time of anything that happened, last_alive among it; 0: none. What lies more than a
 * day after last_alive (0: unknown) comes from a clock that was wrong. Returns an SQLite code. */
int sqlite_clock_newest(struct sqlite3 *db, int64_t last_alive, int64_t *out);
/* Moves what ends and ages are counted from by by_s, as the clock was moved; to be called within a
 * transaction. Returns an SQLite code. */
int sqlite_clock_move(struct sqlite3 *db, int64_t by_s);
