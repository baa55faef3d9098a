/* The tables of the address map: filled once from the configuration and checked to be a bijection
 * (D-01 to D-06). Reading and writing of addresses: address_uri.c, address_jid.c. */
#include "translate/address_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"

/* Where map_fill() reports what is wrong. */
struct report {
	char *text;
	size_t len;
};

static int __attribute__((format(printf, 2, 3)))
wrong(struct report *report, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(report->text, report->len, format, args);
	va_end(args);
	return EINVAL;
}

size_t pair_key(char out[PAIR_KEY_MAX], const char *domain, const char *local)
{
	size_t domain_len = strnlen(domain, DOMAIN_BYTES_MAX);
	size_t local_len = strnlen(local, ADDRESS_PART_MAX);

	memcpy(out, domain, domain_len);
	out[domain_len] = '\0';
	memcpy(out + domain_len + 1, local, local_len);
	return domain_len + 1 + local_len;
}

static void *find(const struct table *table, const char *name)
{
	return table_find(table, name, strlen(name));
}

static char *canonical(const char *name, enum domain_kind *kind)
{
	char out[DOMAIN_BYTES_MAX + 1];

	if (name == NULL || !domain_prepare(name, strlen(name), out, kind))
		return NULL;
	return mem_strdup(out);
}

/* domains[] ------------------------------------------------------------------------------------ */

static char *wire_form(const char *domain)
{
	struct buf wire = BUF_INIT;

	domain_append_wire(&wire, domain);
	return buf_take(&wire);
}

static int add_entry(struct address_map *map, size_t i, const struct map_domain *from,
		     struct report *report)
{
	struct map_entry *entry = &map->entries[i];
	enum domain_kind kind;

	map->entry_count = i + 1;
	entry->xmpp = canonical(from->xmpp, &kind);
	if (entry->xmpp == NULL)
		return wrong(report, "domains[%zu].xmpp: \"%s\" is no domain name", i,
			     from->xmpp == NULL ? "" : from->xmpp);
	entry->sip = canonical(from->sip, &kind);
	if (entry->sip == NULL)
		return wrong(report, "domains[%zu].sip: \"%s\" is no domain name", i,
			     from->sip == NULL ? "" : from->sip);
	entry->xmpp_wire = wire_form(entry->xmpp);
	entry->case_rule = from->case_rule;
	entry->callback = from->callback;
	entry->separator_is_star = from->separator == '*';
	entry->allow_sips = from->allow_sips;
	entry->is_asterisk = from->is_asterisk;
	entry->phone_context = mem_strdup_or_null(from->phone_context);
	if (table_put(map->entry_by_xmpp, entry->xmpp, strlen(entry->xmpp), entry) != NULL)
		return wrong(report,
			     "domains[%zu].xmpp: \"%s\" shows another SIP domain already; "
			     "give each SIP domain a component domain of its own",
			     i, entry->xmpp);
	if (table_put(map->entry_by_sip, entry->sip, strlen(entry->sip), entry) != NULL)
		return wrong(report,
			     "domains[%zu].sip: \"%s\" stands in domains twice; "
			     "remove one of the two",
			     i, entry->sip);
	return 0;
}

static int add_entries(struct address_map *map, const struct address_map_params *params,
		       struct report *report)
{
	map->entries = mem_zalloc(sizeof(*map->entries) * (params->domain_count + 1));
	for (size_t i = 0; i < params->domain_count; i++) {
		int error = add_entry(map, i, &params->domains[i], report);

		if (error != 0)
			return error;
	}
	return 0;
}

/* Chat domains --------------------------------------------------------------------------------- */

/* Takes xmpp and sip. */
static struct map_chat *add_chat(struct address_map *map, char *xmpp, char *sip)
{
	struct map_chat *chat = &map->chats[map->chat_count++];

	chat->xmpp = xmpp;
	chat->sip = sip;
	table_put(map->chat_by_xmpp, xmpp, strlen(xmpp), chat);
	return chat;
}

static int add_named_chats(struct address_map *map, const struct address_map_params *params,
			   struct report *report)
{
	for (size_t i = 0; i < params->chat_domain_count; i++) {
		enum domain_kind kind;
		char *xmpp = canonical(params->chat_domains[i].xmpp, &kind);
		char *sip = canonical(params->chat_domains[i].sip, &kind);
		bool is_valid = xmpp != NULL && sip != NULL;
		bool is_new = is_valid && find(map->chat_by_xmpp, xmpp) == NULL;

		if (is_new) {
			add_chat(map, xmpp, sip);
			continue;
		}
		mem_free(xmpp);
		mem_free(sip);
		if (is_valid)
			return wrong(report,
				     "chat_domains[%zu].xmpp: stands in chat_domains twice; "
				     "remove one of the two",
				     i);
		return wrong(report, "chat_domains[%zu]: xmpp and sip must both be domain names",
			     i);
	}
	return 0;
}

