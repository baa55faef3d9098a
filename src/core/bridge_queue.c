/* What is kept until the other side took it (REL-001, REL-007): its rows, and the report its sender
 * gets when it fails.
 *
 *   accepted --write--> stored --handed over--> taken --drop--> gone
 *                          |                        \
 *                          +-- failed --write as a report--> stored --handed over--> ...
 */
#include <errno.h>

#include "base/mem.h"
#include "core/bridge_flow.h"
#include "core/bridge_private.h"
#include "core/exchanges.h"
#include "model/counters.h"
#include "model/limits.h"

enum {
	AGAIN_MS = 10000, /* what the store did not take */
	LIFE_S = 86400,   /* as messages.life */
	ROW_BYTES = 256   /* beside the text */
};

void flow_init(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;

	queue_new(&flow->queue);
	list_init(&flow->held);
	list_init(&flow->unwritten);
	list_init(&flow->proofs);
	list_init(&flow->drops);
	list_init(&flow->undropped);
	list_init(&flow->aside);
	list_init(&flow->suspects);
	list_init(&flow->tried);
	if (bridge->params.life_s == 0)
		bridge->params.life_s = LIFE_S;
}

static void free_over(struct list *list)
{
	LIST_EACH(it, next, list)
	queue_item_free(LIST_ENTRY(it, struct queue_item, turn));
}

void flow_free(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;

	hand_over_stop(bridge);
	loop_timer_cancel(&flow->again_timer);
	loop_timer_cancel(&flow->expiry_timer);
	free_over(&flow->drops);
	free_over(&flow->undropped);
	LIST_EACH(it, next, &flow->aside)
	{
		struct queue_item *item = LIST_ENTRY(it, struct queue_item, turn);

		queue_take_out(flow->queue, item);
		queue_item_free(item);
	}
	queue_free(&flow->queue);
}

int64_t flow_next_seq(struct bridge *bridge)
{
	/* Behind everything that is still to be read; numbered when that is done. */
	return bridge->flow.is_loaded ? ++bridge->flow.seq : INT64_MAX;
}

struct queue_lane *flow_lane(struct bridge *bridge, const struct address *from,
			     const struct address *to)
{
	struct queue_lane *lane = queue_lane(bridge->flow.queue, from, to);

	if (lane->owner == NULL)
		lane->owner = link_between(bridge, from, to);
	return lane;
}

/* Limits --------------------------------------------------------------------------------------- */

bool flow_has_room(struct bridge *bridge, const struct queue_lane *lane, size_t bytes,
		   struct fault *fault)
{
	const struct limits *limits = bridge->params.limits;
	struct limits_hit *hit = &bridge->params.counters->limits;
	const struct flow *flow = &bridge->flow;

	bytes += ROW_BYTES;
	if (flow->is_broken) {
		message_refuse_for_now(fault, FAULT_RATE, "nothing can be stored now");
	} else if ((int64_t)queue_count(flow->queue) >= limits->queue_messages) {
		hit->queue_messages++;
		message_refuse_for_now(fault, FAULT_RATE, "the queue is full");
	} else if ((int64_t)(queue_bytes(flow->queue) + bytes) > limits->queue_bytes) {
		hit->queue_bytes++;
		message_refuse_for_now(fault, FAULT_RATE, "the queue is full");
	} else if ((int64_t)lane->user->count >= limits->queue_messages_per_user) {
		hit->queue_messages_per_user++;
		message_refuse_for_now(fault, FAULT_RATE, "too many messages of this sender wait");
	} else if ((int64_t)(lane->user->bytes + bytes) > limits->queue_bytes_per_user) {
		hit->queue_bytes_per_user++;
		message_refuse_for_now(fault, FAULT_RATE, "too many messages of this sender wait");
	} else {
		return true;
	}
	return false;
}

/* Rows ----------------------------------------------------------------------------------------- */

/* The store is given the value that is there, and we keep a copy of the right size. */
static void give_value(struct queue_item *item, struct queue_row *row)
{
	row->value = item->value;
	row->value_len = item->value_len;
	item->value = mem_strndup(row->value, row->value_len);
}

/* A call of the store about the row of item. */
struct call {
	struct ledger *ledger;
	struct queue_item *item;
};

