/* The daemon's life: build, wire, run, take down. Start-up is a list of named steps. */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "core/bridge.h"
#include "daemon_parts.h"
#include "ops/control.h"
#include "settings.h"
#include "store/store.h"

enum {
	ALIVE_MS = 30 * 1000,       /* how often "last time alive" is written (D-49) */
	STOP_MS = 10 * 1000,        /* an orderly stop takes at most this long (D-48) */
	DESCRIPTORS_WANTED = 65536, /* REL-050 */
	ERROR_MAX = 512,
};

/* Small steps ------------------------------------------------------------------------------- */

static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static enum log_level wanted_level(const struct settings *settings,
				   const struct daemon_options *options)
{
	int level = (int)settings->log_level + options->verbose;

	return level > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : (enum log_level)level;
}

static int open_log(const struct settings *settings, const struct daemon_options *options)
{
	enum log_target target = options->to_stderr ? LOG_TARGET_STDERR : settings->log_target;

	log_set_bodies(settings->log_bodies);
	return log_open(target, wanted_level(settings, options), settings->log_facility);
}

static bool may_use(const struct address *user, void *arg)
{
	struct parts *parts = arg;

	return address_may_use(parts->map, user);
}

static bool is_served(const struct address *user, void *arg)
{
	struct parts *parts = arg;

	return address_is_served(parts->map, user);
}

static void print_safe(const struct address *address, struct buf *out)
{
	struct buf raw = BUF_INIT;

	address_print(address, &raw);
	buf_puts(out, log_safe_n(raw.data, raw.len));
	buf_free(&raw);
}

static void log_pair(const struct watch *watch, enum pair_state from, enum pair_state to,
		     const struct fault *why, void *arg)
{
	struct buf watcher = BUF_INIT;
	struct buf watched = BUF_INIT;

	(void)arg;
	if (log_get_level() < LOG_LEVEL_INFO)
		return;
	print_safe(watch->watcher, &watcher);
	print_safe(watch->watched, &watched);
	log_info("pair: %s from=%s watcher=%s watched=%s x=%s (%s)", pair_state_name(to),
		 pair_state_name(from), buf_text(&watcher), buf_text(&watched),
		 exchange_text(watch->x), why != NULL ? log_safe(why->text) : "-");
	buf_free(&watcher);
	buf_free(&watched);
}

static void spelling_stored(int error, void *arg)
{
	struct parts *parts = arg;

	if (error != 0)
		parts->counters.store_failed++;
}

static void learn_spelling(const struct address *address, const char *spelling, void *arg)
{
	struct parts *parts = arg;

	store_put_spelling(parts->store, address, spelling, spelling_stored, parts);
}

static void load_spelling(const struct address *address, const char *spelling, void *arg)
{
	struct parts *parts = arg;

	address_map_put_spelling(parts->map, address, spelling);
}

static void tick_alive(void *arg)
{
	struct parts *parts = arg;

	if (store_has_failed(parts->store) && parts->is_serving && !parts->is_stopping) {
		/* REL-010: a later success proves nothing. */
		log_err("store: writing to disk failed, ending; mend %s and start again",
			(*parts->settings)->store_path);
		parts->exit_code = EX_SOFTWARE;
		daemon_stop(parts, true);
		return;
	}
	store_alive(parts->store, loop_wall_ms(parts->loop) / 1000);
	loop_timer_set(parts->loop, &parts->alive_timer, ALIVE_MS, tick_alive, parts);
}

/* Stopping ---------------------------------------------------------------------------------- */

static void store_stopped(int error, void *arg)
{
	struct parts *parts = arg;

	if (error != 0) {
		log_err("store: could not be closed in order (%s)", strerror(error));
		parts->exit_code = EX_SOFTWARE;
	}
	loop_quit(parts->loop);
}

static void stop_store(void *arg)
{
	struct parts *parts = arg;

	loop_timer_cancel(&parts->stop_timer);
	loop_timer_cancel(&parts->alive_timer);
	store_alive(parts->store, loop_wall_ms(parts->loop) / 1000);
	store_stop(parts->store, store_stopped, parts);
}

