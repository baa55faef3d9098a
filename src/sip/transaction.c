/* Client transactions; see transaction.h. */
#include "sip/transaction.h"

#include <string.h>

#define NTA_OUTGOING_MAGIC_T struct transaction
#include <sofia-sip/su_wait.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_tag.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/tport.h>
#include <sofia-sip/tport_tag.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/random.h"
#include "loop/loop.h"
#include "sip/agent.h"
#include "sip/backlog.h"
#include "sip/sip_side.h"

enum { RETRY_AFTER_MAX_S = 3600, BRANCH_RANDOM_BYTES = 12, BRANCH_MAX = 80, HEADERS_ROOM = 2048 };

struct transactions {
	struct agent *agent;
	struct list live;
	struct list garbage; /* to be released from the loop */
	bool is_sweeping;
	struct backlog *backlog;
	size_t count;
};

struct transaction {
	struct transactions *owner;
	nta_outgoing_t *orq; /* NULL: could not be sent, or waits */
	transaction_fn *fn;  /* NULL: forgotten */
	void *arg;
	struct list link;  /* in live or garbage */
	struct held *held; /* what waits for its connection; else NULL */
};

/* A request that is to be sent later (REL-045). */
struct held {
	struct transaction *owner;
	struct list link; /* in the backlog */
	struct buf text;
	char *next_hop; /* or NULL */
	bool any_size;
	char *branch; /* or NULL */
};

static tport_t *send_held(struct list *link);

static struct loop *loop_of(struct transactions *transactions)
{
	return agent_params(transactions->agent)->loop;
}

static void free_held(struct transaction *t)
{
	if (t->held == NULL)
		return;
	list_remove(&t->held->link);
	buf_free(&t->held->text);
	mem_free(t->held->next_hop);
	mem_free(t->held->branch);
	mem_free(t->held);
	t->held = NULL;
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
}

static void discard(struct transaction *t)
{
	struct transactions *transactions = t->owner;

	t->fn = NULL;
	free_held(t);
	list_remove(&t->link);
	list_append(&transactions->garbage, &t->link);
	transactions->count--;
	if (transactions->is_sweeping)
		return;
	transactions->is_sweeping = true;
	loop_defer(loop_of(transactions), sweep, transactions);
}

struct transactions *transactions_new(struct agent *agent)
{
	struct transactions *transactions = mem_zalloc(sizeof *transactions);

	transactions->agent = agent;
	list_init(&transactions->live);
	list_init(&transactions->garbage);
	transactions->backlog =
		backlog_new(agent_params(agent)->loop, agent_params(agent)->limits, send_held);
	return transactions;
}

void transactions_free(struct transactions **transactions)
{
	struct transactions *self = *transactions;

	if (self == NULL)
		return;
	LIST_EACH(link, next, &self->live)
	{
		struct transaction *t = LIST_ENTRY(link, struct transaction, link);

		loop_forget(loop_of(self), t);
		discard(t);
	}
	loop_forget(loop_of(self), self);
	sweep(self);
	backlog_free(&self->backlog);
	mem_free(self);
	*transactions = NULL;
}

size_t transactions_count(const struct transactions *transactions)
{
	return transactions->count;
}

static void finish(struct transaction *t, const struct transaction_result *result)
{
	transaction_fn *fn = t->fn;
	void *arg = t->arg;

	discard(t);
	fn(result, arg);
}

static int on_response(struct transaction *t, nta_outgoing_t *orq, sip_t const *sip)
{
	struct transaction_result result = {.status = nta_outgoing_status(orq), .sip = sip};

	if (t == NULL || t->fn == NULL || result.status < 200)
		return 0; /* MSG-034 */
	result.is_local = nta_sip_is_internal(sip);
	if (result.is_local)
		result.sip = NULL;
	else
		result.way = nta_outgoing_transport(orq);
	finish(t, &result);
	if (result.way != NULL)
		tport_unref(result.way);
	return 0;
}

static void not_sent(void *arg)
{
	static const struct transaction_result result = {.status = 503, .is_local = true};

	finish(arg, &result);
}

/* SIP-003, SEC-009; our instance is in it, so that a loop shows in any Via (SEC-071). */
static void make_branch(const struct agent *agent, char branch[BRANCH_MAX])
{
	static const char head[] = "branch=z9hG4bK";
	size_t len = strlen(agent_instance(agent));

	memcpy(branch, head, sizeof head - 1);
	branch += sizeof head - 1;
	memcpy(branch, agent_instance(agent), len); /* 12 characters */
	branch[len] = '.';
	random_hex(branch + len + 1, BRANCH_RANDOM_BYTES);
}

