/* A text in parts of bounded size, cut only between grapheme clusters (UAX #29, D-40). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum { TEXT_SPLIT_PARTS_MAX = 999, TEXT_SPLIT_LEAST_BYTES = 48 };

/* Number of parts for text[0..len) when each, with its mark "(1/3) ", may have most bytes; 1: it
 * fits as it is; 0: it cannot be split so (more than 999 parts, most below 48, or one cluster
 * longer than that). Cuts at white space when there is one in the last fifth of a part. */
size_t text_split_count(const char *text, size_t len, size_t most);
/* Appends part i (0 first) of that, with its mark. */
void text_split_part(const char *text, size_t len, size_t most, size_t i, struct buf *out);
/* The same for who writes one part after the other: part i of count, which begins at from (0, then
 * what this returned), and costs no more than that part. out may be NULL. */
size_t text_split_step(const char *text, size_t len, size_t most, size_t count, size_t i,
		       size_t from, struct buf *out);
