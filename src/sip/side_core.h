/* What all roles of the SIP side share: the parts of sip_side.c that they borrow. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip/sip_side.h"

struct agent;
struct authenticate;
struct buf;
struct dialogs;
struct interests;
struct peer_watches;
struct publications;
struct publisher;
struct repeats;
struct request;
struct subscriber;
struct targets;
struct transactions;
struct trust;

struct side_core {
	const struct sip_side_params *params;
	struct agent *agent;
	struct targets *targets; /* of the next hops */
	struct transactions *transactions;
	struct trust *trust;
	struct authenticate *authenticate;
	struct dialogs *dialogs;
	struct repeats *repeats;
	struct peer_watches *peers;
	struct subscriber *subscriber;
	struct interests *interests; /* of the subscriber */
	struct publications *publications;
	struct publisher *publisher;
	bool may_accept;  /* sip_side_accept() */
	bool is_stopping; /* sip_side_stop() was called */
	bool is_quiet;    /* ... and nobody is to be told */
};

/* The peer of a SIP domain, or NULL. */
const struct sip_peer *side_core_peer(const struct side_core *core, const char *domain);
/* URI of the next hop for requests to a SIP domain; NULL: find it (RFC 3263). */
const char *side_core_next_hop(const struct side_core *core, const char *domain);
/* True if requests to this domain leave over a stream (false as long as only the DNS can tell). */
bool side_core_is_stream(const struct side_core *core, const char *domain, const char *uri);
/* enum agent_way of the same. */
int side_core_way(const struct side_core *core, const char *domain, const char *uri);
/* Appends the lines every request out has: Max-Forwards, User-Agent, the loop header (SIP-001,
 * SIP-032, D-60), and Allow-Events and Allow where wanted. */
void side_core_common(const struct side_core *core, const struct sip_peer *peer, int hops,
		      struct buf *out);
/* Appends "Route: <...;lr>" with the next hop of the domain, if there is one (SIP-012). */
void side_core_route(const struct side_core *core, const char *domain, struct buf *out);

/* Random Retry-After of a refusal for load (REL-043): 10 to 30. */
unsigned side_core_retry_s(void);
/* Ends request with status and Retry-After. */
void side_core_busy(const struct side_core *core, struct request *request, int status,
		    const char *phrase);

/* True if some peer's PUBLISH is taken. */
bool side_core_takes_publish(const struct side_core *core);
/* "Allow: ...\r\n" (SIP-072), with PUBLISH where it is taken (EVT-063). */
const char *side_core_allow_line(const struct side_core *core);
extern const char side_core_allow[];        /* the same for requests of ours */
extern const char side_core_allow_events[]; /* "Allow-Events: presence\r\n" */
extern const char side_core_loop_header[];  /* name of the private header (SIP-032) */
