/* A SIP peer of bytes; see sip_peer.h. */
#include "support/sip_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"

/* Unlike assert() also in a release build: the conditions do things. */
static void must(bool holds)
{
	if (!holds)
		abort();
}

enum { CONNECTIONS_MAX = 16, MESSAGES_MAX = 4096 };

struct connection {
	struct text_peer *peer;
	int fd; /* -1: free */
	bool is_ours;
	struct buf in;
};

struct text_peer {
	struct loop *loop;
	uint16_t port;
	uint16_t to_port;
	int udp;
	int listener;
	struct connection connections[CONNECTIONS_MAX];
	struct sip_text messages[MESSAGES_MAX];
	size_t count;
	struct sip_text taken;
	const char *wanted;
	bool is_waiting;
	bool has_closed;
	bool is_paused;
	size_t udp_bytes;
	struct loop_timer timer;
};

static struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t len = sizeof address;

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return 0;
	return ntohs(address.sin_port);
}

/* The same number for UDP and TCP: tried until both are free. */
static uint16_t bind_both(int *udp, int *tcp)
{
	for (int tries = 0; tries < 100; tries++) {
		struct sockaddr_in address = loopback(0);
		int one = 1;

		*tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		*udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		setsockopt(*tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		must(bind(*tcp, (struct sockaddr *)&address, sizeof address) == 0);
		address = loopback(port_of(*tcp));
		if (bind(*udp, (struct sockaddr *)&address, sizeof address) == 0)
			return ntohs(address.sin_port);
		close(*tcp);
		close(*udp);
	}
	abort();
}

uint16_t text_peer_free_port(void)
{
	int udp, tcp;
	uint16_t port = bind_both(&udp, &tcp);

	close(udp);
	close(tcp);
	return port;
}

static void stop_waiting(struct text_peer *peer)
{
	if (!peer->is_waiting)
		return;
	peer->is_waiting = false;
	loop_timer_cancel(&peer->timer);
	loop_quit(peer->loop);
}

static bool starts(const struct sip_text *message, const char *start)
{
	return strncmp(message->text, start, strlen(start)) == 0;
}

static void add(struct text_peer *peer, const char *text, size_t len, enum sip_way way, int fd,
		uint16_t from_port)
{
	must(peer->count < MESSAGES_MAX);
	struct sip_text *message = &peer->messages[peer->count++];

	*message = (struct sip_text){mem_strndup("", 0), len, way, fd, from_port};
	mem_free(message->text);
	message->text = mem_alloc(len + 1);
	memcpy(message->text, text, len);
	message->text[len] = '\0';
	if (peer->wanted != NULL && starts(message, peer->wanted))
		stop_waiting(peer);
}

static void on_udp(int fd, unsigned events, void *arg)
{
	static char data[TEXT_PEER_TEXT_MAX];
	struct text_peer *peer = arg;

	(void)events;
	for (;;) {
		struct sockaddr_in from;
		socklen_t from_len = sizeof from;
		ssize_t len = recvfrom(fd, data, sizeof data, MSG_DONTWAIT,
				       (struct sockaddr *)&from, &from_len);

		if (len < 0)
			return;
		peer->udp_bytes += (size_t)len;
		add(peer, data, (size_t)len, SIP_WAY_UDP, -1, ntohs(from.sin_port));
	}
}

static size_t frame(const struct buf *in)
{
	const char *end = memmem(in->data, in->len, "\r\n\r\n", 4);
	struct sip_text whole = {in->data, in->len, SIP_WAY_TCP, -1, 0};
	char room[32];
	size_t len;

	if (end == NULL)
		return 0;
	len = (size_t)(end - in->data) + 4;
	len += strtoul(sip_text_header(&whole, "Content-Length", room, sizeof room), NULL, 10);
	return len <= in->len ? len : 0;
}

static void close_connection(struct connection *connection)
{
	if (connection->fd < 0)
		return;
	loop_fd(connection->peer->loop, connection->fd, 0, NULL, NULL);
	close(connection->fd);
	connection->fd = -1;
	buf_free(&connection->in);
}

static void on_tcp(int fd, unsigned events, void *arg)
{
	struct connection *connection = arg;
	struct text_peer *peer = connection->peer;
	char data[16384];
	ssize_t got = recv(fd, data, sizeof data, MSG_DONTWAIT);

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		if (connection->is_ours) {
			peer->has_closed = true;
			stop_waiting(peer);
		}
		close_connection(connection);
		return;
	}
	buf_append(&connection->in, data, (size_t)got);
	for (;;) {
		while (connection->in.len >= 2 && memcmp(connection->in.data, "\r\n", 2) == 0)
			buf_consume(&connection->in, 2);
		size_t len = connection->in.len != 0 ? frame(&connection->in) : 0;

		if (len == 0)
			return;
		add(peer, connection->in.data, len, SIP_WAY_TCP, fd, 0);
		buf_consume(&connection->in, len);
	}
}

