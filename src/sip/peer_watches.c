/* All SIP servers that are watched; see peer_watch.h. */
#include "base/buf.h"
#include "base/mem.h"
#include "sip/agent.h"
#include "sip/net_address.h"
#include "sip/peer_watch_private.h"
#include "sip/side_core.h"
#include "sip/targets.h"

static struct peer_watch *get(struct peer_watches *watches, const struct sip_peer *of)
{
	struct hop *hop = targets_of(watches->core->targets, of);

	for (size_t i = 0; i < watches->count; i++)
		if (watches->items[i]->hop == hop)
			return watches->items[i];
	watches->items = mem_resize(watches->items, watches->count + 1, sizeof *watches->items);
	watches->items[watches->count] = peer_watch_new(watches, of, hop);
	return watches->items[watches->count++];
}

struct peer_watches *peer_watches_new(struct side_core *core)
{
	struct peer_watches *watches = mem_zalloc(sizeof *watches);
	size_t count = core->params->peer_count;

	watches->core = core;
	watches->by_peer = mem_resize(NULL, count + 1, sizeof *watches->by_peer);
	for (size_t i = 0; i < count; i++)
		watches->by_peer[i] = get(watches, &core->params->peers[i]);
	return watches;
}

void peer_watches_free(struct peer_watches **watches)
{
	struct peer_watches *self = *watches;

	if (self == NULL)
		return;
	for (size_t i = 0; i < self->count; i++)
		peer_watch_free(self->items[i]);
	mem_free(self->items);
	mem_free(self->by_peer);
	mem_free(self);
	*watches = NULL;
}

void peer_watches_listen(struct peer_watches *watches, const struct peer_watch_events *events,
			 void *arg)
{
	if (watches->listener_count == PEER_LISTENERS_MAX)
		return;
	watches->listeners[watches->listener_count].events = events;
	watches->listeners[watches->listener_count++].arg = arg;
}

struct peer_watch *peer_watch_of(const struct peer_watches *watches, const char *domain)
{
	const struct sip_peer *peer = side_core_peer(watches->core, domain);

	return peer != NULL ? watches->by_peer[peer - watches->core->params->peers] : NULL;
}

void peer_watches_status(const struct peer_watches *watches, struct buf *out)
{
	for (size_t i = 0; i < watches->count; i++) {
		const struct peer_watch *peer = watches->items[i];
		uint64_t heard_ms;

		buf_printf(out, "peer.%s %s\n", peer->uri, peer_watch_word(peer, &heard_ms));
	}
}

/* On a stream the port is of the connection; on UDP it is the server's. */
static bool is_from(const struct peer_watch *peer, const struct request *request)
{
	if (peer->users == 0)
		return false;
	for (size_t i = 0; i < hop_count(peer->hop); i++) {
		const struct net_address *address = &hop_target(peer->hop, i)->address;

		if (net_address_same_host(address, &request->source) &&
		    (!request->is_udp || request->source.port == address->port))
			return true;
	}
	return false;
}

void peer_watches_heard(struct peer_watches *watches, const struct request *request)
{
	for (size_t i = 0; i < watches->count; i++)
		if (is_from(watches->items[i], request))
			peer_watch_heard(watches->items[i]);
}
