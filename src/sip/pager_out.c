/* Page messages to SIP; see pager_out.h. */
#include "sip/pager_out.h"

#include <string.h>

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
#include "sip/abilities.h"
#include "sip/message_line.h"
#include "sip/message_out.h"
#include "sip/message_result.h"
#include "sip/peer_watch.h"
#include "sip/recent.h"
#include "sip/side_core.h"
#include "sip/transaction.h"
#include "sip/unfinished.h"

enum {
	WAIT_T1S = 16, /* 8 s in line, or with parts: with 32 s under way it ends before the core
			* gives up */
	T1_MS = 500,
	WROTE_LIFE_MS = 7 * 86400 * 1000,
	WROTE_MOST = 1 << 16
};

/* Refused before it got in line: to be reported from the loop. */
struct refused {
	struct pager_out *pager;
	exchange_id x;
	struct fault fault;
	struct list link;
};

struct pager_out {
	struct side_core *core;
	struct table *lines; /* by Request-URI */
	struct list refused;
	struct unfinished *unfinished;
	struct recent *wrote; /* pairs with a text that was taken (TYPE-037) */
	struct buf text;      /* of the request that is being sent */
	size_t pending;
};

static void send_first(struct message_line *line);
static void put_in_line(struct pager_out *pager, struct line_item *item);

struct pager_out *pager_out_new(struct side_core *core)
{
	struct pager_out *pager = mem_zalloc(sizeof *pager);

	pager->core = core;
	pager->lines = table_new();
	pager->unfinished = unfinished_new();
	pager->wrote = recent_new(WROTE_LIFE_MS, WROTE_MOST);
	list_init(&pager->refused);
	return pager;
}

size_t pager_out_pending(const struct pager_out *pager)
{
	return pager->pending;
}

static void free_item(struct pager_out *pager, struct line_item *item)
{
	line_item_free(&item);
	pager->pending--;
}

static void free_line(struct message_line *line)
{
	struct pager_out *pager = line->owner;

	table_remove(pager->lines, line->uri, strlen(line->uri));
	transaction_forget(&line->transaction);
	LIST_EACH(link, next, &line->items)
	{
		struct line_item *item = LIST_ENTRY(link, struct line_item, link);

		message_line_remove(line, item);
		free_item(pager, item);
	}
	mem_free(line->uri);
	mem_free(line);
}

static bool free_each(void *value, void *arg)
{
	(void)arg;
	free_line(value);
	return true;
}

static void free_refused(struct refused *refused)
{
	list_remove(&refused->link);
	refused->pager->pending--;
	mem_free(refused);
}

void pager_out_free(struct pager_out **pager)
{
	struct pager_out *self = *pager;

	if (self == NULL)
		return;
	table_each(self->lines, free_each, NULL);
	LIST_EACH(link, next, &self->refused)
	{
		struct refused *refused = LIST_ENTRY(link, struct refused, link);

		loop_forget(self->core->params->loop, refused);
		free_refused(refused);
	}
	table_free(&self->lines);
	unfinished_free(&self->unfinished);
	recent_free(&self->wrote);
	buf_free(&self->text);
	mem_free(self);
	*pager = NULL;
}

/* Outcomes ------------------------------------------------------------------------------------- */

static void report(struct pager_out *pager, exchange_id x, enum outcome outcome,
		   const struct fault *fault)
{
	log_debug("pager: MESSAGE out ended x=%s outcome=%d fault=%s", exchange_text(x),
		  (int)outcome, fault != NULL ? fault_name(fault->code) : "-");
	bridge_outcome(pager->core->params->bridge, x, outcome, fault);
}

static void on_refused(void *arg)
{
	struct refused *refused = arg;
	struct pager_out *pager = refused->pager;
	struct fault fault = refused->fault;
	exchange_id x = refused->x;

	free_refused(refused);
	report(pager, x, OUTCOME_REFUSED, &fault);
}

