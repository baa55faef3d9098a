/* The queue as a start finds it (REL-006): what may have been under way when the process ended, the
 * first of each lane, is handed over one at a time (some, when there are many), its try written
 * before. What was tried so and ended with the process once more is set aside; its sender is told.
 * And the queue as operators see it. */

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "core/bridge_flow.h"
#include "core/bridge_private.h"
#include "model/counters.h"

enum {
	ASIDE_LIFE_S = 7 * 86400,
	UNDER_WAY_MOST = 10 /* of one pair, in the time of a commit */
};

struct loading {
	struct ledger *ledger;
	void (*done)(int error, struct bridge *bridge);
};

static struct queue_item *item_of(const struct bridge *bridge, const struct queue_row *row)
{
	struct queue_item *item =
		queue_item_new(mem_strndup(row->value, row->value_len), row->value_len);

	item->seq = row->seq;
	item->accepted_ms = row->accepted_ms + steady_ahead_ms(bridge);
	item->expires_s = row->expires_s + steady_ahead_s(bridge);
	item->tries = row->tries > UINT8_MAX ? UINT8_MAX : (uint8_t)row->tries;
	item->is_stored = true;
	item->was_sent = true; /* its first exchange is long over */
	return item;
}

static void set_ends(struct queue_item *item, const struct address *from, const struct address *to)
{
	item->ends = mem_array(2, sizeof *item->ends);
	address_copy(&item->ends[0], from);
	address_copy(&item->ends[1], to);
}

static void put_aside(struct bridge *bridge, struct queue_item *item)
{
	struct flow *flow = &bridge->flow;

	item->is_aside = true;
	list_append(&flow->aside, &item->turn);
	flow->aside_count++;
	queue_keep(flow->queue, item);
}

/* It cannot be told to anybody: an operator may look at it. */
static void quarantine_unreadable(struct bridge *bridge, struct queue_item *item,
				  const struct queue_row *row)
{
	const struct bridge_params *params = &bridge->params;
	struct fault fault;

	params->counters->messages_quarantined++;
	item->expires_s = steady_s(bridge) + ASIDE_LIFE_S;
	put_aside(bridge, item);
	flow_write(bridge, item, WRITE_ASIDE);
	fault_set(&fault, FAULT_INTERNAL_SERVER_ERROR, "its row cannot be read");
	if (params->message_failed != NULL)
		params->message_failed(&row->sender, &row->recipient, NULL, &fault, true,
				       params->arg);
}

static void take_row(struct bridge *bridge, struct queue_item *item, const struct message *message,
		     const struct queue_row *row)
{
	struct flow *flow = &bridge->flow;
	struct queue_lane *lane = flow_lane(bridge, &row->sender, &row->recipient);

	item->what = (uint8_t)message->what;
	lane->is_careful = true;
	queue_put(lane, item);
	queue_keep(flow->queue, item);
	if (message->what == MESSAGE_TEXT) {
		flow->texts++;
		receipts_note(bridge, row->sender.side, &row->sender, &row->recipient, message);
	}
	if (item->tries >= QUEUE_TRIES_ALONE)
		list_append(&flow->suspects, &item->write);
}

static void on_row(const struct queue_row *row, void *arg)
{
	const struct loading *loading = arg;
	struct bridge *bridge = loading->ledger->bridge;
	struct message message = {0};
	struct queue_item *item;
	bool is_readable;

	if (bridge == NULL)
		return;
	if (row->seq > bridge->flow.seq)
		bridge->flow.seq = row->seq;
	item = item_of(bridge, row);
	is_readable = message_decode(&message, row->value, row->value_len) == 0;
	if (is_readable)
		item->uid = mem_strdup(message.uid == NULL ? "" : message.uid);
	if (!is_readable || row->is_quarantined) {
		set_ends(item, &row->sender, &row->recipient);
		if (row->is_quarantined)
			put_aside(bridge, item);
		else
			quarantine_unreadable(bridge, item, row);
	} else {
		take_row(bridge, item, &message, row);
	}
	message_clear(&message);
}

/* First a copy for the operator, then the row becomes the report: a kill in between makes another
 * copy, and tells the sender once. */
static void quarantine(struct bridge *bridge, struct queue_item *item)
{
	struct queue_item *copy =
		queue_item_new(mem_strndup(item->value, item->value_len), item->value_len);
	struct fault fault;

	copy->uid = mem_strdup(item->uid);
	copy->what = item->what;
	copy->seq = flow_next_seq(bridge);
	copy->accepted_ms = item->accepted_ms;
	copy->expires_s = steady_s(bridge) + ASIDE_LIFE_S;
	set_ends(copy, &item->lane->from, &item->lane->to);
	put_aside(bridge, copy);
	flow_write(bridge, copy, WRITE_ASIDE);
	fault_set(&fault, FAULT_INTERNAL_SERVER_ERROR,
		  "it could not be handled and was set aside for the operator");
	item->is_uncertain = true;
	flow_fail(bridge, item, &fault, &bridge->params.counters->messages_quarantined);
}

/* Nobody knows what became of what was under way: several toward chat users; toward a phone the
 * first text, and those after it if the end of the ones before was not on disk yet. */
static void resume(struct bridge *bridge, struct queue_lane *lane)
{
	int left = lane->to.side == SIDE_SIP ? UNDER_WAY_MOST : INT_MAX;

	LIST_EACH(it, next, &lane->items)
	{
		struct queue_item *item = LIST_ENTRY(it, struct queue_item, place);

		if (!item->is_stored || item->what != MESSAGE_TEXT)
			continue;
		item->is_uncertain = true;
		if (--left == 0)
			break;
	}
	hand_over_kick(bridge, lane);
}

