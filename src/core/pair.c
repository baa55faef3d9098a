#include "core/pair.h"

#define CELL(next, say, acts)                                                                      \
	{                                                                                          \
		PHASE_##next, WATCH_##say, (unsigned)(acts) | DO_CELL                              \
	}
/* "say" of an event that is answered with silence. */
#define WATCH_NOTHING WATCH_PENDING

/* An XMPP user watches a SIP user: file 04 B1-B18, as amended by D-13 to D-16, D-19, D-24. A
 * refusal is the PBX's and not a person's, so a new subscribe asks again; only probes meet the
 * tombstone. */
static const struct pair_step to_sip[PHASE_COUNT][EVENT_COUNT] =
	{
		[PHASE_NONE] =
			{
				[EVENT_REQUESTED] = CELL(ASKED, PENDING, DO_ASK),
				[EVENT_REQUESTED_DUE] = CELL(ASKED, PENDING, DO_ASK),
				[EVENT_PROBED] = CELL(QUIET, PENDING, DO_RESTORE),
				[EVENT_FETCHED] = CELL(NONE, PENDING, 0),
				[EVENT_LAPSED] = CELL(NONE, NOTHING, 0),
				[EVENT_WITHDRAWN] = CELL(NONE, REJECTED, DO_ANSWER),
				[EVENT_ALLOWED] = CELL(NONE, NOTHING, 0),
				[EVENT_PENDING] = CELL(NONE, NOTHING, 0),
				[EVENT_REJECTED] = CELL(NONE, NOTHING, 0),
				[EVENT_FORBIDDEN] = CELL(NONE, NOTHING, 0),
				[EVENT_NO_SUCH] = CELL(NONE, NOTHING, 0),
				[EVENT_FAILED] = CELL(NONE, NOTHING, 0),
				[EVENT_HOLD_OVER] = CELL(NONE, NOTHING, 0),
				[EVENT_LIFTED] = CELL(NONE, NOTHING, 0),
				[EVENT_FORGOTTEN] = CELL(NONE, NOTHING, 0),
			},
		[PHASE_QUIET] =
			{
				[EVENT_REQUESTED] = CELL(ASKED, PENDING, DO_ASK),
				[EVENT_REQUESTED_DUE] = CELL(ASKED, PENDING, DO_ASK),
				[EVENT_PROBED] = CELL(QUIET, PENDING, DO_RESTORE),
				[EVENT_FETCHED] = CELL(QUIET, PENDING, 0),
				[EVENT_LAPSED] = CELL(QUIET, NOTHING, 0),
				[EVENT_WITHDRAWN] = CELL(ENDED, REJECTED, DO_ANSWER | DO_END),
				[EVENT_ALLOWED] = CELL(GRANTED, ALLOWED, DO_SHOW),
				[EVENT_PENDING] = CELL(QUIET, NOTHING, DO_FORGET),
				[EVENT_REJECTED] = CELL(REFUSED, REJECTED, DO_ANSWER | DO_END),
				[EVENT_FORBIDDEN] = CELL(REFUSED, FORBIDDEN, DO_ANSWER | DO_END),
				[EVENT_NO_SUCH] = CELL(REFUSED, NO_SUCH, DO_ANSWER | DO_END),
				[EVENT_FAILED] = CELL(QUIET, NOTHING, 0),
				[EVENT_HOLD_OVER] = CELL(QUIET, NOTHING, 0),
				[EVENT_LIFTED] = CELL(QUIET, NOTHING, 0),
				[EVENT_FORGOTTEN] = CELL(NONE, REJECTED, DO_ANSWER | DO_END),
			},
		[PHASE_ASKED] =
			{
				[EVENT_REQUESTED] = CELL(ASKED, PENDING, DO_WATCH),
				[EVENT_REQUESTED_DUE] = CELL(ASKED, PENDING, DO_WATCH),
				[EVENT_PROBED] = CELL(ASKED, PENDING, DO_WATCH),
				[EVENT_FETCHED] = CELL(ASKED, PENDING, 0),
				[EVENT_LAPSED] = CELL(ASKED, NOTHING, 0),
				[EVENT_WITHDRAWN] = CELL(ENDED, REJECTED, DO_ANSWER | DO_END),
				[EVENT_ALLOWED] = CELL(GRANTED, ALLOWED, DO_ANSWER),
				[EVENT_PENDING] = CELL(ASKED, NOTHING, DO_FORGET),
				[EVENT_REJECTED] = CELL(REFUSED, REJECTED, DO_ANSWER | DO_END),
				[EVENT_FORBIDDEN] = CELL(REFUSED, FORBIDDEN, DO_ANSWER | DO_END),
				[EVENT_NO_SUCH] = CELL(REFUSED, NO_SUCH, DO_ANSWER | DO_END),
				[EVENT_FAILED] = CELL(ASKED, NOTHING, 0),
				[EVENT_HOLD_OVER] = CELL(ASKED, NOTHING, 0),
				[EVENT_LIFTED] = CELL(ASKED, NOTHING, 0),
				[EVENT_FORGOTTEN] = CELL(NONE, REJECTED, DO_ANSWER | DO_END),
			},
		[PHASE_GRANTED] =
			{
				[EVENT_REQUESTED] = CELL(GRANTED, ALLOWED, DO_WATCH),
				[EVENT_REQUESTED_DUE] = CELL(GRANTED, ALLOWED, DO_WATCH),
				[EVENT_PROBED] = CELL(GRANTED, ALLOWED, DO_WATCH),
				[EVENT_FETCHED] = CELL(GRANTED, ALLOWED, 0),
				[EVENT_LAPSED] = CELL(GRANTED, NOTHING, 0),
				[EVENT_WITHDRAWN] = CELL(ENDED, REJECTED, DO_ANSWER | DO_END),
				[EVENT_ALLOWED] = CELL(GRANTED, NOTHING, DO_SHOW),
				[EVENT_PENDING] = CELL(GRANTED, NOTHING, 0),
				[EVENT_REJECTED] = CELL(ENDED, REJECTED, DO_ANSWER | DO_END),
				[EVENT_FORBIDDEN] = CELL(GRANTED, NOTHING, DO_HIDE),
				[EVENT_NO_SUCH] = CELL(GRANTED, NOTHING, DO_DOUBT),
				[EVENT_FAILED] = CELL(GRANTED, NOTHING, DO_DOUBT),
				[EVENT_HOLD_OVER] = CELL(ENDED, FORBIDDEN, DO_ANSWER | DO_END),
				[EVENT_LIFTED] = CELL(GRANTED, NOTHING, 0),
				[EVENT_FORGOTTEN] = CELL(NONE, REJECTED, DO_ANSWER | DO_END),
			},
		[PHASE_REFUSED] =
			{
				[EVENT_REQUESTED] = CELL(ASKED, PENDING, DO_ASK),
				[EVENT_REQUESTED_DUE] = CELL(ASKED, PENDING, DO_ASK),
				[EVENT_PROBED] = CELL(REFUSED, REJECTED, 0),
				[EVENT_FETCHED] = CELL(REFUSED, PENDING, 0),
				[EVENT_LAPSED] = CELL(REFUSED, NOTHING, 0),
				[EVENT_WITHDRAWN] = CELL(REFUSED, REJECTED, DO_ANSWER),
				[EVENT_ALLOWED] = CELL(REFUSED, NOTHING, 0),
				[EVENT_PENDING] = CELL(REFUSED, NOTHING, 0),
				[EVENT_REJECTED] = CELL(REFUSED, NOTHING, 0),
				[EVENT_FORBIDDEN] = CELL(REFUSED, NOTHING, 0),
				[EVENT_NO_SUCH] = CELL(REFUSED, NOTHING, 0),
				[EVENT_FAILED] = CELL(REFUSED, NOTHING, 0),
				[EVENT_HOLD_OVER] = CELL(REFUSED, NOTHING, 0),
				[EVENT_LIFTED] = CELL(ENDED, NOTHING, 0),
				[EVENT_FORGOTTEN] = CELL(NONE, NOTHING, 0),
			},
		[PHASE_ENDED] =
			{
				[EVENT_REQUESTED] = CELL(ASKED, PENDING, DO_ASK),
				[EVENT_REQUESTED_DUE] = CELL(ASKED, PENDING, DO_ASK),
				[EVENT_PROBED] = CELL(ENDED, REJECTED, 0),
				[EVENT_FETCHED] = CELL(ENDED, PENDING, 0),
				[EVENT_LAPSED] = CELL(ENDED, NOTHING, 0),
				[EVENT_WITHDRAWN] = CELL(ENDED, REJECTED, DO_ANSWER),
				[EVENT_ALLOWED] = CELL(ENDED, NOTHING, 0),
				[EVENT_PENDING] = CELL(ENDED, NOTHING, 0),
				[EVENT_REJECTED] = CELL(ENDED, NOTHING, 0),
				[EVENT_FORBIDDEN] = CELL(ENDED, NOTHING, 0),
				[EVENT_NO_SUCH] = CELL(ENDED, NOTHING, 0),
				[EVENT_FAILED] = CELL(ENDED, NOTHING, 0),
				[EVENT_HOLD_OVER] = CELL(ENDED, NOTHING, 0),
				[EVENT_LIFTED] = CELL(ENDED, NOTHING, 0),
				[EVENT_FORGOTTEN] = CELL(NONE, NOTHING, 0),
			},
};

