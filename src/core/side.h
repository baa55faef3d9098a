/* The seam between the core and the two protocols. Both sides implement struct side_ops; events
 * come in through bridge.h. Nothing here waits, arguments are borrowed for the call, and a side
 * never calls bridge_*() from inside one of these calls: it uses loop_defer(). */
#pragma once

#include "model/address.h"
#include "model/exchange.h"
#include "model/fault.h"
#include "model/message.h"
#include "model/presence.h"

/* Whose eyes a source serves (D-17): one watcher's, or those of all. */
enum scope { SCOPE_WATCHER, SCOPE_COMMON };

/* A directed pair as it is handed across the seam. */
struct watch {
	exchange_id x; /* log key of what is going on with the pair */
	enum scope scope;
	const struct address *watcher;
	const struct address *watched;
	const char *nick; /* display name of the watcher for a first question, or NULL (D-32) */
};

/* What became known of a question. The watched's side tells it to the core, the core tells it to
 * the watcher's side. */
enum watch_answer {
	WATCH_ALLOWED,   /* NOTIFY active; presence subscribed */
	WATCH_PENDING,   /* nobody has decided: NOTIFY pending; silence on XMPP */
	WATCH_REJECTED,  /* the watched (or the watcher himself) ended it: NOTIFY
			  * terminated;reason=rejected; unavailable + unsubscribed */
	WATCH_FORBIDDEN, /* the other server refuses: 403, 603 (D-14) */
	WATCH_NO_SUCH, /* 404 604 410 484 405 501 489 (D-14); presence error item-not-found, gone */
	WATCH_FAILED   /* temporary; the side goes on trying by itself with growing delay */
};

/* Why a source is no longer wanted. */
enum unwatch_why {
	UNWATCH_REST, /* nobody looks now, the authorization stays: end the SIP dialog; no stanza */
	UNWATCH_END   /* the authorization ended: SIP Expires 0; XMPP unsubscribe */
};

/* What became of something handed to a side; exactly one per exchange (design-in 6). */
enum outcome {
	OUTCOME_TAKEN,   /* the other side took it over: SIP 200, nothing on XMPP */
	OUTCOME_STORED,  /* safe in our store: SIP 202, nothing on XMPP; how it ended is told, if
			  * it fails or was asked for, by deliver() of a report */
	OUTCOME_REFUSED, /* with a fault */
	OUTCOME_UNKNOWN  /* handed over, no word: SIP 504, remote-server-timeout */
};

struct side_ops {
	/* The watched lives on this side ------------------------------------------------------ */

	/* Ask for and keep up a source of watched for this watcher until unwatch. Repeating it is
	 * harmless: SIP starts a dialog only if none lives; XMPP sends subscribe only if ask. */
	void (*watch)(void *side, const struct watch *watch, bool ask);
	void (*unwatch)(void *side, const struct watch *watch, enum unwatch_why why);
	/* Have the current state told again: XMPP probe; SIP nothing if a dialog lives. */
	void (*refresh)(void *side, const struct watch *watch);

	/* The watcher lives on this side ------------------------------------------------------ */

	/* Tell the watcher what became of his question, or that it ended. fault may be NULL. now is
	 * his first state with WATCH_ALLOWED, NULL if nothing is known (SIP: no body; XMPP:
	 * unavailable, PRES-047). */
	void (*answer)(void *side, const struct watch *watch, enum watch_answer answer,
		       const struct fault *fault, const struct presence *now);
	/* Show a granted watcher the present state; NULL: unknown (shown as unavailable/closed).
	 * The core has compared, coalesced and paced (D-33): send it now. */
	void (*tell)(void *side, const struct watch *watch, const struct presence *presence);
	/* Only what the watched says of himself beside his devices changed, and nothing that tell()
	 * shows (X0163-2: mood, activity, name). Coalesced and paced like it. May be NULL. */
	void (*tell_person)(void *side, const struct watch *watch, const struct presence *presence);

	/* True while so much waits to be written toward watchers on this side that the core should
	 * keep what it would tell: it looks again soon, and then tells what is true by then, so
	 * that a storm on the other side costs neither memory nor the link (REL-046). link: which
	 * of the side's (bridge_link()). May be NULL. */
	bool (*is_full)(void *side, unsigned link);

	/* Messages ---------------------------------------------------------------------------- */

	/* Hand message (a text, or a report about one of this side's users, message.h) to the
	 * recipient on this side; end with bridge_outcome(x) exactly once. fault.again says whether
	 * the core may try it again; a repetition has the same uid. */
	void (*deliver)(void *side, exchange_id x, const struct address *from,
			const struct address *to, const struct message *message);
	/* An exchange that this side began with bridge_message() ended; called exactly once for
	 * each. fault is set for OUTCOME_REFUSED and OUTCOME_UNKNOWN, else NULL. */
	void (*finish)(void *side, exchange_id x, enum outcome outcome, const struct fault *fault);

	/* Show to that from is composing, or not any more. The core repeats is_active in time
	 * (typing->refresh_s, 90) and says when it ends. Nobody hears what became of it; the side
	 * leaves it out where the other end is not known to understand it (D-41, TYPE-033). May be
	 * NULL. */
	void (*typing)(void *side, const struct address *from, const struct address *to,
		       const struct typing *typing);
};