/* One of those that were tried together ended the process: each alone, before all others. */
static void doubt(struct bridge *bridge, struct queue_lane *lane)
{
	struct queue_item *first = queue_lane_first(lane);

	if (first == NULL || !first->is_stored || first->tries == 0)
		return;
	first->is_doubted = true;
	bridge->flow.doubted++;
	resume(bridge, lane);
}

static void begin(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;

	flow->is_loaded = true;
	flow_release(bridge);
	LIST_EACH(it, next, &flow->suspects)
	{
		list_remove(it);
		quarantine(bridge, LIST_ENTRY(it, struct queue_item, write));
	}
	LIST_EACH(it, next, queue_lanes(flow->queue))
	doubt(bridge, LIST_ENTRY(it, struct queue_lane, all));
	LIST_EACH(it, next, queue_lanes(flow->queue))
	resume(bridge, LIST_ENTRY(it, struct queue_lane, all));
	flow_watch_expiry(bridge);
}

static void on_loaded(int error, void *arg)
{
	struct loading loading = *(struct loading *)arg;
	struct ledger *ledger = loading.ledger;
	struct bridge *bridge = ledger->bridge;

	mem_free(arg);
	ledger->pending--;
	if (bridge == NULL) {
		if (ledger->pending == 0)
			mem_free(ledger);
		return;
	}
	if (error != 0) {
		bridge->params.counters->store_failed++;
		bridge->flow.is_broken = true;
	}
	if (!bridge->is_stopped)
		begin(bridge);
	loading.done(error, bridge);
}

void restart_load(struct bridge *bridge, void (*done)(int error, struct bridge *bridge))
{
	struct loading *loading = mem_alloc(sizeof *loading);

	*loading = (struct loading){bridge->ledger, done};
	bridge->ledger->pending++;
	store_load_queue(bridge->params.store, on_row, on_loaded, loading);
}

/* For operators -------------------------------------------------------------------------------- */

static enum queued_state state_of(const struct queue_item *item)
{
	const struct queue_lane *lane = item->lane;

	if (item->is_aside)
		return QUEUED_ASIDE;
	if (item->is_sent)
		return QUEUED_SENT;
	if (!lane_link(lane)->is_up)
		return QUEUED_NO_LINK;
	if (queue_lane_first(lane) != item)
		return QUEUED_BEHIND;
	return loop_timer_is_set(&lane->timer) ? QUEUED_WAITS : QUEUED_READY;
}

static uint64_t next_ms(const struct bridge *bridge, const struct queue_lane *lane)
{
	uint64_t now = now_ms(bridge);

	return lane->timer.due_ms > now ? lane->timer.due_ms - now : 0;
}

static void show(struct bridge *bridge, const struct queue_item *item, bridge_queued_fn *each,
		 void *arg)
{
	const struct queue_lane *lane = item->lane;
	struct queued_message shown = {
		.from = item->ends != NULL ? &item->ends[0] : &lane->from,
		.to = item->ends != NULL ? &item->ends[1] : &lane->to,
		.what = (enum message_what)item->what,
		.bytes = item->value_len,
		.accepted_ms = item->accepted_ms - steady_ahead_ms(bridge),
		.expires_s = item->expires_s - steady_ahead_s(bridge),
		.state = state_of(item),
		.uid = item->uid == NULL ? "" : item->uid,
		.last = item->last_fault == FAULT_NONE
				? ""
				: fault_name((enum fault_code)item->last_fault),
	};

	if (shown.state == QUEUED_WAITS)
		shown.next_ms = next_ms(bridge, lane);
	each(&shown, arg);
}

void bridge_each_queued(struct bridge *bridge, bridge_queued_fn *each, void *arg)
{
	LIST_EACH(at, next, queue_lanes(bridge->flow.queue))
	{
		struct queue_lane *lane = LIST_ENTRY(at, struct queue_lane, all);

		LIST_EACH(it, after, &lane->items)
		{
			struct queue_item *item = LIST_ENTRY(it, struct queue_item, place);

			if (item->is_kept)
				show(bridge, item, each, arg);
		}
	}
	LIST_EACH(it, next, &bridge->flow.aside)
	show(bridge, LIST_ENTRY(it, struct queue_item, turn), each, arg);
}

void bridge_queue_facts(struct bridge *bridge, struct queue_facts *out)
{
	const struct flow *flow = &bridge->flow;
	int64_t now = steady_ms(bridge);
	int64_t oldest = now;

	LIST_EACH(at, next, queue_lanes(flow->queue))
	{
		const struct queue_item *first =
			queue_lane_first(LIST_ENTRY(at, struct queue_lane, all));

		if (first != NULL && first->is_kept && first->accepted_ms < oldest)
			oldest = first->accepted_ms;
	}
	*out = (struct queue_facts){.messages = queue_count(flow->queue) - flow->aside_count,
				    .texts = flow->texts,
				    .bytes = queue_bytes(flow->queue),
				    .quarantined = flow->aside_count,
				    .oldest_s = (now - oldest) / 1000};
}

int bridge_drop_aside(struct bridge *bridge, const char *uid)
{
	int error = ENOENT;

	LIST_EACH(it, next, &bridge->flow.aside)
	{
		struct queue_item *item = LIST_ENTRY(it, struct queue_item, turn);

		if (strcmp(item->uid == NULL ? "" : item->uid, uid) != 0)
			continue;
		if (item->calls > 0 || list_is_linked(&item->write))
			return EBUSY;
		flow_end(bridge, item);
		error = 0;
	}
	return error;
}
