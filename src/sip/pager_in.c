/* Page messages from SIP; see pager_in.h. */
#include "sip/pager_in.h"

#include <errno.h>
#include <stdio.h>
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
#include "model/load.h"
#include "sip/agent.h"
#include "sip/header_text.h"
#include "sip/held_udp.h"
#include "sip/identity.h"
#include "sip/message_in.h"
#include "sip/recent.h"
#include "sip/repeats.h"
#include "sip/side_core.h"
#include "sip/user_rates.h"
#include "translate/deflate.h"
#include "translate/fault_map.h"
#include "translate/message_body.h"

enum { DONE_MOST = 1 << 20, PHRASE_MAX = 129, TRYING_T1S = 7 /* SIP-029: 3.5 s */ };

/* One MESSAGE whose answer is not known yet. */
struct inbound {
	struct pager_in *pager;
	exchange_id x;
	struct request *request; /* held */
	uint64_t repeat;         /* repeats_key(), for UDP */
	uint64_t print;          /* fingerprint (D-38) */
	uint64_t who;            /* of over_udp, for UDP */
	struct loop_timer trying;
	struct list link;
};

struct pager_in {
	struct side_core *core;
	struct table *by_x;
	struct table *by_print;
	struct recent *done;        /* fingerprints of what succeeded */
	struct user_rates *texts;   /* messages by sender, */
	struct user_rates *notices; /* receipts and typing */
	struct list open;
	struct held_udp over_udp;
};

struct pager_in *pager_in_new(struct side_core *core)
{
	struct pager_in *pager = mem_zalloc(sizeof *pager);
	uint64_t t1 = core->params->timer_t1_ms > 0 ? (uint64_t)core->params->timer_t1_ms : 500;

	pager->core = core;
	pager->by_x = table_new();
	pager->by_print = table_new();
	pager->done = recent_new(74 * t1, DONE_MOST);
	pager->texts = user_rates_new();
	pager->notices = user_rates_new();
	list_init(&pager->open);
	shares_init(&pager->over_udp.by);
	return pager;
}

size_t pager_in_open(const struct pager_in *pager)
{
	return table_count(pager->by_x);
}

unsigned pager_in_fill(const struct pager_in *pager)
{
	const struct limits *limits = pager->core->params->limits;
	uint64_t udp = pager->over_udp.count * 1000 / (uint64_t)limits->udp_transactions;
	uint64_t all = table_count(pager->by_x) * 1000 / (uint64_t)limits->messages_pending;

	return (unsigned)(udp > all ? udp : all);
}

/* Leaves the tables; its request is the caller's to end. */
static struct request *close_inbound(struct inbound *inbound)
{
	struct pager_in *pager = inbound->pager;
	struct request *request = inbound->request;

	loop_timer_cancel(&inbound->trying);
	table_remove(pager->by_x, &inbound->x, sizeof inbound->x);
	table_remove(pager->by_print, &inbound->print, sizeof inbound->print);
	list_remove(&inbound->link);
	if (request->is_udp)
		held_udp_give(&pager->over_udp, inbound->who);
	mem_free(inbound);
	return request;
}

void pager_in_free(struct pager_in **pager)
{
	struct pager_in *self = *pager;

	if (self == NULL)
		return;
	LIST_EACH(link, next, &self->open)
	agent_drop(self->core->agent, close_inbound(LIST_ENTRY(link, struct inbound, link)));
	table_free(&self->by_x);
	table_free(&self->by_print);
	shares_clear(&self->over_udp.by);
	recent_free(&self->done);
	user_rates_free(&self->texts);
	user_rates_free(&self->notices);
	mem_free(self);
	*pager = NULL;
}

static uint64_t print_of(const struct pager_in *pager, const char *uid)
{
	return hash_bytes(pager->core->params->key, uid, strlen(uid));
}

void pager_in_restore_print(struct pager_in *pager, uint64_t print, int status, int64_t age_ms)
{
	if (status >= 200 && status < 300)
		recent_restore(pager->done, print, (struct recent_value){(uint16_t)status, 0},
			       age_ms, loop_now(pager->core->params->loop));
}

void pager_in_restore_queued(struct pager_in *pager, const char *uid, int64_t age_ms)
{
	pager_in_restore_print(pager, print_of(pager, uid), 202, age_ms);
}

/* Refusals ------------------------------------------------------------------------------------- */

