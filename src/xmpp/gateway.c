#include "xmpp/gateway.h"

#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/table.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/presence_view.h"
#include "translate/presence_stanza.h"
#include "xmpp/inbox.h"
#include "xmpp/side_private.h"

/* Why somebody is told. */
enum reason { REASON_SUBSCRIBED = 1 << 0, REASON_WATCHED = 1 << 1 };

struct friend
{
	struct list link;
	char *key;
	char *component;
	char *bare;
	unsigned reasons;
};

struct gateway {
	struct xmpp_side *side;
	struct table *table; /* by "component\nbare JID" */
	struct list order;   /* told longest ago first */
	struct loop_timer timer;
	size_t to_tell; /* still to be told again, from the front */
	bool has_left;
	struct buf key;
};

struct gateway *gateway_new(struct xmpp_side *side)
{
	struct gateway *gateway = mem_zalloc(sizeof(*gateway));

	gateway->side = side;
	gateway->table = table_new();
	list_init(&gateway->order);
	return gateway;
}

static void drop(struct gateway *gateway, struct friend *friend)
{
	table_remove(gateway->table, friend->key, strlen(friend->key));
	list_remove(&friend->link);
	mem_free(friend->key);
	mem_free(friend->component);
	mem_free(friend->bare);
	mem_free(friend);
}

void gateway_free(struct gateway **out)
{
	struct gateway *gateway = *out;

	if (gateway == NULL)
		return;
	loop_timer_cancel(&gateway->timer);
	LIST_EACH(it, next, &gateway->order)
	drop(gateway, LIST_ENTRY(it, struct friend, link));
	table_free(&gateway->table);
	buf_free(&gateway->key);
	mem_free(gateway);
	*out = NULL;
}

static struct friend *find(struct gateway *gateway, const struct inbound *in)
{
	buf_reset(&gateway->key);
	buf_puts(&gateway->key, in->to_bare);
	buf_putc(&gateway->key, '\n'); /* in no JID */
	buf_puts(&gateway->key, in->from_bare);
	return table_find(gateway->table, gateway->key.data, gateway->key.len);
}

static struct friend *get(struct gateway *gateway, const struct inbound *in)
{
	struct friend *friend = find(gateway, in);

	if (friend != NULL)
		return friend;
	if (table_count(gateway->table) >= GATEWAY_MAX)
		drop(gateway, LIST_ENTRY(gateway->order.next, struct friend, link));
	friend = mem_zalloc(sizeof(*friend));
	friend->key = mem_strdup(buf_text(&gateway->key));
	friend->component = mem_strdup(in->to_bare);
	friend->bare = mem_strdup(in->from_bare);
	table_put(gateway->table, friend->key, strlen(friend->key), friend);
	list_append(&gateway->order, &friend->link);
	return friend;
}

static void say(struct xmpp_side *side, const char *component, const char *bare,
		enum presence_type type)
{
	struct presence_view here = {.available = true, .priority = PRESENCE_PRIORITY_UNSET};
	struct presence_extra extra = {.caps_node = OWN_NODE,
				       .caps_ver = side->own_caps.component}; /* X0115-1 */

	if (type == PRESENCE_AVAILABLE && side->gateway->has_left)
		return;
	buf_reset(&side->scratch);
	if (type == PRESENCE_AVAILABLE)
		presence_stanza_write_more(&side->scratch, component, bare, NULL, &here, &extra);
	else
		presence_stanza_write(&side->scratch, type, component, bare, NULL, NULL, NULL);
	(void)side_put(side, component, OUTBOX_ANSWER, NULL);
}

/* True if that is news to him. */
static bool befriend(const struct inbound *in, enum reason reason)
{
	struct friend *friend = get(in->side->gateway, in);
	bool was_told = friend->reasons != 0;

	friend->reasons |= reason;
	return !was_told;
}

/* Unavailable once there is no reason left. */
static void leave(const struct inbound *in, enum reason reason)
{
	struct friend *friend = find(in->side->gateway, in);

	if (friend == NULL)
		return;
	friend->reasons &= ~(unsigned)reason;
	if (friend->reasons != 0)
		return;
	say(in->side, in->to_bare, in->from_bare, PRESENCE_UNAVAILABLE);
	drop(in->side->gateway, friend);
}

static void on_unsubscribe(const struct inbound *in)
{
	if (find(in->side->gateway, in) == NULL) /* told before this process began */
		say(in->side, in->to_bare, in->from_bare, PRESENCE_UNAVAILABLE);
	leave(in, REASON_SUBSCRIBED);
	say(in->side, in->to_bare, in->from_bare, PRESENCE_UNSUBSCRIBED);
}

/* D-18: only one who lets the SIP domain watch him. */
static void on_watched(const struct inbound *in)
{
	if (in->has_target &&
	    bridge_may_see(in->side->params.bridge, &in->target, &in->sender, NULL) &&
	    befriend(in, REASON_WATCHED))
		say(in->side, in->to_bare, in->from_bare, PRESENCE_AVAILABLE);
}

bool gateway_take(const struct inbound *in, const struct presence_stanza *stanza)
{
	switch (stanza->type) {
	case PRESENCE_SUBSCRIBE:
		say(in->side, in->to_bare, in->from_bare, PRESENCE_SUBSCRIBED);
		/* fall through */
	case PRESENCE_PROBE:
		(void)befriend(in, REASON_SUBSCRIBED);
		say(in->side, in->to_bare, in->from_bare, PRESENCE_AVAILABLE);
		return true;
	case PRESENCE_UNSUBSCRIBE:
		on_unsubscribe(in);
		return true;
	case PRESENCE_AVAILABLE:
		on_watched(in);
		return false;
	case PRESENCE_UNSUBSCRIBED:
		leave(in, REASON_WATCHED);
		return false;
	default:
		return false;
	}
}

/* All of them ---------------------------------------- */

static void on_turn(void *arg)
{
	struct gateway *gateway = arg;

	for (int i = 0; i < GATEWAY_TURN && gateway->to_tell > 0; i++) {
		struct friend *friend;

		gateway->to_tell--;
		if (list_is_empty(&gateway->order))
			break;
		friend = LIST_ENTRY(gateway->order.next, struct friend, link);
		say(gateway->side, friend->component, friend->bare, PRESENCE_AVAILABLE);
		list_remove(&friend->link);
		list_append(&gateway->order, &friend->link);
	}
	if (gateway->to_tell > 0)
		loop_timer_set(gateway->side->params.loop, &gateway->timer, GATEWAY_TURN_MS,
			       on_turn, gateway);
}

void gateway_link_up(struct xmpp_side *side)
{
	struct gateway *gateway = side->gateway;

	gateway->to_tell = table_count(gateway->table);
	if (gateway->to_tell > 0)
		loop_timer_set(side->params.loop, &gateway->timer, GATEWAY_TURN_MS, on_turn,
			       gateway);
}

bool gateway_say_goodbye(struct xmpp_side *side)
{
	struct gateway *gateway = side->gateway;

	gateway->has_left = true;
	loop_timer_cancel(&gateway->timer);
	LIST_EACH(it, next, &gateway->order)
	{
		struct friend *friend = LIST_ENTRY(it, struct friend, link);

		if (component_is_full(side_component_of(side, friend->component)))
			continue;
		say(side, friend->component, friend->bare, PRESENCE_UNAVAILABLE);
		drop(gateway, friend);
	}
	return list_is_empty(&gateway->order);
}
