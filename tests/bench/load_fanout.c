/* One change that many are told. Watcher i of round k is number k * count + i. */
#include "bench/load_fanout.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/reactor.h"
#include "bench/rig.h"

enum { QUIET_MS = 6000, SETTLE_MS = 300 };

typedef void change_fn(void *run);

struct run {
	struct rig *rig;
	const struct load *load;
	struct figures *out;
	struct latencies latencies;
	unsigned long watchers;
	bool *watches; /* by watcher: set up */
	unsigned long watching;
	unsigned long setting_up; /* asked for so far */
	char **readers;           /* to the SIP side: who asked for the chat user's presence */
	unsigned long reader_count;
	struct buf request; /* to the XMPP side: the SUBSCRIBE that carries all */
	struct sip_hop hop; /* it came by */
	struct buf text;
	unsigned long round; /* from 1; 0: setting up */
	unsigned long told;  /* in this round */
	unsigned long cseq;
	uint64_t last_ns;
	uint64_t cpu_ns;
};

static const char floor_text[] = /* as long as the document of a change */
	"<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:c0@chat.example\"><tuple "
	"id=\"ID-0123456789abcdef\"><status><basic>open</basic><show>away</show></status></tuple>"
	"</presence>";

static bool is_over(const struct run *run)
{
	return !daemon_run_is_alive(run->rig->daemon) || run->out->refused > 0 ||
	       reactor_now_ns() > run->last_ns + (uint64_t)QUIET_MS * 1000000u;
}

static void settle(struct run *run, unsigned ms)
{
	for (uint64_t end = reactor_now_ns() + ms * UINT64_C(1000000); reactor_now_ns() < end;)
		rig_turn(run->rig, 5);
}

/* What is seen ----------------------------------------------------------------------------------
 */

static void refuse(struct run *run, struct slice text)
{
	run->out->refused++;
	figures_note(run->out, text.at, text.len);
}

static void set_up(struct run *run, long watcher)
{
	if (watcher < 0 || (unsigned long)watcher >= run->watchers || run->watches[watcher])
		return;
	run->watches[watcher] = true;
	run->watching++;
	run->last_ns = reactor_now_ns();
}

static void arrive(struct run *run, long watcher)
{
	uint64_t now = reactor_now_ns();
	size_t i = (size_t)(run->round - 1) * run->watchers + (size_t)watcher;

	if (watcher < 0 || (unsigned long)watcher >= run->watchers)
		return;
	if (!latencies_arrive(&run->latencies, i, now)) {
		run->out->repeated++;
		return;
	}
	run->out->delivered++;
	run->told++;
	run->last_ns = now;
}

/* The mark of the round stands in the note. Others are what was there before. */
static bool is_of_round(const struct run *run, struct slice text)
{
	char mark[32];

	snprintf(mark, sizeof(mark), "round %lu", run->round);
	return run->round > 0 && slice_has(text, mark);
}

static void reply(struct run *run, const struct sip_wire *request, const struct sip_hop *to,
		  const char *extra)
{
	buf_reset(&run->text);
	sip_wire_reply(&run->text, request, 200, "OK", "bench", extra, NULL, NULL);
	sip_end_send(run->rig->sip, to, run->text.data, run->text.len);
}

/* To SIP ----------------------------------------------------------------------------------------
 */

static void send_subscribe(struct run *run, unsigned long i)
{
	unsigned port = sip_end_port(run->rig->sip);

	buf_reset(&run->text);
	buf_printf(&run->text,
		   "SUBSCRIBE sip:c0@" RIG_CHAT " SIP/2.0\r\n"
		   "Via: SIP/2.0/TCP 127.0.0.1:%u;rport;branch=z9hG4bKs%lu\r\n"
		   "Max-Forwards: 70\r\nFrom: <sip:u%lu@" RIG_PBX ">;tag=t%lu\r\n"
		   "To: <sip:c0@" RIG_CHAT ">\r\nCall-ID: s%lu@bench\r\n"
		   "CSeq: 1 SUBSCRIBE\r\n"
		   "Contact: <sip:u%lu@127.0.0.1:%u;transport=tcp>\r\n"
		   "Event: presence\r\nExpires: 3600\r\nAccept: application/pidf+xml\r\n"
		   "Content-Length: 0\r\n\r\n",
		   port, i, i, i, i, i, port);
	sip_end_send(run->rig->sip, &run->rig->hop, run->text.data, run->text.len);
}

