/* A wall clock that does not fit what is stored (REL-031). */
#include <stdio.h>
#include <string.h>

#include "support/check.h"

#include "base/mem.h"
#include "store_bench.h"
#include "support/fake_loop.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

#define NOW_S   (FAKE_LOOP_WALL_MS / 1000)
#define IN_2100 INT64_C(4102444800)

/* Times of the one row of each table, against the clock: how long it lives on, or how old it is. */
struct times {
	size_t done;
	struct bench *bench;
	int64_t now_s;
	unsigned rows;
	int64_t asked;
	int64_t published;
	int64_t queued;
	int64_t accepted;
	int64_t sent;
	int64_t printed;
	int64_t learned;
	int64_t dialog;
};

static void on_done(int error, void *arg)
{
	assert_int_equal(error, 0);
	((struct times *)arg)->done++;
}

static bool is_done(void *arg)
{
	const struct times *times = arg;

	return times->done >= times->rows;
}

static void set_clock(struct bench *bench, int64_t now_s)
{
	fake_loop_set_wall(bench->loop, now_s * 1000);
}

static void put_pair(struct times *times, int64_t now_s)
{
	struct pair_row pair = {.state = PAIR_GRANTED, .asked_at = now_s - HOUR};

	address_set(&pair.watcher, SIDE_XMPP, "juliet", "chat.example");
	address_set(&pair.watched, SIDE_SIP, "1001", "pbx.example");
	store_put_pair(times->bench->store, &pair, on_done, times);
	pair_row_clear(&pair);
}

static void put_publication(struct times *times, int64_t now_s)
{
	char tag[] = "t", source[] = "127.0.0.1";
	struct publication_row row = {
		.id = 1, .etag = tag, .source = source, .expires_at = now_s + HOUR};

	address_set(&row.user, SIDE_SIP, "1001", "pbx.example");
	store_put_publication(times->bench->store, &row, on_done, times);
	address_clear(&row.user);
}

static void put_messages(struct times *times, int64_t now_s)
{
	char text[] = "text", uid[] = "u-1";
	struct queue_row queued = {.seq = 1,
				   .accepted_ms = (now_s - HOUR) * 1000,
				   .expires_s = now_s + DAY - HOUR,
				   .value = text,
				   .value_len = 4};
	struct receipt_row receipt = {
		.uid = uid, .sent_ms = (now_s - 2 * HOUR) * 1000, .value = text, .value_len = 4};
	struct store_print print = {1, 200};

	address_set(&queued.sender, SIDE_XMPP, "juliet", "chat.example");
	address_set(&queued.recipient, SIDE_SIP, "1001", "pbx.example");
	receipt.sender = queued.sender;
	receipt.recipient = queued.recipient;
	store_put_queued(times->bench->store, &queued, on_done, times);
	store_put_receipt(times->bench->store, &receipt, on_done, times);
	store_put_prints(times->bench->store, &print, 1, now_s - 5, 0, on_done, times);
	address_clear(&queued.sender);
	address_clear(&queued.recipient);
}

static void put_learned(struct times *times, int64_t now_s)
{
	char kind[] = "typing", subject[] = "sip:1001@pbx.example";
	struct learned_row row = {
		.kind = kind, .subject = subject, .value = 1, .learned_s = now_s - DAY};

	store_put_learned(times->bench->store, &row, on_done, times);
}

static void put_dialog(struct times *times, int64_t now_s)
{
	char text[] = "text";
	struct dialog_row row = {.id = 1,
				 .role = DIALOG_ROW_NOTIFIER,
				 .event = text,
				 .call_id = text,
				 .local_tag = text,
				 .local = text,
				 .remote = text,
				 .expires_s = now_s + HOUR};

	store_put_dialog(times->bench->store, &row, on_done, times);
}

/* One row of each table, written at now_s. */
static void put_all(struct bench *bench, int64_t now_s)
{
	struct times times = {.bench = bench, .rows = 7};

	store_alive(bench->store, now_s, NULL, NULL);
	put_pair(&times, now_s);
	put_publication(&times, now_s);
	put_messages(&times, now_s);
	put_learned(&times, now_s);
	put_dialog(&times, now_s);
	assert_true(fake_loop_wait(bench->loop, is_done, &times));
}

