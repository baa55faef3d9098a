/* All statements, the tables, and the rows of pairs, spellings and publications. */
#include "store/sqlite_rows.h"

#include <string.h>

#include <sqlite3.h>

#include "base/mem.h"
#include "store/sqlite_clock.h"
#include "store/sqlite_runs.h"

const char *const sqlite_statements[ST_COUNT] = {
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
	[ST_PUT_QUEUED] = "INSERT OR REPLACE INTO queue VALUES (?1,'',?2,?3,?4,?5,?6,?7,?8)",
	[ST_KEEP_QUEUED] =
		"UPDATE queue SET sender=?2, recipient=?3, accepted_ms=?4, expires_s=?5, "
		"tries=?6, is_quarantined=?7 WHERE seq=?1",
	[ST_DROP_QUEUED] = "DELETE FROM queue WHERE seq=?1",
	[ST_PUT_RECEIPT] = "INSERT INTO receipts VALUES ('',?1,?2,?3,?4,?5,?6,?7) "
			   "ON CONFLICT DO UPDATE SET sender=?2, recipient=?3, wants=?4, told=?5, "
			   "sent_ms=?6, value=?7",
	[ST_KEEP_RECEIPT] = "UPDATE receipts SET sender=?2, recipient=?3, wants=?4, told=?5, "
			    "sent_ms=?6 WHERE node='' AND uid=?1",
	[ST_DROP_RECEIPT] = "DELETE FROM receipts WHERE node='' AND uid=?1",
	[ST_PUT_PRINTS] = "INSERT INTO prints VALUES ('', ?1, (SELECT coalesce(max(part), 0) + 1 "
			  "FROM prints WHERE node='' AND at=?1), ?2)",
	[ST_FORGET_PRINTS] = "DELETE FROM prints WHERE node='' AND at<?1",
	[ST_PUT_LEARNED] = "INSERT INTO learned VALUES (?1,?2,?3,?4) "
			   "ON CONFLICT DO UPDATE SET value=?3, learned_at=?4",
	[ST_DROP_LEARNED] = "DELETE FROM learned WHERE kind=?1 AND subject=?2",
	[ST_PUT_DIALOG] = "INSERT OR REPLACE INTO dialogs VALUES (?1,'',?2,?3,?4,?5,?6,?7,?8,?9,"
			  "?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)",
	[ST_DROP_DIALOG] = "DELETE FROM dialogs WHERE id=?1",
	[ST_PUT_PRESENCE] = "INSERT INTO presence VALUES ('',?1,?2,?3,?4) "
			    "ON CONFLICT DO UPDATE SET told_s=?3, value=?4",
	[ST_DROP_PRESENCE] = "DELETE FROM presence WHERE node='' AND watched=?1 AND watcher=?2",
	[ST_LOAD_PAIRS] = "SELECT watcher, watched, state, asked_at, granted_at, refused_at, "
			  "ended_at, heard_at FROM pairs",
	[ST_LOAD_SPELLINGS] = "SELECT address, spelling FROM spellings",
	[ST_LOAD_PUBLICATIONS] = "SELECT user, id, is_dialog, etag, source, type, language, body, "
				 "expires_at FROM publications WHERE node=''",
	[ST_LOAD_QUEUE] = "SELECT seq, sender, recipient, accepted_ms, expires_s, tries, "
			  "is_quarantined, value FROM queue WHERE node='' ORDER BY seq",
	/* By its index: nothing is sorted in memory (SQL-011). */
	[ST_LOAD_RECEIPTS] = "SELECT uid, sender, recipient, wants, told, sent_ms, value "
			     "FROM receipts INDEXED BY receipts_sent WHERE node='' "
			     "ORDER BY sent_ms",
	[ST_LOAD_PRINTS] = "SELECT at, prints FROM prints WHERE node='' ORDER BY at, part",
	[ST_LOAD_LEARNED] = "SELECT kind, subject, value, learned_at FROM learned",
	[ST_LOAD_DIALOGS] = "SELECT id, role, watcher, watched, event, call_id, local_tag, "
			    "remote_tag, local, remote, target, route, peer, login, local_cseq, "
			    "remote_cseq, is_stream, is_secure, expires_s, value "
			    "FROM dialogs INDEXED BY dialogs_end WHERE node='' "
			    "ORDER BY expires_s",
	[ST_LOAD_PRESENCE] = "SELECT watched, watcher, told_s, value FROM presence WHERE node=''",
};

