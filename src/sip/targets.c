/* Next hops and their servers; see targets.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "sip/locate_dns.h"
#include "sip/side_core.h"
#include "sip/targets_private.h"
#include "sip/targets_uri.h"
#include "sip/trust.h"

enum { LOST_FIRST_MS = 1000, LOST_MOST_MS = 60000 };

static struct hop *add_hop(struct targets *targets, const struct uri_view *view, const char *key,
			   size_t key_len, const char *uri)
{
	struct hop *hop = mem_zalloc(sizeof *hop);
	struct located_target literal;

	hop->targets = targets;
	hop->loop = targets->core->params->loop;
	hop->uri = mem_strdup(uri);
	list_init(&hop->waiting);
	backoff_init(&hop->pause, LOST_FIRST_MS, LOST_MOST_MS);
	if (!uri_parts_read(&hop->parts, uri))
		hop->is_literal = true; /* and has no server */
	if (view->maddr != NULL && view->maddr_len < sizeof hop->parts.host) { /* SIP-091 */
		memcpy(hop->parts.host, view->maddr, view->maddr_len);
		hop->parts.host[view->maddr_len] = '\0';
	}
	if (locate_literal(&hop->parts, targets_means(targets).transports, &literal)) {
		hop->is_literal = true;
		hop_replace(hop, &literal, 1);
	} else if (net_address_parse(&literal.address, hop->parts.host)) {
		hop->is_literal = true;
		log_warning("sip: no listener for the transport of next_hop=%s", log_safe(uri));
	}
	list_append(&targets->hops, &hop->link);
	table_put(targets->by_key, key, key_len, hop);
	return hop;
}

static struct hop *get_hop(struct targets *targets, const char *uri, const char *name)
{
	struct uri_view view;
	char key[TARGETS_KEY_MAX];
	size_t key_len = uri_view_read(&view, uri, strlen(uri)) ? uri_view_key(&view, key) : 0;
	struct net_address address;
	struct hop *hop;

	hop = table_find(targets->by_key, key, key_len);
	if (hop == NULL)
		hop = add_hop(targets, &view, key, key_len, uri);
	if (hop->name == NULL && !uri_view_literal(&view, &address))
		hop->name = mem_strdup(name != NULL ? name : hop->parts.host);
	else if (hop->name == NULL && name != NULL)
		hop->name = mem_strdup(name);
	return hop;
}

static void add_peer(struct targets *targets, size_t i)
{
	const struct sip_peer *peer = &targets->core->params->peers[i];
	const char *next_hop = side_core_next_hop(targets->core, peer->domain);
	struct buf uri = BUF_INIT;

	if (next_hop != NULL)
		buf_puts(&uri, next_hop);
	else
		buf_printf(&uri, "sip:%s", peer->domain);
	targets->by_peer[i] = get_hop(targets, buf_text(&uri), peer->tls_name);
	targets->by_peer[i]->is_proxy |= next_hop != NULL;
	buf_free(&uri);
}

struct targets *targets_new(struct side_core *core)
{
	struct targets *targets = mem_zalloc(sizeof *targets);
	size_t count = core->params->peer_count;

	targets->core = core;
	targets->dns = dns_new(core->params->loop, core->params->resolv_conf);
	targets->by_key = table_new();
	targets->by_peer = mem_resize(NULL, count + 1, sizeof *targets->by_peer);
	list_init(&targets->hops);
	for (size_t i = 0; i < count; i++)
		add_peer(targets, i);
	targets_look_first(targets);
	LIST_EACH(link, next, &targets->hops)
	{
		struct hop *hop = LIST_ENTRY(link, struct hop, link);

		if (hop->is_proxy && hop->count == 0)
			hop_look(hop);
	}
	return targets;
}

static void free_hop(struct hop *hop)
{
	loop_timer_cancel(&hop->timer);
	locate_cancel(&hop->locate);
	hop_replace(hop, NULL, 0);
	list_remove(&hop->link);
	mem_free(hop->uri);
	mem_free(hop->name);
	mem_free(hop);
}

