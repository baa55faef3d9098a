/* Presence stanzas (RFC 6121 sections 3 and 4): the bridge is the server of the SIP users, so
 * subscriptions, probes and availability all end here (ARCH-011, ARCH-012). */
#include <string.h>

#include "base/mem.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/fault.h"
#include "model/load.h"
#include "translate/fault_map.h"
#include "translate/presence_stanza.h"
#include "xmpp/caps.h"
#include "xmpp/caps_book.h"
#include "xmpp/chat_states.h"
#include "xmpp/gateway.h"
#include "xmpp/inbox.h"
#include "xmpp/pep_in.h"
#include "xmpp/pep_out.h"
#include "xmpp/presence_out.h"
#include "xmpp/side_private.h"
#include "xmpp/users.h"

/* The pair in which the sender watches the SIP user. */
static struct watch watch_by_sender(const struct inbound *in, const char *nick)
{
	return (struct watch){exchange_new(), SCOPE_WATCHER, &in->sender, &in->target, nick};
}

/* The pair in which the SIP user watches the sender. */
static struct watch watch_of_sender(const struct inbound *in)
{
	return (struct watch){exchange_new(), SCOPE_WATCHER, &in->target, &in->sender, NULL};
}

static void seen(const struct inbound *in, bool is_online)
{
	if (in->may_use && in->sender.local[0] != '\0')
		bridge_user_seen(in->side->params.bridge, &in->sender, is_online);
}

static void on_subscribe(struct inbound *in, const struct presence_stanza *stanza)
{
	struct watch watch = watch_by_sender(in, stanza->nick);
	const struct presence *now = NULL;
	enum watch_answer answer;
	struct fault fault;

	if (!in->may_use) { /* D-03, D-47 */
		inbound_refuse_with(in, FAULT_SERVICE_UNAVAILABLE, NULL);
		return;
	}
	if (!in->has_target) {
		buf_reset(&in->side->scratch);
		presence_stanza_write(&in->side->scratch, PRESENCE_UNSUBSCRIBED, in->to_bare,
				      in->from_bare, NULL, "no such address", NULL);
		(void)side_put(in->side, in->to_bare, OUTBOX_ANSWER, NULL);
		return;
	}
	seen(in, true);
	fault_set(&fault, FAULT_NONE, NULL);
	answer = bridge_watch_requested(in->side->params.bridge, &watch, &now, &fault);
	presence_answer(in->side, &watch, answer, &fault, now);
}

static void on_unsubscribe(struct inbound *in, const struct presence_stanza *stanza)
{
	struct watch watch = watch_by_sender(in, NULL);

	(void)stanza;
	if (in->has_sender && in->has_target)
		bridge_watch_withdrawn(in->side->params.bridge, &watch);
}

/* D-16, D-20, PRS-003: from the book; no new question to anybody unless the core wants one. */
static void on_probe(struct inbound *in, const struct presence_stanza *stanza)
{
	struct watch watch = watch_by_sender(in, NULL);
	const struct presence *now = NULL;
	enum watch_answer answer;
	struct fault fault;

	if (!in->may_use) {
		presence_deny_probe(in->side, in->to_bare, in->from_bare, stanza->id);
		return;
	}
	seen(in, true);
	if (!in->has_target)
		return; /* PRES-094 */
	if (in->to_resource != NULL && strcmp(in->to_resource, SIP_RESOURCE) != 0)
		return; /* PRES-158: nothing is known of that resource */
	fault_set(&fault, FAULT_NONE, NULL);
	answer = bridge_probed(in->side->params.bridge, &watch, &now, &fault);
	if (answer == WATCH_ALLOWED && now != NULL && presence_is_open(now))
		presence_tell(in->side, &watch, now);
	else if (answer == WATCH_ALLOWED)
		presence_tell_nothing(in->side, &watch, stanza->id, now);
	else if (answer != WATCH_PENDING && answer != WATCH_FAILED)
		presence_deny_probe(in->side, in->to_bare, in->from_bare, stanza->id);
}

