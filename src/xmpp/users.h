/* What is remembered of each chat user that talks to us: rate buckets (SEC-087) and which of his
 * resources are online (D-20). Bounded: the one not heard of for longest makes room. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits;
struct users;

enum {
	USERS_MAX = 65536,
	USER_RESOURCES_MAX = 32,
	USERS_BYTES_MAX = 32 * 1024 * 1024 /* of all names of users and resources, with overhead */
};

enum user_rate {
	USER_RATE_MESSAGE, /* messages_per_user_* */
	USER_RATE_REQUEST, /* subscriptions, probes, iq: stanzas_per_user_per_s; a burst of
			    * watches_per_watcher, for a client that signs in probes its whole list
			    */
	USER_RATE_REPORT, /* receipts and typing: reports_per_user_per_s; a burst of so many seconds
			   * for a client that comes online acknowledges all that waited for it */
	USER_RATE_ANSWER, /* errors told to one who is over the rates */
	USER_RATE_CAPS,   /* questions to his clients what they can do */
	USER_RATE_COUNT
};

/* limits is borrowed until users_free. */
struct users *users_new(const struct limits *limits);
void users_free(struct users **users);

/* Takes one token of the user with this bare JID; false: over the rate. */
bool users_take(struct users *users, const char *bare, enum user_rate rate, uint64_t now_ms);

/* A number that stands for the user with this bare JID in this process (REL-047). */
uint64_t users_number(const struct users *users, const char *bare);

/* A resource that is online, and the key of what it can do (caps_book.h; 0: it did not say). */
struct user_resource {
	char *name;
	uint64_t caps;
	uint64_t stay; /* another one each time that it comes */
};

/* A resource came (or the user as a whole with NULL, which is not remembered). caps 0 leaves what
 * it said before: servers may leave the mark out of what follows. Returns the key that holds. */
uint64_t users_came(struct users *users, const char *bare, const char *resource, uint64_t caps,
		    uint64_t now_ms);
/* His resources that were heard of; NULL if none. Valid until the next call. */
const struct user_resource *users_resources(const struct users *users, const char *bare,
					    unsigned *count);
/* It went; NULL: all. Returns true if none is left: all went, or the last one that was heard of. */
bool users_went(struct users *users, const char *bare, const char *resource, uint64_t now_ms);
size_t users_count(const struct users *users);
