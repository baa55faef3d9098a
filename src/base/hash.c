/* SipHash (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012): SipHash-2-4 with 64 and
 * 128 bits of output, and SipHash-1-3 for what stays inside. */
#include "base/hash.h"

struct sip_state {
	uint64_t v0;
	uint64_t v1;
	uint64_t v2;
	uint64_t v3;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return (x << bits) | (x >> (64 - bits));
}

/* Spelt out: compilers make one load of this, and eight of a loop. */
static inline uint64_t read_le64(const uint8_t *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	       (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	       (uint64_t)p[7] << 56;
}

static inline void rounds(struct sip_state *s, unsigned count)
{
	while (count-- > 0) {
		s->v0 += s->v1;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v0 = rotate(s->v0, 32);
		s->v2 += s->v3;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 += s->v3;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 += s->v1;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v2 = rotate(s->v2, 32);
	}
}

static inline void absorb(struct sip_state *s, uint64_t word, unsigned count)
{
	s->v3 ^= word;
	rounds(s, count);
	s->v0 ^= word;
}

static inline void start(struct sip_state *s, const uint8_t *key)
{
	uint64_t k0 = read_le64(key);
	uint64_t k1 = read_le64(key + 8);

	s->v0 = k0 ^ UINT64_C(0x736f6d6570736575);
	s->v1 = k1 ^ UINT64_C(0x646f72616e646f6d);
	s->v2 = k0 ^ UINT64_C(0x6c7967656e657261);
	s->v3 = k1 ^ UINT64_C(0x7465646279746573);
}

/* All of the input, the last word padded and marked with the length. */
static inline void feed(struct sip_state *s, const uint8_t *data, size_t len, unsigned count)
{
	uint64_t last = (uint64_t)len << 56;
	size_t whole = len - len % 8;

	for (size_t i = 0; i < whole; i += 8)
		absorb(s, read_le64(data + i), count);
	for (size_t i = whole; i < len; i++)
		last |= (uint64_t)data[i] << (8 * (i - whole));
	absorb(s, last, count);
}

static inline uint64_t squeeze(struct sip_state *s, unsigned count)
{
	rounds(s, count);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t hash_bytes(const uint8_t key[HASH_KEY_BYTES], const void *data, size_t len)
{
	struct sip_state s;

	start(&s, key);
	feed(&s, data, len, 2);
	s.v2 ^= 0xff;
	return squeeze(&s, 4);
}

uint64_t hash_inner(const uint8_t key[HASH_KEY_BYTES], const void *data, size_t len)
{
	struct sip_state s;

	start(&s, key);
	feed(&s, data, len, 1);
	s.v2 ^= 0xff;
	return squeeze(&s, 3);
}

static void put_hex(char *out, uint64_t value)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < 8; i++) {
		unsigned byte = (unsigned)(value >> (8 * i)) & 0xff;

		*out++ = digits[byte >> 4];
		*out++ = digits[byte & 15];
	}
}

void hash_hex(const uint8_t key[HASH_KEY_BYTES], const void *data, size_t len,
	      char out[HASH_HEX_CHARS + 1])
{
	struct sip_state s;

	start(&s, key);
	s.v1 ^= 0xee;
	feed(&s, data, len, 2);
	s.v2 ^= 0xee;
	put_hex(out, squeeze(&s, 4));
	s.v1 ^= 0xdd;
	put_hex(out + 16, squeeze(&s, 4));
	out[HASH_HEX_CHARS] = '\0';
}