static void refuse(struct pager_in *pager, struct request *request, int status, const char *phrase,
		   const char *headers, const char *why)
{
	struct buf who = BUF_INIT;

	pager->core->params->counters->sip_refused++;
	if (log_get_level() >= LOG_LEVEL_INFO)
		identity_for_log(request, &who);
	log_info("pager: refused MESSAGE status=%d %s (%s)", status, buf_text(&who), why);
	buf_free(&who);
	agent_answer(pager->core->agent, request, status, phrase, headers);
}

/* D-38. True if it was answered. */
static bool is_repeat(struct pager_in *pager, struct request *request, uint64_t print)
{
	uint64_t now = loop_now(pager->core->params->loop);
	struct recent_value done;

	if (table_find(pager->by_print, &print, sizeof print) != NULL) {
		refuse(pager, request, 482, "Request Merged", NULL, "merged request");
		return true;
	}
	done = recent_find(pager->done, print, now);
	if (done.status == 0)
		return false;
	pager->core->params->counters->sip_repeats++;
	agent_answer(pager->core->agent, request, done.status, NULL, NULL);
	return true;
}

/* REL-044, REL-047: what is held over UDP is bounded, and shared. */
static bool has_room(struct pager_in *pager, struct request *request)
{
	const struct limits *limits = pager->core->params->limits;
	struct limits_hit *hits = &pager->core->params->counters->limits;

	if (request->is_udp && !held_udp_may(&pager->over_udp, pager->core, request)) {
		hits->udp_transactions++;
		side_core_busy(pager->core, request, 503, NULL);
		return false;
	}
	if ((int64_t)table_count(pager->by_x) >= limits->messages_pending) {
		hits->messages_pending++;
		side_core_busy(pager->core, request, 503, NULL);
		return false;
	}
	return true;
}

/* Handing over --------------------------------------------------------------------------------- */

static void on_trying(void *arg)
{
	struct inbound *inbound = arg;

	agent_provisional(inbound->pager->core->agent, inbound->request);
}

static exchange_id open_inbound(struct pager_in *pager, struct request *request, uint64_t print)
{
	struct inbound *inbound = mem_zalloc(sizeof *inbound);
	uint64_t t1 = (uint64_t)pager->core->params->timer_t1_ms;

	inbound->pager = pager;
	inbound->x = exchange_new();
	inbound->print = print;
	if (request->is_udp) {
		inbound->repeat = repeats_key(pager->core->repeats, request);
		repeats_begin(pager->core->repeats, inbound->repeat);
		loop_timer_set(pager->core->params->loop, &inbound->trying,
			       TRYING_T1S * (t1 != 0 ? t1 : 500), on_trying, inbound);
		inbound->who = held_udp_take(&pager->over_udp, pager->core, request);
	}
	inbound->request = agent_hold(request);
	table_put(pager->by_x, &inbound->x, sizeof inbound->x, inbound);
	table_put(pager->by_print, &print, sizeof print, inbound);
	list_append(&pager->open, &inbound->link);
	return inbound->x;
}

/* What came, from whom and to whom. */
struct arrival {
	struct request *request;
	const struct address *from;
	const struct address *to;
	char uid[HASH_HEX_CHARS + 1];
	uint64_t print;
};

static void refuse_for_now(struct pager_in *pager, struct request *request, int status)
{
	pager->core->params->counters->sip_refused++;
	side_core_busy(pager->core, request, status, NULL);
}

/* MSG-096, SEC-080. */
static bool is_within_text_rate(struct pager_in *pager, const struct arrival *arrival)
{
	const struct sip_side_params *params = pager->core->params;

	if (user_rates_take(pager->texts, arrival->from, params->limits->messages_per_user_per_s,
			    params->limits->messages_per_user_burst, loop_now(params->loop)))
		return true;
	params->counters->limits.messages_per_user_per_s++;
	refuse_for_now(pager, arrival->request, 480);
	return false;
}

/* 200 and nothing more: nothing to show (MSG-056, D-45). */
static void take_empty(struct pager_in *pager, struct request *request)
{
	pager->core->params->counters->messages_empty++;
	agent_answer(pager->core->agent, request, 200, NULL, NULL);
}

static void take_text(struct pager_in *pager, const struct arrival *arrival,
		      struct message_body *body)
{
	struct side_core *core = pager->core;
	struct request *request = arrival->request;
	struct message *message = &body->message;

