/* How much of a budget each of many takers holds (REL-047): who is alone may have all of it; while
 * another one asks, or asked lately, half at most. Times are milliseconds of a clock that never
 * steps back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

enum { SHARES_LATELY_MS = 40 * 1000 /* as long as anything of these budgets is held */ };

struct shares {
	uint8_t key[HASH_KEY_BYTES];
	struct table *held; /* of those who hold something */
	struct {
		uint64_t who;
		uint64_t ms;
	} last, other; /* who asked last, and who before him that was somebody else */
};

void shares_init(struct shares *shares);
/* Also of a zeroed one. */
void shares_clear(struct shares *shares);
/* A number that stands for a taker in this process. */
uint64_t shares_who(const struct shares *shares, const void *name, size_t len);
/* May who have one more of most? The ask counts as one. The caller sees to the whole. */
bool shares_ask(struct shares *shares, uint64_t who, size_t most, uint64_t now_ms);
void shares_take(struct shares *shares, uint64_t who);
/* What was taken before. */
void shares_give(struct shares *shares, uint64_t who);
size_t shares_takers(const struct shares *shares);
