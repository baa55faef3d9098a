/* XEP-0054: the card of a SIP user, from what SIP says of him (X0054-3), and that of the bridge. */
#include <string.h>
#include <strophe.h>

#include "base/buf.h"
#include "core/bridge.h"
#include "model/fault.h"
#include "model/rich.h"
#include "translate/xml_writer.h"
#include "xmpp/inbox.h"
#include "xmpp/iq.h"
#include "xmpp/names.h"
#include "xmpp/side_private.h"

static bool is_number(const char *text)
{
	size_t len;

	if (*text == '+')
		text++;
	len = strlen(text);
	return len > 0 && strspn(text, "0123456789") == len;
}

/* N is in every card (X0054-2); which part of a display name is the family nobody says. */
static void write_name(struct xml_writer *writer, const char *name)
{
	xml_element(writer, "FN", name);
	xml_open(writer, "N");
	xml_element(writer, "GIVEN", name);
	xml_close(writer);
}

static void write_number(struct xml_writer *writer, const char *number)
{
	xml_open(writer, "TEL");
	xml_open(writer, "WORK");
	xml_close(writer);
	xml_open(writer, "VOICE");
	xml_close(writer);
	xml_element(writer, "NUMBER", number);
	xml_close(writer);
}

/* CIPID, then a display name that was seen, then the number (D-32). */
static const char *name_of(const struct inbound *in, const struct rich *rich)
{
	const char *name = rich == NULL ? NULL : rich->display_name;

	if (name == NULL)
		name = names_find(in->side->names, in->to_bare);
	return name == NULL ? in->target.local : name;
}

static void write_user(const struct inbound *in, const struct presence *now,
		       struct xml_writer *writer)
{
	const struct rich *rich = now == NULL ? NULL : now->person.rich;

	write_name(writer, name_of(in, rich));
	if (is_number(in->target.local))
		write_number(writer, in->target.local);
	xml_element(writer, "JABBERID", in->to_bare);
	if (rich != NULL)
		xml_element(writer, "URL", rich->homepage);
}

static void write_bridge(const struct inbound *in, struct xml_writer *writer)
{
	write_name(writer, in->side->params.software);
	xml_element(writer, "JABBERID", in->to_bare);
	xml_element(writer, "DESC", "Gateway to SIP telephones and SIP/SIMPLE users");
}

void iq_vcard(const struct iq *iq)
{
	const struct inbound *in = iq->in;
	const struct presence *now = NULL;
	struct xml_writer writer;

	if (iq->is_set) { /* X0054-1: a SIP user's card is nobody's to write */
		inbound_refuse_with(in, FAULT_FORBIDDEN, NULL);
		return;
	}
	/* X0054-1, X000-2: users nobody knows, and those he may not know, are alike. */
	if (iq->target != IQ_COMPONENT &&
	    (!in->may_use || !in->has_target ||
	     !bridge_may_see(in->side->params.bridge, &in->sender, &in->target, &now))) {
		inbound_refuse_with(in, FAULT_SERVICE_UNAVAILABLE, NULL);
		return;
	}
	iq_answer(iq, &writer);
	xml_open(&writer, "vCard");
	xml_attr(&writer, "xmlns", "vcard-temp");
	if (iq->target == IQ_COMPONENT)
		write_bridge(in, &writer);
	else
		write_user(in, now, &writer);
	xml_close(&writer);
	iq_finish(iq, &writer);
}
