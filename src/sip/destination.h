/* Where requests in a dialog with a watcher may go (SEC-021, SOF-013): Sofia would send wherever a
 * Contact or Record-Route says. */
#pragma once

#include <stdbool.h>

struct net_address;
struct side_core;

/* hop: URI of the next hop; source: where the SUBSCRIBE came from; login: who logged in with it, or
 * NULL: he is trusted no further than he himself is. *why is set on false. */
bool destination_may(const struct side_core *core, const char *hop,
		     const struct net_address *source, const char *login, const char **why);
