/* One subscription of ours at a SIP server, of one event package: SUBSCRIBE out, its refreshes, its
 * NOTIFYs, its end, and a new one after that (RFC 6665 section 4.1; D-14, D-15, D-22 to D-25). What
 * is asked for, and what is done with what is told, is the owner's affair: a composition
 * (composition.h) has one for each package of a user, a list has one for all its members.
 *
 * The owner is called from inside the machine: he may schedule and read the interest, but neither
 * leave nor free it there (loop_defer). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/backoff.h"
#include "base/list.h"
#include "base/rate.h"
#include "core/side.h"
#include "loop/loop.h"
#include "loop/timers.h"
#include "sip/interest_rules.h"

struct address;
struct buf;
struct dialog;
struct dialog_row;
struct interest;
struct interest_wait;
struct peer_watch;
struct request;
struct side_core;
struct sip_peer;
struct table;
struct transaction;

enum {
	INTEREST_FORKS_MAX = 16, /* further dialogs of one SUBSCRIBE (EVT-019) */
	INTEREST_ETAG_MAX = 128  /* a longer SIP-ETag is not kept */
};

/* IDLE: the timer tries anew. ASKING: SUBSCRIBE sent, no NOTIFY yet. OVER: no more tries until it
 * is asked for again. LEAVING: the owner has left, the dialog is being ended. */
enum interest_state {
	INTEREST_IDLE,
	INTEREST_ASKING,
	INTEREST_PENDING,
	INTEREST_ACTIVE,
	INTEREST_OVER,
	INTEREST_LEAVING
};

/* What an active NOTIFY carries; borrowed for the call. */
struct interest_document {
	const char *type;     /* value of Content-Type with its parameters, or NULL */
	const char *language; /* first of Content-Language, or NULL */
	const char *data;
	size_t len;    /* 0: no body (D-24) */
	bool is_first; /* of its dialog: nothing told before it counts */
};

enum interest_use {
	INTEREST_USED,
	INTEREST_REPAIR, /* could not be used, or others are missing: a refresh shall ask for the
			  * whole state (D-22: at most one a minute) */
	INTEREST_PLAIN   /* the partial type does not work: subscribe again without it (EVT-077) */
};

/* What is asked for. The numbers stand in rows of the store (interest_row.h): they keep their
 * meaning for ever. */
enum interest_kind_name {
	INTEREST_OF_PRESENCE,
	INTEREST_OF_DIALOGS,
	INTEREST_OF_LIST_PRESENCE,
	INTEREST_OF_LIST_DIALOGS,
	INTEREST_OF_VOICEMAIL,
	INTEREST_OF_CALLS,
	INTEREST_KIND_COUNT
};

struct interest_kind {
	const char *event;
	const char *accept;  /* in the order wanted, never q (D-21) */
	const char *partial; /* type put first where profile.offers_partial, or NULL */
	const char *headers; /* further lines of every SUBSCRIBE ("Supported: eventlist\r\n"), "" */
	bool may_fork;       /* several phones may answer one SUBSCRIBE (EVT-019) */
	bool is_hasty;       /* tells of many: after a start its turn comes first */
};

/* interest_kinds.c */
extern const struct interest_kind interest_kinds[INTEREST_KIND_COUNT];

/* Whose interest it is, the same over a restart; borrowed for the call. */
struct interest_subject {
	const struct address *watched; /* a SIP user, or a SIP domain with name */
	const struct address *watcher; /* in whose eyes; NULL: in those of all (D-17) */
	const char *name;              /* of what is watched, a list say, or NULL */
};

enum interest_loss {
	LOSS_DIALOG, /* with all forks: what it told is doubtful until a new one tells (D-25) */
	LOSS_FORK,   /* one of several: what the others tell is the truth */
	LOSS_NONE    /* the state stays true and no new dialog follows (invariant, PRES-172) */
};

/* The interest handed over is never a fork, but in document(). */
struct interest_events {
	/* Appends the URIs of From and To of a new SUBSCRIBE. Returns 0; ENOENT they have no form
	 * on SIP; EAGAIN not now, the owner has scheduled it for later. */
	int (*write)(const struct interest *interest, struct buf *from, struct buf *to);
	/* Whose it is: what its dialog is found by after a restart. */
	void (*describe)(const struct interest *interest, struct interest_subject *out);
	/* In place of a new SUBSCRIBE, a dialog from before the start goes on: nothing is heard
	 * yet, its refresh will tell. answered(ALLOWED) follows if what was told before the start
	 * counts (D-49). May be NULL. */
	void (*restored)(struct interest *interest);
	/* What became of the question, each time it is known: ALLOWED and PENDING with a NOTIFY or
	 * a 204, the others when it failed. With FAILED it goes on by itself; with REJECTED it does
	 * not; with FORBIDDEN and NO_SUCH it does slowly. fault may be NULL. */
	void (*answered)(struct interest *interest, enum watch_answer answer,
			 const struct fault *fault);
	/* An active NOTIFY that counts (D-23), after its answered(). */
	enum interest_use (*document)(struct interest *interest,
				      const struct interest_document *document);
	/* A dialog ended; its data is freed already. Before the answered() that it may cause. */
	void (*ended)(struct interest *interest, enum interest_loss loss);
	/* Frees what was kept for one dialog; may be NULL. */
	void (*data_free)(void *data);
	/* The bridge stops and ends its dialogs: the interest is no longer the owner's. */
	void (*taken)(struct interest *interest);
};

