/* What the sides report of a pair becomes an event, the table (pair.h) says what follows. */
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "core/bridge_private.h"
#include "core/presence_book.h"
#include "model/counters.h"
#include "model/limits.h"

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

/* Store ---------------------------------------------------------------------------------------- */

static void on_saved(int error, void *arg)
{
	struct ledger *ledger = arg;

	ledger->pending--;
	if (ledger->bridge != NULL && error != 0)
		ledger->bridge->params.counters->store_failed++;
	if (ledger->bridge == NULL && ledger->pending == 0)
		mem_free(ledger);
}

void bridge_save(struct bridge *bridge, struct pair *pair)
{
	struct bridge_params *params = &bridge->params;

	bridge->ledger->pending++;
	if (pair->row.state == PAIR_NONE)
		store_drop_pair(params->store, &pair->row.watcher, &pair->row.watched, on_saved,
				bridge->ledger);
	else
		store_put_pair(params->store, &pair->row, on_saved, bridge->ledger);
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
		  const struct fault *why)
{
	enum pair_state from = pair->row.state;
	struct watch watch = pair_watch(pair);

	bridge_count(bridge, pair, -1);
	pair_enter(&pair->row, phase, wall_s(bridge));
	bridge_count(bridge, pair, +1);
	if (!pair_is_wanted(pair))
		leave_view(bridge, pair);
	bridge_save(bridge, pair);
	if (pair->row.state == from)
		return;
	count_change(bridge->params.counters, pair->row.state);
	if (bridge->params.pair_changed != NULL)
		bridge->params.pair_changed(&watch, from, pair->row.state, why,
					    bridge->params.arg);
}

/* A question toward a link that is down is not one yet: it waits in PHASE_QUIET (SUBX-008). */
static bool may_ask_now(const struct bridge *bridge, const struct pair *pair)
{
	return watched_side(pair) == SIDE_SIP || bridge->links[SIDE_XMPP].is_up;
}

static void do_watch(struct bridge *bridge, struct pair *pair, unsigned acts, const char *nick)
{
	bool was_live = pair->is_live;

	bridge_set_live(bridge, pair, true);
	pair->owed[watched_side(pair)] &= (uint8_t)~(OWED_WATCH | OWED_ASK);
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

	if (pair->entry != NULL || now < pair->refresh_due_ms)
		return;
	pair->refresh_due_ms = now + REFRESH_EVERY_MS;
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
	if ((acts & (DO_SHOW | DO_HIDE)) != 0)
		show_later(bridge, pair);
	if ((acts & DO_REFRESH) != 0)
		do_refresh(bridge, pair);
}

const struct pair_step *bridge_step(struct bridge *bridge, struct pair *pair,
				    enum pair_event event, const struct fault *why,
				    const char *nick)
{
	enum pair_phase phase = pair_phase(&pair->row);
	const struct pair_step *step = pair_step(pair_way(&pair->row.watcher), phase, event);
	enum pair_phase next = step->next;

	if (next == PHASE_ASKED && (step->acts & DO_ASK) != 0 && !may_ask_now(bridge, pair))
		next = PHASE_QUIET;
	if (next != phase || ((step->acts & DO_ASK) != 0 && next == PHASE_ASKED))
		enter(bridge, pair, next, why);
	do_acts(bridge, pair, step, why, nick);
	return step;
}

void bridge_let_go(struct bridge *bridge, struct pair *pair)
{
	if (pair->row.state != PAIR_NONE || pair->acts > 0)
		return;
	walk_leave(bridge, pair);
	pairs_remove(bridge->pairs, pair);
}

/* Requests ------------------------------------------------------------------------------------- */

static void refuse_for_now(struct fault *fault, enum fault_code code, const char *text)
{
	fault_set(fault, code, text);
	fault->retry_after_s = 10 + (int)random_below(21); /* REL-043 */
}

