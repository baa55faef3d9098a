/* Presence: what sources say goes into the book, what watchers see comes out of it, compared with
 * what they saw last (PRS-014, PRES-127), coalesced and paced (D-33). */
#include "base/mem.h"
#include "core/bridge_private.h"
#include "core/presence_book.h"
#include "model/counters.h"
#include "model/load.h"

enum { KEPT_MS = 10 };

/* Timer ---------------------------------------------------------------------------------------- */

static void set_timer(struct bridge *bridge, struct pair *pair);
static void set_kept_timer(struct side_link *link);

/* Nothing was heard within the hold: no stale dot (promise 3). */
static void doubt_over(struct bridge *bridge, struct pair *pair)
{
	pair->doubt_ms = 0;
	if (pair->doubts_all || pair->is_recalled)
		show_forget(bridge, pair);
	else if (pair->entry != NULL) {
		bool was_open = book_is_open(pair->entry);

		book_settle(pair->entry);
		recall_later(bridge, pair);
		if (was_open && !book_is_open(pair->entry) && watched_side(pair) == SIDE_XMPP)
			pair->watched->open_views--;
	}
	pair->doubts_all = false;
	/* Paced: a whole PBX may have gone at once. */
	outward_put(bridge, pair, watcher_side(pair), OWED_SHOW);
}

static void on_timer(void *arg)
{
	struct pair *pair = arg;
	struct bridge *bridge = pair->bridge;
	uint64_t now = now_ms(bridge);

	if (pair->doubt_ms != 0 && pair->doubt_ms <= now)
		doubt_over(bridge, pair);
	if (pair->pace.due_ms != 0 && pair->pace.due_ms <= now) {
		pace_drop(&pair->pace);
		show_later(bridge, pair);
	}
	set_timer(bridge, pair);
}

static void set_timer(struct bridge *bridge, struct pair *pair)
{
	uint64_t due = pair->pace.due_ms;
	uint64_t now = now_ms(bridge);

	if (due == 0 || (pair->doubt_ms != 0 && pair->doubt_ms < due))
		due = pair->doubt_ms;
	if (due == 0)
		loop_timer_cancel(&pair->timer);
	else
		loop_timer_set(bridge->params.loop, &pair->timer, due > now ? due - now : 0,
			       on_timer, pair);
}

/* Out ------------------------------------------------------------------------------------------ */

static uint64_t digest_now(struct bridge *bridge, const struct pair *pair)
{
	return book_digest(access_now(bridge, pair), watcher_side(pair), bridge->params.rules,
			   bridge->key, &bridge->scratch);
}

/* What only personal eventing tells (side.h: tell_person). */
static uint64_t person_now(struct bridge *bridge, const struct pair *pair)
{
	if (bridge->sides[watcher_side(pair)].ops->tell_person == NULL ||
	    !book_is_open(pair->entry) || access_is_barred(bridge, pair))
		return 0;
	return book_digest_person(book_now(pair->entry), bridge->key, &bridge->scratch);
}

/* A resource that went was shown closed once, and is left out from now on (PRES-120). */
void show_was_told(struct bridge *bridge, struct pair *pair)
{
	pair->told_open = book_is_open(pair->entry) && !access_is_barred(bridge, pair);
	if (watched_side(pair) == SIDE_XMPP)
		book_prune(pair->entry);
	pair->told = digest_now(bridge, pair);
	pair->told_person = person_now(bridge, pair);
	pair->told_ms = now_ms(bridge);
	pace_drop(&pair->pace);
	pair->owed[watcher_side(pair)] &= (uint8_t)~OWED_SHOW;
	set_timer(bridge, pair);
}

void show_later(struct bridge *bridge, struct pair *pair)
{
	if (list_is_linked(&pair->shows)) {
		bridge->params.counters->presence_coalesced++;
		return;
	}
	list_append(&bridge->shows, &pair->shows);
	acts_schedule(bridge);
}

/* Over a link that is down it would be told twice: once now, and with the resync. */
void show_in_turn(struct bridge *bridge, struct pair *pair)
{
	if (pair_link(bridge, pair, watcher_side(pair))->is_up)
		outward_put(bridge, pair, watcher_side(pair), OWED_SHOW);
}

/* True if the watcher is there to be told. What he misses he gets by his own sign of life, his next
 * SUBSCRIBE, or the resync. */
