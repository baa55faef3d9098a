/* Repeated requests over UDP: what was answered is answered again, what is under way is left alone
 * (D-38, D-51, SIP-085). No transaction object is kept for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;
struct repeats;
struct side_core;

struct repeats *repeats_new(struct side_core *core);
void repeats_free(struct repeats **repeats);

/* By Via (branch and sent-by), Call-ID and CSeq number; the same for a CANCEL of the request. */
uint64_t repeats_key(const struct repeats *repeats, const struct request *request);
/* True if this is a repeat; then it was answered or dropped. */
bool repeats_take(struct repeats *repeats, struct request *request);
/* The request with this key is answered later. */
void repeats_begin(struct repeats *repeats, uint64_t key);
/* In extra of a SUBSCRIBE: it was one for a list (RFC 4662). */
enum { REPEATS_LIST = 1 << 30 };

/* Its final answer; extra: seconds of Expires or Retry-After. Only called for what was accepted:
 * a refusal is made again as it was. */
void repeats_done(struct repeats *repeats, uint64_t key, int status, uint32_t extra);
/* True if a request with this key is open or was answered lately (SIP-025). */
bool repeats_knows(struct repeats *repeats, uint64_t key);
