/* Stores that earlier versions made (REL-018). What they declared stands here once more, as it was
 * published: a migration that is changed afterwards fails this test. */
#include "support/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "base/mem.h"
#include "fault_vfs.h"
#include "store/sqlite_schema.h"
#include "store_bench.h"
#include "support/fake_loop.h"

#define JULIET "x'58636861742e6578616d706c65006a756c69657400'" /* juliet@chat.example */
#define DESK   "x'537062782e6578616d706c65003130303100'"       /* 1001@pbx.example */

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

static const char rows_1[] =
	"INSERT INTO meta VALUES ('', 'key', x'000102030405060708090a0b0c0d0e0f');"
	"INSERT INTO meta VALUES ('', 'alive', 4711);"
	"INSERT INTO pairs VALUES (" JULIET "," DESK ", 2, 100, 200, 0, 0, 300);"
	"INSERT INTO spellings VALUES (" DESK ", CAST('1001' AS BLOB));"
	"INSERT INTO learned VALUES ('typing', CAST('sip:1001@pbx.example' AS BLOB), 1, 77);";

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

static const char rows_2[] =
	"INSERT INTO publications VALUES ('', " DESK ", 7, 0, CAST('t-1' AS BLOB), "
	"CAST('127.0.0.1' AS BLOB), CAST('application/pidf+xml' AS BLOB), NULL, "
	"CAST('<one/>' AS BLOB), 100);";

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

static const char rows_3[] =
	"INSERT INTO queue VALUES (7, '', " JULIET "," DESK ", 1000, 90, 1, 0, "
	"CAST('seven' AS BLOB));"
	"INSERT INTO receipts VALUES ('', CAST('u-1' AS BLOB), " JULIET "," DESK ", 3, 1, 1000, "
	"CAST('due' AS BLOB));"
	"INSERT INTO prints VALUES ('', 90, 1, x'0000000000000001000000c8');";

static void run_sql(sqlite3 *db, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s", error);
}

