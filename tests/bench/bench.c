/* Load generator: plays the SIP server and the chat server around a daemon that it starts, prints
 * what a message and a subscription cost, and what the same work costs a relay that reads nothing.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/idle.h"
#include "bench/overload.h"
#include "bench/load_fanout.h"
#include "bench/load_messages.h"
#include "bench/load_receipts.h"
#include "bench/load_waiting.h"
#include "bench/load_watches.h"
#include "bench/restart.h"
#include "bench/rig.h"
#include "bench/scale.h"

enum {
	EXIT_WRONG = 1,
	EXIT_WRONG_USAGE = 64,
	STOP_MS = 20000,
	SCALE_EACH = 100000,
	RESTART_COUNT = 100000
};

struct options {
	const char *program;
	const char *store;
	const char *only;
	unsigned long messages;
	unsigned long watches;
	unsigned long watchers;
	double rate;
	unsigned window;
	unsigned users;
	unsigned flush_ms;
	int seconds;
	bool is_quick;
	bool is_soak;
	bool is_idle;
	bool is_overload;
	bool is_scale;
	bool is_restart;
	unsigned long restart_count; /* 0: the usual */
	bool has_floor;
	bool only_floor;
	bool keeps;
};

typedef void load_fn(struct rig *rig, const struct load *load, struct figures *out);

struct measurement {
	const char *name;
	load_fn *run;
	bool is_tcp;
	enum { ONE_MESSAGE, ONE_OF_TWO, ONE_WATCH, ONE_CHANGE } kind;
	const char *domain;
};

static const struct measurement measurements[] = {
	{"message sip-xmpp udp", load_sip_to_xmpp, false, ONE_MESSAGE, NULL},
	{"message sip-xmpp tcp", load_sip_to_xmpp, true, ONE_MESSAGE, NULL},
	{"message xmpp-sip udp", load_xmpp_to_sip, false, ONE_MESSAGE, NULL},
	{"message xmpp-sip tcp", load_xmpp_to_sip, true, ONE_MESSAGE, NULL},
	{"receipts sip-xmpp tcp", load_sip_receipts, true, ONE_OF_TWO, LOAD_RECEIPTS_DOMAIN},
	{"receipts xmpp-sip tcp", load_xmpp_receipts, true, ONE_OF_TWO, LOAD_RECEIPTS_DOMAIN},
	{"stored sip-xmpp tcp", load_sip_waiting, true, ONE_OF_TWO, NULL},
	{"watch sip-xmpp tcp", load_sip_watches, true, ONE_WATCH, NULL},
	{"watch xmpp-sip tcp", load_xmpp_watches, true, ONE_WATCH, NULL},
	{"fan-out to sip, each asks", load_fanout_to_sip, true, ONE_CHANGE, NULL},
	{"fan-out to sip, one asks", load_fanout_to_sip, true, ONE_CHANGE,
	 "watch_as = \"domain\";"},
	{"fan-out to xmpp", load_fanout_to_xmpp, true, ONE_CHANGE, "profile = \"asterisk\";"},
};

enum { MEASUREMENTS = sizeof(measurements) / sizeof(measurements[0]) };

static void print_usage(FILE *to)
{
	fputs("usage: bench [OPTION...] SIPXMPPD\n"
	      "\n"
	      "Starts SIPXMPPD (a release build, for figures that mean something) between a SIP\n"
	      "server and a chat server that it plays itself, all on loopback and free ports.\n"
	      "\n"
	      "  --quick          a few hundred of each: are the counts right?\n"
	      "  --soak           one minute each way at the rate of --rate (10,000/s)\n"
	      "  --scale          memory and CPU of 100,000 live subscriptions each way\n"
	      "  --restart[=N]    a restart with N live subscriptions (100,000)\n"
	      "  --overload       a mix of requests at 0.5, 1, 2 and 5 times the capacity\n"
	      "  --idle           what the daemon uses when nothing happens\n"
	      "  --seconds N      length of the soak (60), or of the idle time (10)\n"
	      "  --rate N         messages a second (4,000; 0: as fast as they are taken)\n"
	      "  --messages N     messages of each kind (20,000)\n"
	      "  --watches N      subscriptions of each kind (50,000)\n"
	      "  --watchers N     watchers of one user in the fan-out (10,000)\n"
	      "  --window N       most messages or subscriptions under way at a time (2,000)\n"
	      "  --users N        users on either side (4,000)\n"
	      "  --only TEXT      only measurements whose name holds TEXT\n"
	      "  --flush-ms N     each flush of the disk takes so much longer (0)\n"
	      "  --store ENGINE   sqlite or memory (sqlite)\n"
	      "  --no-floor       without the relay that reads nothing\n"
	      "  --floor-only     only that relay; SIPXMPPD is not needed\n"
	      "  --keep           leave the folder with configuration and log\n"
	      "\n"
	      "Exit codes: 0 all counts right, 1 a count was wrong, 64 wrong usage.\n",
	      to);
}

