/* What the core asks of the sides for pairs. Never from inside the call that reported something:
 * one queue, in order, run after the call chain, so no side is entered again. */
#include "base/mem.h"
#include "core/bridge_private.h"
#include "core/presence_book.h"

enum act_kind { ACT_WATCH, ACT_ASK, ACT_REST, ACT_END, ACT_REFRESH, ACT_ANSWER };

struct act {
	struct list place;
	struct pair *pair;
	enum act_kind kind;
	enum watch_answer answer;
	struct fault *fault; /* owned, or NULL */
	char *nick;          /* owned, or NULL */
};

static void act_free(struct act *act)
{
	list_remove(&act->place);
	mem_free(act->fault);
	mem_free(act->nick);
	mem_free(act);
}

static struct act *act_new(struct bridge *bridge, struct pair *pair, enum act_kind kind)
{
	struct act *act = mem_zalloc(sizeof *act);

	act->pair = pair;
	act->kind = kind;
	pair->acts++;
	list_append(&bridge->acts, &act->place);
	acts_schedule(bridge);
	return act;
}

void acts_watch(struct bridge *bridge, struct pair *pair, bool ask, const char *nick)
{
	struct act *act = act_new(bridge, pair, ask ? ACT_ASK : ACT_WATCH);

	act->nick = mem_strdup_or_null(nick);
}

void acts_unwatch(struct bridge *bridge, struct pair *pair, enum unwatch_why why)
{
	act_new(bridge, pair, why == UNWATCH_END ? ACT_END : ACT_REST);
}

void acts_refresh(struct bridge *bridge, struct pair *pair)
{
	act_new(bridge, pair, ACT_REFRESH);
}

void acts_answer(struct bridge *bridge, struct pair *pair, enum watch_answer answer,
		 const struct fault *fault)
{
	struct act *act = act_new(bridge, pair, ACT_ANSWER);

	act->answer = answer;
	if (fault != NULL && fault->code != FAULT_NONE) {
		act->fault = mem_alloc(sizeof *act->fault);
		*act->fault = *fault;
	}
}

/* D-47: a stranger hears that he was refused, not why. Who was granted before is none. */
static bool has_reason(const struct bridge *bridge, const struct pair *pair)
{
	return watcher_side(pair) == SIDE_SIP || pair->row.granted_at != 0 ||
	       !is_stranger(bridge, &pair->row.watcher);
}

/* The watcher's link is down or full: the answer is owed until it takes more. */
static void answer(struct bridge *bridge, struct act *act)
{
	struct pair *pair = act->pair;
	struct half *half = &bridge->sides[watcher_side(pair)];
	struct side_link *link = pair_link(bridge, pair, watcher_side(pair));
	struct watch watch = pair_watch(pair);
	const struct presence *now = NULL;

	if (!link->is_up) {
		pair->answer_owed = (uint8_t)(1 + act->answer);
		return;
	}
	if (link_is_full(link)) {
		pair->answer_owed = (uint8_t)(1 + act->answer);
		outward_put(bridge, pair, watcher_side(pair), OWED_ANSWER);
		return;
	}
	/* A later word overtook this one. */
	if (act->answer == WATCH_ALLOWED &&
	    (!pair_is_granted(pair) || access_is_barred(bridge, pair)))
		return;
	/* What he sees may be true: it goes with the first state, or with the end of the hold. */
	if (act->answer == WATCH_ALLOWED && pair->entry == NULL && pair->doubts_all) {
		pair->answer_owed = 1 + WATCH_ALLOWED;
		return;
	}
	if (act->answer == WATCH_ALLOWED) {
		now = book_now(pair->entry);
		show_was_told(bridge, pair);
	}
	pair->answer_owed = 0;
	pair->said_ms = now_ms(bridge);
	if (pair->is_unsaved) {
		pair->is_unsaved = false;
		bridge_save(bridge, pair);
	}
	half->ops->answer(half->side, &watch, act->answer,
			  has_reason(bridge, pair) ? act->fault : NULL, now);
}

static void act_run(struct bridge *bridge, struct act *act)
{
	struct pair *pair = act->pair;
	struct half *half = &bridge->sides[watched_side(pair)];
	struct watch watch = pair_watch(pair);

	watch.nick = act->nick;
	switch (act->kind) {
	case ACT_WATCH:
	case ACT_ASK:
		if (!access_is_barred(bridge, pair))
			half->ops->watch(half->side, &watch, act->kind == ACT_ASK);
		break;
	case ACT_REST:
	case ACT_END:
		half->ops->unwatch(half->side, &watch,
				   act->kind == ACT_END ? UNWATCH_END : UNWATCH_REST);
		break;
	case ACT_REFRESH:
		if (pair_link(bridge, pair, watched_side(pair))->is_up &&
		    !access_is_barred(bridge, pair))
			half->ops->refresh(half->side, &watch);
		break;
	case ACT_ANSWER:
		answer(bridge, act);
		break;
	}
}

static void run_acts(struct bridge *bridge)
{
	while (!list_is_empty(&bridge->acts)) {
		struct act *act = LIST_ENTRY(bridge->acts.next, struct act, place);
		struct pair *pair = act->pair;

		act_run(bridge, act);
		act_free(act);
		pair->acts--;
		bridge_let_go(bridge, pair);
	}
}

/* After the acts: subscribed goes before the first presence (PRES-045). */
static void run_shows(struct bridge *bridge)
{
	while (!list_is_empty(&bridge->shows)) {
		struct pair *pair = LIST_ENTRY(bridge->shows.next, struct pair, shows);

		list_remove(&pair->shows);
		show_now(bridge, pair);
		bridge_let_go(bridge, pair);
	}
}

static void run(void *arg)
{
	struct bridge *bridge = arg;

	bridge->acts_deferred = false;
	run_acts(bridge);
	run_shows(bridge);
}

void acts_schedule(struct bridge *bridge)
{
	if (bridge->acts_deferred)
		return;
	bridge->acts_deferred = true;
	loop_defer(bridge->params.loop, run, bridge);
}

void acts_free(struct bridge *bridge)
{
	while (!list_is_empty(&bridge->acts)) {
		struct act *act = LIST_ENTRY(bridge->acts.next, struct act, place);

		act->pair->acts--;
		act_free(act);
	}
	LIST_EACH(it, next, &bridge->shows)
	list_remove(it);
	for (unsigned i = 0; i < bridge->link_count; i++) {
		loop_timer_cancel(&bridge->links[i].kept_timer);
		LIST_EACH(it, next, &bridge->links[i].kept)
		list_remove(it);
	}
}
