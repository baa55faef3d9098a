/* OPTIONS to the servers of one next hop (SIP-071, REL-024): to all of them when the peer is in
 * doubt, and to each by itself, while there are several, when it has been quiet, or when it failed
 * and its time to be avoided is over (REL-025). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct hop;
struct peer_probe;
struct side_core;
struct tport_s;

struct peer_probe_events {
	/* A server that was heard is gone; others are there. What lives at it is lost. */
	void (*lost)(void *arg);
	/* A round ended: some server answered (way: the connection of the answer, borrowed), or
	 * none did; was_cut: one could not be reached at all. */
	void (*round)(bool is_alive, bool was_cut, struct tport_s *way, void *arg);
};

/* domain: the first one behind hop. quiet_ms: a server that was heard so lately is not asked.
 * answer_ms: how long it has to answer. All is borrowed until peer_probe_free. */
struct peer_probe *peer_probe_new(const struct side_core *core, struct hop *hop, const char *domain,
				  uint64_t quiet_ms, uint64_t answer_ms,
				  const struct peer_probe_events *events, void *arg);
void peer_probe_free(struct peer_probe **probe);

/* Asks all; round(arg) comes once, later. */
void peer_probe_round(struct peer_probe *probe);
/* Ends a round without a word; servers that have not answered failed. */
void peer_probe_end_round(struct peer_probe *probe);
bool peer_probe_is_under_way(const struct peer_probe *probe);
/* Begins and ends the care for each server by itself. */
void peer_probe_watch(struct peer_probe *probe, bool is_wanted);
