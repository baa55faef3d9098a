/* Chat states (XEP-0085) across the seam: who understands them (TYPE-016), what the core hears of
 * them, and what a chat user is shown. */
#pragma once

#include <stdbool.h>

#include "core/side.h"

struct inbound;
struct message_stanza;
struct talk;
struct xmpp_side;

/* A text of a chat user came, in this conversation (or NULL): what it says of states. */
void chat_states_text(const struct inbound *in, const struct message_stanza *stanza,
		      struct talk *talk);
/* A notification of its own came. */
void chat_states_take(const struct inbound *in, const struct message_stanza *stanza);
/* The resource that sent this presence went: it does not compose any more (TYPE-038). */
void chat_states_left(const struct inbound *in);

/* struct side_ops: typing. */
void chat_states_show(struct xmpp_side *side, const struct address *from, const struct address *to,
		      const struct typing *typing);
/* Whether a text to the chat user carries a state; talk may be NULL. takes_typing: its sender
 * understands what would be answered (TYPE-033). */
bool chat_states_go_with(struct xmpp_side *side, const struct talk *talk, const char *chat_bare,
			 bool takes_typing);
/* It went out with one. */
void chat_states_went(struct talk *talk);
