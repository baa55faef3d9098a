/* What outlives the process of messages, in every engine: queue, receipts, fingerprints, and what
 * was learned. */
#include "support/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/message.h"
#include "store_bench.h"
#include "support/fake_loop.h"

enum { ERRORS_MAX = 64 };

/* What came back, in words: one line a row. */
struct heard {
	struct bench *bench;
	struct buf rows;
	size_t asked;
	size_t done;
	int errors[ERRORS_MAX];
};

static void on_done(int error, void *arg)
{
	struct heard *heard = arg;

	assert_true(heard->done < ERRORS_MAX);
	heard->errors[heard->done++] = error;
}

static bool is_done(void *arg)
{
	const struct heard *heard = arg;

	return heard->done >= heard->asked;
}

static void settle(struct heard *heard)
{
	assert_true(fake_loop_wait(heard->bench->loop, is_done, heard));
	assert_int_equal(heard->done, heard->asked);
}

/* Waits; all that was asked for has gone well. */
static void settle_well(struct heard *heard)
{
	settle(heard);
	for (size_t i = 0; i < heard->done; i++)
		assert_int_equal(heard->errors[i], 0);
	heard->done = 0;
	heard->asked = 0;
}

/* Reads a table and compares the lines. */
static void expect_rows(struct heard *heard, void (*load)(struct heard *heard), const char *rows)
{
	heard->done = 0;
	heard->asked = 1;
	buf_reset(&heard->rows);
	load(heard);
	settle_well(heard);
	assert_string_equal(buf_text(&heard->rows), rows);
}

static const char *const engines[] = {"memory", "sqlite"};

static void each_engine(void (*test)(struct heard *heard))
{
	for (size_t i = 0; i < CHECK_COUNT(engines); i++) {
		void *state = NULL;
		struct heard heard = {0};

		assert_int_equal(bench_setup(&state), 0);
		heard.bench = state;
		assert_int_equal(bench_open(heard.bench, engines[i]), 0);
		test(&heard);
		bench_teardown(&state);
		buf_free(&heard.rows);
	}
}

static void write_address(const struct address *address, struct buf *out)
{
	address_print(address, out);
	buf_putc(out, ' ');
}

/* ---- the queue ---- */

static void on_queued(const struct queue_row *row, void *arg)
{
	struct buf *out = &((struct heard *)arg)->rows;

	buf_printf(out, "%d ", (int)row->seq);
	write_address(&row->sender, out);
	write_address(&row->recipient, out);
	buf_printf(out, "%lld %lld %d %d ", (long long)row->accepted_ms, (long long)row->expires_s,
		   (int)row->tries, row->is_quarantined);
	buf_append(out, row->value, row->value_len);
	buf_putc(out, '\n');
	assert_int_equal(row->value[row->value_len], 0);
}

static void load_queue(struct heard *heard)
{
	store_load_queue(heard->bench->store, on_queued, on_done, heard);
}

static void queue_row(struct queue_row *row, int64_t seq, const char *value)
{
	*row = (struct queue_row){
		.seq = seq,
		.accepted_ms = 1795359600000 + seq,
		.expires_s = 1795446000,
		.value = value == NULL ? NULL : mem_strdup(value),
		.value_len = value == NULL ? 0 : strlen(value),
	};
	address_set(&row->sender, SIDE_XMPP, "juliet", "chat.example");
	address_set(&row->recipient, SIDE_SIP, "1001", "pbx.example");
}

static void put_queued(struct heard *heard, int64_t seq, const char *value, int64_t tries)
{
	struct queue_row row;

	queue_row(&row, seq, value);
	row.tries = tries;
	row.is_quarantined = tries > 2;
	heard->asked++;
	store_put_queued(heard->bench->store, &row, on_done, heard);
	queue_row_clear(&row);
}