static void xmpp_stopped(void *arg)
{
	stop_store(arg);
}

/* The stream closes after the SIP side is done, so that what SIP answers can still be told. */
static void sip_stopped(void *arg)
{
	struct parts *parts = arg;

	xmpp_side_stop(parts->xmpp, xmpp_stopped, parts);
}

static void stop_late(void *arg)
{
	struct parts *parts = arg;

	log_warning("daemon: stopping took too long, ending now limit_ms=%d", STOP_MS);
	loop_quit(parts->loop);
}

void daemon_stop(struct parts *parts, bool tell)
{
	if (parts->is_stopping) {
		log_notice("daemon: ending at once (asked twice)");
		loop_quit(parts->loop);
		return;
	}
	parts->is_stopping = true;
	log_notice("daemon: stopping tell=%s", tell ? "all" : "none");
	if (!parts->is_serving) {
		stop_store(parts);
		return;
	}
	sip_side_accept(parts->sip, false);
	bridge_stop(parts->bridge, tell);
	loop_timer_set(parts->loop, &parts->stop_timer, STOP_MS, stop_late, parts);
	sip_side_stop(parts->sip, sip_stopped, parts);
}

/* Signals ----------------------------------------------------------------------------------- */

static void on_stop_signal(void *arg)
{
	struct parts *parts = arg;

	daemon_stop(parts, (*parts->settings)->stop_tell == STOP_TELL_ALL);
}

static void log_lines(const struct buf *text, enum log_level level)
{
	const char *at = buf_text(text);

	while (*at != '\0') {
		size_t len = strcspn(at, "\n");

		if (level == LOG_LEVEL_ERR)
			log_err("daemon: %.*s", (int)len, at);
		else
			log_notice("daemon: %.*s", (int)len, at);
		at += len + (at[len] == '\n');
	}
}

static void on_hup(void *arg)
{
	struct parts *parts = arg;
	struct buf report = BUF_INIT;
	int error = daemon_reload(parts, &report);

	log_lines(&report, error == 0 ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERR);
	buf_free(&report);
}

static void on_usr1(void *arg)
{
	struct buf report = BUF_INIT;

	daemon_status(arg, &report);
	log_lines(&report, LOG_LEVEL_NOTICE);
	buf_free(&report);
}

int daemon_reload(struct parts *parts, struct buf *report)
{
	struct settings *fresh = NULL;
	int error = settings_load(&fresh, (*parts->settings)->path, report);

	if (error != 0) {
		buf_puts(report, "the old configuration stays\n");
		return error;
	}
	/* What the parts borrowed points into the old settings: only what is read by value takes
	 * effect at once. */
	(*parts->settings)->stop_tell = fresh->stop_tell;
	(*parts->settings)->log_level = fresh->log_level;
	(*parts->settings)->log_bodies = fresh->log_bodies;
	(*parts->settings)->limits = fresh->limits;
	log_set_level(fresh->log_level);
	log_set_bodies(fresh->log_bodies);
	buf_puts(report, "the configuration is read: log.*, limits.* and stop.tell are in effect, "
			 "anything else after a restart\n");
	settings_free(&fresh);
	return 0;
}

/* Building ---------------------------------------------------------------------------------- */

static int build_store(struct parts *parts)
{
	const struct settings *settings = *parts->settings;
	struct store_params params = {settings->store_engine, settings->store_path, parts->loop};
	char error[ERROR_MAX] = "";
	int code = store_open(&parts->store, &params, error, sizeof(error));

	if (code == 0)
		return EX_OK;
	log_err("store: %s", error);
	return code == EPROTO || code == ENOENT ? EX_CONFIG : EX_TEMPFAIL;
}

static int build_map(struct parts *parts)
{
	char error[ERROR_MAX] = "";

	if (address_map_new(&parts->map, &(*parts->settings)->map, error, sizeof(error)) != 0) {
		log_err("daemon: the addresses cannot be mapped (%s)", error);
		return EX_CONFIG;
	}
	address_map_on_spelling(parts->map, learn_spelling, parts);
	return EX_OK;
}

