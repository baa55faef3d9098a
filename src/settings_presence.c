/* What a chat user sees of a phone: language, presence.rules and presence.details of the draft
 * (D-27).
 */
#include "settings_private.h"

#include <stdio.h>
#include <string.h>

#include "model/presence_rules.h"
#include "sip/sip_side.h"

static const struct {
	const char *name;
	unsigned detail;
} details[] = {
	{"activity", DETAIL_ACTIVITY},         {"place", DETAIL_PLACE}, {"sphere", DETAIL_SPHERE},
	{"surroundings", DETAIL_SURROUNDINGS}, {"time", DETAIL_TIME},
};

static unsigned detail_of(const char *name)
{
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++) {
		if (strcmp(details[i].name, name) == 0)
			return details[i].detail;
	}
	return 0;
}

const char *settings_text_detail(const char *value)
{
	return detail_of(value) != 0
		       ? NULL
		       : "\"activity\", \"place\", \"sphere\", \"surroundings\" or \"time\"";
}

static int line_of(const struct loader *loader, size_t i, const char *field)
{
	char name[SETTING_NAME_MAX];

	snprintf(name, sizeof(name), "presence.rules[%zu].%s", i, field);
	return loader_line(loader, name);
}

static void fill_rule(struct loader *loader, size_t i, const struct draft_rule *from,
		      struct presence_rule *out)
{
	if (from->text == NULL)
		out->text = "";
	else if (strcmp(from->text, SETTINGS_TEXT_BUILT_IN) != 0)
		out->text = from->text;
	if (from->show == SETTING_UNSET)
		return;
	if (out->when == CASE_CLOSED)
		loader_fault(loader, line_of(loader, i, "show"),
			     "presence.rules[%zu].show: who is closed is always shown as "
			     "unavailable; remove it",
			     i);
	out->keeps_show = from->show == SETTINGS_SHOW_KEEP;
	out->show = out->keeps_show ? SHOW_NONE : (enum show)from->show;
}

static void check_rule(struct loader *loader, size_t i, struct presence_rules *rules)
{
	const struct draft_rule *from = (const struct draft_rule *)loader->draft.rules.items + i;
	struct presence_rule *rule;

	if (from->state == SETTING_UNSET) {
		loader_fault(loader, line_of(loader, i, "state"),
			     "presence.rules[%zu] names no state; add one, such as state = "
			     "\"in-call\"",
			     i);
		return;
	}
	/* The names in the schema begin behind CASE_UNKNOWN. */
	rule = presence_rules_put(rules, (enum presence_case)(from->state + 1));
	if (rule != NULL)
		fill_rule(loader, i, from, rule);
	else
		loader_fault(loader, line_of(loader, i, "state"),
			     "presence.rules[%zu].state: \"%s\" has a rule further up already; "
			     "remove one of the two",
			     i, presence_case_name((enum presence_case)(from->state + 1)));
}

void settings_check_presence(struct loader *loader, struct settings *out)
{
	const struct draft *draft = &loader->draft;
	struct presence_rules *rules = &out->rules;

	out->language = draft->language;
	if (!presence_rules_init(rules, draft->language))
		loader_warn(loader, loader_line(loader, "language"),
			    "language: no texts are built in for \"%s\", they are English; "
			    "presence.rules may give your own",
			    draft->language);
	for (size_t i = 0; i < draft->rules.count; i++)
		check_rule(loader, i, rules);
	if (!draft->details.is_set)
		return;
	rules->details = 0;
	for (size_t i = 0; i < draft->details.count; i++)
		rules->details |= detail_of(draft->details.items[i]);
}

/* Where presence comes from and goes to -------------------------------------------------------- */

static int domain_line(const struct loader *loader, size_t i, const char *field)
{
	char name[SETTING_NAME_MAX];

	snprintf(name, sizeof(name), "domains[%zu].%s", i, field);
	return loader_line(loader, name);
}

/* What is allowed and does nothing, which shows only when somebody misses it. */
void settings_warn_presence(struct loader *loader, size_t i, const struct draft_domain *entry,
			    const struct sip_peer *peer)
{
	const struct profile *profile = &peer->profile;

	if (profile->publish != PUBLISH_AS_NOTHING && loader->draft.users.count == 0)
		loader_warn(loader, domain_line(loader, i, "publish"),
			    "domains[%zu].publish publishes nobody; name the chat users in users",
			    i);
	if (entry->publish_to != NULL && profile->publish != PUBLISH_AS_DEVICESTATE)
		loader_warn(loader, domain_line(loader, i, "publish_to"),
			    "domains[%zu].publish_to has no effect without publish = "
			    "\"devicestate\"",
			    i);
	if (profile->packages == 0 && !profile->accepts_publish && entry->list == NULL)
		loader_warn(loader, domain_line(loader, i, "packages"),
			    "domains[%zu].packages is empty, and there is neither a list nor "
			    "accept_publish: nothing will be known of the users of %s",
			    i, entry->sip);
}
