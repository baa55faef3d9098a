/* The core: who may watch whom, what each watcher is shown, and one outcome for each message. It
 * knows neither protocol; sides report here, the core asks through struct side_ops. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/access.h"
#include "core/side.h"
#include "store/store.h"

enum queue_event {
	QUEUE_WAITS, /* the way to a domain is broken, messages wait for it */
	QUEUE_GOES,  /* that domain has answered again */
	QUEUE_FULL   /* a message was refused for want of room */
};

struct access;
struct bridge;
struct counters;
struct limits;
struct load;
struct loop;
struct presence_rules;

/* Policy and surroundings; everything is borrowed until bridge_free. */
struct bridge_params {
	struct loop *loop;
	struct store *store;
	const struct limits *limits;
	struct counters *counters;
	const struct load *load;     /* REL-042: how long what can wait waits; or NULL */
	const struct access *access; /* who may watch or write to whom; NULL: everybody */
	/* D-03: may this XMPP user use the bridge (and be reached over it)? */
	bool (*may_use)(const struct address *xmpp_user, void *arg);
	/* D-47: is he told why the SIP side refused, before he was granted anything there? NULL:
	 * who may use the bridge is. */
	bool (*is_named)(const struct address *xmpp_user, void *arg);
	/* Does this SIP domain belong to the bridge (domains[].sip)? */
	bool (*is_served)(const struct address *sip_user, void *arg);
	/* D-02: the number, from 0, of the component stream that serves this SIP user. NULL, or
	 * link_count below 2: there is one. */
	unsigned (*link_of)(const struct address *sip_user, void *arg);
	unsigned link_count;
	/* A pair changed state; for the log (may be NULL). */
	void (*pair_changed)(const struct watch *watch, enum pair_state from, enum pair_state to,
			     const struct fault *why, void *arg);
	/* A message that was accepted failed later, or was set aside after crashes (REL-006); for
	 * the log (may be NULL). uid may be NULL: its row cannot be read. */
	void (*message_failed)(const struct address *from, const struct address *to,
			       const char *uid, const struct fault *why, bool is_quarantined,
			       void *arg);
	/* What goes on in the queue; for the log (may be NULL). why is NULL with QUEUE_GOES. */
	void (*queue_told)(enum queue_event event, const struct address *from,
			   const struct address *to, const struct fault *why, void *arg);
	void *arg;
	/* What a chat user sees of a phone (D-27); NULL: the built-in table in English. */
	const struct presence_rules *rules;
	int64_t ask_again_s;    /* presence.ask_again, 7 d (D-13) */
	int64_t refusal_hold_s; /* presence.refusal_hold, 24 h (D-14) */
	int64_t hold_s;         /* presence.hold, 30 s (D-26) */
	int64_t answer_s;       /* a message without word for so long is OUTCOME_UNKNOWN: 40 s */
	int64_t life_s;         /* messages.life, 24 h (D-37) */
	int64_t hold_unavailable_s; /* messages.hold_unavailable, 0 (D-37) */
	int64_t store_after_ms;     /* 0: 500; a SIP sender is answered 202 after so long (D-36) */
	bool reports_late_failures; /* messages.late_failure = message (D-39) */
};

int bridge_new(struct bridge **out, const struct bridge_params *params);
void bridge_attach(struct bridge *bridge, enum side which, const struct side_ops *ops, void *side);
/* Reads the pairs from the store, starts what must live; done(error, arg) once. */
void bridge_start(struct bridge *bridge, store_done_fn *done, void *arg);
/* False after a long absence, as long as the store has something of before that the next start must
 * not take for known: until then the last sign of life stays the one of before (D-49). */
bool bridge_is_settled(const struct bridge *bridge);
/* Before bridge_stop(): the queue hands over nothing more. True while a sender has no answer yet,
 * or something that was handed over no word, or its row is still there: a start would send it
 * again. To be called again, a little later, for as long as one cares to wait. */
bool bridge_drains(struct bridge *bridge);
/* D-48: with tell, says goodbye to all watchers (the sides pace it); our own subscriptions are the
 * sides' to keep or to end. After that every event is ignored. Open messages end as
 * OUTCOME_UNKNOWN. */
void bridge_stop(struct bridge *bridge, bool tell);
/* Goodbyes that a full side did not take are said when it has room: to be called again, a little
 * later, until it returns true. */
bool bridge_stop_more(struct bridge *bridge);
void bridge_free(struct bridge **bridge);

