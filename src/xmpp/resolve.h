/* Names to addresses without holding the loop (STRO-003): literal addresses at once, others by
 * getaddrinfo() in a helper thread. */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

struct loop;
struct resolve;

enum { RESOLVE_ADDRESSES_MAX = 8 };

struct resolve_address {
	struct sockaddr_storage address;
	socklen_t len;
};

/* count addresses in the order to be tried; 0 with a constant sentence in error. */
typedef void resolve_done_fn(const struct resolve_address *addresses, unsigned count,
			     const char *error, void *arg);

/* done(arg) once, later, unless resolve_cancel comes before; *out is NULL from then on. */
void resolve_start(struct resolve **out, struct loop *loop, const char *host, uint16_t port,
		   resolve_done_fn *done, void *arg);
/* Safe on NULL. The helper thread ends by itself. */
void resolve_cancel(struct resolve **resolve);
