/* To the TLS listener. */
#include "hostile/tls_way.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/ssl.h>

enum { WAIT_S = 2, HALF_HELLO_BYTES = 300 };

static int open_connection(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval wait = {.tv_sec = WAIT_S};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)(void *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* What a client says first, cut off somewhere. */
static void send_half_hello(SSL *ssl, int fd, struct rng *rng)
{
	char hello[HALF_HELLO_BYTES];
	BIO *in = BIO_new(BIO_s_mem());
	BIO *out = BIO_new(BIO_s_mem());
	int len = 0;

	SSL_set_bio(ssl, in, out);
	SSL_do_handshake(ssl);
	len = BIO_read(out, hello, (int)sizeof(hello));
	if (len > 0)
		(void)!send(fd, hello, rng_below(rng, (size_t)len), MSG_NOSIGNAL);
}

void tls_way_send(struct ssl_ctx_st *context, unsigned port, struct rng *rng, const void *data,
		  size_t len)
{
	struct linger reset = {.l_onoff = 1, .l_linger = 0};
	size_t dice = rng_below(rng, 100);
	int fd = open_connection(port);
	SSL *ssl = SSL_new(context);

	SSL_set_connect_state(ssl);
	if (fd < 0) {
		SSL_free(ssl);
		return;
	}
	if (rng_chance(rng, 30))
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (dice < 15) {
		(void)!send(fd, data, len, MSG_NOSIGNAL);
	} else if (dice < 25) {
		send_half_hello(ssl, fd, rng);
	} else {
		SSL_set_fd(ssl, fd);
		if (SSL_connect(ssl) == 1 && len > 0) {
			SSL_write(ssl, data, (int)len);
			if (rng_chance(rng, 70))
				SSL_shutdown(ssl);
		}
	}
	close(fd);
	SSL_free(ssl);
}