static struct call *call_new(struct bridge *bridge, struct queue_item *item)
{
	struct call *call = mem_alloc(sizeof *call);

	*call = (struct call){bridge->ledger, item};
	bridge->ledger->pending++;
	item->calls++;
	return call;
}

/* The item of the call, or NULL: its bridge is gone. */
static struct queue_item *call_end(struct call *call, struct bridge **bridge)
{
	struct ledger *ledger = call->ledger;
	struct queue_item *item = call->item;

	mem_free(call);
	ledger->pending--;
	*bridge = ledger->bridge;
	if (*bridge == NULL) {
		if (ledger->pending == 0)
			mem_free(ledger);
		return NULL;
	}
	item->calls--;
	return item;
}

static void on_written(int error, void *arg);

static bool is_new_value(const struct queue_item *item)
{
	return item->writing == WRITE_NEW || item->writing == WRITE_REPORT ||
	       (item->writing == WRITE_ASIDE && !item->is_stored);
}

/* Of a row. */
static int64_t wall_of(const struct bridge *bridge, int64_t at_ms)
{
	int64_t wall = at_ms - steady_ahead_ms(bridge);

	return wall > 0 ? wall : 0;
}

void flow_write(struct bridge *bridge, struct queue_item *item, enum queue_write why)
{
	const struct address *from = item->ends != NULL ? &item->ends[0] : &item->lane->from;
	const struct address *to = item->ends != NULL ? &item->ends[1] : &item->lane->to;
	struct queue_row row = {.seq = item->seq,
				.sender = *from,
				.recipient = *to,
				.accepted_ms = wall_of(bridge, item->accepted_ms),
				.expires_s = item->expires_s - steady_ahead_s(bridge),
				.tries = item->tries,
				.is_quarantined = item->is_aside};

	list_remove(&item->write);
	item->writing = (uint8_t)why;
	if (is_new_value(item))
		give_value(item, &row);
	store_take_queued(bridge->params.store, &row, on_written, call_new(bridge, item));
}

static void on_dropped(int error, void *arg);

static void drop_row(struct bridge *bridge, struct queue_item *item)
{
	list_append(&bridge->flow.drops, &item->turn);
	store_drop_queued(bridge->params.store, item->seq, on_dropped, call_new(bridge, item));
}

static void on_again(void *arg)
{
	struct bridge *bridge = arg;
	struct flow *flow = &bridge->flow;

	LIST_EACH(it, next, &flow->unwritten)
	{
		struct queue_item *item = LIST_ENTRY(it, struct queue_item, write);

		flow_write(bridge, item, (enum queue_write)item->writing);
	}
	LIST_EACH(it, next, &flow->undropped)
	{
		list_remove(it);
		drop_row(bridge, LIST_ENTRY(it, struct queue_item, turn));
	}
}

/* The last chance of what the store did not take. */
void flow_stop(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;

	hand_over_stop(bridge);
	loop_timer_cancel(&flow->again_timer);
	loop_timer_cancel(&flow->expiry_timer);
	on_again(bridge);
	LIST_EACH(it, next, &flow->tried)
	{
		struct queue_item *item = LIST_ENTRY(it, struct queue_item, turn);

		hand_over_calm(bridge, item);
		flow_write(bridge, item, WRITE_CALM);
	}
}

static void try_again(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;

	if (!loop_timer_is_set(&flow->again_timer) && !bridge->is_stopped)
		loop_timer_set(bridge->params.loop, &flow->again_timer, AGAIN_MS, on_again, bridge);
}

void flow_count_text(struct bridge *bridge, const struct queue_item *item, bool is_more)
{
	if (item->what == MESSAGE_TEXT && !item->is_aside)
		bridge->flow.texts += is_more ? 1 : (size_t)-1;
}

void flow_hold(struct queue_item *item)
{
	item->holds = item->lane;
	item->holds->held++;
}

static void release(struct bridge *bridge, struct queue_item *item)
{
	struct queue_lane *lane = item->holds;

	if (lane == NULL)
		return;
	item->holds = NULL;
	lane->held--;
	hand_over_kick(bridge, lane);
}