static void take_queued(struct heard *heard, int64_t seq, const char *value)
{
	struct queue_row row;

	queue_row(&row, seq, value);
	heard->asked++;
	store_take_queued(heard->bench->store, &row, on_done, heard);
	assert_null(row.value);
	assert_int_equal(row.value_len, 0);
	queue_row_clear(&row);
}

static void drop_queued(struct heard *heard, int64_t seq)
{
	heard->asked++;
	store_drop_queued(heard->bench->store, seq, on_done, heard);
}

#define LINE(seq, rest)                                                                            \
#seq " xmpp:juliet@chat.example sip:1001@pbx.example 179535960000" #seq                    \
	     " 1795446000 " rest "\n"

static void queue_is_kept(struct heard *heard)
{
	expect_rows(heard, load_queue, "");
	put_queued(heard, 9, "nine", 0);
	take_queued(heard, 2, "two");
	put_queued(heard, 5, "five", 0);
	put_queued(heard, 7, "seven", 0);
	drop_queued(heard, 7);
	drop_queued(heard, 4711); /* was never there */
	settle_well(heard);
	expect_rows(heard, load_queue, LINE(2, "0 0 two") LINE(5, "0 0 five") LINE(9, "0 0 nine"));
	put_queued(heard, 5, NULL, 3);     /* keeps the value */
	put_queued(heard, 2, "turned", 0); /* in its place */
	settle_well(heard);
	expect_rows(heard, load_queue,
		    LINE(2, "0 0 turned") LINE(5, "3 1 five") LINE(9, "0 0 nine"));
	drop_queued(heard, 2);
	drop_queued(heard, 5);
	drop_queued(heard, 9);
	settle_well(heard);
	expect_rows(heard, load_queue, "");
}

/* The order of a load is that of acceptance, whatever was written when (the store's part of
 * REL-008); a row without a value keeps the one that is there. */
static void test_queue(void **state)
{
	(void)state;
	each_engine(queue_is_kept);
}

static void put_illegal(struct heard *heard, int which)
{
	struct queue_row row;

	queue_row(&row, 3, "illegal");
	if (which == 0)
		row.seq = 0;
	else if (which == 1)
		row.accepted_ms = -1;
	else if (which == 2)
		row.expires_s = -1;
	else if (which == 3)
		row.tries = -1;
	else if (which == 4)
		row.value_len = 0;
	heard->asked++;
	store_put_queued(heard->bench->store, &row, on_done, heard);
	queue_row_clear(&row);
}

static void put_long(struct heard *heard, int64_t seq, size_t len)
{
	struct queue_row row;

	queue_row(&row, seq, NULL);
	row.value = mem_alloc(len);
	memset(row.value, 'x', len);
	row.value_len = len;
	heard->asked++;
	store_take_queued(heard->bench->store, &row, on_done, heard);
	queue_row_clear(&row);
}

static void one_bad_row_is_alone(struct heard *heard)
{
	take_queued(heard, 1, "first");
	for (int i = 0; i < 5; i++)
		put_illegal(heard, i);
	put_long(heard, 2, MESSAGE_CODE_MAX + 1);
	put_long(heard, 2, (size_t)8 << 20);
	put_queued(heard, 8, NULL, 1); /* there is none to keep the value of */
	put_long(heard, 6, MESSAGE_CODE_MAX);
	take_queued(heard, 9, "last");
	settle(heard);
	assert_int_equal(heard->errors[0], 0);
	for (size_t i = 1; i <= 7; i++)
		assert_int_equal(heard->errors[i], EINVAL);
	assert_int_equal(heard->errors[8], ENOENT);
	assert_int_equal(heard->errors[9], 0);
	assert_int_equal(heard->errors[10], 0);
	drop_queued(heard, 6);
	settle(heard);
	expect_rows(heard, load_queue, LINE(1, "0 0 first") LINE(9, "0 0 last"));
}

/* A row that breaks a limit is refused, and no other with it. */
static void test_limits(void **state)
{
	(void)state;
	each_engine(one_bad_row_is_alone);
}

