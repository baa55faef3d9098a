/* Whose turn it is to be handed over, and what became of it (D-37). Each lane goes on with its next
 * message when the one before has ended; lanes are served in turn (REL-047). */
#include "base/mem.h"
#include "base/random.h"
#include "core/bridge_private.h"
#include "core/exchanges.h"
#include "model/counters.h"
#include "model/limits.h"

enum {
	STORE_AFTER_MS = 500,
	FULL_MS = 50,      /* a side that is full is looked at again */
	ALONE_MS = 1000,   /* what was handed over alone so long ago does no harm (REL-006) */
	REPEAT_MS = 32000, /* 64*T1: what a transaction layer remembers (REL-004) */
	UNKNOWNS_MOST = 3, /* repetitions without word */
	FAILURES_MOST = 3, /* tries within a minute */
	FAILURES_APART_MS = 20000,
	RETRY_AFTER_MOST_S = 3600,
	/* A stanza that ends the stream whenever it is written: first alone, then no more. */
	XMPP_UNKNOWNS_ALONE = 3,
	XMPP_UNKNOWNS_MOST = 6
};

static struct toward *toward_of(struct bridge *bridge, const struct queue_lane *lane)
{
	return &bridge->flow.toward[lane->to.side];
}

static bool may_hand_over(const struct bridge *bridge, enum side side)
{
	return bridge->flow.is_loaded && !bridge->is_stopped && bridge->links[side].is_up &&
	       bridge->links[side].ops != NULL;
}

/* Lanes ---------------------------------------------------------------------------------------- */

static bool is_ready(const struct queue_item *item)
{
	return item->is_stored && !item->is_sent && item->calls == 0 &&
	       !list_is_linked(&item->write);
}

void hand_over_kick(struct bridge *bridge, struct queue_lane *lane)
{
	struct toward *toward = toward_of(bridge, lane);
	const struct queue_item *first = queue_lane_first(lane);

	if (first == NULL) {
		queue_let_go(bridge->flow.queue, lane);
		return;
	}
	if (!bridge->flow.is_loaded || list_is_linked(&lane->place) || lane->sent > 0 ||
	    !is_ready(first))
		return;
	list_append(lane->is_careful ? &toward->careful : &toward->ready, &lane->place);
	hand_over_schedule(bridge);
}

static void on_due(void *arg)
{
	struct queue_lane *lane = arg;

	lane->was_early = false;
	list_remove(&lane->place);
	list_remove(&lane->hope);
	hand_over_kick(lane->owner, lane);
}

/* Not before its time, or before others of the peer get through. */
static void wait(struct bridge *bridge, struct queue_lane *lane, const struct fault *fault,
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
	list_append(&toward_of(bridge, lane)->waiting, &lane->place);
	loop_timer_set(bridge->params.loop, &lane->timer, delay, on_due, lane);
}

static void go_early(struct bridge *bridge, struct queue_lane *lane)
{
	struct toward *toward = toward_of(bridge, lane);

	loop_timer_cancel(&lane->timer);
	list_remove(&lane->hope);
	list_remove(&lane->place);
	list_append(lane->is_careful ? &toward->careful : &toward->paced, &lane->place);
	hand_over_schedule(bridge);
}

/* The peer answers again. A lane that then fails all the same waits for its own time. */
static void wake_others(struct bridge *bridge, const struct queue_lane *lane)
{
	LIST_EACH(it, next, &lane->peer->hoping)
	{
		struct queue_lane *other = LIST_ENTRY(it, struct queue_lane, hope);

		other->was_early = true;
		go_early(bridge, other);
	}
}

void hand_over_link_up(struct bridge *bridge, enum side side)
{
	struct toward *toward = &bridge->flow.toward[side];

	LIST_EACH(it, next, &toward->ready)
	go_early(bridge, LIST_ENTRY(it, struct queue_lane, place));
	LIST_EACH(it, next, &toward->waiting)
	go_early(bridge, LIST_ENTRY(it, struct queue_lane, place));
	hand_over_schedule(bridge);
}

/* Serving -------------------------------------------------------------------------------------- */

/* NULL if it is not ready after all: then its next event brings it back. */
static struct queue_item *take_first(struct list *lanes)
{
	struct queue_lane *lane = LIST_ENTRY(lanes->next, struct queue_lane, place);
	struct queue_item *first = queue_lane_first(lane);

