/* Who may watch or write to whom: access of the draft, its names made canonical by the address map
 * (SEC-043, SEC-046). */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/access.h"
#include "model/address.h"
#include "settings_private.h"
#include "translate/address_map.h"

/* One word of a list. */
struct word {
	struct loader *loader;
	struct address_map *map;
	size_t rule;
	const char *list; /* "from" or "to" */
	const char *text;
};

static int line_of(const struct loader *loader, size_t i, const char *field)
{
	char name[SETTING_NAME_MAX];

	snprintf(name, sizeof(name), "access[%zu].%s", i, field);
	return loader_line(loader, name);
}

static bool at_fault(const struct word *word, const char *why)
{
	loader_fault(word->loader, line_of(word->loader, word->rule, word->list),
		     "access[%zu].%s: \"%s\" names nobody (%s); write \"*\", \"roster\", \"sip:\", "
		     "\"xmpp:\", a domain or an address",
		     word->rule, word->list, word->text, why);
	return false;
}

static bool has_scheme(const char *text)
{
	static const char *const schemes[] = {"sip:", "sips:", "im:", "pres:", "tel:", "xmpp:"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

/* A SIP domain of ours that is written without a scheme reads like a chat domain. */
static int read_bare(const struct word *word, struct address *out, const char **why)
{
	int error = address_from_jid(word->map, word->text, out, NULL, why);
	struct buf uri = BUF_INIT;

	if (error != 0 || out->side != SIDE_XMPP)
		return error;
	const struct address phone = {SIDE_SIP, out->local, out->domain};
	bool is_phone = address_is_served(word->map, &phone);

	if (!is_phone)
		return 0;
	if (address_may_use(word->map, out)) {
		*why = "it may be of SIP or of XMPP: write sip: or xmpp: before it";
		return 1;
	}
	address_clear(out);
	buf_printf(&uri, "sip:%s", word->text);
	error = address_from_uri(word->map, uri.data, uri.len, out, NULL, why);
	buf_free(&uri);
	return error;
}

static bool read_address(const struct word *word, struct access_name *out)
{
	struct address address = {0};
	const char *why = "";
	int error = has_scheme(word->text)
			    ? address_from_text(word->map, word->text, &address, &why)
			    : read_bare(word, &address, &why);
	bool is_ours =
		error == 0 && (address.side == SIDE_SIP ? address_is_served(word->map, &address)
							: address_may_use(word->map, &address));

	if (is_ours)
		*out = (struct access_name){
			.kind = address_is_domain(&address) ? ACCESS_DOMAIN : ACCESS_USER,
			.side = address.side,
			.local = memory_text(word->loader->memory, address.local),
			.domain = memory_text(word->loader->memory, address.domain)};
	address_clear(&address);
	if (error != 0)
		return at_fault(word, why);
	return is_ours || at_fault(word, "its domain is neither in domains nor in xmpp.domains");
}

static bool read_name(const struct word *word, struct access_name *out)
{
	if (strcmp(word->text, "*") == 0) {
		*out = (struct access_name){.kind = ACCESS_ANYBODY};
	} else if (strcmp(word->text, "roster") == 0) {
		*out = (struct access_name){.kind = ACCESS_ROSTER};
	} else if (strcasecmp(word->text, "sip:") == 0 || strcasecmp(word->text, "xmpp:") == 0) {
		bool is_sip = word->text[0] == 's' || word->text[0] == 'S';

		*out = (struct access_name){.kind = ACCESS_SIDE,
					    .side = is_sip ? SIDE_SIP : SIDE_XMPP};
	} else {
		return read_address(word, out);
	}
	return true;
}

static struct access_names read_names(struct loader *loader, struct address_map *map, size_t rule,
				      const char *list, const struct texts *from)
{
	struct access_name *items = memory_array(loader->memory, from->count + 1, sizeof(*items));
	size_t count = 0;

	if (from->count == 0)
		loader_fault(loader, line_of(loader, rule, list),
			     "access[%zu].%s is not set; name who is meant, or \"*\"", rule, list);
	for (size_t i = 0; i < from->count; i++) {
		const struct word word = {loader, map, rule, list, from->items[i]};

		if (read_name(&word, &items[count]))
			count++;
	}
	return (struct access_names){items, count};
}

void settings_check_access(struct loader *loader, struct settings *out, struct address_map *map)
{
	const struct items *items = &loader->draft.access;
	const struct draft_access *from = items->items;
	struct access_rule *rules = memory_array(loader->memory, items->count + 1, sizeof(*rules));

	out->access = rules;
	out->access_count = items->count;
	for (size_t i = 0; i < items->count; i++) {
		rules[i].from = read_names(loader, map, i, "from", &from[i].from);
		rules[i].to = read_names(loader, map, i, "to", &from[i].to);
		if (from[i].may < 0)
			loader_fault(loader, line_of(loader, i, "may"),
				     "access[%zu].may is not set; write \"none\", \"watch\", "
				     "\"write\" or \"all\"",
				     i);
		rules[i].may = (enum access_may)from[i].may; /* in the order of the choices */
	}
}
