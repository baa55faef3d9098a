/* Inside of targets: the next hops (targets.c), looking them up (targets_look.c), and what is known
 * of their servers (targets_state.c). */
#pragma once

#include "base/backoff.h"
#include "loop/loop.h"
#include "sip/net_address.h"
#include "sip/targets.h"

struct dns;
struct table;

enum { HOPS_MAX = 256 /* a dialog's route may name a configured host in several ways */ };

struct hop {
	struct targets *targets;
	struct loop *loop;
	struct list link;
	char *uri;
	char *name; /* in certificates, or NULL */
	struct uri_parts parts;
	struct target *items[LOCATE_TARGETS_MAX];
	size_t count;
	struct locate *locate;
	struct loop_timer timer; /* next look */
	struct backoff pause;
	uint64_t good_ms; /* of the last answer that was taken; 0: none */
	uint64_t due_ms;  /* next look; 0: at the first use */
	struct list waiting;
	bool is_proxy; /* looked up whether used or not: it is trusted */
	bool is_literal;
	bool is_trouble; /* was told in the log */
	bool names_us;   /* and the operator knows */
};

struct targets {
	struct side_core *core;
	struct dns *dns;
	struct list hops;
	struct table *by_key;
	struct hop **by_peer;
	uint32_t last_id;
	uint64_t quench_ms;
	targets_fn *fn;
	void *arg;
};

static inline struct loop *hop_loop(const struct hop *hop)
{
	return hop->loop;
}

static inline uint64_t hop_now(const struct hop *hop)
{
	return loop_now(hop->loop);
}

static inline unsigned hop_seconds_left(uint64_t until_ms, uint64_t now_ms)
{
	return until_ms > now_ms ? (unsigned)((until_ms - now_ms + 999) / 1000) : 0;
}

/* targets_look.c */
struct locate_means targets_means(const struct targets *targets);
/* Looks it up now, unless that is under way. */
void hop_look(struct hop *hop);
void hop_look_in(struct hop *hop, uint64_t delay_ms);
/* All proxies, before anybody is served, so that a PBX that is known by its name is no stranger in
 * the first moment. */
void targets_look_first(struct targets *targets);

/* targets_state.c: other servers from now on; what is known of those that stay is kept. */
void hop_replace(struct hop *hop, const struct located_target *found, size_t count);
