/* The canonical address: (side, domain, local part). translate/address_map is the only door
 * between it and URIs or JIDs; core, store, limits and access rules see only this form. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum side { SIDE_SIP, SIDE_XMPP };

enum { ADDRESS_PART_MAX = 1023 }; /* bytes of one part (RFC 7622 section 3) */

/* A user, or a whole domain when local is "". local: for SIDE_SIP the decoded user part; for
 * SIDE_XMPP the prepared JID localpart as it stands on the wire (XEP-0106 escapes kept). domain:
 * lower case, A-labels. Both are owned, NUL-terminated and hold no NUL. */
struct address {
	enum side side;
	char *local;
	char *domain;
};

/* Both parts are copied. *out must not hold an address. */
void address_set(struct address *out, enum side side, const char *local, const char *domain);
void address_copy(struct address *out, const struct address *from);
/* Frees the parts; safe on a zeroed or cleared address. */
void address_clear(struct address *address);
bool address_equal(const struct address *a, const struct address *b);
/* A whole domain: a SIP domain that watches for all its phones (D-18). */
static inline bool address_is_domain(const struct address *address)
{
	return address->local[0] == '\0';
}
/* Appends a blob that is equal exactly for equal addresses: 'S' or 'X', domain, NUL, local, NUL. */
void address_key(const struct address *address, struct buf *out);
/* Reads such a blob. Returns the bytes used, or 0 if it is not one. */
size_t address_from_key(struct address *out, const void *key, size_t len);
/* For people: "sip:local@domain" or "xmpp:local@domain", raw; pass through log_safe() to log. */
void address_print(const struct address *address, struct buf *out);

const char *side_name(enum side side); /* "sip", "xmpp" */
static inline enum side side_other(enum side side)
{
	return side == SIDE_SIP ? SIDE_XMPP : SIDE_SIP;
}
