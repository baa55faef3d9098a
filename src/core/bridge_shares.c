/* What of the messages under way each sender and each domain may have (REL-047). */
#include "base/buf.h"
#include "base/shares.h"
#include "core/bridge_flow.h"
#include "core/bridge_private.h"
#include "core/exchanges.h"
#include "loop/loop.h"
#include "model/address.h"
#include "model/limits.h"

static uint64_t who_is(struct bridge *bridge, const struct shares *shares,
		       const struct address *from)
{
	buf_reset(&bridge->scratch);
	address_key(from, &bridge->scratch);
	return shares_who(shares, bridge->scratch.data, bridge->scratch.len);
}

static uint64_t peer_of(struct bridge *bridge, const struct address *from)
{
	struct address domain = *from;

	domain.local = (char *)(uintptr_t) "";
	return who_is(bridge, &bridge->open_by_peer, &domain);
}

static uint64_t user_of(struct bridge *bridge, const struct address *from)
{
	return who_is(bridge, &bridge->open_by_user, from);
}

bool message_share_ask(struct bridge *bridge, const struct address *from)
{
	size_t most = (size_t)bridge->params.limits->messages_pending;
	uint64_t now = loop_now(bridge->params.loop);
	bool may_peer = shares_ask(&bridge->open_by_peer, peer_of(bridge, from), most, now);
	bool may_user = shares_ask(&bridge->open_by_user, user_of(bridge, from), most, now);

	return may_peer && may_user;
}

void message_share_take(struct bridge *bridge, struct exchange *exchange,
			const struct address *from)
{
	exchange->peer = peer_of(bridge, from);
	exchange->user = user_of(bridge, from);
	shares_take(&bridge->open_by_peer, exchange->peer);
	shares_take(&bridge->open_by_user, exchange->user);
}

void message_share_give(struct bridge *bridge, const struct exchange *exchange)
{
	shares_give(&bridge->open_by_peer, exchange->peer);
	shares_give(&bridge->open_by_user, exchange->user);
}
