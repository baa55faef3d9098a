/* Between peer_watch.c (one server) and peer_watches.c (all of them). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/backoff.h"
#include "loop/loop.h"
#include "sip/peer_watch.h"

struct hop;
struct peer_probe;
struct sip_peer;
struct tport_s;

struct peer_watch {
	struct peer_watches *watches;
	char *uri; /* next hop as configured, or sip:DOMAIN (RFC 3263) */
	struct hop *hop;
	size_t users;
	struct peer_probe *probe;
	struct loop_timer timer;
	struct loop_timer all_timer;  /* a refresh of all that had to wait */
	struct loop_timer sure_timer; /* one that follows a lost connection */
	struct backoff pause;
	struct tport_s *way; /* connection it answered on, with a reference; NULL: none */
	uint64_t heard_ms;
	uint64_t probe_ms; /* when last asked; 0: never */
	uint64_t lost_ms;  /* when last asked because a connection was lost */
	uint64_t all_ms;   /* when all were last refreshed; 0: never */
	uint64_t due_ms;   /* of timer */
	uint64_t broke_ms; /* when all were last asked because a connection broke; 0: never */
	uint64_t sure_ms;  /* from then on what lives was not given up in silence; 0: it is sure */
	unsigned misses;
	bool is_down;
	bool was_heard;  /* else heard_ms is only when it began to matter */
	bool is_doubted; /* a connection was lost: it may be a new one */
	bool is_urgent;  /* and is to be asked now */
	bool was_cut; /* a question could not be sent at all, or a request died with its connection
		       */
};

struct peer_watches {
	struct side_core *core;
	struct {
		const struct peer_watch_events *events;
		void *arg;
	} listeners[PEER_LISTENERS_MAX];
	size_t listener_count;
	struct peer_watch **items; /* distinct */
	size_t count;
	struct peer_watch **by_peer; /* of core->params->peers */
};

/* One server; core and hop of watches are borrowed. */
struct peer_watch *peer_watch_new(struct peer_watches *watches, const struct sip_peer *of,
				  struct hop *hop);
void peer_watch_free(struct peer_watch *peer);