static int add_served_chats(struct address_map *map, const struct address_map_params *params,
			    struct report *report)
{
	for (size_t i = 0; i < params->xmpp_domain_count; i++) {
		const char *name = params->xmpp_domains[i];
		enum domain_kind kind;
		struct map_chat *chat;
		char *domain;

		if (name != NULL && strcmp(name, "*") == 0) {
			map->everybody = true;
			continue;
		}
		domain = canonical(name, &kind);
		if (domain == NULL)
			return wrong(report, "xmpp.domains[%zu]: \"%s\" is no domain name", i,
				     name == NULL ? "" : name);
		chat = find(map->chat_by_xmpp, domain);
		if (chat != NULL)
			mem_free(domain);
		else
			chat = add_chat(map, domain, mem_strdup(domain));
		chat->may_use = true;
	}
	return 0;
}

/* D-01: what is written on SIP must lead back to one chat domain and to nothing else. */
static int check_chat(struct address_map *map, struct map_chat *chat, struct report *report)
{
	const struct map_entry *entry = find(map->entry_by_sip, chat->sip);
	const struct map_chat *other;

	if (find(map->entry_by_xmpp, chat->xmpp) != NULL)
		return wrong(report,
			     "xmpp.domains: \"%s\" is a component domain of the bridge; "
			     "name the domain of the chat users",
			     chat->xmpp);
	if (entry != NULL && entry->callback == CALLBACK_ESCAPED)
		return 0;
	if (entry != NULL)
		return wrong(report,
			     "domains[%zu].sip: \"%s\" is also the name of chat domain \"%s\" "
			     "on SIP; give the chat domain another name in chat_domains, or set "
			     "callback = \"escaped\" here",
			     (size_t)(entry - map->entries), chat->sip, chat->xmpp);
	other = table_put(map->chat_by_sip, chat->sip, strlen(chat->sip), chat);
	if (other != NULL)
		return wrong(report,
			     "chat_domains: \"%s\" would be the SIP name of both \"%s\" and "
			     "\"%s\"; give each a name of its own",
			     chat->sip, other->xmpp, chat->xmpp);
	return 0;
}

static int add_chats(struct address_map *map, const struct address_map_params *params,
		     struct report *report)
{
	size_t served = 0;
	int error;

	map->chats = mem_zalloc(sizeof(*map->chats) *
				(params->chat_domain_count + params->xmpp_domain_count + 1));
	error = add_named_chats(map, params, report);
	if (error == 0)
		error = add_served_chats(map, params, report);
	for (size_t i = 0; i < map->chat_count && error == 0; i++) {
		struct map_chat *chat = &map->chats[i];

		error = check_chat(map, chat, report);
		served += chat->may_use ? 1 : 0;
		if (chat->may_use)
			map->only_chat = chat;
	}
	if (served != 1 || map->everybody)
		map->only_chat = NULL;
	return error;
}

static int add_own_hosts(struct address_map *map, const struct address_map_params *params,
			 struct report *report)
{
	for (size_t i = 0; i < params->own_host_count; i++) {
		char host[DOMAIN_BYTES_MAX + 1];
		enum domain_kind kind;
		const char *name = params->own_hosts[i];

		if (!domain_prepare(name, strlen(name), host, &kind))
			return wrong(report, "sip: \"%s\" is no host", name);
		table_put(map->own_hosts, host, strlen(host), map);
	}
	return 0;
}

/* users (D-06) --------------------------------------------------------------------------------- */

/* Reads a SIP address of a configured SIP domain. */
static int read_sip_user(struct address_map *map, const char *uri, struct address *out,
			 const char **why)
{
	struct address address = {0};
	int error;

	*why = "it is not set";
	if (uri == NULL)
		return EINVAL;
	error = address_from_uri(map, uri, strlen(uri), &address, NULL, why);
	if (error != 0)
		return error;
	if (address.side == SIDE_SIP && address.local[0] != '\0') {
		*out = address;
		return 0;
	}
	address_clear(&address);
	*why = "it is no user of a SIP domain of domains, or an alias already";
	return EINVAL;
}

static int add_alias(struct address_map *map, const struct address *user, const char *jid,
		     const char *uri, const char **why)
{
	struct map_alias *alias;
	struct address sip = {0};
	char key[PAIR_KEY_MAX];
	int error = read_sip_user(map, uri, &sip, why);

	if (error != 0)
		return error;
	alias = mem_zalloc(sizeof(*alias));
	alias->sip_local = sip.local;
	alias->sip_domain = sip.domain;
	address_copy(&alias->user, user);
	map->alias_count++;
	table_put(map->alias_by_sip, key, pair_key(key, sip.domain, sip.local), alias);
	/* The first alias in a domain is the one that is written. */
	if (table_find(map->alias_by_user, key, pair_key(key, sip.domain, jid)) == NULL)
		table_put(map->alias_by_user, key, pair_key(key, sip.domain, jid), alias);
	return 0;
}