/* Never from inside deliver (side.h). */
static void refuse(struct pager_out *pager, exchange_id x, const struct fault *fault)
{
	struct refused *refused = mem_zalloc(sizeof *refused);

	refused->pager = pager;
	refused->x = x;
	refused->fault = *fault;
	list_append(&pager->refused, &refused->link);
	pager->pending++;
	loop_defer(pager->core->params->loop, on_refused, refused);
}

static uint64_t print_of(const struct pager_out *pager, const struct address *from,
			 const struct address *to)
{
	struct buf key = BUF_INIT;
	uint64_t print;

	address_key(from, &key);
	address_key(to, &key);
	print = hash_bytes(pager->core->params->key, key.data, key.len);
	buf_free(&key);
	return print;
}

/* D-42: the 200 of a device, to a text whose sender asked and that could not ask him. */
static bool is_receipt(const struct pager_out *pager, const struct line_item *item)
{
	const struct message_out *out = &item->out;
	const struct sip_peer *peer = side_core_peer(pager->core, out->to.domain);

	return item->kind == LINE_TEXT && !item->was_queued && peer != NULL &&
	       peer->profile.receipt_from_200 && peer->profile.result_is_devices &&
	       (out->message.wants & WANTS_DELIVERED) != 0 && out->form == MESSAGE_FORM_PLAIN;
}

/* What the next try has to know. */
static void keep_place(struct pager_out *pager, const struct line_item *item, bool was_answered,
		       bool is_uncertain)
{
	const struct message_out *out = &item->out;
	const struct unfinished_value value = {
		.most = out->most,
		.part = out->part,
		.steps = out->steps + (was_answered ? 1 : 0),
		.is_uncertain = is_uncertain,
	};

	unfinished_put(pager->unfinished, out->message.uid, &value);
}

/* The item leaves; the next one is sent before the core hears of this one. */
static void end_item(struct message_line *line, struct line_item *item, enum outcome outcome,
		     const struct fault *fault)
{
	struct pager_out *pager = line->owner;
	const struct message_out *out = &item->out;

	message_line_remove(line, item);
	send_first(line);
	if (item->kind == LINE_TYPING) { /* TYPE-036 */
		free_item(pager, item);
		return;
	}
	if (item->kind == LINE_TEXT && outcome == OUTCOME_TAKEN)
		recent_put(pager->wrote, print_of(pager, &out->from, &out->to),
			   (struct recent_value){.status = 200},
			   loop_now(pager->core->params->loop));
	report(pager, item->x, outcome, outcome == OUTCOME_TAKEN ? NULL : fault);
	if (outcome == OUTCOME_TAKEN && is_receipt(pager, item))
		bridge_report(pager->core->params->bridge, SIDE_SIP, &out->to, &out->from,
			      out->message.uid, REPORT_DELIVERED, NULL);
	free_item(pager, item);
}

/* A text in parts must not take longer than the core waits. */
static bool is_late(const struct line_item *item, const struct pager_out *pager)
{
	int t1 = pager->core->params->timer_t1_ms;

	return loop_now(pager->core->params->loop) - item->since_ms >
	       WAIT_T1S * (uint64_t)(t1 > 0 ? t1 : T1_MS);
}

static void on_taken(struct message_line *line, struct line_item *item)
{
	struct pager_out *pager = line->owner;
	struct fault fault;

	if (!message_out_next(&item->out)) {
		end_item(line, item, OUTCOME_TAKEN, NULL);
		return;
	}
	if (!is_late(item, pager)) {
		send_first(line);
		return;
	}
	message_not_sent(&fault, "The SIP side is slow: the rest of the message follows");
	keep_place(pager, item, false, false);
	end_item(line, item, OUTCOME_REFUSED, &fault);
}

/* MSG-040, D-60: once, to another user of the same SIP domain. */
static bool may_follow(struct line_item *item, int status, const struct fault *fault,
		       const struct pager_out *pager)
{
	return (status == 301 || status == 302) && item->kind == LINE_TEXT &&
	       !is_late(item, pager) && message_out_redirect(&item->out, fault->uri);
}

