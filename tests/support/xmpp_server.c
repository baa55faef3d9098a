#include "support/xmpp_server.h"

#include <errno.h>
#include <expat.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "support/sha1.h"

enum { READ_BYTES = 65536, POLL_MS = 2 };

struct stanza {
	struct stanza *next;
	char *text;
	size_t len;
};

struct xmpp_server {
	struct loop *loop;
	int listener;
	uint16_t port;
	int fd;
	unsigned connections;
	unsigned accepted; /* the last one that a test has taken notice of */
	char id[128];
	char *pinged; /* domain for which pings are answered */
	XML_Parser parser;
	struct buf raw;  /* bytes since the start of the present stanza */
	size_t raw_base; /* offset of raw.data[0] */
	size_t start;
	int depth;
	bool has_header;
	bool saw_end;
	bool is_broken;
	bool is_reading;
	size_t bytes;
	struct stanza *stanzas;
	struct stanza **tail;
	size_t count;
	char *taken;
	struct buf out; /* what the socket did not take yet */
	bool (*is_there)(void *arg);
	void *arg;
	bool is_late;
	struct loop_timer late;
	struct loop_timer poll;
};

static void on_client(int fd, unsigned events, void *arg);

static void check_wait(struct xmpp_server *server)
{
	if (server->is_there != NULL && server->is_there(server->arg))
		loop_quit(server->loop);
}

static void on_late(void *arg)
{
	struct xmpp_server *server = arg;

	server->is_late = true;
	loop_quit(server->loop);
}

static void on_poll(void *arg)
{
	struct xmpp_server *server = arg;

	loop_timer_set(server->loop, &server->poll, POLL_MS, on_poll, server);
	check_wait(server);
}

