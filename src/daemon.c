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
#include "ops/service.h"
#include "settings.h"
#include "store/store.h"

enum {
	ALIVE_MS = 30 * 1000, /* how often "last time alive" is written (D-49) */
	UNSETTLED_MS = 1000,  /* ... and asked whether it may be what it is */
	STOP_MS = 10 * 1000,  /* an orderly stop takes at most this long (D-48) */
	DRAIN_MS = 2000,      /* of it, for messages under way, */
	GOODBYE_MS = 4000,    /* and for chat users whose server hardly reads: SIP waits */
	DRAIN_STEP_MS = 10,
	DESCRIPTORS_WANTED = 65536, /* REL-050 */
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
	daemon_look(parts);
	daemon_tell_limits(parts);
	loop_timer_set(parts->loop, &parts->alive_timer,
		       bridge_is_settled(parts->bridge) ? ALIVE_MS : UNSETTLED_MS, tick_alive,
		       parts);
}

/* REL-010: no longer than it must does a daemon go on that can accept nothing. */
void daemon_on_store_failure(void *arg)
{
	struct parts *parts = arg;

	if (!parts->is_stopping)
		loop_timer_set(parts->loop, &parts->alive_timer, 0, tick_alive, parts);
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

	loop_timer_cancel(&parts->alive_timer);
	daemon_flush_prints(parts);
	store_end_run(parts->store);
	store_alive(parts->store, daemon_alive_s(parts), NULL, NULL);
	store_stop(parts->store, store_stopped, parts);
}

static void on_xmpp_stopped(void *arg)
{
	stop_store(arg);
}

/* The stream closes after the SIP side is done, so that what SIP answers can still be told. */
static void on_sip_stopped(void *arg)
{
	struct parts *parts = arg;

	xmpp_side_stop(parts->xmpp, on_xmpp_stopped, parts);
}

static void stop_late(void *arg)
{
	struct parts *parts = arg;

	log_warning("daemon: stopping took too long, ending now limit_ms=%d", STOP_MS);
	loop_quit(parts->loop);
}

/* Messages under way are waited for a little: ended now, their senders would be told 504 for what
 * is delivered (promise 1), and the next start would send again what a phone is just taking. */
static void stop_sides(void *arg)
{
	struct parts *parts = arg;

	if (bridge_drains(parts->bridge) && loop_now(parts->loop) < parts->drain_until_ms) {
		loop_timer_set(parts->loop, &parts->drain_timer, DRAIN_STEP_MS, stop_sides, parts);
		return;
	}
	bridge_stop(parts->bridge, parts->stop_tells);
	if ((!bridge_stop_more(parts->bridge) ||
	     (parts->stop_tells && !xmpp_side_say_goodbye(parts->xmpp))) &&
	    loop_now(parts->loop) < parts->drain_until_ms + GOODBYE_MS) {
		loop_timer_set(parts->loop, &parts->drain_timer, DRAIN_STEP_MS, stop_sides, parts);
		return;
	}
	sip_side_stop(parts->sip, parts->stop_tells, on_sip_stopped, parts);
}

void daemon_stop(struct parts *parts, bool tell)
{
	if (parts->is_stopping) {
		log_notice("daemon: ending at once (asked twice)");
		if (parts->is_serving)
			bridge_stop(parts->bridge, false); /* one word for each message */
		loop_quit(parts->loop);
		return;
	}
	parts->is_stopping = true;
	daemon_tell_limits(parts);
	log_notice("daemon: stopping tell=%s", tell ? "all" : "none");
	service_stopping(parts->service);
	loop_timer_set(parts->loop, &parts->stop_timer, STOP_MS, stop_late, parts);
	if (!parts->is_serving) {
		/* What is being read from the store must not start anything: there are no sides
		 * yet. */
		bridge_stop(parts->bridge, false);
		stop_store(parts);
		return;
	}
	sip_side_accept(parts->sip, false);
	parts->stop_tells = tell;
	parts->drain_until_ms = loop_now(parts->loop) + DRAIN_MS;
	stop_sides(parts);
}

