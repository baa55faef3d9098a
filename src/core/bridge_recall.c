/* What sources told last, over a restart (D-49). A change is written a second later or so, many at
 * a time and never more than the store can follow: a source that talks all the time costs a row a
 * second, and a slow disk makes rows older, not the loop slower. What is read back counts as known
 * until it is heard again or the hold is over, if the process was away for a short time only. */
#include <errno.h>

#include "base/mem.h"
#include "core/bridge_private.h"
#include "core/presence_book.h"
#include "model/counters.h"
#include "model/presence_code.h"

enum {
	AWAY_MOST_S = 90,
	BACK_MOST_S = 60, /* the clock may have been set back so far in between */
	KEEP_MS = 1000,
	STEP_MS = 20,
	STEP_MOST = 250,   /* rows written in one go */
	CALLS_MOST = 2000, /* of the store, under way */
	AGAIN_MS = 10000   /* what the store did not take */
};

/* Writing -------------------------------------------------------------------------------------- */

static void on_step(void *arg);

static void set_timer(struct bridge *bridge, uint64_t ms)
{
	if (!loop_timer_is_set(&bridge->recall.timer))
		loop_timer_set(bridge->params.loop, &bridge->recall.timer, ms, on_step, bridge);
}

void recall_later(struct bridge *bridge, struct pair *pair)
{
	if (list_is_linked(&pair->recall) || bridge->is_stopped)
		return;
	if (pair->entry == NULL && (!pair->has_row || pair->is_row_dropped))
		return;
	list_append(&bridge->recall.changed, &pair->recall);
	set_timer(bridge, KEEP_MS);
}

static void on_again(void *arg)
{
	struct bridge *bridge = arg;

	walk_start(bridge, WALK_RECALL);
}

/* A row that breaks a rule of the store (EINVAL) would do so again. */
static void on_done(struct bridge *bridge, int error)
{
	struct recall *recall = &bridge->recall;

	recall->calls--;
	if (error == 0)
		return;
	bridge->params.counters->store_failed++;
	if (error != EINVAL && !bridge->is_stopped && !loop_timer_is_set(&recall->again_timer))
		loop_timer_set(bridge->params.loop, &recall->again_timer, AGAIN_MS, on_again,
			       bridge);
}

static void on_written(int error, void *arg)
{
	struct ledger *ledger = arg;

	ledger->pending--;
	if (ledger->bridge != NULL)
		on_done(ledger->bridge, error);
	else if (ledger->pending == 0)
		mem_free(ledger);
}

/* One that failed is never known to have gone: the next start is as if after a long absence. */
static void on_old_written(int error, void *arg)
{
	const struct ledger *ledger = arg;

	if (ledger->bridge != NULL && error == 0)
		ledger->bridge->recall.old--;
	on_written(error, arg);
}

static void count_call(struct bridge *bridge)
{
	bridge->ledger->pending++;
	bridge->recall.calls++;
}

static void drop_row(struct bridge *bridge, const struct address *watched,
		     const struct address *watcher, store_done_fn *done)
{
	count_call(bridge);
	store_drop_presence(bridge->params.store, watched, watcher, done, bridge->ledger);
}

/* Of its next write. */
static store_done_fn *done_of(struct pair *pair)
{
	bool is_old = pair->is_row_old;

	pair->is_row_old = false;
	return is_old ? on_old_written : on_written;
}

static void drop(struct bridge *bridge, struct pair *pair)
{
	if (!pair->has_row || pair->is_row_dropped)
		return;
	pair->is_row_dropped = true;
	drop_row(bridge, &pair->row.watched, &pair->row.watcher, done_of(pair));
}

static void put(struct bridge *bridge, struct pair *pair, const struct buf *value)
{
	struct presence_row row = {.watched = pair->row.watched,
				   .watcher = pair->row.watcher,
				   .told_s = wall_s(bridge),
				   .value = value->data,
				   .value_len = value->len};

	/* A wall clock before 1970 is no time of a row. */
	if (row.told_s < 0)
		row.told_s = 0;
	pair->has_row = true;
	pair->is_row_dropped = false;
	count_call(bridge);
	store_put_presence(bridge->params.store, &row, done_of(pair), bridge->ledger);
}

/* What is not granted is shown to nobody, after a start neither. What is too large for a row is
 * unknown then. */
static void write_now(struct bridge *bridge, struct pair *pair)
{
	struct buf *value = &bridge->scratch;

	list_remove(&pair->recall);
	buf_reset(value);
	if (pair->entry != NULL && pair_is_granted(pair) &&
	    presence_encode(book_now(pair->entry), value) == 0)
		put(bridge, pair, value);
	else
		drop(bridge, pair);
}

