/* Which of the configured users are published at a peer, and under which name. */
#pragma once

struct address;
struct side_core;
struct sip_peer;

/* name: the URI of the user there (PUBLISH_AS_PRESENCE), or the name of the device. */
typedef void published_user_fn(const struct address *user, const char *name, void *arg);

/* Calls each for every user of `users` who may use the bridge and has an alias in the peer's
 * domain, or no alias at all. One whose name could not be written there is left out, and the log
 * says why.
 */
void published_users_each(const struct side_core *core, const struct sip_peer *peer,
			  published_user_fn *each, void *arg);
