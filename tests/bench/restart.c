/* What a restart with many subscriptions takes [REL-014]. */
#include "bench/restart.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "bench/reactor.h"
#include "bench/restart_ends.h"

enum {
	PER_S = 500,       /* limits.outward_per_s */
	HARD_PER_S = 1000, /* toward the PBX, of all kinds [REL-014] */
	WINDOW = 500,
	QUIET_MS = 8000,
	SETTLE_MS = 2500, /* what is stored a second later is stored */
	LAST_MS = 3000,   /* nothing came for so long: it is over */
	START_MS = 120000,
	STOP_MS = 120000,
	REFRESH_PER_S = 2000
};

static const uint64_t ms_ns = 1000000;

/* Limits of single users: a machine plays all of them, whatever else it does. */
static const char limits_text[] = "	stranger_requests_per_s = 100000;\n"
				  "	peer_requests_per_s = 1000000;\n"
				  "	stanzas_per_user_per_s = 1000000;\n"
				  "	watches_per_watcher = 1000000;\n"
				  "	watches_per_watched = 1000000;\n"
				  "	new_watches_per_minute = 1000000;\n"
				  "	questions_per_minute = 1000000;\n"
				  "	questions_open = 1000000;\n"
				  "	load_lag_ms = 60000;\n"
				  "	load_store_ms = 600000;\n"
				  "	load_store_requests = 10000000;\n";

struct restart {
	const struct restart_params *params;
	struct rig_params rig;
	struct restart_ends ends;
	long rss_kib; /* without subscriptions */
	bool is_right;
};

/* One restart. */
struct outcome {
	uint64_t exec_ns;
	double serving_s, first_answer_s, refreshed_s, cpu_serving_s, cpu_s;
	unsigned long sent; /* by the sample */
	unsigned long lost; /* of the SIP users' subscriptions */
	unsigned long told_twice;
};

static double seconds_since(uint64_t ns)
{
	return (double)(reactor_now_ns() - ns) / 1e9;
}

static double mib(long bytes)
{
	return (double)bytes / 1048576;
}

static bool is_silent(const struct restart *restart, int ms)
{
	return !daemon_run_is_alive(restart->ends.rig.daemon) ||
	       reactor_now_ns() > restart->ends.last_ns + (uint64_t)ms * ms_ns;
}

static void rest(struct restart *restart, int ms)
{
	for (uint64_t end = reactor_now_ns() + (uint64_t)ms * ms_ns; reactor_now_ns() < end;)
		restart_ends_turn(&restart->ends, 20);
}

static void expect(struct restart *restart, bool is_right, const char *what)
{
	if (is_right)
		return;
	printf("    WRONG: %s\n%s\n", what, restart->ends.note.first_wrong);
	restart->is_right = false;
}

/* Subscriptions come to be ----------------------------------------------------------------------
 */

static void make_all(struct restart *restart, const unsigned long *done,
		     void (*ask)(struct restart_ends *ends, unsigned long i))
{
	unsigned long sent = 0;

	restart->ends.last_ns = reactor_now_ns();
	while (*done < restart->ends.each && !is_silent(restart, QUIET_MS)) {
		for (; sent < restart->ends.each && sent < *done + WINDOW; sent++)
			ask(&restart->ends, sent);
		restart_ends_turn(&restart->ends, 1);
	}
}

static bool make(struct restart *restart)
{
	struct restart_ends *ends = &restart->ends;
	uint64_t began = reactor_now_ns();
	unsigned long count = 0;
	long grown = 0;

	restart_ends_listen(ends);
	make_all(restart, &ends->shown_count, restart_ends_ask);
	make_all(restart, &ends->active_count, restart_ends_subscribe);
	rest(restart, SETTLE_MS);
	count = ends->shown_count + ends->active_count;
	grown = daemon_run_rss_kib(ends->rig.daemon) - restart->rss_kib;
	printf("%lu live subscriptions after %.0f s: RSS %.1f MiB, %.0f B each; "
	       "store %.1f MiB, %.0f B each\n",
	       count, seconds_since(began), (double)daemon_run_rss_kib(ends->rig.daemon) / 1024,
	       (double)grown * 1024 / (double)count, mib(daemon_run_store_bytes(ends->rig.daemon)),
	       (double)daemon_run_store_bytes(ends->rig.daemon) / (double)count);
	expect(restart, count == 2 * ends->each && ends->refused == 0, "not all came to be");
	return restart->is_right;
}