/* A file as the version left it. */
static void make_file(struct bench *bench, int version)
{
	char stamp[96];
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
	run_sql(db, "PRAGMA journal_mode=WAL");
	run_sql(db, format_1);
	run_sql(db, rows_1);
	if (version >= 2) {
		run_sql(db, format_2);
		run_sql(db, rows_2);
	}
	if (version >= 3) {
		run_sql(db, format_3);
		run_sql(db, rows_3);
	}
	snprintf(stamp, sizeof stamp, "PRAGMA user_version=%d; PRAGMA application_id=%d", version,
		 SQLITE_SCHEMA_APPLICATION);
	run_sql(db, stamp);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

struct loaded {
	size_t done;
	int publications;
	int queued;
	int receipts;
	int prints;
	int learned;
	int dialogs;
	int presence;
};

static void on_done(int error, void *arg)
{
	assert_int_equal(error, 0);
	((struct loaded *)arg)->done++;
}

static void on_publication(const struct publication_row *row, void *arg)
{
	assert_string_equal(row->user.local, "1001");
	assert_string_equal(row->body, "<one/>");
	((struct loaded *)arg)->publications++;
}

static void on_queued(const struct queue_row *row, void *arg)
{
	assert_memory_equal(row->value, row->seq == 7 ? "seven" : "text!", 5);
	((struct loaded *)arg)->queued++;
}

static void on_receipt(const struct receipt_row *row, void *arg)
{
	assert_string_equal(row->uid, "u-1");
	assert_int_equal(row->told, 1);
	assert_memory_equal(row->value, "due", 3);
	((struct loaded *)arg)->receipts++;
}

static void on_print(const struct store_print *print, int64_t at_s, void *arg)
{
	assert_int_equal(print->print, 1);
	assert_int_equal(print->status, 200);
	assert_int_equal(at_s, 90);
	((struct loaded *)arg)->prints++;
}

static void on_dialog(const struct dialog_row *row, void *arg)
{
	assert_int_equal(row->id, 9);
	assert_string_equal(row->call_id, "call");
	((struct loaded *)arg)->dialogs++;
}

static void on_presence(const struct presence_row *row, void *arg)
{
	assert_memory_equal(row->value, "here", 4);
	((struct loaded *)arg)->presence++;
}

static void on_learned(const struct learned_row *row, void *arg)
{
	assert_string_equal(row->kind, "typing");
	assert_string_equal(row->subject, "sip:1001@pbx.example");
	assert_int_equal(row->value, 1);
	assert_int_equal(row->learned_s, 77);
	((struct loaded *)arg)->learned++;
}

static bool is_loaded(void *arg)
{
	return ((const struct loaded *)arg)->done == 10;
}

static void put_dialog(struct bench *bench, struct loaded *loaded)
{
	char presence[] = "presence", call[] = "call", tag[] = "tag", uri[] = "<sip:a@b.example>";
	struct dialog_row row = {
		.id = 9,
		.role = DIALOG_ROW_NOTIFIER,
		.event = presence,
		.call_id = call,
		.local_tag = tag,
		.local = uri,
		.remote = uri,
	};

	store_put_dialog(bench->store, &row, on_done, loaded);
}

static void put_presence(struct bench *bench, struct loaded *loaded)
{
	char value[] = "here";
	struct presence_row row = {.value = value, .value_len = 4};

	address_set(&row.watched, SIDE_SIP, "1001", "pbx.example");
	store_put_presence(bench->store, &row, on_done, loaded);
	address_clear(&row.watched);
}

/* What was in it is there, and it takes what it did not know. */
static void check_store(struct bench *bench, int version)
{
	struct queue_row row = {.seq = 1, .value = mem_strdup("text!"), .value_len = 5};
	struct loaded loaded = {0};

	assert_memory_equal(store_key(bench->store),
			    "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
			    HASH_KEY_BYTES);
	assert_int_equal(store_last_alive(bench->store), 4711);
	bench_load(bench);
	assert_int_equal(bench->row_count, 1);
	assert_int_equal(bench_row(bench, "juliet", "1001")->state, PAIR_GRANTED);
	assert_int_equal(bench->spelling_count, 1);
	address_set(&row.sender, SIDE_XMPP, "juliet", "chat.example");
	address_set(&row.recipient, SIDE_SIP, "1001", "pbx.example");
	store_take_queued(bench->store, &row, on_done, &loaded);
	queue_row_clear(&row);
	put_dialog(bench, &loaded);
	put_presence(bench, &loaded);
	store_load_publications(bench->store, on_publication, on_done, &loaded);
	store_load_queue(bench->store, on_queued, on_done, &loaded);
	store_load_receipts(bench->store, on_receipt, on_done, &loaded);
	store_load_prints(bench->store, on_print, on_done, &loaded);
	store_load_learned(bench->store, on_learned, on_done, &loaded);
	store_load_dialogs(bench->store, on_dialog, on_done, &loaded);
	store_load_presence(bench->store, on_presence, on_done, &loaded);
	assert_true(fake_loop_wait(bench->loop, is_loaded, &loaded));
	assert_int_equal(loaded.publications, version >= 2);
	assert_int_equal(loaded.queued, version >= 3 ? 2 : 1);
	assert_int_equal(loaded.receipts, version >= 3);
	assert_int_equal(loaded.prints, version >= 3);
	assert_int_equal(loaded.dialogs, 1);
	assert_int_equal(loaded.presence, 1);
	assert_int_equal(loaded.learned, 1);
}

/* [REL-018] each earlier format is brought up to date, once, with a copy of it kept beside. */
static void test_earlier_formats(void **state)
{
	(void)state;
	for (int version = 1; version < SQLITE_SCHEMA_VERSION; version++) {
		void *own = NULL;
		struct bench *bench;
		char copy[24];

		assert_int_equal(bench_setup(&own), 0);
		bench = own;
		make_file(bench, version);
		fake_loop_set_wall(bench->loop, 4711000);
		snprintf(copy, sizeof copy, ".v%d-", version);
		for (int start = 0; start < 2; start++) {
			assert_int_equal(bench_open(bench, "sqlite"), 0);
			check_store(bench, version);
			bench_close(bench);
			assert_int_equal(bench_files(bench, copy), 1);
			assert_int_equal(bench_files(bench, "damaged"), 0);
		}
		bench_teardown(&own);
	}
}

static int version_of(struct bench *bench)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	int version;

	assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	version = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return version;
}

/* [REL-052] [REL-018] the disk fills up after each write of a change of format: the start is
 * refused with a sentence, the store is as it was, nothing lies about, and with space it goes on.
 */
static void test_no_space(void **state)
{
	struct bench *bench = *state;
	int writes = 0;

	fault_vfs_reset();
	fault_vfs()->write_errno = ENOSPC;
	for (int opened = ENOSPC; opened != 0; writes++) {
		if (writes == 0)
			make_file(bench, 3);
		fake_loop_set_wall(bench->loop, 4711000);
		fault_vfs()->write_error = SQLITE_FULL;
		fault_vfs()->writes_to_pass = writes;
		opened = bench_open(bench, "sqlite");
		fault_vfs()->write_error = 0;
		if (opened == 0)
			break;
		assert_int_equal(opened, ENOSPC);
		assert_non_null(strstr(bench->error, "disk"));
		bench_close(bench);
		assert_int_equal(bench_files(bench, "damaged"), 0);
		assert_int_equal(bench_files(bench, ".v3-"), 0);
		assert_int_equal(version_of(bench), 3);
	}
	assert_true(writes > 10);
	check_store(bench, 3);
	fault_vfs_reset();
}

#define DIALOG(id, role, watcher, event, tag, cseq, end, value)                                    \
	"INSERT INTO dialogs VALUES (" id ",''," role "," watcher ",NULL," event ",x'61'," tag     \
	",NULL,x'61',x'61',NULL,NULL,NULL,NULL," cseq ",-1,0,0," end "," value ")"

