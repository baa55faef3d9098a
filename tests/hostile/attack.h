/* One hostile item after the other. The i-th item depends on the seed and i, and, where it names a
 * live dialog, on what the daemon sent before. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "hostile/actors.h"
#include "hostile/login.h"
#include "hostile/rng.h"
#include "hostile/seeds.h"

enum attack_kind {
	ATTACK_UDP,
	ATTACK_TCP,
	ATTACK_TLS,
	ATTACK_STANZA,
	ATTACK_BROKEN_XML,
	ATTACK_KINDS
};

struct attack {
	const struct seeds *seeds;
	const struct actors *actors;
	unsigned long seed;
	unsigned malformed_every; /* broken XML ends the link: one in so many items */
	unsigned own_port;
	struct login login;
	bool may_use[ATTACK_KINDS];
};

/* Makes item number i in *out. */
enum attack_kind attack_make(struct attack *attack, unsigned long i, struct buf *out);
