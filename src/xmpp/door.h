/* The one check of everything we write (CMP-005, SEC-051, SEC-052): a stanza with a foreign from,
 * or one that is too long, makes the chat server close the stream for all users. Pure. */
#pragma once

#include <stddef.h>

/* stanza is what the serializer wrote, from '<' on. Returns 0; E2BIG longer than most; EACCES from
 * is missing, no valid JID, or not of domain; EINVAL no stanza, or without to (CMP-006). */
int door_check(const char *stanza, size_t len, const char *domain, size_t most);
