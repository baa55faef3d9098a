/* Random reports of both sides, 400,000 of them, against the real core; a small model of our own
 * says what must never happen: nobody is granted or shown anything without the watched's yes, nor
 * after it ended [SEC-030] [SEC-031] what one watcher was told is never shown to another [PRES-126]
 * [PRES-195] [REQ-012] no chat user is asked twice within ask_again [D-13] [PRES-185] each message
 * ends exactly once and is counted so [REQ-094] [REL-060] no side is called from inside its own
 * report in the end every watcher sees the newest state [PRES-189] [PRS-014] */
#include "support/check.h"

#include <stdio.h>

#include "base/buf.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "model/limits.h"
#include "model/presence_view.h"
#include "model/rich.h"
#include "support/fake_loop.h"
#include "support/moody_store.h"

/* USERS on each side, STEPS in each world. */
enum { USERS = 5, PAIRS = USERS * USERS, LINKS = 2, WORLDS = 4, STEPS = 100000 };
enum { ASK_AGAIN_S = 3600, OPEN_MAX = 64 };

/* Pair i of way w: watcher i / USERS, watched i % USERS. */
struct model {
	bool wanted;  /* the watcher asked */
	bool granted; /* and the watched said yes */
	bool has_dialog;
	bool is_ended; /* it was, by an answer: he sees nothing more */
	bool excused;  /* nobody was asked by the last question, or he may be asked again */
	bool was_asked;
	bool is_unsaid; /* what came last was not told yet: a start asks again */
	int64_t asked_s;
	struct presence shown; /* what the watcher saw last */
	bool is_shown;
};

struct world {
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
	struct limits limits;
	struct counters counters;
	struct address users[2][USERS];
	struct model pairs[2][PAIRS]; /* by the side of the watcher */
	struct {
		exchange_id x;
		int finished;
	} messages[OPEN_MAX];
	exchange_id last_x;    /* messages written so far */
	bool is_up[1 + LINKS]; /* SIP, and the streams of the chat server */
	bool is_full;          /* those */
	bool is_reporting;
	uint64_t seed;
};

/* One side of the world. */
struct end {
	struct world *world;
	enum side which;
};

static uint64_t dice(struct world *world, uint64_t below)
{
	world->seed ^= world->seed << 13;
	world->seed ^= world->seed >> 7;
	world->seed ^= world->seed << 17;
	return world->seed % below;
}

static int index_of(const struct address *address)
{
	return address->local[1] - '0';
}

static struct model *model_of(struct world *world, const struct watch *watch)
{
	return &world->pairs[watch->watcher->side]
			    [index_of(watch->watcher) * USERS + index_of(watch->watched)];
}

/* The SIP users in turn are behind the streams (D-02). */
static unsigned link_of(const struct address *sip_user, void *arg)
{
	(void)arg;
	return (unsigned)index_of(sip_user) % LINKS;
}

/* The stream of this pair is up. */
static bool is_linked(const struct world *world, const struct watch *watch)
{
	bool from_sip = watch->watcher->side == SIDE_SIP;

	return world->is_up[1 + link_of(from_sip ? watch->watcher : watch->watched, NULL)];
}

static int64_t now_s(const struct world *world)
{
	return loop_wall_ms(world->loop) / 1000;
}

/* The sides ------------------------------------------------------------------------------------ */

static void see(struct world *world, const struct watch *watch, const struct presence *presence)
{
	struct model *model = model_of(world, watch);
	char own[16];

	(void)snprintf(own, sizeof own, "%c%d%d-", side_name(watch->watcher->side)[0],
		       index_of(watch->watcher), index_of(watch->watched));
	assert_true(model->granted);
	presence_clear(&model->shown);
	model->is_shown = presence != NULL;
	if (presence == NULL)
		return;
	for (size_t i = 0; i < presence->device_count; i++)
		assert_memory_equal(presence->devices[i].id, own, strlen(own));
	if (presence->person.rich != NULL)
		assert_memory_equal(presence->person.rich->mood, own, strlen(own));
	presence_copy(&model->shown, presence);
}