	if (message->body_len == 0) {
		take_empty(pager, request);
	} else if ((int64_t)message->body_len > core->params->limits->message_text_bytes) {
		core->params->counters->limits.message_text_bytes++;
		refuse(pager, request, 413, NULL, NULL, "text over limits.message_text_bytes");
	} else if (message_in_complete(core, request, arrival->from, arrival->uid, body) != 0) {
		refuse(pager, request, 400, "Message Expired", NULL, "Expires is long over");
	} else if (is_within_text_rate(pager, arrival) && has_room(pager, request)) {
		exchange_id x = open_inbound(pager, request, arrival->print);

		log_debug("pager: MESSAGE in x=%s bytes=%zu", exchange_text(x), message->body_len);
		bridge_message(core->params->bridge, SIDE_SIP, x, arrival->from, arrival->to,
			       message);
	}
}

/* Answered at once (TYPE-025): nobody waits for what becomes of it. A repetition of it is answered
 * from the record. */
static void answer_at_once(struct pager_in *pager, const struct arrival *arrival)
{
	struct repeats *repeats = pager->core->repeats;
	struct request *request = arrival->request;

	recent_put(pager->done, arrival->print, (struct recent_value){200, 0},
		   loop_now(pager->core->params->loop));
	if (request->is_udp)
		repeats_done(repeats, repeats_key(repeats, request), 200, 0);
	agent_answer(pager->core->agent, request, 200, NULL, NULL);
}

/* RCPT-071: what asks the bridge to speak is bounded. */
static bool is_within_rate(struct pager_in *pager, const struct arrival *arrival)
{
	const struct sip_side_params *params = pager->core->params;

	if (user_rates_take(pager->notices, arrival->from, params->limits->reports_per_user_per_s,
			    2 * params->limits->reports_per_user_per_s, loop_now(params->loop)))
		return true;
	params->counters->limits.reports_per_user_per_s++;
	refuse_for_now(pager, arrival->request, 480); /* MSG-096 */
	return false;
}

static void take_typing(struct pager_in *pager, const struct arrival *arrival,
			const struct message_body *body)
{
	const struct sip_side_params *params = pager->core->params;

	if (!is_within_rate(pager, arrival))
		return;
	answer_at_once(pager, arrival);
	if (!load_admits(params->load, LOAD_NOTICE, 0, loop_now(params->loop)))
		return; /* REL-042: he goes on typing, or it ends by itself */
	bridge_typing(pager->core->params->bridge, SIDE_SIP, arrival->from, arrival->to,
		      &body->typing);
}

static void take_reports(struct pager_in *pager, const struct arrival *arrival,
			 struct message_body *body)
{
	const struct sip_side_params *params = pager->core->params;

	if (!load_admits(params->load, LOAD_NOTICE, 0, loop_now(params->loop))) {
		refuse_for_now(pager, arrival->request, 503); /* REL-042 */
		return;
	}
	if (!is_within_rate(pager, arrival))
		return;
	answer_at_once(pager, arrival);
	for (size_t i = 0; i < body->report_count; i++) {
		struct body_report *report = &body->reports[i];

		if (report->is_silent || report->id == NULL)
			continue;
		message_in_cut_part(report->id);
		bridge_report(pager->core->params->bridge, SIDE_SIP, arrival->from, arrival->to,
			      report->id, report->kind,
			      report->kind == REPORT_FAILED ? &report->fault : NULL);
	}
}

static void refuse_body(struct pager_in *pager, struct request *request, int error)
{
	char headers[512];

	switch (error) {
	case ENOTSUP: /* SIP-020, SIP-110, MSG-070 (EOPNOTSUPP is the same value here) */
		(void)snprintf(headers, sizeof headers, "Accept: %s\r\nAccept-Encoding: %s\r\n",
			       message_body_accept, coding_accept);
		refuse(pager, request, 415, NULL, headers, "content type or encoding");
		break;
	case E2BIG:
		refuse(pager, request, 413, NULL, NULL, "the body unpacks to too much");
		break;
	default: /* MSG-075 */
		refuse(pager, request, 400, "Undecodable Body", NULL, "undecodable body");
		break;
	}
}

static void take_body(struct pager_in *pager, const struct arrival *arrival)
{
	struct request *request = arrival->request;
	struct message_body body;
	int error = message_in_read(pager->core, request, arrival->from, &body);

	if (error != 0) {
		refuse_body(pager, request, error);
		message_body_clear(&body);
		return;
	}
	message_in_learn(pager->core, request, arrival->from, &body);
	switch (body.kind) {
	case MESSAGE_BODY_TEXT:
		take_text(pager, arrival, &body);
		break;
	case MESSAGE_BODY_TYPING: /* MSG-072, SIP-084 */
		take_typing(pager, arrival, &body);
		break;
	case MESSAGE_BODY_REPORTS: /* MSG-073, SIP-084 */
		take_reports(pager, arrival, &body);
		break;
	case MESSAGE_BODY_NOTHING:
		take_empty(pager, request);
		break;
	}
	message_body_clear(&body);
}

