/* Who gets a request, and who gets it next (REL-025, SIP-088); see transaction.h.
 *
 *   begin --> [hop is being looked up: wait] --> server --> [connection is full: wait] --> wire
 *                                                  ^                                        |
 *                                                  +-- failed, 503, silent; 401, 407 <------+
 */
#include <string.h>

#define NTA_OUTGOING_MAGIC_T struct transaction
#include <sofia-sip/su_wait.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/sip.h>

#include "base/mem.h"
#include "sip/agent.h"
#include "sip/backlog.h"
#include "sip/net_address.h"
#include "sip/targets.h"
#include "sip/transaction_private.h"

/* In T1, whose usual value is 500 ms. */
enum {
	T1_MS = 500,
	SERVER_T1S = 8,  /* 4 s for one server, as long as another one is left */
	TRYING_T1S = 20, /* 10 s for all of them; the last one has the rest of 64 T1 (D-37) */
	CSEQ_MOST = INT32_MAX
};

static uint64_t t1s(const struct transaction *t, uint64_t count)
{
	int t1 = t->owner->core->params->timer_t1_ms;

	return count * (uint64_t)(t1 > 0 ? t1 : T1_MS);
}

static uint64_t now_of(const struct transaction *t)
{
	return loop_now(transaction_loop(t));
}

/* What is kept --------------------------------------------------------------------------------- */

void transaction_keep(struct transaction *t, const struct transaction_request *request)
{
	struct kept_request *kept;

	if (t->kept != NULL)
		return;
	kept = mem_zalloc(sizeof *kept);
	kept->owner = t;
	buf_append(&kept->text, request->text->data, request->text->len);
	kept->next_hop = mem_strdup_or_null(request->next_hop);
	kept->branch = mem_strdup_or_null(request->branch);
	kept->any_size = request->any_size;
	kept->cseq = request->cseq;
	kept->since_ms = now_of(t);
	list_init(&kept->silent);
	list_init(&kept->backlog);
	t->kept = kept;
}

void kept_free(struct transactions *transactions, struct kept_request **kept)
{
	struct kept_request *self = *kept;

	if (self == NULL)
		return;
	LIST_EACH(link, next, &self->silent)
	transaction_spend(transactions, LIST_ENTRY(link, struct attempt, link));
	list_remove(&self->backlog);
	buf_free(&self->text);
	mem_free(self->next_hop);
	mem_free(self->branch);
	mem_free(self);
	*kept = NULL;
}

static struct transaction_request view_of(const struct transaction *t)
{
	const struct kept_request *kept = t->kept;

	return (struct transaction_request){
		.text = &kept->text,
		.next_hop = kept->next_hop,
		.branch = kept->branch,
		.any_size = kept->any_size,
		.cseq = kept->cseq,
	};
}

/* The way -------------------------------------------------------------------------------------- */

/* The URI it is sent to: the next hop, or the first Route (the second line), if it is loose, or
 * the Request-URI. */
static const char *way_of(const struct transaction_request *request, size_t *len)
{
	const char *line = request->text->data;
	const char *second, *end;

	if (request->next_hop != NULL) {
		*len = strlen(request->next_hop);
		return request->next_hop;
	}
	second = line + strcspn(line, "\r") + 2;
	if (strncmp(second, "Route: <", 8) == 0) {
		end = strchr(second, '>');
		line = second + 8;
		*len = end != NULL ? (size_t)(end - line) : 0;
		return line;
	}
	line += strcspn(line, " ") + 1;
	*len = strcspn(line, " \r");
	return line;
}

static void copy_way(const char *way, size_t len, char *out, size_t size)
{
	if (len >= size)
		len = 0;
	memcpy(out, way, len);
	out[len] = '\0';
}

/* SEC-014: the credentials of a peer are for its configured next hop, by whatever URI its servers
 * are reached. */
static void choose_login(struct transaction *t, const struct sip_peer *peer, const char *way,
			 size_t len)
{
	const struct side_core *core = t->owner->core;
	const struct hop *home = targets_of(core->targets, peer);
	struct net_address address = {0};
	struct uri_parts parts;
	char uri[1024];

	if (home == NULL)
		return;
	if (t->hop == NULL) {
		copy_way(way, len, uri, sizeof uri);
		if (!uri_parts_read(&parts, uri) || !net_address_parse(&address, parts.host))
			return;
		address.port = parts.port;
		if (!hop_has(home, &address))
			return;
	} else if (t->hop != home) {
		return;
	}
	t->login = t->owner->logins[peer - core->params->peers];
}

static bool has_password(const struct transaction *t, const struct sip_peer *peer)
{
	return peer != NULL && (peer->credentials.username != NULL ||
				t->owner->core->params->credentials.username != NULL);
}

/* On the wire ---------------------------------------------------------------------------------- */

static void on_hurry(void *arg);

