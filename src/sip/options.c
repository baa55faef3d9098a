/* OPTIONS in; see options.h. */
#include "sip/options.h"

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "sip/abilities.h"
#include "sip/agent.h"
#include "sip/identity.h"
#include "sip/side_core.h"
#include "translate/address_map.h"
#include "translate/message_body.h"

/* What he says he takes is evidence (D-41). */
static void read_abilities(const struct side_core *core, const struct request *request)
{
	struct buf uri = BUF_INIT;
	struct refusal refusal;
	struct address from;

	if (request->sip->sip_accept == NULL ||
	    identity_sender(core, request, &from, &refusal) != 0)
		return;
	if (address_to_uri(core->params->map, &from, NULL, &uri) == 0)
		abilities_read(core, uri.data, request->sip);
	buf_free(&uri);
	address_clear(&from);
}

void options_answer(struct side_core *core, struct request *request)
{
	struct buf headers = BUF_INIT;

	read_abilities(core, request);
	buf_puts(&headers, side_core_allow_line(core));
	buf_printf(&headers, "Accept: %s, application/pidf+xml\r\n", message_body_accept);
	buf_puts(&headers, "Accept-Encoding: identity\r\nAccept-Language: en\r\nSupported:\r\n");
	buf_puts(&headers, side_core_allow_events);
	agent_answer(core->agent, request, 200, NULL, headers.data);
	buf_free(&headers);
}
