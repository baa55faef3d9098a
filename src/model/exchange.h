/* One exchange (a message, a watch) across both sides: its handle is its log key (x=). */
#pragma once

#include <stdint.h>

typedef uint64_t exchange_id; /* random, 0 is none */

exchange_id exchange_new(void);
/* 8 hex digits for "x=%s"; points into a ring of 8 buffers. */
const char *exchange_text(exchange_id id);