static void take(struct pager_in *pager, struct request *request, const struct address *from,
		 const struct address *to)
{
	struct arrival arrival = {.request = request, .from = from, .to = to};

	if (request->sip->sip_payload == NULL || request->sip->sip_payload->pl_len == 0) {
		take_empty(pager, request);
		return;
	}
	message_in_uid(pager->core, request, arrival.uid);
	arrival.print = print_of(pager, arrival.uid);
	if (!is_repeat(pager, request, arrival.print))
		take_body(pager, &arrival);
}

void pager_in_message(struct pager_in *pager, struct request *request, const struct dialog *dialog)
{
	struct address from = {0}, to = {0};
	struct refusal refusal;
	int status = identity_sender(pager->core, request, &from, &refusal);

	if (status == 0)
		status = dialog != NULL ? identity_dialog_target(pager->core, dialog, &to, &refusal)
					: identity_target(pager->core, request, &to, &refusal);
	if (status != 0)
		refuse(pager, request, refusal.status, refusal.phrase, refusal.headers,
		       refusal.why);
	else
		take(pager, request, &from, &to);
	address_clear(&from);
	address_clear(&to);
}

/* The answer ----------------------------------------------------------------------------------- */

static int answer_fault(struct pager_in *pager, struct request *request, const struct fault *fault,
			uint32_t *retry_s)
{
	char phrase[PHRASE_MAX] = "";
	struct buf headers = BUF_INIT;
	int status = fault_to_sip(fault, phrase, sizeof phrase);

	*retry_s = 0;
	if (status == 503 || fault->code == FAULT_RATE) /* REL-043 */
		*retry_s = side_core_retry_s();
	if (fault->retry_after_s > 0)
		*retry_s = (uint32_t)fault->retry_after_s;
	if (*retry_s != 0)
		buf_printf(&headers, "Retry-After: %u\r\n", (unsigned)*retry_s);
	if ((status == 301 || status == 302) && fault->uri[0] != '\0') {
		/* ERR-007, ERR-008: with the new address, or it could not be one of these. */
		buf_puts(&headers, "Contact: <");
		header_text_clean(&headers, fault->uri, strlen(fault->uri));
		buf_puts(&headers, ">\r\n");
	}
	agent_answer(pager->core->agent, request, status, phrase[0] != '\0' ? phrase : NULL,
		     headers.len != 0 ? headers.data : NULL);
	buf_free(&headers);
	return status;
}

/* D-38, REL-005: for repetitions of it, also after a restart. */
static void keep_print(struct pager_in *pager, uint64_t print, int status)
{
	const struct print_keeper *keeper = pager->core->params->prints;

	recent_put(pager->done, print, (struct recent_value){(uint16_t)status, 0},
		   loop_now(pager->core->params->loop));
	if (keeper != NULL)
		keeper->put(print, status, keeper->arg);
}

void pager_in_finish(struct pager_in *pager, exchange_id x, enum outcome outcome,
		     const struct fault *fault)
{
	struct inbound *inbound = table_find(pager->by_x, &x, sizeof x);
	uint32_t retry_s = 0;

	if (inbound == NULL)
		return;
	uint64_t print = inbound->print, repeat = inbound->repeat;
	struct request *request = close_inbound(inbound);
	bool is_udp = request->is_udp;
	struct fault unknown;
	int status;

	if (outcome == OUTCOME_TAKEN || outcome == OUTCOME_STORED) { /* D-36, SIP-073 */
		status = outcome == OUTCOME_TAKEN ? 200 : 202;
		agent_answer(pager->core->agent, request, status, NULL, NULL);
		keep_print(pager, print, status);
	} else {
		if (fault == NULL) {
			fault_set(&unknown, FAULT_NO_ANSWER, NULL);
			fault = &unknown;
		}
		status = answer_fault(pager, request, fault, &retry_s);
	}
	if (is_udp)
		repeats_done(pager->core->repeats, repeat, status, retry_s);
	log_debug("pager: MESSAGE answered x=%s status=%d", exchange_text(x), status);
}