	list_remove(&lane->place);
	return lane->sent == 0 && is_ready(first) ? first : NULL;
}

static void start(struct bridge *bridge, struct list *lanes)
{
	struct queue_item *item = take_first(lanes);

	if (item == NULL)
		return;
	if (flow_is_expired(bridge, item))
		flow_expire(bridge, item);
	else
		hand_over(bridge, item, NULL);
}

static void serve(void *arg);

static void look_again(struct bridge *bridge, struct toward *toward, uint64_t ms)
{
	if (!loop_timer_is_set(&toward->timer))
		loop_timer_set(bridge->params.loop, &toward->timer, ms, serve, bridge);
}

static bool has_room(const struct bridge *bridge, enum side side)
{
	return (int64_t)bridge->flow.toward[side].sent < bridge->params.limits->messages_pending &&
	       !side_is_full(bridge, side);
}

static void serve_side(struct bridge *bridge, enum side side)
{
	struct toward *toward = &bridge->flow.toward[side];
	double per_s = (double)bridge->params.limits->outward_per_s;
	double burst = per_s / 10 + 1;

	while (!list_is_empty(&toward->ready) && has_room(bridge, side))
		start(bridge, &toward->ready);
	while (!list_is_empty(&toward->paced) && has_room(bridge, side) &&
	       rate_take(&toward->rate, per_s, burst, now_ms(bridge)))
		start(bridge, &toward->paced);
	if (list_is_empty(&toward->ready) && list_is_empty(&toward->paced))
		return;
	if (!has_room(bridge, side))
		look_again(bridge, toward, FULL_MS);
	else
		look_again(bridge, toward,
			   1 + rate_wait_ms(&toward->rate, per_s, burst, now_ms(bridge)));
}

/* REL-006: the try is on disk before it is made. */
static void serve_careful(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;

	for (int side = 0; side < 2 && flow->tried == NULL; side++) {
		struct list *careful = &flow->toward[side].careful;
		struct queue_item *item;

		if (list_is_empty(careful) || !may_hand_over(bridge, (enum side)side))
			continue;
		if (!has_room(bridge, (enum side)side)) {
			look_again(bridge, &flow->toward[side], FULL_MS);
			continue;
		}
		item = take_first(careful);
		if (item == NULL)
			continue;
		item->tries++;
		flow->tried = item;
		flow_write(bridge, item, WRITE_TRIES);
	}
}

static void serve(void *arg)
{
	struct bridge *bridge = arg;

	bridge->flow.is_deferred = false;
	for (int side = 0; side < 2; side++) {
		if (may_hand_over(bridge, (enum side)side))
			serve_side(bridge, (enum side)side);
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
	for (int side = 0; side < 2; side++)
		loop_timer_cancel(&flow->toward[side].timer);
	LIST_EACH(it, next, queue_lanes(flow->queue))
	loop_timer_cancel(&LIST_ENTRY(it, struct queue_lane, all)->timer);
}

/* Handing over --------------------------------------------------------------------------------- */

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
	item->lane->sent++;
	toward_of(bridge, item->lane)->sent++;
}

static uint32_t repeats(const struct bridge *bridge, const struct queue_item *item)
{
	int64_t held_ms = loop_wall_ms(bridge->params.loop) - item->accepted_ms;

	return held_ms > 0 ? (uint32_t)(held_ms / REPEAT_MS) : 0;
}

static void hand_over_stored(struct bridge *bridge, struct queue_item *item)
{
	struct queue_lane *lane = item->lane;
	struct side_link *link = &bridge->links[lane->to.side];
	struct message message = {0};
	struct fault fault;

	if (message_decode(&message, item->value, item->value_len) != 0) {
		fault_set(&fault, FAULT_INTERNAL_SERVER_ERROR, "it cannot be read any more");
		flow_fail(bridge, item, &fault, &bridge->params.counters->messages_late);
		return;
	}
	message.repeat = repeats(bridge, item);
	if (message.sent_at_ms == 0)
		message.sent_at_ms = item->accepted_ms;
	note_sent(bridge, item);
	link->ops->deliver(link->side, item->x, &lane->from, &lane->to, &message);
	message_clear(&message);
}

void hand_over(struct bridge *bridge, struct queue_item *item, const struct message *message)
{
	struct queue_lane *lane = item->lane;
	struct side_link *link = &bridge->links[lane->to.side];

	if (message == NULL) {
		hand_over_stored(bridge, item);
		return;
	}
	note_sent(bridge, item);
	link->ops->deliver(link->side, item->x, &lane->from, &lane->to, message);
}

