/* Trusted sources; see trust.h. A handful of configured entries, so they are walked. */
#include "sip/trust.h"

#include <netdb.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "sip/net_address.h"
#include "sip/sip_side.h"

enum { TRUST_EVERY_PEER = -1, TRUST_ADDRESSES_MAX = 16, TRUST_CERTIFICATES_MAX = 1024 };

struct entry {
	struct net_block block;
	int peer;         /* index of the peer, or TRUST_EVERY_PEER */
	bool over_udp;    /* also from a public address over UDP (SEC-002) */
	bool is_explicit; /* from sip.trusted, or loopback by default: grants service */
};

struct trust {
	const struct sip_side_params *params;
	struct entry *entries;
	size_t count;
	/* Sets of peers that certificates named, one flag for each peer; the number of a set, from
	 * 1, is net_address.certificate. */
	bool **certificates;
	size_t certificate_count;
};

static void add(struct trust *trust, const struct net_block *block, int peer, bool over_udp,
		bool is_explicit)
{
	trust->entries = mem_resize(trust->entries, trust->count + 1, sizeof *trust->entries);
	trust->entries[trust->count++] = (struct entry){*block, peer, over_udp, is_explicit};
}

static void add_name(struct trust *trust, const char *host, int peer, bool over_udp, bool explicit)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *list = NULL;
	struct net_block block;
	int taken = 0;

	if (net_block_parse(&block, host)) {
		add(trust, &block, peer, over_udp, explicit);
		return;
	}
	int error = getaddrinfo(host, NULL, &hints, &list);

	if (error != 0) {
		log_warning("trust: cannot look up host=%s (%s); requests from it are refused",
			    log_safe(host), gai_strerror(error));
		return;
	}
	for (struct addrinfo *i = list; i != NULL && taken < TRUST_ADDRESSES_MAX; i = i->ai_next) {
		net_address_from_sockaddr(&block.base, i->ai_addr);
		if (block.base.family == 0)
			continue;
		block.bits = block.base.family == 4 ? 32 : 128;
		add(trust, &block, peer, over_udp, explicit);
		taken++;
	}
	freeaddrinfo(list);
}

void trust_set_proxy(struct trust *trust, size_t peer, const struct net_address *addresses,
		     size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < trust->count; i++)
		if (trust->entries[i].peer != (int)peer)
			trust->entries[kept++] = trust->entries[i];
	trust->count = kept;
	for (size_t i = 0; i < count; i++) {
		struct net_block block = {.base = addresses[i]};

		block.base.port = 0;
		block.bits = addresses[i].family == 4 ? 32 : 128;
		add(trust, &block, (int)peer, false, trust->params->trusted == NULL);
	}
}

static const char *proxy_of(const struct sip_side_params *params, size_t peer)
{
	return params->peers[peer].proxy != NULL ? params->peers[peer].proxy : params->proxy;
}

static void add_proxies(struct trust *trust)
{
	for (size_t i = 0; i < trust->params->peer_count; i++) {
		const char *proxy = proxy_of(trust->params, i);
		struct uri_parts parts;
		struct net_block block;

		/* A name: targets.c tells its addresses. */
		if (proxy != NULL && uri_parts_read(&parts, proxy) &&
		    net_block_parse(&block, parts.host))
			add(trust, &block, (int)i, false, trust->params->trusted == NULL);
	}
}

struct trust *trust_new(const struct sip_side_params *params)
{
	struct trust *trust = mem_zalloc(sizeof *trust);

	trust->params = params;
	add_proxies(trust);
	if (params->trusted == NULL) { /* D-52 */
		add_name(trust, "127.0.0.0/8", TRUST_EVERY_PEER, false, true);
		add_name(trust, "::1", TRUST_EVERY_PEER, false, true);
	}
	for (size_t i = 0; i < params->trusted_count; i++)
		add_name(trust, params->trusted[i], TRUST_EVERY_PEER, true, true);
	return trust;
}

void trust_free(struct trust **trust)
{
	if (*trust == NULL)
		return;
	for (size_t i = 0; i < (*trust)->certificate_count; i++)
		mem_free((*trust)->certificates[i]);
	mem_free((*trust)->certificates);
	mem_free((*trust)->entries);
	mem_free(*trust);
	*trust = NULL;
}

/* Certificates --------------------------------------------------------------------------------- */

