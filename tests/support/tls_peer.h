/* A TLS end of bytes for tests: a client of the bridge's listener, or a server that the bridge
 * connects to. It lives in the loop of the test; the waiting calls run that loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct tls_peer;

enum { TLS_PEER_WAIT_MS = 10000 };

/* NULL: none. */
struct tls_peer_params {
	struct loop *loop;
	const char *certificate;
	const char *key;
	const char *ca;   /* of those who are believed; NULL: everybody */
	int most_version; /* TLS1_1_VERSION, say; 0: whatever there is */
};

/* Connects to port of 127.0.0.1. */
struct tls_peer *tls_peer_connect(const struct tls_peer_params *params, uint16_t port);
/* Listens at a free port of 127.0.0.1; each connection takes the place of the one before. */
struct tls_peer *tls_peer_listen(const struct tls_peer_params *params);
void tls_peer_free(struct tls_peer **peer);
uint16_t tls_peer_port(const struct tls_peer *peer);
/* Port of its end of the connection. */
uint16_t tls_peer_own_port(const struct tls_peer *peer);

/* Waits until the handshake is done; false: it failed. */
bool tls_peer_wait_up(struct tls_peer *peer);
/* Waits until the connection has ended. */
bool tls_peer_wait_closed(struct tls_peer *peer);
bool tls_peer_is_closed(const struct tls_peer *peer);
/* Connections that came so far, good or bad. */
unsigned tls_peer_connections(const struct tls_peer *peer);
/* What the other end called us in its first message (SNI), or "". */
const char *tls_peer_asked_for(const struct tls_peer *peer);
void tls_peer_send(struct tls_peer *peer, const void *data, size_t len);
/* Bytes below TLS: half of a record, say. */
void tls_peer_send_raw(struct tls_peer *peer, const void *data, size_t len);
/* Waits for a message that begins with start and takes it and what came before; NULL: none came.
 * Valid until the next call. */
const char *tls_peer_expect(struct tls_peer *peer, const char *start);
/* Answers a request that was taken. status is "200 OK", headers are lines or "". */
void tls_peer_answer(struct tls_peer *peer, const char *request, const char *status,
		     const char *headers);
void tls_peer_let_run(struct tls_peer *peer, unsigned ms);
