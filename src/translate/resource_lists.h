/* Lists of URIs in the body of a request: resource-lists (RFC 4826 section 3) as a recipient list
 * (RFC 5363, RFC 5367). Pure; bounded like every XML body (xml.h). */
#pragma once

#include <stddef.h>

#define RESOURCE_LISTS_TYPE "application/resource-lists+xml"

enum { RESOURCE_LISTS_ENTRIES_MAX = 512, RESOURCE_LISTS_URI_MAX = 1024 };

struct resource_entry {
	char *uri;
	char *name; /* display-name, or NULL */
};

struct resource_lists {
	struct resource_entry
		*entries; /* lists within lists are one row, each URI once, in order */
	size_t count;
	size_t unread; /* external and entry-ref: what they refer to is not ours to fetch */
};

/* Reads text[0..len) into *out (zeroed; the caller clears it). copyControl and anonymize (RFC 5364)
 * mean nothing to a subscription. entries_max at most RESOURCE_LISTS_ENTRIES_MAX. Returns 0;
 * EBADMSG not XML or not resource-lists; EPROTO a DOCTYPE with internal subset; E2BIG over a limit.
 * On failure *out is left zeroed. */
int resource_lists_parse(const char *text, size_t len, size_t max_bytes, size_t entries_max,
			 struct resource_lists *out);
void resource_lists_clear(struct resource_lists *lists);
