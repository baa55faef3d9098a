/* Both servers and the program between them. */
#include "bench/rig.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "bench/floor.h"
#include "bench/reactor.h"

enum { START_MS = 20000, TRY_MS = 200 };

static void start_program(struct rig *rig, const struct rig_params *params)
{
	struct daemon_params daemon = {.program = params->program,
				       .sip_port = sip_end_port(rig->sip),
				       .xmpp_port = xmpp_end_port(rig->xmpp),
				       .to_sip_over_tcp = params->is_tcp,
				       .store = params->store != NULL ? params->store : "sqlite",
				       .trusted = params->trusted,
				       .limits = params->limits,
				       .log_level = params->log_level != NULL ? params->log_level
									      : "warning"};

	rig->is_floor = params->program == NULL;
	if (rig->is_floor)
		rig->daemon = floor_start(daemon.sip_port, daemon.xmpp_port, params->is_tcp);
	else
		rig->daemon = daemon_run_new(&daemon);
}

static void on_sip(struct sip_end *end, const struct sip_wire *message, const struct sip_hop *from,
		   void *arg)
{
	struct rig *rig = arg;

	(void)end;
	(void)from;
	if (message->status >= 200 && slice_has(message->cseq, "OPTIONS"))
		rig->options_answered = true;
}

static void send_options(struct rig *rig, unsigned number, bool is_tcp)
{
	struct buf text = BUF_INIT;
	unsigned port = sip_end_port(rig->sip);

	buf_printf(&text,
		   "OPTIONS sip:127.0.0.1:%u SIP/2.0\r\n"
		   "Via: SIP/2.0/%s 127.0.0.1:%u;rport;branch=z9hG4bKstart%u\r\n"
		   "Max-Forwards: 70\r\nFrom: <sip:start@" RIG_PBX ">;tag=start\r\n"
		   "To: <sip:127.0.0.1:%u>\r\nCall-ID: start%u@bench\r\nCSeq: 1 OPTIONS\r\n"
		   "Content-Length: 0\r\n\r\n",
		   daemon_run_port(rig->daemon), is_tcp ? "TCP" : "UDP", port, number,
		   daemon_run_port(rig->daemon), number);
	sip_end_send(rig->sip, &rig->hop, text.data, text.len);
	buf_free(&text);
}

bool rig_start(struct rig *rig, const struct rig_params *params)
{
	uint64_t end = reactor_now_ns() + (uint64_t)START_MS * 1000000u;
	const bool *is_up = NULL;

	memset(rig, 0, sizeof(*rig));
	rig->reactor = reactor_new();
	rig->sip = sip_end_new(rig->reactor);
	rig->xmpp = xmpp_end_new(rig->reactor, RIG_COMPONENT);
	is_up = xmpp_end_is_up(rig->xmpp);
	start_program(rig, params);
	sip_end_listen(rig->sip, on_sip, rig);
	for (unsigned i = 0; reactor_now_ns() < end && daemon_run_is_alive(rig->daemon); i++) {
		if (*is_up && sip_end_hop(rig->sip, daemon_run_port(rig->daemon), params->is_tcp,
					  &rig->hop)) {
			send_options(rig, i, params->is_tcp);
			sip_end_flush(rig->sip);
			if (reactor_until(rig->reactor, &rig->options_answered, TRY_MS))
				return true;
		}
		reactor_until(rig->reactor, is_up, TRY_MS);
	}
	fprintf(stderr, "bench: the %s did not start: handshake %s, OPTIONS %s, process %s\n",
		rig->is_floor ? "floor" : "daemon", *is_up ? "yes" : "no",
		rig->options_answered ? "answered" : "not answered",
		daemon_run_is_alive(rig->daemon) ? "alive" : "gone");
	if (!rig->is_floor)
		daemon_run_report(rig->daemon, 20);
	return false;
}

void rig_free(struct rig *rig)
{
	daemon_run_free(&rig->daemon);
	sip_end_free(&rig->sip);
	xmpp_end_free(&rig->xmpp);
	reactor_free(&rig->reactor);
}

void rig_turn(struct rig *rig, int wait_ms)
{
	sip_end_flush(rig->sip);
	xmpp_end_flush(rig->xmpp);
	reactor_turn(rig->reactor, wait_ms);
	sip_end_flush(rig->sip);
	xmpp_end_flush(rig->xmpp);
}
