#include "sip/held_udp.h"

#include <string.h>

#include "loop/loop.h"
#include "model/limits.h"
#include "sip/agent.h"
#include "sip/net_address.h"
#include "sip/side_core.h"
#include "sip/trust.h"

/* A peer is not taken for an address with the same bytes. */
static uint64_t who_sends(const struct held_udp *held, const struct side_core *core,
			  const struct request *request)
{
	int peer = trust_peer_of(core->trust, &request->source);
	uint8_t name[1 + 16] = {peer >= 0};
	size_t len = sizeof peer;

	if (peer >= 0)
		memcpy(name + 1, &peer, len);
	else
		len = net_address_bucket(&request->source, name + 1);
	return shares_who(&held->by, name, 1 + len);
}

bool held_udp_may(struct held_udp *held, const struct side_core *core,
		  const struct request *request)
{
	size_t most = (size_t)core->params->limits->udp_transactions;

	return shares_ask(&held->by, who_sends(held, core, request), most,
			  loop_now(core->params->loop)) &&
	       held->count < most;
}

uint64_t held_udp_take(struct held_udp *held, const struct side_core *core,
		       const struct request *request)
{
	uint64_t who = who_sends(held, core, request);

	shares_take(&held->by, who);
	held->count++;
	return who;
}

void held_udp_give(struct held_udp *held, uint64_t who)
{
	shares_give(&held->by, who);
	held->count--;
}
