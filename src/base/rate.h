/* Token bucket. Times are milliseconds of a clock that never steps back. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rate {
	uint64_t updated_ms;
	double tokens;
};

/* A full bucket of burst tokens. */
void rate_init(struct rate *rate, double burst, uint64_t now_ms);
/* Takes one token; false if there is none (then nothing is taken). */
bool rate_take(struct rate *rate, double per_s, double burst, uint64_t now_ms);
/* Milliseconds until a token is there; 0 if one is. */
uint64_t rate_wait_ms(struct rate *rate, double per_s, double burst, uint64_t now_ms);
