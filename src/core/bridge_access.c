/* Access rules in force (access.h): what a pair that they forbid still is, and what becomes of
 * pairs when they change. Such a pair keeps its row: a rule that was wrong takes nothing away for
 * good (D-14), and its end is no word of the watched. Its watcher sees what a stranger would
 * (SEC-036): somebody who never answers, or is not there. */
#include "core/access.h"
#include "core/bridge_private.h"
#include "core/presence_book.h"

static bool sees(const struct bridge *bridge, const struct address *watcher,
		 const struct address *watched)
{
	const struct pair *pair = pairs_find(bridge->pairs, watcher, watched);

	return pair != NULL && pair_is_granted(pair);
}

/* Who has whom in the roster: a granted pair in either direction. */
static bool are_known(const struct address *a, const struct address *b, void *arg)
{
	return sees(arg, a, b) || sees(arg, b, a);
}

enum access_may bridge_access(struct bridge *bridge, const struct address *from,
			      const struct address *to, int *rule)
{
	return access_decide(bridge->params.access, from, to, are_known, bridge, rule);
}

bool bridge_may_watch(struct bridge *bridge, const struct address *watcher,
		      const struct address *watched)
{
	return bridge->params.access == NULL ||
	       (bridge_access(bridge, watcher, watched, NULL) & ACCESS_WATCH) != 0;
}

bool access_may_write(struct bridge *bridge, const struct address *from, const struct address *to)
{
	return bridge->params.access == NULL ||
	       (bridge_access(bridge, from, to, NULL) & ACCESS_WRITE) != 0;
}

bool access_is_barred(struct bridge *bridge, const struct pair *pair)
{
	return !bridge_may_watch(bridge, &pair->row.watcher, &pair->row.watched);
}

const struct presence *access_now(struct bridge *bridge, const struct pair *pair)
{
	return access_is_barred(bridge, pair) ? NULL : book_now(pair->entry);
}

/* What he saw is unknown from now on; at a phone that nobody else asks for is no dialog. */
static void bar(struct bridge *bridge, struct pair *pair)
{
	if (pair_is_granted(pair))
		show_later(bridge, pair);
	if (watched_side(pair) == SIDE_SIP && pair->is_live) {
		acts_unwatch(bridge, pair, UNWATCH_REST);
		bridge_set_live(bridge, pair, false);
	}
}

/* As if he had asked now; nobody is asked who was asked before (D-13). */
static void unbar(struct bridge *bridge, struct pair *pair)
{
	if (!pair_is_wanted(pair))
		return;
	if (watched_side(pair) == SIDE_SIP && !pair->watcher->is_resting)
		bridge_set_live(bridge, pair, true);
	if (pair_is_granted(pair)) {
		acts_answer(bridge, pair, WATCH_ALLOWED, NULL);
		show_later(bridge, pair);
	}
	if (!pair->is_live)
		return;
	if (watched_side(pair) == SIDE_SIP)
		outward_put(bridge, pair, SIDE_SIP, OWED_ASK | OWED_WATCH);
	else if (!pair_is_granted(pair))
		outward_put(bridge, pair, SIDE_XMPP, OWED_ASK);
	else if (pair->entry == NULL)
		outward_put(bridge, pair, SIDE_XMPP, OWED_REFRESH);
}

void access_visit(struct bridge *bridge, struct pair *pair)
{
	bool is_barred = access_is_barred(bridge, pair);

	if (is_barred == pair->is_barred)
		return;
	pair->is_barred = is_barred;
	if (is_barred)
		bar(bridge, pair);
	else
		unbar(bridge, pair);
}

void bridge_set_access(struct bridge *bridge, const struct access *access)
{
	bridge->params.access = access;
	if (bridge->is_loaded && !bridge->is_stopped)
		walk_start(bridge, WALK_ACCESS);
}
