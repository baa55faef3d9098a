/* Between store.c and the engines: a request as a value that the engine carries out and hands back
 * in order. A new kind of data (dialogs, queue) is a new kind of request. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "store/store.h"

enum store_op_kind {
	STORE_OP_PUT_PAIR,
	STORE_OP_DROP_PAIR,
	STORE_OP_PUT_SPELLING,
	STORE_OP_PUT_PUBLICATION,
	STORE_OP_DROP_PUBLICATION,
	STORE_OP_ALIVE,
	STORE_OP_STOP, /* its done says that everything before it is safe */
	STORE_OP_LOAD_PAIRS,
	STORE_OP_LOAD_SPELLINGS,
	STORE_OP_LOAD_PUBLICATIONS,
	STORE_OP_ROWS, /* made by an engine: rows of a load, handed back before it */
};

/* One row of any table. */
struct store_item {
	struct pair_row pair;
	struct address address;
	char *spelling;
	struct publication_row *publication; /* owned, or NULL */
	int64_t now_s;
};

struct store_op {
	struct list link; /* for the engine's queues */
	struct store *store;
	enum store_op_kind kind;
	int error;  /* set before: do nothing, only hand back */
	bool fatal; /* REL-010 */
	struct store_item item;
	struct store_item *rows;
	size_t row_count;
	store_pair_fn *each_pair;
	store_spelling_fn *each_spelling;
	store_publication_fn *each_publication;
	store_done_fn *done; /* or NULL */
	void *arg;
};

/* What the store held when it was opened. */
struct store_found {
	uint8_t key[HASH_KEY_BYTES];
	int64_t last_alive;
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

/* A request for the rows of load, of count rows (taken); to be finished before load. */
struct store_op *store_op_rows(const struct store_op *load, struct store_item *rows, size_t count);
/* Calls each() for the rows and done(), then frees op. In the loop's thread only. */
void store_op_finish(struct store_op *op);
void store_op_free(struct store_op *op);
void store_item_clear(struct store_item *item);

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
