/* What peers and users were found to take. This file stands in for store/store.c. */
#include "support/check.h"

#include <stdio.h>

#include "base/mem.h"
#include "core/learned.h"
#include "store/store.h"
#include "support/fake_loop.h"

enum { ROWS = 8, DAY_S = 86400 };

struct row {
	char key[128]; /* kind and subject */
	int64_t value;
	int64_t learned_s;
};

struct store {
	struct row rows[ROWS];
	size_t count;
	unsigned puts;
	unsigned drops;
	/* A load under way. */
	store_learned_fn *each;
	store_done_fn *done;
	void *arg;
};

static void name_row(char key[128], const char *kind, const char *subject)
{
	(void)snprintf(key, 128, "%s %s", kind, subject);
}

static struct row *find_row(struct store *store, const char *kind, const char *subject)
{
	char key[128];

	name_row(key, kind, subject);
	for (size_t i = 0; i < store->count; i++) {
		if (strcmp(store->rows[i].key, key) == 0)
			return &store->rows[i];
	}
	return NULL;
}

static void write_row(struct store *store, const char *kind, const char *subject, int64_t value,
		      int64_t learned_s)
{
	struct row *row = find_row(store, kind, subject);

	if (row == NULL && store->count < ROWS)
		row = &store->rows[store->count++];
	if (row == NULL) /* more than a test looks at */
		return;
	name_row(row->key, kind, subject);
	row->value = value;
	row->learned_s = learned_s;
}

void store_put_learned(struct store *store, const struct learned_row *row, store_done_fn *done,
		       void *arg)
{
	store->puts++;
	write_row(store, row->kind, row->subject, row->value, row->learned_s);
	if (done != NULL)
		done(0, arg);
}

void store_drop_learned(struct store *store, const char *kind, const char *subject,
			store_done_fn *done, void *arg)
{
	struct row *row = find_row(store, kind, subject);

	store->drops++;
	if (row != NULL)
		*row = store->rows[--store->count];
	if (done != NULL)
		done(0, arg);
}

void store_load_learned(struct store *store, store_learned_fn *each, store_done_fn *done, void *arg)
{
	store->each = each;
	store->done = done;
	store->arg = arg;
}

static void finish_load(struct store *store)
{
	struct row rows[ROWS];
	size_t count = store->count;

	memcpy(rows, store->rows, sizeof rows);
	for (size_t i = 0; i < count; i++) {
		struct learned_row row = {.value = rows[i].value, .learned_s = rows[i].learned_s};
		char *space = strchr(rows[i].key, ' ');

		*space = '\0';
		row.kind = rows[i].key;
		row.subject = space + 1;
		store->each(&row, store->arg);
	}
	store->done(0, store->arg);
}

struct world {
	struct store store;
	struct loop *loop;
	struct learned *learned;
	unsigned started;
};

static int set_up(void **state)
{
	struct world *world = mem_zalloc(sizeof *world);

	assert_int_equal(loop_new(&world->loop), 0);
	learned_new(&world->learned, world->loop, &world->store);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	learned_free(&world->learned);
	loop_free(&world->loop);
	mem_free(world);
	return 0;
}

static int64_t now_s(const struct world *world)
{
	return loop_wall_ms(world->loop) / 1000;
}

static void on_started(int error, void *arg)
{
	unsigned *started = arg;

	assert_int_equal(error, 0);
	(*started)++;
}

static void start(struct world *world)
{
	learned_start(world->learned, on_started, &world->started);
	finish_load(&world->store);
}

static void restart(struct world *world)
{
	learned_free(&world->learned);
	learned_new(&world->learned, world->loop, &world->store);
	start(world);
}

static void pass(struct world *world, int64_t seconds)
{
	fake_loop_advance(world->loop, (uint64_t)seconds * 1000);
}

#define USER "sip:1001@pbx.example"

