/* One publication of ours. The timer is for what comes next: a retry, the refresh, or its turn. */
#include "sip/outlet.h"

#include <stdint.h>
#include <string.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/backoff.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/rate.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/limits.h"
#include "sip/header_text.h"
#include "sip/interest_rules.h"
#include "sip/peer_watch.h"
#include "sip/publish_request.h"
#include "sip/side_core.h"
#include "sip/sip_side.h"
#include "sip/transaction.h"

enum {
	ID_BYTES = 16,
	CSEQ_FIRST_BELOW = 1 << 20,
	RAISES_MAX = 4,
	SOON_MS = 2000, /* no answer, 5xx: first and most */
	SOON_MOST_MS = 5 * 60 * 1000,
	SLOW_MS = 60 * 1000, /* 4xx, 6xx: the server does not want it */
	SLOW_MOST_MS = 3600 * 1000,
	TAG_MAX = 256,
	LARGE = 1200 /* what is longer may have gone by TCP for its size (RFC 3261, 18.1.1) */
};

struct outlet_item {
	struct outlet *outlet;
	struct list link;
	char *body;
	size_t len;
	bool is_new; /* to be said */
	bool is_closed;
};

enum outlet_kind { KIND_STATE, KIND_REFRESH, KIND_REMOVE };

struct outlet {
	struct outlet_params params;
	char *uri;
	char call_id[2 * ID_BYTES + 1];
	uint32_t cseq;
	char *tag; /* the last one given (EVT-054); NULL: no publication lives */
	struct list items;
	struct peer_watch *hop;
	struct transaction *transaction;
	struct outlet_item *sent; /* by the request under way; NULL: a refresh or removal */
	enum outlet_kind kind;
	struct loop_timer timer;
	struct backoff soon;
	struct backoff slow;
	uint64_t not_before_ms; /* after a refusal */
	uint64_t refresh_ms;
	uint64_t expires_ms;
	unsigned asked_s;
	uint8_t raises; /* 423 in a row */
	bool is_withdrawn;
	bool is_leaving;   /* gone() is still to be called */
	bool is_sample;    /* outlet_try() */
	bool has_sent_tag; /* the request under way is conditional */
	bool is_large;     /* the request under way is */
	bool any_size;     /* D-40: over UDP all the same, since TCP leads nowhere */
};

static void run(void *arg);
static void send_next(struct outlet *outlet, enum outlet_kind kind, struct outlet_item *item);

static uint64_t now_of(const struct outlet *outlet)
{
	return loop_now(outlet->params.core->params->loop);
}

static void forget_tag(struct outlet *outlet)
{
	if (outlet->tag != NULL && outlet->params.tag_changed != NULL)
		outlet->params.tag_changed(outlet, NULL, 0, outlet->params.arg);
	mem_free(outlet->tag);
	outlet->tag = NULL;
}

static void arm(struct outlet *outlet, uint64_t delay_ms)
{
	loop_timer_set(outlet->params.core->params->loop, &outlet->timer, delay_ms, run, outlet);
}

/* Life ----------------------------------------------------------------------------------------- */

struct outlet *outlet_new(const struct outlet_params *params)
{
	struct outlet *outlet = mem_zalloc(sizeof *outlet);

	outlet->params = *params;
	outlet->uri = mem_strdup(params->uri);
	random_hex(outlet->call_id, ID_BYTES);
	outlet->cseq = (uint32_t)random_below(CSEQ_FIRST_BELOW);
	outlet->asked_s = OUTLET_EXPIRES_S;
	list_init(&outlet->items);
	backoff_init(&outlet->soon, SOON_MS, SOON_MOST_MS);
	backoff_init(&outlet->slow, SLOW_MS, SLOW_MOST_MS);
	outlet->hop = peer_watch_of(params->core->peers, params->peer->domain);
	peer_watch_join(outlet->hop);
	return outlet;
}

void outlet_free(struct outlet **outlet)
{
	struct outlet *self = *outlet;

	if (self == NULL)
		return;
	transaction_forget(&self->transaction);
	loop_timer_cancel(&self->timer);
	peer_watch_leave(self->hop);
	LIST_EACH(link, next, &self->items)
	{
		struct outlet_item *item = LIST_ENTRY(link, struct outlet_item, link);

		mem_free(item->body);
		mem_free(item);
	}
	mem_free(self->tag);
	mem_free(self->uri);
	mem_free(self);
	*outlet = NULL;
}