static void written(struct bridge *bridge, struct queue_item *item)
{
	struct exchange *exchange = item->exchange;

	item->is_stored = true;
	release(bridge, item);
	if (item->is_aside)
		return;
	if (item->writing == WRITE_TRIES) {
		hand_over_alone(bridge, item);
		return;
	}
	if (exchange != NULL && exchange->owes_finish) {
		message_finish(bridge, exchange, OUTCOME_STORED, NULL);
		receipts_stored(bridge, item->uid);
	}
	hand_over_kick(bridge, item->lane);
}

/* Not accepted after all. What was handed over before may still get its answer. */
static void not_stored(struct bridge *bridge, struct queue_item *item, int error)
{
	struct exchange *exchange = item->exchange;

	if (item->is_sent) {
		struct queue_lane *lane = item->lane;

		queue_take_out(bridge->flow.queue, item);
		queue_put(lane, item);
		flow_count_text(bridge, item, false);
		return;
	}
	if (exchange == NULL || !exchange->owes_finish)
		flow_end(bridge, item);
	else if (error == EIO) /* REL-010: the flush failed; the next start may find the row */
		message_end_uncertain(bridge, exchange);
	else
		message_end_unstored(bridge, exchange, FAULT_RATE, "it cannot be stored now");
}

/* A row that breaks a rule of the store (EINVAL) would do so again: it lives in memory. */
static void not_written(struct bridge *bridge, struct queue_item *item, int error)
{
	bridge->params.counters->store_failed++;
	if (bridge->is_stopped)
		return;
	if (item->writing == WRITE_NEW && item->what == MESSAGE_TEXT) {
		not_stored(bridge, item, error);
		return;
	}
	if (error == EINVAL) {
		written(bridge, item);
		return;
	}
	list_append(&bridge->flow.unwritten, &item->write);
	try_again(bridge);
}

static void on_written(int error, void *arg)
{
	struct bridge *bridge;
	struct queue_item *item = call_end(arg, &bridge);

	/* The last one decides. */
	if (item == NULL || item->is_over || item->calls > 0)
		return;
	if (error == 0)
		written(bridge, item);
	else
		not_written(bridge, item, error);
}

/* A row that stays would be told again by the next start. */
static void on_dropped(int error, void *arg)
{
	struct bridge *bridge;
	struct queue_item *item = call_end(arg, &bridge);

	if (item == NULL)
		return;
	list_remove(&item->turn);
	if (error == 0 || error == EINVAL || bridge->is_stopped) {
		release(bridge, item);
		queue_item_free(item);
		return;
	}
	bridge->params.counters->store_failed++;
	list_append(&bridge->flow.undropped, &item->turn);
	try_again(bridge);
}

/* Life ----------------------------------------------------------------------------------------- */

void flow_keep(struct bridge *bridge, struct queue_item *item)
{
	struct flow *flow = &bridge->flow;

	list_remove(&item->turn);
	queue_keep(flow->queue, item);
	flow_count_text(bridge, item, true);
	flow_watch_expiry(bridge);
	if (flow->is_loaded)
		flow_write(bridge, item, WRITE_NEW);
	else
		list_append(&flow->held, &item->write);
}

void flow_release(struct bridge *bridge)
{
	LIST_EACH(it, next, &bridge->flow.held)
	{
		struct queue_item *item = LIST_ENTRY(it, struct queue_item, write);

		item->seq = flow_next_seq(bridge);
		if (bridge->flow.is_broken) {
			list_remove(it);
			not_stored(bridge, item, 0);
		} else {
			flow_write(bridge, item, WRITE_NEW);
		}
	}
}

void flow_end(struct bridge *bridge, struct queue_item *item)
{
	struct flow *flow = &bridge->flow;
	struct queue_lane *lane = item->lane;

	hand_over_forget(bridge, item);
	if (item->is_sent)
		hand_over_returned(bridge, item);
	if (item->is_kept)
		flow_count_text(bridge, item, false);
	if (item->is_aside)
		flow->aside_count--;
	queue_take_out(flow->queue, item);
	list_remove(&item->turn);
	item->is_over = true;
	list_remove(&item->write);
	if (lane != NULL)
		hand_over_kick(bridge, lane);
	if (item->calls > 0 || item->is_stored) {
		mem_free(item->value);
		item->value = NULL;
		drop_row(bridge, item);
	} else {
		release(bridge, item);
		queue_item_free(item);
	}
}
