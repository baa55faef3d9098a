/* A store that opens and then fails at everything, for tests of REL-002 and REL-009. */
#include <errno.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/store_engine.h"

static void failing_run(void *state, struct store_op *op)
{
	(void)state;
	if (op->error == 0)
		op->error = EIO;
	store_op_finish(op);
}

static int failing_open(void **out, const struct store_params *params, struct store_found *found,
			char *error, size_t error_len)
{
	struct store_pending *pending = mem_zalloc(sizeof *pending);

	(void)error;
	(void)error_len;
	store_pending_init(pending, params->loop, failing_run, NULL);
	random_bytes(found->key, sizeof found->key);
	*out = pending;
	return 0;
}

static void failing_submit(void *state, struct store_op *op)
{
	store_pending_add(state, op);
}

static void failing_close(void *state)
{
	store_pending_clear(state);
	mem_free(state);
}

const struct store_engine store_failing_engine = {
	.name = "failing",
	.open = failing_open,
	.submit = failing_submit,
	.close = failing_close,
};