/* Signals ----------------------------------------------------------------------------------- */

void daemon_on_stop(void *arg)
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

/* What is asked for while the store is being read is done when the sides are there; at the end
 * there is no use in it any more. True if it is not to be done now. */
bool daemon_waits_for_start(const struct parts *parts, const char *what, bool *owes)
{
	if (parts->is_serving && !parts->is_stopping)
		return false;
	if (!parts->is_stopping)
		log_notice("daemon: it is starting, the %s comes when it serves", what);
	*owes = true;
	return true;
}

void daemon_on_hup(void *arg)
{
	struct parts *parts = arg;
	struct buf report = BUF_INIT;
	int error;

	if (daemon_waits_for_start(parts, "reload", &parts->owes_reload))
		return;
	service_reloading(parts->service);
	error = daemon_reload(parts, &report);
	log_lines(&report, error == 0 ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERR);
	buf_free(&report);
	service_ready(parts->service);
}

struct sip_tls daemon_tls(const struct settings *settings)
{
	return (struct sip_tls){.certificate = settings->tls_certificate,
				.key = settings->tls_key,
				.ca = settings->tls_ca,
				.verify = settings->tls_verify,
				.clients = (enum sip_tls_clients)settings->tls_clients};
}

/* SEC-103: the files are read again, whether or not their names have changed. */
static int reload_tls(struct parts *parts, const struct settings *fresh, struct buf *report)
{
	struct sip_tls tls = daemon_tls(fresh);
	char why[256] = "";
	int error = sip_side_reload_tls(parts->sip, &tls, why, sizeof why);

	if (error != 0)
		buf_printf(report, "%s; the old configuration stays\n", why);
	return error;
}

static void use_access(struct parts *parts, const struct settings *fresh)
{
	struct access *before = parts->access;

	parts->access =
		fresh->access_count != 0 ? access_new(fresh->access, fresh->access_count) : NULL;
	bridge_set_access(parts->bridge, parts->access);
	sip_side_access_changed(parts->sip);
	access_free(&before);
}

int daemon_reload(struct parts *parts, struct buf *report)
{
	struct settings *fresh = NULL;
	int error = settings_load(&fresh, (*parts->settings)->path, report);

	if (error != 0) {
		buf_puts(report, "the old configuration stays\n");
		return error;
	}
	error = reload_tls(parts, fresh, report);
	if (error != 0) {
		settings_free(&fresh);
		return error;
	}
	/* What the parts borrowed points into the old settings: only what is read by value takes
	 * effect at once. */
	(*parts->settings)->stop_tell = fresh->stop_tell;
	(*parts->settings)->limits = fresh->limits;
	(void)open_log(fresh, parts->options); /* the settings have checked the facility */
	sip_side_set_logins(parts->sip, fresh->logins, fresh->login_count);
	use_access(parts, fresh);
	buf_puts(
		report,
		"the configuration is read: log.*, limits.*, stop.tell, access, the logins and the "
		"files of TLS (for new connections) are in effect, anything else after a "
		"restart\n");
	settings_free(&fresh);
	return 0;
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

/* From now on nobody looks at the terminal; what started a daemon in the background may wait for
 * the end of its standard error. */
static void leave_terminal(struct parts *parts)
{
	int null;

	log_echo(false);
	if (!parts->options->detach || parts->options->to_stderr ||
	    (*parts->settings)->log_target == LOG_TARGET_STDERR)
		return;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null < 0)
		return;
	(void)dup2(null, STDERR_FILENO);
	close(null);
}

/* All is known that answers depend on. The core has begun: its sides must be there before the loop
 * goes on. */
