/* What became of a message that was handed over: taken, tried again, or failed (D-37); and what
 * goes to the store because there is no word of it yet (D-36). */
#include "base/mem.h"
#include "core/bridge_flow.h"
#include "core/bridge_private.h"
#include "core/exchanges.h"
#include "model/counters.h"

enum {
	STORE_AFTER_MS = 500,
	UNKNOWNS_MOST = 3, /* repetitions without word */
	FAILURES_MOST = 3, /* tries within a minute */
	FAILURES_APART_S = 20,
	HEARD_MS = 10000, /* who answered so lately is there */
	/* A stanza that ends the stream whenever it is written: first alone, then no more. */
	XMPP_UNKNOWNS_ALONE = 3,
	XMPP_UNKNOWNS_MOST = 6
};

static void taken(struct bridge *bridge, struct queue_item *item)
{
	struct counters *counters = bridge->params.counters;
	struct queue_lane *lane = item->lane;
	struct exchange *exchange = item->exchange;

	backoff_reset(&lane->backoff);
	lane->was_early = false;
	hand_over_wake_others(bridge, lane);
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
		hand_over_wait(bridge, item->lane, fault, true);
		if (item->is_kept)
			return; /* being written */
		if (flow_has_room(bridge, item->lane, item->value_len, &full)) {
			flow_keep(bridge, item);
			return;
		}
		flow_tell(bridge, QUEUE_FULL, item->lane, &full);
		if (outcome == OUTCOME_REFUSED)
			fault = &full;
	}
	(void)receipts_failed(bridge, item->uid);
	message_finish(bridge, exchange, outcome, fault);
	flow_end(bridge, item);
}

/* For how long messages.hold_unavailable still lets it wait. */
static int64_t held_s(const struct bridge *bridge, const struct queue_item *item)
{
	return item->accepted_ms / 1000 + bridge->params.hold_unavailable_s - steady_s(bridge);
}

/* D-37 says for how long it is tried, whatever the other side asks for. */
static int pause_s(const struct bridge *bridge, const struct queue_item *item,
		   const struct fault *fault)
{
	int64_t left;

	switch (fault->again) {
	case AGAIN_FEW:
		return FAILURES_APART_S;
	case AGAIN_HELD:
		left = held_s(bridge, item);
		return fault->retry_after_s < left ? fault->retry_after_s : (int)left;
	default:
		return fault->retry_after_s;
	}
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
	slow.retry_after_s = pause_s(bridge, item, fault);
	hand_over_wait(bridge, item->lane, &slow, may_hope);
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
	fault_set(&uncertain, FAULT_REMOTE_SERVER_TIMEOUT, "no answer");
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
		if (item->what == MESSAGE_TEXT && held_s(bridge, item) > 0) {
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

/* Once for each domain: that it cannot be reached, and that it answered again. While the link is
 * down that has been told; and a server that answers for others is there, whatever it says of one
 * of its users. */
static void tell_way(struct bridge *bridge, const struct queue_lane *lane, enum outcome outcome,
		     const struct fault *fault)
{
	struct queue_peer *peer = lane->peer;
	uint64_t now = now_ms(bridge);
	bool is_broken = outcome == OUTCOME_UNKNOWN ||
			 (outcome == OUTCOME_REFUSED && fault->again == AGAIN_PATH);

	if (!is_broken)
		peer->heard_ms = now;
	else if (!lane_link(lane)->is_up ||
		 (peer->heard_ms != 0 && now - peer->heard_ms < HEARD_MS))
		return;
	if (is_broken == peer->is_broken)
		return;
	peer->is_broken = is_broken;
	flow_tell(bridge, is_broken ? QUEUE_WAITS : QUEUE_GOES, lane, is_broken ? fault : NULL);
}

/* Whether the peer is there at all. */
static void count_word(struct queue_peer *peer, enum outcome outcome, const struct fault *fault)
{
	if (outcome == OUTCOME_UNKNOWN)
		peer->unknown++;
	else if (outcome == OUTCOME_TAKEN || fault->again != AGAIN_PATH)
		peer->unknown = 0;
}

void hand_over_ended(struct bridge *bridge, struct queue_item *item, enum outcome outcome,
		     const struct fault *fault)
{
	struct exchange *exchange = item->exchange;
	bool was_alone = item->is_tried;

	exchange->is_awaited = false;
	item->is_uncertain |= outcome == OUTCOME_UNKNOWN;
	hand_over_returned(bridge, item);
	count_word(item->lane->peer, outcome, fault);
	if (!was_alone)
		list_remove(&item->turn);
	if (bridge->is_stopped) {
		message_settle(bridge, exchange);
		if (outcome == OUTCOME_TAKEN)
			flow_end(bridge, item);
		return;
	}
	tell_way(bridge, item->lane, outcome, fault);
	exchanges_touch(bridge->exchanges, exchange, now_ms(bridge));
	if (was_alone)
		hand_over_calm(bridge, item);
	if (outcome == OUTCOME_TAKEN)
		taken(bridge, item);
	else if (exchange->owes_finish)
		failed_early(bridge, item, outcome, fault);
	else
		judge(bridge, item, outcome, fault);
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
