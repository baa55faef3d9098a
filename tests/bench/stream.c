/* A buffered, non-blocking TCP connection. */
#include "bench/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/reactor.h"

enum { READ_BYTES = 256 * 1024 };

struct stream {
	struct reactor *reactor;
	int fd;
	bool is_blocked;
	struct buf in;
	struct buf out;
	stream_data_fn *on_data;
	stream_closed_fn *on_closed;
	void *arg;
};

static void on_ready(int fd, uint32_t events, void *arg);

static void die(const char *what)
{
	perror(what);
	exit(70);
}

struct stream *stream_new(struct reactor *reactor, int fd, stream_data_fn *on_data,
			  stream_closed_fn *on_closed, void *arg)
{
	struct stream *stream = mem_zalloc(sizeof(*stream));
	int yes = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	stream->reactor = reactor;
	stream->fd = fd;
	stream->on_data = on_data;
	stream->on_closed = on_closed;
	stream->arg = arg;
	reactor_watch(reactor, fd, EPOLLIN, on_ready, stream);
	return stream;
}

void stream_free(struct stream **stream)
{
	if (*stream == NULL)
		return;
	reactor_drop((*stream)->reactor, (*stream)->fd);
	close((*stream)->fd);
	buf_free(&(*stream)->in);
	buf_free(&(*stream)->out);
	mem_free(*stream);
	*stream = NULL;
}

void stream_put(struct stream *stream, const void *data, size_t len)
{
	buf_append(&stream->out, data, len);
}

struct buf *stream_out(struct stream *stream)
{
	return &stream->out;
}

size_t stream_unsent(const struct stream *stream)
{
	return stream->out.len;
}

void stream_flush(struct stream *stream)
{
	size_t sent = 0;
	bool blocked = false;

	while (sent < stream->out.len) {
		ssize_t n = send(stream->fd, stream->out.data + sent, stream->out.len - sent,
				 MSG_NOSIGNAL);

		if (n <= 0) {
			blocked = n < 0 && errno == EAGAIN;
			break;
		}
		sent += (size_t)n;
	}
	buf_consume(&stream->out, sent);
	if (blocked != stream->is_blocked)
		reactor_watch(stream->reactor, stream->fd, EPOLLIN | (blocked ? EPOLLOUT : 0u),
			      on_ready, stream);
	stream->is_blocked = blocked;
}

static void closed(struct stream *stream)
{
	if (stream->on_closed != NULL)
		stream->on_closed(stream, stream->arg);
	stream_free(&stream);
}

static void on_ready(int fd, uint32_t events, void *arg)
{
	struct stream *stream = arg;
	ssize_t n = 0;
	size_t used = 0;

	if ((events & EPOLLOUT) != 0)
		stream_flush(stream);
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
		return;
	buf_reserve(&stream->in, READ_BYTES);
	n = read(fd, stream->in.data + stream->in.len, READ_BYTES);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		closed(stream);
		return;
	}
	stream->in.len += (size_t)n;
	used = stream->on_data(stream, stream->in.data, stream->in.len, stream->arg);
	buf_consume(&stream->in, used);
}

static void loopback(struct sockaddr_in *out, unsigned port)
{
	memset(out, 0, sizeof(*out));
	out->sin_family = AF_INET;
	out->sin_port = htons((uint16_t)port);
	out->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

int stream_listen(unsigned *port)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1;

	loopback(&address, *port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)(void *)&address, sizeof(address)) != 0 ||
	    listen(fd, 128) != 0)
		die("bench: listen");
	getsockname(fd, (struct sockaddr *)(void *)&address, &len);
	*port = ntohs(address.sin_port);
	return fd;
}

int stream_connect(unsigned port)
{
	struct sockaddr_in address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	loopback(&address, port);
	if (connect(fd, (struct sockaddr *)(void *)&address, sizeof(address)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool udp_is_free(unsigned port)
{
	struct sockaddr_in address;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_free = false;

	loopback(&address, port);
	is_free = bind(fd, (struct sockaddr *)(void *)&address, sizeof(address)) == 0;
	close(fd);
	return is_free;
}

unsigned stream_free_port(void)
{
	for (int i = 0; i < 1000; i++) {
		unsigned port = 0;
		int fd = stream_listen(&port);
		bool is_free = udp_is_free(port);

		close(fd);
		if (is_free)
			return port;
	}
	fprintf(stderr, "bench: no free port\n");
	exit(70);
}
