#include "core/pace.h"

/* REQ-041, PRES-189, PRES-190. */
static const double burst = 5;

void pace_init(struct pace *pace, uint64_t now_ms)
{
	rate_init(&pace->rate, burst, now_ms);
	pace->due_ms = 0;
}

uint64_t pace_wait_ms(struct pace *pace, unsigned every_ms, bool is_urgent, uint64_t now_ms)
{
	double per_s = 1000.0 / every_ms;
	uint64_t wait;

	if (rate_take(&pace->rate, per_s, burst, now_ms) || is_urgent) {
		pace->due_ms = 0;
		return 0;
	}
	wait = rate_wait_ms(&pace->rate, per_s, burst, now_ms);
	pace->due_ms = now_ms + wait;
	return wait;
}

void pace_drop(struct pace *pace)
{
	pace->due_ms = 0;
}
