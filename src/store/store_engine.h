/* Between store.c and the engines: a request as a value that the engine carries out and hands back
 * in order. A new kind of data is a new table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "store/store.h"

enum store_table {
	STORE_NOTHING,
	STORE_ALIVE,
	STORE_RUN,   /* to be put: it ends, at now_s */
	STORE_CLOCK, /* to be put: all stored times move */
	STORE_PAIRS,
	STORE_SPELLINGS,
	STORE_PUBLICATIONS,
	STORE_QUEUE,
	STORE_RECEIPTS,
	STORE_PRINTS,
	STORE_LEARNED,
	STORE_DIALOGS,
	STORE_PRESENCE,
	STORE_TABLES
};

enum store_op_kind {
	STORE_OP_PUT,
	STORE_OP_DROP, /* of the item, the key alone is set */
	STORE_OP_LOAD, /* of the item, the table alone */
	STORE_OP_STOP, /* its done says that everything before it is safe */
	STORE_OP_ROWS, /* made by an engine: rows of a load, handed back before it */
};

struct store_prints {
	struct store_print *prints; /* owned */
	size_t count;
	int64_t at_s;
	int64_t forget_before_s;
};

/* One row of any table; zeroed, it holds nothing. */
struct store_item {
	enum store_table table;
	union {
		int64_t now_s; /* STORE_ALIVE, STORE_RUN */
		struct {
			int64_t by_s;
			int64_t now_s;
		} clock;
		struct pair_row pair;
		struct {
			struct address address;
			char *text;
		} spelling;
		struct publication_row publication;
		struct queue_row queued;
		struct receipt_row receipt;
		struct store_prints prints;
		struct learned_row learned;
		struct dialog_row dialog;
		struct presence_row presence;
	};
};

/* Whom the rows of a load are for, by its table. */
union store_each {
	store_pair_fn *pair;
	store_spelling_fn *spelling;
	store_publication_fn *publication;
	store_queue_fn *queued;
	store_receipt_fn *receipt;
	store_print_fn *print;
	store_learned_fn *learned;
	store_dialog_fn *dialog;
	store_presence_fn *presence;
};

struct store_op {
	struct list link; /* for the engine's queues */
	struct store *store;
	enum store_op_kind kind;
	int error;      /* set before: do nothing, only hand back */
	bool fatal;     /* REL-010 */
	bool ends_turn; /* for the engine: the last one of a turn of the loop */
	struct store_item item;
	struct store_item *rows;
	size_t row_count;
	union store_each each;
	store_done_fn *done; /* or NULL */
	void *arg;
};

/* What the store held when it was opened. */
struct store_found {
	int64_t opened_s; /* set before: the wall clock */
	unsigned crashes; /* store_crashes() */
	uint8_t key[HASH_KEY_BYTES];
	int64_t last_alive;
	int64_t newest_s; /* time of anything that happened, wall clock; 0: none */
};

struct store_engine {
	const char *name;
	/* As store_open(). */
	int (*open)(void **state, const struct store_params *params, struct store_found *found,
		    char *error, size_t error_len);
	/* Takes op; hands it back with store_op_finish(), from the loop, in order. */
	void (*submit)(void *state, struct store_op *op);
	/* Frees what was not handed back with store_op_free(). Copes with a half-open state. */
	void (*close)(void *state);
};

extern const struct store_engine store_sqlite_engine;
extern const struct store_engine store_memory_engine;
extern const struct store_engine store_failing_engine;

/* A request, and giving it to the engine. */
struct store_op *store_op_new(struct store *store, enum store_op_kind kind, enum store_table table,
			      store_done_fn *done, void *arg);
void store_op_submit(struct store_op *op);
/* A request for the rows of load, of count rows (taken); to be finished before load. */
struct store_op *store_op_rows(const struct store_op *load, struct store_item *rows, size_t count);
/* Hands one row to the each() of a load. */
void store_op_give(const struct store_op *op, const struct store_item *row);
/* Calls each() for the rows and done(), then frees op. In the loop's thread only. */
void store_op_finish(struct store_op *op);
void store_op_free(struct store_op *op);

/* Frees what the row owns; it holds nothing afterwards. */
void store_item_clear(struct store_item *item);
/* Bytes of memory of what is long in it, roughly. */
size_t store_item_weight(const struct store_item *item);
/* 0, or EINVAL: a row that breaks a rule of the format, for every engine alike. */
int store_item_check(const struct store_item *item);

#define STORE_TIME_MAX_S INT64_C(253402300800) /* the year 10000 */
/* Moves the times of a row that something is counted from. */
void store_item_move(struct store_item *item, int64_t by_s);

/* store_clock.c: the wall clock and what is stored (REL-031). */
struct store_clock {
	struct loop *loop;
	int64_t frame_s; /* the wall clock less one that never steps */
	bool is_wrong;   /* at the open */
	int64_t moved_s; /* how far stored times are to move at the open, so that nothing has aged
			  */
};
/* Judges the clock by the newest time that is stored (0: none), and warns. */
void store_clock_start(struct store_clock *clock, struct loop *loop, int64_t newest_s);
/* By how many seconds the wall clock was put since it was asked last; 0: by no more than a minute.
 */
int64_t store_clock_step(struct store_clock *clock);

/* Requests of an engine without a thread: kept until the loop gets round to them. */
struct store_pending {
	struct loop *loop;
	struct list ops;
	void (*run)(void *state, struct store_op *op);
	void *state;
};
void store_pending_init(struct store_pending *pending, struct loop *loop,
			void (*run)(void *state, struct store_op *op), void *state);
void store_pending_add(struct store_pending *pending, struct store_op *op);
void store_pending_clear(struct store_pending *pending);
