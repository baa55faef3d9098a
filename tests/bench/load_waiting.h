/* Messages from SIP while no chat server is there: stored, answered 202, and delivered when it is
 * back, in order. The figures are those of the first part: latency until the 202. */
#pragma once

#include "bench/load_messages.h"

void load_sip_waiting(struct rig *rig, const struct load *load, struct figures *out);
