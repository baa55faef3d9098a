/* Presence and subscription stanzas that we write as the server of the SIP users. */
#pragma once

#include "core/side.h"
#include "translate/presence_stanza.h"

struct xmpp_side;

/* The watched is a SIP user, the watcher a chat user. What became of his question (SUBX-003 to
 * SUBX-006): `subscribed` before the first presence, `unavailable` before `unsubscribed`. */
void presence_answer(struct xmpp_side *side, const struct watch *watch, enum watch_answer answer,
		     const struct fault *fault, const struct presence *now);
/* The present state; NULL: unknown, unavailable. id may be NULL: a fresh one. */
void presence_tell(struct xmpp_side *side, const struct watch *watch,
		   const struct presence *presence);
/* What only events tell (side.h: tell_person). */
void presence_tell_person(struct xmpp_side *side, const struct watch *watch,
			  const struct presence *presence);
/* PRES-157: nothing is known of this user, or that he is not there (presence, may be NULL):
 * unavailable from his bare JID, id mirrored if given, with the time since when (PRS-003). */
void presence_tell_nothing(struct xmpp_side *side, const struct watch *watch, const char *id,
			   const struct presence *presence);
/* PRES-155, PRS-003: the answer to a probe without authorization; the id is mirrored (PRS-005). */
void presence_deny_probe(struct xmpp_side *side, const char *from, const char *to, const char *id);

/* The watched is a chat user, the watcher a SIP user, or a SIP domain that asks from the
 * component's own JID for all its phones (D-18): subscribe, unsubscribe or probe. */
void presence_ask(struct xmpp_side *side, const struct watch *watch, enum presence_type type);
