/* Inside of a component stream. */
#pragma once

#include "base/backoff.h"
#include "base/buf.h"
#include "loop/loop.h"
#include "xmpp/component.h"

enum { WHY_MAX = 400 };

enum component_state {
	STATE_WAITING, /* for the next attempt */
	STATE_CONNECTING,
	STATE_HANDSHAKE,
	STATE_UP,
	STATE_PROVING, /* stopping: the last messages */
	STATE_ENDING,  /* stopping: our end of the stream is written */
	STATE_STOPPED
};

struct component {
	struct component_params params;
	struct component_events events;
	void *arg;
	enum component_state state;
	struct link *link;
	struct guard *guard;
	struct stream *stream;
	struct outbox *outbox;
	struct barrier *barrier;
	struct buf inward; /* what the guard let through of one read */
	unsigned inward_stanzas;
	struct buf scratch;
	struct backoff backoff;
	struct backoff slow;
	struct loop_timer retry;
	struct loop_timer deadline;
	struct loop_timer healthy;
	bool is_failing; /* down() is due */
	char why[WHY_MAX];
	char told[WHY_MAX]; /* what the log said last: state changes only (REL-021) */
};

/* Takes everything of the present connection down; outcomes of messages come from inside. */
void component_take_down(struct component *component);

/* component_stop.c: the link ended while stopping; a step towards the end, if nothing is left. */
void component_stopped(struct component *component);
void component_try_end(struct component *component);

/* component_log.c: what the log says of an end, and whether only the operator can mend it. */
void component_tell_down(struct component *component, bool was_up);
bool component_needs_operator(const struct component *component);
