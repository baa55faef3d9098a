/* The chat server of the load tools: accepts the component of XEP-0114 with any secret, answers
 * every iq request with an empty result, hands the other stanzas on. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bench/sip_wire.h"

struct buf;
struct reactor;
struct xmpp_end;

struct xmpp_wire {
	struct slice all;
	struct slice name; /* message, presence, iq */
	struct slice from, to, type, id;
};

typedef void xmpp_end_fn(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg);

struct xmpp_end *xmpp_end_new(struct reactor *reactor, const char *component);
void xmpp_end_free(struct xmpp_end **end);
unsigned xmpp_end_port(const struct xmpp_end *end);
/* Who hears of stanzas from now on; NULL: nobody. */
void xmpp_end_listen(struct xmpp_end *end, xmpp_end_fn *fn, void *arg);
/* True after the handshake. */
const bool *xmpp_end_is_up(const struct xmpp_end *end);
/* How often a component shook hands. */
unsigned xmpp_end_connects(const struct xmpp_end *end);

/* Where to write stanzas; NULL while no component is there. */
struct buf *xmpp_end_out(struct xmpp_end *end);
void xmpp_end_flush(struct xmpp_end *end);
size_t xmpp_end_unsent(const struct xmpp_end *end);
/* Closes the stream, as a server does that was stopped. */
void xmpp_end_hang_up(struct xmpp_end *end);
/* While it is shut, who connects is hung up on at once. */
void xmpp_end_shut(struct xmpp_end *end, bool is_shut);
