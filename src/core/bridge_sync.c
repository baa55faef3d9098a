/* What is said again after a start or a break of a link, paced (D-49, PRS-006, PRS-007), and the
 * slow tidying. Passes over all pairs go some at a time; what they find goes through one queue per
 * side. */
#include "core/bridge_flow.h"
#include "core/bridge_private.h"
#include "core/presence_book.h"
#include "model/limits.h"

enum {
	WALK_BATCH = 2000,
	WALK_EVERY_MS = 5,
	SYNC_EVERY_MS = 60000, /* REL-027 */
	TIDY_EVERY_MS = 3600 * 1000,
	UNSURE_MS = UNSURE_S * 1000,
	TICK_MS = 20 /* of the outward queues */
};

/* Outward queues ------------------------------------------------------------------------------- */

static void on_sip_turn(void *arg);
static void on_xmpp_turn(void *arg);

static void set_turn(struct bridge *bridge, enum side side, uint64_t wait_ms)
{
	struct loop_timer *timer = &bridge->sides[side].outward_timer;

	if (!loop_timer_is_set(timer))
		loop_timer_set(bridge->params.loop, timer, wait_ms,
			       side == SIDE_SIP ? on_sip_turn : on_xmpp_turn, bridge);
}

void outward_put(struct bridge *bridge, struct pair *pair, enum side side, unsigned owed)
{
	pair->owed[side] |= (uint8_t)owed;
	if (!list_is_linked(&pair->outward[side]))
		list_append(&pair_link(bridge, pair, side)->outward, &pair->outward[side]);
	set_turn(bridge, side, 0);
}

static bool is_within(const struct unsure *unsure, uint64_t ms)
{
	return ms >= unsure->from_ms && ms < unsure->to_ms;
}

/* XEP-0114 acknowledges nothing: what was said of the pair shortly before the link broke is said
 * again. To a chat server that has heard it before it is no news. */
static bool may_be_lost(const struct pair *pair, uint64_t said_ms)
{
	return is_within(&pair->chat->repeat, said_ms);
}

static bool is_unsure(const struct pair *pair)
{
	return may_be_lost(pair, pair->entered_ms);
}

/* A server that knows the question already does not put it to its user again (RFC 6121 3.1.3). */
static bool may_be_asked(const struct pair *pair)
{
	enum pair_phase phase = pair_phase(&pair->row);

	return phase == PHASE_QUIET || (phase == PHASE_ASKED && is_unsure(pair));
}

/* The watched is on this side. The state may have changed since this was queued. */
static void turn_watched(struct bridge *bridge, struct pair *pair, unsigned owed)
{
	if (!pair->is_live || !pair_is_wanted(pair))
		return;
	if ((owed & OWED_ASK) != 0 && may_be_asked(pair))
		bridge_step(bridge, pair, EVENT_REQUESTED_DUE, NULL, NULL);
	if ((owed & OWED_WATCH) != 0) {
		acts_watch(bridge, pair, false, NULL);
		show_start_hold(bridge, pair);
	}
	/* Her server would answer a probe for one who is only asking, and that with a refusal. */
	if ((owed & OWED_REFRESH) != 0 &&
	    (watched_side(pair) == SIDE_SIP || pair_is_granted(pair))) {
		/* A document replaces all that was known, stanzas come for each device. */
		show_doubt(bridge, pair, watched_side(pair) == SIDE_SIP);
		show_start_hold(bridge, pair);
		acts_refresh(bridge, pair);
	}
}

/* The watcher is on this side. */
static void turn_watcher(struct bridge *bridge, struct pair *pair, unsigned owed)
{
	/* He has asked again since: that it ended is no answer any more. */
	if (pair->answer_owed > 1 + WATCH_PENDING && pair_is_wanted(pair) &&
	    watcher_side(pair) == SIDE_XMPP)
		pair->answer_owed = 0;
	if ((owed & OWED_ANSWER) != 0 && pair->answer_owed != 0)
		acts_answer(bridge, pair, (enum watch_answer)(pair->answer_owed - 1), NULL);
	if ((owed & OWED_SHOW) != 0)
		show_later(bridge, pair);
}

/* The next link of the side that has work and is up; what is down keeps its own waiting. */
static struct side_link *next_link(struct bridge *bridge, enum side side)
{
	unsigned first = side == SIDE_SIP ? SIP_LINK : CHAT_LINKS;
	unsigned count = side == SIDE_SIP ? 1 : bridge->link_count - CHAT_LINKS;
	struct half *half = &bridge->sides[side];

	for (unsigned i = 0; i < count; i++) {
		struct side_link *link = &bridge->links[first + half->turn];

		half->turn = (half->turn + 1) % count;
		if (link->is_up && !list_is_empty(&link->outward))
			return link;
	}
	return NULL;
}

