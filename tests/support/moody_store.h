/* A store in memory whose answers tests delay and spoil; the engine "failing" where this library
 * stands before the store. */
#pragma once

#include <stdint.h>

/* From now on everything ends with error (0: it is done), and everything takes delay_ms. Without
 * delay, what was held back is done now. */
void moody_store_set(int error, uint64_t delay_ms);
/* A store that is closed is the one that is opened next, last alive at that second. */
void moody_store_keep(int64_t alive_s);
/* The next one is new. */
void moody_store_forget(void);
/* What is held back never happened, as at a kill. */
void moody_store_crash(void);
