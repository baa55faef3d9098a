/* Page messages to SIP; see pager_out.h. */
#include "sip/pager_out.h"

#include <string.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/limits.h"
#include "sip/identity.h"
#include "sip/message_text.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"
#include "sip/transaction.h"
#include "translate/address_map.h"
#include "translate/fault_map.h"

enum {
	WAIT_MAX_MS = 8000,   /* in line; with 32 s under way it ends before the core gives up */
	RETRY_AFTER_MAX_S = 5 /* MSG-041 */
};

struct destination;

struct outbound {
	struct destination *destination; /* NULL: refused before it got in line */
	struct pager_out *pager;
	exchange_id x;
	struct buf text; /* the whole request */
	bool was_retried;
	uint64_t since_ms;
	struct fault *refusal; /* to be reported from the loop */
	struct list link;
};

/* One Request-URI with its line of messages (MSG-020, SIP-078). */
struct destination {
	struct pager_out *pager;
	char *uri;
	struct list line; /* first one is under way */
	size_t count;
	struct peer_watch *hop;
	struct transaction *transaction;
	struct loop_timer retry;
};

struct pager_out {
	struct side_core *core;
	struct table *destinations;
	struct list refused;
	size_t pending;
};

static void send_first(struct destination *destination);

struct pager_out *pager_out_new(struct side_core *core)
{
	struct pager_out *pager = mem_zalloc(sizeof *pager);

	pager->core = core;
	pager->destinations = table_new();
	list_init(&pager->refused);
	return pager;
}

size_t pager_out_pending(const struct pager_out *pager)
{
	return pager->pending;
}

static void free_outbound(struct outbound *item)
{
	list_remove(&item->link);
	item->pager->pending--;
	buf_free(&item->text);
	mem_free(item->refusal);
	mem_free(item);
}

static void free_destination(struct destination *destination)
{
	table_remove(destination->pager->destinations, destination->uri, strlen(destination->uri));
	transaction_forget(&destination->transaction);
	loop_timer_cancel(&destination->retry);
	LIST_EACH(link, next, &destination->line)
	free_outbound(LIST_ENTRY(link, struct outbound, link));
	mem_free(destination->uri);
	mem_free(destination);
}

static bool free_each(void *value, void *arg)
{
	(void)arg;
	free_destination(value);
	return true;
}

void pager_out_free(struct pager_out **pager)
{
	struct pager_out *self = *pager;

	if (self == NULL)
		return;
	table_each(self->destinations, free_each, NULL);
	LIST_EACH(link, next, &self->refused)
	{
		struct outbound *item = LIST_ENTRY(link, struct outbound, link);

		loop_forget(self->core->params->loop, item);
		free_outbound(item);
	}
	table_free(&self->destinations);
	mem_free(self);
	*pager = NULL;
}

/* Results -------------------------------------------------------------------------------------- */

static void report(struct pager_out *pager, exchange_id x, enum outcome outcome,
		   const struct fault *fault)
{
	log_debug("pager: MESSAGE out ended x=%s outcome=%d fault=%s", exchange_text(x),
		  (int)outcome, fault != NULL ? fault_name(fault->code) : "-");
	bridge_outcome(pager->core->params->bridge, x, outcome, fault);
}

static void on_refused(void *arg)
{
	struct outbound *item = arg;
	struct pager_out *pager = item->pager;
	struct fault fault = *item->refusal;
	exchange_id x = item->x;

	free_outbound(item);
	report(pager, x, OUTCOME_REFUSED, &fault);
}

/* Never from inside deliver (side.h). */
static void refuse(struct pager_out *pager, exchange_id x, enum fault_code code, const char *text)
{
	struct outbound *item = mem_zalloc(sizeof *item);

	item->pager = pager;
	item->x = x;
	item->refusal = mem_zalloc(sizeof *item->refusal);
	fault_set(item->refusal, code, text);
	list_append(&pager->refused, &item->link);
	pager->pending++;
	loop_defer(pager->core->params->loop, on_refused, item);
}

static void contact_of(const sip_t *sip, struct buf *out)
{
	if (sip != NULL && sip->sip_contact != NULL)
		identity_uri(sip->sip_contact->m_url, out);
}

/* ERR-263, E.3: no answer is never a refusal by the user. */
static enum outcome read_result(const struct transaction_result *result, struct fault *fault)
{
	if (result->status < 300) /* MSG-035 */
		return OUTCOME_TAKEN;
	if (result->is_local && result->status == 408) {
		fault_set(fault, FAULT_REMOTE_SERVER_TIMEOUT,
			  "No answer from the SIP side: delivery is uncertain");
		return OUTCOME_UNKNOWN;
	}
	if (result->is_local) {
		fault_set(fault, FAULT_REMOTE_SERVER_TIMEOUT, "The SIP side cannot be reached");
		return OUTCOME_REFUSED;
	}
	struct buf contact = BUF_INIT;

	contact_of(result->sip, &contact);
	fault_from_sip(result->status, result->sip->sip_status->st_phrase,
		       contact.len != 0 ? contact.data : NULL, fault);
	fault->retry_after_s = transaction_retry_after(result);
	buf_free(&contact);
	return OUTCOME_REFUSED;
}

static void log_challenge(int status)
{
	if (status == 401 || status == 407)
		log_warning("pager: the SIP side asks for credentials (trust this bridge's address "
			    "there, or do not authenticate MESSAGE from it)");
}

