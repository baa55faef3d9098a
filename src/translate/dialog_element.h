/* One dialog event document (RFC 4235 section 4) and its dialog elements, as they are written. For
 * dialog_info.c and missed_call.c only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libxml/tree.h>

struct profile;

enum dialog_state {
	STATE_UNSAID,
	STATE_TRYING,
	STATE_PROCEEDING,
	STATE_EARLY,
	STATE_CONFIRMED,
	STATE_TERMINATED
};

enum dialog_direction { DIRECTION_UNSAID, DIRECTION_INITIATOR, DIRECTION_RECIPIENT };

/* Why a dialog ended (section 3.7.1). */
enum dialog_event {
	EVENT_UNSAID,
	EVENT_CANCELLED,
	EVENT_REJECTED,
	EVENT_REPLACED,
	EVENT_LOCAL_BYE,
	EVENT_REMOTE_BYE,
	EVENT_ERROR,
	EVENT_TIMEOUT
};

/* One dialog element; strings are borrowed from the tree. */
struct dialog_seen {
	const char *id;
	const char *call_id; /* or NULL */
	enum dialog_state state;
	enum dialog_event event;
	int code; /* of the SIP response that ended it, 0: unsaid */
	enum dialog_direction direction;
	bool has_target; /* of the local party */
	bool is_muted;   /* +sip.rendering=no */
	const xmlNode *remote;
};

struct dialog_document {
	const xmlNode *root;
	bool is_full;
	bool is_event; /* full by its word, but it names only what changed (PBX-032) */
	bool has_version;
	uint32_t version;
};

/* Returns 0, or EBADMSG if doc is no dialog event document. */
int dialog_document_read(const xmlDoc *doc, const struct profile *profile,
			 struct dialog_document *out);
/* The next dialog element from node on (root->children at first), NULL: none. */
const xmlNode *dialog_element_find(const xmlNode *node);
struct dialog_seen dialog_element_read(const xmlNode *dialog);
/* A call that is muted was answered, whatever its state. */
bool dialog_is_answered_when_muted(const struct profile *profile);
