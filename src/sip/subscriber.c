/* Chat users watching SIP users: who watches whom; see subscriber.h. */
#include "sip/subscriber.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"
#include "core/bridge.h"
#include "sip/dialog.h"
#include "sip/interest.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"
#include "sip/subscriber_private.h"

enum { TELL_BATCH = 200 }; /* of a storm; requests and answers come between */

/* Servers -------------------------------------------------------------------------------------- */

/* What does not come by dialogs counts only while its server is there. */
static void peer_changed(struct subscriber *subscriber, const struct peer_watch *peer)
{
	LIST_EACH(link, next, &subscriber->all)
	{
		struct composition *composition = LIST_ENTRY(link, struct composition, link);

		if (composition->hop == peer)
			composition_touch(composition);
	}
}

static void on_peer_down(void *arg, struct peer_watch *peer)
{
	struct subscriber *subscriber = arg;

	interests_peer_down(subscriber->interests, peer);
	peer_changed(subscriber, peer);
}

static void on_peer_ask(void *arg, struct peer_watch *peer, enum peer_ask what)
{
	struct subscriber *subscriber = arg;

	if (what == PEER_ASK_ONE) {
		interests_ask_one(subscriber->interests, peer);
		return;
	}
	interests_ask_all(subscriber->interests, peer);
	peer_changed(subscriber, peer);
}

/* Life ----------------------------------------------------------------------------------------- */

struct subscriber *subscriber_new(struct side_core *core)
{
	static const struct peer_watch_events events = {on_peer_down, on_peer_ask};
	struct subscriber *subscriber = mem_zalloc(sizeof *subscriber);
	size_t peers = core->params->peer_count + 1;

	subscriber->core = core;
	subscriber->interests = interests_new(core);
	core->interests = subscriber->interests;
	subscriber->compositions = table_new();
	list_init(&subscriber->all);
	list_init(&subscriber->dirty);
	subscriber->unknown_until_ms = mem_zalloc(peers * PART_COUNT * sizeof(uint64_t));
	subscriber->watched = mem_zalloc(peers * sizeof *subscriber->watched);
	peer_watches_listen(core->peers, &events, subscriber);
	return subscriber;
}

void subscriber_free(struct subscriber **subscriber)
{
	struct subscriber *self = *subscriber;

	if (self == NULL)
		return;
	LIST_EACH(link, next, &self->all)
	composition_free(LIST_ENTRY(link, struct composition, link));
	self->core->interests = NULL;
	loop_forget(self->core->params->loop, self);
	interests_free(&self->interests);
	table_free(&self->compositions);
	mem_free(self->unknown_until_ms);
	mem_free(self->watched);
	mem_free(self);
	*subscriber = NULL;
}

size_t subscriber_count(const struct subscriber *subscriber)
{
	return subscriber->interests->count;
}

size_t subscriber_active(const struct subscriber *subscriber)
{
	return subscriber->interests->active;
}

uint64_t *subscriber_unknown_until(struct subscriber *subscriber, const struct sip_peer *peer,
				   enum part_name name)
{
	size_t row = (size_t)(peer - subscriber->core->params->peers);

	return &subscriber->unknown_until_ms[row * PART_COUNT + name];
}

/* Telling -------------------------------------------------------------------------------------- */

static void on_tell(void *arg)
{
	struct subscriber *subscriber = arg;

	subscriber->is_telling = false;
	if (subscriber->core->is_stopping)
		return;
	for (int i = 0; i < TELL_BATCH && !list_is_empty(&subscriber->dirty); i++) {
		struct list *link = subscriber->dirty.next;

		list_remove(link);
		composition_tell(LIST_ENTRY(link, struct composition, dirty));
	}
	if (!list_is_empty(&subscriber->dirty))
		subscriber_tell_later(subscriber);
}

void subscriber_tell_later(struct subscriber *subscriber)
{
	if (subscriber->is_telling)
		return;
	subscriber->is_telling = true;
	loop_defer(subscriber->core->params->loop, on_tell, subscriber);
}

/* Watching ------------------------------------------------------------------------------------- */

/* D-17: one composition for all, or one for each watcher. */
static bool is_common(const struct watch *watch, const struct sip_peer *peer)
{
	return watch->scope == SCOPE_COMMON || peer->profile.subscribe_as == SUBSCRIBE_AS_BRIDGE;
}

static struct composition *find(const struct subscriber *subscriber, const struct buf *key)
{
	return table_find(subscriber->compositions, key->data, key->len);
}

