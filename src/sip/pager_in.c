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
#include "sip/agent.h"
#include "sip/header_text.h"
#include "sip/identity.h"
#include "sip/recent.h"
#include "sip/repeats.h"
#include "sip/side_core.h"
#include "translate/fault_map.h"
#include "translate/deflate.h"
#include "translate/text_body.h"

enum { DONE_MOST = 1 << 20, PHRASE_MAX = 129, TRYING_T1S = 7 /* SIP-029: 3.5 s */ };

/* One MESSAGE whose answer is not known yet. */
struct inbound {
	struct pager_in *pager;
	exchange_id x;
	struct request *request; /* held */
	uint64_t repeat;         /* repeats_key(), for UDP */
	uint64_t print;          /* fingerprint (D-38) */
	struct loop_timer trying;
	struct list link;
};

struct pager_in {
	struct side_core *core;
	struct table *by_x;
	struct table *by_print;
	struct recent *done; /* fingerprints of what succeeded */
	struct list open;
	size_t over_udp;
};

struct pager_in *pager_in_new(struct side_core *core)
{
	struct pager_in *pager = mem_zalloc(sizeof *pager);
	uint64_t t1 = core->params->timer_t1_ms > 0 ? (uint64_t)core->params->timer_t1_ms : 500;

	pager->core = core;
	pager->by_x = table_new();
	pager->by_print = table_new();
	pager->done = recent_new(74 * t1, DONE_MOST);
	list_init(&pager->open);
	return pager;
}

