/* What all roles of the SIP side share; see side_core.h. */
#include "sip/side_core.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/random.h"
#include "sip/agent.h"
#include "sip/header_text.h"
#include "sip/net_address.h"
#include "sip/targets.h"

const char side_core_allow[] = "Allow: CANCEL, OPTIONS, MESSAGE, SUBSCRIBE, NOTIFY\r\n";
static const char allow_publish[] =
	"Allow: CANCEL, OPTIONS, MESSAGE, SUBSCRIBE, NOTIFY, PUBLISH\r\n";
const char side_core_allow_events[] = "Allow-Events: presence, dialog\r\n";
const char side_core_loop_header[] = "X-Bridge-Id";

bool side_core_takes_publish(const struct side_core *core)
{
	for (size_t i = 0; i < core->params->peer_count; i++)
		if (core->params->peers[i].profile.accepts_publish)
			return true;
	return false;
}

const char *side_core_allow_line(const struct side_core *core)
{
	return side_core_takes_publish(core) ? allow_publish : side_core_allow;
}

const struct sip_peer *side_core_peer(const struct side_core *core, const char *domain)
{
	for (size_t i = 0; i < core->params->peer_count; i++)
		if (strcmp(core->params->peers[i].domain, domain) == 0)
			return &core->params->peers[i];
	return NULL;
}

const char *side_core_next_hop(const struct side_core *core, const char *domain)
{
	const struct sip_peer *peer = side_core_peer(core, domain);

	return peer != NULL && peer->proxy != NULL ? peer->proxy : core->params->proxy;
}

/* Where the URI leaves it open: that of the server that is tried first, once it is known. */
static int located_way(const struct side_core *core, const char *domain)
{
	static const int ways[] = {AGENT_UDP, AGENT_TCP, AGENT_TLS};
	const struct hop *hop = NULL;

	if (core->targets != NULL)
		hop = targets_of(core->targets, side_core_peer(core, domain));
	return hop != NULL && hop_count(hop) != 0 ? ways[hop_target(hop, 0)->transport] : AGENT_UDP;
}

/* The transport of an explicit parameter; else DNS chooses (SIP-087). */
int side_core_way(const struct side_core *core, const char *domain, const char *uri)
{
	const char *hop = side_core_next_hop(core, domain);
	struct uri_parts parts;

	if (!uri_parts_read(&parts, hop != NULL ? hop : uri))
		return AGENT_UDP;
	if (parts.is_sips || strcmp(parts.transport, "tls") == 0)
		return AGENT_TLS;
	if (parts.transport[0] == '\0')
		return located_way(core, domain);
	return strcmp(parts.transport, "tcp") == 0 ? AGENT_TCP : AGENT_UDP;
}

bool side_core_is_stream(const struct side_core *core, const char *domain, const char *uri)
{
	return side_core_way(core, domain, uri) != AGENT_UDP;
}

void side_core_common(const struct side_core *core, const struct sip_peer *peer, int hops,
		      struct buf *out)
{
	if (hops < 0 || hops > 70)
		hops = 70;
	buf_puts(out, "Max-Forwards: ");
	header_text_put_number(out, (unsigned long long)hops);
	buf_puts(out, "\r\nUser-Agent: ");
	buf_puts(out, peer != NULL && peer->user_agent != NULL ? peer->user_agent
							       : core->params->user_agent);
	if (peer != NULL && peer->user_agent == NULL && peer->profile.user_agent_suffix != NULL)
		buf_puts(out, peer->profile.user_agent_suffix);
	buf_puts(out, "\r\n");
	buf_puts(out, side_core_loop_header);
	buf_puts(out, ": ");
	buf_puts(out, agent_instance(core->agent));
	buf_puts(out, "\r\n");
}

/* Most have none, and that shows without reading the URI: this is asked for every message. */
static bool has_lr(const char *hop)
{
	struct uri_parts parts;

	return strcasestr(hop, ";lr") != NULL && uri_parts_read(&parts, hop) && parts.has_lr;
}

void side_core_route(const struct side_core *core, const char *domain, struct buf *out)
{
	const char *hop = side_core_next_hop(core, domain);

	if (hop == NULL)
		return;
	buf_puts(out, "Route: <");
	buf_puts(out, hop);
	if (!has_lr(hop))
		buf_puts(out, ";lr");
	buf_puts(out, ">\r\n");
}

unsigned side_core_retry_s(void)
{
	return 10 + (unsigned)random_below(21);
}

void side_core_busy(const struct side_core *core, struct request *request, int status,
		    const char *phrase)
{
	char header[32];

	snprintf(header, sizeof header, "Retry-After: %u\r\n", side_core_retry_s());
	agent_answer(core->agent, request, status, phrase, header);
}
