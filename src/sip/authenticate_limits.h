/* What is remembered of attempts to log in, bounded: failures by source and by user (SEC-013), and
 * where somebody proved himself lately (SEC-020). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct login_limits;
struct net_address;

enum {
	LOGIN_FAILURES = 5, /* a minute, by source and by user */
	LOGIN_BLOCK_MS = 60 * 1000,
	LOGIN_BLOCK_MOST_MS = 60 * 60 * 1000,
	LOGIN_VERIFIED_MS = 5 * 60 * 1000,
	LOGIN_FAILURES_MAX = 20000, /* sources and users under count; longest unseen go first */
	LOGIN_VERIFIED_MAX = 20000
};

struct login_limits *login_limits_new(void);
void login_limits_free(struct login_limits **limits);

/* True while source, or whoever wants to be this user, is blocked. The user need not exist. */
bool login_limits_source(const struct login_limits *limits, const struct net_address *source,
			 uint64_t now_ms);
bool login_limits_user(const struct login_limits *limits, const char *user, const char *realm,
		       uint64_t now_ms);
/* A wrong response. True if it was one too many: the source or the user is blocked now, twice as
 * long as the last time. */
bool login_limits_failed(struct login_limits *limits, const struct net_address *source,
			 const char *user, const char *realm, uint64_t now_ms);
/* A right one, from this address. */
void login_limits_verified(struct login_limits *limits, const struct net_address *source,
			   uint64_t now_ms);
/* True for LOGIN_VERIFIED_MS after that. */
bool login_limits_is_verified(const struct login_limits *limits, const struct net_address *source,
			      uint64_t now_ms);
/* Entries of both kinds. */
size_t login_limits_count(const struct login_limits *limits);
