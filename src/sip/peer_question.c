/* OPTIONS to a SIP server; see peer_question.h. */
#include "sip/peer_question.h"

#include <string.h>

#include "base/buf.h"
#include "base/random.h"
#include "sip/agent.h"
#include "sip/net_address.h"
#include "sip/side_core.h"

enum { ID_BYTES = 16 };

static void put_host(const struct uri_parts *parts, struct buf *out)
{
	bool is_v6 = strchr(parts->host, ':') != NULL;

	buf_printf(out, "%s%s%s", is_v6 ? "[" : "", parts->host, is_v6 ? "]" : "");
}

/* The next hop without what is meant for routing. */
static void put_target(const char *hop, struct buf *out)
{
	struct uri_parts parts;

	if (!uri_parts_read(&parts, hop)) {
		buf_puts(out, hop);
		return;
	}
	buf_puts(out, "sip:");
	put_host(&parts, out);
	if (parts.port != 0)
		buf_printf(out, ":%u", parts.port);
	if (parts.transport[0] != '\0')
		buf_printf(out, ";transport=%s", parts.transport);
}

/* RFC 3261 table 1: no port and no transport in From. */
static void put_from(const char *contact, struct buf *out)
{
	struct buf uri = BUF_INIT;
	struct uri_parts own;

	buf_append(&uri, contact + 1, strlen(contact) - 2);
	buf_puts(out, "From: <sip:sipxmppd@");
	if (uri_parts_read(&own, buf_text(&uri)))
		put_host(&own, out);
	else
		buf_puts(out, "invalid");
	buf_free(&uri);
}

void peer_question_write(const struct side_core *core, const char *domain, const char *hop,
			 const struct net_address *address, struct buf *out)
{
	char call_id[2 * ID_BYTES + 1], tag[2 * ID_BYTES + 1];
	struct buf target = BUF_INIT, contact = BUF_INIT;

	random_hex(call_id, ID_BYTES);
	random_hex(tag, ID_BYTES);
	put_target(hop, &target);
	agent_contact(core->agent, address, side_core_way(core, domain, hop), "sipxmppd", &contact);
	buf_printf(out, "OPTIONS %s SIP/2.0\r\n", buf_text(&target));
	put_from(buf_text(&contact), out);
	buf_printf(out, ">;tag=%s\r\nTo: <%s>\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\nContact: %s\r\n",
		   tag, buf_text(&target), call_id, buf_text(&contact));
	side_core_common(core, side_core_peer(core, domain), -1, out);
	buf_puts(out, "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n");
	buf_free(&contact);
	buf_free(&target);
}
