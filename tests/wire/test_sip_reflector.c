/* Nobody's weapon: what the bridge sends to whom, counted at the sockets of those who could be hit
 * (file 40 D.3, SEC-020 to SEC-024). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/rig.h"

/* A host that has asked for nothing. */
struct victim {
	int udp;
	int tcp;
	unsigned port;
};

enum { VIA, CONTACT, ROUTE, VICTIMS };

/* On a host of loopback of its own; port 0: any. */
static void bind_both(struct victim *victim, unsigned host, unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK + host)};
	socklen_t len = sizeof address;

	for (int tries = 0; tries < 20; tries++) {
		victim->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		victim->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		address.sin_port = htons((uint16_t)port);
		if (bind(victim->udp, (struct sockaddr *)&address, sizeof address) == 0 &&
		    getsockname(victim->udp, (struct sockaddr *)&address, &len) == 0 &&
		    bind(victim->tcp, (struct sockaddr *)&address, sizeof address) == 0 &&
		    listen(victim->tcp, 4) == 0)
			break;
		close(victim->udp);
		close(victim->tcp);
	}
	victim->port = ntohs(address.sin_port);
}

/* Bytes that hit it; a connection counts as one. */
static size_t hits(const struct victim *victim)
{
	char data[70000];
	size_t bytes = 0;
	ssize_t got = recv(victim->udp, data, sizeof data, 0);
	int fd = accept(victim->tcp, NULL, NULL);

	for (; got >= 0; got = recv(victim->udp, data, sizeof data, 0))
		bytes += (size_t)got + 1;
	for (; fd >= 0; fd = accept(victim->tcp, NULL, NULL)) {
		bytes++;
		close(fd);
	}
	return bytes;
}

/* That of Via has our own port, at another host: where the answer must not go. */
static void bind_all(struct victim victims[VICTIMS], unsigned port)
{
	for (int i = 0; i < VICTIMS; i++)
		bind_both(&victims[i], (unsigned)i + 1, i == VIA ? port : 0);
}

static void close_all(struct victim victims[VICTIMS])
{
	for (int i = 0; i < VICTIMS; i++) {
		close(victims[i].udp);
		close(victims[i].tcp);
	}
}

static size_t hit_all(const struct victim victims[VICTIMS])
{
	return hits(&victims[VIA]) + hits(&victims[CONTACT]) + hits(&victims[ROUTE]);
}

/* A request with all addresses of victims, of about this size. */
static void write_request(const struct victim victims[VICTIMS], const char *method, unsigned number,
			  size_t size, const char *via_extra, struct buf *out)
{
	buf_reset(out);
	buf_printf(out,
		   "%s sip:juliet@chat.example SIP/2.0\r\n"
		   "Via: SIP/2.0/UDP 127.0.0.2:%u;branch=z9hG4bK%u%s\r\n"
		   "Record-Route: <sip:127.0.0.4:%u;lr>\r\n"
		   "Contact: <sip:a@127.0.0.3:%u>\r\n"
		   "From: <sip:1001@pbx.example>;tag=1\r\nTo: <sip:juliet@chat.example>\r\n"
		   "Call-ID: c%u\r\nCSeq: 1 %s\r\nEvent: presence\r\nExpires: 3600\r\n",
		   method, victims[VIA].port, number, via_extra, victims[ROUTE].port,
		   victims[CONTACT].port, number, method);
	while (out->len + 200 < size)
		buf_printf(out, "X-Pad: %0100d\r\n", 0);
	buf_puts(out, "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi");
}

static const char *const nobody[] = {"192.0.2.1"};

static void many(struct limits *limits)
{
	limits->stranger_requests_per_s = 100000;
}

struct meter {
	size_t sent;
	size_t back;
	double worst;
	unsigned number;
};

static const char *const extras[] = {";rport", "", ";maddr=127.0.0.2", ";received=127.0.0.2",
				     ";rport=5060"};

