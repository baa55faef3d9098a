/* Message stanzas (RFC 6121 section 5, RFC 7572) to values and back. Pure. */
#pragma once

#include "model/message.h"

struct _xmpp_stanza_t;
struct buf;

enum message_stanza_kind {
	MESSAGE_STANZA_TEXT,      /* message is filled */
	MESSAGE_STANZA_ERROR,     /* type error: never text (MSG-005); fault by fault_map */
	MESSAGE_STANZA_GROUPCHAT, /* service-unavailable (MSG-004) */
	MESSAGE_STANZA_ENCRYPTED, /* no readable body: not-acceptable (D-45) */
	MESSAGE_STANZA_NOTHING    /* no body: chat states, receipts, retractions ...: ignored */
};

/* Strings from/to/id are borrowed from the stanza. */
struct message_stanza {
	enum message_stanza_kind kind;
	const char *from;
	const char *to;
	const char *id;
	struct message message; /* owned; uid is not set */
};

/* Chooses the body by MSG-029, subject likewise; LF line ends; corrections get "* " (D-45). */
void message_stanza_read(const struct _xmpp_stanza_t *stanza, struct message_stanza *out);
void message_stanza_clear(struct message_stanza *stanza);

/* Appends <message type='chat'> (headline and normal as in kind) with id and origin-id = uid,
 * subject, body, thread, nick, delay (D-44: when sent_at_ms is set; delay_from names who). */
void message_stanza_write(struct buf *out, const struct message *message, const char *from,
			  const char *to, const char *delay_from);