static void on_watch(void *arg, const struct watch *watch, bool ask)
{
	struct end *end = arg;
	struct model *model = model_of(end->world, watch);

	assert_false(end->world->is_reporting);
	assert_int_equal(watch->watched->side, end->which);
	assert_true(model->wanted || model->granted);
	if (!ask || end->which == SIDE_SIP)
		return;
	assert_true(is_linked(end->world, watch));
	if (model->was_asked && !model->excused)
		assert_true(now_s(end->world) - model->asked_s >= ASK_AGAIN_S);
	model->was_asked = true;
	model->excused = false;
	model->asked_s = now_s(end->world);
}

static void on_unwatch(void *arg, const struct watch *watch, enum unwatch_why why)
{
	struct end *end = arg;

	(void)why;
	assert_false(end->world->is_reporting);
	assert_int_equal(watch->watched->side, end->which);
}

static void on_refresh(void *arg, const struct watch *watch)
{
	struct end *end = arg;

	assert_false(end->world->is_reporting);
	assert_true(model_of(end->world, watch)->granted || end->which == SIDE_SIP);
}

static bool on_is_full(void *arg, unsigned link)
{
	const struct end *end = arg;

	return end->which == SIDE_XMPP && end->world->is_full && end->world->is_up[1 + link];
}

static void on_answer(void *arg, const struct watch *watch, enum watch_answer answer,
		      const struct fault *fault, const struct presence *now)
{
	struct end *end = arg;

	(void)fault;
	model_of(end->world, watch)->is_unsaid = false;
	assert_false(end->world->is_reporting);
	assert_false(end->which == SIDE_XMPP && end->world->is_full);
	assert_int_equal(watch->watcher->side, end->which);
	if (answer == WATCH_ALLOWED)
		see(end->world, watch, now);
	else if (answer != WATCH_PENDING)
		model_of(end->world, watch)->is_ended = true;
}

static void on_tell(void *arg, const struct watch *watch, const struct presence *presence)
{
	struct end *end = arg;

	assert_false(end->world->is_reporting);
	assert_false(end->which == SIDE_XMPP && end->world->is_full);
	assert_true(end->which == SIDE_SIP ? end->world->is_up[0] : is_linked(end->world, watch));
	if (end->which == SIDE_SIP)
		assert_true(model_of(end->world, watch)->has_dialog);
	see(end->world, watch, presence);
}

static void on_tell_person(void *arg, const struct watch *watch, const struct presence *presence)
{
	const struct end *end = arg;

	assert_int_equal(end->which, SIDE_XMPP);
	assert_non_null(presence);
	assert_true(presence_is_open(presence));
	on_tell(arg, watch, presence);
}

static void on_deliver(void *arg, exchange_id x, const struct address *from,
		       const struct address *to, const struct message *message)
{
	struct end *end = arg;

	(void)message;
	assert_int_equal(to->side, end->which);
	assert_int_not_equal(from->side, end->which);
	assert_int_equal(end->world->messages[x % OPEN_MAX].x, x);
}

static void on_finish(void *arg, exchange_id x, enum outcome outcome, const struct fault *fault)
{
	struct end *end = arg;
	struct world *world = end->world;

	assert_false(world->is_reporting);
	assert_int_equal(world->messages[x % OPEN_MAX].x, x);
	assert_int_equal(++world->messages[x % OPEN_MAX].finished, 1);
	assert_true((outcome == OUTCOME_TAKEN || outcome == OUTCOME_STORED) == (fault == NULL));
}

#define COMMON                                                                                     \
	.watch = on_watch, .unwatch = on_unwatch, .refresh = on_refresh, .answer = on_answer,      \
	.tell = on_tell, .deliver = on_deliver, .finish = on_finish
static const struct side_ops ops[2] = {
	[SIDE_SIP] = {COMMON},
	[SIDE_XMPP] = {COMMON, .tell_person = on_tell_person, .is_full = on_is_full}};

/* Events --------------------------------------------------------------------------------------- */

/* Every other time the first one, so that much happens to one pair in a short time. */
static struct watch any_pair(struct world *world, enum side watcher)
{
	if (dice(world, 2) == 0)
		return (struct watch){.watcher = &world->users[watcher][0],
				      .watched = &world->users[side_other(watcher)][0]};
	return (struct watch){.watcher = &world->users[watcher][dice(world, USERS)],
			      .watched = &world->users[side_other(watcher)][dice(world, USERS)]};
}