/* A SIP user watches an XMPP user: file 04 C1-C16 and table C.4, as amended by D-13. An error
 * instead of an answer asked nobody, so it blocks no later try (SUBX-010); a person's no does. A
 * temporary one ends his dialogs too (probation), so nobody looks any more. A fetch is answered
 * neutrally unless granted (PRES-163). */
static const struct
	pair_step to_xmpp[PHASE_COUNT]
			 [EVENT_COUNT] =
				 {
					 [PHASE_NONE] =
						 {
							 [EVENT_REQUESTED] =
								 CELL(ASKED, PENDING, DO_ASK),
							 [EVENT_REQUESTED_DUE] =
								 CELL(ASKED, PENDING, DO_ASK),
							 [EVENT_PROBED] = CELL(NONE, PENDING, 0),
							 [EVENT_FETCHED] = CELL(NONE, PENDING, 0),
							 [EVENT_LAPSED] = CELL(NONE, NOTHING, 0),
							 [EVENT_WITHDRAWN] =
								 CELL(NONE, REJECTED, DO_ANSWER),
							 [EVENT_ALLOWED] = CELL(NONE, NOTHING, 0),
							 [EVENT_PENDING] = CELL(NONE, NOTHING, 0),
							 [EVENT_REJECTED] = CELL(NONE, NOTHING, 0),
							 [EVENT_FORBIDDEN] =
								 CELL(NONE, NOTHING, 0),
							 [EVENT_NO_SUCH] = CELL(NONE, NOTHING, 0),
							 [EVENT_FAILED] = CELL(NONE, NOTHING, 0),
							 [EVENT_HOLD_OVER] =
								 CELL(NONE, NOTHING, 0),
							 [EVENT_LIFTED] = CELL(NONE, NOTHING, 0),
							 [EVENT_FORGOTTEN] =
								 CELL(NONE, NOTHING, 0),
						 },
					 [PHASE_QUIET] =
						 {
							 [EVENT_REQUESTED] =
								 CELL(ASKED, PENDING, DO_ASK),
							 [EVENT_REQUESTED_DUE] =
								 CELL(ASKED, PENDING, DO_ASK),
							 [EVENT_PROBED] = CELL(QUIET, PENDING, 0),
							 [EVENT_FETCHED] = CELL(QUIET, PENDING, 0),
							 [EVENT_LAPSED] = CELL(QUIET,
									       NOTHING, DO_REST),
							 [EVENT_WITHDRAWN] =
								 CELL(ENDED, REJECTED, DO_ANSWER | DO_END),
							 [EVENT_ALLOWED] = CELL(GRANTED,
										ALLOWED, DO_ANSWER),
							 [EVENT_PENDING] = CELL(QUIET,
										NOTHING, DO_FORGET),
							 [EVENT_REJECTED] =
								 CELL(REFUSED, REJECTED, DO_ANSWER),
							 [EVENT_FORBIDDEN] =
								 CELL(ENDED, FORBIDDEN, DO_ANSWER),
							 [EVENT_NO_SUCH] = CELL(ENDED,
										NO_SUCH, DO_ANSWER),
							 [EVENT_FAILED] = CELL(
								 QUIET,
								 FAILED, DO_ANSWER | DO_REST),
							 [EVENT_HOLD_OVER] =
								 CELL(QUIET, NOTHING, 0),
							 [EVENT_LIFTED] = CELL(QUIET, NOTHING, 0),
							 [EVENT_FORGOTTEN] =
								 CELL(NONE, REJECTED, DO_ANSWER | DO_END),
						 },
					 [PHASE_ASKED] =
						 {
							 [EVENT_REQUESTED] =
								 CELL(ASKED, PENDING, DO_WATCH),
							 [EVENT_REQUESTED_DUE] =
								 CELL(ASKED, PENDING, DO_ASK),
							 [EVENT_PROBED] = CELL(ASKED, PENDING, 0),
							 [EVENT_FETCHED] = CELL(ASKED, PENDING, 0),
							 [EVENT_LAPSED] =
								 CELL(ASKED, NOTHING, DO_REST),
							 [EVENT_WITHDRAWN] =
								 CELL(ENDED,
								      REJECTED, DO_ANSWER | DO_END),
							 [EVENT_ALLOWED] =
								 CELL(GRANTED, ALLOWED, DO_ANSWER),
							 [EVENT_PENDING] =
								 CELL(ASKED, NOTHING, DO_FORGET),
							 [EVENT_REJECTED] =
								 CELL(REFUSED, REJECTED, DO_ANSWER),
							 [EVENT_FORBIDDEN] =
								 CELL(ENDED, FORBIDDEN, DO_ANSWER),
							 [EVENT_NO_SUCH] =
								 CELL(ENDED, NO_SUCH, DO_ANSWER),
							 [EVENT_FAILED] =
								 CELL(QUIET,
								      FAILED, DO_ANSWER | DO_REST),
							 [EVENT_HOLD_OVER] =
								 CELL(ASKED, NOTHING, 0),
							 [EVENT_LIFTED] = CELL(ASKED, NOTHING, 0),
							 [EVENT_FORGOTTEN] =
								 CELL(NONE,
								      REJECTED, DO_ANSWER | DO_END),
						 },
					 [PHASE_GRANTED] =
						 {
							 [EVENT_REQUESTED] =
								 CELL(GRANTED, ALLOWED,
								      DO_WATCH | DO_REFRESH),
							 [EVENT_REQUESTED_DUE] =
								 CELL(GRANTED, ALLOWED,
								      DO_WATCH | DO_REFRESH),
							 [EVENT_PROBED] =
								 CELL(GRANTED, ALLOWED, DO_REFRESH),
							 [EVENT_FETCHED] =
								 CELL(GRANTED, ALLOWED, DO_REFRESH),
							 [EVENT_LAPSED] =
								 CELL(GRANTED, NOTHING, DO_REST),
							 [EVENT_WITHDRAWN] =
								 CELL(ENDED,
								      REJECTED, DO_ANSWER | DO_END),
							 [EVENT_ALLOWED] =
								 CELL(GRANTED, NOTHING, 0),
							 [EVENT_PENDING] =
								 CELL(GRANTED, NOTHING, 0),
							 [EVENT_REJECTED] =
								 CELL(REFUSED, REJECTED, DO_ANSWER),
							 [EVENT_FORBIDDEN] =
								 CELL(GRANTED, NOTHING, DO_DOUBT),
							 [EVENT_NO_SUCH] =
								 CELL(GRANTED, NOTHING, DO_DOUBT),
							 [EVENT_FAILED] =
								 CELL(GRANTED, NOTHING, DO_DOUBT),
							 [EVENT_HOLD_OVER] =
								 CELL(GRANTED, NOTHING, 0),
							 [EVENT_LIFTED] = CELL(GRANTED, NOTHING, 0),
							 [EVENT_FORGOTTEN] =
								 CELL(NONE,
								      REJECTED, DO_ANSWER | DO_END),
						 },
					 [PHASE_REFUSED] =
						 {
							 [EVENT_REQUESTED] =
								 CELL(REFUSED, REJECTED, 0),
							 [EVENT_REQUESTED_DUE] =
								 CELL(ASKED, PENDING, DO_ASK),
							 [EVENT_PROBED] = CELL(REFUSED, PENDING, 0),
							 [EVENT_FETCHED] =
								 CELL(REFUSED, PENDING, 0),
							 [EVENT_LAPSED] =
								 CELL(REFUSED, NOTHING, DO_REST),
							 [EVENT_WITHDRAWN] =
								 CELL(REFUSED, REJECTED, DO_ANSWER),
							 [EVENT_ALLOWED] =
								 CELL(REFUSED, NOTHING, 0),
							 [EVENT_PENDING] =
								 CELL(REFUSED, NOTHING, 0),
							 [EVENT_REJECTED] =
								 CELL(REFUSED, NOTHING, 0),
							 [EVENT_FORBIDDEN] =
								 CELL(REFUSED, NOTHING, 0),
							 [EVENT_NO_SUCH] =
								 CELL(REFUSED, NOTHING, 0),
							 [EVENT_FAILED] = CELL(REFUSED, NOTHING, 0),
							 [EVENT_HOLD_OVER] =
								 CELL(REFUSED, NOTHING, 0),
							 [EVENT_LIFTED] = CELL(ENDED, NOTHING, 0),
							 [EVENT_FORGOTTEN] = CELL(NONE, NOTHING, 0),
						 },
					 [PHASE_ENDED] =
						 {
							 [EVENT_REQUESTED] =
								 CELL(ASKED, PENDING, DO_ASK),
							 [EVENT_REQUESTED_DUE] =
								 CELL(ASKED, PENDING, DO_ASK),
							 [EVENT_PROBED] = CELL(ENDED, PENDING, 0),
							 [EVENT_FETCHED] = CELL(ENDED, PENDING, 0),
							 [EVENT_LAPSED] =
								 CELL(ENDED, NOTHING, DO_REST),
							 [EVENT_WITHDRAWN] =
								 CELL(ENDED, REJECTED, DO_ANSWER),
							 [EVENT_ALLOWED] = CELL(ENDED, NOTHING, 0),
							 [EVENT_PENDING] = CELL(ENDED, NOTHING, 0),
							 [EVENT_REJECTED] = CELL(ENDED, NOTHING, 0),
							 [EVENT_FORBIDDEN] =
								 CELL(ENDED, NOTHING, 0),
							 [EVENT_NO_SUCH] = CELL(ENDED, NOTHING, 0),
							 [EVENT_FAILED] = CELL(ENDED, NOTHING, 0),
							 [EVENT_HOLD_OVER] =
								 CELL(ENDED, NOTHING, 0),
							 [EVENT_LIFTED] = CELL(ENDED, NOTHING, 0),
							 [EVENT_FORGOTTEN] = CELL(NONE, NOTHING, 0),
						 },
};

