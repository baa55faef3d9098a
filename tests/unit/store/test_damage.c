/* Files that are not what they should be. There are three outcomes only (REL-019): the store works,
 * the file is set aside under a dated name and an empty store works, or it is refused with a
 * sentence and stays as it was. */
#include "support/check.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "store_bench.h"

enum outcome { WORKS, SET_ASIDE, REFUSED };

static void read_file(const char *path, struct buf *out)
{
	char part[4096];
	size_t got;
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	for (got = fread(part, 1, sizeof part, file); got > 0;
	     got = fread(part, 1, sizeof part, file))
		buf_append(out, part, got);
	fclose(file);
}

static void write_file(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	fclose(file);
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Rows of an index, of pages of their own, and pages that are free. */
static void put_dialogs(struct bench *bench)
{
	static char value[20000];
	char text[] = "text";

	for (int i = 1; i <= 60; i++) {
		struct dialog_row row = {.id = i * 7919,
					 .role = DIALOG_ROW_NOTIFIER,
					 .event = text,
					 .call_id = text,
					 .local_tag = text,
					 .local = text,
					 .remote = text,
					 .expires_s = 1000 - i,
					 .value = value,
					 .value_len = i % 20 == 0 ? sizeof value : 100};

		store_put_dialog(bench->store, &row, NULL, NULL);
		if (i % 3 == 0)
			store_drop_dialog(bench->store, row.id, NULL, NULL);
	}
}

/* Of a damaged file: whatever is given keeps the rules. */
static void on_any_dialog(const struct dialog_row *row, void *arg)
{
	(void)arg;
	assert_int_equal(dialog_row_check(row), 0);
}

static void on_dialog(const struct dialog_row *row, void *arg)
{
	on_any_dialog(row, arg);
	assert_string_equal(row->call_id, "text");
}

/* A store with some rows, closed; its bytes. */
static void make_store(struct bench *bench, struct buf *bytes)
{
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	for (int i = 0; i < 200; i++) {
		char local[16];

		snprintf(local, sizeof local, "%d", i);
		bench_put(bench, "juliet", local, PAIR_GRANTED, i);
	}
	bench_put_spelling(bench, "alice", "Alice");
	put_dialogs(bench);
	bench_wait(bench);
	bench_close(bench);
	read_file(bench->path, bytes);
}

/* Opens what is at path and proves that it is one of the three outcomes. */
static enum outcome try_open(struct bench *bench)
{
	struct buf before = BUF_INIT;
	struct buf after = BUF_INIT;
	size_t damaged = bench_files(bench, "damaged");
	enum outcome outcome = WORKS;
	int result;

	read_file(bench->path, &before);
	result = bench_open(bench, "sqlite");
	if (result != 0) {
		read_file(bench->path, &after);
		assert_true(strlen(bench->error) > 20);
		assert_int_equal(after.len, before.len);
		assert_memory_equal(after.data, before.data, before.len);
		assert_int_equal(bench_files(bench, "damaged"), damaged);
		outcome = REFUSED;
	} else {
		if (bench_files(bench, "damaged") > damaged)
			outcome = SET_ASIDE;
		store_load_dialogs(bench->store, on_any_dialog, NULL, NULL);
		bench_load(bench);
		if (outcome == SET_ASIDE)
			assert_int_equal(bench->row_count, 0);
		bench_put(bench, "romeo", "1", PAIR_ASKED, 1);
		bench_wait(bench);
		bench_close(bench);
	}
	buf_free(&before);
	buf_free(&after);
	return outcome;
}

static void start_over(struct bench *bench, const struct buf *bytes)
{
	char name[192];

	write_file(bench->path, bytes->data, bytes->len);
	snprintf(name, sizeof name, "%s-wal", bench->path);
	unlink(name);
	snprintf(name, sizeof name, "%s-shm", bench->path);
	unlink(name);
}

/* [REL-019] a flipped byte in the header, at the head of every page, and spread over all pages: of
 * tables, of indexes, of long values and free ones */
static void test_flipped_bytes(void **state)
{
	struct bench *bench = *state;
	struct buf bytes = BUF_INIT;
	unsigned outcomes[3] = {0};

	make_store(bench, &bytes);
	for (size_t at = 0; at < bytes.len; at += at < 112 ? 3 : at % 4096 < 12 ? 4 : 1021) {
		char kept = bytes.data[at];

		bytes.data[at] = (char)(kept ^ 0xff);
		start_over(bench, &bytes);
		outcomes[try_open(bench)]++;
		bytes.data[at] = kept;
	}
	assert_true(outcomes[SET_ASIDE] > 0);
	start_over(bench, &bytes);
	assert_int_equal(try_open(bench), WORKS);
	assert_int_equal(bench->row_count, 200);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	store_load_dialogs(bench->store, on_dialog, NULL, NULL);
	bench_load(bench);
	bench_close(bench);
	buf_free(&bytes);
}

static uint32_t number_at(const struct buf *bytes, size_t at)
{
	const unsigned char *p = (const unsigned char *)bytes->data + at;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* [REL-019] what no row would ever show is found at the start: the list of free pages (its first
 * page is named in the header, and begins with the next one and how many it lists) */
static void test_hidden_damage(void **state)
{
	struct bench *bench = *state;
	struct buf bytes = BUF_INIT;
	size_t page, at;

	make_store(bench, &bytes);
	page = (size_t)(unsigned char)bytes.data[16] << 8 | (unsigned char)bytes.data[17];
	assert_true(number_at(&bytes, 32) > 1); /* there are free pages */
	at = (number_at(&bytes, 32) - 1) * page;
	assert_true(at + 8 <= bytes.len);
	bytes.data[at + 4] = 0x7f;
	start_over(bench, &bytes);
	assert_int_equal(try_open(bench), SET_ASIDE);
	buf_free(&bytes);
}

/* [REL-019] */
static void test_truncated(void **state)
{
	static const size_t cut[] = {1, 99, 100, 511, 4095, 4096, 4097, 8192, 12288};
	struct bench *bench = *state;
	struct buf bytes = BUF_INIT;

	make_store(bench, &bytes);
	for (size_t i = 0; i < CHECK_COUNT(cut); i++) {
		size_t len = bytes.len;

		assert_true(cut[i] < len);
		bytes.len = cut[i];
		start_over(bench, &bytes);
		assert_int_equal(try_open(bench), SET_ASIDE);
		bytes.len = len;
	}
	assert_int_equal(bench_files(bench, "damaged"), CHECK_COUNT(cut));
	buf_free(&bytes);
}

/* [REL-019] zero bytes, and something that never was a database; what is set aside is what was
 * there, byte for byte */
static void test_nonsense(void **state)
{
	struct bench *bench = *state;
	char name[192];
	char *nonsense = mem_zalloc(20000);

	write_file(bench->path, nonsense, 20000);
	assert_int_equal(try_open(bench), SET_ASIDE);
	memset(nonsense, 'x', 20000);
	write_file(bench->path, nonsense, 20000);
	snprintf(name, sizeof name, "%s-wal", bench->path);
	unlink(name);
	assert_int_equal(try_open(bench), SET_ASIDE);
	assert_int_equal(bench_files(bench, "damaged"), 2);
	mem_free(nonsense);
}

/* [REL-018] a store of a newer version is refused by a clear line and left untouched */
static void test_newer_version(void **state)
{
	struct bench *bench = *state;
	struct buf bytes = BUF_INIT;

	make_store(bench, &bytes);
	run_sql(bench->path, "PRAGMA user_version=99; CREATE TABLE more (x)");
	assert_int_equal(try_open(bench), REFUSED);
	assert_int_equal(bench_open(bench, "sqlite"), EPROTO);
	assert_non_null(strstr(bench->error, "newer version"));
	buf_free(&bytes);
}

/* Somebody else's database is not ours to set aside. */
static void test_foreign(void **state)
{
	struct bench *bench = *state;

	run_sql(bench->path, "CREATE TABLE accounts (name TEXT)");
	assert_int_equal(try_open(bench), REFUSED);
	assert_int_equal(bench_open(bench, "sqlite"), EINVAL);
	assert_non_null(strstr(bench->error, "another program"));
}

/* [SQL-008] a file whose tables are not what the migrations make is not used */
static void test_changed_schema(void **state)
{
	static const char *const changes[] = {
		"CREATE TRIGGER t AFTER INSERT ON pairs BEGIN DELETE FROM meta; END",
		"CREATE VIEW v AS SELECT * FROM pairs",
		"DROP TABLE learned",
		"ALTER TABLE pairs ADD COLUMN more INTEGER",
		("DROP TABLE pairs; CREATE TABLE pairs (watcher, watched, state, asked_at, "
		 "granted_at, refused_at, ended_at, heard_at, PRIMARY KEY (watcher, watched))"),
	};
	struct bench *bench = *state;
	struct buf bytes = BUF_INIT;

	make_store(bench, &bytes);
	for (size_t i = 0; i < CHECK_COUNT(changes); i++) {
		start_over(bench, &bytes);
		run_sql(bench->path, changes[i]);
		assert_int_equal(try_open(bench), SET_ASIDE);
	}
	buf_free(&bytes);
}

/* A row that cannot be an address is left where it is, and the others are read. */
static void test_unreadable_row(void **state)
{
	struct bench *bench = *state;
	struct buf bytes = BUF_INIT;

	make_store(bench, &bytes);
	run_sql(bench->path, "INSERT INTO pairs VALUES (x'5a616263', x'53610000', 1, 0,0,0,0,0)"
			     " ON CONFLICT DO NOTHING");
	buf_free(&bytes);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	bench_load(bench);
	assert_int_equal(bench->row_count, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_flipped_bytes, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_hidden_damage, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_truncated, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_newer_version, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_foreign, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_changed_schema, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_unreadable_row, bench_setup, bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
