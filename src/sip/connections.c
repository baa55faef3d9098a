/* Connections of the SIP library; see connections.h. */
#include "sip/connections.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sofia-sip/su_wait.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/tport.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/limits.h"
#include "sip/connection_hooks.h"
#include "sip/datagram_gate.h"
#include "sip/secure.h"
#include "sip/trust.h"

enum {
	SWEEP_EVERY_MS = 500,
	HANDSHAKE_MS = 10000, /* of TLS with somebody who is no stranger */
	RESERVED_IN = 64,     /* descriptors that connections from outside leave to others */
	RESERVED_OUT = 32     /* ... and connections of ours */
};

struct connections {
	struct connections_params params;
	nta_agent_t *nta; /* NULL: gone */
	struct loop_timer timer;
	struct list all;
	struct list siblings; /* in the registry */
	struct table *counts; /* of strangers, by source bucket */
	size_t count;
	size_t strangers;
	size_t unknown; /* those that came from an address of nobody, proved or not */
};

struct stranger_count {
	size_t open;
};

/* Where the library's calls find their way back. */
struct registry {
	struct list owners;
	struct table *by_tport;
	struct connection *making;
};

static struct registry *registry(void)
{
	static struct registry all;

	if (all.by_tport == NULL) {
		list_init(&all.owners);
		all.by_tport = table_new();
	}
	return &all;
}

/* Strangers ------------------------------------------------------------------------------------ */

static struct stranger_count *count_of(struct connections *owner, const struct net_address *far)
{
	uint8_t key[16];
	size_t len = net_address_bucket(far, key);
	struct stranger_count *found = table_find(owner->counts, key, len);

	if (found == NULL) {
		found = mem_zalloc(sizeof *found);
		table_put(owner->counts, key, len, found);
	}
	return found;
}

static void forget_stranger(struct connection *connection)
{
	struct connections *owner = connection->owner;
	uint8_t key[16];
	size_t len = net_address_bucket(&connection->far, key);
	struct stranger_count *count = table_find(owner->counts, key, len);

	if (!connection->is_stranger)
		return;
	connection->is_stranger = false;
	owner->strangers--;
	if (count == NULL || --count->open > 0)
		return;
	table_remove(owner->counts, key, len);
	mem_free(count);
}

static int64_t descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return INT64_MAX;
	return (int64_t)limit.rlim_cur;
}

static bool refuse(struct connections *owner, uint64_t *hit, const struct net_address *far,
		   const char *why)
{
	struct buf text = BUF_INIT;

	owner->params.counters->sip_connections_refused++;
	if (hit != NULL)
		(*hit)++;
	net_address_print(far, &text);
	log_info("sip: connection refused source=%s (%s)", log_safe(buf_text(&text)), why);
	buf_free(&text);
	return false;
}

/* REL-050: descriptors go up one by one, so the number of a new one says how many there are. */
static bool has_room(struct connection *connection)
{
	struct connections *owner = connection->owner;
	const struct limits *limits = owner->params.limits;
	int reserved = connection->is_accepted ? RESERVED_IN : RESERVED_OUT;

	if (connection->fd >= descriptor_limit() - reserved)
		return refuse(owner, NULL, &connection->far, "descriptors run short");
	if (connection->is_accepted && owner->count >= (size_t)limits->sip_connections)
		return refuse(owner, &owner->params.counters->limits.sip_connections,
			      &connection->far, "limits.sip_connections");
	return true;
}

static void forget_unknown(struct connection *connection)
{
	if (connection->is_unknown)
		connection->owner->unknown--;
	connection->is_unknown = false;
}

/* However many they are, and of whatever addresses: a quarter of all is kept for those we know. */
static bool has_room_for_unknown(struct connection *connection)
{
	struct connections *owner = connection->owner;
	int64_t most = owner->params.limits->sip_connections;
	int64_t descriptors = descriptor_limit() - RESERVED_IN;

	if ((int64_t)owner->unknown < (most < descriptors ? most : descriptors) / 4 * 3)
		return true;
	return refuse(owner, &owner->params.counters->limits.sip_connections, &connection->far,
		      "limits.sip_connections, strangers' share");
}

static bool may_begin(struct connection *connection)
{
	struct connections *owner = connection->owner;
	struct stranger_count *count;

	if (!has_room(connection))
		return false;
	if (!connection->is_accepted || trust_has(owner->params.trust, &connection->far, false))
		return true;
	if (!has_room_for_unknown(connection))
		return false;
	count = count_of(owner, &connection->far);
	if (count->open >= (size_t)owner->params.limits->stranger_connections)
		return refuse(owner, &owner->params.counters->limits.stranger_connections,
			      &connection->far, "limits.stranger_connections");
	count->open++;
	owner->strangers++;
	owner->unknown++;
	connection->is_stranger = connection->is_unknown = true;
	return true;
}