static void on_sip_told(struct sip_end *end, const struct sip_wire *message,
			const struct sip_hop *from, void *arg)
{
	struct run *run = arg;
	long watcher = slice_number_after(message->call_id, "s");

	(void)end;
	if (message->status >= 300)
		refuse(run, message->all);
	if (message->method.len == 0)
		return;
	reply(run, message, from, "");
	if (run->rig->is_floor)
		arrive(run, (long)run->told);
	else if (slice_starts(message->state, "terminated"))
		refuse(run, message->all);
	else if (is_of_round(run, message->body))
		arrive(run, watcher);
	else if (run->round == 0 && slice_starts(message->state, "active"))
		set_up(run, watcher);
}

static void remember_reader(struct run *run, struct slice jid)
{
	struct slice bare = jid;

	if (run->reader_count >= run->watchers)
		return;
	run->readers[run->reader_count] = mem_strndup(bare.at, bare.len);
	run->reader_count++;
}

static void on_chat_asked(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct run *run = arg;
	struct buf *out = xmpp_end_out(end);

	if (!slice_is(stanza->name, "presence") || out == NULL)
		return;
	if (slice_is(stanza->type, "subscribe")) {
		remember_reader(run, stanza->from);
		buf_printf(out,
			   "<presence from='c0@" RIG_CHAT "' to='%.*s' type='subscribed'/>"
			   "<presence from='c0@" RIG_CHAT "/desk' to='%.*s'/>",
			   (int)stanza->from.len, stanza->from.at, (int)stanza->from.len,
			   stanza->from.at);
	}
}

static void change_chat_user(void *arg)
{
	static const char *const shows[] = {"away", "dnd", "xa", "chat"};
	struct run *run = arg;
	struct buf *out = xmpp_end_out(run->rig->xmpp);

	for (unsigned long i = 0; out != NULL && i < run->reader_count; i++)
		buf_printf(out,
			   "<presence from='c0@" RIG_CHAT "/desk' to='%s'><show>%s</show>"
			   "<status>round %lu</status></presence>",
			   run->readers[i], shows[run->round % 4], run->round);
}

static void change_floor_chat(void *arg)
{
	struct run *run = arg;
	struct buf *out = xmpp_end_out(run->rig->xmpp);

	for (unsigned long i = 0; out != NULL && i < run->watchers; i++)
		buf_printf(out,
			   "<message from='c0@" RIG_CHAT "/desk' to='u%lu@" RIG_COMPONENT
			   "'><body>%s</body></message>",
			   i, floor_text);
}

/* To XMPP ---------------------------------------------------------------------------------------
 */

static void send_question(struct run *run, unsigned long i)
{
	struct buf *out = xmpp_end_out(run->rig->xmpp);

	if (out != NULL)
		buf_printf(out,
			   "<presence from='c%lu@" RIG_CHAT "' to='u0@" RIG_COMPONENT
			   "' type='subscribe' id='q%lu'/>",
			   i, i);
}