static void test_is_kept(void **state)
{
	struct world *world = *state;

	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, USER), -1);
	learned_put(world->learned, LEARNED_TYPING, USER, 0);
	learned_put(world->learned, LEARNED_CPIM, USER, 1);
	learned_put(world->learned, LEARNED_BODY, "pbx.example", 1023);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, USER), 0);
	assert_int_equal(learned_get(world->learned, LEARNED_CPIM, USER), 1);
	assert_int_equal(learned_get(world->learned, LEARNED_BODY, "pbx.example"), 1023);
	assert_int_equal(learned_get(world->learned, LEARNED_BODY, USER), -1);
	learned_put(world->learned, LEARNED_TYPING, USER, 1);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, USER), 1);
	restart(world);
	assert_int_equal(world->started, 1);
	assert_int_equal(learned_count(world->learned), 3);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, USER), 1);
	assert_int_equal(learned_get(world->learned, LEARNED_BODY, "pbx.example"), 1023);
}

/* The kind ends where the subject begins. */
static void test_kinds_do_not_run_together(void **state)
{
	struct world *world = *state;

	learned_put(world->learned, "ab", "c", 1);
	assert_int_equal(learned_get(world->learned, "a", "bc"), -1);
}

/* A user who types all day is one write a day. */
static void test_is_written_once_a_day(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 100; i++)
		learned_put(world->learned, LEARNED_TYPING, USER, 1);
	assert_int_equal(world->store.puts, 1);
	pass(world, DAY_S - 1);
	learned_put(world->learned, LEARNED_TYPING, USER, 1);
	assert_int_equal(world->store.puts, 1);
	pass(world, 1);
	learned_put(world->learned, LEARNED_TYPING, USER, 1);
	assert_int_equal(world->store.puts, 2);
	assert_int_equal(find_row(&world->store, LEARNED_TYPING, USER)->learned_s, now_s(world));
	learned_put(world->learned, LEARNED_TYPING, USER, 0);
	assert_int_equal(world->store.puts, 3);
}

static void test_ages(void **state)
{
	static const struct {
		int64_t value;
		int64_t age_s;
	} rows[] = {{0, LEARNED_NO_AGE_S}, {1, LEARNED_YES_AGE_S}, {1023, LEARNED_YES_AGE_S}};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		learned_put(world->learned, LEARNED_BODY, "pbx.example", rows[i].value);
		pass(world, rows[i].age_s - 1);
		assert_int_equal(learned_get(world->learned, LEARNED_BODY, "pbx.example"),
				 rows[i].value);
		pass(world, 1);
		assert_int_equal(learned_get(world->learned, LEARNED_BODY, "pbx.example"), -1);
		assert_int_equal(learned_count(world->learned), 0);
		assert_int_equal(world->store.count, 0);
	}
}

static void test_old_rows_are_not_read(void **state)
{
	struct world *world = *state;
	int64_t now = now_s(world);

	write_row(&world->store, LEARNED_TYPING, "sip:old@pbx.example", 0, now - LEARNED_NO_AGE_S);
	write_row(&world->store, LEARNED_TYPING, "sip:new@pbx.example", 1, now - LEARNED_NO_AGE_S);
	write_row(&world->store, LEARNED_TYPING, "sip:bad@pbx.example", -5, now);
	start(world);
	assert_int_equal(learned_count(world->learned), 1);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, "sip:new@pbx.example"), 1);
	assert_int_equal(world->store.count, 1);
}

/* A clock that went back does not make a refusal last for years. */
static void test_clock_goes_back(void **state)
{
	struct world *world = *state;
	int64_t now = now_s(world);

	write_row(&world->store, LEARNED_TYPING, USER, 0, now + 1000 * DAY_S);
	start(world);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, USER), 0);
	pass(world, LEARNED_NO_AGE_S);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, USER), -1);
}

/* [REL-030] [REL-031] what was learned before the clock was put right ages as it would have, and is
 * written with the time of the clock as it is. */
