/* The edge under Sofia: one nta agent with several transports, no legs and no server transactions.
 * Each request is handed over before any state exists (SOF-002), and is answered without a
 * transaction, at once or later, over the transport it came by (D-51, SIP-034). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip/net_address.h"

struct agent;
struct buf;
struct msg_s;
struct sip_s;
struct sip_side_params;
struct sip_tls;
struct tport_s;
struct trust;

enum { REQUEST_TAG_CHARS = 32 };

/* Transports; a bool "is a stream" is one of the first two. AGENT_SIPS is TLS with a sips URI
 * (SIP-008). */
enum agent_way { AGENT_UDP, AGENT_TCP, AGENT_TLS, AGENT_SIPS };

/* One request. It belongs to the handler, who ends it with agent_answer() or agent_drop(), or
 * keeps it with agent_hold(). sip is read-only; its strings are views (SOF-020). */
struct request {
	struct msg_s *msg;
	const struct sip_s *sip;
	struct tport_s *tport; /* a reference when is_held, else borrowed from the callback */
	struct net_address source;
	/* "user@domain" of who proved it (SEC-004); NULL: the source is trusted. A copy when held,
	 * else borrowed from the logins. */
	char *login;
	bool is_udp;
	bool is_tls;
	bool is_held;
	size_t size;                     /* bytes on the wire */
	char tag[REQUEST_TAG_CHARS + 1]; /* our To tag: a keyed hash of the request (SIP-062) */
};

typedef void agent_request_fn(struct request *request, void *arg);

/* Opens the listeners of params (borrowed, as trust, until agent_free). Returns 0, or an errno
 * value with a sentence: EADDRINUSE a port is taken, EINVAL a URI that cannot be used. */
int agent_new(struct agent **out, const struct sip_side_params *params, struct trust *trust,
	      agent_request_fn *fn, void *arg, char *error, size_t error_len);
/* Requests held by others must be dropped before. */
void agent_free(struct agent **agent);

/* Ends the request with a final answer. phrase NULL: the usual one. headers: whole lines, each with
 * CRLF, or NULL. */
void agent_answer(struct agent *agent, struct request *request, int status, const char *phrase,
		  const char *headers);
/* As agent_answer, and closes the connection (SEC-085). */
void agent_answer_close(struct agent *agent, struct request *request, int status,
			const char *phrase);
/* 100 Trying for a held request (SIP-029); it stays open. */
void agent_provisional(struct agent *agent, struct request *request);
/* Ends the request without a word. */
void agent_drop(struct agent *agent, struct request *request);
/* A copy that lives until answered or dropped; the original is used up. */
struct request *agent_hold(struct request *request);
/* Bytes that a final answer with phrase and no headers would have at most (SEC-020). */
size_t agent_answer_size(const struct request *request, const char *phrase);

/* Appends "<sip:USER@HOST:PORT;transport=...>" under which toward reaches us (SIP-007, EVT-046).
 * toward may be NULL: not known yet. */
void agent_contact(struct agent *agent, const struct net_address *toward, enum agent_way way,
		   const char *user, struct buf *out);
/* Our own instance, as the private header and the branches carry it (SIP-032, SEC-071). */
const char *agent_instance(const struct agent *agent);
/* True if address and port are a listener of ours. */
bool agent_is_own(const struct agent *agent, const struct net_address *address);

/* Closes idle connections if descriptors run short (SOF-007), as happens by itself now and then.
 * Returns how often that was so. */
unsigned agent_check_connections(struct agent *agent);

/* As intake_look() of its UDP listeners. */
unsigned agent_intake(struct agent *agent);

/* The sender of request has proved who he is: his connection is no stranger's any more (SEC-081).
 */
void agent_prove(const struct request *request);
/* True if it speaks TLS. */
bool agent_has_tls(const struct agent *agent);
/* Reads the files of TLS again, for connections from now on (SEC-103). Returns 0, or EINVAL with a
 * sentence: the old ones stay. Nothing to do where TLS was off at the start. */
int agent_reload_tls(struct agent *agent, const struct sip_tls *tls, char *error, size_t error_len);
/* Connections, and how many of them are strangers'. */
size_t agent_connections(const struct agent *agent, size_t *strangers);
/* Descriptors in use, per mille of what there may be (REL-050). */
unsigned agent_descriptors(const struct agent *agent);

/* For transaction.c. */
struct nta_agent_s *agent_nta(struct agent *agent);
const struct sip_side_params *agent_params(const struct agent *agent);