/* A link came up or went down: on XMPP that of one component (params.link_of), on SIP link 0; at
 * first SIP is up and XMPP is down. Down for hold_s: the users who are reached over it are shown
 * unknown to those on the other side; up: what must be said again is said (PRS-006, PRS-007),
 * paced. It is no matter of the other links (D-02). */
void bridge_link(struct bridge *bridge, enum side which, unsigned link, bool is_up);

/* REL-016: after crashes. Nobody's subscription that is not known yet is begun: asked for anew it
 * is WATCH_FAILED, "not now"; what is known goes on, and so do messages. At first false. */
void bridge_set_cautious(struct bridge *bridge, bool is_cautious);

/* Reported by the watcher's side --------------------------------------------------------------- */

/* The watcher asks (SIP: a new dialog; XMPP: subscribe). Returns what to tell him now; with
 * WATCH_ALLOWED *now is the presence known (valid until the next call into the bridge) or NULL.
 * Otherwise *fault says why: WATCH_REJECTED he was refused before (D-13) or it has ended;
 * WATCH_FORBIDDEN, _NO_SUCH he may not ask that; WATCH_FAILED not now (a limit, a start), which
 * says nothing of an authorization, so no unsubscribed (SUBX-011). A later change of mind comes
 * through ops->answer. */
enum watch_answer bridge_watch_requested(struct bridge *bridge, const struct watch *watch,
					 const struct presence **now, struct fault *fault);
/* A SIP watcher whose dialog lives on over a restart (REL-012), before or after the links are up.
 * Nobody is asked, no limit holds (D-55), and nothing is returned that would be shown: what he saw
 * before stands, until the state is known to be true, or the hold is over; then he is told once, by
 * ops->tell (D-49). WATCH_ALLOWED and WATCH_PENDING: his dialog goes on as it was. Else *fault says
 * why it cannot; with WATCH_FAILED he should subscribe anew. */
enum watch_answer bridge_watch_restored(struct bridge *bridge, const struct watch *watch,
					struct fault *fault);
/* As a fetch (SIP Expires 0 out of dialog): creates nothing; asks for fresh state if none is known
 * and the pair is granted. */
enum watch_answer bridge_fetch(struct bridge *bridge, const struct watch *watch,
			       const struct presence **now);
/* SIP: the last dialog of the pair is gone; the authorization stays (PRES-099). */
void bridge_watch_lapsed(struct bridge *bridge, const struct watch *watch);
/* XMPP unsubscribe: the authorization ends. The core answers with ops->answer(WATCH_REJECTED). */
void bridge_watch_withdrawn(struct bridge *bridge, const struct watch *watch);
/* XMPP probe: the watcher came online or asks for the present state (D-16, D-20). Returns as
 * bridge_watch_requested; WATCH_PENDING means: say nothing. */
enum watch_answer bridge_probed(struct bridge *bridge, const struct watch *watch,
				const struct presence **now, struct fault *fault);
/* A sign of life of an XMPP user (presence, message, iq), or that his last resource went (D-20). */
void bridge_user_seen(struct bridge *bridge, const struct address *user, bool is_online);

/* May the watcher see the watched, by all that is known now? *now (may be NULL) is then what is
 * known of him, valid until the next call, or NULL. Asks nobody and changes nothing. */
bool bridge_may_see(struct bridge *bridge, const struct address *watcher,
		    const struct address *watched, const struct presence **now);

/* May the watcher see the watched by the access rules, whatever the watched himself says? */
bool bridge_may_watch(struct bridge *bridge, const struct address *watcher,
		      const struct address *watched);
/* What the rules let from do to to (access.h), and which of them says so (-1: none). */
enum access_may bridge_access(struct bridge *bridge, const struct address *from,
			      const struct address *to, int *rule);
/* Other rules from now on (borrowed as those before, which are not used any more): who may not see
 * somebody any more sees him go, at once. */
void bridge_set_access(struct bridge *bridge, const struct access *access);

/* Reported by the watched's side --------------------------------------------------------------- */

void bridge_watch_answered(struct bridge *bridge, const struct watch *watch,
			   enum watch_answer answer, const struct fault *fault);
/* A whole document: replaces what the source said before (SIP NOTIFY). */
void bridge_presence(struct bridge *bridge, const struct watch *watch,
		     const struct presence *presence);
/* One resource (XMPP presence stanza): device->id NULL and closed means all are gone (PRES-122).
 * Ignored unless the pair is granted (PRS-010). */
void bridge_device(struct bridge *bridge, const struct watch *watch, const struct device *device);

