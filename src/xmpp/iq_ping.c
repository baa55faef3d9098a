/* XEP-0199: the bridge answers for itself and as the server of the SIP users. */
#include "translate/xml_writer.h"
#include "xmpp/iq.h"

void iq_ping(const struct iq *iq)
{
	struct xml_writer writer;

	iq_answer(iq, &writer);
	iq_finish(iq, &writer);
}
