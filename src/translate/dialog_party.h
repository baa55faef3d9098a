/* The other party of a dialog, as a PBX names it in a dialog event document (RFC 4235 section
 * 4.1.6). For dialog_info.c and missed_call.c
 * only. */
#pragma once

#include <stdbool.h>

#include <libxml/tree.h>

/* The name to show of a <remote> element: its display name, else the user of its address. False if
 * the element has no identity (DLG-010: unchanged). *out is NULL, or owned by the caller: NULL for
 * callers who are withheld and for services of the PBX itself (PBX-005, PBX-031). */
bool dialog_party_name(const xmlNode *remote, char **out);
/* The same, and in *user the user of that address (a number, mostly): NULL or owned by the caller,
 * NULL wherever *name is. */
bool dialog_party_read(const xmlNode *remote, char **name, char **user);
