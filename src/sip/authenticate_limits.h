/* What is remembered of attempts to log in, bounded: failures by source and by user (SEC-013), and
 * where somebody proved himself lately (SEC-020). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct auth_limits;
struct net_address;

enum {
	AUTH_FAILURES = 5, /* a minute, by source and by user */
	AUTH_BLOCK_MS = 60 * 1000,
	AUTH_BLOCK_MOST_MS = 60 * 60 * 1000,
	AUTH_VERIFIED_MS = 5 * 60 * 1000,
	AUTH_FAILURES_MAX = 20000, /* sources and users under count; longest unseen go first */
	AUTH_VERIFIED_MAX = 20000
};

struct auth_limits *auth_limits_new(void);
void auth_limits_free(struct auth_limits **limits);

/* True while source, or whoever wants to be this user, is blocked. The user need not exist. */
bool auth_limits_source(const struct auth_limits *limits, const struct net_address *source,
			uint64_t now_ms);
bool auth_limits_user(const struct auth_limits *limits, const char *user, const char *realm,
		      uint64_t now_ms);
/* A wrong response. True if it was one too many: the source or the user is blocked now, twice as
 * long as the last time. */
bool auth_limits_failed(struct auth_limits *limits, const struct net_address *source,
			const char *user, const char *realm, uint64_t now_ms);
/* A right one, from this address. */
void auth_limits_verified(struct auth_limits *limits, const struct net_address *source,
			  uint64_t now_ms);
/* True for AUTH_VERIFIED_MS after that. */
bool auth_limits_is_verified(const struct auth_limits *limits, const struct net_address *source,
			     uint64_t now_ms);
/* Entries of both kinds. */
size_t auth_limits_count(const struct auth_limits *limits);
