/* Listeners and our own address; see listeners.h. */
#include "sip/listeners.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sofia-sip/su_wait.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/tport.h>
#include <sofia-sip/tport_tag.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"

enum {
	LISTEN_QUEUE = 1000,     /* SOF-011 */
	LISTEN_IDLE_MS = 120000, /* SOF-007 */
	LISTEN_PART_MS = 10000,
	LISTEN_UDP_BYTES = 4 << 20 /* for bursts; the kernel cuts it to net.core.rmem_max */
};

/* One sip.listen entry. */
struct listener {
	struct net_address address; /* family 0: every address */
	uint16_t port;
	enum agent_way way;
};

struct listeners {
	const struct sip_side_params *params;
	struct listener items[LISTENERS_MAX];
	size_t count;
	struct net_address toward; /* the last remote asked for, and its answer */
	struct net_address local;
};

struct listeners *listeners_new(const struct sip_side_params *params)
{
	struct listeners *listeners = mem_zalloc(sizeof *listeners);

	listeners->params = params;
	return listeners;
}

void listeners_free(struct listeners **listeners)
{
	mem_free(*listeners);
	*listeners = NULL;
}

/* Open ----------------------------------------------------------------------------------------- */

static const char *const way_names[] = {"udp", "tcp", "tls"};

static uint16_t usual_port(enum agent_way way)
{
	return way == AGENT_TLS ? 5061 : 5060;
}

static bool read_way(const struct uri_parts *parts, enum agent_way *out)
{
	if (parts->is_sips) { /* over TLS, whatever else it says (RFC 3261 section 26.2.2) */
		*out = AGENT_TLS;
		return strcmp(parts->transport, "udp") != 0;
	}
	for (size_t i = 0; i < sizeof way_names / sizeof *way_names; i++) {
		*out = (enum agent_way)i;
		if (strcmp(parts->transport, way_names[i]) == 0)
			return true;
	}
	return false;
}

static int read_entry(const struct listeners *listeners, const char *uri, bool may_tls,
		      struct listener *out, char *error, size_t error_len)
{
	struct uri_parts parts;

	if (listeners->count == LISTENERS_MAX || !uri_parts_read(&parts, uri) ||
	    !read_way(&parts, &out->way) ||
	    (strcmp(parts.host, "*") != 0 && !net_address_parse(&out->address, parts.host))) {
		snprintf(error, error_len,
			 "sip.listen: cannot use %s; write sip:ADDRESS:PORT;transport=udp, tcp or "
			 "tls",
			 uri);
		return EINVAL;
	}
	if (out->way == AGENT_TLS && !may_tls) {
		snprintf(error, error_len, "sip.listen: %s needs sip.tls_certificate", uri);
		return EINVAL;
	}
	out->port = parts.port != 0 ? parts.port : usual_port(out->way);
	return 0;
}

