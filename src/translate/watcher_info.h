/* Watcher information documents (RFC 3858): who watches, and who waits for an answer. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define WATCHER_INFO_TYPE "application/watcherinfo+xml"

enum watcher_status { WATCHER_PENDING, WATCHER_ACTIVE, WATCHER_WAITING, WATCHER_TERMINATED };

enum watcher_event {
	WATCHER_SUBSCRIBE,
	WATCHER_APPROVED,
	WATCHER_DEACTIVATED,
	WATCHER_PROBATION,
	WATCHER_REJECTED,
	WATCHER_TIMEOUT,
	WATCHER_GIVEUP,
	WATCHER_NORESOURCE,
};

enum { WATCHER_TIME_UNKNOWN = -1 };

struct watcher_row {
	const char *id;   /* the same in all documents of one subscription */
	const char *uri;  /* of the watcher */
	const char *name; /* display name, or NULL */
	enum watcher_status status;
	enum watcher_event event; /* the one that led to the status */
	int64_t expires_s;        /* left, or WATCHER_TIME_UNKNOWN */
	int64_t subscribed_s;     /* since when, or WATCHER_TIME_UNKNOWN */
};

struct watcher_list {
	const char *resource; /* URI of the watched */
	const char *package;  /* "presence" */
	const struct watcher_row *rows;
	size_t count;
};

/* Appends the document of one list. version starts at 0 and grows by one with each document of the
 * subscription (EVT-049); not is_full: only the rows that changed. */
void watcher_info_format(const struct watcher_list *list, uint32_t version, bool is_full,
			 struct buf *out);