/* Returns -1 to go on, or the exit code. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{"quick", 0, NULL, 'q'},      {"soak", 0, NULL, 's'},     {"seconds", 1, NULL, 't'},
		{"rate", 1, NULL, 'r'},       {"messages", 1, NULL, 'm'}, {"watches", 1, NULL, 'w'},
		{"watchers", 1, NULL, 'n'},   {"window", 1, NULL, 'W'},   {"users", 1, NULL, 'u'},
		{"only", 1, NULL, 'o'},       {"flush-ms", 1, NULL, 'D'}, {"store", 1, NULL, 'S'},
		{"no-floor", 0, NULL, 'f'},   {"keep", 0, NULL, 'k'},     {"idle", 0, NULL, 'i'},
		{"overload", 0, NULL, 'O'},   {"restart", 2, NULL, 'R'},  {"scale", 0, NULL, 'l'},
		{"floor-only", 0, NULL, 'F'}, {"help", 0, NULL, 'h'},     {NULL, 0, NULL, 0}};

	for (;;) {
		switch (getopt_long(argc, argv, "h", names, NULL)) {
		case -1:
			return -1;
		case 'q':
			o->is_quick = true;
			break;
		case 's':
			o->is_soak = true;
			break;
		case 'i':
			o->is_idle = true;
			break;
		case 'O':
			o->is_overload = true;
			break;
		case 'R':
			o->is_restart = true;
			o->restart_count = optarg != NULL ? strtoul(optarg, NULL, 10) : 0;
			break;
		case 'l':
			o->is_scale = true;
			break;
		case 't':
			o->seconds = atoi(optarg);
			break;
		case 'r':
			o->rate = atof(optarg);
			break;
		case 'm':
			o->messages = strtoul(optarg, NULL, 10);
			break;
		case 'w':
			o->watches = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			o->watchers = strtoul(optarg, NULL, 10);
			break;
		case 'W':
			o->window = (unsigned)atoi(optarg);
			break;
		case 'u':
			o->users = (unsigned)atoi(optarg);
			break;
		case 'o':
			o->only = optarg;
			break;
		case 'S':
			o->store = optarg;
			break;
		case 'D':
			o->flush_ms = (unsigned)atoi(optarg);
			break;
		case 'f':
			o->has_floor = false;
			break;
		case 'F':
			o->only_floor = true;
			break;
		case 'k':
			o->keeps = true;
			break;
		case 'h':
			print_usage(stdout);
			return 0;
		default:
			print_usage(stderr);
			return EXIT_WRONG_USAGE;
		}
	}
}

static void settle_options(struct options *o)
{
	if (o->is_quick) {
		o->messages = 1500;
		o->watches = 300;
		o->watchers = 300;
		o->window = 1500; /* more bytes at once than one SIP message may have */
		o->users = 1500;
		o->has_floor = false;
	}
	if (o->seconds <= 0)
		o->seconds = o->is_overload ? 5 : o->is_idle ? 10 : 60;
	if (o->rate < 0)
		o->rate = o->is_soak ? 10000 : o->is_quick ? 0 : 4000;
	if (o->is_soak)
		o->messages = (unsigned long)(o->rate * o->seconds);
}

static struct load make_load(const struct options *o, const struct measurement *m)
{
	bool is_message = m->kind == ONE_MESSAGE || m->kind == ONE_OF_TWO;
	struct load load = {.name = m->name,
			    .count = is_message              ? o->messages
				     : m->kind == ONE_CHANGE ? o->watchers
							     : o->watches,
			    .rate = is_message ? o->rate : 0,
			    .window = !is_message && o->window > 500 ? 500 : o->window,
			    .users = o->users,
			    .show_course = o->is_soak};

	return load;
}

/* Returns whether everything was right. */
static bool run_floor(const struct options *o, const struct measurement *m, struct figures *out)
{
	struct rig_params params = {.is_tcp = m->is_tcp,
				    .fanout = m->kind == ONE_CHANGE ? o->watchers : 1};
	struct load load = make_load(o, m);
	struct rig rig;
	bool is_right = rig_start(&rig, &params);

	load.name = "  floor";
	if (is_right) {
		m->run(&rig, &load, out);
		figures_print(out, NULL);
	}
	rig_free(&rig);
	return is_right;
}