/* Whoever turns to somebody may be asked by him again (D-13). */
static void excuse_reverse(struct world *world, const struct watch *watch)
{
	struct watch reverse = {.watcher = watch->watched, .watched = watch->watcher};

	if (watch->watcher->side == SIDE_XMPP)
		model_of(world, &reverse)->excused = true;
}

static void request(struct world *world, struct watch *watch, bool is_probe)
{
	struct model *model = model_of(world, watch);
	const struct presence *now = NULL;
	struct fault fault = {0};
	enum watch_answer answer;

	if (is_probe && watch->watcher->side == SIDE_XMPP) {
		answer = bridge_probed(world->bridge, watch, &now, &fault);
	} else {
		answer = bridge_watch_requested(world->bridge, watch, &now, &fault);
		excuse_reverse(world, watch);
	}
	if (answer == WATCH_ALLOWED || answer == WATCH_PENDING) {
		model->wanted = true;
		model->has_dialog = true;
		model->is_ended = false;
	}
	if (answer == WATCH_ALLOWED)
		see(world, watch, now);
	assert_true(answer == WATCH_ALLOWED || now == NULL);
	if (answer == WATCH_PENDING && is_probe && watch->watcher->side == SIDE_XMPP &&
	    world->is_full)
		return; /* he is told when there is room */
	if (answer != WATCH_ALLOWED && answer != WATCH_FAILED)
		assert_false(model->granted);
}

static void answer_pair(struct world *world, struct watch *watch)
{
	struct model *model = model_of(world, watch);
	enum watch_answer answer = (enum watch_answer)dice(world, WATCH_FAILED + 1);
	bool to_sip = watch->watched->side == SIDE_SIP;

	/* Mostly yes, or the random walk would hardly ever be granted anything. */
	if (dice(world, 2) == 0)
		answer = WATCH_ALLOWED;
	if (answer == WATCH_ALLOWED && model->wanted)
		model->granted = true;
	if (answer == WATCH_REJECTED || (!model->granted && model->wanted &&
					 (answer == WATCH_FORBIDDEN || answer == WATCH_NO_SUCH))) {
		model->wanted = false;
		model->granted = false;
	}
	if (!to_sip && answer >= WATCH_FORBIDDEN && !model->granted)
		model->excused = true;
	/* Told later, or overtaken by a yes: the dialog has ended. */
	if (!to_sip && answer == WATCH_FAILED && !model->granted)
		model->is_ended = true;
	model->is_unsaid |= to_sip && !is_linked(world, watch);
	bridge_watch_answered(world->bridge, watch, answer, NULL);
}

static void make_device(struct world *world, const struct watch *watch, struct device *out)
{
	char id[24];

	(void)snprintf(id, sizeof id, "%c%d%d-%d", side_name(watch->watcher->side)[0],
		       index_of(watch->watcher), index_of(watch->watched), (int)dice(world, 3));
	*out = (struct device){.basic = dice(world, 3) == 0 ? BASIC_CLOSED : BASIC_OPEN,
			       .show = (enum show)dice(world, SHOW_XA + 1),
			       .priority = PRESENCE_PRIORITY_UNSET,
			       .is_im = true};
	out->id = strdup(id);
	if (out->basic == BASIC_CLOSED)
		out->show = SHOW_NONE;
}

static void make_person(struct world *world, const struct watch *watch, struct person *out)
{
	char mood[24];

	*out = (struct person){0};
	if (dice(world, 3) == 0)
		return;
	(void)snprintf(mood, sizeof mood, "%c%d%d-%d", side_name(watch->watcher->side)[0],
		       index_of(watch->watcher), index_of(watch->watched), (int)dice(world, 3));
	rich_set(&person_rich(out)->mood, mood, strlen(mood), RICH_WORD_BYTES_MAX);
}

static void change_person(struct world *world, struct watch *watch)
{
	struct person person;

	if (watch->watched->side != SIDE_XMPP)
		return;
	make_person(world, watch, &person);
	bridge_person(world->bridge, watch, &person);
	person_clear(&person);
}

static void change_presence(struct world *world, struct watch *watch)
{
	struct device device;

	make_device(world, watch, &device);
	if (watch->watched->side == SIDE_XMPP) {
		bridge_device(world->bridge, watch, &device);
	} else {
		struct presence document = {0};
		struct device *added = presence_add_device(&document, device.id);

		added->basic = device.basic;
		added->show = device.show;
		make_person(world, watch, &document.person);
		bridge_presence(world->bridge, watch, &document);
		presence_clear(&document);
	}
	device_clear(&device);
}

