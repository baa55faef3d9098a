/* The SIP server of the load tools. */
#include "bench/sip_end.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/reactor.h"
#include "bench/stream.h"

enum { STREAMS = 64, DATAGRAM_BYTES = 65536, DATAGRAMS_A_TURN = 256, SOCKET_BYTES = 8 << 20 };

struct sip_end {
	struct reactor *reactor;
	unsigned port;
	int udp;
	int listener;
	struct stream *streams[STREAMS];
	struct stream *to_daemon; /* one of streams, or NULL */
	unsigned closed;
	sip_end_fn *fn;
	void *arg;
	char datagram[DATAGRAM_BYTES];
};

static void deliver(struct sip_end *end, const char *data, size_t len, const struct sip_hop *from)
{
	struct sip_wire message;

	sip_wire_read(&message, data, len);
	if (end->fn != NULL)
		end->fn(end, &message, from, end->arg);
}

static size_t on_stream(struct stream *stream, const char *data, size_t len, void *arg)
{
	struct sip_end *end = arg;
	struct sip_hop from = {.stream = stream};
	size_t used = 0;

	for (;;) {
		size_t n = sip_wire_length(data + used, len - used);

		if (n == 0)
			return used;
		deliver(end, data + used, n, &from);
		used += n;
	}
}

static void on_stream_closed(struct stream *stream, void *arg)
{
	struct sip_end *end = arg;

	for (size_t i = 0; i < STREAMS; i++)
		if (end->streams[i] == stream)
			end->streams[i] = NULL;
	if (end->to_daemon == stream)
		end->to_daemon = NULL;
	end->closed++;
}

static struct stream *add_stream(struct sip_end *end, int fd)
{
	for (size_t i = 0; i < STREAMS; i++) {
		if (end->streams[i] != NULL)
			continue;
		end->streams[i] = stream_new(end->reactor, fd, on_stream, on_stream_closed, end);
		return end->streams[i];
	}
	close(fd);
	return NULL;
}

static void on_accept(int fd, uint32_t events, void *arg)
{
	struct sip_end *end = arg;
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (peer >= 0)
		add_stream(end, peer);
}

static void on_udp(int fd, uint32_t events, void *arg)
{
	struct sip_end *end = arg;

	(void)events;
	for (int i = 0; i < DATAGRAMS_A_TURN; i++) {
		struct sip_hop from = {.stream = NULL};
		socklen_t size = sizeof(from.udp);
		ssize_t n = recvfrom(fd, end->datagram, sizeof(end->datagram), MSG_DONTWAIT,
				     (struct sockaddr *)(void *)&from.udp, &size);

		if (n < 0)
			return;
		deliver(end, end->datagram, (size_t)n, &from);
	}
}

static void open_udp(struct sip_end *end)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)end->port)};
	int bytes = SOCKET_BYTES;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	end->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (setsockopt(end->udp, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
		setsockopt(end->udp, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(end->udp, (struct sockaddr *)(void *)&address, sizeof(address)) != 0) {
		perror("bench: bind");
		exit(70);
	}
	reactor_watch(end->reactor, end->udp, EPOLLIN, on_udp, end);
}

struct sip_end *sip_end_new(struct reactor *reactor)
{
	struct sip_end *end = mem_zalloc(sizeof(*end));

	end->reactor = reactor;
	end->port = stream_free_port();
	end->listener = stream_listen(&end->port);
	reactor_watch(reactor, end->listener, EPOLLIN, on_accept, end);
	open_udp(end);
	return end;
}

void sip_end_free(struct sip_end **end_p)
{
	struct sip_end *end = *end_p;

	if (end == NULL)
		return;
	*end_p = NULL;
	for (size_t i = 0; i < STREAMS; i++)
		stream_free(&end->streams[i]);
	reactor_drop(end->reactor, end->udp);
	reactor_drop(end->reactor, end->listener);
	close(end->udp);
	close(end->listener);
	mem_free(end);
}

unsigned sip_end_port(const struct sip_end *end)
{
	return end->port;
}

void sip_end_listen(struct sip_end *end, sip_end_fn *fn, void *arg)
{
	end->fn = fn;
	end->arg = arg;
}

bool sip_end_hop(struct sip_end *end, unsigned port, bool is_tcp, struct sip_hop *out)
{
	int fd = -1;

	memset(out, 0, sizeof(*out));
	out->udp.sin_family = AF_INET;
	out->udp.sin_port = htons((uint16_t)port);
	out->udp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!is_tcp)
		return true;
	if (end->to_daemon == NULL) {
		fd = stream_connect(port);
		if (fd < 0)
			return false;
		end->to_daemon = add_stream(end, fd);
	}
	out->stream = end->to_daemon;
	return out->stream != NULL;
}

void sip_end_send(struct sip_end *end, const struct sip_hop *to, const void *data, size_t len)
{
	if (to->stream != NULL) {
		stream_put(to->stream, data, len);
		return;
	}
	while (sendto(end->udp, data, len, 0, (const struct sockaddr *)(const void *)&to->udp,
		      sizeof(to->udp)) < 0 &&
	       errno == EINTR)
		continue;
}

void sip_end_flush(struct sip_end *end)
{
	for (size_t i = 0; i < STREAMS; i++)
		if (end->streams[i] != NULL && stream_unsent(end->streams[i]) > 0)
			stream_flush(end->streams[i]);
}

size_t sip_end_unsent(const struct sip_end *end)
{
	size_t sum = 0;

	for (size_t i = 0; i < STREAMS; i++)
		if (end->streams[i] != NULL)
			sum += stream_unsent(end->streams[i]);
	return sum;
}

void sip_end_let_go(struct sip_end *end)
{
	end->to_daemon = NULL;
}

void sip_end_hang_up(struct sip_end *end)
{
	for (size_t i = 0; i < STREAMS; i++)
		stream_free(&end->streams[i]);
	end->to_daemon = NULL;
}

unsigned sip_end_closed(const struct sip_end *end)
{
	return end->closed;
}
