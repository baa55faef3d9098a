/* A small chat server for tests: the server's end of XEP-0114 on loopback, driven by the test. It
 * lives in the loop of the test; the waiting calls run that loop until what they wait for is there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct xmpp_server;

enum { XMPP_SERVER_WAIT_MS = 20000 }; /* a wait that ends so is a failed test */

/* Listens on a free port of 127.0.0.1. One connection at a time: a new one replaces the old. */
struct xmpp_server *xmpp_server_new(struct loop *loop);
void xmpp_server_free(struct xmpp_server **server);
uint16_t xmpp_server_port(const struct xmpp_server *server);
/* No longer listens (connections are refused), and does so again on the same port. */
void xmpp_server_away(struct xmpp_server *server);
void xmpp_server_back(struct xmpp_server *server);

/* Waits for a new connection and its stream header; what the one before it sent is forgotten. */
bool xmpp_server_accept(struct xmpp_server *server);
/* Wait for the handshake and say whether it is SHA-1(id + secret) in lower-case hex. */
bool xmpp_server_check_handshake(struct xmpp_server *server, const char *secret);
/* All of it: accept, header, handshake checked and answered. False if the secret was wrong. */
bool xmpp_server_welcome(struct xmpp_server *server, const char *secret);
/* The header with this id (escaped as it is to stand in XML). */
void xmpp_server_send_header(struct xmpp_server *server, const char *id);

/* Answers pings to this domain by itself, in the order of the stream; NULL: none, as at first. */
void xmpp_server_answer_pings_for(struct xmpp_server *server, const char *domain);

void xmpp_server_send(struct xmpp_server *server, const char *text);
void xmpp_server_send_bytes(struct xmpp_server *server, const char *data, size_t len);
/* Waits for a stanza that holds needle, takes it (and none before it) out of what arrived and
 * returns it; NULL if none came. Valid until the next call. */
const char *xmpp_server_expect(struct xmpp_server *server, const char *needle);
/* The same with several needles in one stanza; ends with NULL. */
const char *xmpp_server_expect_all(struct xmpp_server *server, ...) __attribute__((sentinel));
/* True if a stanza that holds needle has arrived so far; takes nothing. */
bool xmpp_server_has(struct xmpp_server *server, const char *needle);
size_t xmpp_server_stanzas(const struct xmpp_server *server);
void xmpp_server_forget(struct xmpp_server *server);
/* Bytes read from this connection. */
size_t xmpp_server_bytes(const struct xmpp_server *server);

/* How many connections were accepted so far. */
unsigned xmpp_server_connections(const struct xmpp_server *server);
/* The peer closed its stream in order, the connection is gone, what it sent was not XML. */
bool xmpp_server_saw_end(const struct xmpp_server *server);
bool xmpp_server_wait_end(struct xmpp_server *server);
bool xmpp_server_wait_gone(struct xmpp_server *server);
bool xmpp_server_is_broken(const struct xmpp_server *server);

void xmpp_server_stop_reading(struct xmpp_server *server);
void xmpp_server_go_on_reading(struct xmpp_server *server);
void xmpp_server_half_close(struct xmpp_server *server);
void xmpp_server_close(struct xmpp_server *server);
void xmpp_server_reset(struct xmpp_server *server); /* RST */

/* Runs the loop until is_there(arg) or the time is over; true if it is. For other conditions of a
 * test. */
bool xmpp_server_wait(struct xmpp_server *server, bool (*is_there)(void *arg), void *arg,
		      unsigned wait_ms);
/* Runs the loop for so long. */
void xmpp_server_let_run(struct xmpp_server *server, unsigned ms);
