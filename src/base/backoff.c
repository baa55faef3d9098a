/* Growing delay with jitter (REL-021). */
#include "base/backoff.h"

#include "base/random.h"

void backoff_init(struct backoff *backoff, uint32_t first_ms, uint32_t most_ms)
{
	backoff->first_ms = first_ms;
	backoff->most_ms = most_ms < first_ms ? first_ms : most_ms;
	backoff->step_ms = first_ms;
}

uint32_t backoff_next_ms(struct backoff *backoff)
{
	uint32_t step = backoff->step_ms;
	uint32_t half = step / 2;

	backoff->step_ms = step > backoff->most_ms / 2 ? backoff->most_ms : step * 2;
	return half + (uint32_t)random_below((uint64_t)step - half + 1);
}

void backoff_reset(struct backoff *backoff)
{
	backoff->step_ms = backoff->first_ms;
}
