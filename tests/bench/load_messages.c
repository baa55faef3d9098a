/* Messages through the daemon or the floor. */
#include "bench/load_messages.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/reactor.h"
#include "bench/rig.h"

enum {
	QUIET_MS = 3000, /* nothing more comes */
	GIVE_UP_MS = 12000,
	RESEND_MS = 500,
	COURSE_NS = 2000000000
};

struct run {
	struct rig *rig;
	const struct load *load;
	struct figures *out;
	struct latencies latencies;
	bool *delivered;
	bool *answered;
	struct buf text;
	uint64_t started_ns;
	uint64_t last_ns; /* when something came last */
	uint64_t cpu_ns;
};

static const char message_text[] = "Hello Bob, lunch at noon in the usual place? #";

static void run_init(struct run *run, struct rig *rig, const struct load *load, struct figures *out)
{
	memset(run, 0, sizeof(*run));
	memset(out, 0, sizeof(*out));
	run->rig = rig;
	run->load = load;
	run->out = out;
	out->name = load->name;
	latencies_init(&run->latencies, load->count);
	run->delivered = mem_zalloc(load->count);
	run->answered = mem_zalloc(load->count);
	out->rss_kib[0] = daemon_run_rss_kib(rig->daemon);
	run->cpu_ns = daemon_run_cpu_ns(rig->daemon);
	run->started_ns = reactor_now_ns();
	run->last_ns = run->started_ns;
}

static void run_end(struct run *run)
{
	struct figures *out = run->out;
	uint64_t used = daemon_run_cpu_ns(run->rig->daemon) - run->cpu_ns;

	out->seconds = (double)(run->last_ns - run->started_ns) / 1e9;
	out->cpu_us = out->sent > 0 ? (double)used / 1000 / (double)out->sent : 0;
	out->rss_kib[2] = daemon_run_rss_kib(run->rig->daemon);
	latencies_sum_up(&run->latencies, out);
	rig_rest(run->rig);
	latencies_free(&run->latencies);
	mem_free(run->delivered);
	mem_free(run->answered);
	buf_free(&run->text);
}

static bool mark(struct run *run, bool *marks, long i)
{
	if (i < 0 || (unsigned long)i >= run->load->count || marks[i])
		return false;
	marks[i] = true;
	run->last_ns = reactor_now_ns();
	return true;
}

static void repeated(struct run *run, struct slice text)
{
	run->out->repeated++;
	figures_note(run->out, text.at, text.len);
}

/* SIP to XMPP ---------------------------------------------------------------------------------- */

static void put_request(struct run *run, unsigned long i)
{
	const char *transport = run->rig->hop.stream != NULL ? "TCP" : "UDP";
	unsigned port = sip_end_port(run->rig->sip);
	unsigned long user = i % run->load->users;

	buf_reset(&run->text);
	buf_printf(&run->text,
		   "MESSAGE sip:c%lu@" RIG_CHAT " SIP/2.0\r\n"
		   "Via: SIP/2.0/%s 127.0.0.1:%u;rport;branch=z9hG4bKm%lu\r\n"
		   "Max-Forwards: 70\r\n"
		   "From: <sip:u%lu@" RIG_PBX ">;tag=t%lu\r\n"
		   "To: <sip:c%lu@" RIG_CHAT ">\r\n"
		   "Call-ID: m%lu@bench\r\n"
		   "CSeq: 1 MESSAGE\r\n"
		   "User-Agent: bench\r\n"
		   "Content-Type: text/plain;charset=utf-8\r\n"
		   "Content-Length: %zu\r\n\r\n%s%08lu",
		   user, transport, port, i, user, i, user, i, sizeof(message_text) - 1 + 8,
		   message_text, i);
}

static void send_request(struct run *run, unsigned long i)
{
	put_request(run, i);
	sip_end_send(run->rig->sip, &run->rig->hop, run->text.data, run->text.len);
}

static void on_answer(struct sip_end *end, const struct sip_wire *message,
		      const struct sip_hop *from, void *arg)
{
	struct run *run = arg;
	long i = slice_number_after(message->call_id, "m");

	(void)end;
	(void)from;
	if (message->status < 200 || !mark(run, run->answered, i))
		return;
	latencies_arrive(&run->latencies, (size_t)i, run->last_ns);
	if (message->status < 300) {
		run->out->answered++;
	} else {
		run->out->refused++;
		figures_note(run->out, message->all.at, message->all.len);
	}
}

static void on_delivered_stanza(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct run *run = arg;

	(void)end;
	if (!slice_is(stanza->name, "message"))
		return;
	if (mark(run, run->delivered, slice_number_after(stanza->all, "place? #")))
		run->out->delivered++;
	else
		repeated(run, stanza->all);
}

/* XMPP to SIP ---------------------------------------------------------------------------------- */

static void send_stanza(struct run *run, unsigned long i)
{
	struct buf *out = xmpp_end_out(run->rig->xmpp);
	unsigned long user = i % run->load->users;

	if (out != NULL)
		buf_printf(out,
			   "<message from='c%lu@" RIG_CHAT "/desk' to='u%lu@" RIG_COMPONENT
			   "' type='chat' id='m%lu'><body>%s%08lu</body></message>",
			   user, user, i, message_text, i);
}

