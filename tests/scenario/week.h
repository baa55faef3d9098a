/* A simulated week: the real core between a model of SIP servers and one of a chat server, with
 * faults, and a judge that compares what every watcher sees with what is true.
 *
 *   week.c         the world: users, pairs, links, restarts
 *   week_sip.c     SIP servers and phones: sources of presence, lamp keys that watch
 *   week_xmpp.c    the chat server and its users
 *   week_faults.c  what happens by chance
 *   week_judge.c   what must hold after each step
 *   week_store.c   the store: in memory, can fail, survives a kill
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/limits.h"

enum {
	PEERS = 4, /* SIP servers; by twos: one dialog for all watchers, one for each */
	PHONES = 120,
	CHATTERS = 60,
	RESOURCES = 3,
	WAY_PAIRS = 500, /* each way */
	DOMAIN_PEER = 3, /* its domain watches as one (D-18) */
	OPEN_MESSAGES = 64,
	STORY = 24,
	ASK_AGAIN_S = 7 * 24 * 3600,
	REFUSAL_HOLD_S = 24 * 3600,
	HOLD_S = 30,
	ANSWER_S = 40,
	/* milliseconds */
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	TRUE_AGAIN = 90 * SECOND, /* after a break of any kind (promise 3) */
	PACED = 6 * SECOND,       /* a change, behind a bucket that is empty (D-33) */
	SOON = 2 * SECOND
};

/* What can be seen of a user: the version of each device's state, 0: closed. */
struct sight {
	int version[RESOURCES];
};

struct moment {
	uint64_t ms;
	const char *what;
	int64_t number;
};

/* D-33: five, then one every 5 s. */
struct allowance {
	double tokens;
	uint64_t at_ms;
};

/* Why an authorization may end. */
enum policy { POLICY_ALLOW, POLICY_FORBID, POLICY_NO_SUCH, POLICY_REJECT };

/* One subscription of the bridge at a SIP server. */
struct source {
	struct week *week;
	struct phone_user *phone;
	struct list readers; /* xpair.link */
	int wanted;          /* readers for whom watch was called */
	bool is_active;      /* the server notifies */
	bool has_failed;     /* and the readers know */
	bool is_failing;     /* it answers 500 */
	enum policy policy;
	int64_t refused_s; /* week_steady_s(), since when it refuses; 0 */
	uint64_t retry_ms;
	struct loop_timer timer;
	struct loop_timer mended; /* the end of a fault */
};

struct phone_user {
	struct address address;
	int peer;
	struct sight truth;
	struct source common;
};

struct chatter {
	struct address address;
	struct sight truth;
	uint64_t sign_ms; /* the bridge last heard of him */
};

/* A chat user watches a phone. */
struct xpair {
	struct week *week;
	struct chatter *watcher;
	struct phone_user *watched;
	struct source own;
	struct source *source;
	struct list link;   /* in source->readers */
	bool is_wanted;     /* by the core: watch was called */
	bool is_new;        /* and it has had no answer since */
	bool is_subscribed; /* the chat server believes in it, or waits for the answer */
	bool is_granted;    /* he was told so */
	bool may_end;       /* somebody whose word counts ended it */
	bool has_amnesia;   /* what the store holds may be wrong */
	int shown;          /* version of the first open device, 0: unavailable */
	uint64_t due_ms;    /* by then he must see what is true */
	uint64_t leaves_ms; /* by then he must see that the phone went (never paced); 0 */
	struct allowance allowance;
	uint64_t repeats_ms;     /* until then he may be told the same again */
	uint64_t changed_ms;     /* its row, last */
	struct loop_timer timer; /* he subscribes again */
	struct moment story[STORY];
	unsigned moments;
};

