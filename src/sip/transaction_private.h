/* Inside of the client transactions: the life of one (transaction.c), what goes out for it
 * (transaction_wire.c), and who gets it next (transaction_try.c). */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "loop/loop.h"
#include "sip/digest_client.h"
#include "sip/locate.h"
#include "sip/side_core.h"
#include "sip/transaction.h"

struct backlog;
struct hop;
struct nta_outgoing_s;
struct target;

enum { BRANCH_MAX = 128 };

struct transactions {
	struct side_core *core;
	struct list live;
	struct list garbage; /* transactions that ended, to be freed from the loop */
	struct list spent;   /* of struct attempt: to be released from the loop */
	bool is_sweeping;
	struct backlog *backlog;
	struct digest_client **logins; /* one for each peer */
	struct list hurried;           /* those whose server has to answer soon, in that order */
	struct loop_timer hurry_timer;
	size_t count;
};

/* A request of the library's that is not the present one of its transaction any more. */
struct attempt {
	struct list link;
	struct nta_outgoing_s *orq;
	uint32_t target;
	bool is_silent; /* it had no answer, and is not to be repeated any more */
};

/* What is needed to send once more, or later. */
struct kept_request {
	struct transaction *owner;
	struct buf text; /* without credentials */
	char *next_hop;  /* or NULL */
	char *branch;    /* or NULL */
	bool any_size;
	uint32_t *cseq;
	uint32_t cseq_now; /* 0: that of text */
	uint32_t tried[LOCATE_TARGETS_MAX];
	size_t tried_count;
	struct digest_tries tries;
	uint64_t since_ms;
	uint64_t due_ms;     /* of hurried */
	struct list silent;  /* attempts that may still be answered */
	struct list backlog; /* link there */
};

struct transaction {
	struct transactions *owner;
	struct nta_outgoing_s *orq; /* NULL: could not be sent, or waits */
	transaction_fn *fn;         /* NULL: forgotten */
	void *arg;
	struct hop *hop;             /* NULL: it goes to a literal address */
	struct digest_client *login; /* or NULL */
	uint32_t target;             /* server of hop that orq goes to */
	unsigned retry_after_s;      /* of a failure that is on its way */
	bool is_pinned;              /* to that one only */
	struct kept_request *kept;   /* or NULL: it is sent once, and now */
	struct list link;            /* in live or garbage */
	struct list wait;            /* in hop_waiting(), or in hurried */
};

/* transaction.c */
struct loop *transaction_loop(const struct transaction *t);
/* Ends it with a result. */
void transaction_finish(struct transaction *t, const struct transaction_result *result);
/* The same, from the loop: it could not be sent. */
void transaction_fail(struct transaction *t, unsigned retry_after_s);
/* To be released from the loop. */
void transaction_spend(struct transactions *transactions, struct attempt *attempt);

/* transaction_wire.c */
/* Sends request to target, or (NULL) where it says itself; t->orq is set, or NULL if that was not
 * possible. */
void transaction_transmit(struct transaction *t, const struct transaction_request *request,
			  const struct target *target);
/* Its transaction may be gone from now on. */
void attempt_ignore(struct attempt *attempt);
/* Releases the library's object. */
void attempt_release(struct attempt **attempt);

/* transaction_try.c */
/* Chooses a server and sends, or ends it. request: NULL: what was kept. */
void transaction_begin(struct transaction *t, const struct transaction_request *request);
/* An answer to orq, or its end without one. */
void transaction_answered(struct transaction *t, struct nta_outgoing_s *orq,
			  const struct transaction_result *result);
void transaction_keep(struct transaction *t, const struct transaction_request *request);
void kept_free(struct transactions *transactions, struct kept_request **kept);
struct tport_s *transaction_send_held(struct list *link);