static void on_length(const struct queue_row *row, void *arg)
{
	struct heard *heard = arg;

	assert_int_equal(row->value_len, MESSAGE_CODE_MAX);
	buf_printf(&heard->rows, "%d,", (int)row->seq);
}

static void load_lengths(struct heard *heard)
{
	store_load_queue(heard->bench->store, on_length, on_done, heard);
}

static void long_rows_come_in_order(struct heard *heard)
{
	for (int i = 40; i > 0; i--)
		put_long(heard, i, MESSAGE_CODE_MAX);
	settle_well(heard);
	expect_rows(heard, load_lengths,
		    "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,"
		    "30,31,32,33,34,35,36,37,38,39,40,");
}

/* Rows of the longest value: more than one piece of a load. */
static void test_long_rows(void **state)
{
	(void)state;
	each_engine(long_rows_come_in_order);
}

/* ---- receipts ---- */

static void on_receipt(const struct receipt_row *row, void *arg)
{
	struct buf *out = &((struct heard *)arg)->rows;

	buf_printf(out, "%s ", row->uid);
	write_address(&row->sender, out);
	write_address(&row->recipient, out);
	buf_printf(out, "%d %d %d ", (int)row->wants, (int)row->told, (int)row->sent_ms);
	buf_append(out, row->value, row->value_len);
	buf_putc(out, '\n');
}

static void load_receipts(struct heard *heard)
{
	store_load_receipts(heard->bench->store, on_receipt, on_done, heard);
}

static void put_receipt(struct heard *heard, const char *uid, int64_t sent_ms, int64_t told,
			const char *value)
{
	char id[80], text[32];
	struct receipt_row row = {.uid = id, .wants = 5, .told = told, .sent_ms = sent_ms};

	snprintf(id, sizeof id, "%s", uid);
	if (value != NULL) {
		snprintf(text, sizeof text, "%s", value);
		row.value = text;
		row.value_len = strlen(text);
	}
	address_set(&row.sender, SIDE_XMPP, "romeo", "chat.example");
	address_set(&row.recipient, SIDE_SIP, "1002", "pbx.example");
	heard->asked++;
	store_put_receipt(heard->bench->store, &row, on_done, heard);
	address_clear(&row.sender);
	address_clear(&row.recipient);
}

static void drop_receipt(struct heard *heard, const char *uid)
{
	heard->asked++;
	store_drop_receipt(heard->bench->store, uid, on_done, heard);
}

#define RECEIPT(uid, rest) uid " xmpp:romeo@chat.example sip:1002@pbx.example 5 " rest "\n"

static void receipts_are_kept(struct heard *heard)
{
	static const char too_long[] = "0123456789abcdef0123456789abcdef"
				       "0123456789abcdef0123456789abcdef0";

	put_receipt(heard, "bbb", 300, 0, "b");
	put_receipt(heard, "aaa", 100, 0, "a");
	put_receipt(heard, "ccc", 200, 0, "c");
	settle_well(heard);
	expect_rows(heard, load_receipts,
		    RECEIPT("aaa", "0 100 a") RECEIPT("ccc", "0 200 c") RECEIPT("bbb", "0 300 b"));
	put_receipt(heard, "aaa", 400, 1, NULL);
	put_receipt(heard, "bbb", 300, 3, "new");
	drop_receipt(heard, "ccc");
	drop_receipt(heard, "zzz");
	settle_well(heard);
	expect_rows(heard, load_receipts, RECEIPT("bbb", "3 300 new") RECEIPT("aaa", "1 400 a"));
	put_receipt(heard, "ddd", 1, 0, NULL);
	put_receipt(heard, "", 1, 0, "x");
	put_receipt(heard, too_long, 1, 0, "x");
	put_receipt(heard, "eee", -1, 0, "x");
	put_receipt(heard, "fff", 1, 0, "");
	put_receipt(heard, too_long + 1, 500, 0, "x");
	settle(heard);
	assert_int_equal(heard->errors[0], ENOENT);
	for (size_t i = 1; i <= 4; i++)
		assert_int_equal(heard->errors[i], EINVAL);
	assert_int_equal(heard->errors[5], 0);
}

