/* Subscriptions that come to be through the daemon. The i-th is that of asker i % ASKERS; the one
 * he watches follows from i, and i from both. */
#include "bench/load_watches.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/reactor.h"
#include "bench/rig.h"

enum { ASKERS = 5000, WATCHED = 1000, STEP = 7, QUIET_MS = 6000 };

struct run {
	struct rig *rig;
	const struct load *load;
	struct figures *out;
	struct latencies latencies;
	bool *answered;
	struct buf text;
	unsigned long transactions;
	uint64_t started_ns;
	uint64_t last_ns;
	uint64_t cpu_ns;
};

static unsigned long asker_of(unsigned long i)
{
	return i % ASKERS;
}

static unsigned long watched_of(unsigned long i)
{
	return (i % ASKERS * STEP + i / ASKERS) % WATCHED;
}

/* -1: none of ours */
static long index_of(long asker, long watched)
{
	if (asker < 0 || asker >= ASKERS || watched < 0 || watched >= WATCHED)
		return -1;
	return (watched - asker * STEP % WATCHED + WATCHED) % WATCHED * ASKERS + asker;
}

static void arrive(struct run *run, long i)
{
	uint64_t now = reactor_now_ns();

	if (i >= 0 && latencies_arrive(&run->latencies, (size_t)i, now)) {
		run->out->delivered++;
		run->last_ns = now;
	}
}

static void answer(struct run *run, long i)
{
	if (i < 0 || (unsigned long)i >= run->load->count || run->answered[i])
		return;
	run->answered[i] = true;
	run->out->answered++;
	run->last_ns = reactor_now_ns();
}

static void refuse(struct run *run, struct slice text)
{
	run->out->refused++;
	figures_note(run->out, text.at, text.len);
	run->last_ns = reactor_now_ns();
}

static void reply(struct run *run, const struct sip_wire *request, const struct sip_hop *to,
		  const char *extra)
{
	buf_reset(&run->text);
	sip_wire_reply(&run->text, request, 200, "OK", "bench", extra, NULL, NULL);
	sip_end_send(run->rig->sip, to, run->text.data, run->text.len);
}

/* SIP users watch ------------------------------------------------------------------------------ */

static void send_subscribe(struct run *run, unsigned long i)
{
	const char *transport = run->rig->hop.stream != NULL ? "TCP" : "UDP";
	unsigned port = sip_end_port(run->rig->sip);
	unsigned long asker = asker_of(i);
	unsigned long watched = watched_of(i);

	buf_reset(&run->text);
	buf_printf(&run->text,
		   "SUBSCRIBE sip:c%lu@" RIG_CHAT " SIP/2.0\r\n"
		   "Via: SIP/2.0/%s 127.0.0.1:%u;rport;branch=z9hG4bKs%lu\r\n"
		   "Max-Forwards: 70\r\nFrom: <sip:u%lu@" RIG_PBX ">;tag=t%lu\r\n"
		   "To: <sip:c%lu@" RIG_CHAT ">\r\nCall-ID: s%lu@bench\r\n"
		   "CSeq: 1 SUBSCRIBE\r\n"
		   "Contact: <sip:u%lu@127.0.0.1:%u;transport=%s>\r\n"
		   "Event: presence\r\nExpires: 3600\r\nAccept: application/pidf+xml\r\n"
		   "Content-Length: 0\r\n\r\n",
		   watched, transport, port, i, asker, i, watched, i, asker, port,
		   run->rig->hop.stream != NULL ? "tcp" : "udp");
	sip_end_send(run->rig->sip, &run->rig->hop, run->text.data, run->text.len);
}

static void on_notify(struct sip_end *end, const struct sip_wire *message,
		      const struct sip_hop *from, void *arg)
{
	struct run *run = arg;
	long i = slice_number_after(message->call_id, "s");

	(void)end;
	if (message->status >= 300)
		refuse(run, message->all);
	else if (message->status >= 200)
		answer(run, i);
	if (!slice_is(message->method, "NOTIFY"))
		return;
	reply(run, message, from, "");
	if (slice_starts(message->state, "active"))
		arrive(run, i);
	else if (slice_starts(message->state, "terminated"))
		refuse(run, message->all);
}

