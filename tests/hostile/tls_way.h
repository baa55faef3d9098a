/* To the TLS listener: what is no TLS at all, half a handshake, and SIP over a real session. */
#pragma once

#include <stddef.h>

#include "hostile/rng.h"

struct ssl_ctx_st;

/* Opens a connection to the port on loopback, writes data in one of the three ways, and closes it:
 * in order, or by a reset. Waits for the handshake, 2 s at most. */
void tls_way_send(struct ssl_ctx_st *context, unsigned port, struct rng *rng, const void *data,
		  size_t len);
