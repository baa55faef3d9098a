/* RFC 3339 date-times (XEP-0082, PIDF timestamps) and milliseconds since 1970, without locale,
 * time zone or leap second tables. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { TIMESTAMP_CHARS = 32 };

/* Reads text[0..len): surrounding white space, any number of fraction digits, "Z" or an offset; no
 * zone counts as UTC (RPR-013); dates without dashes as in jabber:x:delay (X0203-1). Returns 0, or
 * EBADMSG, also for times that are not after 1970-01-01T00:00:00Z (0 is "unknown" everywhere). */
int timestamp_parse(const char *text, size_t len, int64_t *out_ms);

/* Writes the UTC form with "T" and "Z" (PIDF-028), with milliseconds only if there are some; ""
 * when ms is not within the years 1970 to 9999. */
void timestamp_format(int64_t ms, char out[TIMESTAMP_CHARS]);
