/* The bridge as a whole: made, started, stopped; and what the control commands ask. The map of its
 * parts is in bridge_private.h. */
#include "core/bridge.h"

#include <errno.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "core/bridge_flow.h"
#include "core/bridge_private.h"
#include "core/echo_guard.h"
#include "core/exchanges.h"
#include "core/learned.h"
#include "core/presence_book.h"
#include "model/counters.h"

enum { MINUTE_MS = 60 * 1000 };

int64_t steady_ahead_ms(const struct bridge *bridge)
{
	int64_t ahead = steady_ms(bridge) - loop_wall_ms(bridge->params.loop);

	return (ahead + (ahead < 0 ? -MINUTE_MS / 2 : MINUTE_MS / 2)) / MINUTE_MS * MINUTE_MS;
}

static void init_toward(struct toward *toward, uint64_t now)
{
	list_init(&toward->ready);
	list_init(&toward->paced);
	list_init(&toward->careful);
	list_init(&toward->waiting);
	rate_init(&toward->rate, 1e9, now); /* the first look cuts it to the burst */
}

static void init_link(struct bridge *bridge, unsigned i)
{
	struct side_link *link = &bridge->links[i];

	link->bridge = bridge;
	link->side = i == SIP_LINK ? SIDE_SIP : SIDE_XMPP;
	link->number = i == SIP_LINK ? 0 : i - CHAT_LINKS;
	list_init(&link->outward);
	list_init(&link->kept);
	list_init(&link->pairs);
	init_toward(&link->toward, now_ms(bridge));
	link->is_up = link->side == SIDE_SIP;
	if (link->side == SIDE_SIP)
		return;
	link->unsure.from_ms = BEFORE_START_MS;
	link->unsure.to_ms = BEFORE_START_MS + 1;
}

static void init_links(struct bridge *bridge)
{
	unsigned count = bridge->params.link_count;

	bridge->link_count = CHAT_LINKS + (count == 0 ? 1 : count);
	bridge->links = mem_zalloc(bridge->link_count * sizeof *bridge->links);
	for (unsigned i = 0; i < bridge->link_count; i++)
		init_link(bridge, i);
	for (int side = 0; side < 2; side++)
		rate_init(&bridge->sides[side].rate, 1e9, now_ms(bridge));
}

struct side_link *chat_link(const struct bridge *bridge, const struct address *sip_user)
{
	unsigned count = bridge->link_count - CHAT_LINKS;
	unsigned number = 0;

	if (count > 1 && bridge->params.link_of != NULL)
		number = bridge->params.link_of(sip_user, bridge->params.arg);
	return &bridge->links[CHAT_LINKS + (number < count ? number : 0)];
}

struct side_link *link_between(const struct bridge *bridge, const struct address *from,
			       const struct address *to)
{
	return to->side == SIDE_SIP ? &bridge->links[SIP_LINK] : chat_link(bridge, from);
}

struct pair *bridge_pair(struct bridge *bridge, const struct address *watcher,
			 const struct address *watched)
{
	struct pair *pair = pairs_make(bridge->pairs, watcher, watched, bridge, now_ms(bridge));

	if (pair->chat == NULL) {
		pair->chat = chat_link(bridge, watcher->side == SIDE_SIP ? watcher : watched);
		list_append(&pair->chat->pairs, &pair->by_chat);
	}
	return pair;
}

int bridge_new(struct bridge **out, const struct bridge_params *params)
{
	struct bridge *bridge = mem_zalloc(sizeof *bridge);

	bridge->params = *params;
	bridge->steady_from_ms = loop_wall_ms(params->loop) - (int64_t)now_ms(bridge);
	random_bytes(bridge->key, sizeof bridge->key);
	init_links(bridge);
	pairs_new(&bridge->pairs);
	bridge->peers = table_new();
	exchanges_new(&bridge->exchanges);
	shares_init(&bridge->open_by_user);
	shares_init(&bridge->open_by_peer);
	echo_guard_new(&bridge->echo, bridge->key);
	typing_init(bridge);
	receipts_init(bridge);
	flow_init(bridge);
	list_init(&bridge->left);
	recall_init(bridge);
	learned_new(&bridge->learned, params->loop, params->store);
	bridge->ledger = mem_zalloc(sizeof *bridge->ledger);
	bridge->ledger->bridge = bridge;
	list_init(&bridge->acts);
	list_init(&bridge->shows);
	list_init(&bridge->quiet);
	list_init(&bridge->gone);
	list_init(&bridge->refused);
	*out = bridge;
	return 0;
}

void bridge_attach(struct bridge *bridge, enum side which, const struct side_ops *ops, void *side)
{
	bridge->sides[which].ops = ops;
	bridge->sides[which].side = side;
}

static bool free_peer(void *value, void *arg)
{
	(void)arg;
	mem_free(value);
	return true;
}

