/* Addresses: SIP and im/pres URIs and JIDs to struct address and back (RFC 7247 section 6,
 * XEP-0106, D-01 to D-11). A bijection on what it accepts; everything else is refused with a
 * reason. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/address.h"
#include "model/fault.h"

struct address_map;
struct buf;

/* D-07: exact serves only the all-lower-case spelling; fold merges and keeps the first spelling. */
enum case_rule { CASE_EXACT, CASE_FOLD };
enum callback_form { CALLBACK_DIRECT, CALLBACK_ESCAPED };

/* One entry of domains[]; strings are copied by address_map_new. */
struct map_domain {
	const char *xmpp; /* component domain that shows the users of ... */
	const char *sip;  /* ... this SIP domain */
	enum case_rule case_rule;
	enum callback_form callback;
	char separator; /* escaped form: 0 or '%' is %40; '*' (D-04) */
	bool allow_sips;
	const char *phone_context; /* or NULL (D-09) */
	bool is_asterisk;          /* D-04: no '%' in a From user */
};

struct map_chat_domain {
	const char *xmpp;
	const char *sip;
};

struct map_user {
	const char *jid;
	const char *const *aliases; /* SIP URIs */
	size_t alias_count;
	const char *extension; /* SIP URI or NULL */
};

struct address_map_params {
	const struct map_domain *domains;
	size_t domain_count;
	const char *const *xmpp_domains; /* who may use the bridge; "*" everybody (D-03) */
	size_t xmpp_domain_count;
	const struct map_chat_domain *chat_domains;
	size_t chat_domain_count;
	const struct map_user *users;
	size_t user_count;
	const char *const
		*own_hosts; /* hosts that are ours or a peer's in a URI (D-05); may be empty */
	size_t own_host_count;
};

/* Returns 0, or EINVAL with a sentence that names the entry in error[0..error_len): not a bijection
 * (D-01: a chat domain whose SIP name is a bridged SIP domain and callback is not escaped), a bad
 * domain, the same alias twice ... */
int address_map_new(struct address_map **out, const struct address_map_params *params, char *error,
		    size_t error_len);
void address_map_free(struct address_map **map);

/* What a URI gave beside the address. */
struct uri_facts {
	bool is_sips; /* refused with FAULT_RECIPIENT_UNAVAILABLE/480 + Warning 380 unless
			 allow_sips */
	bool is_user_phone;
};

/* uri: text of an addr-spec (no brackets, no header parameters). *out is set on success. Returns 0;
 * EPROTONOSUPPORT an unknown scheme (416), EPERM sips (D-11), EINVAL malformed (400), ENOENT not
 * served or not representable (404). *why is then a constant sentence for the log. facts may be
 * NULL. */
int address_from_uri(struct address_map *map, const char *uri, size_t len, struct address *out,
		     struct uri_facts *facts, const char **why);
/* The same for the From (or an asserted identity) of a request that came from a peer whose SIP
 * domain is peer: tel: lands in that domain, and a host that is an address literal or one of
 * own_hosts counts as that domain (D-05, D-09); with peer NULL (it may assert several domains) both
 * are ENOENT where they would be ambiguous. address_from_uri() reads such a host as a target: an
 * alias, an escaped form, or a user of the only chat domain. */
int address_from_peer_uri(struct address_map *map, const char *uri, size_t len, const char *peer,
			  struct address *out, struct uri_facts *facts, const char **why);
/* Splits at the first '/', then at the first '@' (ADDR-003). Component-domain JIDs give SIDE_SIP
 * addresses, all others SIDE_XMPP. *resource points into jid, or is NULL; it may be NULL itself.
 * Returns 0; EINVAL malformed, ENOENT not representable. */
int address_from_jid(struct address_map *map, const char *jid, struct address *out,
		     const char **resource, const char **why);

/* Appends the bare JID of an address (of either side). Returns 0 or ENOENT (no such domain). */
int address_to_jid(struct address_map *map, const struct address *address, struct buf *out);
/* Appends the sip: URI of an address. For a SIDE_XMPP address, toward is the SIP domain of the peer
 * that will read it (chooses direct, escaped or alias form, D-04, D-06); for SIDE_SIP it may be
 * NULL. Returns 0; ENOENT no form (for example D-04: a From user that would need '%' toward
 * asterisk). */
int address_to_uri(struct address_map *map, const struct address *address, const char *toward,
		   struct buf *out);

/* D-03: domain of an XMPP user is in xmpp_domains. */
bool address_may_use(const struct address_map *map, const struct address *xmpp_user);
/* D-47: his domain is named there, or is that above a component: "*" alone names nobody else. */
bool address_is_named(const struct address_map *map, const struct address *xmpp_user);
/* Domain of a SIP user is a domains[].sip. */
bool address_is_served(const struct address_map *map, const struct address *sip_user);
/* True if jid_domain is a component domain of ours. */
bool address_is_component(const struct address_map *map, const char *jid_domain);

/* Spellings (D-07 fold). learn reports each spelling that is new; put loads stored ones. */
void address_map_on_spelling(struct address_map *map,
			     void (*learn)(const struct address *address, const char *spelling,
					   void *arg),
			     void *arg);
void address_map_put_spelling(struct address_map *map, const struct address *address,
			      const char *spelling);

/* What a person types: a URI of any of our schemes, xmpp: or a JID. As address_from_uri(). */
int address_from_text(struct address_map *map, const char *text, struct address *out,
		      const char **why);
/* For sipxmppctl map: appends lines that say how text (a URI or a JID) maps and why. */
void address_map_explain(struct address_map *map, const char *text, struct buf *out);