static int build_bridge(struct parts *parts)
{
	const struct settings *settings = *parts->settings;
	struct bridge_params params = {
		.loop = parts->loop,
		.store = parts->store,
		.limits = &settings->limits,
		.counters = &parts->counters,
		.may_use = may_use,
		.is_served = is_served,
		.pair_changed = log_pair,
		.arg = parts,
		.ask_again_s = settings->ask_again_s,
		.refusal_hold_s = settings->refusal_hold_s,
		.hold_s = settings->hold_s,
		.answer_s = settings->answer_s,
	};

	return bridge_new(&parts->bridge, &params) == 0 ? EX_OK : EX_SOFTWARE;
}

static int build_sip(struct parts *parts)
{
	const struct settings *settings = *parts->settings;
	struct sip_side_params params = {
		.loop = parts->loop,
		.bridge = parts->bridge,
		.map = parts->map,
		.limits = &settings->limits,
		.counters = &parts->counters,
		.key = store_key(parts->store),
		.listen = settings->listen,
		.listen_count = settings->listen_count,
		.advertise = settings->advertise,
		.proxy = settings->proxy,
		.trusted = settings->trusted,
		.trusted_count = settings->trusted_count,
		.peers = settings->peers,
		.peer_count = settings->domain_count,
		.user_agent = "sipxmppd/" SIPXMPPD_VERSION,
		.refresh_s = (int)settings->refresh_s,
		.timer_t1_ms = (int)settings->timer_t1_ms,
	};
	char error[ERROR_MAX] = "";
	int code = sip_side_new(&parts->sip, &params, error, sizeof(error));

	if (code != 0) {
		log_err("sip: %s", error);
		return code == EINVAL ? EX_CONFIG : EX_TEMPFAIL;
	}
	bridge_attach(parts->bridge, SIDE_SIP, sip_side_ops(), parts->sip);
	return EX_OK;
}

static int build_xmpp(struct parts *parts)
{
	const struct settings *settings = *parts->settings;
	struct xmpp_side_params params = {
		.loop = parts->loop,
		.bridge = parts->bridge,
		.map = parts->map,
		.limits = &settings->limits,
		.counters = &parts->counters,
		.key = store_key(parts->store),
		.components = settings->components,
		.component_count = settings->component_count,
		.ping = settings->ping,
		.ping_count = settings->ping_count,
		.software = "sipxmppd",
		.version = SIPXMPPD_VERSION,
		.ping_every_ms = (uint32_t)settings->ping_every_ms,
		.ping_wait_ms = (uint32_t)settings->ping_wait_ms,
		.allow_plain = settings->allow_plain,
	};

	if (xmpp_side_new(&parts->xmpp, &params) != 0) {
		log_err("xmpp: the components cannot be set up (check xmpp.component and "
			"xmpp.server)");
		return EX_CONFIG;
	}
	bridge_attach(parts->bridge, SIDE_XMPP, xmpp_side_ops(), parts->xmpp);
	return EX_OK;
}

static int build_control(struct parts *parts)
{
	char error[ERROR_MAX] = "";
	const char *path = (*parts->settings)->control_socket;

	if (control_new(&parts->control, parts->loop, path, daemon_commands, parts, error,
			sizeof(error)) == 0)
		return EX_OK;
	log_err("control: %s", error);
	return EX_TEMPFAIL;
}

static int build_signals(struct parts *parts)
{
	if (loop_signal(parts->loop, SIGTERM, on_stop_signal, parts) != 0 ||
	    loop_signal(parts->loop, SIGINT, on_stop_signal, parts) != 0 ||
	    loop_signal(parts->loop, SIGHUP, on_hup, parts) != 0 ||
	    loop_signal(parts->loop, SIGUSR1, on_usr1, parts) != 0)
		return EX_SOFTWARE;
	return EX_OK;
}

typedef int build_step(struct parts *parts);

static int build(struct parts *parts, build_step *const *steps)
{
	for (; *steps != NULL; steps++) {
		int code = (*steps)(parts);

		if (code != EX_OK)
			return code;
	}
	return EX_OK;
}

