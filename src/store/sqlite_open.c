/* Opening the SQLite file: three outcomes only - it works, it is set aside and a new one works, or
 * it is refused with a sentence (REL-018, REL-019). */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/sqlite_clock.h"
#include "store/sqlite_db.h"
#include "store/sqlite_files.h"
#include "store/sqlite_runs.h"
#include "store/sqlite_schema.h"
#include "store/store_engine.h"

enum {
	DB_VALUE_MAX = 1 << 20, /* bytes of one value or row */
	DB_SQL_MAX = 1 << 16,
	DB_HEAP_MAX = 64 << 20,
	DB_SMALLEST = 512 /* bytes of the smallest page */
};

struct opening {
	struct sqlite_db *db;
	const char *path;
	struct store_found *found;
	int version;
	/* A refusal that is not an SQLite code: */
	int refusal;
	char *error;
	size_t error_len;
};

/* What a hostile or damaged file could use against its reader is off (SQL-008). */
static const struct {
	int option;
	int value;
} options[] = {
	{SQLITE_DBCONFIG_DEFENSIVE, 1},
	{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
	{SQLITE_DBCONFIG_ENABLE_VIEW, 0},
	{SQLITE_DBCONFIG_DQS_DML, 0},
	{SQLITE_DBCONFIG_DQS_DDL, 0},
	/* Until the file is accepted, closing it must not change it (REL-018). */
	{SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
};

static int connect_file(struct opening *opening)
{
	struct sqlite_db *db = opening->db;
	int rc = sqlite3_open_v2(opening->path, &db->handle,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
					 SQLITE_OPEN_EXRESCODE,
				 NULL);

	for (size_t i = 0; i < sizeof options / sizeof *options && rc == SQLITE_OK; i++)
		rc = sqlite3_db_config(db->handle, options[i].option, options[i].value, NULL);
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_soft_heap_limit64(DB_HEAP_MAX);
	sqlite3_limit(db->handle, SQLITE_LIMIT_LENGTH, DB_VALUE_MAX);
	sqlite3_limit(db->handle, SQLITE_LIMIT_SQL_LENGTH, DB_SQL_MAX);
	sqlite3_wal_hook(db->handle, sqlite_db_on_commit, db);
	rc = sqlite3_busy_timeout(db->handle, SQLITE_DB_BUSY_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db->handle,
				  "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"
				  "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192;",
				  NULL, NULL, NULL);
	return rc;
}

static int read_int(struct sqlite_db *db, const char *sql, int *out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*out = sqlite3_column_int(stmt, 0);
	return sqlite3_finalize(stmt);
}

/* other unless the pragma answers with this word. */
static int expect_word(struct sqlite_db *db, const char *sql, const char *word, int other)
{
	sqlite3_stmt *stmt = NULL;
	const char *text;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
	bool matches = false;

	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(stmt, 0);
		matches = text != NULL && strcmp(text, word) == 0;
	}
	rc = sqlite3_finalize(stmt);
	return rc == SQLITE_OK && !matches ? other : rc;
}

static void refuse(struct opening *opening, int refusal, const char *why)
{
	opening->refusal = refusal;
	snprintf(opening->error, opening->error_len, "%s %s", opening->path, why);
}

/* SQLite takes a file without a whole page for an empty one, and would write over it. */
static bool is_stump(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && info.st_size > 0 && info.st_size < DB_SMALLEST;
}

/* Whose file is it, and of which version? Nothing is written before that is known. */
static int inspect(struct opening *opening)
{
	struct sqlite_db *db = opening->db;
	int application = 0;
	int tables = 0;
	int rc = is_stump(opening->path) ? SQLITE_NOTADB : SQLITE_OK;

	if (rc == SQLITE_OK)
		rc = read_int(db, "PRAGMA application_id", &application);
	if (rc == SQLITE_OK)
		rc = read_int(db, "PRAGMA user_version", &opening->version);
	if (rc == SQLITE_OK)
		rc = read_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
	if (rc != SQLITE_OK)
		return rc;
	if (application != SQLITE_SCHEMA_APPLICATION && (application != 0 || tables > 0))
		refuse(opening, EINVAL,
		       "is a database of another program: change store.path or move it away");
	else if (opening->version > SQLITE_SCHEMA_VERSION)
		refuse(opening, EPROTO,
		       "was made by a newer version of this program: install that version, or move "
		       "the file away");
	else if (opening->version < 0 || (application != 0) != (opening->version > 0))
		return SQLITE_CORRUPT;
	else if (sqlite3_db_readonly(db->handle, "main") == 1)
		refuse(opening, EACCES, "cannot be written: check owner and mode");
	return SQLITE_OK;
}

/* SEC-099: what is deleted leaves nothing in the pages, however SQLite was built. SQL-001: FULL,
 * since answers depend on commits; NORMAL may lose the last ones in a power cut. */
static int configure(struct opening *opening)
{
	struct sqlite_db *db = opening->db;
	int rc = expect_word(db, "PRAGMA journal_mode=WAL", "wal", SQLITE_CANTOPEN);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db->handle,
				  "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
				  "PRAGMA journal_size_limit=16777216;",
				  NULL, NULL, NULL);
	return rc;
}

