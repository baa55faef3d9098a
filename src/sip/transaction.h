/* Client transactions: a request out, exactly one final result back, always later (SIP-026). Behind
 * one request there may be several on the wire: the servers of its next hop are tried in order
 * (RFC 3263, REL-025), and a challenge of the next hop is answered (RFC 3261 section 22).
 * Sofia's objects are released from the loop, never from their own callback (SOF-021). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct side_core;
struct sip_peer;
struct sip_s;
struct tport_s;
struct transaction;
struct transactions;

/* A request as text. Foreign text in it went through header_text before. */
struct transaction_request {
	const struct buf *text; /* the whole message without Via; body included */
	const char *next_hop;   /* URI to send to; NULL: the first Route, else the Request-URI */
	bool any_size;          /* on UDP whatever the size (D-40) */
	const char *branch; /* "branch=z9hG4bK...", for an exact repetition (SOF-025); NULL: new */
	/* Whose credentials it may carry (SEC-014), or NULL: none. */
	const struct sip_peer *peer;
	/* The counter that its CSeq came from, if others follow it (a dialog's): a request with
	 * credentials counts it on. It must live until the result, or transaction_forget(). NULL:
	 * one more than in text, which the caller uses for nothing else. */
	uint32_t *cseq;
	/* The id of a server of the next hop (targets.h): it is asked and no other, whatever is
	 * known of it. 0: the best. */
	uint32_t target;
};

/* status is 200 to 699. is_local: no answer came; 408 nobody answered, 503 it could not be sent
 * (SIP-027); sip and way are NULL then. Strings in sip live during the call only. */
struct transaction_result {
	int status;
	bool is_local;
	const struct sip_s *sip;
	struct tport_s *way;    /* connection or socket of the answer, borrowed for the call */
	unsigned cseq_more;     /* the CSeq that was answered is by so much higher than asked */
	unsigned retry_after_s; /* with is_local: nothing was sent, since the server wants to be
				 * left in peace for so long (SIP-063); else 0 */
};

typedef void transaction_fn(const struct transaction_result *result, void *arg);

/* core (with params, agent and targets) is borrowed until transactions_free. */
struct transactions *transactions_new(struct side_core *core);
/* Ends all without calling anybody. */
void transactions_free(struct transactions **transactions);
size_t transactions_count(const struct transactions *transactions);

/* Sends. fn(arg) comes once, later, also if it could not be sent; after that the handle is dead. */
struct transaction *transaction_send(struct transactions *transactions,
				     const struct transaction_request *request, transaction_fn *fn,
				     void *arg);
/* Nobody wants the result any more; clears the handle. Safe on NULL. */
void transaction_forget(struct transaction **transaction);

/* Retry-After of a result in seconds, at most an hour (SIP-064); 0: none. */
int transaction_retry_after(const struct transaction_result *result);
