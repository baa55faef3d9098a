/* Token bucket: filled by the time that passed, when it is looked at. */
#include "base/rate.h"

static void refill(struct rate *rate, double per_s, double burst, uint64_t now_ms)
{
	if (now_ms > rate->updated_ms) {
		rate->tokens += (double)(now_ms - rate->updated_ms) * per_s / 1000.0;
		rate->updated_ms = now_ms;
	}
	if (rate->tokens > burst)
		rate->tokens = burst;
}

void rate_init(struct rate *rate, double burst, uint64_t now_ms)
{
	rate->updated_ms = now_ms;
	rate->tokens = burst;
}

bool rate_take(struct rate *rate, double per_s, double burst, uint64_t now_ms)
{
	refill(rate, per_s, burst, now_ms);
	if (rate->tokens < 1.0)
		return false;
	rate->tokens -= 1.0;
	return true;
}

uint64_t rate_wait_ms(struct rate *rate, double per_s, double burst, uint64_t now_ms)
{
	double wait;

	refill(rate, per_s, burst, now_ms);
	if (rate->tokens >= 1.0)
		return 0;
	if (per_s <= 0.0)
		return UINT64_MAX;
	wait = (1.0 - rate->tokens) * 1000.0 / per_s;
	if (wait > 1e15)
		return UINT64_MAX;
	/* Rounded up, so that the token is really there after the wait. */
	return (uint64_t)wait + 1;
}
