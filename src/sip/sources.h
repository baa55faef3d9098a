/* Token buckets by source address, IPv6 by /64, and by peer, whose addresses are one (SEC-080).
 * Bounded: the source longest unseen is forgotten first. */
#pragma once

#include <stddef.h>

struct net_address;
struct sip_side_params;
struct sources;

enum { SOURCES_MAX = 10000 };

enum source_verdict {
	SOURCE_PASS,    /* within its rate */
	SOURCE_ANSWER,  /* refuse with an answer */
	SOURCE_SILENCE, /* refuse without: it had 10 answers this second */
};

struct sources *sources_new(const struct sip_side_params *params);
void sources_free(struct sources **sources);

/* A request outside a dialog from a trusted source. peer: trust_peer_of() it. */
enum source_verdict sources_peer(struct sources *sources, const struct net_address *source,
				 int peer);
/* A request from anybody else: never SOURCE_PASS. */
enum source_verdict sources_stranger(struct sources *sources, const struct net_address *source);
size_t sources_count(const struct sources *sources);
