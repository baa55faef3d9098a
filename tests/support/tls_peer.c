/* A TLS end of bytes for tests; see tls_peer.h. */
#include "support/tls_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"

struct tls_peer {
	struct loop *loop;
	SSL_CTX *context;
	SSL *session;
	int fd;
	int listener; /* -1: a client */
	uint16_t port;
	bool is_up, is_closed;
	unsigned connections;
	char asked_for[256];
	struct buf in;
	struct buf taken;
	struct loop_timer timer;
	bool is_waiting;
};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "tls_peer: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	abort();
}

static void wake(struct tls_peer *peer)
{
	if (!peer->is_waiting)
		return;
	peer->is_waiting = false;
	loop_timer_cancel(&peer->timer);
	loop_quit(peer->loop);
}

static void on_timer(void *arg)
{
	struct tls_peer *peer = arg;

	peer->is_waiting = false;
	loop_quit(peer->loop);
}

static void wait_for(struct tls_peer *peer, unsigned ms)
{
	peer->is_waiting = true;
	loop_timer_set(peer->loop, &peer->timer, ms, on_timer, peer);
	loop_run(peer->loop);
}

static void hang_up(struct tls_peer *peer)
{
	if (peer->fd < 0)
		return;
	(void)loop_fd(peer->loop, peer->fd, 0, NULL, NULL);
	SSL_free(peer->session);
	close(peer->fd);
	ERR_clear_error();
	peer->session = NULL;
	peer->fd = -1;
	peer->is_closed = true;
}

/* True: go on. */
static bool step(struct tls_peer *peer, int result)
{
	int code;

	if (result > 0)
		return true;
	code = SSL_get_error(peer->session, result);
	ERR_clear_error();
	if (code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE)
		hang_up(peer);
	return false;
}

static void on_fd(int fd, unsigned events, void *arg)
{
	struct tls_peer *peer = arg;
	char bytes[4096];

	(void)fd;
	(void)events;
	if (!peer->is_up && step(peer, SSL_do_handshake(peer->session)))
		peer->is_up = true;
	while (peer->is_up && peer->fd >= 0) {
		int got = SSL_read(peer->session, bytes, sizeof bytes);

		if (!step(peer, got))
			break;
		buf_append(&peer->in, bytes, (size_t)got);
	}
	if (peer->fd >= 0)
		(void)loop_fd(peer->loop, peer->fd,
			      peer->is_up || !SSL_want_write(peer->session)
				      ? LOOP_READ
				      : LOOP_READ | LOOP_WRITE,
			      on_fd, peer);
	wake(peer);
}

static void begin(struct tls_peer *peer, int fd)
{
	peer->fd = fd;
	peer->is_up = peer->is_closed = false;
	peer->session = SSL_new(peer->context);
	SSL_set_fd(peer->session, fd);
	if (peer->listener < 0)
		SSL_set_connect_state(peer->session);
	else
		SSL_set_accept_state(peer->session);
	must(loop_fd(peer->loop, fd, LOOP_READ | LOOP_WRITE, on_fd, peer) == 0, "no loop");
}

static void on_listener(int fd, unsigned events, void *arg)
{
	struct tls_peer *peer = arg;
	int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (got < 0)
		return;
	hang_up(peer);
	buf_reset(&peer->in);
	peer->connections++;
	begin(peer, got);
}

static int on_name(SSL *session, int *alert, void *arg)
{
	struct tls_peer *peer = arg;
	const char *name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	snprintf(peer->asked_for, sizeof peer->asked_for, "%s", name != NULL ? name : "");
	return SSL_TLSEXT_ERR_OK;
}

static struct tls_peer *make(const struct tls_peer_params *params, bool is_server)
{
	struct tls_peer *peer = mem_zalloc(sizeof *peer);

	peer->loop = params->loop;
	peer->fd = peer->listener = -1;
	peer->context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
	/* Old versions need old signatures. */
	SSL_CTX_set_security_level(peer->context, 0);
	SSL_CTX_set_min_proto_version(peer->context, TLS1_VERSION);
	if (params->most_version != 0)
		SSL_CTX_set_max_proto_version(peer->context, params->most_version);
	must(SSL_CTX_set_cipher_list(peer->context, "ALL:@SECLEVEL=0") == 1, "ciphers");
	if (params->certificate != NULL)
		must(SSL_CTX_use_certificate_chain_file(peer->context, params->certificate) == 1 &&
			     SSL_CTX_use_PrivateKey_file(peer->context, params->key,
							 SSL_FILETYPE_PEM) == 1,
		     params->certificate);
	if (params->ca != NULL) {
		must(SSL_CTX_load_verify_file(peer->context, params->ca) == 1, params->ca);
		SSL_CTX_set_verify(peer->context, SSL_VERIFY_PEER, NULL);
	}
	SSL_CTX_set_tlsext_servername_callback(peer->context, on_name);
	SSL_CTX_set_tlsext_servername_arg(peer->context, peer);
	return peer;
}

struct tls_peer *tls_peer_connect(const struct tls_peer_params *params, uint16_t port)
{
	struct tls_peer *peer = make(params, false);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "cannot connect");
	peer->port = port;
	peer->connections = 1;
	begin(peer, fd);
	return peer;
}