static void arm_hurry(struct transactions *transactions)
{
	struct transaction *first;
	uint64_t now = loop_now(transactions->core->params->loop);

	if (list_is_empty(&transactions->hurried) || loop_timer_is_set(&transactions->hurry_timer))
		return;
	first = LIST_ENTRY(transactions->hurried.next, struct transaction, wait);
	loop_timer_set(transactions->core->params->loop, &transactions->hurry_timer,
		       first->kept->due_ms > now ? first->kept->due_ms - now : 0, on_hurry,
		       transactions);
}

/* True if it may go to one more server. */
static bool has_next(const struct transaction *t)
{
	unsigned quench_s;

	return t->hop != NULL && !t->is_pinned && t->kept != NULL &&
	       t->kept->tried_count < LOCATE_TARGETS_MAX &&
	       now_of(t) - t->kept->since_ms < t1s(t, TRYING_T1S) &&
	       hop_choose(t->hop, t->kept->tried, t->kept->tried_count, &quench_s) != NULL;
}

static void hurry(struct transaction *t)
{
	list_remove(&t->wait);
	if (!has_next(t))
		return;
	t->kept->due_ms = now_of(t) + t1s(t, SERVER_T1S);
	list_append(&t->owner->hurried, &t->wait);
	arm_hurry(t->owner);
}

/* Returns the transport it went to, as a reference, or NULL. */
static struct tport_s *put_out(struct transaction *t, const struct transaction_request *request,
			       const struct target *target)
{
	transaction_transmit(t, request, target);
	if (t->orq == NULL) {
		transaction_fail(t, 0);
		return NULL;
	}
	if (t->kept != NULL)
		hurry(t);
	return nta_outgoing_transport(t->orq);
}

static const struct target *find_target(const struct transaction *t)
{
	for (size_t i = 0; t->hop != NULL && i < hop_count(t->hop); i++)
		if (hop_target(t->hop, i)->id == t->target)
			return hop_target(t->hop, i);
	return NULL;
}

struct tport_s *transaction_send_held(struct list *link)
{
	struct kept_request *kept = LIST_ENTRY(link, struct kept_request, backlog);
	struct transaction *t = kept->owner;
	struct transaction_request request = view_of(t);
	const struct target *target = find_target(t);

	if (t->hop != NULL && target == NULL) { /* it has another address by now */
		t->kept->tried_count = 0;
		transaction_begin(t, NULL);
		return NULL;
	}
	return put_out(t, &request, target);
}

/* Behind what waits for that connection already, or out. */
static void put_out_or_wait(struct transaction *t, const struct transaction_request *request,
			    const struct target *target, const char *way, size_t way_len)
{
	struct backlog *backlog = t->owner->backlog;

	if (backlog_count(backlog) != 0) {
		transaction_keep(t, request);
		if (backlog_wait(backlog, way, way_len, &t->kept->backlog))
			return;
	}
	backlog_sent(backlog, way, way_len, put_out(t, request, target));
}

/* Which server --------------------------------------------------------------------------------- */

static void to_server(struct transaction *t, const struct transaction_request *request)
{
	const struct target *target;
	unsigned quench_s = 0;

	if (t->is_pinned)
		target = find_target(t);
	else
		target = hop_choose(t->hop, t->kept != NULL ? t->kept->tried : NULL,
				    t->kept != NULL ? t->kept->tried_count : 0, &quench_s);
	if (target == NULL) {
		transaction_fail(t, quench_s);
		return;
	}
	if (hop_count(t->hop) > 1 && !t->is_pinned)
		transaction_keep(t, request);
	t->target = target->id;
	if (t->kept != NULL && t->kept->tried_count < LOCATE_TARGETS_MAX)
		t->kept->tried[t->kept->tried_count++] = target->id;
	put_out_or_wait(t, request, target, target->uri, strlen(target->uri));
}

static void to_literal(struct transaction *t, const struct transaction_request *request,
		       const char *way, size_t len)
{
	unsigned quench_s = targets_quenched(t->owner->core->targets, way, len);

	if (quench_s != 0)
		transaction_fail(t, quench_s);
	else
		put_out_or_wait(t, request, NULL, way, len);
}

static void to_hop(struct transaction *t, const struct transaction_request *request)
{
	switch (hop_state(t->hop)) {
	case HOP_READY:
		to_server(t, request);
		break;
	case HOP_LOCATING:
		transaction_keep(t, request);
		list_append(hop_waiting(t->hop), &t->wait);
		break;
	case HOP_UNKNOWN:
		transaction_fail(t, 0);
		break;
	}
}

