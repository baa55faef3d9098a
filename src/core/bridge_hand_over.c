/* Whose turn it is to be handed over (D-37). Each lane goes on with its next
 * message when the one before has ended; lanes are served in turn (REL-047). */
#include "base/mem.h"
#include "base/random.h"
#include "core/bridge_flow.h"
#include "core/bridge_private.h"
#include "core/exchanges.h"
#include "model/counters.h"
#include "model/limits.h"
#include "model/load.h"

enum {
	FULL_MS = 50, /* a side that is full is looked at again */
	FEW_SUSPECTS = 1000,
	SUSPECTS_MOST = 8,
	ALONE_MS = 1000,     /* what was handed over alone so long ago does no harm (REL-006) */
	ALONE_MANY_MS = 100, /* the same, while more than so many texts wait (REL-008) */
	ALONE_FEW = 60,
	REPEAT_MS = 32000, /* 64*T1: what a transaction layer remembers (REL-004) */
	RETRY_AFTER_MOST_S = 3600,
	MUTE_AFTER = 20,
	MUTE_SENT_MOST = 20,
	CALM_MS = 5000, /* a receipt waits so long while the load is high, at least */
};

static struct toward *toward_of(const struct queue_lane *lane)
{
	return &lane_link(lane)->toward;
}

static bool may_hand_over(const struct side_link *link)
{
	const struct bridge *bridge = link->bridge;

	return bridge->flow.is_loaded && !bridge->flow.is_draining && !bridge->is_stopped &&
	       link->is_up && bridge->sides[link->side].ops != NULL;
}

/* Lanes ---------------------------------------------------------------------------------------- */

static bool is_ready(const struct queue_item *item)
{
	return item->is_stored && !item->is_sent && item->calls == 0 &&
	       !list_is_linked(&item->write);
}

static void stop_calming(struct queue_lane *lane)
{
	lane->is_calming = false;
	loop_timer_cancel(&lane->timer);
	list_remove(&lane->place);
}

void hand_over_kick(struct bridge *bridge, struct queue_lane *lane)
{
	struct toward *toward = toward_of(lane);
	const struct queue_item *first = queue_lane_first(lane);

	if (first == NULL) {
		queue_let_go(bridge->flow.queue, lane);
		return;
	}
	if (lane->is_calming && first->place.next != &lane->items)
		stop_calming(lane);
	if (!bridge->flow.is_loaded || list_is_linked(&lane->place) || lane->sent > 0 ||
	    lane->held > 0 || !is_ready(first))
		return;
	list_append(lane->is_careful ? &toward->careful : &toward->ready, &lane->place);
	hand_over_schedule(bridge);
}

static void on_due(void *arg)
{
	struct queue_lane *lane = arg;

	lane->was_early = false;
	lane->is_calming = false;
	list_remove(&lane->place);
	list_remove(&lane->hope);
	hand_over_kick(lane_link(lane)->bridge, lane);
}

void hand_over_wait(struct bridge *bridge, struct queue_lane *lane, const struct fault *fault,
		    bool may_hope)
{
	int asked_s = fault->retry_after_s;
	uint64_t delay;

	if (loop_timer_is_set(&lane->timer))
		return;
	delay = backoff_next_ms(&lane->backoff);
	if (asked_s > 0) {
		asked_s = asked_s > RETRY_AFTER_MOST_S ? RETRY_AFTER_MOST_S : asked_s;
		delay = (uint64_t)asked_s * 1000 + random_below(1000);
	} else if (may_hope && !lane->was_early) {
		list_remove(&lane->hope);
		list_append(&lane->peer->hoping, &lane->hope);
	}
	list_remove(&lane->place);
	list_append(&toward_of(lane)->waiting, &lane->place);
	loop_timer_set(bridge->params.loop, &lane->timer, delay, on_due, lane);
}

static void go_early(struct bridge *bridge, struct queue_lane *lane)
{
	struct toward *toward = toward_of(lane);

	lane->is_calming = false;
	loop_timer_cancel(&lane->timer);
	list_remove(&lane->hope);
	list_remove(&lane->place);
	list_append(lane->is_careful ? &toward->careful : &toward->paced, &lane->place);
	hand_over_schedule(bridge);
}