/* X0163-1: the chat server looks at the features of those who are subscribed when their presence
 * comes, so one who becomes it later is shown again. */
static void show_again(const struct inbound *in)
{
	struct watch watch = watch_by_sender(in, NULL);
	const struct presence *now = NULL;

	if (in->may_use && in->has_target &&
	    bridge_may_see(in->side->params.bridge, &in->sender, &in->target, &now) &&
	    now != NULL && presence_is_open(now))
		presence_tell(in->side, &watch, now);
}

static void on_subscribed(struct inbound *in, const struct presence_stanza *stanza)
{
	struct watch watch = watch_of_sender(in);

	(void)stanza;
	seen(in, true);
	if (in->has_sender && in->has_target)
		bridge_watch_answered(in->side->params.bridge, &watch, WATCH_ALLOWED, NULL);
	show_again(in);
}

static void on_unsubscribed(struct inbound *in, const struct presence_stanza *stanza)
{
	struct watch watch = watch_of_sender(in);

	(void)stanza;
	if (in->has_sender && in->has_target)
		bridge_watch_answered(in->side->params.bridge, &watch, WATCH_REJECTED, NULL);
	pep_in_forget(in);
}

/* The key of what the resource can do (XEP-0115); 0: nothing was ever said. */
static uint64_t note_arrival(const struct inbound *in)
{
	struct xmpp_side *side = in->side;
	struct caps_mark mark;
	uint64_t caps = 0;

	if (in->from_resource != NULL && in->has_target && caps_find(in->stanza, &mark))
		caps = caps_book_seen(side->caps_book, &mark, in);
	caps = users_came(side->users, in->from_bare, in->from_resource, caps,
			  loop_now(side->params.loop));
	seen(in, true);
	return caps;
}

/* XEP-0163, both ways, and XEP-0085, after the core has heard of the device. */
static void note_events(const struct inbound *in, bool is_available, uint64_t caps)
{
	if (!in->has_target)
		return;
	if (is_available) {
		pep_in_seen(in);
		pep_out_arrived(in->side, &in->target, in->to_bare, &in->sender, in->from, caps);
	} else {
		pep_out_left(in->side, in->to_bare, in->from);
		chat_states_left(in);
	}
}

/* PRES-118: what is not delayed has changed now. */
static void date_device(const struct inbound *in, struct device *device)
{
	int64_t now = loop_wall_ms(in->side->params.loop);

	if (device->since_ms == 0 || device->since_ms > now)
		device->since_ms = now;
}

/* Available and unavailable. The core drops what no granted pair covers (PRS-010). */
static void on_state(struct inbound *in, struct presence_stanza *stanza)
{
	struct watch watch = watch_of_sender(in);
	bool is_available = stanza->type == PRESENCE_AVAILABLE;
	uint64_t caps;

	if (!in->may_use)
		return;
	caps = is_available ? note_arrival(in) : 0;
	mem_free(stanza->device.id);
	stanza->device.id = mem_strdup_or_null(in->from_resource);
	date_device(in, &stanza->device);
	if (in->has_target)
		bridge_device(in->side->params.bridge, &watch, &stanza->device);
	note_events(in, is_available, caps);
	if (!is_available && users_went(in->side->users, in->from_bare, in->from_resource,
					loop_now(in->side->params.loop)))
		seen(in, false); /* D-20: his last resource went */
}

/* Table C.4 of file 04: what an error in answer to our subscribe means. */
static enum watch_answer answer_of_error(enum fault_code code)
{
	switch (code) {
	case FAULT_ITEM_NOT_FOUND:
	case FAULT_GONE:
	case FAULT_JID_MALFORMED:
		return WATCH_NO_SUCH;
	case FAULT_FORBIDDEN:
	case FAULT_NOT_ALLOWED:
	case FAULT_POLICY_VIOLATION:
	case FAULT_NOT_AUTHORIZED:
	case FAULT_SUBSCRIPTION_REQUIRED:
	case FAULT_SERVICE_UNAVAILABLE: /* may hide any of the above */
		return WATCH_REJECTED;
	default:
		return WATCH_FAILED; /* SUBX-010, SUBX-011: kept, tried again */
	}
}

