/* Places where no store can be: each is refused with a sentence that says what to do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

#include "store_bench.h"

enum { NOBODY = 65534 };

static long pretended_type; /* of every file system; 0: what it is */

/* In place of the C library's. */
int statfs(const char *path, struct statfs *out)
{
	int result = (int)syscall(SYS_statfs, path, out);

	if (result == 0 && pretended_type != 0)
		out->f_type = pretended_type;
	return result;
}

/* [SQL-006] WAL needs locks and memory that network file systems do not share. */
static void test_network(void **state)
{
	static const struct {
		long type;
		const char *name;
	} rows[] = {
		{0x6969, "NFS"}, {0xff534d42, "CIFS"}, {0xfe534d42, "SMB2"}, {0x00c36400, "Ceph"}};
	struct bench *bench = *state;

	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		pretended_type = rows[i].type;
		assert_int_equal(bench_open(bench, "sqlite"), ENOTSUP);
		assert_non_null(strstr(bench->error, rows[i].name));
		assert_non_null(strstr(bench->error, "local file system"));
		assert_int_equal(bench_files(bench, ""), 0);
	}
	pretended_type = 0x01021994; /* tmpfs */
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	pretended_type = 0;
}

/* Opens as somebody without rights; the words of the refusal, or "". */
static void refusal_of(struct bench *bench, char *out, size_t room)
{
	int fds[2];
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		size_t len = 0;

		if (setgid(NOBODY) == 0 && setuid(NOBODY) == 0 && bench_open(bench, "sqlite") != 0)
			len = strlen(bench->error);
		_exit(write(fds[1], bench->error, len) == (ssize_t)len ? 0 : 1);
	}
	close(fds[1]);
	got = read(fds[0], out, room - 1);
	out[got > 0 ? got : 0] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* [REL-019] never a silent refusal: whose the place must be is said. */
static void test_rights(void **state)
{
	static const struct {
		mode_t directory;
		mode_t file; /* 0: none yet */
		const char *word;
	} rows[] = {
		{0755, 0, "let the daemon's user (uid 65534) write there"},
		{0700, 0600, "let the daemon's user (uid 65534) write there"},
		{0777, 0600, "let the daemon's user (uid 65534) write the file"},
		{0777, 0444, "cannot be written: check owner and mode"},
	};
	struct bench *bench = *state;

	if (geteuid() != 0)
		skip(); /* there is nobody else to be */
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		char text[512];
		char lock[192];

		if (rows[i].file != 0) {
			assert_int_equal(bench_open(bench, "sqlite"), 0);
			bench_close(bench);
			assert_int_equal(chmod(bench->path, rows[i].file), 0);
			snprintf(lock, sizeof lock, "%s.lock", bench->path);
			assert_int_equal(chmod(lock, 0666), 0);
		}
		assert_int_equal(chmod(bench->directory, rows[i].directory), 0);
		refusal_of(bench, text, sizeof text);
		assert_int_equal(chmod(bench->directory, 0700), 0);
		if (strstr(text, rows[i].word) == NULL)
			fail_msg("%zu: %s", i, text);
		assert_int_equal(bench_files(bench, "damaged"), 0);
		unlink(bench->path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_network, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_rights, bench_setup, bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
