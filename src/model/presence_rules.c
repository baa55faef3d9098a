/* The rule table of D-27. */
#include "model/presence_rules.h"

#include <string.h>

#include "model/presence_words.h"

static const char *const case_names[CASE_COUNT] = {
	[CASE_UNKNOWN] = "unknown", [CASE_CLOSED] = "closed",     [CASE_ON_HOLD] = "on-hold",
	[CASE_IN_CALL] = "in-call", [CASE_DIALLING] = "dialling", [CASE_DND] = "do-not-disturb",
	[CASE_RINGING] = "ringing", [CASE_ACTIVITY] = "activity", [CASE_IDLE] = "idle",
};

static const struct presence_rules built_in = {
	.rules = {{.when = CASE_CLOSED},
		  {.when = CASE_ON_HOLD, .show = SHOW_DND},
		  {.when = CASE_IN_CALL, .show = SHOW_DND},
		  {.when = CASE_DIALLING, .show = SHOW_DND},
		  {.when = CASE_DND, .show = SHOW_DND},
		  {.when = CASE_RINGING, .keeps_show = true},
		  {.when = CASE_ACTIVITY, .keeps_show = true},
		  {.when = CASE_IDLE, .show = SHOW_AWAY}},
	.lang = "en",
	.details = DETAILS_DEFAULT,
};

const struct presence_rules *presence_rules_built_in(void)
{
	return &built_in;
}

bool presence_rules_init(struct presence_rules *rules, const char *language)
{
	int found = presence_words_language(language);

	*rules = built_in;
	rules->lang = language;
	rules->language = found < 0 ? 0 : found;
	return found >= 0;
}

struct presence_rule *presence_rules_put(struct presence_rules *rules, enum presence_case which)
{
	for (size_t i = rules->put; i < PRESENCE_RULES; i++) {
		struct presence_rule rule = rules->rules[i];

		if (rule.when != which)
			continue;
		memmove(&rules->rules[rules->put + 1], &rules->rules[rules->put],
			(i - rules->put) * sizeof rule);
		rules->rules[rules->put] = rule;
		return &rules->rules[rules->put++];
	}
	return NULL;
}

const char *presence_case_name(enum presence_case which)
{
	return case_names[which];
}

int presence_case_from_name(const char *name)
{
	for (int i = 0; i < CASE_COUNT; i++) {
		if (strcmp(case_names[i], name) == 0)
			return i;
	}
	return -1;
}
