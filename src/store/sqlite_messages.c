/* Rows of messages in the SQLite store: queue, receipts, fingerprints, and what was learned. */
#include <stdint.h>
#include <string.h>

#include <sqlite3.h>

#include "base/mem.h"
#include "store/sqlite_rows.h"

enum { PRINT_BYTES = 12 }; /* 8 of the hash, 4 of the status; the most significant first */

/* A row that keeps its value has to be there. */
static int run_kept(struct sqlite_db *db, enum sqlite_statement which)
{
	int rc = sqlite_db_run(db, which);

	return rc == SQLITE_DONE && sqlite3_changes(db->handle) == 0 ? SQLITE_NOTFOUND : rc;
}

int sqlite_put_queued(struct sqlite_db *db, const struct store_item *item)
{
	const struct queue_row *row = &item->queued;
	enum sqlite_statement which = row->value != NULL ? ST_PUT_QUEUED : ST_KEEP_QUEUED;
	sqlite3_stmt *stmt = db->statements[which];

	sqlite3_bind_int64(stmt, 1, row->seq);
	sqlite_bind_address(db, stmt, 2, &row->sender, 0);
	sqlite_bind_address(db, stmt, 3, &row->recipient, 1);
	sqlite3_bind_int64(stmt, 4, row->accepted_ms);
	sqlite3_bind_int64(stmt, 5, row->expires_s);
	sqlite3_bind_int64(stmt, 6, row->tries);
	sqlite3_bind_int(stmt, 7, row->is_quarantined);
	if (row->value == NULL)
		return run_kept(db, which);
	sqlite_bind_bytes(stmt, 8, row->value, row->value_len);
	return sqlite_db_run(db, which);
}

int sqlite_drop_queued(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_bind_int64(db->statements[ST_DROP_QUEUED], 1, item->queued.seq);
	return sqlite_db_run(db, ST_DROP_QUEUED);
}

bool sqlite_read_queued(sqlite3_stmt *stmt, struct store_item *out)
{
	struct queue_row *row = &out->queued;

	row->seq = sqlite3_column_int64(stmt, 0);
	if (!sqlite_read_address(stmt, 1, &row->sender) ||
	    !sqlite_read_address(stmt, 2, &row->recipient))
		return false;
	row->accepted_ms = sqlite3_column_int64(stmt, 3);
	row->expires_s = sqlite3_column_int64(stmt, 4);
	row->tries = sqlite3_column_int64(stmt, 5);
	row->is_quarantined = sqlite3_column_int(stmt, 6) != 0;
	row->value = sqlite_read_bytes(stmt, 7, &row->value_len);
	return row->value != NULL;
}

int sqlite_put_receipt(struct sqlite_db *db, const struct store_item *item)
{
	const struct receipt_row *row = &item->receipt;
	enum sqlite_statement which = row->value != NULL ? ST_PUT_RECEIPT : ST_KEEP_RECEIPT;
	sqlite3_stmt *stmt = db->statements[which];

	sqlite_bind_string(stmt, 1, row->uid);
	sqlite_bind_address(db, stmt, 2, &row->sender, 0);
	sqlite_bind_address(db, stmt, 3, &row->recipient, 1);
	sqlite3_bind_int64(stmt, 4, row->wants);
	sqlite3_bind_int64(stmt, 5, row->told);
	sqlite3_bind_int64(stmt, 6, row->sent_ms);
	if (row->value == NULL)
		return run_kept(db, which);
	sqlite_bind_bytes(stmt, 7, row->value, row->value_len);
	return sqlite_db_run(db, which);
}

int sqlite_drop_receipt(struct sqlite_db *db, const struct store_item *item)
{
	sqlite_bind_string(db->statements[ST_DROP_RECEIPT], 1, item->receipt.uid);
	return sqlite_db_run(db, ST_DROP_RECEIPT);
}