/* In the dialog of the SUBSCRIBE that was kept. */
static void send_notify(void *arg)
{
	struct run *run = arg;
	unsigned port = sip_end_port(run->rig->sip);
	struct sip_wire request;
	struct slice target;
	char body[512];

	sip_wire_read(&request, run->request.data, run->request.len);
	target = slice_uri(request.contact);
	snprintf(body, sizeof(body),
		 "<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "
		 "entity=\"sip:u0@" RIG_PBX "\"><note>round %lu</note><tuple id=\"t\"><status>"
		 "<basic>open</basic></status></tuple></presence>",
		 run->round);
	buf_reset(&run->text);
	buf_printf(&run->text,
		   "NOTIFY %.*s SIP/2.0\r\n"
		   "Via: SIP/2.0/TCP 127.0.0.1:%u;rport;branch=z9hG4bKn%lu\r\n"
		   "Max-Forwards: 70\r\nFrom: %.*s;tag=bench\r\nTo: %.*s\r\n"
		   "Call-ID: %.*s\r\nCSeq: %lu NOTIFY\r\n"
		   "Contact: <sip:u0@127.0.0.1:%u;transport=tcp>\r\n"
		   "Event: presence\r\nSubscription-State: active;expires=3600\r\n"
		   "Content-Type: application/pidf+xml\r\nContent-Length: %zu\r\n\r\n%s",
		   (int)target.len, target.at, port, run->cseq + 1, (int)request.to.len,
		   request.to.at, (int)request.from.len, request.from.at, (int)request.call_id.len,
		   request.call_id.at, run->cseq + 1, port, strlen(body), body);
	run->cseq++;
	sip_end_send(run->rig->sip, &run->hop, run->text.data, run->text.len);
}

static void on_sip_asked(struct sip_end *end, const struct sip_wire *message,
			 const struct sip_hop *from, void *arg)
{
	struct run *run = arg;
	char extra[128];

	(void)end;
	if (message->status >= 300)
		refuse(run, message->all);
	if (!slice_is(message->method, "SUBSCRIBE")) {
		if (message->method.len > 0)
			reply(run, message, from, "");
		return;
	}
	snprintf(extra, sizeof(extra),
		 "Contact: <sip:bench@127.0.0.1:%u;transport=tcp>\r\nExpires: 3600\r\n",
		 sip_end_port(run->rig->sip));
	reply(run, message, from, extra);
	if (run->request.len > 0)
		return;
	buf_append(&run->request, message->all.at, message->all.len);
	run->hop = *from;
	send_notify(run);
}

static void on_chat_told(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct run *run = arg;
	long watcher = slice_number_after(stanza->to, "c");

	(void)end;
	if (run->rig->is_floor && slice_is(stanza->name, "message"))
		arrive(run, (long)run->told);
	if (!slice_is(stanza->name, "presence"))
		return;
	if (slice_is(stanza->type, "error") || slice_is(stanza->type, "unsubscribed"))
		refuse(run, stanza->all);
	else if (slice_is(stanza->type, "subscribed"))
		set_up(run, watcher);
	else if (is_of_round(run, stanza->all))
		arrive(run, watcher);
}

static void change_floor_phone(void *arg)
{
	struct run *run = arg;
	unsigned port = sip_end_port(run->rig->sip);

	buf_reset(&run->text);
	buf_printf(&run->text,
		   "MESSAGE sip:c0@" RIG_CHAT " SIP/2.0\r\n"
		   "Via: SIP/2.0/TCP 127.0.0.1:%u;rport;branch=z9hG4bKf%lu\r\n"
		   "Max-Forwards: 70\r\nFrom: <sip:u0@" RIG_PBX ">;tag=f\r\n"
		   "To: <sip:c0@" RIG_CHAT ">\r\nCall-ID: f%lu@bench\r\nCSeq: 1 MESSAGE\r\n"
		   "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
		   port, run->round, run->round, strlen(floor_text), floor_text);
	sip_end_send(run->rig->sip, &run->rig->hop, run->text.data, run->text.len);
}

/* Both ------------------------------------------------------------------------------------------
 */

