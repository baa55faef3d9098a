#include "xmpp/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strophe.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"

enum {
	FEED_BYTES = 32 * 1024, /* always fits into the pair's buffer */
	READ_BYTES = 4096,      /* libstrophe's buffer, and ours for what it writes */
	RUNS_TALKING = 3,       /* while it has something to say: it writes at the start of a run */
	RUNS_MAX = 1024,
	PUSH_BYTES = 4096,
	PUSHES_MAX = 256, /* for the longest stanza that the guard's limit can be set to */
};

struct stream {
	const char *domain;
	const char *secret;
	struct stream_events events;
	void *arg;
	xmpp_ctx_t *ctx;
	xmpp_conn_t *conn;
	int reserved;   /* keeps a descriptor below FD_SETSIZE free for libstrophe (STRO-004) */
	int ours;       /* our end of the pair */
	int theirs;     /* libstrophe's end; its property once connected */
	bool is_taking; /* the sockopt callback may take a descriptor */
	bool is_up;
	bool is_down;
	bool is_finishing;
	uint64_t due;       /* stanzas handed over */
	uint64_t delivered; /* and given to events->stanza */
	char condition[STREAM_CONDITION_MAX];
	char text[STREAM_TEXT_MAX];
};

/* libstrophe's sockopt callback has no argument of ours (STRO-003), so the stream whose connect
 * call is running is noted here; it is NULL at all other times. */
static _Thread_local struct stream *connecting;

static const char *condition_name(xmpp_error_type_t type)
{
	static const char *const names[] = {
		[XMPP_SE_BAD_FORMAT] = "bad-format",
		[XMPP_SE_BAD_NS_PREFIX] = "bad-namespace-prefix",
		[XMPP_SE_CONFLICT] = "conflict",
		[XMPP_SE_CONN_TIMEOUT] = "connection-timeout",
		[XMPP_SE_HOST_GONE] = "host-gone",
		[XMPP_SE_HOST_UNKNOWN] = "host-unknown",
		[XMPP_SE_IMPROPER_ADDR] = "improper-addressing",
		[XMPP_SE_INTERNAL_SERVER_ERROR] = "internal-server-error",
		[XMPP_SE_INVALID_FROM] = "invalid-from",
		[XMPP_SE_INVALID_ID] = "invalid-id",
		[XMPP_SE_INVALID_NS] = "invalid-namespace",
		[XMPP_SE_INVALID_XML] = "invalid-xml",
		[XMPP_SE_NOT_AUTHORIZED] = "not-authorized",
		[XMPP_SE_POLICY_VIOLATION] = "policy-violation",
		[XMPP_SE_REMOTE_CONN_FAILED] = "remote-connection-failed",
		[XMPP_SE_RESOURCE_CONSTRAINT] = "resource-constraint",
		[XMPP_SE_RESTRICTED_XML] = "restricted-xml",
		[XMPP_SE_SEE_OTHER_HOST] = "see-other-host",
		[XMPP_SE_SYSTEM_SHUTDOWN] = "system-shutdown",
		[XMPP_SE_UNDEFINED_CONDITION] = "undefined-condition",
		[XMPP_SE_UNSUPPORTED_ENCODING] = "unsupported-encoding",
		[XMPP_SE_UNSUPPORTED_STANZA_TYPE] = "unsupported-stanza-type",
		[XMPP_SE_UNSUPPORTED_VERSION] = "unsupported-version",
		[XMPP_SE_XML_NOT_WELL_FORMED] = "xml-not-well-formed",
	};

	if ((size_t)type >= sizeof(names) / sizeof(names[0]) || names[type] == NULL)
		return "undefined-condition";
	return names[type];
}

