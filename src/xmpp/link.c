#include "xmpp/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "xmpp/resolve.h"

enum {
	READ_BYTES = 16 * 1024, /* in one turn: stanzas at the guard's limits cost 20 ms each */
	COMPACT_BYTES = 64 * 1024,
	KEEP_IDLE_S = 20,
	KEEP_EVERY_S = 10,
	KEEP_COUNT = 3,
	UNACKNOWLEDGED_MS = 30 * 1000, /* REL-022 */
};

enum state { STATE_CLOSED, STATE_RESOLVING, STATE_CONNECTING, STATE_OPEN };

struct link {
	struct loop *loop;
	struct link_events events;
	void *arg;
	enum state state;
	struct resolve *resolve;
	struct loop_timer deadline;
	bool allow_remote;
	uint32_t connect_ms;
	struct resolve_address addresses[RESOLVE_ADDRESSES_MAX];
	unsigned count;
	unsigned next;
	int fd;
	struct buf out;
	size_t out_done; /* bytes of out that are sent: out is compacted in large steps */
	uint64_t put;
	uint64_t sent;
	bool wants_write;
	char why[160];
	char *in;
};

static void try_next(struct link *link);
static void on_fd(int fd, unsigned events, void *arg);

struct link *link_new(struct loop *loop, const struct link_events *events, void *arg)
{
	struct link *link = mem_zalloc(sizeof(*link));

	link->loop = loop;
	link->events = *events;
	link->arg = arg;
	link->fd = -1;
	link->in = mem_alloc(READ_BYTES);
	return link;
}

void link_free(struct link **link)
{
	if (*link == NULL)
		return;
	link_close(*link);
	buf_free(&(*link)->out);
	mem_free((*link)->in);
	mem_free(*link);
	*link = NULL;
}

static void close_socket(struct link *link)
{
	if (link->fd < 0)
		return;
	loop_fd(link->loop, link->fd, 0, NULL, NULL);
	close(link->fd);
	link->fd = -1;
}

void link_close(struct link *link)
{
	resolve_cancel(&link->resolve);
	loop_timer_cancel(&link->deadline);
	loop_forget(link->loop, link);
	close_socket(link);
	buf_reset(&link->out);
	link->out_done = 0;
	link->wants_write = false;
	link->state = STATE_CLOSED;
}

/* Closes and reports; only from the loop. */
static void lose(struct link *link, const char *what, int error)
{
	char why[sizeof(link->why)];

	if (error != 0)
		snprintf(why, sizeof(why), "%s: %s", what, strerror(error));
	else
		snprintf(why, sizeof(why), "%s", what);
	link_close(link);
	memcpy(link->why, why, sizeof(why));
	link->events.closed(link->why, link->arg);
}

static bool is_loopback(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		return (ntohl(in->sin_addr.s_addr) >> 24) == 127;
	}
	if (address->ss_family == AF_INET6) {
		const struct in6_addr *in6 =
			&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;

		if (IN6_IS_ADDR_V4MAPPED(in6))
			return in6->s6_addr[12] == 127;
		return IN6_IS_ADDR_LOOPBACK(in6);
	}
	return false;
}

