#include "xmpp/pep_out.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/presence.h"
#include "translate/xml_writer.h"
#include "xmpp/caps_book.h"
#include "xmpp/pep_nodes.h"
#include "xmpp/side_private.h"
#include "xmpp/users.h"

/* What one resource was sent of one SIP user: a digest per node, 0: nothing. */
struct sent {
	struct list link; /* least used first */
	char *key;
	uint64_t stay; /* of the resource (users.h): it has forgotten what it heard before */
	uint64_t digests[PEP_NODES];
};

/* A resource whose features are being asked for, or for which the link has no room yet. */
struct waiting {
	struct list link;
	uint64_t caps;
	struct address sip;
	struct address chat;
	char *sip_bare;
	char *full_jid;
};

struct pep_out {
	struct xmpp_side *side;
	struct table *table; /* of sent, by "SIP bare JID\nfull JID" */
	struct list order;
	struct list waiting; /* for their features */
	struct list ready;   /* for the link */
	size_t waiting_count;
	struct loop_timer timer;
	uint8_t hash_key[HASH_KEY_BYTES];
	struct buf key;
	struct buf payload;
};

struct pep_out *pep_out_new(struct xmpp_side *side)
{
	struct pep_out *pep_out = mem_zalloc(sizeof(*pep_out));

	pep_out->side = side;
	pep_out->table = table_new();
	list_init(&pep_out->order);
	list_init(&pep_out->waiting);
	list_init(&pep_out->ready);
	random_bytes(pep_out->hash_key, sizeof(pep_out->hash_key));
	return pep_out;
}

static void drop_sent(struct pep_out *pep_out, struct sent *sent)
{
	table_remove(pep_out->table, sent->key, strlen(sent->key));
	list_remove(&sent->link);
	mem_free(sent->key);
	mem_free(sent);
}

static void drop_waiting(struct pep_out *pep_out, struct waiting *waiting)
{
	list_remove(&waiting->link);
	pep_out->waiting_count--;
	address_clear(&waiting->sip);
	address_clear(&waiting->chat);
	mem_free(waiting->sip_bare);
	mem_free(waiting->full_jid);
	mem_free(waiting);
}

void pep_out_free(struct pep_out **out)
{
	struct pep_out *pep_out = *out;

	if (pep_out == NULL)
		return;
	loop_timer_cancel(&pep_out->timer);
	LIST_EACH(it, next, &pep_out->order)
	drop_sent(pep_out, LIST_ENTRY(it, struct sent, link));
	LIST_EACH(it, next, &pep_out->waiting)
	drop_waiting(pep_out, LIST_ENTRY(it, struct waiting, link));
	LIST_EACH(it, next, &pep_out->ready)
	drop_waiting(pep_out, LIST_ENTRY(it, struct waiting, link));
	table_free(&pep_out->table);
	buf_free(&pep_out->key);
	buf_free(&pep_out->payload);
	mem_free(pep_out);
	*out = NULL;
}

size_t pep_out_count(const struct pep_out *pep_out)
{
	return table_count(pep_out->table);
}

/* What was sent ---------------------------------------- */

static const struct buf *make_key(struct pep_out *pep_out, const char *sip_bare,
				  const char *full_jid)
{
	buf_reset(&pep_out->key);
	buf_puts(&pep_out->key, sip_bare);
	buf_putc(&pep_out->key, '\n'); /* in no JID */
	buf_puts(&pep_out->key, full_jid);
	return &pep_out->key;
}

static struct sent *find(struct pep_out *pep_out, const char *sip_bare, const char *full_jid)
{
	const struct buf *key = make_key(pep_out, sip_bare, full_jid);

	return table_find(pep_out->table, key->data, key->len);
}

static struct sent *add(struct pep_out *pep_out, const char *sip_bare, const char *full_jid,
			uint64_t stay)
{
	struct sent *sent = mem_zalloc(sizeof(*sent));

	if (table_count(pep_out->table) >= PEP_OUT_MAX)
		drop_sent(pep_out, LIST_ENTRY(pep_out->order.next, struct sent, link));
	sent->stay = stay;
	sent->key = mem_strdup(buf_text(make_key(pep_out, sip_bare, full_jid)));
	table_put(pep_out->table, sent->key, strlen(sent->key), sent);
	list_append(&pep_out->order, &sent->link);
	return sent;
}

/* Sending ---------------------------------------- */

/* An empty element says nothing (X0163-3). */
static bool is_empty(const struct buf *payload)
{
	return payload->len == 0 || memchr(payload->data + 1, '<', payload->len - 1) == NULL;
}