/* PRES-194, D-03: who may watch whom at all. */
static enum watch_answer judge(struct bridge *bridge, const struct watch *watch,
			       struct fault *fault)
{
	const struct bridge_params *params = &bridge->params;
	bool from_sip = watch->watcher->side == SIDE_SIP;
	const struct address *chat = from_sip ? watch->watched : watch->watcher;
	const struct address *phone = from_sip ? watch->watcher : watch->watched;

	if (watch->watcher->side == watch->watched->side) {
		fault_set(fault, FAULT_ITEM_NOT_FOUND, "both ends are on the same side");
		return WATCH_NO_SUCH;
	}
	if (!params->may_use(chat, params->arg)) {
		fault_set(fault, FAULT_FORBIDDEN, "this chat domain may not use the bridge");
		return WATCH_FORBIDDEN;
	}
	if (!params->is_served(phone, params->arg)) {
		fault_set(fault, FAULT_ITEM_NOT_FOUND, "this SIP domain is not served here");
		return from_sip ? WATCH_FORBIDDEN : WATCH_NO_SUCH;
	}
	return WATCH_ALLOWED;
}

/* D-55. Says which limit a new question or source is over, or NULL. */
static const char *over_limit(struct bridge *bridge, struct pair *pair,
			      const struct pair_step *step)
{
	const struct limits *limits = bridge->params.limits;
	struct limits_hit *hit = &bridge->params.counters->limits;
	bool is_new = (step->acts & DO_ASK) != 0;
	bool asks_person = is_new && watched_side(pair) == SIDE_XMPP;
	bool was_open = pair->row.state == PAIR_ASKED;
	double news = (double)limits->new_watches_per_minute;
	double questions = (double)limits->questions_per_minute;
	uint64_t now = now_ms(bridge);

	if (!pair->is_live && pair->watcher->live_watching >= limits->watches_per_watcher)
		return hit->watches_per_watcher++, "too many subscriptions of one watcher";
	if (!pair->is_live && pair->watched->live_watched >= limits->watches_per_watched)
		return hit->watches_per_watched++, "too many subscriptions to one user";
	if (asks_person && !was_open && pair->watched->open_questions >= limits->questions_open)
		return hit->questions_open++, "too many unanswered questions to this user";
	if (is_new && !rate_take(&pair->watcher->news, news / 60, news, now))
		return hit->new_watches_per_minute++, "too many new subscriptions of one watcher";
	if (asks_person && !rate_take(&pair->watched->questions, questions / 60, questions, now))
		return hit->questions_per_minute++, "too many questions to this user";
	return NULL;
}

/* Finds or makes the pair of a request. NULL: limits.pairs is reached. */
static struct pair *pair_for(struct bridge *bridge, const struct watch *watch)
{
	struct pair *pair = pairs_find(bridge->pairs, watch->watcher, watch->watched);

	if (pair == NULL && (int64_t)pairs_count(bridge->pairs) >= bridge->params.limits->pairs) {
		bridge->params.counters->limits.pairs++;
		return NULL;
	}
	if (pair == NULL)
		pair = pairs_make(bridge->pairs, watch->watcher, watch->watched, bridge,
				  now_ms(bridge));
	pair->x = watch->x != 0 ? watch->x : exchange_new();
	return pair;
}

/* D-13: whoever turns to somebody wants to hear from him again. */
static void lift_refusal(struct bridge *bridge, const struct address *who,
			 const struct address *of)
{
	struct pair *reverse = pairs_find(bridge->pairs, of, who);

	if (reverse != NULL && reverse->row.state == PAIR_REFUSED)
		bridge_step(bridge, reverse, EVENT_LIFTED, NULL, NULL);
}

/* The answer for the caller, with the presence he may see now. */
static enum watch_answer reply(struct bridge *bridge, struct pair *pair,
			       const struct pair_step *step, const struct presence **now,
			       struct fault *fault)
{
	enum watch_answer say = step->say;