/* Life ----------------------------------------------------------------------------------------- */

void connections_drop(struct connection *connection)
{
	tport_t *tport = connection->tport;

	forget_stranger(connection);
	forget_unknown(connection);
	secure_link_free(&connection->link);
	if (tport != NULL)
		table_remove(registry()->by_tport, &tport, sizeof tport);
	list_remove(&connection->order);
	connection->owner->count--;
	mem_free(connection);
}

static void on_timer(void *arg)
{
	struct connections *connections = arg;

	connections_sweep(connections);
	if (connections->count != 0)
		loop_timer_set(connections->params.loop, &connections->timer, SWEEP_EVERY_MS,
			       on_timer, connections);
}

struct connection *connections_begin(struct connections *owner, int fd, bool is_accepted)
{
	struct connection *connection = mem_zalloc(sizeof *connection);
	struct sockaddr_storage far;
	socklen_t len = sizeof far;

	connection->owner = owner;
	connection->fd = fd;
	connection->is_accepted = is_accepted;
	connection->opened_ms = loop_now(owner->params.loop);
	if (is_accepted && getpeername(fd, (struct sockaddr *)&far, &len) == 0)
		net_address_from_sockaddr(&connection->far, (const struct sockaddr *)&far);
	if (!may_begin(connection)) {
		mem_free(connection);
		return NULL;
	}
	list_append(&owner->all, &connection->order);
	owner->count++;
	if (!loop_timer_is_set(&owner->timer))
		loop_timer_set(owner->params.loop, &owner->timer, SWEEP_EVERY_MS, on_timer, owner);
	registry()->making = connection;
	return connection;
}

struct connections *connections_new(nta_agent_t *nta, const struct connections_params *params)
{
	struct connections *connections = mem_zalloc(sizeof *connections);

	connection_hooks();
	connections->params = *params;
	connections->nta = nta;
	connections->counts = table_new();
	list_init(&connections->all);
	list_append(&registry()->owners, &connections->siblings);
	return connections;
}

void connections_orphan(struct connections *connections)
{
	if (connections == NULL)
		return;
	connections->nta = NULL;
	loop_timer_cancel(&connections->timer);
}

void connections_free(struct connections **connections)
{
	struct connections *self = *connections;

	if (self == NULL)
		return;
	loop_timer_cancel(&self->timer);
	LIST_EACH(link, next, &self->all)
	connections_drop(LIST_ENTRY(link, struct connection, order));
	list_remove(&self->siblings);
	table_free(&self->counts);
	if (list_is_empty(&registry()->owners))
		table_free(&registry()->by_tport);
	mem_free(self);
	*connections = NULL;
}

struct connection *connections_get(const tport_t *tport)
{
	return table_find(registry()->by_tport, &tport, sizeof tport);
}

const struct connection *connections_find(const tport_t *tport)
{
	return connections_get(tport);
}

void connections_prove(const tport_t *tport)
{
	struct connection *connection = connections_get(tport);

	if (connection != NULL)
		forget_stranger(connection);
}

void connections_believed(struct connection *connection, uint16_t certificate)
{
	if (certificate == 0)
		return;
	forget_stranger(connection);
	forget_unknown(connection);
	connection->far.certificate = certificate;
}

struct connections *connections_owner(const struct tport_s *primary)
{
	LIST_EACH(link, next, &registry()->owners)
	{
		struct connections *owner = LIST_ENTRY(link, struct connections, siblings);
		tport_t *at =
			owner->nta != NULL ? tport_primaries(nta_agent_tports(owner->nta)) : NULL;

		for (; at != NULL; at = tport_next(at))
			if (at == primary)
				return owner;
	}
	return NULL;
}

void connections_made(struct connection *connection, tport_t *tport)
{
	registry()->making = NULL;
	if (tport == NULL) {
		connections_drop(connection);
		return;
	}
	connection->tport = tport;
	table_put(registry()->by_tport, &tport, sizeof tport, connection);
	if (connection->link != NULL)
		secure_link_begin(connection->link);
}

void connections_part(struct connection *connection)
{
	connection->is_partial = true;
	connection->part_ms = loop_now(connection->owner->params.loop);
}

void connections_heard(struct connection *connection, bool has_more)
{
	connection->is_heard = true;
	connection->is_partial = has_more;
	connection->heard_ms = loop_now(connection->owner->params.loop);
}

