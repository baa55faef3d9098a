#include "xmpp/messages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/limits.h"
#include "translate/address_map.h"
#include "translate/fault_map.h"
#include "translate/message_stanza.h"
#include "translate/xml_writer.h"
#include "xmpp/inbox.h"
#include "xmpp/names.h"
#include "xmpp/pep_in.h"
#include "xmpp/side_private.h"

enum { DELAY_LEAST_MS = 60 * 1000 }; /* D-44 */

/* A message of a chat user that the core has. */
struct incoming {
	exchange_id x;
	char *from;       /* full JID of the sender */
	char *to;         /* as he addressed it (CMP-024) */
	char *id;         /* or NULL */
	char *thread;     /* or NULL */
	bool is_headline; /* D-34: never answered with an error */
};

/* An outcome that has to wait until deliver() has returned. */
struct late {
	struct list link;
	exchange_id x;
	enum outcome outcome;
	struct fault fault;
};

static void incoming_free(struct incoming *incoming)
{
	mem_free(incoming->from);
	mem_free(incoming->to);
	mem_free(incoming->id);
	mem_free(incoming->thread);
	mem_free(incoming);
}

void messages_accept(struct inbound *in, struct message_stanza *stanza)
{
	struct xmpp_side *side = in->side;
	struct incoming *incoming = mem_zalloc(sizeof(*incoming));
	char uid[2 * MESSAGE_UID_BYTES + 1];

	random_hex(uid, MESSAGE_UID_BYTES); /* D-35 */
	mem_free(stanza->message.uid);
	stanza->message.uid = mem_strdup(uid);
	if (stanza->message.nick == NULL) /* X0172-2: clients send it only to strangers */
		stanza->message.nick =
			mem_strdup_or_null(pep_in_name(side, in->to_bare, in->from_bare));
	*incoming = (struct incoming){
		.x = exchange_new(),
		.from = mem_strdup(in->from),
		.to = mem_strdup(in->to),
		.id = mem_strdup_or_null(in->id),
		.thread = mem_strdup_or_null(stanza->message.thread),
		.is_headline = stanza->message.kind == MESSAGE_HEADLINE,
	};
	table_put(side->incoming, &incoming->x, sizeof(incoming->x), incoming);
	log_debug("xmpp: message from=%s to=%s bytes=%zu x=%s", log_safe(in->from),
		  log_safe(in->to), stanza->message.body_len, exchange_text(incoming->x));
	bridge_message(side->params.bridge, SIDE_XMPP, incoming->x, &in->sender, &in->target,
		       &stanza->message);
}

/* MSG-037, CMP-024: from the address as it was written, to the full JID, same id, same thread. */
static void write_error(struct buf *out, const struct incoming *incoming, const struct fault *fault)
{
	struct xml_writer writer;

	xml_writer_init(&writer, out);
	xml_open(&writer, "message");
	xml_attr(&writer, "type", "error");
	xml_attr(&writer, "from", incoming->to);
	xml_attr(&writer, "to", incoming->from);
	xml_attr(&writer, "id", incoming->id);
	xml_element(&writer, "thread", incoming->thread);
	fault_write_error(&writer, fault, NULL);
	xml_close(&writer);
}

void messages_finish(struct xmpp_side *side, exchange_id x, enum outcome outcome,
		     const struct fault *fault)
{
	struct incoming *incoming = table_remove(side->incoming, &x, sizeof(x));
	char key[24];

	if (incoming == NULL)
		return;
	if ((outcome == OUTCOME_REFUSED || outcome == OUTCOME_UNKNOWN) && fault != NULL &&
	    !incoming->is_headline) {
		log_debug("xmpp: message refused to=%s x=%s (%s)", log_safe(incoming->to),
			  exchange_text(x), fault_name(fault->code));
		buf_reset(&side->scratch);
		write_error(&side->scratch, incoming, fault);
		snprintf(key, sizeof(key), "E%s", exchange_text(x));
		/* MSG-043: also for a sender who has gone, also after a loss of the link */
		(void)side_put(side, incoming->to, OUTBOX_KEPT, key);
	}
	incoming_free(incoming);
}

