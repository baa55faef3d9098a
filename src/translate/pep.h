/* Payloads of personal eventing (XEP-0163): mood (XEP-0107), activity (XEP-0108), nick (XEP-0172)
 * and what they are in RPID (RPR-019 to RPR-021, X0108-2). Pure. */
#pragma once

#include <stdbool.h>

#include "model/presence.h"

struct _xmpp_stanza_t; /* libstrophe's tree, read only */
struct buf;

/* The nodes, which are the namespaces too. */
#define PEP_MOOD     "http://jabber.org/protocol/mood"
#define PEP_ACTIVITY "http://jabber.org/protocol/activity"
#define PEP_NICK     "http://jabber.org/protocol/nick"

/* Reads the payload of an item of node (NULL: retracted) into person, in place of what that node
 * said before: an empty element clears it (X0163-3). False if node is none of ours. */
bool pep_read(const char *node, const struct _xmpp_stanza_t *payload, struct person *person);
/* Appends the payload element that says what person says; an empty element if it says nothing.
 * False, and nothing, if node is none of ours. */
bool pep_write(const char *node, const struct presence *presence, struct buf *out);
