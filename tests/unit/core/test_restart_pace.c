/* A restart with 100,000 pairs: everything is answered from the store at once, all is heard again
 * at the pace of limits.outward_per_s and never faster, nobody is asked, and what has not changed
 * is told once. */
#include "support/check.h"

#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "model/limits.h"
#include "model/presence_code.h"
#include "store/store.h"
#include "support/fake_loop.h"
#include "support/moody_store.h"

enum {
	WAY = 50000, /* pairs each way */
	LINKS = 2,
	STEP_MS = 20,
	SECONDS = 400,
	BURST = 20 /* of a bucket, beside its rate */
};

struct pending {
	struct watch watch;
	struct address watcher;
	struct address watched;
};

struct world {
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
	struct limits limits;
	struct counters counters;
	uint64_t started_ms;
	struct presence known;
	struct pending *pending; /* what the other servers have to answer */
	size_t pending_count;
	unsigned written[2][SECONDS]; /* requests and stanzas in each second */
	unsigned watches, refreshes, tells[2], answers, asks, unknown;
};

struct end {
	struct world *world;
	enum side side;
};

static void count(struct end *end)
{
	uint64_t second = (loop_now(end->world->loop) - end->world->started_ms) / 1000;

	assert_true(second < SECONDS);
	end->world->written[end->side][second]++;
}

static void put_pending(struct world *world, const struct watch *watch)
{
	struct pending *pending = &world->pending[world->pending_count++];

	assert_true(world->pending_count <= 2 * WAY);
	address_copy(&pending->watcher, watch->watcher);
	address_copy(&pending->watched, watch->watched);
	pending->watch = *watch;
	pending->watch.watcher = &pending->watcher;
	pending->watch.watched = &pending->watched;
}

static void on_watch(void *arg, const struct watch *watch, bool ask)
{
	struct end *end = arg;

	end->world->asks += ask;
	if (end->side == SIDE_XMPP)
		return; /* nothing is written without a question */
	count(end);
	end->world->watches++;
	put_pending(end->world, watch);
}

static void on_unwatch(void *arg, const struct watch *watch, enum unwatch_why why)
{
	(void)arg;
	(void)watch;
	(void)why;
	fail();
}

static void on_refresh(void *arg, const struct watch *watch)
{
	struct end *end = arg;

	count(end);
	end->world->refreshes++;
	put_pending(end->world, watch);
}

static void on_answer(void *arg, const struct watch *watch, enum watch_answer answer,
		      const struct fault *fault, const struct presence *now)
{
	struct end *end = arg;

	(void)watch;
	(void)answer;
	(void)fault;
	(void)now;
	count(end);
	end->world->answers++;
}

static void on_tell(void *arg, const struct watch *watch, const struct presence *presence)
{
	struct end *end = arg;

	(void)watch;
	count(end);
	end->world->tells[end->side]++;
	if (presence == NULL || !presence_equal(presence, &end->world->known))
		end->world->unknown++;
}

static const struct side_ops ops = {.watch = on_watch,
				    .unwatch = on_unwatch,
				    .refresh = on_refresh,
				    .answer = on_answer,
				    .tell = on_tell};

/* Rows ----------------------------------------------------------------------------------------- */

static void name(int i, struct address *phone, struct address *chat)
{
	char local[32];

	(void)snprintf(local, sizeof local, "p%d", i);
	address_set(phone, SIDE_SIP, local, i % LINKS == 0 ? "pbx.example" : "pbx2.example");
	(void)snprintf(local, sizeof local, "c%d", i / 10);
	address_set(chat, SIDE_XMPP, local, "chat.example");
}

static void put_rows(struct world *world, bool from_sip, const struct buf *value, int64_t now_s)
{
	for (int i = 0; i < WAY; i++) {
		struct address phone, chat;
		struct pair_row pair = {.state = PAIR_GRANTED, .granted_at = now_s - 86400};
		struct presence_row presence = {
			.told_s = now_s, .value = value->data, .value_len = value->len};

		name(i, &phone, &chat);
		pair.watcher = presence.watcher = from_sip ? phone : chat;
		pair.watched = presence.watched = from_sip ? chat : phone;
		store_put_pair(world->store, &pair, NULL, NULL);
		store_put_presence(world->store, &presence, NULL, NULL);
		address_clear(&phone);
		address_clear(&chat);
	}
}

static void open_store(struct world *world)
{
	struct store_params params = {.engine = "failing", .loop = world->loop};
	char error[256];

	assert_int_equal(store_open(&world->store, &params, error, sizeof error), 0);
}

static void fill_store(struct world *world)
{
	int64_t now_s = loop_wall_ms(world->loop) / 1000;
	struct device *device = presence_add_device(&world->known, "t1");
	struct buf value = BUF_INIT;

	device->basic = BASIC_OPEN;
	device->since_ms = now_s * 1000;
	notes_add(&device->notes, "en", "In the office", 13);
	assert_int_equal(presence_encode(&world->known, &value), 0);
	open_store(world);
	put_rows(world, false, &value, now_s);
	put_rows(world, true, &value, now_s);
	fake_loop_run(world->loop);
	buf_free(&value);
	moody_store_keep(now_s);
	store_free(&world->store);
	fake_loop_advance(world->loop, 10000);
	open_store(world);
}

