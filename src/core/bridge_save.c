/* Rows written to the store. A write that failed is made again until it is done: a refusal or the
 * end of a grant that is not on disk would be undone by the next start (REL-009, SEC-031). What a
 * chat user has to be told while his link is down waits for that: a start in between asks again,
 * and he is told after all. */
#include <errno.h>

#include "base/mem.h"
#include "core/bridge_private.h"
#include "model/counters.h"

enum { AGAIN_MS = 10000 };

static void on_again(void *arg)
{
	struct bridge *bridge = arg;

	bridge->saves.again_from = bridge->saves.failed_from;
	bridge->saves.failed_from = 0;
	walk_start(bridge, WALK_SAVE);
}

/* Writes are done in the order they were asked for, so counting tells which one this is. A row that
 * breaks a rule of the store (EINVAL) would do so again. */
static void on_done(struct bridge *bridge, int error)
{
	struct saves *saves = &bridge->saves;

	saves->done++;
	if (error == 0)
		return;
	bridge->params.counters->store_failed++;
	if (error == EINVAL || bridge->is_stopped)
		return;
	if (saves->failed_from == 0)
		saves->failed_from = saves->done;
	if (!loop_timer_is_set(&saves->timer))
		loop_timer_set(bridge->params.loop, &saves->timer, AGAIN_MS, on_again, bridge);
}

static void on_saved(int error, void *arg)
{
	struct ledger *ledger = arg;

	ledger->pending--;
	if (ledger->bridge != NULL)
		on_done(ledger->bridge, error);
	else if (ledger->pending == 0)
		mem_free(ledger);
}

struct pair_row bridge_row(const struct bridge *bridge, const struct pair *pair)
{
	struct pair_row row = pair->row;

	pair_row_move(&row, -steady_ahead_s(bridge));
	return row;
}

void bridge_save(struct bridge *bridge, struct pair *pair)
{
	struct pair_row row = bridge_row(bridge, pair);
	struct bridge_params *params = &bridge->params;

	if (pair->is_unsaved && pair->row.state != PAIR_NONE)
		return;
	bridge->ledger->pending++;
	pair->save = ++bridge->saves.asked;
	if (pair->row.state == PAIR_NONE)
		store_drop_pair(params->store, &pair->row.watcher, &pair->row.watched, on_saved,
				bridge->ledger);
	else
		store_put_pair(params->store, &row, on_saved, bridge->ledger);
}

/* Some of them were written all the same: once more does no harm. */
void bridge_save_again(struct bridge *bridge, struct pair *pair)
{
	if (pair->save >= bridge->saves.again_from && pair->row.state != PAIR_NONE)
		bridge_save(bridge, pair);
}