bool xmpp_server_wait(struct xmpp_server *server, bool (*is_there)(void *arg), void *arg,
		      unsigned wait_ms)
{
	if (is_there(arg))
		return true;
	server->is_there = is_there;
	server->arg = arg;
	server->is_late = false;
	loop_timer_set(server->loop, &server->late, wait_ms, on_late, server);
	loop_timer_set(server->loop, &server->poll, POLL_MS, on_poll, server);
	while (!server->is_late && !is_there(arg))
		loop_run(server->loop);
	loop_timer_cancel(&server->late);
	loop_timer_cancel(&server->poll);
	server->is_there = NULL;
	return is_there(arg);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

void xmpp_server_let_run(struct xmpp_server *server, unsigned ms)
{
	(void)xmpp_server_wait(server, never, NULL, ms);
}

/* What the component writes ----------------------------------------------------------------------
 */

static void keep(struct xmpp_server *server, const char *text, size_t len)
{
	struct stanza *stanza = mem_zalloc(sizeof(*stanza));

	stanza->text = mem_strndup(text, len);
	stanza->len = len;
	*server->tail = stanza;
	server->tail = &stanza->next;
	server->count++;
}

/* The value of an attribute in the start tag, as it stands there; empty if it is missing. */
static char *attribute(const char *stanza, const char *name)
{
	char key[32];
	const char *at, *end = strchr(stanza, '>');

	for (int quote = 0; quote < 2; quote++) {
		snprintf(key, sizeof(key), " %s=%c", name, "'\""[quote]);
		at = strstr(stanza, key);
		if (at != NULL && at < end) {
			at += strlen(key);
			return mem_strndup(at, strcspn(at, quote == 0 ? "'" : "\""));
		}
	}
	return mem_strdup("");
}

static void answer_ping(struct xmpp_server *server, const char *stanza)
{
	char *to = attribute(stanza, "to");
	char *from = attribute(stanza, "from");
	char *id = attribute(stanza, "id");
	struct buf out = BUF_INIT;

	if (server->pinged != NULL && strcmp(to, server->pinged) == 0) {
		buf_printf(&out, "<iq type='result' from='%s' to='%s' id='%s'/>", to, from, id);
		xmpp_server_send_bytes(server, out.data, out.len);
	}
	buf_free(&out);
	mem_free(to);
	mem_free(from);
	mem_free(id);
}

static void XMLCALL on_start(void *arg, const char *name, const char **attributes)
{
	struct xmpp_server *server = arg;

	(void)name;
	(void)attributes;
	if (server->depth == 0)
		server->has_header = true;
	if (server->depth == 1)
		server->start = (size_t)XML_GetCurrentByteIndex(server->parser);
	server->depth++;
}

static void XMLCALL on_end(void *arg, const char *name)
{
	struct xmpp_server *server = arg;
	size_t end = (size_t)XML_GetCurrentByteIndex(server->parser) +
		     (size_t)XML_GetCurrentByteCount(server->parser);

	(void)name;
	server->depth--;
	if (server->depth == 0)
		server->saw_end = true;
	if (server->depth != 1)
		return;
	keep(server, server->raw.data + (server->start - server->raw_base), end - server->start);
	if (memmem(server->raw.data + (server->start - server->raw_base), end - server->start,
		   "urn:xmpp:ping", 13) != NULL)
		answer_ping(server, ((struct stanza *)((char *)server->tail -
						       offsetof(struct stanza, next)))
					    ->text);
	server->start = end;
}

static void read_bytes(struct xmpp_server *server, const char *data, size_t len)
{
	server->bytes += len;
	buf_append(&server->raw, data, len);
	if (!server->saw_end && XML_Parse(server->parser, data, (int)len, 0) != XML_STATUS_OK)
		server->is_broken = true;
	if (server->depth == 1 && server->start > server->raw_base) {
		buf_consume(&server->raw, server->start - server->raw_base);
		server->raw_base = server->start;
	}
}

/* Connections ------------------------------------------------------------------------------------
 */

static void drop_client(struct xmpp_server *server)
{
	if (server->fd >= 0) {
		loop_fd(server->loop, server->fd, 0, NULL, NULL);
		close(server->fd);
	}
	server->fd = -1;
	buf_reset(&server->out);
}

static void watch_client(struct xmpp_server *server)
{
	unsigned events = (server->is_reading ? (unsigned)LOOP_READ : 0u) |
			  (server->out.len > 0 ? (unsigned)LOOP_WRITE : 0u);

	if (server->fd >= 0)
		loop_fd(server->loop, server->fd, events, on_client, server);
}

static void flush(struct xmpp_server *server)
{
	while (server->fd >= 0 && server->out.len > 0) {
		ssize_t n = send(server->fd, server->out.data, server->out.len,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n <= 0)
			break;
		buf_consume(&server->out, (size_t)n);
	}
}

static void on_client(int fd, unsigned events, void *arg)
{
	struct xmpp_server *server = arg;
	static char data[READ_BYTES];
	ssize_t n;

	if ((events & LOOP_WRITE) != 0 && server->out.len > 0) {
		flush(server);
		watch_client(server);
	}
	if ((events & LOOP_READ) != 0 && server->is_reading) {
		n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
		if (n > 0)
			read_bytes(server, data, (size_t)n);
		else if (n == 0 || errno != EAGAIN)
			drop_client(server);
	}
	check_wait(server);
}

static void new_parser(struct xmpp_server *server)
{
	if (server->parser != NULL)
		XML_ParserFree(server->parser);
	server->parser = XML_ParserCreateNS("UTF-8", '\x1f');
	XML_SetUserData(server->parser, server);
	XML_SetElementHandler(server->parser, on_start, on_end);
	buf_reset(&server->raw);
	server->raw_base = 0;
	server->start = 0;
	server->depth = 0;
	server->has_header = false;
	server->saw_end = false;
	server->is_broken = false;
	server->is_reading = true;
	server->bytes = 0;
}

static void on_listener(int fd, unsigned events, void *arg)
{
	struct xmpp_server *server = arg;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int on = 1;

	(void)events;
	if (client < 0)
		return;
	drop_client(server);
	xmpp_server_forget(server);
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	server->fd = client;
	server->connections++;
	new_parser(server);
	watch_client(server);
	check_wait(server);
}

static void start_listening(struct xmpp_server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server->port)};
	socklen_t len = sizeof(address);
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(server->listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(server->listener, 16) != 0) {
		perror("xmpp_server");
		abort();
	}
	getsockname(server->listener, (struct sockaddr *)&address, &len);
	server->port = ntohs(address.sin_port);
	loop_fd(server->loop, server->listener, LOOP_READ, on_listener, server);
}

