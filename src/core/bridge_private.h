/* What the parts of the bridge share; private to them (bridge*.c). What only messages need is in
 * bridge_flow.h.
 *
 *   bridge.c           made, started, stopped; links; for the control commands
 *   bridge_watch.c     what the sides report of a pair -> an event
 *   bridge_step.c      an event -> a step of the table (pair.h): state, counts, row, acts
 *   bridge_save.c      rows into the store, until they are there
 *   bridge_recall.c    what sources told last, over a restart (D-49)
 *   bridge_acts.c      what a step asks the sides for, in order, after the call chain
 *   bridge_presence.c  presence in, presence shown: compared, coalesced, paced
 *   bridge_access.c    what the access rules forbid
 *   bridge_interest.c  whose sources live (D-20)
 *   bridge_sync.c      what is said again after a start or a break, paced; tidying
 *   bridge_message.c   messages: judged, handed over directly, one outcome each
 *   bridge_queue.c     what is kept until the other side took it: its rows
 *   bridge_failure.c   what fails or expires becomes the report of it
 *   bridge_hand_over.c whose turn it is to be handed over
 *   bridge_outcome.c   what became of it
 *   bridge_restart.c   the queue as a start finds it: one at a time, quarantine (REL-006)
 *   bridge_receipts.c  who may report what of which message
 *   bridge_typing.c    typing notices and their timers
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/rate.h"
#include "base/shares.h"
#include "core/bridge.h"
#include "core/pairs.h"
#include "core/queue.h"
#include "loop/loop.h"

struct echo_guard;
struct exchanges;
struct learned;
struct queue;
struct queue_item;
struct queue_lane;
struct receipts;
struct table;
struct typings;

enum {
	UNSURE_AT_START_S = 600,
	UNSURE_S = 60,      /* a dead link is found within 40 s; what was said since may be lost */
	BEFORE_START_MS = 1 /* stands for a moment before the start */
};

enum {
	WALK_START, /* first sources after a start */
	WALK_TIDY,
	WALK_SAVE, /* what the store did not take is written again */
	WALK_RECALL,
	WALK_ACCESS, /* the rules have changed */
	WALK_COUNT
};

/* A pass over all pairs, or those of a link, some at a time. */
struct walk {
	struct list *at; /* the next pair.all (pair.by_chat), or NULL: not walking */
};

/* Messages on their way over one link. Each lane is in one list, or in none: nothing of it waits.
 */
struct toward {
	struct list ready;   /* queue_lane.place: next, round robin (REL-047) */
	struct list paced;   /* the same, so many a second: after a break */
	struct list careful; /* the same, few at a time in all (REL-006) */
	struct list waiting; /* the same, until their own time */
	struct rate rate;
	struct loop_timer timer; /* when there is room again */
	size_t sent;             /* handed over without word */
};

/* A side of the bridge. */
struct half {
	const struct side_ops *ops;
	void *side;
	struct rate rate; /* of paced work, all links together (REL-014) */
	struct loop_timer outward_timer;
	unsigned turn; /* the link whose turn it is */
};

/* What was said between may be lost; both 0: nothing. */
struct unsure {
	uint64_t from_ms;
	uint64_t to_ms;
};

/* One link: that of the SIP side, or a component stream, which carries all pairs of its SIP domain,
 * and nothing of the others (D-02). */
struct side_link {
	struct bridge *bridge;
	enum side side;
	unsigned number; /* as the side knows it */
	bool is_up;
	bool is_hidden;        /* its users were shown unknown */
	uint64_t up_ms;        /* since when it is up */
	uint64_t next_sync_ms; /* no resync before that (REL-027) */
	struct unsure unsure;
	struct unsure repeat;    /* of the resync under way */
	struct loop_timer timer; /* down: the hold; up: the next resync (REL-027) */
	struct list outward;     /* pair.outward: paced work toward this side */
	struct list kept;        /* pair.shows: to be told when the side has room */
	struct loop_timer kept_timer;
	struct list pairs;    /* pair.by_chat; of the SIP side: none */
	struct walk sync;     /* it is back */
	struct walk hide;     /* it is away too long */
	struct list *goodbye; /* when stopped: the next of its pairs to be told; NULL: none */
	struct toward toward;
};