static void end_pair(struct world *world, struct watch *watch)
{
	struct model *model = model_of(world, watch);

	if (watch->watcher->side == SIDE_SIP && dice(world, 8) != 0) {
		model->has_dialog = false;
		bridge_watch_lapsed(world->bridge, watch);
		return;
	}
	model->wanted = false;
	model->granted = false;
	model->excused = true;
	if (watch->watcher->side == SIDE_XMPP)
		bridge_watch_withdrawn(world->bridge, watch);
	else
		(void)bridge_forget(world->bridge, watch->watcher, watch->watched);
}

static void write_message(struct world *world, enum side origin)
{
	struct watch ends = any_pair(world, origin);
	/* The queue has a walk of its own: test_random_messages.c. */
	struct message message = {.kind = MESSAGE_CHAT, .hops = -1, .must_not_wait = true};
	exchange_id x = ++world->last_x;
	char body[24];

	/* The slot before it must have ended by now, or it is told its end. */
	if (world->messages[x % OPEN_MAX].x != 0 && world->messages[x % OPEN_MAX].finished == 0) {
		world->is_reporting = false;
		bridge_outcome(world->bridge, world->messages[x % OPEN_MAX].x, OUTCOME_TAKEN, NULL);
		assert_int_equal(world->messages[x % OPEN_MAX].finished, 1);
	}
	world->messages[x % OPEN_MAX].x = x;
	world->messages[x % OPEN_MAX].finished = 0;
	message.body_len = (size_t)snprintf(body, sizeof body, "text %d", (int)dice(world, 30));
	message.body = body;
	excuse_reverse(world, &ends);
	bridge_message(world->bridge, origin, x, ends.watcher, ends.watched, &message);
}

static void end_message(struct world *world)
{
	exchange_id x = world->messages[dice(world, OPEN_MAX)].x;

	/* Also for those that ended long ago: only the first word counts. */
	world->is_reporting = false;
	bridge_outcome(world->bridge, x, (enum outcome)dice(world, OUTCOME_UNKNOWN + 1), NULL);
}

/* 0: SIP, else a stream. */
static void toggle_link(struct world *world, unsigned link)
{
	/* A question of the last minute before a break may never have arrived. */
	for (int i = 0; link > 0 && world->is_up[link] && i < PAIRS; i++) {
		struct model *model = &world->pairs[SIDE_SIP][i];

		if (model->was_asked && now_s(world) - model->asked_s <= 60)
			model->excused = true;
	}
	world->is_up[link] = !world->is_up[link];
	bridge_link(world->bridge, link == 0 ? SIDE_SIP : SIDE_XMPP, link == 0 ? 0 : link - 1,
		    world->is_up[link]);
}

/* Start and end -------------------------------------------------------------------------------- */

static bool yes(const struct address *address, void *arg)
{
	(void)address;
	(void)arg;
	return true;
}

/* D-14: the hold of a refused pair was over. Nothing else ends a pair by itself. */
static void on_changed(const struct watch *watch, enum pair_state from, enum pair_state to,
		       const struct fault *why, void *arg)
{
	struct model *model = model_of(arg, watch);

	if (from != PAIR_GRANTED || to != PAIR_ENDED || !model->granted)
		return;
	assert_int_equal(watch->watched->side, SIDE_SIP);
	assert_non_null(why);
	model->is_unsaid |= !is_linked(arg, watch);
	assert_int_equal(why->code, FAULT_FORBIDDEN);
	model->granted = false;
	model->wanted = false;
}

/* The store has what was told (bridge_save.c). */
static void adopt(const struct pair_row *row, const struct presence *now, void *arg)
{
	struct watch watch = {.watcher = &row->watcher, .watched = &row->watched};
	struct model *model = model_of(arg, &watch);

	(void)now;
	if (!model->is_unsaid)
		return;
	model->is_unsaid = false;
	model->granted = row->state == PAIR_GRANTED;
	model->wanted = model->granted || row->state == PAIR_ASKED;
}

