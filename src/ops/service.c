/* See service.h. The protocol is a datagram of VARIABLE=VALUE lines (sd_notify(3)); the library
 * that writes them would bring in more code than it saves. */
#include "ops/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"

enum { STATUS_MAX = 200 };

struct service {
	struct service_params params;
	struct sockaddr_un to;
	socklen_t to_len; /* 0: nobody listens */
	int fd;
	uint64_t watchdog_ms;
	uint64_t due_ms; /* of the next beat */
	struct loop_timer beat;
};

/* "/path", or "@name" for the abstract name space. */
static void read_socket(struct service *service)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path != NULL ? strlen(path) : 0;

	if (len < 2 || len >= sizeof service->to.sun_path || (path[0] != '/' && path[0] != '@'))
		return;
	service->to.sun_family = AF_UNIX;
	memcpy(service->to.sun_path, path, len);
	if (path[0] == '@')
		service->to.sun_path[0] = '\0';
	service->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static uint64_t read_number(const char *name)
{
	const char *text = getenv(name);
	char *end = NULL;
	uint64_t value;

	if (text == NULL || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' ? value : 0;
}

/* The watchdog may be meant for another process of the unit. */
static void read_watchdog(struct service *service)
{
	uint64_t pid = read_number("WATCHDOG_PID");

	if (pid != 0 && pid != (uint64_t)getpid())
		return;
	service->watchdog_ms = read_number("WATCHDOG_USEC") / 1000;
}

static void say(struct service *service, const char *lines)
{
	if (service->to_len == 0)
		return;
	if (sendto(service->fd, lines, strlen(lines), MSG_DONTWAIT | MSG_NOSIGNAL,
		   (const struct sockaddr *)&service->to, service->to_len) < 0)
		log_debug("service: the service manager was not told (%s)", strerror(errno));
}

static void beat(void *arg);

static void set_beat(struct service *service)
{
	uint64_t step = service->watchdog_ms / SERVICE_BEATS;

	service->due_ms = loop_now(service->params.loop) + step;
	loop_timer_set(service->params.loop, &service->beat, step, beat, service);
}

/* REL-015: a loop that comes round too late is no sign of life. */
static void beat(void *arg)
{
	struct service *service = arg;
	uint64_t late = loop_now(service->params.loop) - service->due_ms;

	set_beat(service);
	if (late > service->watchdog_ms / 2) {
		log_warning("service: the loop was held up late_ms=%" PRIu64, late);
		return;
	}
	service->params.look(service->params.arg);
}

struct service *service_new(const struct service_params *params)
{
	struct service *service = mem_zalloc(sizeof *service);

	service->params = *params;
	service->fd = -1;
	read_socket(service);
	if (service->to_len != 0)
		service->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (service->fd < 0)
		service->to_len = 0;
	if (service->to_len != 0 && params->look != NULL)
		read_watchdog(service);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	if (service->watchdog_ms >= SERVICE_BEATS)
		set_beat(service);
	return service;
}

void service_free(struct service **service)
{
	struct service *self = *service;

	if (self == NULL)
		return;
	loop_timer_cancel(&self->beat);
	if (self->fd >= 0)
		close(self->fd);
	mem_free(self);
	*service = NULL;
}

void service_ready(struct service *service)
{
	say(service, "READY=1");
}

/* Type=notify-reload wants to know when it began. */
void service_reloading(struct service *service)
{
	struct timespec now;
	char lines[80];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		 (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	say(service, lines);
}

void service_stopping(struct service *service)
{
	say(service, "STOPPING=1");
}

void service_status(struct service *service, const char *text)
{
	char line[STATUS_MAX + 8];

	snprintf(line, sizeof line, "STATUS=%.*s", (int)strcspn(text, "\r\n"), text);
	say(service, line);
}

void service_alive(struct service *service)
{
	if (service->watchdog_ms != 0)
		say(service, "WATCHDOG=1");
}

uint64_t service_watchdog_ms(const struct service *service)
{
	return service->watchdog_ms;
}
