/* Between notifier.c (life, the core, the end), subscribe_in.c (SUBSCRIBE), notify.c (NOTIFY),
 * notifier_keep.c and notifier_restore.c (restarts), fan_out.c (one change for many), watcher_row.c
 * (watcher information) and list_*.c (lists). */
#pragma once

#include "base/list.h"
#include "base/rate.h"
#include "core/pace.h"
#include "loop/loop.h"
#include "sip/event_package.h"
#include "sip/notifier.h"
#include "sip/notify_body.h"
#include "sip/watching.h"
#include "translate/watcher_info.h"

struct dialog;
struct list_watch;
struct own_lists;
struct request;
struct sip_peer;
struct subscription_row;
struct transaction;

#define NOTIFY_HAD_ANY UINT64_MAX

struct notifier {
	struct side_core *core;
	struct watchings *watchings;
	struct own_lists *own_lists;
	struct list live;  /* subscriptions that are not ended */
	struct list ended; /* subscriptions with their last NOTIFY under way */
	size_t live_count;
	size_t ended_count;
	struct list due; /* subscriptions that have a change to be told of, see fan_out.c */
	bool is_fanning;
	bool is_spreading; /* what is sent now is sent to many, see fan_out_send() */
	struct loop_timer fan_timer;
	struct notify_bodies bodies;
	void (*stopped)(void *arg);
	void *stopped_arg;
	struct loop_timer stop_timer;
	bool is_quiet;       /* stopping: the live ones go on after the next start (D-48) */
	size_t held_count;   /* answers that wait for the disk */
	struct list resumed; /* subscription.due: restored, and due for a first NOTIFY */
	struct rate resume_rate;
	struct loop_timer resume_timer;
	size_t restored;
	size_t expired;  /* while we were away */
	size_t bad_rows; /* that could not be read */
};

/* What a subscription is told. ENDED: one last NOTIFY, then it goes. */
enum subscription_state { SUBSCRIPTION_PENDING, SUBSCRIPTION_ACTIVE, SUBSCRIPTION_ENDED };

/* One dialog of a watcher. */
struct subscription {
	struct notifier *notifier;
	const struct event_package *package;
	struct looker looker;    /* not of a list: what it looks at; in no pair once ended */
	struct list_watch *list; /* of a list; else NULL */
	struct dialog *dialog;
	struct list link;      /* among the live or the ended */
	struct list due;       /* in notifier.due, or in notifier.resumed */
	struct list held;      /* answers that wait for the disk, oldest first */
	uint32_t writes_asked; /* of its row */
	uint32_t writes_done;
	struct transaction *in_flight; /* the NOTIFY under way */
	struct loop_timer timer;       /* expiry or what waits; of an ended one: patience */
	uint64_t expires_ms;           /* loop clock */
	uint64_t retry_ms;             /* something is sent then; 0: nothing */
	struct pace pace;              /* of changes (D-33) */
	const struct sip_peer *peer;   /* of the watcher's domain, or NULL */
	char *event_id;                /* Event;id=, or NULL */
	/* Of an ended one, or of a restored one that ends when its turn comes; constant text. */
	const char *reason;
	uint64_t told;    /* notify_body.digest of the last document; 0: none */
	uint64_t made_by; /* repeats_key() of the SUBSCRIBE that made it */
	uint64_t had;     /* a new one: the document that he says he has (RFC 5839); 0: none */
	uint32_t version; /* of the next document */
	unsigned retry_after_s;
	enum subscription_state state;
	enum watcher_status row; /* of watcher information: what it says of the watcher */
	enum watcher_event row_event;
	uint8_t failures;   /* NOTIFYs refused in a row without ending it */
	bool was_active;    /* its last words may carry a closed document */
	bool is_dirty;      /* something newer waits for the NOTIFY under way */
	bool is_owed;       /* and it is sent even if it says the same; or when his turn comes */
	bool is_confirmed;  /* a NOTIFY was answered 2xx (PRES-202) */
	bool is_fetch;      /* Expires 0 outside a dialog */
	bool was_refused;   /* the last SUBSCRIBE in the dialog was */
	bool was_open;      /* the last document said that he can be reached */
	bool has_row;       /* of watcher information: row is set */
	bool row_is_whole;  /* its next document is a full one */
	bool takes_deflate; /* Accept-Encoding */
	bool is_linphone;   /* and what it expects of lists */
	bool is_large;      /* a large NOTIFY is under way, */
	bool shuns_tcp;     /* and its like go by UDP: TCP was of no use (D-40) */
	bool is_restored;   /* from its row */
	bool is_resumed;    /* restored, and told nothing since */
	bool is_row_old;    /* the last write of its row failed */
};

/* notifier.c ----------------------------------------------------------------------------------- */

/* Whether the core is told that the last looker of the pair went (never from inside side_ops). */
enum notifier_tell { NOTIFIER_TELL_CORE, NOTIFIER_CORE_KNOWS };

/* Takes looker out of its pair, if it is in one. */
void notifier_leave(struct notifier *notifier, struct looker *looker, enum notifier_tell tell);
/* notifier_access.c: who looks, as the core is to know him: watcher (notifier_pair_watcher()), or
 * by himself where the access rules forbid it to him. Borrows the arguments. */
