/* The core with a store that fails for a while: this file stands in for store/store.c. */
#include "support/check.h"

#include <errno.h>

#include "base/mem.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "model/limits.h"
#include "store/store.h"
#include "support/fake_loop.h"
#include "support/fake_side.h"

struct store {
	int error; /* of the writes from now on */
	unsigned writes;
	enum pair_state on_disk;
	unsigned presence_writes;
	bool has_presence;
};

void store_load_pairs(struct store *store, store_pair_fn *each, store_done_fn *done, void *arg)
{
	(void)store;
	(void)each;
	done(0, arg);
}

void store_put_pair(struct store *store, const struct pair_row *row, store_done_fn *done, void *arg)
{
	store->writes++;
	if (store->error == 0)
		store->on_disk = row->state;
	done(store->error, arg);
}

void store_drop_pair(struct store *store, const struct address *watcher,
		     const struct address *watched, store_done_fn *done, void *arg)
{
	(void)watcher;
	(void)watched;
	store->writes++;
	if (store->error == 0)
		store->on_disk = PAIR_NONE;
	done(store->error, arg);
}

void store_load_presence(struct store *store, store_presence_fn *each, store_done_fn *done,
			 void *arg)
{
	(void)store;
	(void)each;
	done(0, arg);
}

void store_put_presence(struct store *store, const struct presence_row *row, store_done_fn *done,
			void *arg)
{
	(void)row;
	store->presence_writes++;
	if (store->error == 0)
		store->has_presence = true;
	done(store->error, arg);
}

void store_drop_presence(struct store *store, const struct address *watched,
			 const struct address *watcher, store_done_fn *done, void *arg)
{
	(void)watched;
	(void)watcher;
	store->presence_writes++;
	if (store->error == 0)
		store->has_presence = false;
	done(store->error, arg);
}

bool store_clock_is_wrong(const struct store *store)
{
	(void)store;
	return false;
}

int64_t store_last_alive(const struct store *store)
{
	(void)store;
	return 0;
}

struct world {
	struct store store;
	struct loop *loop;
	struct bridge *bridge;
	struct fake_side *sides[2];
	struct limits limits;
	struct counters counters;
	struct address juliet;
	struct address phone;
	struct watch watch; /* the phone watches juliet */
};

static bool yes(const struct address *user, void *arg)
{
	(void)user;
	(void)arg;
	return true;
}

static int setup(void **state)
{
	struct world *world = mem_zalloc(sizeof *world);
	struct bridge_params params = {.store = &world->store,
				       .limits = &world->limits,
				       .counters = &world->counters,
				       .may_use = yes,
				       .is_served = yes,
				       .ask_again_s = 7 * 86400,
				       .refusal_hold_s = 86400,
				       .hold_s = 30,
				       .answer_s = 40};

	loop_new(&world->loop);
	params.loop = world->loop;
	limits_defaults(&world->limits);
	bridge_new(&world->bridge, &params);
	for (int side = 0; side < 2; side++) {
		fake_side_new(&world->sides[side], (enum side)side, NULL, NULL);
		bridge_attach(world->bridge, (enum side)side, fake_side_ops(), world->sides[side]);
	}
	bridge_start(world->bridge, NULL, NULL);
	bridge_link(world->bridge, SIDE_XMPP, 0, true);
	address_set(&world->juliet, SIDE_XMPP, "juliet", "chat.example");
	address_set(&world->phone, SIDE_SIP, "1001", "pbx.example");
	world->watch = (struct watch){.watcher = &world->phone, .watched = &world->juliet};
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	bridge_free(&world->bridge);
	for (int side = 0; side < 2; side++)
		fake_side_free(&world->sides[side]);
	address_clear(&world->juliet);
	address_clear(&world->phone);
	loop_free(&world->loop);
	mem_free(world);
	return 0;
}

static void grant(struct world *world)
{
	const struct presence *now;
	struct fault fault;

	bridge_watch_requested(world->bridge, &world->watch, &now, &fault);
	bridge_watch_answered(world->bridge, &world->watch, WATCH_ALLOWED, NULL);
	fake_loop_run(world->loop);
	assert_int_equal(world->store.on_disk, PAIR_GRANTED);
}

