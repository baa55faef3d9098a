/* The floor: what any relay between these sockets costs at least. Receives a request, answers it,
 * writes a stanza to a stream, and the reverse; reads nothing but the few bytes it must copy, knows
 * no users, keeps no state, waits for nobody's word. */
#pragma once

#include <stdbool.h>

struct daemon_run;

/* Starts it as a process of its own between the two servers. For each request it writes fanout
 * stanzas (0: one). */
struct daemon_run *floor_start(unsigned sip_port, unsigned xmpp_port, bool is_tcp,
			       unsigned long fanout);