static void on_pair(const struct pair_row *row, void *arg)
{
	struct times *times = arg;

	times->asked = row->asked_at - times->now_s;
	assert_int_equal(row->granted_at, 0); /* never stays never */
}

static void on_publication(const struct publication_row *row, void *arg)
{
	struct times *times = arg;

	times->published = row->expires_at - times->now_s;
}

static void on_queued(const struct queue_row *row, void *arg)
{
	struct times *times = arg;

	times->queued = row->expires_s - times->now_s;
	times->accepted = row->accepted_ms / 1000;
}

static void on_receipt(const struct receipt_row *row, void *arg)
{
	struct times *times = arg;

	times->sent = row->sent_ms / 1000 - times->now_s;
}

static void on_print(const struct store_print *print, int64_t at_s, void *arg)
{
	struct times *times = arg;

	(void)print;
	times->printed = at_s - times->now_s;
}

static void on_learned(const struct learned_row *row, void *arg)
{
	struct times *times = arg;

	times->learned = row->learned_s - times->now_s;
}

static void on_dialog(const struct dialog_row *row, void *arg)
{
	struct times *times = arg;

	times->dialog = row->expires_s - times->now_s;
}

static void lies_in(int64_t value, int64_t least, int64_t most)
{
	assert_true(value >= least && value <= most);
}

/* All rows are there, and are no older than they were and live as long as they were to. */
static void nothing_aged(struct bench *bench, int64_t now_s)
{
	struct times times = {.bench = bench, .rows = 7, .now_s = now_s};
	struct store *store = bench->store;

	store_load_pairs(store, on_pair, on_done, &times);
	store_load_publications(store, on_publication, on_done, &times);
	store_load_queue(store, on_queued, on_done, &times);
	store_load_receipts(store, on_receipt, on_done, &times);
	store_load_prints(store, on_print, on_done, &times);
	store_load_learned(store, on_learned, on_done, &times);
	store_load_dialogs(store, on_dialog, on_done, &times);
	assert_true(fake_loop_wait(bench->loop, is_done, &times));
	lies_in(times.published, HOUR - 1, HOUR + 1);
	lies_in(times.queued, DAY - HOUR - 1, DAY - HOUR + 1);
	lies_in(times.dialog, HOUR - 1, HOUR + 1);
	/* Soon after the beginning of 1970 nothing can be old. */
	lies_in(-times.asked, -1, HOUR + 1);
	lies_in(-times.sent, 0, 2 * HOUR + 1);
	lies_in(-times.printed, 0, 6);
	lies_in(-times.learned, 0, DAY + 1);
	assert_int_equal(times.accepted, NOW_S - HOUR); /* people are told this one */
}

static void restart(struct bench *bench, int64_t now_s)
{
	bench_close(bench);
	set_clock(bench, now_s);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
}

/* [REL-031] a start with the clock at 1970 and in 2100, again so, and then with the right one:
 * nothing ends or ages for that reason alone, and each is warned of. */
static void test_wrong_at_start(void **state)
{
	static const int64_t starts[] = {0, 100, IN_2100, IN_2100 + 90 * DAY, NOW_S};
	struct bench *bench = *state;

	assert_int_equal(bench_open(bench, "sqlite"), 0);
	assert_false(store_clock_is_wrong(bench->store));
	put_all(bench, NOW_S);
	for (size_t i = 0; i < CHECK_COUNT(starts); i++) {
		restart(bench, starts[i]);
		assert_true(store_clock_is_wrong(bench->store));
		store_alive(bench->store, starts[i], NULL, NULL);
		nothing_aged(bench, starts[i]);
	}
	restart(bench, NOW_S + 30);
	assert_false(store_clock_is_wrong(bench->store));
	nothing_aged(bench, NOW_S);
}

