/* The parts of a URI that say where a request goes, without copying: asked for each request. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct net_address;

enum { TARGETS_KEY_MAX = 600 };

struct uri_view {
	const char *host;
	size_t host_len;
	const char *port;
	size_t port_len;
	const char *transport; /* NULL: none */
	size_t transport_len;
	const char *maddr; /* NULL: none */
	size_t maddr_len;
	bool is_sips;
};

/* text ends at len, or before ">" or a space. False: no sip or sips URI. */
bool uri_view_read(struct uri_view *out, const char *text, size_t len);
/* What makes two URIs the same next hop. Returns its length; 0: no room. */
size_t uri_view_key(const struct uri_view *view, char key[TARGETS_KEY_MAX]);
/* The address and port of a literal host, or (SIP-091) of maddr. */
bool uri_view_literal(const struct uri_view *view, struct net_address *out);
