/* Overload; see overload.h. */
#include "bench/overload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/reactor.h"
#include "bench/rig.h"

enum { WINDOW = 300, USERS = 4000, STOP_MS = 20000, TAIL_MS = 1500, STEPS = 4 };

/* Of 20 requests in a row. */
enum kind { MESSAGE, WATCH, POLL, TYPING, KINDS };
static const enum kind mix[20] = {MESSAGE, MESSAGE, MESSAGE, WATCH,   MESSAGE, MESSAGE, TYPING,
				  MESSAGE, MESSAGE, MESSAGE, MESSAGE, POLL,    MESSAGE, MESSAGE,
				  MESSAGE, WATCH,   MESSAGE, MESSAGE, TYPING,  MESSAGE};
static const char *const kind_names[KINDS] = {"message", "subscription", "poll", "typing"};

struct outcome {
	unsigned long sent, taken, busy, other;
};

struct run {
	struct rig rig;
	struct buf text;
	struct outcome outcomes[KINDS];
	uint64_t *sent_ns; /* by number; 0: answered */
	double *took_ms;   /* of messages that were taken */
	unsigned long count, most, took, delivered, open;
	bool is_mixed;
};

static enum kind kind_of(const struct run *run, unsigned long i)
{
	return run->is_mixed ? mix[i % 20] : MESSAGE;
}

static void on_sip(struct sip_end *end, const struct sip_wire *message, const struct sip_hop *from,
		   void *arg)
{
	struct run *run = arg;
	long i = slice_number_after(message->call_id, "over");

	if (message->status == 0) { /* NOTIFY */
		buf_reset(&run->text);
		sip_wire_reply(&run->text, message, 200, "OK", "bench", "", NULL, NULL);
		sip_end_send(end, from, run->text.data, run->text.len);
		return;
	}
	if (message->status < 200 || i < 0 || (unsigned long)i >= run->count ||
	    run->sent_ns[i] == 0)
		return;
	struct outcome *outcome = &run->outcomes[kind_of(run, (unsigned long)i)];

	if (message->status < 300)
		outcome->taken++;
	else if (message->status == 503)
		outcome->busy++;
	else
		outcome->other++;
	if (message->status < 300 && kind_of(run, (unsigned long)i) == MESSAGE)
		run->took_ms[run->took++] = (double)(reactor_now_ns() - run->sent_ns[i]) / 1e6;
	run->sent_ns[i] = 0;
	run->open--;
}

static void on_xmpp(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct run *run = arg;

	(void)end;
	if (slice_is(stanza->name, "message") && slice_has(stanza->all, "<body>"))
		run->delivered++;
}

static void put_request(struct run *run, unsigned long i)
{
	static const struct {
		const char *method, *headers, *body;
	} forms[KINDS] = {
		[MESSAGE] = {"MESSAGE", "Content-Type: text/plain\r\n", "are you there?"},
		[WATCH] = {"SUBSCRIBE", "Event: presence\r\nExpires: 3600\r\n", ""},
		[POLL] = {"SUBSCRIBE", "Event: presence\r\nExpires: 0\r\n", ""},
		[TYPING] = {"MESSAGE", "Content-Type: application/im-iscomposing+xml\r\n",
			    "<isComposing xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\">"
			    "<state>active</state></isComposing>"},
	};
	enum kind kind = kind_of(run, i);
	unsigned port = sip_end_port(run->rig.sip);

	buf_reset(&run->text);
	buf_printf(&run->text,
		   "%s sip:u%lu@" RIG_CHAT " SIP/2.0\r\n"
		   "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKover%lu\r\n"
		   "Max-Forwards: 70\r\nFrom: <sip:%lu@" RIG_PBX ">;tag=f%lu\r\n"
		   "To: <sip:u%lu@" RIG_CHAT ">\r\nCall-ID: over%lu@bench\r\nCSeq: 1 %s\r\n"
		   "Contact: <sip:bench@127.0.0.1:%u>\r\n%sContent-Length: %zu\r\n\r\n%s",
		   forms[kind].method, i % USERS, port, i, i * 7 % USERS, i, i % USERS, i,
		   forms[kind].method, port, forms[kind].headers, strlen(forms[kind].body),
		   forms[kind].body);
}

static void send_one(struct run *run)
{
	unsigned long i = run->count;

	if (i == run->most)
		return;
	put_request(run, i);
	run->sent_ns[i] = reactor_now_ns();
	run->count++;
	run->open++;
	run->outcomes[kind_of(run, i)].sent++;
	sip_end_send(run->rig.sip, &run->rig.hop, run->text.data, run->text.len);
}