bool sqlite_read_receipt(sqlite3_stmt *stmt, struct store_item *out)
{
	struct receipt_row *row = &out->receipt;

	row->uid = sqlite_read_string(stmt, 0);
	if (row->uid == NULL || !sqlite_read_address(stmt, 1, &row->sender) ||
	    !sqlite_read_address(stmt, 2, &row->recipient))
		return false;
	row->wants = sqlite3_column_int64(stmt, 3);
	row->told = sqlite3_column_int64(stmt, 4);
	row->sent_ms = sqlite3_column_int64(stmt, 5);
	row->value = sqlite_read_bytes(stmt, 6, &row->value_len);
	return row->value != NULL;
}

static void pack(unsigned char *out, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		out[i] = (unsigned char)(value >> 8 * (bytes - 1 - i));
}

static uint64_t unpack(const unsigned char *from, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | from[i];
	return value;
}

static int insert_prints(struct sqlite_db *db, const struct store_prints *row)
{
	sqlite3_stmt *stmt = db->statements[ST_PUT_PRINTS];
	unsigned char *packed = mem_alloc(row->count * PRINT_BYTES);
	int rc;

	for (size_t i = 0; i < row->count; i++) {
		pack(packed + i * PRINT_BYTES, row->prints[i].print, 8);
		pack(packed + i * PRINT_BYTES + 8, (uint32_t)row->prints[i].status, 4);
	}
	sqlite3_bind_int64(stmt, 1, row->at_s);
	sqlite3_bind_blob64(stmt, 2, packed, row->count * PRINT_BYTES, SQLITE_STATIC);
	rc = sqlite_db_run(db, ST_PUT_PRINTS);
	mem_free(packed);
	return rc;
}

int sqlite_put_prints(struct sqlite_db *db, const struct store_item *item)
{
	int rc = item->prints.count > 0 ? insert_prints(db, &item->prints) : SQLITE_DONE;

	if (rc != SQLITE_DONE)
		return rc;
	sqlite3_bind_int64(db->statements[ST_FORGET_PRINTS], 1, item->prints.forget_before_s);
	return sqlite_db_run(db, ST_FORGET_PRINTS);
}

bool sqlite_read_prints(sqlite3_stmt *stmt, struct store_item *out)
{
	struct store_prints *row = &out->prints;
	const unsigned char *packed = sqlite3_column_blob(stmt, 1);
	size_t len = (size_t)sqlite3_column_bytes(stmt, 1);

	if (packed == NULL || len % PRINT_BYTES != 0)
		return false;
	row->at_s = sqlite3_column_int64(stmt, 0);
	row->count = len / PRINT_BYTES;
	row->prints = mem_array(row->count, sizeof *row->prints);
	for (size_t i = 0; i < row->count; i++) {
		row->prints[i].print = unpack(packed + i * PRINT_BYTES, 8);
		row->prints[i].status = (int32_t)unpack(packed + i * PRINT_BYTES + 8, 4);
	}
	return true;
}

static void bind_learned(sqlite3_stmt *stmt, const struct learned_row *row)
{
	sqlite3_bind_text(stmt, 1, row->kind, -1, SQLITE_STATIC);
	sqlite_bind_string(stmt, 2, row->subject);
}

int sqlite_put_learned(struct sqlite_db *db, const struct store_item *item)
{
	sqlite3_stmt *stmt = db->statements[ST_PUT_LEARNED];

	bind_learned(stmt, &item->learned);
	sqlite3_bind_int64(stmt, 3, item->learned.value);
	sqlite3_bind_int64(stmt, 4, item->learned.learned_s);
	return sqlite_db_run(db, ST_PUT_LEARNED);
}

int sqlite_drop_learned(struct sqlite_db *db, const struct store_item *item)
{
	bind_learned(db->statements[ST_DROP_LEARNED], &item->learned);
	return sqlite_db_run(db, ST_DROP_LEARNED);
}

bool sqlite_read_learned(sqlite3_stmt *stmt, struct store_item *out)
{
	struct learned_row *row = &out->learned;

	row->kind = sqlite_read_string(stmt, 0);
	row->subject = sqlite_read_string(stmt, 1);
	row->value = sqlite3_column_int64(stmt, 2);
	row->learned_s = sqlite3_column_int64(stmt, 3);
	return row->kind != NULL && row->subject != NULL;
}