static void reserve(struct stream *stream)
{
	if (stream->reserved < 0)
		stream->reserved = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void unreserve(struct stream *stream)
{
	if (stream->reserved >= 0)
		close(stream->reserved);
	stream->reserved = -1;
}

struct stream *stream_new(const char *domain, const char *secret,
			  const struct stream_events *events, void *arg)
{
	struct stream *stream = mem_zalloc(sizeof(*stream));

	stream->domain = domain;
	stream->secret = secret;
	stream->events = *events;
	stream->arg = arg;
	stream->reserved = -1;
	stream->ours = -1;
	stream->theirs = -1;
	xmpp_initialize();
	/* SEC-062: no log of libstrophe's, its debug lines hold the handshake */
	stream->ctx = xmpp_ctx_new(NULL, NULL);
	reserve(stream);
	return stream;
}

void stream_free(struct stream **stream)
{
	if (*stream == NULL)
		return;
	stream_close(*stream);
	unreserve(*stream);
	if ((*stream)->ctx != NULL)
		xmpp_ctx_free((*stream)->ctx);
	mem_free(*stream);
	*stream = NULL;
}

static int on_stanza(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg)
{
	struct stream *stream = arg;

	(void)conn;
	stream->delivered++;
	stream->events.stanza(stanza, stream->arg);
	return 1; /* one catch-all handler for the life of the connection (STRO-010) */
}

static void note_error(struct stream *stream, const xmpp_stream_error_t *error)
{
	size_t len;

	if (error == NULL)
		return;
	snprintf(stream->condition, sizeof(stream->condition), "%s", condition_name(error->type));
	if (error->text == NULL)
		return;
	len = utf8_cut(error->text, strlen(error->text), sizeof(stream->text) - 1);
	memcpy(stream->text, error->text, len);
	stream->text[len] = '\0';
}

static void on_connection(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
			  xmpp_stream_error_t *stream_error, void *arg)
{
	struct stream *stream = arg;

	(void)error;
	if (event == XMPP_CONN_CONNECT) {
		xmpp_handler_add(conn, on_stanza, NULL, NULL, NULL, stream);
		stream->is_up = true;
		stream->events.up(stream->arg);
	} else {
		/* STRO-016: stream errors are told here only */
		stream->is_down = true;
		stream->theirs = -1;
		note_error(stream, stream_error);
	}
}

static int on_socket(xmpp_conn_t *conn, void *socket)
{
	struct stream *stream = connecting;
	int fd = *(const int *)socket;

	(void)conn;
	/* STRO-004: select() with a descriptor of 1024 or more aborts the process */
	if (stream == NULL || !stream->is_taking || fd >= FD_SETSIZE)
		return -1;
	stream->theirs = fd;
	return 0;
}

/* A listener nobody ever talks to: libstrophe's connect call needs a place that answers. */
static int open_listener(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 1) != 0 || getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
		close(fd);
		return -1;
	}
	*port = ntohs(address.sin_port);
	return fd;
}

/* Lets libstrophe connect, and puts the pair in the place of its socket at once. */
static int connect_pair(struct stream *stream, uint16_t port, int end)
{
	int result;

	connecting = stream;
	xmpp_conn_set_sockopt_callback(stream->conn, on_socket);
	/* STRO-001: this call allocates what the handshake needs and fails without network: the
	 * name is empty, and the callback refuses every socket. */
	stream->is_taking = false;
	(void)xmpp_connect_client(stream->conn, "", 1, on_connection, stream);
	stream->is_taking = true;
	unreserve(stream);
	result = xmpp_connect_component(stream->conn, "127.0.0.1", port, on_connection, stream);
	connecting = NULL;
	if (result != XMPP_EOK || stream->theirs < 0)
		return EMFILE;
	if (dup3(end, stream->theirs, O_CLOEXEC) < 0)
		return errno;
	return 0;
}

static int open_conn(struct stream *stream)
{
	int pair[2];
	int error = EMFILE;
	uint16_t port = 0;
	int listener;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return errno;
	listener = open_listener(&port);
	if (listener >= 0) {
		error = connect_pair(stream, port, pair[1]);
		close(listener);
	}
	close(pair[1]);
	stream->ours = pair[0];
	return error;
}

/* Passes on what libstrophe wrote. */
static void drain(struct stream *stream)
{
	char bytes[READ_BYTES];
	ssize_t n;

	do {
		n = recv(stream->ours, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n > 0)
			stream->events.bytes(bytes, (size_t)n, stream->arg);
	} while (n > 0);
}