/* A copy of the old format is kept beside the file (REL-018). It has its name when it is whole:
 * what a full disk or a crash leaves half done is no copy, and goes. */
static int make_copy(struct opening *opening, struct buf *out)
{
	struct buf part = BUF_INIT;
	char what[16];
	int rc;

	snprintf(what, sizeof what, "v%d", opening->version);
	sqlite_files_name(opening->path, what, out);
	buf_printf(&part, "%s.copying", opening->path);
	(void)unlink(part.data);
	rc = sqlite_schema_copy(opening->db->handle, part.data);
	if (rc == SQLITE_OK && rename(part.data, out->data) != 0)
		rc = SQLITE_CANTOPEN;
	if (rc != SQLITE_OK)
		(void)unlink(part.data);
	buf_free(&part);
	return rc;
}

/* A change that failed comes again at the next start, and so does its copy. */
static int change_format(struct opening *opening)
{
	struct buf copy = BUF_INIT;
	int rc = make_copy(opening, &copy);

	if (rc == SQLITE_OK) {
		rc = sqlite_schema_migrate(opening->db->handle, opening->version);
		if (rc != SQLITE_OK)
			(void)unlink(copy.data);
	}
	if (rc == SQLITE_OK)
		log_notice("store: format changed from=%d to=%d, the old one is kept path=%s",
			   opening->version, SQLITE_SCHEMA_VERSION, log_safe(copy.data));
	buf_free(&copy);
	return rc;
}

static int migrate(struct opening *opening)
{
	int rc;

	if (opening->version == SQLITE_SCHEMA_VERSION)
		return SQLITE_OK;
	if (opening->version > 0)
		return change_format(opening);
	rc = sqlite_schema_migrate(opening->db->handle, 0);
	if (rc == SQLITE_OK)
		log_notice("store: made path=%s", log_safe(opening->path));
	return rc;
}

static sqlite3_stmt *look_up(struct sqlite_db *db, const char *name)
{
	sqlite3_stmt *stmt = db->statements[ST_GET_META];

	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	return sqlite3_step(stmt) == SQLITE_ROW ? stmt : NULL;
}

static void look_up_done(struct sqlite_db *db)
{
	sqlite3_reset(db->statements[ST_GET_META]);
	sqlite3_clear_bindings(db->statements[ST_GET_META]);
}

/* The installation key is made once (D-10). */
static int find_key(struct opening *opening)
{
	struct sqlite_db *db = opening->db;
	uint8_t *key = opening->found->key;
	sqlite3_stmt *row = look_up(db, "key");
	bool found = row != NULL && sqlite3_column_type(row, 0) == SQLITE_BLOB &&
		     sqlite3_column_bytes(row, 0) == HASH_KEY_BYTES;

	if (found)
		memcpy(key, sqlite3_column_blob(row, 0), HASH_KEY_BYTES);
	look_up_done(db);
	if (found)
		return SQLITE_OK;
	random_bytes(key, HASH_KEY_BYTES);
	sqlite3_bind_text(db->statements[ST_PUT_META], 1, "key", -1, SQLITE_STATIC);
	sqlite3_bind_blob(db->statements[ST_PUT_META], 2, key, HASH_KEY_BYTES, SQLITE_STATIC);
	return sqlite_db_run(db, ST_PUT_META);
}

static int find_alive(struct opening *opening)
{
	sqlite3_stmt *row = look_up(opening->db, "alive");

	int64_t alive_s = row == NULL ? 0 : sqlite3_column_int64(row, 0);

	opening->found->last_alive = alive_s > 0 && alive_s < STORE_TIME_MAX_S ? alive_s : 0;
	look_up_done(opening->db);
	return SQLITE_OK;
}

/* REL-031 */
static int find_newest(struct opening *opening)
{
	struct store_found *found = opening->found;

	return sqlite_clock_newest(opening->db->handle, found->last_alive, &found->newest_s);
}

/* A disk that is full keeps nobody from starting. */
static int begin_run(struct opening *opening)
{
	int rc = sqlite_runs_begin(opening->db, opening->found->opened_s, &opening->found->crashes);

	if (rc != SQLITE_DONE && !sqlite_db_is_damage(rc)) {
		log_warning("store: the start cannot be noted (%s)", sqlite3_errstr(rc));
		rc = SQLITE_DONE;
	}
	return rc;
}

static int check(struct opening *opening)
{
	return expect_word(opening->db, "PRAGMA quick_check(1)", "ok", SQLITE_CORRUPT);
}

static int compare_schema(struct opening *opening)
{
	return sqlite_schema_check(opening->db->handle);
}

static int prepare(struct opening *opening)
{
	return sqlite_db_prepare(opening->db);
}

