/* The store: requests made into values for the engine that was chosen by name. */
#include "store/store.h"

#include <errno.h>
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
	struct store_clock clock;
	bool stopped;
	bool failed;
	void (*on_failure)(void *arg);
	void *on_failure_arg;
	struct store_backlog backlog;
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

static void on_moved(int error, void *arg)
{
	(void)arg;
	if (error != 0)
		log_warning("store: the stored times could not be moved with the clock (%s)",
			    strerror(error));
}

/* The rows are moved before anything else is asked. */
static void move_rows(struct store *store, int64_t by_s)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_CLOCK, on_moved, NULL);

	op->item.clock.by_s = by_s;
	op->item.clock.now_s = loop_wall_ms(store->clock.loop) / 1000;
	store_op_submit(op);
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
	store->found.opened_s = loop_wall_ms(params->loop) / 1000;
	result = engine->open(&store->state, params, &store->found, error, error_len);
	if (result != 0) {
		store_free(&store);
		return result;
	}
	*out = store;
	store_clock_start(&store->clock, params->loop, store->found.newest_s);
	if (store->clock.moved_s != 0)
		move_rows(store, store->clock.moved_s);
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

void store_on_failure(struct store *store, void (*failed)(void *arg), void *arg)
{
	store->on_failure = failed;
	store->on_failure_arg = arg;
}

const uint8_t *store_key(const struct store *store)
{
	return store->found.key;
}

unsigned store_crashes(const struct store *store)
{
	return store->found.crashes;
}

void store_end_run(struct store *store)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_RUN, NULL, NULL);

	op->item.now_s = loop_wall_ms(store->clock.loop) / 1000;
	store_op_submit(op);
}

bool store_clock_is_wrong(const struct store *store)
{
	return store->clock.is_wrong;
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
	int64_t step_s = store_clock_step(&op->store->clock);

	if (step_s != 0)
		move_rows(op->store, step_s);
	op->store->backlog.asked++;
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
	case STORE_RUN:
	case STORE_CLOCK:
	case STORE_TABLES:
		break;
	}
}

struct store_backlog store_backlog(const struct store *store)
{
	return store->backlog;
}

static void fail(struct store *store)
{
	if (store->failed)
		return;
	store->failed = true;
	if (store->on_failure != NULL)
		store->on_failure(store->on_failure_arg);
}

void store_op_finish(struct store_op *op)
{
	if (op->kind != STORE_OP_ROWS)
		op->store->backlog.done++;
	if (op->fatal)
		fail(op->store);
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

void store_alive(struct store *store, int64_t now_s, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(store, STORE_OP_PUT, STORE_ALIVE, done, arg);

	op->item.now_s = now_s;
	store_op_submit(op);
}