static bool has_unread(const struct stream *stream)
{
	int unread = 0;

	return !stream->is_down && stream->theirs >= 0 &&
	       ioctl(stream->theirs, FIONREAD, &unread) == 0 && unread > 0;
}

/* STRO-005: time-out 0, and again while it makes progress. */
static void run(struct stream *stream, size_t fed)
{
	bool is_talking = !stream->is_up || stream->is_finishing;
	unsigned least = is_talking ? RUNS_TALKING : (unsigned)(fed / READ_BYTES) + 1;

	for (unsigned i = 0; i < RUNS_MAX && !stream->is_down; i++) {
		xmpp_run_once(stream->ctx, 0);
		if (is_talking)
			drain(stream);
		/* it takes READ_BYTES at a time: after one short read there is nothing to ask */
		if (i + 1 >= least && ((fed < READ_BYTES && !is_talking) || !has_unread(stream)))
			break;
	}
}

int stream_open(struct stream *stream)
{
	int error;

	stream_close(stream);
	stream->condition[0] = '\0';
	stream->text[0] = '\0';
	stream->conn = xmpp_conn_new(stream->ctx);
	if (stream->conn == NULL)
		return ENOMEM;
	xmpp_conn_set_jid(stream->conn, stream->domain);
	xmpp_conn_set_pass(stream->conn, stream->secret);
	error = open_conn(stream);
	if (error != 0) {
		stream_close(stream);
		return error;
	}
	run(stream, 0);
	return 0;
}

static void feed(struct stream *stream, const char *data, size_t len)
{
	while (len > 0 && stream->conn != NULL && !stream->is_down) {
		size_t part = len < FEED_BYTES ? len : FEED_BYTES;
		ssize_t n = send(stream->ours, data, part, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n <= 0)
			return; /* libstrophe reads all in each run, so this is its end */
		data += n;
		len -= (size_t)n;
		run(stream, (size_t)n);
	}
}

/* libstrophe reads 4,096 bytes at a time, and its expat keeps back a tag that was cut there until
 * twice as much has come. White space between stanzas means nothing and lets it go on. */
static void push(struct stream *stream)
{
	char spaces[PUSH_BYTES];

	memset(spaces, ' ', sizeof(spaces));
	for (int i = 0; i < PUSHES_MAX && !stream->is_down && stream->delivered < stream->due; i++)
		feed(stream, spaces, sizeof(spaces));
}

void stream_feed(struct stream *stream, const char *data, size_t len, unsigned stanzas)
{
	stream->due += stanzas;
	feed(stream, data, len);
	if (stream->is_up && stream->delivered < stream->due)
		push(stream);
}

void stream_end(struct stream *stream)
{
	if (stream->conn == NULL || stream->is_down)
		return;
	(void)shutdown(stream->ours, SHUT_WR);
	for (unsigned i = 0; i < RUNS_TALKING && !stream->is_down; i++)
		xmpp_run_once(stream->ctx, 0);
}

void stream_finish(struct stream *stream)
{
	if (stream->conn == NULL || stream->is_down || stream->is_finishing)
		return;
	stream->is_finishing = true;
	xmpp_disconnect(stream->conn);
	run(stream, 0);
}

void stream_close(struct stream *stream)
{
	if (stream->conn != NULL) {
		xmpp_conn_release(stream->conn);
		stream->conn = NULL;
	}
	if (stream->ours >= 0)
		close(stream->ours);
	stream->ours = -1;
	stream->theirs = -1;
	stream->is_up = false;
	stream->is_down = false;
	stream->is_finishing = false;
	stream->due = 0;
	stream->delivered = 0;
	reserve(stream);
}

bool stream_is_down(const struct stream *stream)
{
	return stream->is_down;
}

const char *stream_condition(const struct stream *stream)
{
	return stream->condition;
}

const char *stream_text(const struct stream *stream)
{
	return stream->text;
}
