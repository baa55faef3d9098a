/* The control socket (docs/CONTROL.md).
 *
 *	client                    daemon
 *	connect  ---------------> who is it? (SO_PEERCRED)
 *	one line ---------------> run the command
 *	         <--------------- "ok" or "error TEXT", then the text
 *	         <--------------- end of file
 */
#include "ops/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "ops/control_line.h"
#include "ops/control_socket.h"
#include "ops/json_text.h"

enum {
	DEADLINE_MS = 5000, /* for the request, and again for its answer (SEC-098) */
	ACCEPT_PAUSE_MS = 1000,
	CONNECTIONS = 16,
	READ_BYTES = 512
};

struct control {
	struct loop *loop;
	const struct control_command *commands;
	void *arg;
	char *path;
	int fd;
	dev_t device; /* of the socket file we made: a successor's is not removed */
	ino_t inode;
	struct list connections;
	unsigned count;
	struct loop_timer accept_again;
};

struct connection {
	struct list link;
	struct control *control;
	int fd;
	uid_t uid;
	bool is_answering;
	struct loop_timer deadline;
	struct buf in;
	struct buf out;
};

static loop_fd_fn on_ready;

/* Commands that only look: too frequent to log, and harmless. All others are logged with the uid
 * of the caller (SEC-098). */
static bool only_looks(const char *name)
{
	static const char *const names[] = {"help", "map", "may", "show", "status"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncmp(name, names[i], len) == 0 && (name[len] == '\0' || name[len] == ' '))
			return true;
	}
	return false;
}

static void connection_free(struct connection *connection)
{
	struct control *control = connection->control;
	char rest[READ_BYTES];

	loop_timer_cancel(&connection->deadline);
	loop_fd(control->loop, connection->fd, 0, NULL, NULL);
	/* Unread input would turn the end of file into "connection reset" at the other end. */
	for (int i = 0; i < 16 && read(connection->fd, rest, sizeof(rest)) > 0; i++)
		continue;
	close(connection->fd);
	list_remove(&connection->link);
	control->count--;
	buf_free(&connection->in);
	buf_free(&connection->out);
	mem_free(connection);
}

static void on_deadline(void *arg)
{
	struct connection *connection = arg;

	log_info("control: connection closed uid=%u (no %s within %d s)", (unsigned)connection->uid,
		 connection->is_answering ? "reader" : "request", DEADLINE_MS / 1000);
	connection_free(connection);
}

