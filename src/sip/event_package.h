/* The event packages that chat users are watched by, as rows of a table: presence (RFC 3856), lamp
 * keys (dialog, RFC 4235), watcher information (RFC 3857). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/profile.h"

struct buf;
struct presence;
struct sip_accept_s;
struct sip_event_s;

enum package_id { EVENT_PRESENCE, EVENT_DIALOG, EVENT_WINFO, EVENT_COUNT };

/* What a document is about. */
struct event_document {
	const struct presence *presence; /* NULL: nothing is known */
	const char *entity;              /* the URI that was subscribed to (D-29) */
	const unsigned char *key;        /* installation key */
	const struct profile *profile;   /* of the reader's peer; NULL: generic */
	uint32_t version;                /* of this document in its subscription */
};

struct event_package {
	enum package_id id;
	const char *name;
	const char *type;   /* of its bodies: default and only (EVT-010) */
	unsigned expires_s; /* when the SUBSCRIBE says nothing */
	unsigned pace_ms;   /* between changes, after a burst of 5 (D-33, EVT-039) */
	bool is_counted;    /* it keeps its pair alive in the core */
	bool may_list;      /* of several users in one subscription (RFC 4662) */
	bool is_versioned;  /* each document says which it is */
	bool says_unknown;  /* there is a document when nothing is known */
	/* Appends the document; NULL: written elsewhere. */
	void (*write)(const struct event_document *document, struct buf *out);
	/* What is told, apart from the version; equal for what means the same, never 0. */
	uint64_t (*digest)(const struct event_document *document, const char *text, size_t len);
};

/* The package of an Event header (EVT-001: byte by byte, parameters apart), or NULL. */
const struct event_package *event_package_find(const struct sip_event_s *event);
/* The package of an id, which is one. */
const struct event_package *event_package_get(enum package_id id);
/* True if a body of type would be taken (EVT-011); none means the default of the package. */
bool event_package_accepts(const struct sip_accept_s *accept, const char *type);