static void on_question(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct run *run = arg;
	struct buf *out = xmpp_end_out(end);
	struct slice user = slice_uri(stanza->to);

	(void)run;
	if (!slice_is(stanza->name, "presence") || out == NULL)
		return;
	if (slice_is(stanza->type, "subscribe"))
		buf_printf(out, "<presence from='%.*s' to='%.*s' type='subscribed'/>",
			   (int)user.len, user.at, (int)stanza->from.len, stanza->from.at);
	if (slice_is(stanza->type, "subscribe") || slice_is(stanza->type, "probe"))
		buf_printf(out, "<presence from='%.*s/desk' to='%.*s'/>", (int)user.len, user.at,
			   (int)stanza->from.len, stanza->from.at);
}

/* XMPP users watch ----------------------------------------------------------------------------- */

static void send_question(struct run *run, unsigned long i)
{
	struct buf *out = xmpp_end_out(run->rig->xmpp);

	if (out != NULL)
		buf_printf(out,
			   "<presence from='c%lu@" RIG_CHAT "' to='u%lu@" RIG_COMPONENT
			   "' type='subscribe' id='q%lu'/>",
			   asker_of(i), watched_of(i), i);
}

static void send_notify(struct run *run, const struct sip_wire *request, const struct sip_hop *to)
{
	const char *transport = to->stream != NULL ? "TCP" : "UDP";
	unsigned port = sip_end_port(run->rig->sip);
	struct slice target = slice_uri(request->contact);
	long user = slice_number_after(request->to, "sip:u");
	char body[256];

	snprintf(body, sizeof(body),
		 "<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "
		 "entity=\"sip:u%ld@" RIG_PBX "\"><tuple id=\"t\"><status><basic>open</basic>"
		 "</status></tuple></presence>",
		 user);
	buf_reset(&run->text);
	buf_printf(&run->text,
		   "NOTIFY %.*s SIP/2.0\r\n"
		   "Via: SIP/2.0/%s 127.0.0.1:%u;rport;branch=z9hG4bKn%lu\r\n"
		   "Max-Forwards: 70\r\nFrom: %.*s;tag=bench\r\nTo: %.*s\r\n"
		   "Call-ID: %.*s\r\nCSeq: 1 NOTIFY\r\n"
		   "Contact: <sip:u%ld@127.0.0.1:%u;transport=%s>\r\n"
		   "Event: presence\r\nSubscription-State: active;expires=3600\r\n"
		   "Content-Type: application/pidf+xml\r\nContent-Length: %zu\r\n\r\n%s",
		   (int)target.len, target.at, transport, port, run->transactions++,
		   (int)request->to.len, request->to.at, (int)request->from.len, request->from.at,
		   (int)request->call_id.len, request->call_id.at, user, port,
		   to->stream != NULL ? "tcp" : "udp", strlen(body), body);
	sip_end_send(run->rig->sip, to, run->text.data, run->text.len);
}

static void on_subscribe(struct sip_end *end, const struct sip_wire *message,
			 const struct sip_hop *from, void *arg)
{
	struct run *run = arg;
	char extra[128];
	bool is_first = !slice_has(message->to, ";tag=");

	(void)end;
	if (message->status >= 300)
		refuse(run, message->all);
	if (!slice_is(message->method, "SUBSCRIBE"))
		return;
	snprintf(extra, sizeof(extra),
		 "Contact: <sip:bench@127.0.0.1:%u;transport=%s>\r\n"
		 "Expires: 3600\r\n",
		 sip_end_port(run->rig->sip), from->stream != NULL ? "tcp" : "udp");
	reply(run, message, from, extra);
	if (is_first)
		send_notify(run, message, from);
}