void transaction_begin(struct transaction *t, const struct transaction_request *request)
{
	struct transaction_request kept;
	enum targets_way kind;
	const char *way;
	size_t len;

	if (request == NULL) {
		kept = view_of(t);
		to_hop(t, &kept);
		return;
	}
	way = way_of(request, &len);
	kind = targets_find(t->owner->core->targets, way, len, &t->hop);
	t->target = request->target;
	t->is_pinned = request->target != 0;
	if (has_password(t, request->peer)) {
		choose_login(t, request->peer, way, len);
		if (t->login != NULL)
			transaction_keep(t, request);
	} else if (t->hop != NULL) {
		choose_login(t, request->peer, way, len); /* to say that we have none */
	}
	if (kind == TARGETS_HOP)
		to_hop(t, request);
	else if (kind == TARGETS_LITERAL)
		to_literal(t, request, way, len);
	else
		transaction_fail(t, 0); /* SEC-021: nobody's name is looked up */
}

/* Answers -------------------------------------------------------------------------------------- */

static void retire(struct transaction *t, bool is_silent)
{
	struct attempt *attempt = mem_zalloc(sizeof *attempt);

	attempt->orq = t->orq;
	attempt->target = t->target;
	attempt->is_silent = is_silent;
	t->orq = NULL;
	if (is_silent)
		list_append(&t->kept->silent, &attempt->link);
	else
		transaction_spend(t->owner, attempt);
}

static void on_hurry(void *arg)
{
	struct transactions *transactions = arg;
	uint64_t now = loop_now(transactions->core->params->loop);

	while (!list_is_empty(&transactions->hurried)) {
		struct transaction *t =
			LIST_ENTRY(transactions->hurried.next, struct transaction, wait);
		struct transaction_request request;

		if (t->kept->due_ms > now)
			break;
		list_remove(&t->wait);
		if (nta_outgoing_status(t->orq) >= 100)
			continue; /* somebody works on it */
		hop_failed(t->hop, t->target, "no answer in time");
		if (!has_next(t))
			continue;
		retire(t, true);
		request = view_of(t);
		to_server(t, &request);
	}
	arm_hurry(transactions);
}

/* What the answer says of the server. */
static void learn(struct transaction *t, uint32_t target, const struct transaction_result *result)
{
	if (t->hop == NULL)
		return;
	if (result->is_local) {
		hop_failed(t->hop, target, result->status == 408 ? "no answer" : "unreachable");
		return;
	}
	hop_heard(t->hop, target);
	if (result->status != 503)
		return;
	if (transaction_retry_after(result) > 0) /* SIP-063 */
		hop_quench(t->hop, target, (unsigned)transaction_retry_after(result));
	else
		hop_failed(t->hop, target, "503");
}

/* SIP-057, SIP-010. True: it was sent again. */
static bool sign(struct transaction *t, const struct transaction_result *result)
{
	struct transaction_request request;
	const struct target *target;
	struct digest_tries *tries, none = {0};

	if (t->login == NULL || result->is_local)
		return false;
	tries = t->kept != NULL ? &t->kept->tries : &none;
	if (result->status != 401 && result->status != 407) {
		if (tries->has_any)
			digest_client_passed(t->login, result->sip);
		return false;
	}
	if (!digest_client_challenged(t->login, result->sip, tries, now_of(t)) || t->kept == NULL)
		return false;
	if (t->kept->cseq != NULL)
		t->kept->cseq_now = ++*t->kept->cseq;
	else
		t->kept->cseq_now = result->sip->sip_cseq->cs_seq + 1;
	retire(t, false);
	request = view_of(t);
	target = find_target(t);
	if (t->hop != NULL && target == NULL)
		transaction_begin(t, NULL);
	else
		put_out_or_wait(t, &request, target, target != NULL ? target->uri : "",
				target != NULL ? strlen(target->uri) : 0);
	return true;
}

/* An attempt that was given up: its success counts all the same. */
static void answered_late(struct transaction *t, struct nta_outgoing_s *orq,
			  const struct transaction_result *result)
{
	LIST_EACH(link, next, &t->kept->silent)
	{
		struct attempt *attempt = LIST_ENTRY(link, struct attempt, link);

		if (attempt->orq != orq)
			continue;
		if (!result->is_local)
			learn(t, attempt->target, result);
		transaction_spend(t->owner, attempt);
		if (result->status < 300) {
			if (t->orq != NULL)
				retire(t, true);
			transaction_finish(t, result);
		}
		return;
	}
}

void transaction_answered(struct transaction *t, struct nta_outgoing_s *orq,
			  const struct transaction_result *result)
{
	struct transaction_request request;

	if (orq != t->orq) {
		if (t->kept != NULL)
			answered_late(t, orq, result);
		return;
	}
	list_remove(&t->wait);
	learn(t, t->target, result);
	if (sign(t, result))
		return;
	if (result->status == 503 && has_next(t)) {
		retire(t, false);
		request = view_of(t);
		to_server(t, &request);
		return;
	}
	transaction_finish(t, result);
}
