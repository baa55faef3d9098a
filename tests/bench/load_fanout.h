/* One change that many are told: first all watch, then the watched changes, some times over. */
#pragma once

#include "bench/figures.h"
#include "bench/load_messages.h"

enum { FANOUT_ROUNDS = 4 }; /* fewer than a watcher is told in a row without a pause (D-33) */

/* load->count SIP users watch one chat user; he changes. A NOTIFY each. What the chat server sends
 * for that is one stanza to each that asked for his presence: to all the SIP users, or to their
 * domain (watch_as, D-18). */
void load_fanout_to_sip(struct rig *rig, const struct load *load, struct figures *out);
/* load->count chat users watch one extension through one subscription (subscribe_as, D-17); one
 * NOTIFY says that it changed. A stanza each. */
void load_fanout_to_xmpp(struct rig *rig, const struct load *load, struct figures *out);