	if (say == WATCH_ALLOWED) {
		if (now != NULL)
			*now = book_now(pair->entry);
		/* Others of his devices may still wait for what is being paced. */
		if (pair->pace.due_ms == 0 && !list_is_linked(&pair->shows)) {
			pair->told = book_digest(book_now(pair->entry), watcher_side(pair),
						 bridge->key, &bridge->scratch);
			pair->told_open = book_is_open(pair->entry);
		}
	}
	if (say == WATCH_REJECTED)
		fault_set(fault, FAULT_FORBIDDEN, "the subscription was refused or has ended");
	return say;
}

static void sign_of_life(struct bridge *bridge, const struct pair *pair)
{
	if (watcher_side(pair) == SIDE_XMPP)
		interest_sign(bridge, pair->watcher, true);
}

enum watch_answer bridge_watch_requested(struct bridge *bridge, const struct watch *watch,
					 const struct presence **now, struct fault *fault)
{
	enum watch_answer answer = judge(bridge, watch, fault);
	const struct pair_step *step;
	enum pair_event event;
	struct pair *pair;
	const char *over;

	*now = NULL;
	if (answer != WATCH_ALLOWED)
		return answer;
	if (bridge->is_stopped || !bridge->is_loaded) {
		refuse_for_now(fault, FAULT_LINK_DOWN, "the bridge is starting or stopping");
		return WATCH_REJECTED;
	}
	pair = pair_for(bridge, watch);
	if (pair == NULL) {
		refuse_for_now(fault, FAULT_RATE, "too many subscriptions in all");
		return WATCH_REJECTED;
	}
	event = pair_may_ask(&pair->row, wall_s(bridge), bridge->params.ask_again_s)
			? EVENT_REQUESTED_DUE
			: EVENT_REQUESTED;
	step = pair_step(pair_way(watch->watcher), pair_phase(&pair->row), event);
	over = over_limit(bridge, pair, step);
	if (over != NULL) {
		bridge_let_go(bridge, pair);
		refuse_for_now(fault, FAULT_RATE, over);
		return WATCH_REJECTED;
	}
	sign_of_life(bridge, pair);
	bridge_step(bridge, pair, event, NULL, watch->nick);
	if (watcher_side(pair) == SIDE_XMPP)
		lift_refusal(bridge, watch->watcher, watch->watched);
	return reply(bridge, pair, step, now, fault);
}

enum watch_answer bridge_fetch(struct bridge *bridge, const struct watch *watch,
			       const struct presence **now)
{
	struct pair *pair = pairs_find(bridge->pairs, watch->watcher, watch->watched);

	*now = NULL;
	/* PRES-163: neutral for everybody who was not granted (SEC-033). */
	if (bridge->is_stopped || pair == NULL)
		return WATCH_PENDING;
	if (bridge_step(bridge, pair, EVENT_FETCHED, NULL, NULL)->say != WATCH_ALLOWED)
		return WATCH_PENDING;
	*now = book_now(pair->entry);
	return WATCH_ALLOWED;
}

enum watch_answer bridge_probed(struct bridge *bridge, const struct watch *watch,
				const struct presence **now, struct fault *fault)
{
	enum watch_answer answer = judge(bridge, watch, fault);
	const struct pair_step *step;
	struct pair *pair;

	*now = NULL;
	if (answer != WATCH_ALLOWED)
		return answer;
	if (bridge->is_stopped || !bridge->is_loaded)
		return WATCH_PENDING;
	pair = pair_for(bridge, watch);
	/* D-16, D-55: what the chat server believes in is paced, not refused. */
	if (pair == NULL)
		return WATCH_PENDING;
	sign_of_life(bridge, pair);
	step = bridge_step(bridge, pair, EVENT_PROBED, NULL, NULL);
	answer = reply(bridge, pair, step, now, fault);
	bridge_let_go(bridge, pair);
	return answer;
}

/* Other reports -------------------------------------------------------------------------------- */

