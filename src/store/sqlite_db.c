/* Carrying out requests on the SQLite file. */
#include "store/sqlite_db.h"

#include <errno.h>
#include <string.h>

#include <sqlite3.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/sqlite_rows.h"

enum {
	DB_LOG_PAGES = 4000,     /* checkpoint from here on: each costs some flushes */
	DB_LOG_WARN = 256 << 20, /* a reader keeps the log growing */
	DB_ROWS = 512,           /* rows of a load handed over at a time, */
	DB_ROWS_BYTES = 1 << 20  /* or, if they are long, about so much */
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
	case SQLITE_NOTFOUND:
		return ENOENT;
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

int sqlite_db_prepare(struct sqlite_db *db)
{
	int rc = SQLITE_OK;

	for (int i = 0; i < ST_COUNT && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(db->handle, sqlite_statements[i], -1,
					SQLITE_PREPARE_PERSISTENT, &db->statements[i], NULL);
	return rc;
}

static int write_one(struct sqlite_db *db, const struct store_op *op)
{
	const struct sqlite_table *table = &sqlite_tables[op->item.table];

	if (op->kind == STORE_OP_PUT && table->put != NULL)
		return table->put(db, &op->item);
	if (op->kind == STORE_OP_DROP && table->drop != NULL)
		return table->drop(db, &op->item);
	return SQLITE_OK;
}

/* A row that breaks a rule is its own failure; anything else is that of the whole transaction. */
static int write_all(struct sqlite_db *db, struct list *ops)
{
	LIST_EACH(link, next, ops)
	{
		struct store_op *op = LIST_ENTRY(link, struct store_op, link);
		int rc = op->error == 0 ? write_one(db, op) : SQLITE_OK;

		if (sqlite_db_errno(rc) == EINVAL || sqlite_db_errno(rc) == ENOENT)
			op->error = sqlite_db_errno(rc);
		else if (sqlite_db_errno(rc) != 0)
			return judge(db, rc);
	}
	return 0;
}

static void move_log(struct sqlite_db *db, int how)
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
	rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, how, &log, &moved);
	judge_at(db, rc, SQLITE_FCNTL_FILE_POINTER);
	db->log_pages = log - moved;
}

void sqlite_db_checkpoint(struct sqlite_db *db)
{
	if (db->log_pages >= DB_LOG_PAGES)
		move_log(db, SQLITE_CHECKPOINT_PASSIVE);
}

void sqlite_db_tidy(struct sqlite_db *db)
{
	sqlite3_busy_timeout(db->handle, 0);
	move_log(db, SQLITE_CHECKPOINT_TRUNCATE);
	sqlite3_busy_timeout(db->handle, db->is_locked ? 0 : SQLITE_DB_BUSY_MS);
}

/* SQL-004: another writer is waited for, once. If it stays, what comes is refused now (REL-009)
 * and not one group after the other later, until it has gone. */
static int begin(struct sqlite_db *db)
{
	int error = judge(db, sqlite_db_run(db, ST_BEGIN));
	bool is_locked = error == EBUSY;

	if (is_locked != db->is_locked)
		sqlite3_busy_timeout(db->handle, is_locked ? 0 : SQLITE_DB_BUSY_MS);
	db->is_locked = is_locked;
	return error;
}

/* REL-009: whoever can mend it learns of it, and that it is mended; each once. */
static void tell_trouble(struct sqlite_db *db, int error)
{
	const char *path = log_safe(sqlite3_db_filename(db->handle, "main"));

	if (error == db->trouble || db->broken != 0)
		return;
	db->trouble = error;
	if (error == 0)
		log_notice("store: writing works again path=%s", path);
	else if (error == ENOSPC)
		log_err("store: no space on the disk, what must be stored is refused until there "
			"is some path=%s",
			path);
	else if (error == EBUSY)
		log_warning("store: another program holds the file locked, what must be stored is "
			    "refused until it has gone path=%s",
			    path);
	else
		log_err("store: cannot write, what must be stored is refused until that is mended "
			"path=%s (%s)",
			path, strerror(error));
}

void sqlite_db_write(struct sqlite_db *db, struct list *ops)
{
	int error = db->broken;

	if (error == 0)
		error = begin(db);
	if (error == 0)
		error = write_all(db, ops);
	if (error == 0)
		error = judge(db, sqlite_db_run(db, ST_COMMIT));
	if (!sqlite3_get_autocommit(db->handle))
		sqlite_db_run(db, ST_ROLLBACK);
	tell_trouble(db, error);
	/* A log that was moved is written from its start again: that alone may give space back. */
	if (error == ENOSPC)
		move_log(db, SQLITE_CHECKPOINT_PASSIVE);
	LIST_EACH(link, next, ops)
	{
		struct store_op *op = LIST_ENTRY(link, struct store_op, link);

		if (op->error == 0)
			op->error = error;
		op->fatal = db->broken != 0;
	}
}

struct load {
	sqlite3_stmt *stmt;
	enum store_table table;
	sqlite_rows_fn *hand_over;
	void *arg;
	unsigned long skipped;
};

static bool read_row(struct load *load, struct store_item *out)
{
	out->table = load->table;
	if (sqlite_tables[load->table].read(load->stmt, out))
		return true;
	store_item_clear(out);
	*out = (struct store_item){0};
	load->skipped++;
	return false;
}

static int load_rows(struct load *load)
{
	struct store_item *rows = NULL;
	size_t count = 0;
	size_t weight = 0;
	int rc = sqlite3_step(load->stmt);

	for (; rc == SQLITE_ROW; rc = sqlite3_step(load->stmt)) {
		if (rows == NULL)
			rows = mem_array(DB_ROWS, sizeof *rows);
		if (read_row(load, &rows[count]))
			weight += store_item_weight(&rows[count++]);
		if (count == DB_ROWS || weight >= DB_ROWS_BYTES) {
			if (!load->hand_over(rows, count, load->arg))
				return SQLITE_INTERRUPT;
			rows = NULL;
			count = 0;
			weight = 0;
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
		.stmt = db->statements[sqlite_tables[op->item.table].load],
		.table = op->item.table,
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
