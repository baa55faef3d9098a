/* Rows of SIP watchers' subscriptions in the store (REL-013), and answers to SUBSCRIBE that wait
 * until they are on disk (REL-001): a slow disk slows the answer, not the loop. */
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/counters.h"
#include "model/dialog_row.h"
#include "model/limits.h"
#include "sip/agent.h"
#include "sip/dialog.h"
#include "sip/list_private.h"
#include "sip/notifier_private.h"
#include "sip/repeats.h"
#include "sip/side_core.h"
#include "sip/subscribe_in.h"
#include "sip/subscription_row.h"

/* An answer that waits. */
struct held_answer {
	struct list link; /* in subscription.held */
	struct request *request;
	int status;
	unsigned expires_s;
	uint32_t write; /* which one it waits for */
	bool is_new;
};

/* Rows ----------------------------------------------------------------------------------------- */

static void describe_list(const struct list_watch *list, struct subscription_row *row)
{
	bool is_own = list->own.domain != NULL;

	row->list = is_own ? LIST_OWN : LIST_BROUGHT;
	row->list_uri = list->uri;
	row->nick = list->nick;
	row->version = list->version;
	if (is_own)
		return; /* its members are those of the configuration */
	row->members = mem_array(list->count + 1, sizeof *row->members);
	row->count = list->count;
	for (size_t i = 0; i < list->count; i++) {
		row->members[i].uri = list->members[i]->uri;
		row->members[i].name = list->members[i]->name;
	}
}

/* The value; *row has views, but for members and by. */
static void describe(const struct subscription *s, struct subscription_row *row)
{
	*row = (struct subscription_row){
		.package = s->package->id,
		.event_id = s->event_id,
		.version = s->version,
		.takes_deflate = s->takes_deflate,
		.is_linphone = s->is_linphone,
		.shuns_tcp = s->shuns_tcp,
		.has_info = s->has_row,
		.info = s->row,
		.info_event = s->row_event,
	};
	if (s->list != NULL) {
		address_copy(&row->by, &s->list->by);
		describe_list(s->list, row);
	} else {
		watch_user_address(s->looker.by, &row->by);
	}
}

static void encode(const struct subscription *s, struct buf *out)
{
	struct subscription_row row;

	describe(s, &row);
	subscription_row_encode(&row, out);
	mem_free(row.members);
	address_clear(&row.by);
}

/* Views, too. */
static void set_pair(const struct subscription *s, struct dialog_row *row)
{
	if (s->looker.watching != NULL) {
		row->watcher = s->looker.watching->watcher;
		row->watched = s->looker.watching->watched;
	} else if (s->list != NULL && s->list->own.domain != NULL) {
		row->watched = s->list->own;
	}
}

static int64_t expires_s(const struct subscription *s)
{
	struct loop *loop = s->notifier->core->params->loop;
	uint64_t now = loop_now(loop);

	return loop_wall_ms(loop) / 1000 +
	       (int64_t)(s->expires_ms > now ? (s->expires_ms - now) / 1000 : 0);
}

static void on_written(int error, void *arg);

/* False: nothing is written; notifier_unkeep() is the caller's. */
static bool write_row(struct subscription *s)
{
	struct side_core *core = s->notifier->core;
	struct buf value = BUF_INIT;
	struct dialog_row row;
	char peer[DIALOG_PEER_MAX];

	if (core->params->dialogs == NULL || s->state == SUBSCRIPTION_ENDED || s->is_fetch ||
	    (s->list == NULL && s->looker.watching == NULL))
		return false;
	encode(s, &value);
	dialog_describe(s->dialog, core->trust, &row, peer);
	row.event = (char *)(uintptr_t)s->package->name;
	row.expires_s = expires_s(s);
	row.value = value.data;
	row.value_len = value.len;
	set_pair(s, &row);
	if (dialog_row_check(&row) == 0) {
		s->writes_asked++;
		dialog_keep(core, s->dialog, &row, on_written, s);
		buf_free(&value);
		return true;
	}
	buf_free(&value);
	log_warning("notifier: a subscription is too large to be kept over a restart call-id=%s",
		    log_safe(s->dialog->call_id));
	return false;
}

/* Answers -------------------------------------------------------------------------------------- */

static void forget(struct subscription *s, struct held_answer *held)
{
	list_remove(&held->link);
	s->notifier->held_count--;
	mem_free(held);
}

static void answer(struct subscription *s, struct held_answer *held)
{
	subscribe_grant(s, held->request, held->status, held->expires_s);
	forget(s, held);
}

/* REL-001: nothing was granted, so nothing is left of it. */
static void refuse(struct subscription *s, struct held_answer *held)
{
	struct repeats *repeats = s->notifier->core->repeats;
	unsigned retry_s = side_core_retry_s();
	char retry[32];

	(void)snprintf(retry, sizeof retry, "Retry-After: %u\r\n", retry_s);
	if (held->request->is_udp)
		repeats_done(repeats, repeats_key(repeats, held->request), 503, retry_s);
	subscribe_refuse(s->notifier, held->request, 503, NULL, retry, "the store failed");
	forget(s, held);
}

static struct held_answer *oldest(const struct subscription *s)
{
	return list_is_empty(&s->held) ? NULL : LIST_ENTRY(s->held.next, struct held_answer, link);
}

/* A refresh is answered with success whatever the disk says: the subscription lives in this process
 * and its row of before stands. A refusal would take what works from the watcher, and what he loses
 * otherwise is the time between two ends if the process dies before the next refresh. */
static void on_written(int error, void *arg)
{
	struct subscription *s = arg;
	struct held_answer *held = oldest(s);

	s->writes_done++;
	s->is_row_old = error != 0;
	for (; held != NULL && held->write <= s->writes_done; held = oldest(s)) {
		if (error != 0 && held->is_new) {
			refuse(s, held);
			notifier_remove(s);
			return;
		}
		answer(s, held);
	}
	notify_go_on(s);
}

bool notifier_is_held_up(const struct notifier *notifier)
{
	return (int64_t)notifier->held_count >= notifier->core->params->limits->answers_held;
}

void notifier_keep_answer(struct subscription *s, struct request *request, int status,
			  unsigned expires, bool is_new)
{
	struct notifier *notifier = s->notifier;
	struct held_answer *held;

	if (!write_row(s)) {
		notifier_unkeep(s); /* a row of before would come back without what changed */
		subscribe_grant(s, request, status, expires);
		return;
	}
	if (notifier_is_held_up(notifier) && !is_new) { /* as if the disk had failed, see above */
		subscribe_grant(s, request, status, expires);
		return;
	}
	held = mem_zalloc(sizeof *held);
	if (request->is_udp)
		repeats_begin(notifier->core->repeats,
			      repeats_key(notifier->core->repeats, request));
	*held = (struct held_answer){.request = agent_hold(request),
				     .status = status,
				     .expires_s = expires,
				     .write = s->writes_asked,
				     .is_new = is_new};
	list_append(&s->held, &held->link);
	notifier->held_count++;
}

void notifier_keep(struct subscription *s)
{
	if (!write_row(s))
		notifier_unkeep(s);
}

void notifier_unkeep(struct subscription *s)
{
	for (struct held_answer *held = oldest(s); held != NULL; held = oldest(s))
		answer(s, held);
	dialog_unkeep(s->notifier->core, s->dialog);
	s->writes_done = s->writes_asked;
	s->is_row_old = false;
}

void notifier_drop_held(struct subscription *s)
{
	for (struct held_answer *held = oldest(s); held != NULL; held = oldest(s)) {
		agent_drop(s->notifier->core->agent, held->request);
		forget(s, held);
	}
}
