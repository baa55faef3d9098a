/* The clock of everything: CLOCK_BOOTTIME, which never steps and counts suspend (REL-030). */
#pragma once

#include <stdint.h>

/* Milliseconds since boot, whole. */
uint64_t clock_now_ms(void);
/* The wall clock: milliseconds since 1970. */
int64_t clock_wall_ms(void);
/* Makes Sofia use this clock: wall time of the first call plus what passed since, cut to whole
 * milliseconds (SOF-004). Before the first root is made; later calls change nothing. */
void clock_hook_sofia(void);
