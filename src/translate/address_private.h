/* Inside of address_map: the tables, and the pure functions on domains and local parts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/address.h"
#include "translate/address_map.h"

struct buf;
struct table;

enum {
	DOMAIN_BYTES_MAX = 255,
	SPELLINGS_MAX = 200000, /* kept at most (SEC-088); others are written in lower case */
	PAIR_KEY_MAX = DOMAIN_BYTES_MAX + 1 + ADDRESS_PART_MAX
};

/* A local part of at most ADDRESS_PART_MAX bytes, NUL-terminated. */
struct local {
	size_t len;
	char text[ADDRESS_PART_MAX + 1];
};

/* One domains[] entry; all names canonical. */
struct map_entry {
	char *xmpp;
	char *xmpp_wire; /* with U-labels, as JIDs are written */
	char *sip;
	enum case_rule case_rule;
	enum callback_form callback;
	bool separator_is_star;
	bool allow_sips;
	bool is_asterisk;
	char *phone_context;
};

/* A chat domain that is named in xmpp_domains or chat_domains, with its name on SIP. */
struct map_chat {
	char *xmpp;
	char *sip;
	bool may_use; /* D-03 */
};

/* An alias: a SIP address that is a chat user (D-06). */
struct map_alias {
	char *sip_local;
	char *sip_domain;
	struct address user;
};

struct address_map {
	struct map_entry *entries;
	size_t entry_count;
	struct table *entry_by_sip;
	struct table *entry_by_xmpp;
	struct map_chat *chats;
	size_t chat_count;
	struct table *chat_by_sip;
	struct table *chat_by_xmpp;
	const struct map_chat *only_chat; /* the only one that may use the bridge, or NULL */
	bool everybody;                   /* "*" */
	struct table *own_hosts;
	size_t alias_count;
	struct table *alias_by_sip;  /* pair_key(domain, local); owns the aliases */
	struct table *alias_by_user; /* pair_key(SIP domain, JID): the first one */
	struct table *spellings;     /* pair_key(domain, local) -> char * */
	void (*learn)(const struct address *address, const char *spelling, void *arg);
	void *learn_arg;
};

/* address_domain.c ----------------------------------------------------------------------------- */

enum domain_kind { DOMAIN_NAME, DOMAIN_LITERAL };

/* Canonical form of text[0..len): lower case, A-labels, no trailing dot; IPv6 in brackets in the
 * form of RFC 5952. Returns false if it is no domain. */
bool domain_prepare(const char *text, size_t len, char out[DOMAIN_BYTES_MAX + 1],
		    enum domain_kind *kind);
/* Appends the domain with U-labels, as XMPP wants it (JID-005). */
void domain_append_wire(struct buf *out, const char *domain);

/* address_escape.c ----------------------------------------------------------------------------- */

/* Percent-decodes once (ADDR-014). Returns 0; EINVAL a bad escape or character; ENOENT too long
 * or a NUL. */
int local_decode(const char *text, size_t len, struct local *out, const char **why);
/* ASCII capitals to small letters. Returns true if there were any. */
bool local_fold(struct local *local);
/* Checks a decoded local part and makes the JID form of it (D-08). Returns NULL, or why it cannot
 * be represented; jid is undefined then. */
const char *local_to_jid(const struct local *plain, struct local *jid);
/* Reads a JID localpart: *jid is its prepared form, *plain the unescaped one. Returns 0; EINVAL
 * not a localpart; ENOENT it would not return to itself. */
int local_from_jid(const char *text, size_t len, struct local *jid, struct local *plain,
		   const char **why);
/* Unescapes a prepared localpart. */
void local_unescape(const char *jid, struct local *plain);
/* Appends the user part of a SIP URI (ADDR-012). Returns true if it holds a '%'. */
bool local_append_user(struct buf *out, const char *plain);

/* address_unicode.c ---------------------------------------------------------------------------- */

/* Whether a local part with characters beyond ASCII is the same to every server (JID-006): NULL,
 * or why not. */
const char *unicode_refusal(const struct local *plain);
/* True if a JID localpart breaks the bidi rules of Nodeprep or PRECIS. */
bool unicode_breaks_bidi(const struct local *jid);

/* address_map.c -------------------------------------------------------------------------------- */

size_t pair_key(char out[PAIR_KEY_MAX], const char *domain, const char *local);
/* The entry of a SIP domain, or NULL; domain may be NULL. */
const struct map_entry *map_entry_by_sip(const struct address_map *map, const char *domain);
/* NULL, or why users of this chat domain have no address on SIP that leads back to them. */
const char *map_chat_refusal(const struct address_map *map, const char *domain,
			     enum domain_kind kind);
/* Whether a decoded user part in the domain of entry is the escaped form of a chat user (D-04).
 * Then *user_len is the length of his part and chat his domain. */
bool map_find_escaped(const struct address_map *map, const struct map_entry *entry,
		      const struct local *plain, size_t *user_len, char chat[DOMAIN_BYTES_MAX + 1]);
const struct map_alias *map_find_alias(const struct address_map *map, const char *sip_domain,
				       const char *local);
/* NULL, or why a decoded user part is no user of the SIP domain of entry: it belongs to a chat
 * user. */
const char *map_shadow_refusal(const struct address_map *map, const struct map_entry *entry,
			       const struct local *plain);
/* Keeps the first spelling of a user of a domain that folds (D-07). */
void map_learn(struct address_map *map, const struct address *address, const char *spelling);