/* By the time of sending, and each once. */
static void test_receipts(void **state)
{
	(void)state;
	each_engine(receipts_are_kept);
}

/* ---- fingerprints ---- */

static void on_print(const struct store_print *print, int64_t at_s, void *arg)
{
	buf_printf(&((struct heard *)arg)->rows, "%llx %d %d\n", (unsigned long long)print->print,
		   print->status, (int)at_s);
}

static void load_prints(struct heard *heard)
{
	store_load_prints(heard->bench->store, on_print, on_done, heard);
}

static void put_prints(struct heard *heard, const struct store_print *prints, size_t count,
		       int64_t at_s, int64_t before_s)
{
	heard->asked++;
	store_put_prints(heard->bench->store, prints, count, at_s, before_s, on_done, heard);
}

static void prints_are_kept(struct heard *heard)
{
	static const struct store_print some[] = {
		{0x0123456789abcdef, 200}, {UINT64_MAX, 202}, {0, -1}, {0xfedcba9876543210, 488}};
	struct store_print *many = mem_array(STORE_PRINTS_MAX + 1, sizeof *many);

	put_prints(heard, some, 2, 100, 0);
	put_prints(heard, some + 2, 1, 100, 63); /* of the same second */
	put_prints(heard, some + 3, 1, 137, 100);
	settle_well(heard);
	expect_rows(heard, load_prints,
		    "123456789abcdef 200 100\nffffffffffffffff 202 100\n0 -1 100\n"
		    "fedcba9876543210 488 137\n");
	put_prints(heard, some, 1, 138, 101);
	settle_well(heard);
	expect_rows(heard, load_prints, "fedcba9876543210 488 137\n123456789abcdef 200 138\n");
	put_prints(heard, many, STORE_PRINTS_MAX + 1, 138, 0);
	settle(heard);
	assert_int_equal(heard->errors[0], EINVAL);
	heard->done = heard->asked = 0;
	put_prints(heard, many, STORE_PRINTS_MAX, 139, 0);
	put_prints(heard, NULL, 0, 200, 200);
	settle_well(heard);
	expect_rows(heard, load_prints, "");
	mem_free(many);
}

/* The store's part of REL-005: what was answered is known for as long as is asked for, and not
 * longer. */
static void test_prints(void **state)
{
	(void)state;
	each_engine(prints_are_kept);
}

/* ---- learned ---- */

static void on_learned(const struct learned_row *row, void *arg)
{
	buf_printf(&((struct heard *)arg)->rows, "%s %s %lld %d\n", row->kind, row->subject,
		   (long long)row->value, (int)row->learned_s);
}

static void load_learned(struct heard *heard)
{
	store_load_learned(heard->bench->store, on_learned, on_done, heard);
}

static void put_learned(struct heard *heard, const char *kind, const char *subject, int64_t value,
			int64_t learned_s)
{
	struct learned_row row = {
		.kind = mem_strdup(kind),
		.subject = mem_strdup(subject),
		.value = value,
		.learned_s = learned_s,
	};

	heard->asked++;
	store_put_learned(heard->bench->store, &row, on_done, heard);
	learned_row_clear(&row);
}

static void drop_learned(struct heard *heard, const char *kind, const char *subject)
{
	heard->asked++;
	store_drop_learned(heard->bench->store, kind, subject, on_done, heard);
}

