/* Messages through the daemon or the floor. */
#include "bench/load_messages.h"

#include "bench/load_run.h"
#include "bench/reactor.h"
#include "bench/rig.h"

static const char message_text[] = "Hello Bob, lunch at noon in the usual " LOAD_MESSAGE_MARK;

/* SIP to XMPP ---------------------------------------------------------------------------------- */

static void put_request(struct load_run *run, unsigned long i)
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

void load_send_text(struct load_run *run, unsigned long i)
{
	put_request(run, i);
	sip_end_send(run->rig->sip, &run->rig->hop, run->text.data, run->text.len);
}

static void on_answer(struct sip_end *end, const struct sip_wire *message,
		      const struct sip_hop *from, void *arg)
{
	struct load_run *run = arg;
	long i = slice_number_after(message->call_id, "m");

	(void)end;
	(void)from;
	if (message->status < 200 || !load_run_mark(run, run->answered, i))
		return;
	latencies_arrive(&run->latencies, (size_t)i, run->last_ns);
	if (message->status < 300) {
		run->out->answered++;
	} else {
		load_run_refused(run, message->all);
	}
}

static void on_delivered_stanza(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct load_run *run = arg;

	(void)end;
	if (!slice_is(stanza->name, "message"))
		return;
	if (load_run_mark(run, run->delivered, slice_number_after(stanza->all, LOAD_MESSAGE_MARK)))
		run->out->delivered++;
	else
		load_run_repeated(run, stanza->all);
}

/* XMPP to SIP ---------------------------------------------------------------------------------- */

static void send_stanza(struct load_run *run, unsigned long i)
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
	struct load_run *run = arg;
	long i = slice_number_after(message->body, LOAD_MESSAGE_MARK);

	if (!slice_is(message->method, "MESSAGE"))
		return;
	buf_reset(&run->text);
	sip_wire_reply(&run->text, message, 200, "OK", "bench", "", NULL, NULL);
	sip_end_send(end, from, run->text.data, run->text.len);
	if (!load_run_mark(run, run->delivered, i)) {
		/* over UDP the daemon repeats what our answer did not stop, as it must */
		if (from->stream == NULL && i >= 0)
			run->out->resent++;
		else
			load_run_repeated(run, message->all);
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
	struct load_run *run = arg;

	(void)end;
	if (!slice_is(stanza->name, "message") || !slice_is(stanza->type, "error"))
		return;
	load_run_refused(run, stanza->all);
}

void load_sip_to_xmpp(struct rig *rig, const struct load *load, struct figures *out)
{
	struct load_run run;

	load_run_init(&run, rig, load, out);
	sip_end_listen(rig->sip, on_answer, &run);
	xmpp_end_listen(rig->xmpp, on_delivered_stanza, &run);
	load_run_send(&run, load_send_text);
	load_run_drain(&run, rig->hop.stream == NULL ? load_send_text : NULL);
	load_run_end(&run);
}

void load_xmpp_to_sip(struct rig *rig, const struct load *load, struct figures *out)
{
	struct load_run run;

	load_run_init(&run, rig, load, out);
	sip_end_listen(rig->sip, on_request, &run);
	xmpp_end_listen(rig->xmpp, on_error_stanza, &run);
	load_run_send(&run, send_stanza);
	load_run_drain(&run, NULL);
	load_run_end(&run);
}
