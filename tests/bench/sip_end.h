/* The SIP server of the load tools: one UDP socket and one TCP listener on the same port, and TCP
 * connections both ways. Answers nothing by itself. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/sip_wire.h"

struct reactor;
struct sip_end;
struct stream;

/* Where a message came from, or goes to. */
struct sip_hop {
	struct stream *stream; /* NULL: UDP */
	struct sockaddr_in udp;
};

/* message points into the receive buffer. */
typedef void sip_end_fn(struct sip_end *end, const struct sip_wire *message,
			const struct sip_hop *from, void *arg);

struct sip_end *sip_end_new(struct reactor *reactor);
void sip_end_free(struct sip_end **end);
unsigned sip_end_port(const struct sip_end *end);
/* Who hears of messages from now on; NULL: nobody. */
void sip_end_listen(struct sip_end *end, sip_end_fn *fn, void *arg);

/* The way to the daemon's port; TCP opens a connection, or takes the one there is. Returns false
 * if the port refuses. */
bool sip_end_hop(struct sip_end *end, unsigned port, bool is_tcp, struct sip_hop *out);
void sip_end_send(struct sip_end *end, const struct sip_hop *to, const void *data, size_t len);
/* Writes what was put on the TCP connections; UDP goes at once. */
void sip_end_flush(struct sip_end *end);
/* Bytes that wait for the daemon to read. */
size_t sip_end_unsent(const struct sip_end *end);
/* The next sip_end_hop() opens another connection; this one stays for what is still unsent. */
void sip_end_let_go(struct sip_end *end);
/* Closes all connections, whoever opened them. */
void sip_end_hang_up(struct sip_end *end);
/* How often a connection was closed by the daemon. */
unsigned sip_end_closed(const struct sip_end *end);
