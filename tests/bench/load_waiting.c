/* Messages that wait in the store. */
#include "bench/load_waiting.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "bench/load_run.h"
#include "bench/reactor.h"
#include "bench/rig.h"

enum { BACK_MS = 90000, DRAIN_LEAST_PER_S = 200 };

struct waiting {
	struct load_run run;
	long *last; /* of each user, the number delivered last; from 1 */
	uint64_t back_ns;
	uint64_t first_ns;
};

static void on_stored(struct sip_end *end, const struct sip_wire *message,
		      const struct sip_hop *from, void *arg)
{
	struct waiting *waiting = arg;
	struct load_run *run = &waiting->run;
	long i = slice_number_after(message->call_id, "m");

	(void)end;
	(void)from;
	if (message->status < 200 || !load_run_mark(run, run->answered, i))
		return;
	latencies_arrive(&run->latencies, (size_t)i, run->last_ns);
	if (message->status < 300)
		run->out->answered++;
	else
		load_run_refused(run, message->all);
}

/* What overtakes an earlier one of its pair counts as wrong. */
static void on_drained(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct waiting *waiting = arg;
	struct load_run *run = &waiting->run;
	long i = slice_number_after(stanza->all, LOAD_MESSAGE_MARK);
	long *last = NULL;

	(void)end;
	if (!slice_is(stanza->name, "message"))
		return;
	if (waiting->first_ns == 0)
		waiting->first_ns = reactor_now_ns();
	last = i >= 0 ? &waiting->last[(unsigned long)i % run->load->users] : NULL;
	if (last == NULL || *last > i || !load_run_mark(run, run->delivered, i)) {
		load_run_repeated(run, stanza->all);
		return;
	}
	*last = i + 1;
	run->out->delivered++;
}

static bool wait_back(struct rig *rig)
{
	return reactor_until(rig->reactor, xmpp_end_is_up(rig->xmpp), BACK_MS);
}

static void drain(struct waiting *waiting)
{
	struct load_run *run = &waiting->run;
	struct rig *rig = run->rig;
	uint64_t cpu_ns = daemon_run_cpu_ns(rig->daemon);
	uint64_t most_ns = (10 + run->out->answered / DRAIN_LEAST_PER_S) * UINT64_C(1000000000);

	xmpp_end_shut(rig->xmpp, false);
	if (!wait_back(rig))
		return;
	waiting->back_ns = reactor_now_ns();
	while (run->out->delivered < run->out->answered && daemon_run_is_alive(rig->daemon) &&
	       reactor_now_ns() < waiting->back_ns + most_ns)
		rig_turn(rig, 5);
	if (run->out->delivered > 0)
		printf("    %s: when the link was back, %lu were delivered in %.2f s, %.1f us of "
		       "CPU each, the first after %.0f ms\n",
		       run->load->name, run->out->delivered,
		       (double)(run->last_ns - waiting->back_ns) / 1e9,
		       (double)(daemon_run_cpu_ns(rig->daemon) - cpu_ns) / 1000 /
			       (double)run->out->delivered,
		       (double)(waiting->first_ns - waiting->back_ns) / 1e6);
}

void load_sip_waiting(struct rig *rig, const struct load *load, struct figures *out)
{
	struct waiting waiting = {.last = mem_array(load->users, sizeof(long))};
	struct load_run *run = &waiting.run;
	double cpu_us = 0;
	double seconds = 0;

	xmpp_end_shut(rig->xmpp, true);
	rig_turn(rig, 200);
	load_run_init(run, rig, load, out);
	sip_end_listen(rig->sip, on_stored, &waiting);
	xmpp_end_listen(rig->xmpp, on_drained, &waiting);
	load_run_send(run, load_send_text);
	for (uint64_t end = reactor_now_ns() + 5 * UINT64_C(1000000000);
	     out->answered + out->refused < out->sent && reactor_now_ns() < end;)
		rig_turn(rig, 5);
	cpu_us = (double)(daemon_run_cpu_ns(rig->daemon) - run->cpu_ns) / 1000 /
		 (double)(out->sent > 0 ? out->sent : 1);
	seconds = (double)(run->last_ns - run->started_ns) / 1e9;
	drain(&waiting);
	load_run_end(run);
	out->cpu_us = cpu_us;
	out->seconds = seconds;
	mem_free(waiting.last);
}
