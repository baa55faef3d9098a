/* The rules of RFC 3263 for a request: which transport, which questions to the DNS, in which order
 * what they found is tried. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip/net_address.h"

enum locate_transport { LOCATE_UDP, LOCATE_TCP, LOCATE_TLS };

enum {
	LOCATE_STEPS_MAX = 6,
	LOCATE_RECORDS_MAX = 16, /* of one answer; what is more is left out */
	LOCATE_NAME_MAX = 255
};

/* "udp", "tcp", "tls". */
const char *locate_transport_name(enum locate_transport transport);
/* 5060 or 5061. */
uint16_t locate_port(enum locate_transport transport);
/* Bit of a transport in a set. */
static inline unsigned locate_bit(enum locate_transport transport)
{
	return 1u << transport;
}

/* One set of SRV records to ask for. */
struct locate_step {
	char name[LOCATE_NAME_MAX + 1];
	enum locate_transport transport;
};

struct locate_naptr {
	uint16_t order;
	uint16_t preference;
	const char *flags;
	const char *services;
	const char *regexp;
	const char *replacement;
};

struct locate_srv {
	uint16_t priority;
	uint16_t weight;
	uint16_t port;
	char target[LOCATE_NAME_MAX + 1]; /* without the dot at the end; "": no such service */
	enum locate_transport transport;
};

/* What is to be asked for a next hop (RFC 3263 section 4.1; SIP-087). */
struct locate_plan {
	enum locate_transport transport; /* of a literal, of a port, and when nothing is found */
	bool asks_naptr;                 /* the transport is open */
	struct locate_step steps[LOCATE_STEPS_MAX]; /* SRV, when NAPTR says nothing; none: the
						     * addresses of the host itself */
	size_t step_count;
};

/* served: set of the transports that we have. False: the URI asks for one that is none of them
 * (SIP-091: sips is never sent in clear). */
bool locate_plan(struct locate_plan *out, const struct uri_parts *uri, unsigned served);
/* Which SRV records the NAPTR records name, best first; those for services that we do not have, or
 * that are not allowed for sips, are left out. Reorders records. Returns how many steps. */
size_t locate_read_naptr(struct locate_naptr *records, size_t count, bool is_sips, unsigned served,
			 struct locate_step steps[LOCATE_STEPS_MAX]);

/* Uniform in [0, bound). */
typedef uint64_t locate_random_fn(uint64_t bound);
/* Puts records into the order in which they are tried: priority, then at random by weight
 * (RFC 2782). */
void locate_order(struct locate_srv *records, size_t count, locate_random_fn *random);
