/* Nonces of our challenges (SEC-010, SEC-012): made without a memory, known again by their own
 * keyed hash, counted from their first success on. Times are of a clock that never steps (REL-032).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_address;
struct nonces;

enum {
	NONCE_CHARS = 38,          /* 28 bytes: 4 of time, 8 random, 16 of HMAC-SHA-256 */
	NONCE_LIFE_MS = 60 * 1000, /* SEC-010 */
	NONCE_WINDOW = 32,         /* counts that may come late */
	NONCES_MAX = 20000         /* in use at a time; the oldest give way, and end so */
};

enum nonce_verdict {
	NONCE_FRESH,
	NONCE_OLD,    /* ours, but its time is over */
	NONCE_FOREIGN /* not ours, or for another realm or address */
};

struct nonces *nonces_new(void);
void nonces_free(struct nonces **nonces);

/* For realm and the address (not the port) of source. */
void nonces_make(const struct nonces *nonces, const char *realm, const struct net_address *source,
		 uint64_t now_ms, char out[NONCE_CHARS + 1]);
enum nonce_verdict nonces_check(const struct nonces *nonces, const char *nonce, const char *realm,
				const struct net_address *source, uint64_t now_ms);
/* Takes count nc of a nonce that was checked; false: it had that one, or it is too low. Only after
 * the response was right. */
bool nonces_take(struct nonces *nonces, const char *nonce, uint32_t nc, uint64_t now_ms);
/* Nonces that are counted. */
size_t nonces_count(const struct nonces *nonces);
