/* What many subscriptions cost that nothing happens to. */
#pragma once

#include <stdbool.h>

struct scale_params {
	const char *program;
	const char *store;
	unsigned long each; /* live subscriptions each way */
	unsigned expires_s; /* granted to the daemon, so that it refreshes while we look */
	int idle_s;         /* without traffic first; shorter than the time to a refresh */
	int seconds;        /* most that each kind of refresh is looked at */
	unsigned rate;      /* of our refreshes, a second */
};

/* Makes them, lets them be, has them refreshed; prints memory and CPU time. Returns whether all
 * came to be, all refreshes were answered, and nobody was told anything by them. */
bool scale_measure(const struct scale_params *params);
