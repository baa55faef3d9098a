/* sipxmppctl: asks the running daemon over its control socket (docs/CONTROL.md). */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"

enum {
	EXIT_WORKED = 0,
	EXIT_REFUSED = 1,
	EXIT_WRONG_USAGE = 64,
	EXIT_INTERNAL = 70,
	EXIT_NO_DAEMON = 75,

	/* The daemon gives each connection 5 s; what takes longer is not coming. */
	ANSWER_TIMEOUT_S = 10,
	REPLY_MOST_BYTES = 1 << 30
};

static const char default_socket[] = "/run/sipxmppd/control";

struct options {
	const char *socket;
	bool as_json;
};

static void print_usage(FILE *to)
{
	fputs("usage: sipxmppctl [-s SOCKET] [--json] COMMAND...\n"
	      "       sipxmppctl --help | -V\n"
	      "\n"
	      "Asks the running sipxmppd. \"sipxmppctl help\" lists its commands.\n"
	      "\n"
	      "  -s, --socket SOCKET  control socket of the daemon (/run/sipxmppd/control)\n"
	      "      --json           answer for programs\n"
	      "  -h, --help           this text\n"
	      "  -V, --version        version\n"
	      "\n"
	      "Exit codes: 0 done, 1 refused, 64 wrong usage, 70 internal, 75 no daemon.\n",
	      to);
}

/* Options stand before the command: what follows is the daemon's ("stop --quiet"), except --json.
 * Returns -1 to go on, or the exit code. */
static int read_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {{"socket", required_argument, NULL, 's'},
					      {"json", no_argument, NULL, 'j'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'V'},
					      {NULL, 0, NULL, 0}};

	for (;;) {
		switch (getopt_long(argc, argv, "+s:hV", names, NULL)) {
		case -1:
			return -1;
		case 's':
			options->socket = optarg;
			break;
		case 'j':
			options->as_json = true;
			break;
		case 'h':
			print_usage(stdout);
			return EXIT_WORKED;
		case 'V':
			puts("sipxmppctl " SIPXMPPD_VERSION);
			return EXIT_WORKED;
		default:
			print_usage(stderr);
			return EXIT_WRONG_USAGE;
		}
	}
}

static void put_word(struct buf *line, const char *word)
{
	bool is_plain = word[0] != '\0' && strpbrk(word, " \t\"\\") == NULL;

	if (line->len > 0)
		buf_putc(line, ' ');
	if (is_plain) {
		buf_puts(line, word);
		return;
	}
	buf_putc(line, '"');
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			buf_putc(line, '\\');
		buf_putc(line, *word);
	}
	buf_putc(line, '"');
}

static int say_no_daemon(const char *path, int error)
{
	const char *hint = "look at its log, or name its socket with -s";

	if (error == ENOENT || error == ECONNREFUSED)
		hint = "is sipxmppd running? start it, or name its socket with -s";
	fprintf(stderr, "sipxmppctl: no daemon answers at %s (%s): %s\n", path, strerror(error),
		hint);
	return EXIT_NO_DAEMON;
}

/* Returns 0 and the descriptor, or the exit code after it was explained. */
static int connect_daemon(const char *path, int *out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "sipxmppctl: the socket name is too long: %s\n", path);
		return EXIT_WRONG_USAGE;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	*out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*out < 0) {
		fprintf(stderr, "sipxmppctl: no socket: %s\n", strerror(errno));
		return EXIT_INTERNAL;
	}
	setsockopt(*out, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(*out, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(*out, (const struct sockaddr *)(const void *)&address, sizeof(address)) == 0)
		return 0;
	if (errno == EACCES || errno == EPERM) {
		fprintf(stderr,
			"sipxmppctl: %s: permission denied: be root or a member of the group that "
			"owns the socket\n",
			path);
		return EXIT_REFUSED;
	}
	return say_no_daemon(path, errno);
}

static int send_line(int fd, const struct buf *line)
{
	size_t sent = 0;

	while (sent < line->len) {
		ssize_t n = send(fd, line->data + sent, line->len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		sent += (size_t)n;
	}
	return 0;
}

static int read_reply(int fd, struct buf *reply)
{
	char chunk[16384];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? ETIMEDOUT : errno;
		if (reply->len + (size_t)n > REPLY_MOST_BYTES)
			return E2BIG;
		buf_append(reply, chunk, (size_t)n);
	}
}

/* The first line is the verdict, the rest is for the user. */
static int print_reply(const struct buf *reply, const char *path)
{
	const char *text = buf_text(reply);
	size_t first = strcspn(text, "\n");

	if (first == 2 && memcmp(text, "ok", 2) == 0 && text[first] == '\n') {
		fwrite(text + first + 1, 1, reply->len - first - 1, stdout);
		if (fflush(stdout) == 0)
			return EXIT_WORKED;
		fprintf(stderr, "sipxmppctl: cannot write the answer: %s\n", strerror(errno));
		return EXIT_INTERNAL;
	}
	if (strncmp(text, "error ", 6) == 0) {
		fprintf(stderr, "sipxmppctl: %s", text + 6);
		return strncmp(text + 6, "usage: ", 7) == 0 ? EXIT_WRONG_USAGE : EXIT_REFUSED;
	}
	if (reply->len == 0)
		return say_no_daemon(path, ECONNRESET);
	fprintf(stderr, "sipxmppctl: %s did not answer as sipxmppd does\n", path);
	return EXIT_INTERNAL;
}

static int ask(const struct options *options, const struct buf *line)
{
	struct buf reply = BUF_INIT;
	int fd = -1;
	int result = connect_daemon(options->socket, &fd);

	if (result == 0) {
		/* The daemon may refuse and close before it read the line: its words count more
		 * than the failed write. */
		int unsent = send_line(fd, line);
		int error = read_reply(fd, &reply);

		if (reply.len > 0 && (error == 0 || error == ECONNRESET))
			result = print_reply(&reply, options->socket);
		else
			result = say_no_daemon(options->socket, error != 0    ? error
								: unsent != 0 ? unsent
									      : ECONNRESET);
	}
	if (fd >= 0)
		close(fd);
	buf_free(&reply);
	return result;
}

/* Returns 0, or the exit code after it was explained. */
static int make_line(int count, char **words, struct options *options, struct buf *out)
{
	struct buf rest = BUF_INIT;

	for (int i = 0; i < count; i++) {
		if (strchr(words[i], '\n') != NULL) {
			fputs("sipxmppctl: a word may not hold a line feed\n", stderr);
			buf_free(&rest);
			return EXIT_WRONG_USAGE;
		}
		if (strcmp(words[i], "--json") == 0)
			options->as_json = true;
		else
			put_word(&rest, words[i]);
	}
	buf_printf(out, "%s%s\n", options->as_json ? "json " : "", buf_text(&rest));
	buf_free(&rest);
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = {.socket = default_socket};
	struct buf line = BUF_INIT;
	int result = read_options(argc, argv, &options);

	if (result >= 0)
		return result;
	if (optind == argc) {
		print_usage(stderr);
		return EXIT_WRONG_USAGE;
	}
	result = make_line(argc - optind, argv + optind, &options, &line);
	if (result == 0)
		result = ask(&options, &line);
	buf_free(&line);
	return result;
}
