/* Migrations. A published one is never changed: the next change of format is the next entry. */
#include "store/sqlite_schema.h"

#include <string.h>

#include <sqlite3.h>

#include "base/buf.h"

/* Format 1. Addresses are canonical blobs (address_key), text from outside is a blob too: SQLite
 * ends text at a NUL (SQL-007). Times are wall-clock seconds, 0 is never. What belongs to a process
 * rather than to the installation carries its node; '' is the installation or the only process. */
static const char format_1[] =
	"CREATE TABLE meta ("
	" node TEXT NOT NULL CHECK (length(node) <= 64),"
	" name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),"
	" value ANY NOT NULL,"
	" PRIMARY KEY (node, name)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE pairs ("
	" watcher BLOB NOT NULL CHECK (length(watcher) BETWEEN 4 AND 2049),"
	" watched BLOB NOT NULL CHECK (length(watched) BETWEEN 4 AND 2049),"
	" state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),"
	" asked_at INTEGER NOT NULL CHECK (asked_at >= 0),"
	" granted_at INTEGER NOT NULL CHECK (granted_at >= 0),"
	" refused_at INTEGER NOT NULL CHECK (refused_at >= 0),"
	" ended_at INTEGER NOT NULL CHECK (ended_at >= 0),"
	" heard_at INTEGER NOT NULL CHECK (heard_at >= 0),"
	" PRIMARY KEY (watcher, watched)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE spellings ("
	" address BLOB NOT NULL PRIMARY KEY CHECK (length(address) BETWEEN 4 AND 2049),"
	" spelling BLOB NOT NULL CHECK (length(spelling) BETWEEN 1 AND 2048)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE learned ("
	" kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),"
	" subject BLOB NOT NULL CHECK (length(subject) BETWEEN 1 AND 2049),"
	" value INTEGER NOT NULL,"
	" learned_at INTEGER NOT NULL CHECK (learned_at >= 0),"
	" PRIMARY KEY (kind, subject)"
	") STRICT, WITHOUT ROWID;";

/* Format 2: publications, of SIP users by PBXs and of chat users by us. They are a process's own.
 */
static const char format_2[] = "CREATE TABLE publications ("
			       " node TEXT NOT NULL CHECK (length(node) <= 64),"
			       " user BLOB NOT NULL CHECK (length(user) BETWEEN 4 AND 2049),"
			       " id INTEGER NOT NULL,"
			       " is_dialog INTEGER NOT NULL CHECK (is_dialog IN (0, 1)),"
			       " etag BLOB NOT NULL CHECK (length(etag) BETWEEN 1 AND 256),"
			       " source BLOB NOT NULL CHECK (length(source) <= 1024),"
			       " type BLOB CHECK (length(type) <= 1024),"
			       " language BLOB CHECK (length(language) <= 1024),"
			       " body BLOB CHECK (length(body) <= 262144),"
			       " expires_at INTEGER NOT NULL CHECK (expires_at >= 0),"
			       " PRIMARY KEY (node, user, id)"
			       ") STRICT, WITHOUT ROWID;";

/* Format 3: messages that wait, receipts that are due, and what was answered lately; all of them a
 * process's own. The queue's key is seq alone and node a column beside it: an INTEGER PRIMARY KEY
 * costs half of a key of two columns on the path every message takes, and rows of many kilobytes
 * belong in no WITHOUT ROWID table. Processes that share a file need ranges of seq of their own. */
static const char format_3[] =
	"CREATE TABLE queue ("
	" seq INTEGER PRIMARY KEY CHECK (seq > 0),"
	" node TEXT NOT NULL CHECK (length(node) <= 64),"
	" sender BLOB NOT NULL CHECK (length(sender) BETWEEN 4 AND 2049),"
	" recipient BLOB NOT NULL CHECK (length(recipient) BETWEEN 4 AND 2049),"
	" accepted_ms INTEGER NOT NULL CHECK (accepted_ms >= 0),"
	" expires_s INTEGER NOT NULL CHECK (expires_s >= 0),"
	" tries INTEGER NOT NULL CHECK (tries >= 0),"
	" is_quarantined INTEGER NOT NULL CHECK (is_quarantined IN (0, 1)),"
	" value BLOB NOT NULL CHECK (length(value) BETWEEN 1 AND 131072)"
	") STRICT;"
	"CREATE TABLE receipts ("
	" node TEXT NOT NULL CHECK (length(node) <= 64),"
	" uid BLOB NOT NULL CHECK (length(uid) BETWEEN 1 AND 64),"
	" sender BLOB NOT NULL CHECK (length(sender) BETWEEN 4 AND 2049),"
	" recipient BLOB NOT NULL CHECK (length(recipient) BETWEEN 4 AND 2049),"
	" wants INTEGER NOT NULL CHECK (wants >= 0),"
	" told INTEGER NOT NULL CHECK (told >= 0),"
	" sent_ms INTEGER NOT NULL CHECK (sent_ms >= 0),"
	" value BLOB NOT NULL CHECK (length(value) BETWEEN 1 AND 131072),"
	" PRIMARY KEY (node, uid)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX receipts_sent ON receipts (node, sent_ms);"
	"CREATE TABLE prints ("
	" node TEXT NOT NULL CHECK (length(node) <= 64),"
	" at INTEGER NOT NULL CHECK (at >= 0),"
	" part INTEGER NOT NULL,"
	" prints BLOB NOT NULL CHECK (length(prints) BETWEEN 12 AND 98304),"
	" PRIMARY KEY (node, at, part)"
	") STRICT, WITHOUT ROWID;";

