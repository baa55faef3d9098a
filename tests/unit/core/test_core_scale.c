/* Work per event at N and at 4N pairs, senders and waiting messages: the lookups in hash tables,
 * counted, and the CPU time, printed. A scan over all of something shows in the time, a search that
 * grows in both. */
#include "support/check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/table.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "model/limits.h"
#include "store/store.h"
#include "support/fake_loop.h"

enum { SMALL = 2000, TIMES = 4, LINKS = 4 };

/* Stands before table_find() (--wrap). */
static uint64_t lookups;
void *__real_table_find(const struct table *table, const void *key, size_t len);
void *__wrap_table_find(const struct table *table, const void *key, size_t len);

void *__wrap_table_find(const struct table *table, const void *key, size_t len)
{
	lookups++;
	return __real_table_find(table, key, len);
}

struct world {
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
	struct limits limits;
	struct counters counters;
	exchange_id *taken; /* handed over, to be answered */
	size_t taken_count;
	exchange_id next_x;
	int version;
};

/* Sides ---------------------------------------------------------------------------------------- */

static void on_watch(void *arg, const struct watch *watch, bool ask)
{
	(void)arg;
	(void)watch;
	(void)ask;
}

static void on_unwatch(void *arg, const struct watch *watch, enum unwatch_why why)
{
	(void)arg;
	(void)watch;
	(void)why;
}

static void on_refresh(void *arg, const struct watch *watch)
{
	(void)arg;
	(void)watch;
}

static void on_answer(void *arg, const struct watch *watch, enum watch_answer answer,
		      const struct fault *fault, const struct presence *now)
{
	(void)arg;
	(void)watch;
	(void)answer;
	(void)fault;
	(void)now;
}

static void on_tell(void *arg, const struct watch *watch, const struct presence *presence)
{
	(void)arg;
	(void)watch;
	(void)presence;
}

static void on_deliver(void *arg, exchange_id x, const struct address *from,
		       const struct address *to, const struct message *message)
{
	struct world *world = arg;

	(void)from;
	(void)to;
	(void)message;
	world->taken[world->taken_count++] = x;
}

static void on_finish(void *arg, exchange_id x, enum outcome outcome, const struct fault *fault)
{
	(void)arg;
	(void)x;
	(void)outcome;
	(void)fault;
}

static const struct side_ops ops = {.watch = on_watch,
				    .unwatch = on_unwatch,
				    .refresh = on_refresh,
				    .answer = on_answer,
				    .tell = on_tell,
				    .deliver = on_deliver,
				    .finish = on_finish};

static bool yes(const struct address *address, void *arg)
{
	(void)address;
	(void)arg;
	return true;
}

static unsigned link_of(const struct address *address, void *arg)
{
	(void)arg;
	return (unsigned)(address->domain[3] - '0');
}

static void world_new(struct world *world, int most)
{
	struct store_params store = {.engine = "memory"};
	struct bridge_params params = {.limits = &world->limits,
				       .counters = &world->counters,
				       .may_use = yes,
				       .is_served = yes,
				       .link_of = link_of,
				       .link_count = LINKS,
				       .ask_again_s = 7 * 86400,
				       .refusal_hold_s = 86400,
				       .hold_s = 30,
				       .answer_s = 40};
	char error[256];

	*world = (struct world){0};
	loop_new(&world->loop);
	limits_defaults(&world->limits);
	world->limits.outward_per_s = 1000000;
	world->limits.messages_pending = 10 * most;
	world->limits.queue_messages_per_user = 10 * most;
	world->taken = mem_array((size_t)most, sizeof *world->taken);
	store.loop = params.loop = world->loop;
	assert_int_equal(store_open(&world->store, &store, error, sizeof error), 0);
	params.store = world->store;
	bridge_new(&world->bridge, &params);
	for (int side = 0; side < 2; side++)
		bridge_attach(world->bridge, (enum side)side, &ops, world);
	bridge_start(world->bridge, NULL, NULL);
	fake_loop_run(world->loop);
	for (unsigned i = 0; i < LINKS; i++)
		bridge_link(world->bridge, SIDE_XMPP, i, true);
	fake_loop_advance(world->loop, 1000);
}

static void world_free(struct world *world)
{
	bridge_free(&world->bridge);
	fake_loop_run(world->loop);
	store_free(&world->store);
	mem_free(world->taken);
	loop_free(&world->loop);
}

/* Work ----------------------------------------------------------------------------------------- */

struct ends {
	struct address phone;
	struct address chat;
	struct watch watch;
};

static void ends_of(int i, struct ends *ends)
{
	char local[32], domain[32];

	(void)snprintf(local, sizeof local, "p%d", i);
	(void)snprintf(domain, sizeof domain, "pbx%d.example", i % LINKS);
	address_set(&ends->phone, SIDE_SIP, local, domain);
	(void)snprintf(local, sizeof local, "c%d", i);
	address_set(&ends->chat, SIDE_XMPP, local, "chat.example");
	ends->watch = (struct watch){.watcher = &ends->chat, .watched = &ends->phone};
}

static void ends_clear(struct ends *ends)
{
	address_clear(&ends->phone);
	address_clear(&ends->chat);
}

static void subscribe(struct world *world, struct ends *ends)
{
	const struct presence *now;
	struct fault fault;

	assert_int_equal(bridge_watch_requested(world->bridge, &ends->watch, &now, &fault),
			 WATCH_PENDING);
	bridge_watch_answered(world->bridge, &ends->watch, WATCH_ALLOWED, NULL);
}

