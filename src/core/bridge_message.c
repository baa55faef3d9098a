/* Messages: judged, handed over at once or given to the queue, and exactly one answer for each
 * (promise 1). On the hot path: no scan. */
#include "base/mem.h"
#include "base/random.h"
#include "core/bridge_flow.h"
#include "core/bridge_private.h"
#include "core/echo_guard.h"
#include "core/exchanges.h"
#include "model/counters.h"
#include "model/limits.h"

static void refuse(struct fault *fault, enum fault_code code, const char *text)
{
	fault_set(fault, code, text);
}

void message_refuse_for_now(struct fault *fault, enum fault_code code, const char *text)
{
	fault_set(fault, code, text);
	fault->retry_after_s = 10 + (int)random_below(21);
}

/* Who may write to whom (D-03, D-12, PRES-194). */
static bool may_write(struct bridge *bridge, enum side origin, const struct address *from,
		      const struct address *to, struct fault *fault)
{
	const struct bridge_params *params = &bridge->params;
	const struct address *chat = origin == SIDE_XMPP ? from : to;
	const struct address *phone = origin == SIDE_XMPP ? to : from;

	if (from->side != origin) {
		refuse(fault, FAULT_LOOP, "the sender lives on the other side");
	} else if (to->side == origin) {
		refuse(fault, FAULT_ITEM_NOT_FOUND, "both ends are on the same side");
	} else if (!params->may_use(chat, params->arg)) {
		refuse(fault, FAULT_FORBIDDEN, "this chat domain may not use the bridge");
	} else if (!params->is_served(phone, params->arg)) {
		if (origin == SIDE_XMPP)
			refuse(fault, FAULT_ITEM_NOT_FOUND, "this SIP domain is not served here");
		else
			refuse(fault, FAULT_FORBIDDEN, "this SIP domain is not served here");
	} else if (!access_may_write(bridge, from, to)) {
		refuse(fault, FAULT_SERVICE_UNAVAILABLE, NULL); /* SEC-036: no hint */
	} else {
		return true;
	}
	return false;
}

static bool fits(struct bridge *bridge, const struct address *from, const struct message *message,
		 struct fault *fault)
{
	const struct limits *limits = bridge->params.limits;
	struct limits_hit *hit = &bridge->params.counters->limits;

	if ((int64_t)message->body_len > limits->message_text_bytes) {
		struct buf text = BUF_INIT;

		hit->message_text_bytes++;
		buf_printf(&text, "the text is longer than %lld bytes",
			   (long long)limits->message_text_bytes);
		refuse(fault, FAULT_TOO_LARGE, buf_text(&text));
		buf_free(&text);
	} else if (bridge->is_stopped) {
		message_refuse_for_now(fault, FAULT_LINK_DOWN, "the bridge is being stopped");
	} else if (!message_share_ask(bridge, from) ||
		   (int64_t)bridge->open >= limits->messages_pending) {
		hit->messages_pending++;
		message_refuse_for_now(fault, FAULT_RATE, "too many messages under way");
	} else {
		return true;
	}
	return false;
}

static bool runs_in_circles(struct bridge *bridge, const struct address *from,
			    const struct address *to, const struct message *message,
			    struct fault *fault)
{
	if (!echo_guard_hit(bridge->echo, from, to, message, now_ms(bridge), &bridge->scratch))
		return false;
	message_refuse_for_now(fault, FAULT_RESOURCE_CONSTRAINT,
			       "suspected loop: the same text again and again");
	return true;
}

/* Ending --------------------------------------------------------------------------------------- */

static void count_finish(struct counters *counters, const struct exchange *exchange,
			 enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_TAKEN:
		if (exchange->origin == SIDE_SIP)
			counters->messages_to_xmpp++;
		else
			counters->messages_to_sip++;
		break;
	case OUTCOME_STORED:
		counters->messages_stored++;
		break;
	case OUTCOME_REFUSED:
		if (exchange->fault == NULL)
			counters->messages_refused++;
		else
			counters->messages_turned_away++;
		break;
	case OUTCOME_UNKNOWN:
		counters->messages_unknown++;
		break;
	}
}

static void let_go(struct bridge *bridge, struct exchange *exchange)
{
	if (exchange->owes_finish || exchange->is_awaited)
		return;
	if (exchange->item != NULL)
		exchange->item->exchange = NULL;
	exchanges_remove(bridge->exchanges, exchange);
}

