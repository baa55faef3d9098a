/* Both servers and the program between them. */
#include "bench/rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "bench/floor.h"
#include "bench/reactor.h"

enum { START_MS = 20000, POLL_MS = 20 };

static void start_program(struct rig *rig, const struct rig_params *params)
{
	struct daemon_params daemon = {.program = params->program,
				       .sip_port = sip_end_port(rig->sip),
				       .xmpp_port = xmpp_end_port(rig->xmpp),
				       .to_sip_over_tcp = params->is_tcp,
				       .store = params->store != NULL ? params->store : "sqlite",
				       .trusted = params->trusted,
				       .limits = params->limits,
				       .has_usual_backlogs = params->has_usual_backlogs,
				       .domain = params->domain,
				       .flush_ms = params->flush_ms,
				       .listen = params->listen,
				       .sip = params->sip,
				       .settings = params->settings,
				       .log_level = params->log_level != NULL ? params->log_level
									      : "warning"};

	rig->is_floor = params->program == NULL;
	if (rig->is_floor)
		rig->daemon = floor_start(daemon.sip_port, daemon.xmpp_port, params->is_tcp,
					  params->fanout);
	else
		rig->daemon = daemon_run_new(&daemon);
}

static void answer(struct rig *rig, const struct sip_wire *message, const struct sip_hop *from)
{
	struct buf text = BUF_INIT;

	sip_wire_reply(&text, message, 200, "OK", "rig", "Expires: 0\r\n", NULL, NULL);
	sip_end_send(rig->sip, from, text.data, text.len);
	sip_end_flush(rig->sip);
	buf_free(&text);
}

static void on_sip(struct sip_end *end, const struct sip_wire *message, const struct sip_hop *from,
		   void *arg)
{
	(void)end;
	if (message->method.len > 0)
		answer(arg, message, from);
}

static void rest(struct rig *rig, int ms)
{
	bool never = false;

	reactor_until(rig->reactor, &never, ms);
}

static bool is_late(struct rig *rig, uint64_t end)
{
	return reactor_now_ns() >= end || !daemon_run_is_alive(rig->daemon);
}

/* The link is up, SIP answers, the store is read. */
static bool wait_ready(struct rig *rig, bool is_tcp)
{
	uint64_t end = reactor_now_ns() + (uint64_t)START_MS * 1000000u;
	const bool *is_up = xmpp_end_is_up(rig->xmpp);

	while (!*is_up && !is_late(rig, end))
		reactor_turn(rig->reactor, 10);
	while (!rig->is_floor && !daemon_run_is_serving(rig->daemon) && !is_late(rig, end))
		rest(rig, POLL_MS);
	if (is_late(rig, end) ||
	    !sip_end_hop(rig->sip, daemon_run_port(rig->daemon), is_tcp, &rig->hop))
		return false;
	return true;
}

void rig_rest(struct rig *rig)
{
	sip_end_listen(rig->sip, on_sip, rig);
	xmpp_end_listen(rig->xmpp, NULL, NULL);
}

bool rig_start(struct rig *rig, const struct rig_params *params)
{
	memset(rig, 0, sizeof(*rig));
	rig->reactor = reactor_new();
	rig->sip = sip_end_new(rig->reactor);
	rig->xmpp = xmpp_end_new(rig->reactor, RIG_COMPONENT);
	start_program(rig, params);
	rig_rest(rig);
	if (wait_ready(rig, params->is_tcp))
		return true;
	fprintf(stderr, "bench: the %s did not start: handshake %s, process %s\n",
		rig->is_floor ? "floor" : "daemon", *xmpp_end_is_up(rig->xmpp) ? "yes" : "no",
		daemon_run_is_alive(rig->daemon) ? "alive" : "gone");
	if (!rig->is_floor)
		daemon_run_report(rig->daemon, 20);
	return false;
}

bool rig_restart(struct rig *rig, bool is_killed)
{
	uint64_t end = reactor_now_ns() + (uint64_t)START_MS * 1000000u;
	int code = 0;

	if (!is_killed)
		kill(daemon_run_pid(rig->daemon), SIGTERM);
	while (!is_killed && !is_late(rig, end))
		rig_turn(rig, 10); /* it asks the chat server before it goes */
	if (!is_killed)
		code = daemon_run_stop(rig->daemon, rig->reactor, POLL_MS);
	daemon_run_again(rig->daemon, true);
	rest(rig, POLL_MS); /* the old connections are gone */
	if (code == 0 && wait_ready(rig, false))
		return true;
	fprintf(stderr, "bench: the daemon did not start again: it had ended with %d\n", code);
	daemon_run_report(rig->daemon, 200);
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