/* The bridge ----------------------------------------------------------------------------------- */

static bool yes(const struct address *address, void *arg)
{
	(void)address;
	(void)arg;
	return true;
}

static unsigned link_of(const struct address *address, void *arg)
{
	(void)arg;
	return address->domain[3] == '2' ? 1 : 0;
}

static void on_started(int error, void *arg)
{
	(void)arg;
	assert_int_equal(error, 0);
}

static void start(struct world *world, struct end ends[2])
{
	struct bridge_params params = {.loop = world->loop,
				       .store = world->store,
				       .limits = &world->limits,
				       .counters = &world->counters,
				       .may_use = yes,
				       .is_served = yes,
				       .link_of = link_of,
				       .link_count = LINKS,
				       .ask_again_s = 7 * 86400,
				       .refusal_hold_s = 86400,
				       .hold_s = 30,
				       .answer_s = 40};

	bridge_new(&world->bridge, &params);
	for (int side = 0; side < 2; side++) {
		ends[side] = (struct end){world, (enum side)side};
		bridge_attach(world->bridge, (enum side)side, &ops, &ends[side]);
	}
	bridge_start(world->bridge, on_started, world);
	fake_loop_run(world->loop);
}

static void restore_dialogs(struct world *world)
{
	for (int i = 0; i < WAY; i++) {
		struct address phone, chat;
		struct watch watch = {.watcher = &phone, .watched = &chat};
		struct fault fault;

		name(i, &phone, &chat);
		assert_int_equal(bridge_watch_restored(world->bridge, &watch, &fault),
				 WATCH_ALLOWED);
		address_clear(&phone);
		address_clear(&chat);
	}
}

/* All servers say what they said before. */
static void answer_pending(struct world *world)
{
	for (size_t i = 0; i < world->pending_count; i++) {
		struct pending *pending = &world->pending[i];

		if (pending->watched.side == SIDE_SIP) {
			bridge_watch_answered(world->bridge, &pending->watch, WATCH_ALLOWED, NULL);
			bridge_presence(world->bridge, &pending->watch, &world->known);
		} else {
			bridge_device(world->bridge, &pending->watch, &world->known.devices[0]);
		}
		address_clear(&pending->watcher);
		address_clear(&pending->watched);
	}
	world->pending_count = 0;
}

static unsigned worst(const unsigned *seconds)
{
	unsigned most = 0;

	for (int i = 0; i < SECONDS; i++)
		most = seconds[i] > most ? seconds[i] : most;
	return most;
}

static int last_busy(const struct world *world)
{
	int last = 0;

	for (int i = 0; i < SECONDS; i++) {
		if (world->written[SIDE_SIP][i] + world->written[SIDE_XMPP][i] > 0)
			last = i;
	}
	return last;
}

static double cpu_s(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static void run(struct world *world)
{
	int64_t per_s = world->limits.outward_per_s;
	double before;
	struct end ends[2];

	fill_store(world);
	world->started_ms = loop_now(world->loop);
	before = cpu_s();
	start(world, ends);
	restore_dialogs(world);
	(void)printf("%d pairs: served after %.2f s of CPU\n", 2 * WAY, cpu_s() - before);
	for (unsigned i = 0; i < LINKS; i++)
		bridge_link(world->bridge, SIDE_XMPP, i, true);
	while (loop_now(world->loop) < world->started_ms + (uint64_t)(SECONDS - 10) * 1000) {
		fake_loop_advance(world->loop, STEP_MS);
		answer_pending(world);
	}
	(void)printf(
		"worst second: %u to SIP, %u to XMPP (at most %lld a second); over after %d s, "
		"%.2f s of CPU\n",
		worst(world->written[SIDE_SIP]), worst(world->written[SIDE_XMPP]), (long long)per_s,
		last_busy(world), cpu_s() - before);
	assert_in_range(worst(world->written[SIDE_SIP]), 1, per_s + BURST);
	assert_in_range(worst(world->written[SIDE_XMPP]), 1, per_s + BURST);
}

/* [REL-014] [REL-027] [D-49] [PRES-186] [PRS-006] [PRS-007] [PRS-013] [PRS-014] [REL-012] */
static void restart_is_paced(void **state)
{
	struct world *world = mem_zalloc(sizeof *world);

	(void)state;
	loop_new(&world->loop);
	limits_defaults(&world->limits);
	world->pending = mem_array(2 * WAY, sizeof *world->pending);
	run(world);
	assert_int_equal(world->watches, WAY);
	assert_int_equal(world->refreshes, WAY);
	assert_int_equal(world->tells[SIDE_XMPP], WAY);
	assert_int_equal(world->tells[SIDE_SIP], WAY);
	assert_int_equal(world->answers, 0);
	assert_int_equal(world->asks, 0);
	assert_int_equal(world->unknown, 0);
	bridge_free(&world->bridge);
	fake_loop_run(world->loop);
	store_free(&world->store);
	moody_store_forget();
	presence_clear(&world->known);
	mem_free(world->pending);
	loop_free(&world->loop);
	mem_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(restart_is_paced)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
