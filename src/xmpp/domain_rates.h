/* Token buckets by chat domain (SEC-080): what all users of one domain that is not ours may ask for
 * together, beside the rates that each of them has (users.h). Bounded: the domain longest unheard
 * is forgotten first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct domain_rates;
struct limits;

enum {
	DOMAIN_RATES_MAX = 4096,
	DOMAIN_BURST_S = 10, /* of stanzas_per_domain_per_s at once: a server that comes back */
	DOMAIN_ANSWERS_PER_S = 10
};

/* limits is borrowed until domain_rates_free. */
struct domain_rates *domain_rates_new(const struct limits *limits);
void domain_rates_free(struct domain_rates **rates);

/* Takes one of stanzas_per_domain_per_s, or of the answers to those over it; false: over it. */
bool domain_rates_take(struct domain_rates *rates, const char *domain, bool is_answer,
		       uint64_t now_ms);
size_t domain_rates_count(const struct domain_rates *rates);
