/* One component stream (XEP-0114): link, guard, libstrophe, outbox and barrier put together;
 * connects for ever with growing delay, says when it is up, closes in order. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/side.h"
#include "xmpp/outbox.h"

struct _xmpp_stanza_t;
struct buf;
struct component;
struct counters;
struct guard_head;
struct limits;
struct loop;

/* Milliseconds; component_timing_default() has the figures of the specification. */
struct component_timing {
	uint32_t connect;   /* to one address */
	uint32_t handshake; /* from the connection to <handshake/> (CMP-003) */
	uint32_t first;     /* first delay, growing (REL-021) */
	uint32_t most;
	uint32_t slow;       /* first delay when the operator must act (REL-021, REL-028) */
	uint32_t healthy;    /* after so long the delay starts anew */
	uint32_t choose;     /* for the barrier's target (D-36) */
	uint32_t ping_every; /* D-26 */
	uint32_t ping_wait;
	uint32_t prove; /* stopping: for the last messages */
	uint32_t close; /* stopping: all in all */
};

struct component_timing component_timing_default(void);

/* Everything is borrowed until component_free. */
struct component_params {
	struct loop *loop;
	const struct limits *limits;
	struct counters *counters;
	const char *domain; /* as it is written in JIDs */
	const char *server;
	uint16_t port;
	const char *secret;
	bool allow_remote;
	const char *const *ping;
	size_t ping_count;
	struct component_timing timing;
};

struct component_events {
	/* A stanza for us; valid for the call. Not the answers to our own pings. */
	void (*stanza)(struct component *component, struct _xmpp_stanza_t *stanza, void *arg);
	/* The guard dropped one. */
	void (*guarded)(struct component *component, const struct guard_head *head,
			const char *limit, void *arg);
	/* component_is_up() changed. */
	void (*changed)(struct component *component, void *arg);
	/* Of a message given to component_deliver(). */
	void (*outcome)(exchange_id x, enum outcome outcome, const struct fault *fault, void *arg);
	/* The answer to component_stop(). */
	void (*stopped)(struct component *component, void *arg);
};

/* Starts to connect. Events come from the loop only; none may call component_free(). */
struct component *component_new(const struct component_params *params,
				const struct component_events *events, void *arg);
void component_free(struct component **component);
/* Sends what is queued, waits for the proof of the last messages, ends the stream; events->stopped
 * once, after at most timing.close. */
void component_stop(struct component *component);

const char *component_domain(const struct component *component);
bool component_is_up(const struct component *component);

/* As outbox_is_full(). */
bool component_is_full(const struct component *component);

/* As outbox_put(). */
int component_put(struct component *component, enum outbox_class class, const char *key,
		  const struct buf *stanza);
/* Writes a message; 0: its outcome follows through events->outcome. Else as outbox_put(). */
int component_deliver(struct component *component, exchange_id x, const char *id, const char *to,
		      const struct buf *stanza);
/* An error of this kind arrived for a message of ours: true if it was not proved yet. */
bool component_refused(struct component *component, const char *from, const char *id,
		       const struct fault *fault);
/* Bytes that wait to be written. */
size_t component_backlog(const struct component *component);
/* For the control command: one line a fact. */
void component_status(const struct component *component, struct buf *out);
