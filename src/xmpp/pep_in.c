#include "xmpp/pep_in.h"

#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/table.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/presence.h"
#include "model/rich.h"
#include "translate/stanza_tree.h"
#include "xmpp/inbox.h"
#include "xmpp/iq_out.h"
#include "xmpp/pep_nodes.h"
#include "xmpp/side_private.h"

/* What one SIP user was told of one chat user. */
struct known {
	struct list link; /* least used first */
	struct list pull; /* waits for its turn to be asked for, or is under way */
	struct list late; /* the core hears of it after this call chain */
	char *key;
	struct address sip;
	struct address chat;
	struct person person;
	uint64_t number;
	unsigned epoch;      /* of the link, when it was asked for last */
	unsigned open_pulls; /* nodes not answered yet */
	bool is_again;       /* to be asked for once more after that: the link broke meanwhile */
};

struct pep_in {
	struct xmpp_side *side;
	struct table *table; /* by "SIP bare JID\nchat bare JID" */
	struct list order;
	struct list waiting; /* known.pull */
	struct list pulling; /* known.pull */
	struct list late;
	size_t pulling_count;
	struct loop_timer timer;
	uint64_t next_number;
	unsigned epoch;
	struct buf key;
};

struct pep_in *pep_in_new(struct xmpp_side *side)
{
	struct pep_in *pep_in = mem_zalloc(sizeof(*pep_in));

	pep_in->side = side;
	pep_in->table = table_new();
	list_init(&pep_in->order);
	list_init(&pep_in->waiting);
	list_init(&pep_in->pulling);
	list_init(&pep_in->late);
	return pep_in;
}

static void end_pull(struct pep_in *pep_in, struct known *known)
{
	if (known->open_pulls > 0)
		pep_in->pulling_count--;
	known->open_pulls = 0;
	list_remove(&known->pull);
}

static void drop(struct pep_in *pep_in, struct known *known)
{
	table_remove(pep_in->table, known->key, strlen(known->key));
	end_pull(pep_in, known);
	list_remove(&known->link);
	list_remove(&known->late);
	address_clear(&known->sip);
	address_clear(&known->chat);
	person_clear(&known->person);
	mem_free(known->key);
	mem_free(known);
}

void pep_in_free(struct pep_in **out)
{
	struct pep_in *pep_in = *out;

	if (pep_in == NULL)
		return;
	loop_timer_cancel(&pep_in->timer);
	loop_forget(pep_in->side->params.loop, pep_in);
	LIST_EACH(it, next, &pep_in->order)
	drop(pep_in, LIST_ENTRY(it, struct known, link));
	table_free(&pep_in->table);
	buf_free(&pep_in->key);
	mem_free(pep_in);
	*out = NULL;
}

size_t pep_in_count(const struct pep_in *pep_in)
{
	return table_count(pep_in->table);
}

static struct known *find(struct pep_in *pep_in, const char *sip_bare, const char *chat_bare)
{
	buf_reset(&pep_in->key);
	buf_puts(&pep_in->key, sip_bare);
	buf_putc(&pep_in->key, '\n'); /* in no JID */
	buf_puts(&pep_in->key, chat_bare);
	return table_find(pep_in->table, pep_in->key.data, pep_in->key.len);
}

/* Finds it or makes it; the one not used for longest makes room. */
static struct known *get(const struct inbound *in)
{
	struct pep_in *pep_in = in->side->pep_in;
	struct known *known = find(pep_in, in->to_bare, in->from_bare);

	if (known != NULL) {
		list_remove(&known->link);
		list_append(&pep_in->order, &known->link);
		return known;
	}
	if (table_count(pep_in->table) >= PEP_IN_MAX)
		drop(pep_in, LIST_ENTRY(pep_in->order.next, struct known, link));
	known = mem_zalloc(sizeof(*known));
	known->key = mem_strndup(pep_in->key.data, pep_in->key.len);
	known->number = ++pep_in->next_number;
	address_copy(&known->sip, &in->target);
	address_copy(&known->chat, &in->sender);
	table_put(pep_in->table, known->key, strlen(known->key), known);
	list_append(&pep_in->order, &known->link);
	return known;
}

