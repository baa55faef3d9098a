/* The format of the SQLite store as a row of numbered migrations (REL-018). */
#pragma once

#include <stddef.h>

struct sqlite3;

enum {
	SQLITE_SCHEMA_VERSION = 4,
	SQLITE_SCHEMA_APPLICATION = 0x73786d70 /* "sxmp", in the file's header */
};

/* Brings a store of the given version up to date, in one transaction. Returns an SQLite code. */
int sqlite_schema_migrate(struct sqlite3 *db, int version);
/* Compares the tables of db with what the migrations make (SQL-008). Returns an SQLite code;
 * SQLITE_CORRUPT if they differ. */
int sqlite_schema_check(struct sqlite3 *db);
/* Writes a copy of db to a new file. Returns an SQLite code. */
int sqlite_schema_copy(struct sqlite3 *db, const char *path);
