/* Reading libstrophe's stanza tree. It keeps attributes without their prefix (STRO-012), so
 * elements are told by namespace and name, and xml:lang is found as "lang". Nothing is copied
 * unless an element's text is in several pieces. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct _xmpp_stanza_t;
struct buf;

#define NS_STANZA_ERRORS "urn:ietf:params:xml:ns:xmpp-stanzas"

const struct _xmpp_stanza_t *tree_first(const struct _xmpp_stanza_t *parent);
const struct _xmpp_stanza_t *tree_next(const struct _xmpp_stanza_t *node);
/* NULL for text. */
const char *tree_name(const struct _xmpp_stanza_t *node);
const char *tree_attr(const struct _xmpp_stanza_t *node, const char *name);
/* Its namespace; NULL if it has none of its own. */
const char *tree_ns(const struct _xmpp_stanza_t *node);
/* xml:lang if it is a valid tag, else NULL. */
const char *tree_lang(const struct _xmpp_stanza_t *node);
bool tree_is(const struct _xmpp_stanza_t *node, const char *ns, const char *name);
/* True for an element of the stanza's own namespace: jabber:component:accept, jabber:client or
 * none (CMP-015). */
bool tree_is_own(const struct _xmpp_stanza_t *node, const char *name);
bool tree_is_own_ns(const struct _xmpp_stanza_t *node);
/* The same of what tree_ns() said. */
bool tree_ns_is_own(const char *ns);
const struct _xmpp_stanza_t *tree_find(const struct _xmpp_stanza_t *parent, const char *ns,
				       const char *name);
/* The text directly inside node, "" if none; borrowed from the tree or, if it is in pieces, from
 * scratch (then valid until its next change). */
const char *tree_text(const struct _xmpp_stanza_t *node, struct buf *scratch, size_t *len);
/* The stamp of XEP-0203 or of the older jabber:x:delay in milliseconds, 0 if there is none that can
 * be read (X0203-1). */
int64_t tree_delay_ms(const struct _xmpp_stanza_t *stanza);
