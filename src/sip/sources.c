/* Token buckets by source address; see sources.h. */
#include "sip/sources.h"

#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/rate.h"
#include "base/table.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/limits.h"
#include "sip/net_address.h"
#include "sip/sip_side.h"

enum { SOURCE_ANSWERS_PER_S = 10 };

struct source {
	uint8_t key[16];
	size_t key_len;
	struct rate requests;
	struct rate
		strange; /* the same address may be trusted over TCP and not over UDP (SEC-002) */
	struct rate answers;
	struct list link; /* longest unseen first */
};

struct sources {
	const struct sip_side_params *params;
	struct table *table;
	struct list order;
};

struct sources *sources_new(const struct sip_side_params *params)
{
	struct sources *sources = mem_zalloc(sizeof *sources);

	sources->params = params;
	sources->table = table_new();
	list_init(&sources->order);
	return sources;
}

static void forget(struct sources *sources, struct source *source)
{
	table_remove(sources->table, source->key, source->key_len);
	list_remove(&source->link);
	mem_free(source);
}

void sources_free(struct sources **sources)
{
	if (*sources == NULL)
		return;
	LIST_EACH(link, next, &(*sources)->order)
	forget(*sources, LIST_ENTRY(link, struct source, link));
	table_free(&(*sources)->table);
	mem_free(*sources);
	*sources = NULL;
}

static double peer_burst(const struct sources *sources)
{
	return 2.0 * (double)sources->params->limits->peer_requests_per_s;
}

static double stranger_burst(const struct sources *sources)
{
	return 2.5 * (double)sources->params->limits->stranger_requests_per_s;
}

/* Longer than that of an address. */
static size_t key_of_peer(int peer, uint8_t out[16])
{
	memset(out, 0, 16);
	memcpy(out, &peer, sizeof peer);
	return 16;
}

static struct source *find(struct sources *sources, const uint8_t *key, size_t len, uint64_t now)
{
	struct source *source = table_find(sources->table, key, len);

	if (source == NULL) {
		if (table_count(sources->table) >= SOURCES_MAX)
			forget(sources, LIST_ENTRY(sources->order.next, struct source, link));
		source = mem_zalloc(sizeof *source);
		for (size_t i = 0; i < len; i++)
			source->key[i] = key[i];
		source->key_len = len;
		rate_init(&source->requests, peer_burst(sources), now);
		rate_init(&source->strange, stranger_burst(sources), now);
		rate_init(&source->answers, SOURCE_ANSWERS_PER_S, now);
		table_put(sources->table, key, len, source);
	}
	list_remove(&source->link);
	list_append(&sources->order, &source->link);
	return source;
}

static enum source_verdict refuse(struct source *source, uint64_t now)
{
	if (rate_take(&source->answers, SOURCE_ANSWERS_PER_S, SOURCE_ANSWERS_PER_S, now))
		return SOURCE_ANSWER;
	return SOURCE_SILENCE;
}

enum source_verdict sources_peer(struct sources *sources, const struct net_address *address,
				 int peer)
{
	uint8_t key[16];
	size_t len = peer >= 0 ? key_of_peer(peer, key) : net_address_bucket(address, key);
	uint64_t now = loop_now(sources->params->loop);
	double per_s = (double)sources->params->limits->peer_requests_per_s;
	struct source *source = find(sources, key, len, now);

	if (rate_take(&source->requests, per_s, peer_burst(sources), now))
		return SOURCE_PASS;
	return refuse(source, now);
}

enum source_verdict sources_stranger(struct sources *sources, const struct net_address *address)
{
	uint8_t key[16];
	size_t len = net_address_bucket(address, key);
	uint64_t now = loop_now(sources->params->loop);
	double per_s = (double)sources->params->limits->stranger_requests_per_s;
	struct source *source = find(sources, key, len, now);

	if (!rate_take(&source->strange, per_s, stranger_burst(sources), now)) {
		sources->params->counters->limits.stranger_requests_per_s++;
		return SOURCE_SILENCE;
	}
	return refuse(source, now);
}

size_t sources_count(const struct sources *sources)
{
	return table_count(sources->table);
}