void subscriber_watch(struct subscriber *subscriber, const struct watch *watch, bool ask)
{
	const struct sip_peer *peer = side_core_peer(subscriber->core, watch->watched->domain);
	struct composition *composition;
	struct buf key = BUF_INIT;
	struct reader *reader;
	bool common;

	if (peer == NULL) /* the core asks for served domains only */
		return;
	common = is_common(watch, peer);
	composition_key(watch->watched, watch->watcher, common, &key);
	composition = find(subscriber, &key);
	buf_free(&key);
	if (composition == NULL) {
		(void)composition_new(subscriber, watch, peer, common);
		return;
	}
	reader = composition_find_reader(composition, watch->watcher);
	if (reader == NULL)
		composition_add_reader(composition, watch);
	else
		reader->is_gone = false;
	if (ask)
		composition_ask_again(composition);
}

void subscriber_unwatch(struct subscriber *subscriber, const struct watch *watch,
			enum unwatch_why why)
{
	const struct sip_peer *peer = side_core_peer(subscriber->core, watch->watched->domain);
	struct composition *composition;
	struct buf key = BUF_INIT;

	(void)why; /* SIP: the dialogs end either way; the authorization is the core's */
	if (peer == NULL)
		return;
	composition_key(watch->watched, watch->watcher, is_common(watch, peer), &key);
	composition = find(subscriber, &key);
	buf_free(&key);
	if (composition != NULL)
		composition_remove_reader(composition, watch->watcher);
}

/* Only a composition for all reads what comes by no dialog of its own. */
static struct composition *find_common(const struct subscriber *subscriber,
				       const struct address *watched)
{
	struct composition *composition;
	struct buf key = BUF_INIT;

	address_key(watched, &key);
	composition = find(subscriber, &key);
	buf_free(&key);
	return composition;
}

void subscriber_published(struct subscriber *subscriber, const struct address *watched)
{
	struct composition *composition = find_common(subscriber, watched);

	if (composition == NULL)
		return;
	composition_adjust(composition);
	composition_changed(composition);
}

void subscriber_set_list(struct subscriber *subscriber, listed_fn *listed, void *arg)
{
	subscriber->listed = listed;
	subscriber->listed_arg = arg;
}

void subscriber_listed(struct subscriber *subscriber, const struct address *watched)
{
	struct composition *composition;

	if (watched->local[0] != '\0') {
		composition = find_common(subscriber, watched);
		if (composition != NULL)
			composition_changed(composition);
		return;
	}
	LIST_EACH(link, next, &subscriber->all)
	{
		composition = LIST_ENTRY(link, struct composition, link);
		if (composition->is_common &&
		    strcmp(composition->watched.domain, watched->domain) == 0)
			composition_changed(composition);
	}
}

void subscriber_count_watched(struct subscriber *subscriber, const struct sip_peer *peer, int by)
{
	size_t *count = &subscriber->watched[peer - subscriber->core->params->peers];

	*count = by > 0 ? *count + 1 : *count - 1;
}

size_t subscriber_watched_in(const struct subscriber *subscriber, const char *domain)
{
	const struct sip_peer *peer = side_core_peer(subscriber->core, domain);

	return peer != NULL ? subscriber->watched[peer - subscriber->core->params->peers] : 0;
}

const char *subscriber_chat_domain_in(const struct subscriber *subscriber, const char *domain)
{
	LIST_EACH(link, next, &subscriber->all)
	{
		const struct composition *composition = LIST_ENTRY(link, struct composition, link);

		if (strcmp(composition->watched.domain, domain) == 0 &&
		    !list_is_empty(&composition->readers))
			return LIST_ENTRY(composition->readers.next, struct reader, link)
				->watcher.domain;
	}
	return NULL;
}

void subscriber_notify(struct subscriber *subscriber, struct dialog *dialog,
		       struct request *request)
{
	(void)subscriber;
	interest_notify(dialog->owner, request);
}

int subscriber_restore(struct subscriber *subscriber, const struct dialog_row *row,
		       bool is_doubtful, bool clock_is_wrong)
{
	return interests_restore(subscriber->interests, row, is_doubtful, clock_is_wrong);
}

void subscriber_restored(struct subscriber *subscriber)
{
	interests_restored(subscriber->interests);
}

void subscriber_stop(struct subscriber *subscriber, void (*done)(void *arg), void *arg)
{
	interests_stop(subscriber->interests, done, arg);
}
