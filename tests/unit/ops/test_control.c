/* The control socket: the real loop, clients in the same process. The kernel holds what the client
 * wrote until the loop accepts it, so one thread is enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "loop/loop.h"
#include "ops/control.h"

struct world {
	struct loop *loop;
	struct control *control;
	char dir[64];
	char path[96];
	char error[256];
	struct buf reply;
};

static int echo(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	struct world *world = arg;

	assert_non_null(world->loop);
	buf_printf(out, "echo %d%s", argc, as_json ? " json" : "");
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
	if (argc == 0)
		return EINVAL;
	buf_printf(out, "no pair with that address\nand more");
	return ENOENT;
}

/* More than a socket buffer holds. */
static int flood(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	(void)argc;
	(void)argv;
	(void)as_json;
	(void)arg;
	for (int i = 0; i < 100000; i++)
		buf_printf(out, "line %06d of many\n", i);
	return 0;
}

static const struct control_command commands[] = {
	{"show", "", "shows", echo},
	{"show pairs", "[ADDRESS]", "shows pairs", echo},
	{"forget", "ADDRESS", "forgets", refuse},
	{"flood", "", "much", flood},
	{NULL, NULL, NULL, NULL},
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	strcpy(world->dir, "/tmp/sx-control-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	snprintf(world->path, sizeof(world->path), "%s/control", world->dir);
	assert_int_equal(loop_new(&world->loop), 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	control_free(&world->control);
	assert_int_not_equal(access(world->path, F_OK), 0);
	loop_free(&world->loop);
	rmdir(world->dir);
	buf_free(&world->reply);
	free(world);
	return 0;
}

static void start(struct world *world)
{
	assert_int_equal(control_new(&world->control, world->loop, world->path, commands, world,
				     world->error, sizeof(world->error)),
			 0);
}

static int client(const struct world *world)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, world->path);
	assert_int_equal(
		connect(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)), 0);
	return fd;
}

static void on_client(int fd, unsigned events, void *arg)
{
	struct world *world = arg;
	char chunk[65536];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	(void)events;
	if (n > 0)
		buf_append(&world->reply, chunk, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		loop_quit(world->loop);
	/* a reset would be an error of the server: it must look like an end of file */
	assert_true(n >= 0 || errno == EAGAIN);
}

static const char *read_all(struct world *world, int fd)
{
	buf_reset(&world->reply);
	assert_int_equal(loop_fd(world->loop, fd, LOOP_READ, on_client, world), 0);
	loop_run(world->loop);
	loop_fd(world->loop, fd, 0, NULL, NULL);
	close(fd);
	return buf_text(&world->reply);
}

static const char *ask_n(struct world *world, const char *text, size_t len)
{
	int fd = client(world);

	assert_int_equal(write(fd, text, len), (ssize_t)len);
	return read_all(world, fd);
}

static const char *ask(struct world *world, const char *text)
{
	return ask_n(world, text, strlen(text));
}

static void runs_the_longest_name(void **state)
{
	struct world *world = *state;

	start(world);
	assert_string_equal(ask(world, "show\n"), "ok\necho 0\n");
	assert_string_equal(ask(world, "show pairs\n"), "ok\necho 0\n");
	assert_string_equal(ask(world, "show peers \"a b\"\n"), "ok\necho 2 <peers> <a b>\n");
	assert_string_equal(ask(world, "json show pairs x@y\n"), "ok\necho 1 json <x@y>\n");
}

static void says_what_is_wrong(void **state)
{
	struct world *world = *state;

	start(world);
	assert_string_equal(ask(world, "forget x\n"),
			    "error no pair with that address\nand more\n");
	assert_string_equal(ask(world, "forget\n"), "error usage: Invalid argument\n");
	assert_string_equal(ask(world, "shows\n"),
			    "error usage: no such command; \"help\" lists all\n");
	assert_non_null(strstr(ask(world, "\n"), "error usage: the line is empty"));
	assert_non_null(strstr(ask(world, "show \"x\n"), "error usage: the line has a control"));
}

static void lists_help(void **state)
{
	struct world *world = *state;

	start(world);
	assert_non_null(strstr(ask(world, "help\n"), "ok\nshow "));
	assert_non_null(strstr(buf_text(&world->reply), "\nshow pairs [ADDRESS]"));
	assert_non_null(strstr(ask(world, "json help\n"),
			       "ok\n[{\"name\":\"show\",\"arguments\":\"\",\"help\":\"shows\"},"));
}

/* [SEC-098] the length of a line is limited whether or not its end ever comes */
static void limits_the_line(void **state)
{
	struct world *world = *state;
	char text[5000];

	start(world);
	memset(text, 'x', sizeof(text));
	assert_non_null(strstr(ask_n(world, text, sizeof(text)), "error usage: the line is too"));
	memset(text, 'x', sizeof(text));
	for (int i = 1; i < 40; i += 2)
		text[i] = ' ';
	text[40] = '\n';
	assert_non_null(strstr(ask_n(world, text, 41), "or has too many words"));
}

/* [SEC-098] one command a connection: the second line is neither run nor an error */
static void runs_one_command(void **state)
{
	struct world *world = *state;

	start(world);
	assert_string_equal(ask(world, "show a\nshow b\nshow c\n"), "ok\necho 1 <a>\n");
}

static void takes_half_close_as_end_of_line(void **state)
{
	struct world *world = *state;
	int fd = -1;

	start(world);
	fd = client(world);
	assert_int_equal(write(fd, "show", 4), 4);
	shutdown(fd, SHUT_WR);
	assert_string_equal(read_all(world, fd), "ok\necho 0\n");
}

static void writes_long_answers_whole(void **state)
{
	struct world *world = *state;
	const char *reply = NULL;

	start(world);
	reply = ask(world, "flood\n");
	assert_int_equal(world->reply.len, 3 + 100000 * 20);
	assert_non_null(strstr(reply, "\nline 099999 of many\n"));
}

/* [SEC-098] a connection that says nothing is closed by the daemon */
static void closes_silent_connections(void **state)
{
	struct world *world = *state;

	start(world);
	assert_string_equal(read_all(world, client(world)), "");
}

/* [SEC-098] and nobody can hold more than a handful of them */
static void limits_connections(void **state)
{
	struct world *world = *state;
	int fds[16];

	start(world);
	for (size_t i = 0; i < 16; i++)
		fds[i] = client(world);
	assert_non_null(strstr(ask(world, "show\n"), "error busy: "));
	for (size_t i = 0; i < 16; i++)
		close(fds[i]);
}

/* [SEC-094] control socket 0660, whatever the umask */
static void makes_the_mode(void **state)
{
	struct world *world = *state;
	struct stat status;
	mode_t before = umask(0);

	start(world);
	assert_int_equal(umask(before), 0);
	assert_int_equal(stat(world->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
}

static void replaces_a_stale_socket(void **state)
{
	struct world *world = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, world->path);
	assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)),
			 0);
	close(fd);
	start(world);
	assert_string_equal(ask(world, "show\n"), "ok\necho 0\n");
}

