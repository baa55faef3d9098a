/* The whole of a store's file read on request (REL-019), by a process that does not hold it open
 * otherwise (SQL-006): beside the daemon or without it. Nothing is changed. */
#include <errno.h>
#include <string.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "store/sqlite_db.h"
#include "store/sqlite_schema.h"
#include "store/store.h"

/* As for the daemon's own connection: the file is not trusted (SQL-008). */
static int connect_read_only(sqlite3 **db, const char *path)
{
	static const int on[] = {SQLITE_DBCONFIG_DEFENSIVE};
	static const int off[] = {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER,
				  SQLITE_DBCONFIG_ENABLE_VIEW};
	int rc = sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE, NULL);

	for (size_t i = 0; i < sizeof on / sizeof *on && rc == SQLITE_OK; i++)
		rc = sqlite3_db_config(*db, on[i], 1, NULL);
	for (size_t i = 0; i < sizeof off / sizeof *off && rc == SQLITE_OK; i++)
		rc = sqlite3_db_config(*db, off[i], 0, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(*db, SQLITE_DB_BUSY_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*db, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0", NULL, NULL,
				  NULL);
	return rc;
}

/* Lines of a file that may be anybody's: what could move a terminal is left out. */
static void add_text(struct buf *report, const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		buf_putc(report, (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text);
	buf_putc(report, '\n');
}

/* Returns an SQLite code; SQLITE_CORRUPT with what was found appended. */
static int check_pages(sqlite3 *db, struct buf *report)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(100)", -1, &stmt, NULL);
	bool is_well = false;

	if (rc != SQLITE_OK)
		return rc;
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);

		is_well = text != NULL && strcmp(text, "ok") == 0;
		if (!is_well)
			add_text(report, text);
	}
	rc = sqlite3_finalize(stmt);
	return rc == SQLITE_OK && !is_well ? SQLITE_CORRUPT : rc;
}

static int read_int(sqlite3 *db, const char *sql, int *out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*out = sqlite3_column_int(stmt, 0);
	return sqlite3_finalize(stmt);
}

static int check_schema(sqlite3 *db, struct buf *report)
{
	int application = 0;
	int version = 0;
	int rc = read_int(db, "PRAGMA application_id", &application);

	if (rc == SQLITE_OK)
		rc = read_int(db, "PRAGMA user_version", &version);
	if (rc != SQLITE_OK)
		return rc;
	if (application != SQLITE_SCHEMA_APPLICATION) {
		buf_puts(report, "it is not a store of this program\n");
		return SQLITE_NOTADB;
	}
	buf_printf(report, "format %d\n", version);
	if (version > SQLITE_SCHEMA_VERSION)
		buf_puts(report,
			 "it was made by a newer version, which this one refuses to read\n");
	if (version != SQLITE_SCHEMA_VERSION)
		return SQLITE_OK; /* changed at the next start, or by another version */
	rc = sqlite_schema_check(db);
	if (sqlite_db_is_damage(rc))
		buf_puts(report, "its tables are not those of the format\n");
	return rc;
}

int store_check_file(const char *path, struct buf *report)
{
	sqlite3 *db = NULL;
	int rc = connect_read_only(&db, path);
	int result;

	if (rc == SQLITE_OK)
		rc = check_schema(db, report);
	if (rc == SQLITE_OK)
		rc = check_pages(db, report);
	if (rc == SQLITE_OK)
		buf_printf(report, "%s: ok\n", path);
	else
		buf_printf(report, "%s: %s\n", path, sqlite3_errstr(rc));
	result = sqlite_db_is_damage(rc) ? EBADMSG : sqlite_db_errno(rc);
	sqlite3_close(db);
	return result;
}