static struct connection *add_connection(struct text_peer *peer, int fd, bool is_ours)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *connection = &peer->connections[i];

		if (connection->fd >= 0)
			continue;
		connection->peer = peer;
		connection->fd = fd;
		connection->is_ours = is_ours;
		if (!peer->is_paused)
			loop_fd(peer->loop, fd, LOOP_READ, on_tcp, connection);
		return connection;
	}
	abort();
}

static void on_listener(int fd, unsigned events, void *arg)
{
	int connection = accept(fd, NULL, NULL);

	(void)events;
	if (connection >= 0)
		add_connection(arg, connection, false);
}

struct text_peer *text_peer_new(struct loop *loop, uint16_t to_port)
{
	struct text_peer *peer = mem_zalloc(sizeof *peer);

	peer->loop = loop;
	peer->to_port = to_port;
	peer->port = bind_both(&peer->udp, &peer->listener);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		peer->connections[i].fd = -1;
	must(listen(peer->listener, 16) == 0);
	fcntl(peer->listener, F_SETFL, O_NONBLOCK);
	loop_fd(loop, peer->udp, LOOP_READ, on_udp, peer);
	loop_fd(loop, peer->listener, LOOP_READ, on_listener, peer);
	return peer;
}

void text_peer_pause(struct text_peer *peer, bool is_paused)
{
	peer->is_paused = is_paused;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *connection = &peer->connections[i];

		if (connection->fd >= 0)
			loop_fd(peer->loop, connection->fd, is_paused ? 0 : LOOP_READ, on_tcp,
				connection);
	}
}

void text_peer_no_tcp(struct text_peer *peer)
{
	if (peer->listener < 0)
		return;
	loop_fd(peer->loop, peer->listener, 0, NULL, NULL);
	close(peer->listener);
	peer->listener = -1;
}

void text_peer_deaf(struct text_peer *peer)
{
	text_peer_no_tcp(peer);
	if (peer->udp >= 0) {
		loop_fd(peer->loop, peer->udp, 0, NULL, NULL);
		close(peer->udp);
		peer->udp = -1;
	}
}

void text_peer_hang_up(struct text_peer *peer)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		close_connection(&peer->connections[i]);
}

void text_peer_free(struct text_peer **peer)
{
	if (*peer == NULL)
		return;
	loop_timer_cancel(&(*peer)->timer);
	text_peer_hang_up(*peer);
	text_peer_deaf(*peer);
	for (size_t i = 0; i < (*peer)->count; i++)
		mem_free((*peer)->messages[i].text);
	mem_free((*peer)->taken.text);
	mem_free(*peer);
	*peer = NULL;
}

uint16_t text_peer_port(const struct text_peer *peer)
{
	return peer->port;
}

static int own_connection(struct text_peer *peer)
{
	struct sockaddr_in to = loopback(peer->to_port);
	int fd;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (peer->connections[i].fd >= 0 && peer->connections[i].is_ours)
			return peer->connections[i].fd;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
	peer->has_closed = false;
	return add_connection(peer, fd, true)->fd;
}

uint16_t text_peer_tcp_port(struct text_peer *peer)
{
	return port_of(own_connection(peer));
}

void text_peer_send_bytes(struct text_peer *peer, enum sip_way way, const void *data, size_t len)
{
	struct sockaddr_in to = loopback(peer->to_port);

	if (way == SIP_WAY_UDP) {
		must(sendto(peer->udp, data, len, 0, (struct sockaddr *)&to, sizeof to) ==
		     (ssize_t)len);
		return;
	}
	size_t sent = 0;

	while (sent < len) {
		ssize_t n = send(own_connection(peer), (const char *)data + sent, len - sent,
				 MSG_NOSIGNAL);

		if (n <= 0)
			return;
		sent += (size_t)n;
	}
}

void text_peer_send(struct text_peer *peer, enum sip_way way, const char *text)
{
	text_peer_send_bytes(peer, way, text, strlen(text));
}

/* Waiting -------------------------------------------------------------------------------------- */

static void on_timer(void *arg)
{
	struct text_peer *peer = arg;

	peer->is_waiting = false;
	loop_quit(peer->loop);
}

static void wait_for(struct text_peer *peer, unsigned ms)
{
	peer->is_waiting = true;
	loop_timer_set(peer->loop, &peer->timer, ms, on_timer, peer);
	loop_run(peer->loop);
}