void message_settle(struct bridge *bridge, struct exchange *exchange)
{
	exchange->is_awaited = false;
	let_go(bridge, exchange);
}

/* The only place that tells a sender. */
void message_finish(struct bridge *bridge, struct exchange *exchange, enum outcome outcome,
		    const struct fault *fault)
{
	struct half *origin = &bridge->sides[exchange->origin];
	exchange_id x = exchange->x;
	struct fault why;

	if (fault != NULL)
		why = *fault;
	count_finish(bridge->params.counters, exchange, outcome);
	bridge->open--;
	message_share_give(bridge, exchange);
	exchange->owes_finish = false;
	let_go(bridge, exchange);
	origin->ops->finish(origin->side, x, outcome, fault == NULL ? NULL : &why);
}

static void no_answer(struct fault *fault)
{
	fault_set(fault, FAULT_NO_ANSWER, "no word of what became of the message");
}

/* A message of which nothing is kept: told as it is. */
static void end_plain(struct bridge *bridge, struct exchange *exchange, enum outcome outcome,
		      const struct fault *fault)
{
	exchange->is_awaited = false;
	if (outcome == OUTCOME_TAKEN)
		receipts_taken(bridge, exchange->from, exchange->to, exchange->uid);
	else
		(void)receipts_failed(bridge, exchange->uid);
	message_finish(bridge, exchange, outcome, outcome == OUTCOME_TAKEN ? NULL : fault);
}

/* The store does not take it, or not in time: 503 says that nothing was sent, 504 that it was
 * handed over (D-36). */
static void end_unstored(struct bridge *bridge, struct queue_item *item, enum outcome outcome,
			 const struct fault *why)
{
	(void)receipts_failed(bridge, item->uid);
	message_finish(bridge, item->exchange, outcome, why);
	flow_end(bridge, item);
}

void message_end_uncertain(struct bridge *bridge, struct exchange *exchange)
{
	struct fault fault;

	no_answer(&fault);
	end_unstored(bridge, exchange->item, OUTCOME_UNKNOWN, &fault);
}

void message_end_unstored(struct bridge *bridge, struct exchange *exchange, enum fault_code code,
			  const char *text)
{
	struct fault fault;

	message_refuse_for_now(&fault, code, text);
	if (exchange->item->was_sent)
		message_end_uncertain(bridge, exchange);
	else
		end_unstored(bridge, exchange->item, OUTCOME_REFUSED, &fault);
}

static void end_late(struct bridge *bridge, struct exchange *exchange)
{
	struct fault fault;

	no_answer(&fault);
	if (exchange->item == NULL)
		end_plain(bridge, exchange, OUTCOME_UNKNOWN, &fault);
	else if (exchange->is_awaited)
		hand_over_ended(bridge, exchange->item, OUTCOME_UNKNOWN, &fault);
	else
		message_end_unstored(bridge, exchange, FAULT_RATE, "it cannot be stored now");
}

static void on_late(void *arg)
{
	struct bridge *bridge = arg;
	uint64_t most = (uint64_t)bridge->params.answer_s * 1000;
	struct exchange *oldest = exchanges_oldest(bridge->exchanges);

	while (oldest != NULL && now_ms(bridge) - oldest->since_ms >= most) {
		end_late(bridge, oldest);
		oldest = exchanges_oldest(bridge->exchanges);
	}
	if (oldest != NULL)
		loop_timer_set(bridge->params.loop, &bridge->answer_timer,
			       oldest->since_ms + most - now_ms(bridge), on_late, bridge);
}

/* What was refused at once is finished after bridge_message() has returned. */
static void on_refused(void *arg)
{
	struct bridge *bridge = arg;

	while (!list_is_empty(&bridge->refused)) {
		struct exchange *exchange =
			LIST_ENTRY(bridge->refused.next, struct exchange, place);
		struct fault fault = *exchange->fault;

		message_finish(bridge, exchange, OUTCOME_REFUSED, &fault);
	}
}

static void finish_later(struct bridge *bridge, struct exchange *exchange,
			 const struct fault *fault)
{
	if (list_is_empty(&bridge->refused))
		loop_defer(bridge->params.loop, on_refused, bridge);
	list_remove(&exchange->place);
	list_append(&bridge->refused, &exchange->place);
	exchange->fault = mem_alloc(sizeof *exchange->fault);
	*exchange->fault = *fault;
}

