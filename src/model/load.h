/* How busy the daemon is, in four levels (REL-040), and what is turned away at each (REL-042). A
 * value without clock or sockets: who measures feeds it, who must decide asks it. Times are loop
 * time in milliseconds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct counters;
struct limits;

enum load_level { LOAD_NORMAL, LOAD_BUSY, LOAD_OVERLOADED, LOAD_CRITICAL, LOAD_LEVELS };

/* What is measured. The unit is in the name; PER_MILLE is of what is at most allowed. */
enum load_measure {
	LOAD_LAG_MS,           /* how late a timer of the loop is */
	LOAD_WORK_MS,          /* the loop had always something to do for so long */
	LOAD_INTAKE_PER_MILLE, /* UDP datagrams that wait in the kernel */
	LOAD_OPEN_PER_MILLE,   /* requests and messages that have no answer yet */
	LOAD_STORE_MS,         /* age of the oldest request to the store */
	LOAD_STORE_REQUESTS,   /* how many wait */
	LOAD_LINK_PER_MILLE,   /* backlog to the chat server */
	LOAD_MEASURES
};

/* What comes in, by what is done without first. Whatever is in none of these is never turned away:
 * answers, requests in a dialog, ends of subscriptions and publications, NOTIFYs, deliveries of
 * what was accepted. */
enum load_class {
	LOAD_POLL,        /* fetches, IQs, probes by strangers: from busy on */
	LOAD_WATCH,       /* new subscriptions: the same */
	LOAD_PUBLICATION, /* new publications (SIP-065): from overloaded on */
	LOAD_NOTICE,      /* typing, receipts: the same */
	LOAD_MESSAGE,     /* new messages: when critical, as many as is needed */
	LOAD_OPTIONS,     /* "is it there?" (D-50): when critical */
	LOAD_CLASSES
};

enum {
	LOAD_TICK_MS = 200,  /* how often to feed it, while there is work */
	LOAD_CALM_MS = 10000 /* a level stays for so long after it was measured last */
};

/* Values since when; its owner's, read by others. Zeroed and load_init(). */
struct load {
	const struct limits *limits;
	struct counters *counters;
	enum load_level level;
	enum load_measure why; /* of the last rise */
	uint64_t value[LOAD_MEASURES];
	uint64_t last_ms[LOAD_LEVELS]; /* when that level or a higher one was measured last */
	bool was[LOAD_LEVELS];         /* at all */
	unsigned share;                /* of new messages that are taken when critical, of 256 */
	unsigned owed;                 /* the same, of one message */
	/* Who sends most (REL-047): a vote on each window, counted in the next one. */
	struct {
		uint64_t ends_ms;
		uint64_t candidate;
		unsigned votes;
		uint64_t watched;
		unsigned of_watched;
		unsigned all;
		uint64_t
			greedy; /* more than half of the last window came from it; 0: from nobody */
	} talk;
	/* Called when something came in while nobody feeds it; may be NULL. */
	void (*wake)(void *arg);
	void *arg;
	bool is_awake; /* it is being fed */
};

/* limits and counters are borrowed. */
void load_init(struct load *load, const struct limits *limits, struct counters *counters);
/* Something came in. Cheap. load may be NULL, here and below: then it is always normal. */
static inline void load_touch(struct load *load)
{
	if (load != NULL && !load->is_awake && load->wake != NULL)
		load->wake(load->arg);
}
/* Takes what was measured at now_ms. Returns true if the level changed. */
bool load_feed(struct load *load, const uint64_t value[LOAD_MEASURES], uint64_t now_ms);
static inline enum load_level load_level(const struct load *load)
{
	return load == NULL ? LOAD_NORMAL : load->level;
}
/* True: take it. who: a number that stands for its sender, 0: for nobody. Counts. */
bool load_admits(struct load *load, enum load_class class, uint64_t who, uint64_t now_ms);
/* How much longer changes of presence wait, as a factor (REL-042: 2). */
unsigned load_stretch(const struct load *load);

const char *load_level_name(enum load_level level);
/* "lag_ms" and so on. */
const char *load_measure_name(enum load_measure measure);
/* From which value on a level is reached; UINT64_MAX: never by this measure. */
uint64_t load_mark(const struct load *load, enum load_measure measure, enum load_level level);
