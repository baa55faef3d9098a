/* The draft as a whole: what must be set, what must fit together, and the final values. */
#include "settings_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

static const char *const default_listen[] = {"sip:*:5060;transport=udp",
					     "sip:*:5060;transport=tcp"};

static void check_listen(struct loader *loader, struct settings *out)
{
	const struct texts *listen = &loader->draft.listen;
	const char **kept;

	out->listen = default_listen;
	out->listen_count = sizeof(default_listen) / sizeof(default_listen[0]);
	if (!listen->is_set)
		return;
	kept = memory_array(loader->memory, listen->count + 1, sizeof(*kept));
	out->listen = kept;
	out->listen_count = 0;
	for (size_t i = 0; i < listen->count; i++)
		kept[out->listen_count++] = listen->items[i];
	if (out->listen_count == 0 && loader->faults == 0)
		loader_fault(loader, loader_line(loader, "sip.listen"),
			     "sip.listen names nothing to listen on; add "
			     "\"sip:*:5060;transport=udp\"");
}

static void check_sip(struct loader *loader, struct settings *out)
{
	const struct draft *draft = &loader->draft;

	check_listen(loader, out);
	out->advertise = draft->advertise;
	out->proxy = draft->proxy;
	if (draft->trusted.is_set) { /* D-52: a list that is set replaces the default */
		out->trusted = draft->trusted.items;
		out->trusted_count = draft->trusted.count;
	}
	out->resolv_conf = draft->resolv_conf;
	out->allow_md5 = draft->allow_md5 == 1;
	settings_check_tls(loader, out);
	out->options_follow_link = draft->options_follow_link == 1;
	out->refresh_s = draft->refresh / 1000;
	out->timer_t1_ms = draft->timer_t1;
}

/* D-54, SEC-105: the component link has no TLS of its own. */
static void check_link(struct loader *loader, struct settings *out)
{
	const struct draft *draft = &loader->draft;
	int line = loader_line(loader, "xmpp.server");

	out->allow_plain = draft->allow_plain == 1;
	out->ping_every_ms = draft->ping_every;
	out->ping_wait_ms = draft->ping_wait;
	if (settings_is_loopback(draft->server))
		return;
	if (!out->allow_plain)
		loader_fault(
			loader, line,
			"xmpp.server: the link to %s would carry everything in clear beyond "
			"this machine; use 127.0.0.1, or set allow_plain = true in xmpp if the "
			"network between is yours",
			draft->server);
	else
		loader_warn(loader, line,
			    "the link to %s carries everything in clear "
			    "(xmpp.allow_plain)",
			    draft->server);
}

static void check_rest(struct loader *loader, struct settings *out)
{
	const struct draft *draft = &loader->draft;
	static const char *const engines[] = {"sqlite", "memory"};

	out->store_engine = engines[draft->store_engine];
	out->store_path = draft->store_path;
	out->control_socket = draft->control_socket;
	out->metrics_listen = draft->metrics_listen;
	out->ready_needs_links = draft->metrics_ready == 0;
	out->log_target = draft->log_target == 0 ? LOG_TARGET_SYSLOG : LOG_TARGET_STDERR;
	out->log_level = (enum log_level)draft->log_level;
	out->log_facility = draft->log_facility;
	out->log_bodies = draft->log_bodies == 1;
	out->ask_again_s = draft->ask_again / 1000;
	out->refusal_hold_s = draft->refusal_hold / 1000;
	out->hold_s = draft->hold / 1000;
	out->settle_ms = draft->settle;
	out->stop_tell = (enum stop_tell)draft->stop_tell;
	out->process_user = draft->process_user;
	out->process_group = draft->process_group;
	out->core_dumps = draft->core_dumps == 1;
	out->caution_s = draft->caution / 1000;
	out->limits = draft->limits;
}

static void check_set(struct loader *loader, const char *name, const char **value,
		      const char *instead)
{
	if (*value != NULL)
		return;
	loader_fault(loader, loader_line(loader, name),
		     "%s is empty; set it, or remove the line "
		     "for the default \"%s\"",
		     name, instead);
	*value = instead;
}

static void check_limits(struct loader *loader)
{
	const struct limits *limits = &loader->draft.limits;

	if (limits->link_high_bytes >= limits->link_dead_bytes)
		loader_fault(
			loader, loader_line(loader, "limits.link_high_bytes"),
			"limits.link_high_bytes must be less than limits.link_dead_bytes (%lld); "
			"change one of the two",
			(long long)limits->link_dead_bytes);
	if (limits->expires_min_s > limits->expires_max_s)
		loader_fault(
			loader, loader_line(loader, "limits.expires_min_s"),
			"limits.expires_min_s must not be more than limits.expires_max_s (%lld); "
			"change one of the two",
			(long long)limits->expires_max_s);
}

void settings_check(struct loader *loader, struct settings *out)
{
	struct draft *draft = &loader->draft;

	check_set(loader, "xmpp.server", &draft->server, "127.0.0.1");
	check_set(loader, "store.path", &draft->store_path, "/var/lib/sipxmppd/state.db");
	check_set(loader, "control.socket", &draft->control_socket, "/run/sipxmppd/control");
	check_set(loader, "log.facility", &draft->log_facility, "daemon");
	check_set(loader, "language", &draft->language, "en");
	check_limits(loader);
	check_link(loader, out);
	check_sip(loader, out);
	check_rest(loader, out);
	settings_check_messages(loader, out);
	settings_check_presence(loader, out);
	settings_check_domains(loader, out);
}