/* Like msg_make(), with room for all headers in one piece of memory, instead of one for each. The
 * library keeps the text of each header, and need not print it again. */
static msg_t *parse(const struct buf *text)
{
	msg_t *msg = msg_create(sip_default_mclass(), MSG_DO_EXTRACT_COPY);
	msg_iovec_t place[2];

	if (msg == NULL)
		return NULL;
	su_home_preload(msg_home(msg), 1, 2 * text->len + HEADERS_ROOM);
	if (msg_recv_iovec(msg, place, 2, text->len, 1) != 1) {
		msg_destroy(msg);
		return NULL;
	}
	memcpy(place[0].mv_base, text->data, text->len);
	msg_recv_commit(msg, text->len, 1);
	(void)msg_extract(msg); /* errors show in sip_error */
	return msg;
}

/* Returns the transport it went to, as a reference, or NULL. */
static tport_t *transmit(struct transaction *t, const struct transaction_request *request)
{
	struct transactions *transactions = t->owner;
	char made[BRANCH_MAX];
	const char *branch = request->branch;
	msg_t *msg;

	if (branch == NULL) {
		make_branch(transactions->agent, made);
		branch = made;
	}
	msg = parse(request->text);
	if (msg != NULL && sip_object(msg) != NULL && sip_object(msg)->sip_error == NULL)
		t->orq = nta_outgoing_mcreate(agent_nta(transactions->agent), on_response, t,
					      (const url_string_t *)(const void *)request->next_hop,
					      msg, NTATAG_BRANCH_KEY(branch),
					      TAG_IF(request->any_size, TPTAG_MTU(65535)),
					      TAG_END());
	if (t->orq != NULL)
		return nta_outgoing_transport(t->orq);
	if (msg != NULL)
		msg_destroy(msg);
	loop_defer(loop_of(transactions), not_sent, t);
	return NULL;
}

static tport_t *send_held(struct list *link)
{
	struct held *held = LIST_ENTRY(link, struct held, link);
	struct transaction *t = held->owner;
	struct transaction_request request = {
		.text = &held->text,
		.next_hop = held->next_hop,
		.any_size = held->any_size,
		.branch = held->branch,
	};
	tport_t *transport = transmit(t, &request);

	free_held(t);
	return transport;
}

static void hold(struct transaction *t, const struct transaction_request *request)
{
	struct held *held = mem_zalloc(sizeof *held);

	held->owner = t;
	list_init(&held->link);
	buf_append(&held->text, request->text->data, request->text->len);
	held->next_hop = mem_strdup_or_null(request->next_hop);
	held->any_size = request->any_size;
	held->branch = mem_strdup_or_null(request->branch);
	t->held = held;
}

/* Requests with the same key share a connection: the next hop, or the Route after the first line,
 * or the first line. */
static const char *way_of(const struct transaction_request *request, size_t *len)
{
	const char *line = request->text->data;
	const char *second;

	if (request->next_hop != NULL) {
		*len = strlen(request->next_hop);
		return request->next_hop;
	}
	second = line + strcspn(line, "\r") + 2;
	if (strncmp(second, "Route: ", 7) == 0)
		line = second;
	*len = strcspn(line, "\r");
	return line;
}

struct transaction *transaction_send(struct transactions *transactions,
				     const struct transaction_request *request, transaction_fn *fn,
				     void *arg)
{
	struct transaction *t = mem_zalloc(sizeof *t);
	size_t way_len;
	const char *way = way_of(request, &way_len);

	t->owner = transactions;
	t->fn = fn;
	t->arg = arg;
	list_append(&transactions->live, &t->link);
	transactions->count++;
	if (backlog_count(transactions->backlog) != 0) {
		hold(t, request);
		if (backlog_wait(transactions->backlog, way, way_len, &t->held->link))
			return t;
		free_held(t);
	}
	backlog_sent(transactions->backlog, way, way_len, transmit(t, request));
	return t;
}

void transaction_forget(struct transaction **transaction)
{
	struct transaction *t = *transaction;

	if (t == NULL)
		return;
	*transaction = NULL;
	loop_forget(loop_of(t->owner), t);
	discard(t);
}

int transaction_retry_after(const struct transaction_result *result)
{
	long seconds;

	if (result->sip == NULL || result->sip->sip_retry_after == NULL)
		return 0;
	seconds = (long)result->sip->sip_retry_after->af_delta;
	if (seconds < 0 || seconds > RETRY_AFTER_MAX_S)
		return RETRY_AFTER_MAX_S;
	return (int)seconds;
}
