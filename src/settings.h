/* The configuration file (libconfig) as one plain value. The table of all settings with type,
 * default and range is settings_schema.c; config/sipxmppd.cfg shows each as a commented line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "core/access.h"
#include "model/limits.h"
#include "model/presence_rules.h"
#include "model/profile.h"
#include "sip/sip_side.h"
#include "translate/address_map.h"
#include "xmpp/xmpp_side.h"

struct buf;

enum { SETTINGS_FILE_MAX = 1024 * 1024 }; /* bytes of the file and of what it includes */

enum late_failure { LATE_FAILURE_MESSAGE, LATE_FAILURE_NONE }; /* D-39 */
enum stop_tell { STOP_TELL_ALL, STOP_TELL_NONE };              /* D-48 */

/* What a domains[] entry says beside struct map_domain and struct sip_peer; the quirk switches are
 * file 30 section 4. */
struct settings_domain {
	bool can_fetch;
	bool options_503_means_down;
};

/* Everything is owned by the settings and lives until settings_free(); nothing points into the
 * tree of libconfig (LCF-006). Optional strings are NULL when not set. */
struct settings {
	const char *path; /* of the file, as it was given */

	/* Ready for address_map_new(); map.domains[i], peers[i] and domains[i] are one entry. */
	struct address_map_params map;
	struct sip_peer *peers;
	struct settings_domain *domains;
	size_t domain_count;

	const struct access_rule *access; /* ready for access_new() */
	size_t access_count;

	struct sip_list *lists; /* ready for sip_side_new() */
	size_t list_count;

	/* xmpp: one component for each distinct domains[].xmpp (D-02) */
	struct xmpp_component_params *components;
	size_t component_count;
	const char *const *ping; /* xmpp.ping, xmpp.domains, domains above the components (D-36) */
	size_t ping_count;
	bool allow_plain;
	int64_t ping_every_ms;
	int64_t ping_wait_ms;

	/* sip */
	const char *const *listen;
	size_t listen_count;
	const char *advertise;
	const char *proxy;
	const char *const *trusted; /* NULL: not set, the default of D-52 holds */
	size_t trusted_count;
	struct sip_credentials credentials; /* where an entry of domains has none */
	const char *resolv_conf;
	struct sip_login *logins; /* who may prove who he is (SEC-010) */
	size_t login_count;
	bool allow_md5;
	const char *tls_certificate;
	const char *tls_key;
	const char *tls_ca;
	bool tls_verify;
	int tls_clients; /* enum sip_tls_clients */
	bool options_follow_link;
	int64_t refresh_s;
	int64_t timer_t1_ms;

	const char *store_engine;
	const char *store_path;
	const char *control_socket;
	const char *metrics_listen; /* NULL: off */
	bool ready_needs_links;     /* metrics.ready (REL-061) */

	enum log_target log_target;
	enum log_level log_level;
	const char *log_facility;
	bool log_bodies;

	const char *language;
	struct presence_rules rules; /* what a chat user sees of a phone (D-27) */
	int64_t ask_again_s;
	int64_t refusal_hold_s;
	int64_t hold_s;
	int64_t settle_ms;
	int64_t messages_life_s;
	int64_t hold_unavailable_s;
	int64_t answer_s;
	enum late_failure late_failure;
	bool tells_voicemail; /* of users[].extension */
	bool tells_missed_calls;
	enum stop_tell stop_tell;
	const char *process_user; /* whom root becomes (SEC-092), or NULL */
	const char *process_group;
	bool core_dumps;
	int64_t caution_s; /* REL-016; 0: never */

	struct limits limits;
	void *memory; /* of settings.c */
};

/* Reads and checks the file. Each fault found is one line "FILE:LINE: what is wrong, and what to
 * do" in *report ("FILE: ..." when no line is to blame). Returns 0 with *out set, *report then
 * holding only lines "FILE:LINE: warning: ..."; EINVAL when the configuration is wrong, or the
 * errno value that reading the file gave (also reported). Never ends the process and changes no
 * locale. */
int settings_load(struct settings **out, const char *path, struct buf *report);
/* Wipes the secrets (SEC-091). */
void settings_free(struct settings **settings);

/* For -n and the start line: who may use the bridge (D-03), the component streams, and one line
 * "FILE:LINE: NAME is accepted, but not built yet: it has no effect" for each such setting that the
 * file sets. */
void settings_describe(const struct settings *settings, struct buf *out);
/* Appends a line if names of SIP servers are asked of a resolver beyond this machine (SOF-017). */
void settings_describe_resolver(const struct settings *settings, struct buf *out);
/* All settings that are accepted but not built yet, set or not: each(name, arg). */
void settings_each_unbuilt(void (*each)(const char *name, void *arg), void *arg);
