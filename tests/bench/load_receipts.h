/* Messages whose senders ask to be told when they are delivered: each has a receipt on the way
 * back. answered counts the messages, delivered the receipts; latency is from the message to its
 * receipt. The daemon needs LOAD_RECEIPTS_DOMAIN. */
#pragma once

#include "bench/load_messages.h"

#define LOAD_RECEIPTS_DOMAIN                                                                       \
	"profile = \"generic\"; rich_types = \"always\"; receipt_from_200 = false;"

/* MESSAGE with CPIM in, stanza out, XEP-0184 in, IMDN out. */
void load_sip_receipts(struct rig *rig, const struct load *load, struct figures *out);
/* Stanza in, MESSAGE with CPIM out, IMDN in, XEP-0184 out. */
void load_xmpp_receipts(struct rig *rig, const struct load *load, struct figures *out);
