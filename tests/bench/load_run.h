/* What runs of messages have in common: who is due, which arrived, when it is over. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "bench/figures.h"
#include "bench/load_messages.h"
#include "bench/sip_wire.h"

struct rig;

struct load_run {
	struct rig *rig;
	const struct load *load;
	struct figures *out;
	struct latencies latencies;
	bool *delivered; /* by number */
	bool *answered;
	struct buf text; /* scratch */
	uint64_t started_ns;
	uint64_t last_ns; /* when something came last */
	uint64_t cpu_ns;
	/* Of a long run, when it had warmed up. */
	long warm_kib;
	uint64_t warm_ns;
};

typedef void load_send_fn(struct load_run *run, unsigned long i);

/* Stands before the number in each text. */
#define LOAD_MESSAGE_MARK "place? #"
/* Number i from SIP, with Call-ID m<i>@bench; load_messages.c. */
load_send_fn load_send_text;

void load_run_init(struct load_run *run, struct rig *rig, const struct load *load,
		   struct figures *out);
/* Sums up, and lets both ends rest. */
void load_run_end(struct load_run *run);
/* Marks number i, now. False if it was marked before, or is none. */
bool load_run_mark(struct load_run *run, bool *marks, long i);
/* Counts and keeps what came twice, or was never sent. */
void load_run_repeated(struct load_run *run, struct slice text);
void load_run_refused(struct load_run *run, struct slice text);
/* Calls send for all numbers, each when it is due. */
void load_run_send(struct load_run *run, load_send_fn *send);
/* Waits for what is under way; again, if not NULL, repeats requests without an answer, as clients
 * do over UDP. */
void load_run_drain(struct load_run *run, load_send_fn *again);
