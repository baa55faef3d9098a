/* Good requests in the middle of the attack. */
#include "hostile/checker.h"

#include <stdio.h>
#include <string.h>

#include "bench/reactor.h"

#define SECOND_NS UINT64_C(1000000000)

enum { WAIT_S = 15 };

static const char *const step_names[CHECK_STEPS] = {
	"OPTIONS over UDP",  "OPTIONS over TCP", "MESSAGE over UDP", "MESSAGE over TCP",
	"message from XMPP", "ping from XMPP",   "probe from XMPP"};

static bool wants_delivery(const struct checker *checker, enum check_step step)
{
	if (step == CHECK_MESSAGE_UDP || step == CHECK_MESSAGE_TCP)
		return !checker->is_stranger;
	return step == CHECK_MESSAGE_XMPP;
}

static bool wants_answer(const struct checker *checker, enum check_step step)
{
	/* a stranger may be met with silence, and no dialog can be made from his address */
	if (checker->is_stranger)
		return step == CHECK_PING;
	return step != CHECK_MESSAGE_XMPP;
}

/* Requests ------------------------------------------------------------------------------------- */

static void send_sip(struct checker *checker, enum check_step step)
{
	bool is_tcp = step == CHECK_OPTIONS_TCP || step == CHECK_MESSAGE_TCP;
	bool is_message = step == CHECK_MESSAGE_UDP || step == CHECK_MESSAGE_TCP;
	const char *method = is_message ? "MESSAGE" : "OPTIONS";
	unsigned port = daemon_run_port(checker->rig->daemon);
	unsigned own = sip_end_port(checker->rig->sip);
	struct sip_hop hop;
	char body[64] = "";

	if (!sip_end_hop(checker->rig->sip, port, is_tcp, &hop))
		return;
	if (is_message)
		snprintf(body, sizeof(body), "good %u-%d <&> \xc3\xa4", checker->round, step);
	buf_reset(&checker->text);
	buf_printf(&checker->text, "%s sip:%s SIP/2.0\r\n", method,
		   is_message ? "judge@" RIG_CHAT : RIG_CHAT);
	buf_printf(&checker->text,
		   "Via: SIP/2.0/%s 127.0.0.1:%u;rport;branch=z9hG4bKgood-%u-%d\r\n"
		   "Max-Forwards: 70\r\nFrom: <sip:good@" RIG_PBX ">;tag=g\r\n"
		   "To: <sip:judge@" RIG_CHAT ">\r\nCall-ID: good-%u-%d\r\nCSeq: 1 %s\r\n%s"
		   "Content-Length: %zu\r\n\r\n%s",
		   is_tcp ? "TCP" : "UDP", own, checker->round, step, checker->round, step, method,
		   is_message ? "Content-Type: text/plain\r\n" : "", strlen(body), body);
	sip_end_send(checker->rig->sip, &hop, checker->text.data, checker->text.len);
}

static void send_stanzas(struct checker *checker)
{
	struct buf *out = xmpp_end_out(checker->rig->xmpp);

	if (out == NULL)
		return;
	if (!checker->delivered[CHECK_MESSAGE_XMPP])
		buf_printf(out,
			   "<message from='judge@" RIG_CHAT "/r' to='good@" RIG_COMPONENT
			   "' type='chat' id='good-%u'><body>good %u-%d &lt;&amp;&gt; "
			   "\xc3\xa4</body></message>",
			   checker->round, checker->round, CHECK_MESSAGE_XMPP);
	buf_printf(out,
		   "<iq from='judge@" RIG_CHAT "/r' to='" RIG_COMPONENT
		   "' type='get' id='good-%u'><ping xmlns='urn:xmpp:ping'/></iq>",
		   checker->round);
	if (wants_answer(checker, CHECK_PROBE))
		buf_puts(out, "<presence from='judge@" RIG_CHAT "/r' to='good@" RIG_COMPONENT
			      "' type='probe'/>");
}

/* Answers -------------------------------------------------------------------------------------- */

static bool is_body(const struct checker *checker, struct slice body, enum check_step step)
{
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "good %u-%d <&> \xc3\xa4", checker->round, step);
	return slice_is(body, wanted);
}

static void on_answer(struct checker *checker, const struct sip_wire *message)
{
	char prefix[64];
	long step = 0;

	snprintf(prefix, sizeof(prefix), "good-%u-", checker->round);
	step = slice_number_after(message->call_id, prefix);
	if (message->status < 200 || step < 0 || step >= CHECK_STEPS)
		return;
	checker->answered[step] = true;
	checker->status[step] = message->status;
}

