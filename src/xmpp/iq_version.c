/* XEP-0092, without the operating system (X0092-1). */
#include "model/fault.h"
#include "translate/xml_writer.h"
#include "xmpp/inbox.h"
#include "xmpp/iq.h"
#include "xmpp/side_private.h"

void iq_version(const struct iq *iq)
{
	const struct xmpp_side_params *params = &iq->in->side->params;
	struct xml_writer writer;

	if (iq->target == IQ_USER) { /* a user as such runs no software */
		inbound_refuse_with(iq->in, FAULT_SERVICE_UNAVAILABLE, NULL);
		return;
	}
	iq_answer(iq, &writer);
	xml_open(&writer, "query");
	xml_attr(&writer, "xmlns", "jabber:iq:version");
	xml_element(&writer, "name", params->software);
	xml_element(&writer, "version", params->version);
	xml_close(&writer);
	iq_finish(iq, &writer);
}
