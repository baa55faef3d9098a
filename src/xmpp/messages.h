/* Messages across the seam: those the core has from us until it says how they ended, and those it
 * gives us until the barrier has proved them. What becomes of a message after that is known to the
 * core alone. */
#pragma once

#include "core/side.h"

struct inbound;
struct message_stanza;
struct xmpp_side;

/* Hands a text to the core; remembers whom to tell how it ended. */
void messages_accept(struct inbound *in, struct message_stanza *stanza);
/* struct side_ops: deliver and finish. */
void messages_deliver(struct xmpp_side *side, exchange_id x, const struct address *from,
		      const struct address *to, const struct message *message);
void messages_finish(struct xmpp_side *side, exchange_id x, enum outcome outcome,
		     const struct fault *fault);
/* The word of the barrier. */
void messages_outcome(struct xmpp_side *side, exchange_id x, enum outcome outcome,
		      const struct fault *fault);
/* Forgets all. */
void messages_clear(struct xmpp_side *side);
