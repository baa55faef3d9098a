/* The floor: a relay without parsing. */
#include "bench/floor.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/daemon_run.h"
#include "bench/reactor.h"
#include "bench/stream.h"

enum { DATAGRAM_BYTES = 65536 };

struct floor_relay {
	struct reactor *reactor;
	unsigned port;
	unsigned sip_port;
	bool is_tcp;
	int udp;
	struct stream *to_xmpp;
	struct stream *to_sip;
	bool is_up;
	struct sockaddr_in sip;
	struct buf text;
	unsigned long count;
	unsigned long fanout;
	char datagram[DATAGRAM_BYTES];
};

static void copy_header(struct buf *out, const char *data, size_t len, const char *name)
{
	const char *at = memmem(data, len, name, strlen(name));
	const char *stop =
		at != NULL ? memmem(at + 2, len - (size_t)(at + 2 - data), "\r\n", 2) : NULL;

	if (stop != NULL)
		buf_append(out, at + 2, (size_t)(stop + 2 - at - 2));
}

/* The canned answer; its headers are copied as they stand. */
static void put_answer(struct buf *out, const char *data, size_t len)
{
	static const char *const names[] = {
		"\r\nVia:", "\r\nFrom:", "\r\nTo:", "\r\nCall-ID:", "\r\nCSeq:"};

	buf_puts(out, "SIP/2.0 200 OK\r\n");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		copy_header(out, data, len, names[i]);
	buf_puts(out, "Content-Length: 0\r\n\r\n");
}

static void write_stanza(struct floor_relay *relay, const char *body, size_t len)
{
	buf_reset(&relay->text);
	buf_puts(&relay->text, "<message from='1001@sip.chat.example/sip' to='juliet@chat.example'"
			       " type='chat' id='floor'><body>");
	buf_append(&relay->text, body, len);
	buf_puts(&relay->text, "</body></message>");
	stream_put(relay->to_xmpp, relay->text.data, relay->text.len);
	stream_flush(relay->to_xmpp);
}

static void relay_to_xmpp(struct floor_relay *relay, const char *body, size_t len)
{
	for (unsigned long i = 0; i < relay->fanout; i++)
		write_stanza(relay, body, len);
}

/* Returns whether data was a request; its answer stands in relay->text. */
static bool take_sip(struct floor_relay *relay, const char *data, size_t head, size_t len)
{
	if (memcmp(data, "SIP/2.0", 7) == 0)
		return false;
	buf_reset(&relay->text);
	put_answer(&relay->text, data, head);
	(void)len;
	return true;
}

static size_t on_sip_stream(struct stream *stream, const char *data, size_t len, void *arg)
{
	struct floor_relay *relay = arg;
	size_t used = 0;

	for (;;) {
		const char *end = memmem(data + used, len - used, "\r\n\r\n", 4);
		size_t head = end != NULL ? (size_t)(end - data) - used + 4 : 0;
		const char *mark = NULL;
		size_t body = 0;

		if (end == NULL)
			return used;
		mark = memmem(data + used, head, "Content-Length:", 15);
		body = mark != NULL ? strtoul(mark + 15, NULL, 10) : 0;
		if (used + head + body > len)
			return used;
		if (take_sip(relay, data + used, head, head + body)) {
			stream_put(stream, relay->text.data, relay->text.len);
			stream_flush(stream);
			if (body > 0)
				relay_to_xmpp(relay, end + 4, body);
		}
		used += head + body;
	}
}

static void on_udp(int fd, uint32_t events, void *arg)
{
	struct floor_relay *relay = arg;
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(fd, relay->datagram, sizeof(relay->datagram), MSG_DONTWAIT,
			     (struct sockaddr *)(void *)&from, &size);
	const char *end = NULL;
	size_t head = 0;

	(void)events;
	if (n < 8)
		return;
	end = memmem(relay->datagram, (size_t)n, "\r\n\r\n", 4);
	if (end == NULL)
		return;
	head = (size_t)(end - relay->datagram) + 4;
	if (!take_sip(relay, relay->datagram, head, (size_t)n))
		return;
	sendto(fd, relay->text.data, relay->text.len, 0, (struct sockaddr *)(void *)&from, size);
	if (head < (size_t)n)
		relay_to_xmpp(relay, end + 4, (size_t)n - head);
}