/* [REL-009] [SEC-031] the disk is full when she takes her yes back: it is on disk once there is
 * room */
static void end_of_a_grant_reaches_the_disk(void **state)
{
	struct world *world = *state;

	grant(world);
	world->store.error = ENOSPC;
	bridge_watch_answered(world->bridge, &world->watch, WATCH_REJECTED, NULL);
	fake_loop_advance(world->loop, 60000);
	assert_int_equal(world->store.on_disk, PAIR_GRANTED);
	world->store.error = 0;
	fake_loop_advance(world->loop, 20000);
	assert_int_equal(world->store.on_disk, PAIR_REFUSED);
}

/* [REL-009] nothing is written again that was written, and a failing disk is not hammered */
static void failed_writes_alone_are_repeated(void **state)
{
	struct world *world = *state;

	grant(world);
	world->store.writes = 0;
	fake_loop_advance(world->loop, 600000);
	assert_int_equal(world->store.writes, 0);
	world->store.error = ENOSPC;
	bridge_watch_answered(world->bridge, &world->watch, WATCH_REJECTED, NULL);
	fake_loop_advance(world->loop, 60000);
	assert_in_range(world->store.writes, 2, 7);
	world->store.error = 0;
	fake_loop_advance(world->loop, 20000);
	world->store.writes = 0;
	fake_loop_advance(world->loop, 600000);
	assert_int_equal(world->store.writes, 0);
}

/* a row that the store refuses for what it is will not be taken later either */
static void refused_rows_are_not_repeated(void **state)
{
	struct world *world = *state;

	grant(world);
	world->store.error = EINVAL;
	world->store.writes = 0;
	bridge_watch_answered(world->bridge, &world->watch, WATCH_REJECTED, NULL);
	fake_loop_advance(world->loop, 600000);
	assert_int_equal(world->store.writes, 1);
}

static void change(struct world *world, bool is_open)
{
	static char desk[] = "desk";
	static int priority;
	struct device device = {.id = desk,
				.basic = is_open ? BASIC_OPEN : BASIC_CLOSED,
				.priority = ++priority % 100};

	bridge_device(world->bridge, &world->watch, &device);
}

/* [D-49] [REL-011] a source that talks all the time costs a row a second */
static void presence_is_written_once_a_second(void **state)
{
	struct world *world = *state;

	grant(world);
	for (int i = 0; i < 500; i++) {
		change(world, true);
		fake_loop_advance(world->loop, 10);
	}
	assert_in_range(world->store.presence_writes, 4, 5);
	fake_loop_advance(world->loop, 2000);
	assert_true(world->store.has_presence);
	world->store.presence_writes = 0;
	fake_loop_advance(world->loop, 600000);
	assert_int_equal(world->store.presence_writes, 0);
}

/* [REL-009] a disk that is full for a while: what is true is there afterwards, and what is not true
 * any more is not */
static void presence_reaches_the_disk(void **state)
{
	struct world *world = *state;

	grant(world);
	world->store.error = ENOSPC;
	change(world, true);
	fake_loop_advance(world->loop, 60000);
	assert_false(world->store.has_presence);
	assert_in_range(world->store.presence_writes, 2, 7);
	world->store.error = 0;
	fake_loop_advance(world->loop, 20000);
	assert_true(world->store.has_presence);
	world->store.error = ENOSPC;
	bridge_watch_answered(world->bridge, &world->watch, WATCH_REJECTED, NULL);
	fake_loop_advance(world->loop, 60000);
	assert_true(world->store.has_presence);
	world->store.error = 0;
	fake_loop_advance(world->loop, 20000);
	assert_false(world->store.has_presence);
	world->store.presence_writes = 0;
	fake_loop_advance(world->loop, 600000);
	assert_int_equal(world->store.presence_writes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(end_of_a_grant_reaches_the_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(failed_writes_alone_are_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_rows_are_not_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(presence_is_written_once_a_second, setup, teardown),
		cmocka_unit_test_setup_teardown(presence_reaches_the_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
