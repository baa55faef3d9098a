/* Chat users watching SIP users; see subscriber.h. */
#include "sip/subscriber.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "core/bridge.h"
#include "model/limits.h"
#include "sip/agent.h"
#include "sip/dialog.h"
#include "sip/interest.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"

enum { STOP_BATCH = 50, STOP_EVERY_MS = 10, AGAIN_LEAST_MS = 2000, ASK_ALL_MS = 1000 };

static void on_peer_down(void *arg, struct peer_watch *peer)
{
	struct subscriber *subscriber = arg;

	LIST_EACH(link, next, &subscriber->all)
	{
		struct interest *interest = LIST_ENTRY(link, struct interest, link);

		if (interest->hop == peer && interest->state != INTEREST_OVER)
			interest_peer_down(interest);
	}
}

static void ask_one(struct subscriber *subscriber, const struct peer_watch *peer)
{
	LIST_EACH(link, next, &subscriber->all)
	{
		struct interest *interest = LIST_ENTRY(link, struct interest, link);

		if (interest->hop != peer || !interest_is_live(interest) ||
		    interest->transaction != NULL)
			continue;
		interest->is_sample = true;
		interest_schedule(interest, 0);
		return;
	}
}

/* Spread over the time that the pace needs for all (D-49). */
static void ask_all(struct subscriber *subscriber, const struct peer_watch *peer)
{
	uint64_t per_s = (uint64_t)subscriber->core->params->limits->outward_per_s;
	uint64_t spread_ms = ASK_ALL_MS + subscriber->count * 1000 / (per_s != 0 ? per_s : 1);

	LIST_EACH(link, next, &subscriber->all)
	{
		struct interest *interest = LIST_ENTRY(link, struct interest, link);

		if (interest->hop == peer && interest->state != INTEREST_OVER)
			interest_schedule(interest, random_below(spread_ms));
	}
}

static void on_peer_ask(void *arg, struct peer_watch *peer, enum peer_ask what)
{
	if (what == PEER_ASK_ONE)
		ask_one(arg, peer);
	else
		ask_all(arg, peer);
}

struct subscriber *subscriber_new(struct side_core *core)
{
	static const struct peer_watch_events events = {on_peer_down, on_peer_ask};
	struct subscriber *subscriber = mem_zalloc(sizeof *subscriber);

	subscriber->core = core;
	peer_watches_listen(core->peers, &events, subscriber);
	subscriber->interests = table_new();
	list_init(&subscriber->all);
	list_init(&subscriber->leaving);
	list_init(&subscriber->stopping);
	rate_init(&subscriber->pace, (double)core->params->limits->outward_per_s,
		  loop_now(core->params->loop));
	return subscriber;
}

static void free_list(struct list *interests)
{
	LIST_EACH(link, next, interests)
	interest_free(LIST_ENTRY(link, struct interest, link));
}

void subscriber_free(struct subscriber **subscriber)
{
	struct subscriber *self = *subscriber;

	if (self == NULL)
		return;
	self->stopped = NULL;
	loop_timer_cancel(&self->stop_timer);
	free_list(&self->all);
	free_list(&self->stopping);
	free_list(&self->leaving);
	loop_forget(self->core->params->loop, self);
	table_free(&self->interests);
	mem_free(self);
	*subscriber = NULL;
}

size_t subscriber_count(const struct subscriber *subscriber)
{
	return subscriber->count;
}

size_t subscriber_active(const struct subscriber *subscriber)
{
	return subscriber->active;
}

/* D-17: one subscription for all, or one for each watcher. */
static bool is_common(const struct subscriber *subscriber, const struct watch *watch)
{
	const struct sip_peer *peer = side_core_peer(subscriber->core, watch->watched->domain);

	return watch->scope == SCOPE_COMMON ||
	       (peer != NULL && peer->profile.subscribe_as == SUBSCRIBE_AS_BRIDGE);
}

static void make_key(const struct watch *watch, bool common, struct buf *key)
{
	address_key(watch->watched, key);
	if (!common)
		address_key(watch->watcher, key);
}

static struct reader *find_reader(struct interest *interest, const struct address *watcher)
{
	LIST_EACH(link, next, &interest->readers)
	{
		struct reader *reader = LIST_ENTRY(link, struct reader, link);

		if (address_equal(&reader->watcher, watcher))
			return reader;
	}
	return NULL;
}