static void on_late(void *arg)
{
	struct xmpp_side *side = arg;

	while (!list_is_empty(&side->late)) {
		struct late *late = LIST_ENTRY(side->late.next, struct late, link);

		list_remove(&late->link);
		bridge_outcome(side->params.bridge, late->x, late->outcome, &late->fault);
		mem_free(late);
	}
}

/* A side never calls the core from inside one of its calls (core/side.h). */
static void refuse_later(struct xmpp_side *side, exchange_id x, enum fault_code code,
			 const char *text)
{
	struct late *late = mem_zalloc(sizeof(*late));

	late->x = x;
	late->outcome = OUTCOME_REFUSED;
	fault_set(&late->fault, code, text);
	if (list_is_empty(&side->late))
		loop_defer(side->params.loop, on_late, side);
	list_append(&side->late, &late->link);
}

static void refuse_unsent(struct xmpp_side *side, exchange_id x, int error)
{
	switch (error) {
	case ENOTCONN:
		refuse_later(side, x, FAULT_LINK_DOWN, "chat server not reachable");
		break;
	case ENOBUFS:
		refuse_later(side, x, FAULT_LINK_DOWN, "chat server too slow");
		break;
	case E2BIG:
		refuse_later(side, x, FAULT_TOO_LARGE, "message too large for the chat server");
		break;
	default:
		refuse_later(side, x, FAULT_INTERNAL_SERVER_ERROR, NULL);
		break;
	}
}

static void write_and_send(struct xmpp_side *side, exchange_id x, const struct jids *jids,
			   const struct message *message)
{
	const char *from = buf_text(&jids->sip_full), *to = buf_text(&jids->chat_bare);
	struct component *component = side_component_of(side, from);
	struct message told = *message; /* borrows the texts */
	int error = ENOTCONN;

	if (loop_wall_ms(side->params.loop) - told.sent_at_ms < DELAY_LEAST_MS)
		told.sent_at_ms = 0;
	buf_reset(&side->scratch);
	if (component != NULL) {
		message_stanza_write(&side->scratch, &told, from, to, component_domain(component));
		error = component_deliver(component, x, told.uid, to, &side->scratch);
	}
	if (error != 0)
		refuse_unsent(side, x, error);
}

void messages_deliver(struct xmpp_side *side, exchange_id x, const struct address *from,
		      const struct address *to, const struct message *message)
{
	struct jids jids;

	log_debug("xmpp: message to=%s bytes=%zu x=%s", log_safe(to->local), message->body_len,
		  exchange_text(x));
	if (!jids_make(side, from, to, &jids))
		refuse_later(side, x, FAULT_JID_MALFORMED, "no chat address for this user");
	else if (!address_may_use(side->params.map, to)) /* SEC-025 */
		refuse_later(side, x, FAULT_FORBIDDEN, NULL);
	else
		write_and_send(side, x, &jids, message);    /* D-43: to the bare JID */
	if (message->nick != NULL && jids.sip_bare.len > 0) /* D-32 */
		names_put(side->names, buf_text(&jids.sip_bare), message->nick);
	jids_clear(&jids);
}

void messages_outcome(struct xmpp_side *side, exchange_id x, enum outcome outcome,
		      const struct fault *fault)
{
	bridge_outcome(side->params.bridge, x, outcome, fault);
}

static bool free_incoming(void *value, void *arg)
{
	(void)arg;
	incoming_free(value);
	return true;
}

void messages_clear(struct xmpp_side *side)
{
	LIST_EACH(it, next, &side->late)
	mem_free(LIST_ENTRY(it, struct late, link));
	list_init(&side->late);
	if (side->incoming != NULL)
		table_each(side->incoming, free_incoming, NULL);
	table_free(&side->incoming);
}