void sqlite_bind_address(struct sqlite_db *db, struct sqlite3_stmt *stmt, int at,
			 const struct address *address, unsigned slot)
{
	struct buf *key = &db->keys[slot];

	buf_reset(key);
	address_key(address, key);
	sqlite3_bind_blob(stmt, at, key->data, (int)key->len, SQLITE_STATIC);
}

void sqlite_bind_bytes(struct sqlite3_stmt *stmt, int at, const char *bytes, size_t len)
{
	if (bytes != NULL)
		sqlite3_bind_blob64(stmt, at, bytes, len, SQLITE_STATIC);
}

void sqlite_bind_string(struct sqlite3_stmt *stmt, int at, const char *text)
{
	sqlite_bind_bytes(stmt, at, text, text != NULL ? strlen(text) : 0);
}

bool sqlite_read_address(struct sqlite3_stmt *stmt, int at, struct address *out)
{
	const void *blob = sqlite3_column_blob(stmt, at);
	size_t len = (size_t)sqlite3_column_bytes(stmt, at);

	return blob != NULL && address_from_key(out, blob, len) == len;
}

char *sqlite_read_bytes(struct sqlite3_stmt *stmt, int at, size_t *len)
{
	const void *bytes = sqlite3_column_blob(stmt, at);

	*len = (size_t)sqlite3_column_bytes(stmt, at);
	return bytes != NULL ? mem_strndup(bytes, *len) : NULL;
}

char *sqlite_read_string(struct sqlite3_stmt *stmt, int at)
{
	const void *text = sqlite3_column_blob(stmt, at);
	size_t len = (size_t)sqlite3_column_bytes(stmt, at);

	if (text == NULL || memchr(text, 0, len) != NULL)
		return NULL;
	return mem_strndup(text, len);
}

static int write_alive(struct sqlite_db *db, int64_t now_s)
{
	sqlite3_bind_text(db->statements[ST_PUT_META], 1, "alive", -1, SQLITE_STATIC);
	sqlite3_bind_int64(db->statements[ST_PUT_META], 2, now_s);
	return sqlite_db_run(db, ST_PUT_META);
}

static int put_alive(struct sqlite_db *db, const struct store_item *item)
{
	return write_alive(db, item->now_s);
}

static int put_run(struct sqlite_db *db, const struct store_item *item)
{
	return sqlite_runs_end(db, item->now_s);
}

static int put_clock(struct sqlite_db *db, const struct store_item *item)
{
	int rc = sqlite_clock_move(db->handle, item->clock.by_s);

	/* With it, or the next start would move them once more. */
	return rc == SQLITE_OK ? write_alive(db, item->clock.now_s) : rc;
}

static int put_pair(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_stmt *stmt = db->statements[ST_PUT_PAIR];
	const struct pair_row *pair = &item->pair;

	sqlite_bind_address(db, stmt, 1, &pair->watcher, 0);
	sqlite_bind_address(db, stmt, 2, &pair->watched, 1);
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
	sqlite_bind_address(db, db->statements[ST_DROP_PAIR], 1, &item->pair.watcher, 0);
	sqlite_bind_address(db, db->statements[ST_DROP_PAIR], 2, &item->pair.watched, 1);
	return sqlite_db_run(db, ST_DROP_PAIR);
}

static bool read_pair(sqlite3_stmt *stmt, struct store_item *out)
{
	struct pair_row *pair = &out->pair;

	if (!sqlite_read_address(stmt, 0, &pair->watcher) ||
	    !sqlite_read_address(stmt, 1, &pair->watched))
		return false;
	pair->state = (enum pair_state)sqlite3_column_int(stmt, 2);
	pair->asked_at = sqlite3_column_int64(stmt, 3);
	pair->granted_at = sqlite3_column_int64(stmt, 4);
	pair->refused_at = sqlite3_column_int64(stmt, 5);
	pair->ended_at = sqlite3_column_int64(stmt, 6);
	pair->heard_at = sqlite3_column_int64(stmt, 7);
	return pair->state > PAIR_NONE && pair->state <= PAIR_ENDED;
}