const struct address *notifier_watcher_of(const struct notifier *notifier,
					  const struct address *watcher, const struct address *by,
					  const struct address *watched);
/* Makes a subscription ENDED with reason (constant) and sends its last NOTIFY. */
void notifier_end(struct subscription *subscription, const char *reason, unsigned retry_after_s,
		  enum notifier_tell tell);
/* Removes it without a word to the watcher; the core is told. */
void notifier_remove(struct subscription *subscription);
/* Sets the timer to what comes next. */
void notifier_arm(struct subscription *subscription);
/* Frees what is in no pair and in no transaction's hands but its own. */
void notifier_free_subscription(struct subscription *subscription);
/* It was granted: it counts and is in the list of the live. */
void notifier_add(struct subscription *subscription);
/* Makes it ENDED; the NOTIFY and the lists are the caller's. */
void notifier_set_ended(struct subscription *subscription, const char *reason,
			unsigned retry_after_s);
/* The words for an answer that ends a subscription. */
const char *notifier_reason(enum watch_answer answer);
/* The pair that a user asks for: himself, or the domain that watches in his place (D-18). Both
 * are copied; the caller clears them. */
void notifier_pair_watcher(const struct notifier *notifier, const struct address *user,
			   struct address *out);

/* False: by asks for too many new pairs in a minute. That is the core's to say, which knows the
 * restored ones, but for those in whose place their domain watches (D-18, D-55). */
bool notifier_may_ask(struct notifier *notifier, const struct address *by,
		      const struct watch *watch);

/* notifier_keep.c ------------------------------------------------------------------------------
 */

/* Answers request with status, when the row of the subscription is on disk (REL-001); at once
 * without a keeper, and for what has no row. NOTIFYs wait until then. is_new: 503 if it cannot be
 * written, and the subscription is gone. */
void notifier_keep_answer(struct subscription *subscription, struct request *request, int status,
			  unsigned expires_s, bool is_new);
/* True if no more answers may wait. */
bool notifier_is_held_up(const struct notifier *notifier);
/* Writes the row; after it what was put off is sent. */
void notifier_keep(struct subscription *subscription);
/* It ends: answers what waits, and drops the row. */
void notifier_unkeep(struct subscription *subscription);
/* Drops what waits for an answer. */
void notifier_drop_held(struct subscription *subscription);

/* notifier_restore.c ---------------------------------------------------------------------------
 */

/* A restored one has news, or its first state: it is told when its turn comes. */
void notifier_resume_later(struct subscription *subscription);
/* True while nobody has said, since the start, what it would be told. */
bool notifier_is_waiting(const struct subscription *subscription);

/* notify.c ------------------------------------------------------------------------------------- */

/* Sends what is due: the state of the subscription, with presence (NULL: no document) when it is
 * active. While a NOTIFY is under way it only remembers (EVT-038). */
void notify_send(struct subscription *subscription, const struct presence *presence);
/* The same, asking the core for the present state. */
void notify_send_current(struct subscription *subscription);
/* What held up a NOTIFY (the disk) is over: what came up meanwhile is sent. */
void notify_go_on(struct subscription *subscription);
/* What was put off is due: a change, or what failed. */
void notify_due(struct subscription *subscription);
/* A change: presence may be the same in the eyes of this watcher, and waits for its pace (D-33).
 * The documents of notifier.bodies are presence's. */
void notify_change(struct subscription *subscription, const struct presence *presence);
/* What the document of presence means (0: none), and its entity tag (RFC 5839), appended. */
uint64_t notify_digest(struct subscription *subscription, const struct presence *presence);
void notify_put_tag(uint64_t digest, struct buf *out);
/* The digest of a tag, NOTIFY_HAD_ANY of "*", 0 of what is no tag of ours or NULL. */
uint64_t notify_read_tag(const char *tag);
/* What is known of a pair, or NULL; valid until the next call into the core. */
const struct presence *notify_presence(struct notifier *notifier, const struct watching *watching);

/* fan_out.c ------------------------------------------------------------------------------------ */

/* A change of the pair for all of its lookers: at once when they are few, else some at a time, each
 * told what is newest then. */
void fan_out(struct notifier *notifier, struct watching *watching, const struct presence *presence);
bool fan_out_is_many(const struct watching *watching);
/* As notify_send(), for one of many while notifier.is_spreading: when his turn comes, with what is
 * known then. */
void fan_out_send(struct subscription *subscription, const struct presence *presence);
/* What was put off is due; many may be due at the same moment. */
void fan_out_later(struct subscription *subscription);
void fan_out_free(struct notifier *notifier);

/* watcher_row.c -------------------------------------------------------------------------------- */

/* The row of a subscription to watcher information that begins; false if its user does not watch
 * (EVT-052). */
bool watcher_row_begin(struct subscription *subscription, const struct watching *watching,
		       const struct watch_user *by);
/* The pair has a new state: all who are informed hear of their own row. */
void watcher_row_all(struct watching *watching, enum watcher_status status,
		     enum watcher_event event);
/* by began or ended to watch. */
void watcher_row_user(struct watching *watching, const struct watch_user *by,
		      enum watcher_status status, enum watcher_event event);
/* After a restart, when all are restored: what it is now. */
void watcher_row_restore(struct subscription *subscription);
/* Appends the document. */
void watcher_row_write(struct subscription *subscription, struct buf *out);
