/* Requests of ours to others (RFC 6120 section 8.2.3): each ends once, with the answer that has its
 * id and comes from who was asked, or after wait_ms. The barrier's pings are not among them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "translate/xml_writer.h"

struct _xmpp_stanza_t;
struct inbound;
struct iq_out;
struct xmpp_side;

enum {
	IQ_OUT_MAX = 1024,
	IQ_OUT_PER_DOMAIN =
		IQ_OUT_MAX / 2 /* whoever does not answer leaves room for others (REL-047) */
};

enum iq_end {
	IQ_END_RESULT,
	IQ_END_ERROR,
	IQ_END_NOTHING /* no answer in time */
};

/* How it ended. stanza is the answer, or NULL; what is what iq_out_ask() was given. */
typedef void iq_end_fn(struct xmpp_side *side, enum iq_end end, const struct _xmpp_stanza_t *stanza,
		       const char *from, uint64_t what);

struct iq_out *iq_out_new(struct xmpp_side *side, uint32_t wait_ms);
/* Open requests end in silence. */
void iq_out_free(struct iq_out **iq_out);

/* Opens <iq type='get'> in side->scratch; the payload is written next, then iq_out_send() is
 * called. from and to are borrowed until then. */
struct iq_request {
	struct xml_writer writer;
	const char *from;
	const char *to;
	char id[40];
};
void iq_out_open(struct xmpp_side *side, struct iq_request *request, const char *from,
		 const char *to);
/* Sends it. Returns 0, then done() is called once, later; ENOBUFS there are IQ_OUT_MAX, or
 * IQ_OUT_PER_DOMAIN to this domain; else as component_put(). */
int iq_out_send(struct xmpp_side *side, struct iq_request *request, iq_end_fn *done, uint64_t what);

/* An iq of type result or error: true if it ended one of ours. */
bool iq_out_answered(const struct inbound *in);
size_t iq_out_count(const struct iq_out *iq_out);