struct xmpp_server *xmpp_server_new(struct loop *loop)
{
	struct xmpp_server *server = mem_zalloc(sizeof(*server));

	server->loop = loop;
	server->fd = -1;
	server->tail = &server->stanzas;
	start_listening(server);
	return server;
}

void xmpp_server_away(struct xmpp_server *server)
{
	if (server->listener >= 0) {
		loop_fd(server->loop, server->listener, 0, NULL, NULL);
		close(server->listener);
	}
	server->listener = -1;
}

void xmpp_server_back(struct xmpp_server *server)
{
	start_listening(server);
}

void xmpp_server_free(struct xmpp_server **server)
{
	if (*server == NULL)
		return;
	xmpp_server_away(*server);
	drop_client(*server);
	xmpp_server_forget(*server);
	if ((*server)->parser != NULL)
		XML_ParserFree((*server)->parser);
	buf_free(&(*server)->raw);
	buf_free(&(*server)->out);
	mem_free((*server)->taken);
	mem_free((*server)->pinged);
	mem_free(*server);
	*server = NULL;
}

uint16_t xmpp_server_port(const struct xmpp_server *server)
{
	return server->port;
}

/* Script -----------------------------------------------------------------------------------------
 */

static bool has_header(void *arg)
{
	const struct xmpp_server *server = arg;

	return server->fd >= 0 && server->has_header && server->connections > server->accepted;
}

bool xmpp_server_accept(struct xmpp_server *server)
{
	bool is_there = xmpp_server_wait(server, has_header, server, XMPP_SERVER_WAIT_MS);

	server->accepted = server->connections;
	return is_there;
}

void xmpp_server_send_header(struct xmpp_server *server, const char *id)
{
	struct buf out = BUF_INIT;

	snprintf(server->id, sizeof(server->id), "%s", id);
	buf_printf(&out,
		   "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
		   "xmlns:stream='http://etherx.jabber.org/streams' from='sip.chat.example' "
		   "id='%s'>",
		   id);
	xmpp_server_send_bytes(server, out.data, out.len);
	buf_free(&out);
}

bool xmpp_server_check_handshake(struct xmpp_server *server, const char *secret)
{
	struct buf both = BUF_INIT;
	char wanted[SHA1_HEX_CHARS + 1];
	const char *handshake = xmpp_server_expect(server, "<handshake");

	buf_printf(&both, "%s%s", server->id, secret);
	sha1_hex(both.data, both.len, wanted);
	buf_free(&both);
	return handshake != NULL && strstr(handshake, wanted) != NULL;
}

bool xmpp_server_welcome(struct xmpp_server *server, const char *secret)
{
	char id[32];

	if (!xmpp_server_accept(server))
		return false;
	snprintf(id, sizeof(id), "stream-%u", server->connections);
	xmpp_server_send_header(server, id);
	if (!xmpp_server_check_handshake(server, secret))
		return false;
	xmpp_server_send(server, "<handshake/>");
	return true;
}

void xmpp_server_answer_pings_for(struct xmpp_server *server, const char *domain)
{
	mem_free(server->pinged);
	server->pinged = mem_strdup_or_null(domain);
}

void xmpp_server_send_bytes(struct xmpp_server *server, const char *data, size_t len)
{
	if (server->fd < 0)
		return;
	buf_append(&server->out, data, len);
	flush(server);
	watch_client(server);
}

void xmpp_server_send(struct xmpp_server *server, const char *text)
{
	xmpp_server_send_bytes(server, text, strlen(text));
}

enum { NEEDLES_MAX = 12 };

struct search {
	struct xmpp_server *server;
	const char *needles[NEEDLES_MAX + 1];
};