static void test_clock_is_put_right(void **state)
{
	struct world *world = *state;
	int64_t now = now_s(world);

	learned_put(world->learned, LEARNED_TYPING, USER, 0);
	fake_loop_set_wall(world->loop, (now + 10000 * DAY_S) * 1000);
	pass(world, LEARNED_NO_AGE_S - 1);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, USER), 0);
	learned_put(world->learned, LEARNED_BODY, USER, 1);
	assert_int_equal(find_row(&world->store, LEARNED_BODY, USER)->learned_s, now_s(world));
	pass(world, 1);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, USER), -1);
	fake_loop_set_wall(world->loop, now * 1000);
	pass(world, LEARNED_YES_AGE_S);
	assert_int_equal(learned_get(world->learned, LEARNED_BODY, USER), -1);
}

static void test_what_is_put_before_the_rows_stays(void **state)
{
	struct world *world = *state;

	write_row(&world->store, LEARNED_TYPING, USER, 0, now_s(world) - 10);
	learned_start(world->learned, on_started, &world->started);
	learned_put(world->learned, LEARNED_TYPING, USER, 1);
	world->store.rows[0].value = 0; /* the rows were read before that */
	finish_load(&world->store);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, USER), 1);
}

static void test_freed_while_rows_are_read(void **state)
{
	struct world *world = *state;

	write_row(&world->store, LEARNED_TYPING, USER, 1, now_s(world));
	learned_start(world->learned, on_started, &world->started);
	learned_free(&world->learned);
	finish_load(&world->store);
	assert_int_equal(world->started, 0);
}

/* Who can make up names makes no more than so many, and those in use stay. */
static void test_is_bounded(void **state)
{
	struct world *world = *state;

	learned_put(world->learned, LEARNED_TYPING, "sip:0@pbx.example", 1);
	learned_put(world->learned, LEARNED_TYPING, USER, 1);
	for (int i = 0; i < LEARNED_MAX - 2; i++) {
		char name[64];

		(void)snprintf(name, sizeof name, "sip:made-up-%d@pbx.example", i);
		learned_put(world->learned, LEARNED_TYPING, name, 1);
	}
	assert_int_equal(learned_count(world->learned), LEARNED_MAX);
	assert_int_equal(world->store.drops, 0);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, USER), 1);
	learned_put(world->learned, LEARNED_TYPING, "sip:one@pbx.example", 1);
	learned_put(world->learned, LEARNED_TYPING, "sip:more@pbx.example", 1);
	assert_int_equal(learned_count(world->learned), LEARNED_MAX);
	assert_int_equal(world->store.drops, 2);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, USER), 1);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, "sip:0@pbx.example"), -1);
}

static void test_long_names_are_bounded_in_bytes(void **state)
{
	struct world *world = *state;
	char name[2002];

	memset(name, 'a', sizeof name);
	name[2001] = '\0';
	learned_put(world->learned, LEARNED_TYPING, name, 1);
	learned_put(world->learned, LEARNED_TYPING, "", 1);
	learned_put(world->learned, LEARNED_TYPING, USER, -1);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, name), -1);
	assert_int_equal(learned_get(world->learned, LEARNED_TYPING, ""), -1);
	assert_int_equal(learned_count(world->learned), 0);
	name[2000] = '\0';
	for (int i = 0; i < 20000; i++) {
		int len = snprintf(name, sizeof name, "%d", i);

		name[len] = 'a';
		learned_put(world->learned, LEARNED_TYPING, name, 1);
	}
	assert_true(learned_count(world->learned) <= LEARNED_BYTES_MAX / 2000);
	assert_true(learned_count(world->learned) >= LEARNED_BYTES_MAX / 2010);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kinds_do_not_run_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_is_written_once_a_day, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_old_rows_are_not_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_clock_goes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_clock_is_put_right, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_put_before_the_rows_stays, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_freed_while_rows_are_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_names_are_bounded_in_bytes, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
