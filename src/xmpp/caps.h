/* Entity capabilities (XEP-0115): the verification string, and which events a client wants. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct _xmpp_stanza_t;
struct buf;

#define NS_CAPS       "http://jabber.org/protocol/caps"
#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"

enum {
	CAPS_VER_CHARS = 28,  /* base64 of SHA-1 */
	CAPS_TEXT_MAX = 1023, /* node, ver, hash of others */
	CAPS_ITEMS_MAX = 1024 /* identities, features, fields, values of one answer */
};

/* Which personal events a client wants (XEP-0163): `NODE+notify` in its features, in the order of
 * pep_nodes.h; and whether it understands chat states (XEP-0085). */
enum caps_wants {
	CAPS_MOOD = 1 << 0,
	CAPS_ACTIVITY = 1 << 1,
	CAPS_NICK = 1 << 2,
	CAPS_EVENTS = CAPS_MOOD | CAPS_ACTIVITY | CAPS_NICK,
	CAPS_STATES = 1 << 3
};

/* The <c/> of a presence stanza; texts are borrowed from it. */
struct caps_mark {
	const char *hash; /* NULL: of the time before hashes */
	const char *node;
	const char *ver;
};

/* False if there is none, or one that cannot be used. */
bool caps_find(const struct _xmpp_stanza_t *presence, struct caps_mark *out);

/* One identity of ours; lang and name may be NULL. */
struct caps_identity {
	const char *category;
	const char *type;
	const char *lang;
	const char *name;
};

/* The ver of what we answer to disco#info ourselves (section 5.1). features ends with NULL. */
void caps_ver(const struct caps_identity *identities, size_t identity_count,
	      const char *const *features, char out[CAPS_VER_CHARS + 1]);
/* Reads an answer to disco#info: its ver and enum caps_wants. Returns 0; EBADMSG ill-formed
 * (section 5.4: the same identity, feature or FORM_TYPE twice); E2BIG beyond CAPS_ITEMS_MAX. */
int caps_read(const struct _xmpp_stanza_t *query, char ver[CAPS_VER_CHARS + 1], unsigned *wants);
