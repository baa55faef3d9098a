/* Numbers and texts as bytes for values in the store: what message_code.c and presence_code.c are
 * written with. A number is LEB128 (zigzag where it may be negative), a text its length + 1 and its
 * bytes, or 0 for NULL. There is one way only to write each, so what reads well writes the same
 * again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PACKED_NUMBER_MAX = 10 /* bytes of a number of 64 bits */ };

/* Writing: at has room for it; each returns where the next goes. */
unsigned char *packed_put_number(unsigned char *at, uint64_t value);
unsigned char *packed_put_signed(unsigned char *at, int64_t value);
/* bytes may be NULL. */
unsigned char *packed_put_bytes(unsigned char *at, const char *bytes, size_t len);
unsigned char *packed_put_text(unsigned char *at, const char *text);
/* Of a text that may be NULL, without its number. */
size_t packed_text_len(const char *text);

/* Reading: the first thing that is wrong ends it, and everything reads as zeros from then on. */
struct packed {
	const unsigned char *at;
	const unsigned char *end;
	bool is_bad;
};

/* Returns 0. */
uint64_t packed_fail(struct packed *packed);
uint64_t packed_number(struct packed *packed);
/* A number from 0 to max. */
unsigned packed_up_to(struct packed *packed, unsigned max);
int64_t packed_signed(struct packed *packed);
int packed_int(struct packed *packed);
/* Bytes with a NUL behind them that *len does not count, or NULL; the caller frees them. */
char *packed_bytes(struct packed *packed, size_t *len);
/* The same without a NUL in it. */
char *packed_text(struct packed *packed);
/* A text, which must not be NULL, into an array of the size; the rest is zeros. */
void packed_array(struct packed *packed, char *out, size_t size);
