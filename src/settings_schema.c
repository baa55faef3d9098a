/* All settings: name, type, default, range, check, and whether something uses them yet. The names
 * are those of the manual; each has a commented line in config/sipxmppd.cfg. */
#include "settings_private.h"

/* BUILT or UNBUILT: accepted, but nothing uses it yet. */
#define BUILT   false
#define UNBUILT true

#define BOOL(key, built, where, default_)                                                          \
	{                                                                                          \
		.name = (key), .type = SETTING_BOOL, .is_unbuilt = (built), .offset = (where),     \
		.preset = (default_)                                                               \
	}
#define NUMBER(key, built, where, default_, low, high)                                             \
	{                                                                                          \
		.name = (key), .type = SETTING_NUMBER, .is_unbuilt = (built), .offset = (where),   \
		.preset = (default_), .least = (low), .most = (high)                               \
	}
#define DURATION(key, built, where, default_, low, high, step_)                                    \
	{                                                                                          \
		.name = (key), .type = SETTING_DURATION, .is_unbuilt = (built), .offset = (where), \
		.preset = (default_), .least = (low), .most = (high), .step = (step_)              \
	}
#define SIZE(key, built, where, default_, low, high)                                               \
	{                                                                                          \
		.name = (key), .type = SETTING_SIZE, .is_unbuilt = (built), .offset = (where),     \
		.preset = (default_), .least = (low), .most = (high)                               \
	}
#define CHOICE(key, built, where, default_, names)                                                 \
	{                                                                                          \
		.name = (key), .type = SETTING_CHOICE, .is_unbuilt = (built), .offset = (where),   \
		.preset = (default_), .choices = (names)                                           \
	}
#define TEXT(key, built, where, default_, test)                                                    \
	{                                                                                          \
		.name = (key), .type = SETTING_TEXT, .is_unbuilt = (built), .offset = (where),     \
		.preset = (default_), .check = (test)                                              \
	}
#define TEXTS(key, built, where, test)                                                             \
	{                                                                                          \
		.name = (key), .type = SETTING_TEXTS, .is_unbuilt = (built), .offset = (where),    \
		.check = (test)                                                                    \
	}
#define GROUP(key, table)                                                                          \
	{                                                                                          \
		.name = (key), .type = SETTING_GROUP, .inside = (table)                            \
	}
#define LIST(key, where, table, kind)                                                              \
	{                                                                                          \
		.name = (key), .type = SETTING_LIST, .offset = (where), .inside = (table),         \
		.size = sizeof(kind)                                                               \
	}
#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}

#define AT(field)        offsetof(struct draft, field)
#define AT_DOMAIN(field) offsetof(struct draft_domain, field)
#define AT_CHAT(field)   offsetof(struct draft_chat, field)
#define AT_USER(field)   offsetof(struct draft_user, field)
#define AT_ACCESS(field) offsetof(struct draft_access, field)
#define AT_LOGIN(field)  offsetof(struct draft_login, field)
#define AT_LIST(field)   offsetof(struct draft_list, field)
#define AT_RULE(field)   offsetof(struct draft_rule, field)

