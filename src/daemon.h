/* The daemon: builds all parts from the settings, wires them, runs, takes them down. */
#pragma once

#include <stdbool.h>

struct settings;

/* What the command line says over the settings. */
struct daemon_options {
	bool to_stderr; /* -e */
	int verbose;    /* number of -v: each raises the level by one */
	bool detach;    /* -d */
};

/* Runs until TERM or INT. *settings is borrowed, and replaced on a successful HUP. Returns an exit
 * code: 0, EX_TEMPFAIL when a port or file is taken, EX_CONFIG, EX_SOFTWARE. */
int daemon_run(struct settings **settings, const struct daemon_options *options);