static void free_ledger(struct bridge *bridge)
{
	bridge->ledger->bridge = NULL;
	if (bridge->ledger->pending == 0)
		mem_free(bridge->ledger);
}

void bridge_free(struct bridge **bridge_to_free)
{
	struct bridge *bridge = *bridge_to_free;

	if (bridge == NULL)
		return;
	loop_forget(bridge->params.loop, bridge);
	sync_cancel(bridge);
	loop_timer_cancel(&bridge->interest_timer);
	loop_timer_cancel(&bridge->answer_timer);
	acts_free(bridge);
	recall_free(bridge);
	pairs_free(&bridge->pairs);
	exchanges_free(&bridge->exchanges);
	shares_clear(&bridge->open_by_user);
	shares_clear(&bridge->open_by_peer);
	echo_guard_free(&bridge->echo);
	typing_free(bridge);
	receipts_free(bridge);
	flow_free(bridge);
	learned_free(&bridge->learned);
	table_each(bridge->peers, free_peer, NULL);
	table_free(&bridge->peers);
	free_ledger(bridge);
	mem_free(bridge->links);
	buf_free(&bridge->scratch);
	mem_free(bridge);
	*bridge_to_free = NULL;
}

/* Start ---------------------------------------------------------------------------------------- */

/* The configuration may have changed since: who may not use the bridge any more is shown nothing.
 * The row stays in the store, for the day he may again. */
static bool may_have(const struct bridge *bridge, const struct pair_row *row)
{
	const struct bridge_params *params = &bridge->params;
	bool from_sip = row->watcher.side == SIDE_SIP;

	return params->may_use(from_sip ? &row->watched : &row->watcher, params->arg) &&
	       params->is_served(from_sip ? &row->watcher : &row->watched, params->arg);
}

/* What was said not long before the last end may have gone into a link that was broken already, and
 * again into one that broke again; the watcher is told once more (bridge_sync.c). */
static void mark_unsure(const struct bridge *bridge, struct pair *pair)
{
	const struct store *store = bridge->params.store;
	/* With a clock that is wrong the rows were moved: the newest is of now (REL-031). */
	int64_t last = store_clock_is_wrong(store)
			       ? steady_s(bridge)
			       : store_last_alive(store) + steady_ahead_s(bridge);
	int64_t at = pair->row.state == PAIR_GRANTED   ? pair->row.granted_at
		     : pair->row.state == PAIR_REFUSED ? pair->row.refused_at
		     : pair->row.state == PAIR_ENDED   ? pair->row.ended_at
						       : 0;

	if (watcher_side(pair) == SIDE_XMPP && store_last_alive(store) != 0 && at != 0 &&
	    at >= last - UNSURE_AT_START_S)
		pair->entered_ms = BEFORE_START_MS;
}

static void on_row(const struct pair_row *row, void *arg)
{
	struct ledger *ledger = arg;
	struct bridge *bridge = ledger->bridge;
	struct pair *pair;

	/* A row of a version that was not so careful must not do harm. */
	if (bridge == NULL || row->state == PAIR_NONE || row->watcher.side == row->watched.side ||
	    !may_have(bridge, row))
		return;
	pair = bridge_pair(bridge, &row->watcher, &row->watched);
	if (pair->row.state != PAIR_NONE)
		return;
	pair->x = exchange_new();
	pair->row.state = row->state;
	pair->row.asked_at = row->asked_at;
	pair->row.granted_at = row->granted_at;
	pair->row.refused_at = row->refused_at;
	pair->row.ended_at = row->ended_at;
	pair->row.heard_at = row->heard_at;
	pair_row_move(&pair->row, steady_ahead_s(bridge));
	mark_unsure(bridge, pair);
	bridge_count(bridge, pair, +1);
}

/* The end of the start: the sides are there when the loop goes on. */
static void on_queue(int error, struct bridge *bridge)
{
	if (bridge->is_loaded && !bridge->is_stopped)
		sync_start(bridge);
	if (bridge->started != NULL)
		bridge->started(bridge->is_loaded ? error : EIO, bridge->started_arg);
}

/* What is stopped reads nothing more: its store may end before it has done so. */
static void on_recalled(struct bridge *bridge)
{
	if (bridge->is_stopped)
		on_queue(0, bridge);
	else
		restart_load(bridge, on_queue);
}

static void on_loaded(int error, void *arg)
{
	struct ledger *ledger = arg;
	struct bridge *bridge = ledger->bridge;

	ledger->pending--;
	if (bridge == NULL) {
		if (ledger->pending == 0)
			mem_free(ledger);
		return;
	}
	if (error != 0)
		bridge->params.counters->store_failed++;
	bridge->is_loaded = error == 0;
}

static void on_learned(int error, void *arg)
{
	struct bridge *bridge = arg;

	if (error != 0)
		bridge->params.counters->store_failed++;
}

