/* One subscription to several chat users; see list_watch.h. */
#include "sip/list_watch.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "model/exchange.h"
#include "model/limits.h"
#include "sip/list_private.h"
#include "sip/side_core.h"
#include "translate/address_map.h"
#include "translate/resource_lists.h"

enum {
	LIST_SETTLE_MS = 50, /* changes of so long are one NOTIFY */
	LIST_AGAIN_T1 = 120, /* 60 s: who could not be asked, or is lost for now, is asked again */
	LIST_NICK_BYTES_MAX = 256
};

static struct side_core *core_of(const struct list_watch *list)
{
	return list->subscription->notifier->core;
}

static struct list_member *member_of(struct looker *looker)
{
	return LIST_ENTRY(looker, struct list_member, looker);
}

struct list_watch *list_watch_new(struct subscription *subscription, const char *uri,
				  const struct address *by, const char *nick)
{
	struct list_watch *list = mem_zalloc(sizeof *list);

	list->subscription = subscription;
	list->uri = mem_strdup(uri);
	if (nick != NULL)
		list->nick = mem_strndup(nick, strnlen(nick, LIST_NICK_BYTES_MAX));
	address_copy(&list->by, by);
	notifier_pair_watcher(subscription->notifier, by, &list->watcher);
	list->wants_all = true;
	return list;
}

static void free_member(struct list_member *member)
{
	address_clear(&member->watched);
	mem_free(member->uri);
	mem_free(member->name);
	mem_free(member);
}

void list_watch_free(struct list_watch **list)
{
	struct list_watch *self = *list;

	if (self == NULL)
		return;
	loop_timer_cancel(&self->timer);
	list_watch_leave(self, NOTIFIER_CORE_KNOWS);
	for (size_t i = 0; i < self->count; i++)
		free_member(self->members[i]);
	address_clear(&self->by);
	address_clear(&self->watcher);
	address_clear(&self->own);
	mem_free(self->members);
	mem_free(self->nick);
	mem_free(self->uri);
	mem_free(self);
	*list = NULL;
}

void list_watch_leave(struct list_watch *list, enum notifier_tell tell)
{
	loop_timer_cancel(&list->timer);
	for (size_t i = 0; i < list->count; i++)
		notifier_leave(list->subscription->notifier, &list->members[i]->looker, tell);
}

void list_watch_want_all(struct list_watch *list)
{
	list->wants_all = true;
	for (size_t i = 0; i < list->count; i++)
		list->members[i]->is_new = true;
}

bool list_watch_is_due(const struct list_watch *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->members[i]->is_new)
			return true;
	return list->wants_all;
}

bool list_watch_is_urgent(const struct list_watch *list)
{
	return list->is_urgent || list->is_split || list->wants_all;
}

/* Members -------------------------------------------------------------------------------------- */

/* What a single SUBSCRIBE would be refused for by count (D-55). */
static bool is_room(const struct list_watch *list, const struct list_member *member)
{
	const struct watchings *watchings = list->subscription->notifier->watchings;
	const struct limits *limits = core_of(list)->params->limits;
	struct limits_hit *hits = &core_of(list)->params->counters->limits;

	if ((int64_t)watchings_of_watcher(watchings, &list->by) >= limits->watches_per_watcher) {
		hits->watches_per_watcher++;
		return false;
	}
	if ((int64_t)watchings_of_watched(watchings, &member->watched) >=
	    limits->watches_per_watched) {
		hits->watches_per_watched++;
		return false;
	}
	return true;
}

