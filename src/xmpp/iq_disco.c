/* XEP-0030: what the bridge, its users and their resource are, and what each of them answers. */
#include <string.h>
#include <strophe.h>

#include "model/fault.h"
#include "translate/xml_writer.h"
#include "xmpp/inbox.h"
#include "xmpp/iq.h"
#include "xmpp/side_private.h"

#define NS_INFO  "http://jabber.org/protocol/disco#info"
#define NS_ITEMS "http://jabber.org/protocol/disco#items"

enum { FEATURES_MAX = 8 };

/* What is told of one kind of target (X0030-2); features end with NULL. */
struct profile {
	const char *category;
	const char *type;
	const char *features[FEATURES_MAX];
};

static const struct profile profiles[] = {
	[IQ_COMPONENT] = {"gateway",
			  "simple",
			  {NS_INFO, NS_ITEMS, "urn:xmpp:ping", "jabber:iq:version",
			   "jid\\20escaping"}},
	[IQ_USER] = {"account", "registered", {NS_INFO, NS_ITEMS, "urn:xmpp:ping"}},
	[IQ_RESOURCE] = {"client",
			 "phone",
			 {NS_INFO, NS_ITEMS, "urn:xmpp:ping", "jabber:iq:version"}},
};

/* X0030-3: we have no nodes. */
static bool has_node(const struct iq *iq)
{
	const char *node = xmpp_stanza_get_attribute(iq->payload, "node");

	return node != NULL && node[0] != '\0';
}

void iq_disco_info(const struct iq *iq)
{
	const struct profile *profile = &profiles[iq->target];
	struct xml_writer writer;

	if (has_node(iq)) {
		inbound_refuse_with(iq->in, FAULT_ITEM_NOT_FOUND, NULL);
		return;
	}
	iq_answer(iq, &writer);
	xml_open(&writer, "query");
	xml_attr(&writer, "xmlns", NS_INFO);
	xml_open(&writer, "identity");
	xml_attr(&writer, "category", profile->category);
	xml_attr(&writer, "type", profile->type);
	xml_attr(&writer, "name", iq->target == IQ_USER ? NULL : iq->in->side->params.software);
	xml_close(&writer);
	for (int i = 0; i < FEATURES_MAX && profile->features[i] != NULL; i++) {
		xml_open(&writer, "feature");
		xml_attr(&writer, "var", profile->features[i]);
		xml_close(&writer);
	}
	xml_close(&writer);
	iq_finish(iq, &writer);
}

/* X0030-4: nothing to list is an empty list. */
void iq_disco_items(const struct iq *iq)
{
	struct xml_writer writer;

	if (has_node(iq)) {
		inbound_refuse_with(iq->in, FAULT_ITEM_NOT_FOUND, NULL);
		return;
	}
	iq_answer(iq, &writer);
	xml_open(&writer, "query");
	xml_attr(&writer, "xmlns", NS_ITEMS);
	xml_close(&writer);
	iq_finish(iq, &writer);
}
