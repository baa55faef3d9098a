/* Lists of chat users under a SIP address of their own (RFC 4662), as the configuration names them
 * (lists). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct address;
struct own_lists;
struct resource_lists;
struct sip_side_params;

/* params is borrowed until own_lists_free. What cannot be mapped is left out: the settings were
 * checked before. */
struct own_lists *own_lists_new(const struct sip_side_params *params);
void own_lists_free(struct own_lists **lists);
bool own_lists_has(const struct own_lists *lists, const struct address *address);
/* The members of the list at address as URIs that the SIP domain toward can route back (D-04), into
 * *out (zeroed; the caller clears it); empty if there is no such list. */
void own_lists_members(const struct own_lists *lists, const struct address *address,
		       const char *toward, struct resource_lists *out);
