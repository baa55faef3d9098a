/* Bodies that tell presence, by their type: application/pidf+xml, application/xpidf+xml and
 * application/cpim-pidf+xml (both of which hold xpidf or PIDF), with the fixed words of the peer
 * read (pbx_words.h). Pure. */
#pragma once

#include <stddef.h>

struct buf;
struct pidf_reading;
struct presence;
struct profile;

enum body_kind {
	BODY_OTHER,
	BODY_PRESENCE, /* presence_body_parse() */
	BODY_DIALOG    /* application/dialog-info+xml: dialog_info_apply() */
};

/* What a Content-Type value (NULL: none) announces, parameters apart. The Event of a NOTIFY says
 * nothing about it: Asterisk sends dialog-info under Event presence when asked to (AST-2). */
enum body_kind presence_body_kind(const char *content_type);

/* Reads a body of kind BODY_PRESENCE into *out (which must be zeroed; the caller clears it).
 * content_type is the value of the header with its parameters: a charset is honoured (PIDF-001).
 * Returns 0; ENOTSUP a type or charset that is none of ours; else as pidf_parse(). On failure *out
 * is left zeroed. */
int presence_body_parse(const char *content_type, const char *text, size_t len,
			const struct pidf_reading *reading, const struct profile *profile,
			struct presence *out);

/* The same text in UTF-8 as its type's charset parameter says, appended to *out; for bodies that
 * are read elsewhere (dialog-info, lists). Returns 0, EBADMSG or ENOTSUP. */
int presence_body_utf8(const char *content_type, const char *text, size_t len, struct buf *out);