static const char *proxy_host(const struct trust *trust, size_t peer, struct uri_parts *room)
{
	const char *proxy = proxy_of(trust->params, peer);

	return proxy != NULL && uri_parts_read(room, proxy) ? room->host : NULL;
}

static bool is_name_of(const struct trust *trust, size_t peer, const char *name)
{
	const struct sip_peer *who = &trust->params->peers[peer];
	struct uri_parts parts;
	const char *host;

	if (who->tls_name != NULL)
		return strcasecmp(who->tls_name, name) == 0;
	host = proxy_host(trust, peer, &parts);
	return strcasecmp(who->domain, name) == 0 || (host != NULL && strcasecmp(host, name) == 0);
}

static uint16_t keep_certificate(struct trust *trust, bool *named)
{
	size_t peers = trust->params->peer_count;

	for (size_t i = 0; i < trust->certificate_count; i++) {
		if (memcmp(trust->certificates[i], named, peers * sizeof *named) != 0)
			continue;
		mem_free(named);
		return (uint16_t)(i + 1);
	}
	if (trust->certificate_count == TRUST_CERTIFICATES_MAX) {
		mem_free(named);
		return 0;
	}
	trust->certificates = mem_resize(trust->certificates, trust->certificate_count + 1,
					 sizeof *trust->certificates);
	trust->certificates[trust->certificate_count++] = named;
	return (uint16_t)trust->certificate_count;
}

uint16_t trust_certificate(struct trust *trust, const char *const *names, size_t count)
{
	size_t peers = trust->params->peer_count;
	bool *named = mem_zalloc(peers * sizeof *named + 1);
	bool is_any = false;

	for (size_t i = 0; i < peers; i++)
		for (size_t k = 0; k < count; k++)
			named[i] = named[i] || is_name_of(trust, i, names[k]);
	for (size_t i = 0; i < peers; i++)
		is_any = is_any || named[i];
	if (is_any)
		return keep_certificate(trust, named);
	mem_free(named);
	return 0;
}

/* The peers that the certificate of source names, or NULL: it showed none. */
static const bool *named_by(const struct trust *trust, const struct net_address *source)
{
	size_t number = source->certificate;

	return number != 0 && number <= trust->certificate_count ? trust->certificates[number - 1]
								 : NULL;
}

const char *trust_certificate_name(const struct trust *trust, const struct net_address *source)
{
	const bool *named = named_by(trust, source);

	for (size_t i = 0; named != NULL && i < trust->params->peer_count; i++) {
		const struct sip_peer *peer = &trust->params->peers[i];

		if (named[i])
			return peer->tls_name != NULL ? peer->tls_name : peer->domain;
	}
	return NULL;
}

static size_t names_at_address(const struct trust *trust, const struct net_address *address,
			       const char **out, size_t most)
{
	size_t count = 0;

	for (size_t i = 0; i < trust->count && count < most; i++) {
		const struct entry *entry = &trust->entries[i];
		const struct sip_peer *peer;

		if (entry->peer == TRUST_EVERY_PEER || !net_block_has(&entry->block, address))
			continue;
		peer = &trust->params->peers[entry->peer];
		out[count++] = peer->tls_name != NULL ? peer->tls_name : peer->domain;
	}
	return count;
}

size_t trust_names_at(const struct trust *trust, const char *host, const char **out, size_t most)
{
	struct net_address address;
	struct uri_parts parts;
	size_t count = 0;

	if (net_address_parse(&address, host))
		return names_at_address(trust, &address, out, most);
	for (size_t i = 0; i < trust->params->peer_count && count < most; i++) {
		const char *name = trust->params->peers[i].tls_name;
		const char *proxy = proxy_host(trust, i, &parts);

		if (name != NULL && proxy != NULL && strcasecmp(proxy, host) == 0)
			out[count++] = name;
	}
	if (count == 0 && most > 0)
		out[count++] = host;
	return count;
}

/* Questions ------------------------------------------------------------------------------------ */

bool trust_has(const struct trust *trust, const struct net_address *source, bool is_udp)
{
	if (named_by(trust, source) != NULL)
		return true;
	for (size_t i = 0; i < trust->count; i++) {
		const struct entry *entry = &trust->entries[i];

		if (!entry->is_explicit || !net_block_has(&entry->block, source))
			continue;
		if (!is_udp || entry->over_udp || net_address_is_private(source))
			return true;
	}
	return false;
}

