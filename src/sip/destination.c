/* Where requests in a dialog may go; see destination.h. */
#include "sip/destination.h"

#include <strings.h>

#include "sip/agent.h"
#include "sip/net_address.h"
#include "sip/side_core.h"
#include "sip/trust.h"

static bool no(const char **why, const char *reason)
{
	*why = reason;
	return false;
}

bool destination_may(const struct side_core *core, const char *hop,
		     const struct net_address *source, const char *login, const char **why)
{
	/* Who came by a proxy may be led back by it; other phones lead to themselves alone. */
	bool may_name_others = login == NULL || trust_is_proxy(core->trust, source);
	struct net_address address;
	struct uri_parts parts;

	if (!uri_parts_read(&parts, hop))
		return no(why, "next hop is no sip URI");
	if (parts.is_sips && !agent_has_tls(core->agent))
		return no(why, "next hop is a sips URI, and there is no TLS");
	if (parts.has_maddr)
		return no(why, "maddr");
	if (!net_address_parse(&address, parts.host)) {
		/* A name is looked up by the library: only one that the operator wrote. */
		if (may_name_others && trust_is_proxy_host(core->trust, parts.host))
			return true;
		return no(why, "next hop is a name that is no configured proxy");
	}
	address.port = parts.port;
	if (net_address_is_unusable(&address))
		return no(why, "next hop is no unicast address");
	if (agent_is_own(core->agent, &address))
		return no(why, "next hop is this bridge");
	if (net_address_same_host(&address, source))
		return true;
	if (may_name_others && trust_has(core->trust, &address, false))
		return true;
	return no(why, "next hop is neither the source nor a trusted address");
}
