/* The XMPP side: component streams to the chat server (XEP-0114) and all that the server of the SIP
 * users must answer (ARCH-011). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/side.h"

struct address_map;
struct bridge;
struct buf;
struct counters;
struct limits;
struct load;
struct loop;
struct presence_rules;
struct profile;
struct xmpp_side;

/* One component stream (D-02: a list). */
struct xmpp_component_params {
	const char *domain; /* component domain, A-labels or U-labels as configured */
	const char *server; /* host name or literal address */
	uint16_t port;
	const char *secret; /* borrowed; never logged */
};

/* Everything is borrowed until xmpp_side_free, strings included. */
struct xmpp_side_params {
	struct loop *loop;
	struct bridge *bridge;
	struct address_map *map;
	const struct limits *limits;
	struct counters *counters;
	struct load *load;        /* or NULL: always normal */
	const unsigned char *key; /* installation key: origin ids (D-35) */
	/* What a chat user sees of a phone (D-27); NULL: the built-in table in English. */
	const struct presence_rules *rules;
	const struct xmpp_component_params *components;
	size_t component_count;
	const char *const *ping; /* candidates for the barrier's target, best first (D-36) */
	size_t ping_count;
	const char *software; /* name for XEP-0092 and disco */
	const char *version;
	uint32_t ping_every_ms; /* 30,000 (D-26) */
	uint32_t ping_wait_ms;  /* 10,000 */
	bool allow_plain;       /* xmpp.allow_plain: addresses beyond loopback (SEC-105, D-54) */
	/* What the peer of a SIP domain is like, or NULL: generic. May be NULL. */
	const struct profile *(*profile_of)(const char *sip_domain, void *arg);
	void *arg;
};

/* Starts connecting; never fails for want of a server (REL-021). Returns 0 or EINVAL. */
int xmpp_side_new(struct xmpp_side **out, const struct xmpp_side_params *params);
const struct side_ops *xmpp_side_ops(void);
/* The components themselves are unavailable from now on (CMP-013, D-48: tell); before stop. To be
 * called again, a little later, until it returns true. */
bool xmpp_side_say_goodbye(struct xmpp_side *side);
/* Sends what is queued, closes the streams in order; done(arg) once, after at most 5 s. */
void xmpp_side_stop(struct xmpp_side *side, void (*done)(void *arg), void *arg);
void xmpp_side_free(struct xmpp_side **side);

/* True if the stream of every component is up. */
bool xmpp_side_is_up(const struct xmpp_side *side);
/* The largest backlog of a stream, in bytes (REL-040). */
size_t xmpp_side_backlog(const struct xmpp_side *side);
void xmpp_side_status(const struct xmpp_side *side, struct buf *out);
