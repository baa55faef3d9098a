/* Names of the counters, made from the one table. */
#include "model/counters.h"

void counters_each(const struct counters *counters,
		   void (*each)(const char *name, uint64_t value, const char *what, void *arg),
		   void *arg)
{
#define X(name, what) each(#name, counters->name, what, arg);
	COUNTERS(X)
#undef X
}
