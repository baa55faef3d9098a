/* A step of the table (pair.h): the new state, counted and written, and what follows from it. */
#include <string.h>

#include "base/mem.h"
#include "base/table.h"
#include "core/bridge_private.h"
#include "core/presence_book.h"
#include "model/counters.h"

enum { TOMBSTONE_S = 90 * 24 * 3600, REFRESH_EVERY_MS = 60000 /* PRES-165 */ };

struct watch pair_watch(const struct pair *pair)
{
	return (struct watch){.x = pair->x,
			      .scope = SCOPE_WATCHER,
			      .watcher = &pair->row.watcher,
			      .watched = &pair->row.watched};
}

/* Counts --------------------------------------------------------------------------------------- */

static struct peer_count *peer_of(struct bridge *bridge, const char *domain)
{
	struct peer_count *peer = table_find(bridge->peers, domain, strlen(domain));

	if (peer == NULL) {
		peer = mem_zalloc(sizeof *peer);
		table_put(bridge->peers, domain, strlen(domain), peer);
	}
	return peer;
}

void bridge_count(struct bridge *bridge, struct pair *pair, int sign)
{
	uint32_t step = (uint32_t)sign;

	if (pair_is_wanted(pair))
		bridge->living += (size_t)sign;
	if (pair->row.state == PAIR_ASKED && watched_side(pair) == SIDE_XMPP)
		pair->watched->open_questions += step;
	if (pair_is_granted(pair) && watched_side(pair) == SIDE_SIP) {
		struct peer_count *peer = peer_of(bridge, pair->row.watched.domain);

		peer->granted += step;
		if (pair->row.refused_at != 0)
			peer->refusing += step;
		if (peer->granted == 0) {
			const char *domain = pair->row.watched.domain;

			mem_free(table_remove(bridge->peers, domain, strlen(domain)));
		}
	}
}

void bridge_set_live(struct bridge *bridge, struct pair *pair, bool is_live)
{
	uint32_t step = is_live ? 1 : (uint32_t)-1;

	if (pair->is_live == is_live)
		return;
	pair->is_live = is_live;
	pair->watcher->live_watching += step;
	pair->watched->live_watched += step;
	if (is_live && watcher_side(pair) == SIDE_XMPP)
		interest_join(bridge, pair->watcher);
}

/* Steps ---------------------------------------------------------------------------------------- */

static void count_change(struct counters *counters, enum pair_state to)
{
	if (to == PAIR_ASKED)
		counters->pairs_asked++;
	else if (to == PAIR_GRANTED)
		counters->pairs_granted++;
	else if (to == PAIR_REFUSED)
		counters->pairs_refused++;
	else if (to == PAIR_ENDED)
		counters->pairs_ended++;
}

/* No longer shown to anybody: SEC-031, PRES-063. */
static void leave_view(struct bridge *bridge, struct pair *pair)
{
	show_forget(bridge, pair);
	pair->told = 0;
	pair->told_open = false;
	pair->doubt_ms = 0;
	pair->doubts_all = false;
	pace_drop(&pair->pace);
	loop_timer_cancel(&pair->timer);
}

static void enter(struct bridge *bridge, struct pair *pair, enum pair_phase phase,
		  bool is_to_be_told, const struct fault *why)
{
	enum pair_state from = pair->row.state;
	struct watch watch = pair_watch(pair);

	bridge_count(bridge, pair, -1);
	pair_enter(&pair->row, phase, steady_s(bridge));
	pair->entered_ms = now_ms(bridge);
	bridge_count(bridge, pair, +1);
	if (pair_is_granted(pair))
		pair->whole_until_ms = now_ms(bridge) + REFRESH_EVERY_MS;
	if (!pair_is_wanted(pair))
		leave_view(bridge, pair);
	pair->is_unsaved = is_to_be_told && watcher_side(pair) == SIDE_XMPP && !pair->chat->is_up;
	bridge_save(bridge, pair);
	if (pair->row.state == from)
		return;
	count_change(bridge->params.counters, pair->row.state);
	if (bridge->params.pair_changed != NULL)
		bridge->params.pair_changed(&watch, from, pair->row.state, why, bridge->params.arg);
}

/* A question toward a link that is down is not one yet: it waits in PHASE_QUIET (SUBX-008). So does
 * one that the access rules forbid: nobody is prompted (SEC-036). */
static bool may_ask_now(struct bridge *bridge, const struct pair *pair)
{
	return (watched_side(pair) == SIDE_SIP || pair->chat->is_up) &&
	       !access_is_barred(bridge, pair);
}

static void do_watch(struct bridge *bridge, struct pair *pair, unsigned acts, const char *nick)
{
	bool was_live = pair->is_live;

	bridge_set_live(bridge, pair, true);
	pair->owed[watched_side(pair)] &= (uint8_t) ~(OWED_WATCH | OWED_ASK);
	if ((acts & DO_ASK) != 0 && may_ask_now(bridge, pair))
		acts_watch(bridge, pair, true, nick);
	else if ((acts & DO_RESTORE) != 0)
		outward_put(bridge, pair, watched_side(pair), OWED_WATCH);
	else if ((acts & DO_WATCH) != 0 && (!was_live || watched_side(pair) == SIDE_SIP))
		acts_watch(bridge, pair, false, nick);
}

