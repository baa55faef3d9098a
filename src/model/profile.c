/* The profiles of decisions.md as rows (D-07, D-17, D-21, D-24, D-40 to D-42, D-60). */
#include "model/profile.h"

#include <stddef.h>
#include <string.h>

enum { BODY_ONE_BUFFER = 1023, BODY_WHOLE = 60 * 1024, BOTH = PACKAGE_PRESENCE | PACKAGE_DIALOG };

static const struct profile profiles[] = {
	{.name = "generic",
	 .subscribe_as = SUBSCRIBE_AS_WATCHER,
	 .packages = PACKAGE_PRESENCE,
	 .empty_notify = EMPTY_NOTIFY_UNCHANGED,
	 .folds_case = false,
	 .body_max_bytes = BODY_WHOLE,
	 .rich_types = RICH_ON_EVIDENCE,
	 .receipt_from_200 = false,
	 .user_agent_suffix = ""},
	/* Swallows texts of 1,024 bytes behind a 202; sends its custom presence only to user
	 * agents of this name. */
	{.name = "asterisk",
	 .subscribe_as = SUBSCRIBE_AS_BRIDGE,
	 .packages = PACKAGE_PRESENCE,
	 .empty_notify = EMPTY_NOTIFY_UNCHANGED,
	 .folds_case = false,
	 .body_max_bytes = BODY_ONE_BUFFER,
	 .rich_types = RICH_NEVER,
	 .receipt_from_200 = false,
	 .user_agent_suffix = " (digium_presence)",
	 .words = WORDS_ASTERISK,
	 .accepts_publish = true},
	{.name = "freeswitch",
	 .subscribe_as = SUBSCRIBE_AS_BRIDGE,
	 .packages = BOTH,
	 .empty_notify = EMPTY_NOTIFY_UNCHANGED,
	 .folds_case = false,
	 .body_max_bytes = BODY_WHOLE,
	 .rich_types = RICH_NEVER,
	 .receipt_from_200 = false,
	 .user_agent_suffix = "",
	 .words = WORDS_FREESWITCH,
	 .dialog_full_is_event_only = true,
	 .accepts_publish = true,
	 .literal_prefixes = true,
	 .charset_unreliable = true},
	/* Until measured: the careful value in each column. */
	{.name = "3cx",
	 .subscribe_as = SUBSCRIBE_AS_BRIDGE,
	 .packages = BOTH,
	 .empty_notify = EMPTY_NOTIFY_UNCHANGED,
	 .folds_case = false,
	 .body_max_bytes = BODY_ONE_BUFFER,
	 .rich_types = RICH_NEVER,
	 .receipt_from_200 = false,
	 .user_agent_suffix = "",
	 .accepts_publish = true},
	{.name = "kamailio",
	 .subscribe_as = SUBSCRIBE_AS_WATCHER,
	 .packages = BOTH,
	 .empty_notify = EMPTY_NOTIFY_GONE,
	 .folds_case = true,
	 .body_max_bytes = BODY_WHOLE,
	 .rich_types = RICH_ON_EVIDENCE,
	 .receipt_from_200 = true,
	 .result_is_devices = true,
	 .user_agent_suffix = ""},
	{.name = "opensips",
	 .subscribe_as = SUBSCRIBE_AS_WATCHER,
	 .packages = BOTH,
	 .empty_notify = EMPTY_NOTIFY_GONE,
	 .folds_case = true,
	 .body_max_bytes = BODY_WHOLE,
	 .rich_types = RICH_ON_EVIDENCE,
	 .receipt_from_200 = true,
	 .result_is_devices = true,
	 .user_agent_suffix = ""},
	{.name = "linphone",
	 .subscribe_as = SUBSCRIBE_AS_WATCHER,
	 .packages = PACKAGE_PRESENCE,
	 .empty_notify = EMPTY_NOTIFY_UNCHANGED,
	 .folds_case = false,
	 .body_max_bytes = BODY_WHOLE,
	 .rich_types = RICH_ALWAYS,
	 .receipt_from_200 = true,
	 .result_is_devices = true,
	 .user_agent_suffix = ""},
};

enum { PROFILES = sizeof profiles / sizeof *profiles };

const struct profile *profile_find(const char *name)
{
	for (size_t i = 0; i < PROFILES; i++) {
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	}
	return NULL;
}

const struct profile *profile_at(unsigned i)
{
	return i < PROFILES ? &profiles[i] : NULL;
}