static void send_notify(struct checker *checker, const struct sip_wire *request,
			const struct sip_hop *to)
{
	static const char body[] =
		"<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "
		"entity=\"sip:good@" RIG_PBX "\"><tuple id=\"t\"><status><basic>open</basic>"
		"</status></tuple></presence>";
	struct slice target = slice_uri(request->contact);

	buf_reset(&checker->text);
	buf_printf(
		&checker->text,
		"NOTIFY %.*s SIP/2.0\r\nVia: SIP/2.0/%s 127.0.0.1:%u;rport;branch=z9hG4bKn%llu\r\n"
		"Max-Forwards: 70\r\nFrom: %.*s%s\r\nTo: %.*s\r\nCall-ID: %.*s\r\n"
		"CSeq: %llu NOTIFY\r\nContact: <sip:good@127.0.0.1:%u>\r\nEvent: presence\r\n"
		"Subscription-State: active;expires=3600\r\n"
		"Content-Type: application/pidf+xml\r\nContent-Length: %zu\r\n\r\n%s",
		(int)target.len, target.at, to->stream != NULL ? "TCP" : "UDP",
		sip_end_port(checker->rig->sip), (unsigned long long)reactor_now_ns(),
		(int)request->to.len, request->to.at,
		slice_has(request->to, ";tag=") ? "" : ";tag=g", (int)request->from.len,
		request->from.at, (int)request->call_id.len, request->call_id.at,
		(unsigned long long)(reactor_now_ns() / 1000000u % 2000000000u),
		sip_end_port(checker->rig->sip), sizeof(body) - 1, body);
	sip_end_send(checker->rig->sip, to, checker->text.data, checker->text.len);
}

static void reply(struct checker *checker, const struct sip_wire *request,
		  const struct sip_hop *from)
{
	char extra[128] = "";

	if (slice_is(request->method, "SUBSCRIBE"))
		snprintf(extra, sizeof(extra),
			 "Contact: <sip:good@127.0.0.1:%u>\r\nExpires: 3600\r\n",
			 sip_end_port(checker->rig->sip));
	buf_reset(&checker->text);
	sip_wire_reply(&checker->text, request, 200, "OK", "g", extra, NULL, NULL);
	sip_end_send(checker->rig->sip, from, checker->text.data, checker->text.len);
}

bool checker_sip(struct checker *checker, const struct sip_wire *message,
		 const struct sip_hop *from)
{
	if (checker == NULL)
		return false;
	if (message->status != 0) {
		on_answer(checker, message);
		return true;
	}
	if (!slice_has(message->to, "sip:good@") || !slice_has(message->from, "judge@"))
		return false;
	reply(checker, message, from);
	if (slice_is(message->method, "SUBSCRIBE"))
		send_notify(checker, message, from);
	if (slice_is(message->method, "MESSAGE") &&
	    is_body(checker, message->body, CHECK_MESSAGE_XMPP))
		checker->delivered[CHECK_MESSAGE_XMPP] = true;
	return true;
}

/* The text of the body, unescaped as far as ours goes. */
static void read_body(struct buf *out, const struct xmpp_wire *stanza)
{
	const char *end = stanza->all.at + stanza->all.len;
	const char *at = memmem(stanza->all.at, stanza->all.len, "<body>", 6);

	buf_reset(out);
	for (at = at != NULL ? at + 6 : end; at < end && *at != '<'; at++) {
		if (end - at > 4 && memcmp(at, "&lt;", 4) == 0) {
			buf_putc(out, '<');
			at += 3;
		} else if (end - at > 4 && memcmp(at, "&gt;", 4) == 0) {
			buf_putc(out, '>');
			at += 3;
		} else if (end - at > 5 && memcmp(at, "&amp;", 5) == 0) {
			buf_putc(out, '&');
			at += 4;
		} else {
			buf_putc(out, *at);
		}
	}
}

static void on_message(struct checker *checker, const struct xmpp_wire *stanza)
{
	struct slice body;

	read_body(&checker->text, stanza);
	body = (struct slice){buf_text(&checker->text), checker->text.len};
	for (int step = CHECK_MESSAGE_UDP; step <= CHECK_MESSAGE_TCP; step++)
		if (is_body(checker, body, (enum check_step)step))
			checker->delivered[step] = true;
}