static void report(struct bridge *bridge, const struct watch *watch, enum pair_event event,
		   const struct fault *why)
{
	struct pair *pair = pairs_find(bridge->pairs, watch->watcher, watch->watched);

	if (bridge->is_stopped || pair == NULL)
		return;
	bridge_step(bridge, pair, event, why, NULL);
	bridge_let_go(bridge, pair);
}

void bridge_watch_lapsed(struct bridge *bridge, const struct watch *watch)
{
	report(bridge, watch, EVENT_LAPSED, NULL);
}

void bridge_watch_withdrawn(struct bridge *bridge, const struct watch *watch)
{
	struct pair *pair;

	if (bridge->is_stopped || watch->watcher->side == watch->watched->side)
		return;
	/* Also of a pair that is not known: he is answered (B17). */
	pair = pair_for(bridge, watch);
	if (pair == NULL)
		return;
	bridge_step(bridge, pair, EVENT_WITHDRAWN, NULL, NULL);
	bridge_let_go(bridge, pair);
}

/* D-14: since when a granted pair has been refused; the end waits for refusal_hold. */
static bool note_refusal(struct bridge *bridge, struct pair *pair, enum watch_answer answer)
{
	if (!pair_is_granted(pair) || watched_side(pair) != SIDE_SIP)
		return false;
	if (answer != WATCH_FORBIDDEN || pair->row.refused_at != 0)
		return answer == WATCH_FORBIDDEN;
	bridge_count(bridge, pair, -1);
	pair->row.refused_at = wall_s(bridge);
	bridge_count(bridge, pair, +1);
	bridge_save(bridge, pair);
	return true;
}

/* Any other word ends the hold, but for the silence of a failure. */
static void end_refusal(struct bridge *bridge, struct pair *pair)
{
	if (!pair_is_granted(pair) || pair->row.refused_at == 0)
		return;
	bridge_count(bridge, pair, -1);
	pair->row.refused_at = 0;
	bridge_count(bridge, pair, +1);
	bridge_save(bridge, pair);
}

void bridge_watch_answered(struct bridge *bridge, const struct watch *watch,
			   enum watch_answer answer, const struct fault *fault)
{
	struct pair *pair = pairs_find(bridge->pairs, watch->watcher, watch->watched);

	if (bridge->is_stopped || pair == NULL)
		return;
	pair->row.heard_at = wall_s(bridge);
	if (answer == WATCH_ALLOWED || answer == WATCH_PENDING) {
		end_refusal(bridge, pair);
		if (pair->doubts_all) {
			pair->doubts_all = false;
			pair->doubt_ms = 0;
		}
	}
	bridge_step(bridge, pair, pair_event_of(answer), fault, NULL);
	if (note_refusal(bridge, pair, answer))
		bridge_tidy_pair(bridge, pair);
	else
		bridge_let_go(bridge, pair);
}

void bridge_tidy_pair(struct bridge *bridge, struct pair *pair)
{
	const struct pair_row *row = &pair->row;
	int64_t now = wall_s(bridge);

	if (row->state == PAIR_GRANTED && row->refused_at != 0 &&
	    now - row->refused_at >= bridge->params.refusal_hold_s) {
		struct peer_count *peer = peer_of(bridge, row->watched.domain);

		/* One wrong line on the PBX must not empty every roster. */
		if (peer->refusing * 10 < peer->granted) {
			struct fault fault;

			fault_set(&fault, FAULT_FORBIDDEN, "refused by the SIP side");
			bridge_step(bridge, pair, EVENT_HOLD_OVER, &fault, NULL);
		}
	} else if ((row->state == PAIR_REFUSED && now - row->refused_at >= TOMBSTONE_S) ||
		   (row->state == PAIR_ENDED && now - row->ended_at >= TOMBSTONE_S)) {
		bridge_step(bridge, pair, EVENT_FORGOTTEN, NULL, NULL);
	}
	bridge_let_go(bridge, pair);
}
