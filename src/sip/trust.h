/* Which sources are which peers (D-52, SEC-001 to SEC-003): by address, or by the names that a
 * verified certificate has (SEC-104); a source with such names is whom they name and nobody else,
 * wherever it comes from. A TLS connection without a certificate counts as one over TCP. Fixed when
 * the side starts; host names are looked up then, before serving. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_address;
struct sip_side_params;
struct trust;

struct trust *trust_new(const struct sip_side_params *params);
void trust_free(struct trust **trust);

/* Which peers the names of a verified certificate stand for, as net_address.certificate keeps it:
 * a peer is named by its tls_name or, without one, by its domain or the host of its proxy. 0: no
 * peer. */
uint16_t trust_certificate(struct trust *trust, const char *const *names, size_t count);
/* The name that stands for what certificate (net_address.certificate) named, as it is kept over a
 * restart: trust_certificate() of it is the same peer's. NULL: it named nobody. Borrowed. */
const char *trust_certificate_name(const struct trust *trust, const struct net_address *source);
/* The names of which a server at host (of the URI that a request goes to) must show one in its
 * certificate (RFC 5922 section 7.3): the host itself; where that is the proxy of a peer with a
 * tls_name, that; for an address those of the peers that are there. Borrowed. Returns how many: 0
 * for an address of nobody. */
size_t trust_names_at(const struct trust *trust, const char *host, const char **out, size_t most);

/* May a request from source over UDP or a stream be handled at all? */
bool trust_has(const struct trust *trust, const struct net_address *source, bool is_udp);
/* May source assert users of this SIP domain (SEC-003)? */
bool trust_may_assert(const struct trust *trust, const struct net_address *source,
		      const char *domain);
/* The only domain that source may assert, or NULL (D-05). */
const char *trust_only_domain(const struct trust *trust, const struct net_address *source);
/* True if both are the same host or belong to the same configured peer (SEC-006). What a
 * certificate named in a needs one that names the same peer in b. */
bool trust_is_same_peer(const struct trust *trust, const struct net_address *a,
			const struct net_address *b);
/* The configured peer that source is, by its certificate or its address; the first one where
 * several are behind it. -1: none. */
int trust_peer_of(const struct trust *trust, const struct net_address *source);
/* True if source is the address of a configured proxy. */
bool trust_is_proxy(const struct trust *trust, const struct net_address *source);
/* True if host is the host part of a configured proxy. */
bool trust_is_proxy_host(const struct trust *trust, const char *host);
/* The addresses of the proxy of the i-th peer, which is known by a name, as they are now: those of
 * before are strangers from now on. */
void trust_set_proxy(struct trust *trust, size_t peer, const struct net_address *addresses,
		     size_t count);
/* The address of the configured proxy of a domain, as it was looked up last. False: none. */
bool trust_proxy_address(const struct trust *trust, const char *domain, struct net_address *out);