static bool is_same_reason(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Who was asked in vain once more has nothing new to tell. */
static void set_state(struct list_member *member, enum member_state state, const char *reason)
{
	if (member->state == state && is_same_reason(member->reason, reason))
		return;
	member->state = state;
	member->reason = reason;
	member->told = 0;
	member->is_new = true;
}

static const struct address *watcher_of(const struct list_watch *list,
					const struct list_member *member)
{
	return notifier_watcher_of(list->subscription->notifier, &list->watcher, &list->by,
				   &member->watched);
}

static void join(struct list_watch *list, struct list_member *member)
{
	struct watchings *watchings = list->subscription->notifier->watchings;
	struct watching *watching =
		watchings_get(watchings, watcher_of(list, member), &member->watched);

	watching_put(watchings, watching, &member->looker, &list->by);
	watcher_row_user(watching, member->looker.by,
			 member->state == MEMBER_ACTIVE ? WATCHER_ACTIVE : WATCHER_PENDING,
			 WATCHER_SUBSCRIBE);
}

static void take_answer(struct list_watch *list, struct list_member *member,
			enum watch_answer answer)
{
	switch (answer) {
	case WATCH_ALLOWED:
	case WATCH_PENDING:
		set_state(member, answer == WATCH_ALLOWED ? MEMBER_ACTIVE : MEMBER_PENDING, NULL);
		if (!list->subscription->is_fetch)
			join(list, member);
		return;
	case WATCH_FAILED:
		set_state(member, MEMBER_LATER, member->reason);
		return;
	default:
		set_state(member, MEMBER_GONE, notifier_reason(answer));
	}
}

static void ask(struct list_watch *list, struct list_member *member)
{
	struct bridge *bridge = core_of(list)->params->bridge;
	const struct presence *now;
	struct fault fault = {0};
	struct watch watch = {exchange_new(), SCOPE_WATCHER, watcher_of(list, member),
			      &member->watched, list->nick};

	if (list->is_restoring) {
		take_answer(list, member, bridge_watch_restored(bridge, &watch, &fault));
		if (member->looker.watching != NULL && member->state == MEMBER_ACTIVE)
			member->looker.watching->is_waiting = true;
	} else if (list->subscription->is_fetch)
		take_answer(list, member, bridge_fetch(bridge, &watch, &now));
	else if (!is_room(list, member))
		set_state(member, MEMBER_GONE, "rejected");
	else if (!notifier_may_ask(list->subscription->notifier, &list->by, &watch))
		set_state(member, MEMBER_LATER, NULL);
	else
		take_answer(list, member, bridge_watch_requested(bridge, &watch, &now, &fault));
}

static void on_timer(void *arg)
{
	list_watch_set(arg, NULL);
}

static void ask_again_later(struct list_watch *list)
{
	int t1_ms = core_of(list)->params->timer_t1_ms;

	loop_timer_set(core_of(list)->params->loop, &list->timer,
		       LIST_AGAIN_T1 * (uint64_t)(t1_ms > 0 ? t1_ms : 500), on_timer, list);
}

/* Those that are in no pair: what was refused may have been allowed since, which costs the other
 * side no question (D-13). */
static void ask_all(struct list_watch *list)
{
	bool is_later = false;

	for (size_t i = 0; i < list->count; i++) {
		struct list_member *member = list->members[i];

		if (member->looker.watching == NULL && member->watched.local != NULL)
			ask(list, member);
		is_later |= member->state == MEMBER_LATER;
	}
	if (is_later && !list->subscription->is_fetch)
		ask_again_later(list);
}

static struct list_member *find_member(const struct list_watch *list, const char *uri)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->members[i]->uri, uri) == 0)
			return list->members[i];
	return NULL;
}

/* A URI that is no chat user's is a member that does not exist. */
static void find_watched(const struct list_watch *list, struct list_member *member)
{
	struct address address = {0};
	const char *why;

	set_state(member, MEMBER_GONE, "noresource");
	if (address_from_uri(core_of(list)->params->map, member->uri, strlen(member->uri), &address,
			     NULL, &why) != 0)
		return;
	if (address.side == SIDE_XMPP && address.local[0] != '\0') {
		address_copy(&member->watched, &address);
		set_state(member, MEMBER_LATER, NULL);
	}
	address_clear(&address);
}

static struct list_member *new_member(struct list_watch *list, const struct resource_entry *entry)
{
	struct list_member *member = mem_zalloc(sizeof *member);

	member->looker.kind = LOOKER_MEMBER;
	member->list = list;
	member->uri = mem_strdup(entry->uri);
	member->name = mem_strdup_or_null(entry->name);
	find_watched(list, member);
	return member;
}

