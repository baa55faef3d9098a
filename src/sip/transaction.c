/* The life of a client transaction; see transaction.h. */
#define NTA_OUTGOING_MAGIC_T struct transaction
#include <sofia-sip/su_wait.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/sip.h>

#include "base/mem.h"
#include "sip/agent.h"
#include "sip/backlog.h"
#include "sip/targets.h"
#include "sip/transaction_private.h"

enum { RETRY_AFTER_MAX_S = 3600 };

/* A transaction that ends from the loop. */
static void on_failed(void *arg)
{
	struct transaction *t = arg;
	const struct transaction_result result = {
		.status = 503, .is_local = true, .retry_after_s = t->retry_after_s};

	transaction_finish(t, &result);
}

static struct loop *loop_of(const struct transactions *transactions)
{
	return transactions->core->params->loop;
}

struct loop *transaction_loop(const struct transaction *t)
{
	return loop_of(t->owner);
}

void transaction_fail(struct transaction *t, unsigned retry_after_s)
{
	t->retry_after_s = retry_after_s;
	loop_defer(transaction_loop(t), on_failed, t);
}

static void sweep(void *arg)
{
	struct transactions *transactions = arg;

	transactions->is_sweeping = false;
	LIST_EACH(link, next, &transactions->garbage)
	{
		struct transaction *t = LIST_ENTRY(link, struct transaction, link);

		list_remove(link);
		if (t->orq != NULL)
			nta_outgoing_destroy(t->orq);
		mem_free(t);
	}
	while (!list_is_empty(&transactions->spent)) {
		struct attempt *attempt =
			LIST_ENTRY(transactions->spent.next, struct attempt, link);

		attempt_release(&attempt);
	}
}

static void sweep_soon(struct transactions *transactions)
{
	if (transactions->is_sweeping)
		return;
	transactions->is_sweeping = true;
	loop_defer(loop_of(transactions), sweep, transactions);
}

void transaction_spend(struct transactions *transactions, struct attempt *attempt)
{
	attempt_ignore(attempt);
	list_remove(&attempt->link);
	list_append(&transactions->spent, &attempt->link);
	sweep_soon(transactions);
}

static void discard(struct transaction *t)
{
	struct transactions *transactions = t->owner;

	t->fn = NULL;
	list_remove(&t->wait);
	kept_free(transactions, &t->kept);
	list_remove(&t->link);
	list_append(&transactions->garbage, &t->link);
	transactions->count--;
	sweep_soon(transactions);
}

static void on_located(struct hop *hop, void *arg)
{
	struct list *waiting = hop_waiting(hop);
	size_t count = 0;

	(void)arg;
	LIST_EACH(it, after, waiting)
	count++;
	for (; count > 0; count--) {
		struct transaction *t = LIST_ENTRY(waiting->next, struct transaction, wait);

		list_remove(&t->wait);
		transaction_begin(t, NULL);
	}
}

static void make_logins(struct transactions *transactions)
{
	const struct sip_side_params *params = transactions->core->params;
	size_t count = params->peer_count;

	transactions->logins = mem_resize(NULL, count + 1, sizeof *transactions->logins);
	for (size_t i = 0; i < count; i++) {
		const struct sip_peer *peer = &params->peers[i];
		const struct sip_credentials *credentials = peer->credentials.username != NULL
								    ? &peer->credentials
								    : &params->credentials;

		transactions->logins[i] =
			digest_client_new(credentials, params->allow_md5, peer->domain);
	}
}

struct transactions *transactions_new(struct side_core *core)
{
	struct transactions *transactions = mem_zalloc(sizeof *transactions);

	transactions->core = core;
	list_init(&transactions->live);
	list_init(&transactions->garbage);
	list_init(&transactions->spent);
	list_init(&transactions->hurried);
	transactions->backlog =
		backlog_new(core->params->loop, core->params->limits, transaction_send_held);
	make_logins(transactions);
	targets_listen(core->targets, on_located, transactions);
	return transactions;
}

void transactions_free(struct transactions **transactions)
{
	struct transactions *self = *transactions;

	if (self == NULL)
		return;
	targets_listen(self->core->targets, NULL, NULL);
	LIST_EACH(link, next, &self->live)
	{
		struct transaction *t = LIST_ENTRY(link, struct transaction, link);

		loop_forget(loop_of(self), t);
		discard(t);
	}
	loop_timer_cancel(&self->hurry_timer);
	sweep(self);
	loop_forget(loop_of(self), self);
	backlog_free(&self->backlog);
	for (size_t i = 0; i < self->core->params->peer_count; i++)
		digest_client_free(&self->logins[i]);
	mem_free(self->logins);
	mem_free(self);
	*transactions = NULL;
}

size_t transactions_count(const struct transactions *transactions)
{
	return transactions->count;
}

void transaction_finish(struct transaction *t, const struct transaction_result *result)
{
	transaction_fn *fn = t->fn;
	void *arg = t->arg;

	discard(t);
	fn(result, arg);
}

struct transaction *transaction_send(struct transactions *transactions,
				     const struct transaction_request *request, transaction_fn *fn,
				     void *arg)
{
	struct transaction *t = mem_zalloc(sizeof *t);

	t->owner = transactions;
	t->fn = fn;
	t->arg = arg;
	list_append(&transactions->live, &t->link);
	transactions->count++;
	transaction_begin(t, request);
	return t;
}

void transaction_forget(struct transaction **transaction)
{
	struct transaction *t = *transaction;

	if (t == NULL)
		return;
	*transaction = NULL;
	loop_forget(transaction_loop(t), t);
	discard(t);
}

int transaction_retry_after(const struct transaction_result *result)
{
	long seconds;

	if (result->is_local)
		return (int)result->retry_after_s;
	if (result->sip == NULL || result->sip->sip_retry_after == NULL)
		return 0;
	seconds = (long)result->sip->sip_retry_after->af_delta;
	if (seconds < 0 || seconds > RETRY_AFTER_MAX_S)
		return RETRY_AFTER_MAX_S;
	return (int)seconds;
}