static void on_started(int error, void *arg)
{
	struct world *world = arg;

	assert_int_equal(error, 0);
	bridge_each_pair(world->bridge, NULL, adopt, world);
}

static void begin(struct world *world, struct end *ends)
{
	struct bridge_params params = {.loop = world->loop,
				       .store = world->store,
				       .limits = &world->limits,
				       .counters = &world->counters,
				       .may_use = yes,
				       .is_served = yes,
				       .link_of = link_of,
				       .link_count = LINKS,
				       .pair_changed = on_changed,
				       .arg = world,
				       .ask_again_s = ASK_AGAIN_S,
				       .refusal_hold_s = 1800,
				       .hold_s = 30,
				       .answer_s = 40};

	assert_int_equal(bridge_new(&world->bridge, &params), 0);
	bridge_attach(world->bridge, SIDE_SIP, &ops[SIDE_SIP], &ends[SIDE_SIP]);
	bridge_attach(world->bridge, SIDE_XMPP, &ops[SIDE_XMPP], &ends[SIDE_XMPP]);
	bridge_start(world->bridge, on_started, world);
	fake_loop_run(world->loop);
	bridge_link(world->bridge, SIDE_SIP, 0, world->is_up[0]);
	for (unsigned i = 0; i < LINKS; i++)
		bridge_link(world->bridge, SIDE_XMPP, i, world->is_up[1 + i]);
}

static void open_store(struct world *world)
{
	struct store_params params = {.engine = "failing", .loop = world->loop};
	char error[256];

	assert_int_equal(store_open(&world->store, &params, error, sizeof error), 0);
}

/* Dialogs of phones that were kept; who has none subscribes anew some day. */
static void restore_dialogs(struct world *world)
{
	for (int i = 0; i < PAIRS; i++) {
		struct model *model = &world->pairs[SIDE_SIP][i];
		struct watch watch = {.watcher = &world->users[SIDE_SIP][i / USERS],
				      .watched = &world->users[SIDE_XMPP][i % USERS]};
		struct fault fault;
		enum watch_answer answer;

		if (!model->has_dialog || model->is_ended || dice(world, 4) == 0) {
			model->has_dialog = false;
			continue;
		}
		answer = bridge_watch_restored(world->bridge, &watch, &fault);
		model->has_dialog = answer == WATCH_ALLOWED || answer == WATCH_PENDING;
	}
}

static void restart(struct world *world, struct end *ends)
{
	world->is_reporting = false;
	bridge_stop(world->bridge, false);
	bridge_free(&world->bridge);
	for (int i = 0; i < OPEN_MAX; i++)
		assert_true(world->messages[i].x == 0 || world->messages[i].finished == 1);
	fake_loop_run(world->loop);
	moody_store_keep(now_s(world));
	store_free(&world->store);
	fake_loop_advance(world->loop, dice(world, 150000));
	open_store(world);
	begin(world, ends);
	restore_dialogs(world);
}

/* Mostly moments, so that things meet; now and then long enough for each timer. */
static uint64_t some_time(struct world *world)
{
	uint64_t roll = dice(world, 40000);

	if (roll == 0)
		return 1800000;
	if (roll < 20)
		return 35000;
	return roll < 10000 ? dice(world, 200) : 0;
}

static void step(struct world *world, struct end *ends)
{
	enum side watcher = dice(world, 2) == 0 ? SIDE_SIP : SIDE_XMPP;
	struct watch watch = any_pair(world, watcher);
	uint64_t roll = dice(world, 1000);

	world->is_reporting = true;
	if (roll < 200)
		request(world, &watch, roll < 80);
	else if (roll < 400)
		answer_pair(world, &watch);
	else if (roll < 700)
		change_presence(world, &watch);
	else if (roll < 740)
		end_pair(world, &watch);
	else if (roll < 840)
		write_message(world, watcher);
	else if (roll < 900)
		end_message(world);
	else if (roll < 920)
		bridge_user_seen(world->bridge, &world->users[SIDE_XMPP][dice(world, USERS)],
				 dice(world, 2) == 0);
	else if (roll < 930)
		toggle_link(world, (unsigned)dice(world, 1 + LINKS));
	else if (roll < 931)
		restart(world, ends);
	else if (roll < 940)
		world->is_full = !world->is_full;
	else
		change_person(world, &watch);
	world->is_reporting = false;
	fake_loop_run(world->loop);
	fake_loop_advance(world->loop, some_time(world));
}