static void set_options(int fd)
{
	int on = 1, idle = KEEP_IDLE_S, every = KEEP_EVERY_S, count = KEEP_COUNT;
	unsigned unacknowledged = UNACKNOWLEDGED_MS;

	/* Failing costs detection time, never the link. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged,
			 sizeof(unacknowledged));
}

static void on_deadline(void *arg)
{
	struct link *link = arg;

	snprintf(link->why, sizeof(link->why), "connect: %s", strerror(ETIMEDOUT));
	close_socket(link);
	try_next(link);
}

/* Starts one attempt. Returns 0 or errno. */
static int attempt(struct link *link, const struct resolve_address *address)
{
	int error = 0;

	link->fd =
		socket(address->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (link->fd < 0)
		return errno;
	set_options(link->fd);
	if (connect(link->fd, (const struct sockaddr *)&address->address, address->len) != 0 &&
	    errno != EINPROGRESS)
		error = errno;
	if (error == 0)
		error = loop_fd(link->loop, link->fd, LOOP_WRITE, on_fd, link);
	if (error != 0) {
		close(link->fd);
		link->fd = -1;
		return error;
	}
	loop_timer_set(link->loop, &link->deadline, link->connect_ms, on_deadline, link);
	return 0;
}

static void try_next(struct link *link)
{
	link->state = STATE_CONNECTING;
	loop_timer_cancel(&link->deadline);
	while (link->next < link->count) {
		const struct resolve_address *address = &link->addresses[link->next++];
		int error;

		if (!link->allow_remote && !is_loopback(&address->address)) {
			snprintf(link->why, sizeof(link->why),
				 "server is not on this machine: xmpp.allow_plain is not set");
			continue;
		}
		error = attempt(link, address);
		if (error == 0)
			return;
		snprintf(link->why, sizeof(link->why), "connect: %s", strerror(error));
	}
	char why[sizeof(link->why)];

	memcpy(why, link->why, sizeof(why));
	lose(link, why, 0);
}

static void on_resolved(const struct resolve_address *addresses, unsigned count, const char *error,
			void *arg)
{
	struct link *link = arg;

	if (count == 0) {
		char what[120];

		snprintf(what, sizeof(what), "name of the server: %s", error);
		lose(link, what, 0);
		return;
	}
	memcpy(link->addresses, addresses, count * sizeof(addresses[0]));
	link->count = count;
	link->next = 0;
	try_next(link);
}

void link_open(struct link *link, const char *host, uint16_t port, bool allow_remote,
	       uint32_t connect_ms)
{
	link_close(link);
	link->state = STATE_RESOLVING;
	link->allow_remote = allow_remote;
	link->connect_ms = connect_ms;
	link->put = 0;
	link->sent = 0;
	resolve_start(&link->resolve, link->loop, host, port, on_resolved, link);
}

static void connected(struct link *link)
{
	int error = 0;
	socklen_t len = sizeof(error);

	loop_timer_cancel(&link->deadline);
	if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0) {
		snprintf(link->why, sizeof(link->why), "connect: %s", strerror(error));
		close_socket(link);
		try_next(link);
		return;
	}
	link->state = STATE_OPEN;
	error = loop_fd(link->loop, link->fd, LOOP_READ, on_fd, link);
	if (error != 0)
		lose(link, "watch", error);
	else
		link->events.opened(link->arg);
}

static void want_write(struct link *link, bool wants)
{
	if (wants == link->wants_write)
		return;
	link->wants_write = wants;
	loop_fd(link->loop, link->fd, wants ? LOOP_READ | LOOP_WRITE : LOOP_READ, on_fd, link);
}

/* Gives the kernel what it takes. Returns 0 or errno. */
static int write_some(struct link *link)
{
	size_t left = link_backlog(link);

	while (left > 0) {
		/* STRO-009: a reset must not be a signal */
		ssize_t n = send(link->fd, link->out.data + link->out_done, left, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : errno;
		link->out_done += (size_t)n;
		link->sent += (uint64_t)n;
		left -= (size_t)n;
	}
	return 0;
}

static void compact(struct link *link)
{
	if (link->out_done == link->out.len) {
		buf_reset(&link->out);
		link->out_done = 0;
	} else if (link->out_done > COMPACT_BYTES && link->out_done > link->out.len / 2) {
		buf_consume(&link->out, link->out_done);
		link->out_done = 0;
	}
}

static void flush_now(struct link *link)
{
	/* An error shows again as a read event; nothing is reported from inside this call. */
	(void)write_some(link);
	compact(link);
	want_write(link, link_backlog(link) > 0);
}

void link_flush(struct link *link)
{
	if (link->state == STATE_OPEN && !link->wants_write) /* else the loop tells of room */
		flush_now(link);
}

static void readable(struct link *link)
{
	ssize_t n = recv(link->fd, link->in, READ_BYTES, 0);

	if (n > 0)
		link->events.bytes(link->in, (size_t)n, link->arg);
	else if (n == 0)
		lose(link, "closed by the server", 0);
	else if (errno != EAGAIN && errno != EINTR)
		lose(link, "read", errno);
}

static void on_fd(int fd, unsigned events, void *arg)
{
	struct link *link = arg;
	size_t before = link_backlog(link);

	(void)fd;
	if (link->state == STATE_CONNECTING) {
		connected(link);
		return;
	}
	if ((events & LOOP_WRITE) != 0 && link->wants_write) {
		flush_now(link);
		if (link_backlog(link) < before)
			link->events.drained(link->arg);
	}
	if ((events & LOOP_READ) != 0 && link->state == STATE_OPEN)
		readable(link);
}

void link_put(struct link *link, const char *data, size_t len)
{
	if (link->state != STATE_OPEN)
		return;
	buf_append(&link->out, data, len);
	link->put += len;
}

size_t link_backlog(const struct link *link)
{
	return link->out.len - link->out_done;
}

uint64_t link_put_bytes(const struct link *link)
{
	return link->put;
}

uint64_t link_sent_bytes(const struct link *link)
{
	return link->sent;
}