static void on_presence(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct run *run = arg;
	long i = index_of(slice_number_after(stanza->to, "c"),
			  slice_number_after(stanza->from, "u"));

	(void)end;
	if (!slice_is(stanza->name, "presence"))
		return;
	if (slice_is(stanza->type, "subscribed"))
		answer(run, i);
	else if (slice_is(stanza->type, "error") || slice_is(stanza->type, "unsubscribed"))
		refuse(run, stanza->all);
	else if (stanza->type.len == 0)
		arrive(run, i);
}

/* Both ----------------------------------------------------------------------------------------- */

typedef void send_fn(struct run *run, unsigned long i);

static bool is_over(const struct run *run)
{
	unsigned long done = run->out->delivered;

	if (run->out->answered < done)
		done = run->out->answered;
	return !daemon_run_is_alive(run->rig->daemon) ||
	       done + run->out->refused >= run->load->count ||
	       reactor_now_ns() > run->last_ns + (uint64_t)QUIET_MS * 1000000u;
}

static void send_due(struct run *run, send_fn *send)
{
	unsigned long until = run->out->delivered + run->out->refused + run->load->window;

	if (until > run->load->count)
		until = run->load->count;
	for (; run->out->sent < until; run->out->sent++) {
		latencies_send(&run->latencies, run->out->sent, reactor_now_ns());
		send(run, run->out->sent);
	}
	if (run->out->rss_kib[1] == 0 && run->out->sent >= run->load->count / 2)
		run->out->rss_kib[1] = daemon_run_rss_kib(run->rig->daemon);
}

static void run_all(struct run *run, send_fn *send)
{
	struct figures *out = run->out;

	out->name = run->load->name;
	out->rss_kib[0] = daemon_run_rss_kib(run->rig->daemon);
	run->cpu_ns = daemon_run_cpu_ns(run->rig->daemon);
	run->started_ns = reactor_now_ns();
	run->last_ns = run->started_ns;
	while (!is_over(run)) {
		send_due(run, send);
		rig_turn(run->rig, 1);
	}
	for (uint64_t end = reactor_now_ns() + 200000000u; reactor_now_ns() < end;)
		rig_turn(run->rig, 5);
}

static void measure(struct run *run)
{
	struct figures *out = run->out;
	uint64_t used = daemon_run_cpu_ns(run->rig->daemon) - run->cpu_ns;

	out->seconds = (double)(run->last_ns - run->started_ns) / 1e9;
	out->cpu_us = out->sent > 0 ? (double)used / 1000 / (double)out->sent : 0;
	out->rss_kib[2] = daemon_run_rss_kib(run->rig->daemon);
	if (out->sent > 0)
		out->bytes_each =
			(double)(out->rss_kib[2] - out->rss_kib[0]) * 1024 / (double)out->sent;
	latencies_sum_up(&run->latencies, out);
}

static void load_watches(struct rig *rig, const struct load *load, struct figures *out,
			 bool from_sip)
{
	struct run run;

	memset(&run, 0, sizeof(run));
	memset(out, 0, sizeof(*out));
	run.rig = rig;
	run.load = load;
	run.out = out;
	latencies_init(&run.latencies, load->count);
	run.answered = mem_zalloc(load->count);
	sip_end_listen(rig->sip, from_sip ? on_notify : on_subscribe, &run);
	xmpp_end_listen(rig->xmpp, from_sip ? on_question : on_presence, &run);
	run_all(&run, from_sip ? send_subscribe : send_question);
	measure(&run);
	rig_rest(rig);
	latencies_free(&run.latencies);
	mem_free(run.answered);
	buf_free(&run.text);
}

void load_sip_watches(struct rig *rig, const struct load *load, struct figures *out)
{
	load_watches(rig, load, out, true);
}

void load_xmpp_watches(struct rig *rig, const struct load *load, struct figures *out)
{
	load_watches(rig, load, out, false);
}
