/* One attack on one daemon, from its start to its orderly end. */
#pragma once

#include <stdbool.h>

#include "hostile/attack.h"
#include "hostile/seeds.h"

struct options {
	const char *program;
	const char *certificate; /* of the TLS listener */
	const char *key;
	const char *samples;
	unsigned long count;
	unsigned long first;
	unsigned long seed;
	unsigned malformed_every;
	unsigned strangers_percent;
	unsigned long restart_every; /* items; 0: never */
	bool may_use[ATTACK_KINDS];
	bool keeps;
	bool is_verbose;
};

/* Throws count items at a daemon of its own; prints what was wrong and a summary. Returns whether
 * nothing was. */
bool session_run(const struct options *options, const struct seeds *seeds, unsigned long count,
		 bool are_strangers);