static void on_retry(void *arg)
{
	send_first(arg);
}

/* MSG-041: once, when the pause is short. */
static bool may_retry(struct destination *destination, struct outbound *item,
		      const struct transaction_result *result)
{
	int pause_s = transaction_retry_after(result);

	if (result->is_local || result->status != 503 || pause_s == 0 ||
	    pause_s > RETRY_AFTER_MAX_S || item->was_retried)
		return false;
	item->was_retried = true;
	loop_timer_set(destination->pager->core->params->loop, &destination->retry,
		       (uint64_t)pause_s * 1000, on_retry, destination);
	return true;
}

static void on_result(const struct transaction_result *result, void *arg)
{
	struct destination *destination = arg;
	struct pager_out *pager = destination->pager;
	struct outbound *item = LIST_ENTRY(destination->line.next, struct outbound, link);
	exchange_id x = item->x;
	struct fault fault = {0};
	enum outcome outcome;

	destination->transaction = NULL;
	peer_watch_result(destination->hop, result);
	if (may_retry(destination, item, result))
		return;
	outcome = read_result(result, &fault);
	log_challenge(result->status);
	free_outbound(item);
	destination->count--;
	send_first(destination);
	report(pager, x, outcome, outcome == OUTCOME_TAKEN ? NULL : &fault);
}

/* The line ------------------------------------------------------------------------------------- */

/* What waited too long behind an unanswered one was not sent at all. */
static bool is_stale(const struct outbound *item)
{
	uint64_t now = loop_now(item->pager->core->params->loop);

	return !item->was_retried && now - item->since_ms > WAIT_MAX_MS;
}

static void drop_stale(struct destination *destination)
{
	while (!list_is_empty(&destination->line)) {
		struct outbound *item = LIST_ENTRY(destination->line.next, struct outbound, link);

		if (!is_stale(item))
			return;
		refuse(destination->pager, item->x, FAULT_REMOTE_SERVER_TIMEOUT,
		       "Not sent: an earlier message to this address has no answer yet");
		free_outbound(item);
		destination->count--;
	}
}

static void send_first(struct destination *destination)
{
	struct transaction_request request = {0};

	drop_stale(destination);
	if (list_is_empty(&destination->line)) {
		free_destination(destination);
		return;
	}
	struct outbound *item = LIST_ENTRY(destination->line.next, struct outbound, link);

	request.text = &item->text;
	destination->transaction = transaction_send(destination->pager->core->transactions,
						    &request, on_result, destination);
}

static struct destination *get_destination(struct pager_out *pager, const char *uri,
					   const char *domain)
{
	struct destination *destination = table_find(pager->destinations, uri, strlen(uri));

	if (destination != NULL)
		return destination;
	destination = mem_zalloc(sizeof *destination);
	destination->pager = pager;
	destination->uri = mem_strdup(uri);
	destination->hop = peer_watch_of(pager->core->peers, domain);
	list_init(&destination->line);
	table_put(pager->destinations, uri, strlen(uri), destination);
	return destination;
}

static bool is_full(struct pager_out *pager, const char *uri)
{
	const struct limits *limits = pager->core->params->limits;
	struct limits_hit *hits = &pager->core->params->counters->limits;
	const struct destination *known = table_find(pager->destinations, uri, strlen(uri));

	if (known != NULL && (int64_t)known->count >= limits->messages_pending_per_uri) {
		hits->messages_pending_per_uri++;
		return true;
	}
	if ((int64_t)pager->pending >= limits->messages_pending) {
		hits->messages_pending++;
		return true;
	}
	return false;
}

static void put_in_line(struct pager_out *pager, exchange_id x, const char *uri, const char *domain,
			struct buf *text)
{
	struct destination *destination = get_destination(pager, uri, domain);
	struct outbound *item = mem_zalloc(sizeof *item);

	item->pager = pager;
	item->destination = destination;
	item->x = x;
	item->text = *text;
	*text = (struct buf)BUF_INIT;
	item->since_ms = loop_now(pager->core->params->loop);
	list_append(&destination->line, &item->link);
	destination->count++;
	pager->pending++;
	if (destination->count == 1)
		send_first(destination);
}

void pager_out_deliver(struct pager_out *pager, exchange_id x, const struct address *from,
		       const struct address *to, const struct message *message)
{
	struct buf from_uri = BUF_INIT, to_uri = BUF_INIT, text = BUF_INIT;
	struct fault fault;

	if (address_to_uri(pager->core->params->map, from, to->domain, &from_uri) != 0) {
		/* D-04: toward Asterisk an escaped From would come out as rubbish. */
		refuse(pager, x, FAULT_NOT_ALLOWED,
		       "Your address cannot be written for that SIP server: ask for an alias");
	} else if (address_to_uri(pager->core->params->map, to, NULL, &to_uri) != 0) {
		refuse(pager, x, FAULT_ITEM_NOT_FOUND, NULL);
	} else if (is_full(pager, to_uri.data)) {
		refuse(pager, x, FAULT_RESOURCE_CONSTRAINT, "Too many messages are waiting");
	} else if (message_text_write(pager->core, from_uri.data, to_uri.data, to->domain, message,
				      &text, &fault) != 0) {
		refuse(pager, x, fault.code, fault.text);
	} else {
		put_in_line(pager, x, to_uri.data, to->domain, &text);
	}
	buf_free(&from_uri);
	buf_free(&to_uri);
	buf_free(&text);
}
