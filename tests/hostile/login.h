/* Requests of a phone that logs in by digest: right, or nearly so. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hostile/rng.h"

/* What the daemon under attack knows (sip.logins). */
#define LOGIN_USER     "u7"
#define LOGIN_REALM    "pbx.example"
#define LOGIN_PASSWORD "a password under attack"

enum { LOGIN_NONCES = 8 };

struct buf;

struct login {
	char nonces[LOGIN_NONCES][200]; /* that the daemon has given, the newest last */
	unsigned long count;
	unsigned nc;
};

/* Learns from an answer of the daemon. */
void login_learn(struct login *login, const char *data, size_t len);
/* Appends a request of the user, number i, with an Authorization or Proxy-Authorization. */
void login_put(struct login *login, struct rng *rng, unsigned long i, bool is_tcp,
	       unsigned own_port, struct buf *out);
