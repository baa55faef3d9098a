/* Sofia sends a request by the first socket of the transport, and does not take "[2001:db8::1]" for
 * an IPv6 address. With sockets on several addresses requests over UDP came from an address that
 * the peer does not know, or, to an IPv6 one, were not sent at all; and connections that a phone
 * had opened to another address were not found, so that it never heard a NOTIFY. The exported
 * function is replaced by one that asks the machine which of its addresses leads there. */
#include "sip/way_out.h"

#include <string.h>
#include <strings.h>

#include <sofia-sip/su_wait.h>
#include <sofia-sip/tport.h>

#include "sip/net_address.h"

void way_out_hook(void)
{
}

static bool is_wanted(const char *word)
{
	return word != NULL && strcmp(word, "*") != 0;
}

static bool fits(const tport_t *socket, const tp_name_t *name)
{
	const tp_name_t *own = tport_name(socket);

	if (is_wanted(name->tpn_ident) &&
	    (own->tpn_ident == NULL || strcmp(own->tpn_ident, name->tpn_ident) != 0))
		return false;
	return !is_wanted(name->tpn_proto) || strcasecmp(own->tpn_proto, name->tpn_proto) == 0;
}

static void address_of(const tport_t *socket, struct net_address *out)
{
	const su_addrinfo_t *info = tport_get_address(socket);

	memset(out, 0, sizeof *out);
	if (info != NULL && info->ai_addr != NULL)
		net_address_from_sockaddr(out, info->ai_addr);
}

/* The next one that fits; with a family, of that family. */
static tport_t *next_of(tport_t *socket, const tp_name_t *name, int family)
{
	struct net_address own;

	for (; socket != NULL; socket = tport_next(socket)) {
		address_of(socket, &own);
		if (fits(socket, name) && (family == 0 || own.family == family))
			return socket;
	}
	return NULL;
}

tport_t *tport_primary_by_name(tport_t const *transports, tp_name_t const *name)
{
	tport_t *all = transports != NULL ? tport_primaries(transports) : NULL;
	struct net_address far = {0}, local, own;
	tport_t *first;

	if (name->tpn_host != NULL)
		(void)net_address_parse(&far, name->tpn_host);
	first = next_of(all, name, far.family);
	if (first == NULL) /* a connection may go where no listener is */
		return next_of(all, name, 0);
	if (far.family == 0 || next_of(tport_next(first), name, far.family) == NULL ||
	    net_address_local_toward(&far, &local) != 0)
		return first;
	for (tport_t *socket = first; socket != NULL;
	     socket = next_of(tport_next(socket), name, far.family)) {
		address_of(socket, &own);
		if (net_address_same_host(&own, &local))
			return socket;
	}
	return first;
}