/* At a stop. What is in the queue stays there, and its outcome is still heard. */
static void end_now(struct bridge *bridge, struct exchange *exchange)
{
	struct queue_item *item = exchange->item;
	struct fault fault;

	if (!exchange->is_awaited) {
		message_end_unstored(bridge, exchange, FAULT_LINK_DOWN,
				     "the bridge is being stopped");
		return;
	}
	no_answer(&fault);
	exchange->is_awaited = false;
	message_finish(bridge, exchange, OUTCOME_UNKNOWN, &fault);
	if (item != NULL)
		flow_end(bridge, item);
}

void message_end_all(struct bridge *bridge)
{
	struct exchange *oldest;

	on_refused(bridge);
	for (oldest = exchanges_oldest(bridge->exchanges); oldest != NULL;
	     oldest = exchanges_oldest(bridge->exchanges)) {
		if (oldest->owes_finish) {
			end_now(bridge, oldest);
			continue;
		}
		list_remove(&oldest->place);
		list_append(&bridge->left, &oldest->place);
	}
	loop_timer_cancel(&bridge->answer_timer);
}

/* Events --------------------------------------------------------------------------------------- */

/* A message is a sign of life, and who writes to somebody wants to be asked by him again (D-13). */
static void note_sender(struct bridge *bridge, const struct address *from, const struct address *to)
{
	struct user *user = pairs_find_user(bridge->pairs, from);
	struct pair *reverse;

	if (user == NULL || from->side != SIDE_XMPP)
		return;
	interest_sign(bridge, user, true);
	reverse = pairs_find(bridge->pairs, to, from);
	if (reverse != NULL && reverse->row.state == PAIR_REFUSED)
		bridge_step(bridge, reverse, EVENT_LIFTED, NULL, NULL);
}

static bool is_granted(struct bridge *bridge, const struct address *watcher,
		       const struct address *watched)
{
	const struct pair *pair = pairs_find(bridge->pairs, watcher, watched);

	return pair != NULL && pair_is_granted(pair);
}

bool message_is_strange(struct bridge *bridge, const struct address *from, const struct address *to)
{
	return from->side == SIDE_XMPP && is_stranger(bridge, from) &&
	       !is_granted(bridge, from, to);
}

static void watch_answers(struct bridge *bridge)
{
	if (!loop_timer_is_set(&bridge->answer_timer))
		loop_timer_set(bridge->params.loop, &bridge->answer_timer,
			       (uint64_t)bridge->params.answer_s * 1000, on_late, bridge);
}

static struct exchange *open_exchange(struct bridge *bridge, exchange_id x, enum side origin,
				      const struct address *from)
{
	struct exchange *exchange = exchanges_add(bridge->exchanges, x, origin, now_ms(bridge));

	exchange->owes_finish = true;
	message_share_take(bridge, exchange, from);
	bridge->open++;
	watch_answers(bridge);
	return exchange;
}

struct exchange *message_await(struct bridge *bridge, exchange_id x)
{
	struct exchange *exchange = exchanges_add(bridge->exchanges, x, SIDE_SIP, now_ms(bridge));

	watch_answers(bridge);
	return exchange;
}

static void accept(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const struct message *message)
{
	if (origin == SIDE_SIP)
		bridge->params.counters->messages_from_sip++;
	else
		bridge->params.counters->messages_from_xmpp++;
	note_sender(bridge, from, to);
	typing_content(bridge, from, to);
	receipts_note(bridge, origin, from, to, message);
}

static struct address *own_address(const struct address *from)
{
	struct address *own = mem_alloc(sizeof *own);

	address_copy(own, from);
	return own;
}

/* D-34, X0334-1: never stored; the sender hears how it ended. */
static bool take_plain(struct bridge *bridge, struct exchange *exchange, const struct address *from,
		       const struct address *to, const struct message *message, struct fault *fault)
{
	struct half *other = &bridge->sides[side_other(exchange->origin)];

	if (!link_between(bridge, from, to)->is_up) {
		message_refuse_for_now(fault, FAULT_LINK_DOWN,
				       "the other side cannot be reached now");
		return false;
	}
	accept(bridge, exchange->origin, from, to, message);
	exchange->is_awaited = true;
	exchange->from_stranger = message_is_strange(bridge, from, to);
	exchange->from = own_address(from);
	exchange->to = own_address(to);
	exchange->uid = mem_strdup(message->uid == NULL ? "" : message->uid);
	other->ops->deliver(other->side, exchange->x, from, to, message);
	return true;
}

