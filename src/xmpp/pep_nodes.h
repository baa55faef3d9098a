/* The nodes of personal eventing that cross, in one order for all (XEP-0163). */
#pragma once

#include <stddef.h>
#include <string.h>

#include "translate/pep.h"
#include "xmpp/caps.h"

#define NS_PUBSUB       "http://jabber.org/protocol/pubsub"
#define NS_PUBSUB_EVENT "http://jabber.org/protocol/pubsub#event"

enum { PEP_NODES = 3 };

static inline const char *pep_node(int i)
{
	static const char *const nodes[PEP_NODES] = {PEP_MOOD, PEP_ACTIVITY, PEP_NICK};

	return nodes[i];
}

/* enum caps_wants */
static inline unsigned pep_want(int i)
{
	return 1u << i;
}

_Static_assert(CAPS_MOOD == 1 && CAPS_ACTIVITY == 2 && CAPS_NICK == 4, "the order of the nodes");
