/* Every TCP and TLS connection of the SIP library, from its first byte to its last. The library
 * bounds neither how many one stranger opens nor how long he may say nothing (SEC-081, SEC-086,
 * SOF-007), and accepts in vain for ever when descriptors have run out (SOF-008, REL-050): here a
 * connection that may not be is closed before the library knows of it, and one that is slow, as
 * soon as it is. How it hears of them:
 * connection_hooks.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "sip/net_address.h"

struct connections;
struct counters;
struct limits;
struct loop;
struct msg_s;
struct nta_agent_s;
struct secure;
struct secure_link;
struct tport_s;
struct trust;

/* One connection. Read only, but for its owner. */
struct connection {
	struct connections *owner;
	struct tport_s *tport; /* NULL while the library makes it */
	int fd;
	bool is_accepted;
	bool is_stranger;         /* nobody knows who this is: not by address, not by certificate */
	bool is_unknown;          /* neither by address nor by certificate; by a login, perhaps */
	bool is_partial;          /* the beginning of a message lies there */
	bool is_heard;            /* a message came */
	struct secure_link *link; /* TLS; else NULL */
	struct net_address far;   /* with the certificate of the other end, once it is believed */
	uint64_t opened_ms;
	uint64_t heard_ms; /* when the last whole message came */
	uint64_t part_ms;  /* when the last part of one came */
	struct list order; /* in all, oldest first */
};

struct connections_params {
	struct loop *loop;
	const struct limits *limits;
	struct counters *counters;
	struct trust *trust;
	struct secure *secure; /* or NULL: no TLS */
};

/* Begins with the connections of nta's transports; all is borrowed until connections_free(), which
 * comes after the end of nta. */
struct connections *connections_new(struct nta_agent_s *nta,
				    const struct connections_params *params);
/* Before the end of nta: its transports are gone. Connections are still let go of. */
void connections_orphan(struct connections *connections);
void connections_free(struct connections **connections);

/* The connection of a transport, or NULL: a socket of datagrams. */
const struct connection *connections_find(const struct tport_s *tport);
/* Who speaks there has proved who he is: he is no stranger any more (as long as it lives). */
void connections_prove(const struct tport_s *tport);
size_t connections_count(const struct connections *connections);
size_t connections_strangers(const struct connections *connections);
/* Closes what is over a time limit (SEC-081). Called by itself, about twice a second. */
void connections_sweep(struct connections *connections);
/* Closes up to most connections on which nothing has happened for idle_ms, those first that have
 * been silent longest. Returns how many. */
size_t connections_close_idle(struct connections *connections, size_t most, uint64_t idle_ms);

/* For secure_hooks.c: the connection that the library is making just now, or NULL; and the
 * certificate of a connection that was believed. */
struct connection *connections_making(void);
struct secure *connections_secure(const struct connection *connection);
void connections_believed(struct connection *connection, uint16_t certificate);

/* For connection_hooks.c: the table of a listener's connections, or NULL; a connection that begins
 * (NULL: it may not be) and what the library made of it (NULL: nothing, it is dropped); its parts,
 * its messages, and its end. */
struct connections *connections_owner(const struct tport_s *primary);
struct connection *connections_begin(struct connections *owner, int fd, bool is_accepted);
void connections_made(struct connection *connection, struct tport_s *tport);
struct connection *connections_get(const struct tport_s *tport);
void connections_part(struct connection *connection);
void connections_heard(struct connection *connection, bool has_more);
void connections_drop(struct connection *connection);
/* True for a datagram of a stranger to which the library would say something by itself: it is not
 * to hear of it (SEC-020). It is counted. */
bool connections_refuses(const struct tport_s *primary, const struct msg_s *msg);