static bool holds(const struct stanza *stanza, const struct search *search)
{
	for (int i = 0; search->needles[i] != NULL; i++) {
		if (strstr(stanza->text, search->needles[i]) == NULL)
			return false;
	}
	return true;
}

static struct stanza **find(const struct search *search)
{
	for (struct stanza **at = &search->server->stanzas; *at != NULL; at = &(*at)->next) {
		if (holds(*at, search))
			return at;
	}
	return NULL;
}

static bool is_found(void *arg)
{
	return find(arg) != NULL;
}

bool xmpp_server_has(struct xmpp_server *server, const char *needle)
{
	struct search search = {server, {needle}};

	return is_found(&search);
}

static void complain(const struct search *search)
{
	for (int i = 0; search->needles[i] != NULL; i++)
		fprintf(stderr, "never came: %s\n", search->needles[i]);
	for (const struct stanza *at = search->server->stanzas; at != NULL; at = at->next)
		fprintf(stderr, "  there: %.300s\n", at->text);
}

static const char *expect(struct search *search)
{
	struct xmpp_server *server = search->server;
	struct stanza **at, *stanza;

	if (!xmpp_server_wait(server, is_found, search, XMPP_SERVER_WAIT_MS)) {
		complain(search);
		return NULL;
	}
	at = find(search);
	stanza = *at;
	*at = stanza->next;
	if (stanza->next == NULL)
		server->tail = at;
	server->count--;
	mem_free(server->taken);
	server->taken = stanza->text;
	mem_free(stanza);
	return server->taken;
}

const char *xmpp_server_expect(struct xmpp_server *server, const char *needle)
{
	struct search search = {server, {needle}};

	return expect(&search);
}

const char *xmpp_server_expect_all(struct xmpp_server *server, ...)
{
	struct search search = {.server = server};
	va_list needles;

	va_start(needles, server);
	for (int i = 0; i < NEEDLES_MAX; i++) {
		search.needles[i] = va_arg(needles, const char *);
		if (search.needles[i] == NULL)
			break;
	}
	va_end(needles);
	return expect(&search);
}

size_t xmpp_server_stanzas(const struct xmpp_server *server)
{
	return server->count;
}

void xmpp_server_forget(struct xmpp_server *server)
{
	while (server->stanzas != NULL) {
		struct stanza *stanza = server->stanzas;

		server->stanzas = stanza->next;
		mem_free(stanza->text);
		mem_free(stanza);
	}
	server->tail = &server->stanzas;
	server->count = 0;
}

size_t xmpp_server_bytes(const struct xmpp_server *server)
{
	return server->bytes;
}

unsigned xmpp_server_connections(const struct xmpp_server *server)
{
	return server->connections;
}

bool xmpp_server_saw_end(const struct xmpp_server *server)
{
	return server->saw_end;
}

static bool has_ended(void *arg)
{
	return xmpp_server_saw_end(arg);
}

bool xmpp_server_wait_end(struct xmpp_server *server)
{
	return xmpp_server_wait(server, has_ended, server, XMPP_SERVER_WAIT_MS);
}

static bool is_gone(void *arg)
{
	const struct xmpp_server *server = arg;

	return server->fd < 0;
}

bool xmpp_server_wait_gone(struct xmpp_server *server)
{
	return xmpp_server_wait(server, is_gone, server, XMPP_SERVER_WAIT_MS);
}

bool xmpp_server_is_broken(const struct xmpp_server *server)
{
	return server->is_broken;
}

void xmpp_server_stop_reading(struct xmpp_server *server)
{
	server->is_reading = false;
	watch_client(server);
}

void xmpp_server_go_on_reading(struct xmpp_server *server)
{
	server->is_reading = true;
	watch_client(server);
}

void xmpp_server_half_close(struct xmpp_server *server)
{
	shutdown(server->fd, SHUT_WR);
}

void xmpp_server_close(struct xmpp_server *server)
{
	drop_client(server);
}

void xmpp_server_reset(struct xmpp_server *server)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	setsockopt(server->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	drop_client(server);
}
