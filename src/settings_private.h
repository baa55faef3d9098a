/* Inside of settings: the schema, the draft that the file is read into, and the loader. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libconfig.h>

#include "base/buf.h"
#include "model/limits.h"
#include "settings.h"

enum { SETTING_NAME_MAX = 64, SECRET_MAX = 1024, SECRET_SHORT = 16 };

#define SETTING_UNSET INT64_MIN

/* Schema --------------------------------------------------------------------------------------- */

enum setting_type {
	SETTING_BOOL,     /* int64_t 0 or 1 */
	SETTING_NUMBER,   /* int64_t */
	SETTING_DURATION, /* int64_t ms; in the file seconds, or a string with a unit */
	SETTING_SIZE,     /* int64_t bytes; in the file bytes, or a string with a unit */
	SETTING_CHOICE,   /* int64_t place in choices */
	SETTING_TEXT,     /* const char *, NULL for "" */
	SETTING_TEXTS,    /* struct texts */
	SETTING_GROUP,    /* into the same target */
	SETTING_LIST      /* struct items of groups */
};

struct texts {
	const char **items;
	size_t count;
	bool is_set;
};

struct items {
	void *items;
	size_t count;
};

/* NULL, or what the value must be. */
typedef const char *setting_check_fn(const char *value);

struct setting {
	const char *name; /* NULL ends a table */
	enum setting_type type;
	bool is_unbuilt;    /* accepted, has no effect yet */
	size_t offset;      /* in the target */
	const char *preset; /* default as the file would say it, without quotes; NULL: none */
	int64_t least;      /* range of numbers; durations in ms */
	int64_t most;
	int64_t step; /* durations: 1 ms or 1000 */
	const char *const *choices;
	setting_check_fn *check;      /* of each text */
	const struct setting *inside; /* of groups and lists */
	size_t size;                  /* of one item of a list */
};

/* The root table; its targets are struct draft. */
extern const struct setting settings_schema[];

/* Draft: the file's values with defaults, before they are checked against each other --------------
 */

struct draft_domain {
	const char *xmpp, *sip, *profile, *proxy, *secret, *secret_file;
	const char *phone_context, *user_agent, *list, *publish_to, *tls_name;
	const char *realm, *username, *password, *password_file;
	int64_t callback, separator, case_rule, allow_sips;
	int64_t subscribe_as, empty_notify, body_max, rich_types, receipt_from_200;
	struct texts packages;
	int64_t watch_as, resources, expose_resource, thread, pager_type, long_messages;
	int64_t show_caller, lamp, entity, last_input, date_trusted;
	int64_t publish, accept_publish, partial;
	int64_t can_fetch, publish_presence, message_types, message_result_meaning;
	int64_t noresource_is_timeout, dialog_full_is_event_only, charset_decl_unreliable;
	int64_t accepts_eventlist, accept_mismatch, options_503_means_down;
};

struct draft_chat {
	const char *xmpp, *sip;
};

struct draft_user {
	const char *jid, *extension;
	struct texts alias;
};

/* A rule without text or show keeps the built-in one (no file can hold that character). */
#define SETTINGS_TEXT_BUILT_IN "\001"
enum { SETTINGS_SHOW_KEEP = 5 }; /* behind those of enum show */

struct draft_rule {
	int64_t state, show;
	const char *text;
};

struct draft_access {
	struct texts from, to;
	int64_t may;
};

struct draft_login {
	const char *user, *realm, *password, *ha1, *ha1_sha256;
};

struct draft_list {
	const char *uri;
	struct texts members;
};

struct draft {
	const char *component, *server, *secret, *secret_file;
	int64_t port, allow_plain, ping_every, ping_wait;
	struct texts xmpp_domains, ping;
	struct texts listen, trusted;
	const char *advertise, *proxy, *realm, *username, *password, *password_file;
	const char *resolv_conf;
	const char *logins_file;
	struct items logins;
	int64_t allow_md5;
	const char *tls_certificate, *tls_key, *tls_ca;
	int64_t tls_clients;
	int64_t tls_verify, options_follow_link, refresh, timer_t1;
	struct items domains, chat_domains, users, lists, access;
	int64_t store_engine;
	const char *store_path, *control_socket, *metrics_listen;
	int64_t log_target, log_level, log_bodies;
	const char *log_facility, *language;
	int64_t ask_again, refusal_hold, hold, settle;
	struct items rules;
	struct texts details;
	int64_t messages_life, hold_unavailable, late_failure, answer_wait;
	int64_t tells_voicemail, tells_missed_calls;
	int64_t stop_tell;
	const char *process_user, *process_group;
	int64_t core_dumps;
	int64_t metrics_ready;
	int64_t caution;
	struct limits limits;
};

/* Memory that lives as long as the settings ------------------------------------------------------
 */

struct memory;

struct memory *memory_new(void);
/* Overwrites every text before it is freed (SEC-091). */
void memory_free(struct memory **memory);
/* A copy; NULL gives NULL. */
const char *memory_text(struct memory *memory, const char *text);
/* count zeroed members of size bytes. */
void *memory_array(struct memory *memory, size_t count, size_t size);