/* The floor -------------------------------------------------------------------------------------
 */

static double cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Every column of every row, as a reader that does nothing with them. */
static unsigned long read_table(sqlite3 *db, const char *query, unsigned long *bytes)
{
	sqlite3_stmt *statement = NULL;
	unsigned long rows = 0;

	if (sqlite3_prepare_v2(db, query, -1, &statement, NULL) != SQLITE_OK)
		return 0;
	for (; sqlite3_step(statement) == SQLITE_ROW; rows++)
		for (int i = 0; i < sqlite3_column_count(statement); i++)
			*bytes += (unsigned long)sqlite3_column_bytes(statement, i);
	sqlite3_finalize(statement);
	return rows;
}

/* Returns seconds of CPU for the bare reading of what a start has to read. */
static double read_bare(struct restart *restart)
{
	static const char *const queries[] = {"SELECT * FROM pairs", "SELECT * FROM dialogs",
					      "SELECT * FROM presence"};
	unsigned long rows = 0, bytes = 0;
	double began = cpu_now();
	sqlite3 *db = NULL;
	char path[160];

	snprintf(path, sizeof(path), "%s/store/state.db",
		 daemon_run_folder(restart->ends.rig.daemon));
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
			rows += read_table(db, queries[i], &bytes);
	}
	sqlite3_close(db);
	printf("floor: %lu rows, %.1f MiB, read bare in %.3f s of CPU\n", rows, mib((long)bytes),
	       cpu_now() - began);
	expect(restart, rows >= 4 * restart->ends.each, "rows are missing in the store");
	return cpu_now() - began;
}

/* A restart -------------------------------------------------------------------------------------
 */

static bool is_late(const struct restart *restart, uint64_t began)
{
	return !daemon_run_is_alive(restart->ends.rig.daemon) ||
	       reactor_now_ns() > began + START_MS * ms_ns;
}

/* Someone refreshes as soon as the port is open; then all of the sample when it serves. */
static void wait_serving(struct restart *restart, struct outcome *out, long said)
{
	struct restart_ends *ends = &restart->ends;
	struct rig *rig = &ends->rig;
	bool has_hop = false;

	while (!is_late(restart, out->exec_ns) && out->serving_s == 0) {
		restart_ends_turn(ends, 2);
		if (!has_hop &&
		    sip_end_hop(rig->sip, daemon_run_port(rig->daemon), true, &rig->hop)) {
			has_hop = true;
			restart_ends_subscribe(ends, out->sent++);
		}
		if (daemon_run_says(rig->daemon, said, "daemon: serving"))
			out->serving_s = seconds_since(out->exec_ns);
	}
	out->cpu_serving_s = (double)daemon_run_cpu_ns(rig->daemon) / 1e9;
	if (!has_hop)
		sip_end_hop(rig->sip, daemon_run_port(rig->daemon), true, &rig->hop);
}

static void refresh_sample(struct restart *restart, struct outcome *out)
{
	struct restart_ends *ends = &restart->ends;
	unsigned long step = ends->each / restart->params->sample;

	for (; out->sent < restart->params->sample; out->sent++)
		restart_ends_subscribe(ends, out->sent * step);
	while (ends->answers < out->sent && !is_silent(restart, QUIET_MS))
		restart_ends_turn(ends, 1);
	if (ends->first_answer_ns != 0)
		out->first_answer_s = (double)(ends->first_answer_ns - out->exec_ns) / 1e9;
	printf("  sample: %lu refreshed %.2f s after exec, %lu with 200\n", out->sent,
	       seconds_since(out->exec_ns), ends->good_answers);
	expect(restart, ends->good_answers == restart->params->sample,
	       "a refresh had no 200 in the sample");
}