enum { SIP_LINK, CHAT_LINKS /* the first of them */ };

/* A SIP domain: how many of its granted pairs it refuses now (D-14). */
struct peer_count {
	uint32_t granted;
	uint32_t refusing;
};

/* Writes of rows, numbered from 1 in the order they were asked for. */
struct saves {
	uint64_t asked;
	uint64_t done;
	uint64_t failed_from; /* the first one that failed, 0: none */
	uint64_t again_from;  /* the same for the walk under way */
	struct loop_timer timer;
};

/* Rows of presence that are behind. */
struct recall {
	struct list changed; /* pair.recall */
	size_t calls;        /* of the store, under way */
	bool is_recent;      /* what a start finds in the store counts as known (D-49) */
	bool is_loaded;
	size_t old; /* rows that do not, and are still there */
	struct loop_timer timer;
	struct loop_timer again_timer;
};

/* Outlives the bridge while store calls are under way. */
struct ledger {
	struct bridge *bridge; /* NULL once it was freed */
	unsigned pending;
};

struct flow {
	struct queue *queue;
	struct list held;      /* queue_item.write: accepted before the queue was read */
	struct list unwritten; /* the same: to be written again */
	struct list proofs;    /* queue_item.turn: handed over, not stored, by age (D-36) */
	struct list drops;     /* the same: being dropped, in the order of the calls */
	struct list undropped; /* the same: to be dropped again */
	struct list aside;     /* the same: in quarantine */
	struct list suspects;  /* queue_item.write: read, with a try that never ended */
	struct list tried;     /* queue_item.turn: suspects handed over, or about to be, by age */
	size_t tried_count;
	size_t doubted;        /* that were tried beside others when the process ended */
	unsigned suspect_link; /* whose suspects are tried next */
	struct loop_timer tried_timer;
	struct loop_timer proof_timer;
	struct loop_timer again_timer;
	struct loop_timer expiry_timer;
	int64_t expiry_s; /* for which expiry_timer is set */
	int64_t seq;      /* the last one given */
	size_t texts;     /* in the queue, without those set aside */
	size_t aside_count;
	bool is_loaded;
	bool is_broken; /* it could not be read: nothing is accepted into it */
	bool is_deferred;
	bool is_draining; /* bridge_drains() */
};

struct bridge {
	struct bridge_params params;
	int64_t steady_from_ms; /* steady_ms() */
	struct half sides[2];
	struct side_link *links; /* SIP_LINK, CHAT_LINKS ... */
	unsigned link_count;
	struct pairs *pairs;
	struct table *peers; /* struct peer_count by domain */
	struct ledger *ledger;
	struct saves saves;
	struct recall recall;
	struct list acts;  /* struct act, see bridge_acts.c */
	struct list shows; /* pair.shows */
	bool acts_deferred;
	struct walk walks[WALK_COUNT];
	struct loop_timer walk_timer;
	struct loop_timer tidy_timer;
	struct list quiet; /* user.interest, by last sign: online as far as is known */
	struct list gone;  /* user.interest, by when they went */
	struct loop_timer interest_timer;
	struct exchanges *exchanges;
	size_t open; /* of them, those whose sender has no answer yet, */
	struct shares open_by_user, open_by_peer; /* the sender's, and his domain's (REL-047) */
	struct flow flow;
	struct list left;    /* exchange.place: still heard of after the stop */
	struct list refused; /* exchange.place: refused at once, to be finished later */
	struct loop_timer answer_timer;
	struct echo_guard *echo;
	struct receipts *receipts;
	struct typings *typings;
	struct learned *learned;
	struct buf scratch;
	uint8_t key[HASH_KEY_BYTES];
	size_t living; /* pairs asked or granted */
	store_done_fn *started;
	void *started_arg;
	bool is_loaded;
	bool is_stopped;
	bool is_cautious; /* bridge_set_cautious() */
};

