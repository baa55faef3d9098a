/* The life of one directed pair (watcher, watched) as a table: phase x event, one per direction.
 * Pure. The nine states of RFC 6121 appendix A are the product of two pairs (PRES-095). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/side.h"
#include "store/store.h"

/* Named by who watches. */
enum pair_way { WAY_XMPP_WATCHES_SIP, WAY_SIP_WATCHES_XMPP, WAY_COUNT };

/* enum pair_state, with the asked pairs for which no question of ours counts apart. */
enum pair_phase {
	PHASE_NONE,
	PHASE_QUIET, /* PAIR_ASKED without asked_at. Toward SIP: a probe is restoring the pair
		      * (D-16). Toward XMPP: the question came back, or its link was down. */
	PHASE_ASKED,
	PHASE_GRANTED,
	PHASE_REFUSED,
	PHASE_ENDED,
	PHASE_COUNT
};

enum pair_event {
	/* from the watcher */
	EVENT_REQUESTED,     /* he asks again within ask_again of the last question or refusal */
	EVENT_REQUESTED_DUE, /* he asks, and the watched may be asked (D-13) */
	EVENT_PROBED,
	EVENT_FETCHED,
	EVENT_LAPSED,
	EVENT_WITHDRAWN,
	/* from the watched */
	EVENT_ALLOWED,
	EVENT_PENDING,
	EVENT_REJECTED,
	EVENT_FORBIDDEN,
	EVENT_NO_SUCH,
	EVENT_FAILED,
	/* from the core */
	EVENT_HOLD_OVER, /* D-14: refused for refusal_hold without other news */
	EVENT_LIFTED,    /* D-13: the watched himself subscribed to or wrote to the watcher */
	EVENT_FORGOTTEN, /* the operator's word */
	EVENT_COUNT
};

/* What is to be done with an event, in this order. */
enum pair_act {
	DO_ASK = 1 << 0,     /* ops->watch with a question; asked_at is now */
	DO_RESTORE = 1 << 1, /* ops->watch without a question, paced (D-16) */
	DO_WATCH = 1 << 2,   /* ops->watch without a question */
	DO_ANSWER = 1 << 3,  /* ops->answer to the watcher, with step.say */
	DO_END = 1 << 4,     /* ops->unwatch(UNWATCH_END); what was known is dropped */
	DO_REST = 1 << 5,    /* ops->unwatch(UNWATCH_REST) */
	DO_SHOW = 1 << 6,    /* tell the present state if it differs from what was told */
	DO_HIDE = 1 << 7,    /* unknown from now on, and told so at once */
	DO_DOUBT = 1 << 8,   /* unknown unless something is heard within the hold (D-26) */
	DO_REFRESH = 1 << 9, /* ask for fresh state if nothing is known (PRES-161) */
	DO_FORGET = 1 << 10, /* presence that came with a pending state was never real (PRES-200) */
	DO_CELL = 1 << 15    /* set in every cell of the table */
};

struct pair_step {
	enum pair_phase next;
	enum watch_answer say; /* returned to the watcher's side, or given to ops->answer */
	unsigned acts;
};

/* The cell of the table; every combination has one. */
const struct pair_step *pair_step(enum pair_way way, enum pair_phase phase, enum pair_event event);

enum pair_way pair_way(const struct address *watcher);
enum pair_phase pair_phase(const struct pair_row *row);
enum pair_state pair_phase_state(enum pair_phase phase);
/* Whether the watched may be asked (again) at wall-clock second now_s (D-13). */
bool pair_may_ask(const struct pair_row *row, int64_t now_s, int64_t ask_again_s);
/* The event that an answer of the watched's side is. */
enum pair_event pair_event_of(enum watch_answer answer);
/* Moves all times of the row; what never was stays so, and no other becomes that. */
void pair_row_move(struct pair_row *row, int64_t by_s);
/* Stamps the row with its new state at now_s. */
void pair_enter(struct pair_row *row, enum pair_phase phase, int64_t now_s);
