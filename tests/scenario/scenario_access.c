/* Access rules in a script: "access FROM TO MAY, ..."; without words there are none. */
#include <string.h>

#include "base/mem.h"
#include "core/access.h"
#include "scenario_private.h"
#include "scenario_words.h"

enum { RULES_MAX = 10 };

/* "*", "roster", "sip:", "xmpp:", "sip:DOMAIN", "xmpp:DOMAIN", x:NAME, s:NAME. *address is owned by
 * the caller. */
static bool read_name(const char *word, struct access_name *out, struct address *address)
{
	const char *colon = strchr(word, ':');

	*out = (struct access_name){.kind = ACCESS_ANYBODY};
	if (strcmp(word, "*") == 0)
		return true;
	if (strcmp(word, "roster") == 0) {
		out->kind = ACCESS_ROSTER;
		return true;
	}
	if (strncmp(word, "sip:", 4) == 0 || strncmp(word, "xmpp:", 5) == 0) {
		out->side = word[0] == 's' ? SIDE_SIP : SIDE_XMPP;
		out->kind = colon[1] == '\0' ? ACCESS_SIDE : ACCESS_DOMAIN;
		out->domain = colon + 1;
		return true;
	}
	if (!scenario_address(word, address))
		return false;
	*out = (struct access_name){ACCESS_USER, address->side, address->local, address->domain};
	return true;
}

static bool read_may(const char *word, enum access_may *out)
{
	static const char *const names[] = {"none", "watch", "write", "all"};

	for (int i = 0; i < 4; i++)
		if (strncmp(word, names[i], strlen(names[i])) == 0) {
			*out = (enum access_may)i;
			return true;
		}
	return false;
}

const char *scenario_do_access(struct scenario *scenario, int count, char **words)
{
	struct access_name from[RULES_MAX], to[RULES_MAX];
	struct address addresses[2 * RULES_MAX] = {0};
	struct access_rule rules[RULES_MAX];
	struct access *before = scenario->access;
	size_t rule_count = 0;
	bool is_right = (count - 1) % 3 == 0;

	for (int i = 1; i + 2 < count && rule_count < RULES_MAX && is_right; i += 3, rule_count++) {
		size_t n = rule_count;

		rules[n] = (struct access_rule){.from = {&from[n], 1}, .to = {&to[n], 1}};
		is_right = read_name(words[i], &from[n], &addresses[2 * n]) &&
			   read_name(words[i + 1], &to[n], &addresses[2 * n + 1]) &&
			   read_may(words[i + 2], &rules[n].may);
	}
	if (is_right) {
		scenario->access = rule_count != 0 ? access_new(rules, rule_count) : NULL;
		bridge_set_access(scenario->bridge, scenario->access);
		access_free(&before);
	}
	for (size_t i = 0; i < 2 * RULES_MAX; i++)
		address_clear(&addresses[i]);
	return is_right ? NULL : "access FROM TO none|watch|write|all ...";
}
