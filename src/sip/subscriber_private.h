/* Between subscriber.c (who watches whom) and composition*.c (what is told of one user). */
#pragma once

#include "sip/composition.h"
#include "sip/subscriber.h"

struct interests;
struct side_core;
struct table;

struct subscriber {
	struct side_core *core;
	struct interests *interests;
	struct table *compositions; /* by key */
	struct list all;
	struct list dirty;
	bool is_telling; /* the call that tells is on its way */
	listed_fn *listed;
	void *listed_arg;
	/* D-21: until when a package that a server does not know is not asked for, by peer and
	 * part; loop clock. */
	uint64_t *unknown_until_ms;
	size_t *watched; /* compositions, by peer */
};

/* One more, one less composition of a peer's users. */
void subscriber_count_watched(struct subscriber *subscriber, const struct sip_peer *peer, int by);
/* Has the dirty ones told from the loop. */
void subscriber_tell_later(struct subscriber *subscriber);
uint64_t *subscriber_unknown_until(struct subscriber *subscriber, const struct sip_peer *peer,
				   enum part_name name);
