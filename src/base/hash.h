/* SipHash-2-4: keyed hashes that mean nothing to those without the key (D-10, D-35, SEC-084). */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { HASH_KEY_BYTES = 16, HASH_HEX_CHARS = 32 };

uint64_t hash_bytes(const uint8_t key[HASH_KEY_BYTES], const void *data, size_t len);
/* SipHash-1-3, in half the time: where nobody outside ever sees a hash, as in tables. */
uint64_t hash_inner(const uint8_t key[HASH_KEY_BYTES], const void *data, size_t len);
/* 128 bits as HASH_HEX_CHARS lower-case hex digits and a NUL (SipHash-2-4-128). */
void hash_hex(const uint8_t key[HASH_KEY_BYTES], const void *data, size_t len,
	      char out[HASH_HEX_CHARS + 1]);
