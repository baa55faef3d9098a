/* Messages with receipts. */
#include "bench/load_receipts.h"

#include <string.h>

#include "bench/load_run.h"
#include "bench/rig.h"

#define RECEIPTS "urn:xmpp:receipts"

static const char text[] = "Hello Bob, lunch at noon in the usual " LOAD_MESSAGE_MARK;

/* A request with a CPIM body; id is its Call-ID, head and wrapped what stands in the body. */
static void put_cpim(struct load_run *run, const char *id, unsigned long i, const char *head,
		     const struct buf *wrapped)
{
	const char *transport = run->rig->hop.stream != NULL ? "TCP" : "UDP";
	unsigned long user = i % run->load->users;
	struct buf body = BUF_INIT;

	buf_printf(&body,
		   "From: <sip:u%lu@" RIG_PBX ">\r\nTo: <sip:c%lu@" RIG_CHAT ">\r\n"
		   "DateTime: 2026-11-22T12:00:00Z\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
		   "imdn.Message-ID: %s%lu\r\n%s\r\n%s",
		   user, user, id, i, head, wrapped->data);
	buf_reset(&run->text);
	buf_printf(&run->text,
		   "MESSAGE sip:c%lu@" RIG_CHAT " SIP/2.0\r\n"
		   "Via: SIP/2.0/%s 127.0.0.1:%u;rport;branch=z9hG4bK%s%lu\r\n"
		   "Max-Forwards: 70\r\nFrom: <sip:u%lu@" RIG_PBX ">;tag=t%lu\r\n"
		   "To: <sip:c%lu@" RIG_CHAT ">\r\nCall-ID: %s%lu@bench\r\n"
		   "CSeq: 1 MESSAGE\r\nUser-Agent: bench\r\n"
		   "Content-Type: message/cpim\r\nContent-Length: %zu\r\n\r\n",
		   user, transport, sip_end_port(run->rig->sip), id, i, user, i, user, id, i,
		   body.len);
	buf_append(&run->text, body.data, body.len);
	sip_end_send(run->rig->sip, &run->rig->hop, run->text.data, run->text.len);
	buf_free(&body);
}

static void answer(struct load_run *run, const struct sip_wire *message, const struct sip_hop *from)
{
	buf_reset(&run->text);
	sip_wire_reply(&run->text, message, 200, "OK", "bench", "", NULL, NULL);
	sip_end_send(run->rig->sip, from, run->text.data, run->text.len);
}

static void receipt_came(struct load_run *run, long i, struct slice all)
{
	if (!load_run_mark(run, run->delivered, i)) {
		load_run_repeated(run, all);
		return;
	}
	latencies_arrive(&run->latencies, (size_t)i, run->last_ns);
	run->out->delivered++;
}

static void message_came(struct load_run *run, long i)
{
	if (load_run_mark(run, run->answered, i))
		run->out->answered++;
}

/* Asked by SIP users --------------------------------------------------------------------------- */

static void send_asking(struct load_run *run, unsigned long i)
{
	struct buf wrapped = BUF_INIT;

	buf_printf(&wrapped, "Content-Type: text/plain;charset=utf-8\r\n\r\n%s%08lu", text, i);
	put_cpim(run, "m", i, "imdn.Disposition-Notification: positive-delivery\r\n", &wrapped);
	buf_free(&wrapped);
}

static void on_sip_of_asking(struct sip_end *end, const struct sip_wire *message,
			     const struct sip_hop *from, void *arg)
{
	struct load_run *run = arg;

	(void)end;
	if (slice_is(message->method, "MESSAGE")) {
		answer(run, message, from);
		receipt_came(run, slice_number_after(message->body, "<message-id>m"), message->all);
	} else if (message->status >= 200 && message->status < 300) {
		message_came(run, slice_number_after(message->call_id, "m"));
	} else if (message->status >= 300) {
		load_run_refused(run, message->all);
	}
}

static void on_stanza_of_asking(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct buf *out = xmpp_end_out(end);

	(void)arg;
	if (!slice_is(stanza->name, "message") || !slice_has(stanza->all, "<request") ||
	    out == NULL)
		return;
	buf_printf(out,
		   "<message from='%.*s/desk' to='%.*s' id='r%.*s'><received xmlns='" RECEIPTS
		   "' id='%.*s'/></message>",
		   (int)stanza->to.len, stanza->to.at, (int)stanza->from.len, stanza->from.at,
		   (int)stanza->id.len, stanza->id.at, (int)stanza->id.len, stanza->id.at);
}

