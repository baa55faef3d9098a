/* One subscription of ours at a SIP server and who reads it (D-17: one watcher, or all). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/backoff.h"
#include "base/list.h"
#include "base/rate.h"
#include "core/side.h"
#include "loop/loop.h"
#include "sip/interest_rules.h"

struct dialog;
struct peer_watch;
struct request;
struct side_core;
struct sip_peer;
struct subscriber;
struct table;
struct transaction;

/* IDLE: the timer tries anew. ASKING: SUBSCRIBE sent, no NOTIFY yet. OVER: no more tries until it
 * is asked for again. LEAVING: nobody reads any more, the dialog is being ended. */
enum interest_state {
	INTEREST_IDLE,
	INTEREST_ASKING,
	INTEREST_PENDING,
	INTEREST_ACTIVE,
	INTEREST_OVER,
	INTEREST_LEAVING
};

struct reader {
	struct address watcher;
	exchange_id x;
	bool is_new;  /* joined a shared subscription: is told what is known */
	bool is_gone; /* left while being told */
	struct list link;
};

struct interest {
	struct subscriber *subscriber;
	struct address watched;
	struct list readers;
	struct list link; /* in all, leaving or stopping */
	char *key;
	size_t key_len;
	const struct sip_peer *peer;
	struct peer_watch *hop; /* the next hop it depends on; NULL: not wanted any more */
	struct dialog *dialog;
	struct transaction *transaction;
	struct loop_timer timer;   /* next try, or the refresh */
	struct loop_timer timer_n; /* Timer N (EVT-014); when leaving: patience */
	struct backoff soon;
	struct backoff slow;
	struct presence *last; /* of a shared one: for readers that join */
	uint64_t expires_ms;   /* end of the subscription, loop clock */
	uint64_t since_ms;     /* when the dialog began */
	uint64_t repair_ms;    /* when a refresh was last asked for because of a bad NOTIFY */
	unsigned asked_s;      /* Expires of the SUBSCRIBE under way */
	enum interest_state state;
	uint8_t raises; /* 423 in a row */
	bool is_common;
	bool is_telling;  /* readers may leave, but are removed later */
	bool was_active;  /* in this dialog */
	bool has_failed;  /* readers know that it fails at present */
	bool is_rebasing; /* the next NOTIFY's CSeq counts, whatever it is (D-23) */
	bool has_sent_leave;
	bool has_new;   /* some reader is_new */
	bool is_sample; /* its refresh shows whether the peer forgot all (peer_watch.h) */
};

struct subscriber {
	struct side_core *core;
	struct table *interests; /* wanted ones, by key */
	struct list all;
	struct list leaving;
	struct list stopping;
	size_t count;
	size_t leaving_count;
	size_t active;
	struct rate pace; /* D-49 */
	bool has_logged_challenge;
	bool is_welcoming;
	void (*stopped)(void *arg);
	void *stopped_arg;
	struct loop_timer stop_timer;
};

/* interest.c: life --------------------------------------------------------------------------- */

struct interest *interest_new(struct subscriber *subscriber, const struct watch *watch,
			      bool is_common, const void *key, size_t key_len);
void interest_free(struct interest *interest);
void interest_set_state(struct interest *interest, enum interest_state state);
/* Tries anew, or refreshes, after delay_ms. */
void interest_schedule(struct interest *interest, uint64_t delay_ms);
/* Its peer is down: the readers are told, once. May free interest. */
void interest_peer_down(struct interest *interest);
bool interest_is_live(const struct interest *interest); /* has a dialog with a NOTIFY */
/* Nobody wants it: ends the dialog in order, or frees it at once. */
void interest_leave(struct interest *interest);
/* Drops the dialog and does what a rule says; tells the readers. May free interest. */
void interest_end_dialog(struct interest *interest, const struct interest_rule *rule,
			 const struct fault *fault);
/* Tells every reader. False: interest is gone or leaving, touch it no more. */
bool interest_tell_answer(struct interest *interest, enum watch_answer answer,
			  const struct fault *fault);
bool interest_tell_presence(struct interest *interest, const struct presence *presence);
/* Removes readers that left; leaves with the last one and then returns false. */
bool interest_end_telling(struct interest *interest);
/* Calls subscriber->stopped if nothing is left to end. */
void interest_check_stopped(struct subscriber *subscriber);

/* interest_send.c: SUBSCRIBE and what its answers mean ---------------------------------------- */

/* A new dialog. Returns 0 or ENOENT when the addresses have no form on SIP. */
int interest_ask(struct interest *interest);
/* A SUBSCRIBE in the dialog; expires_s 0 ends it. */
void interest_refresh(struct interest *interest, unsigned expires_s);
/* Sets the refresh timer from expires_ms (D-25). */
void interest_plan_refresh(struct interest *interest);
void interest_cancel_n(struct interest *interest);

/* interest_notify.c ---------------------------------------------------------------------------- */

void interest_notify(struct interest *interest, struct request *request);
