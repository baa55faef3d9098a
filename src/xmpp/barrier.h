/* The proof that the chat server took what we sent (promise 1, REL-003, D-36): XEP-0114 has no
 * acknowledgement, but a stream is processed in order, so the answer to a ping proves everything
 * before the ping, and error stanzas that come before it are the refusals.
 *
 *	message 1, message 2, ping A, message 3, ping B        ->
 *	            <- error of message 2, answer to A: 1 was taken, 2 was refused
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/side.h"

struct barrier;
struct loop;

enum {
	BARRIER_PINGS_MAX = 16, /* in flight */
	BARRIER_LEAST_MS = 1,   /* between two: a busy stream is proved in batches */
	BARRIER_SPACING_MS = 5, /* while one is in flight the next waits so long for company */
	BARRIER_TARGETS_MAX = 16
};

struct barrier_events {
	/* Write <iq type='get' from='DOMAIN' to= id=><ping/></iq> now. */
	void (*ping)(const char *to, const char *id, void *arg);
	/* What became of a message; exactly one for each barrier_add(). */
	void (*outcome)(exchange_id x, enum outcome outcome, const struct fault *fault, void *arg);
	/* A ping was not answered in time: the link is dead. Once per barrier_up(). */
	void (*dead)(void *arg);
	/* The target was chosen; is_self: nobody answered, so the component itself. */
	void (*chosen)(const char *target, bool is_self, void *arg);
};

/* Borrowed until barrier_free, strings included. */
struct barrier_params {
	struct loop *loop;
	const char *domain;         /* the component itself, the last resort */
	const char *const *targets; /* candidates, best first */
	size_t target_count;
	uint32_t choose_ms; /* how long a better candidate is waited for */
	uint32_t every_ms;  /* a ping at least so often, for liveness */
	uint32_t wait_ms;   /* an answer later than this is none */
};

struct barrier *barrier_new(const struct barrier_params *params,
			    const struct barrier_events *events, void *arg);
void barrier_free(struct barrier **barrier);

/* The stream is up: looks for a target (2 s). */
void barrier_up(struct barrier *barrier);
/* The stream is gone. sent: bytes of it that the kernel took; messages that end beyond were never
 * handed over whole: REFUSED(LINK_DOWN); the others: UNKNOWN(NO_ANSWER). */
void barrier_down(struct barrier *barrier, uint64_t sent);

/* A message went into the stream; end is the offset behind it. id may be NULL, then no error is
 * known to be its. to: bare or full JID. */
void barrier_add(struct barrier *barrier, exchange_id x, const char *id, const char *to,
		 uint64_t end);
/* The end of a turn: pings if there is something to prove. */
void barrier_flush(struct barrier *barrier);
/* True if id is one of this stream's pings. */
bool barrier_is_own_id(const struct barrier *barrier, const char *id);
/* An iq arrived. Returns true if it belongs here: an answer to a ping, whatever it says, or a ping
 * to ourselves that came round. */
bool barrier_answered(struct barrier *barrier, const char *from, const char *id);
/* A message error arrived. Returns true if it refused a message not yet proved. */
bool barrier_refused(struct barrier *barrier, const char *from, const char *id,
		     const struct fault *fault);
/* Messages without outcome. */
size_t barrier_pending(const struct barrier *barrier);
/* The ping target, NULL while none is known. */
const char *barrier_target(const struct barrier *barrier);
