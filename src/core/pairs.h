/* The pairs kept in memory, found by their two ends, and the users at those ends. Private to the
 * core: its parts share the fields. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "core/pace.h"
#include "core/pair.h"
#include "loop/loop.h"
#include "store/store.h"

struct book_entry;
struct bridge;
struct pairs;
struct side_link;

/* An address that is an end of at least one pair; lives as long as it is. */
struct user {
	struct address address;
	struct list watching;  /* pair.by_watcher */
	struct list watched;   /* pair.by_watched */
	struct list interest;  /* in one of the bridge's lists while a source of his lives (D-20) */
	uint64_t sign_ms;      /* last sign of life, or when he went */
	struct rate news;      /* limits.new_watches_per_minute */
	struct rate questions; /* limits.questions_per_minute */
	uint32_t live_watching; /* pairs with a living source */
	uint32_t live_watched;
	uint32_t open_questions;
	uint32_t open_views; /* watchers who see him open */
	bool is_gone;        /* known to be offline */
	bool is_resting;     /* his sources were ended */
	bool is_suppressed;  /* something was not shown to him because he is gone (PRS-008) */
};

/* What is still to be done for a pair when its turn in an outward queue comes. */
enum owed {
	OWED_ASK = 1 << 0,
	OWED_WATCH = 1 << 1,
	OWED_REFRESH = 1 << 2,
	OWED_SHOW = 1 << 3,
	OWED_ANSWER = 1 << 4
};

struct pair {
	struct pair_row row; /* the parts of its addresses belong to the users */
	struct user *watcher;
	struct user *watched;
	struct list all;
	struct list by_watcher;
	struct list by_watched;
	struct list outward[2]; /* in the queue toward that side */
	struct list shows;      /* something may have to be told, after this call chain, or when
				 * the side of the watcher has room */
	struct list by_chat;    /* among the pairs of chat */
	struct list recall;     /* its row of presence is to be written */
	struct bridge *bridge;  /* for the timer */
	struct side_link *chat; /* the stream that its SIP end is served by (D-02) */
	struct book_entry *entry;
	exchange_id x;
	uint64_t told;        /* digest of what the watcher was shown; 0: nothing yet */
	uint64_t told_person; /* digest of what he was told beside it (tell_person); 0: nothing */
	struct pace pace;
	struct loop_timer timer; /* the earlier of pace.due_ms and doubt_ms */
	uint64_t doubt_ms;       /* what is not heard of until then is unknown; 0: no doubt */
	uint64_t told_ms;        /* when that was; 0: before the start */
	uint64_t save;           /* number of the last write of its row */
	uint64_t entered_ms;     /* came into its state, or was asked again; 0: before the start */
	uint64_t said_ms;        /* the watcher was given an answer */
	uint64_t refresh_due_ms; /* no probe for a fetch before that (PRES-165) */
	uint64_t whole_until_ms; /* every device of his is told: a grant or a probe was before */
	uint16_t acts;           /* acts queued that point here */
	uint8_t owed[2];         /* enum owed, by the side it goes to */
	uint8_t answer_owed;     /* 1 + enum watch_answer that his link was down for; 0: none */
	bool told_open;
	bool is_unsaved;     /* its row waits until the answer is said: a start would ask again */
	bool is_recalled;    /* what is known is from before the start; nothing was heard since */
	bool has_row;        /* what its source told last may be in the store */
	bool is_row_dropped; /* it was, and is not any more */
	bool is_row_old;     /* recall.old counts it */
	bool is_live;        /* its source is wanted: watch was called, or is queued */
	bool is_barred;      /* the access rules forbid it, and that has been seen to */
	bool doubts_all;     /* at doubt_ms everything is unknown, not only what was not heard of */
};

void pairs_new(struct pairs **out);
/* Frees all pairs and users. */
void pairs_free(struct pairs **pairs);
size_t pairs_count(const struct pairs *pairs);
/* Head of all pairs, in the order they were made (pair.all). */
struct list *pairs_all(struct pairs *pairs);

struct user *pairs_find_user(struct pairs *pairs, const struct address *address);
struct pair *pairs_find(struct pairs *pairs, const struct address *watcher,
			const struct address *watched);
/* Finds it or makes it in PAIR_NONE. */
struct pair *pairs_make(struct pairs *pairs, const struct address *watcher,
			const struct address *watched, struct bridge *bridge, uint64_t now_ms);
/* Frees a pair that is in no queue, and its ends if this was their last pair. */
void pairs_remove(struct pairs *pairs, struct pair *pair);
