/* The clock and the rows of the SQLite store (REL-031): the newest time that is stored, and moving
 * all stored times when the clock has moved. */
#include "store/sqlite_clock.h"

#include <stddef.h>

#include <sqlite3.h>

#include "store/store_engine.h"

enum {
	/* Rows this much younger than the last sign of life are of a clock that was wrong. */
	ALIVE_LEAD_S = 24 * 3600
};

/* Times of what happened, never of what ends, and none that stays when the clock is moved; all of
 * them are read once, as the check does. */
static const char newest_sql[] =
	"SELECT max(at) FROM ("
	"SELECT max(asked_at, granted_at, refused_at, ended_at, heard_at) AS at FROM pairs "
	"UNION ALL SELECT learned_at FROM learned "
	"UNION ALL SELECT sent_ms / 1000 FROM receipts "
	"UNION ALL SELECT at FROM prints) WHERE at <= ?1";

int sqlite_clock_newest(struct sqlite3 *db, int64_t last_alive, int64_t *out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, newest_sql, -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(stmt, 1, last_alive > 0 ? last_alive + ALIVE_LEAD_S : INT64_MAX);
	*out = last_alive;
	if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int64(stmt, 0) > last_alive)
		*out = sqlite3_column_int64(stmt, 0);
	return sqlite3_finalize(stmt);
}

/* What a life or an age is counted from; 0 is never. When a message was accepted is told to
 * people, and when presence was told is judged by the last sign of life: both stay. Of prints the
 * part makes room: two rows must not meet on their way. */
static const char *const moves[] = {
	"UPDATE pairs SET asked_at=iif(asked_at=0,0,max(1,min(asked_at,?2)+?1)),"
	"granted_at=iif(granted_at=0,0,max(1,min(granted_at,?2)+?1)),"
	"refused_at=iif(refused_at=0,0,max(1,min(refused_at,?2)+?1)),"
	"ended_at=iif(ended_at=0,0,max(1,min(ended_at,?2)+?1)),"
	"heard_at=iif(heard_at=0,0,max(1,min(heard_at,?2)+?1))",
	"UPDATE learned SET learned_at=max(0,min(learned_at,?2)+?1)",
	"UPDATE queue SET expires_s=max(0,min(expires_s,?2)+?1)",
	"UPDATE receipts SET sent_ms=max(0,min(sent_ms,?2*1000)+?1*1000)",
	("UPDATE prints SET at=max(0,min(at,?2)+?1),"
	 "part=part+(SELECT max(part) FROM prints)"),
	"UPDATE publications SET expires_at=max(0,min(expires_at,?2)+?1)",
	"UPDATE dialogs SET expires_s=max(0,min(expires_s,?2)+?1)",
};

static int move_one(struct sqlite3 *db, const char *sql, int64_t by_s)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(stmt, 1, by_s);
	sqlite3_bind_int64(stmt, 2, STORE_TIME_MAX_S);
	sqlite3_step(stmt);
	return sqlite3_finalize(stmt);
}

int sqlite_clock_move(struct sqlite3 *db, int64_t by_s)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < sizeof moves / sizeof *moves && rc == SQLITE_OK; i++)
		rc = move_one(db, moves[i], by_s);
	return rc;
}