/* The members in their new order; who is not among them leaves. */
static void replace(struct list_watch *list, const struct resource_lists *entries)
{
	size_t count = 0;
	struct list_member **members = mem_array(entries->count + 1, sizeof *members);

	for (size_t i = 0; i < list->count; i++)
		list->members[i]->is_left = true;
	for (size_t i = 0; i < entries->count; i++) {
		struct list_member *member = find_member(list, entries->entries[i].uri);

		if (member == NULL)
			member = new_member(list, &entries->entries[i]);
		else if (!member->is_left)
			continue;
		member->is_left = false;
		members[count] = member;
		count++;
	}
	for (size_t i = 0; i < list->count; i++) {
		if (!list->members[i]->is_left)
			continue;
		notifier_leave(list->subscription->notifier, &list->members[i]->looker,
			       NOTIFIER_TELL_CORE);
		free_member(list->members[i]);
	}
	mem_free(list->members);
	list->members = members;
	list->count = count;
}

static void settle(struct list_watch *list);

void list_watch_set(struct list_watch *list, const struct resource_lists *members)
{
	if (members != NULL) {
		replace(list, members);
		list_watch_want_all(list);
	}
	ask_all(list);
	if (members == NULL && list_watch_is_due(list))
		settle(list);
}

void list_watch_restore(struct list_watch *list, const struct resource_lists *members,
			uint32_t version)
{
	list->is_restoring = true;
	list_watch_set(list, members);
	list->is_restoring = false;
	list->version = version;
	for (size_t i = 0; i < list->count; i++) /* none was ever told more */
		list->members[i]->version = version;
}

bool list_watch_is_waiting(const struct list_watch *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct list_member *member = list->members[i];

		if (member->state == MEMBER_ACTIVE && member->looker.watching != NULL &&
		    member->looker.watching->is_waiting)
			return true;
	}
	return false;
}

/* From the core -------------------------------------------------------------------------------- */

/* Soon: what changes together is told together. */
static void settle(struct list_watch *list)
{
	struct subscription *s = list->subscription;
	uint64_t due = loop_now(core_of(list)->params->loop) + LIST_SETTLE_MS;

	if (s->state != SUBSCRIPTION_ACTIVE || s->in_flight != NULL)
		return;
	if (s->is_resumed) {
		notifier_resume_later(s);
		return;
	}
	if (s->retry_ms != 0 && (s->retry_ms <= due || !list_watch_is_urgent(list)))
		return;
	s->retry_ms = due;
	notifier_arm(s);
}

void list_member_decide(struct looker *looker, bool is_active)
{
	struct list_member *member = member_of(looker);
	enum member_state state = is_active ? MEMBER_ACTIVE : MEMBER_PENDING;

	if (member->state == state)
		return;
	set_state(member, state, NULL);
	member->list->is_urgent = true;
	settle(member->list);
}

void list_member_change(struct looker *looker, const struct presence *presence)
{
	struct list_member *member = member_of(looker);
	bool is_open = presence_is_open(presence);
	struct event_document document;

	if (member->state != MEMBER_ACTIVE)
		return;
	list_member_document(member, presence, &document);
	if (notify_bodies_get(&member->list->subscription->notifier->bodies,
			      member->list->subscription->package, &document)
		    ->digest == member->told)
		return;
	member->is_new = true;
	member->list->is_urgent |= member->was_open && !is_open;
	settle(member->list);
}

void list_member_end(struct looker *looker, enum watch_answer answer)
{
	struct list_member *member = member_of(looker);
	struct list_watch *list = member->list;
	bool is_for_now = answer == WATCH_FAILED;

	set_state(member, is_for_now ? MEMBER_LATER : MEMBER_GONE, notifier_reason(answer));
	if (is_for_now && !loop_timer_is_set(&list->timer))
		ask_again_later(list);
	list->is_urgent = true;
	settle(list);
}

bool list_member_is_active(struct looker *looker)
{
	return member_of(looker)->state == MEMBER_ACTIVE;
}
