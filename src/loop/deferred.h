/* The queue of deferred calls; shared by the loop and the fake loop of the tests. */
#pragma once

#include <stddef.h>

#include "loop/loop.h"

struct deferred_call {
	loop_fn *fn; /* NULL: forgotten */
	void *arg;
};

/* A ring; its size is a power of two. */
struct deferred {
	struct deferred_call *calls;
	size_t size;
	size_t first;
	size_t count;
};

void deferred_add(struct deferred *deferred, loop_fn *fn, void *arg);
void deferred_forget(struct deferred *deferred, const void *arg);
/* Runs what was there at the start of the call, in order; what is added meanwhile stays. */
void deferred_run(struct deferred *deferred);
void deferred_free(struct deferred *deferred);
