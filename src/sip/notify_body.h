/* Documents of the notifier, each written once for all who are told the same (D-18). */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "sip/event_package.h"

struct notify_body {
	struct buf text;
	uint64_t digest; /* of what it means; never 0 */
	char *entity;
	const struct profile *profile;
	uint32_t version;
};

/* The last document of each package; zeroed has none. */
struct notify_bodies {
	struct notify_body last[EVENT_COUNT];
};

/* The document; it is document->presence's until notify_bodies_forget(), which must be called
 * before presence may be another one. Valid until the next call. */
const struct notify_body *notify_bodies_get(struct notify_bodies *bodies,
					    const struct event_package *package,
					    const struct event_document *document);
void notify_bodies_forget(struct notify_bodies *bodies);
void notify_bodies_free(struct notify_bodies *bodies);
