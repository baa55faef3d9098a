/* The SQLite engine: what survives, what is flushed when, and what a sick disk does. */
#include "support/check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "fault_vfs.h"
#include "store/sqlite_schema.h"
#include "store_bench.h"
#include "support/fake_loop.h"

static int setup(void **state)
{
	fault_vfs_reset();
	return bench_setup(state);
}

static int teardown(void **state)
{
	fault_vfs_reset();
	return bench_teardown(state);
}

static void reopen(struct bench *bench)
{
	bench_close(bench);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
}

/* [REL-012] there is one start path; what was completed is there, without an orderly stop
 * [CPP-013] [REQ-096] */
static void test_survives(void **state)
{
	struct bench *bench = *state;
	uint8_t key[HASH_KEY_BYTES];
	const struct pair_row *row;

	fake_loop_set_wall(bench->loop, 4711000);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	memcpy(key, store_key(bench->store), sizeof key);
	assert_int_equal(store_last_alive(bench->store), 0);
	bench_put(bench, "juliet", "1001", PAIR_GRANTED, 77);
	store_alive(bench->store, 4711, NULL, NULL);
	bench_put_spelling(bench, "alice", "Alice");
	bench_wait(bench);
	reopen(bench);
	assert_memory_equal(store_key(bench->store), key, sizeof key); /* D-10 */
	assert_int_equal(store_last_alive(bench->store), 4711);        /* D-49 */
	bench_load(bench);
	row = bench_row(bench, "juliet", "1001");
	assert_non_null(row);
	assert_int_equal(row->state, PAIR_GRANTED);
	assert_int_equal(row->asked_at, 77);
	assert_int_equal(bench->spelling_count, 1);
	store_alive(bench->store, 4712, NULL, NULL);
	reopen(bench); /* closing writes what is pending */
	assert_int_equal(store_last_alive(bench->store), 4712);
}

/* Writes rows for ever and tells each that is done. */
static void write_until_killed(struct bench *bench, int out)
{
	if (bench_open(bench, "sqlite") != 0)
		_exit(1);
	for (int i = 0; i < BENCH_DONE_MAX; i++) {
		char local[16];

		snprintf(local, sizeof local, "%d", i);
		bench_put(bench, "juliet", local, PAIR_GRANTED, i);
		bench_wait(bench);
		if (bench->errors[i] != 0 || write(out, &i, sizeof i) != sizeof i)
			_exit(2);
	}
	_exit(3);
}

/* [REL-012] kill -9 at any moment: whatever was reported as done is there afterwards */
static void test_killed(void **state)
{
	struct bench *bench = *state;

	for (int round = 1; round <= 10; round++) {
		int pipes[2];
		int done = -1;
		int status = 0;
		pid_t child;

		assert_int_equal(pipe(pipes), 0);
		child = fork();
		if (child == 0)
			write_until_killed(bench, pipes[1]);
		close(pipes[1]);
		while (done < round * 7)
			assert_int_equal(read(pipes[0], &done, sizeof done), sizeof done);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		while (read(pipes[0], &done, sizeof done) == sizeof done)
			continue;
		close(pipes[0]);
		assert_int_equal(bench_open(bench, "sqlite"), 0);
		bench_load(bench);
		for (int i = 0; i <= done; i++) {
			char local[16];

			snprintf(local, sizeof local, "%d", i);
			assert_non_null(bench_row(bench, "juliet", local));
		}
		assert_int_equal(bench_files(bench, "damaged"), 0);
		bench_close(bench);
	}
}

static unsigned mode_of(const char *path, const char *suffix)
{
	char name[192];
	struct stat info;

	snprintf(name, sizeof name, "%s%s", path, suffix);
	assert_int_equal(stat(name, &info), 0);
	return (unsigned)info.st_mode & 0777;
}

/* [SEC-094] [SQL-010] file, log and index are the daemon's alone, whatever the umask was */
static void test_modes(void **state)
{
	struct bench *bench = *state;
	mode_t before = umask(0);

	assert_int_equal(bench_open(bench, "sqlite"), 0);
	bench_put(bench, "juliet", "1001", PAIR_GRANTED, 1);
	bench_wait(bench);
	assert_int_equal(mode_of(bench->path, ""), 0600);
	assert_int_equal(mode_of(bench->path, "-wal"), 0600);
	assert_int_equal(mode_of(bench->path, "-shm"), 0600);
	bench_close(bench);
	assert_int_equal(chmod(bench->path, 0666), 0);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	assert_int_equal(mode_of(bench->path, ""), 0600);
	umask(before);
}