/* What a chat user says of himself beside his devices (PEP: mood, activity, nick): replaces what
 * was said before. As bridge_device() otherwise. */
void bridge_person(struct bridge *bridge, const struct watch *watch, const struct person *person);

/* Messages ------------------------------------------------------------------------------------- */

/* A text arrived on side origin; ends with that side's ops->finish(x) exactly once, later, also
 * when it is refused at once. x is new and unique (exchange_new). With OUTCOME_STORED it is in the
 * queue (D-36, D-37); if it fails later, the sender is told by deliver() of a report on his side,
 * with message->origin. message->uid is set; uids of chat users' messages are random, those of SIP
 * users' the same for each repetition of the request. */
void bridge_message(struct bridge *bridge, enum side origin, exchange_id x,
		    const struct address *from, const struct address *to,
		    const struct message *message);
/* What became of a delivery asked for with ops->deliver. Only the first word counts. */
void bridge_outcome(struct bridge *bridge, exchange_id x, enum outcome outcome,
		    const struct fault *fault);

/* Side origin reports of a message that went there: from was its recipient, to its sender, uid the
 * message's own. Dropped when the two do not match it (RCPT-051, RCPT-063), when it was not asked
 * for, when it was told before or is too late (RCPT-023, RCPT-062). fault only with REPORT_FAILED:
 * it is told to a sender who asked for it, or, of a message that was accepted, by a text (D-39). */
void bridge_report(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const char *uid, enum report_kind kind,
		   const struct fault *fault);

/* from is composing a message to to, or not any more (file 07 C). */
void bridge_typing(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const struct typing *typing);

struct learned;
/* What peers and users can take (learned.h). */
struct learned *bridge_learned(struct bridge *bridge);

/* For the control commands --------------------------------------------------------------------- */

typedef void bridge_pair_fn(const struct pair_row *row, const struct presence *now, void *arg);
/* Pairs of which address (may be NULL: all) is one end. */
void bridge_each_pair(struct bridge *bridge, const struct address *address, bridge_pair_fn *each,
		      void *arg);
size_t bridge_pair_count(const struct bridge *bridge);
size_t bridge_message_count(const struct bridge *bridge);

/* Messages that are remembered because their senders may still be told something of them. They stay
 * for a time after they were delivered, so that both numbers grow for as long under steady load. */
struct receipt_facts {
	size_t asked;   /* for: limits.receipts, 7 days, in the store */
	size_t unasked; /* texts of SIP users that may fail late (D-39): 20,000, 10 minutes */
};
void bridge_receipt_facts(const struct bridge *bridge, struct receipt_facts *out);

enum queued_state {
	QUEUED_READY,   /* next in turn, or being written */
	QUEUED_BEHIND,  /* behind an earlier one of its pair */
	QUEUED_WAITS,   /* for its next try, in next_ms */
	QUEUED_NO_LINK, /* its side is down */
	QUEUED_SENT,    /* handed over, without word */
	QUEUED_ASIDE    /* set aside (REL-006) */
};

/* One message of the queue, for "show queue". Borrowed for the call. */
struct queued_message {
	const struct address *from;
	const struct address *to;
	enum message_what what;
	size_t bytes;
	int64_t accepted_ms; /* wall clock */
	int64_t expires_s;
	enum queued_state state;
	uint64_t next_ms; /* until the next try, with QUEUED_WAITS; else 0 */
	const char *uid;
	const char *last; /* why the last try failed, "" if none did */
};
typedef void bridge_queued_fn(const struct queued_message *message, void *arg);
void bridge_each_queued(struct bridge *bridge, bridge_queued_fn *each, void *arg);
/* What the queue holds, for "status". accepted = delivered + refused + late + queued ... (REL-060)
 * is checked with texts. */
struct queue_facts {
	size_t messages; /* all of them, reports too */
	size_t texts;
	size_t bytes;
	size_t quarantined;
	int64_t oldest_s; /* age of the oldest that is to be delivered, 0: none */
};
void bridge_queue_facts(struct bridge *bridge, struct queue_facts *out);
/* Drops what was set aside and has this uid, by the operator's word; its sender was told long ago.
 * What waits for delivery is none of this. Returns 0; ENOENT; EBUSY while its row is being written.
 */
int bridge_drop_aside(struct bridge *bridge, const char *uid);
/* Ends a pair or a refusal by the operator's word (D-13). Returns 0 or ENOENT. */
int bridge_forget(struct bridge *bridge, const struct address *watcher,
		  const struct address *watched);