void outlet_restore(struct outlet *outlet, const char *tag, unsigned expires_s)
{
	mem_free(outlet->tag);
	outlet->tag = mem_strdup(tag);
	outlet->expires_ms = now_of(outlet) + (uint64_t)expires_s * 1000;
}

struct peer_watch *outlet_hop(const struct outlet *outlet)
{
	return outlet->hop;
}

bool outlet_is_live(const struct outlet *outlet)
{
	return outlet->tag != NULL;
}

bool outlet_is_leaving(const struct outlet *outlet)
{
	return outlet->is_leaving;
}

/* All again; after a withdrawal only that nobody is there, where that was not said yet. */
static void say_all(struct outlet *outlet)
{
	LIST_EACH(link, next, &outlet->items)
	{
		struct outlet_item *item = LIST_ENTRY(link, struct outlet_item, link);

		item->is_new =
			outlet->is_withdrawn ? item->is_new && item->is_closed : item->body != NULL;
	}
}

struct outlet_item *outlet_item_new(struct outlet *outlet)
{
	struct outlet_item *item = mem_zalloc(sizeof *item);

	item->outlet = outlet;
	list_append(&outlet->items, &item->link);
	return item;
}

static struct outlet_item *next_new(const struct outlet *outlet)
{
	LIST_EACH(link, next, &outlet->items)
	{
		struct outlet_item *item = LIST_ENTRY(link, struct outlet_item, link);

		if (item->is_new)
			return item;
	}
	return NULL;
}

/* What was sent did not arrive. */
static void take_back_sent(struct outlet *outlet)
{
	if (outlet->sent != NULL)
		outlet->sent->is_new = !outlet->is_withdrawn || outlet->sent->is_closed;
	outlet->sent = NULL;
}

/* Answers -------------------------------------------------------------------------------------- */

static void finish(struct outlet *outlet)
{
	loop_timer_cancel(&outlet->timer);
	forget_tag(outlet);
	outlet->refresh_ms = 0;
	if (!outlet->is_withdrawn) {
		run(outlet); /* something new was said meanwhile */
	} else if (outlet->is_leaving) {
		outlet->is_leaving = false;
		outlet->params.gone(outlet, outlet->params.arg);
	}
}

/* EVT-054: each 2xx has a new one, and none of ours is kept if it has none. */
static void take_tag(struct outlet *outlet, const sip_t *sip)
{
	const char *tag = sip->sip_etag != NULL ? sip->sip_etag->g_string : NULL;

	if (tag == NULL || strlen(tag) > TAG_MAX || !header_text_is_token(tag)) {
		forget_tag(outlet);
		return;
	}
	mem_free(outlet->tag);
	outlet->tag = mem_strdup(tag);
}

/* EVT-056: what was granted counts. Without a tag nothing can be refreshed: all is said again. */
static void plan_refresh(struct outlet *outlet, const sip_t *sip)
{
	uint64_t granted_s = outlet->asked_s;

	if (sip->sip_expires != NULL && sip->sip_expires->ex_delta > 0)
		granted_s = sip->sip_expires->ex_delta;
	outlet->expires_ms = now_of(outlet) + granted_s * 1000;
	outlet->refresh_ms =
		now_of(outlet) + interest_refresh_in_ms(granted_s, (uint8_t)random_below(256));
	if (outlet->tag != NULL && outlet->params.tag_changed != NULL)
		outlet->params.tag_changed(outlet, outlet->tag, (unsigned)granted_s,
					   outlet->params.arg);
}

static void accepted(struct outlet *outlet, const sip_t *sip)
{
	backoff_reset(&outlet->soon);
	backoff_reset(&outlet->slow);
	outlet->not_before_ms = 0;
	outlet->raises = 0;
	if (outlet->kind == KIND_REMOVE) {
		finish(outlet);
		return;
	}
	take_tag(outlet, sip);
	plan_refresh(outlet, sip);
	run(outlet);
}