static void on_step(void *arg)
{
	struct bridge *bridge = arg;
	struct recall *recall = &bridge->recall;
	int left = STEP_MOST;

	for (; left > 0 && recall->calls < CALLS_MOST && !list_is_empty(&recall->changed); left--)
		write_now(bridge, LIST_ENTRY(recall->changed.next, struct pair, recall));
	if (!list_is_empty(&recall->changed))
		set_timer(bridge, STEP_MS);
}

void recall_again(struct bridge *bridge, struct pair *pair)
{
	pair->is_row_dropped = false;
	recall_later(bridge, pair);
}

void recall_leave(struct bridge *bridge, struct pair *pair)
{
	list_remove(&pair->recall);
	if (!bridge->is_stopped)
		drop(bridge, pair);
}

void recall_stop(struct bridge *bridge)
{
	loop_timer_cancel(&bridge->recall.timer);
	loop_timer_cancel(&bridge->recall.again_timer);
	while (!list_is_empty(&bridge->recall.changed))
		write_now(bridge, LIST_ENTRY(bridge->recall.changed.next, struct pair, recall));
}

/* D-49. A clock that is wrong says nothing of how long that was (REL-031). */
static bool was_away_shortly(const struct bridge *bridge)
{
	const struct store *store = bridge->params.store;
	int64_t last = store_last_alive(store);
	int64_t away = wall_s(bridge) - last;

	return last != 0 && !store_clock_is_wrong(store) && away < AWAY_MOST_S &&
	       away > -BACK_MOST_S;
}

void recall_init(struct bridge *bridge)
{
	list_init(&bridge->recall.changed);
	bridge->recall.is_recent = was_away_shortly(bridge);
}

bool bridge_is_settled(const struct bridge *bridge)
{
	const struct recall *recall = &bridge->recall;

	return recall->is_recent || store_last_alive(bridge->params.store) == 0 ||
	       (recall->is_loaded && recall->old == 0);
}

void recall_free(struct bridge *bridge)
{
	loop_timer_cancel(&bridge->recall.timer);
	loop_timer_cancel(&bridge->recall.again_timer);
}

/* Start ---------------------------------------------------------------------------------------- */

struct loading {
	struct ledger *ledger;
	void (*done)(struct bridge *bridge);
};

/* Chat users tell of each device, and each has to be heard of again. */
static void take(struct bridge *bridge, struct pair *pair, const struct presence *presence)
{
	book_put(&pair->entry, presence, loop_wall_ms(bridge->params.loop));
	pair->is_recalled = true;
	if (watched_side(pair) != SIDE_XMPP)
		return;
	book_doubt(pair->entry);
	if (book_is_open(pair->entry))
		pair->watched->open_views++;
}

static void on_row(const struct presence_row *row, void *arg)
{
	const struct loading *loading = arg;
	struct bridge *bridge = loading->ledger->bridge;
	struct presence presence;
	struct pair *pair;

	if (bridge == NULL || bridge->is_stopped || !bridge->is_loaded)
		return;
	pair = row->watcher.domain == NULL
		       ? NULL
		       : pairs_find(bridge->pairs, &row->watcher, &row->watched);
	if (!bridge->recall.is_recent)
		bridge->recall.old++;
	if (pair == NULL) {
		drop_row(bridge, &row->watched, &row->watcher,
			 bridge->recall.is_recent ? on_written : on_old_written);
		return;
	}
	pair->has_row = true;
	pair->is_row_old = !bridge->recall.is_recent;
	if (bridge->recall.is_recent && pair_is_granted(pair) && pair->entry == NULL &&
	    presence_decode(&presence, row->value, row->value_len) == 0) {
		take(bridge, pair, &presence);
		presence_clear(&presence);
	} else {
		recall_later(bridge, pair);
	}
}

static void on_loaded(int error, void *arg)
{
	struct loading loading = *(struct loading *)arg;
	struct ledger *ledger = loading.ledger;
	struct bridge *bridge = ledger->bridge;

	mem_free(arg);
	ledger->pending--;
	if (bridge == NULL) {
		if (ledger->pending == 0)
			mem_free(ledger);
		return;
	}
	/* What cannot be read is unknown until it is heard. */
	if (error != 0)
		bridge->params.counters->store_failed++;
	bridge->recall.is_loaded = error == 0 && bridge->is_loaded && !bridge->is_stopped;
	loading.done(bridge);
}

void recall_load(struct bridge *bridge, void (*done)(struct bridge *bridge))
{
	struct loading *loading = mem_alloc(sizeof *loading);

	*loading = (struct loading){bridge->ledger, done};
	bridge->ledger->pending++;
	store_load_presence(bridge->params.store, on_row, on_loaded, loading);
}
