/* Carrying out requests on the SQLite file. */
#include "store/sqlite_db.h"

#include <errno.h>
#include <string.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store_engine.h"

enum {
	DB_LOG_PAGES = 1000,     /* checkpoint from here on */
	DB_LOG_WARN = 256 << 20, /* a reader keeps the log growing */
	DB_ROWS = 512            /* rows of a load handed over at a time */
};

static const char *const statements[ST_COUNT] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_ROLLBACK] = "ROLLBACK",
	[ST_PUT_PAIR] = "INSERT INTO pairs VALUES (?1,?2,?3,?4,?5,?6,?7,?8) "
			"ON CONFLICT DO UPDATE SET state=?3, asked_at=?4, granted_at=?5, "
			"refused_at=?6, ended_at=?7, heard_at=?8",
	[ST_DROP_PAIR] = "DELETE FROM pairs WHERE watcher=?1 AND watched=?2",
	[ST_PUT_SPELLING] = "INSERT INTO spellings VALUES (?1,?2) ON CONFLICT DO NOTHING",
	[ST_PUT_PUBLICATION] = "INSERT INTO publications VALUES ('',?1,?2,?3,?4,?5,?6,?7,?8,?9) "
			       "ON CONFLICT DO UPDATE SET is_dialog=?3, etag=?4, source=?5, "
			       "type=iif(?8 IS NULL, type, ?6), "
			       "language=iif(?8 IS NULL, language, ?7), "
			       "body=coalesce(?8, body), expires_at=?9",
	[ST_DROP_PUBLICATION] = "DELETE FROM publications WHERE node='' AND user=?1 AND id=?2",
	[ST_PUT_META] = "INSERT INTO meta VALUES ('',?1,?2) ON CONFLICT DO UPDATE SET value=?2",
	[ST_GET_META] = "SELECT value FROM meta WHERE node='' AND name=?1",
	[ST_LOAD_PAIRS] = ("SELECT watcher, watched, state, asked_at, granted_at, refused_at, "
			   "ended_at, heard_at FROM pairs"),
	[ST_LOAD_SPELLINGS] = "SELECT address, spelling FROM spellings",
	[ST_LOAD_PUBLICATIONS] = "SELECT user, id, is_dialog, etag, source, type, language, body, "
				 "expires_at FROM publications WHERE node=''",
};

int sqlite_db_errno(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EBUSY;
	case SQLITE_NOMEM:
		return ENOMEM;
	case SQLITE_READONLY:
		return EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return EACCES;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
		return EINVAL;
	default:
		return EIO;
	}
}

bool sqlite_db_is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

/* errno of the write to the log or to the file that failed; SQLite itself does not keep it for a
 * COMMIT. */
static int write_errno(struct sqlite_db *db, int which)
{
	sqlite3_file *file = NULL;
	int value = 0;

	sqlite3_file_control(db->handle, "main", which, &file);
	if (file != NULL && file->pMethods != NULL)
		file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &value);
	return value;
}

/* Lack of space: SQLite says so only for ENOSPC, not for a quota (REL-009). */
static bool is_lack_of_space(struct sqlite_db *db, int extended, int which)
{
	int system = extended == SQLITE_IOERR_WRITE ? write_errno(db, which)
						    : sqlite3_system_errno(db->handle);

	if (extended != SQLITE_IOERR_WRITE && extended != SQLITE_IOERR_SHMSIZE)
		return false;
	return system == ENOSPC || system == EDQUOT;
}

/* The errno value for rc. REL-010: after a failed flush, or any other I/O error than a lack of
 * space (REL-009), the kernel may have dropped what it was given; nothing is accepted any more. */
static int judge_at(struct sqlite_db *db, int rc, int which)
{
	int extended = sqlite3_extended_errcode(db->handle);

	if (sqlite_db_errno(rc) == 0)
		return 0;
	if ((rc & 0xff) == SQLITE_IOERR && is_lack_of_space(db, extended, which))
		return ENOSPC;
	if ((rc & 0xff) != SQLITE_IOERR && !sqlite_db_is_damage(rc))
		return sqlite_db_errno(rc);
	if (db->broken == 0)
		log_err("store: writing failed, nothing is accepted any more "
			"(%s, code %d: check disk and file system, then restart)",
			sqlite3_errstr(rc), extended);
	db->broken = EIO;
	return EIO;
}