/* A proxy's address speaks for its own domains; one that is only trusted, for all (D-05). */
bool trust_is_proxy(const struct trust *trust, const struct net_address *source)
{
	for (size_t i = 0; i < trust->count; i++)
		if (trust->entries[i].peer != TRUST_EVERY_PEER &&
		    net_block_has(&trust->entries[i].block, source))
			return true;
	return false;
}

int trust_peer_of(const struct trust *trust, const struct net_address *source)
{
	const bool *named = named_by(trust, source);

	for (size_t i = 0; named != NULL && i < trust->params->peer_count; i++)
		if (named[i])
			return (int)i;
	for (size_t i = 0; i < trust->count; i++)
		if (trust->entries[i].peer != TRUST_EVERY_PEER &&
		    net_block_has(&trust->entries[i].block, source))
			return trust->entries[i].peer;
	return -1;
}

static bool is_configured(const struct trust *trust, const char *domain)
{
	for (size_t i = 0; i < trust->params->peer_count; i++)
		if (strcmp(trust->params->peers[i].domain, domain) == 0)
			return true;
	return false;
}

static bool is_named(const struct trust *trust, const bool *named, const char *domain)
{
	for (size_t i = 0; i < trust->params->peer_count; i++)
		if (named[i] && strcmp(trust->params->peers[i].domain, domain) == 0)
			return true;
	return false;
}

bool trust_may_assert(const struct trust *trust, const struct net_address *source,
		      const char *domain)
{
	const bool *named = named_by(trust, source);
	bool is_at_proxy = trust_is_proxy(trust, source);

	if (named != NULL) /* SEC-104 */
		return is_named(trust, named, domain);
	if (!is_configured(trust, domain))
		return false;
	for (size_t i = 0; i < trust->count; i++) {
		const struct entry *entry = &trust->entries[i];

		if (!net_block_has(&entry->block, source))
			continue;
		if (entry->peer == TRUST_EVERY_PEER) {
			if (!is_at_proxy)
				return true;
		} else if (strcmp(trust->params->peers[entry->peer].domain, domain) == 0) {
			return true;
		}
	}
	return false;
}

const char *trust_only_domain(const struct trust *trust, const struct net_address *source)
{
	const char *only = NULL;

	for (size_t i = 0; i < trust->params->peer_count; i++) {
		const char *domain = trust->params->peers[i].domain;

		if (!trust_may_assert(trust, source, domain))
			continue;
		if (only != NULL && strcmp(only, domain) != 0)
			return NULL;
		only = domain;
	}
	return only;
}

static bool entry_is_peer(const struct entry *entry, int peer, const struct net_address *address)
{
	return entry->peer == peer && net_block_has(&entry->block, address);
}

bool trust_is_same_peer(const struct trust *trust, const struct net_address *a,
			const struct net_address *b)
{
	const bool *names = named_by(trust, a);

	if (names != NULL) { /* two trunks behind one address are two */
		const bool *others = named_by(trust, b);

		for (size_t i = 0; others != NULL && i < trust->params->peer_count; i++)
			if (names[i] && others[i])
				return true;
		return false;
	}
	if (net_address_same_host(a, b))
		return true;
	for (size_t i = 0; i < trust->count; i++) {
		int peer = trust->entries[i].peer;

		if (peer == TRUST_EVERY_PEER || !net_block_has(&trust->entries[i].block, a))
			continue;
		for (size_t k = 0; k < trust->count; k++)
			if (entry_is_peer(&trust->entries[k], peer, b))
				return true;
	}
	return false;
}

bool trust_is_proxy_host(const struct trust *trust, const char *host)
{
	struct uri_parts parts;

	if (trust->params->proxy != NULL && uri_parts_read(&parts, trust->params->proxy) &&
	    strcasecmp(parts.host, host) == 0)
		return true;
	for (size_t i = 0; i < trust->params->peer_count; i++) {
		const char *proxy = trust->params->peers[i].proxy;

		if (proxy != NULL && uri_parts_read(&parts, proxy) &&
		    strcasecmp(parts.host, host) == 0)
			return true;
	}
	return false;
}

bool trust_proxy_address(const struct trust *trust, const char *domain, struct net_address *out)
{
	for (size_t i = 0; i < trust->count; i++) {
		int peer = trust->entries[i].peer;

		if (peer == TRUST_EVERY_PEER ||
		    strcmp(trust->params->peers[peer].domain, domain) != 0)
			continue;
		*out = trust->entries[i].block.base;
		return true;
	}
	return false;
}
