/* Damage for SIP messages: any byte may change. */
#pragma once

#include "base/buf.h"
#include "hostile/rng.h"
#include "hostile/seeds.h"

/* Changes text in one place; other parts of seeds may be spliced in. */
void mutate_bytes(struct buf *text, struct rng *rng, const struct seed_list *seeds);
/* Makes Content-Length say how long the body is, adding the header if there is none. Text without
 * an empty line is left alone. */
void mutate_fix_length(struct buf *text);
/* Replaces text[at..at + len) by the new bytes. */
void mutate_replace(struct buf *text, size_t at, size_t len, const char *with, size_t with_len);