/* [SEC-094] */
static void test_makes_directory(void **state)
{
	struct bench *bench = *state;
	char inner[96];
	char lock[192];

	snprintf(inner, sizeof inner, "%s/state", bench->directory);
	snprintf(bench->path, sizeof bench->path, "%s/state.db", inner);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	assert_int_equal(mode_of(inner, ""), 0700);
	bench_close(bench);
	assert_int_equal(unlink(bench->path), 0);
	snprintf(lock, sizeof lock, "%s.lock", bench->path);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(rmdir(inner), 0);
	snprintf(bench->path, sizeof bench->path, "%s/no/such/state.db", bench->directory);
	assert_int_equal(bench_open(bench, "sqlite"), ENOENT);
	assert_non_null(strstr(bench->error, "/no/such"));
}

/* [SQL-007] every byte that an address may hold comes back */
static void test_all_bytes(void **state)
{
	struct bench *bench = *state;
	char local[256];

	for (int i = 1; i < 256; i++)
		local[i - 1] = (char)i;
	local[255] = '\0';
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	bench_put(bench, local, "%00'\"; DROP TABLE pairs; --", PAIR_ASKED, 9);
	bench_put_spelling(bench, local, local);
	bench_load(bench);
	assert_int_equal(bench->row_count, 1);
	assert_non_null(bench_row(bench, local, "%00'\"; DROP TABLE pairs; --"));
	assert_int_equal(bench->spelling_count, 1);
	assert_string_equal(bench->spellings[0].text, local);
	assert_string_equal(bench->spellings[0].address.local, local);
}

static void put_many(struct bench *bench, int count)
{
	for (int i = 0; i < count; i++) {
		char local[16];

		snprintf(local, sizeof local, "%d", i);
		bench_put(bench, "juliet", local, PAIR_GRANTED, i);
	}
}

/* Rows come in pieces; none is lost or doubled, and what was asked for before is in them. */
static void test_large_load(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(bench_open(bench, "sqlite"), 0);
	put_many(bench, 2000);
	bench_load(bench);
	assert_int_equal(bench->row_count, 2000);
	for (int i = 0; i < 2000; i++) {
		char local[16];
		const struct pair_row *row;

		snprintf(local, sizeof local, "%d", i);
		row = bench_row(bench, "juliet", local);
		assert_non_null(row);
		assert_int_equal(row->asked_at, i);
	}
}

static bool is_syncing(void *arg)
{
	(void)arg;
	return fault_vfs()->waiting > 0;
}

static void on_timer(void *arg)
{
	(*(int *)arg)++;
}

/* [SQL-003] [SQL-001] while the disk takes its time, the loop turns, and
 * nothing is reported as done before the flush is through.
 * [REL-055] */
static void test_answer_waits_for_flush(void **state)
{
	struct bench *bench = *state;
	struct loop_timer timer = {0};
	int fired = 0;
	int syncs;

	assert_int_equal(bench_open(bench, "sqlite"), 0);
	syncs = fault_vfs()->syncs;
	fault_vfs()->hold_sync = true;
	bench_put(bench, "juliet", "1001", PAIR_GRANTED, 1);
	assert_true(fake_loop_wait(bench->loop, is_syncing, NULL));
	loop_timer_set(bench->loop, &timer, 1000, on_timer, &fired);
	fake_loop_advance(bench->loop, 2000);
	assert_int_equal(fired, 1);
	assert_int_equal(bench->done, 0);
	bench_put(bench, "juliet", "1002", PAIR_GRANTED, 1);
	fake_loop_run(bench->loop);
	assert_int_equal(bench->done, 0);
	fault_vfs()->hold_sync = false;
	bench_wait(bench);
	assert_int_equal(bench->errors[0], 0);
	assert_true(fault_vfs()->syncs > syncs);
}

/* [SQL-002] what comes while a flush runs shares the next one: 600 requests, one flush */
static void test_group_commit(void **state)
{
	struct bench *bench = *state;
	int syncs;

	assert_int_equal(bench_open(bench, "sqlite"), 0);
	fault_vfs()->hold_sync = true;
	bench_put(bench, "juliet", "first", PAIR_GRANTED, 1);
	assert_true(fake_loop_wait(bench->loop, is_syncing, NULL));
	syncs = fault_vfs()->syncs;
	put_many(bench, 600);
	fault_vfs()->hold_sync = false;
	bench_wait(bench);
	/* One more if the log starts anew. */
	assert_in_range(fault_vfs()->syncs - syncs, 1, 2);
	for (size_t i = 0; i < bench->done; i++)
		assert_int_equal(bench->errors[i], 0);
}

