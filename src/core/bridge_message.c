/* Messages: judged, handed over, and exactly one outcome for each (promise 1). On the hot path: no
 * scan, no copy of the text. */
#include "base/mem.h"
#include "base/random.h"
#include "core/bridge_private.h"
#include "core/echo_guard.h"
#include "core/exchanges.h"
#include "model/counters.h"
#include "model/limits.h"

static void refuse(struct fault *fault, enum fault_code code, const char *text)
{
	fault_set(fault, code, text);
}

/* REL-043: worth another try, but not all at the same time. */
static void refuse_for_now(struct fault *fault, enum fault_code code, const char *text)
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
	} else {
		return true;
	}
	return false;
}

static bool fits(struct bridge *bridge, enum side origin, const struct message *message,
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
	} else if (bridge->is_stopped || !bridge->links[side_other(origin)].is_up) {
		refuse_for_now(fault, FAULT_LINK_DOWN, "the other side cannot be reached now");
	} else if ((int64_t)exchanges_count(bridge->exchanges) >= limits->messages_pending) {
		hit->messages_pending++;
		refuse_for_now(fault, FAULT_RESOURCE_CONSTRAINT, "too many messages under way");
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
	refuse_for_now(fault, FAULT_RESOURCE_CONSTRAINT,
		       "suspected loop: the same text again and again");
	return true;
}

/* Ending --------------------------------------------------------------------------------------- */

static void count_outcome(struct counters *counters, enum side origin, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_TAKEN:
	case OUTCOME_STORED:
		if (origin == SIDE_SIP)
			counters->messages_to_xmpp++;
		else
			counters->messages_to_sip++;
		break;
	case OUTCOME_REFUSED:
		counters->messages_refused++;
		break;
	case OUTCOME_UNKNOWN:
		counters->messages_unknown++;
		break;
	}
}

/* The only place that ends an exchange. */
static void finish(struct bridge *bridge, struct exchange *exchange, enum outcome outcome,
		   const struct fault *fault)
{
	struct side_link *origin = &bridge->links[exchange->origin];
	exchange_id x = exchange->x;
	struct fault why;

	if (fault != NULL)
		why = *fault;
	count_outcome(bridge->params.counters, exchange->origin, outcome);
	exchanges_remove(bridge->exchanges, exchange);
	origin->ops->finish(origin->side, x, outcome, fault == NULL ? NULL : &why);
}

static void no_answer(struct fault *fault)
{
	fault_set(fault, FAULT_NO_ANSWER, "no word of what became of the message");
}

static void on_late(void *arg)
{
	struct bridge *bridge = arg;
	uint64_t most = (uint64_t)bridge->params.answer_s * 1000;
	struct exchange *oldest = exchanges_oldest(bridge->exchanges);
	struct fault fault;

	no_answer(&fault);
	while (oldest != NULL && now_ms(bridge) - oldest->since_ms >= most) {
		finish(bridge, oldest, OUTCOME_UNKNOWN, &fault);
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

		finish(bridge, exchange, OUTCOME_REFUSED, &fault);
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

void message_end_all(struct bridge *bridge)
{
	struct exchange *oldest = exchanges_oldest(bridge->exchanges);
	struct fault fault;

	on_refused(bridge);
	no_answer(&fault);
	while (oldest != NULL) {
		finish(bridge, oldest, OUTCOME_UNKNOWN, &fault);
		oldest = exchanges_oldest(bridge->exchanges);
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

void bridge_message(struct bridge *bridge, enum side origin, exchange_id x,
		    const struct address *from, const struct address *to,
		    const struct message *message)
{
	struct side_link *other = &bridge->links[side_other(origin)];
	struct counters *counters = bridge->params.counters;
	struct fault fault;
	bool ok = may_write(bridge, origin, from, to, &fault) &&
		  fits(bridge, origin, message, &fault) &&
		  !runs_in_circles(bridge, from, to, message, &fault);
	struct exchange *exchange = exchanges_add(bridge->exchanges, x, origin, now_ms(bridge));

	if (!ok) {
		finish_later(bridge, exchange, &fault);
		return;
	}
	if (origin == SIDE_SIP)
		counters->messages_from_sip++;
	else
		counters->messages_from_xmpp++;
	note_sender(bridge, from, to);
	exchange->from_stranger =
		origin == SIDE_XMPP && is_stranger(bridge, from) && !is_granted(bridge, from, to);
	if (!loop_timer_is_set(&bridge->answer_timer))
		loop_timer_set(bridge->params.loop, &bridge->answer_timer,
			       (uint64_t)bridge->params.answer_s * 1000, on_late, bridge);
	other->ops->deliver(other->side, x, from, to, message);
}

void bridge_outcome(struct bridge *bridge, exchange_id x, enum outcome outcome,
		    const struct fault *fault)
{
	struct exchange *exchange = exchanges_find(bridge->exchanges, x);
	bool is_good = outcome == OUTCOME_TAKEN || outcome == OUTCOME_STORED;
	struct fault why;

	/* Only the first word counts; what was refused at once has had its own. */
	if (exchange == NULL || exchange->fault != NULL)
		return;
	if (!is_good && fault == NULL) {
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
	finish(bridge, exchange, outcome, is_good ? NULL : fault);
}

size_t bridge_message_count(const struct bridge *bridge)
{
	return exchanges_count(bridge->exchanges);
}