static void take_turns(struct bridge *bridge, enum side side)
{
	struct half *half = &bridge->sides[side];
	struct side_link *link = next_link(bridge, side);
	double per_s = (double)bridge->params.limits->outward_per_s;
	double burst = per_s < 50 ? 1 : per_s * TICK_MS / 1000;
	uint64_t now = now_ms(bridge);

	/* Everything is looked at again when its turn comes. */
	for (; link != NULL; link = next_link(bridge, side)) {
		struct pair *pair = LIST_ENTRY(link->outward.next, struct pair, outward[side]);
		unsigned owed = pair->owed[side];

		if (owed != 0 && !rate_take(&half->rate, per_s, burst, now)) {
			uint64_t wait = rate_wait_ms(&half->rate, per_s, burst, now);

			set_turn(bridge, side, wait < TICK_MS ? TICK_MS : wait);
			return;
		}
		list_remove(&pair->outward[side]);
		pair->owed[side] = 0;
		if (watched_side(pair) == side)
			turn_watched(bridge, pair, owed);
		else
			turn_watcher(bridge, pair, owed);
	}
}

static void on_sip_turn(void *arg)
{
	take_turns(arg, SIDE_SIP);
}

static void on_xmpp_turn(void *arg)
{
	take_turns(arg, SIDE_XMPP);
}

/* Passes over all pairs ------------------------------------------------------------------------ */

/* D-49: first sources for those who are not known to be offline, which is everybody now. For SIP
 * watchers nothing happens until they subscribe. */
static void visit_start(struct bridge *bridge, struct pair *pair)
{
	if (watched_side(pair) != SIDE_SIP || !pair_is_wanted(pair) || pair->is_live)
		return;
	bridge_set_live(bridge, pair, true);
	/* What was shown before the start may stand for the hold, if it is not heard again. */
	pair->told_open = pair_is_granted(pair);
	pair->doubts_all = pair->told_open;
	outward_put(bridge, pair, SIDE_SIP, OWED_WATCH);
}

static void owe_watcher(struct bridge *bridge, struct pair *pair, enum side side)
{
	if (pair->answer_owed != 0)
		outward_put(bridge, pair, side, OWED_ANSWER);
	else if (pair_is_granted(pair))
		outward_put(bridge, pair, side, OWED_SHOW);
}

/* What was said since the link came up is not said again when the resync gets here. */
static bool is_said(const struct pair *pair)
{
	return pair->said_ms != 0 && pair->said_ms >= pair->chat->up_ms;
}

static void owe_answer_again(struct pair *pair)
{
	if (pair->answer_owed != 0 || is_said(pair) ||
	    (!is_unsure(pair) && !may_be_lost(pair, pair->said_ms)))
		return;
	if (pair_is_granted(pair))
		pair->answer_owed = 1 + WATCH_ALLOWED;
	else if (pair->row.state == PAIR_REFUSED || pair->row.state == PAIR_ENDED)
		pair->answer_owed = 1 + WATCH_REJECTED;
}

bool sync_owes_grant(const struct pair *pair)
{
	const struct side_link *link = pair->chat;
	/* Not empty: the resync is still to begin. */
	const struct unsure *unsure = link->unsure.to_ms != 0 ? &link->unsure : &link->repeat;

	if (watcher_side(pair) != SIDE_XMPP || !pair_is_granted(pair))
		return false;
	if (pair->answer_owed != 0)
		return pair->answer_owed == 1 + WATCH_ALLOWED;
	return !is_said(pair) &&
	       (is_within(unsure, pair->entered_ms) || is_within(unsure, pair->said_ms));
}

/* True if a probe tells whether he is online, or a link that was never away does. */
static bool is_probed(const struct user *user)
{
	LIST_EACH(it, next, &user->watched)
	{
		const struct pair *pair = LIST_ENTRY(it, struct pair, by_watched);

		if (pair_is_granted(pair) && pair->is_live && pair->chat->is_up)
			return true;
	}
	return false;
}