/* The watcher's last sight is the present state. */
static void check_shown(const struct pair_row *row, const struct presence *now, void *arg)
{
	struct watch watch = {.watcher = &row->watcher, .watched = &row->watched};
	struct model *model = model_of(arg, &watch);
	struct presence_view shown;
	struct presence_view is;

	assert_int_equal(row->state == PAIR_GRANTED, model->granted);
	if (row->state != PAIR_GRANTED)
		return;
	if (now != NULL && presence_is_open(now) && model->is_shown &&
	    (row->watcher.side == SIDE_XMPP || (model->has_dialog && !model->is_ended)))
		assert_true(person_equal(&now->person, &model->shown.person));
	if (row->watcher.side == SIDE_SIP) {
		if (model->has_dialog && !model->is_ended)
			assert_int_equal(now != NULL && presence_is_open(now),
					 model->is_shown && presence_is_open(&model->shown));
		return;
	}
	presence_view_make(now, NULL, &is);
	presence_view_make(model->is_shown ? &model->shown : NULL, NULL, &shown);
	assert_true(presence_view_equal(&is, &shown));
}

/* [REL-060]: accepted = taken + refused + unknown. */
static void check_sums(const struct world *world)
{
	const struct counters *c = &world->counters;
	uint64_t taken = c->messages_to_xmpp + c->messages_to_sip;

	assert_int_equal(c->messages_from_sip + c->messages_from_xmpp,
			 taken + c->messages_refused + c->messages_unknown);
	assert_int_equal(world->last_x, taken + c->messages_refused + c->messages_unknown +
						c->messages_turned_away);
	assert_true(taken > 0 && c->messages_refused > 0 && c->messages_unknown > 0);
}

/* Links come back, everybody is online, time passes: nothing is left unsaid. */
static void settle(struct world *world)
{
	for (unsigned i = 0; i <= LINKS; i++) {
		if (!world->is_up[i])
			toggle_link(world, i);
	}
	world->is_full = false;
	for (int i = 0; i < USERS; i++)
		bridge_user_seen(world->bridge, &world->users[SIDE_XMPP][i], true);
	fake_loop_advance(world->loop, 300000);
	for (int i = 0; i < OPEN_MAX; i++)
		assert_true(world->messages[i].x == 0 || world->messages[i].finished == 1);
	check_sums(world);
	bridge_each_pair(world->bridge, NULL, check_shown, world);
}

static void run_world(uint64_t seed)
{
	static struct world world;
	struct end ends[2] = {{&world, SIDE_SIP}, {&world, SIDE_XMPP}};
	char local[16];

	world = (struct world){.seed = seed, .is_up = {true, true, true}};
	limits_defaults(&world.limits);
	world.limits.new_watches_per_minute = 1000000; /* the walk is to go everywhere */
	world.limits.questions_per_minute = 1000000;
	assert_int_equal(loop_new(&world.loop), 0);
	open_store(&world);
	for (int i = 0; i < USERS; i++) {
		(void)snprintf(local, sizeof local, "u%d", i);
		address_set(&world.users[SIDE_SIP][i], SIDE_SIP, local, "pbx.example");
		address_set(&world.users[SIDE_XMPP][i], SIDE_XMPP, local, "chat.example");
	}
	begin(&world, ends);
	for (int i = 1; i <= STEPS; i++) {
		step(&world, ends);
		if (i % 2000 == 0)
			settle(&world);
	}
	bridge_stop(world.bridge, false);
	bridge_free(&world.bridge);
	fake_loop_run(world.loop);
	store_free(&world.store);
	moody_store_forget();
	for (int i = 0; i < USERS; i++) {
		address_clear(&world.users[SIDE_SIP][i]);
		address_clear(&world.users[SIDE_XMPP][i]);
	}
	for (int i = 0; i < PAIRS; i++) {
		presence_clear(&world.pairs[SIDE_SIP][i].shown);
		presence_clear(&world.pairs[SIDE_XMPP][i].shown);
	}
	loop_free(&world.loop);
}

static void random_events(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= WORLDS; i++)
		run_world(i * UINT64_C(0x9e3779b97f4a7c15));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_events)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
