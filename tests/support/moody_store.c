/* Stands in the place of the engine "failing": what store.c refers to is defined here, and this
 * library comes before it. */
#include "support/moody_store.h"

#include <errno.h>

#include "base/mem.h"
#include "loop/loop.h"
#include "store/store_engine.h"

struct moody {
	void *memory;
	struct loop *loop;
	struct list held; /* store_op.link */
	struct loop_timer timer;
};

/* There is one store at a time. */
static struct {
	struct moody *store;
	int error;
	uint64_t delay_ms;
	/* What the next start finds. */
	bool keeps;
	int64_t alive_s;
	void *memory;
	struct store_found found;
} moods;

static void submit_now(struct moody *moody, struct store_op *op)
{
	/* A full disk can be read. */
	if (moods.error != 0 && (moods.error != ENOSPC || op->kind != STORE_OP_LOAD))
		op->error = moods.error;
	store_memory_engine.submit(moody->memory, op);
}

static void submit_held(void *arg)
{
	struct moody *moody = arg;

	LIST_EACH(it, next, &moody->held)
	{
		list_remove(it);
		submit_now(moody, LIST_ENTRY(it, struct store_op, link));
	}
}

static int moody_open(void **out, const struct store_params *params, struct store_found *found,
		      char *error, size_t error_len)
{
	struct moody *moody = mem_zalloc(sizeof *moody);

	moody->loop = params->loop;
	list_init(&moody->held);
	moods.store = moody;
	*out = moody;
	if (moods.memory == NULL) {
		int result =
			store_memory_engine.open(&moody->memory, params, found, error, error_len);

		moods.found = *found;
		return result;
	}
	moody->memory = moods.memory;
	moods.memory = NULL;
	*found = moods.found;
	found->last_alive = found->newest_s = moods.alive_s;
	return 0;
}

static void moody_submit(void *state, struct store_op *op)
{
	struct moody *moody = state;

	if (moods.delay_ms == 0 && list_is_empty(&moody->held)) {
		submit_now(moody, op);
		return;
	}
	list_append(&moody->held, &op->link);
	if (!loop_timer_is_set(&moody->timer))
		loop_timer_set(moody->loop, &moody->timer, moods.delay_ms, submit_held, moody);
}

static void moody_close(void *state)
{
	struct moody *moody = state;

	loop_timer_cancel(&moody->timer);
	LIST_EACH(it, next, &moody->held)
	{
		list_remove(it);
		store_op_free(LIST_ENTRY(it, struct store_op, link));
	}
	if (moods.keeps)
		moods.memory = moody->memory;
	else
		store_memory_engine.close(moody->memory);
	mem_free(moody);
	moods.store = NULL;
}

const struct store_engine store_failing_engine = {
	.name = "failing",
	.open = moody_open,
	.submit = moody_submit,
	.close = moody_close,
};

void moody_store_set(int error, uint64_t delay_ms)
{
	moods.error = error;
	moods.delay_ms = delay_ms;
	if (moods.store != NULL && delay_ms == 0) {
		loop_timer_cancel(&moods.store->timer);
		submit_held(moods.store);
	}
}

void moody_store_keep(int64_t alive_s)
{
	moods.keeps = true;
	moods.alive_s = alive_s;
}

void moody_store_forget(void)
{
	moods.keeps = false;
	if (moods.memory != NULL)
		store_memory_engine.close(moods.memory);
	moods.memory = NULL;
}

void moody_store_crash(void)
{
	LIST_EACH(it, next, &moods.store->held)
	LIST_ENTRY(it, struct store_op, link)->error = EIO;
	submit_held(moods.store);
	loop_timer_cancel(&moods.store->timer);
}