/* A text of a SIP user goes out at once if nothing before it waits (D-36). */
static bool may_overtake_the_store(const struct bridge *bridge, enum side origin,
				   const struct queue_lane *lane)
{
	const struct side_link *link = lane_link(lane);

	return origin == SIDE_SIP && bridge->flow.is_loaded && link->is_up && lane->kept == 0 &&
	       lane->held == 0 && !list_is_linked(&lane->place) && !link_is_full(link);
}

static struct queue_item *make_item(struct bridge *bridge, struct exchange *exchange,
				    const struct message *message)
{
	struct buf value = BUF_INIT;
	struct queue_item *item;
	size_t len;

	message_encode(message, &value);
	len = value.len;
	item = queue_item_new(buf_take(&value), len);
	item->uid = mem_strdup(message->uid == NULL ? "" : message->uid);
	item->what = MESSAGE_TEXT;
	item->accepted_ms = steady_ms(bridge);
	item->expires_s = steady_s(bridge) + bridge->params.life_s;
	if (message->life_s > 0 && message->life_s < bridge->params.life_s)
		item->expires_s = steady_s(bridge) + message->life_s;
	item->seq = flow_next_seq(bridge);
	item->x = exchange->x;
	item->exchange = exchange;
	exchange->item = item;
	return item;
}

static bool take(struct bridge *bridge, struct exchange *exchange, const struct address *from,
		 const struct address *to, const struct message *message, struct fault *fault)
{
	struct queue_lane *lane;
	struct queue_item *item;
	bool is_direct;

	if (message->must_not_wait || message->kind == MESSAGE_HEADLINE)
		return take_plain(bridge, exchange, from, to, message, fault);
	lane = flow_lane(bridge, from, to);
	is_direct = may_overtake_the_store(bridge, exchange->origin, lane);
	if (!is_direct && !flow_has_room(bridge, lane, message->body_len, fault)) {
		flow_tell(bridge, QUEUE_FULL, lane, fault);
		queue_let_go(bridge->flow.queue, lane);
		return false;
	}
	accept(bridge, exchange->origin, from, to, message);
	item = make_item(bridge, exchange, message);
	queue_put(lane, item);
	if (is_direct) {
		hand_over_watch(bridge, item);
		hand_over(bridge, item, message);
	} else {
		flow_keep(bridge, item);
	}
	return true;
}

void bridge_message(struct bridge *bridge, enum side origin, exchange_id x,
		    const struct address *from, const struct address *to,
		    const struct message *message)
{
	struct exchange *exchange;
	struct fault fault;
	bool ok = may_write(bridge, origin, from, to, &fault) &&
		  fits(bridge, from, message, &fault) &&
		  !runs_in_circles(bridge, from, to, message, &fault);

	exchange = open_exchange(bridge, x, origin, from);
	if (!ok || !take(bridge, exchange, from, to, message, &fault))
		finish_later(bridge, exchange, &fault);
}

void bridge_outcome(struct bridge *bridge, exchange_id x, enum outcome outcome,
		    const struct fault *fault)
{
	struct exchange *exchange = exchanges_find(bridge->exchanges, x);
	struct fault why;

	/* Only the first word counts; what was refused at once has had its own. */
	if (exchange == NULL || !exchange->is_awaited)
		return;
	if (outcome == OUTCOME_STORED)
		outcome = OUTCOME_TAKEN; /* by the other side's store: not ours any more */
	if (outcome != OUTCOME_TAKEN && fault == NULL) {
		if (outcome == OUTCOME_UNKNOWN)
			no_answer(&why);
		else
			refuse(&why, FAULT_UNDEFINED_CONDITION, NULL);
		fault = &why;
	}
	if (outcome == OUTCOME_REFUSED && exchange->from_stranger) {
		refuse(&why, FAULT_SERVICE_UNAVAILABLE, NULL);
		fault = &why;
	}
	if (exchange->item != NULL)
		hand_over_ended(bridge, exchange->item, outcome, fault);
	else
		end_plain(bridge, exchange, outcome, fault);
}

bool bridge_drains(struct bridge *bridge)
{
	struct flow *flow = &bridge->flow;

	flow->is_draining = true;
	for (unsigned i = 0; i < bridge->link_count; i++) {
		if (bridge->links[i].toward.sent > 0)
			return true;
	}
	return bridge->open > 0 || !list_is_empty(&flow->drops);
}

size_t bridge_message_count(const struct bridge *bridge)
{
	return bridge->open;
}
