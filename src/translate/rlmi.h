/* Resource list meta-information (RFC 4662 section 5): which resources a list has and which part of
 * a NOTIFY tells of each. Pure; bounded like every XML body (xml.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define RLMI_TYPE "application/rlmi+xml"

enum {
	RLMI_RESOURCES_MAX = 1024, /* of one list */
	RLMI_INSTANCES_MAX = 16,   /* of one resource */
	RLMI_LISTS_MAX = 16,       /* lists within lists in one NOTIFY (EVT-073) */
	RLMI_DEPTH_MAX = 4,
	RLMI_URI_MAX = 1024,
};

enum rlmi_state { RLMI_ACTIVE, RLMI_PENDING, RLMI_TERMINATED };

struct rlmi_instance {
	char *id;
	char *cid;    /* without angle brackets; NULL: no document */
	char *reason; /* of terminated; may be NULL all the same (EVT-068) */
	enum rlmi_state state;
};

struct rlmi_resource {
	char *uri;
	char *name;                      /* the first one, or NULL */
	struct rlmi_instance *instances; /* none: not known yet, which is not offline (EVT-069) */
	size_t count;
};

struct rlmi {
	char *uri;
	char *name;
	uint32_t version;
	bool is_full;
	struct rlmi_resource *resources;
	size_t count;
};

/* Reads one rlmi document into *out (which must be zeroed; the caller clears it). Resources without
 * uri are left out, an unknown state is read as pending (EVT-030), a missing version as 0, a
 * missing fullState as full. Returns 0; EBADMSG not XML or not rlmi; EPROTO a DOCTYPE with internal
 * subset; E2BIG over a limit. On failure *out is left zeroed. */
int rlmi_parse(const char *text, size_t len, size_t max_bytes, struct rlmi *out);
void rlmi_clear(struct rlmi *rlmi);

/* Appends the document. Instances that are terminated without reason say "noresource", active ones
 * must have a cid (EVT-068). */
void rlmi_format(const struct rlmi *rlmi, struct buf *out);
