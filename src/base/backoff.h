/* Growing delay with full jitter (REL-021): each next delay is random in [step/2, step], step
 * doubling from first to most. */
#pragma once

#include <stdint.h>

struct backoff {
	uint32_t first_ms;
	uint32_t most_ms;
	uint32_t step_ms;
};

void backoff_init(struct backoff *backoff, uint32_t first_ms, uint32_t most_ms);
uint32_t backoff_next_ms(struct backoff *backoff);
/* The next delay is the first one again. */
void backoff_reset(struct backoff *backoff);