static int build_loop(struct parts *parts)
{
	return loop_new(&parts->loop) == 0 ? EX_OK : EX_SOFTWARE;
}

/* What needs no network. */
static build_step *const inner_steps[] = {build_loop, build_signals, build_store,
					  build_map,  build_bridge,  NULL};
/* What the network reaches: only when all is known that answers depend on. */
static build_step *const outer_steps[] = {build_sip, build_xmpp, build_control, NULL};

/* In the reverse order; each copes with what was never built. */
static void take_down(struct parts *parts)
{
	control_free(&parts->control);
	xmpp_side_free(&parts->xmpp);
	sip_side_free(&parts->sip);
	bridge_free(&parts->bridge);
	address_map_free(&parts->map);
	store_free(&parts->store);
	loop_timer_cancel(&parts->alive_timer);
	loop_timer_cancel(&parts->stop_timer);
	loop_free(&parts->loop);
}

/* Running ----------------------------------------------------------------------------------- */

static void tell_parent(struct parts *parts, unsigned char code)
{
	if (parts->ready_pipe < 0)
		return;
	if (write(parts->ready_pipe, &code, 1) != 1)
		log_warning("daemon: the starting process is gone");
	close(parts->ready_pipe);
	parts->ready_pipe = -1;
}

static void pairs_loaded(int error, void *arg)
{
	struct parts *parts = arg;
	struct buf facts = BUF_INIT;

	if (parts->is_stopping)
		return;
	if (error != 0)
		log_err("store: the pairs cannot be read (%s)", strerror(error));
	parts->exit_code = error != 0 ? EX_SOFTWARE : build(parts, outer_steps);
	if (parts->exit_code != EX_OK) {
		loop_quit(parts->loop);
		return;
	}
	parts->is_serving = true;
	settings_describe(*parts->settings, &facts);
	log_lines(&facts, LOG_LEVEL_NOTICE);
	buf_free(&facts);
	log_notice("daemon: serving version=%s pairs=%zu", SIPXMPPD_VERSION,
		   bridge_pair_count(parts->bridge));
	tell_parent(parts, EX_OK);
}

static void spellings_loaded(int error, void *arg)
{
	struct parts *parts = arg;

	if (error != 0)
		log_warning("store: the spellings cannot be read (%s)", strerror(error));
	bridge_start(parts->bridge, pairs_loaded, parts);
}

static int serve(struct parts *parts)
{
	int code = build(parts, inner_steps);

	if (code == EX_OK) {
		parts->started_ms = loop_now(parts->loop);
		tick_alive(parts);
		store_load_spellings(parts->store, load_spelling, spellings_loaded, parts);
		loop_run(parts->loop);
		code = parts->exit_code;
		log_notice("daemon: stopped code=%d", code);
	}
	tell_parent(parts, (unsigned char)code);
	take_down(parts);
	return code;
}

/* The parent waits for the child's word, so that "-d" fails when starting fails. */
static int wait_for_child(int fd)
{
	unsigned char code = EX_SOFTWARE;
	ssize_t got = read(fd, &code, 1);

	close(fd);
	return got == 1 ? code : EX_SOFTWARE;
}

/* Returns -1 in the child (with *ready set), else the parent's exit code. */
static int detach(int *ready)
{
	int fds[2];
	pid_t pid;
	int null;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return EX_OSERR;
	pid = fork();
	if (pid < 0)
		return EX_OSERR;
	if (pid > 0) {
		close(fds[1]);
		return wait_for_child(fds[0]);
	}
	close(fds[0]);
	*ready = fds[1];
	(void)setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		close(null);
	}
	return -1;
}

int daemon_run(struct settings **settings, const struct daemon_options *options)
{
	struct parts parts = {.settings = settings, .ready_pipe = -1, .exit_code = EX_OK};

	if (options->detach) {
		int code = detach(&parts.ready_pipe);

		if (code >= 0)
			return code;
	}
	umask(0077); /* SEC-094 */
	raise_descriptors();
	if (open_log(*settings, options) != 0)
		return EX_CONFIG;
	return serve(&parts);
}
