/* Message stanzas (RFC 6121 section 5, RFC 7572): which of them is a text for a SIP user. */
#include "base/log.h"
#include "base/table.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/fault.h"
#include "model/limits.h"
#include "translate/fault_map.h"
#include "translate/message_stanza.h"
#include "xmpp/inbox.h"
#include "xmpp/messages.h"
#include "xmpp/pep_in.h"
#include "xmpp/side_private.h"
#include "xmpp/users.h"

static void refuse_text(const struct inbound *in, const struct message_stanza *stanza,
			enum fault_code code, const char *text)
{
	if (stanza->message.kind == MESSAGE_HEADLINE) { /* D-34 */
		in->side->params.counters->stanzas_refused++;
		return;
	}
	inbound_refuse_with(in, code, text);
}

static void on_text(struct inbound *in, struct message_stanza *stanza)
{
	struct xmpp_side *side = in->side;
	const struct limits *limits = side->params.limits;
	struct limits_hit *hits = &side->params.counters->limits;

	if (!in->may_use) { /* D-03, D-47 */
		refuse_text(in, stanza, FAULT_SERVICE_UNAVAILABLE, NULL);
	} else if (in->is_to_component) {
		refuse_text(in, stanza, FAULT_SERVICE_UNAVAILABLE, NULL);
	} else if (!in->has_target) {
		refuse_text(in, stanza, FAULT_ITEM_NOT_FOUND, "no such address");
	} else if (!users_take(side->users, in->from_bare, USER_RATE_MESSAGE,
			       loop_now(side->params.loop))) { /* SEC-087 */
		hits->messages_per_user_per_s++;
		refuse_text(in, stanza, FAULT_RATE, "too many messages");
	} else if ((int64_t)stanza->message.body_len > limits->message_text_bytes) {
		hits->message_text_bytes++;
		refuse_text(in, stanza, FAULT_TOO_LARGE, "text too long");
	} else if ((int64_t)table_count(side->incoming) >= limits->messages_pending) {
		hits->messages_pending++;
		refuse_text(in, stanza, FAULT_RESOURCE_CONSTRAINT, "too many messages waiting");
	} else {
		messages_accept(in, stanza);
	}
}

/* MSG-005, SEC-072: an error is the end of a message of ours, or nothing. */
static void on_error(const struct inbound *in)
{
	struct fault fault;

	fault_from_stanza(in->stanza, &fault);
	if (component_refused(in->component, in->from, in->id, &fault))
		return;
	in->side->params.counters->stanzas_refused++;
	log_debug("xmpp: late error from=%s id=%s (%s)", log_safe(in->from), log_safe(in->id),
		  fault_name(fault.code));
}

void handle_message(struct inbound *in)
{
	struct message_stanza stanza;

	if (pep_in_take(in)) /* X999-3: an event is no text, and is never answered */
		return;
	message_stanza_read(in->stanza, &stanza);
	switch (stanza.kind) {
	case MESSAGE_STANZA_TEXT:
		on_text(in, &stanza);
		break;
	case MESSAGE_STANZA_ERROR:
		on_error(in);
		break;
	case MESSAGE_STANZA_GROUPCHAT: /* MSG-004, CMP-033 */
		inbound_refuse_with(in, FAULT_SERVICE_UNAVAILABLE, NULL);
		break;
	case MESSAGE_STANZA_ENCRYPTED: /* D-45, X999-2 */
		inbound_refuse_with(in, FAULT_NOT_ACCEPTABLE,
				    "telephones cannot read encrypted messages");
		break;
	case MESSAGE_STANZA_STATE:
	case MESSAGE_STANZA_REPORT:
	case MESSAGE_STANZA_NOTHING: /* CMP-034, MSG-006 */
		break;
	}
	message_stanza_clear(&stanza);
}
