/* What was answered lately: 64-bit keyed hashes with a status, kept for a fixed time in two
 * generations (D-38, D-51). 16 bytes an entry and nothing per entry to free, so that a flood of
 * repeats costs little. Two keys fall together once in 2^64. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct recent;

struct recent_value {
	uint16_t status; /* SIP status that was sent; not 0 */
	uint32_t extra;  /* seconds: Expires or Retry-After */
};

/* Entries live at least life_ms and at most twice that, fewer than most of them are kept. */
struct recent *recent_new(uint64_t life_ms, size_t most);
void recent_free(struct recent **recent);
/* now_ms of a clock that never steps. A second put of one key replaces the value. */
void recent_put(struct recent *recent, uint64_t key, struct recent_value value, uint64_t now_ms);
/* What was put age_ms ago by an earlier process: lives for the rest of life_ms at least. */
void recent_restore(struct recent *recent, uint64_t key, struct recent_value value, int64_t age_ms,
		    uint64_t now_ms);
/* status 0: not there. */
struct recent_value recent_find(struct recent *recent, uint64_t key, uint64_t now_ms);
size_t recent_count(const struct recent *recent);
