/* Inside of the XMPP side: what its handlers share. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/list.h"
#include "core/side.h"
#include "xmpp/component.h"
#include "xmpp/disco.h"
#include "xmpp/xmpp_side.h"

struct address;
struct caps_book;
struct gateway;
struct iq_out;
struct names;
struct pep_in;
struct pep_out;
struct presence;
struct table;
struct talks;
struct users;

/* D-10: the one resource of a SIP user. */
#define SIP_RESOURCE "sip"

enum { FRESH_ID_MAX = 40, MESSAGE_UID_BYTES = 16 };

struct xmpp_side {
	struct xmpp_side_params params;
	struct component **components;
	char **domains; /* of the components, as they are written in JIDs */
	size_t component_count;
	struct users *users;
	struct domain_rates *domain_rates;
	struct own_caps own_caps;
	struct gateway *gateway;
	struct iq_out *iq_out;
	struct caps_book *caps_book;
	struct names *names;
	struct pep_out *pep_out;
	struct pep_in *pep_in;
	struct talks *talks;
	struct table *incoming; /* messages the core has, by exchange: messages.c */
	struct list late;       /* outcomes that must not come from inside deliver() */
	struct buf scratch;     /* one stanza */
	char id_prefix[17];
	uint64_t id_next;
	uint64_t started_ms;
	bool *is_told; /* by component: what the core was told last */
	bool is_stopping;
	size_t running; /* components not yet stopped */
	void (*done)(void *arg);
	void *done_arg;
};

/* With other figures than the specification's, for tests. */
int xmpp_side_new_timed(struct xmpp_side **out, const struct xmpp_side_params *params,
			const struct component_timing *timing);

/* The component of this JID's domain; NULL if it is none of ours. */
struct component *side_component_of(const struct xmpp_side *side, const char *jid);
/* A fresh stanza id that starts with kind and '-' (SUBX-009). */
enum { ID_SUBSCRIBE = 's', ID_PRESENCE = 'p' };
void side_fresh_id(struct xmpp_side *side, char kind, char out[FRESH_ID_MAX]);
/* Writes side->scratch through the component of JID from. Returns as component_put(). */
int side_put(struct xmpp_side *side, const char *from, enum outbox_class class, const char *key);

/* False while the stream of JID from is down, or has so much to write that what can wait should
 * (side.h: is_full). */
bool side_may_write(const struct xmpp_side *side, const char *from);

/* The JIDs of a SIP user and a chat user; empty texts where there is none. */
struct jids {
	const struct address *sip; /* borrowed */
	struct buf sip_bare;
	struct buf sip_full;
	struct buf chat_bare;
};
/* Returns false if one has no JID; clear in any case. */
bool jids_make(struct xmpp_side *side, const struct address *sip, const struct address *chat,
	       struct jids *out);
void jids_clear(struct jids *jids);
