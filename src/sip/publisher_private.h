/* Between publisher.c (who is published, and what is said of him) and publisher_outlets.c (where it
 * goes). */
#pragma once

#include "base/backoff.h"
#include "base/list.h"
#include "base/rate.h"
#include "loop/loop.h"
#include "model/address.h"
#include "sip/publisher.h"
#include "translate/device_state.h"

struct outlet;
struct outlet_item;
struct sip_peer;
struct table;

struct subject {
	struct publisher *publisher;
	struct list link;
	const struct sip_peer *peer;
	struct address user;
	struct address watcher; /* the domain as a whole */
	char *name;             /* URI of the user there, or name of the device */
	struct outlet *outlet;  /* its own, or the domain's */
	struct outlet_item *item;
	struct loop_timer timer; /* asks again */
	struct backoff again;
	bool is_shown; /* something of it was said, and not taken back */
};

/* A place where device states of a domain go. */
struct place {
	struct list link;
	const struct sip_peer *peer;
	struct outlet *outlet;
	unsigned shown; /* subjects that are */
};

struct publisher {
	struct side_core *core;
	struct table *subjects; /* by watcher and user */
	struct list all;
	struct list places;
	struct list *next; /* subject.link: asked next */
	struct loop_timer ask_timer;
	struct loop_timer hold_timer; /* of what was published before our start */
	struct rate pace;
	char eid[DEVICE_EID_MAX];
	void (*stopped)(void *arg);
	void *stopped_arg;
	bool is_stopping;
};

/* publisher.c ---------------------------------------------------------------------------------- */

struct subject *publisher_find(const struct publisher *publisher, const struct address *watcher,
			       const struct address *watched);

/* publisher_outlets.c -------------------------------------------------------------------------- */

/* Where the state of a subject goes: an outlet of its own, or that of its domain's devices. */
struct outlet *publisher_outlet(struct subject *subject);
struct place *publisher_place(struct publisher *publisher, const struct sip_peer *peer);
/* Listens to the peers. */
void publisher_watch_peers(struct publisher *publisher);
/* What is being withdrawn is tried at once, and once. */
void publisher_hurry(struct publisher *publisher);
/* Calls publisher->stopped if nothing is being withdrawn. */
void publisher_check_stopped(struct publisher *publisher);
void publisher_free_places(struct publisher *publisher);
