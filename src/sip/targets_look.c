/* Looking up next hops: when, and what is done with the answers; see targets.h. */
#include <string.h>
#include <strings.h>

#include <sofia-sip/su_wait.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/tport.h>

#include "base/log.h"
#include "base/mem.h"
#include "sip/agent.h"
#include "sip/locate_dns.h"
#include "sip/side_core.h"
#include "sip/targets_private.h"
#include "sip/trust.h"

enum { HOSTS_AGAIN_S = 60 /* /etc/hosts */ };

static void add_transport(const tport_t *socket, struct locate_means *means)
{
	static const char *const names[] = {"udp", "tcp", "tls"};
	const su_addrinfo_t *info = tport_get_address(socket);
	struct net_address own = {0};

	for (int i = LOCATE_UDP; i <= LOCATE_TLS; i++)
		if (strcasecmp(tport_name(socket)->tpn_proto, names[i]) == 0)
			means->transports |= locate_bit((enum locate_transport)i);
	if (info != NULL && info->ai_addr != NULL)
		net_address_from_sockaddr(&own, info->ai_addr);
	means->has_ip4 |= own.family == 4;
	means->has_ip6 |= own.family == 6;
}

struct locate_means targets_means(const struct targets *targets)
{
	struct locate_means means = {.hosts = targets->core->params->hosts};
	tport_t *all = nta_agent_tports(agent_nta(targets->core->agent));

	for (tport_t *socket = all != NULL ? tport_primaries(all) : NULL; socket != NULL;
	     socket = tport_next(socket))
		add_transport(socket, &means);
	return means;
}

static void on_timer(void *arg)
{
	hop_look(arg);
}

void hop_look_in(struct hop *hop, uint64_t delay_ms)
{
	hop->due_ms = hop_now(hop) + delay_ms;
	if (hop->is_proxy)
		loop_timer_set(hop_loop(hop), &hop->timer, delay_ms, on_timer, hop);
}

/* REL-026: once, and when it is over. */
static void tell_trouble(struct hop *hop, bool is_lost)
{
	if (hop->is_trouble)
		return;
	hop->is_trouble = true;
	if (hop->count != 0)
		log_warning("sip: cannot look up next_hop=%s (%s); its last good addresses stay in "
			    "use for up to 24 h",
			    log_safe(hop->uri),
			    is_lost ? "no answer from the DNS" : "no such name or service");
	else
		log_warning("sip: cannot look up next_hop=%s (%s); nothing can be sent there",
			    log_safe(hop->uri),
			    is_lost ? "no answer from the DNS" : "no such name or service");
}

/* A PBX that moved is believed at its new address (D-52). */
static void tell_trust(const struct hop *hop)
{
	const struct side_core *core = hop->targets->core;
	struct net_address addresses[LOCATE_TARGETS_MAX];

	if (!hop->is_proxy)
		return;
	for (size_t i = 0; i < hop->count; i++)
		addresses[i] = hop->items[i]->address;
	for (size_t i = 0; i < core->params->peer_count; i++)
		if (hop->targets->by_peer[i] == hop)
			trust_set_proxy(core->trust, i, addresses, hop->count);
}

static uint64_t life_ms(const struct hop *hop, uint32_t ttl_s)
{
	int own_ms = hop->targets->core->params->ttl_least_ms;
	uint64_t least_ms = own_ms > 0 ? (uint64_t)own_ms : HOP_TTL_LEAST_S * 1000;
	uint64_t ttl_ms = (uint64_t)(ttl_s < HOP_TTL_MOST_S ? ttl_s : HOP_TTL_MOST_S) * 1000;

	if (ttl_s == UINT32_MAX)
		ttl_ms = HOSTS_AGAIN_S * 1000;
	return ttl_ms > least_ms ? ttl_ms : least_ms;
}

static void take(struct hop *hop, const struct located *found)
{
	if (hop->is_trouble)
		log_notice("sip: next hop found again next_hop=%s", log_safe(hop->uri));
	hop->is_trouble = false;
	hop->good_ms = hop_now(hop);
	backoff_reset(&hop->pause);
	hop_replace(hop, found->targets, found->count);
	tell_trust(hop);
	hop_look_in(hop, found->is_lost ? HOP_NEGATIVE_MS : life_ms(hop, found->ttl_s));
}

