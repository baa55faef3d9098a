/* What the sides report of a pair: judged, then made an event of the table (bridge_step.c). */
#include "base/random.h"
#include "core/bridge_private.h"
#include "core/presence_book.h"
#include "model/counters.h"
#include "model/limits.h"

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

/* D-55. Counts and says which limit a new question or source is over; NULL if none. What one
 * watcher may have does not hold for a SIP domain that watches for all its phones (D-18). */
static const char *over_count(struct bridge *bridge, const struct pair *pair,
			      const struct pair_step *step)
{
	const struct limits *limits = bridge->params.limits;
	struct limits_hit *hit = &bridge->params.counters->limits;
	bool is_question = (step->acts & DO_ASK) != 0 && watched_side(pair) == SIDE_XMPP;

	if (!pair->is_live && !address_is_domain(&pair->row.watcher) &&
	    pair->watcher->live_watching >= limits->watches_per_watcher) {
		hit->watches_per_watcher++;
		return "too many subscriptions of one watcher";
	}
	if (!pair->is_live && pair->watched->live_watched >= limits->watches_per_watched) {
		hit->watches_per_watched++;
		return "too many subscriptions to one user";
	}
	if (is_question && pair->row.state != PAIR_ASKED &&
	    pair->watched->open_questions >= limits->questions_open) {
		hit->questions_open++;
		return "too many unanswered questions to this user";
	}
	return NULL;
}

static const char *over_rate(struct bridge *bridge, struct pair *pair, const struct pair_step *step)
{
	const struct limits *limits = bridge->params.limits;
	struct limits_hit *hit = &bridge->params.counters->limits;
	double news = (double)limits->new_watches_per_minute;
	double questions = (double)limits->questions_per_minute;
	uint64_t now = now_ms(bridge);

	if ((step->acts & DO_ASK) == 0)
		return NULL;
	if (!address_is_domain(&pair->row.watcher) &&
	    !rate_take(&pair->watcher->news, news / 60, news, now)) {
		hit->new_watches_per_minute++;
		return "too many new subscriptions of one watcher";
	}
	if (watched_side(pair) == SIDE_XMPP &&
	    !rate_take(&pair->watched->questions, questions / 60, questions, now)) {
		hit->questions_per_minute++;
		return "too many questions to this user";
	}
	return NULL;
}

void bridge_set_cautious(struct bridge *bridge, bool is_cautious)
{
	bridge->is_cautious = is_cautious;
}

/* REL-016. */
static bool is_too_new(struct bridge *bridge, const struct watch *watch)
{
	return bridge->is_cautious &&
	       pairs_find(bridge->pairs, watch->watcher, watch->watched) == NULL;
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
		pair = bridge_pair(bridge, watch->watcher, watch->watched);
	pair->x = watch->x != 0 ? watch->x : exchange_new();
	return pair;
}

/* D-13: whoever turns to somebody wants to hear from him again. */
static void lift_refusal(struct bridge *bridge, const struct address *who, const struct address *of)
{
	struct pair *reverse = pairs_find(bridge->pairs, of, who);

	if (reverse != NULL && reverse->row.state == PAIR_REFUSED)
		bridge_step(bridge, reverse, EVENT_LIFTED, NULL, NULL);
}

/* A SIP watcher has several dialogs, of which one was answered. While a change waits the others
 * have seen what was before, so whatever comes next is news to some of them. */
static void told_one(struct bridge *bridge, struct pair *pair)
{
	uint64_t digest = book_digest(book_now(pair->entry), watcher_side(pair),
				      bridge->params.rules, bridge->key, &bridge->scratch);
	bool is_open = book_is_open(pair->entry);

	/* Those of before a restart still wait for the first word. */
	if (pair->is_recalled || (pair->entry == NULL && pair->doubts_all))
		return;
	if (pair->pace.due_ms == 0 && !list_is_linked(&pair->shows)) {
		pair->told = digest;
		pair->told_open = is_open;
	} else if (pair->told != digest) {
		pair->told = 0;
		pair->told_open |= is_open;
	}
}

/* The answer for the caller, with the presence he may see now. */
static enum watch_answer reply(struct bridge *bridge, struct pair *pair,
			       const struct pair_step *step, const struct presence **now,
			       struct fault *fault)
{
	enum watch_answer say = step->say;

	if (say == WATCH_ALLOWED && access_is_barred(bridge, pair))
		return WATCH_PENDING; /* SEC-036: as to somebody who was not answered */
	if (say == WATCH_ALLOWED) {
		if (now != NULL)
			*now = book_now(pair->entry);
		if (watcher_side(pair) == SIDE_XMPP) /* it goes to all his devices */
			show_was_told(bridge, pair);
		else
			told_one(bridge, pair);
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
		return WATCH_FAILED;
	}
	if (is_too_new(bridge, watch)) {
		refuse_for_now(fault, FAULT_LINK_DOWN, "no new subscriptions after crashes");
		return WATCH_FAILED;
	}
	pair = pair_for(bridge, watch);
	if (pair == NULL) {
		refuse_for_now(fault, FAULT_RATE, "too many subscriptions in all");
		return WATCH_FAILED;
	}
	event = pair_may_ask(&pair->row, steady_s(bridge), bridge->params.ask_again_s)
			? EVENT_REQUESTED_DUE
			: EVENT_REQUESTED;
	step = pair_step(pair_way(watch->watcher), pair_phase(&pair->row), event);
	over = over_count(bridge, pair, step);
	if (over == NULL)
		over = over_rate(bridge, pair, step);
	if (over != NULL) {
		bridge_let_go(bridge, pair);
		refuse_for_now(fault, FAULT_RATE, over);
		return WATCH_FAILED;
	}
	sign_of_life(bridge, pair);
	access_visit(bridge, pair);
	bridge_step(bridge, pair, event, NULL, watch->nick);
	if (watcher_side(pair) == SIDE_XMPP)
		lift_refusal(bridge, watch->watcher, watch->watched);
	return reply(bridge, pair, step, now, fault);
}