static void do_unwatch(struct bridge *bridge, struct pair *pair, unsigned acts)
{
	/* PRES-059: without a dialog there is nothing to end on SIP; on XMPP there is. */
	if ((acts & DO_END) != 0 && (pair->is_live || watched_side(pair) == SIDE_XMPP))
		acts_unwatch(bridge, pair, UNWATCH_END);
	else if ((acts & DO_REST) != 0 && pair->is_live)
		acts_unwatch(bridge, pair, UNWATCH_REST);
	bridge_set_live(bridge, pair, false);
}

static void do_refresh(struct bridge *bridge, struct pair *pair)
{
	uint64_t now = now_ms(bridge);

	if ((pair->entry != NULL && !pair->is_recalled) || now < pair->refresh_due_ms)
		return;
	pair->refresh_due_ms = now + REFRESH_EVERY_MS;
	pair->whole_until_ms = now + REFRESH_EVERY_MS;
	acts_refresh(bridge, pair);
}

static void do_acts(struct bridge *bridge, struct pair *pair, const struct pair_step *step,
		    const struct fault *why, const char *nick)
{
	unsigned acts = step->acts;

	if ((acts & (DO_ASK | DO_RESTORE | DO_WATCH)) != 0)
		do_watch(bridge, pair, acts, nick);
	if ((acts & DO_ANSWER) != 0)
		acts_answer(bridge, pair, step->say, why);
	if ((acts & (DO_END | DO_REST)) != 0 || !pair_is_wanted(pair))
		do_unwatch(bridge, pair, acts);
	if ((acts & (DO_HIDE | DO_FORGET)) != 0)
		show_forget(bridge, pair);
	if ((acts & DO_DOUBT) != 0)
		show_doubt(bridge, pair, true);
	if ((acts & DO_SHOW) != 0 && pair->is_recalled)
		show_in_turn(bridge, pair);
	else if ((acts & (DO_SHOW | DO_HIDE)) != 0)
		show_later(bridge, pair);
	if ((acts & DO_REFRESH) != 0)
		do_refresh(bridge, pair);
}

const struct pair_step *bridge_step(struct bridge *bridge, struct pair *pair, enum pair_event event,
				    const struct fault *why, const char *nick)
{
	enum pair_phase phase = pair_phase(&pair->row);
	const struct pair_step *step = pair_step(pair_way(&pair->row.watcher), phase, event);
	enum pair_phase next = step->next;

	if (next == PHASE_ASKED && (step->acts & DO_ASK) != 0 && !may_ask_now(bridge, pair))
		next = PHASE_QUIET;
	if (next != phase || ((step->acts & DO_ASK) != 0 && next == PHASE_ASKED))
		/* His own word is kept in any case. */
		enter(bridge, pair, next, (step->acts & DO_ANSWER) != 0 && event != EVENT_WITHDRAWN,
		      why);
	do_acts(bridge, pair, step, why, nick);
	return step;
}

void bridge_let_go(struct bridge *bridge, struct pair *pair)
{
	if (pair->row.state != PAIR_NONE || pair->acts > 0)
		return;
	walk_leave(bridge, pair);
	recall_leave(bridge, pair);
	pairs_remove(bridge->pairs, pair);
}

/* Refusals of a granted pair, and tombstones ----------------------------------------------------
 */

/* D-14: since when a granted pair has been refused; the end waits for refusal_hold. */
bool bridge_note_refusal(struct bridge *bridge, struct pair *pair, enum watch_answer answer)
{
	if (!pair_is_granted(pair) || watched_side(pair) != SIDE_SIP)
		return false;
	if (answer != WATCH_FORBIDDEN || pair->row.refused_at != 0)
		return answer == WATCH_FORBIDDEN;
	bridge_count(bridge, pair, -1);
	pair->row.refused_at = steady_s(bridge);
	bridge_count(bridge, pair, +1);
	bridge_save(bridge, pair);
	return true;
}

/* Any other word ends the hold, but for the silence of a failure. */
void bridge_end_refusal(struct bridge *bridge, struct pair *pair)
{
	if (!pair_is_granted(pair) || pair->row.refused_at == 0)
		return;
	bridge_count(bridge, pair, -1);
	pair->row.refused_at = 0;
	bridge_count(bridge, pair, +1);
	bridge_save(bridge, pair);
}

/* One wrong line on the PBX must not empty every roster: few of its pairs are refused, or this is
 * the only one and others are not, which is all that can be said of ten pairs or fewer. */
static bool is_about_the_pair(const struct peer_count *peer)
{
	return peer->refusing * 10 < peer->granted || (peer->refusing == 1 && peer->granted > 1);
}

void bridge_end_refused(struct bridge *bridge, struct pair *pair)
{
	const struct pair_row *row = &pair->row;
	struct fault fault;

	if (row->state != PAIR_GRANTED || row->refused_at == 0 ||
	    steady_s(bridge) - row->refused_at < bridge->params.refusal_hold_s ||
	    !is_about_the_pair(peer_of(bridge, row->watched.domain)))
		return;
	fault_set(&fault, FAULT_FORBIDDEN, "refused by the SIP side");
	bridge_step(bridge, pair, EVENT_HOLD_OVER, &fault, NULL);
}

void bridge_tidy_pair(struct bridge *bridge, struct pair *pair)
{
	const struct pair_row *row = &pair->row;
	int64_t now = steady_s(bridge);

	if ((row->state == PAIR_REFUSED && now - row->refused_at >= TOMBSTONE_S) ||
	    (row->state == PAIR_ENDED && now - row->ended_at >= TOMBSTONE_S))
		bridge_step(bridge, pair, EVENT_FORGOTTEN, NULL, NULL);
	bridge_let_go(bridge, pair);
}