size_t pager_in_open(const struct pager_in *pager)
{
	return table_count(pager->by_x);
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
		pager->over_udp--;
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
	recent_free(&self->done);
	mem_free(self);
	*pager = NULL;
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

/* D-35: the same request always has the same uid; it names the message on the other side. */
static void make_uid(const struct pager_in *pager, const sip_t *sip, char uid[HASH_HEX_CHARS + 1])
{
	struct buf text = BUF_INIT;

	identity_uri(sip->sip_from->a_url, &text);
	buf_putc(&text, '\0');
	buf_puts(&text, sip->sip_call_id->i_id);
	buf_putc(&text, '\0');
	buf_puts(&text, sip->sip_from->a_tag != NULL ? sip->sip_from->a_tag : "");
	buf_putc(&text, '\0');
	buf_append(&text, &sip->sip_cseq->cs_seq, sizeof sip->sip_cseq->cs_seq);
	if (sip->sip_payload != NULL)
		buf_append(&text, sip->sip_payload->pl_data, sip->sip_payload->pl_len);
	hash_hex(pager->core->params->key, text.data, text.len, uid);
	buf_free(&text);
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

/* REL-044: what is held over UDP is bounded. */
static bool has_room(struct pager_in *pager, struct request *request)
{
	const struct limits *limits = pager->core->params->limits;
	struct limits_hit *hits = &pager->core->params->counters->limits;

	if (request->is_udp && (int64_t)pager->over_udp >= limits->udp_transactions) {
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

/* The body ------------------------------------------------------------------------------------- */

static const char *header_value(const void *header, struct buf *room)
{
	char text[512];

	if (header == NULL)
		return NULL;
	if (sip_header_field_e(text, sizeof text, header, 0) <= 0)
		return NULL;
	text[sizeof text - 1] = '\0';
	buf_reset(room);
	buf_puts(room, text);
	return room->data;
}

static bool read_text(struct pager_in *pager, struct request *request, struct buf *out)
{
	const sip_t *sip = request->sip;
	struct buf type = BUF_INIT, encoding = BUF_INIT, disposition = BUF_INIT;
	char headers[256];
	int error = text_body_read(sip->sip_payload->pl_data, sip->sip_payload->pl_len,
				   header_value(sip->sip_content_type, &type),
				   header_value(sip->sip_content_encoding, &encoding),
				   header_value(sip->sip_content_disposition, &disposition), out);

	buf_free(&type);
	buf_free(&encoding);
	buf_free(&disposition);
	switch (error) {
	case 0:
		return true;
	case ENOTSUP: /* SIP-020, SIP-110 (EOPNOTSUPP is the same value here) */
		(void)snprintf(headers, sizeof headers, "Accept: %s\r\nAccept-Encoding: %s\r\n",
			       text_body_accept, coding_accept);
		refuse(pager, request, 415, NULL, headers, "content type or encoding");
		return false;
	case E2BIG:
		refuse(pager, request, 413, NULL, NULL, "the body unpacks to too much");
		return false;
	default: /* MSG-075 */
		refuse(pager, request, 400, "Undecodable Body", NULL, "undecodable body");
		return false;
	}
}

/* MSG-045: the first language of the list. */
static char *read_language(const sip_t *sip)
{
	const char *tag;

	if (sip->sip_content_language == NULL || sip->sip_content_language->k_items == NULL)
		return NULL;
	tag = sip->sip_content_language->k_items[0];
	if (tag == NULL || !header_text_is_language(tag, strlen(tag)))
		return NULL;
	return mem_strdup(tag);
}

static char *read_line(const char *value)
{
	struct buf text = BUF_INIT;

	if (value == NULL || header_text_clean(&text, value, strlen(value)) == 0) {
		buf_free(&text);
		return NULL;
	}
	return buf_take(&text);
}

static char *read_nick(const sip_t *sip)
{
	struct buf text = BUF_INIT;

	if (sip->sip_from->a_display == NULL)
		return NULL;
	header_text_unquote(&text, sip->sip_from->a_display);
	if (text.len != 0)
		return buf_take(&text);
	buf_free(&text);
	return NULL;
}

static void fill(const sip_t *sip, const char *uid, struct buf *text, struct message *out)
{
	size_t len = text->len;

	*out = (struct message){
		.kind = MESSAGE_CHAT, /* D-34 */
		.uid = mem_strdup(uid),
		.body_len = len,
		.body = buf_take(text),
		.subject = sip->sip_subject != NULL ? read_line(sip->sip_subject->g_string) : NULL,
		.lang = read_language(sip),
		.nick = read_nick(sip),
		.hops = -1,
	};
	if (sip->sip_max_forwards != NULL) { /* SIP-004, SEC-070 */
		unsigned long left = sip->sip_max_forwards->mf_count;

		out->hops = (left < 70 ? (int)left : 70) - 1;
	}
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
		pager->over_udp++;
	}
	inbound->request = agent_hold(request);
	table_put(pager->by_x, &inbound->x, sizeof inbound->x, inbound);
	table_put(pager->by_print, &print, sizeof print, inbound);
	list_append(&pager->open, &inbound->link);
	return inbound->x;
}

/* 200 and nothing more: nothing to show (MSG-056, D-45). */
static void take_empty(struct pager_in *pager, struct request *request)
{
	pager->core->params->counters->messages_empty++;
	agent_answer(pager->core->agent, request, 200, NULL, NULL);
}

static void hand_over(struct pager_in *pager, struct request *request, const char *uid,
		      const struct address *from, const struct address *to, struct buf *text)
{
	struct message message;
	uint64_t print;

	print = hash_bytes(pager->core->params->key, uid, strlen(uid));
	if (is_repeat(pager, request, print) || !has_room(pager, request))
		return;
	fill(request->sip, uid, text, &message);
	exchange_id x = open_inbound(pager, request, print);

	log_debug("pager: MESSAGE in x=%s bytes=%zu", exchange_text(x), message.body_len);
	bridge_message(pager->core->params->bridge, SIDE_SIP, x, from, to, &message);
	message_clear(&message);
}

static void take_text(struct pager_in *pager, struct request *request, const struct address *from,
		      const struct address *to)
{
	int64_t most = pager->core->params->limits->message_text_bytes;
	char uid[HASH_HEX_CHARS + 1];
	struct buf text = BUF_INIT;

	make_uid(pager, request->sip, uid);
	if (!read_text(pager, request, &text))
		return;
	if (text.len == 0) {
		take_empty(pager, request);
	} else if ((int64_t)text.len > most) {
		pager->core->params->counters->limits.message_text_bytes++;
		refuse(pager, request, 413, NULL, NULL, "text over limits.message_text_bytes");
	} else {
		hand_over(pager, request, uid, from, to, &text);
	}
	buf_free(&text);
}

void pager_in_message(struct pager_in *pager, struct request *request)
{
	struct address from = {0}, to = {0};
	struct refusal refusal;

	if (identity_sender(pager->core, request, &from, &refusal) != 0 ||
	    identity_target(pager->core, request, &to, &refusal) != 0) {
		refuse(pager, request, refusal.status, refusal.phrase, refusal.headers,
		       refusal.why);
	} else if (request->sip->sip_payload == NULL || request->sip->sip_payload->pl_len == 0) {
		take_empty(pager, request);
	} else {
		take_text(pager, request, &from, &to);
	}
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
		recent_put(pager->done, print, (struct recent_value){(uint16_t)status, 0},
			   loop_now(pager->core->params->loop));
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