struct tls_peer *tls_peer_listen(const struct tls_peer_params *params)
{
	struct tls_peer *peer = make(params, true);
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof at;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(peer->listener, (struct sockaddr *)&at, sizeof at) == 0 &&
		     listen(peer->listener, 16) == 0 &&
		     getsockname(peer->listener, (struct sockaddr *)&at, &len) == 0,
	     "cannot listen");
	peer->port = ntohs(at.sin_port);
	must(loop_fd(peer->loop, peer->listener, LOOP_READ, on_listener, peer) == 0, "no loop");
	return peer;
}

void tls_peer_free(struct tls_peer **peer)
{
	struct tls_peer *self = *peer;

	hang_up(self);
	if (self->listener >= 0) {
		(void)loop_fd(self->loop, self->listener, 0, NULL, NULL);
		close(self->listener);
	}
	loop_timer_cancel(&self->timer);
	SSL_CTX_free(self->context);
	buf_free(&self->in);
	buf_free(&self->taken);
	mem_free(self);
	*peer = NULL;
}

uint16_t tls_peer_port(const struct tls_peer *peer)
{
	return peer->port;
}

uint16_t tls_peer_own_port(const struct tls_peer *peer)
{
	struct sockaddr_in at;
	socklen_t len = sizeof at;

	must(getsockname(peer->fd, (struct sockaddr *)&at, &len) == 0, "no connection");
	return ntohs(at.sin_port);
}

bool tls_peer_wait_up(struct tls_peer *peer)
{
	for (int i = 0; i < 100 && !peer->is_up && !peer->is_closed; i++)
		wait_for(peer, TLS_PEER_WAIT_MS / 100);
	return peer->is_up && !peer->is_closed;
}

bool tls_peer_wait_closed(struct tls_peer *peer)
{
	for (int i = 0; i < 100 && !peer->is_closed; i++)
		wait_for(peer, TLS_PEER_WAIT_MS / 100);
	return peer->is_closed;
}

bool tls_peer_is_closed(const struct tls_peer *peer)
{
	return peer->is_closed;
}

unsigned tls_peer_connections(const struct tls_peer *peer)
{
	return peer->connections;
}

const char *tls_peer_asked_for(const struct tls_peer *peer)
{
	return peer->asked_for;
}

void tls_peer_send(struct tls_peer *peer, const void *data, size_t len)
{
	must(peer->session != NULL && SSL_write(peer->session, data, (int)len) == (int)len,
	     "cannot send");
}

void tls_peer_send_raw(struct tls_peer *peer, const void *data, size_t len)
{
	must(send(peer->fd, data, len, MSG_NOSIGNAL) == (ssize_t)len, "cannot send");
}

/* Length of the first whole message in text, or 0. */
static size_t message_len(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n");
	const char *length = strcasestr(text, "\r\nContent-Length:");
	size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;

	if (end == NULL || strlen(end + 4) < body)
		return 0;
	return (size_t)(end + 4 - text) + body;
}

static bool take(struct tls_peer *peer, const char *start)
{
	for (size_t len = message_len(buf_text(&peer->in)); len > 0;
	     len = message_len(buf_text(&peer->in))) {
		buf_reset(&peer->taken);
		buf_append(&peer->taken, peer->in.data, len);
		memmove(peer->in.data, peer->in.data + len, peer->in.len - len + 1);
		peer->in.len -= len;
		if (strncmp(buf_text(&peer->taken), start, strlen(start)) == 0)
			return true;
	}
	return false;
}

const char *tls_peer_expect(struct tls_peer *peer, const char *start)
{
	for (int i = 0; i < 100; i++) {
		if (take(peer, start))
			return buf_text(&peer->taken);
		wait_for(peer, TLS_PEER_WAIT_MS / 100);
	}
	return NULL;
}

static void copy_header(struct buf *out, const char *request, const char *name, const char *more)
{
	char wanted[40];
	const char *at;

	snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
	for (at = strstr(request, wanted); at != NULL; at = strstr(at + 2, wanted)) {
		buf_append(out, at + 2, strcspn(at + 2, "\r"));
		if (more != NULL && memmem(at + 2, strcspn(at + 2, "\r"), ";tag=", 5) == NULL)
			buf_puts(out, more);
		buf_puts(out, "\r\n");
	}
}

void tls_peer_answer(struct tls_peer *peer, const char *request, const char *status,
		     const char *headers)
{
	struct buf out = BUF_INIT;

	buf_printf(&out, "SIP/2.0 %s\r\n", status);
	copy_header(&out, request, "Via", NULL);
	copy_header(&out, request, "From", NULL);
	copy_header(&out, request, "To", ";tag=peer");
	copy_header(&out, request, "Call-ID", NULL);
	copy_header(&out, request, "CSeq", NULL);
	buf_printf(&out, "%sContent-Length: 0\r\n\r\n", headers);
	tls_peer_send(peer, out.data, out.len);
	buf_free(&out);
}

void tls_peer_let_run(struct tls_peer *peer, unsigned ms)
{
	uint64_t until = loop_now(peer->loop) + ms;

	for (uint64_t now = loop_now(peer->loop); now < until; now = loop_now(peer->loop))
		wait_for(peer, (unsigned)(until - now));
}