static void wait_refreshed(struct restart *restart, struct outcome *out)
{
	struct restart_ends *ends = &restart->ends;

	while (!is_silent(restart, ends->refreshed_count == ends->each ? LAST_MS : 4 * LAST_MS))
		restart_ends_turn(ends, 1);
	if (ends->last_refresh_ns != 0)
		out->refreshed_s = (double)(ends->last_refresh_ns - out->exec_ns) / 1e9;
	out->cpu_s = (double)daemon_run_cpu_ns(ends->rig.daemon) / 1e9;
	for (unsigned long i = 0; i < ends->each; i++)
		out->told_twice += ends->watches[i].told > 1 + ends->watches[i].refreshed;
}

/* Every SIP user refreshes: who is not known any more has lost his subscription. */
static void refresh_everybody(struct restart *restart, struct outcome *out)
{
	struct restart_ends *ends = &restart->ends;
	uint64_t began = reactor_now_ns();
	unsigned long sent = 0;

	/* a connection that nobody uses is closed by the daemon */
	sip_end_hop(ends->rig.sip, daemon_run_port(ends->rig.daemon), true, &ends->rig.hop);
	ends->answers = ends->good_answers = 0;
	ends->last_ns = began;
	while (ends->answers < ends->each && !is_silent(restart, QUIET_MS)) {
		for (; sent < ends->each && (double)sent < seconds_since(began) * REFRESH_PER_S;
		     sent++)
			restart_ends_subscribe(ends, sent);
		restart_ends_turn(ends, 1);
	}
	out->lost = ends->each - ends->good_answers;
	rest(restart, SETTLE_MS);
}

static void print(const struct restart *restart, const struct outcome *out, double floor_s)
{
	const struct restart_ends *ends = &restart->ends;
	const struct daemon_run *daemon = ends->rig.daemon;

	printf("  serving %.2f s after exec (cpu %.2f s, %.1f x floor); first 200 to a refresh "
	       "after %.2f s\n",
	       out->serving_s, out->cpu_serving_s, out->cpu_serving_s / floor_s,
	       out->first_answer_s);
	printf("  refreshed at the PBX: %lu of %lu, the last %.1f s after exec; twice %lu, begun "
	       "anew %lu\n",
	       ends->refreshed_count, ends->each, out->refreshed_s, ends->refreshed_again,
	       ends->begun_anew);
	printf("  requests to the PBX in the worst second: %lu (at most %d)\n",
	       restart_ends_worst_second(ends, false), HARD_PER_S);
	printf("  contacts announced: %lu, again %lu; SIP watchers told: %lu, twice %lu; asked "
	       "again %lu\n",
	       ends->announced_count, ends->announced_again, ends->told, out->told_twice,
	       ends->questions);
	printf("  cpu until all was said: %.1f s, %.0f us a subscription; RSS %.1f MiB, %.0f B "
	       "each; store %.1f MiB\n",
	       out->cpu_s, out->cpu_s * 1e6 / (2 * (double)ends->each),
	       (double)daemon_run_rss_kib(daemon) / 1024,
	       (double)(daemon_run_rss_kib(daemon) - restart->rss_kib) * 1024 /
		       (2 * (double)ends->each),
	       mib(daemon_run_store_bytes(daemon)));
}

/* Refreshed once more is right where the machine stood still: who did not answer a question is
 * asked for everything again. */
static void judge(struct restart *restart, const struct outcome *out)
{
	const struct restart_ends *ends = &restart->ends;

	expect(restart, ends->refused == 0, "an error, or a dialog with numbers that do not rise");
	expect(restart, ends->refreshed_count == ends->each && ends->begun_anew == 0,
	       "a subscription of ours is lost");
	expect(restart, ends->announced_again == 0, "a contact was announced twice");
	expect(restart, out->told_twice == 0, "a SIP watcher was told twice");
	expect(restart, ends->questions == 0, "somebody was asked again");
	expect(restart, restart_ends_worst_second(ends, true) <= HARD_PER_S,
	       "too many requests in a second");
}

