/* What we say of ourselves: XEP-0030, and its hash for presence (XEP-0115). */
#pragma once

#include "xmpp/caps.h"
#include "xmpp/features.h"

/* The node of our hashes: a name, for the software has no page of its own. */
#define OWN_NODE "urn:x-sipxmppd"

/* ver of what disco#info answers for the component and for the resource of a SIP user. Each set of
 * features has its own, which means the same for ever: what one of them learns shows with his next
 * presence. */
struct own_caps {
	char component[CAPS_VER_CHARS + 1];
	char resource[FEATURE_SETS][CAPS_VER_CHARS + 1]; /* by the features of the SIP user */
};

/* software: the name that is told. */
void disco_own_caps(struct own_caps *out, const char *software);
