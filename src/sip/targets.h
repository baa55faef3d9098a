/* Next hops and their servers in order (RFC 3263), with what is known of each: who failed is
 * avoided for a time that grows, who said 503 with Retry-After is left in peace (REL-025, REL-026,
 * SIP-063, SIP-088). Only next hops from the configuration are looked up; a request to anything
 * else goes to a literal address or nowhere (SEC-021, SEC-089). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "sip/locate.h"
#include "sip/net_address.h"

struct buf;
struct hop;
struct side_core;
struct sip_peer;
struct targets;

enum {
	TARGET_AVOID_MS = 1000, /* first, and most */
	TARGET_AVOID_MOST_MS = 300000,
	TARGET_QUENCH_MOST_S = 3600, /* SIP-064 */
	/* ... of a hop that has no other server: longer, a busy moment would be an outage. */
	TARGET_QUENCH_ONLY_MOST_S = 300,
	HOP_TTL_LEAST_S = 10,
	HOP_TTL_MOST_S = 3600,
	HOP_NEGATIVE_MS = 30000,    /* SEC-089 */
	HOP_STALE_MS = 86400 * 1000 /* REL-026 */
};

/* One server. Read only, and valid until the loop goes on. */
struct target {
	uint32_t id; /* never used again by another */
	struct net_address address;
	enum locate_transport transport;
	char *uri;          /* as the library takes it: nothing in it is looked up */
	void *url;          /* the same, taken apart (url_t) */
	uint64_t heard_ms;  /* 0: never */
	uint64_t avoid_ms;  /* failed; avoided until then; 0: not */
	uint64_t quench_ms; /* nothing is sent there before; 0: not */
	unsigned failures;  /* since it was heard */
};

/* Called after a next hop was looked up, whatever came of it. */
typedef void targets_fn(struct hop *hop, void *arg);

/* core (with params, trust and agent) is borrowed until targets_free. What is named as a proxy is
 * looked up at once, for at most params->first_look_ms before this returns. */
struct targets *targets_new(struct side_core *core);
void targets_free(struct targets **targets);
void targets_listen(struct targets *targets, targets_fn *fn, void *arg);

enum targets_way {
	TARGETS_HOP,     /* a next hop of the configuration */
	TARGETS_LITERAL, /* an address, as it stands there */
	TARGETS_NOWHERE  /* a name that nobody configured, or no URI */
};
/* Where a request to the URI at text (it ends at len or before ">") goes. */
enum targets_way targets_find(struct targets *targets, const char *text, size_t len,
			      struct hop **out);
/* The configured next hop of a peer. */
struct hop *targets_of(const struct targets *targets, const struct sip_peer *peer);
/* True if address is a server of hop. Ports count. */
bool hop_has(const struct hop *hop, const struct net_address *address);
/* Seconds for which nothing is to be sent to the literal address of a URI; 0: nobody said so. */
unsigned targets_quenched(const struct targets *targets, const char *text, size_t len);

enum hop_state {
	HOP_READY,
	HOP_LOCATING, /* targets_fn tells the end */
	HOP_UNKNOWN   /* it could not be found lately */
};
/* Looks it up if that is due. */
enum hop_state hop_state(struct hop *hop);
/* Next hop as configured. */
const char *hop_uri(const struct hop *hop);
/* Those who wait for it; links of the caller's. */
struct list *hop_waiting(struct hop *hop);
size_t hop_count(const struct hop *hop);
const struct target *hop_target(const struct hop *hop, size_t i);

/* The best server that is not among the tried ones: those in order that are not avoided, then the
 * one whose time ends first. NULL: none; *quench_s is set when the only reason is that they want
 * to be left in peace for so long, else 0. */
const struct target *hop_choose(const struct hop *hop, const uint32_t *tried, size_t tried_count,
				unsigned *quench_s);
/* What became of a request to the server with this id; unknown ids are ignored. */
void hop_heard(struct hop *hop, uint32_t id);
void hop_failed(struct hop *hop, uint32_t id, const char *why);
/* SIP-063: 503 with Retry-After. */
void hop_quench(struct hop *hop, uint32_t id, unsigned seconds);
/* "up", "avoided", "busy". */
const char *target_word(const struct target *target, uint64_t now_ms);