static void leaves_a_live_socket(void **state)
{
	struct world *world = *state;
	struct control *second = NULL;

	start(world);
	assert_int_equal(control_new(&second, world->loop, world->path, commands, world,
				     world->error, sizeof(world->error)),
			 EADDRINUSE);
	assert_non_null(strstr(world->error, "another daemon answers there"));
	assert_null(second);
	assert_string_equal(ask(world, "show\n"), "ok\necho 0\n");
}

static void leaves_other_files_alone(void **state)
{
	struct world *world = *state;
	FILE *file = fopen(world->path, "w");
	struct stat status;

	fclose(file);
	assert_int_equal(control_new(&world->control, world->loop, world->path, commands, world,
				     world->error, sizeof(world->error)),
			 EEXIST);
	assert_non_null(strstr(world->error, "not a socket"));
	assert_int_equal(stat(world->path, &status), 0);
	assert_true(S_ISREG(status.st_mode));
	unlink(world->path);
	assert_int_equal(control_new(&world->control, world->loop, "", commands, world,
				     world->error, sizeof(world->error)),
			 ENAMETOOLONG);
	assert_int_equal(control_new(&world->control, world->loop, "/nowhere/at/all", commands,
				     world, world->error, sizeof(world->error)),
			 ENOENT);
}

/* A successor may have replaced the file while we were stopping. */
static void leaves_a_successors_socket(void **state)
{
	struct world *world = *state;
	struct world other = *world;

	start(world);
	unlink(world->path);
	start(&other);
	control_free(&world->control);
	assert_int_equal(access(world->path, F_OK), 0);
	control_free(&other.control);
	assert_int_not_equal(access(world->path, F_OK), 0);
}

/* [SEC-094] another user's command is refused. Needs root to become somebody else.
 * [REQ-058] [PRES-201] */
static void refuses_other_users(void **state)
{
	struct world *world = *state;
	int ends[2];
	pid_t pid = 0;

	if (geteuid() != 0)
		skip();
	start(world);
	assert_int_equal(chmod(world->dir, 0755), 0);
	assert_int_equal(chmod(world->path, 0666), 0);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		char text[256];
		int fd = -1;
		ssize_t n = 0;

		if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
			_exit(1);
		fd = client(world);
		/* the refusal may be there before the request */
		send(fd, "show\n", 5, MSG_NOSIGNAL);
		n = 1;
		while (n > 0 || (n < 0 && errno == EAGAIN)) {
			n = read(fd, text, sizeof(text));
			if (n > 0 && write(ends[1], text, (size_t)n) != n)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	assert_non_null(strstr(read_all(world, ends[0]), "error not permitted"));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(runs_the_longest_name),
		CASE(says_what_is_wrong),
		CASE(lists_help),
		CASE(limits_the_line),
		CASE(runs_one_command),
		CASE(takes_half_close_as_end_of_line),
		CASE(writes_long_answers_whole),
		CASE(closes_silent_connections),
		CASE(limits_connections),
		CASE(makes_the_mode),
		CASE(replaces_a_stale_socket),
		CASE(leaves_a_live_socket),
		CASE(leaves_other_files_alone),
		CASE(leaves_a_successors_socket),
		CASE(refuses_other_users),
	};

	log_open(LOG_TARGET_STDERR, LOG_LEVEL_ERR, "daemon");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
