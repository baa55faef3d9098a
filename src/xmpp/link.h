/* The real connection to the chat server (STRO-003): several addresses in turn, dead-lines, one
 * write a turn, a backlog that is ours. Knows nothing of XML. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link;
struct loop;

/* All come from the loop, never from inside a call to link_*(). */
struct link_events {
	void (*opened)(void *arg);
	void (*bytes)(const char *data, size_t len, void *arg);
	/* Something of the backlog went out. */
	void (*drained)(void *arg);
	/* Once for each link_open() that was not taken back by link_close(). */
	void (*closed)(const char *why, void *arg);
};

struct link *link_new(struct loop *loop, const struct link_events *events, void *arg);
void link_free(struct link **link);

/* Connects; ends with opened or closed. Without allow_remote only loopback addresses are taken
 * (SEC-105). Each address gets connect_ms. host is copied. */
void link_open(struct link *link, const char *host, uint16_t port, bool allow_remote,
	       uint32_t connect_ms);
/* Closes at once, without a word and without an event. */
void link_close(struct link *link);

/* Appends to what goes out; link_flush() or the next turn of writing sends it. Ignored while the
 * link is not open. */
void link_put(struct link *link, const char *data, size_t len);
void link_flush(struct link *link);
/* Bytes not yet given to the kernel. */
size_t link_backlog(const struct link *link);
/* Bytes given to link_put() and to the kernel since link_open(). */
uint64_t link_put_bytes(const struct link *link);
uint64_t link_sent_bytes(const struct link *link);
