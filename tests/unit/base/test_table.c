/* The hash table, the list, and the hash under them. */
#include "support/check.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/table.h"

enum { MANY = 1000000 };

static void test_basic(void **state)
{
	struct table *table = table_new();
	int a = 1;
	int b = 2;

	(void)state;
	assert_null(table_find(table, "k", 1));
	assert_null(table_put(table, "k", 1, &a));
	assert_ptr_equal(table_find(table, "k", 1), &a);
	assert_null(table_find(table, "k", 0));
	assert_null(table_put(table, "", 0, &b));
	assert_ptr_equal(table_find(table, NULL, 0), &b);
	assert_null(table_put(table, "k\0l", 3, &b)); /* keys are bytes */
	assert_int_equal(table_count(table), 3);
	assert_ptr_equal(table_put(table, "k", 1, &b), &a);
	assert_int_equal(table_count(table), 3);
	assert_ptr_equal(table_remove(table, "k", 1), &b);
	assert_null(table_remove(table, "k", 1));
	assert_int_equal(table_count(table), 2);
	table_free(&table);
	assert_null(table);
	table_free(&table);
}

/* Grows to a million members and shrinks again; each stays in reach all the way, also while the
 * members move. */
static void test_million(void **state)
{
	struct table *table = table_new();
	uint32_t *values = mem_array(MANY, sizeof *values);

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t half = i / 2;

		values[i] = i;
		assert_null(table_put(table, &i, sizeof i, &values[i]));
		assert_ptr_equal(table_find(table, &half, sizeof half), &values[half]);
	}
	assert_int_equal(table_count(table), MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t last = MANY - 1;

		assert_ptr_equal(table_remove(table, &i, sizeof i), &values[i]);
		if (i < last)
			assert_ptr_equal(table_find(table, &last, sizeof last), &values[last]);
	}
	assert_int_equal(table_count(table), 0);
	table_free(&table);
	mem_free(values);
}

struct walk {
	struct table *table;
	unsigned seen[5000];
	unsigned count;
	unsigned stop_after;
	bool removes;
};

static bool on_member(void *value, void *arg)
{
	struct walk *walk = arg;
	uint32_t key = *(uint32_t *)value;

	walk->seen[key]++;
	walk->count++;
	if (walk->removes && key % 3 != 0)
		assert_ptr_equal(table_remove(walk->table, &key, sizeof key), value);
	return walk->stop_after == 0 || walk->count < walk->stop_after;
}

/* At every size, hence also in the middle of a move: each member exactly once, even if the walk
 * removes them. */
static void test_each(void **state)
{
	uint32_t values[5000];

	(void)state;
	for (uint32_t size = 1; size < 5000; size += 61) {
		struct walk walk = {.table = table_new()};

		for (uint32_t i = 0; i < size; i++) {
			values[i] = i;
			table_put(walk.table, &i, sizeof i, &values[i]);
		}
		table_each(walk.table, on_member, &walk);
		assert_int_equal(walk.count, size);
		walk.removes = true;
		table_each(walk.table, on_member, &walk);
		assert_int_equal(table_count(walk.table), (size + 2) / 3);
		for (uint32_t i = 0; i < size; i++) {
			assert_int_equal(walk.seen[i], 2);
			assert_true((table_find(walk.table, &i, sizeof i) != NULL) == (i % 3 == 0));
		}
		walk.count = 0;
		walk.removes = false;
		walk.stop_after = 1;
		table_each(walk.table, on_member, &walk);
		assert_int_equal(walk.count, 1);
		table_free(&walk.table);
	}
}

/* Vectors of the authors of SipHash: key 00..0f, message 00..len-1. */
static const struct {
	size_t len;
	uint64_t bits64;
	uint64_t inner;
	const char *bits128;
} vectors[] = {
	{0, UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0xabac0158050fc4dc),
	 "a3817f04ba25a8e66df67214c7550293"},
	{1, UINT64_C(0x74f839c593dc67fd), UINT64_C(0xc9f49bf37d57ca93),
	 "da87c1d86b99af44347659119b22fc45"},
	{7, UINT64_C(0xab0200f58b01d137), UINT64_C(0xd3927d989bb11140), NULL},
	{8, UINT64_C(0x93f5f5799a932462), UINT64_C(0x369095118d299a8e), NULL},
	{15, UINT64_C(0xa129ca6149be45e5), UINT64_C(0xd320d86d2a519956),
	 "5493e99933b0a8117e08ec0f97cfc3d9"},
	{63, UINT64_C(0x958a324ceb064572), UINT64_C(0x9d199062b7bbb3a8), NULL},
};

static void test_hash(void **state)
{
	uint8_t key[HASH_KEY_BYTES];
	uint8_t message[64];

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		message[i] = (uint8_t)i;
	memcpy(key, message, sizeof key);
	for (size_t i = 0; i < CHECK_COUNT(vectors); i++) {
		char hex[HASH_HEX_CHARS + 1];

		assert_int_equal(hash_bytes(key, message, vectors[i].len), vectors[i].bits64);
		assert_int_equal(hash_inner(key, message, vectors[i].len), vectors[i].inner);
		hash_hex(key, message, vectors[i].len, hex);
		assert_int_equal(strlen(hex), HASH_HEX_CHARS);
		if (vectors[i].bits128 != NULL)
			assert_string_equal(hex, vectors[i].bits128);
	}
}

struct order {
	uint32_t keys[64];
	unsigned count;
};

static bool note_order(void *value, void *arg)
{
	struct order *order = arg;

	order->keys[order->count++] = *(uint32_t *)value;
	return true;
}

/* [SEC-084] each table hashes with a secret of its own: the same keys, put in the same order, stand
 * in another order in a second table, so nobody can prepare keys that meet in one bucket. */
static void test_hash_is_keyed(void **state)
{
	struct order orders[2] = {0};
	uint32_t values[64];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct table *table = table_new();

		for (uint32_t key = 0; key < 64; key++) {
			values[key] = key;
			table_put(table, &key, sizeof key, &values[key]);
		}
		table_each(table, note_order, &orders[i]);
		assert_int_equal(orders[i].count, 64);
		table_free(&table);
	}
	assert_memory_not_equal(orders[0].keys, orders[1].keys, sizeof orders[0].keys);
}

struct item {
	int value;
	struct list link;
};

static void test_list(void **state)
{
	struct list head;
	struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
	int sum = 0;

	(void)state;
	list_init(&head);
	assert_true(list_is_empty(&head));
	for (int i = 0; i < 3; i++) {
		assert_false(list_is_linked(&items[i].link));
		list_append(&head, &items[i].link);
		assert_true(list_is_linked(&items[i].link));
	}
	LIST_EACH(link, next, &head)
	{
		struct item *item = LIST_ENTRY(link, struct item, link);

		sum = sum * 10 + item->value;
		if (item->value == 2)
			list_remove(link);
	}
	assert_int_equal(sum, 123);
	assert_false(list_is_linked(&items[1].link));
	list_remove(&items[1].link);
	list_remove(&items[0].link);
	assert_ptr_equal(head.next, &items[2].link);
	list_remove(&items[2].link);
	assert_true(list_is_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_basic),         cmocka_unit_test(test_million),
		cmocka_unit_test(test_each),          cmocka_unit_test(test_hash),
		cmocka_unit_test(test_hash_is_keyed), cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
