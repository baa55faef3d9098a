/* What the library answers by itself; see datagram_gate.h. The conditions are those of its
 * agent_recv_request(), with the mask that agent.c gives it. */
#include "sip/datagram_gate.h"

#include <stdint.h>
#include <strings.h>

#include <sofia-sip/msg.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/sip_util.h>

bool datagram_gate_is_refused(const msg_t *msg)
{
	const sip_t *sip = sip_object((msg_t *)(uintptr_t)msg);

	if (sip == NULL || sip->sip_request == NULL)
		return false; /* nobody answers that */
	return (sip->sip_flags & (MSG_FLG_ERROR | MSG_FLG_TOOLARGE | MSG_FLG_TRUNC)) != 0 ||
	       (msg_extract_errors(msg) & sip_mask_request) != 0 || sip_sanity_check(sip) < 0 ||
	       strcasecmp(sip->sip_request->rq_version, sip_version_2_0) != 0;
}
