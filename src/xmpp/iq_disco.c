/* XEP-0030: what the bridge, its users and their resource are, and what each of them answers. */
#include <string.h>
#include <strophe.h>

#include "base/buf.h"
#include "core/bridge.h"
#include "model/fault.h"
#include "translate/message_stanza.h"
#include "translate/pep.h"
#include "translate/xml_writer.h"
#include "xmpp/disco.h"
#include "xmpp/inbox.h"
#include "xmpp/iq.h"
#include "xmpp/side_private.h"

#define NS_ITEMS  "http://jabber.org/protocol/disco#items"
#define NS_PING   "urn:xmpp:ping"
#define NS_PUBSUB "http://jabber.org/protocol/pubsub"

enum { FEATURES_MAX = 16, IDENTITIES_MAX = 2 };

/* What is told of one kind of target (X0030-2); both end with NULL. It is the same for all users,
 * whether they exist or not (X000-2); what one of them has beside that is told to those who may see
 * him. */
struct target_profile {
	struct caps_identity identities[IDENTITIES_MAX];
	size_t identity_count;
	bool is_software; /* the name of the software stands in the identity */
	const char *features[FEATURES_MAX + 1];
};

static const struct target_profile profiles[] = {
	[IQ_COMPONENT] = {{{"gateway", "simple", NULL, NULL}},
			  1,
			  true,
			  {NS_DISCO_INFO, NS_ITEMS, NS_CAPS, NS_PING, "jabber:iq:version",
			   "jabber:iq:gateway", "jabber:iq:last", "vcard-temp", "jid\\20escaping",
			   PEP_ACTIVITY "+notify", PEP_MOOD "+notify", PEP_NICK "+notify"}},
	/* The bridge is his server: he has a vCard, and his mood, activity and name are events. */
	[IQ_USER] = {{{"account", "registered", NULL, NULL}, {"pubsub", "pep", NULL, NULL}},
		     2,
		     false,
		     {NS_DISCO_INFO, NS_ITEMS, NS_PING, "jabber:iq:last", "vcard-temp",
		      NS_PUBSUB "#access-presence", NS_PUBSUB "#filtered-notifications",
		      NS_PUBSUB "#last-published", NS_PUBSUB "#retrieve-items"}},
	/* X0163-1: what he wants to hear of his contacts. */
	[IQ_RESOURCE] = {{{"client", "phone", NULL, NULL}},
			 1,
			 true,
			 {NS_DISCO_INFO, NS_ITEMS, NS_CAPS, NS_PING, "jabber:iq:last",
			  "jabber:iq:version", PEP_ACTIVITY "+notify", PEP_MOOD "+notify",
			  PEP_NICK "+notify"}},
};

static size_t identities_of(const struct target_profile *profile, const char *software,
			    struct caps_identity out[IDENTITIES_MAX])
{
	for (size_t i = 0; i < profile->identity_count; i++) {
		out[i] = profile->identities[i];
		out[i].name = profile->is_software ? software : NULL;
	}
	return profile->identity_count;
}

/* The features of a target, which may have some (FEATURE_) of its own; ends with NULL. */
static void list_features(const struct target_profile *profile, unsigned own,
			  const char *out[FEATURES_MAX + 1])
{
	static const struct {
		unsigned bit;
		const char *feature;
	} rows[] = {
		{FEATURE_STATES, NS_CHAT_STATES},
		{FEATURE_RECEIPTS, NS_RECEIPTS},
		{FEATURE_MARKERS, NS_MARKERS},
	};
	size_t count = 0;

	while (profile->features[count] != NULL) {
		out[count] = profile->features[count];
		count++;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((own & rows[i].bit) != 0 && count < FEATURES_MAX)
			out[count++] = rows[i].feature;
	}
	out[count] = NULL;
}

static void ver_of(enum iq_target target, unsigned own, const char *software,
		   char out[CAPS_VER_CHARS + 1])
{
	struct caps_identity identities[IDENTITIES_MAX];
	size_t count = identities_of(&profiles[target], software, identities);
	const char *features[FEATURES_MAX + 1];

	list_features(&profiles[target], own, features);
	caps_ver(identities, count, features, out);
}

void disco_own_caps(struct own_caps *out, const char *software)
{
	ver_of(IQ_COMPONENT, 0, software, out->component);
	for (unsigned set = 0; set < FEATURE_SETS; set++)
		ver_of(IQ_RESOURCE, set, software, out->resource[set]);
}

/* The features of this SIP user that the asker may know of. */
static unsigned features_for(const struct iq *iq)
{
	const struct inbound *in = iq->in;

	if (iq->target != IQ_RESOURCE || !in->may_use || !in->has_target ||
	    !bridge_may_see(in->side->params.bridge, &in->sender, &in->target, NULL))
		return 0;
	return features_of(in->side, &in->target);
}

/* X0030-3: we have no nodes but those of our hashes. *own is the set that the node stands for. */
static bool is_known_node(const struct iq *iq, const char *node, bool is_info, unsigned *own)
{
	const struct own_caps *caps = &iq->in->side->own_caps;
	size_t len = strlen(OWN_NODE);

	*own = 0;
	if (node == NULL || node[0] == '\0') {
		*own = is_info ? features_for(iq) : 0;
		return true;
	}
	if (!is_info || iq->target == IQ_USER || strncmp(node, OWN_NODE "#", len + 1) != 0)
		return false;
	node += len + 1;
	if (iq->target == IQ_COMPONENT)
		return strcmp(node, caps->component) == 0;
	while (*own < FEATURE_SETS && strcmp(node, caps->resource[*own]) != 0)
		(*own)++;
	return *own < FEATURE_SETS;
}

static void write_info(const struct iq *iq, unsigned own, struct xml_writer *writer)
{
	const struct target_profile *profile = &profiles[iq->target];
	struct caps_identity identities[IDENTITIES_MAX];
	size_t count = identities_of(profile, iq->in->side->params.software, identities);
	const char *features[FEATURES_MAX + 1];

	for (size_t i = 0; i < count; i++) {
		xml_open(writer, "identity");
		xml_attr(writer, "category", identities[i].category);
		xml_attr(writer, "type", identities[i].type);
		xml_attr(writer, "name", identities[i].name);
		xml_close(writer);
	}
	list_features(profile, own, features);
	for (size_t i = 0; features[i] != NULL; i++) {
		xml_open(writer, "feature");
		xml_attr(writer, "var", features[i]);
		xml_close(writer);
	}
}

/* The node is mirrored (X0030-1); nothing to list is an empty list (X0030-4). */
static void answer(const struct iq *iq, bool is_info)
{
	const char *node = xmpp_stanza_get_attribute(iq->payload, "node");
	struct xml_writer writer;
	unsigned own;

	if (!is_known_node(iq, node, is_info, &own)) {
		inbound_refuse_with(iq->in, FAULT_ITEM_NOT_FOUND, NULL);
		return;
	}
	iq_answer(iq, &writer);
	xml_open(&writer, "query");
	xml_attr(&writer, "xmlns", is_info ? NS_DISCO_INFO : NS_ITEMS);
	xml_attr(&writer, "node", node);
	if (is_info)
		write_info(iq, own, &writer);
	xml_close(&writer);
	iq_finish(iq, &writer);
}

void iq_disco_info(const struct iq *iq)
{
	answer(iq, true);
}

void iq_disco_items(const struct iq *iq)
{
	answer(iq, false);
}
