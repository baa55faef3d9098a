/* Between interest.c (life), interest_send.c (SUBSCRIBE), interest_notify.c (NOTIFY),
 * interest_fork.c, interest_keep.c and interest_restore.c (over a restart) and interest_turns.c
 * (the pace). */
#pragma once

#include "model/address.h"
#include "sip/interest.h"

/* interest.c */
void interest_free(struct interest *interest); /* tells nobody */
/* Its server is down. */
void interest_peer_down(struct interest *interest);
/* interests.c: calls interests->stopped if nothing is left to end. */
void interests_check_stopped(struct interests *interests);
void interest_set_state(struct interest *interest, enum interest_state state);
/* Drops the dialog and does what a rule says; tells the owner. A fork is freed. */
void interest_end_dialog(struct interest *interest, const struct interest_rule *rule,
			 const struct fault *fault);
void interest_tell(struct interest *interest, enum watch_answer answer, const struct fault *fault);
void interest_forget_etag(struct interest *interest);
/* A leaving one's Expires 0 was answered 2xx. */
void interest_end_accepted(struct interest *interest);

/* interest_send.c */
/* A new dialog. Returns what events->write() does. */
int interest_ask(struct interest *interest);
/* A SUBSCRIBE in the dialog; expires_s 0 ends it. */
void interest_refresh(struct interest *interest, unsigned expires_s);
/* Sets the refresh timer from expires_ms (D-25). */
void interest_plan_refresh(struct interest *interest);
void interest_cancel_n(struct interest *interest);
/* Timer N in milliseconds. */
uint64_t interest_n_ms(const struct interest *interest);

/* interest_fork.c (EVT-019) */
/* The one among interest and its forks whose far tag the NOTIFY has, or NULL. */
struct interest *interest_fork_find(struct interest *interest, const struct request *request);
/* One more dialog of the same SUBSCRIBE; NULL if it may have none, or no more. */
struct interest *interest_fork_new(struct interest *interest, const struct request *request);
/* Ends them all, without a word. */
void interest_forks_drop(struct interest *interest);
/* Takes fork out of its lead's. */
void interest_fork_unlink(struct interest *fork);

/* interest_keep.c (REL-013) */

/* Whose dialog one that waits for its interest is; owned. */
struct interest_wait {
	struct address watched;
	struct address watcher;
	bool is_common;
	char *name;
};

/* Whose it is, or was before the start. False: nobody's. */
bool interest_describe(const struct interest *interest, struct interest_subject *out);
/* Appends what one of that subject is found by. */
void interest_put_name(const struct interest_kind *kind, const struct interest_subject *subject,
		       struct buf *out);
/* Of what its row says beside the end and the CSeq numbers. */
uint64_t interest_print(const struct interest *interest);

/* Writes its row, if it has a dialog worth keeping and its row does not say so already. */
void interest_keep(struct interest *interest);
/* True if a request may not be sent in its dialog before its number is reserved. */
bool interest_needs_number(const struct interest *interest);
/* Writes its row, and then it is its turn. */
void interest_reserve(struct interest *interest);
/* It was its turn, or will not be. */
void interest_end_reserving(struct interest *interest);
/* Its dialog is over: the row goes. */
void interest_unkeep(struct interest *interest);

/* interest_restore.c (REL-013, REL-014) */

/* Takes over what waits for its subject, and tells the owner. False: nothing does. */
bool interest_adopt(struct interest *interest);
/* Nobody can ask for it any more. */
void interest_unwait(struct interest *interest);

/* interest_turns.c (D-49) */

/* Acts when the pace allows: at once, or in its turn. */
void interest_turn(struct interest *interest);
/* The same, but not before the caller has returned: what acts may free it, or another one. */
void interest_turn_soon(struct interest *interest);
/* As one from before the start: soonest end first. */
void interest_turn_restored(struct interest *interest);
/* Before all others, but for those that came so before. */
void interest_turn_first(struct interest *interest);
/* Waits no more. */
void interest_turn_drop(struct interest *interest);
/* interest.c: its turn has come: a try, a refresh, or the end. */
void interest_act(struct interest *interest);