/* It has not crashed us so far, and others wait. */
static void calm(struct bridge *bridge, struct queue_item *item)
{
	bridge->flow.tried = NULL;
	loop_timer_cancel(&bridge->flow.tried_timer);
	if (item->lane != NULL)
		item->lane->is_careful = false;
	item->tries = 0;
	hand_over_schedule(bridge);
}

static void on_alone_so_long(void *arg)
{
	struct bridge *bridge = arg;
	struct queue_item *item = bridge->flow.tried;

	if (item == NULL)
		return;
	calm(bridge, item);
	flow_write(bridge, item, WRITE_CALM);
}

void hand_over_alone(struct bridge *bridge, struct queue_item *item)
{
	if (flow_is_expired(bridge, item)) {
		calm(bridge, item);
		flow_expire(bridge, item);
	} else if (!may_hand_over(bridge, item->lane->to.side)) {
		calm(bridge, item);
		item->lane->is_careful = true;
		flow_write(bridge, item, WRITE_CALM);
	} else {
		loop_timer_set(bridge->params.loop, &bridge->flow.tried_timer, ALONE_MS,
			       on_alone_so_long, bridge);
		hand_over(bridge, item, NULL);
	}
}

/* Proof ---------------------------------------------------------------------------------------- */

static uint64_t store_after_ms(const struct bridge *bridge)
{
	return bridge->params.store_after_ms > 0 ? (uint64_t)bridge->params.store_after_ms
						 : STORE_AFTER_MS;
}

/* D-36: the answer is 202 then. If there is no room, proof or the end of patience decides. */
static void store_unproved(struct bridge *bridge, struct queue_item *item)
{
	struct fault fault;

	list_remove(&item->turn);
	if (flow_has_room(bridge, item->lane, item->value_len, &fault))
		flow_keep(bridge, item);
}

static void on_no_proof(void *arg)
{
	struct bridge *bridge = arg;
	struct list *proofs = &bridge->flow.proofs;

	while (!list_is_empty(proofs)) {
		struct queue_item *item = LIST_ENTRY(proofs->next, struct queue_item, turn);
		uint64_t age = now_ms(bridge) - item->exchange->since_ms;

		if (age < store_after_ms(bridge)) {
			loop_timer_set(bridge->params.loop, &bridge->flow.proof_timer,
				       store_after_ms(bridge) - age, on_no_proof, bridge);
			return;
		}
		store_unproved(bridge, item);
	}
}

void hand_over_watch(struct bridge *bridge, struct queue_item *item)
{
	list_append(&bridge->flow.proofs, &item->turn);
	if (!loop_timer_is_set(&bridge->flow.proof_timer))
		loop_timer_set(bridge->params.loop, &bridge->flow.proof_timer,
			       store_after_ms(bridge), on_no_proof, bridge);
}

/* Outcomes ------------------------------------------------------------------------------------- */

static void taken(struct bridge *bridge, struct queue_item *item)
{
	struct counters *counters = bridge->params.counters;
	struct queue_lane *lane = item->lane;
	struct exchange *exchange = item->exchange;

	backoff_reset(&lane->backoff);
	lane->was_early = false;
	wake_others(bridge, lane);
	if (item->what == MESSAGE_REPORT)
		counters->receipts_out++;
	else
		receipts_taken(bridge, &lane->from, &lane->to, item->uid);
	if (exchange->owes_finish) {
		message_finish(bridge, exchange, OUTCOME_TAKEN, NULL);
	} else {
		message_settle(bridge, exchange);
		if (item->what == MESSAGE_REPORT)
			;
		else if (lane->to.side == SIDE_XMPP)
			counters->messages_to_xmpp++;
		else
			counters->messages_to_sip++;
	}
	flow_end(bridge, item);
}

/* Its sender has no answer yet: an error is his, anything else goes to the store (D-36). */
static void failed_early(struct bridge *bridge, struct queue_item *item, enum outcome outcome,
			 const struct fault *fault)
{
	struct exchange *exchange = item->exchange;
	struct fault full;

	if (outcome == OUTCOME_UNKNOWN || fault->again == AGAIN_PATH) {
		wait(bridge, item->lane, fault, true);
		if (item->is_kept)
			return; /* being written */
		if (flow_has_room(bridge, item->lane, item->value_len, &full)) {
			flow_keep(bridge, item);
			return;
		}
		if (outcome == OUTCOME_REFUSED)
			fault = &full;
	}
	(void)receipts_failed(bridge, item->uid);
	message_finish(bridge, exchange, outcome, fault);
	flow_end(bridge, item);
}

