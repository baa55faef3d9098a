/* The link guard (SEC-053, SEC-054): reads everything the chat server sends with expat before
 * libstrophe sees it, and hands on whole stanzas only, exactly the bytes it read. libstrophe
 * appends children, attributes and text in quadratic time and recurses without bound (STRO-002). */
#pragma once

#include <stddef.h>

struct guard;
struct limits;
struct limits_hit;

enum {
	GUARD_TEXT_MAX = 64 * 1024,          /* bytes of one attribute value or text */
	GUARD_NAMESPACES_MAX = 32,           /* declarations of one element */
	GUARD_DEPTH_LINK = 256 * 1024,       /* deeper: the link ends, expat keeps memory a level */
	GUARD_BYTES_LINK = 16 * 1024 * 1024, /* a longer stanza ends the link */
	GUARD_TOKEN_LINK =
		2 * 1024 * 1024, /* so does a longer tag: expat scans it again and again */
};

/* The start tag of a stanza; strings are borrowed for the call, each may be NULL. */
struct guard_head {
	const char *kind; /* "message", "presence", "iq"; NULL: something else */
	const char *from;
	const char *to;
	const char *id;
	const char *type;
};

struct guard_events {
	/* One whole stanza; with head NULL the stream header, the handshake, a stream error. */
	void (*forward)(const char *bytes, size_t len, const struct guard_head *head, void *arg);
	/* A stanza that broke limit ended; nothing of it was forwarded. */
	void (*refused)(const struct guard_head *head, const char *limit, void *arg);
};

/* limits is borrowed until guard_free; events are copied. hits may be NULL. */
struct guard *guard_new(const struct limits *limits, struct limits_hit *hits,
			const struct guard_events *events, void *arg);
void guard_free(struct guard **guard);

/* Reads the next bytes of the stream. Returns 0; ESHUTDOWN when the stream was closed in order;
 * EBADMSG not well-formed; EPROTO what XMPP forbids (DTD, comment, processing instruction, other
 * encodings, no stream); E2BIG beyond what can be skipped. After anything but 0 it stays so.
 * Whole stanzas before the fault have been forwarded. */
int guard_feed(struct guard *guard, const char *data, size_t len);
/* A constant sentence for the log once guard_feed() has failed. */
const char *guard_why(const struct guard *guard);
