/* Partial presence (RFC 5262, RFC 5263): pidf-full and pidf-diff made into whole PIDF documents.
 * The patches are those of RFC 5261. Pure: a document and its version are kept, nothing else. */
#pragma once

#include <stddef.h>

struct buf;
struct pidf_diff;

#define PIDF_DIFF_TYPE "application/pidf-diff+xml"

enum { PIDF_DIFF_OPS_MAX = 256, PIDF_DIFF_SEL_MAX = 512 };

enum pidf_diff_result {
	PIDF_DIFF_APPLIED, /* *out has the whole document */
	PIDF_DIFF_STALE,   /* an older or a repeated patch: nothing changes */
	PIDF_DIFF_GAP,     /* a patch is missing: ask for full state */
	PIDF_DIFF_BROKEN,  /* it does not fit what is kept, which is forgotten: subscribe again
			    * without  this type (EVT-077) */
	PIDF_DIFF_BAD,     /* no such document, or over a limit: nothing changes */
};

struct pidf_diff *pidf_diff_new(void);
void pidf_diff_free(struct pidf_diff **diff);

/* Applies text[0..len). A full document applies whatever its version (D-23), a patch only with the
 * next one. A PIDF_DIFF_APPLIED document is appended to *out as application/pidf+xml. */
enum pidf_diff_result pidf_diff_apply(struct pidf_diff *diff, const char *text, size_t len,
				      size_t max_bytes, struct buf *out);
