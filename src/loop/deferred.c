/* Ring of deferred calls; no allocation once it has its size. */
#include "loop/deferred.h"

#include "base/mem.h"

enum { DEFERRED_FIRST = 256 };

static struct deferred_call *call_at(const struct deferred *deferred, size_t i)
{
	return &deferred->calls[(deferred->first + i) & (deferred->size - 1)];
}

static void grow(struct deferred *deferred)
{
	struct deferred larger = {.size = deferred->size == 0 ? DEFERRED_FIRST
							      : deferred->size * 2};

	larger.calls = mem_array(larger.size, sizeof *larger.calls);
	for (; larger.count < deferred->count; larger.count++)
		larger.calls[larger.count] = *call_at(deferred, larger.count);
	mem_free(deferred->calls);
	*deferred = larger;
}

void deferred_add(struct deferred *deferred, loop_fn *fn, void *arg)
{
	if (deferred->count == deferred->size)
		grow(deferred);
	*call_at(deferred, deferred->count) = (struct deferred_call){fn, arg};
	deferred->count++;
}

void deferred_forget(struct deferred *deferred, const void *arg)
{
	for (size_t i = 0; i < deferred->count; i++) {
		struct deferred_call *call = call_at(deferred, i);

		if (call->arg == arg)
			call->fn = NULL;
	}
}

void deferred_run(struct deferred *deferred)
{
	for (size_t left = deferred->count; left > 0; left--) {
		struct deferred_call call = *call_at(deferred, 0);

		deferred->first = (deferred->first + 1) & (deferred->size - 1);
		deferred->count--;
		if (call.fn != NULL)
			call.fn(call.arg);
	}
}

void deferred_free(struct deferred *deferred)
{
	mem_free(deferred->calls);
	*deferred = (struct deferred){0};
}
