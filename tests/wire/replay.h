/* NOTIFYs that real servers sent, replayed into subscriptions of the bridge. */
#pragma once

#include <stddef.h>

#include "wire/presence_agent.h"

/* One file under tests/samples, without ".txt", into the subscription of its package. */
struct replay_step {
	const char *file;
	const char *line; /* what the core hears; NULL: nothing of presence */
};

/* Sends one file: everything of it but the dialog as it is; takes the 200. dialog: NULL if Event
 * dialog is not subscribed. */
void replay_one(struct rig *rig, struct presence_agent *presence, struct presence_agent *dialog,
		const char *file);
/* The same for each step, and takes its line. */
void replay_run(struct rig *rig, struct presence_agent *presence, struct presence_agent *dialog,
		const struct replay_step *steps, size_t count);
