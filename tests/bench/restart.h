/* A restart with many live subscriptions: what it takes, and whether anybody notices. */
#pragma once

#include <stdbool.h>

struct restart_params {
	const char *program;
	const char *store;
	unsigned long count; /* live subscriptions; half of them each way */
	unsigned sample;     /* of the SIP users' subscriptions: refreshed as soon as it serves */
	int idle_s;
};

/* Makes them, kills the daemon, starts it, and looks on until everything was refreshed; the same
 * with a stop in order that tells nobody. Prints what it took. Returns whether no subscription was
 * lost, nobody was told or asked twice, and no second had more requests than limits allow. */
bool restart_measure(const struct restart_params *params);