void hand_over_wake_others(struct bridge *bridge, const struct queue_lane *lane)
{
	LIST_EACH(it, next, &lane->peer->hoping)
	{
		struct queue_lane *other = LIST_ENTRY(it, struct queue_lane, hope);

		other->was_early = true;
		go_early(bridge, other);
	}
}

void hand_over_link_up(struct side_link *link)
{
	LIST_EACH(it, next, &link->toward.ready)
	go_early(link->bridge, LIST_ENTRY(it, struct queue_lane, place));
	LIST_EACH(it, next, &link->toward.waiting)
	go_early(link->bridge, LIST_ENTRY(it, struct queue_lane, place));
	hand_over_schedule(link->bridge);
}

/* Serving -------------------------------------------------------------------------------------- */

/* NULL if it is not ready after all: then its next event brings it back. */
static struct queue_item *take_first(struct list *lanes)
{
	struct queue_lane *lane = LIST_ENTRY(lanes->next, struct queue_lane, place);
	struct queue_item *first = queue_lane_first(lane);

	list_remove(&lane->place);
	return lane->sent == 0 && lane->held == 0 && is_ready(first) ? first : NULL;
}

/* A peer that gives no word to anybody is asked by some lanes at a time: each question is one of
 * the few that a message has, and costs 32 s of memory. What was never tried may go. */
static bool is_mute(const struct queue_item *item)
{
	const struct queue_peer *peer = item->lane->peer;

	return item->lane->to.side == SIDE_SIP && item->unknowns > 0 &&
	       peer->unknown >= MUTE_AFTER && peer->sent >= MUTE_SENT_MOST;
}

static void wait_for_word(struct bridge *bridge, struct queue_lane *lane)
{
	static const struct fault none = {0};

	hand_over_wait(bridge, lane, &none, true);
}

/* REL-042: a receipt waits for calmer times, unless texts wait behind it. It is on disk, so it is
 * not lost. */
static bool may_wait(const struct bridge *bridge, const struct queue_item *item)
{
	return item->what == MESSAGE_REPORT && load_level(bridge->params.load) >= LOAD_OVERLOADED &&
	       item->place.next == &item->lane->items;
}

static void wait_for_calm(struct bridge *bridge, struct queue_lane *lane)
{
	struct toward *toward = toward_of(lane);

	lane->is_calming = true;
	list_append(&toward->waiting, &lane->place);
	loop_timer_set(bridge->params.loop, &lane->timer, CALM_MS + random_below(CALM_MS), on_due,
		       lane);
}

static void start(struct bridge *bridge, struct list *lanes)
{
	struct queue_item *item = take_first(lanes);

	if (item == NULL)
		return;
	if (flow_is_expired(bridge, item))
		flow_expire(bridge, item);
	else if (is_mute(item))
		wait_for_word(bridge, item->lane);
	else if (may_wait(bridge, item))
		wait_for_calm(bridge, item->lane);
	else
		hand_over(bridge, item, NULL);
}

static void serve(void *arg);

static void look_again(struct bridge *bridge, struct toward *toward, uint64_t ms)
{
	if (!loop_timer_is_set(&toward->timer))
		loop_timer_set(bridge->params.loop, &toward->timer, ms, serve, bridge);
}

static bool has_room(const struct side_link *link)
{
	return (int64_t)link->toward.sent < link->bridge->params.limits->messages_pending &&
	       !link_is_full(link);
}

static void serve_link(struct side_link *link)
{
	struct bridge *bridge = link->bridge;
	struct toward *toward = &link->toward;
	double per_s = (double)bridge->params.limits->outward_per_s;
	double burst = per_s / 10 + 1;

	while (!list_is_empty(&toward->ready) && has_room(link))
		start(bridge, &toward->ready);
	while (!list_is_empty(&toward->paced) && has_room(link) &&
	       rate_take(&toward->rate, per_s, burst, now_ms(bridge)))
		start(bridge, &toward->paced);
	if (list_is_empty(&toward->ready) && list_is_empty(&toward->paced))
		return;
	if (!has_room(link))
		look_again(bridge, toward, FULL_MS);
	else
		look_again(bridge, toward,
			   1 + rate_wait_ms(&toward->rate, per_s, burst, now_ms(bridge)));
}

