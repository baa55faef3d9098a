#include "support/check.h"

#include "loop/loop.h"
#include "model/counters.h"
#include "model/limits.h"
#include "sip/net_address.h"
#include "sip/sip_side.h"
#include "sip/sources.h"

struct world {
	struct loop *loop;
	struct limits limits;
	struct counters counters;
	struct sip_side_params params;
	struct sources *sources;
};

static void begin(struct world *world)
{
	*world = (struct world){0};
	assert_int_equal(loop_new(&world->loop), 0);
	limits_defaults(&world->limits);
	world->params.loop = world->loop;
	world->params.limits = &world->limits;
	world->params.counters = &world->counters;
	world->sources = sources_new(&world->params);
}

static void end(struct world *world)
{
	sources_free(&world->sources);
	loop_free(&world->loop);
}

/* [SEC-080] [SEC-002]: who is trusted over TCP alone has a bucket of his own there; datagrams that
 * anybody can send in his name do not empty it. */
static void forged_datagrams_cost_the_peer_nothing(void **state)
{
	struct net_address pbx;
	struct world world;

	(void)state;
	begin(&world);
	assert_true(net_address_parse(&pbx, "192.0.2.7"));
	assert_int_equal(sources_peer(world.sources, &pbx, -1), SOURCE_PASS);
	for (int i = 0; i < 20000; i++)
		(void)sources_stranger(world.sources, &pbx);
	for (int i = 0; i < 20; i++)
		assert_int_equal(sources_peer(world.sources, &pbx, -1), SOURCE_PASS);
	assert_int_equal(sources_stranger(world.sources, &pbx), SOURCE_SILENCE);
	assert_int_equal(sources_count(world.sources), 1);
	end(&world);
}

/* [SEC-080]: the bucket of a peer ends, too, and others have theirs. */
static void each_has_a_bucket(void **state)
{
	struct net_address pbx, other;
	struct world world;
	int64_t passed = 0;

	(void)state;
	begin(&world);
	world.limits.peer_requests_per_s = 10;
	assert_true(net_address_parse(&pbx, "192.0.2.7"));
	assert_true(net_address_parse(&other, "192.0.2.8"));
	for (int i = 0; i < 1000; i++)
		passed += sources_peer(world.sources, &pbx, -1) == SOURCE_PASS;
	assert_in_range(passed, 20, 500);
	assert_int_equal(sources_peer(world.sources, &other, -1), SOURCE_PASS);
	end(&world);
}

/* [SEC-080]: the addresses of one peer share his bucket; another peer's and those of nobody have
 * theirs. */
static void a_peer_has_one_bucket(void **state)
{
	struct net_address source = {.family = 4, .bytes = {192, 0, 2, 1}};
	struct world world;
	int passed = 0;

	(void)state;
	begin(&world);
	world.limits.peer_requests_per_s = 10;
	for (int i = 0; i < 1000; i++) {
		source.bytes[3] = (uint8_t)(1 + i % 50);
		passed += sources_peer(world.sources, &source, 3) == SOURCE_PASS;
	}
	assert_in_range(passed, 20, 500);
	assert_int_equal(sources_count(world.sources), 1);
	assert_int_equal(sources_peer(world.sources, &source, 4), SOURCE_PASS);
	assert_int_equal(sources_peer(world.sources, &source, -1), SOURCE_PASS);
	end(&world);
}

/* [limit stranger_requests_per_s] [limit peer_requests_per_s] [SEC-080] [REL-060]: all that a
 * bucket holds, and one more, or some more on a machine that takes its time. */
static void buckets_at_and_over(void **state)
{
	struct net_address pbx;
	struct world world;
	int answered = 0, passed = 0;

	(void)state;
	begin(&world);
	world.limits.peer_requests_per_s = 10;
	assert_true(net_address_parse(&pbx, "192.0.2.7"));
	for (int i = 0; i < 50; i++) /* burst: 2.5 times 20 */
		answered += sources_stranger(world.sources, &pbx) == SOURCE_ANSWER;
	assert_int_equal(world.counters.limits.stranger_requests_per_s, 0);
	assert_in_range(answered, 10, 20);
	for (int i = 0; i < 50; i++)
		assert_int_equal(sources_stranger(world.sources, &pbx), SOURCE_SILENCE);
	assert_in_range(world.counters.limits.stranger_requests_per_s, 1, 50);
	for (int i = 0; i < 20; i++)
		assert_int_equal(sources_peer(world.sources, &pbx, -1), SOURCE_PASS);
	for (int i = 0; i < 20; i++)
		passed += sources_peer(world.sources, &pbx, -1) == SOURCE_PASS;
	assert_true(passed < 20);
	end(&world);
}

/* [REL-048] [SEC-088]: a hundred thousand sources: bounded, and who speaks all the time keeps his
 * bucket. */
static void sources_are_bounded(void **state)
{
	struct net_address source = {.family = 4}, pbx;
	struct world world;
	uint64_t before;

	(void)state;
	begin(&world);
	assert_true(net_address_parse(&pbx, "192.0.2.7"));
	for (uint32_t i = 0; i < 10 * SOURCES_MAX; i++) {
		source.bytes[0] = 10;
		source.bytes[1] = (uint8_t)(i >> 16);
		source.bytes[2] = (uint8_t)(i >> 8);
		source.bytes[3] = (uint8_t)i;
		(void)sources_stranger(world.sources, &source);
		if (i % 1000 == 0)
			(void)sources_stranger(world.sources, &pbx);
	}
	assert_int_equal(sources_count(world.sources), SOURCES_MAX);
	before = world.counters.limits.stranger_requests_per_s;
	for (int i = 0; i < 100; i++)
		(void)sources_stranger(world.sources, &pbx);
	assert_true(world.counters.limits.stranger_requests_per_s > before);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forged_datagrams_cost_the_peer_nothing),
		cmocka_unit_test(each_has_a_bucket),
		cmocka_unit_test(a_peer_has_one_bucket),
		cmocka_unit_test(buckets_at_and_over),
		cmocka_unit_test(sources_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
