/* SHA-1 (RFC 3174), for the scripted chat server's check of the handshake. */
#pragma once

#include <stddef.h>

enum { SHA1_HEX_CHARS = 40 };

void sha1_hex(const void *data, size_t len, char out[SHA1_HEX_CHARS + 1]);
