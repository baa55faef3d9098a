/* Personal eventing, receiving (XEP-0163): mood, activity and name of chat users whom SIP users
 * watch. The chat server sends an event when something changes, to those whose presence says that
 * they want it (X0163-1); what was missed while the link was down is asked for, paced. What is
 * known is kept for each pair alone: what one watcher was told is not for another (PRES-126). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct address;
struct inbound;
struct pep_in;
struct xmpp_side;

enum {
	PEP_IN_MAX = 16384,    /* pairs */
	PEP_PULLS_MAX = 16,    /* pairs that are asked for at a time */
	PEP_PULL_EVERY_MS = 20 /* the next one not before */
};

struct pep_in *pep_in_new(struct xmpp_side *side);
void pep_in_free(struct pep_in **pep_in);

/* A message: true if it is an event, which is never a text and never answered. */
bool pep_in_take(const struct inbound *in);
/* Available presence of the sender for the SIP user, after the core has heard of it. */
void pep_in_seen(const struct inbound *in);
/* Their pair ended: what the SIP user was told counts no longer. */
void pep_in_forget(const struct inbound *in);
/* The SIP user is shown available to the chat user, or not: the chat server sends events only to
 * contacts that are there. */
void pep_in_shown(struct xmpp_side *side, const char *sip_bare, const char *chat_bare,
		  bool is_open);
/* A stream is up: what was said meanwhile is asked for. */
void pep_in_link_up(struct xmpp_side *side);
/* The name that the chat user gave himself, as the SIP user was told; NULL: none. */
const char *pep_in_name(const struct xmpp_side *side, const char *sip_bare, const char *chat_bare);
size_t pep_in_count(const struct pep_in *pep_in);
