/* Personal eventing, sending (XEP-0163): the bridge plays the PEP service of the SIP users. Mood,
 * activity and name go as events to those resources of a watcher that want them, never in presence
 * (X0163-2); what a resource was sent is remembered, so that nothing is said twice. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address;
struct buf;
struct component;
struct pep_out;
struct presence;
struct xmpp_side;

enum {
	PEP_OUT_MAX = 262144,    /* (SIP user, resource) to whom something was sent */
	PEP_WAITING_MAX = 16384, /* resources that came while their features were asked for, or
				  * while the link was full */
	PEP_OUT_AGAIN_MS = 10    /* looked at again then, while it is */
};

struct pep_out *pep_out_new(struct xmpp_side *side);
void pep_out_free(struct pep_out **pep_out);

/* What chat_bare is shown of sip_bare from now on; NULL: nothing. */
void pep_out_tell(struct xmpp_side *side, const char *sip_bare, const char *chat_bare,
		  const struct presence *presence);
/* A resource of chat is there, with the features of this key (caps_book.h), and may or may not see
 * sip. */
void pep_out_arrived(struct xmpp_side *side, const struct address *sip, const char *sip_bare,
		     const struct address *chat, const char *full_jid, uint64_t caps);
/* It went; what it was sent counts no longer. */
void pep_out_left(struct xmpp_side *side, const char *sip_bare, const char *full_jid);
/* The stream broke: who was sent what is uncertain, and is said again. Who waits, waits on. */
void pep_out_link_down(struct xmpp_side *side, const struct component *component);
void pep_out_link_up(struct xmpp_side *side);
/* The features of this key are known now, or never will be. */
void pep_out_known(struct xmpp_side *side, uint64_t caps);

/* Appends the payload of node; false: presence says nothing there. */
bool pep_out_payload(int node, const struct presence *presence, struct buf *out);
size_t pep_out_count(const struct pep_out *pep_out);