static int put_spelling(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_stmt *stmt = db->statements[ST_PUT_SPELLING];

	sqlite_bind_address(db, stmt, 1, &item->spelling.address, 0);
	sqlite_bind_string(stmt, 2, item->spelling.text);
	return sqlite_db_run(db, ST_PUT_SPELLING);
}

static bool read_spelling(sqlite3_stmt *stmt, struct store_item *out)
{
	if (!sqlite_read_address(stmt, 0, &out->spelling.address))
		return false;
	out->spelling.text = sqlite_read_string(stmt, 1);
	return out->spelling.text != NULL;
}

static int put_publication(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_stmt *stmt = db->statements[ST_PUT_PUBLICATION];
	const struct publication_row *row = &item->publication;

	sqlite_bind_address(db, stmt, 1, &row->user, 0);
	sqlite3_bind_int64(stmt, 2, row->id);
	sqlite3_bind_int(stmt, 3, row->is_dialog);
	sqlite_bind_string(stmt, 4, row->etag);
	sqlite_bind_string(stmt, 5, row->source);
	sqlite_bind_string(stmt, 6, row->type);
	sqlite_bind_string(stmt, 7, row->language);
	sqlite_bind_bytes(stmt, 8, row->body, row->body_len);
	sqlite3_bind_int64(stmt, 9, row->expires_at);
	return sqlite_db_run(db, ST_PUT_PUBLICATION);
}

static int drop_publication(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_stmt *stmt = db->statements[ST_DROP_PUBLICATION];

	sqlite_bind_address(db, stmt, 1, &item->publication.user, 0);
	sqlite3_bind_int64(stmt, 2, item->publication.id);
	return sqlite_db_run(db, ST_DROP_PUBLICATION);
}

static bool read_publication(sqlite3_stmt *stmt, struct store_item *out)
{
	struct publication_row *row = &out->publication;
	size_t len;

	if (!sqlite_read_address(stmt, 0, &row->user))
		return false;
	row->id = sqlite3_column_int64(stmt, 1);
	row->is_dialog = sqlite3_column_int(stmt, 2) != 0;
	row->etag = sqlite_read_bytes(stmt, 3, &len);
	row->source = sqlite_read_bytes(stmt, 4, &len);
	row->type = sqlite_read_bytes(stmt, 5, &len);
	row->language = sqlite_read_bytes(stmt, 6, &len);
	row->body = sqlite_read_bytes(stmt, 7, &row->body_len);
	row->expires_at = sqlite3_column_int64(stmt, 8);
	if (row->source == NULL) /* SQLite has no pointer for nothing */
		row->source = mem_strdup("");
	return row->etag != NULL;
}

const struct sqlite_table sqlite_tables[STORE_TABLES] = {
	[STORE_ALIVE] = {.put = put_alive},
	[STORE_RUN] = {.put = put_run},
	[STORE_CLOCK] = {.put = put_clock},
	[STORE_PAIRS] = {put_pair, drop_pair, read_pair, ST_LOAD_PAIRS},
	[STORE_SPELLINGS] = {put_spelling, NULL, read_spelling, ST_LOAD_SPELLINGS},
	[STORE_PUBLICATIONS] = {put_publication, drop_publication, read_publication,
				ST_LOAD_PUBLICATIONS},
	[STORE_QUEUE] = {sqlite_put_queued, sqlite_drop_queued, sqlite_read_queued, ST_LOAD_QUEUE},
	[STORE_RECEIPTS] = {sqlite_put_receipt, sqlite_drop_receipt, sqlite_read_receipt,
			    ST_LOAD_RECEIPTS},
	[STORE_PRINTS] = {sqlite_put_prints, NULL, sqlite_read_prints, ST_LOAD_PRINTS},
	[STORE_LEARNED] = {sqlite_put_learned, sqlite_drop_learned, sqlite_read_learned,
			   ST_LOAD_LEARNED},
	[STORE_DIALOGS] = {sqlite_put_dialog, sqlite_drop_dialog, sqlite_read_dialog,
			   ST_LOAD_DIALOGS},
	[STORE_PRESENCE] = {sqlite_put_presence, sqlite_drop_presence, sqlite_read_presence,
			    ST_LOAD_PRESENCE},
};