static void keep(struct hop *hop, bool is_lost)
{
	if (hop->count != 0 && hop_now(hop) - hop->good_ms >= HOP_STALE_MS) {
		hop_replace(hop, NULL, 0);
		tell_trust(hop);
		hop->is_trouble = false; /* worth another line */
	}
	tell_trouble(hop, is_lost);
	hop_look_in(hop, is_lost ? backoff_next_ms(&hop->pause) : HOP_NEGATIVE_MS);
}

/* SEC-021: whoever answers for the DNS, nothing is sent to a listener of ours. */
static struct located without_ourselves(struct hop *hop, const struct located *found)
{
	const struct agent *agent = hop->targets->core->agent;
	struct located others = {.ttl_s = found->ttl_s, .is_lost = found->is_lost};

	for (size_t i = 0; i < found->count; i++)
		if (!agent_is_own(agent, &found->targets[i].address))
			others.targets[others.count++] = found->targets[i];
	if (others.count != found->count && !hop->names_us)
		log_warning("sip: the DNS names this bridge as a server of next_hop=%s; left out",
			    log_safe(hop->uri));
	hop->names_us = others.count != found->count;
	return others;
}

static void settle(struct hop *hop, const struct located *found)
{
	/* What is known in whole is better than a part. */
	if (found->count == 0 || (found->is_lost && hop->count != 0))
		keep(hop, found->is_lost);
	else
		take(hop, found);
}

static void on_located(const struct located *found, void *arg)
{
	struct hop *hop = arg;
	struct targets *targets = hop->targets;
	struct located others = without_ourselves(hop, found);

	hop->locate = NULL;
	settle(hop, &others);
	if (targets->fn != NULL)
		targets->fn(hop, targets->arg);
}

void hop_look(struct hop *hop)
{
	struct targets *targets = hop->targets;
	struct locate_means means = targets_means(targets);

	loop_timer_cancel(&hop->timer);
	if (hop->locate == NULL && !hop->is_literal)
		hop->locate = locate_start(hop_loop(hop), targets->dns, &hop->parts, &means,
					   on_located, hop);
}

enum hop_state hop_state(struct hop *hop)
{
	if (hop->locate == NULL && !hop->is_literal && hop->due_ms <= hop_now(hop))
		hop_look(hop);
	if (hop->count != 0)
		return HOP_READY;
	return hop->locate != NULL ? HOP_LOCATING : HOP_UNKNOWN;
}

/* The first look ------------------------------------------------------------------------------- */

struct first_look {
	struct loop *loop;
	struct dns *dns;
	struct loop_timer timer;
	size_t open;
};

struct first_hop {
	struct first_look *all;
	struct hop *hop;
	struct locate *locate;
};

static void on_patience(void *arg)
{
	loop_quit(arg);
}

static void on_first(const struct located *found, void *arg)
{
	struct first_hop *first = arg;
	struct located others = without_ourselves(first->hop, found);

	first->locate = NULL;
	if (others.count != 0)
		take(first->hop, &others);
	if (--first->all->open == 0)
		loop_quit(first->all->loop);
}

static size_t start_first(struct targets *targets, struct first_look *all, struct first_hop *list)
{
	struct locate_means means = targets_means(targets);
	size_t count = 0;

	LIST_EACH(link, next, &targets->hops)
	{
		struct hop *hop = LIST_ENTRY(link, struct hop, link);

		if (!hop->is_proxy || hop->is_literal || count == HOPS_MAX)
			continue;
		list[count] = (struct first_hop){.all = all, .hop = hop};
		list[count].locate = locate_start(all->loop, all->dns, &hop->parts, &means,
						  on_first, &list[count]);
		count++;
	}
	return count;
}

/* In a loop of its own, in which nothing else lives. */
void targets_look_first(struct targets *targets)
{
	int most_ms = targets->core->params->first_look_ms;
	struct first_hop *list = mem_resize(NULL, HOPS_MAX, sizeof *list);
	struct first_look all = {0};

	if (most_ms > 0 && loop_new(&all.loop) == 0) {
		all.dns = dns_new(all.loop, targets->core->params->resolv_conf);
		size_t count = all.open = start_first(targets, &all, list);

		if (count != 0) {
			loop_timer_set(all.loop, &all.timer, (uint64_t)most_ms, on_patience,
				       all.loop);
			loop_run(all.loop);
		}
		for (size_t i = 0; i < count; i++)
			locate_cancel(&list[i].locate);
		loop_timer_cancel(&all.timer);
		dns_free(&all.dns);
		loop_free(&all.loop);
	}
	mem_free(list);
}