static bool take(struct text_peer *peer, const char *start)
{
	for (size_t i = 0; i < peer->count; i++) {
		if (!starts(&peer->messages[i], start))
			continue;
		mem_free(peer->taken.text);
		peer->taken = peer->messages[i];
		peer->count--;
		memmove(&peer->messages[i], &peer->messages[i + 1],
			(peer->count - i) * sizeof peer->messages[0]);
		return true;
	}
	return false;
}

const struct sip_text *text_peer_expect(struct text_peer *peer, const char *start)
{
	if (take(peer, start))
		return &peer->taken;
	peer->wanted = start;
	wait_for(peer, TEXT_PEER_WAIT_MS);
	peer->wanted = NULL;
	return take(peer, start) ? &peer->taken : NULL;
}

size_t text_peer_let_run(struct text_peer *peer, unsigned ms)
{
	wait_for(peer, ms);
	return peer->count;
}

size_t text_peer_count(const struct text_peer *peer, const char *start)
{
	size_t count = 0;

	for (size_t i = 0; i < peer->count; i++)
		count += starts(&peer->messages[i], start) ? 1 : 0;
	return count;
}

bool text_peer_wait_closed(struct text_peer *peer)
{
	if (!peer->has_closed)
		wait_for(peer, TEXT_PEER_WAIT_MS);
	return peer->has_closed;
}

size_t text_peer_udp_bytes(const struct text_peer *peer)
{
	return peer->udp_bytes;
}

/* Texts ---------------------------------------------------------------------------------------- */

static const char *find_line(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *line = strstr(text, "\r\n");

	while (line != NULL && strncmp(line, "\r\n\r\n", 4) != 0) {
		line += 2;
		if (strncasecmp(line, name, len) == 0 &&
		    line[len + strspn(line + len, " \t")] == ':')
			return line;
		line = strstr(line, "\r\n");
	}
	return NULL;
}

const char *sip_text_header(const struct sip_text *text, const char *name, char *room,
			    size_t room_len)
{
	const char *line = find_line(text->text, name);
	size_t len;

	room[0] = '\0';
	if (line == NULL)
		return room;
	line = strchr(line, ':') + 1;
	line += strspn(line, " \t");
	len = strcspn(line, "\r\n");
	if (len >= room_len)
		len = room_len - 1;
	memcpy(room, line, len);
	room[len] = '\0';
	return room;
}

size_t sip_text_header_count(const struct sip_text *text, const char *name)
{
	size_t count = 0;
	const char *line = find_line(text->text, name);

	while (line != NULL) {
		count++;
		line = find_line(line, name);
	}
	return count;
}

const char *sip_text_tag(const struct sip_text *text, const char *name, char *room, size_t room_len)
{
	char value[512];
	const char *tag = strstr(sip_text_header(text, name, value, sizeof value), ";tag=");
	size_t len;

	room[0] = '\0';
	if (tag == NULL)
		return room;
	len = strcspn(tag + 5, ";");
	if (len >= room_len)
		len = room_len - 1;
	memcpy(room, tag + 5, len);
	room[len] = '\0';
	return room;
}

const char *sip_text_body(const struct sip_text *text)
{
	const char *end = strstr(text->text, "\r\n\r\n");

	return end != NULL ? end + 4 : "";
}

static void copy_lines(const struct sip_text *text, const char *name, struct buf *out)
{
	for (const char *line = find_line(text->text, name); line != NULL;
	     line = find_line(line, name)) {
		buf_append(out, line, strcspn(line, "\r\n"));
		buf_puts(out, "\r\n");
	}
}

void text_peer_answer(struct text_peer *peer, const struct sip_text *text, const char *status,
		      const char *headers)
{
	struct buf out = BUF_INIT;
	char to[1024];

	buf_printf(&out, "SIP/2.0 %s\r\n", status);
	copy_lines(text, "Via", &out);
	copy_lines(text, "From", &out);
	sip_text_header(text, "To", to, sizeof to);
	buf_printf(&out, "To: %s%s\r\n", to, strstr(to, ";tag=") != NULL ? "" : ";tag=peer");
	copy_lines(text, "Call-ID", &out);
	copy_lines(text, "CSeq", &out);
	buf_puts(&out, headers);
	buf_puts(&out, "Content-Length: 0\r\n\r\n");
	if (text->way == SIP_WAY_TCP) {
		(void)!send(text->fd, out.data, out.len, MSG_NOSIGNAL);
	} else {
		struct sockaddr_in bridge = loopback(text->from_port);

		sendto(peer->udp, out.data, out.len, 0, (struct sockaddr *)&bridge, sizeof bridge);
	}
	buf_free(&out);
}