static void change(struct world *world, struct ends *ends)
{
	static char id[] = "t1";
	struct device device = {
		.id = id, .basic = BASIC_OPEN, .priority = world->version++ / 7 % 100};
	struct presence presence = {.devices = &device, .device_count = 1};

	bridge_presence(world->bridge, &ends->watch, &presence);
}

static void probe(struct world *world, struct ends *ends)
{
	const struct presence *now;
	struct fault fault;

	(void)bridge_probed(world->bridge, &ends->watch, &now, &fault);
}

static void write_text(struct world *world, const struct address *from, const struct address *to)
{
	char uid[32];
	struct message message = {.kind = MESSAGE_CHAT, .hops = -1, .uid = uid, .body = uid};

	world->next_x++;
	(void)snprintf(uid, sizeof uid, "u%llu", (unsigned long long)world->next_x);
	message.body_len = strlen(uid);
	bridge_message(world->bridge, from->side, world->next_x, from, to, &message);
}

static void text_to_chat(struct world *world, struct ends *ends)
{
	write_text(world, &ends->phone, &ends->chat);
}

static void text_to_phone(struct world *world, struct ends *ends)
{
	write_text(world, &ends->chat, &ends->phone);
}

static void type(struct world *world, struct ends *ends)
{
	struct typing typing = {.is_active = true, .refresh_s = 60};

	bridge_typing(world->bridge, SIDE_SIP, &ends->phone, &ends->chat, &typing);
}

static void answer_texts(struct world *world)
{
	while (world->taken_count > 0) {
		exchange_id x = world->taken[--world->taken_count];

		bridge_outcome(world->bridge, x, OUTCOME_TAKEN, NULL);
	}
}

typedef void work_fn(struct world *world, struct ends *ends);

struct cost {
	double lookups; /* of one event */
	double cpu_us;
};

static void each(struct world *world, int count, work_fn *work)
{
	for (int i = 0; i < count; i++) {
		struct ends ends;

		ends_of(i, &ends);
		work(world, &ends);
		ends_clear(&ends);
		if (i % 100 == 99)
			fake_loop_run(world->loop);
	}
	fake_loop_advance(world->loop, 2000);
	for (int i = 0; i < 20 && world->taken_count > 0; i++) {
		answer_texts(world);
		fake_loop_advance(world->loop, 100);
	}
}

static struct cost measure(struct world *world, int count, work_fn *work)
{
	uint64_t before = lookups;
	clock_t start = clock();

	each(world, count, work);
	return (struct cost){(double)(lookups - before) / count,
			     (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC / count};
}

static void break_links(struct world *world, struct ends *ends)
{
	if (ends->phone.local[1] != '0' || ends->phone.local[2] != '\0')
		return;
	for (int up = 0; up < 2; up++) {
		for (unsigned i = 0; i < LINKS; i++)
			bridge_link(world->bridge, SIDE_XMPP, i, up == 1);
		fake_loop_advance(world->loop, 60000);
	}
}

/* Texts wait for a link that is down, all at once, and then go. */
static void pile_up(struct world *world, struct ends *ends)
{
	if (ends->phone.local[1] == '0' && ends->phone.local[2] == '\0')
		bridge_link(world->bridge, SIDE_SIP, 0, false);
	text_to_phone(world, ends);
}

/* All between the same two. */
static void pile_on_one(struct world *world, struct ends *ends)
{
	struct ends first;

	(void)ends;
	ends_of(0, &first);
	text_to_phone(world, &first);
	ends_clear(&first);
}

static const struct {
	const char *name;
	work_fn *work;
} works[] = {
	{"subscription", subscribe},
	{"change of presence", change},
	{"probe", probe},
	{"text to chat", text_to_chat},
	{"text to a phone", text_to_phone},
	{"typing", type},
	{"links cut and back", break_links},
	{"texts that wait", pile_up},
	{"texts of one pair", pile_on_one},
};

static void take_costs(int count, struct cost *costs)
{
	struct world world;

	world_new(&world, count);
	for (size_t i = 0; i < CHECK_COUNT(works); i++) {
		costs[i] = measure(&world, count, works[i].work);
		fake_loop_advance(world.loop, 120000);
	}
	bridge_link(world.bridge, SIDE_SIP, 0, true);
	world.taken_count = 0;
	world_free(&world);
}

/* [REL-049] */
static void work_does_not_grow(void **state)
{
	struct cost small[CHECK_COUNT(works)];
	struct cost large[CHECK_COUNT(works)];

	(void)state;
	take_costs(SMALL, small); /* warms up what is made once */
	take_costs(SMALL, small);
	take_costs(SMALL * TIMES, large);
	(void)printf("of one event at %d and %d pairs:\n", SMALL, SMALL * TIMES);
	for (size_t i = 0; i < CHECK_COUNT(works); i++) {
		double all = (large[i].cpu_us * TIMES) / (small[i].cpu_us + 0.001);

		(void)printf("%-20s %6.2f %6.2f lookups, %7.2f %7.2f us; all: %.1f times\n",
			     works[i].name, small[i].lookups, large[i].lookups, small[i].cpu_us,
			     large[i].cpu_us, all);
		assert_true(large[i].lookups * TIMES < 5 * small[i].lookups + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(work_does_not_grow)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