/* EVT-055: never the conditional one again; the whole state without a tag. */
static void precondition_failed(struct outlet *outlet, bool was_sample)
{
	bool is_remove = outlet->kind == KIND_REMOVE;

	forget_tag(outlet);
	if (is_remove) {
		finish(outlet);
		return;
	}
	peer_watch_forgot(outlet->hop, was_sample);
	if (outlet->sent == NULL)
		say_all(outlet);
	take_back_sent(outlet);
	run(outlet);
}

/* EVT-056. False: no use. */
static bool raise_expires(struct outlet *outlet, const sip_t *sip)
{
	unsigned least = 0;
	unsigned next;

	if (sip->sip_min_expires != NULL)
		least = (unsigned)sip->sip_min_expires->me_delta;
	next = interest_raise(outlet->asked_s, least);
	if (next == 0 || outlet->raises++ >= RAISES_MAX || outlet->kind == KIND_REMOVE)
		return false;
	outlet->asked_s = next;
	send_next(outlet, outlet->kind, outlet->sent);
	return true;
}

static uint64_t pause_after(struct outlet *outlet, const struct transaction_result *result)
{
	uint64_t retry_ms = (uint64_t)transaction_retry_after(result) * 1000;
	bool is_passing = result->is_local || result->status >= 500;
	uint64_t pause = backoff_next_ms(is_passing ? &outlet->soon : &outlet->slow);

	return pause > retry_ms ? pause : retry_ms + random_below(1000);
}

static void refused(struct outlet *outlet, const struct transaction_result *result)
{
	uint64_t pause = pause_after(outlet, result);

	outlet->params.core->params->counters->publish_failed++;
	log_info("publisher: PUBLISH refused status=%d uri=%s%s", result->status,
		 log_safe(outlet->uri), result->is_local ? " (no answer)" : "");
	outlet->any_size |= result->is_local && outlet->is_large;
	/* PBX-038: with several registrations a closed one may be answered so, and is done. */
	if (!result->is_local && result->status == 404 && outlet->params.is_literal &&
	    outlet->sent != NULL && outlet->sent->is_closed) {
		outlet->sent = NULL;
		outlet->refresh_ms = now_of(outlet) + (uint64_t)outlet->asked_s * 1000;
		run(outlet);
		return;
	}
	take_back_sent(outlet);
	if (outlet->is_withdrawn &&
	    (outlet->kind == KIND_REMOVE || outlet->params.core->is_stopping)) {
		finish(outlet); /* tried once: it ends by itself */
		return;
	}
	outlet->not_before_ms = now_of(outlet) + pause;
	run(outlet);
}

static void on_result(const struct transaction_result *result, void *arg)
{
	struct outlet *outlet = arg;
	bool was_sample = outlet->is_sample;

	outlet->transaction = NULL;
	outlet->is_sample = false;
	peer_watch_result(outlet->hop, result);
	if (result->status < 300)
		accepted(outlet, result->sip);
	else if (result->status == 412 && !result->is_local && outlet->has_sent_tag)
		precondition_failed(outlet, was_sample);
	else if (result->status != 423 || result->is_local || !raise_expires(outlet, result->sip))
		refused(outlet, result);
}

/* Sending -------------------------------------------------------------------------------------- */

static void send_next(struct outlet *outlet, enum outlet_kind kind, struct outlet_item *item)
{
	struct transaction_request request = {0};
	struct buf text = BUF_INIT;

	outlet->kind = kind;
	outlet->sent = item;
	outlet->has_sent_tag = outlet->tag != NULL;
	if (item != NULL)
		item->is_new = false;
	outlet->cseq++;
	publish_request_write(outlet->params.core, outlet->params.peer,
			      &(struct publish_request){
				      .uri = outlet->uri,
				      .call_id = outlet->call_id,
				      .cseq = outlet->cseq,
				      .event = outlet->params.event,
				      .expires_s = kind == KIND_REMOVE ? 0 : outlet->asked_s,
				      .tag = outlet->tag,
				      .type = outlet->params.type,
				      .body = item != NULL ? item->body : NULL,
				      .len = item != NULL ? item->len : 0,
			      },
			      &text);
	request.text = &text;
	request.any_size = outlet->any_size;
	request.peer = outlet->params.peer;
	request.cseq = &outlet->cseq;
	outlet->is_large = text.len > LARGE;
	outlet->transaction =
		transaction_send(outlet->params.core->transactions, &request, on_result, outlet);
	outlet->params.core->params->counters->publish_out++;
	buf_free(&text);
}

