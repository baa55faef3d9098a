/* Subscriptions that come to be through the daemon and stay alive. */
#pragma once

#include "bench/figures.h"
#include "bench/load_messages.h"

/* SUBSCRIBE, 200, NOTIFY pending, subscribe, subscribed and presence, NOTIFY active. Latency is
 * from SUBSCRIBE to the NOTIFY that says active. */
void load_sip_watches(struct rig *rig, const struct load *load, struct figures *out);
/* subscribe, SUBSCRIBE, 200, NOTIFY active, subscribed and presence. Latency is from subscribe to
 * the presence that follows. */
void load_xmpp_watches(struct rig *rig, const struct load *load, struct figures *out);
