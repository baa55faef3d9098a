/* XEP-0060 section 6.5, as far as XEP-0163 needs it of the server of the SIP users: the last item
 * of a node, for those who may see the user. */
#include <string.h>
#include <strophe.h>

#include "base/buf.h"
#include "core/bridge.h"
#include "model/fault.h"
#include "model/presence.h"
#include "translate/stanza_tree.h"
#include "translate/xml_writer.h"
#include "xmpp/inbox.h"
#include "xmpp/iq.h"
#include "xmpp/pep_nodes.h"
#include "xmpp/pep_out.h"
#include "xmpp/side_private.h"

static int find_node(const struct _xmpp_stanza_t *items)
{
	const char *name = tree_attr(items, "node");

	for (int node = 0; name != NULL && node < PEP_NODES; node++) {
		if (strcmp(name, pep_node(node)) == 0)
			return node;
	}
	return -1;
}

static void say_item(const struct iq *iq, int node, const struct buf *payload)
{
	struct xml_writer writer;

	iq_answer(iq, &writer);
	xml_open(&writer, "pubsub");
	xml_attr(&writer, "xmlns", NS_PUBSUB);
	xml_open(&writer, "items");
	xml_attr(&writer, "node", pep_node(node));
	xml_open(&writer, "item");
	xml_attr(&writer, "id", "current");
	xml_written(&writer, payload);
	while (writer.depth > 1)
		xml_close(&writer);
	iq_finish(iq, &writer);
}

/* X000-2: of users nobody knows, and of those he may not see, nothing is said, alike. */
void iq_pubsub(const struct iq *iq)
{
	const struct inbound *in = iq->in;
	const struct _xmpp_stanza_t *items = tree_find(iq->payload, NS_PUBSUB, "items");
	const struct presence *now = NULL;
	struct buf payload = BUF_INIT;
	int node = items == NULL ? -1 : find_node(items);

	if (iq->target != IQ_USER || !in->may_use || !in->has_target ||
	    !bridge_may_see(in->side->params.bridge, &in->sender, &in->target, &now))
		inbound_refuse_with(in, FAULT_SERVICE_UNAVAILABLE, NULL);
	else if (iq->is_set)
		inbound_refuse_with(in, FAULT_FORBIDDEN,
				    NULL); /* his nodes are nobody's to write */
	else if (items == NULL)
		inbound_refuse_with(in, FAULT_FEATURE_NOT_IMPLEMENTED, NULL);
	else if (node < 0 || now == NULL || !presence_is_open(now) ||
		 !pep_out_payload(node, now, &payload))
		inbound_refuse_with(in, FAULT_ITEM_NOT_FOUND, NULL);
	else
		say_item(iq, node, &payload);
	buf_free(&payload);
}