bool pep_out_payload(int node, const struct presence *presence, struct buf *out)
{
	static const struct presence nothing;
	struct buf payload = BUF_INIT;
	bool says;

	(void)pep_write(pep_node(node), presence == NULL ? &nothing : presence, &payload);
	says = !is_empty(&payload);
	buf_append(out, payload.data, payload.len);
	buf_free(&payload);
	return says;
}

/* XEP-0163 section 4: from the bare JID of who says it, to the full JID of who wants it. Returns as
 * side_put(). */
static int put_event(struct xmpp_side *side, const char *sip_bare, const char *full_jid, int node,
		     const struct buf *payload)
{
	struct buf key = BUF_INIT;
	struct xml_writer writer;
	char id[FRESH_ID_MAX];
	int error;

	side_fresh_id(side, ID_PRESENCE, id);
	buf_reset(&side->scratch);
	xml_writer_init(&writer, &side->scratch);
	xml_open(&writer, "message");
	xml_attr(&writer, "from", sip_bare);
	xml_attr(&writer, "to", full_jid);
	xml_attr(&writer, "type", "headline");
	xml_attr(&writer, "id", id);
	xml_open(&writer, "event");
	xml_attr(&writer, "xmlns", NS_PUBSUB_EVENT);
	xml_open(&writer, "items");
	xml_attr(&writer, "node", pep_node(node));
	xml_open(&writer, "item");
	xml_attr(&writer, "id", "current");
	xml_written(&writer, payload);
	while (writer.depth > 0)
		xml_close(&writer);
	buf_printf(&key, "V%d%s\n%s", node, sip_bare, full_jid);
	error = side_put(side, sip_bare, OUTBOX_STATE, buf_text(&key));
	buf_free(&key);
	return error;
}

/* Only what this resource was not told yet. */
static void send_node(struct xmpp_side *side, struct sent *sent, const char *sip_bare,
		      const char *full_jid, int node, const struct presence *presence)
{
	struct pep_out *pep_out = side->pep_out;
	struct buf *payload = &pep_out->payload;
	uint64_t digest = 0;

	buf_reset(payload);
	if (pep_out_payload(node, presence, payload))
		digest = hash_bytes(pep_out->hash_key, payload->data, payload->len) | 1;
	if (digest != sent->digests[node] &&
	    put_event(side, sip_bare, full_jid, node, payload) == 0)
		sent->digests[node] = digest;
}

static bool was_told_something(const struct sent *sent)
{
	for (int node = 0; node < PEP_NODES; node++) {
		if (sent->digests[node] != 0)
			return true;
	}
	return false;
}

/* resource: with what it wants, and its stay. */
static void send_all(struct xmpp_side *side, const char *sip_bare, const char *full_jid,
		     const struct user_resource *resource, const struct presence *presence)
{
	struct pep_out *pep_out = side->pep_out;
	unsigned wants = caps_book_wants(side->caps_book, resource->caps) & CAPS_EVENTS;
	struct sent *sent;

	if (wants == 0)
		return;
	sent = find(pep_out, sip_bare, full_jid);
	if (sent != NULL && sent->stay != resource->stay) {
		drop_sent(pep_out, sent);
		sent = NULL;
	}
	if (sent == NULL)
		sent = add(pep_out, sip_bare, full_jid, resource->stay);
	list_remove(&sent->link);
	list_append(&pep_out->order, &sent->link);
	for (int node = 0; node < PEP_NODES; node++) {
		if ((wants & pep_want(node)) != 0)
			send_node(side, sent, sip_bare, full_jid, node, presence);
	}
	if (!was_told_something(sent))
		drop_sent(pep_out, sent);
}

void pep_out_tell(struct xmpp_side *side, const char *sip_bare, const char *chat_bare,
		  const struct presence *presence)
{
	unsigned count;
	const struct user_resource *resources = users_resources(side->users, chat_bare, &count);
	struct buf full_jid = BUF_INIT;

	for (unsigned i = 0; i < count; i++) {
		buf_reset(&full_jid);
		buf_printf(&full_jid, "%s/%s", chat_bare, resources[i].name);
		send_all(side, sip_bare, buf_text(&full_jid), &resources[i], presence);
	}
	buf_free(&full_jid);
}

/* Resources that come and go ---------------------------------------- */

