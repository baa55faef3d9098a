/* Is the SIP server there? Each next hop that subscriptions of ours depend on is asked with OPTIONS
 * when it has been quiet (D-26, SIP-071, REL-024), and at once after a connection to it was lost,
 * so that a restart does not go unnoticed. Nothing is sent while no subscription depends on it. It
 * is down when none of its servers answers; when one of several is gone, all subscriptions are
 * refreshed, since nobody knows which of them live there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct peer_watch;
struct peer_watches;
struct request;
struct side_core;
struct transaction_result;

enum { PEER_LISTENERS_MAX = 4 };

enum peer_ask {
	PEER_ASK_ONE, /* it may have restarted: refresh one subscription and see */
	PEER_ASK_ALL  /* it was away, or has forgotten: refresh all */
};

/* Called from the loop. */
struct peer_watch_events {
	void (*down)(void *arg, struct peer_watch *peer);
	void (*ask)(void *arg, struct peer_watch *peer, enum peer_ask what);
};

/* One for each next hop of core->params->peers. core is borrowed until peer_watches_free, which
 * comes before that of the agent. */
struct peer_watches *peer_watches_new(struct side_core *core);
void peer_watches_free(struct peer_watches **watches);
/* One more listener, of at most PEER_LISTENERS_MAX; events is borrowed. */
void peer_watches_listen(struct peer_watches *watches, const struct peer_watch_events *events,
			 void *arg);
/* A request came in: whose address it has is alive. */
void peer_watches_heard(struct peer_watches *watches, const struct request *request);
/* Appends a line for each: "peer.PROXY up", down or unwatched. */
void peer_watches_status(const struct peer_watches *watches, struct buf *out);

/* The next hop of a SIP domain, or NULL: not configured. The calls below do nothing with NULL. */
struct peer_watch *peer_watch_of(const struct peer_watches *watches, const char *domain);
/* One more, one less subscription depends on it. */
void peer_watch_join(struct peer_watch *peer);
void peer_watch_leave(struct peer_watch *peer);
bool peer_watch_is_down(const struct peer_watch *peer);
/* Behind the next hop there are several servers: what one of them does not answer, another may. */
bool peer_watch_has_others(const struct peer_watch *peer);
/* "up", "down" or "unwatched"; *heard_ms (loop clock) when it was heard last, 0: never. */
const char *peer_watch_word(const struct peer_watch *peer, uint64_t *heard_ms);
/* What became of a request to it: an answer is a sign of life, none of doubt. */
void peer_watch_result(struct peer_watch *peer, const struct transaction_result *result);
/* For how long yet a subscription that is alive now may end in silence: what the server could not
 * tell while we did not hear it, it gives up, and the subscription with it (RFC 6665 section
 * 4.2.2). 0: none will. */
uint64_t peer_watch_unsure_ms(const struct peer_watch *peer);
/* We were away, and its subscriptions are restored. */
void peer_watch_was_away(struct peer_watch *peer);
/* It spoke in a dialog of ours. */
void peer_watch_heard(struct peer_watch *peer);
/* It did not know a dialog of ours any more (D-25); was_asked: in an answer to PEER_ASK_ONE. */
void peer_watch_forgot(struct peer_watch *peer, bool was_asked);
