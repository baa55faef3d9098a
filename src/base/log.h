/* Log lines (settings.md): "area: what happened key=value ... (reason)". Only sip, xmpp, store,
 * ops and daemon log. Lines that repeat are held back per call site: 10 at once (of
 * level info 100), then one in 10 s with a count (REL-053); debug lines are not. A blocked syslog
 * or standard error drops lines and counts them. May be called from any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum log_level {
	LOG_LEVEL_ERR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};
enum log_target { LOG_TARGET_SYSLOG, LOG_TARGET_STDERR };

/* Opens the log; facility is a name like "daemon" or "local0". Returns 0 or EINVAL. */
int log_open(enum log_target target, enum log_level level, const char *facility);
/* While on, lines of level err also go to standard error: whoever starts the daemon by hand must
 * see why it does not start. Off at first. */
void log_echo(bool on);
/* Another syslog socket than /dev/log; used from the next log_open() on. NULL: /dev/log. */
void log_set_socket(const char *path);
/* Lines that were lost because the log did not take them. */
unsigned long log_dropped(void);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
const char *log_level_name(enum log_level level);
/* Returns 0 or EINVAL: err, warning, notice, info, debug. */
int log_level_from_name(const char *name, enum log_level *out);
/* Whether message text may be logged (log.bodies, SEC-063). */
void log_set_bodies(bool may);
bool log_may_bodies(void);

/* State of one call site; used by the macros only. */
struct log_site {
	unsigned long long window_ms;
	unsigned count;
	unsigned held;
};

void log_write(struct log_site *site, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The line of a process that ends at once, for want of memory say: of level err, and also on
 * standard error as log_echo() has it. Allocates nothing and waits for nobody. */
void log_last_words(const char *line);

/* A value from outside made safe for a log line: controls, quotes, DEL, bidi and line separators
 * escaped, 256 bytes at most, in quotes if it is empty or holds a space or bracket (SEC-061).
 * Points into a ring of 8 buffers: use it in the same call. NULL gives "-". */
const char *log_safe(const char *value);
const char *log_safe_n(const char *value, size_t len);

#define LOG_AT(level, ...)                                                                         \
	do {                                                                                       \
		static struct log_site log_site_;                                                  \
		if (log_get_level() >= (level))                                                    \
			log_write(&log_site_, (level), __VA_ARGS__);                               \
	} while (0)

/* err: somebody must act. warning: something was refused or lost. notice: links, start, stop,
 * reload. info: pairs created and ended. debug: one line a message. */
#define log_err(...)     LOG_AT(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warning(...) LOG_AT(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  LOG_AT(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)
