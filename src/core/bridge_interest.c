/* Whose sources live (D-20): a SIP user's presence is kept up for a chat user as long as he is not
 * known to be offline, and 10 minutes more; one whose presence we cannot see counts as online for
 * 24 h after his last sign. Two lists in the order of time, so a sign costs nothing to file. */
#include "core/bridge_flow.h"
#include "core/bridge_private.h"
#include "core/presence_book.h"

enum {
	LINGER_MS = 10 * 60 * 1000,
	UNSEEN_MS = 24 * 3600 * 1000,
	BATCH = 20, /* users put to rest in one go; each has at most watches_per_watcher pairs */
	BATCH_MS = 20
};

static void set_timer(struct bridge *bridge);

static uint64_t due_ms(const struct user *user)
{
	return user->sign_ms + (user->is_gone ? LINGER_MS : UNSEEN_MS);
}

static struct user *first_of(const struct list *list)
{
	if (list_is_empty(list))
		return NULL;
	return LIST_ENTRY(list->next, struct user, interest);
}

static struct user *next_due(const struct bridge *bridge)
{
	struct user *quiet = first_of(&bridge->quiet);
	struct user *gone = first_of(&bridge->gone);

	if (quiet == NULL || gone == NULL)
		return quiet == NULL ? gone : quiet;
	return due_ms(quiet) < due_ms(gone) ? quiet : gone;
}

static void file(struct bridge *bridge, struct user *user)
{
	list_remove(&user->interest);
	list_append(user->is_gone ? &bridge->gone : &bridge->quiet, &user->interest);
}

/* His sources end; what they said counts no longer, and is not left standing (promise 3). */
static void rest(struct bridge *bridge, struct user *user)
{
	user->is_resting = true;
	list_remove(&user->interest);
	LIST_EACH(it, next, &user->watching)
	{
		struct pair *pair = LIST_ENTRY(it, struct pair, by_watcher);

		if (!pair->is_live)
			continue;
		acts_unwatch(bridge, pair, UNWATCH_REST);
		bridge_set_live(bridge, pair, false);
		show_forget(bridge, pair);
		pair->doubt_ms = 0;
		show_later(bridge, pair);
	}
}

static void on_timer(void *arg)
{
	struct bridge *bridge = arg;
	uint64_t now = now_ms(bridge);

	for (int i = 0; i < BATCH; i++) {
		struct user *user = next_due(bridge);

		if (user == NULL || due_ms(user) > now)
			break;
		if (!user->is_gone && user->open_views > 0) {
			user->sign_ms = now; /* seen online all the time */
			file(bridge, user);
		} else {
			rest(bridge, user);
		}
	}
	set_timer(bridge);
}

/* A timer that is set is never too late: signs only move users back. */
static void set_timer(struct bridge *bridge)
{
	struct user *user = next_due(bridge);
	uint64_t now = now_ms(bridge);
	uint64_t due = user == NULL ? 0 : due_ms(user);

	if (user == NULL)
		loop_timer_cancel(&bridge->interest_timer);
	else
		loop_timer_set(bridge->params.loop, &bridge->interest_timer,
			       due > now ? due - now : BATCH_MS, on_timer, bridge);
}

void interest_join(struct bridge *bridge, struct user *user)
{
	user->is_resting = false;
	if (list_is_linked(&user->interest))
		return;
	user->sign_ms = now_ms(bridge);
	file(bridge, user);
	if (!loop_timer_is_set(&bridge->interest_timer))
		set_timer(bridge);
}

/* He is back: his sources live again, and he is shown what was kept from him. */
static void wake(struct bridge *bridge, struct user *user)
{
	bool was_resting = user->is_resting;

	user->is_resting = false;
	user->is_suppressed = false;
	LIST_EACH(it, next, &user->watching)
	{
		struct pair *pair = LIST_ENTRY(it, struct pair, by_watcher);

		if (!pair_is_wanted(pair))
			continue;
		if (was_resting && !pair->is_live) {
			bridge_set_live(bridge, pair, true);
			outward_put(bridge, pair, SIDE_SIP, OWED_WATCH);
		}
		outward_put(bridge, pair, SIDE_XMPP, OWED_SHOW);
	}
}

void interest_sign(struct bridge *bridge, struct user *user, bool is_online)
{
	bool was_gone = user->is_gone;

	user->sign_ms = now_ms(bridge);
	user->is_gone = !is_online;
	if (list_is_linked(&user->interest))
		file(bridge, user);
	if (is_online && (user->is_resting || user->is_suppressed))
		wake(bridge, user);
	if (was_gone != user->is_gone && list_is_linked(&user->interest))
		set_timer(bridge);
}

void bridge_user_seen(struct bridge *bridge, const struct address *user, bool is_online)
{
	struct user *known;

	if (bridge->is_stopped || user->side != SIDE_XMPP)
		return;
	known = pairs_find_user(bridge->pairs, user);
	if (known != NULL)
		interest_sign(bridge, known, is_online);
	if (!is_online)
		typing_gone(bridge, user);
}
