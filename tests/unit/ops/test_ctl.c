/* sipxmppctl as a program against the real control socket: words, streams and exit codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "loop/loop.h"
#include "ops/control.h"

struct world {
	struct loop *loop;
	struct control *control;
	char dir[64];
	char path[96];
	struct buf output;
	int code;
};

static int echo(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	(void)arg;
	buf_printf(out, "%s", as_json ? "json" : "text");
	for (int i = 0; i < argc; i++)
		buf_printf(out, " <%s>", argv[i]);
	buf_puts(out, "\n");
	return 0;
}

static int refuse(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	(void)argv;
	(void)as_json;
	(void)arg;
	buf_puts(out, argc == 0 ? "name an address" : "no such pair");
	return argc == 0 ? EINVAL : ENOENT;
}

static const struct control_command commands[] = {
	{"echo", "", "echoes", echo},
	{"forget", "ADDRESS", "forgets", refuse},
	{NULL, NULL, NULL, NULL},
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	char error[256];

	assert_non_null(world);
	strcpy(world->dir, "/tmp/sx-ctl-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	snprintf(world->path, sizeof(world->path), "%s/control", world->dir);
	assert_int_equal(loop_new(&world->loop), 0);
	assert_int_equal(control_new(&world->control, world->loop, world->path, commands, world,
				     error, sizeof(error)),
			 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	control_free(&world->control);
	loop_free(&world->loop);
	rmdir(world->dir);
	buf_free(&world->output);
	free(world);
	return 0;
}

static void on_output(int fd, unsigned events, void *arg)
{
	struct world *world = arg;
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	(void)events;
	if (n > 0)
		buf_append(&world->output, chunk, (size_t)n);
	else
		loop_quit(world->loop);
}

/* Output and error text in the order they came. */
static const char *run(struct world *world, const char *const *words)
{
	const char *argv[12] = {CTL_PATH};
	int ends[2];
	int status = 0;
	pid_t pid = 0;

	for (int i = 0; words[i] != NULL; i++)
		argv[i + 1] = strcmp(words[i], "SOCKET") == 0 ? world->path : words[i];
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		execv(CTL_PATH, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(ends[1]);
	buf_reset(&world->output);
	loop_fd(world->loop, ends[0], LOOP_READ, on_output, world);
	loop_run(world->loop);
	loop_fd(world->loop, ends[0], 0, NULL, NULL);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	world->code = WEXITSTATUS(status);
	return buf_text(&world->output);
}

#define RUN(world, ...) run((world), (const char *const[]){__VA_ARGS__, NULL})

static void passes_words_unchanged(void **state)
{
	struct world *world = *state;

	assert_string_equal(RUN(world, "-s", "SOCKET", "echo", "a b", "", "c\"d\\", "j\xc3\xa4"),
			    "text <a b> <> <c\"d\\> <j\xc3\xa4>\n");
	assert_int_equal(world->code, 0);
	assert_string_equal(RUN(world, "--json", "-s", "SOCKET", "echo"), "json\n");
	assert_string_equal(RUN(world, "-s", "SOCKET", "echo", "--json"), "json\n");
	assert_string_equal(RUN(world, "-s", "SOCKET", "echo", "--quiet", "-x"),
			    "text <--quiet> <-x>\n");
	assert_non_null(strstr(RUN(world, "-s", "SOCKET", "help"), "forget ADDRESS"));
	assert_int_equal(world->code, 0);
}

static void ends_with_the_documented_codes(void **state)
{
	struct world *world = *state;

	assert_string_equal(RUN(world, "-s", "SOCKET", "forget", "x"),
			    "sipxmppctl: no such pair\n");
	assert_int_equal(world->code, 1);
	assert_string_equal(RUN(world, "-s", "SOCKET", "forget"),
			    "sipxmppctl: usage: name an address\n");
	assert_int_equal(world->code, 64);
	assert_non_null(strstr(RUN(world, "-s", "SOCKET", "dance"), "no such command"));
	assert_int_equal(world->code, 64);
	assert_non_null(strstr(RUN(world, "-s", "SOCKET"), "usage: sipxmppctl"));
	assert_int_equal(world->code, 64);
	RUN(world, "--wrong");
	assert_int_equal(world->code, 64);
	RUN(world, "-s", "SOCKET", "echo", "two\nlines");
	assert_int_equal(world->code, 64);
	assert_non_null(
		strstr(RUN(world, "-s", "/nowhere/control", "echo"), "is sipxmppd running?"));
	assert_int_equal(world->code, 75);
}

static void tells_usage_and_version(void **state)
{
	struct world *world = *state;

	assert_non_null(strstr(RUN(world, "--help"), "usage: sipxmppctl"));
	assert_int_equal(world->code, 0);
	assert_string_equal(RUN(world, "-V"), "sipxmppctl " SIPXMPPD_VERSION "\n");
	assert_int_equal(world->code, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(passes_words_unchanged),
		CASE(ends_with_the_documented_codes),
		CASE(tells_usage_and_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