static void watch_all(struct run *run, void (*ask)(struct run *run, unsigned long i))
{
	run->last_ns = reactor_now_ns();
	while (run->watching < run->watchers && !is_over(run)) {
		unsigned long until = run->watching + run->load->window;

		for (; run->setting_up < until && run->setting_up < run->watchers;
		     run->setting_up++)
			ask(run, run->setting_up);
		rig_turn(run->rig, 1);
	}
	if (run->watching < run->watchers)
		printf("    only %lu of %lu came to watch\n", run->watching, run->watchers);
}

static void run_round(struct run *run, change_fn *change)
{
	uint64_t cpu_ns = daemon_run_cpu_ns(run->rig->daemon);
	uint64_t began = reactor_now_ns();
	unsigned long first = run->round++ * run->watchers;

	run->told = 0;
	for (unsigned long i = 0; i < run->watchers; i++)
		latencies_send(&run->latencies, first + i, began);
	run->out->sent += run->watchers;
	run->last_ns = began;
	change(run);
	while (run->told < run->watchers && !is_over(run))
		rig_turn(run->rig, 1);
	run->out->seconds += (double)(run->last_ns - began) / 1e9;
	if ((double)(run->last_ns - began) / 1e6 > run->out->last_ms)
		run->out->last_ms = (double)(run->last_ns - began) / 1e6;
	settle(run, SETTLE_MS); /* answers, and what should not come */
	run->cpu_ns += daemon_run_cpu_ns(run->rig->daemon) - cpu_ns;
	if (run->round == FANOUT_ROUNDS / 2)
		run->out->rss_kib[1] = daemon_run_rss_kib(run->rig->daemon);
}

static void run_rounds(struct run *run, change_fn *change)
{
	struct figures *out = run->out;

	settle(run, SETTLE_MS);
	out->rss_kib[0] = daemon_run_rss_kib(run->rig->daemon);
	for (int i = 0; i < FANOUT_ROUNDS && out->refused == 0; i++)
		run_round(run, change);
	out->rss_kib[2] = daemon_run_rss_kib(run->rig->daemon);
	out->answered = out->delivered;
	if (out->sent > 0)
		out->cpu_us = (double)run->cpu_ns / 1000 / (double)out->sent;
	latencies_sum_up(&run->latencies, out);
}

static void run_init(struct run *run, struct rig *rig, const struct load *load, struct figures *out)
{
	memset(run, 0, sizeof(*run));
	memset(out, 0, sizeof(*out));
	run->rig = rig;
	run->load = load;
	run->out = out;
	out->name = load->name;
	run->watchers = load->count;
	run->watches = mem_zalloc(load->count);
	run->readers = mem_zalloc(load->count * sizeof(char *));
	latencies_init(&run->latencies, load->count * FANOUT_ROUNDS);
}

static void run_free(struct run *run)
{
	rig_rest(run->rig);
	for (unsigned long i = 0; i < run->reader_count; i++)
		mem_free(run->readers[i]);
	mem_free(run->readers);
	mem_free(run->watches);
	latencies_free(&run->latencies);
	buf_free(&run->request);
	buf_free(&run->text);
}

void load_fanout_to_sip(struct rig *rig, const struct load *load, struct figures *out)
{
	struct run run;

	run_init(&run, rig, load, out);
	sip_end_listen(rig->sip, on_sip_told, &run);
	xmpp_end_listen(rig->xmpp, on_chat_asked, &run);
	if (!rig->is_floor)
		watch_all(&run, send_subscribe);
	run_rounds(&run, rig->is_floor ? change_floor_chat : change_chat_user);
	run_free(&run);
}

void load_fanout_to_xmpp(struct rig *rig, const struct load *load, struct figures *out)
{
	struct run run;

	run_init(&run, rig, load, out);
	sip_end_listen(rig->sip, on_sip_asked, &run);
	xmpp_end_listen(rig->xmpp, on_chat_told, &run);
	if (!rig->is_floor)
		watch_all(&run, send_question);
	run_rounds(&run, rig->is_floor ? change_floor_phone : send_notify);
	run_free(&run);
}