/* A phone, or a whole SIP domain, watches a chat user. */
struct spair {
	struct week *week;
	struct address watcher;
	struct chatter *watched;
	bool has_dialog;
	bool is_answered;   /* the dialog was told that it is granted */
	bool is_authorized; /* the chat server sends presence */
	bool is_asked;      /* the question stands at the chat server */
	bool has_amnesia;
	bool is_excused; /* he may be asked again: his own doing, or a store that forgot */
	int64_t asked_s; /* week_steady_s(); when he was prompted, or said no */
	bool was_asked;
	struct sight shown;
	struct allowance allowance;
	uint64_t due_ms;
	uint64_t repeats_ms;
	uint64_t changed_ms;
	struct loop_timer timer;   /* the phone tries again */
	struct loop_timer decides; /* the chat user makes up his mind */
	struct loop_timer replies; /* the chat server answers a probe */
	struct moment story[STORY];
	unsigned moments;
};

struct peer {
	bool is_dead;
	uint64_t for_ms; /* it stays so after it was found out */
	struct week *week;
	struct loop_timer timer; /* the bridge finds out, or it is back */
};

struct week {
	struct loop *loop;
	struct store *store;
	struct bridge *bridge; /* NULL: not running */
	struct limits limits;
	struct counters counters;
	struct phone_user phones[PHONES];
	struct chatter chatters[CHATTERS];
	struct peer peers[PEERS];
	struct xpair xpairs[WAY_PAIRS];
	struct spair spairs[WAY_PAIRS];
	int16_t xindex[CHATTERS][PHONES];     /* 1 + index, 0: no pair */
	int16_t sindex[PHONES + 1][CHATTERS]; /* the last row: the domain */
	/* The link to the chat server. */
	bool is_cut;      /* nothing passes */
	bool is_known;    /* the core knows that */
	uint64_t down_ms; /* from then on */
	bool is_full;     /* the chat server does not read */
	struct loop_timer full_timer;
	struct loop_timer stream_timer;
	struct loop_timer start_timer;
	uint64_t store_failed_ms; /* since when; 0 */
	uint64_t store_mended_ms; /* when, the last time, and since when it had failed */
	uint64_t store_was_ms;
	uint64_t started_ms;
	struct {
		exchange_id x;
		uint64_t sent_ms;
		uint64_t answer_ms; /* 0: none to come */
		struct loop_timer timer;
		bool is_open;
	} messages[OPEN_MESSAGES];
	exchange_id last_x;
	int flaps;   /* breaks of the chat link still to come, soon */
	int version; /* of the last change of anybody */
	uint64_t seed;
	uint64_t dice;
	bool is_stopping; /* it says goodbye (D-48) */
	bool is_calm;     /* no more faults */
	/* What was seen, so that a run that did nothing is noticed. */
	unsigned tells, prompts, hidden, answers, outages, ends, finishes, checks, restored;
};

/* week.c --------------------------------------------------------------------------------------- */

void week_new(struct week *week, uint64_t seed);
void week_free(struct week *week);
uint64_t week_dice(struct week *week, uint64_t below);
/* True once in n. */
bool week_chance(struct week *week, uint64_t n);
uint64_t week_now(const struct week *week);
int64_t week_wall_s(const struct week *week);
/* Of a clock that never steps. */
int64_t week_steady_s(const struct week *week);
void week_start(struct week *week);
void week_stop(struct week *week, bool is_orderly, uint64_t down_ms);
/* If it is not running it starts now. */
void week_wake(struct week *week);
struct sight week_sight(const struct presence *presence);
int week_first(const struct sight *sight);
void week_presence(const struct sight *sight, struct presence *out);
void week_later(uint64_t *due_ms, uint64_t ms);
struct xpair *week_xpair(struct week *week, const struct watch *watch);
struct spair *week_spair(struct week *week, const struct watch *watch);
struct watch week_xwatch(const struct xpair *pair);
struct watch week_swatch(const struct spair *pair);
bool week_is_online(const struct chatter *chatter);

/* week_sip.c ----------------------------------------------------------------------------------- */

