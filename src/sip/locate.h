/* Where the servers of a next hop are (RFC 3263 section 4): NAPTR, SRV and address records, one
 * after the other, into one ordered list. Nothing waits; names come from the configuration. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip/locate_rules.h"
#include "sip/net_address.h"

struct dns;
struct locate;
struct loop;

enum { LOCATE_TARGETS_MAX = 16 };

struct located_target {
	struct net_address address; /* with its port */
	enum locate_transport transport;
};

struct located {
	struct located_target targets[LOCATE_TARGETS_MAX];
	size_t count;
	uint32_t ttl_s; /* the least of all records that were used; UINT32_MAX: for ever */
	bool is_lost;   /* some question had no answer: there may be more, and others */
};

/* What we have. */
struct locate_means {
	unsigned transports; /* set */
	bool has_ip4;
	bool has_ip6;
	const char *hosts; /* file whose names stand before the DNS; NULL: /etc/hosts */
};

/* found is borrowed for the call; count 0: there is nothing, or (is_lost) nobody to ask. */
typedef void locate_fn(const struct located *found, void *arg);

/* The target of a literal address; false if uri names no literal, or wants a transport that we do
 * not have. */
bool locate_literal(const struct uri_parts *uri, unsigned transports, struct located_target *out);
/* Begins; fn(arg) comes once, later; after that the handle is dead. loop and dns are borrowed
 * until then. */
struct locate *locate_start(struct loop *loop, struct dns *dns, const struct uri_parts *uri,
			    const struct locate_means *means, locate_fn *fn, void *arg);
/* Clears the handle. Safe on NULL. */
void locate_cancel(struct locate **locate);