static void pairs_loaded(int error, void *arg)
{
	struct parts *parts = arg;
	struct queue_facts queue;
	struct buf facts = BUF_INIT;

	if (parts->is_stopping)
		return;
	if (error != 0)
		log_err("store: the pairs cannot be read (%s)", strerror(error));
	parts->exit_code = error != 0 ? EX_SOFTWARE : daemon_build_outer(parts);
	if (parts->exit_code != EX_OK) {
		loop_quit(parts->loop);
		return;
	}
	daemon_restore_dialogs(parts);
	daemon_restore_publications(parts);
	daemon_restore_prints(parts);
	parts->is_serving = true;
	daemon_run_with_caution(parts);
	settings_describe(*parts->settings, &facts);
	log_lines(&facts, LOG_LEVEL_NOTICE);
	buf_free(&facts);
	bridge_queue_facts(parts->bridge, &queue);
	log_notice("daemon: serving version=%s pairs=%zu messages=%zu", SIPXMPPD_VERSION,
		   bridge_pair_count(parts->bridge), queue.messages);
	leave_terminal(parts);
	tell_parent(parts, EX_OK);
	service_ready(parts->service);
	if (parts->owes_reload)
		daemon_on_hup(parts);
	if (parts->owes_summary)
		daemon_on_usr1(parts);
}

static void dialogs_loaded(int error, void *arg)
{
	struct parts *parts = arg;

	if (parts->is_stopping)
		return;
	if (error != 0)
		log_warning("store: the dialogs cannot be read (%s)", strerror(error));
	bridge_start(parts->bridge, pairs_loaded, parts);
}

static void prints_loaded(int error, void *arg)
{
	struct parts *parts = arg;

	if (parts->is_stopping)
		return;
	if (error != 0)
		log_warning("store: the fingerprints of messages cannot be read (%s)",
			    strerror(error));
	store_load_dialogs(parts->store, daemon_take_dialog, dialogs_loaded, parts);
}

static void publications_loaded(int error, void *arg)
{
	struct parts *parts = arg;

	if (parts->is_stopping)
		return;
	if (error != 0)
		log_warning("store: the publications cannot be read (%s)", strerror(error));
	store_load_prints(parts->store, daemon_take_print, prints_loaded, parts);
}

static void spellings_loaded(int error, void *arg)
{
	struct parts *parts = arg;

	if (parts->is_stopping)
		return;
	if (error != 0)
		log_warning("store: the spellings cannot be read (%s)", strerror(error));
	store_load_publications(parts->store, daemon_take_publication, publications_loaded, parts);
}

static int serve(struct parts *parts)
{
	int code = daemon_build_inner(parts);

	if (code == EX_OK) {
		parts->started_ms = loop_now(parts->loop);
		parts->store_seen_ms = parts->started_ms;
		tick_alive(parts);
		store_load_spellings(parts->store, load_spelling, spellings_loaded, parts);
		loop_run(parts->loop);
		code = parts->exit_code;
		log_notice("daemon: stopped code=%d", code);
	}
	tell_parent(parts, (unsigned char)code);
	daemon_take_down(parts);
	return code;
}

/* The parent waits for the child's word, so that "-d" fails when starting fails; a child that ends
 * without one (REL-051) has at least a code. */
static int wait_for_child(int fd, pid_t child)
{
	unsigned char code = EX_SOFTWARE;
	ssize_t got = read(fd, &code, 1);
	int status = 0;

	close(fd);
	if (got == 1)
		return code;
	if (waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	    WEXITSTATUS(status) != EX_OK)
		return WEXITSTATUS(status);
	return EX_SOFTWARE;
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
		return wait_for_child(fds[0], pid);
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
	struct parts parts = {
		.settings = settings, .options = options, .ready_pipe = -1, .exit_code = EX_OK};

	int code;

	if (options->detach) {
		code = detach(&parts.ready_pipe);
		if (code >= 0)
			return code;
	}
	umask(0077); /* SEC-094 */
	raise_descriptors();
	if (open_log(*settings, options) != 0)
		return EX_CONFIG;
	log_echo(true);
	code = daemon_drop_privileges(*settings);
	if (code != EX_OK) {
		tell_parent(&parts, (unsigned char)code);
		return code;
	}
	return serve(&parts);
}