/* All interests of the SIP side. */
struct interests {
	struct side_core *core;
	struct list all;
	struct list leaving;
	struct list stopping;
	struct list waiting;   /* from before the start, not asked for yet; soonest end first */
	struct table *by_name; /* the same */
	size_t waiting_count;
	size_t count; /* wanted */
	size_t leaving_count;
	size_t active;          /* with a live dialog; forks apart */
	struct rate pace;       /* D-49 */
	struct list first;      /* whose turn is to come before all others, in order */
	struct list due;        /* whose turn is to come, in order */
	struct timers restored; /* the same of those from before the start, soonest end first */
	size_t reserving;
	struct loop_timer pace_timer;
	struct loop_timer wait_timer; /* looks at those that wait */
	uint64_t wait_until_ms;       /* who was not asked for by then is ended */
	bool is_restored_next;        /* due and restored take turns */
	bool is_quiet;                /* the bridge stops, the dialogs stay (D-48) */
	bool is_closing;              /* rows stay, whatever is freed */
	bool has_logged_row;
	bool has_logged_challenge;
	void (*stopped)(void *arg);
	void *stopped_arg;
	struct loop_timer stop_timer;
};

/* Others than interest*.c read owner, kind, lead, next, peer, state and was_active, and set data.
 */
struct interest {
	struct interests *all;
	const struct interest_kind *kind;
	const struct interest_events *events;
	void *owner;           /* NULL: nobody wants it any more */
	void *data;            /* the owner's, for each dialog: events->data_free() */
	struct interest *lead; /* of a fork (EVT-019): the one that asked; else NULL */
	struct interest *next; /* fork, from the lead on */
	struct list link;      /* in all, leaving or stopping; a fork in none */
	const struct sip_peer *peer;
	struct peer_watch *hop; /* the next hop it depends on; NULL: not wanted any more */
	struct dialog *dialog;
	struct transaction *transaction;
	char *etag;                 /* of the state last told (RFC 5839), or NULL */
	struct loop_timer timer;    /* next try, or the refresh */
	struct loop_timer timer_n;  /* Timer N (EVT-014); when leaving: patience */
	struct list turn;           /* in interests.first or .due */
	struct loop_timer order;    /* in interests.restored, by the end of the dialog */
	struct interest_wait *wait; /* from before the start, nobody has asked for it yet */
	uint64_t kept_ms;           /* expires_ms of its row */
	uint64_t kept_print;        /* of what else stands there */
	struct backoff soon;
	struct backoff slow;
	uint64_t expires_ms; /* end of the subscription, loop clock */
	uint64_t since_ms;   /* when the dialog began */
	uint64_t repair_ms;  /* when a refresh was last asked for because of a bad NOTIFY */
	unsigned asked_s;    /* Expires of the SUBSCRIBE under way */
	uint8_t state;       /* enum interest_state */
	uint8_t raises;      /* 423 in a row */
	uint8_t redirects;   /* 301 and 302 in a row */
	bool was_active;     /* in this dialog */
	bool is_rebasing;    /* the next NOTIFY's CSeq counts, whatever it is (D-23) */
	bool is_plain;       /* without the partial type (EVT-077) */
	bool is_sample;      /* its refresh shows whether the peer forgot all (peer_watch.h) */
	bool has_sent_leave;
	bool is_stale;     /* from before the start and not refreshed: what comes is not whole */
	bool is_doubtful;  /* and what was told then does not count (D-49) */
	bool is_unwanted;  /* nobody asked for it in time: its turn ends it */
	bool is_reserving; /* the number of its next request is, or was, until its turn (REL-013) */
};

/* interest.c: life --------------------------------------------------------------------------- */

struct interests *interests_new(struct side_core *core); /* core is borrowed */
void interests_free(struct interests **interests);
/* D-48: where rows are kept, the dialogs stay as they are for the next start, and nothing more is
 * sent; else all are ended, paced, and owners hear taken(). done(arg) once, later. */
void interests_stop(struct interests *interests, void (*done)(void *arg), void *arg);
/* Its server is down, may have restarted, or has (peer_watch.h). */
void interests_peer_down(struct interests *interests, const struct peer_watch *peer);
void interests_ask_one(struct interests *interests, const struct peer_watch *peer);
void interests_ask_all(struct interests *interests, const struct peer_watch *peer);

/* A dialog that was kept, before the loop runs, those that end soonest first: it waits for an
 * interest of the same subject, which takes it over instead of asking (REL-013, REL-014). Returns
 * 0, or why its row is of no use: EINVAL damaged, ENOENT its SIP domain is not served any more,
 * ETIMEDOUT it has ended, EEXIST there is such a dialog already. */
int interests_restore(struct interests *interests, const struct dialog_row *row, bool is_doubtful,
		      bool clock_is_wrong);
/* All were given. Each is refreshed as fast as the pace allows, soonest end first (D-49); what
 * nobody asks for within some minutes is ended. */
void interests_restored(struct interests *interests);

/* Not asked yet: interest_schedule(). kind, events, owner and peer (one of core->params->peers) are
 * borrowed. */
struct interest *interest_new(struct interests *interests, const struct sip_peer *peer,
			      const struct interest_kind *kind,
			      const struct interest_events *events, void *owner);
/* The owner no longer wants it: it ends its dialog in order by itself. Safe on NULL. */
void interest_leave(struct interest **interest);
/* Tries anew, or refreshes, after delay_ms. */
void interest_schedule(struct interest *interest, uint64_t delay_ms);
/* Somebody asks: one that rests is tried now or soon (B2, B3); never a second dialog. */
void interest_ask_again(struct interest *interest);
/* One that waits for its turn after a start has it now. */
void interest_hurry(struct interest *interest);
bool interest_is_live(const struct interest *interest); /* has a dialog with a NOTIFY */

/* A NOTIFY in the dialog of interest, or of a fork of it; answers it. */
void interest_notify(struct interest *interest, struct request *request);