static bool is_held(const struct bridge *bridge, const struct queue_item *item)
{
	return item->accepted_ms / 1000 + bridge->params.hold_unavailable_s > wall_s(bridge);
}

static void try_again(struct bridge *bridge, struct queue_item *item, const struct fault *fault,
		      bool may_hope)
{
	struct fault slow = *fault;

	if (flow_is_expired(bridge, item)) {
		flow_expire(bridge, item);
		return;
	}
	bridge->params.counters->messages_queued++;
	if (fault->again == AGAIN_FEW && slow.retry_after_s < FAILURES_APART_MS / 1000)
		slow.retry_after_s = FAILURES_APART_MS / 1000;
	wait(bridge, item->lane, fault->again == AGAIN_FEW ? &slow : fault, may_hope);
	if (item->writing == WRITE_TRIES)
		flow_write(bridge, item, WRITE_CALM);
	hand_over_kick(bridge, item->lane);
}

static void give_up(struct bridge *bridge, struct queue_item *item, const struct fault *fault,
		    uint64_t *counter)
{
	if (item->what == MESSAGE_REPORT)
		flow_end(bridge, item); /* D-39: itself never reported */
	else
		flow_fail(bridge, item, fault, counter);
}

static void judge_unknown(struct bridge *bridge, struct queue_item *item, const struct fault *fault)
{
	struct fault uncertain;
	bool is_chat = item->lane->to.side == SIDE_XMPP;

	item->unknowns++;
	if (item->unknowns <= (is_chat ? XMPP_UNKNOWNS_MOST : UNKNOWNS_MOST)) {
		if (is_chat && item->unknowns >= XMPP_UNKNOWNS_ALONE)
			item->lane->is_careful = true;
		try_again(bridge, item, fault, true);
		return;
	}
	fault_set(&uncertain, FAULT_REMOTE_SERVER_TIMEOUT, "no answer: delivery is uncertain");
	give_up(bridge, item, &uncertain, &bridge->params.counters->messages_unknown);
}

static void judge_refused(struct bridge *bridge, struct queue_item *item, const struct fault *fault)
{
	uint64_t *late = &bridge->params.counters->messages_late;

	switch (fault->again) {
	case AGAIN_PATH:
		try_again(bridge, item, fault, true);
		return;
	case AGAIN_FEW:
		if (++item->failures < FAILURES_MOST) {
			try_again(bridge, item, fault, false);
			return;
		}
		break;
	case AGAIN_HELD:
		if (item->what == MESSAGE_TEXT && is_held(bridge, item)) {
			try_again(bridge, item, fault, false);
			return;
		}
		break;
	case AGAIN_NEVER:
		break;
	}
	give_up(bridge, item, fault, late);
}

/* In the queue: its sender has been told that it is safe. */
static void judge(struct bridge *bridge, struct queue_item *item, enum outcome outcome,
		  const struct fault *fault)
{
	message_settle(bridge, item->exchange);
	item->last_fault = (uint8_t)fault->code;
	if (outcome == OUTCOME_UNKNOWN)
		judge_unknown(bridge, item, fault);
	else
		judge_refused(bridge, item, fault);
}

void hand_over_ended(struct bridge *bridge, struct queue_item *item, enum outcome outcome,
		     const struct fault *fault)
{
	struct exchange *exchange = item->exchange;
	bool was_alone = bridge->flow.tried == item;

	exchange->is_awaited = false;
	item->is_sent = false;
	item->lane->sent--;
	toward_of(bridge, item->lane)->sent--;
	list_remove(&item->turn);
	if (bridge->is_stopped) {
		message_settle(bridge, exchange);
		if (outcome == OUTCOME_TAKEN)
			flow_end(bridge, item);
		return;
	}
	exchanges_touch(bridge->exchanges, exchange, now_ms(bridge));
	if (was_alone)
		calm(bridge, item);
	if (outcome == OUTCOME_TAKEN)
		taken(bridge, item);
	else if (exchange->owes_finish)
		failed_early(bridge, item, outcome, fault);
	else
		judge(bridge, item, outcome, fault);
}
