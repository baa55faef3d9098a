/* The log: RFC 3164 lines to the local syslog socket, or lines on standard error. Neither may ever
 * hold the loop (REL-053), so both are asked for room first and lines without room are counted.
 * This is the one module with state of its own: there is one log in a process. */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum {
	LOG_LINE_MAX = 2048, /* below PIPE_BUF: a pipe takes a line whole or not at all */
	LOG_HEAD_MAX = 128,
	LOG_BURST = 10,        /* lines of one call site at once */
	LOG_BURST_INFO = 100,  /* the same of level info: who asks for it wants each event */
	LOG_WINDOW_MS = 10000, /* then one in this time */
	LOG_RETRY_MS = 1000    /* between attempts to reach an absent syslog */
};

static struct {
	pthread_mutex_t lock;
	enum log_target target;
	int facility;
	int fd; /* of the syslog socket, -1 without */
	unsigned long long tried_ms;
	bool echoes;
	unsigned long unreported; /* dropped since the last line that told of it */
	char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
} logger = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.target = LOG_TARGET_STDERR,
	.facility = LOG_DAEMON,
	.fd = -1,
	.path = "/dev/log",
};

static atomic_int current_level = LOG_LEVEL_NOTICE;
static atomic_bool bodies;
static atomic_ulong dropped;

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERR] = {"err", LOG_ERR},          [LOG_LEVEL_WARNING] = {"warning", LOG_WARNING},
	[LOG_LEVEL_NOTICE] = {"notice", LOG_NOTICE}, [LOG_LEVEL_INFO] = {"info", LOG_INFO},
	[LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

static const struct {
	const char *name;
	int value;
} facilities[] = {
	{"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},
	{"daemon", LOG_DAEMON}, {"ftp", LOG_FTP},           {"kern", LOG_KERN},
	{"lpr", LOG_LPR},       {"mail", LOG_MAIL},         {"news", LOG_NEWS},
	{"syslog", LOG_SYSLOG}, {"user", LOG_USER},         {"uucp", LOG_UUCP},
	{"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2},
	{"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},     {"local5", LOG_LOCAL5},
	{"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};

/* The clock of REL-030; the loop may not exist yet, or belong to another thread. */
static unsigned long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (unsigned long long)now.tv_sec * 1000 + (unsigned long long)now.tv_nsec / 1000000;
}

static int find_facility(const char *name, int *out)
{
	for (size_t i = 0; i < sizeof facilities / sizeof *facilities; i++) {
		if (strcmp(facilities[i].name, name) == 0) {
			*out = facilities[i].value;
			return 0;
		}
	}
	return EINVAL;
}

static void hang_up(void)
{
	if (logger.fd >= 0)
		close(logger.fd);
	logger.fd = -1;
}

static void dial(unsigned long long now)
{
	struct sockaddr_un peer = {.sun_family = AF_UNIX};

	if (logger.fd >= 0 || (logger.tried_ms != 0 && now - logger.tried_ms < LOG_RETRY_MS))
		return;
	logger.tried_ms = now;
	logger.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (logger.fd < 0)
		return;
	memcpy(peer.sun_path, logger.path, sizeof peer.sun_path);
	if (connect(logger.fd, (const struct sockaddr *)&peer, sizeof peer) != 0)
		hang_up();
}

int log_open(enum log_target target, enum log_level level, const char *facility)
{
	int value;

	if (find_facility(facility, &value) != 0)
		return EINVAL;
	pthread_mutex_lock(&logger.lock);
	hang_up();
	logger.target = target;
	logger.facility = value;
	logger.tried_ms = 0;
	if (target == LOG_TARGET_SYSLOG)
		dial(now_ms());
	pthread_mutex_unlock(&logger.lock);
	log_set_level(level);
	return 0;
}

void log_echo(bool on)
{
	pthread_mutex_lock(&logger.lock);
	logger.echoes = on;
	pthread_mutex_unlock(&logger.lock);
}

void log_set_socket(const char *path)
{
	pthread_mutex_lock(&logger.lock);
	snprintf(logger.path, sizeof logger.path, "%s", path == NULL ? "/dev/log" : path);
	pthread_mutex_unlock(&logger.lock);
}

unsigned long log_dropped(void)
{
	return atomic_load(&dropped);
}

void log_set_level(enum log_level level)
{
	atomic_store(&current_level, (int)level);
}

enum log_level log_get_level(void)
{
	return (enum log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

const char *log_level_name(enum log_level level)
{
	return levels[level].name;
}

int log_level_from_name(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		if (strcmp(levels[i].name, name) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return EINVAL;
}

void log_set_bodies(bool may)
{
	atomic_store(&bodies, may);
}

bool log_may_bodies(void)
{
	return atomic_load(&bodies);
}

static bool send_syslog(int priority, const char *line, unsigned long long now)
{
	char text[LOG_LINE_MAX + LOG_HEAD_MAX];
	char stamp[32];
	time_t wall = time(NULL);
	struct tm parts;
	int len;

	dial(now);
	if (logger.fd < 0)
		return false;
	localtime_r(&wall, &parts);
	strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &parts);
	len = snprintf(text, sizeof text, "<%d>%s sipxmppd[%ld]: %s", priority | logger.facility,
		       stamp, (long)getpid(), line);
	if (send(logger.fd, text, (size_t)len, MSG_NOSIGNAL) >= 0)
		return true;
	if (errno != EAGAIN && errno != ENOBUFS && errno != EMSGSIZE)
		hang_up();
	return false;
}

static bool send_stderr(enum log_level level, const char *line)
{
	char text[LOG_LINE_MAX + LOG_HEAD_MAX];
	char stamp[32];
	struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
	struct timespec wall;
	struct tm parts;
	int len;

	if (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0)
		return false;
	clock_gettime(CLOCK_REALTIME, &wall);
	localtime_r(&wall.tv_sec, &parts);
	strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &parts);
	len = snprintf(text, sizeof text, "%s.%03ld %s %s\n", stamp, wall.tv_nsec / 1000000,
		       levels[level].name, line);
	return write(STDERR_FILENO, text, (size_t)len) == len;
}

static bool send_line(enum log_level level, const char *line, unsigned long long now)
{
	if (logger.target == LOG_TARGET_STDERR)
		return send_stderr(level, line);
	if (logger.echoes && level == LOG_LEVEL_ERR)
		(void)send_stderr(level, line);
	return send_syslog(levels[level].priority, line, now);
}

/* What was lost is told before the next line that gets through. */
static void hand_over(enum log_level level, const char *line, unsigned long long now)
{
	char told[64];

	if (logger.unreported > 0) {
		snprintf(told, sizeof told, "log: lines were lost count=%lu", logger.unreported);
		if (send_line(LOG_LEVEL_WARNING, told, now))
			logger.unreported = 0;
	}
	if (send_line(level, line, now))
		return;
	logger.unreported++;
	atomic_fetch_add(&dropped, 1);
}

/* True if a line of this site may go out now; *held is how many were kept back before it. */
static bool site_may(struct log_site *site, unsigned burst, unsigned long long now, unsigned *held)
{
	*held = 0;
	if (site->count == 0 || now - site->window_ms >= LOG_WINDOW_MS) {
		*held = site->held;
		/* After a flood only one line a window, after a quiet window a full burst. */
		site->count = site->held > 0 ? burst : 1;
		site->held = 0;
		site->window_ms = now;
		return true;
	}
	if (site->count < burst) {
		site->count++;
		return true;
	}
	site->held++;
	return false;
}

/* Values pass through log_safe(); this is the second lock on the same door. */
static void flatten(char *line)
{
	for (char *p = line; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
}

void log_write(struct log_site *site, enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	unsigned long long now = now_ms();
	unsigned burst = level == LOG_LEVEL_INFO ? LOG_BURST_INFO : LOG_BURST;
	unsigned held = 0;
	size_t len;
	va_list args;

	pthread_mutex_lock(&logger.lock);
	if (level == LOG_LEVEL_DEBUG || site_may(site, burst, now, &held)) {
		va_start(args, format);
		vsnprintf(line, sizeof line - 48, format, args);
		va_end(args);
		flatten(line);
		len = strlen(line);
		if (held > 0)
			snprintf(line + len, sizeof line - len, " (%u more held back)", held);
		hand_over(level, line, now);
	}
	pthread_mutex_unlock(&logger.lock);
}

/* No time stamp: localtime_r() may allocate, and whoever reads the line knows the hour. The lock
 * may be held by a thread that waits for memory, so it is tried only. */
void log_last_words(const char *line)
{
	char text[LOG_LINE_MAX];
	struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
	bool told = false;
	ssize_t written;
	int len;

	if (pthread_mutex_trylock(&logger.lock) == 0) {
		if (logger.target == LOG_TARGET_SYSLOG) {
			dial(now_ms());
			len = snprintf(text, sizeof text, "<%d>sipxmppd[%ld]: %s",
				       LOG_ERR | logger.facility, (long)getpid(), line);
			told = logger.fd >= 0 &&
			       send(logger.fd, text, (size_t)len, MSG_NOSIGNAL) >= 0;
		}
		told = told && !logger.echoes;
		pthread_mutex_unlock(&logger.lock);
	}
	if (told || poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0)
		return;
	len = snprintf(text, sizeof text, "sipxmppd: %s\n", line);
	written = write(STDERR_FILENO, text, (size_t)len);
	(void)written;
}