/* [REL-031] the bounds: 60 s behind, a day ahead. */
static void test_bounds(void **state)
{
	static const struct {
		int64_t by_s;
		bool is_wrong;
	} rows[] = {{0, false},   {-60, false},    {-61, true},       {90, false},
		    {DAY, false}, {DAY + 1, true}, {-365 * DAY, true}};
	struct bench *bench = *state;

	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		set_clock(bench, NOW_S);
		assert_int_equal(bench_open(bench, "sqlite"), 0);
		store_alive(bench->store, NOW_S, NULL, NULL);
		restart(bench, NOW_S + rows[i].by_s);
		assert_int_equal(store_clock_is_wrong(bench->store), rows[i].is_wrong);
		assert_int_equal(store_last_alive(bench->store), NOW_S);
		set_clock(bench, NOW_S);
		store_alive(bench->store, NOW_S, NULL, NULL);
		bench_close(bench);
	}
}

/* Rows that a clock in 2100 left do not make the right one wrong for ever. */
static void test_rows_of_the_future(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(bench_open(bench, "sqlite"), 0);
	bench_put(bench, "juliet", "1001", PAIR_GRANTED, IN_2100);
	store_alive(bench->store, NOW_S, NULL, NULL);
	bench_wait(bench);
	restart(bench, NOW_S + 10);
	assert_false(store_clock_is_wrong(bench->store));
	/* Without a sign of life the rows are all there is. */
	bench_close(bench);
}

/* [REL-031] [REL-030] a clock that is put right, or wrong, while the daemon runs: what was written
 * before and what is written after are of one time, now and after a start. */
static void moves_with_the_clock(struct bench *bench)
{
	set_clock(bench, 5 * DAY); /* 1970 */
	store_alive(bench->store, 5 * DAY, NULL, NULL);
	put_all(bench, 5 * DAY);
	set_clock(bench, NOW_S);
	store_alive(bench->store, NOW_S, NULL, NULL);
}

static int64_t queue_left_s(struct bench *bench, int64_t now_s)
{
	struct times times = {.bench = bench, .rows = 4, .now_s = now_s};

	store_load_queue(bench->store, on_queued, on_done, &times);
	store_load_dialogs(bench->store, on_dialog, on_done, &times);
	store_load_publications(bench->store, on_publication, on_done, &times);
	store_load_pairs(bench->store, on_pair, on_done, &times);
	assert_true(fake_loop_wait(bench->loop, is_done, &times));
	lies_in(times.dialog, HOUR - 1, HOUR + 1);
	lies_in(times.published, HOUR - 1, HOUR + 1);
	lies_in(-times.asked, HOUR - 1, HOUR + 1);
	return times.queued;
}

static void test_put_right(void **state)
{
	static const char *const engines[] = {"memory", "sqlite"};
	int64_t whole = DAY - HOUR;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(engines); i++) {
		void *own = NULL;
		struct bench *bench;

		assert_int_equal(bench_setup(&own), 0);
		bench = own;
		assert_int_equal(bench_open(bench, engines[i]), 0);
		moves_with_the_clock(bench);
		lies_in(queue_left_s(bench, NOW_S), whole - 1, whole + 1);
		set_clock(bench, NOW_S + 45); /* a small step moves nothing */
		lies_in(queue_left_s(bench, NOW_S), whole - 1, whole + 1);
		if (i == 1) {
			restart(bench, NOW_S + 50);
			assert_false(store_clock_is_wrong(bench->store));
			lies_in(queue_left_s(bench, NOW_S), whole - 1, whole + 1);
		}
		bench_teardown(&own);
	}
}

/* Fingerprints whose places would meet on the way are all there afterwards. */
static void test_crowded_prints(void **state)
{
	struct bench *bench = *state;
	struct times times = {.bench = bench};
	struct store_print print = {1, 200};

	assert_int_equal(bench_open(bench, "sqlite"), 0);
	for (int64_t i = 0; i < 200; i++) {
		store_put_prints(bench->store, &print, 1, NOW_S + i, 0, on_done, &times);
		times.rows++;
	}
	set_clock(bench, NOW_S + 61);
	store_load_prints(bench->store, on_print, on_done, &times);
	times.rows++;
	assert_true(fake_loop_wait(bench->loop, is_done, &times));
	assert_int_equal(times.printed, NOW_S + 199 + 61);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_wrong_at_start, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_bounds, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_rows_of_the_future, bench_setup,
						bench_teardown),
		cmocka_unit_test(test_put_right),
		cmocka_unit_test_setup_teardown(test_crowded_prints, bench_setup, bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