/* One method and size, in a bridge of its own: each request of a second is answered. */
static void measure(struct meter *meter, const char *method, size_t size)
{
	struct rig *rig = rig_new(
		&(struct rig_options){.trusted = nobody, .trusted_count = 1, .limits = many});
	struct victim victims[VICTIMS];
	struct buf text = BUF_INIT;

	size_t late = 0; /* of the request before, which may be answered yet on a busy machine */

	bind_all(victims, text_peer_port(rig->peer));
	for (size_t x = 0; x < CHECK_COUNT(extras); x++) {
		size_t back = text_peer_udp_bytes(rig->peer);
		size_t elsewhere;

		write_request(victims, method, ++meter->number, size, extras[x], &text);
		text_peer_send(rig->peer, SIP_WAY_UDP, buf_text(&text));
		text_peer_let_run(rig->peer, 4);
		back = text_peer_udp_bytes(rig->peer) - back;
		elsewhere = hit_all(victims);
		if (elsewhere > 0 || back > text.len + late)
			fail_msg("%s%s of %zu: %zu back, %zu elsewhere", method, extras[x],
				 text.len, back, elsewhere);
		meter->sent += text.len;
		meter->back += back;
		if ((double)back / (double)(text.len + late) > meter->worst)
			meter->worst = (double)back / (double)(text.len + late);
		late = back == 0 ? text.len : 0;
	}
	/* What timers would still send. */
	text_peer_let_run(rig->peer, 40);
	assert_int_equal(hit_all(victims), 0);
	assert_int_equal(rig->bridge->count, 0);
	close_all(victims);
	buf_free(&text);
	rig_free(&rig);
}

/* [SEC-020] [SEC-024] [SEC-022]: every method and size of somebody unknown, over UDP: what arrives
 * at him is never more than he sent, and at the hosts he named in Via, Contact and Record-Route it
 * is nothing. Prints the largest ratio. */
static void meter_of_strangers(void **state)
{
	static const char *const methods[] = {
		"OPTIONS", "MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INVITE", "REGISTER", "BYE",
		"ACK",     "CANCEL",  "INFO",      "UPDATE", "REFER",   "PRACK",  "JUMP"};
	static const size_t sizes[] = {0, 500, 1300, 8000, 60000};
	struct meter meter = {0};

	(void)state;
	for (size_t m = 0; m < CHECK_COUNT(methods); m++)
		for (size_t s = 0; s < CHECK_COUNT(sizes); s++)
			measure(&meter, methods[m], sizes[s]);
	printf("%u requests: %zu bytes sent, %zu back, at most %.2f of one\n", meter.number,
	       meter.sent, meter.back, meter.worst);
	assert_true(meter.back > 0);
}

/* Requests that the library would answer by itself, each with more bytes than it has. */
static const struct {
	const char *text;
	const char *trusted; /* what one we know gets */
} malformed[] = {
	{"OPTIONS sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\n\n", "SIP/2.0 400"},
	{"OPTIONS sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\nf:s:a\nt:s:a\ni:a\nCSeq:1 A\nl:0\n\n",
	 "SIP/2.0 400"},
	{"OPTIONS sip:a SIP/7.0\nv:SIP/2.0/UDP a;rport\nf:s:a\nt:s:a\ni:a\nCSeq:1 OPTIONS\n\n",
	 NULL /* the library asks the Via where to */},
	{"OPTIONS sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\nf:s:a\nt:s:a\ni:a\n"
	 "CSeq:1 OPTIONS\nl:3000000000\n\n",
	 "SIP/2.0 4"},
	{"OPTIONS sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\nf:s:a\nt:s:a\ni:a\nCSeq:1 "
	 "OPTIONS\nl:-1\n\n",
	 "SIP/2.0 400"},
	{"OPTIONS sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\nf:\"s:a\nt:s:a\ni:a\nCSeq:1 OPTIONS\n\n",
	 "SIP/2.0 400"},
	{"OPTIONS sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\nt:s:a\ni:a\nCSeq:1 OPTIONS\n\n",
	 "SIP/2.0 400"},
	{"OPTIONS sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\nf:s:a\ni:a\nCSeq:1 OPTIONS\n\n",
	 "SIP/2.0 400"},
	{"OPTIONS sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\nf:s:a\nt:s:a\nCSeq:1 OPTIONS\n\n",
	 "SIP/2.0 400"},
	{"OPTIONS sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\nf:s:a\nt:s:a\ni:a\n\n", "SIP/2.0 400"},
	{"OPTIONS sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\nf:s:a\nf:s:b\nt:s:a\ni:a\nCSeq:1 "
	 "OPTIONS\n\n",
	 "SIP/2.0 400"},
};

/* [SEC-020]: what cannot be read gets silence from us, too, where nobody knows who sent it. */
static void malformed_of_strangers(void **state)
{
	struct rig *rig = rig_new(
		&(struct rig_options){.trusted = nobody, .trusted_count = 1, .limits = many});

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(malformed); i++) {
		text_peer_send(rig->peer, SIP_WAY_UDP, malformed[i].text);
		text_peer_let_run(rig->peer, 4);
		if (text_peer_udp_bytes(rig->peer) > 0)
			fail_msg("%zu bytes back for: %s", text_peer_udp_bytes(rig->peer),
				 malformed[i].text);
	}
	assert_int_equal(rig->counters.sip_malformed, CHECK_COUNT(malformed));
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* The same from one we know: he hears what is wrong. */
static void malformed_of_friends(void **state)
{
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(malformed); i++) {
		if (malformed[i].trusted == NULL)
			continue;
		text_peer_send(rig->peer, SIP_WAY_UDP, malformed[i].text);
		if (text_peer_expect(rig->peer, malformed[i].trusted) == NULL)
			fail_msg("no %s for: %s", malformed[i].trusted, malformed[i].text);
	}
	rig_free(&rig);
}

