/* JIDs to addresses and back (RFC 7622 section 3, XEP-0106). */
#include "translate/address_private.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/table.h"
#include "base/utf8.h"

struct jid_parts {
	const char *local; /* NULL: none */
	size_t local_len;
	const char *domain;
	size_t domain_len;
	const char *resource; /* NULL: none */
};

static bool resource_is_valid(const char *resource)
{
	size_t len = strlen(resource);

	if (len == 0 || len > ADDRESS_PART_MAX || !utf8_is_valid(resource, len)) /* ADDR-002 */
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)resource[i] < ' ' || resource[i] == 0x7f)
			return false;
	}
	return true;
}

/* ADDR-003: the first '/' first. */
static bool cut_jid(const char *jid, struct jid_parts *out)
{
	const char *slash = strchr(jid, '/');
	size_t bare_len = slash != NULL ? (size_t)(slash - jid) : strlen(jid);
	const char *at = memchr(jid, '@', bare_len);

	out->resource = slash != NULL ? slash + 1 : NULL;
	out->local = at != NULL ? jid : NULL;
	out->local_len = at != NULL ? (size_t)(at - jid) : 0;
	out->domain = at != NULL ? at + 1 : jid;
	out->domain_len = bare_len - (size_t)(out->domain - jid);
	return (at == NULL || out->local_len > 0) &&
	       (slash == NULL || resource_is_valid(out->resource));
}

static int refuse(const char **why, int error, const char *reason)
{
	*why = reason;
	return error;
}

/* A user of a component domain is a SIP user. */
static int set_sip_user(const struct address_map *map, const struct map_entry *entry,
			const struct local *plain, struct address *out, const char **why)
{
	const char *refusal = map_shadow_refusal(map, entry, plain);

	if (refusal != NULL)
		return refuse(why, ENOENT, refusal);
	address_set(out, SIDE_SIP, plain->text, entry->sip);
	return 0;
}

static int set_chat_user(const struct address_map *map, const struct local *jid, const char *domain,
			 enum domain_kind kind, struct address *out, const char **why)
{
	const char *refusal = map_chat_refusal(map, domain, kind);

	if (refusal != NULL)
		return refuse(why, ENOENT, refusal);
	address_set(out, SIDE_XMPP, jid->text, domain);
	return 0;
}

int address_from_jid(struct address_map *map, const char *jid, struct address *out,
		     const char **resource, const char **why)
{
	struct jid_parts parts;
	struct local local;
	struct local plain;
	char domain[DOMAIN_BYTES_MAX + 1];
	enum domain_kind kind;
	const struct map_entry *entry;
	int error = 0;

	*why = NULL;
	local.text[0] = '\0';
	plain.text[0] = '\0';
	plain.len = 0;
	if (!cut_jid(jid, &parts) || !domain_prepare(parts.domain, parts.domain_len, domain, &kind))
		return refuse(why, EINVAL, "the JID is malformed");
	if (parts.local != NULL)
		error = local_from_jid(parts.local, parts.local_len, &local, &plain, why);
	if (error != 0)
		return error;
	entry = table_find(map->entry_by_xmpp, domain, strlen(domain));
	if (entry != NULL)
		error = set_sip_user(map, entry, &plain, out, why);
	else
		error = set_chat_user(map, &local, domain, kind, out, why);
	if (error == 0 && resource != NULL)
		*resource = parts.resource;
	return error;
}

static int append_sip_user(const struct address_map *map, const struct address *address,
			   struct buf *out)
{
	const struct map_entry *entry = map_entry_by_sip(map, address->domain);
	struct local plain;
	struct local jid;

	if (entry == NULL)
		return ENOENT;
	if (address->local[0] != '\0') {
		plain.len = strnlen(address->local, ADDRESS_PART_MAX);
		memcpy(plain.text, address->local, plain.len);
		plain.text[plain.len] = '\0';
		if (local_to_jid(&plain, &jid) != NULL)
			return ENOENT;
		buf_append(out, jid.text, jid.len);
		buf_putc(out, '@');
	}
	buf_puts(out, entry->xmpp_wire);
	return 0;
}

int address_to_jid(struct address_map *map, const struct address *address, struct buf *out)
{
	if (address->side == SIDE_SIP)
		return append_sip_user(map, address, out);
	if (address->local[0] != '\0') {
		buf_puts(out, address->local);
		buf_putc(out, '@');
	}
	domain_append_wire(out, address->domain);
	return 0;
}
