/* See metrics.h. libmicrohttpd reads and writes HTTP, without a thread: its epoll descriptor is one
 * of our loop's. */
#include "ops/metrics.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"

enum { CONNECTION_MEMORY = 16384, HOST_MAX = 256, SWEEP_MS = 500, LOG_MAX = 200 };

struct metrics {
	struct metrics_params params;
	struct MHD_Daemon *http;
	int fd; /* epoll */
	struct list open;
	bool has_room; /* one ended: at the limit the library listens again only in the next turn */
	struct loop_timer timer;
	struct loop_timer sweep;
};

/* A connection, with the time by which it is over. */
struct visit {
	struct metrics *metrics;
	struct list link;
	int fd;
	uint64_t end_ms;
};

static void turn(struct metrics *metrics);

static void turn_timer(void *arg)
{
	turn(arg);
}

static void turn(struct metrics *metrics)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	metrics->has_room = false;
	MHD_run(metrics->http);
	if (metrics->has_room)
		loop_timer_set(metrics->params.loop, &metrics->timer, 0, turn_timer, metrics);
	else if (MHD_get_timeout(metrics->http, &wait_ms) == MHD_YES)
		loop_timer_set(metrics->params.loop, &metrics->timer, (uint64_t)wait_ms, turn_timer,
			       metrics);
}

static void on_ready(int fd, unsigned events, void *arg)
{
	(void)fd;
	(void)events;
	turn(arg);
}

/* Slow or silent ones: the library's own time begins anew with each byte. */
static void sweep(void *arg)
{
	struct metrics *metrics = arg;
	uint64_t now = loop_now(metrics->params.loop);

	LIST_EACH(link, next, &metrics->open)
	{
		struct visit *visit = LIST_ENTRY(link, struct visit, link);

		if (now >= visit->end_ms)
			shutdown(visit->fd, SHUT_RDWR);
	}
	if (!list_is_empty(&metrics->open))
		loop_timer_set(metrics->params.loop, &metrics->sweep, SWEEP_MS, sweep, metrics);
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **kept,
			  enum MHD_ConnectionNotificationCode code)
{
	struct metrics *metrics = arg;
	struct visit *visit;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		visit = *kept;
		list_remove(&visit->link);
		mem_free(visit);
		metrics->has_room = true;
		return;
	}
	visit = mem_zalloc(sizeof *visit);
	visit->fd =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	visit->end_ms = loop_now(metrics->params.loop) + METRICS_PATIENCE_MS;
	list_append(&metrics->open, &visit->link);
	*kept = visit;
	if (!loop_timer_is_set(&metrics->sweep))
		loop_timer_set(metrics->params.loop, &metrics->sweep, SWEEP_MS, sweep, metrics);
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
			      const struct buf *text, const char *type)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(text->len, text->data, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static unsigned write_page(struct metrics *metrics, const char *url, struct buf *out)
{
	const struct metrics_params *params = &metrics->params;
	bool is_good;

	if (strcmp(url, "/metrics") == 0) {
		params->write(out, params->arg);
		return MHD_HTTP_OK;
	}
	if (strcmp(url, "/healthz") == 0) {
		is_good = params->is_healthy(out, params->arg);
	} else if (strcmp(url, "/readyz") == 0) {
		is_good = params->is_ready(out, params->arg);
	} else {
		buf_puts(out, "there is /metrics, /healthz and /readyz\n");
		return MHD_HTTP_NOT_FOUND;
	}
	if (is_good)
		buf_puts(out, "ok\n");
	return is_good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

/* Called once when the head is read, and again for the body, if there is one. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **state)
{
	struct buf text = BUF_INIT;
	unsigned status = MHD_HTTP_METHOD_NOT_ALLOWED;
	enum MHD_Result result;

	(void)version;
	(void)data;
	(void)state;
	*size = 0;
	if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		status = write_page(arg, url, &text);
	else
		buf_puts(&text, "only GET\n");
	result = answer(connection, status, &text,
			strcmp(url, "/metrics") == 0 ? "text/plain; version=0.0.4; charset=utf-8"
						     : "text/plain; charset=utf-8");
	buf_free(&text);
	return result;
}

__attribute__((format(printf, 2, 0))) static void on_log(void *arg, const char *format,
							 va_list values)
{
	char line[LOG_MAX];

	(void)arg;
	vsnprintf(line, sizeof line, format, values);
	line[strcspn(line, "\r\n")] = '\0';
	log_debug("metrics: %s", log_safe(line));
}

/* "HOST:PORT"; IPv6 in brackets. */
static int resolve(const char *listen, struct addrinfo **out)
{
	static const struct addrinfo hints = {.ai_flags =
						      AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
					      .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(listen, ':');
	char host[HOST_MAX];
	size_t len = colon != NULL ? (size_t)(colon - listen) : 0;

	if (len == 0 || len >= sizeof host)
		return EINVAL;
	if (listen[0] == '[' && listen[len - 1] == ']')
		snprintf(host, sizeof host, "%.*s", (int)len - 2, listen + 1);
	else
		snprintf(host, sizeof host, "%.*s", (int)len, listen);
	if (strcmp(host, "localhost") == 0)
		snprintf(host, sizeof host, "127.0.0.1");
	return getaddrinfo(host, colon + 1, &hints, out) == 0 ? 0 : EINVAL;
}

static int start(struct metrics *metrics, const struct addrinfo *at)
{
	unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG;
	const union MHD_DaemonInfo *info;

	if (at->ai_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	errno = 0;
	metrics->http = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, metrics, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_SOCK_ADDR, at->ai_addr, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)METRICS_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_CONNECTION, on_connection, metrics,
		MHD_OPTION_END);
	if (metrics->http == NULL)
		return errno != 0 ? errno : EADDRINUSE;
	info = MHD_get_daemon_info(metrics->http, MHD_DAEMON_INFO_EPOLL_FD);
	metrics->fd = info->epoll_fd;
	return loop_fd(metrics->params.loop, metrics->fd, LOOP_READ, on_ready, metrics);
}

int metrics_new(struct metrics **out, const struct metrics_params *params, char *error,
		size_t error_len)
{
	struct metrics *metrics = mem_zalloc(sizeof *metrics);
	struct addrinfo *at = NULL;
	int code = resolve(params->listen, &at);

	metrics->params = *params;
	metrics->params.listen = NULL;
	metrics->fd = -1;
	list_init(&metrics->open);
	if (code == 0)
		code = start(metrics, at);
	if (at != NULL)
		freeaddrinfo(at);
	if (code != 0) {
		snprintf(error, error_len, "metrics.listen %s cannot be used: %s",
			 log_safe(params->listen),
			 code == EINVAL ? "it must be ADDRESS:PORT" : strerror(code));
		metrics_free(&metrics);
		return code;
	}
	*out = metrics;
	return 0;
}

void metrics_free(struct metrics **metrics)
{
	struct metrics *self = *metrics;

	if (self == NULL)
		return;
	loop_timer_cancel(&self->timer);
	loop_timer_cancel(&self->sweep);
	if (self->fd >= 0)
		(void)loop_fd(self->params.loop, self->fd, 0, NULL, NULL);
	if (self->http != NULL)
		MHD_stop_daemon(self->http);
	mem_free(self);
	*metrics = NULL;
}