static const char *const contacts[] = {
	"<sip:a@192.0.2.66>",
	"<sip:a@192.0.2.66:5061;transport=tcp>",
	"<sip:a@198.51.100.1>",
	"<sip:a@203.0.113.255>",
	"<sip:a@8.8.8.8:53>",
	"<sip:a@224.0.0.1>",
	"<sip:a@239.255.255.250:1900>",
	"<sip:a@255.255.255.255>",
	"<sip:a@0.0.0.0>",
	"<sip:a@0.1.2.3>",
	"<sip:a@169.254.1.1>",
	"<sip:a@169.254.169.254:80>",
	"<sip:a@10.0.0.1>",
	"<sip:a@172.16.0.1>",
	"<sip:a@192.168.1.1>",
	"<sip:a@100.64.0.1>",
	"<sip:a@240.0.0.1>",
	"<sip:a@[2001:db8::1]>",
	"<sip:a@[fe80::1]>",
	"<sip:a@[ff02::1]>",
	"<sip:a@[::]>",
	"<sip:a@[fc00::1]>",
	"<sip:a@[::ffff:192.0.2.1]>",
	"<sip:a@[::ffff:10.0.0.1]>",
	"<sip:a@[64:ff9b::c000:201]>",
	"<sip:a@evil.example>",
	"<sip:a@evil.example:5061;transport=tls>",
	"<sip:a@localhost.evil.example>",
	"<sip:a@pbx.example.evil.example>",
	"<sip:a@xn--e1afmkfd.example>",
	"<sip:a@_sip._udp.evil.example>",
	"<sip:a@2130706433>",
	"<sip:a@0x7f.1>",
	"<sip:a@0177.0.0.1>",
	"<sip:a@127.1>",
	"<sip:a@127.0.0.1;maddr=192.0.2.1>",
	"<sip:a@127.0.0.1;maddr=224.0.1.75;ttl=255>",
	"<sips:a@127.0.0.1>",
	"<http://127.0.0.1/>",
	"<tel:+15550100>",
};

static const char *const routes[] = {
	"",
	"Record-Route: <sip:192.0.2.66;lr>\r\n",
	"Record-Route: <sip:evil.example;lr>\r\n",
	"Record-Route: <sip:224.0.0.1;lr>\r\n",
	"Record-Route: <sip:127.0.0.1;lr;maddr=192.0.2.1>\r\n",
};

static size_t requests_out(struct rig *rig)
{
	struct buf status = BUF_INIT;
	const char *at;
	size_t count;

	sip_side_status(rig->side, &status);
	at = strstr(buf_text(&status), "sip.requests_out ");
	assert_non_null(at);
	count = strtoul(at + strlen("sip.requests_out "), NULL, 10);
	buf_free(&status);
	return count;
}

/* [SEC-021] [SEC-089] [SOF-013] [SIP-091]: 40 Contacts, each with 5 Record-Routes, from a trusted
 * peer: refused, and no request, no connection and no question leaves for it. */
static void nobody_is_sent_elsewhere(void **state)
{
	struct rig *rig = rig_new(NULL);
	char headers[512];

	(void)state;
	assert_int_equal(CHECK_COUNT(contacts) * CHECK_COUNT(routes), 200);
	for (size_t c = 0; c < CHECK_COUNT(contacts); c++) {
		for (size_t r = 0; r < CHECK_COUNT(routes); r++) {
			const struct sip_text *text;

			snprintf(headers, sizeof headers,
				 "Event: presence\r\nExpires: 600\r\nContact: %s\r\n%s",
				 contacts[c], routes[r]);
			rig_send(rig, SIP_WAY_TCP,
				 &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
			text = text_peer_expect(rig->peer, "SIP/2.0 ");
			assert_non_null(text);
			if (strncmp(text->text, "SIP/2.0 4", 9) != 0)
				fail_msg("%s %s: %.11s", contacts[c], routes[r], text->text);
			assert_int_equal(requests_out(rig), 0);
		}
	}
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(text_peer_count(rig->peer, "NOTIFY "), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meter_of_strangers), cmocka_unit_test(malformed_of_strangers),
		cmocka_unit_test(malformed_of_friends), cmocka_unit_test(nobody_is_sent_elsewhere)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