/* Format 4: SIP dialogs of both roles, and what was told last of each watched user. A dialog is
 * written again with each refresh and each block of CSeq numbers: its key is a random number that
 * no other process makes, and the only index is the one that says which ends soonest. */
static const char format_4[] =
	"CREATE TABLE dialogs ("
	" id INTEGER PRIMARY KEY CHECK (id > 0),"
	" node TEXT NOT NULL CHECK (length(node) <= 64),"
	" role INTEGER NOT NULL CHECK (role IN (1, 2)),"
	" watcher BLOB CHECK (length(watcher) BETWEEN 4 AND 2049),"
	" watched BLOB CHECK (length(watched) BETWEEN 4 AND 2049),"
	" event BLOB NOT NULL CHECK (length(event) BETWEEN 1 AND 8192),"
	" call_id BLOB NOT NULL CHECK (length(call_id) BETWEEN 1 AND 8192),"
	" local_tag BLOB NOT NULL CHECK (length(local_tag) BETWEEN 1 AND 8192),"
	" remote_tag BLOB CHECK (length(remote_tag) BETWEEN 1 AND 8192),"
	" local BLOB NOT NULL CHECK (length(local) BETWEEN 1 AND 8192),"
	" remote BLOB NOT NULL CHECK (length(remote) BETWEEN 1 AND 8192),"
	" target BLOB CHECK (length(target) BETWEEN 1 AND 8192),"
	" route BLOB CHECK (length(route) BETWEEN 1 AND 8192),"
	" peer BLOB CHECK (length(peer) BETWEEN 1 AND 8192),"
	" login BLOB CHECK (length(login) BETWEEN 1 AND 8192),"
	" local_cseq INTEGER NOT NULL CHECK (local_cseq BETWEEN 0 AND 4294967295),"
	" remote_cseq INTEGER NOT NULL CHECK (remote_cseq BETWEEN -1 AND 4294967295),"
	" is_stream INTEGER NOT NULL CHECK (is_stream IN (0, 1)),"
	" is_secure INTEGER NOT NULL CHECK (is_secure IN (0, 1)),"
	" expires_s INTEGER NOT NULL CHECK (expires_s >= 0),"
	" value BLOB CHECK (length(value) BETWEEN 1 AND 131072)"
	") STRICT;"
	"CREATE INDEX dialogs_end ON dialogs (node, expires_s);"
	"CREATE TABLE presence ("
	" node TEXT NOT NULL CHECK (length(node) <= 64),"
	" watched BLOB NOT NULL CHECK (length(watched) BETWEEN 4 AND 2049),"
	" watcher BLOB NOT NULL CHECK (length(watcher) = 0 OR length(watcher) BETWEEN 4 AND 2049),"
	" told_s INTEGER NOT NULL CHECK (told_s >= 0),"
	" value BLOB NOT NULL CHECK (length(value) BETWEEN 1 AND 65536),"
	" PRIMARY KEY (node, watched, watcher)"
	") STRICT, WITHOUT ROWID;";

/* Entry n leads from version n to n + 1. */
static const char *const migrations[SQLITE_SCHEMA_VERSION] = {format_1, format_2, format_3,
							      format_4};

static int stamp(sqlite3 *db)
{
	struct buf sql = BUF_INIT;
	int rc;

	buf_printf(&sql, "PRAGMA user_version=%d; PRAGMA application_id=%d", SQLITE_SCHEMA_VERSION,
		   SQLITE_SCHEMA_APPLICATION);
	rc = sqlite3_exec(db, buf_text(&sql), NULL, NULL, NULL);
	buf_free(&sql);
	return rc;
}

int sqlite_schema_migrate(struct sqlite3 *db, int version)
{
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;
	for (int i = version; i < SQLITE_SCHEMA_VERSION && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(db, migrations[i], NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = stamp(db);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* Everything the file declares, in order of its names. */
static int describe(sqlite3 *db, struct buf *out)
{
	static const char sql[] = "SELECT type, name, tbl_name, coalesce(sql, '') "
				  "FROM sqlite_schema ORDER BY type, name";
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, sizeof sql, &stmt, NULL);

	while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; i < 4; i++) {
			const void *text = sqlite3_column_text(stmt, i);

			buf_append(out, text, (size_t)sqlite3_column_bytes(stmt, i));
			buf_putc(out, '\0');
		}
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_finalize(stmt);
	return rc;
}

int sqlite_schema_check(struct sqlite3 *db)
{
	struct buf expected = BUF_INIT;
	struct buf found = BUF_INIT;
	sqlite3 *model = NULL;
	int rc = sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY,
				 NULL);

	if (rc == SQLITE_OK)
		rc = sqlite_schema_migrate(model, 0);
	if (rc == SQLITE_OK)
		rc = describe(model, &expected);
	if (rc == SQLITE_OK)
		rc = describe(db, &found);
	if (rc == SQLITE_OK &&
	    (expected.len != found.len || memcmp(expected.data, found.data, found.len) != 0))
		rc = SQLITE_CORRUPT;
	sqlite3_close(model);
	buf_free(&expected);
	buf_free(&found);
	return rc;
}

/* By the library: the file is never opened beside it (SQL-006). */
int sqlite_schema_copy(struct sqlite3 *db, const char *path)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, "VACUUM INTO ?1", -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC);
	sqlite3_step(stmt);
	return sqlite3_finalize(stmt);
}