static bool has_audience(struct bridge *bridge, struct pair *pair, bool is_open)
{
	if (!pair_is_granted(pair) || !pair_link(bridge, pair, watcher_side(pair))->is_up)
		return false;
	if (pair->entry == NULL && pair->doubts_all)
		return false; /* just started: the hold is not over */
	/* A phone has seen it before the start; a chat user may have been told that he went. */
	if (pair->is_recalled && watcher_side(pair) == SIDE_SIP)
		return false;
	if (watcher_side(pair) == SIDE_SIP)
		return pair->is_live; /* PRES-125: nothing unsolicited */
	if (pair->watcher->is_gone && is_open) {
		pair->watcher->is_suppressed = true; /* PRS-008 */
		return false;
	}
	return true;
}

/* D-33. A SIP watcher may look by several packages, the fastest of which may change once a second;
 * his side holds back the others. */
static unsigned pace_of(const struct pair *pair)
{
	return watcher_side(pair) == SIDE_SIP ? 1000 : 5000;
}

bool link_is_full(const struct side_link *link)
{
	const struct half *half = &link->bridge->sides[link->side];

	return half->ops->is_full != NULL && half->ops->is_full(half->side, link->number);
}

static void tell_kept(void *arg)
{
	struct side_link *link = arg;

	while (!list_is_empty(&link->kept)) {
		struct pair *pair = LIST_ENTRY(link->kept.next, struct pair, shows);

		if (link->is_up && link_is_full(link))
			break;
		list_remove(&pair->shows);
		show_now(link->bridge, pair);
		bridge_let_go(link->bridge, pair);
	}
	if (!list_is_empty(&link->kept))
		set_kept_timer(link);
}

static void set_kept_timer(struct side_link *link)
{
	if (!loop_timer_is_set(&link->kept_timer))
		loop_timer_set(link->bridge->params.loop, &link->kept_timer, KEPT_MS, tell_kept,
			       link);
}

/* Only that there is something to tell is kept, not what: newer states cost nothing. */
static void keep(struct side_link *link, struct pair *pair)
{
	list_append(&link->kept, &pair->shows);
	set_kept_timer(link);
}

void show_now(struct bridge *bridge, struct pair *pair)
{
	struct half *half = &bridge->sides[watcher_side(pair)];
	struct side_link *link = pair_link(bridge, pair, watcher_side(pair));
	struct watch watch = pair_watch(pair);
	bool is_open = book_is_open(pair->entry) && !access_is_barred(bridge, pair);
	bool was_waiting = pair->pace.due_ms != 0;
	bool is_leaving = pair->told_open && !is_open; /* D-33: never waits */
	bool is_same;

	if (!has_audience(bridge, pair, is_open))
		return;
	if (link_is_full(link)) {
		keep(link, pair);
		return;
	}
	is_same = digest_now(bridge, pair) == pair->told;
	if (is_same && person_now(bridge, pair) == pair->told_person) {
		if (watched_side(pair) == SIDE_XMPP)
			book_prune(pair->entry); /* what came and went unseen */
		pace_drop(&pair->pace);
		set_timer(bridge, pair);
		return;
	}
	if (was_waiting)
		bridge->params.counters->presence_coalesced++;
	if (pace_wait_ms(&pair->pace, pace_of(pair) * load_stretch(bridge->params.load), is_leaving,
			 now_ms(bridge)) > 0) {
		set_timer(bridge, pair);
		return;
	}
	/* With the grant, which goes before (PRES-045); else it would come again with that. */
	if (sync_owes_grant(pair) && !access_is_barred(bridge, pair)) {
		pair->answer_owed = 0;
		acts_answer(bridge, pair, WATCH_ALLOWED, NULL);
		return;
	}
	if (is_same)
		half->ops->tell_person(half->side, &watch, access_now(bridge, pair));
	else
		half->ops->tell(half->side, &watch, access_now(bridge, pair));
	bridge->params.counters->presence_told++;
	show_was_told(bridge, pair);
}

/* In ------------------------------------------------------------------------------------------- */

void show_forget(struct bridge *bridge, struct pair *pair)
{
	if (watched_side(pair) == SIDE_XMPP && book_is_open(pair->entry))
		pair->watched->open_views--;
	book_drop(&pair->entry);
	pair->is_recalled = false;
	recall_later(bridge, pair);
}

