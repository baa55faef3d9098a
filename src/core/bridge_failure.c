/* What the queue tells of failures: a message that failed after it was accepted becomes the report
 * of it, in place (REL-007, D-39); what expires fails; and reports as such. */
#include "base/mem.h"
#include "base/utf8.h"
#include "core/bridge_flow.h"
#include "core/bridge_private.h"
#include "model/counters.h"
#include "model/limits.h"

enum {
	REPORT_LIFE_S = 86400,
	EXPIRED_AT_ONCE = 1000 /* in one turn of the loop */
};

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
	flow_count_text(bridge, item, false);
	queue_take_out(queue, item);
	queue_replace(queue, item, buf_take(&value), len);
	mem_free(item->uid);
	item->uid = mem_strdup(report->uid == NULL ? "" : report->uid);
	item->what = MESSAGE_REPORT;
	item->accepted_ms = steady_ms(bridge);
	item->expires_s = steady_s(bridge) + REPORT_LIFE_S;
	item->tries = item->unknowns = item->failures = item->last_fault = 0;
	item->is_expired = false;
	item->is_uncertain = false;
	item->was_sent = true; /* another exchange */
	queue_put(lane, item);
	queue_keep(queue, item);
	flow_watch_expiry(bridge);
	flow_write(bridge, item, WRITE_REPORT);
}

void flow_tell(const struct bridge *bridge, enum queue_event event, const struct queue_lane *lane,
	       const struct fault *why)
{
	const struct bridge_params *params = &bridge->params;

	if (params->queue_told != NULL)
		params->queue_told(event, &lane->from, &lane->to, why, params->arg);
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

	if (item->is_uncertain)
		fault_set_uncertain(&shown);
	hand_over_forget(bridge, item);
	if (item->what == MESSAGE_TEXT)
		(*counter)++;
	tell_failed(bridge, item, &shown, is_aside);
	if (message_is_strange(bridge, &item->lane->from, &item->lane->to))
		fault_set(&shown, FAULT_SERVICE_UNAVAILABLE, NULL);
	if (item->is_uncertain)
		fault_set_uncertain(&shown);
	flow_hold(item);
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
	return item->expires_s <= steady_s(bridge);
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
	int left = EXPIRED_AT_ONCE;

	bridge->flow.expiry_s = 0;
	for (; next != NULL && flow_is_expired(bridge, next) && left > 0;
	     next = queue_next_to_expire(queue), left--) {
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
	left = next->expires_s - steady_s(bridge);
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
	item->accepted_ms = steady_ms(bridge);
	item->expires_s = steady_s(bridge) + REPORT_LIFE_S;
	item->seq = flow_next_seq(bridge);
	item->was_sent = true;
	queue_put(flow_lane(bridge, from, to), item);
	flow_keep(bridge, item);
	message_clear(report);
}