static void learned_is_kept(struct heard *heard)
{
	static const char subject[] = "sip:1001'\";\xc3\xa4\xff@pbx.example";
	char too_long[STORE_SUBJECT_MAX + 2];

	memset(too_long, 's', sizeof too_long - 1);
	too_long[sizeof too_long - 1] = '\0';
	put_learned(heard, "typing", subject, 1, 100);
	put_learned(heard, "typing", subject, -5000000000, 200);
	put_learned(heard, "cpim", subject, 1, 300);
	put_learned(heard, "typing", "a", 1, 300);
	drop_learned(heard, "cpim", subject);
	drop_learned(heard, "typing", "a");
	drop_learned(heard, "typing", "never");
	settle_well(heard);
	expect_rows(heard, load_learned,
		    "typing sip:1001'\";\xc3\xa4\xff@pbx.example -5000000000 200\n");
	put_learned(heard, "", subject, 1, 1);
	put_learned(heard, too_long, subject, 1, 1);
	put_learned(heard, "body", "", 1, 1);
	put_learned(heard, "body", too_long, 1, 1);
	put_learned(heard, "body", "x", 1, -1);
	put_learned(heard, "body", too_long + 1, 1, 1);
	settle(heard);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(heard->errors[i], EINVAL);
	assert_int_equal(heard->errors[5], 0);
}

static void test_learned(void **state)
{
	(void)state;
	each_engine(learned_is_kept);
}

/* ---- all of them ---- */

static void ask_everything(struct heard *heard)
{
	static const struct store_print print = {1, 200};

	put_queued(heard, 1, "one", 0);
	take_queued(heard, 2, "two");
	drop_queued(heard, 3);
	put_receipt(heard, "aaa", 1, 0, "a");
	drop_receipt(heard, "bbb");
	put_prints(heard, &print, 1, 1, 0);
	put_learned(heard, "typing", "a", 1, 1);
	drop_learned(heard, "typing", "b");
	heard->asked += 4;
	load_queue(heard);
	load_receipts(heard);
	load_prints(heard);
	load_learned(heard);
}

static void ends_quietly(struct heard *heard)
{
	ask_everything(heard);
	assert_int_equal(heard->done, 0);
	bench_close(heard->bench);
	fake_loop_run(heard->bench->loop);
	assert_int_equal(heard->done, 0);
}

/* Nothing is told after the end, and nothing is left over. */
static void test_freed_with_pending(void **state)
{
	(void)state;
	each_engine(ends_quietly);
}

/* (the store's part of REL-002 and REL-009): a store that fails says so for each, later. */
static void test_failing(void **state)
{
	struct heard heard = {.bench = *state};

	assert_int_equal(bench_open(heard.bench, "failing"), 0);
	ask_everything(&heard);
	assert_int_equal(heard.done, 0);
	settle(&heard);
	assert_int_equal(heard.done, 12);
	for (size_t i = 0; i < heard.done; i++)
		assert_int_equal(heard.errors[i], EIO);
	assert_int_equal(heard.rows.len, 0);
}

/* [REL-012] */
static void test_survives(void **state)
{
	struct heard heard = {.bench = *state};

	fake_loop_set_wall(heard.bench->loop, 1795359600000);
	assert_int_equal(bench_open(heard.bench, "sqlite"), 0);
	ask_everything(&heard);
	settle_well(&heard);
	store_alive(heard.bench->store, 1795359600, NULL, NULL);
	bench_close(heard.bench);
	assert_int_equal(bench_open(heard.bench, "sqlite"), 0);
	expect_rows(&heard, load_queue, LINE(1, "0 0 one") LINE(2, "0 0 two"));
	expect_rows(&heard, load_receipts, RECEIPT("aaa", "0 1 a"));
	expect_rows(&heard, load_prints, "1 200 1\n");
	expect_rows(&heard, load_learned, "typing a 1 1\n");
	buf_free(&heard.rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_long_rows),
		cmocka_unit_test(test_receipts),
		cmocka_unit_test(test_prints),
		cmocka_unit_test(test_learned),
		cmocka_unit_test(test_freed_with_pending),
		cmocka_unit_test_setup_teardown(test_failing, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_survives, bench_setup, bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