const struct pair_step *pair_step(enum pair_way way, enum pair_phase phase, enum pair_event event)
{
	return way == WAY_XMPP_WATCHES_SIP ? &to_sip[phase][event] : &to_xmpp[phase][event];
}

enum pair_way pair_way(const struct address *watcher)
{
	return watcher->side == SIDE_XMPP ? WAY_XMPP_WATCHES_SIP : WAY_SIP_WATCHES_XMPP;
}

enum pair_phase pair_phase(const struct pair_row *row)
{
	switch (row->state) {
	case PAIR_NONE:
		break;
	case PAIR_ASKED:
		return row->asked_at == 0 ? PHASE_QUIET : PHASE_ASKED;
	case PAIR_GRANTED:
		return PHASE_GRANTED;
	case PAIR_REFUSED:
		return PHASE_REFUSED;
	case PAIR_ENDED:
		return PHASE_ENDED;
	}
	return PHASE_NONE;
}

enum pair_state pair_phase_state(enum pair_phase phase)
{
	static const enum pair_state states[PHASE_COUNT] = {
		[PHASE_NONE] = PAIR_NONE,       [PHASE_QUIET] = PAIR_ASKED,
		[PHASE_ASKED] = PAIR_ASKED,     [PHASE_GRANTED] = PAIR_GRANTED,
		[PHASE_REFUSED] = PAIR_REFUSED, [PHASE_ENDED] = PAIR_ENDED,
	};

