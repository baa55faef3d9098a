/* What runs of messages have in common. */
#include "bench/load_run.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "bench/reactor.h"
#include "bench/rig.h"

enum {
	QUIET_MS = 3000, /* nothing more comes */
	GIVE_UP_MS = 12000,
	RESEND_MS = 500,
	WARM_PART = 5,   /* a fifth of a long run */
	COURSES = 15,    /* lines of a long run, */
	COURSE_MS = 4000 /* not more often than this */
};

void load_run_init(struct load_run *run, struct rig *rig, const struct load *load,
		   struct figures *out)
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

void load_run_end(struct load_run *run)
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

bool load_run_mark(struct load_run *run, bool *marks, long i)
{
	if (i < 0 || (unsigned long)i >= run->load->count || marks[i])
		return false;
	marks[i] = true;
	run->last_ns = reactor_now_ns();
	return true;
}

void load_run_repeated(struct load_run *run, struct slice text)
{
	run->out->repeated++;
	figures_note(run->out, text.at, text.len);
}

static unsigned long due(const struct load_run *run, uint64_t now)
{
	const struct load *load = run->load;
	unsigned long done = run->out->answered + run->out->refused;
	unsigned long by_window = done + load->window;
	double by_rate = load->rate > 0 ? (double)(now - run->started_ns) / 1e9 * load->rate + 1
					: (double)load->count;
	unsigned long result = by_rate < (double)by_window ? (unsigned long)by_rate : by_window;

	return result < load->count ? result : load->count;
}

static uint64_t course_ns(const struct load *load)
{
	double run_ms = load->rate > 0 ? (double)load->count / load->rate * 1000 : 0;
	double step_ms = run_ms / COURSES;

	return (uint64_t)((step_ms > COURSE_MS ? step_ms : COURSE_MS) * 1e6);
}

static void show_course(struct load_run *run, uint64_t now, uint64_t *next)
{
	long kib = 0;

	if (!run->load->show_course || now < *next)
		return;
	*next += course_ns(run->load);
	kib = daemon_run_rss_kib(run->rig->daemon);
	if (run->warm_ns == 0 && run->out->sent >= run->load->count / WARM_PART) {
		run->warm_ns = now;
		run->warm_kib = kib;
	}
	printf("    %5.1f s: sent %lu, answered %lu, refused %lu, RSS %.1f MiB\n",
	       (double)(now - run->started_ns) / 1e9, run->out->sent, run->out->answered,
	       run->out->refused, (double)kib / 1024);
	fflush(stdout);
}

static void show_growth(const struct load_run *run, uint64_t now)
{
	double minutes = (double)(now - run->warm_ns) / 60e9;
	long grown = daemon_run_rss_kib(run->rig->daemon) - run->warm_kib;

	if (run->warm_ns != 0 && minutes > 0)
		printf("    in the last %.1f minutes RSS grew by %ld KiB, %.0f a minute\n", minutes,
		       grown, (double)grown / minutes);
}

void load_run_send(struct load_run *run, load_send_fn *send)
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
	show_growth(run, now);
}

void load_run_refused(struct load_run *run, struct slice text)
{
	run->last_ns = reactor_now_ns();
	run->out->refused++;
	figures_note(run->out, text.at, text.len);
}

static bool is_complete(const struct load_run *run)
{
	return run->out->delivered >= run->out->sent &&
	       run->out->answered + run->out->refused >= run->out->sent;
}

static void resend(struct load_run *run, load_send_fn *again)
{
	for (unsigned long i = 0; i < run->out->sent; i++) {
		if (run->answered[i])
			continue;
		again(run, i);
		run->out->resent++;
	}
}

void load_run_drain(struct load_run *run, load_send_fn *again)
{
	uint64_t next = reactor_now_ns() + (uint64_t)RESEND_MS * 1000000u;

	while (!is_complete(run) && daemon_run_is_alive(run->rig->daemon)) {
		uint64_t now = reactor_now_ns();

		rig_turn(run->rig, 5);
		if (now > run->last_ns + (uint64_t)QUIET_MS * 1000000u)
			break;
		if (again != NULL && now > next) {
			resend(run, again);
			next = now + 2 * (uint64_t)RESEND_MS * 1000000u;
		}
	}
	/* a moment more: what is delivered twice, or refused after all, comes now */
	for (uint64_t end = reactor_now_ns() + 50000000u; reactor_now_ns() < end;)
		rig_turn(run->rig, 5);
}
