/* What the clients of chat users can do, as their presence says (XEP-0115): asked once for each
 * hash, believed by all only if the answer fits the hash (X0115-4), bounded, with an age. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct caps_book;
struct caps_mark;
struct inbound;
struct xmpp_side;

enum {
	CAPS_BOOK_MAX = 4096,
	CAPS_KNOWN_MS = 7 * 24 * 3600 * 1000, /* a hash that fits does not age, its use does */
	CAPS_FAILED_MS = 10 * 60 * 1000       /* not asked again before */
};

/* known: the wants of this key are there, or it is clear that they will not be. */
struct caps_book *caps_book_new(struct xmpp_side *side,
				void (*known)(struct xmpp_side *side, uint64_t key));
void caps_book_free(struct caps_book **book);

/* A resource showed mark in this presence. Returns the key by which what it wants is found, never
 * 0. Asks it if nobody with this hash has answered; known() follows. */
uint64_t caps_book_seen(struct caps_book *book, const struct caps_mark *mark,
			const struct inbound *in);
/* enum caps_wants; 0 while nothing is known. */
unsigned caps_book_wants(struct caps_book *book, uint64_t key);
/* True while an answer is awaited. */
bool caps_book_is_asking(struct caps_book *book, uint64_t key);
size_t caps_book_count(const struct caps_book *book);