	return states[phase];
}

bool pair_may_ask(const struct pair_row *row, int64_t now_s, int64_t ask_again_s)
{
	int64_t last = row->state == PAIR_REFUSED ? row->refused_at : row->asked_at;

	/* A clock that was set back must not silence a pair for years. */
	return last == 0 || now_s - last >= ask_again_s || last > now_s + ask_again_s;
}

enum pair_event pair_event_of(enum watch_answer answer)
{
	static const enum pair_event events[] = {
		[WATCH_ALLOWED] = EVENT_ALLOWED,   [WATCH_PENDING] = EVENT_PENDING,
		[WATCH_REJECTED] = EVENT_REJECTED, [WATCH_FORBIDDEN] = EVENT_FORBIDDEN,
		[WATCH_NO_SUCH] = EVENT_NO_SUCH,   [WATCH_FAILED] = EVENT_FAILED,
	};

	return events[answer];
}

static void move(int64_t *at_s, int64_t by_s)
{
	if (*at_s != 0)
		*at_s = *at_s + by_s > 0 ? *at_s + by_s : 1;
}

void pair_row_move(struct pair_row *row, int64_t by_s)
{
	move(&row->asked_at, by_s);
	move(&row->granted_at, by_s);
	move(&row->refused_at, by_s);
	move(&row->ended_at, by_s);
	move(&row->heard_at, by_s);
}

void pair_enter(struct pair_row *row, enum pair_phase phase, int64_t now_s)
{
	row->state = pair_phase_state(phase);
	switch (phase) {
	case PHASE_NONE:
	case PHASE_COUNT:
		break;
	case PHASE_QUIET:
		row->asked_at = 0;
		break;
	case PHASE_ASKED:
		row->asked_at = now_s;
		break;
	case PHASE_GRANTED:
		row->granted_at = now_s;
		row->refused_at = 0;
		break;
	case PHASE_REFUSED:
		row->refused_at = now_s;
		break;
	case PHASE_ENDED:
		row->ended_at = now_s;
		break;
	}
}