/* Facts ---------------------------------------------------------------------------------------- */

static inline enum side watcher_side(const struct pair *pair)
{
	return pair->row.watcher.side;
}
static inline enum side watched_side(const struct pair *pair)
{
	return pair->row.watched.side;
}
static inline bool pair_is_granted(const struct pair *pair)
{
	return pair->row.state == PAIR_GRANTED;
}
static inline bool pair_is_wanted(const struct pair *pair)
{
	return pair->row.state == PAIR_GRANTED || pair->row.state == PAIR_ASKED;
}
static inline int64_t wall_s(const struct bridge *bridge)
{
	return loop_wall_ms(bridge->params.loop) / 1000;
}
static inline uint64_t now_ms(const struct bridge *bridge)
{
	return loop_now(bridge->params.loop);
}
/* A wall clock that was right at the start and never steps (REL-030): how old something is, and for
 * how long it lives. Rows are in the time of the wall clock, and the store moves them with it
 * (REL-031); everything here is in this one. */
static inline int64_t steady_ms(const struct bridge *bridge)
{
	return bridge->steady_from_ms + (int64_t)now_ms(bridge);
}
static inline int64_t steady_s(const struct bridge *bridge)
{
	return steady_ms(bridge) / 1000;
}
/* Between it and the wall clock, in whole minutes: two rows of one second must not change places
 * because of what passes between reading two clocks. */
int64_t steady_ahead_ms(const struct bridge *bridge);
static inline int64_t steady_ahead_s(const struct bridge *bridge)
{
	return steady_ahead_ms(bridge) / 1000;
}
struct watch pair_watch(const struct pair *pair);
/* The link that what is said of the pair goes over toward that side. */
static inline struct side_link *pair_link(const struct bridge *bridge, const struct pair *pair,
					  enum side side)
{
	return side == SIDE_SIP ? &bridge->links[SIP_LINK] : pair->chat;
}
/* D-47: strangers, who are there only because everybody may be, learn of no SIP user whether he is
 * there and why he refused. */
static inline bool is_stranger(const struct bridge *bridge, const struct address *chat)
{
	const struct bridge_params *params = &bridge->params;

	return params->is_named != NULL && !params->is_named(chat, params->arg);
}

/* bridge.c ------------------------------------------------------------------------------------- */

/* The component stream that serves this SIP user (D-02). */
struct side_link *chat_link(const struct bridge *bridge, const struct address *sip_user);
/* The link over which something of from reaches to. */
struct side_link *link_between(const struct bridge *bridge, const struct address *from,
			       const struct address *to);
/* As pairs_make(), with its link. */
struct pair *bridge_pair(struct bridge *bridge, const struct address *watcher,
			 const struct address *watched);

/* bridge_step.c -------------------------------------------------------------------------------- */

/* Takes the step of the table for event. why and nick may be NULL. Call bridge_let_go() after it.
 */
const struct pair_step *bridge_step(struct bridge *bridge, struct pair *pair, enum pair_event event,
				    const struct fault *why, const char *nick);
/* Frees the pair if nothing is left of it. */
void bridge_let_go(struct bridge *bridge, struct pair *pair);
void bridge_set_live(struct bridge *bridge, struct pair *pair, bool is_live);
/* Counts a row that was read from the store, or that is about to change or has changed. */
void bridge_count(struct bridge *bridge, struct pair *pair, int sign);
/* D-14: keeps since when a granted pair is refused. True if answer is such a refusal. */
bool bridge_note_refusal(struct bridge *bridge, struct pair *pair, enum watch_answer answer);
/* Any other word ends that. */
void bridge_end_refusal(struct bridge *bridge, struct pair *pair);
/* D-14: after such a refusal: ends what has been refused for so long. Not by time alone: while
 * nobody asks, because the watcher is offline, nothing is known of it. */
void bridge_end_refused(struct bridge *bridge, struct pair *pair);
/* D-16: forgets old tombstones. */
void bridge_tidy_pair(struct bridge *bridge, struct pair *pair);

/* bridge_access.c ------------------------------------------------------------------------------ */