struct told {
	struct bench *bench;
	size_t calls;
	size_t done; /* of the bench's writes, at the call */
};

static void note_failure(void *arg)
{
	struct told *told = arg;

	assert_true(store_has_failed(told->bench->store));
	told->calls++;
	told->done = told->bench->done;
}

/* [REL-010] [SQL-005] a failed flush ends acceptance for good: the disk works again at once, yet no
 * success is reported any more. A new start reads what was there. */
static void test_failed_flush(void **state)
{
	struct bench *bench = *state;
	struct told told = {.bench = bench};

	assert_int_equal(bench_open(bench, "sqlite"), 0);
	bench_put(bench, "juliet", "safe", PAIR_GRANTED, 1);
	bench_wait(bench);
	assert_false(store_has_failed(bench->store));
	store_on_failure(bench->store, note_failure, &told);
	fault_vfs()->syncs_to_fail = 1;
	bench_put(bench, "juliet", "lost", PAIR_GRANTED, 1);
	bench_wait(bench);
	assert_int_equal(bench->errors[1], EIO);
	assert_int_equal(told.done, 1); /* before the write's own done */
	assert_true(store_has_failed(bench->store));
	assert_int_equal(fault_vfs()->syncs_to_fail, 0);
	bench_put(bench, "juliet", "later", PAIR_GRANTED, 1);
	bench_stop(bench);
	bench_load(bench);
	assert_int_equal(bench->errors[2], EIO);
	assert_int_equal(bench->errors[3], EIO);
	assert_int_equal(told.calls, 1);
	assert_int_equal(bench->row_count, 0);
	reopen(bench);
	assert_false(store_has_failed(bench->store));
	bench_load(bench);
	assert_non_null(bench_row(bench, "juliet", "safe"));
	assert_null(bench_row(bench, "juliet", "later"));
}

static const struct {
	int code;
	int system;
	int expected;
	bool fatal;
} write_faults[] = {
	{SQLITE_FULL, ENOSPC, ENOSPC, false},        /* disk full */
	{SQLITE_IOERR_WRITE, EDQUOT, ENOSPC, false}, /* quota */
	{SQLITE_IOERR_WRITE, EIO, EIO, true},        /* [REL-010] */
};

/* [SQL-005] (the store's part of REL-009) without space requests are refused now, what was accepted
 * stays, and when space is back, work goes on; other write errors end acceptance.
 * [REL-052] */
static void test_write_faults(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < CHECK_COUNT(write_faults); i++) {
		assert_int_equal(bench_open(bench, "sqlite"), 0);
		bench_put(bench, "juliet", "before", PAIR_GRANTED, 1);
		bench_wait(bench);
		assert_int_equal(bench->errors[bench->done - 1], 0);
		fault_vfs()->write_errno = write_faults[i].system;
		fault_vfs()->write_error = write_faults[i].code;
		bench_put(bench, "juliet", "refused", PAIR_GRANTED, 1);
		bench_wait(bench);
		assert_int_equal(bench->errors[bench->done - 1], write_faults[i].expected);
		assert_int_equal(store_has_failed(bench->store), write_faults[i].fatal);
		fault_vfs_reset();
		bench_put(bench, "juliet", "after", PAIR_GRANTED, 1);
		bench_wait(bench);
		assert_int_equal(bench->errors[bench->done - 1],
				 write_faults[i].fatal ? write_faults[i].expected : 0);
		reopen(bench);
		bench_load(bench);
		assert_non_null(bench_row(bench, "juliet", "before"));
		assert_null(bench_row(bench, "juliet", "refused"));
		bench_drop(bench, "juliet", "after");
		bench_wait(bench);
		bench_close(bench);
	}
}

