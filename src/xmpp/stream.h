/* libstrophe at the other end of a socket pair (STRO-003): header, handshake and the tree of each
 * stanza. It never sees the network; it runs only inside the calls below, so it costs nothing
 * while nothing arrives (STRO-005). One thread, one loop (STRO-014). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct _xmpp_stanza_t;
struct stream;

enum { STREAM_CONDITION_MAX = 64, STREAM_TEXT_MAX = 256 };

struct stream_events {
	/* The handshake was accepted. */
	void (*up)(void *arg);
	/* One stanza; valid for the call (STRO-011). */
	void (*stanza)(struct _xmpp_stanza_t *stanza, void *arg);
	/* Bytes for the server: header, handshake, the end of the stream. */
	void (*bytes)(const char *data, size_t len, void *arg);
};

/* Events come from inside the calls below; none of them may call stream_close() or stream_free()
 * (STRO-010). domain and secret are borrowed until stream_free. */
struct stream *stream_new(const char *domain, const char *secret,
			  const struct stream_events *events, void *arg);
void stream_free(struct stream **stream);

/* Opens the stream: the header comes through events->bytes. Returns 0; EMFILE when no descriptor
 * below 1024 is left (STRO-004), else errno. */
int stream_open(struct stream *stream);
/* Hands over bytes from the server: stanzas whole stanzas, or header and handshake. On return
 * events->stanza has seen them all. */
void stream_feed(struct stream *stream, const char *data, size_t len, unsigned stanzas);
/* The server closed: lets libstrophe tell why. */
void stream_end(struct stream *stream);
/* Writes the end of the stream through events->bytes. */
void stream_finish(struct stream *stream);
void stream_close(struct stream *stream);

/* Whether libstrophe has ended the stream; then why (STRO-016): the stream error's condition as in
 * RFC 6120 section 4.9.3 and its text, "" if there was none. */
bool stream_is_down(const struct stream *stream);
const char *stream_condition(const struct stream *stream);
const char *stream_text(const struct stream *stream);