static void wait_in(struct pep_out *pep_out, struct list *list, const struct address *sip,
		    const char *sip_bare, const struct address *chat, const char *full_jid,
		    uint64_t caps)
{
	struct waiting *waiting;

	if (pep_out->waiting_count >= PEP_WAITING_MAX)
		return; /* he gets the next change */
	waiting = mem_zalloc(sizeof(*waiting));
	waiting->caps = caps;
	address_copy(&waiting->sip, sip);
	address_copy(&waiting->chat, chat);
	waiting->sip_bare = mem_strdup(sip_bare);
	waiting->full_jid = mem_strdup(full_jid);
	list_append(list, &waiting->link);
	pep_out->waiting_count++;
}

/* As it was seen last; caps: what it said now, for one that is not remembered. */
static struct user_resource resource_of(const struct xmpp_side *side, const char *full_jid,
					uint64_t caps)
{
	size_t len = strcspn(full_jid, "/");
	char *bare = mem_strndup(full_jid, len);
	unsigned count;
	const struct user_resource *resources = users_resources(side->users, bare, &count);
	struct user_resource found = {.caps = caps};

	mem_free(bare);
	for (unsigned i = 0; i < count && full_jid[len] == '/'; i++) {
		if (strcmp(resources[i].name, full_jid + len + 1) == 0)
			found.stay = resources[i].stay;
	}
	return found;
}

static void send_now(struct xmpp_side *side, const struct address *sip, const char *sip_bare,
		     const struct address *chat, const char *full_jid, uint64_t caps)
{
	struct user_resource resource = resource_of(side, full_jid, caps);
	const struct presence *now = NULL;

	if (bridge_may_see(side->params.bridge, chat, sip, &now))
		send_all(side, sip_bare, full_jid, &resource,
			 now != NULL && presence_is_open(now) ? now : NULL);
}

void pep_out_arrived(struct xmpp_side *side, const struct address *sip, const char *sip_bare,
		     const struct address *chat, const char *full_jid, uint64_t caps)
{
	struct pep_out *pep_out = side->pep_out;

	if (caps_book_is_asking(side->caps_book, caps))
		wait_in(pep_out, &pep_out->waiting, sip, sip_bare, chat, full_jid, caps);
	else if ((caps_book_wants(side->caps_book, caps) & CAPS_EVENTS) == 0)
		return;
	else if (side_may_write(side, sip_bare))
		send_now(side, sip, sip_bare, chat, full_jid, caps);
	else
		wait_in(pep_out, &pep_out->ready, sip, sip_bare, chat, full_jid, caps);
}

/* REL-046: many may have waited for one answer. While their stream is down they wait on. */
static void on_ready(void *arg)
{
	struct pep_out *pep_out = arg;
	struct xmpp_side *side = pep_out->side;

	LIST_EACH(it, next, &pep_out->ready)
	{
		struct waiting *at = LIST_ENTRY(it, struct waiting, link);
		const struct component *component = side_component_of(side, at->sip_bare);

		if (!side_may_write(side, at->sip_bare)) {
			if (component != NULL && component_is_up(component))
				loop_timer_set(side->params.loop, &pep_out->timer, PEP_OUT_AGAIN_MS,
					       on_ready, pep_out);
			continue;
		}
		send_now(side, &at->sip, at->sip_bare, &at->chat, at->full_jid, at->caps);
		drop_waiting(pep_out, at);
	}
}

void pep_out_left(struct xmpp_side *side, const char *sip_bare, const char *full_jid)
{
	struct sent *sent = find(side->pep_out, sip_bare, full_jid);

	if (sent != NULL)
		drop_sent(side->pep_out, sent);
}

void pep_out_known(struct xmpp_side *side, uint64_t caps)
{
	struct pep_out *pep_out = side->pep_out;

	LIST_EACH(it, next, &pep_out->waiting)
	{
		if (LIST_ENTRY(it, struct waiting, link)->caps != caps)
			continue;
		list_remove(it);
		list_append(&pep_out->ready, it);
	}
	on_ready(pep_out);
}

static bool is_of(const struct xmpp_side *side, const struct sent *sent,
		  const struct component *component)
{
	char *sip_bare = mem_strndup(sent->key, strcspn(sent->key, "\n"));
	bool is_its = side_component_of(side, sip_bare) == component;

	mem_free(sip_bare);
	return is_its;
}

void pep_out_link_down(struct xmpp_side *side, const struct component *component)
{
	struct pep_out *pep_out = side->pep_out;

	LIST_EACH(it, next, &pep_out->order)
	{
		struct sent *sent = LIST_ENTRY(it, struct sent, link);

		if (is_of(side, sent, component))
			drop_sent(pep_out, sent);
	}
}

void pep_out_link_up(struct xmpp_side *side)
{
	on_ready(side->pep_out);
}
