/* What is kept until the other side took it (REL-001, REL-007): its rows, and the report its sender
 * gets when it fails.
 *
 *   accepted --write--> stored --handed over--> taken --drop--> gone
 *                          |                        \
 *                          +-- failed --write as a report--> stored --handed over--> ...
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "core/bridge_private.h"
#include "core/exchanges.h"
#include "model/counters.h"
#include "model/limits.h"

enum {
	AGAIN_MS = 10000, /* what the store did not take */
	REPORT_LIFE_S = 86400,
	ROW_BYTES = 256, /* beside the text */
	EXPIRY_MOST_S = 3600
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
	for (int side = 0; side < 2; side++) {
		struct toward *toward = &flow->toward[side];

		list_init(&toward->ready);
		list_init(&toward->paced);
		list_init(&toward->careful);
		list_init(&toward->waiting);
		rate_init(&toward->rate, 1e9, now_ms(bridge));
	}
	if (bridge->params.life_s == 0)
		bridge->params.life_s = REPORT_LIFE_S;
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

void flow_stop(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;
	struct queue_item *tried = flow->tried;

	hand_over_stop(bridge);
	loop_timer_cancel(&flow->again_timer);
	loop_timer_cancel(&flow->expiry_timer);
	flow->tried = NULL;
	if (tried == NULL || tried->is_over)
		return;
	tried->tries = 0;
	flow_write(bridge, tried, WRITE_CALM);
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

	lane->owner = bridge;
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
		message_refuse_for_now(fault, FAULT_RESOURCE_CONSTRAINT,
				       "nothing can be stored now");
	} else if ((int64_t)queue_count(flow->queue) >= limits->queue_messages) {
		hit->queue_messages++;
		message_refuse_for_now(fault, FAULT_RESOURCE_CONSTRAINT, "the queue is full");
	} else if ((int64_t)(queue_bytes(flow->queue) + bytes) > limits->queue_bytes) {
		hit->queue_bytes++;
		message_refuse_for_now(fault, FAULT_RESOURCE_CONSTRAINT, "the queue is full");
	} else if ((int64_t)lane->user->count >= limits->queue_messages_per_user) {
		hit->queue_messages_per_user++;
		message_refuse_for_now(fault, FAULT_RESOURCE_CONSTRAINT,
				       "too many messages of this sender wait");
	} else if ((int64_t)(lane->user->bytes + bytes) > limits->queue_bytes_per_user) {
		hit->queue_bytes_per_user++;
		message_refuse_for_now(fault, FAULT_RESOURCE_CONSTRAINT,
				       "too many messages of this sender wait");
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

void flow_write(struct bridge *bridge, struct queue_item *item, enum queue_write why)
{
	const struct address *from = item->ends != NULL ? &item->ends[0] : &item->lane->from;
	const struct address *to = item->ends != NULL ? &item->ends[1] : &item->lane->to;
	struct queue_row row = {.seq = item->seq,
				.sender = *from,
				.recipient = *to,
				.accepted_ms = item->accepted_ms,
				.expires_s = item->expires_s,
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

static void try_again(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;

	if (!loop_timer_is_set(&flow->again_timer) && !bridge->is_stopped)
		loop_timer_set(bridge->params.loop, &flow->again_timer, AGAIN_MS, on_again, bridge);
}

static void count_text(struct bridge *bridge, const struct queue_item *item, bool is_more)
{
	if (item->what == MESSAGE_TEXT && !item->is_aside)
		bridge->flow.texts += is_more ? 1 : (size_t)-1;
}

static void written(struct bridge *bridge, struct queue_item *item)
{
	struct exchange *exchange = item->exchange;

	item->is_stored = true;
	if (item->is_aside)
		return;
	if (item->writing == WRITE_TRIES) {
		hand_over_alone(bridge, item);
		return;
	}
	if (exchange != NULL && exchange->owes_finish)
		message_finish(bridge, exchange, OUTCOME_STORED, NULL);
	hand_over_kick(bridge, item->lane);
}

/* Not accepted after all. What was handed over before may still get its answer. */
static void not_stored(struct bridge *bridge, struct queue_item *item)
{
	struct exchange *exchange = item->exchange;
	struct fault fault;

	if (item->is_sent) {
		struct queue_lane *lane = item->lane;

		queue_take_out(bridge->flow.queue, item);
		queue_put(lane, item);
		count_text(bridge, item, false);
		return;
	}
	if (item->was_sent)
		fault_set(&fault, FAULT_NO_ANSWER, "no word of what became of the message");
	else
		message_refuse_for_now(&fault, FAULT_RESOURCE_CONSTRAINT,
				       "it cannot be stored now");
	(void)receipts_failed(bridge, item->uid);
	if (exchange != NULL && exchange->owes_finish)
		message_finish(bridge, exchange, item->was_sent ? OUTCOME_UNKNOWN : OUTCOME_REFUSED,
			       &fault);
	flow_end(bridge, item);
}

/* A row that breaks a rule of the store (EINVAL) would do so again: it lives in memory. */
static void not_written(struct bridge *bridge, struct queue_item *item, int error)
{
	bridge->params.counters->store_failed++;
	if (bridge->is_stopped)
		return;
	if (item->writing == WRITE_NEW && item->what == MESSAGE_TEXT) {
		not_stored(bridge, item);
		return;
	}
	if (item->writing == WRITE_CALM || error == EINVAL) {
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
	count_text(bridge, item, true);
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
			not_stored(bridge, item);
		} else {
			flow_write(bridge, item, WRITE_NEW);
		}
	}
}

void flow_end(struct bridge *bridge, struct queue_item *item)
{
	struct flow *flow = &bridge->flow;
	struct queue_lane *lane = item->lane;

	if (flow->tried == item)
		flow->tried = NULL;
	if (item->is_sent) {
		item->is_sent = false;
		lane->sent--;
		flow->toward[lane->to.side].sent--;
	}
	if (item->is_kept)
		count_text(bridge, item, false);
	if (item->is_aside)
		flow->aside_count--;
	queue_take_out(flow->queue, item);
	list_remove(&item->turn);
	item->is_over = true;
	list_remove(&item->write);
	if (item->calls > 0 || item->is_stored) {
		mem_free(item->value);
		item->value = NULL;
		drop_row(bridge, item);
	} else {
		queue_item_free(item);
	}
	if (lane != NULL)
		hand_over_kick(bridge, lane);
}

/* Failures ------------------------------------------------------------------------------------- */

/* D-39: a phone user who did not ask is told by a text, if the settings say so. */
static bool may_be_told(const struct bridge *bridge, const struct queue_item *item,
			const struct message *message)
{
	if (item->what != MESSAGE_TEXT || message->kind == MESSAGE_HEADLINE)
		return false;
	return item->lane->from.side == SIDE_XMPP || (message->wants & WANTS_FAILED) != 0 ||
	       bridge->params.reports_late_failures;
}

/* Turns the message into the report of its failure. */
static void make_report(struct message *message, const struct fault *why)
{
	struct message_report *report = mem_zalloc(sizeof *report);
	struct buf uid = BUF_INIT;

	report->kind = REPORT_FAILED;
	report->wanted = message->wants;
	report->fault = *why;
	report->origin = message->origin;
	message->origin = (struct message_origin){0};
	report->excerpt = message_excerpt(message);
	if (message->uid != NULL)
		buf_printf(&uid, "%.*s-f", MESSAGE_UID_MAX - 2, message->uid);
	report->about = message->uid;
	message->uid = NULL;
	message_clear(message);
	message->what = MESSAGE_REPORT;
	message->uid = buf_take(&uid);
	message->hops = -1;
	message->report = report;
}

/* One row changes, so a kill at any point leaves the one or the other. */
static void become_report(struct bridge *bridge, struct queue_item *item, struct message *report)
{
	struct queue *queue = bridge->flow.queue;
	struct queue_lane *old = item->lane;
	struct queue_lane *lane = flow_lane(bridge, &old->to, &old->from);
	struct buf value = BUF_INIT;
	size_t len;

	message_encode(report, &value);
	len = value.len;
	count_text(bridge, item, false);
	queue_take_out(queue, item);
	queue_replace(queue, item, buf_take(&value), len);
	mem_free(item->uid);
	item->uid = mem_strdup(report->uid == NULL ? "" : report->uid);
	item->what = MESSAGE_REPORT;
	item->accepted_ms = loop_wall_ms(bridge->params.loop);
	item->expires_s = item->accepted_ms / 1000 + REPORT_LIFE_S;
	item->tries = item->unknowns = item->failures = item->last_fault = 0;
	item->is_expired = false;
	item->was_sent = true; /* another exchange */
	queue_put(lane, item);
	queue_keep(queue, item);
	flow_watch_expiry(bridge);
	flow_write(bridge, item, WRITE_REPORT);
	hand_over_kick(bridge, old);
}

static void tell_failed(struct bridge *bridge, const struct queue_item *item,
			const struct fault *why, bool is_quarantined)
{
	const struct bridge_params *params = &bridge->params;

	if (params->message_failed != NULL)
		params->message_failed(&item->lane->from, &item->lane->to, item->uid, why,
				       is_quarantined, params->arg);
}

void flow_fail(struct bridge *bridge, struct queue_item *item, const struct fault *why,
	       uint64_t *counter)
{
	bool is_aside = counter == &bridge->params.counters->messages_quarantined;
	struct message message = {0};
	struct fault shown = *why;

	if (bridge->flow.tried == item)
		bridge->flow.tried = NULL;
	if (item->what == MESSAGE_TEXT)
		(*counter)++;
	tell_failed(bridge, item, why, is_aside);
	if (message_is_strange(bridge, &item->lane->from, &item->lane->to))
		fault_set(&shown, FAULT_SERVICE_UNAVAILABLE, NULL);
	if (message_decode(&message, item->value, item->value_len) != 0 ||
	    !may_be_told(bridge, item, &message) ||
	    (message.uid != NULL && !receipts_failed(bridge, message.uid))) {
		message_clear(&message);
		flow_end(bridge, item);
		return;
	}
	make_report(&message, &shown);
	become_report(bridge, item, &message);
	message_clear(&message);
}

/* Expiry --------------------------------------------------------------------------------------- */

bool flow_is_expired(const struct bridge *bridge, const struct queue_item *item)
{
	return item->expires_s <= wall_s(bridge);
}

void flow_expire(struct bridge *bridge, struct queue_item *item)
{
	struct fault fault;

	fault_set(&fault, FAULT_REMOTE_SERVER_TIMEOUT, "it could not be delivered in time");
	if (item->is_aside || item->what == MESSAGE_REPORT)
		flow_end(bridge, item);
	else
		flow_fail(bridge, item, &fault, &bridge->params.counters->messages_expired);
}

static void on_expiry(void *arg)
{
	struct bridge *bridge = arg;
	struct queue *queue = bridge->flow.queue;
	struct queue_item *next = queue_next_to_expire(queue);

	bridge->flow.expiry_s = 0;
	for (; next != NULL && flow_is_expired(bridge, next); next = queue_next_to_expire(queue)) {
		/* Its next event ends it. */
		queue_stay(queue, next);
		next->is_expired = true;
		if (!next->is_sent && next->calls == 0 && !list_is_linked(&next->write))
			flow_expire(bridge, next);
	}
	flow_watch_expiry(bridge);
}

void flow_watch_expiry(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;
	const struct queue_item *next = queue_next_to_expire(flow->queue);
	int64_t left;

	if (next == NULL || bridge->is_stopped)
		return;
	if (flow->expiry_s != 0 && flow->expiry_s <= next->expires_s)
		return;
	flow->expiry_s = next->expires_s;
	left = next->expires_s - wall_s(bridge);
	/* The wall clock may step: looked at now and then. */
	if (left > EXPIRY_MOST_S) {
		left = EXPIRY_MOST_S;
		flow->expiry_s = wall_s(bridge) + left;
	}
	loop_timer_set(bridge->params.loop, &flow->expiry_timer,
		       left > 0 ? (uint64_t)left * 1000 : 0, on_expiry, bridge);
}

/* Reports -------------------------------------------------------------------------------------- */

/* Failures are told even when the queue is full, but not without end. */
static bool has_room_for(struct bridge *bridge, const struct message *report)
{
	const struct limits *limits = bridge->params.limits;
	bool is_failure = report->report != NULL && report->report->kind == REPORT_FAILED;
	int64_t times = is_failure ? 2 : 1;
	const struct queue *queue = bridge->flow.queue;

	if (bridge->flow.is_broken || bridge->is_stopped)
		return false;
	if ((int64_t)queue_count(queue) < limits->queue_messages * times &&
	    (int64_t)queue_bytes(queue) < limits->queue_bytes * times)
		return true;
	bridge->params.counters->limits.queue_messages++;
	return false;
}

void queue_report(struct bridge *bridge, enum side toward, const struct address *from,
		  const struct address *to, struct message *report)
{
	struct buf value = BUF_INIT;
	struct queue_item *item;
	size_t len;

	(void)toward;
	if (!has_room_for(bridge, report)) {
		bridge->params.counters->receipts_dropped++;
		message_clear(report);
		return;
	}
	message_encode(report, &value);
	len = value.len;
	item = queue_item_new(buf_take(&value), len);
	item->uid = mem_strdup(report->uid == NULL ? "" : report->uid);
	item->what = MESSAGE_REPORT;
	item->accepted_ms = loop_wall_ms(bridge->params.loop);
	item->expires_s = item->accepted_ms / 1000 + REPORT_LIFE_S;
	item->seq = flow_next_seq(bridge);
	item->was_sent = true;
	queue_put(flow_lane(bridge, from, to), item);
	flow_keep(bridge, item);
	message_clear(report);
}
