/* The daemon's parts made from the settings and wired, step by step. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/log.h"
#include "core/bridge.h"
#include "daemon_parts.h"
#include "ops/metrics.h"
#include "ops/service.h"
#include "settings.h"
#include "store/store.h"

enum {
	ERROR_MAX = 512,
	FIRST_LOOK_MS = 2000 /* for names of proxies, before anybody is served */
};

/* What the core asks and tells ---------------------------------------------------------------- */

static bool may_use(const struct address *user, void *arg)
{
	struct parts *parts = arg;

	return address_may_use(parts->map, user);
}

static bool is_named(const struct address *user, void *arg)
{
	struct parts *parts = arg;

	return address_is_named(parts->map, user);
}

static bool is_served(const struct address *user, void *arg)
{
	struct parts *parts = arg;

	return address_is_served(parts->map, user);
}

/* D-02: the components stand in the order of the domains. */
static unsigned link_of(const struct address *sip_user, void *arg)
{
	const struct parts *parts = arg;
	const struct settings *settings = *parts->settings;

	for (size_t i = 0; i < settings->domain_count; i++) {
		if (strcmp(settings->peers[i].domain, sip_user->domain) == 0)
			return (unsigned)i;
	}
	return 0;
}

static void log_pair(const struct watch *watch, enum pair_state from, enum pair_state to,
		     const struct fault *why, void *arg)
{
	struct buf watcher = BUF_INIT;
	struct buf watched = BUF_INIT;
	struct buf reason = BUF_INIT;

	(void)arg;
	if (log_get_level() < LOG_LEVEL_INFO)
		return;
	daemon_print_address(&watcher, watch->watcher);
	daemon_print_address(&watched, watch->watched);
	if (why != NULL && why->text[0] != '\0')
		buf_printf(&reason, " (%s)", log_safe(why->text));
	log_info("pair: %s from=%s watcher=%s watched=%s x=%s%s", pair_state_name(to),
		 pair_state_name(from), buf_text(&watcher), buf_text(&watched),
		 exchange_text(watch->x), buf_text(&reason));
	buf_free(&watcher);
	buf_free(&watched);
	buf_free(&reason);
}

void daemon_stored(int error, void *arg)
{
	struct parts *parts = arg;

	if (error != 0)
		parts->counters.store_failed++;
}

static void learn_spelling(const struct address *address, const char *spelling, void *arg)
{
	struct parts *parts = arg;

	store_put_spelling(parts->store, address, spelling, daemon_stored, parts);
}

/* Building ---------------------------------------------------------------------------------- */

static int build_store(struct parts *parts)
{
	const struct settings *settings = *parts->settings;
	struct store_params params = {settings->store_engine, settings->store_path, parts->loop};
	char error[ERROR_MAX] = "";
	int code = store_open(&parts->store, &params, error, sizeof(error));

	if (code == 0) {
		store_on_failure(parts->store, daemon_on_store_failure, parts);
		return EX_OK;
	}
	log_err("store: %s", error);
	/* Another file or program is needed; anything else may pass. */
	return code == EPROTO || code == EINVAL || code == ENOENT || code == ENOTDIR ? EX_CONFIG
										     : EX_TEMPFAIL;
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
	if (settings->access_count != 0)
		parts->access = access_new(settings->access, settings->access_count);
	struct bridge_params params = {
		.loop = parts->loop,
		.store = parts->store,
		.limits = &settings->limits,
		.counters = &parts->counters,
		.load = &parts->load,
		.access = parts->access,
		.rules = &settings->rules,
		.may_use = may_use,
		.is_named = is_named,
		.is_served = is_served,
		.link_of = link_of,
		.link_count = (unsigned)settings->component_count,
		.pair_changed = log_pair,
		.arg = parts,
		.ask_again_s = settings->ask_again_s,
		.refusal_hold_s = settings->refusal_hold_s,
		.hold_s = settings->hold_s,
		.answer_s = settings->answer_s,
		.life_s = settings->messages_life_s,
		.hold_unavailable_s = settings->hold_unavailable_s,
		.message_failed = daemon_message_failed,
		.queue_told = daemon_queue_told,
		.reports_late_failures = settings->late_failure == LATE_FAILURE_MESSAGE,
	};

	return bridge_new(&parts->bridge, &params) == 0 ? EX_OK : EX_SOFTWARE;
}

