/* Messages on their way: one entry per exchange, found by its id, oldest first. On the hot path. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "core/side.h"

struct exchanges;
struct queue_item;

struct exchange {
	exchange_id x;
	struct exchange *next; /* in its bucket */
	struct list place;     /* in one of the lists of exchanges, or of the bridge */
	uint64_t since_ms;     /* of what it waits for */
	uint64_t user, peer;   /* of its sender, as in bridge.open_by_*, while it is open */
	enum side origin;      /* whose ops->finish() it ends with */
	bool owes_finish;
	bool is_awaited;         /* handed over, no outcome yet */
	bool from_stranger;      /* is not told why the other side refused (D-47) */
	bool is_headline;        /* not to be kept, nor reported */
	struct queue_item *item; /* what it is about, or NULL: nothing is kept of it */
	struct address *from;    /* owned; both NULL with an item */
	struct address *to;
	char *uid;           /* owned; NULL with an item */
	struct fault *fault; /* of an exchange that waits to be finished; owned */
};

void exchanges_new(struct exchanges **out);
/* Frees all entries. */
void exchanges_free(struct exchanges **exchanges);
size_t exchanges_count(const struct exchanges *exchanges);
/* x must not be there yet. It is the youngest. */
struct exchange *exchanges_add(struct exchanges *exchanges, exchange_id x, enum side origin,
			       uint64_t now_ms);
struct exchange *exchanges_find(struct exchanges *exchanges, exchange_id x);
/* It waits for something else from now on: it is the youngest. */
void exchanges_touch(struct exchanges *exchanges, struct exchange *exchange, uint64_t now_ms);
/* NULL if there is none. */
struct exchange *exchanges_oldest(struct exchanges *exchanges);
/* Takes it out of the table and of its list, and frees it. */
void exchanges_remove(struct exchanges *exchanges, struct exchange *exchange);