static int add_user(struct address_map *map, size_t i, const struct map_user *from,
		    struct report *report)
{
	struct address user = {0};
	struct buf jid = BUF_INIT;
	const char *resource = NULL;
	const char *why = "it is not set";
	int error = EINVAL;

	if (from->jid != NULL)
		error = address_from_jid(map, from->jid, &user, &resource, &why);
	if (error == 0 && (user.side != SIDE_XMPP || user.local[0] == '\0' || resource != NULL)) {
		why = "it must be the bare JID of a chat user";
		error = EINVAL;
	}
	if (error != 0)
		wrong(report, "users[%zu].jid: cannot be used: %s", i, why);
	buf_printf(&jid, "%s@%s", error == 0 ? user.local : "", error == 0 ? user.domain : "");
	for (size_t k = 0; k < from->alias_count && error == 0; k++) {
		error = add_alias(map, &user, buf_text(&jid), from->aliases[k], &why);
		if (error != 0)
			wrong(report,
			      "users[%zu].alias[%zu]: cannot be used: %s; write a SIP address of a "
			      "domain in domains, such as sip:8001@pbx.example",
			      i, k, why);
	}
	buf_free(&jid);
	address_clear(&user);
	return error == 0 ? 0 : EINVAL;
}

/* After all aliases: an extension is a SIP user of his own. */
static int check_extension(struct address_map *map, size_t i, const char *uri,
			   struct report *report)
{
	struct address extension = {0};
	const char *why = NULL;

	if (uri == NULL)
		return 0;
	if (read_sip_user(map, uri, &extension, &why) != 0)
		return wrong(report,
			     "users[%zu].extension: cannot be used: %s; write a SIP address of a "
			     "domain in domains, such as sip:1001@pbx.example",
			     i, why);
	address_clear(&extension);
	return 0;
}

static int add_users(struct address_map *map, const struct address_map_params *params,
		     struct report *report)
{
	int error = 0;

	for (size_t i = 0; i < params->user_count && error == 0; i++)
		error = add_user(map, i, &params->users[i], report);
	for (size_t i = 0; i < params->user_count && error == 0; i++)
		error = check_extension(map, i, params->users[i].extension, report);
	return error;
}

/* The map -------------------------------------------------------------------------------------- */

static int map_fill(struct address_map *map, const struct address_map_params *params,
		    struct report *report)
{
	int error = add_entries(map, params, report);

	if (error == 0)
		error = add_chats(map, params, report);
	if (error == 0)
		error = add_own_hosts(map, params, report);
	if (error == 0)
		error = add_users(map, params, report);
	return error;
}

int address_map_new(struct address_map **out, const struct address_map_params *params, char *error,
		    size_t error_len)
{
	struct report report = {error, error_len};
	struct address_map *map = mem_zalloc(sizeof(*map));
	int code;

	map->entry_by_sip = table_new();
	map->entry_by_xmpp = table_new();
	map->chat_by_sip = table_new();
	map->chat_by_xmpp = table_new();
	map->own_hosts = table_new();
	map->alias_by_sip = table_new();
	map->alias_by_user = table_new();
	map->spellings = table_new();
	code = map_fill(map, params, &report);
	if (code != 0)
		address_map_free(&map);
	*out = map;
	return code;
}

static bool free_alias(void *value, void *arg)
{
	struct map_alias *alias = value;

	(void)arg;
	mem_free(alias->sip_local);
	mem_free(alias->sip_domain);
	address_clear(&alias->user);
	mem_free(alias);
	return true;
}

static bool free_spelling(void *value, void *arg)
{
	(void)arg;
	mem_free(value);
	return true;
}

static void free_tables(struct address_map *map)
{
	table_each(map->alias_by_sip, free_alias, NULL);
	table_each(map->spellings, free_spelling, NULL);
	table_free(&map->entry_by_sip);
	table_free(&map->entry_by_xmpp);
	table_free(&map->chat_by_sip);
	table_free(&map->chat_by_xmpp);
	table_free(&map->own_hosts);
	table_free(&map->alias_by_sip);
	table_free(&map->alias_by_user);
	table_free(&map->spellings);
}

void address_map_free(struct address_map **out)
{
	struct address_map *map = *out;

	*out = NULL;
	if (map == NULL)
		return;
	free_tables(map);
	for (size_t i = 0; i < map->entry_count; i++) {
		mem_free(map->entries[i].xmpp);
		mem_free(map->entries[i].xmpp_wire);
		mem_free(map->entries[i].sip);
		mem_free(map->entries[i].phone_context);
	}
	mem_free(map->entries);
	for (size_t i = 0; i < map->chat_count; i++) {
		mem_free(map->chats[i].xmpp);
		mem_free(map->chats[i].sip);
	}
	mem_free(map->chats);
	mem_free(map);
}