/* With the state where the tag is gone or too old, and where a refresh without one does nothing. */
static void refresh(struct outlet *outlet)
{
	struct outlet_item *item = NULL;

	if (outlet->tag != NULL && now_of(outlet) >= outlet->expires_ms)
		forget_tag(outlet);
	if (outlet->params.is_literal || outlet->tag == NULL) {
		say_all(outlet);
		item = next_new(outlet);
	}
	send_next(outlet, item != NULL ? KIND_STATE : KIND_REFRESH, item);
}

static bool may_send(struct outlet *outlet)
{
	double per_s = (double)outlet->params.core->params->limits->outward_per_s;
	uint64_t now = now_of(outlet);

	if (rate_take(outlet->params.pace, per_s, per_s, now))
		return true;
	arm(outlet, rate_wait_ms(outlet->params.pace, per_s, per_s, now) + random_below(50));
	return false;
}

/* Does what is due, or waits for it. */
static void run(void *arg)
{
	struct outlet *outlet = arg;
	struct outlet_item *item = next_new(outlet);
	uint64_t now = now_of(outlet);
	bool is_removal = outlet->is_withdrawn && item == NULL;
	bool is_due = item != NULL || is_removal || outlet->is_sample;
	uint64_t due_ms = is_due ? outlet->not_before_ms : outlet->refresh_ms;

	if (outlet->transaction != NULL || peer_watch_is_down(outlet->hop))
		return;
	if (is_removal && outlet->tag == NULL) {
		finish(outlet);
		return;
	}
	if (!is_due && outlet->refresh_ms == 0)
		return; /* nothing was said yet */
	if (due_ms < outlet->not_before_ms)
		due_ms = outlet->not_before_ms;
	if (due_ms > now) {
		arm(outlet, due_ms - now);
		return;
	}
	if (!may_send(outlet))
		return;
	if (item != NULL)
		send_next(outlet, KIND_STATE, item);
	else if (is_removal)
		send_next(outlet, KIND_REMOVE, NULL);
	else
		refresh(outlet);
}

/* Wishes --------------------------------------------------------------------------------------- */

static void run_soon(struct outlet *outlet, unsigned delay_ms)
{
	if (outlet->transaction == NULL)
		arm(outlet, delay_ms);
}

void outlet_say(struct outlet_item *item, const char *body, size_t len, bool is_closed)
{
	item->outlet->is_withdrawn = false;
	item->outlet->is_leaving = false;
	item->is_closed = is_closed;
	if (item->body != NULL && item->len == len && memcmp(item->body, body, len) == 0 &&
	    (item->is_new || item->outlet->tag != NULL))
		return;
	mem_free(item->body);
	item->body = mem_strndup(body, len);
	item->len = len;
	item->is_new = true;
	run_soon(item->outlet, 0);
}

void outlet_say_again(struct outlet *outlet, unsigned delay_ms)
{
	say_all(outlet);
	outlet->not_before_ms = 0;
	run_soon(outlet, delay_ms);
}

bool outlet_try(struct outlet *outlet)
{
	if (outlet->tag == NULL || outlet->transaction != NULL || outlet->is_withdrawn)
		return false;
	outlet->is_sample = true;
	run_soon(outlet, 0);
	return true;
}

void outlet_withdraw(struct outlet *outlet)
{
	outlet->is_withdrawn = true;
	say_all(outlet);
	outlet->is_leaving = true;
	outlet->not_before_ms = 0;
	if (peer_watch_is_down(outlet->hop) && outlet->params.core->is_stopping)
		finish(outlet);
	else
		run_soon(outlet, 0);
}

void outlet_peer_down(struct outlet *outlet)
{
	transaction_forget(&outlet->transaction);
	loop_timer_cancel(&outlet->timer);
	take_back_sent(outlet);
	if (outlet->is_withdrawn && outlet->params.core->is_stopping)
		finish(outlet);
}