/* A commit writes to the log. */
static int judge(struct sqlite_db *db, int rc)
{
	return judge_at(db, rc, SQLITE_FCNTL_JOURNAL_POINTER);
}

/* The only place that steps and resets: no binding outlives its use (SQL-009). */
int sqlite_db_run(struct sqlite_db *db, enum sqlite_statement which)
{
	sqlite3_stmt *stmt = db->statements[which];
	int rc = sqlite3_step(stmt);

	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return rc;
}

static void bind_address(struct sqlite_db *db, sqlite3_stmt *stmt, int at,
			 const struct address *address)
{
	buf_reset(&db->key);
	address_key(address, &db->key);
	sqlite3_bind_blob(stmt, at, db->key.data, (int)db->key.len, SQLITE_TRANSIENT);
}

int sqlite_db_prepare(struct sqlite_db *db)
{
	int rc = SQLITE_OK;

	for (int i = 0; i < ST_COUNT && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(db->handle, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
					&db->statements[i], NULL);
	return rc;
}

static int put_pair(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_stmt *stmt = db->statements[ST_PUT_PAIR];
	const struct pair_row *pair = &item->pair;

	bind_address(db, stmt, 1, &pair->watcher);
	bind_address(db, stmt, 2, &pair->watched);
	sqlite3_bind_int(stmt, 3, (int)pair->state);
	sqlite3_bind_int64(stmt, 4, pair->asked_at);
	sqlite3_bind_int64(stmt, 5, pair->granted_at);
	sqlite3_bind_int64(stmt, 6, pair->refused_at);
	sqlite3_bind_int64(stmt, 7, pair->ended_at);
	sqlite3_bind_int64(stmt, 8, pair->heard_at);
	return sqlite_db_run(db, ST_PUT_PAIR);
}

static int drop_pair(struct sqlite_db *db, const struct store_item *item)
{
	bind_address(db, db->statements[ST_DROP_PAIR], 1, &item->pair.watcher);
	bind_address(db, db->statements[ST_DROP_PAIR], 2, &item->pair.watched);
	return sqlite_db_run(db, ST_DROP_PAIR);
}

static int put_spelling(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_stmt *stmt = db->statements[ST_PUT_SPELLING];

	bind_address(db, stmt, 1, &item->address);
	sqlite3_bind_blob(stmt, 2, item->spelling, (int)strlen(item->spelling), SQLITE_STATIC);
	return sqlite_db_run(db, ST_PUT_SPELLING);
}

/* NULL stays NULL. */
static void bind_bytes(sqlite3_stmt *stmt, int at, const char *text, size_t len)
{
	if (text != NULL)
		sqlite3_bind_blob(stmt, at, text, (int)len, SQLITE_STATIC);
}

static void bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	bind_bytes(stmt, at, text, text != NULL ? strlen(text) : 0);
}

static int put_publication(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_stmt *stmt = db->statements[ST_PUT_PUBLICATION];
	const struct publication_row *row = item->publication;

	bind_address(db, stmt, 1, &row->user);
	sqlite3_bind_int64(stmt, 2, row->id);
	sqlite3_bind_int(stmt, 3, row->is_dialog);
	bind_text(stmt, 4, row->etag);
	bind_text(stmt, 5, row->source);
	bind_text(stmt, 6, row->type);
	bind_text(stmt, 7, row->language);
	bind_bytes(stmt, 8, row->body, row->body_len);
	sqlite3_bind_int64(stmt, 9, row->expires_at);
	return sqlite_db_run(db, ST_PUT_PUBLICATION);
}

static int drop_publication(struct sqlite_db *db, const struct store_item *item)
{
	bind_address(db, db->statements[ST_DROP_PUBLICATION], 1, &item->publication->user);
	sqlite3_bind_int64(db->statements[ST_DROP_PUBLICATION], 2, item->publication->id);
	return sqlite_db_run(db, ST_DROP_PUBLICATION);
}

