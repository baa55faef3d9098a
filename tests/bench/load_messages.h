/* Messages through the daemon or the floor, at a fixed rate or as fast as they are taken. */
#pragma once

#include <stdbool.h>

#include "bench/figures.h"

struct rig;

struct load {
	const char *name;
	unsigned long count;
	double rate;      /* a second; 0: as fast as the window lets */
	unsigned window;  /* most that are under way at a time */
	unsigned users;   /* on either side */
	bool show_course; /* prints a line every 5 s */
};

/* MESSAGE in, stanza out, 200 back. Latency is that of the 200; delivery is counted apart. */
void load_sip_to_xmpp(struct rig *rig, const struct load *load, struct figures *out);
/* Stanza in, MESSAGE out, 200 back. Latency is that of the MESSAGE. */
void load_xmpp_to_sip(struct rig *rig, const struct load *load, struct figures *out);
