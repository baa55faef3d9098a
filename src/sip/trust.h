/* Which source addresses are which peers (D-52, SEC-001 to SEC-003). Fixed when the side starts;
 * host names are looked up then, before serving. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct net_address;
struct sip_side_params;
struct trust;

struct trust *trust_new(const struct sip_side_params *params);
void trust_free(struct trust **trust);

/* May a request from source over UDP or a stream be handled at all? */
bool trust_has(const struct trust *trust, const struct net_address *source, bool is_udp);
/* May source assert users of this SIP domain (SEC-003)? */
bool trust_may_assert(const struct trust *trust, const struct net_address *source,
		      const char *domain);
/* The only domain that source may assert, or NULL (D-05). */
const char *trust_only_domain(const struct trust *trust, const struct net_address *source);
/* True if both are the same host or belong to the same configured peer (SEC-006). */
bool trust_is_same_peer(const struct trust *trust, const struct net_address *a,
			const struct net_address *b);
/* True if host is the host part of a configured proxy. */
bool trust_is_proxy_host(const struct trust *trust, const char *host);
/* The addresses of the proxy of the i-th peer, which is known by a name, as they are now: those of
 * before are strangers from now on. */
void trust_set_proxy(struct trust *trust, size_t peer, const struct net_address *addresses,
		     size_t count);
/* The address of the configured proxy of a domain, as it was looked up last. False: none. */
bool trust_proxy_address(const struct trust *trust, const char *domain, struct net_address *out);
