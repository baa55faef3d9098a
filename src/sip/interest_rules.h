/* What answers to SUBSCRIBE and reasons of a terminated NOTIFY mean, as tables (file 04 B.3, G.1;
 * D-14, D-15, D-25). Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/side.h"

enum interest_next {
	NEXT_SOON,      /* new dialog after 0..2 s, growing when it repeats */
	NEXT_BACKOFF,   /* new dialog after a growing delay, at least retry_after_s */
	NEXT_SLOW,      /* new dialog after minutes, growing up to a day */
	NEXT_IN_DIALOG, /* the dialog lives: refresh again after retry_after_s or a growing delay */
	NEXT_NEVER      /* until it is asked for again */
};

struct interest_rule {
	enum interest_next next;
	bool tells; /* report answer to the readers */
	enum watch_answer answer;
	unsigned retry_after_s;
};

/* A failure answer to SUBSCRIBE. is_refresh: it was sent inside a dialog. */
struct interest_rule interest_rule_for_status(int status, bool is_local, bool is_refresh,
					      unsigned retry_after_s);
/* reason of a terminated NOTIFY; NULL none. */
struct interest_rule interest_rule_for_reason(const char *reason, unsigned retry_after_s);

/* When to refresh what ends in life_s seconds, in milliseconds from now; random255 any byte (D-25).
 */
uint64_t interest_refresh_in_ms(uint64_t life_s, uint8_t random255);
/* The Expires to ask for after 423; min_expires_s 0: none was given. 0: give up (PRES-029). */
unsigned interest_raise(unsigned asked_s, unsigned min_expires_s);
