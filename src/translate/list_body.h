/* The body of a list's NOTIFY as one table of lists (RFC 4662 section 5): multipart/related with
 * rlmi as its root, and lists within lists, each one level down. Pure. */
#pragma once

#include <stddef.h>

#include "translate/multipart.h"
#include "translate/rlmi.h"

/* One list of the body. */
struct list_level {
	struct rlmi rlmi;
	struct multipart multipart; /* its parts: cids mean these and no others (EVT-067) */
	size_t parent; /* index of the list that this one stands in; its own: the top */
};

struct list_body {
	struct list_level *levels; /* the top first, every list before those inside it */
	size_t count;
};

/* Reads text[0..len), whose Content-Type value is content_type, into *out (zeroed; the caller
 * clears it; documents are borrowed from text). A list that stands inside itself, by uri, is left
 * out, and so are lists deeper than RLMI_DEPTH_MAX (EVT-073). parts_max holds for all levels
 * together. Returns 0; EPROTO not multipart, or its root is not rlmi: a single resource answered;
 * EBADMSG malformed; E2BIG over a limit. On failure *out is left zeroed. */
int list_body_parse(const char *content_type, const char *text, size_t len, size_t parts_max,
		    struct list_body *out);
void list_body_clear(struct list_body *body);

/* The part that instance means, NULL if there is none or it is a list within the list. */
const struct multipart_part *list_body_document(const struct list_level *level,
						const struct rlmi_instance *instance);
