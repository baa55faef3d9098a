/* What the attacker starts from: the samples of real software, and torture cases of our own. */
#pragma once

#include <stddef.h>

struct seed {
	char *data;
	size_t len;
};

struct seed_list {
	struct seed *items;
	size_t count;
};

struct seeds {
	struct seed_list sip;
	struct seed_list stanzas;
	size_t torture; /* so many of sip are the built-in cases, at the beginning */
};

/* Reads all files below folder (may be NULL), adds the built-in ones. Domains of the samples become
 * those of the rig. */
void seeds_load(struct seeds *out, const char *folder);
void seeds_free(struct seeds *seeds);
