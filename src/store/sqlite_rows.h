/* Rows of the SQLite store: the statement for each thing that is done with a table, and what is
 * bound to it and read from it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "store/sqlite_db.h"
#include "store/store_engine.h"

/* By number; see enum sqlite_statement. */
extern const char *const sqlite_statements[ST_COUNT];

/* Binds and runs. Each returns an SQLite code, or SQLITE_NOTFOUND: a row that is to keep what is
 * there, and nothing is there. */
typedef int sqlite_write_fn(struct sqlite_db *db, const struct store_item *item);
/* False: the row cannot be read; *out may be filled in part. */
typedef bool sqlite_read_fn(struct sqlite3_stmt *stmt, struct store_item *out);

struct sqlite_table {
	sqlite_write_fn *put;
	sqlite_write_fn *drop;
	sqlite_read_fn *read;
	enum sqlite_statement load;
};
/* By enum store_table; NULL: not done with this one. */
extern const struct sqlite_table sqlite_tables[STORE_TABLES];

/* ---- between sqlite_rows.c, sqlite_messages.c and sqlite_dialogs.c ---- */

/* Each binds a value until sqlite_db_run(); NULL stays NULL. slot: 0 or 1, one for each address of
 * a row. */
void sqlite_bind_address(struct sqlite_db *db, struct sqlite3_stmt *stmt, int at,
			 const struct address *address, unsigned slot);
void sqlite_bind_bytes(struct sqlite3_stmt *stmt, int at, const char *bytes, size_t len);
void sqlite_bind_string(struct sqlite3_stmt *stmt, int at, const char *text);
bool sqlite_read_address(struct sqlite3_stmt *stmt, int at, struct address *out);
/* A copy of a column, or NULL. */
char *sqlite_read_bytes(struct sqlite3_stmt *stmt, int at, size_t *len);
/* The same for what may hold no NUL: NULL if it does. */
char *sqlite_read_string(struct sqlite3_stmt *stmt, int at);

sqlite_write_fn sqlite_put_queued, sqlite_drop_queued;
sqlite_write_fn sqlite_put_receipt, sqlite_drop_receipt;
sqlite_write_fn sqlite_put_prints;
sqlite_write_fn sqlite_put_learned, sqlite_drop_learned;
sqlite_write_fn sqlite_put_dialog, sqlite_drop_dialog;
sqlite_write_fn sqlite_put_presence, sqlite_drop_presence;
sqlite_read_fn sqlite_read_queued, sqlite_read_receipt, sqlite_read_prints, sqlite_read_learned;
sqlite_read_fn sqlite_read_dialog, sqlite_read_presence;