/* Writes what the socket takes. Returns false when the connection is over. */
static bool connection_write(struct connection *connection)
{
	while (connection->out.len > 0) {
		ssize_t n = send(connection->fd, connection->out.data, connection->out.len,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		buf_consume(&connection->out, (size_t)n);
	}
	return false;
}

static void connection_answer(struct connection *connection)
{
	struct control *control = connection->control;

	connection->is_answering = true;
	if (!connection_write(connection) ||
	    loop_fd(control->loop, connection->fd, LOOP_WRITE, on_ready, connection) != 0) {
		connection_free(connection);
		return;
	}
	loop_timer_set(control->loop, &connection->deadline, DEADLINE_MS, on_deadline, connection);
}

static void answer_error(struct connection *connection, const char *text)
{
	buf_printf(&connection->out, "error %s\n", text);
	connection_answer(connection);
}

/* How many words of line the name is made of if line begins with it, else 0. */
static int match_name(const char *name, const struct control_line *line)
{
	int words = 0;

	while (*name != '\0') {
		size_t len = strcspn(name, " ");

		if (words == line->count || strlen(line->words[words]) != len ||
		    memcmp(line->words[words], name, len) != 0)
			return 0;
		words++;
		name += len;
		name += strspn(name, " ");
	}
	return words;
}

/* The longest name wins: "show" may stand beside "show pairs". */
static const struct control_command *find_command(const struct control *control,
						  const struct control_line *line, int *words)
{
	const struct control_command *found = NULL;

	*words = 0;
	for (const struct control_command *c = control->commands; c->name != NULL; c++) {
		int n = match_name(c->name, line);

		if (n > *words) {
			*words = n;
			found = c;
		}
	}
	return found;
}

static void help_json(const struct control *control, struct buf *out)
{
	const char *comma = "";

	buf_putc(out, '[');
	for (const struct control_command *c = control->commands; c->name != NULL; c++) {
		buf_puts(out, comma);
		buf_putc(out, '{');
		json_member(out, "name", c->name);
		buf_putc(out, ',');
		json_member(out, "arguments", c->arguments != NULL ? c->arguments : "");
		buf_putc(out, ',');
		json_member(out, "help", c->help != NULL ? c->help : "");
		buf_putc(out, '}');
		comma = ",";
	}
	buf_puts(out, "]\n");
}

static void help_text(const struct control *control, struct buf *out)
{
	for (const struct control_command *c = control->commands; c->name != NULL; c++) {
		const char *arguments = c->arguments != NULL ? c->arguments : "";
		int pad = 28 - (int)(strlen(c->name) + 1 + strlen(arguments));

		buf_printf(out, "%s %s%*s %s\n", c->name, arguments, pad > 0 ? pad : 0, "",
			   c->help != NULL ? c->help : "");
	}
}

static void run_help(struct connection *connection, bool as_json)
{
	buf_puts(&connection->out, "ok\n");
	if (as_json)
		help_json(connection->control, &connection->out);
	else
		help_text(connection->control, &connection->out);
	connection_answer(connection);
}

/* The first line of the reason stands in the verdict, further ones after it. */
static void put_reason(struct buf *out, const struct buf *reason, int error)
{
	if (reason->len == 0)
		buf_puts(out, strerror(error));
	else
		buf_append(out, reason->data, reason->len);
	if (out->data[out->len - 1] != '\n')
		buf_putc(out, '\n');
}

static void run_command(struct connection *connection, const struct control_command *command,
			const struct control_line *line, int words)
{
	struct control *control = connection->control;
	struct buf text = BUF_INIT;
	int error = command->run(line->count - words, line->words + words, line->as_json, &text,
				 control->arg);

	if (!only_looks(command->name))
		log_notice("control: %s uid=%u argument=%s%s", command->name,
			   (unsigned)connection->uid,
			   log_safe(line->count > words ? line->words[words] : NULL),
			   error != 0 ? " (refused)" : "");
	if (error == 0) {
		buf_puts(&connection->out, "ok\n");
		buf_append(&connection->out, buf_text(&text), text.len);
	} else {
		buf_puts(&connection->out, error == EINVAL ? "error usage: " : "error ");
		put_reason(&connection->out, &text, error);
	}
	buf_free(&text);
	connection_answer(connection);
}

static void dispatch(struct connection *connection, const struct control_line *line)
{
	int words = 0;
	const struct control_command *command = find_command(connection->control, line, &words);

	if (command != NULL && command->run != NULL)
		run_command(connection, command, line, words);
	else if (strcmp(line->words[0], "help") == 0)
		run_help(connection, line->as_json);
	else
		answer_error(connection, "usage: no such command; \"help\" lists all");
}

static void handle_line(struct connection *connection, const char *text, size_t len)
{
	struct control_line line;

	switch (control_line_parse(text, len, &line)) {
	case 0:
		dispatch(connection, &line);
		break;
	case E2BIG:
		answer_error(connection, "usage: the line is too long or has too many words");
		break;
	case EINVAL:
		answer_error(connection, "usage: the line is empty; \"help\" lists the commands");
		break;
	default:
		answer_error(connection, "usage: the line has a control character, bad UTF-8 or a "
					 "wrong quote");
		break;
	}
}

/* What follows the line is not read: one command a connection. */
static void connection_read(struct connection *connection)
{
	char chunk[READ_BYTES];
	ssize_t n = read(connection->fd, chunk, sizeof(chunk));
	const char *end = NULL;

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			connection_free(connection);
		return;
	}
	buf_append(&connection->in, chunk, (size_t)n);
	if (connection->in.len == 0) {
		connection_free(connection);
		return;
	}
	end = memchr(connection->in.data, '\n', connection->in.len);
	if (end != NULL)
		handle_line(connection, connection->in.data, (size_t)(end - connection->in.data));
	else if (n == 0 || connection->in.len > CONTROL_LINE_BYTES + 1)
		handle_line(connection, connection->in.data, connection->in.len);
}