enum { MS = 1, SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
#define DAY ((int64_t)24 * HOUR)

/* Each in the order of its enum. */
static const char *const callbacks[] = {"direct", "escaped", NULL};
static const char *const separators[] = {"%", "*", NULL};
static const char *const case_rules[] = {"exact", "fold", NULL};
static const char *const subscribers[] = {"watcher", "bridge", NULL};
static const char *const empty_notifies[] = {"unchanged", "gone", NULL};
static const char *const rich_types[] = {"never", "on evidence", "always", NULL};
static const char *const watchers[] = {"user", "domain", NULL};
static const char *const resources[] = {"one", "tuples", NULL};
static const char *const threads[] = {"last", "callid", NULL};
static const char *const pagers[] = {"chat", "normal", NULL};
static const char *const long_messages[] = {"split", "refuse", NULL};
static const char *const lamps[] = {"reach", "online", NULL};
static const char *const publishers[] = {"none", "presence", "devicestate", NULL};
static const char *const entities[] = {"sip", "pres", NULL};
static const char *const message_types[] = {"text/plain", "any", NULL};
static const char *const result_meanings[] = {"queued", "device", NULL};
static const char *const mismatches[] = {"489", "ignored", NULL};
static const char *const engines[] = {"sqlite", "memory", NULL};
static const char *const targets[] = {"syslog", "stderr", NULL};
static const char *const levels[] = {"err", "warning", "notice", "info", "debug", NULL};
static const char *const late_failures[] = {"message", "none", NULL};
static const char *const access_mays[] = {"none", "watch", "write", "all", NULL};
/* enum presence_case behind CASE_UNKNOWN; enum show and SETTINGS_SHOW_KEEP. */
static const char *const presence_cases[] = {"closed",   "on-hold",        "in-call",
					     "dialling", "do-not-disturb", "ringing",
					     "activity", "idle",           NULL};
static const char *const presence_shows[] = {"none", "away", "chat", "dnd", "xa", "keep", NULL};
static const char *const ready_words[] = {"links", "serving", NULL};
/* enum sip_tls_clients. */
static const char *const tls_clients[] = {"ask", "demand", "none", NULL};
static const char *const stop_tells[] = {"all", "none", NULL};

static const struct setting xmpp_settings[] = {
	TEXT("component", BUILT, AT(component), NULL, NULL),
	TEXT("server", BUILT, AT(server), "127.0.0.1", settings_text_host),
	NUMBER("port", BUILT, AT(port), "5347", 1, 65535),
	TEXT("secret", BUILT, AT(secret), NULL, NULL),
	TEXT("secret_file", BUILT, AT(secret_file), NULL, NULL),
	TEXTS("domains", BUILT, AT(xmpp_domains), NULL),
	BOOL("allow_plain", BUILT, AT(allow_plain), "false"),
	TEXTS("ping", BUILT, AT(ping), settings_text_host),
	DURATION("ping_every", BUILT, AT(ping_every), "30s", SECOND, HOUR, MS),
	DURATION("ping_wait", BUILT, AT(ping_wait), "10s", 100 * MS, 5 * MINUTE, MS),
	END,
};

static const struct setting login_settings[] = {
	TEXT("user", BUILT, AT_LOGIN(user), NULL, NULL),
	TEXT("realm", BUILT, AT_LOGIN(realm), NULL, NULL),
	TEXT("password", BUILT, AT_LOGIN(password), NULL, NULL),
	TEXT("ha1", BUILT, AT_LOGIN(ha1), NULL, NULL),
	TEXT("ha1_sha256", BUILT, AT_LOGIN(ha1_sha256), NULL, NULL),
	END,
};

static const struct setting sip_settings[] = {
	TEXTS("listen", BUILT, AT(listen), settings_text_listen),
	TEXT("advertise", BUILT, AT(advertise), NULL, settings_text_advertise),
	TEXT("proxy", BUILT, AT(proxy), NULL, settings_text_proxy),
	TEXTS("trusted", BUILT, AT(trusted), settings_text_trusted),
	TEXT("realm", BUILT, AT(realm), NULL, NULL),
	TEXT("username", BUILT, AT(username), NULL, NULL),
	TEXT("password", BUILT, AT(password), NULL, NULL),
	TEXT("password_file", BUILT, AT(password_file), NULL, NULL),
	TEXT("resolv_conf", BUILT, AT(resolv_conf), "/etc/resolv.conf", NULL),
	TEXT("logins_file", BUILT, AT(logins_file), NULL, NULL),
	LIST("logins", AT(logins), login_settings, struct draft_login),
	BOOL("allow_md5", BUILT, AT(allow_md5), "true"),
	TEXT("tls_certificate", BUILT, AT(tls_certificate), NULL, NULL),
	TEXT("tls_key", BUILT, AT(tls_key), NULL, NULL),
	TEXT("tls_ca", BUILT, AT(tls_ca), NULL, NULL),
	BOOL("tls_verify", BUILT, AT(tls_verify), "true"),
	CHOICE("tls_clients", BUILT, AT(tls_clients), "ask", tls_clients),
	BOOL("options_follow_link", BUILT, AT(options_follow_link), "false"),
	DURATION("refresh", BUILT, AT(refresh), "1h", MINUTE, DAY, SECOND),
	DURATION("timer_t1", BUILT, AT(timer_t1), "500ms", 10 * MS, 8 * SECOND, MS),
	END,
};

/* Presets NULL: the profile says. */
static const struct setting domain_settings[] = {
	TEXT("xmpp", BUILT, AT_DOMAIN(xmpp), NULL, NULL),
	TEXT("sip", BUILT, AT_DOMAIN(sip), NULL, NULL),
	TEXT("profile", BUILT, AT_DOMAIN(profile), "generic", settings_text_profile),
	TEXT("proxy", BUILT, AT_DOMAIN(proxy), NULL, settings_text_proxy),
	TEXT("realm", BUILT, AT_DOMAIN(realm), NULL, NULL),
	TEXT("username", BUILT, AT_DOMAIN(username), NULL, NULL),
	TEXT("password", BUILT, AT_DOMAIN(password), NULL, NULL),
	TEXT("password_file", BUILT, AT_DOMAIN(password_file), NULL, NULL),
	TEXT("secret", BUILT, AT_DOMAIN(secret), NULL, NULL),
	TEXT("secret_file", BUILT, AT_DOMAIN(secret_file), NULL, NULL),
	CHOICE("callback", BUILT, AT_DOMAIN(callback), "direct", callbacks),
	CHOICE("separator", BUILT, AT_DOMAIN(separator), "%", separators),
	CHOICE("case", BUILT, AT_DOMAIN(case_rule), NULL, case_rules),
	BOOL("allow_sips", BUILT, AT_DOMAIN(allow_sips), "false"),
	TEXT("phone_context", BUILT, AT_DOMAIN(phone_context), NULL, NULL),
	CHOICE("subscribe_as", BUILT, AT_DOMAIN(subscribe_as), NULL, subscribers),
	TEXTS("packages", BUILT, AT_DOMAIN(packages), settings_text_package),
	CHOICE("empty_notify", BUILT, AT_DOMAIN(empty_notify), NULL, empty_notifies),
	SIZE("body_max", BUILT, AT_DOMAIN(body_max), NULL, 100, 61440),
	CHOICE("rich_types", BUILT, AT_DOMAIN(rich_types), NULL, rich_types),
	BOOL("receipt_from_200", BUILT, AT_DOMAIN(receipt_from_200), NULL),
	CHOICE("watch_as", BUILT, AT_DOMAIN(watch_as), "user", watchers),
	CHOICE("resources", BUILT, AT_DOMAIN(resources), "one", resources),
	BOOL("expose_resource", UNBUILT, AT_DOMAIN(expose_resource), "false"),
	CHOICE("thread", BUILT, AT_DOMAIN(thread), "last", threads),
	CHOICE("pager_type", BUILT, AT_DOMAIN(pager_type), "chat", pagers),
	CHOICE("long_messages", BUILT, AT_DOMAIN(long_messages), "split", long_messages),
	BOOL("show_caller", BUILT, AT_DOMAIN(show_caller), "false"),
	CHOICE("lamp", BUILT, AT_DOMAIN(lamp), "reach", lamps),
	CHOICE("entity", BUILT, AT_DOMAIN(entity), "sip", entities),
	BOOL("last_input", BUILT, AT_DOMAIN(last_input), "true"),
	BOOL("date_trusted", BUILT, AT_DOMAIN(date_trusted), "false"),
	CHOICE("publish", BUILT, AT_DOMAIN(publish), "none", publishers),
	TEXT("publish_to", BUILT, AT_DOMAIN(publish_to), NULL, settings_text_user_uri),
	BOOL("accept_publish", BUILT, AT_DOMAIN(accept_publish), NULL),
	TEXT("list", BUILT, AT_DOMAIN(list), NULL, settings_text_user_uri),
	BOOL("partial", BUILT, AT_DOMAIN(partial), "false"),
	TEXT("user_agent", BUILT, AT_DOMAIN(user_agent), NULL, NULL),
	TEXT("tls_name", BUILT, AT_DOMAIN(tls_name), NULL, settings_text_host),
	BOOL("can_fetch", UNBUILT, AT_DOMAIN(can_fetch), NULL),
	BOOL("publish_presence", BUILT, AT_DOMAIN(publish_presence), NULL),
	CHOICE("message_types", BUILT, AT_DOMAIN(message_types), NULL, message_types),
	CHOICE("message_result_meaning", BUILT, AT_DOMAIN(message_result_meaning), NULL,
	       result_meanings),
	BOOL("noresource_is_timeout", UNBUILT, AT_DOMAIN(noresource_is_timeout), NULL),
	BOOL("dialog_full_is_event_only", BUILT, AT_DOMAIN(dialog_full_is_event_only), NULL),
	BOOL("charset_decl_unreliable", BUILT, AT_DOMAIN(charset_decl_unreliable), NULL),
	BOOL("accepts_eventlist", BUILT, AT_DOMAIN(accepts_eventlist), NULL),
	CHOICE("accept_mismatch", UNBUILT, AT_DOMAIN(accept_mismatch), NULL, mismatches),
	BOOL("options_503_means_down", UNBUILT, AT_DOMAIN(options_503_means_down), NULL),
	END,
};

static const struct setting chat_settings[] = {
	TEXT("xmpp", BUILT, AT_CHAT(xmpp), NULL, NULL),
	TEXT("sip", BUILT, AT_CHAT(sip), NULL, NULL),
	END,
};

static const struct setting user_settings[] = {
	TEXT("jid", BUILT, AT_USER(jid), NULL, NULL),
	TEXTS("alias", BUILT, AT_USER(alias), NULL),
	TEXT("extension", BUILT, AT_USER(extension), NULL, NULL),
	END,
};

static const struct setting access_settings[] = {
	TEXTS("from", BUILT, AT_ACCESS(from), NULL),
	TEXTS("to", BUILT, AT_ACCESS(to), NULL),
	CHOICE("may", BUILT, AT_ACCESS(may), NULL, access_mays),
	END,
};

static const struct setting list_settings[] = {
	TEXT("uri", BUILT, AT_LIST(uri), NULL, NULL),
	TEXTS("members", BUILT, AT_LIST(members), NULL),
	END,
};

static const struct setting store_settings[] = {
	CHOICE("engine", BUILT, AT(store_engine), "sqlite", engines),
	TEXT("path", BUILT, AT(store_path), "/var/lib/sipxmppd/state.db", NULL),
	END,
};

static const struct setting control_settings[] = {
	TEXT("socket", BUILT, AT(control_socket), "/run/sipxmppd/control", settings_text_socket),
	END,
};

static const struct setting metrics_settings[] = {
	TEXT("listen", BUILT, AT(metrics_listen), NULL, settings_text_host_port),
	CHOICE("ready", BUILT, AT(metrics_ready), "links", ready_words),
	END,
};

static const struct setting log_settings[] = {
	CHOICE("target", BUILT, AT(log_target), "syslog", targets),
	CHOICE("level", BUILT, AT(log_level), "notice", levels),
	TEXT("facility", BUILT, AT(log_facility), "daemon", settings_text_facility),
	BOOL("bodies", BUILT, AT(log_bodies), "false"),
	END,
};

/* Presets: what is built in. */
static const struct setting rule_settings[] = {
	CHOICE("state", BUILT, AT_RULE(state), NULL, presence_cases),
	CHOICE("show", BUILT, AT_RULE(show), NULL, presence_shows),
	TEXT("text", BUILT, AT_RULE(text), SETTINGS_TEXT_BUILT_IN, NULL),
	END,
};

static const struct setting presence_settings[] = {
	DURATION("ask_again", BUILT, AT(ask_again), "7d", MINUTE, 365 * DAY, SECOND),
	DURATION("refusal_hold", BUILT, AT(refusal_hold), "24h", 0, 30 * DAY, SECOND),
	DURATION("hold", BUILT, AT(hold), "30s", 0, HOUR, SECOND),
	DURATION("settle", BUILT, AT(settle), "1s", 0, MINUTE, MS),
	LIST("rules", AT(rules), rule_settings, struct draft_rule),
	TEXTS("details", BUILT, AT(details), settings_text_detail),
	END,
};

static const struct setting messages_settings[] = {
	DURATION("life", BUILT, AT(messages_life), "24h", MINUTE, 30 * DAY, SECOND),
	DURATION("hold_unavailable", BUILT, AT(hold_unavailable), "0", 0, 30 * DAY, SECOND),
	CHOICE("late_failure", BUILT, AT(late_failure), "message", late_failures),
	DURATION("answer_wait", BUILT, AT(answer_wait), "40s", SECOND, 5 * MINUTE, SECOND),
	END,
};

static const struct setting calls_settings[] = {
	BOOL("voicemail", BUILT, AT(tells_voicemail), "false"),
	BOOL("missed", BUILT, AT(tells_missed_calls), "false"),
	END,
};

static const struct setting stop_settings[] = {
	CHOICE("tell", BUILT, AT(stop_tell), "all", stop_tells),
	END,
};

static const struct setting process_settings[] = {
	TEXT("user", BUILT, AT(process_user), NULL, NULL),
	TEXT("group", BUILT, AT(process_group), NULL, NULL),
	BOOL("core_dumps", BUILT, AT(core_dumps), "false"),
	DURATION("caution", BUILT, AT(caution), "10m", 0, DAY, SECOND),
	END,
};

static const struct setting limits_settings[] = {
#define X(field, value, low, high, what) NUMBER(#field, BUILT, AT(limits.field), #value, low, high),
	LIMITS(X)
#undef X
		END,
};

const struct setting settings_schema[] = {
	GROUP("xmpp", xmpp_settings),
	GROUP("sip", sip_settings),
	LIST("domains", AT(domains), domain_settings, struct draft_domain),
	LIST("chat_domains", AT(chat_domains), chat_settings, struct draft_chat),
	LIST("users", AT(users), user_settings, struct draft_user),
	LIST("lists", AT(lists), list_settings, struct draft_list),
	LIST("access", AT(access), access_settings, struct draft_access),
	TEXT("language", BUILT, AT(language), "en", settings_text_language),
	GROUP("presence", presence_settings),
	GROUP("messages", messages_settings),
	GROUP("calls", calls_settings),
	GROUP("stop", stop_settings),
	GROUP("process", process_settings),
	GROUP("store", store_settings),
	GROUP("control", control_settings),
	GROUP("metrics", metrics_settings),
	GROUP("log", log_settings),
	GROUP("limits", limits_settings),
	END,
};
