/* Between interest.c (life), interest_send.c (SUBSCRIBE), interest_notify.c (NOTIFY) and
 * interest_fork.c. */
#pragma once

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