static bool begin(struct run *run, const struct overload_params *params, unsigned long most)
{
	struct rig_params rig = {
		.program = params->program, .store = params->store, .has_usual_backlogs = true};

	*run = (struct run){.most = most};
	run->sent_ns = mem_zalloc(most * sizeof *run->sent_ns);
	run->took_ms = mem_zalloc(most * sizeof *run->took_ms);
	if (!rig_start(&run->rig, &rig))
		return false;
	sip_end_listen(run->rig.sip, on_sip, run);
	xmpp_end_listen(run->rig.xmpp, on_xmpp, run);
	return true;
}

static bool finish(struct run *run)
{
	bool is_well = run->rig.daemon != NULL &&
		       daemon_run_stop(run->rig.daemon, run->rig.reactor, STOP_MS) == 0 &&
		       !daemon_run_report(run->rig.daemon, 0);

	if (!is_well)
		printf("    WRONG: the daemon did not end in order\n");
	rig_free(&run->rig);
	buf_free(&run->text);
	mem_free(run->sent_ns);
	mem_free(run->took_ms);
	return is_well;
}

/* Messages a second with some always under way. */
static unsigned long find_capacity(const struct overload_params *params)
{
	unsigned long most = 400000;
	uint64_t started, ends;
	struct run run;
	double seconds;
	unsigned long rate = 0;

	if (begin(&run, params, most)) {
		started = reactor_now_ns();
		ends = started + (uint64_t)params->seconds * UINT64_C(1000000000);
		while (reactor_now_ns() < ends && daemon_run_is_alive(run.rig.daemon)) {
			while (run.open < WINDOW && run.count < most)
				send_one(&run);
			rig_turn(&run.rig, 1);
		}
		seconds = (double)(reactor_now_ns() - started) / 1e9;
		rate = (unsigned long)((double)run.delivered / seconds);
	}
	return finish(&run) ? rate : 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double took(const struct run *run, unsigned per_cent)
{
	return run->took == 0 ? 0 : run->took_ms[(run->took - 1) * per_cent / 100];
}

static void print_step(struct run *run, double factor, double seconds, double *full)
{
	double useful = (double)run->delivered / seconds;
	struct buf status = BUF_INIT;
	const char *level;

	if (factor == 1)
		*full = useful;
	qsort(run->took_ms, run->took, sizeof *run->took_ms, compare);
	daemon_run_ask(run->rig.daemon, "status", &status);
	level = strstr(buf_text(&status), "load ");
	printf("%.1fx: %.0f/s useful", factor, useful);
	if (*full > 0)
		printf(" (%.2f of that at 1x)", useful / *full);
	printf(", p50 %.0f ms, p99 %.0f ms, RSS %ld MiB, %.*s\n", took(run, 50), took(run, 99),
	       daemon_run_rss_kib(run->rig.daemon) / 1024,
	       level != NULL ? (int)strcspn(level, "\n") : 0, level != NULL ? level : "");
	buf_free(&status);
	for (int kind = 0; kind < KINDS; kind++) {
		const struct outcome *it = &run->outcomes[kind];

		printf("    %-12s sent %7lu  taken %7lu (%3.0f %%)  503 %7lu  other %5lu  silence "
		       "%7lu\n",
		       kind_names[kind], it->sent, it->taken,
		       it->sent > 0 ? 100.0 * (double)it->taken / (double)it->sent : 0, it->busy,
		       it->other, it->sent - it->taken - it->busy - it->other);
	}
}

static bool step(const struct overload_params *params, double factor, unsigned long capacity,
		 double *full)
{
	double rate = factor * (double)capacity;
	unsigned long most = (unsigned long)(rate * params->seconds) + 1;
	uint64_t started, now, ends;
	struct run run;

	if (!begin(&run, params, most))
		return finish(&run);
	run.is_mixed = true;
	started = now = reactor_now_ns();
	ends = started + (uint64_t)params->seconds * UINT64_C(1000000000);
	for (; now < ends && daemon_run_is_alive(run.rig.daemon); now = reactor_now_ns()) {
		unsigned long due = (unsigned long)(rate * (double)(now - started) / 1e9);

		while (run.count < due && run.count < most)
			send_one(&run);
		rig_turn(&run.rig, 1);
	}
	for (ends = now + TAIL_MS * UINT64_C(1000000); now < ends; now = reactor_now_ns())
		rig_turn(&run.rig, 5);
	print_step(&run, factor, params->seconds, full);
	return finish(&run);
}

bool overload_measure(const struct overload_params *params)
{
	static const double factors[STEPS] = {0.5, 1, 2, 5};
	unsigned long capacity = params->capacity;
	bool is_well = true;
	double full = 0;

	if (capacity == 0)
		capacity = find_capacity(params);
	if (capacity == 0)
		return false;
	printf("capacity: %lu messages/s over UDP, %d under way\n", capacity, WINDOW);
	for (int i = 0; i < STEPS; i++)
		is_well = step(params, factors[i], capacity, &full) && is_well;
	return is_well;
}