void targets_free(struct targets **targets)
{
	struct targets *self = *targets;

	if (self == NULL)
		return;
	LIST_EACH(link, next, &self->hops)
	free_hop(LIST_ENTRY(link, struct hop, link));
	dns_free(&self->dns);
	table_free(&self->by_key);
	mem_free(self->by_peer);
	mem_free(self);
	*targets = NULL;
}

void targets_listen(struct targets *targets, targets_fn *fn, void *arg)
{
	targets->fn = fn;
	targets->arg = arg;
}

/* A host that the operator wrote; anything else is somebody's Contact (SEC-021, SEC-089). */
static bool is_configured(const struct targets *targets, const struct uri_view *view)
{
	char host[256];

	if (view->maddr != NULL || view->host_len >= sizeof host)
		return false;
	memcpy(host, view->host, view->host_len);
	host[view->host_len] = '\0';
	if (trust_is_proxy_host(targets->core->trust, host))
		return true;
	for (size_t i = 0; i < targets->core->params->peer_count; i++)
		if (strcasecmp(targets->core->params->peers[i].domain, host) == 0)
			return true;
	return false;
}

static struct hop *add_other(struct targets *targets, const struct uri_view *view, const char *key,
			     size_t key_len)
{
	struct buf uri = BUF_INIT;
	struct hop *hop;

	buf_puts(&uri, view->is_sips ? "sips:" : "sip:");
	buf_append(&uri, view->host, view->host_len);
	if (view->port_len != 0)
		buf_printf(&uri, ":%.*s", (int)view->port_len, view->port);
	if (view->transport_len != 0)
		buf_printf(&uri, ";transport=%.*s", (int)view->transport_len, view->transport);
	hop = add_hop(targets, view, key, key_len, buf_text(&uri));
	hop->name = mem_strdup(hop->parts.host);
	buf_free(&uri);
	return hop;
}

enum targets_way targets_find(struct targets *targets, const char *text, size_t len,
			      struct hop **out)
{
	char key[TARGETS_KEY_MAX];
	struct net_address address;
	struct uri_view view;
	size_t key_len;

	*out = NULL;
	key_len = uri_view_read(&view, text, len) ? uri_view_key(&view, key) : 0;
	if (key_len == 0)
		return TARGETS_NOWHERE;
	*out = table_find(targets->by_key, key, key_len);
	if (*out != NULL)
		return TARGETS_HOP;
	if (uri_view_literal(&view, &address))
		return TARGETS_LITERAL;
	if (table_count(targets->by_key) >= HOPS_MAX || !is_configured(targets, &view))
		return TARGETS_NOWHERE;
	*out = add_other(targets, &view, key, key_len);
	return TARGETS_HOP;
}

struct hop *targets_of(const struct targets *targets, const struct sip_peer *peer)
{
	return peer != NULL ? targets->by_peer[peer - targets->core->params->peers] : NULL;
}

static bool is_at(const struct target *target, const struct net_address *address)
{
	uint16_t port = address->port != 0 ? address->port : locate_port(target->transport);

	return target->address.port == port && net_address_same_host(&target->address, address);
}

bool hop_has(const struct hop *hop, const struct net_address *address)
{
	for (size_t i = 0; i < hop->count; i++)
		if (is_at(hop->items[i], address))
			return true;
	return false;
}

unsigned targets_quenched(const struct targets *targets, const char *text, size_t len)
{
	uint64_t now = loop_now(targets->core->params->loop);
	struct net_address address;
	struct uri_view view;

	if (targets->quench_ms <= now || !uri_view_read(&view, text, len) ||
	    !uri_view_literal(&view, &address))
		return 0;
	LIST_EACH(link, next, &targets->hops)
	{
		const struct hop *hop = LIST_ENTRY(link, struct hop, link);

		for (size_t i = 0; i < hop->count; i++)
			if (hop->items[i]->quench_ms > now && is_at(hop->items[i], &address))
				return hop_seconds_left(hop->items[i]->quench_ms, now);
	}
	return 0;
}

const char *hop_uri(const struct hop *hop)
{
	return hop->uri;
}

struct list *hop_waiting(struct hop *hop)
{
	return &hop->waiting;
}

size_t hop_count(const struct hop *hop)
{
	return hop->count;
}

const struct target *hop_target(const struct hop *hop, size_t i)
{
	return hop->items[i];
}