static void be_idle(struct restart *restart)
{
	uint64_t cpu_ns = daemon_run_cpu_ns(restart->ends.rig.daemon);

	if (restart->params->idle_s == 0)
		return;
	rest(restart, restart->params->idle_s * 1000);
	printf("  idle for %d s: cpu %.2f %% of a core\n", restart->params->idle_s,
	       (double)(daemon_run_cpu_ns(restart->ends.rig.daemon) - cpu_ns) / 1e7 /
		       restart->params->idle_s);
}

static void start_again(struct restart *restart, const char *name)
{
	struct outcome out = {0};
	double floor_s = read_bare(restart);
	long said = daemon_run_said(restart->ends.rig.daemon);

	printf("%s:\n", name);
	restart_ends_begin(&restart->ends);
	out.exec_ns = reactor_now_ns();
	daemon_run_again(restart->ends.rig.daemon, false);
	wait_serving(restart, &out, said);
	expect(restart, out.serving_s > 0, "it does not serve");
	if (out.serving_s == 0)
		return;
	refresh_sample(restart, &out);
	wait_refreshed(restart, &out);
	print(restart, &out, floor_s);
	judge(restart, &out);
	be_idle(restart);
	refresh_everybody(restart, &out);
	printf("  every SIP user refreshed: lost %lu\n", out.lost);
	expect(restart, out.lost == 0, "a subscription of a SIP user is lost");
}

static void stop_quietly(struct restart *restart)
{
	struct rig *rig = &restart->ends.rig;
	uint64_t began = reactor_now_ns();
	struct buf answer = BUF_INIT;

	restart_ends_begin(&restart->ends);
	if (!daemon_run_is_alive(rig->daemon))
		return;
	daemon_run_ask(rig->daemon, "stop --quiet\n", &answer);
	while (daemon_run_is_alive(rig->daemon) && seconds_since(began) < STOP_MS / 1000)
		restart_ends_turn(&restart->ends, 5);
	printf("stop --quiet took %.2f s; SIP watchers told: %lu\n", seconds_since(began),
	       restart->ends.told);
	expect(restart, !daemon_run_is_alive(rig->daemon), "it did not stop");
	expect(restart, restart->ends.told_times == 0 && restart->ends.announced_count == 0,
	       "a quiet stop told somebody");
	buf_free(&answer);
}

static void measure(struct restart *restart)
{
	struct rig *rig = &restart->ends.rig;

	restart->rss_kib = daemon_run_rss_kib(rig->daemon);
	if (!make(restart))
		return;
	daemon_run_kill(rig->daemon);
	start_again(restart, "kill -9 and start");
	stop_quietly(restart);
	start_again(restart, "stop --quiet and start");
}

bool restart_measure(const struct restart_params *params)
{
	struct restart restart = {.params = params,
				  .rig = {.program = params->program,
					  .store = params->store,
					  .is_tcp = true,
					  .log_level = "notice",
					  .limits = limits_text},
				  .is_right = true};
	struct rig *rig = &restart.ends.rig;

	setvbuf(stdout, NULL, _IOLBF, 0); /* it takes minutes */
	restart_ends_init(&restart.ends, params->count / 2);
	restart.is_right = rig_start(rig, &restart.rig);
	if (restart.is_right)
		measure(&restart);
	rig_rest(rig);
	if (rig->daemon != NULL && daemon_run_is_alive(rig->daemon))
		expect(&restart, daemon_run_stop(rig->daemon, rig->reactor, STOP_MS) == 0,
		       "it did not end in order");
	if (rig->daemon != NULL && daemon_run_report(rig->daemon, restart.is_right ? 0 : 20))
		restart.is_right = false;
	rig_free(rig);
	restart_ends_free(&restart.ends);
	return restart.is_right;
}