void bridge_start(struct bridge *bridge, store_done_fn *done, void *arg)
{
	learned_start(bridge->learned, on_learned, bridge);
	receipts_start(bridge);
	bridge->started = done;
	bridge->started_arg = arg;
	bridge->ledger->pending++;
	store_load_pairs(bridge->params.store, on_row, on_loaded, bridge->ledger);
	recall_load(bridge, on_recalled);
}

/* Stop ----------------------------------------------------------------------------------------- */

/* D-48: chat users would see green dots for ever; phones come back at different times. */
static void say_goodbye(struct bridge *bridge, struct pair *pair)
{
	struct half *watchers = &bridge->sides[watcher_side(pair)];
	struct watch watch = pair_watch(pair);

	if (watcher_side(pair) == SIDE_SIP) {
		struct fault fault;

		fault_set(&fault, FAULT_LINK_DOWN, "the bridge is being stopped");
		fault.retry_after_s = 10 + (int)random_below(21);
		if (pair->is_live)
			watchers->ops->answer(watchers->side, &watch, WATCH_FAILED, &fault, NULL);
	} else if (pair->told_open && pair->chat->is_up) {
		watchers->ops->tell(watchers->side, &watch, NULL);
	}
}

static bool say_goodbyes(struct side_link *link)
{
	while (link->goodbye != NULL && link->goodbye != &link->pairs) {
		struct pair *pair = LIST_ENTRY(link->goodbye, struct pair, by_chat);

		if (link->is_up && link_is_full(link))
			return false;
		link->goodbye = link->goodbye->next;
		say_goodbye(link->bridge, pair);
	}
	link->goodbye = NULL;
	return true;
}

bool bridge_stop_more(struct bridge *bridge)
{
	bool is_done = true;

	for (unsigned i = CHAT_LINKS; i < bridge->link_count; i++)
		is_done &= say_goodbyes(&bridge->links[i]);
	return is_done;
}

void bridge_stop(struct bridge *bridge, bool tell)
{
	if (bridge->is_stopped)
		return;
	recall_stop(bridge);
	bridge->is_stopped = true;
	loop_forget(bridge->params.loop, bridge);
	sync_cancel(bridge);
	loop_timer_cancel(&bridge->interest_timer);
	acts_free(bridge);
	typing_forget(bridge, NULL);
	LIST_EACH(it, next, pairs_all(bridge->pairs))
	loop_timer_cancel(&LIST_ENTRY(it, struct pair, all)->timer);
	for (unsigned i = CHAT_LINKS; tell && i < bridge->link_count; i++)
		bridge->links[i].goodbye = bridge->links[i].pairs.next;
	(void)bridge_stop_more(bridge);
	message_end_all(bridge);
	flow_stop(bridge);
}

struct learned *bridge_learned(struct bridge *bridge)
{
	return bridge->learned;
}

/* For the control commands --------------------------------------------------------------------- */

static void show_row(const struct bridge *bridge, const struct pair *pair, bridge_pair_fn *each,
		     void *arg)
{
	struct pair_row row = bridge_row(bridge, pair);

	each(&row, book_now(pair->entry), arg);
}

static void show_pair(const struct bridge *bridge, struct list *link, bool as_watcher,
		      bridge_pair_fn *each, void *arg)
{
	struct pair *pair = as_watcher ? LIST_ENTRY(link, struct pair, by_watcher)
				       : LIST_ENTRY(link, struct pair, by_watched);

	if (pair->row.state != PAIR_NONE)
		show_row(bridge, pair, each, arg);
}

void bridge_each_pair(struct bridge *bridge, const struct address *address, bridge_pair_fn *each,
		      void *arg)
{
	struct user *user;

	if (address == NULL) {
		LIST_EACH(it, next, pairs_all(bridge->pairs))
		{
			struct pair *pair = LIST_ENTRY(it, struct pair, all);

			if (pair->row.state != PAIR_NONE)
				show_row(bridge, pair, each, arg);
		}
		return;
	}
	user = pairs_find_user(bridge->pairs, address);
	if (user == NULL)
		return;
	LIST_EACH(it, next, &user->watching)
	show_pair(bridge, it, true, each, arg);
	LIST_EACH(it, next, &user->watched)
	show_pair(bridge, it, false, each, arg);
}

size_t bridge_pair_count(const struct bridge *bridge)
{
	return bridge->living;
}

int bridge_forget(struct bridge *bridge, const struct address *watcher,
		  const struct address *watched)
{
	struct pair *pair = pairs_find(bridge->pairs, watcher, watched);

	if (bridge->is_stopped || pair == NULL || pair->row.state == PAIR_NONE)
		return ENOENT;
	bridge_step(bridge, pair, EVENT_FORGOTTEN, NULL, NULL);
	bridge_let_go(bridge, pair);
	return 0;
}
