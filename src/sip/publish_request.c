/* The text of a PUBLISH request out; see publish_request.h. */
#include "sip/publish_request.h"

#include "base/buf.h"
#include "base/random.h"
#include "sip/side_core.h"

enum { TAG_BYTES = 16 };

void publish_request_write(const struct side_core *core, const struct sip_peer *peer,
			   const struct publish_request *request, struct buf *out)
{
	char tag[2 * TAG_BYTES + 1];

	random_hex(tag, TAG_BYTES);
	buf_printf(out, "PUBLISH %s SIP/2.0\r\n", request->uri);
	side_core_route(core, peer->domain, out);
	buf_printf(out,
		   "From: <%s>;tag=%s\r\nTo: <%s>\r\nCall-ID: %s\r\nCSeq: %u PUBLISH\r\n"
		   "Event: %s\r\nExpires: %u\r\n",
		   request->uri, tag, request->uri, request->call_id, (unsigned)request->cseq,
		   request->event, request->expires_s);
	if (request->tag != NULL) /* EVT-054: a single one, as it was given */
		buf_printf(out, "SIP-If-Match: %s\r\n", request->tag);
	side_core_common(core, peer, -1, out);
	if (request->body == NULL) {
		buf_puts(out, "Content-Length: 0\r\n\r\n");
		return;
	}
	buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n", request->type,
		   request->len);
	buf_append(out, request->body, request->len);
}
