/* Client transactions: a request out, exactly one final result back, always later (SIP-026).
 * Sofia's objects are released from the loop, never from their own callback (SOF-021). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct agent;
struct buf;
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
};

/* status is 200 to 699. is_local: no answer came; 408 nobody answered, 503 it could not be sent
 * (SIP-027); sip and way are NULL then. Strings in sip live during the call only. */
struct transaction_result {
	int status;
	bool is_local;
	const struct sip_s *sip;
	struct tport_s *way; /* connection or socket of the answer, borrowed for the call */
};

typedef void transaction_fn(const struct transaction_result *result, void *arg);

struct transactions *transactions_new(struct agent *agent);
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
