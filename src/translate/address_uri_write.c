/* Addresses to sip: URIs: the form its reader can route back (D-01, D-04, D-06, D-07). */
#include "translate/address_private.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/table.h"

static int write_sip_user(const struct address_map *map, const struct address *address,
			  struct buf *out)
{
	const struct map_entry *entry = map_entry_by_sip(map, address->domain);
	const char *user = address->local;
	char key[PAIR_KEY_MAX];

	if (entry == NULL)
		return ENOENT;
	if (entry->case_rule == CASE_FOLD) { /* D-07: as it was spelled first */
		const char *spelling = table_find(map->spellings, key,
						  pair_key(key, address->domain, address->local));

		user = spelling != NULL ? spelling : user;
	}
	buf_puts(out, "sip:");
	if (user[0] != '\0') {
		local_append_user(out, user);
		buf_putc(out, '@');
	}
	buf_puts(out, address->domain);
	return 0;
}

static const struct map_alias *alias_toward(const struct address_map *map,
					    const struct address *user, const char *sip_domain)
{
	const struct map_alias *alias;
	struct buf jid = BUF_INIT;
	char key[PAIR_KEY_MAX];

	if (map->alias_count == 0)
		return NULL;
	buf_printf(&jid, "%s@%s", user->local, user->domain);
	alias = table_find(map->alias_by_user, key, pair_key(key, sip_domain, buf_text(&jid)));
	buf_free(&jid);
	/* The key is cut for very long JIDs. */
	return alias != NULL && address_equal(&alias->user, user) ? alias : NULL;
}

/* Appends user@domain of the escaped form. Returns true if it holds a '%'. */
static bool append_escaped(struct buf *out, const struct map_entry *entry,
			   const struct local *plain, const char *chat)
{
	bool encoded = local_append_user(out, plain->text);

	buf_puts(out, entry->separator_is_star ? "*" : "%40");
	buf_puts(out, chat);
	buf_putc(out, '@');
	buf_puts(out, entry->sip);
	return encoded || !entry->separator_is_star;
}

static bool escaped_leads_back(const struct address_map *map, const struct address *user,
			       const struct local *plain)
{
	return plain->len + 1 + strlen(user->domain) <= ADDRESS_PART_MAX &&
	       address_may_use(map, user);
}

/* The name of a chat domain on SIP, or NULL if it has none that leads back. */
static const char *name_of_sip(const struct address_map *map, const char *domain)
{
	const struct map_chat *chat = table_find(map->chat_by_xmpp, domain, strlen(domain));
	const char *name = chat != NULL ? chat->sip : domain;

	if (map_entry_by_sip(map, name) != NULL)
		return NULL;
	if (chat == NULL && map_chat_refusal(map, domain, DOMAIN_NAME) != NULL)
		return NULL;
	return name;
}

/* Appends what follows "sip:". Returns 0 or ENOENT; *encoded tells whether a '%' was written. */
static int append_chat_user(const struct address_map *map, const struct address *user,
			    const struct map_entry *toward, struct buf *out, bool *encoded)
{
	const struct map_alias *alias = NULL;
	const char *name;
	struct local plain;

	*encoded = false;
	if (toward != NULL && user->local[0] != '\0')
		alias = alias_toward(map, user, toward->sip);
	if (alias != NULL) {
		*encoded = local_append_user(out, alias->sip_local);
		buf_putc(out, '@');
		buf_puts(out, alias->sip_domain);
		return 0;
	}
	local_unescape(user->local, &plain);
	if (toward != NULL && toward->callback == CALLBACK_ESCAPED && plain.len > 0) {
		*encoded = append_escaped(out, toward, &plain, user->domain);
		return escaped_leads_back(map, user, &plain) ? 0 : ENOENT;
	}
	name = name_of_sip(map, user->domain);
	if (name == NULL)
		return ENOENT;
	if (plain.len > 0) {
		*encoded = local_append_user(out, plain.text);
		buf_putc(out, '@');
	}
	buf_puts(out, name);
	return 0;
}

/* toward may be written as in the configuration. */
static const struct map_entry *entry_toward(const struct address_map *map, const char *toward)
{
	const struct map_entry *entry = map_entry_by_sip(map, toward);
	char domain[DOMAIN_BYTES_MAX + 1];
	enum domain_kind kind;

	if (entry != NULL || toward == NULL ||
	    !domain_prepare(toward, strlen(toward), domain, &kind))
		return entry;
	return map_entry_by_sip(map, domain);
}

int address_to_uri(struct address_map *map, const struct address *address, const char *toward,
		   struct buf *out)
{
	const struct map_entry *entry = entry_toward(map, toward);
	size_t start = out->len;
	bool encoded;
	int error;

	if (address->side == SIDE_SIP)
		return write_sip_user(map, address, out);
	buf_puts(out, "sip:");
	error = append_chat_user(map, address, entry, out, &encoded);
	if (error == 0 && encoded && entry != NULL && entry->is_asterisk)
		error = ENOENT; /* D-04: Asterisk turns escapes into invalid SIP */
	if (error != 0) {
		out->len = start;
		out->data[start] = '\0';
	}
	return error;
}