void load_sip_receipts(struct rig *rig, const struct load *load, struct figures *out)
{
	struct load_run run;

	load_run_init(&run, rig, load, out);
	sip_end_listen(rig->sip, on_sip_of_asking, &run);
	xmpp_end_listen(rig->xmpp, on_stanza_of_asking, &run);
	load_run_send(&run, send_asking);
	load_run_drain(&run, NULL);
	load_run_end(&run);
}

/* Asked by chat users -------------------------------------------------------------------------- */

static void send_asking_stanza(struct load_run *run, unsigned long i)
{
	struct buf *out = xmpp_end_out(run->rig->xmpp);
	unsigned long user = i % run->load->users;

	if (out != NULL)
		buf_printf(out,
			   "<message from='c%lu@" RIG_CHAT "/desk' to='u%lu@" RIG_COMPONENT
			   "' type='chat' id='m%lu'><body>%s%08lu</body><request xmlns='" RECEIPTS
			   "'/></message>",
			   user, user, i, text, i);
}

static void send_imdn(struct load_run *run, unsigned long i, struct slice uid)
{
	struct buf document = BUF_INIT;
	struct buf wrapped = BUF_INIT;

	buf_printf(&document,
		   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
		   "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>%.*s</message-id>"
		   "<datetime>2026-11-22T12:00:01Z</datetime><delivery-notification><status>"
		   "<delivered/></status></delivery-notification></imdn>",
		   (int)uid.len, uid.at);
	buf_printf(&wrapped,
		   "Content-Type: message/imdn+xml\r\nContent-Disposition: notification\r\n"
		   "Content-Length: %zu\r\n\r\n%s",
		   document.len, document.data);
	put_cpim(run, "r", i, "", &wrapped);
	buf_free(&document);
	buf_free(&wrapped);
}

static struct slice word_after(struct slice in, const char *mark)
{
	const char *at = memmem(in.at, in.len, mark, strlen(mark));
	struct slice word = {"", 0};

	if (at == NULL)
		return word;
	word.at = at + strlen(mark);
	while (word.at + word.len < in.at + in.len && word.at[word.len] > ' ')
		word.len++;
	return word;
}

static void on_sip_of_asked(struct sip_end *end, const struct sip_wire *message,
			    const struct sip_hop *from, void *arg)
{
	struct load_run *run = arg;
	long i = slice_number_after(message->body, LOAD_MESSAGE_MARK);

	(void)end;
	if (message->status >= 300)
		load_run_refused(run, message->all);
	if (!slice_is(message->method, "MESSAGE") || i < 0)
		return;
	answer(run, message, from);
	message_came(run, i);
	send_imdn(run, (unsigned long)i, word_after(message->body, "imdn.Message-ID: "));
}

/* The number of the message that the receipt names. */
static long received_number(struct slice stanza)
{
	const char *at = memmem(stanza.at, stanza.len, "<received", 9);
	struct slice rest = {at, at == NULL ? 0 : stanza.len - (size_t)(at - stanza.at)};
	long i = slice_number_after(rest, "id='m");

	return i >= 0 ? i : slice_number_after(rest, "id=\"m");
}

static void on_stanza_of_asked(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct load_run *run = arg;

	(void)end;
	if (slice_is(stanza->name, "message") && slice_is(stanza->type, "error"))
		load_run_refused(run, stanza->all);
	else if (slice_has(stanza->all, "<received"))
		receipt_came(run, received_number(stanza->all), stanza->all);
}

void load_xmpp_receipts(struct rig *rig, const struct load *load, struct figures *out)
{
	struct load_run run;

	load_run_init(&run, rig, load, out);
	sip_end_listen(rig->sip, on_sip_of_asked, &run);
	xmpp_end_listen(rig->xmpp, on_stanza_of_asked, &run);
	load_run_send(&run, send_asking_stanza);
	load_run_drain(&run, NULL);
	load_run_end(&run);
}
