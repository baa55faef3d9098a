#include "support/sha1.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static uint32_t turn(uint32_t value, int by)
{
	return (value << by) | (value >> (32 - by));
}

static void add_block(uint32_t sum[5], const uint8_t *block)
{
	uint32_t w[80], v[5];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 80; i++)
		w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	memcpy(v, sum, sizeof(v));
	for (int i = 0; i < 80; i++) {
		uint32_t f = i < 20   ? ((v[1] & v[2]) | (~v[1] & v[3])) + 0x5a827999
			     : i < 40 ? (v[1] ^ v[2] ^ v[3]) + 0x6ed9eba1
			     : i < 60 ? ((v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])) + 0x8f1bbcdc
				      : (v[1] ^ v[2] ^ v[3]) + 0xca62c1d6;
		uint32_t next = turn(v[0], 5) + f + v[4] + w[i];

		v[4] = v[3];
		v[3] = v[2];
		v[2] = turn(v[1], 30);
		v[1] = v[0];
		v[0] = next;
	}
	for (int i = 0; i < 5; i++)
		sum[i] += v[i];
}

void sha1_hex(const void *data, size_t len, char out[SHA1_HEX_CHARS + 1])
{
	uint32_t sum[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	size_t padded = (len + 8) / 64 * 64 + 64;
	uint8_t *text = mem_zalloc(padded);

	memcpy(text, data, len);
	text[len] = 0x80;
	for (int i = 0; i < 8; i++)
		text[padded - 1 - (size_t)i] = (uint8_t)(((uint64_t)len * 8) >> (8 * i));
	for (size_t at = 0; at < padded; at += 64)
		add_block(sum, text + at);
	mem_free(text);
	for (int i = 0; i < 5; i++)
		snprintf(out + 8 * i, 9, "%08x", (unsigned)sum[i]);
}