static bool end_daemon(struct rig *rig, const char *name, bool is_right)
{
	int code = daemon_run_stop(rig->daemon, rig->reactor, STOP_MS);
	bool has_report = daemon_run_report(rig->daemon, is_right && code == 0 ? 0 : 20);

	if (code != 0)
		printf("    WRONG: %s: the daemon ended with %d\n", name, code);
	if (has_report)
		printf("    WRONG: %s: a sanitizer had something to say\n", name);
	return code == 0 && !has_report;
}

static bool run_daemon(const struct options *o, const struct measurement *m,
		       const struct figures *floor)
{
	struct rig_params params = {.program = o->program,
				    .is_tcp = m->is_tcp,
				    .store = o->store,
				    .has_usual_backlogs = m->kind == ONE_CHANGE,
				    .domain = m->domain,
				    .flush_ms = o->flush_ms};
	struct load load = make_load(o, m);
	struct figures figures;
	struct rig rig;
	bool is_right = rig_start(&rig, &params);

	if (is_right) {
		m->run(&rig, &load, &figures);
		figures_print(&figures, floor);
		is_right = figures_are_right(&figures);
		is_right = end_daemon(&rig, m->name, is_right) && is_right;
	}
	if (o->keeps) {
		daemon_run_keep(rig.daemon);
		printf("    kept: %s\n", daemon_run_folder(rig.daemon));
	}
	rig_free(&rig);
	return is_right;
}

static bool is_wanted(const struct options *o, const struct measurement *m)
{
	if (o->is_soak && m->kind != ONE_MESSAGE)
		return false;
	if (o->is_soak && o->only == NULL && !m->is_tcp)
		return false;
	return o->only == NULL || strstr(m->name, o->only) != NULL;
}

static bool run_measurements(const struct options *o)
{
	bool is_right = true;

	figures_print_head();
	for (int i = 0; i < MEASUREMENTS; i++) {
		const struct measurement *m = &measurements[i];
		struct figures floor;
		bool has_floor = o->has_floor && m->kind != ONE_WATCH && m->kind != ONE_OF_TWO;

		if (!is_wanted(o, m))
			continue;
		if (has_floor)
			is_right = run_floor(o, m, &floor) && is_right;
		if (!o->only_floor)
			is_right = run_daemon(o, m, has_floor ? &floor : NULL) && is_right;
	}
	return is_right;
}

/* The daemon inherits the limit: a busy bridge has many connections. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Set up at the daemon's pace of 1,000/s; refreshes begin when the last has come to be. */
static bool run_scale(const struct options *o)
{
	struct scale_params params = {.program = o->program,
				      .store = o->store,
				      .each = o->is_quick ? o->watches : SCALE_EACH,
				      .expires_s = o->is_quick ? 10 : 200,
				      .idle_s = o->is_quick ? 1 : 10,
				      .seconds = o->is_quick ? 6 : 60,
				      .rate = o->is_quick ? 200 : 1000};

	return scale_measure(&params);
}

static bool run_restart(const struct options *o)
{
	unsigned long usual = o->is_quick ? 2000 : RESTART_COUNT;
	struct restart_params params = {.program = o->program,
					.store = o->store,
					.count = o->restart_count > 1 ? o->restart_count : usual,
					.idle_s = o->is_quick ? 0 : 10};

	params.sample =
		params.count >= 2000 ? (unsigned)(params.count / 20) : (unsigned)(params.count / 2);
	if (params.sample > 1000)
		params.sample = 1000;
	return restart_measure(&params);
}

int main(int argc, char **argv)
{
	struct options options = {.store = "sqlite",
				  .messages = 20000,
				  .watches = 50000,
				  .watchers = 10000,
				  .rate = -1,
				  .window = 2000,
				  .users = 4000,

				  .has_floor = true};
	int result = read_options(argc, argv, &options);

	if (result >= 0)
		return result;
	if (optind + (options.only_floor ? 0 : 1) != argc || options.window == 0 ||
	    options.users == 0) {
		print_usage(stderr);
		return EXIT_WRONG_USAGE;
	}
	options.program = argv[optind];
	settle_options(&options);
	signal(SIGPIPE, SIG_IGN);
	raise_descriptors();
	if (options.is_overload) {
		struct overload_params overload = {.program = options.program,
						   .store = options.store,
						   .seconds =
							   options.is_quick ? 1 : options.seconds,
						   .capacity = options.is_quick ? 300 : 0};

		return overload_measure(&overload) ? 0 : 1;
	}
	if (options.is_idle)
		return idle_measure(options.program, options.store, options.seconds) ? 0
										     : EXIT_WRONG;
	if (options.is_restart)
		return run_restart(&options) ? 0 : EXIT_WRONG;
	if (options.is_scale)
		return run_scale(&options) ? 0 : EXIT_WRONG;
	return run_measurements(&options) ? 0 : EXIT_WRONG;
}