/* PRS-006 (probes), PRS-007 (presence again), and what was owed while the link was away. */
static void visit_sync_xmpp(struct bridge *bridge, struct pair *pair)
{
	if (watched_side(pair) == SIDE_SIP) {
		/* He may have come back while nobody could say so (D-20). */
		if (pair->watcher->is_gone && !is_probed(pair->watcher))
			interest_sign(bridge, pair->watcher, true);
		/* The chat server may have dropped what it knew, or never heard that somebody went:
		 * said again even if equal. */
		if ((book_is_open(pair->entry) || pair->told_open ||
		     may_be_lost(pair, pair->told_ms)) &&
		    pair->told_ms < pair->chat->up_ms)
			pair->told = 0;
		owe_answer_again(pair);
		owe_watcher(bridge, pair, SIDE_XMPP);
	} else if (pair->is_live && may_be_asked(pair)) {
		outward_put(bridge, pair, SIDE_XMPP, OWED_ASK);
	} else if (pair_is_granted(pair) && pair->is_live) {
		outward_put(bridge, pair, SIDE_XMPP, OWED_REFRESH);
	} else if (pair_is_granted(pair) && pair->is_recalled) {
		/* His phones may come back within the hold. */
		show_doubt(bridge, pair, false);
	} else if (pair_is_granted(pair)) {
		/* Nobody looks: what was missed is asked for with the next SUBSCRIBE. */
		show_forget(bridge, pair);
	}
}

static void visit_sync_sip(struct bridge *bridge, struct pair *pair)
{
	if (watched_side(pair) == SIDE_XMPP)
		owe_watcher(bridge, pair, SIDE_SIP);
	else if (pair_is_wanted(pair) && pair->is_live)
		outward_put(bridge, pair, SIDE_SIP, OWED_WATCH | OWED_REFRESH);
}

/* The users of a side are unknown now (D-26, REL-023, REL-024). */
static void visit_hide(struct bridge *bridge, struct pair *pair, enum side side)
{
	if (watched_side(pair) != side || !pair_is_granted(pair))
		return;
	pair->doubts_all = false;
	show_forget(bridge, pair);
	outward_put(bridge, pair, watcher_side(pair), OWED_SHOW);
}

static void visit(struct bridge *bridge, struct pair *pair, int walk)
{
	switch (walk) {
	case WALK_START:
		visit_start(bridge, pair);
		break;
	case WALK_TIDY:
		bridge_tidy_pair(bridge, pair);
		break;
	case WALK_RECALL:
		recall_again(bridge, pair);
		break;
	case WALK_SAVE:
		bridge_save_again(bridge, pair);
		break;
	case WALK_ACCESS:
		access_visit(bridge, pair);
		break;
	default:
		break;
	}
}

static void on_walk(void *arg);

static void set_walk_timer(struct bridge *bridge, uint64_t delay_ms)
{
	if (!loop_timer_is_set(&bridge->walk_timer))
		loop_timer_set(bridge->params.loop, &bridge->walk_timer, delay_ms, on_walk, bridge);
}

/* The next of the walk, or NULL: it is through. The visit may free it. */
static struct list *step(struct walk *walk, const struct list *head)
{
	struct list *at = walk->at;

	if (at == NULL || at == head) {
		walk->at = NULL;
		return NULL;
	}
	walk->at = at->next;
	return at;
}

/* left counts the visits that may still be made now; true if there is more to do. */
static bool walk_all(struct bridge *bridge, int walk, int *left)
{
	for (; *left > 0; --*left) {
		struct list *at = step(&bridge->walks[walk], pairs_all(bridge->pairs));

		if (at == NULL)
			return false;
		visit(bridge, LIST_ENTRY(at, struct pair, all), walk);
	}
	return bridge->walks[walk].at != NULL;
}

static bool walk_sip(struct bridge *bridge, struct side_link *link, struct walk *walk, int *left)
{
	for (; *left > 0; --*left) {
		struct list *at = step(walk, pairs_all(bridge->pairs));

		if (at == NULL)
			return false;
		if (walk == &link->sync)
			visit_sync_sip(bridge, LIST_ENTRY(at, struct pair, all));
		else
			visit_hide(bridge, LIST_ENTRY(at, struct pair, all), SIDE_SIP);
	}
	return walk->at != NULL;
}

static bool walk_chat(struct bridge *bridge, struct side_link *link, struct walk *walk, int *left)
{
	for (; *left > 0; --*left) {
		struct list *at = step(walk, &link->pairs);

		if (at == NULL)
			return false;
		if (walk == &link->sync)
			visit_sync_xmpp(bridge, LIST_ENTRY(at, struct pair, by_chat));
		else
			visit_hide(bridge, LIST_ENTRY(at, struct pair, by_chat), SIDE_XMPP);
	}
	return walk->at != NULL;
}

static void on_walk(void *arg)
{
	struct bridge *bridge = arg;
	int left = WALK_BATCH;
	bool more = false;

	for (int walk = 0; walk < WALK_COUNT; walk++)
		more |= walk_all(bridge, walk, &left);
	for (unsigned i = 0; i < bridge->link_count; i++) {
		struct side_link *link = &bridge->links[i];
		bool (*walk)(struct bridge *, struct side_link *, struct walk *, int *) =
			link->side == SIDE_SIP ? walk_sip : walk_chat;

		more |= walk(bridge, link, &link->sync, &left);
		more |= walk(bridge, link, &link->hide, &left);
	}
	if (more)
		set_walk_timer(bridge, WALK_EVERY_MS);
}