static void hand_over(struct pep_in *pep_in, const struct known *known)
{
	struct watch watch = {exchange_new(), SCOPE_WATCHER, &known->sip, &known->chat, NULL};

	bridge_person(pep_in->side->params.bridge, &watch, &known->person);
}

/* Events ---------------------------------------- */

/* The payload of the first item: servers send the last one alone. */
static const struct _xmpp_stanza_t *payload_of(const struct _xmpp_stanza_t *items, const char *ns)
{
	const struct _xmpp_stanza_t *item = tree_find(items, ns, "item");
	const struct _xmpp_stanza_t *at = item == NULL ? NULL : tree_first(item);

	while (at != NULL && tree_name(at) == NULL)
		at = tree_next(at);
	return at;
}

/* X0163-3: an empty element, a retraction, a purge and the end of the node say nothing any more. */
static bool read_event(const struct _xmpp_stanza_t *event, struct person *person)
{
	bool is_ours = false;

	for (const struct _xmpp_stanza_t *at = tree_first(event); at != NULL; at = tree_next(at)) {
		const char *node = tree_attr(at, "node");
		bool is_items = tree_is(at, NS_PUBSUB_EVENT, "items");
		const struct _xmpp_stanza_t *payload =
			is_items ? payload_of(at, NS_PUBSUB_EVENT) : NULL;

		if (node != NULL && (is_items || tree_is(at, NS_PUBSUB_EVENT, "purge") ||
				     tree_is(at, NS_PUBSUB_EVENT, "delete")))
			is_ours |= pep_read(node, payload, person);
	}
	return is_ours;
}

bool pep_in_take(const struct inbound *in)
{
	const struct _xmpp_stanza_t *event = tree_find(in->stanza, NS_PUBSUB_EVENT, "event");
	struct bridge *bridge = in->side->params.bridge;
	struct known *known;

	/* X0163-1: from the user himself, as a whole; what a client sends may still be a text. */
	if (event == NULL || in->from_resource != NULL ||
	    (in->type != NULL && strcmp(in->type, "error") == 0))
		return false;
	if (!in->may_use || !in->has_target ||
	    !bridge_may_see(bridge, &in->target, &in->sender, NULL))
		return true;
	known = get(in);
	if (read_event(event, &known->person))
		hand_over(in->side->pep_in, known);
	return true;
}

/* Pulls ---------------------------------------- */

static void on_timer(void *arg);

static void set_timer(struct pep_in *pep_in)
{
	if (!list_is_empty(&pep_in->waiting) && pep_in->pulling_count < PEP_PULLS_MAX &&
	    !loop_timer_is_set(&pep_in->timer))
		loop_timer_set(pep_in->side->params.loop, &pep_in->timer, PEP_PULL_EVERY_MS,
			       on_timer, pep_in);
}

static struct known *find_pulling(struct pep_in *pep_in, uint64_t number)
{
	LIST_EACH(it, next, &pep_in->pulling)
	{
		struct known *known = LIST_ENTRY(it, struct known, pull);

		if (known->number == number)
			return known;
	}
	return NULL;
}

static void on_items(struct xmpp_side *side, enum iq_end end, const struct _xmpp_stanza_t *stanza,
		     const char *from, uint64_t what)
{
	struct pep_in *pep_in = side->pep_in;
	struct known *known = find_pulling(pep_in, what / PEP_NODES);
	int node = (int)(what % PEP_NODES);
	const struct _xmpp_stanza_t *pubsub = NULL, *items = NULL;

	(void)from;
	if (known == NULL)
		return;
	if (end == IQ_END_RESULT)
		pubsub = tree_find(stanza, NS_PUBSUB, "pubsub");
	if (pubsub != NULL)
		items = tree_find(pubsub, NS_PUBSUB, "items");
	/* No such node: he says nothing. No answer: what was known stays. */
	if (end != IQ_END_NOTHING &&
	    pep_read(pep_node(node), items == NULL ? NULL : payload_of(items, NS_PUBSUB),
		     &known->person))
		hand_over(pep_in, known);
	if (--known->open_pulls == 0) {
		pep_in->pulling_count--;
		list_remove(&known->pull);
		if (known->is_again)
			list_append(&pep_in->waiting, &known->pull);
		known->is_again = false;
	}
	set_timer(pep_in);
}

