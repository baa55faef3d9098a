/* Finds texts that run in circles between two users: the same text, counted in both directions,
 * more than 20 times in 10 s (SEC-073). Bounded memory, constant work. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

struct address;
struct buf;
struct echo_guard;
struct message;

enum { ECHO_MOST = 20, ECHO_WINDOW_MS = 10000 };

/* key is copied. */
void echo_guard_new(struct echo_guard **out, const uint8_t key[HASH_KEY_BYTES]);
void echo_guard_free(struct echo_guard **guard);
/* Counts the text. Returns true if it is one too many. scratch is overwritten. */
bool echo_guard_hit(struct echo_guard *guard, const struct address *from, const struct address *to,
		    const struct message *message, uint64_t now_ms, struct buf *scratch);