static void relay_to_sip(struct floor_relay *relay, const char *body, size_t len)
{
	const char *transport = relay->is_tcp ? "TCP" : "UDP";

	buf_reset(&relay->text);
	buf_printf(&relay->text,
		   "MESSAGE sip:1001@pbx.example SIP/2.0\r\n"
		   "Via: SIP/2.0/%s 127.0.0.1:%u;branch=z9hG4bKfloor%lu;rport\r\n"
		   "Max-Forwards: 70\r\nFrom: <sip:juliet@chat.example>;tag=f%lu\r\n"
		   "To: <sip:1001@pbx.example>\r\nCall-ID: floor%lu\r\nCSeq: 1 MESSAGE\r\n"
		   "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n",
		   transport, relay->port, relay->count, relay->count, relay->count, len);
	relay->count++;
	buf_append(&relay->text, body, len);
	if (relay->is_tcp) {
		stream_put(relay->to_sip, relay->text.data, relay->text.len);
		stream_flush(relay->to_sip);
		return;
	}
	sendto(relay->udp, relay->text.data, relay->text.len, 0,
	       (struct sockaddr *)(void *)&relay->sip, sizeof(relay->sip));
}

static size_t on_xmpp_stream(struct stream *stream, const char *data, size_t len, void *arg)
{
	struct floor_relay *relay = arg;
	size_t used = 0;

	if (!relay->is_up && memmem(data, len, "<handshake/>", 12) == NULL) {
		if (memmem(data, len, " id='", 5) != NULL) {
			stream_put(stream, "<handshake>floor</handshake>", 28);
			stream_flush(stream);
		}
		return memmem(data, len, " id='", 5) != NULL ? len : 0;
	}
	relay->is_up = true;
	for (;;) {
		const char *body = memmem(data + used, len - used, "<body>", 6);
		const char *end = NULL;

		if (body == NULL)
			return used;
		end = memmem(body, len - (size_t)(body - data), "</body></message>", 17);
		if (end == NULL)
			return used;
		relay_to_sip(relay, body + 6, (size_t)(end - body) - 6);
		used = (size_t)(end - data) + 17;
	}
}

static void on_lost(struct stream *stream, void *arg)
{
	(void)stream;
	(void)arg;
	_exit(0);
}

static void on_accept(int fd, uint32_t events, void *arg)
{
	struct floor_relay *relay = arg;
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (peer >= 0)
		stream_new(relay->reactor, peer, on_sip_stream, on_lost, relay);
}

static void open_udp(struct floor_relay *relay)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)relay->port)};
	int bytes = 8 << 20;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	relay->udp = socket(AF_INET, SOCK_DGRAM, 0);
	if (setsockopt(relay->udp, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
		setsockopt(relay->udp, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(relay->udp, (struct sockaddr *)(void *)&address, sizeof(address)) != 0)
		_exit(70);
	reactor_watch(relay->reactor, relay->udp, EPOLLIN, on_udp, relay);
	relay->sip = address;
	relay->sip.sin_port = htons((uint16_t)relay->sip_port);
}

static void run(struct floor_relay *relay, unsigned xmpp_port)
{
	static const char header[] =
		"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='sip.chat.example'>";
	int xmpp = stream_connect(xmpp_port);

	relay->reactor = reactor_new();
	reactor_watch(relay->reactor, stream_listen(&relay->port), EPOLLIN, on_accept, relay);
	open_udp(relay);
	if (relay->is_tcp)
		relay->to_sip = stream_new(relay->reactor, stream_connect(relay->sip_port),
					   on_sip_stream, on_lost, relay);
	relay->to_xmpp = stream_new(relay->reactor, xmpp, on_xmpp_stream, on_lost, relay);
	stream_put(relay->to_xmpp, header, sizeof(header) - 1);
	stream_flush(relay->to_xmpp);
	for (;;)
		reactor_turn(relay->reactor, -1);
}

struct daemon_run *floor_start(unsigned sip_port, unsigned xmpp_port, bool is_tcp,
			       unsigned long fanout)
{
	unsigned port = stream_free_port();
	pid_t pid = fork();

	if (pid == 0) {
		struct floor_relay *relay = mem_zalloc(sizeof(*relay));

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		relay->port = port;
		relay->sip_port = sip_port;
		relay->is_tcp = is_tcp;
		relay->fanout = fanout != 0 ? fanout : 1;
		run(relay, xmpp_port);
	}
	return daemon_run_adopt(pid, port);
}
