/* Requests that wait for the next turn of the loop. */
#include "loop/loop.h"
#include "store/store_engine.h"

/* There is one deferred call for each request. */
static void run_next(void *arg)
{
	struct store_pending *pending = arg;
	struct list *link = pending->ops.next;

	list_remove(link);
	pending->run(pending->state, LIST_ENTRY(link, struct store_op, link));
}

void store_pending_init(struct store_pending *pending, struct loop *loop,
			void (*run)(void *state, struct store_op *op), void *state)
{
	pending->loop = loop;
	pending->run = run;
	pending->state = state;
	list_init(&pending->ops);
}

void store_pending_add(struct store_pending *pending, struct store_op *op)
{
	list_append(&pending->ops, &op->link);
	loop_defer(pending->loop, run_next, pending);
}

void store_pending_clear(struct store_pending *pending)
{
	loop_forget(pending->loop, pending);
	LIST_EACH(link, next, &pending->ops)
	{
		list_remove(link);
		store_op_free(LIST_ENTRY(link, struct store_op, link));
	}
}