static int put_alive(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_bind_text(db->statements[ST_PUT_META], 1, "alive", -1, SQLITE_STATIC);
	sqlite3_bind_int64(db->statements[ST_PUT_META], 2, item->now_s);
	return sqlite_db_run(db, ST_PUT_META);
}

static int (*const writers[])(struct sqlite_db *db, const struct store_item *item) = {
	[STORE_OP_PUT_PAIR] = put_pair,
	[STORE_OP_DROP_PAIR] = drop_pair,
	[STORE_OP_PUT_SPELLING] = put_spelling,
	[STORE_OP_PUT_PUBLICATION] = put_publication,
	[STORE_OP_DROP_PUBLICATION] = drop_publication,
	[STORE_OP_ALIVE] = put_alive,
	[STORE_OP_STOP] = NULL,
};

/* A row that breaks a rule is its own failure; anything else is that of the whole transaction. */
static int write_all(struct sqlite_db *db, struct store_op *const *ops, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int rc;

		if (ops[i]->error != 0 || writers[ops[i]->kind] == NULL)
			continue;
		rc = writers[ops[i]->kind](db, &ops[i]->item);
		if (sqlite_db_errno(rc) == EINVAL)
			ops[i]->error = EINVAL;
		else if (sqlite_db_errno(rc) != 0)
			return judge(db, rc);
	}
	return 0;
}

void sqlite_db_write(struct sqlite_db *db, struct store_op *const *ops, size_t count)
{
	int error = db->broken;

	if (error == 0)
		error = judge(db, sqlite_db_run(db, ST_BEGIN));
	if (error == 0)
		error = write_all(db, ops, count);
	if (error == 0)
		error = judge(db, sqlite_db_run(db, ST_COMMIT));
	if (!sqlite3_get_autocommit(db->handle))
		sqlite_db_run(db, ST_ROLLBACK);
	/* A log that was moved is written from its start again: that alone may give space back. */
	if (error == ENOSPC || (error == 0 && db->log_pages >= DB_LOG_PAGES))
		sqlite_db_checkpoint(db);
	for (size_t i = 0; i < count; i++) {
		if (ops[i]->error == 0)
			ops[i]->error = error;
		ops[i]->fatal = db->broken != 0;
	}
}

static bool read_address(sqlite3_stmt *stmt, int at, struct address *out)
{
	size_t len = (size_t)sqlite3_column_bytes(stmt, at);
	const void *blob = sqlite3_column_blob(stmt, at);

	return blob != NULL && address_from_key(out, blob, len) == len;
}

static bool read_pair(sqlite3_stmt *stmt, struct store_item *out)
{
	struct pair_row *pair = &out->pair;

	if (!read_address(stmt, 0, &pair->watcher) || !read_address(stmt, 1, &pair->watched))
		return false;
	pair->state = (enum pair_state)sqlite3_column_int(stmt, 2);
	pair->asked_at = sqlite3_column_int64(stmt, 3);
	pair->granted_at = sqlite3_column_int64(stmt, 4);
	pair->refused_at = sqlite3_column_int64(stmt, 5);
	pair->ended_at = sqlite3_column_int64(stmt, 6);
	pair->heard_at = sqlite3_column_int64(stmt, 7);
	return pair->state > PAIR_NONE && pair->state <= PAIR_ENDED;
}

static bool read_spelling(sqlite3_stmt *stmt, struct store_item *out)
{
	const void *text = sqlite3_column_blob(stmt, 1);
	size_t len = (size_t)sqlite3_column_bytes(stmt, 1);

	if (!read_address(stmt, 0, &out->address) || text == NULL || memchr(text, 0, len) != NULL)
		return false;
	out->spelling = mem_strndup(text, len);
	return true;
}

/* A copy of a column, or NULL. */
static char *read_bytes(sqlite3_stmt *stmt, int at, size_t *len)
{
	const void *bytes = sqlite3_column_blob(stmt, at);

	*len = (size_t)sqlite3_column_bytes(stmt, at);
	return bytes != NULL ? mem_strndup(bytes, *len) : NULL;
}

