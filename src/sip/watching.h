/* The book of the notifier: pairs with live subscriptions, who looks at each, and how many each
 * watcher and watched user has (D-55). A pair is the core's: its watcher is a SIP user, or the SIP
 * domain that stands for all of its users (D-18); who looks is always a user. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/rate.h"
#include "core/side.h"

struct watchings;

/* One SIP user with subscriptions, as he is. Private to watching.c but for new_pairs, and for
 * is_looking, which is false between calls. */
struct watch_user {
	size_t live;
	void *key;
	size_t key_len;
	struct rate new_pairs; /* of one whose domain watches in his place */
	bool has_rate;
	bool is_looking;
};

enum looker_kind {
	LOOKER_ALONE,   /* a subscription of its own (struct subscription) */
	LOOKER_MEMBER,  /* one of a list (struct list_member) */
	LOOKER_INFORMED /* watcher information: it keeps no pair alive */
};

/* One subscription, or one member of a list, of one pair. Embedded in its owner; zeroed is in no
 * pair. */
struct looker {
	struct list link;
	struct watching *watching;
	struct watch_user *by;
	enum looker_kind kind;
};

/* A directed pair. */
struct watching {
	struct address watcher;
	struct address watched;
	struct list lookers;
	struct list informed; /* those of LOOKER_INFORMED */
	size_t count;         /* lookers */
	bool is_unknown;      /* last told: nothing is known of the watched any more */
	bool is_waiting;      /* since the start nothing was told of him: nobody knows yet */
};

struct watchings *watchings_new(void);
/* Frees the book; it must be empty of lookers. */
void watchings_free(struct watchings **watchings);
size_t watchings_count(const struct watchings *watchings);

struct watching *watchings_find(const struct watchings *watchings, const struct address *watcher,
				const struct address *watched);
/* Finds or makes. */
struct watching *watchings_get(struct watchings *watchings, const struct address *watcher,
			       const struct address *watched);
/* Adds to and takes from a pair; by: who looks. watching_take() frees the pair with its last
 * looker of any kind; it returns true if it was the last that keeps the pair alive. */
void watching_put(struct watchings *watchings, struct watching *watching, struct looker *looker,
		  const struct address *by);
bool watching_take(struct watchings *watchings, struct looker *looker);
/* One of by's lookers in the pair that is not except (may be NULL), or NULL. */
struct looker *watching_find_other(const struct watching *watching, const struct watch_user *by,
				   const struct looker *except);

/* Who looks; the caller clears *out. */
void watch_user_address(const struct watch_user *user, struct address *out);

/* Watchers with a subscription. */
size_t watchings_users(const struct watchings *watchings);
size_t watchings_of_watcher(const struct watchings *watchings, const struct address *watcher);
size_t watchings_of_watched(const struct watchings *watchings, const struct address *watched);
/* The user who looks, or NULL if he has nothing yet. */
struct watch_user *watchings_user(const struct watchings *watchings, const struct address *watcher);