/* In another form: at once, or, when the answer took its time, with the next try. Else the core
 * would begin one while this one is under way. */
static void send_again(struct message_line *line, struct line_item *item, int status)
{
	struct pager_out *pager = line->owner;
	struct fault fault;

	log_info("pager: refused in this form, sent in another x=%s status=%d",
		 exchange_text(item->x), status);
	if (!is_late(item, pager)) {
		send_first(line);
		return;
	}
	message_not_sent(&fault, "The SIP side is slow: the message follows in another form");
	keep_place(pager, item, false, false);
	end_item(line, item, OUTCOME_REFUSED, &fault);
}

static void on_failed(struct message_line *line, struct line_item *item,
		      const struct transaction_result *result)
{
	struct pager_out *pager = line->owner;
	struct fault fault = {0};
	enum outcome outcome;

	if (!result->is_local && message_out_again(&item->out, result->status)) {
		send_again(line, item, result->status);
		return;
	}
	outcome = message_result_read(result, &fault);
	if (may_follow(item, result->status, &fault, pager)) {
		message_line_remove(line, item);
		send_first(line);
		pager->pending--;
		put_in_line(pager, item);
		return;
	}
	if (item->kind != LINE_TYPING && (outcome == OUTCOME_UNKNOWN || fault.again != AGAIN_NEVER))
		keep_place(pager, item, !result->is_local, result->is_local);
	end_item(line, item, outcome, &fault);
}

/* REL-004: somebody has it already. */
static bool is_known_there(const struct line_item *item, int status)
{
	bool may_be = item->is_resumed ? item->was_uncertain : item->out.message.may_be_known;

	return status == 482 && item->kind != LINE_TYPING && may_be;
}

static void on_result(const struct transaction_result *result, void *arg)
{
	struct message_line *line = arg;
	struct pager_out *pager = line->owner;
	struct line_item *item = message_line_first(line);

	line->transaction = NULL;
	peer_watch_result(line->hop, result);
	item->out.steps += result->cseq_more;
	if (result->sip != NULL)
		abilities_read(pager->core, item->out.to_uri, result->sip);
	if (result->status >= 300 && !is_known_there(item, result->status)) {
		on_failed(line, item, result);
		return;
	}
	if (result->status != 200) /* D-42: no word of a device */
		item->was_queued = true;
	on_taken(line, item); /* MSG-035 */
}

/* The line ------------------------------------------------------------------------------------- */

/* What waited too long behind an unanswered one was not sent at all; the core brings it back. */
static void drop_stale(struct message_line *line)
{
	struct pager_out *pager = line->owner;
	struct line_item *item;
	struct fault fault;

	message_not_sent(&fault, "Not sent: an earlier message to this address has no answer yet");
	for (item = message_line_first(line);
	     item != NULL && !item->was_sent && is_late(item, pager);
	     item = message_line_first(line)) {
		message_line_remove(line, item);
		if (item->kind != LINE_TYPING)
			refuse(pager, item->x, &fault);
		free_item(pager, item);
	}
}

static void send_first(struct message_line *line)
{
	struct pager_out *pager = line->owner;
	struct transaction_request request = {.text = &pager->text, .peer = line->peer};
	char branch[MESSAGE_BRANCH_MAX];
	struct line_item *item;

	drop_stale(line);
	item = message_line_first(line);
	if (item == NULL) {
		free_line(line);
		return;
	}
	item->was_sent = true;
	buf_reset(&pager->text);
	message_out_write(&item->out, &pager->text, branch);
	request.branch = branch;
	line->transaction = transaction_send(pager->core->transactions, &request, on_result, line);
}

static struct message_line *get_line(struct pager_out *pager, const char *uri, const char *domain)
{
	struct message_line *line = table_find(pager->lines, uri, strlen(uri));