void walk_start(struct bridge *bridge, int walk)
{
	bridge->walks[walk].at = pairs_all(bridge->pairs)->next;
	set_walk_timer(bridge, 0);
}

static void leave(struct walk *walk, struct list *at)
{
	if (walk->at == at)
		walk->at = at->next;
}

void walk_leave(struct bridge *bridge, struct pair *pair)
{
	for (int walk = 0; walk < WALK_COUNT; walk++)
		leave(&bridge->walks[walk], &pair->all);
	leave(&bridge->links[SIP_LINK].sync, &pair->all);
	leave(&bridge->links[SIP_LINK].hide, &pair->all);
	leave(&pair->chat->sync, &pair->by_chat);
	leave(&pair->chat->hide, &pair->by_chat);
}

/* Links ---------------------------------------------------------------------------------------- */

static void walk_link(struct side_link *link, struct walk *walk)
{
	walk->at = link->side == SIDE_SIP ? pairs_all(link->bridge->pairs)->next : link->pairs.next;
	set_walk_timer(link->bridge, 0);
}

static void sync_link(struct side_link *link)
{
	link->is_hidden = false;
	link->repeat = link->unsure;
	link->unsure.from_ms = link->unsure.to_ms = 0;
	link->next_sync_ms = now_ms(link->bridge) + SYNC_EVERY_MS;
	link->hide.at = NULL;
	walk_link(link, &link->sync);
}

static void hide_link(struct side_link *link)
{
	link->is_hidden = true;
	link->sync.at = NULL;
	walk_link(link, &link->hide);
}

/* Down: the hold is over. Up: it is time for the next resync. */
static void on_link_timer(void *arg)
{
	struct side_link *link = arg;

	if (link->is_up)
		sync_link(link);
	else
		hide_link(link);
}

/* Until a resync was through, what was unsure before stays so. */
static void doubt_words(struct side_link *link, uint64_t now)
{
	if (link->unsure.to_ms == 0)
		link->unsure.from_ms = now > UNSURE_MS ? now - UNSURE_MS : 1;
	link->unsure.to_ms = now;
}

void bridge_link(struct bridge *bridge, enum side which, unsigned number, bool is_up)
{
	unsigned i = which == SIDE_SIP ? SIP_LINK : CHAT_LINKS + number;
	struct side_link *link = &bridge->links[i];
	uint64_t wait = (uint64_t)bridge->params.hold_s * 1000;
	uint64_t now = now_ms(bridge);

	if (bridge->is_stopped || i >= bridge->link_count || link->is_up == is_up)
		return;
	link->is_up = is_up;
	if (is_up)
		link->up_ms = now;
	if (!is_up) {
		doubt_words(link, now);
		typing_forget(bridge, link);
	}
	/* REL-027: a link that flaps causes one resync a minute. */
	if (is_up)
		wait = link->next_sync_ms > now ? link->next_sync_ms - now : 0;
	loop_timer_set(bridge->params.loop, &link->timer, wait, on_link_timer, link);
	if (is_up && !list_is_empty(&link->outward))
		set_turn(bridge, which, 0);
	if (is_up)
		hand_over_link_up(link);
}

static void on_tidy(void *arg)
{
	struct bridge *bridge = arg;

	walk_start(bridge, WALK_TIDY);
	loop_timer_set(bridge->params.loop, &bridge->tidy_timer, TIDY_EVERY_MS, on_tidy, bridge);
}

void sync_start(struct bridge *bridge)
{
	if (bridge->params.access != NULL)
		walk_start(bridge, WALK_ACCESS);
	walk_start(bridge, WALK_START);
	on_tidy(bridge);
	/* What was known before the start does not stand for longer than after a break. */
	for (unsigned i = 0; i < bridge->link_count; i++) {
		struct side_link *link = &bridge->links[i];

		if (!link->is_up && !loop_timer_is_set(&link->timer))
			loop_timer_set(bridge->params.loop, &link->timer,
				       (uint64_t)bridge->params.hold_s * 1000, on_link_timer, link);
	}
}

void sync_cancel(struct bridge *bridge)
{
	for (unsigned i = 0; i < bridge->link_count; i++)
		loop_timer_cancel(&bridge->links[i].timer);
	for (int side = 0; side < 2; side++)
		loop_timer_cancel(&bridge->sides[side].outward_timer);
	loop_timer_cancel(&bridge->walk_timer);
	loop_timer_cancel(&bridge->tidy_timer);
	loop_timer_cancel(&bridge->saves.timer);
}
