/* Digest authentication of those who are not trusted (RFC 3261 section 22, RFC 7616, RFC 8760;
 * SEC-010 to SEC-013): 401 for users of a domain that has logins; everybody else is refused as
 * before. Every request is asked, in a dialog too, as notifiers do (RFC 6665 section 4.2.1.3): a
 * phone keeps its nonce for a minute, so that a burst costs one more round trip and a refresh one.
 * Replays do nothing, and what belongs to a dialog is found by who, not from where (SEC-006). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct authenticate;
struct buf;
struct net_address;
struct request;
struct side_core;
struct sip_login;
struct sources;

enum authenticate_verdict {
	AUTHENTICATE_PASS,    /* request->login says who; what he asserted beside it is removed */
	AUTHENTICATE_ENDED,   /* it was answered or dropped */
	AUTHENTICATE_STRANGER /* nobody could log in with this request */
};

struct authenticate *authenticate_new(struct side_core *core);
void authenticate_free(struct authenticate **authenticate);
/* Other users from now on. */
void authenticate_set_logins(struct authenticate *authenticate, const struct sip_login *items,
			     size_t count);

/* True if the user whom request->login names may still log in: one who may not has no dialogs. */
bool authenticate_has_login(const struct authenticate *authenticate, const char *login);

/* A request from a source that is not trusted. sources: counts those that proved nothing. */
enum authenticate_verdict authenticate_request(struct authenticate *authenticate,
					       struct request *request, struct sources *sources);
/* True if source proved within five minutes that it gets what is sent to it (SEC-020). */
bool authenticate_is_verified(const struct authenticate *authenticate,
			      const struct net_address *source);
/* One line a fact ("sip.logins 12"), appended. */
void authenticate_status(const struct authenticate *authenticate, struct buf *out);
