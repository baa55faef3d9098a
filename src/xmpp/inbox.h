/* What arrives from the chat server: addressed, authorized, measured and handed to its handler. */
#pragma once

#include <stdbool.h>

#include "model/address.h"

struct _xmpp_stanza_t;
struct component;
struct fault;
struct guard_head;
struct xmpp_side;

/* One stanza on its way through a handler; all is borrowed for the call. */
struct inbound {
	struct xmpp_side *side;
	struct component *component; /* that of `to` */
	struct _xmpp_stanza_t *stanza;
	const char *kind;
	const char *from;
	const char *to;
	const char *id;   /* or NULL */
	const char *type; /* or NULL */
	const char *from_bare;
	const char *to_bare;
	const char *from_resource; /* or NULL */
	const char *to_resource;   /* or NULL */
	struct address sender;     /* chat user or chat server; has_sender */
	struct address target;     /* SIP user, or the component itself (local ""); has_target */
	bool has_sender;
	bool has_target;
	bool is_to_component;
	bool may_use;  /* D-03 */
	bool is_known; /* his domain is the one above a component, or named in xmpp.domains */
};

/* Takes one token of the sender, and of his domain if that is not known (SEC-080, SEC-087). False:
 * over one of the rates; which one was counted. rate: enum user_rate. */
bool inbound_take(const struct inbound *in, int rate);

/* REL-042: true: take it. False: load says no; of those who may use the bridge, so many are
 * answered with an error that says to wait (REL-043), the others have none. is_answered: whether
 * there may be an answer at all. */
bool inbound_admits(const struct inbound *in, int load_class, bool is_answered);

void inbox_take(struct xmpp_side *side, struct _xmpp_stanza_t *stanza);
/* A stanza that the guard dropped: policy-violation to who sent it (SEC-053). */
void inbox_guarded(struct xmpp_side *side, const struct guard_head *head, const char *limit);

/* Answers with an error stanza from the address that was written to (CMP-024). */
void inbound_refuse(const struct inbound *in, const struct fault *fault);
/* The same for a fault without further facts. Users who may not use the bridge learn no more than
 * service-unavailable (CMP-027, D-47). */
void inbound_refuse_with(const struct inbound *in, int fault_code, const char *text);

/* The handlers. */
void handle_message(struct inbound *in);
void handle_presence(struct inbound *in);
void handle_iq(struct inbound *in);
