/* Quirks of a SIP peer as data (decisions.md, table of profiles): one row a profile, any domains[]
 * entry may override a field. Passed by value. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum subscribe_as { SUBSCRIBE_AS_WATCHER, SUBSCRIBE_AS_BRIDGE };
enum empty_notify { EMPTY_NOTIFY_UNCHANGED, EMPTY_NOTIFY_GONE }; /* D-24 */
enum rich_types { RICH_NEVER, RICH_ON_EVIDENCE, RICH_ALWAYS };   /* D-41 */

enum { PACKAGE_PRESENCE = 1, PACKAGE_DIALOG = 2 };

struct profile {
	const char *name;
	enum subscribe_as subscribe_as;
	unsigned packages;
	enum empty_notify empty_notify;
	bool folds_case;        /* D-07 */
	int32_t body_max_bytes; /* D-40 */
	enum rich_types rich_types;
	bool receipt_from_200;
	const char *user_agent_suffix; /* D-60, "" if none */
};

/* NULL if there is no such profile. */
const struct profile *profile_find(const char *name);
/* The i-th profile, NULL at the end. */
const struct profile *profile_at(unsigned i);
