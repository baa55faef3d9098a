/* Questions to the tables of the address map: which domain is whose, escaped forms, aliases and
 * spellings. */
#include "translate/address_private.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"

static void *find(const struct table *table, const char *name)
{
	return table_find(table, name, strlen(name));
}

const struct map_entry *map_entry_by_sip(const struct address_map *map, const char *domain)
{
	return domain == NULL ? NULL : find(map->entry_by_sip, domain);
}

bool address_may_use(const struct address_map *map, const struct address *xmpp_user)
{
	const struct map_chat *chat;

	if (xmpp_user->side != SIDE_XMPP)
		return false;
	chat = find(map->chat_by_xmpp, xmpp_user->domain);
	return chat != NULL ? chat->may_use || map->everybody : map->everybody;
}

bool address_is_named(const struct address_map *map, const struct address *xmpp_user)
{
	const struct map_chat *chat;

	if (xmpp_user->side != SIDE_XMPP)
		return false;
	chat = find(map->chat_by_xmpp, xmpp_user->domain);
	if (chat != NULL && chat->may_use)
		return true;
	for (size_t i = 0; i < map->entry_count && map->everybody; i++) {
		const char *above = strchr(map->entries[i].xmpp, '.');

		if (above != NULL && strcmp(above + 1, xmpp_user->domain) == 0)
			return true;
	}
	return false;
}

bool address_is_served(const struct address_map *map, const struct address *sip_user)
{
	return sip_user->side == SIDE_SIP && map_entry_by_sip(map, sip_user->domain) != NULL;
}

bool address_is_component(const struct address_map *map, const char *jid_domain)
{
	char domain[DOMAIN_BYTES_MAX + 1];
	enum domain_kind kind;

	if (find(map->entry_by_xmpp, jid_domain) != NULL)
		return true;
	return domain_prepare(jid_domain, strlen(jid_domain), domain, &kind) &&
	       find(map->entry_by_xmpp, domain) != NULL;
}

/* The escaped form exists in some domain for everybody's users (D-04). */
static bool any_is_escaped(const struct address_map *map)
{
	for (size_t i = 0; i < map->entry_count; i++) {
		if (map->entries[i].callback == CALLBACK_ESCAPED)
			return true;
	}
	return false;
}

const char *map_chat_refusal(const struct address_map *map, const char *domain,
			     enum domain_kind kind)
{
	const struct map_chat *chat = find(map->chat_by_xmpp, domain);
	const struct map_entry *entry;

	if (chat != NULL)
		return NULL; /* check_chat() has looked */
	entry = find(map->entry_by_sip, domain);
	if (entry != NULL && !any_is_escaped(map))
		return "the chat domain is also a SIP domain (see chat_domains)";
	if (find(map->chat_by_sip, domain) != NULL)
		return "the domain is the SIP name of another chat domain";
	if (kind == DOMAIN_LITERAL || find(map->own_hosts, domain) != NULL)
		return "the domain is the address of a host";
	return NULL;
}

/* The domain right of an escaped form's separator: one of those that may use the bridge. With "*"
 * any domain would do, and e-mail-like SIP user names could not be told from it: there the operator
 * must have chosen the escaped form. */
static bool is_chat_domain(const struct address_map *map, const struct map_entry *entry,
			   const char *text, size_t len, char out[DOMAIN_BYTES_MAX + 1])
{
	enum domain_kind kind;
	const struct map_chat *chat;

	if (!domain_prepare(text, len, out, &kind))
		return false;
	chat = find(map->chat_by_xmpp, out);
	if (chat != NULL && chat->may_use)
		return true;
	return map->everybody && entry->callback == CALLBACK_ESCAPED && kind == DOMAIN_NAME &&
	       find(map->entry_by_xmpp, out) == NULL;
}

static bool is_escaped_at(const struct address_map *map, const struct map_entry *entry,
			  const struct local *plain, char separator, size_t *user_len,
			  char chat[DOMAIN_BYTES_MAX + 1])
{
	const char *at = memrchr(plain->text, separator, plain->len);

	if (at == NULL || at == plain->text)
		return false;
	*user_len = (size_t)(at - plain->text);
	return is_chat_domain(map, entry, at + 1, plain->len - *user_len - 1, chat);
}

bool map_find_escaped(const struct address_map *map, const struct map_entry *entry,
		      const struct local *plain, size_t *user_len, char chat[DOMAIN_BYTES_MAX + 1])
{
	if (is_escaped_at(map, entry, plain, '@', user_len, chat))
		return true;
	return entry->separator_is_star && entry->callback == CALLBACK_ESCAPED &&
	       is_escaped_at(map, entry, plain, '*', user_len, chat);
}

const struct map_alias *map_find_alias(const struct address_map *map, const char *sip_domain,
				       const char *local)
{
	char key[PAIR_KEY_MAX];

	if (map->alias_count == 0)
		return NULL;
	return table_find(map->alias_by_sip, key, pair_key(key, sip_domain, local));
}

const char *map_shadow_refusal(const struct address_map *map, const struct map_entry *entry,
			       const struct local *plain)
{
	char chat[DOMAIN_BYTES_MAX + 1];
	size_t user_len;

	if (map_find_escaped(map, entry, plain, &user_len, chat))
		return "this is the escaped form of a chat user";
	if (map_find_alias(map, entry->sip, plain->text) != NULL)
		return "this is the alias of a chat user";
	return NULL;
}

/* Spellings (D-07 fold) ------------------------------------------------------------------------ */

void address_map_on_spelling(struct address_map *map,
			     void (*learn)(const struct address *address, const char *spelling,
					   void *arg),
			     void *arg)
{
	map->learn = learn;
	map->learn_arg = arg;
}

static bool keep_spelling(struct address_map *map, const struct address *address,
			  const char *spelling)
{
	char key[PAIR_KEY_MAX];
	size_t len = pair_key(key, address->domain, address->local);

	if (table_find(map->spellings, key, len) != NULL)
		return false;
	if (table_count(map->spellings) >= SPELLINGS_MAX)
		return false;
	table_put(map->spellings, key, len, mem_strdup(spelling));
	return true;
}

void map_learn(struct address_map *map, const struct address *address, const char *spelling)
{
	if (keep_spelling(map, address, spelling) && map->learn != NULL)
		map->learn(address, spelling, map->learn_arg);
}

void address_map_put_spelling(struct address_map *map, const struct address *address,
			      const char *spelling)
{
	const struct map_entry *entry = map_entry_by_sip(map, address->domain);
	struct local folded;

	if (address->side != SIDE_SIP || entry == NULL || entry->case_rule != CASE_FOLD ||
	    strlen(spelling) > ADDRESS_PART_MAX)
		return;
	folded.len = strlen(spelling);
	memcpy(folded.text, spelling, folded.len + 1);
	local_fold(&folded);
	if (strcmp(folded.text, address->local) == 0)
		keep_spelling(map, address, spelling);
}