/* [SQL-007] what may not be in the tables is kept out of them by the file itself, too. */
static void test_rules_of_the_formats(void **state)
{
	static const char *const wrongs[] = {
		"INSERT INTO queue VALUES (0,''," JULIET "," DESK ",1,1,0,0,x'00')",
		"INSERT INTO queue VALUES (1,'',x'00'," DESK ",1,1,0,0,x'00')",
		"INSERT INTO queue VALUES (1,''," JULIET ",'sip:1001',1,1,0,0,x'00')",
		"INSERT INTO queue VALUES (1,''," JULIET "," DESK ",-1,1,0,0,x'00')",
		"INSERT INTO queue VALUES (1,''," JULIET "," DESK ",1,-1,0,0,x'00')",
		"INSERT INTO queue VALUES (1,''," JULIET "," DESK ",1,1,-1,0,x'00')",
		"INSERT INTO queue VALUES (1,''," JULIET "," DESK ",1,1,0,2,x'00')",
		"INSERT INTO queue VALUES (1,''," JULIET "," DESK ",1,1,0,0,x'')",
		"INSERT INTO queue VALUES (1,''," JULIET "," DESK ",1,1,0,0,zeroblob(131073))",
		"INSERT INTO queue VALUES (1,''," JULIET "," DESK ",1,1,0,0,NULL)",
		"INSERT INTO receipts VALUES ('',x''," JULIET "," DESK ",1,0,1,x'00')",
		"INSERT INTO receipts VALUES ('',zeroblob(65)," JULIET "," DESK ",1,0,1,x'00')",
		"INSERT INTO receipts VALUES ('',x'61'," JULIET "," DESK ",1,0,1,x'')",
		"INSERT INTO prints VALUES ('',-1,1,zeroblob(12))",
		"INSERT INTO prints VALUES ('',1,1,x'00')",
		"INSERT INTO prints VALUES ('',1,1,zeroblob(98316))",
		DIALOG("0", "1", "NULL", "x'61'", "x'61'", "1", "1", "NULL"),
		DIALOG("1", "3", "NULL", "x'61'", "x'61'", "1", "1", "NULL"),
		DIALOG("1", "1", "x'61'", "x'61'", "x'61'", "1", "1", "NULL"),
		DIALOG("1", "1", "NULL", "x''", "x'61'", "1", "1", "NULL"),
		DIALOG("1", "1", "NULL", "zeroblob(8193)", "x'61'", "1", "1", "NULL"),
		DIALOG("1", "1", "NULL", "x'61'", "NULL", "1", "1", "NULL"),
		DIALOG("1", "1", "NULL", "x'61'", "x'61'", "-1", "1", "NULL"),
		DIALOG("1", "1", "NULL", "x'61'", "x'61'", "4294967296", "1", "NULL"),
		DIALOG("1", "1", "NULL", "x'61'", "x'61'", "1", "-1", "NULL"),
		DIALOG("1", "1", "NULL", "x'61'", "x'61'", "1", "1", "zeroblob(131073)"),
		"INSERT INTO presence VALUES ('',x'00',x'',1,x'00')",
		"INSERT INTO presence VALUES (''," DESK ",x'00',1,x'00')",
		"INSERT INTO presence VALUES (''," DESK ",NULL,1,x'00')",
		"INSERT INTO presence VALUES (''," DESK ",x'',-1,x'00')",
		"INSERT INTO presence VALUES (''," DESK ",x'',1,zeroblob(65537))",
	};
	static const char *const rights[] = {
		"INSERT INTO queue VALUES (1,''," JULIET "," DESK ",1,1,0,0,zeroblob(131072))",
		"INSERT INTO receipts VALUES ('',zeroblob(64)," JULIET "," DESK ",1,0,1,x'00')",
		"INSERT INTO prints VALUES ('',1,1,zeroblob(98304))",
		DIALOG("1", "1", "NULL", "zeroblob(8192)", "x'61'", "4294967295", "0", "NULL"),
		DIALOG("2", "2", JULIET, "x'61'", "x'61'", "0", "1", "zeroblob(131072)"),
		"INSERT INTO presence VALUES (''," DESK ",x'',0,zeroblob(65536))",
		"INSERT INTO presence VALUES (''," DESK "," JULIET ",0,x'00')",
	};
	struct bench *bench = *state;
	sqlite3 *db = NULL;

	assert_int_equal(bench_open(bench, "sqlite"), 0);
	bench_close(bench);
	assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
	for (size_t i = 0; i < CHECK_COUNT(wrongs); i++) {
		if ((sqlite3_exec(db, wrongs[i], NULL, NULL, NULL) & 0xff) != SQLITE_CONSTRAINT)
			fail_msg("taken: %s", wrongs[i]);
	}
	for (size_t i = 0; i < CHECK_COUNT(rights); i++)
		run_sql(db, rights[i]);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_earlier_formats),
		cmocka_unit_test_setup_teardown(test_no_space, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_rules_of_the_formats, bench_setup,
						bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