/* One, so that it is known which one did it. After a long break one costs a commit for each pair:
 * then some, and if a crash ends that, each of them alone at the next start. */
static size_t suspects_at_a_time(const struct bridge *bridge)
{
	return bridge->flow.texts > FEW_SUSPECTS && bridge->flow.doubted == 0 ? SUSPECTS_MOST : 1;
}

/* REL-006: the try is on disk before it is made. */
static void try_suspect(struct bridge *bridge, struct queue_item *item)
{
	struct flow *flow = &bridge->flow;

	item->tries += suspects_at_a_time(bridge) == 1 ? QUEUE_TRIES_ALONE : 1;
	item->is_tried = true;
	item->tried_ms = now_ms(bridge);
	list_append(&flow->tried, &item->turn);
	flow->tried_count++;
	flow_write(bridge, item, WRITE_TRIES);
}

/* False if none of that link can be tried now. */
static bool try_next(struct side_link *link)
{
	struct bridge *bridge = link->bridge;
	struct toward *toward = &link->toward;

	while (may_hand_over(link) && !list_is_empty(&toward->careful)) {
		struct queue_item *item;

		if (!has_room(link)) {
			look_again(bridge, toward, FULL_MS);
			return false;
		}
		item = take_first(&toward->careful);
		if (item == NULL)
			continue;
		try_suspect(bridge, item);
		return true;
	}
	return false;
}

/* The links in turn: where nobody answers, each suspect takes its time. */
static void serve_careful(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;
	unsigned idle = 0;

	while (idle < bridge->link_count && flow->tried_count < suspects_at_a_time(bridge)) {
		struct side_link *link = &bridge->links[flow->suspect_link];

		flow->suspect_link = (flow->suspect_link + 1) % bridge->link_count;
		idle = try_next(link) ? 0 : idle + 1;
	}
}

static void serve(void *arg)
{
	struct bridge *bridge = arg;

	bridge->flow.is_deferred = false;
	for (unsigned i = 0; i < bridge->link_count; i++) {
		if (may_hand_over(&bridge->links[i]))
			serve_link(&bridge->links[i]);
	}
	serve_careful(bridge);
}

void hand_over_schedule(struct bridge *bridge)
{
	if (bridge->flow.is_deferred || bridge->is_stopped)
		return;
	bridge->flow.is_deferred = true;
	loop_defer(bridge->params.loop, serve, bridge);
}

void hand_over_stop(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;

	loop_timer_cancel(&flow->tried_timer);
	loop_timer_cancel(&flow->proof_timer);
	for (unsigned i = 0; i < bridge->link_count; i++)
		loop_timer_cancel(&bridge->links[i].toward.timer);
	LIST_EACH(it, next, queue_lanes(flow->queue))
	loop_timer_cancel(&LIST_ENTRY(it, struct queue_lane, all)->timer);
}

/* Handing over --------------------------------------------------------------------------------- */

static void count_sent(struct queue_lane *lane, bool is_more)
{
	size_t one = is_more ? 1 : (size_t)-1;

	lane->sent += one;
	lane->peer->sent += one;
	toward_of(lane)->sent += one;
}

void hand_over_returned(struct bridge *bridge, struct queue_item *item)
{
	item->is_sent = false;
	(void)bridge;
	count_sent(item->lane, false);
}

static void note_sent(struct bridge *bridge, struct queue_item *item)
{
	/* A word about an earlier hand-over must not be taken for one about this. */
	if (item->exchange == NULL) {
		if (item->was_sent)
			item->x = exchange_new();
		item->exchange = message_await(bridge, item->x);
		item->exchange->item = item;
	}
	item->exchange->is_awaited = true;
	item->is_sent = true;
	item->was_sent = true;
	count_sent(item->lane, true);
}

static uint32_t repeats(const struct bridge *bridge, const struct queue_item *item)
{
	int64_t held_ms = steady_ms(bridge) - item->accepted_ms;

	return held_ms > 0 ? (uint32_t)(held_ms / REPEAT_MS) : 0;
}

