/* Requests over UDP that are held until they can be answered (REL-044): so many in all, and of them
 * half at most for one peer, or one address of nobody, while others ask (REL-047). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/shares.h"

struct request;
struct side_core;

/* Its owner's: shares_init() and shares_clear() by. */
struct held_udp {
	size_t count;
	struct shares by;
};

/* Of limits.udp_transactions. */
bool held_udp_may(struct held_udp *held, const struct side_core *core,
		  const struct request *request);
/* Returns who is counted, for held_udp_give(). */
uint64_t held_udp_take(struct held_udp *held, const struct side_core *core,
		       const struct request *request);
void held_udp_give(struct held_udp *held, uint64_t who);
