/* Messages that have not ended: by lane (a directed pair), in the order of acceptance, counted in
 * all and by sender, found by when they expire. A structure without time, store or sides: those are
 * bridge_queue.c. On the hot path: no scans. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/backoff.h"
#include "base/list.h"
#include "loop/loop.h"
#include "model/address.h"
#include "model/exchange.h"
#include "model/message.h"

struct exchange;
struct queue;

/* What one sender has in the queue. */
struct queue_user {
	size_t count;
	size_t bytes;
	size_t lanes;
};

/* Where lanes go: one domain of one side, over one link. When one of its lanes gets through, others
 * may. */
struct queue_peer {
	struct list hoping; /* queue_lane.hope */
	bool is_broken;     /* as was told (QUEUE_WAITS) */
	uint64_t heard_ms;  /* when it answered last; 0: not yet */
	size_t lanes;
	size_t sent;    /* of all of them, handed over without word */
	size_t unknown; /* hand-overs that ended so, since the last answer */
};

/* A directed pair with items. Lives as long as it has some, and some while after. */
struct queue_lane {
	struct address from;
	struct address to;
	struct list all;
	struct list items; /* queue_item.place */
	size_t kept;       /* of them, those that are in the store or on the way there */
	size_t sent;       /* of them, handed over without word */
	size_t held;       /* by items that ended, until that is on disk: it stays, and waits */
	bool is_idle;      /* nothing of it is left: only found again by queue_lane() */
	struct queue_user *user;
	struct queue_peer *peer;
	/* The owner's: */
	void *owner;
	struct list place; /* in one of its lists */
	struct list hope;  /* in peer->hoping */
	struct loop_timer timer;
	struct backoff backoff;
	bool is_careful; /* its first item is handed over alone */
	bool was_early;  /* and in vain: it waits for its own time */
	bool is_calming; /* it has a receipt alone, which waits for a lower load */
};

/* What a hand-over alone adds to queue_item.tries; one beside others adds 1. Who has so many at a
 * start did it. */
enum { QUEUE_TRIES_ALONE = 2 };

enum queue_write { WRITE_NEW, WRITE_TRIES, WRITE_CALM, WRITE_REPORT, WRITE_ASIDE };

struct queue_item {
	struct list place;       /* in lane->items */
	struct queue_lane *lane; /* NULL: set aside, or over */
	char *value;             /* message_encode() */
	size_t value_len;
	struct queue_lane *holds; /* its lane before it failed, or NULL */
	char *uid;                /* of the message in it; NULL if it cannot be read */
	int64_t seq;
	int64_t accepted_ms; /* of a clock that does not step */
	int64_t expires_s;   /* of any clock that does not step */
	size_t heap_place;   /* from 1; 0: not there */
	/* The owner's: */
	struct list write;         /* among the rows to be written, later */
	struct list turn;          /* among those that wait for proof, or to be dropped */
	struct exchange *exchange; /* under way, or NULL */
	exchange_id x;
	uint8_t what;    /* enum message_what */
	uint8_t writing; /* enum queue_write of the last row written */
	uint8_t tries;   /* REL-006 */
	uint8_t unknowns;
	uint8_t calls;      /* of the store, under way for its row */
	uint8_t failures;   /* of those that are tried a few times */
	uint8_t last_fault; /* enum fault_code of the last try */
	bool is_kept;
	bool is_stored; /* its row is there */
	bool is_sent;
	bool is_over;
	bool is_expired;
	bool was_sent;        /* at least once since the start */
	bool is_uncertain;    /* at least once without word: it may have been delivered */
	bool is_doubted;      /* did it, or one beside it */
	bool is_tried;        /* handed over as a suspect, or about to be (REL-006) */
	uint64_t tried_ms;    /* since when */
	bool is_aside;        /* in quarantine: */
	struct address *ends; /* its sender and recipient, owned */
};

void queue_new(struct queue **out);
/* Frees all items and lanes. */
void queue_free(struct queue **queue);

/* The lane, made if there is none; let go of it when it stayed empty. */
struct queue_lane *queue_lane(struct queue *queue, const struct address *from,
			      const struct address *to);
/* NULL if there is none. */
struct queue_lane *queue_find_lane(struct queue *queue, const struct address *from,
				   const struct address *to);
/* Lets go of the lane if it has no items and is not held: its timer is cancelled and it is taken
 * out of all lists. It, or another one, is freed. */
void queue_let_go(struct queue *queue, struct queue_lane *lane);
static inline struct queue_item *queue_lane_first(const struct queue_lane *lane)
{
	return list_is_empty(&lane->items) ? NULL
					   : LIST_ENTRY(lane->items.next, struct queue_item, place);
}

/* A new item; value is taken. It is in no lane yet. */
struct queue_item *queue_item_new(char *value, size_t value_len);
/* Puts it at its place by seq: nearly always the end. */
void queue_put(struct queue_lane *lane, struct queue_item *item);
/* From now on it counts and expires. lane may be NULL (set aside). */
void queue_keep(struct queue *queue, struct queue_item *item);
/* Its value is replaced (value is taken). */
void queue_replace(struct queue *queue, struct queue_item *item, char *value, size_t value_len);
/* Out of its lane, the counts and the order of expiry; it stays in being. The lane is not freed. */
void queue_take_out(struct queue *queue, struct queue_item *item);
/* After queue_take_out(). Out of the owner's lists as well. */
void queue_item_free(struct queue_item *item);
/* Expires next, or NULL. */
struct queue_item *queue_next_to_expire(const struct queue *queue);
/* It does not expire any more. */
void queue_stay(struct queue *queue, struct queue_item *item);

size_t queue_count(const struct queue *queue);
size_t queue_bytes(const struct queue *queue);
/* queue_lane.all of all lanes. */
struct list *queue_lanes(struct queue *queue);