static int accept_file(struct opening *opening)
{
	sqlite3_limit(opening->db->handle, SQLITE_LIMIT_ATTACHED, 0);
	return sqlite3_db_config(opening->db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
}

static int (*const steps[])(struct opening *opening) = {
	connect_file, inspect,  check,      configure,   migrate,   compare_schema,
	prepare,      find_key, find_alive, find_newest, begin_run, accept_file,
};

/* Returns an SQLite code; opening->refusal may be set instead. */
static int open_file(struct opening *opening)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		rc = steps[i](opening);
		if ((rc != SQLITE_OK && rc != SQLITE_DONE) || opening->refusal != 0)
			return rc;
	}
	return SQLITE_OK;
}

static void disconnect(struct sqlite_db *db)
{
	for (int i = 0; i < ST_COUNT; i++) {
		sqlite3_finalize(db->statements[i]);
		db->statements[i] = NULL;
	}
	/* REL-010: what the log holds is left to the next start. */
	if (db->broken != 0)
		sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(db->handle);
	db->handle = NULL;
}

/* REL-019: never overwritten, never a silent refusal. */
static int set_aside(struct opening *opening, int rc)
{
	struct buf name = BUF_INIT;
	int result;

	disconnect(opening->db);
	result = sqlite_files_set_aside(opening->path, &name);
	if (result == 0)
		log_err("store: file is damaged, set aside path=%s as=%s (%s; starting empty)",
			log_safe(opening->path), log_safe(name.data), sqlite3_errstr(rc));
	else
		snprintf(opening->error, opening->error_len,
			 "%s is damaged and cannot be renamed: %s", opening->path,
			 strerror(result));
	buf_free(&name);
	return result;
}

/* SQLite says "unable to open" to all of it; the operator needs the reason and the remedy. */
static int explain_access(struct opening *opening)
{
	int reason = sqlite3_system_errno(opening->db->handle);
	struct stat info;

	if (stat(opening->path, &info) == 0 && !S_ISREG(info.st_mode)) {
		refuse(opening, ENOENT, "is not a file: change store.path");
		return opening->refusal;
	}
	snprintf(opening->error, opening->error_len,
		 "%s cannot be opened: %s: let the daemon's user (uid %u) write the file and its "
		 "directory, or change store.path",
		 opening->path, strerror(reason != 0 ? reason : EACCES), (unsigned)geteuid());
	return EACCES;
}

/* What SQLite needs beside the file fails with "I/O error" then. */
static bool disk_is_full(const char *path)
{
	struct statvfs disk;

	return statvfs(path, &disk) == 0 && (disk.f_bavail == 0 || disk.f_favail == 0) &&
	       disk.f_blocks != 0;
}

static int explain(struct opening *opening, int rc)
{
	if (opening->refusal != 0)
		return opening->refusal;
	if (rc == SQLITE_OK)
		return 0;
	if ((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY)
		return explain_access(opening);
	if ((rc & 0xff) == SQLITE_FULL || disk_is_full(opening->path))
		snprintf(opening->error, opening->error_len,
			 "%s cannot be opened: the disk is full: make room there and start again",
			 opening->path);
	else
		snprintf(opening->error, opening->error_len, "%s cannot be opened: %s (%s)",
			 opening->path, sqlite3_errstr(rc), strerror(sqlite_db_errno(rc)));
	return sqlite_db_errno(rc);
}

static int open_protected(struct opening *opening)
{
	int result = sqlite_files_prepare(opening->path, opening->error, opening->error_len);
	int rc;

	if (result == 0)
		result = sqlite_files_lock(opening->path, &opening->db->lock_fd, opening->error,
					   opening->error_len);
	if (result != 0)
		return result;
	sqlite_files_protect(opening->path);
	rc = open_file(opening);
	if (sqlite_db_is_damage(rc)) {
		result = set_aside(opening, rc);
		if (result != 0)
			return result;
		rc = open_file(opening);
	}
	return explain(opening, rc);
}

int sqlite_db_open(struct sqlite_db **out, const char *path, struct store_found *found, char *error,
		   size_t error_len)
{
	struct opening opening = {
		.db = mem_zalloc(sizeof *opening.db),
		.path = path,
		.found = found,
		.error = error,
		.error_len = error_len,
	};
	mode_t before = umask(0077); /* SEC-094, SQL-010: for the log and its index too */
	int result;

	opening.db->lock_fd = -1;
	result = open_protected(&opening);
	umask(before);
	*out = opening.db;
	return result;
}

void sqlite_db_close(struct sqlite_db **out)
{
	struct sqlite_db *db = *out;

	if (db == NULL)
		return;
	if (db->handle != NULL)
		disconnect(db);
	if (db->lock_fd >= 0)
		close(db->lock_fd);
	buf_free(&db->keys[0]);
	buf_free(&db->keys[1]);
	mem_free(db);
	*out = NULL;
}