bool connections_refuses(const tport_t *primary, const struct msg_s *msg)
{
	struct connections *owner;
	struct net_address from;

	if (!tport_is_udp(primary) || !datagram_gate_is_refused(msg))
		return false;
	owner = connections_owner(primary);
	if (owner == NULL)
		return false;
	memset(&from, 0, sizeof from);
	net_address_from_sockaddr(&from,
				  (const struct sockaddr *)msg_addr((msg_t *)(uintptr_t)msg));
	if (trust_has(owner->params.trust, &from, true))
		return false;
	owner->params.counters->sip_malformed++;
	owner->params.counters->sip_stranger++;
	return true;
}

struct connection *connections_making(void)
{
	return registry()->making;
}

struct secure *connections_secure(const struct connection *connection)
{
	return connection->owner->params.secure;
}

size_t connections_count(const struct connections *connections)
{
	return connections->count;
}

size_t connections_strangers(const struct connections *connections)
{
	return connections->strangers;
}

/* Time limits ---------------------------------------------------------------------------------- */

/* Since something came or went. */
static uint64_t silent_ms(const struct connection *connection)
{
	struct tcp_info info;
	socklen_t len = sizeof info;

	memset(&info, 0, sizeof info);
	if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return 0;
	return info.tcpi_last_data_recv < info.tcpi_last_data_sent ? info.tcpi_last_data_recv
								   : info.tcpi_last_data_sent;
}

/* The limit that a connection is over, or NULL. now is never before what it is compared with. */
static const char *over_of(const struct connection *connection, const struct limits *limits,
			   uint64_t now)
{
	uint64_t first_ms = (uint64_t)limits->stranger_first_s * 1000;
	uint64_t part_ms = (uint64_t)limits->stranger_part_s * 1000;
	uint64_t idle_ms = (uint64_t)limits->stranger_idle_s * 1000;
	bool is_shaken = connection->link == NULL || secure_link_is_up(connection->link);

	if (!connection->is_stranger)
		return !is_shaken && now - connection->opened_ms >= HANDSHAKE_MS
			       ? "no TLS handshake"
			       : NULL;
	if (connection->is_partial && now - connection->part_ms >= part_ms)
		return "a message stopped in the middle";
	if (!connection->is_heard)
		return now - connection->opened_ms >= first_ms ? "no message" : NULL;
	return now - connection->heard_ms >= idle_ms ? "idle" : NULL;
}

static void close_one(struct connection *connection, const char *why)
{
	struct buf text = BUF_INIT;

	connection->owner->params.counters->sip_connections_closed++;
	net_address_print(&connection->far, &text);
	log_debug("sip: connection closed far=%s (%s)", log_safe(buf_text(&text)), why);
	buf_free(&text);
	(void)tport_shutdown(connection->tport, 2);
}

void connections_sweep(struct connections *connections)
{
	uint64_t now = loop_now(connections->params.loop);

	LIST_EACH(link, next, &connections->all)
	{
		struct connection *connection = LIST_ENTRY(link, struct connection, order);
		const char *why;

		if (connection->tport == NULL || tport_is_closed(connection->tport))
			continue;
		why = over_of(connection, connections->params.limits, now);
		if (why != NULL)
			close_one(connection, why);
	}
}

struct idle {
	struct connection *connection;
	uint64_t silent_ms;
};

/* Longest silence first, strangers before others. */
static int compare_idle(const void *a, const void *b)
{
	const struct idle *one = a, *other = b;

	if (one->connection->is_stranger != other->connection->is_stranger)
		return one->connection->is_stranger ? -1 : 1;
	return (one->silent_ms < other->silent_ms) - (one->silent_ms > other->silent_ms);
}

size_t connections_close_idle(struct connections *connections, size_t most, uint64_t idle_ms)
{
	struct idle *idle = mem_zalloc((connections->count + 1) * sizeof *idle);
	size_t count = 0;

	LIST_EACH(link, next, &connections->all)
	{
		struct connection *connection = LIST_ENTRY(link, struct connection, order);

		if (connection->tport == NULL || tport_is_closed(connection->tport))
			continue;
		idle[count] = (struct idle){connection, silent_ms(connection)};
		count += idle[count].silent_ms >= idle_ms;
	}
	qsort(idle, count, sizeof *idle, compare_idle);
	if (count > most)
		count = most;
	for (size_t i = 0; i < count; i++)
		close_one(idle[i].connection, "descriptors run short");
	mem_free(idle);
	return count;
}
