/* The queue as a structure: order, counts, expiry, life of lanes. */
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/queue.h"

enum { MANY = 2000 };

static struct address address_of(enum side side, const char *local)
{
	struct address out;

	address_set(&out, side, local, side == SIDE_SIP ? "pbx.example" : "chat.example");
	return out;
}

static struct queue_lane *lane_of(struct queue *queue, const char *from, const char *to)
{
	struct address sender = address_of(SIDE_XMPP, from);
	struct address recipient = address_of(SIDE_SIP, to);
	struct queue_lane *lane = queue_lane(queue, &sender, &recipient);

	assert_ptr_equal(lane, queue_find_lane(queue, &sender, &recipient));
	assert_null(queue_find_lane(queue, &recipient, &sender));
	address_clear(&sender);
	address_clear(&recipient);
	return lane;
}

static struct queue_item *item_of(int64_t seq, int64_t expires_s, size_t bytes)
{
	struct queue_item *item = queue_item_new(mem_zalloc(bytes), bytes);

	item->seq = seq;
	item->expires_s = expires_s;
	return item;
}

static void end(struct queue *queue, struct queue_item *item)
{
	struct queue_lane *lane = item->lane;

	queue_take_out(queue, item);
	queue_item_free(item);
	queue_let_go(queue, lane);
}

/* [REL-008]: what is read late takes its place by seq. */
static void order_is_by_seq(void **state)
{
	static const int64_t put[] = {5, 7, 9, 2, 8, 1};
	static const int64_t want[] = {1, 2, 5, 7, 8, 9};
	struct queue *queue;
	struct queue_lane *lane;

	(void)state;
	queue_new(&queue);
	lane = lane_of(queue, "juliet", "1001");
	for (size_t i = 0; i < 6; i++)
		queue_put(lane, item_of(put[i], 100, 10));
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(queue_lane_first(lane)->seq, want[i]);
		end(queue, queue_lane_first(lane));
	}
	assert_true(list_is_empty(queue_lanes(queue)));
	queue_free(&queue);
	assert_null(queue);
}

/* [MSG-021]: counts in all and by sender, over his lanes; what is only under way does not count. */
static void counts(void **state)
{
	struct queue *queue;
	struct queue_lane *one;
	struct queue_lane *two;
	struct queue_item *item;

	(void)state;
	queue_new(&queue);
	one = lane_of(queue, "juliet", "1001");
	two = lane_of(queue, "juliet", "1002");
	assert_ptr_equal(one->user, two->user);
	assert_ptr_equal(one->peer, two->peer);
	item = item_of(1, 100, 10);
	queue_put(one, item);
	assert_int_equal(queue_count(queue), 0);
	queue_keep(queue, item);
	item = item_of(2, 100, 20);
	queue_put(two, item);
	queue_keep(queue, item);
	assert_int_equal(queue_count(queue), 2);
	assert_int_equal(queue_bytes(queue), 30);
	assert_int_equal(one->user->count, 2);
	assert_int_equal(one->user->bytes, 30);
	assert_int_equal(one->kept, 1);
	queue_replace(queue, item, mem_zalloc(5), 5);
	assert_int_equal(queue_bytes(queue), 15);
	assert_int_equal(one->user->bytes, 15);
	end(queue, item);
	assert_int_equal(one->user->count, 1);
	assert_int_equal(queue_bytes(queue), 10);
	queue_free(&queue);
}

/* A lane that something depends on stays without items. */
static void held_lanes_stay(void **state)
{
	struct queue *queue;
	struct queue_lane *lane;

	(void)state;
	queue_new(&queue);
	lane = lane_of(queue, "juliet", "1001");
	lane->held = 1;
	queue_let_go(queue, lane);
	assert_ptr_equal(lane, lane_of(queue, "juliet", "1001"));
	lane->held = 0;
	queue_let_go(queue, lane);
	assert_true(list_is_empty(queue_lanes(queue)));
	queue_free(&queue);
}

/* A lane without items is not there any more, and starts anew; it is found again if its pair goes
 * on soon. Those of very many pairs do not pile up. */
static void idle_lanes_are_kept(void **state)
{
	struct queue *queue;
	struct queue_lane *lane;
	struct address sender = address_of(SIDE_XMPP, "juliet");
	struct address recipient = address_of(SIDE_SIP, "1001");

	(void)state;
	queue_new(&queue);
	lane = lane_of(queue, "juliet", "1001");
	lane->is_careful = true;
	lane->was_early = true;
	queue_let_go(queue, lane);
	assert_null(queue_find_lane(queue, &sender, &recipient));
	queue_let_go(queue, lane);
	assert_ptr_equal(lane, lane_of(queue, "juliet", "1001"));
	assert_false(lane->is_careful || lane->was_early || list_is_empty(queue_lanes(queue)));
	for (int i = 0; i < 5 * MANY; i++) {
		char name[16];

		snprintf(name, sizeof name, "%d", i);
		queue_let_go(queue, lane_of(queue, name, "1001"));
	}
	assert_ptr_equal(lane, queue_find_lane(queue, &sender, &recipient));
	address_clear(&sender);
	address_clear(&recipient);
	queue_free(&queue);
}

/* Whatever comes and goes: the first to expire is the smallest of those that are left. */
static void expiry(void **state)
{
	static struct queue_item *items[MANY];
	struct queue *queue;
	struct queue_lane *lane;
	int64_t last = 0;

	(void)state;
	srand(4);
	queue_new(&queue);
	lane = lane_of(queue, "juliet", "1001");
	assert_null(queue_next_to_expire(queue));
	for (int i = 0; i < MANY; i++) {
		items[i] = item_of(i + 1, 1 + rand() % 500, 1);
		queue_put(lane, items[i]);
		queue_keep(queue, items[i]);
	}
	for (int i = 0; i < MANY; i += 3)
		queue_stay(queue, items[i]);
	queue_stay(queue, items[0]);
	for (int i = 1; i < MANY; i += 3)
		end(queue, items[i]);
	for (int left = MANY / 3; left > 0; left--) {
		struct queue_item *next = queue_next_to_expire(queue);

		assert_non_null(next);
		assert_true(next->expires_s >= last);
		last = next->expires_s;
		queue_stay(queue, next);
	}
	assert_null(queue_next_to_expire(queue));
	queue_free(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_by_seq), cmocka_unit_test(counts),
		cmocka_unit_test(held_lanes_stay), cmocka_unit_test(idle_lanes_are_kept),
		cmocka_unit_test(expiry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