static bool is_linked(void *arg)
{
	struct parts *parts = arg;

	return parts->xmpp != NULL && xmpp_side_is_up(parts->xmpp);
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
		.lists = settings->lists,
		.list_count = settings->list_count,
		.users = settings->map.users,
		.user_count = settings->map.user_count,
		.keeper = daemon_keeper(parts),
		.prints = daemon_print_keeper(parts),
		.load = &parts->load,
		.is_linked = settings->options_follow_link ? is_linked : NULL,
		.linked_arg = parts,
		.dialogs = daemon_dialog_keeper(parts),
		.tls = daemon_tls(settings),
		.language = settings->language,
		.user_agent = "sipxmppd/" SIPXMPPD_VERSION,
		.logins = settings->logins,
		.login_count = settings->login_count,
		.allow_md5 = settings->allow_md5,
		.credentials = settings->credentials,
		.resolv_conf = settings->resolv_conf,
		.first_look_ms = FIRST_LOOK_MS,
		.tells_voicemail = settings->tells_voicemail,
		.tells_missed_calls = settings->tells_missed_calls,
		.refresh_s = (int)settings->refresh_s,
		.timer_t1_ms = (int)settings->timer_t1_ms,
		.settle_ms = (int)settings->settle_ms,
		.hold_ms = (int)(settings->hold_s * 1000),
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

/* What his client may offer in the name of a SIP user depends on the peer (RCPT-038). */
static const struct profile *profile_of(const char *sip_domain, void *arg)
{
	const struct settings *settings = arg;

	for (size_t i = 0; i < settings->domain_count; i++) {
		if (strcmp(settings->peers[i].domain, sip_domain) == 0)
			return &settings->peers[i].profile;
	}
	return NULL;
}

static int build_xmpp(struct parts *parts)
{
	struct settings *settings = *parts->settings;
	struct xmpp_side_params params = {
		.loop = parts->loop,
		.bridge = parts->bridge,
		.map = parts->map,
		.limits = &settings->limits,
		.counters = &parts->counters,
		.load = &parts->load,
		.key = store_key(parts->store),
		.rules = &settings->rules,
		.components = settings->components,
		.component_count = settings->component_count,
		.ping = settings->ping,
		.ping_count = settings->ping_count,
		.software = "sipxmppd",
		.version = SIPXMPPD_VERSION,
		.ping_every_ms = (uint32_t)settings->ping_every_ms,
		.ping_wait_ms = (uint32_t)settings->ping_wait_ms,
		.allow_plain = settings->allow_plain,
		.profile_of = profile_of,
		.arg = settings,
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
	if (loop_signal(parts->loop, SIGTERM, daemon_on_stop, parts) != 0 ||
	    loop_signal(parts->loop, SIGINT, daemon_on_stop, parts) != 0 ||
	    loop_signal(parts->loop, SIGHUP, daemon_on_hup, parts) != 0 ||
	    loop_signal(parts->loop, SIGUSR1, daemon_on_usr1, parts) != 0)
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

static int build_load(struct parts *parts)
{
	daemon_load_start(parts);
	return EX_OK;
}

static int build_loop(struct parts *parts)
{
	return loop_new(&parts->loop) == 0 ? EX_OK : EX_SOFTWARE;
}

static int build_service(struct parts *parts)
{
	struct service_params params = {parts->loop, daemon_look, parts};

	parts->service = service_new(&params);
	return EX_OK;
}

/* What needs no network. */
static build_step *const inner_steps[] = {build_loop, build_signals, build_service, build_store,
					  build_map,  build_bridge,  NULL};
/* What the network reaches: only when all is known that answers depend on. */
static build_step *const outer_steps[] = {
	build_load, build_sip, build_xmpp, build_control, daemon_build_metrics, NULL};

void daemon_take_down(struct parts *parts)
{
	daemon_load_stop(parts);
	metrics_free(&parts->metrics);
	control_free(&parts->control);
	service_free(&parts->service);
	daemon_free_publications(parts);
	xmpp_side_free(&parts->xmpp);
	sip_side_free(&parts->sip);
	bridge_free(&parts->bridge);
	access_free(&parts->access);
	daemon_free_prints(parts);
	address_map_free(&parts->map);
	if (parts->store != NULL)
		store_end_run(parts->store); /* a start that failed is no crash, either */
	store_free(&parts->store);
	daemon_free_dialogs(parts);
	daemon_end_publication_writes(parts);
	loop_timer_cancel(&parts->alive_timer);
	loop_timer_cancel(&parts->stop_timer);
	loop_timer_cancel(&parts->drain_timer);
	loop_timer_cancel(&parts->caution_timer);
	loop_free(&parts->loop);
}

int daemon_build_inner(struct parts *parts)
{
	return build(parts, inner_steps);
}

int daemon_build_outer(struct parts *parts)
{
	return build(parts, outer_steps);
}
