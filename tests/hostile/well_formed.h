/* Is a stanza well-formed where it stands, inside of a component stream? (expat, with namespaces)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

bool well_formed(const char *text, size_t len);
