/* The queue on a disk that is slow, full, locked, or searched by somebody else. */
#include "support/check.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "fault_vfs.h"
#include "store/sqlite_db.h"
#include "store_bench.h"
#include "support/fake_loop.h"

static const char secret[] = "The rendezvous is at midnight behind the chapel";

enum { TURN = 3500 }; /* more than a transaction takes of different turns */

struct trouble {
	struct bench *bench;
	size_t asked;
	size_t done;
	int errors[TURN + 1];
	int64_t seqs[TURN + 1]; /* that were loaded */
	size_t rows;
};

static int setup(void **state)
{
	struct trouble *trouble = mem_zalloc(sizeof *trouble);
	void *bench = NULL;
	int result = bench_setup(&bench);

	fault_vfs();
	fault_vfs_reset();
	trouble->bench = bench;
	*state = trouble;
	return result != 0 ? result : bench_open(trouble->bench, "sqlite");
}

static int teardown(void **state)
{
	struct trouble *trouble = *state;
	void *bench = trouble->bench;

	fault_vfs_reset();
	mem_free(trouble);
	return bench_teardown(&bench);
}

static void on_done(int error, void *arg)
{
	struct trouble *trouble = arg;

	assert_true(trouble->done < CHECK_COUNT(trouble->errors));
	trouble->errors[trouble->done++] = error;
}

static void put(struct trouble *trouble, int64_t seq)
{
	struct queue_row row = {
		.seq = seq, .accepted_ms = 1, .expires_s = 2, .value = mem_strdup(secret)};

	row.value_len = strlen(secret);
	address_set(&row.sender, SIDE_XMPP, "juliet", "chat.example");
	address_set(&row.recipient, SIDE_SIP, "1001", "pbx.example");
	trouble->asked++;
	store_take_queued(trouble->bench->store, &row, on_done, trouble);
	queue_row_clear(&row);
}

static void drop(struct trouble *trouble, int64_t seq)
{
	trouble->asked++;
	store_drop_queued(trouble->bench->store, seq, on_done, trouble);
}

static bool is_done(void *arg)
{
	const struct trouble *trouble = arg;

	return trouble->done >= trouble->asked;
}

/* Waits; each has ended with this error. */
static void settle(struct trouble *trouble, int error)
{
	assert_true(fake_loop_wait(trouble->bench->loop, is_done, trouble));
	assert_int_equal(trouble->done, trouble->asked);
	for (size_t i = 0; i < trouble->done; i++)
		assert_int_equal(trouble->errors[i], error);
	trouble->done = 0;
	trouble->asked = 0;
}

static void on_row(const struct queue_row *row, void *arg)
{
	struct trouble *trouble = arg;

	trouble->seqs[trouble->rows++] = row->seq;
	assert_string_equal(row->value, secret);
}

