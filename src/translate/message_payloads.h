/* What a message stanza holds, found in one walk over its children, and the text that a phone is
 * shown of it (D-45). Part of message_stanza. */
#pragma once

#include <stdbool.h>

#include "translate/message_stanza.h"

#define NS_HINTS "urn:xmpp:hints"
#define NS_NICK  "http://jabber.org/protocol/nick"

struct payloads {
	const struct _xmpp_stanza_t *body;
	const struct _xmpp_stanza_t *subject;
	const struct _xmpp_stanza_t *thread;
	const struct _xmpp_stanza_t *nick;
	const struct _xmpp_stanza_t *reactions;
	bool has_attachments;
	bool is_encrypted;     /* with something in it that somebody can read */
	bool is_marked;        /* XEP-0380 says that it is encrypted */
	bool is_key_transport; /* OMEMO without payload: nothing for anybody to read */
	bool is_correction;
	bool is_retraction;
	bool is_fallback_for_reactions;
	bool is_copy; /* of a carbon, an archive, a call: not said by its sender here */
	bool must_not_wait;
	unsigned wants;
};

/* Fills *out, and state and reports of *stanza. */
void payloads_find(const struct _xmpp_stanza_t *tree, struct payloads *out,
		   struct message_stanza *stanza);
/* Appends the text of the stanza, LF line ends; nothing if it has none. */
void payloads_make_body(const struct _xmpp_stanza_t *tree, const struct payloads *payloads,
			struct buf *scratch, struct buf *body);