/* SEC-036: the rules hold when it is delivered, too; a report says nothing new to anybody. */
static bool is_barred(struct bridge *bridge, const struct queue_item *item)
{
	return item->what == MESSAGE_TEXT &&
	       !access_may_write(bridge, &item->lane->from, &item->lane->to);
}

static void hand_over_stored(struct bridge *bridge, struct queue_item *item)
{
	struct queue_lane *lane = item->lane;
	struct half *half = &bridge->sides[lane->to.side];
	struct message message = {0};
	struct fault fault;

	if (message_decode(&message, item->value, item->value_len) != 0) {
		fault_set(&fault, FAULT_INTERNAL_SERVER_ERROR, "it cannot be read any more");
		flow_fail(bridge, item, &fault, &bridge->params.counters->messages_late);
		return;
	}
	if (is_barred(bridge, item)) {
		message_clear(&message);
		fault_set(&fault, FAULT_SERVICE_UNAVAILABLE, NULL); /* no hint */
		flow_fail(bridge, item, &fault, &bridge->params.counters->messages_late);
		return;
	}
	message.repeat = repeats(bridge, item);
	message.may_be_known = item->was_sent;
	if (message.sent_at_ms == 0)
		message.sent_at_ms = item->accepted_ms - steady_ahead_ms(bridge);
	note_sent(bridge, item);
	half->ops->deliver(half->side, item->x, &lane->from, &lane->to, &message);
	message_clear(&message);
}

void hand_over(struct bridge *bridge, struct queue_item *item, const struct message *message)
{
	struct queue_lane *lane = item->lane;
	struct half *half = &bridge->sides[lane->to.side];

	if (message == NULL) {
		hand_over_stored(bridge, item);
		return;
	}
	note_sent(bridge, item);
	half->ops->deliver(half->side, item->x, &lane->from, &lane->to, message);
}

static void on_alone_so_long(void *arg);

static uint64_t alone_ms(const struct bridge *bridge)
{
	return bridge->flow.texts > ALONE_FEW ? ALONE_MANY_MS : ALONE_MS;
}

static void watch_tried(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;
	const struct queue_item *oldest;
	uint64_t age;

	if (list_is_empty(&flow->tried) || loop_timer_is_set(&flow->tried_timer))
		return;
	oldest = LIST_ENTRY(flow->tried.next, struct queue_item, turn);
	age = now_ms(bridge) - oldest->tried_ms;
	loop_timer_set(bridge->params.loop, &flow->tried_timer,
		       age < alone_ms(bridge) ? alone_ms(bridge) - age : 0, on_alone_so_long,
		       bridge);
}

void hand_over_forget(struct bridge *bridge, struct queue_item *item)
{
	if (item->is_doubted) {
		item->is_doubted = false;
		bridge->flow.doubted--;
	}
	if (!item->is_tried)
		return;
	item->is_tried = false;
	list_remove(&item->turn);
	bridge->flow.tried_count--;
	hand_over_schedule(bridge);
}

void hand_over_calm(struct bridge *bridge, struct queue_item *item)
{
	hand_over_forget(bridge, item);
	item->lane->is_careful = false;
	item->tries = 0;
}

/* Those whose try is still being written are younger than they look. */
static void on_alone_so_long(void *arg)
{
	struct bridge *bridge = arg;

	LIST_EACH(it, next, &bridge->flow.tried)
	{
		struct queue_item *item = LIST_ENTRY(it, struct queue_item, turn);

		if (!item->is_sent)
			item->tried_ms = now_ms(bridge);
		if (now_ms(bridge) - item->tried_ms < alone_ms(bridge))
			continue;
		hand_over_calm(bridge, item);
		flow_write(bridge, item, WRITE_CALM);
	}
	watch_tried(bridge);
}

void hand_over_alone(struct bridge *bridge, struct queue_item *item)
{
	if (flow_is_expired(bridge, item)) {
		hand_over_calm(bridge, item);
		flow_expire(bridge, item);
	} else if (!may_hand_over(lane_link(item->lane))) {
		hand_over_calm(bridge, item);
		item->lane->is_careful = true;
		flow_write(bridge, item, WRITE_CALM);
	} else {
		item->tried_ms = now_ms(bridge);
		watch_tried(bridge);
		hand_over(bridge, item, NULL);
	}
}