/* PRES-090 for answers to our subscribe, told by the id; others are never answered and never
 * presence (PRES-152, PRS-011). */
static void on_error(struct inbound *in, const struct presence_stanza *stanza)
{
	struct watch watch = watch_of_sender(in);
	struct fault fault;

	if (stanza->id == NULL || stanza->id[0] != ID_SUBSCRIBE || stanza->id[1] != '-' ||
	    !in->has_sender || !in->has_target) {
		in->side->params.counters->stanzas_refused++;
		return;
	}
	fault_from_stanza(in->stanza, &fault);
	bridge_watch_answered(in->side->params.bridge, &watch, answer_of_error(fault.code), &fault);
}

/* REL-042: a question for a pair that is not granted begins something; one that is lives on. What
 * a chat server probes is asked again when its user comes back. */
static bool is_shed(const struct inbound *in, enum presence_type type)
{
	bool is_new = type == PRESENCE_SUBSCRIBE || type == PRESENCE_PROBE;

	if (!is_new || load_level(in->side->params.load) == LOAD_NORMAL || !in->may_use ||
	    !in->has_target ||
	    bridge_may_see(in->side->params.bridge, &in->sender, &in->target, NULL))
		return false;
	return !inbound_admits(in, type == PRESENCE_PROBE ? LOAD_POLL : LOAD_WATCH,
			       type == PRESENCE_SUBSCRIBE);
}

/* SEC-087. Availability is not limited: it is coalesced by the core, and a lost one is a stale dot.
 */
static bool is_limited(struct inbound *in, enum presence_type type)
{
	struct xmpp_side *side = in->side;

	if (type != PRESENCE_SUBSCRIBE && type != PRESENCE_PROBE && type != PRESENCE_INVALID)
		return false;
	if (inbound_take(in, USER_RATE_REQUEST))
		return false;
	if (type == PRESENCE_SUBSCRIBE && inbound_take(in, USER_RATE_ANSWER))
		inbound_refuse_with(in, FAULT_RATE, "too many requests");
	else
		side->params.counters->stanzas_refused++;
	return true;
}

static void dispatch(struct inbound *in, struct presence_stanza *stanza)
{
	switch (stanza->type) {
	case PRESENCE_AVAILABLE:
	case PRESENCE_UNAVAILABLE:
		on_state(in, stanza);
		break;
	case PRESENCE_SUBSCRIBE:
		on_subscribe(in, stanza);
		break;
	case PRESENCE_SUBSCRIBED:
		on_subscribed(in, stanza);
		break;
	case PRESENCE_UNSUBSCRIBE:
		on_unsubscribe(in, stanza);
		break;
	case PRESENCE_UNSUBSCRIBED:
		on_unsubscribed(in, stanza);
		break;
	case PRESENCE_PROBE:
		on_probe(in, stanza);
		break;
	case PRESENCE_ERROR:
		on_error(in, stanza);
		break;
	case PRESENCE_INVALID: /* CMP-025 */
		inbound_refuse_with(in, FAULT_BAD_REQUEST, NULL);
		break;
	}
}

void handle_presence(struct inbound *in)
{
	struct presence_stanza stanza;

	presence_stanza_read(in->stanza, loop_wall_ms(in->side->params.loop), &stanza);
	if (!is_limited(in, stanza.type) && !is_shed(in, stanza.type)) {
		if (!in->is_to_component || !in->may_use || !gateway_take(in, &stanza))
			dispatch(in, &stanza);
	}
	presence_stanza_clear(&stanza);
}