/* Tells those who joined a shared subscription what it knows; from the loop (side.h). */
static void welcome(struct interest *interest)
{
	LIST_EACH(link, next, &interest->readers)
	{
		struct reader *reader = LIST_ENTRY(link, struct reader, link);
		struct watch watch = {reader->x, SCOPE_WATCHER, &reader->watcher,
				      &interest->watched, NULL};
		struct bridge *bridge = interest->subscriber->core->params->bridge;

		if (!reader->is_new || reader->is_gone)
			continue;
		reader->is_new = false;
		if (interest->state != INTEREST_ACTIVE)
			continue;
		bridge_watch_answered(bridge, &watch, WATCH_ALLOWED, NULL);
		if (interest->last != NULL)
			bridge_presence(bridge, &watch, interest->last);
	}
}

static void on_welcome(void *arg)
{
	struct subscriber *subscriber = arg;

	subscriber->is_welcoming = false;
	LIST_EACH(link, next, &subscriber->all)
	{
		struct interest *interest = LIST_ENTRY(link, struct interest, link);

		if (!interest->has_new)
			continue;
		interest->has_new = false;
		interest->is_telling = true;
		welcome(interest);
		(void)interest_end_telling(interest);
	}
}

static void add_reader(struct interest *interest, const struct watch *watch)
{
	struct subscriber *subscriber = interest->subscriber;
	struct reader *reader = mem_zalloc(sizeof *reader);

	address_copy(&reader->watcher, watch->watcher);
	reader->x = watch->x;
	list_append(&interest->readers, &reader->link);
	if (interest->state != INTEREST_ACTIVE)
		return;
	reader->is_new = true;
	interest->has_new = true;
	if (subscriber->is_welcoming)
		return;
	subscriber->is_welcoming = true;
	loop_defer(subscriber->core->params->loop, on_welcome, subscriber);
}

/* B2, B3: never a second dialog; one that waits to be tried again is tried now. */
static void ask_again(struct interest *interest)
{
	if (interest->state == INTEREST_OVER ||
	    (interest->state == INTEREST_IDLE && loop_timer_is_set(&interest->timer)))
		interest_schedule(interest, interest->state == INTEREST_OVER
						    ? 0
						    : random_below(AGAIN_LEAST_MS));
}

void subscriber_watch(struct subscriber *subscriber, const struct watch *watch, bool ask)
{
	bool common = is_common(subscriber, watch);
	struct buf key = BUF_INIT;
	struct interest *interest;
	struct reader *reader;

	make_key(watch, common, &key);
	interest = table_find(subscriber->interests, key.data, key.len);
	if (interest == NULL) {
		interest = interest_new(subscriber, watch, common, key.data, key.len);
		add_reader(interest, watch);
		interest_schedule(interest, 0);
		buf_free(&key);
		return;
	}
	buf_free(&key);
	reader = find_reader(interest, watch->watcher);
	if (reader == NULL)
		add_reader(interest, watch);
	else
		reader->is_gone = false;
	if (ask)
		ask_again(interest);
}

void subscriber_unwatch(struct subscriber *subscriber, const struct watch *watch,
			enum unwatch_why why)
{
	struct buf key = BUF_INIT;
	struct interest *interest;
	struct reader *reader;

	(void)why; /* SIP: the dialog ends either way; the authorization is the core's */
	make_key(watch, is_common(subscriber, watch), &key);
	interest = table_find(subscriber->interests, key.data, key.len);
	buf_free(&key);
	if (interest == NULL)
		return;
	reader = find_reader(interest, watch->watcher);
	if (reader == NULL)
		return;
	reader->is_gone = true;
	if (!interest->is_telling)
		(void)interest_end_telling(interest);
}

void subscriber_published(struct subscriber *subscriber, const struct address *watched)
{
	(void)subscriber;
	(void)watched;
}

void subscriber_notify(struct subscriber *subscriber, struct dialog *dialog,
		       struct request *request)
{
	(void)subscriber;
	interest_notify(dialog->owner, request);
}

/* The end -------------------------------------------------------------------------------------- */

static void stop_some(void *arg)
{
	struct subscriber *subscriber = arg;

	for (int i = 0; i < STOP_BATCH && !list_is_empty(&subscriber->stopping); i++)
		interest_leave(LIST_ENTRY(subscriber->stopping.next, struct interest, link));
	if (!list_is_empty(&subscriber->stopping)) {
		loop_timer_set(subscriber->core->params->loop, &subscriber->stop_timer,
			       STOP_EVERY_MS, stop_some, subscriber);
		return;
	}
	interest_check_stopped(subscriber);
}

void subscriber_stop(struct subscriber *subscriber, void (*done)(void *arg), void *arg)
{
	LIST_EACH(link, next, &subscriber->all)
	{
		struct interest *interest = LIST_ENTRY(link, struct interest, link);

		loop_timer_cancel(&interest->timer);
		list_remove(link);
		list_append(&subscriber->stopping, link);
	}
	subscriber->stopped = done;
	subscriber->stopped_arg = arg;
	stop_some(subscriber);
}
