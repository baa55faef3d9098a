/* The presence of the components themselves (PRS-012): available while the link is up, for those
 * who subscribed to one, and for those who let a SIP domain watch them (D-18), so that their chat
 * server tells it their moods (XEP-0163). Whom it was told is remembered, bounded: it is taken back
 * at the end, and told again after a break of the link. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct gateway;
struct inbound;
struct presence_stanza;
struct xmpp_side;

enum {
	GATEWAY_MAX = 65536, /* users who are told */
	GATEWAY_TURN = 10,   /* so many are told again at a time, */
	GATEWAY_TURN_MS = 20 /* so often: 500 a second (D-49) */
};

struct gateway *gateway_new(struct xmpp_side *side);
void gateway_free(struct gateway **gateway);

/* Presence to a component from one who may use it. True if that was all there was to it; false for
 * answers to questions of a SIP domain and the presence of those who said yes, which go on to the
 * core. */
bool gateway_take(const struct inbound *in, const struct presence_stanza *stanza);
/* A stream is up. */
void gateway_link_up(struct xmpp_side *side);
/* CMP-013: unavailable to all who were told. False: the link is full, there are more; to be called
 * again, a little later. */
bool gateway_say_goodbye(struct xmpp_side *side);
