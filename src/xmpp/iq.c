#include "xmpp/iq.h"

#include <string.h>
#include <strophe.h>

#include "core/bridge.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/fault.h"
#include "model/load.h"
#include "translate/address_map.h"
#include "translate/xml_writer.h"
#include "xmpp/inbox.h"
#include "xmpp/iq_out.h"
#include "xmpp/side_private.h"
#include "xmpp/users.h"

struct feature {
	const char *ns;
	const char *name;
	bool has_set;
	void (*handle)(const struct iq *iq);
};

static const struct feature features[] = {
	{"http://jabber.org/protocol/disco#info", "query", false, iq_disco_info},
	{"http://jabber.org/protocol/disco#items", "query", false, iq_disco_items},
	{"urn:xmpp:ping", "ping", false, iq_ping},
	{"jabber:iq:version", "query", false, iq_version},
	{"jabber:iq:last", "query", false, iq_last},
	{"vcard-temp", "vCard", true, iq_vcard},
	{"jabber:iq:gateway", "query", true, iq_gateway},
	{"http://jabber.org/protocol/pubsub", "pubsub", true, iq_pubsub},
};

void iq_answer(const struct iq *iq, struct xml_writer *writer)
{
	const struct inbound *in = iq->in;

	buf_reset(&in->side->scratch);
	xml_writer_init(writer, &in->side->scratch);
	xml_open(writer, "iq");
	xml_attr(writer, "type", "result");
	xml_attr(writer, "from", in->to);
	xml_attr(writer, "to", in->from);
	xml_attr(writer, "id", in->id);
}

void iq_finish(const struct iq *iq, struct xml_writer *writer)
{
	xml_close(writer);
	(void)side_put(iq->in->side, iq->in->to, OUTBOX_ANSWER, NULL);
}

/* The only child element; NULL if there is none or more. */
static xmpp_stanza_t *only_child(xmpp_stanza_t *stanza)
{
	xmpp_stanza_t *found = NULL;

	for (xmpp_stanza_t *at = xmpp_stanza_get_children(stanza); at != NULL;
	     at = xmpp_stanza_get_next(at)) {
		if (!xmpp_stanza_is_tag(at))
			continue;
		if (found != NULL)
			return NULL;
		found = at;
	}
	return found;
}

static enum iq_target target_of(const struct inbound *in)
{
	if (in->is_to_component)
		return IQ_COMPONENT;
	if (in->to_resource == NULL)
		return IQ_USER;
	return strcmp(in->to_resource, SIP_RESOURCE) == 0 ? IQ_RESOURCE : IQ_STRANGE;
}

static const struct feature *find_feature(xmpp_stanza_t *payload)
{
	const char *ns = xmpp_stanza_get_ns(payload);
	const char *name = xmpp_stanza_get_name(payload);

	for (size_t i = 0; ns != NULL && i < sizeof(features) / sizeof(features[0]); i++) {
		if (strcmp(ns, features[i].ns) == 0 && strcmp(name, features[i].name) == 0)
			return &features[i];
	}
	return NULL;
}

/* SEC-087: over the rate an answer is still owed, but only so many a second. */
static bool is_over_rate(const struct inbound *in)
{
	struct xmpp_side *side = in->side;

	if (inbound_take(in, USER_RATE_REQUEST))
		return false;
	if (inbound_take(in, USER_RATE_ANSWER))
		inbound_refuse_with(in, FAULT_RATE, "too many requests");
	else
		side->params.counters->stanzas_refused++;
	return true;
}

/* PRES-199, RFC 6121 section 8.5.3.1: a resource exists for those alone who are shown it. A chat
 * server asks on behalf of its users (XEP-0115) and learns nothing: all users are alike. */
static bool may_ask(const struct iq *iq)
{
	const struct inbound *in = iq->in;
	const struct presence *now = NULL;

	if (iq->target == IQ_STRANGE)
		return false;
	if (iq->target != IQ_RESOURCE)
		return true;
	if (in->has_sender && in->sender.local[0] == '\0')
		return address_may_use(in->side->params.map, &in->sender);
	return in->may_use && in->has_target &&
	       bridge_may_see(in->side->params.bridge, &in->sender, &in->target, &now) &&
	       now != NULL && presence_is_open(now);
}

void handle_iq(struct inbound *in)
{
	bool is_get = in->type != NULL && strcmp(in->type, "get") == 0;
	bool is_set = in->type != NULL && strcmp(in->type, "set") == 0;
	const struct feature *feature;
	struct iq iq = {.in = in, .is_set = is_set, .target = target_of(in)};

	if (in->type != NULL &&
	    (strcmp(in->type, "result") == 0 || strcmp(in->type, "error") == 0)) {
		(void)iq_out_answered(in); /* CMP-020: never answered */
		return;
	}
	if (is_over_rate(in))
		return;
	iq.payload = only_child(in->stanza);
	if ((!is_get && !is_set) || in->id == NULL || iq.payload == NULL) {
		inbound_refuse_with(in, FAULT_BAD_REQUEST, NULL);
		return;
	}
	feature = find_feature(iq.payload);
	/* X000-2: users who exist and who do not get the same answers. */
	if (feature == NULL || !may_ask(&iq))
		inbound_refuse_with(in, FAULT_SERVICE_UNAVAILABLE, NULL);
	else if (feature->handle != iq_ping && !inbound_admits(in, LOAD_POLL, true))
		return; /* a ping is a sign of life, and cheap */
	else if (is_set && !feature->has_set)
		inbound_refuse_with(in, FAULT_FEATURE_NOT_IMPLEMENTED, NULL); /* CMP-021 */
	else
		feature->handle(&iq);
}
