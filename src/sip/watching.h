/* The book of the notifier: pairs with live subscriptions, their subscriptions, and how many each
 * watcher and watched user has (D-55). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "core/side.h"
#include "loop/loop.h"

struct dialog;
struct notifier;
struct sip_peer;
struct transaction;
struct watchings;

/* What a subscription is told. ENDED: one last NOTIFY, then it goes. */
enum subscription_state { SUBSCRIPTION_PENDING, SUBSCRIPTION_ACTIVE, SUBSCRIPTION_ENDED };

/* A directed pair. */
struct watching {
	struct address watcher;
	struct address watched;
	struct list subscriptions; /* live ones */
	size_t count;
};

/* One dialog of a watcher. */
struct subscription {
	struct notifier *notifier;
	struct watching *watching; /* NULL once ended */
	struct dialog *dialog;
	struct list link;              /* in watching, or among the ended */
	struct transaction *in_flight; /* the NOTIFY under way */
	struct loop_timer timer;       /* expiry or retry; of an ended one: patience */
	uint64_t expires_ms;           /* loop clock */
	uint64_t retry_ms;             /* a refused NOTIFY is sent again then; 0: none */
	const struct sip_peer *peer;   /* of the watcher's domain, or NULL */
	char *event_id;                /* Event;id=, or NULL */
	const char *reason;            /* of an ended one; constant text */
	unsigned retry_after_s;
	enum subscription_state state;
	uint8_t failures;  /* NOTIFYs refused in a row without ending it */
	bool was_active;   /* its last words may carry a closed document */
	bool is_dirty;     /* something newer waits for the NOTIFY under way */
	bool is_confirmed; /* a NOTIFY was answered 2xx (PRES-202) */
	bool is_unknown;   /* last told: nothing is known of the watched any more */
	bool is_fetch;     /* Expires 0 outside a dialog */
	bool was_refused;  /* the last SUBSCRIBE in the dialog was */
	uint64_t made_by;  /* repeats_key() of the SUBSCRIBE that made it */
};

struct watchings *watchings_new(void);
/* Frees the book; it must be empty of subscriptions. */
void watchings_free(struct watchings **watchings);
size_t watchings_count(const struct watchings *watchings);

struct watching *watchings_find(const struct watchings *watchings, const struct address *watcher,
				const struct address *watched);
/* Finds or makes. */
struct watching *watchings_get(struct watchings *watchings, const struct address *watcher,
			       const struct address *watched);
/* Adds to and takes from a pair; watching_take() frees the pair with its last subscription and then
 * returns true. */
void watching_put(struct watchings *watchings, struct watching *watching,
		  struct subscription *subscription);
bool watching_take(struct watchings *watchings, struct subscription *subscription);

/* Watchers with a subscription. */
size_t watchings_users(const struct watchings *watchings);
size_t watchings_of_watcher(const struct watchings *watchings, const struct address *watcher);
size_t watchings_of_watched(const struct watchings *watchings, const struct address *watched);
/* Calls each for every pair; each may end subscriptions of that pair. */
void watchings_each(struct watchings *watchings, bool (*each)(void *watching, void *arg),
		    void *arg);