extern const struct side_ops week_sip_ops;
void sip_world_new(struct week *week);
/* Messages: one outcome each, within its bound. */
void messages_write(struct week *week);
void messages_deliver(struct week *week, exchange_id x);
void messages_finish(struct week *week, exchange_id x);
/* Some device of phone changed. */
void sip_world_change(struct week *week, struct phone_user *phone);
void sip_world_fail(struct source *source, uint64_t ms);
void sip_world_refuse(struct source *source, enum policy policy, uint64_t ms);
/* All that is broken works again from now on. */
void sip_world_heal(struct week *week);
void sip_world_peer_dies(struct week *week, int peer, uint64_t ms);
/* The bridge is gone: so are its subscriptions, and some dialogs of phones. */
void sip_world_forget(struct week *week);
/* It is back: dialogs that were kept live on, the other phones find out when they refresh. */
void sip_world_restart(struct week *week);
/* A phone wants to watch, now or later; or ends its dialog. */
void sip_world_subscribe(struct spair *pair, uint64_t delay_ms);
void sip_world_lapse(struct spair *pair);

/* week_xmpp.c ---------------------------------------------------------------------------------- */

extern const struct side_ops week_xmpp_ops;
void xmpp_world_new(struct week *week);
void xmpp_world_change(struct week *week, struct chatter *chatter, int resource, bool is_open);
void xmpp_world_cut(struct week *week, uint64_t down_ms);
/* The chat server does not read for some time. */
void xmpp_world_fill(struct week *week, uint64_t ms);
void xmpp_world_heal(struct week *week);
/* The link comes up with the bridge. */
void xmpp_world_connect(struct week *week);
void xmpp_world_subscribe(struct xpair *pair, uint64_t delay_ms);
void xmpp_world_unsubscribe(struct xpair *pair);
/* The watcher wrote to the watched: he may be asked by him again (D-13). */
void week_wrote(struct xpair *pair);
void xmpp_world_revoke(struct spair *pair);
void xmpp_world_probe_all(struct week *week);
/* What the chat server sees of a pair that the bridge tells of. */
void xmpp_world_forget(struct week *week);

/* week_faults.c -------------------------------------------------------------------------------- */

/* What happens in one step; then time passes. */
void faults_step(struct week *week);
/* All that is broken is mended. */
void faults_end(struct week *week);

/* week_judge.c --------------------------------------------------------------------------------- */

void judge_all(struct week *week);
/* xpair is shown something; spair too. */
void judge_xtell(struct xpair *pair, int version);
void judge_stell(struct spair *pair, const struct sight *sight);
/* Counts what side_ops.tell() says. False: faster than a watcher may be told. */
bool judge_pace(const struct week *week, struct allowance *allowance, bool is_leaving);
void judge_xend(struct xpair *pair, enum watch_answer answer);
void judge_prompt(struct spair *pair);
void week_note(struct moment *story, unsigned *moments, const struct week *week, const char *what,
	       int64_t number);
#define XNOTE(pair, what, number)                                                                  \
	week_note((pair)->story, &(pair)->moments, (pair)->week, what, number)
#define SNOTE(pair, what, number) XNOTE(pair, what, number)
/* Ends the program, with the seed and the story of the pair. */
_Noreturn void judge_xfail(struct xpair *pair, const char *what);
_Noreturn void judge_fail(struct week *week, const char *what);
_Noreturn void judge_sfail(struct spair *pair, const char *what);

/* week_store.c --------------------------------------------------------------------------------- */

struct store *week_store_new(struct loop *loop);
void week_store_free(struct store **store);
/* The bridge lived at that time (wall clock). */
void week_store_alive(struct store *store, int64_t now_s);
void week_store_fail(struct store *store, bool fails);
/* The wall clock was put: what is stored moves with it (REL-031). */
void week_store_move(struct store *store, int64_t by_s);
