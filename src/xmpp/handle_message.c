/* Message stanzas (RFC 6121 section 5, RFC 7572): which of them is a text for a SIP user, and what
 * else it says: receipts, typing, refusals. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/table.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/fault.h"
#include "model/limits.h"
#include "model/load.h"
#include "translate/fault_map.h"
#include "translate/message_stanza.h"
#include "xmpp/chat_states.h"
#include "xmpp/inbox.h"
#include "xmpp/messages.h"
#include "xmpp/pep_in.h"
#include "xmpp/side_private.h"
#include "xmpp/users.h"

static void refuse_text(const struct inbound *in, const struct message_stanza *stanza,
			enum fault_code code, const char *text)
{
	if (stanza->type == MESSAGE_HEADLINE) { /* D-34 */
		in->side->params.counters->stanzas_refused++;
		return;
	}
	inbound_refuse_with(in, code, text);
}

/* MSG-024, D-40: with the limit in the text. */
static void refuse_long(const struct inbound *in, const struct message_stanza *stanza, int64_t most)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "text too long: at most %lld bytes", (long long)most);
	refuse_text(in, stanza, FAULT_TOO_LARGE, text);
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
	} else if (in->id != NULL && strlen(in->id) > MESSAGE_ORIGIN_MAX) {
		refuse_text(in, stanza, FAULT_POLICY_VIOLATION, "the id of the stanza is too long");
	} else if (!inbound_take(in, USER_RATE_MESSAGE)) { /* SEC-087 */
		refuse_text(in, stanza, FAULT_RATE, "too many messages");
	} else if ((int64_t)stanza->message.body_len > limits->message_text_bytes) {
		hits->message_text_bytes++;
		refuse_long(in, stanza, limits->message_text_bytes);
	} else if ((int64_t)table_count(side->incoming) >= limits->messages_pending) {
		hits->messages_pending++;
		refuse_text(in, stanza, FAULT_RESOURCE_CONSTRAINT, "too many messages waiting");
	} else if (inbound_admits(in, LOAD_MESSAGE, stanza->type != MESSAGE_HEADLINE)) {
		messages_accept(in, stanza);
	}
}

/* Who may use the bridge speaks of a SIP user, and not too often. */
static bool is_notice_taken(struct inbound *in)
{
	return in->may_use && in->has_target && !in->is_to_component &&
	       inbound_take(in, USER_RATE_REPORT);
}

/* RCPT-058, RCPT-059: the core knows whether it was asked for, and of whom. */
static void on_reports(struct inbound *in, const struct message_stanza *stanza)
{
	for (unsigned i = 0; i < stanza->report_count && is_notice_taken(in); i++)
		bridge_report(in->side->params.bridge, SIDE_XMPP, &in->sender, &in->target,
			      stanza->reports[i].about, stanza->reports[i].kind, NULL);
}

/* MSG-005, SEC-072, RCPT-061: an error is the end of a message of ours, now or after it was
 * accepted, or nothing. */
static void on_error(const struct inbound *in)
{
	struct fault fault;

	fault_from_stanza(in->stanza, &fault);
	if (component_refused(in->component, in->from, in->id, &fault))
		return;
	in->side->params.counters->stanzas_refused++;
	log_debug("xmpp: late error from=%s id=%s (%s)", log_safe(in->from), log_safe(in->id),
		  fault_name(fault.code));
	if (in->id != NULL && in->has_sender && in->has_target && !in->is_to_component)
		bridge_report(in->side->params.bridge, SIDE_XMPP, &in->sender, &in->target, in->id,
			      REPORT_FAILED, &fault);
}

/* D-45, X999-2. */
static void on_encrypted(const struct inbound *in, const struct message_stanza *stanza)
{
	if (!in->may_use || in->is_to_component)
		refuse_text(in, stanza, FAULT_SERVICE_UNAVAILABLE, NULL);
	else
		refuse_text(in, stanza, FAULT_NOT_ACCEPTABLE,
			    "encrypted messages cannot be delivered to a telephone; "
			    "please switch encryption off for this contact");
}

void handle_message(struct inbound *in)
{
	struct message_stanza stanza;

	if (pep_in_take(in)) /* X999-3: an event is no text, and is never answered */
		return;
	message_stanza_read(in->stanza, &stanza);
	on_reports(in, &stanza);
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
	case MESSAGE_STANZA_ENCRYPTED:
		on_encrypted(in, &stanza);
		break;
	case MESSAGE_STANZA_STATE:
		if (is_notice_taken(in) && inbound_admits(in, LOAD_NOTICE, false))
			chat_states_take(in, &stanza);
		break;
	case MESSAGE_STANZA_REPORT:  /* a state beside it says nothing of what is typed */
	case MESSAGE_STANZA_NOTHING: /* CMP-034, MSG-006 */
		break;
	}
	message_stanza_clear(&stanza);
}
