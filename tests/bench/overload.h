/* More than the daemon can do: what is still done, and what is turned away (REL-056, REL-042). */
#pragma once

#include <stdbool.h>

struct overload_params {
	const char *program;
	const char *store;
	int seconds;            /* of each step */
	unsigned long capacity; /* messages a second; 0: measured first */
};

/* At a half, once, twice and five times what it can do, a mix of requests over UDP that nobody
 * paces: prints what became of each kind, the useful rate beside that of the first step that is
 * full, latency of what was taken, and memory. Returns whether the daemon lived and answered. */
bool overload_measure(const struct overload_params *params);