static void on_ready(int fd, unsigned events, void *arg)
{
	struct connection *connection = arg;

	(void)fd;
	(void)events;
	if (!connection->is_answering)
		connection_read(connection);
	else if (!connection_write(connection))
		connection_free(connection);
}

static void connection_new(struct control *control, int fd)
{
	struct connection *connection = mem_zalloc(sizeof(*connection));
	bool may = control_socket_may(fd, &connection->uid);

	connection->control = control;
	connection->fd = fd;
	list_append(&control->connections, &connection->link);
	control->count++;
	if (!may) {
		log_warning("control: refused uid=%u (not the daemon's user, root or group)",
			    (unsigned)connection->uid);
		answer_error(connection, "not permitted: only root, the daemon's user and members "
					 "of its group may command");
		return;
	}
	if (control->count > CONNECTIONS) {
		answer_error(connection, "busy: too many control connections; try again");
		return;
	}
	if (loop_fd(control->loop, fd, LOOP_READ, on_ready, connection) != 0) {
		connection_free(connection);
		return;
	}
	loop_timer_set(control->loop, &connection->deadline, DEADLINE_MS, on_deadline, connection);
}

static loop_fd_fn on_accept;

static void on_accept_again(void *arg)
{
	struct control *control = arg;

	loop_fd(control->loop, control->fd, LOOP_READ, on_accept, control);
}

/* Out of descriptors: the waiting connection would wake the loop without end. */
static void pause_accept(struct control *control, int error)
{
	log_warning("control: cannot accept a connection (%s)", strerror(error));
	loop_fd(control->loop, control->fd, 0, NULL, NULL);
	loop_timer_set(control->loop, &control->accept_again, ACCEPT_PAUSE_MS, on_accept_again,
		       control);
}

static void on_accept(int fd, unsigned events, void *arg)
{
	struct control *control = arg;
	int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (peer >= 0)
		connection_new(control, peer);
	else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		pause_accept(control, errno);
}

static void remember_file(struct control *control)
{
	struct stat status;

	if (lstat(control->path, &status) != 0)
		return;
	control->device = status.st_dev;
	control->inode = status.st_ino;
}

int control_new(struct control **out, struct loop *loop, const char *path,
		const struct control_command *commands, void *arg, char *error, size_t error_len)
{
	struct control *control = mem_zalloc(sizeof(*control));
	int code = 0;

	control->loop = loop;
	control->commands = commands;
	control->arg = arg;
	control->fd = -1;
	list_init(&control->connections);
	code = control_socket_open(&control->fd, path, error, error_len);
	if (code != 0)
		goto fail;
	control->path = mem_strdup(path);
	remember_file(control);
	code = loop_fd(loop, control->fd, LOOP_READ, on_accept, control);
	if (code != 0) {
		snprintf(error, error_len, "control socket %s: %s", path, strerror(code));
		goto fail;
	}
	*out = control;
	return 0;
fail:
	control_free(&control);
	return code;
}

static void remove_file(const struct control *control)
{
	struct stat status;

	if (lstat(control->path, &status) == 0 && status.st_dev == control->device &&
	    status.st_ino == control->inode)
		unlink(control->path);
}

void control_free(struct control **control_p)
{
	struct control *control = *control_p;

	if (control == NULL)
		return;
	*control_p = NULL;
	LIST_EACH(link, next, &control->connections)
	connection_free(LIST_ENTRY(link, struct connection, link));
	loop_timer_cancel(&control->accept_again);
	if (control->fd >= 0) {
		loop_fd(control->loop, control->fd, 0, NULL, NULL);
		close(control->fd);
	}
	if (control->path != NULL)
		remove_file(control);
	mem_free(control->path);
	mem_free(control);
}
