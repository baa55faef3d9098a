/* Everything we write goes through here: the door (door.h), the bounds of the backlog (REL-046) and
 * one write a turn. libstrophe's queue is unbounded and writes one stanza a call (STRO-005 to
 * STRO-007), so only the stream's header, handshake and end come from it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct counters;
struct limits;
struct link;
struct loop;
struct outbox;

enum outbox_class {
	OUTBOX_ANSWER,  /* answers, errors, pings: written, or dropped while the link is down */
	OUTBOX_MESSAGE, /* refused when the backlog is high: the caller tells the sender */
	OUTBOX_STATE,   /* presence: held when the backlog is high, the newest per key */
	OUTBOX_KEPT     /* subscription stanzas, errors of messages: held like OUTBOX_STATE, and
			 * while the link is down, for nobody says them again */
};

struct outbox_events {
	/* The turn ends and the bytes go out now; more may be put (the barrier's ping). */
	void (*flushing)(void *arg);
	/* The backlog passed limits.link_dead_bytes. May come from inside outbox_put(). */
	void (*dead)(void *arg);
};

/* Everything is borrowed until outbox_free. */
struct outbox_params {
	struct loop *loop;
	struct link *link;
	const char *domain;
	const struct limits *limits;
	struct counters *counters;
};

struct outbox *outbox_new(const struct outbox_params *params, const struct outbox_events *events,
			  void *arg);
void outbox_free(struct outbox **outbox);

/* The stream is up: what was held goes out first. */
void outbox_up(struct outbox *outbox);
/* Held presence is forgotten: the core tells it anew. */
void outbox_down(struct outbox *outbox);

/* Writes one stanza (bytes of the serializer). key names what a newer stanza replaces, for the last
 * two classes. Returns 0; ENOTCONN the link is down; ENOBUFS the backlog is high (OUTBOX_MESSAGE)
 * or what is held too much; E2BIG, EACCES, EINVAL as door_check(). Nothing is kept on failure. */
int outbox_put(struct outbox *outbox, enum outbox_class class, const char *key,
	       const struct buf *stanza);
/* The link took some of the backlog. */
void outbox_drained(struct outbox *outbox);
/* Writes now. */
void outbox_flush(struct outbox *outbox);
/* Stanzas held, and their bytes. */
/* True while it is up and has more to write than half of limits.link_high_bytes: presence should
 * wait, the other half is for messages and answers. */
bool outbox_is_full(const struct outbox *outbox);
size_t outbox_held(const struct outbox *outbox);
size_t outbox_held_bytes(const struct outbox *outbox);
