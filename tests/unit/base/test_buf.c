/* Memory and buffers. */
#include "support/check.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

static void test_append(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	assert_string_equal(buf_text(&buf), "");
	buf_append(&buf, NULL, 0);
	assert_non_null(buf.data);
	buf_puts(&buf, "abc");
	buf_putc(&buf, '\0');
	buf_printf(&buf, "%d-%s", 42, "x");
	assert_int_equal(buf.len, 8);
	assert_memory_equal(buf.data, "abc\00042-x", 9);
	buf_consume(&buf, 0);
	buf_consume(&buf, 4);
	assert_string_equal(buf_text(&buf), "42-x");
	buf_consume(&buf, 4);
	assert_string_equal(buf_text(&buf), "");
	buf_free(&buf);
	assert_null(buf.data);
	buf_puts(&buf, "again");
	assert_string_equal(buf_text(&buf), "again");
	buf_reset(&buf);
	assert_int_equal(buf.len, 0);
	assert_string_equal(buf_text(&buf), "");
	buf_free(&buf);
}

static void test_grow(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_putc(&buf, (char)('a' + i % 26));
	assert_int_equal(buf.len, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(buf.data[i], 'a' + i % 26);
	assert_int_equal(buf.data[100000], '\0');
	buf_reset(&buf);
	buf_printf(&buf, "%0500d", 7);
	assert_int_equal(buf.len, 500);
	buf_free(&buf);
}

static void test_take(void **state)
{
	struct buf buf = BUF_INIT;
	char *text = buf_take(&buf);

	(void)state;
	assert_string_equal(text, "");
	mem_free(text);
	buf_puts(&buf, "mine");
	text = buf_take(&buf);
	assert_string_equal(text, "mine");
	assert_int_equal(buf.len, 0);
	assert_null(buf.data);
	mem_free(text);
}

static void test_mem(void **state)
{
	char secret[8] = "geheim!";
	char *text;
	unsigned char *zeros;

	(void)state;
	assert_null(mem_strdup_or_null(NULL));
	text = mem_strndup("abcdef", 3);
	assert_string_equal(text, "abc");
	mem_free(text);
	zeros = mem_zalloc(64);
	for (int i = 0; i < 64; i++)
		assert_int_equal(zeros[i], 0);
	zeros = mem_resize(zeros, 100, 2);
	mem_free(zeros);
	text = mem_alloc(0);
	assert_non_null(text);
	mem_free(text);
	/* SEC-091 */
	mem_wipe(secret, sizeof secret);
	assert_memory_equal(secret, "\0\0\0\0\0\0\0\0", sizeof secret);
	mem_wipe(NULL, 0);
}

/* What the child says on standard error; it must have ended with code and without a signal. */
static void check_end(pid_t child, const int fds[2], char *said, size_t size)
{
	ssize_t len;
	int status = 0;

	assert_true(child > 0);
	close(fds[1]);
	len = read(fds[0], said, size - 1);
	assert_true(len > 0);
	said[len] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), MEM_EXIT_CODE);
}

static void exit_handler(void)
{
	abort();
}

/* A product that overflows ends the program instead of giving a small block. */
static void test_overflow_ends(void **state)
{
	char said[256];
	int fds[2];
	pid_t child;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		dup2(fds[1], STDERR_FILENO);
		atexit(exit_handler);
		mem_free(mem_array(SIZE_MAX / 8, 16));
		_exit(0);
	}
	check_end(child, fds, said, sizeof said);
	assert_non_null(strstr(said, "out of memory"));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),        cmocka_unit_test(test_grow),
		cmocka_unit_test(test_take),          cmocka_unit_test(test_mem),
		cmocka_unit_test(test_overflow_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