	if (line != NULL)
		return line;
	line = mem_zalloc(sizeof *line);
	line->owner = pager;
	line->uri = mem_strdup(uri);
	line->peer = side_core_peer(pager->core, domain);
	line->hop = peer_watch_of(pager->core->peers, domain);
	list_init(&line->items);
	table_put(pager->lines, uri, strlen(uri), line);
	return line;
}

static bool is_full(struct pager_out *pager, const char *uri)
{
	const struct limits *limits = pager->core->params->limits;
	struct limits_hit *hits = &pager->core->params->counters->limits;
	const struct message_line *known = table_find(pager->lines, uri, strlen(uri));

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

/* Takes item. */
static void put_in_line(struct pager_out *pager, struct line_item *item)
{
	struct message_line *line = get_line(pager, item->out.uri, item->out.to.domain);
	size_t freed;

	if (!item->was_sent)
		item->since_ms = loop_now(pager->core->params->loop);
	pager->pending++;
	if (!message_line_put(line, item, &freed)) { /* TYPE-032 */
		free_item(pager, item);
		return;
	}
	pager->pending -= freed;
	if (line->count == 1)
		send_first(line);
}

/* Goes on where the last try of the same message ended. */
static void resume(struct pager_out *pager, struct line_item *item)
{
	struct unfinished_value last;

	if (!unfinished_take(pager->unfinished, item->out.message.uid, &last))
		return;
	item->is_resumed = true;
	item->was_uncertain = last.is_uncertain;
	message_out_resume(&item->out, last.most, last.part, last.steps);
}

void pager_out_deliver(struct pager_out *pager, exchange_id x, const struct address *from,
		       const struct address *to, const struct message *message)
{
	struct line_item *item = mem_zalloc(sizeof *item);
	struct fault fault;

	item->x = x;
	item->kind = message->what == MESSAGE_REPORT ? LINE_REPORT : LINE_TEXT;
	if (message_out_init(&item->out, pager->core, from, to, message, &fault) == 0) {
		if (is_full(pager, item->out.uri)) {
			fault_set(&fault, FAULT_RESOURCE_CONSTRAINT,
				  "Too many messages are waiting");
			fault.again = AGAIN_PATH;
		} else if (message_out_plan(&item->out, &fault) == 0) {
			resume(pager, item);
			put_in_line(pager, item);
			return;
		}
	}
	line_item_free(&item);
	refuse(pager, x, &fault);
}

/* Or his SIP domain does for all its phones (D-18). */
static bool may_see(const struct pager_out *pager, const struct address *watcher,
		    const struct address *watched)
{
	struct bridge *bridge = pager->core->params->bridge;
	const struct sip_peer *peer = side_core_peer(pager->core, watcher->domain);
	struct address domain;
	bool may = bridge_may_see(bridge, watcher, watched, NULL);

	if (may || peer == NULL || peer->profile.watch_as != WATCH_AS_DOMAIN)
		return may;
	address_set(&domain, SIDE_SIP, "", watcher->domain);
	may = bridge_may_see(bridge, &domain, watched, NULL);
	address_clear(&domain);
	return may;
}

/* TYPE-037. */
static bool is_familiar(const struct pager_out *pager, const struct address *from,
			const struct address *to)
{
	uint64_t now = loop_now(pager->core->params->loop);

	return recent_find(pager->wrote, print_of(pager, from, to), now).status != 0 ||
	       may_see(pager, to, from);
}

void pager_out_typing(struct pager_out *pager, const struct address *from, const struct address *to,
		      const struct typing *typing)
{
	struct line_item *item = mem_zalloc(sizeof *item);
	struct fault fault;

	item->kind = LINE_TYPING;
	if (message_out_init_typing(&item->out, pager->core, from, to, typing, &fault) == 0 &&
	    abilities_takes_typing(pager->core, to->domain, item->out.to_uri) &&
	    is_familiar(pager, from, to) && !is_full(pager, item->out.uri)) {
		put_in_line(pager, item);
		return;
	}
	line_item_free(&item);
}
