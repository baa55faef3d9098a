/* Messages of the draft, and what of them contradicts itself. */
#include "settings_private.h"

#include <stdio.h>
#include <string.h>

enum { TYPES_PLAIN, RICH_NEVER_CHOICE = 0, MEANING_QUEUED = 0 }; /* first choices */

void settings_check_messages(struct loader *loader, struct settings *out)
{
	const struct draft *draft = &loader->draft;
	const struct limits *limits = &draft->limits;

	out->messages_life_s = draft->messages_life / 1000;
	out->hold_unavailable_s = draft->hold_unavailable / 1000;
	out->answer_s = draft->answer_wait / 1000;
	out->late_failure = (enum late_failure)draft->late_failure;
	if (out->hold_unavailable_s > out->messages_life_s)
		loader_warn(loader, loader_line(loader, "messages.hold_unavailable"),
			    "messages.hold_unavailable is longer than messages.life, which ends it "
			    "after %lld s",
			    (long long)out->messages_life_s);
	if (strcmp(out->store_engine, "memory") == 0)
		loader_warn(loader, loader_line(loader, "store.engine"),
			    "store.engine is \"memory\": messages that wait, and who may watch "
			    "whom, are lost when the daemon ends");
	if (limits->queue_messages_per_user > limits->queue_messages ||
	    limits->queue_bytes_per_user > limits->queue_bytes)
		loader_warn(loader, loader_line(loader, "limits.queue_messages_per_user"),
			    "limits: one sender may fill the whole queue (queue_messages_per_user, "
			    "queue_bytes_per_user)");
}

void settings_warn_messages(struct loader *loader, size_t i, const struct draft_domain *entry)
{
	char name[SETTING_NAME_MAX];

	if (entry->message_types == TYPES_PLAIN && entry->rich_types > RICH_NEVER_CHOICE) {
		snprintf(name, sizeof(name), "domains[%zu].rich_types", i);
		loader_warn(loader, loader_line(loader, name),
			    "domains[%zu].rich_types has no effect with message_types = "
			    "\"text/plain\"",
			    i);
	}
	if (entry->receipt_from_200 == 1 && entry->message_result_meaning == MEANING_QUEUED) {
		snprintf(name, sizeof(name), "domains[%zu].receipt_from_200", i);
		loader_warn(loader, loader_line(loader, name),
			    "domains[%zu].receipt_from_200 has no effect with "
			    "message_result_meaning = \"queued\"",
			    i);
	}
}