static bool read_publication(sqlite3_stmt *stmt, struct store_item *out)
{
	struct publication_row *row = mem_zalloc(sizeof *row);
	size_t len;

	out->publication = row;
	if (!read_address(stmt, 0, &row->user))
		return false;
	row->id = sqlite3_column_int64(stmt, 1);
	row->is_dialog = sqlite3_column_int(stmt, 2) != 0;
	row->etag = read_bytes(stmt, 3, &len);
	row->source = read_bytes(stmt, 4, &len);
	row->type = read_bytes(stmt, 5, &len);
	row->language = read_bytes(stmt, 6, &len);
	row->body = read_bytes(stmt, 7, &row->body_len);
	row->expires_at = sqlite3_column_int64(stmt, 8);
	if (row->source == NULL) /* SQLite has no pointer for nothing */
		row->source = mem_strdup("");
	return row->etag != NULL;
}

/* What is read by which statement, and how. */
static const struct reading {
	enum sqlite_statement statement;
	bool (*read)(sqlite3_stmt *stmt, struct store_item *out);
} readings[] = {
	[STORE_OP_LOAD_PAIRS] = {ST_LOAD_PAIRS, read_pair},
	[STORE_OP_LOAD_SPELLINGS] = {ST_LOAD_SPELLINGS, read_spelling},
	[STORE_OP_LOAD_PUBLICATIONS] = {ST_LOAD_PUBLICATIONS, read_publication},
};

struct load {
	sqlite3_stmt *stmt;
	bool (*read)(sqlite3_stmt *stmt, struct store_item *out);
	sqlite_rows_fn *hand_over;
	void *arg;
	unsigned long skipped;
};

static int load_rows(struct load *load)
{
	struct store_item *rows = NULL;
	size_t count = 0;
	int rc = sqlite3_step(load->stmt);

	for (; rc == SQLITE_ROW; rc = sqlite3_step(load->stmt)) {
		if (rows == NULL)
			rows = mem_array(DB_ROWS, sizeof *rows);
		if (load->read(load->stmt, &rows[count])) {
			count++;
		} else {
			store_item_clear(&rows[count]);
			load->skipped++;
		}
		if (count == DB_ROWS) {
			if (!load->hand_over(rows, count, load->arg))
				return SQLITE_INTERRUPT;
			rows = NULL;
			count = 0;
		}
	}
	if (count > 0)
		load->hand_over(rows, count, load->arg);
	else
		mem_free(rows);
	return rc;
}

void sqlite_db_load(struct sqlite_db *db, struct store_op *op, sqlite_rows_fn *rows, void *arg)
{
	struct load load = {
		.stmt = db->statements[readings[op->kind].statement],
		.read = readings[op->kind].read,
		.hand_over = rows,
		.arg = arg,
	};

	if (op->error == 0)
		op->error = db->broken;
	if (op->error == 0)
		op->error = judge(db, load_rows(&load));
	op->fatal = db->broken != 0;
	sqlite3_reset(load.stmt);
	if (load.skipped > 0)
		log_warning("store: rows could not be read count=%lu (left where they are)",
			    load.skipped);
}

int sqlite_db_on_commit(void *arg, sqlite3 *handle, const char *name, int pages)
{
	struct sqlite_db *db = arg;

	(void)handle;
	(void)name;
	db->log_pages = pages;
	return SQLITE_OK;
}

void sqlite_db_checkpoint(struct sqlite_db *db)
{
	bool large = (int64_t)db->log_pages * 4096 > DB_LOG_WARN;
	int log = 0;
	int moved = 0;
	int rc;

	if (db->broken != 0)
		return;
	/* SQL-004: a reader that stays keeps the log growing; somebody has to end it. */
	if (large && !db->log_warned)
		log_warning("store: log is large pages=%d (does a program hold the file open?)",
			    db->log_pages);
	db->log_warned = large;
	rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &moved);
	judge_at(db, rc, SQLITE_FCNTL_FILE_POINTER);
	db->log_pages = log - moved;
}
