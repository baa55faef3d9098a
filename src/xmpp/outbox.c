#include "xmpp/outbox.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/limits.h"
#include "xmpp/door.h"
#include "xmpp/link.h"

struct held {
	struct list link;
	enum outbox_class class;
	char *key;
	char *bytes;
	size_t len;
};

struct outbox {
	struct outbox_params params;
	struct outbox_events events;
	void *arg;
	bool is_up;
	bool is_flush_due;
	struct list held; /* in the order of writing */
	struct table *by_key;
	size_t held_bytes;
};

struct outbox *outbox_new(const struct outbox_params *params, const struct outbox_events *events,
			  void *arg)
{
	struct outbox *outbox = mem_zalloc(sizeof(*outbox));

	outbox->params = *params;
	outbox->events = *events;
	outbox->arg = arg;
	list_init(&outbox->held);
	outbox->by_key = table_new();
	return outbox;
}

static void drop(struct outbox *outbox, struct held *held)
{
	table_remove(outbox->by_key, held->key, strlen(held->key));
	list_remove(&held->link);
	outbox->held_bytes -= held->len;
	mem_free(held->key);
	mem_free(held->bytes);
	mem_free(held);
}

void outbox_free(struct outbox **outbox)
{
	if (*outbox == NULL)
		return;
	loop_forget((*outbox)->params.loop, *outbox);
	LIST_EACH(it, next, &(*outbox)->held)
	drop(*outbox, LIST_ENTRY(it, struct held, link));
	table_free(&(*outbox)->by_key);
	mem_free(*outbox);
	*outbox = NULL;
}

static size_t backlog(const struct outbox *outbox)
{
	return link_backlog(outbox->params.link);
}

static void on_flush(void *arg)
{
	struct outbox *outbox = arg;

	if (outbox->is_flush_due)
		outbox_flush(outbox);
}

static void write_stanza(struct outbox *outbox, const char *bytes, size_t len)
{
	link_put(outbox->params.link, bytes, len);
	outbox->params.counters->stanzas_out++;
	if (!outbox->is_flush_due) {
		outbox->is_flush_due = true;
		loop_defer(outbox->params.loop, on_flush, outbox);
	}
	if (backlog(outbox) > (size_t)outbox->params.limits->link_dead_bytes) {
		outbox->params.counters->limits.link_dead_bytes++;
		outbox->events.dead(outbox->arg);
	}
}

/* A newer one takes the place of the older and goes to the end: the order of a pair's stanzas
 * (`subscribed` before presence, PRES-045) is that of the last words. */
static int hold(struct outbox *outbox, enum outbox_class class, const char *key,
		const struct buf *stanza)
{
	const struct limits *limits = outbox->params.limits;
	struct held *held = table_find(outbox->by_key, key, strlen(key));

	if (held != NULL) {
		outbox->params.counters->presence_coalesced++;
		drop(outbox, held);
	}
	if (!outbox->is_up && outbox->held_bytes + stanza->len > (size_t)limits->link_high_bytes)
		return ENOBUFS;
	held = mem_zalloc(sizeof(*held));
	held->class = class;
	held->key = mem_strdup(key);
	held->bytes = mem_strndup(stanza->data, stanza->len);
	held->len = stanza->len;
	list_append(&outbox->held, &held->link);
	table_put(outbox->by_key, key, strlen(key), held);
	outbox->held_bytes += held->len;
	if (outbox->is_up &&
	    outbox->held_bytes + backlog(outbox) > (size_t)limits->link_dead_bytes) {
		outbox->params.counters->limits.link_dead_bytes++;
		outbox->events.dead(outbox->arg);
	}
	return 0;
}

static int check(struct outbox *outbox, const struct buf *stanza)
{
	int error = door_check(buf_text(stanza), stanza->len, outbox->params.domain,
			       (size_t)outbox->params.limits->stanza_out_bytes);

	if (error == E2BIG)
		outbox->params.counters->limits.stanza_out_bytes++;
	if (error != 0) {
		outbox->params.counters->stanzas_refused++;
		log_warning("xmpp: stanza not written domain=%s bytes=%zu (%s)",
			    outbox->params.domain, stanza->len,
			    error == E2BIG ? "over limits.stanza_out_bytes"
					   : "addresses are not ours to write");
	}
	return error;
}

int outbox_put(struct outbox *outbox, enum outbox_class class, const char *key,
	       const struct buf *stanza)
{
	bool is_high = backlog(outbox) >= (size_t)outbox->params.limits->link_high_bytes;
	int error = check(outbox, stanza);

	if (error != 0)
		return error;
	if (!outbox->is_up)
		return class == OUTBOX_KEPT ? hold(outbox, class, key, stanza) : ENOTCONN;
	if (class == OUTBOX_MESSAGE && is_high) {
		outbox->params.counters->limits.link_high_bytes++;
		return ENOBUFS;
	}
	if ((class == OUTBOX_STATE || class == OUTBOX_KEPT) &&
	    (is_high || !list_is_empty(&outbox->held)))
		return hold(outbox, class, key, stanza);
	write_stanza(outbox, stanza->data, stanza->len);
	return 0;
}

static void release(struct outbox *outbox)
{
	size_t high = (size_t)outbox->params.limits->link_high_bytes;

	while (!list_is_empty(&outbox->held) && backlog(outbox) < high) {
		struct held *held = LIST_ENTRY(outbox->held.next, struct held, link);

		write_stanza(outbox, held->bytes, held->len);
		drop(outbox, held);
	}
}

void outbox_up(struct outbox *outbox)
{
	outbox->is_up = true;
	release(outbox);
}

void outbox_down(struct outbox *outbox)
{
	outbox->is_up = false;
	LIST_EACH(it, next, &outbox->held)
	{
		struct held *held = LIST_ENTRY(it, struct held, link);

		if (held->class == OUTBOX_STATE)
			drop(outbox, held);
	}
}

void outbox_drained(struct outbox *outbox)
{
	if (outbox->is_up && backlog(outbox) < (size_t)outbox->params.limits->link_high_bytes / 2)
		release(outbox);
}

void outbox_flush(struct outbox *outbox)
{
	outbox->is_flush_due = true; /* what flushing puts is part of this write */
	outbox->events.flushing(outbox->arg);
	outbox->is_flush_due = false;
	link_flush(outbox->params.link);
}

bool outbox_is_full(const struct outbox *outbox)
{
	size_t high = (size_t)outbox->params.limits->link_high_bytes;

	return outbox->is_up && (backlog(outbox) >= high / 2 || !list_is_empty(&outbox->held));
}

size_t outbox_held(const struct outbox *outbox)
{
	return table_count(outbox->by_key);
}

size_t outbox_held_bytes(const struct outbox *outbox)
{
	return outbox->held_bytes;
}
