/* When the last runs began and whether they ended in order: one value of "meta", the oldest run
 * first, for each 8 bytes of its start and 8 of its end (0: none), the most significant first. */
#include "store/sqlite_runs.h"

#include <string.h>

#include <sqlite3.h>

#include "store/store.h"

enum { RUNS_MAX = 8, RUN_BYTES = 16 };

struct run {
	int64_t start_s;
	int64_t end_s;
};

struct runs {
	struct run list[RUNS_MAX];
	int count;
};

static int64_t unpack(const unsigned char *from)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | from[i];
	return (int64_t)value;
}

static void pack(unsigned char *out, int64_t value)
{
	for (int i = 0; i < 8; i++)
		out[i] = (unsigned char)((uint64_t)value >> 8 * (7 - i));
}

/* What cannot be read is no run. */
static void read_runs(struct sqlite_db *db, struct runs *out)
{
	sqlite3_stmt *stmt = db->statements[ST_GET_META];
	const unsigned char *bytes = NULL;
	int len = 0;

	out->count = 0;
	sqlite3_bind_text(stmt, 1, "runs", -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) == SQLITE_BLOB) {
		bytes = sqlite3_column_blob(stmt, 0);
		len = sqlite3_column_bytes(stmt, 0);
	}
	for (int i = 0; i < RUNS_MAX && bytes != NULL && (i + 1) * RUN_BYTES <= len; i++) {
		out->list[i].start_s = unpack(bytes + i * RUN_BYTES);
		out->list[i].end_s = unpack(bytes + i * RUN_BYTES + 8);
		out->count++;
	}
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

static int write_runs(struct sqlite_db *db, const struct runs *runs)
{
	sqlite3_stmt *stmt = db->statements[ST_PUT_META];
	unsigned char bytes[RUNS_MAX * RUN_BYTES];

	for (int i = 0; i < runs->count; i++) {
		pack(bytes + i * RUN_BYTES, runs->list[i].start_s);
		pack(bytes + i * RUN_BYTES + 8, runs->list[i].end_s);
	}
	sqlite3_bind_text(stmt, 1, "runs", -1, SQLITE_STATIC);
	sqlite3_bind_blob(stmt, 2, bytes, runs->count * RUN_BYTES, SQLITE_STATIC);
	return sqlite_db_run(db, ST_PUT_META);
}

/* Nobody knows when it crashed: not after the next start. */
static unsigned count_crashes(const struct runs *runs, int64_t now_s)
{
	unsigned crashes = 0;

	for (int i = 0; i < runs->count; i++) {
		int64_t by_s = i + 1 < runs->count ? runs->list[i + 1].start_s : now_s;

		if (runs->list[i].end_s == 0 && by_s <= now_s &&
		    by_s > now_s - STORE_CRASH_WINDOW_S)
			crashes++;
	}
	return crashes;
}

int sqlite_runs_begin(struct sqlite_db *db, int64_t now_s, unsigned *crashes)
{
	struct runs runs;

	read_runs(db, &runs);
	*crashes = count_crashes(&runs, now_s);
	if (runs.count == RUNS_MAX) {
		memmove(runs.list, runs.list + 1, (RUNS_MAX - 1) * sizeof *runs.list);
		runs.count--;
	}
	runs.list[runs.count++] = (struct run){now_s, 0};
	return write_runs(db, &runs);
}

int sqlite_runs_end(struct sqlite_db *db, int64_t now_s)
{
	struct runs runs;

	read_runs(db, &runs);
	if (runs.count == 0)
		return SQLITE_DONE;
	runs.list[runs.count - 1].end_s = now_s > 0 ? now_s : 1;
	return write_runs(db, &runs);
}