static void put_host(const char *host, struct buf *out)
{
	bool is_v6 = strchr(host, ':') != NULL;

	buf_printf(out, "%s%s%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "");
}

/* What is bound, as the library takes it (TLS is a scheme there): with sip.advertise Via shows that
 * host, and maddr is what is bound. */
static int put_bound(const struct listeners *listeners, const struct listener *listener,
		     struct buf *out, char *error, size_t error_len)
{
	static const char *const schemes[] = {"sip", "sip", "sips"};
	static const char *const transports[] = {";transport=udp", ";transport=tcp", ""};
	const char *advertise = listeners->params->advertise;
	struct buf address = BUF_INIT, uri = BUF_INIT;
	struct uri_parts own;
	int result = 0;

	if (listener->address.family != 0)
		net_address_print(&listener->address, &address);
	else
		buf_putc(&address, '*');
	buf_printf(&uri, "sip:%s", advertise != NULL ? advertise : "");
	buf_printf(out, "%s:", schemes[listener->way]);
	if (advertise == NULL) {
		buf_printf(out, "%s:%u%s", buf_text(&address), listener->port,
			   transports[listener->way]);
	} else if (uri_parts_read(&own, buf_text(&uri))) {
		put_host(own.host, out);
		buf_printf(out, ":%u%s;maddr=%s", listener->port, transports[listener->way],
			   buf_text(&address));
	} else {
		snprintf(error, error_len, "sip.advertise: %s is not host[:port]", advertise);
		result = EINVAL;
	}
	buf_free(&uri);
	buf_free(&address);
	return result;
}

int listeners_open(struct listeners *listeners, nta_agent_t *nta, const char *uri, bool may_tls,
		   char *error, size_t error_len)
{
	struct listener *listener = &listeners->items[listeners->count];
	struct buf bound = BUF_INIT;
	int result = read_entry(listeners, uri, may_tls, listener, error, error_len);

	if (result == 0)
		result = put_bound(listeners, listener, &bound, error, error_len);
	if (result != 0) {
		buf_free(&bound);
		return result;
	}
	errno = 0;
	if (nta_agent_add_tport(nta, (const url_string_t *)(const void *)bound.data,
				TPTAG_QUEUESIZE(LISTEN_QUEUE), TPTAG_IDLE(LISTEN_IDLE_MS),
				TPTAG_TIMEOUT(LISTEN_PART_MS), TPTAG_STUN_SERVER(1),
				TPTAG_SERVER(1), TPTAG_UDP_RMEM(LISTEN_UDP_BYTES), TAG_END()) < 0) {
		result = errno != 0 ? errno : EINVAL;
		snprintf(error, error_len, "sip.listen: cannot open %s: %s", uri, strerror(result));
	} else {
		listeners->count++;
	}
	buf_free(&bound);
	return result;
}

size_t listeners_udp_ports(const struct listeners *listeners, uint16_t out[LISTENERS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < listeners->count; i++)
		if (listeners->items[i].way == AGENT_UDP)
			out[count++] = listeners->items[i].port;
	return count;
}

/* Our own address ---------------------------------------------------------------------------- */

static const struct listener *listener_for(const struct listeners *listeners, int family,
					   enum agent_way way)
{
	const struct listener *any = NULL;

	for (size_t i = 0; i < listeners->count; i++) {
		const struct listener *listener = &listeners->items[i];

		if (listener->way != way)
			continue;
		if (family == 0 || listener->address.family == 0 ||
		    listener->address.family == family)
			return listener;
		any = listener;
	}
	return any;
}

static const struct net_address *local_toward(struct listeners *listeners,
					      const struct net_address *toward)
{
	if (net_address_same_host(&listeners->toward, toward))
		return &listeners->local;
	if (net_address_local_toward(toward, &listeners->local) != 0)
		net_address_parse(&listeners->local, toward->family == 6 ? "::1" : "127.0.0.1");
	listeners->toward = *toward;
	return &listeners->local;
}

/* The host of a listener on every address: the one that this machine uses toward the peer. */
static void print_host(struct listeners *listeners, const struct listener *listener,
		       const struct net_address *toward, struct buf *out)
{
	struct net_address far;

	if (listener->address.family != 0) {
		net_address_print(&listener->address, out);
		return;
	}
	if (toward == NULL || toward->family == 0) {
		net_address_parse(&far, "192.0.2.1"); /* whatever the default route uses */
		toward = &far;
	}
	net_address_print(local_toward(listeners, toward), out);
}

/* One of the transport that is wanted, or of another one that there is. */
static const struct listener *listener_toward(const struct listeners *listeners,
					      const struct net_address *toward, enum agent_way way)
{
	static const enum agent_way others[][3] = {
		{AGENT_UDP, AGENT_TCP, AGENT_TLS},
		{AGENT_TCP, AGENT_UDP, AGENT_TLS},
		{AGENT_TLS, AGENT_TCP, AGENT_UDP},
	};
	int family = toward != NULL ? toward->family : 0;
	const struct listener *listener = NULL;

	for (size_t i = 0; i < 3 && listener == NULL; i++)
		listener = listener_for(listeners, family, others[way][i]);
	return listener;
}

/* A port that is advertised is that of UDP and TCP; TLS has its own. */
static void put_advertised(const struct listeners *listeners, const struct listener *listener,
			   const struct uri_parts *own, struct buf *out)
{
	if (listener->way != AGENT_TLS || own->port == 0)
		buf_puts(out, listeners->params->advertise);
	else
		put_host(own->host, out);
	if (listener->way == AGENT_TLS ? listener->port != 5061
				       : own->port == 0 && listener->port != 5060)
		buf_printf(out, ":%u", listener->port);
}

void listeners_contact(struct listeners *listeners, const struct net_address *toward,
		       enum agent_way way, const char *user, struct buf *out)
{
	static const char *const params[] = {">", ";transport=tcp>", ";transport=tls>"};
	const struct listener *listener =
		listener_toward(listeners, toward, way == AGENT_SIPS ? AGENT_TLS : way);
	bool is_sips = way == AGENT_SIPS && listener != NULL && listener->way == AGENT_TLS;

	buf_printf(out, "<%s:%s@", is_sips ? "sips" : "sip", user);
	if (listeners->params->advertise != NULL) {
		struct uri_parts own;
		struct buf uri = BUF_INIT;

		buf_printf(&uri, "sip:%s", listeners->params->advertise);
		if (listener != NULL && uri_parts_read(&own, buf_text(&uri)))
			put_advertised(listeners, listener, &own, out);
		else
			buf_puts(out, listeners->params->advertise);
		buf_free(&uri);
	} else if (listener != NULL) {
		print_host(listeners, listener, toward, out);
		buf_printf(out, ":%u", listener->port);
	}
	buf_puts(out, listener != NULL && !is_sips ? params[listener->way] : ">");
}

bool listeners_are(const struct listeners *listeners, const struct net_address *address)
{
	for (size_t i = 0; i < listeners->count; i++) {
		const struct listener *listener = &listeners->items[i];
		struct net_address local;

		if (listener->port !=
		    (address->port != 0 ? address->port : usual_port(listener->way)))
			continue;
		if (listener->address.family != 0) {
			if (net_address_same_host(&listener->address, address))
				return true;
		} else if (net_address_is_loopback(address) ||
			   (net_address_local_toward(address, &local) == 0 &&
			    net_address_same_host(&local, address))) {
			return true;
		}
	}
	return false;
}