/* The rules forbid it. */
bool access_is_barred(struct bridge *bridge, const struct pair *pair);
bool access_may_write(struct bridge *bridge, const struct address *from, const struct address *to);
/* What the watcher is to see: what is known, or nothing. */
const struct presence *access_now(struct bridge *bridge, const struct pair *pair);
/* What follows if that has changed since the last look. */
void access_visit(struct bridge *bridge, struct pair *pair);

/* bridge_save.c -------------------------------------------------------------------------------- */

/* A view of the row with its times by the wall clock. */
struct pair_row bridge_row(const struct bridge *bridge, const struct pair *pair);

/* Writes the row. */
void bridge_save(struct bridge *bridge, struct pair *pair);
/* Writes it again if that may have failed. */
void bridge_save_again(struct bridge *bridge, struct pair *pair);

/* bridge_recall.c ------------------------------------------------------------------------------ */

void recall_init(struct bridge *bridge);
void recall_free(struct bridge *bridge);
/* Reads what was known, behind the pairs, of which the load has begun; done when that is over. */
void recall_load(struct bridge *bridge, void (*done)(struct bridge *bridge));
/* What is known of the watched has changed: its row is written soon. */
void recall_later(struct bridge *bridge, struct pair *pair);
/* The store may not have taken it: the same once more. */
void recall_again(struct bridge *bridge, struct pair *pair);
/* Before pair is freed. */
void recall_leave(struct bridge *bridge, struct pair *pair);
/* Writes what is behind. */
void recall_stop(struct bridge *bridge);

/* bridge_acts.c -------------------------------------------------------------------------------- */

void acts_watch(struct bridge *bridge, struct pair *pair, bool ask, const char *nick);
void acts_unwatch(struct bridge *bridge, struct pair *pair, enum unwatch_why why);
void acts_refresh(struct bridge *bridge, struct pair *pair);
void acts_answer(struct bridge *bridge, struct pair *pair, enum watch_answer answer,
		 const struct fault *fault);
/* Has the acts and shows run soon. */
void acts_schedule(struct bridge *bridge);
void acts_free(struct bridge *bridge);

/* bridge_presence.c ---------------------------------------------------------------------------- */

/* Something may have changed for the watcher: looked at after the call chain. */
void show_later(struct bridge *bridge, struct pair *pair);
/* What was known before the start is true after all: as likely as not it is no news, so it waits
 * for its turn among all others (REL-014). */
void show_in_turn(struct bridge *bridge, struct pair *pair);
/* Compares, paces and tells now. */
void show_now(struct bridge *bridge, struct pair *pair);
/* True if nothing more should be written over that link now. */
bool link_is_full(const struct side_link *link);
/* The watcher has just been given this state another way. */
void show_was_told(struct bridge *bridge, struct pair *pair);
/* Nothing is known any more (the watcher is not told by this). */
void show_forget(struct bridge *bridge, struct pair *pair);
/* What is not heard of within the hold becomes unknown; all: everything does. */
void show_doubt(struct bridge *bridge, struct pair *pair, bool all);
/* The hold begins for a pair of which nothing was heard since the start. */
void show_start_hold(struct bridge *bridge, struct pair *pair);

/* bridge_interest.c ---------------------------------------------------------------------------- */

/* A pair of this watcher got a living source. */
void interest_join(struct bridge *bridge, struct user *user);
void interest_sign(struct bridge *bridge, struct user *user, bool is_online);

/* bridge_sync.c -------------------------------------------------------------------------------- */

/* enum owed, done toward side when its turn comes. */
void outward_put(struct bridge *bridge, struct pair *pair, enum side side, unsigned owed);
/* What tells the watcher of his contact has to be the grant: his server may not know of it, and he
 * is to hear it once. */
bool sync_owes_grant(const struct pair *pair);
void walk_start(struct bridge *bridge, int walk);
/* Before pair is freed. */
void walk_leave(struct bridge *bridge, struct pair *pair);
void sync_start(struct bridge *bridge);
void sync_cancel(struct bridge *bridge);