static void on_request(struct sip_end *end, const struct sip_wire *message,
		       const struct sip_hop *from, void *arg)
{
	struct run *run = arg;
	long i = slice_number_after(message->body, "place? #");

	if (!slice_is(message->method, "MESSAGE"))
		return;
	buf_reset(&run->text);
	sip_wire_reply(&run->text, message, 200, "OK", "bench", "", NULL, NULL);
	sip_end_send(end, from, run->text.data, run->text.len);
	if (!mark(run, run->delivered, i)) {
		/* over UDP the daemon repeats what our answer did not stop, as it must */
		if (from->stream == NULL && i >= 0)
			run->out->resent++;
		else
			repeated(run, message->all);
		return;
	}
	latencies_arrive(&run->latencies, (size_t)i, run->last_ns);
	run->out->delivered++;
	/* silence is the success on this side; an error stanza takes it back */
	run->answered[i] = true;
	run->out->answered++;
}

static void on_error_stanza(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct run *run = arg;

	(void)end;
	if (!slice_is(stanza->name, "message") || !slice_is(stanza->type, "error"))
		return;
	run->last_ns = reactor_now_ns();
	run->out->refused++;
	figures_note(run->out, stanza->all.at, stanza->all.len);
}

/* Both ----------------------------------------------------------------------------------------- */

typedef void send_fn(struct run *run, unsigned long i);

static unsigned long due(const struct run *run, uint64_t now)
{
	const struct load *load = run->load;
	unsigned long done = run->out->answered + run->out->refused;
	unsigned long by_window = done + load->window;
	double by_rate = load->rate > 0 ? (double)(now - run->started_ns) / 1e9 * load->rate + 1
					: (double)load->count;
	unsigned long result = by_rate < (double)by_window ? (unsigned long)by_rate : by_window;

	return result < load->count ? result : load->count;
}

static void show_course(struct run *run, uint64_t now, uint64_t *next)
{
	if (!run->load->show_course || now < *next)
		return;
	*next = now + 2 * (uint64_t)COURSE_NS;
	printf("    %5.1f s: sent %lu, answered %lu, refused %lu, RSS %.1f MiB\n",
	       (double)(now - run->started_ns) / 1e9, run->out->sent, run->out->answered,
	       run->out->refused, (double)daemon_run_rss_kib(run->rig->daemon) / 1024);
	fflush(stdout);
}

static void send_all(struct run *run, send_fn *send)
{
	uint64_t course = run->started_ns;
	uint64_t now = run->started_ns;

	while (run->out->sent < run->load->count && daemon_run_is_alive(run->rig->daemon)) {
		unsigned long until = due(run, now);

		for (; run->out->sent < until; run->out->sent++) {
			latencies_send(&run->latencies, run->out->sent, reactor_now_ns());
			send(run, run->out->sent);
		}
		if (run->out->rss_kib[1] == 0 && run->out->sent >= run->load->count / 2)
			run->out->rss_kib[1] = daemon_run_rss_kib(run->rig->daemon);
		rig_turn(run->rig, 1);
		now = reactor_now_ns();
		show_course(run, now, &course);
		if (now > run->last_ns + (uint64_t)GIVE_UP_MS * 1000000u)
			return;
	}
}

static bool is_complete(const struct run *run)
{
	return run->out->delivered >= run->out->sent &&
	       run->out->answered + run->out->refused >= run->out->sent;
}

static void resend(struct run *run)
{
	for (unsigned long i = 0; i < run->out->sent; i++) {
		if (run->answered[i])
			continue;
		send_request(run, i);
		run->out->resent++;
	}
}

/* Waits for what is under way; over UDP requests without an answer are repeated, as clients do. */
static void drain(struct run *run, bool resends)
{
	uint64_t next = reactor_now_ns() + (uint64_t)RESEND_MS * 1000000u;

	while (!is_complete(run) && daemon_run_is_alive(run->rig->daemon)) {
		uint64_t now = reactor_now_ns();

		rig_turn(run->rig, 5);
		if (now > run->last_ns + (uint64_t)QUIET_MS * 1000000u)
			break;
		if (resends && now > next) {
			resend(run);
			next = now + 2 * (uint64_t)RESEND_MS * 1000000u;
		}
	}
	/* a moment more: what is delivered twice, or refused after all, comes now */
	for (uint64_t end = reactor_now_ns() + 50000000u; reactor_now_ns() < end;)
		rig_turn(run->rig, 5);
}

void load_sip_to_xmpp(struct rig *rig, const struct load *load, struct figures *out)
{
	struct run run;

	run_init(&run, rig, load, out);
	sip_end_listen(rig->sip, on_answer, &run);
	xmpp_end_listen(rig->xmpp, on_delivered_stanza, &run);
	send_all(&run, send_request);
	drain(&run, rig->hop.stream == NULL);
	run_end(&run);
}

void load_xmpp_to_sip(struct rig *rig, const struct load *load, struct figures *out)
{
	struct run run;

	run_init(&run, rig, load, out);
	sip_end_listen(rig->sip, on_request, &run);
	xmpp_end_listen(rig->xmpp, on_error_stanza, &run);
	send_all(&run, send_stanza);
	drain(&run, false);
	run_end(&run);
}
