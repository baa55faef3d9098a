/* Token buckets by SIP user, in canonical form, for messages, receipts and typing notices
 * (RCPT-071, SEC-046, SEC-080). Bounded: the user longest unseen is forgotten first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address;
struct user_rates;

enum { USER_RATES_MAX = 10000 };

struct user_rates *user_rates_new(void);
void user_rates_free(struct user_rates **rates);
/* Takes one of per_s a second, burst at once; false if the user had them. */
bool user_rates_take(struct user_rates *rates, const struct address *user, int64_t per_s,
		     int64_t burst, uint64_t now_ms);
size_t user_rates_count(const struct user_rates *rates);