static bool ask_node(struct pep_in *pep_in, const struct known *known, int node)
{
	struct xmpp_side *side = pep_in->side;
	struct iq_request request;
	struct jids jids;
	bool is_sent = false;

	if (jids_make(side, &known->sip, &known->chat, &jids)) {
		iq_out_open(side, &request, buf_text(&jids.sip_bare), buf_text(&jids.chat_bare));
		xml_open(&request.writer, "pubsub");
		xml_attr(&request.writer, "xmlns", NS_PUBSUB);
		xml_open(&request.writer, "items");
		xml_attr(&request.writer, "node", pep_node(node));
		xml_attr(&request.writer, "max_items", "1");
		xml_close(&request.writer);
		xml_close(&request.writer);
		is_sent = iq_out_send(side, &request, on_items,
				      known->number * PEP_NODES + (uint64_t)node) == 0;
	}
	jids_clear(&jids);
	return is_sent;
}

static void start_pull(struct pep_in *pep_in, struct known *known)
{
	list_remove(&known->pull);
	for (int node = 0; node < PEP_NODES; node++)
		known->open_pulls += ask_node(pep_in, known, node) ? 1 : 0;
	if (known->open_pulls > 0) {
		list_append(&pep_in->pulling, &known->pull);
		pep_in->pulling_count++;
	} else {
		known->epoch--; /* there was no room: when he is seen again */
	}
}

static void on_timer(void *arg)
{
	struct pep_in *pep_in = arg;

	if (!list_is_empty(&pep_in->waiting))
		start_pull(pep_in, LIST_ENTRY(pep_in->waiting.next, struct known, pull));
	set_timer(pep_in);
}

/* Once for each time that the link came up: the server believes that we know what it sent. */
static void want_pull(struct pep_in *pep_in, struct known *known)
{
	if (known->epoch == pep_in->epoch)
		return;
	known->epoch = pep_in->epoch;
	if (list_is_linked(&known->pull)) {
		known->is_again = known->open_pulls > 0;
		return;
	}
	list_append(&pep_in->waiting, &known->pull);
	set_timer(pep_in);
}

/* Presence ---------------------------------------- */

void pep_in_seen(const struct inbound *in)
{
	struct pep_in *pep_in = in->side->pep_in;
	struct bridge *bridge = in->side->params.bridge;
	const struct presence *now = NULL;
	struct known *known;

	if (!in->has_target || !bridge_may_see(bridge, &in->target, &in->sender, NULL))
		return;
	known = get(in);
	if (in->is_to_component || (bridge_may_see(bridge, &in->sender, &in->target, &now) &&
				    now != NULL && presence_is_open(now)))
		want_pull(pep_in, known);
	hand_over(pep_in, known); /* his devices may all have been gone */
}

void pep_in_forget(const struct inbound *in)
{
	struct known *known = find(in->side->pep_in, in->to_bare, in->from_bare);

	if (known != NULL)
		drop(in->side->pep_in, known);
}

static void on_late(void *arg)
{
	struct pep_in *pep_in = arg;

	while (!list_is_empty(&pep_in->late)) {
		struct known *known = LIST_ENTRY(pep_in->late.next, struct known, late);

		list_remove(&known->late);
		hand_over(pep_in, known);
	}
}

void pep_in_shown(struct xmpp_side *side, const char *sip_bare, const char *chat_bare, bool is_open)
{
	static const struct person nothing;
	struct pep_in *pep_in = side->pep_in;
	struct known *known = find(pep_in, sip_bare, chat_bare);

	if (known == NULL)
		return;
	if (is_open) {
		want_pull(pep_in, known);
	} else if (!person_equal(&known->person, &nothing)) {
		/* Nobody will say when it changes. The server tells anew when he is back. */
		person_clear(&known->person);
		if (list_is_empty(&pep_in->late))
			loop_defer(side->params.loop, on_late, pep_in);
		if (!list_is_linked(&known->late))
			list_append(&pep_in->late, &known->late);
	}
}

void pep_in_link_up(struct xmpp_side *side)
{
	side->pep_in->epoch++;
}

const char *pep_in_name(const struct xmpp_side *side, const char *sip_bare, const char *chat_bare)
{
	const struct known *known = find(side->pep_in, sip_bare, chat_bare);

	return known == NULL || known->person.rich == NULL ? NULL
							   : known->person.rich->display_name;
}