/* What is in the queue are these, of which there are count. */
static void expect_queue(struct trouble *trouble, const int64_t *seqs, size_t count)
{
	trouble->rows = 0;
	trouble->asked++;
	store_load_queue(trouble->bench->store, on_row, on_done, trouble);
	settle(trouble, 0);
	assert_int_equal(trouble->rows, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(trouble->seqs[i], seqs[i]);
}

static bool is_flushing(void *arg)
{
	(void)arg;
	return fault_vfs()->waiting > 0;
}

/* [REL-002] the answer waits for the flush of the commit, however long that takes; the same holds
 * for what is dropped. [SQL-001] */
static void test_answer_waits_for_commit(void **state)
{
	struct trouble *trouble = *state;

	for (int round = 0; round < 2; round++) {
		fault_vfs()->hold_sync = true;
		if (round == 0)
			put(trouble, 1);
		else
			drop(trouble, 1);
		assert_true(fake_loop_wait(trouble->bench->loop, is_flushing, NULL));
		for (int i = 0; i < 20; i++) {
			usleep(1000);
			fake_loop_advance(trouble->bench->loop, 100);
		}
		assert_int_equal(trouble->done, 0);
		fault_vfs()->hold_sync = false;
		settle(trouble, 0);
	}
}

/* What is asked for in one turn of the loop is one transaction (REL-005), whether the thread sleeps
 * or works, and however much it is. */
static void test_turn_is_one(void **state)
{
	struct trouble *trouble = *state;

	for (int is_busy = 0; is_busy < 2; is_busy++) {
		int syncs;

		if (is_busy) {
			fault_vfs()->hold_sync = true;
			put(trouble, TURN + 1);
			assert_true(fake_loop_wait(trouble->bench->loop, is_flushing, NULL));
		}
		syncs = fault_vfs()->syncs;
		for (int64_t seq = 1; seq <= TURN; seq++)
			put(trouble, seq);
		fake_loop_run(trouble->bench->loop);
		fault_vfs()->hold_sync = false;
		settle(trouble, 0);
		/* One more if the log starts anew. */
		assert_in_range(fault_vfs()->syncs - syncs, 1, 2);
	}
}

/* A turn that is refused is refused as a whole, but for a row that is wrong by itself. */
static void test_turn_is_refused(void **state)
{
	struct trouble *trouble = *state;

	put(trouble, 1);
	settle(trouble, 0);
	fault_vfs()->syncs_to_fail = 1;
	drop(trouble, 1);
	put(trouble, 2);
	settle(trouble, EIO);
	bench_close(trouble->bench);
	fault_vfs_reset();
	assert_int_equal(bench_open(trouble->bench, "sqlite"), 0);
	trouble->rows = 0;
	trouble->asked++;
	store_load_queue(trouble->bench->store, on_row, on_done, trouble);
	settle(trouble, 0);
	/* REL-010: the flush failed, what it wrote may be there or not; but not half of it. */
	assert_int_equal(trouble->rows, 1);
}

/* What is logged goes into a file. */
struct caught {
	FILE *file;
	int before;
};

static void catch_log(struct caught *caught)
{
	caught->file = tmpfile();
	caught->before = dup(STDERR_FILENO);
	assert_non_null(caught->file);
	assert_int_equal(dup2(fileno(caught->file), STDERR_FILENO), STDERR_FILENO);
	log_open(LOG_TARGET_STDERR, LOG_LEVEL_NOTICE, "daemon");
}

/* How often the text was logged; goes on catching. */
static size_t count_caught(const struct caught *caught, const char *text)
{
	char line[1024];
	size_t count = 0;

	rewind(caught->file);
	while (fgets(line, sizeof line, caught->file) != NULL)
		count += strstr(line, text) != NULL;
	return count;
}

static void let_log_go(struct caught *caught)
{
	dup2(caught->before, STDERR_FILENO);
	close(caught->before);
	fclose(caught->file);
	log_open(LOG_TARGET_STDERR, LOG_LEVEL_ERR, "daemon");
}

/* [REL-009] [SQL-005] no space, by a full disk or by a quota: what comes is refused, all of it, and
 * a drop that was refused drops nothing; what was accepted stays; when there is space again, work
 * goes on. */
static void test_no_space(void **state)
{
	static const struct {
		int code;
		int system;
	} faults[] = {{SQLITE_FULL, ENOSPC}, {SQLITE_IOERR_WRITE, EDQUOT}};
	struct trouble *trouble = *state;
	struct caught caught;

	catch_log(&caught);
	put(trouble, 1);
	put(trouble, 2);
	settle(trouble, 0);
	assert_int_equal(count_caught(&caught, "store: "), 0);
	for (size_t i = 0; i < CHECK_COUNT(faults); i++) {
		fault_vfs()->write_errno = faults[i].system;
		fault_vfs()->write_error = faults[i].code;
		for (int64_t seq = 10; seq < 50; seq++)
			put(trouble, seq);
		drop(trouble, 1);
		settle(trouble, ENOSPC);
		put(trouble, 51);
		settle(trouble, ENOSPC);
		assert_false(store_has_failed(trouble->bench->store));
		fault_vfs_reset();
		put(trouble, 50);
		settle(trouble, 0);
		/* Each once, not for each text. */
		assert_int_equal(count_caught(&caught, "err store: no space on the disk"), i + 1);
		assert_int_equal(count_caught(&caught, "notice store: writing works again"), i + 1);
		expect_queue(trouble, (int64_t[]){1, 2, 50}, 3);
		drop(trouble, 50);
		settle(trouble, 0);
	}
	let_log_go(&caught);
	bench_close(trouble->bench);
	assert_int_equal(bench_open(trouble->bench, "sqlite"), 0);
	expect_queue(trouble, (int64_t[]){1, 2}, 2);
}

static void run_sql(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* [SQL-004] another program writes: it is waited for, 5 s long, once; then what comes is refused at
 * once, as it should be (REL-009), until it has gone. Nothing that was accepted is lost. */
static void test_locked(void **state)
{
	struct trouble *trouble = *state;
	sqlite3 *other = NULL;
	struct caught caught;

	catch_log(&caught);
	put(trouble, 1);
	settle(trouble, 0);
	assert_int_equal(
		sqlite3_open_v2(trouble->bench->path, &other, SQLITE_OPEN_READWRITE, "unix"),
		SQLITE_OK);
	run_sql(other, "BEGIN IMMEDIATE");
	for (int64_t seq = 2; seq < 42; seq++)
		put(trouble, seq);
	drop(trouble, 1);
	settle(trouble, EBUSY);
	assert_in_range(fault_vfs()->slept_ms, SQLITE_DB_BUSY_MS - 1000, SQLITE_DB_BUSY_MS);
	assert_false(store_has_failed(trouble->bench->store));
	fault_vfs()->slept_ms = 0;
	put(trouble, 42);
	settle(trouble, EBUSY);
	assert_int_equal(fault_vfs()->slept_ms, 0);
	expect_queue(trouble, (int64_t[]){1}, 1); /* reading goes on */
	run_sql(other, "ROLLBACK");
	put(trouble, 43);
	settle(trouble, 0);
	assert_int_equal(count_caught(&caught, "warning store: another program"), 1);
	assert_int_equal(count_caught(&caught, "notice store: writing works again"), 1);
	let_log_go(&caught);
	run_sql(other, "BEGIN IMMEDIATE");
	drop(trouble, 1);
	settle(trouble, EBUSY);
	assert_in_range(fault_vfs()->slept_ms, SQLITE_DB_BUSY_MS - 1000, SQLITE_DB_BUSY_MS);
	run_sql(other, "ROLLBACK");
	sqlite3_close(other);
	expect_queue(trouble, (int64_t[]){1, 43}, 2);
}

static void read_into(const char *directory, const char *name, struct buf *out)
{
	char part[4096];
	char path[400];
	size_t got = 1;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	file = fopen(path, "rb");
	while (file != NULL && got > 0) {
		got = fread(part, 1, sizeof part, file);
		buf_append(out, part, got);
	}
	if (file != NULL)
		fclose(file);
}

static bool is_in_files(const char *directory)
{
	DIR *dir = opendir(directory);
	struct buf all = BUF_INIT;
	bool found;

	if (dir == NULL)
		return false;
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (entry->d_name[0] != '.')
			read_into(directory, entry->d_name, &all);
	}
	closedir(dir);
	found = memmem(all.data, all.len, secret, strlen(secret)) != NULL;
	buf_free(&all);
	return found;
}

/* Whether any file of the store holds the text; read by a process of its own, since closing a file
 * here would drop SQLite's locks (SQL-006). It says so by a pipe: valgrind has the exit code. */
static bool is_on_disk(struct trouble *trouble)
{
	char answer = '?';
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		answer = is_in_files(trouble->bench->directory) ? 'y' : 'n';
		_exit(write(ends[1], &answer, 1) == 1 ? 0 : 1);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &answer, 1), 1);
	close(ends[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return answer == 'y';
}

static bool is_gone(void *arg)
{
	usleep(20000);
	return !is_on_disk(arg);
}

/* [SEC-099] a text that was delivered is nowhere in the files after the next idle second. */
static void test_nothing_stays(void **state)
{
	struct trouble *trouble = *state;

	for (int64_t seq = 1; seq <= 60; seq++)
		put(trouble, seq);
	settle(trouble, 0);
	assert_true(is_on_disk(trouble));
	for (int64_t seq = 1; seq <= 60; seq++)
		drop(trouble, seq);
	settle(trouble, 0);
	assert_true(fake_loop_wait(trouble->bench->loop, is_gone, trouble));
	put(trouble, 61);
	settle(trouble, 0);
	expect_queue(trouble, (int64_t[]){61}, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answer_waits_for_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_turn_is_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_turn_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_space, setup, teardown),
		cmocka_unit_test_setup_teardown(test_locked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_stays, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
