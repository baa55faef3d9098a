/* Repeated requests over UDP; see repeats.h. */
#include "sip/repeats.h"

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "sip/agent.h"
#include "sip/publications.h"
#include "sip/recent.h"
#include "sip/side_core.h"

enum { REPEATS_MOST = 1 << 20 };

struct repeats {
	struct side_core *core;
	uint8_t key[HASH_KEY_BYTES];
	struct recent *done;
	struct table *open;
};

static uint64_t now_ms(const struct repeats *repeats)
{
	return loop_now(repeats->core->params->loop);
}

struct repeats *repeats_new(struct side_core *core)
{
	struct repeats *repeats = mem_zalloc(sizeof *repeats);
	uint64_t t1 = core->params->timer_t1_ms > 0 ? (uint64_t)core->params->timer_t1_ms : 500;

	repeats->core = core;
	random_bytes(repeats->key, sizeof repeats->key);
	repeats->done = recent_new(74 * t1, REPEATS_MOST); /* 64*T1 + 5 s */
	repeats->open = table_new();
	return repeats;
}

void repeats_free(struct repeats **repeats)
{
	if (*repeats == NULL)
		return;
	recent_free(&(*repeats)->done);
	table_free(&(*repeats)->open);
	mem_free(*repeats);
	*repeats = NULL;
}

static void put(struct buf *out, const char *text)
{
	buf_puts(out, text != NULL ? text : "");
	buf_putc(out, '\0');
}

uint64_t repeats_key(const struct repeats *repeats, const struct request *request)
{
	const sip_t *sip = request->sip;
	struct buf text = BUF_INIT;
	uint64_t hash;

	put(&text, sip->sip_via->v_branch);
	put(&text, sip->sip_via->v_host);
	put(&text, sip->sip_via->v_port);
	put(&text, sip->sip_call_id->i_id);
	buf_append(&text, &sip->sip_cseq->cs_seq, sizeof sip->sip_cseq->cs_seq);
	hash = hash_bytes(repeats->key, text.data, text.len);
	buf_free(&text);
	return hash != 0 ? hash : 1;
}

static void answer_again(struct repeats *repeats, struct request *request,
			 struct recent_value value)
{
	struct agent *agent = repeats->core->agent;
	struct buf headers = BUF_INIT;

	if (request->sip->sip_request->rq_method == sip_method_subscribe && value.status < 300) {
		const char *tag = request->sip->sip_to->a_tag;

		buf_printf(&headers, "%sExpires: %u\r\nContact: ",
			   (value.extra & REPEATS_LIST) != 0 ? "Require: eventlist\r\n" : "",
			   (unsigned)value.extra & ~(unsigned)REPEATS_LIST);
		agent_contact(agent, &request->source, false, tag != NULL ? tag : request->tag,
			      &headers);
		buf_puts(&headers, "\r\n");
	} else if (request->sip->sip_request->rq_method == sip_method_publish &&
		   value.status < 300) {
		publications_answered(repeats->core->publications, repeats_key(repeats, request),
				      value.extra, &headers);
	} else if (value.extra != 0) {
		buf_printf(&headers, "Retry-After: %u\r\n", (unsigned)value.extra);
	}
	agent_answer(agent, request, value.status, NULL, headers.len != 0 ? headers.data : NULL);
	buf_free(&headers);
}

bool repeats_take(struct repeats *repeats, struct request *request)
{
	struct recent_value value;
	uint64_t key;

	if (!request->is_udp)
		return false;
	key = repeats_key(repeats, request);
	value = recent_find(repeats->done, key, now_ms(repeats));
	if (value.status == 0 && table_find(repeats->open, &key, sizeof key) == NULL)
		return false;
	repeats->core->params->counters->sip_repeats++;
	if (value.status != 0)
		answer_again(repeats, request, value);
	else
		agent_drop(repeats->core->agent, request);
	return true;
}

void repeats_begin(struct repeats *repeats, uint64_t key)
{
	table_put(repeats->open, &key, sizeof key, repeats);
}

void repeats_done(struct repeats *repeats, uint64_t key, int status, uint32_t extra)
{
	struct recent_value value = {(uint16_t)status, extra};

	table_remove(repeats->open, &key, sizeof key);
	recent_put(repeats->done, key, value, now_ms(repeats));
}

bool repeats_knows(struct repeats *repeats, uint64_t key)
{
	return table_find(repeats->open, &key, sizeof key) != NULL ||
	       recent_find(repeats->done, key, now_ms(repeats)).status != 0;
}