void show_doubt(struct bridge *bridge, struct pair *pair, bool all)
{
	if (pair->entry == NULL)
		return;
	pair->doubts_all |= all;
	if (!all)
		book_doubt(pair->entry);
	/* A doubt that runs already is not put off: growing retries must not keep a dot green. */
	if (pair->doubt_ms == 0 || (!all && !pair->doubts_all))
		pair->doubt_ms = now_ms(bridge) + (uint64_t)bridge->params.hold_s * 1000;
	set_timer(bridge, pair);
}

void show_start_hold(struct bridge *bridge, struct pair *pair)
{
	if (!pair->doubts_all || pair->doubt_ms != 0)
		return;
	pair->doubt_ms = now_ms(bridge) + (uint64_t)bridge->params.hold_s * 1000;
	set_timer(bridge, pair);
}

/* The source has spoken: it is neither refused nor doubtful. */
static void heard(struct bridge *bridge, struct pair *pair)
{
	pair->row.heard_at = steady_s(bridge);
	bridge_end_refusal(bridge, pair);
	/* Nobody has asked yet for all devices of a chat user whom nobody watches yet (PRES-161).
	 */
	if (pair->is_recalled && (pair->is_live || watched_side(pair) == SIDE_SIP)) {
		pair->is_recalled = false;
		show_in_turn(bridge, pair);
	}
	if (pair->doubts_all) {
		pair->doubts_all = false;
		pair->doubt_ms = 0;
		set_timer(bridge, pair);
	}
}

void bridge_presence(struct bridge *bridge, const struct watch *watch,
		     const struct presence *presence)
{
	struct pair *pair = pairs_find(bridge->pairs, watch->watcher, watch->watched);

	if (bridge->is_stopped || pair == NULL || !pair_is_wanted(pair) ||
	    watched_side(pair) != SIDE_SIP)
		return;
	heard(bridge, pair);
	if (pair->entry != NULL && presence_equal(book_now(pair->entry), presence))
		return;
	book_put(&pair->entry, presence, loop_wall_ms(bridge->params.loop));
	recall_later(bridge, pair);
	/* While it is only asked this is kept for the answer, and shown to nobody (PRES-043). */
	if (pair_is_granted(pair))
		show_later(bridge, pair);
}

void bridge_device(struct bridge *bridge, const struct watch *watch, const struct device *device)
{
	struct pair *pair = pairs_find(bridge->pairs, watch->watcher, watch->watched);
	bool was_open;
	bool is_open;

	/* PRS-010, C9: presence counts only where this watcher was granted it. */
	if (bridge->is_stopped || pair == NULL || !pair_is_granted(pair) ||
	    watched_side(pair) != SIDE_XMPP)
		return;
	heard(bridge, pair);
	/* Nobody looks and nothing was asked: his other devices would be missing (PRES-161). */
	if (pair->entry == NULL && !pair->is_live && pair->whole_until_ms <= now_ms(bridge)) {
		if (device->basic == BASIC_OPEN)
			interest_sign(bridge, pair->watched, true);
		return;
	}
	was_open = book_is_open(pair->entry);
	if (book_put_device(&pair->entry, device)) {
		show_later(bridge, pair);
		recall_later(bridge, pair);
	}
	is_open = book_is_open(pair->entry);
	if (is_open && !was_open)
		pair->watched->open_views++;
	if (was_open && !is_open)
		pair->watched->open_views--;
	/* The end of a device that was never heard of says nothing of the others (D-20). */
	if (is_open || (pair->watched->open_views == 0 && (was_open || device->id == NULL)))
		interest_sign(bridge, pair->watched, is_open);
}

void bridge_person(struct bridge *bridge, const struct watch *watch, const struct person *person)
{
	struct pair *pair = pairs_find(bridge->pairs, watch->watcher, watch->watched);

	/* As bridge_device(): only where it was granted, and only beside a device that is there:
	 * who is invisible goes on to say how he feels. */
	if (bridge->is_stopped || pair == NULL || !pair_is_granted(pair) ||
	    watched_side(pair) != SIDE_XMPP || !book_is_open(pair->entry))
		return;
	if (book_put_person(pair->entry, person)) {
		show_later(bridge, pair);
		recall_later(bridge, pair);
	}
}

bool bridge_may_see(struct bridge *bridge, const struct address *watcher,
		    const struct address *watched, const struct presence **now)
{
	struct pair *pair = pairs_find(bridge->pairs, watcher, watched);
	bool may_see = !bridge->is_stopped && pair != NULL && pair_is_granted(pair) &&
		       !access_is_barred(bridge, pair);

	if (now != NULL)
		*now = may_see ? book_now(pair->entry) : NULL;
	return may_see;
}
