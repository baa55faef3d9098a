/* Figures and health over HTTP (metrics.listen; REL-061, SEC-097): GET /metrics in the text form of
 * Prometheus, /healthz and /readyz. It changes nothing. Each connection has METRICS_PATIENCE_MS
 * from its first to its last byte, and METRICS_CONNECTIONS_MAX of them are served at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct loop;
struct metrics;

enum { METRICS_PATIENCE_MS = 2000, METRICS_CONNECTIONS_MAX = 16 };

struct metrics_params {
	struct loop *loop;
	const char *listen; /* "HOST:PORT", HOST a literal address; borrowed for the call */
	/* Appends the whole of /metrics. */
	void (*write)(struct buf *out, void *arg);
	/* True, or false with a line that says why not appended. */
	bool (*is_healthy)(struct buf *why, void *arg);
	bool (*is_ready)(struct buf *why, void *arg);
	void *arg;
};

/* Returns 0, or an errno value with a sentence in error: EINVAL no such address, EADDRINUSE the
 * port is taken. */
int metrics_new(struct metrics **out, const struct metrics_params *params, char *error,
		size_t error_len);
void metrics_free(struct metrics **metrics);
