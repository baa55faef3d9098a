/* One connection to the SQLite file: opened, checked and migrated; then used by the writer thread
 * alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct list;
struct sqlite3;
struct sqlite3_stmt;
struct store_found;
struct store_item;
struct store_op;

enum sqlite_statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_PUT_PAIR,
	ST_DROP_PAIR,
	ST_PUT_SPELLING,
	ST_PUT_PUBLICATION,
	ST_DROP_PUBLICATION,
	ST_PUT_META,
	ST_GET_META,
	ST_PUT_QUEUED,
	ST_KEEP_QUEUED,
	ST_DROP_QUEUED,
	ST_PUT_RECEIPT,
	ST_KEEP_RECEIPT,
	ST_DROP_RECEIPT,
	ST_PUT_PRINTS,
	ST_FORGET_PRINTS,
	ST_PUT_LEARNED,
	ST_DROP_LEARNED,
	ST_PUT_DIALOG,
	ST_DROP_DIALOG,
	ST_PUT_PRESENCE,
	ST_DROP_PRESENCE,
	ST_LOAD_PAIRS,
	ST_LOAD_SPELLINGS,
	ST_LOAD_PUBLICATIONS,
	ST_LOAD_QUEUE,
	ST_LOAD_RECEIPTS,
	ST_LOAD_PRINTS,
	ST_LOAD_LEARNED,
	ST_LOAD_DIALOGS,
	ST_LOAD_PRESENCE,
	ST_COUNT
};

enum { SQLITE_DB_BUSY_MS = 5000 };

struct sqlite_db {
	struct sqlite3 *handle;
	struct sqlite3_stmt *statements[ST_COUNT];
	struct buf keys[2]; /* reused for each bound address */
	int log_pages;      /* of the write-ahead log, not yet moved into the file */
	bool log_warned;
	bool is_locked; /* by another program, for as long as one waits for that */
	int trouble;    /* errno value of the last group, as the log was told */
	int lock_fd;    /* keeps a second daemon out */
	int broken;     /* errno value of the failure after which nothing is true any more */
};

/* As store_open(); *out may be half open after an error: sqlite_db_close() copes. */
int sqlite_db_open(struct sqlite_db **out, const char *path, struct store_found *found, char *error,
		   size_t error_len);
void sqlite_db_close(struct sqlite_db **db);

/* Carries out requests that write, a list of struct store_op, in one transaction, and puts the
 * result into each op->error. After a failure that makes the file untrustworthy op->fatal is set in
 * all of them, and nothing succeeds any more (REL-010). */
void sqlite_db_write(struct sqlite_db *db, struct list *ops);

/* Takes rows (count > 0). False: stop reading. */
typedef bool sqlite_rows_fn(struct store_item *rows, size_t count, void *arg);

/* Carries out a request that loads; rows come in pieces. Sets op->error. */
void sqlite_db_load(struct sqlite_db *db, struct store_op *op, sqlite_rows_fn *rows, void *arg);

/* Moves the log into the file, as far as readers permit, if it has grown long enough. */
void sqlite_db_checkpoint(struct sqlite_db *db);
/* The same in an idle time, whatever the length; if no reader is in the way, nothing stays in the
 * log (SEC-099). */
void sqlite_db_tidy(struct sqlite_db *db);

/* ---- for sqlite_open.c ---- */

/* The errno value for an SQLite code. */
int sqlite_db_errno(int rc);
/* True if rc says that the file is not what it should be. */
bool sqlite_db_is_damage(int rc);
/* Prepares all statements, once. Returns an SQLite code. */
int sqlite_db_prepare(struct sqlite_db *db);
/* Steps a statement to its end, resets and clears it. Returns an SQLite code. */
int sqlite_db_run(struct sqlite_db *db, enum sqlite_statement which);
/* Hook of SQLite's log: keeps log_pages. */
int sqlite_db_on_commit(void *db, struct sqlite3 *handle, const char *name, int pages);
