/* The store: requests made into values for the engine that was chosen by name. */
#include "store/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "store/store_engine.h"

struct store {
	const struct store_engine *engine;
	void *state;
	struct store_found found;
	bool clock_is_wrong;
	bool stopped;
	bool failed;
};

enum {
	CLOCK_BEHIND_S = 60,
	CLOCK_AHEAD_S = 24 * 3600,
	CLOCK_EARLIEST_S = 1577836800 /* 2020: this program is younger */
};

static const struct store_engine *const engines[] = {
	&store_sqlite_engine,
	&store_memory_engine,
	&store_failing_engine,
};

static const char *const state_names[] = {
	[PAIR_NONE] = "none",       [PAIR_ASKED] = "asked", [PAIR_GRANTED] = "granted",
	[PAIR_REFUSED] = "refused", [PAIR_ENDED] = "ended",
};

const char *pair_state_name(enum pair_state state)
{
	return state_names[state];
}

static const struct store_engine *find_engine(const char *name)
{
	for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	}
	return NULL;
}

/* REL-031. A machine without a battery starts in 1970, and may do so again before it has asked for
 * the time: what it wrote then proves nothing. */
static void judge_clock(struct store *store, struct loop *loop)
{
	int64_t now_s = loop_wall_ms(loop) / 1000;
	int64_t newest_s = store->found.newest_s;

	if (now_s < CLOCK_EARLIEST_S) {
		log_warning("store: the clock of this machine is wrong, what is stored is kept "
			    "whatever its age now=%" PRId64 " (set the clock)",
			    now_s);
		store->clock_is_wrong = true;
	} else if (newest_s != 0 &&
		   (newest_s - now_s > CLOCK_BEHIND_S || now_s - newest_s > CLOCK_AHEAD_S)) {
		log_warning("store: the clock does not fit what is stored, which is kept whatever "
			    "its age now=%" PRId64 " newest=%" PRId64
			    " (the daemon was off for long, or check the clock)",
			    now_s, newest_s);
		store->clock_is_wrong = true;
	}
}

int store_open(struct store **out, const struct store_params *params, char *error, size_t error_len)
{
	const struct store_engine *engine = find_engine(params->engine);
	struct store *store;
	int result;

	*out = NULL;
	if (engine == NULL) {
		snprintf(error, error_len, "there is no store engine \"%s\": use sqlite or memory",
			 params->engine);
		return ENOENT;
	}
	store = mem_zalloc(sizeof *store);
	store->engine = engine;
	result = engine->open(&store->state, params, &store->found, error, error_len);
	if (result != 0) {
		store_free(&store);
		return result;
	}
	judge_clock(store, params->loop);
	*out = store;
	return 0;
}

void store_free(struct store **out)
{
	struct store *store = *out;

	if (store == NULL)
		return;
	if (store->state != NULL)
		store->engine->close(store->state);
	mem_wipe(store->found.key, sizeof store->found.key);
	mem_free(store);
	*out = NULL;
}

bool store_has_failed(const struct store *store)
{
	return store->failed;
}

const uint8_t *store_key(const struct store *store)
{
	return store->found.key;
}

bool store_clock_is_wrong(const struct store *store)
{
	return store->clock_is_wrong;
}

int64_t store_last_alive(const struct store *store)
{
	return store->found.last_alive;
}

struct store_op *store_op_new(struct store *store, enum store_op_kind kind, enum store_table table,
			      store_done_fn *done, void *arg)
{
	struct store_op *op = mem_zalloc(sizeof *op);

	op->store = store;
	op->kind = kind;
	op->item.table = table;
	op->done = done;
	op->arg = arg;
	if (store->stopped)
		op->error = ESHUTDOWN;
	return op;
}

void store_op_submit(struct store_op *op)
{
	if (op->error == 0 && op->kind == STORE_OP_PUT)
		op->error = store_item_check(&op->item);
	op->store->engine->submit(op->store->state, op);
}

struct store_op *store_op_rows(const struct store_op *load, struct store_item *rows, size_t count)
{
	struct store_op *op = mem_zalloc(sizeof *op);

	op->store = load->store;
	op->kind = STORE_OP_ROWS;
	op->rows = rows;
	op->row_count = count;
	op->each = load->each;
	op->arg = load->arg;
	return op;
}

void store_op_free(struct store_op *op)
{
	for (size_t i = 0; i < op->row_count; i++)
		store_item_clear(&op->rows[i]);
	mem_free(op->rows);
	store_item_clear(&op->item);
	mem_free(op);
}

static void give_prints(const struct store_op *op, const struct store_prints *row)
{
	for (size_t i = 0; i < row->count; i++)
		op->each.print(&row->prints[i], row->at_s, op->arg);
}

void store_op_give(const struct store_op *op, const struct store_item *row)
{
	switch (row->table) {
	case STORE_PAIRS:
		op->each.pair(&row->pair, op->arg);
		break;
	case STORE_SPELLINGS:
		op->each.spelling(&row->spelling.address, row->spelling.text, op->arg);
		break;
	case STORE_PUBLICATIONS:
		op->each.publication(&row->publication, op->arg);
		break;
	case STORE_QUEUE:
		op->each.queued(&row->queued, op->arg);
		break;
	case STORE_RECEIPTS:
		op->each.receipt(&row->receipt, op->arg);
		break;
	case STORE_PRINTS:
		give_prints(op, &row->prints);
		break;
	case STORE_LEARNED:
		op->each.learned(&row->learned, op->arg);
		break;
	case STORE_DIALOGS:
		op->each.dialog(&row->dialog, op->arg);
		break;
	case STORE_PRESENCE:
		op->each.presence(&row->presence, op->arg);
		break;
	case STORE_NOTHING:
	case STORE_ALIVE:
	case STORE_TABLES:
		break;
	}
}

void store_op_finish(struct store_op *op)
{
	if (op->fatal)
		op->store->failed = true;
	for (size_t i = 0; i < op->row_count; i++)
		store_op_give(op, &op->rows[i]);
	if (op->done != NULL)
		op->done(op->error, op->arg);
	store_op_free(op);
}

void store_stop(struct store *store, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_STOP, STORE_NOTHING, done, arg);

	store->stopped = true;
	store_op_submit(op);
}

void store_alive(struct store *store, int64_t now_s)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_ALIVE, NULL, NULL);

	op->item.now_s = now_s;
	store_op_submit(op);
}