/* [SQL-004] an operator who looks in holds nobody up */
static void test_reader_does_not_block(void **state)
{
	struct bench *bench = *state;
	sqlite3 *reader = NULL;

	assert_int_equal(bench_open(bench, "sqlite"), 0);
	bench_put(bench, "juliet", "1001", PAIR_GRANTED, 1);
	bench_wait(bench);
	assert_int_equal(sqlite3_open_v2(bench->path, &reader, SQLITE_OPEN_READONLY, "unix"),
			 SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM pairs", NULL, NULL, NULL),
		SQLITE_OK);
	put_many(bench, 300);
	bench_wait(bench);
	for (size_t i = 0; i < bench->done; i++)
		assert_int_equal(bench->errors[i], 0);
	sqlite3_close(reader);
}

/* [SQL-006] a copy is made while the store works, in this very process: nothing is lost of either,
 * and what SQLite holds for the file is not dropped when the copier closes it. */
static void test_copy_while_running(void **state)
{
	struct bench *bench = *state;
	char copy[192];
	sqlite3 *db = NULL;

	assert_int_equal(bench_open(bench, "sqlite"), 0);
	put_many(bench, 300);
	bench_wait(bench);
	put_many(bench, 600);
	snprintf(copy, sizeof copy, "%s.copy", bench->path);
	assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
	assert_int_equal(sqlite_schema_copy(db, copy), SQLITE_OK);
	sqlite3_close(db);
	bench_put(bench, "juliet", "later", PAIR_GRANTED, 1);
	bench_wait(bench);
	for (size_t i = 0; i < bench->done; i++)
		assert_int_equal(bench->errors[i], 0);
	reopen(bench);
	bench_load(bench);
	assert_int_equal(bench->row_count, 601);
	bench_close(bench);
	assert_int_equal(rename(copy, bench->path), 0);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	bench_load(bench);
	assert_true(bench->row_count >= 300);
	assert_int_equal(bench_files(bench, "damaged"), 0);
}

/* [SQL-009] one statement serves all rows: no value of the row before, or of one that failed, is in
 * the next. [SQL-011] and its memory does not grow with the work. */
static void test_statements_start_afresh(void **state)
{
	struct bench *bench = *state;
	const struct pair_row *row;
	char longest[1024];

	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	assert_in_range(sqlite3_soft_heap_limit64(-1), 1, 64 << 20);
	bench_put(bench, longest, longest, PAIR_REFUSED, 99);
	bench_put(bench, "j", "1", PAIR_ASKED, 0);
	bench_wait(bench);
	fault_vfs()->write_errno = ENOSPC;
	fault_vfs()->write_error = SQLITE_FULL;
	bench_put(bench, "failed", "failed", PAIR_REFUSED, 77);
	bench_wait(bench);
	fault_vfs_reset();
	bench_put(bench, "k", "2", PAIR_ASKED, 0);
	bench_drop(bench, "j", "1");
	bench_load(bench);
	assert_int_equal(bench->row_count, 2);
	row = bench_row(bench, "k", "2");
	assert_non_null(row);
	assert_int_equal(row->state, PAIR_ASKED);
	assert_int_equal(row->asked_at, 0);
	assert_non_null(bench_row(bench, longest, longest));
	for (int round = 0; round < 3; round++)
		put_many(bench, 1000);
	bench_wait(bench);
	assert_in_range(sqlite3_memory_highwater(0), 1, 16 << 20);
}

/* [REL-018] the copy that is kept before a change of format holds the rows, and overwrites nothing
 */
static void test_copy(void **state)
{
	struct bench *bench = *state;
	char copy[192];
	sqlite3 *db = NULL;

	assert_int_equal(bench_open(bench, "sqlite"), 0);
	bench_put(bench, "juliet", "1001", PAIR_GRANTED, 1);
	bench_wait(bench);
	bench_close(bench);
	snprintf(copy, sizeof copy, "%s.v1", bench->path);
	assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
	assert_int_equal(sqlite_schema_copy(db, copy), SQLITE_OK);
	assert_int_not_equal(sqlite_schema_copy(db, copy), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(rename(copy, bench->path), 0);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	bench_load(bench);
	assert_non_null(bench_row(bench, "juliet", "1001"));
}

/* An unfinished first start: the file is there, the tables are not. */
static void test_empty_file(void **state)
{
	struct bench *bench = *state;
	FILE *file = fopen(bench->path, "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	assert_int_equal(bench_files(bench, "damaged"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_survives, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_makes_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_load, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answer_waits_for_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_group_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader_does_not_block, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copy_while_running, setup, teardown),
		cmocka_unit_test_setup_teardown(test_statements_start_afresh, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_file, setup, teardown),
	};

	fault_vfs();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