bool checker_stanza(struct checker *checker, const struct xmpp_wire *stanza)
{
	char id[32];

	if (checker == NULL || !slice_starts(stanza->to, "judge@"))
		return false;
	snprintf(id, sizeof(id), "good-%u", checker->round);
	if (slice_is(stanza->name, "message"))
		on_message(checker, stanza);
	else if (slice_is(stanza->name, "iq") && slice_is(stanza->type, "result") &&
		 slice_is(stanza->id, id))
		checker->answered[CHECK_PING] = true;
	else if (slice_is(stanza->name, "presence") && stanza->type.len == 0 &&
		 slice_starts(stanza->from, "good@"))
		checker->answered[CHECK_PROBE] = true;
	return true;
}

/* Rounds --------------------------------------------------------------------------------------- */

static bool step_is_done(const struct checker *checker, enum check_step step)
{
	return (checker->answered[step] || !wants_answer(checker, step)) &&
	       (checker->delivered[step] || !wants_delivery(checker, step));
}

static bool step_is_right(const struct checker *checker, enum check_step step)
{
	int status = checker->status[step];

	if (!step_is_done(checker, step))
		return false;
	if (step > CHECK_MESSAGE_TCP)
		return true;
	if (checker->is_stranger)
		return (status == 0 || status == 401 || status == 403) && !checker->delivered[step];
	return status == 200;
}

static bool all_done(const struct checker *checker)
{
	for (int step = 0; step < CHECK_STEPS; step++)
		if (!step_is_done(checker, (enum check_step)step))
			return false;
	return true;
}

static void send_missing(struct checker *checker)
{
	for (int step = CHECK_OPTIONS_UDP; step <= CHECK_MESSAGE_TCP; step++)
		if (!checker->answered[step])
			send_sip(checker, (enum check_step)step);
}

static void begin_round(struct checker *checker)
{
	checker->round++;
	checker->rounds++;
	memset(checker->answered, 0, sizeof(checker->answered));
	memset(checker->delivered, 0, sizeof(checker->delivered));
	memset(checker->status, 0, sizeof(checker->status));
}

static bool judge_round(struct checker *checker)
{
	bool is_right = true;

	for (int step = 0; step < CHECK_STEPS; step++) {
		if (step_is_right(checker, (enum check_step)step))
			continue;
		printf("WRONG: round %u: %s: %s, status %d%s\n", checker->round, step_names[step],
		       checker->answered[step] ? "answered" : "not answered", checker->status[step],
		       wants_delivery(checker, (enum check_step)step)
			       ? checker->delivered[step] ? ", delivered" : ", not delivered"
			       : "");
		is_right = false;
	}
	checker->failures += is_right ? 0 : 1;
	fflush(stdout);
	return is_right;
}

/* Requests are sent again every second, as a client over UDP would. */
bool checker_run(struct checker *checker)
{
	uint64_t end = reactor_now_ns() + WAIT_S * SECOND_NS;
	uint64_t again = 0;
	bool has_stanzas = false;

	begin_round(checker);
	while (!all_done(checker) && reactor_now_ns() < end) {
		if (reactor_now_ns() >= again) {
			send_missing(checker);
			again = reactor_now_ns() + SECOND_NS;
		}
		if (!has_stanzas && *xmpp_end_is_up(checker->rig->xmpp)) {
			send_stanzas(checker);
			has_stanzas = true;
		}
		rig_turn(checker->rig, 2);
		if (!daemon_run_is_alive(checker->rig->daemon))
			break;
	}
	return judge_round(checker);
}

bool checker_subscribe(struct checker *checker)
{
	struct buf *out = xmpp_end_out(checker->rig->xmpp);
	uint64_t end = reactor_now_ns() + WAIT_S * SECOND_NS;

	if (checker->is_stranger || out == NULL)
		return checker->is_stranger;
	begin_round(checker);
	buf_puts(out, "<presence from='judge@" RIG_CHAT "' to='good@" RIG_COMPONENT
		      "' type='subscribe' id='good'/>");
	while (!checker->answered[CHECK_PROBE] && reactor_now_ns() < end)
		rig_turn(checker->rig, 2);
	if (!checker->answered[CHECK_PROBE])
		printf("WRONG: the subscription before the attack led to no presence\n");
	return checker->answered[CHECK_PROBE];
}

void checker_start(struct checker *checker, struct rig *rig, bool is_stranger)
{
	memset(checker, 0, sizeof(*checker));
	checker->rig = rig;
	checker->is_stranger = is_stranger;
}

void checker_stop(struct checker *checker)
{
	buf_free(&checker->text);
}