static enum watch_answer restore(struct bridge *bridge, struct pair *pair, struct fault *fault)
{
	if (!pair_is_wanted(pair)) {
		fault_set(fault, FAULT_FORBIDDEN, "the subscription was refused or has ended");
		return WATCH_REJECTED;
	}
	bridge_set_live(bridge, pair, true);
	if (!pair_is_granted(pair))
		return WATCH_PENDING;
	/* With nothing known the hold says when that is told; it begins with the probe. */
	pair->told = 0;
	pair->is_barred = access_is_barred(bridge, pair);
	if (pair->is_barred) { /* he is told so at once */
		show_later(bridge, pair);
		return WATCH_ALLOWED;
	}
	pair->doubts_all = pair->entry == NULL;
	show_later(bridge, pair);
	if (pair->chat->is_up)
		outward_put(bridge, pair, SIDE_XMPP, OWED_REFRESH);
	return WATCH_ALLOWED;
}

enum watch_answer bridge_watch_restored(struct bridge *bridge, const struct watch *watch,
					struct fault *fault)
{
	enum watch_answer answer = judge(bridge, watch, fault);
	struct pair *pair = pairs_find(bridge->pairs, watch->watcher, watch->watched);

	if (answer != WATCH_ALLOWED)
		return answer;
	if (bridge->is_stopped || !bridge->is_loaded || pair == NULL ||
	    watcher_side(pair) != SIDE_SIP) {
		refuse_for_now(fault, FAULT_LINK_DOWN, "the subscription is not known any more");
		return WATCH_FAILED;
	}
	return restore(bridge, pair, fault);
}

enum watch_answer bridge_fetch(struct bridge *bridge, const struct watch *watch,
			       const struct presence **now)
{
	struct pair *pair = pairs_find(bridge->pairs, watch->watcher, watch->watched);

	*now = NULL;
	/* PRES-163: neutral for everybody who was not granted (SEC-033). */
	if (bridge->is_stopped || pair == NULL || access_is_barred(bridge, pair))
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
	if (bridge->is_stopped || !bridge->is_loaded || is_too_new(bridge, watch))
		return WATCH_PENDING;
	pair = pair_for(bridge, watch);
	/* D-16, D-55: what the chat server believes in is paced, not refused. */
	if (pair == NULL)
		return WATCH_PENDING;
	sign_of_life(bridge, pair);
	access_visit(bridge, pair);
	step = bridge_step(bridge, pair, EVENT_PROBED, NULL, NULL);
	if (step->say == WATCH_ALLOWED &&
	    link_is_full(pair_link(bridge, pair, watcher_side(pair)))) {
		pair->told = 0; /* he is told when there is room */
		show_later(bridge, pair);
		return WATCH_PENDING;
	}
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

/* An error in place of an answer asked nobody, so it must not block a later try (SUBX-010). */
static enum pair_event event_of(const struct pair *pair, enum watch_answer answer,
				const struct fault *fault)
{
	bool is_error = fault != NULL && fault->code != FAULT_NONE;

	if (answer == WATCH_REJECTED && is_error && watched_side(pair) == SIDE_XMPP)
		return EVENT_FORBIDDEN;
	return pair_event_of(answer);
}

void bridge_watch_answered(struct bridge *bridge, const struct watch *watch,
			   enum watch_answer answer, const struct fault *fault)
{
	struct pair *pair = pairs_find(bridge->pairs, watch->watcher, watch->watched);

	if (bridge->is_stopped || pair == NULL)
		return;
	pair->row.heard_at = steady_s(bridge);
	if (answer == WATCH_ALLOWED || answer == WATCH_PENDING)
		bridge_end_refusal(bridge, pair);
	/* Who only says "pending" says nothing of his user; a chat server says "subscribed" without
	 * his state. A SIP server that goes on after a start confirms what was kept of him; where
	 * nothing was, the hold goes on. */
	if (answer == WATCH_ALLOWED && pair->doubts_all && watched_side(pair) == SIDE_SIP &&
	    pair->entry != NULL) {
		pair->doubts_all = false;
		pair->doubt_ms = 0;
	}
	/* He was there to say so, or his server does not tell any more whether he is (D-20). */
	if (answer == WATCH_REJECTED && pair->watched->is_gone)
		interest_sign(bridge, pair->watched, true);
	bridge_step(bridge, pair, event_of(pair, answer, fault), fault, NULL);
	if (bridge_note_refusal(bridge, pair, answer))
		bridge_end_refused(bridge, pair);
	bridge_let_go(bridge, pair);
}
