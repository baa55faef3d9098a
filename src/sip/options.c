/* OPTIONS in; see options.h. */
#include "sip/options.h"

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "sip/agent.h"
#include "sip/side_core.h"
#include "translate/text_body.h"

void options_answer(struct side_core *core, struct request *request)
{
	struct buf headers = BUF_INIT;

	buf_puts(&headers, side_core_allow_line(core));
	buf_printf(&headers, "Accept: %s, application/pidf+xml\r\n", text_body_accept);
	buf_puts(&headers, "Accept-Encoding: identity\r\nAccept-Language: en\r\nSupported:\r\n");
	buf_puts(&headers, side_core_allow_events);
	agent_answer(core->agent, request, 200, NULL, headers.data);
	buf_free(&headers);
}