/* Loader --------------------------------------------------------------------------------------- */

struct loader {
	const char *path;
	struct buf *report;
	struct memory *memory;
	struct buf unbuilt; /* lines for settings_describe() */
	size_t faults;
	config_t config;
	struct draft draft;
	bool has_warned_of_readers;
};

/* Adds "FILE:LINE: ..." to the report; line 0: "FILE: ...". */
void loader_fault(struct loader *loader, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void loader_warn(struct loader *loader, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The line of a setting by its name ("domains[0].sip"), of what it is in, or 0. */
int loader_line(const struct loader *loader, const char *name);

/* settings_read.c: the whole file. Returns 0 or an errno value, reported. */
int settings_read(struct loader *loader, struct buf *out);
/* Looks at the source text for what libconfig would misread (LCF-001, LCF-005, LCF-006). */
void settings_scan(struct loader *loader, const char *text, size_t len);
/* settings_units.c. Each returns false if there is no such thing. */
const struct setting *settings_find(const struct setting *table, const char *name);
/* "7d", "500ms" to ms; "60 KiB" to bytes. */
bool settings_read_duration(const char *text, int64_t *out);
bool settings_read_size(const char *text, int64_t *out);
void settings_print_duration(char out[32], int64_t ms);
/* The name in the table that resembles name most. */
bool settings_nearest(const struct setting *table, const char *name, char out[SETTING_NAME_MAX]);
/* Where in the whole schema a setting of that name stands. */
bool settings_elsewhere(const char *name, char out[SETTING_NAME_MAX]);
/* settings_walk.c: fills loader->draft from the tree. */
void settings_walk(struct loader *loader);
/* settings_secret.c: *secret from the text or the file (SEC-090); NULL if neither is set or on a
 * fault, which is reported. prefix and name make the settings' names. */
const char *settings_secret(struct loader *loader, const char *prefix, const char *name,
			    const char *text, const char *file);
/* The same file: opens a file that holds secrets (SEC-090), *path is where it is. -1 on a fault,
 * which is reported. */
int settings_open_secret(struct loader *loader, int line, const char *file, const char **path);
/* The path of a file that is named in the configuration: relative ones count from its folder. */
const char *settings_secret_path(struct loader *loader, const char *file);
/* There is a secret in the configuration itself: says once if others can read that. */
void settings_warn_of_readers(struct loader *loader, int line);
/* May the file at path be used as a secret (SEC-090)? What is wrong is reported. */
bool settings_secret_may_be_read(struct loader *loader, int line, const char *path);
/* settings_tls.c: certificates, and what needs them; behind sip.listen. */
void settings_check_tls(struct loader *loader, struct settings *out);
/* True if a URI of ours or of a proxy means TLS. */
bool settings_is_tls(const char *uri);
/* settings_check.c: checks the draft as a whole and fills *out. */
void settings_check(struct loader *loader, struct settings *out);
/* settings_domains.c: the parts of it for domains, chat domains and users. */
void settings_check_domains(struct loader *loader, struct settings *out);
/* Lists, once the map is known to be right. */
struct address_map;
void settings_check_lists(struct loader *loader, struct settings *out, struct address_map *map);
/* settings_calls.c */
void settings_check_calls(struct loader *loader, struct settings *out, struct address_map *map);
/* settings_credentials.c: what the PBX may ask us for, once the entries of domains are known. */
void settings_check_credentials(struct loader *loader, struct settings *out);

/* settings_access.c */
void settings_check_access(struct loader *loader, struct settings *out, struct address_map *map);
/* settings_logins.c: logins, once the map is known to be right. */
void settings_check_logins(struct loader *loader, struct settings *out, struct address_map *map);
/* settings_messages.c; the second warns of what has no effect in the i-th entry of domains. */
void settings_check_messages(struct loader *loader, struct settings *out);
void settings_warn_messages(struct loader *loader, size_t i, const struct draft_domain *entry);
/* settings_presence.c: language, presence.rules and presence.details. */
void settings_check_presence(struct loader *loader, struct settings *out);
/* The same file: warns of what has no effect in the i-th entry of domains. */
void settings_warn_presence(struct loader *loader, size_t i, const struct draft_domain *entry,
			    const struct sip_peer *peer);
/* True if the host name or address is the machine itself. */
bool settings_is_loopback(const char *host);
/* settings_texts.c: checks of single texts; the schema names them. */
setting_check_fn settings_text_listen, settings_text_proxy, settings_text_user_uri,
	settings_text_host_port, settings_text_advertise, settings_text_trusted,
	settings_text_facility, settings_text_language, settings_text_socket, settings_text_package,
	settings_text_profile, settings_text_host, settings_text_detail;

/* settings_load() of a text; path is for the report and for relative file names. */
int settings_load_text(struct settings **out, const char *path, const char *text, size_t len,
		       struct buf *report);
