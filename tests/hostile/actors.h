/* The two servers of the rig as the daemon meets them under attack: mostly they do as they should,
 * sometimes they refuse, say nonsense or nothing. Everything the daemon writes is checked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "bench/rig.h"
#include "hostile/rng.h"
#include "hostile/seeds.h"

enum { ACTORS_DIALOGS = 64 };

/* A subscription that the daemon made at the SIP server. */
struct live_dialog {
	char call_id[128];
	char from[256]; /* the daemon's, with tag */
	char to[256];   /* ours, without tag */
	char target[256];
	unsigned cseq;
};

struct checker;

struct actors {
	struct rig *rig;
	struct checker *checker; /* hears everything first; NULL while there is none */
	const struct seeds *seeds;
	struct rng rng;
	struct live_dialog dialogs[ACTORS_DIALOGS];
	size_t dialog_count;
	struct buf text;
	unsigned long requests; /* of the daemon */
	unsigned long stanzas;
	unsigned faults; /* in what the daemon wrote */
};

void actors_start(struct actors *actors, struct rig *rig, const struct seeds *seeds,
		  unsigned long seed);
void actors_stop(struct actors *actors);
/* Reports a fault in what the daemon wrote. */
void actors_fault(struct actors *actors, const char *what, const char *data, size_t len);
/* Counts and reports wrong SIP from the daemon. */
void actors_check_sip(struct actors *actors, const struct sip_wire *message);
