/* What the restart measurement plays: SIP users who watch chat users, a PBX whose users are watched
 * by chat users, and the chat server; and what it saw of the daemon. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "bench/figures.h"
#include "bench/rig.h"

/* A dialog in which a SIP user watches at the daemon. */
struct restart_watch {
	char *to;     /* with the daemon's tag */
	char *target; /* its Contact */
	unsigned cseq;
	long notify_cseq; /* the last one of the daemon */
	unsigned told;    /* NOTIFYs since restart_ends_begin() */
	unsigned refreshed;
	unsigned owed; /* NOTIFYs for refreshes */
	bool is_active;
};

/* A dialog in which the daemon watches at the PBX. */
struct restart_asked {
	char *request; /* the first one */
	size_t len;
	long cseq;          /* the last one of the daemon */
	unsigned refreshed; /* since restart_ends_begin() */
};

/* When a request came: not before early, since nothing was there then. */
struct restart_arrival {
	uint64_t early_ns, late_ns;
};

struct restart_ends {
	struct rig rig;
	unsigned long each; /* subscriptions each way */
	struct restart_watch *watches;
	struct restart_asked *asked;
	unsigned
		*announced; /* chat users: what they were told of each since restart_ends_begin() */
	bool *shown;        /* at any time */
	unsigned long active_count, shown_count;
	/* since restart_ends_begin() */
	unsigned long refreshed_count; /* of asked, each counted once */
	unsigned long refreshed_again;
	unsigned long begun_anew; /* a dialog that the PBX had already */
	unsigned long told, told_times;
	unsigned long announced_count, announced_again;
	unsigned long questions;             /* persons who were asked again */
	unsigned long answers, good_answers; /* to refreshes of SIP users */
	unsigned long refused;
	struct restart_arrival *arrivals;
	size_t arrival_count, arrival_room;
	uint64_t first_answer_ns, last_ns, last_refresh_ns;
	/* the inside */
	struct buf text;
	struct figures note; /* for the first error */
	unsigned long transactions;
	uint64_t idle_ns; /* everything was read */
};

/* The rig is started by the caller. */
void restart_ends_init(struct restart_ends *ends, unsigned long each);
void restart_ends_free(struct restart_ends *ends);
/* From now on the ends play their parts. */
void restart_ends_listen(struct restart_ends *ends);
/* Counts anew. */
void restart_ends_begin(struct restart_ends *ends);

/* SIP user i subscribes, or refreshes his subscription. Every fourth one is a lamp key. */
void restart_ends_subscribe(struct restart_ends *ends, unsigned long i);
/* Chat user i asks to see a SIP user. */
void restart_ends_ask(struct restart_ends *ends, unsigned long i);
/* A turn of the rig. */
void restart_ends_turn(struct restart_ends *ends, int wait_ms);
/* The most requests that were read within one second; or, if we were held up and read late, that
 * surely were sent within one. */
unsigned long restart_ends_worst_second(const struct restart_ends *ends, bool surely);
