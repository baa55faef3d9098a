/* Rows of dialogs and of the last presence in the SQLite store. */
#include <string.h>

#include <sqlite3.h>

#include "base/mem.h"
#include "store/sqlite_rows.h"

enum { DIALOG_TEXTS = 10, DIALOG_FIRST_TEXT = 4 };

/* The texts of a dialog in the order of their columns. */
static void texts_of(const struct dialog_row *row, const char *out[static DIALOG_TEXTS])
{
	const char *texts[DIALOG_TEXTS] = {
		row->event,  row->call_id, row->local_tag, row->remote_tag, row->local,
		row->remote, row->target,  row->route,     row->peer,       row->login,
	};

	memcpy(out, texts, sizeof texts);
}

static void bind_or_null(struct sqlite_db *db, sqlite3_stmt *stmt, int at,
			 const struct address *address, unsigned slot)
{
	if (address->domain != NULL)
		sqlite_bind_address(db, stmt, at, address, slot);
}

int sqlite_put_dialog(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_stmt *stmt = db->statements[ST_PUT_DIALOG];
	const struct dialog_row *row = &item->dialog;
	const char *texts[DIALOG_TEXTS];

	texts_of(row, texts);
	sqlite3_bind_int64(stmt, 1, row->id);
	sqlite3_bind_int(stmt, 2, (int)row->role);
	bind_or_null(db, stmt, 3, &row->watcher, 0);
	bind_or_null(db, stmt, 4, &row->watched, 1);
	for (int i = 0; i < DIALOG_TEXTS; i++)
		sqlite_bind_string(stmt, i + 1 + DIALOG_FIRST_TEXT, texts[i]);
	sqlite3_bind_int64(stmt, 15, row->local_cseq);
	sqlite3_bind_int64(stmt, 16, row->remote_cseq);
	sqlite3_bind_int(stmt, 17, row->is_stream);
	sqlite3_bind_int(stmt, 18, row->is_secure);
	sqlite3_bind_int64(stmt, 19, row->expires_s);
	if (row->value_len > 0)
		sqlite_bind_bytes(stmt, 20, row->value, row->value_len);
	return sqlite_db_run(db, ST_PUT_DIALOG);
}

int sqlite_drop_dialog(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_bind_int64(db->statements[ST_DROP_DIALOG], 1, item->dialog.id);
	return sqlite_db_run(db, ST_DROP_DIALOG);
}

/* False: neither an address nor nothing. */
static bool read_address_or_null(sqlite3_stmt *stmt, int at, struct address *out)
{
	return sqlite3_column_type(stmt, at) == SQLITE_NULL || sqlite_read_address(stmt, at, out);
}

static bool read_texts(sqlite3_stmt *stmt, struct dialog_row *row)
{
	char **texts[DIALOG_TEXTS] = {
		&row->event,  &row->call_id, &row->local_tag, &row->remote_tag, &row->local,
		&row->remote, &row->target,  &row->route,     &row->peer,       &row->login,
	};

	for (int i = 0; i < DIALOG_TEXTS; i++) {
		*texts[i] = sqlite_read_string(stmt, i + DIALOG_FIRST_TEXT);
		if (*texts[i] == NULL &&
		    sqlite3_column_type(stmt, i + DIALOG_FIRST_TEXT) != SQLITE_NULL)
			return false;
	}
	return true;
}

bool sqlite_read_dialog(sqlite3_stmt *stmt, struct store_item *out)
{
	struct dialog_row *row = &out->dialog;

	row->id = sqlite3_column_int64(stmt, 0);
	row->role = (enum dialog_row_role)sqlite3_column_int(stmt, 1);
	if (!read_address_or_null(stmt, 2, &row->watcher) ||
	    !read_address_or_null(stmt, 3, &row->watched) || !read_texts(stmt, row))
		return false;
	row->local_cseq = sqlite3_column_int64(stmt, 14);
	row->remote_cseq = sqlite3_column_int64(stmt, 15);
	row->is_stream = sqlite3_column_int(stmt, 16) != 0;
	row->is_secure = sqlite3_column_int(stmt, 17) != 0;
	row->expires_s = sqlite3_column_int64(stmt, 18);
	row->value = sqlite_read_bytes(stmt, 19, &row->value_len);
	return dialog_row_check(row) == 0;
}

/* No watcher is an empty blob: a part of a key may not be missing. */
static void bind_presence(struct sqlite_db *db, sqlite3_stmt *stmt, const struct presence_row *row)
{
	sqlite_bind_address(db, stmt, 1, &row->watched, 0);
	if (row->watcher.domain != NULL)
		sqlite_bind_address(db, stmt, 2, &row->watcher, 1);
	else
		sqlite_bind_bytes(stmt, 2, "", 0);
}

int sqlite_put_presence(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_stmt *stmt = db->statements[ST_PUT_PRESENCE];

	bind_presence(db, stmt, &item->presence);
	sqlite3_bind_int64(stmt, 3, item->presence.told_s);
	sqlite_bind_bytes(stmt, 4, item->presence.value, item->presence.value_len);
	return sqlite_db_run(db, ST_PUT_PRESENCE);
}

int sqlite_drop_presence(struct sqlite_db *db, const struct store_item *item)
{
	bind_presence(db, db->statements[ST_DROP_PRESENCE], &item->presence);
	return sqlite_db_run(db, ST_DROP_PRESENCE);
}

bool sqlite_read_presence(sqlite3_stmt *stmt, struct store_item *out)
{
	struct presence_row *row = &out->presence;

	if (!sqlite_read_address(stmt, 0, &row->watched))
		return false;
	if (sqlite3_column_bytes(stmt, 1) > 0 && !sqlite_read_address(stmt, 1, &row->watcher))
		return false;
	row->told_s = sqlite3_column_int64(stmt, 2);
	row->value = sqlite_read_bytes(stmt, 3, &row->value_len);
	return row->value != NULL;
}
