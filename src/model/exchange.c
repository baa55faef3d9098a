/* Handles of exchanges. */
#include "model/exchange.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/random.h"

enum { EXCHANGE_RING = 8, EXCHANGE_CHARS = 8 };

exchange_id exchange_new(void)
{
	exchange_id id;

	do
		random_bytes(&id, sizeof id);
	while (id == 0);
	return id;
}

const char *exchange_text(exchange_id id)
{
	static _Thread_local char ring[EXCHANGE_RING][EXCHANGE_CHARS + 1];
	static _Thread_local unsigned next;
	char *out = ring[next++ % EXCHANGE_RING];

	snprintf(out, EXCHANGE_CHARS + 1, "%08" PRIx32, (uint32_t)(id >> 32 ^ id));
	return out;
}
