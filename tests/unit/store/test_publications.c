/* Publications in the store. */
#include <stdio.h>
#include <string.h>

#include "support/check.h"

#include "base/mem.h"
#include "store_bench.h"
#include "support/fake_loop.h"

static struct publication_row rows[16];
static size_t count;
static size_t done;
static int last_error;

static void on_done(int error, void *arg)
{
	(void)arg;
	last_error = error;
	done++;
}

static void on_row(const struct publication_row *row, void *arg)
{
	(void)arg;
	assert_true(count < CHECK_COUNT(rows));
	rows[count] = *row;
	address_copy(&rows[count].user, &row->user);
	rows[count].etag = mem_strdup(row->etag);
	rows[count].source = mem_strdup(row->source);
	rows[count].type = mem_strdup_or_null(row->type);
	rows[count].language = mem_strdup_or_null(row->language);
	rows[count].body = row->body != NULL ? mem_strndup(row->body, row->body_len) : NULL;
	count++;
}

static void forget(void)
{
	while (count > 0)
		publication_row_clear(&rows[--count]);
}

static bool is_done(void *arg)
{
	return done >= *(size_t *)arg;
}

static void wait_for(struct bench *bench, size_t wanted)
{
	assert_true(fake_loop_wait(bench->loop, is_done, &wanted));
	assert_int_equal(done, wanted);
}

static void put(struct bench *bench, enum side side, const char *local, int64_t id,
		const char *etag, const char *body, int64_t expires_at)
{
	struct publication_row row = {.id = id, .expires_at = expires_at};
	char tag[32], source[] = "127.0.0.1", type[] = "application/pidf+xml", text[64];

	snprintf(tag, sizeof tag, "%s", etag);
	row.etag = tag;
	row.source = source;
	if (body != NULL) {
		snprintf(text, sizeof text, "%s", body);
		row.type = type;
		row.body = text;
		row.body_len = strlen(text);
	}
	address_set(&row.user, side, local, "pbx.example");
	store_put_publication(bench->store, &row, on_done, NULL);
	address_clear(&row.user);
}

static void load(struct bench *bench)
{
	forget();
	store_load_publications(bench->store, on_row, on_done, NULL);
}

/* A refresh changes tag and end, and leaves the body; each publication of a user is its own. */
static void keeps_what_was_put(struct bench *bench)
{
	struct address user;

	done = 0;
	put(bench, SIDE_SIP, "1001", 7, "t-1", "<one/>", 100);
	put(bench, SIDE_SIP, "1001", 8, "t-2", "<two/>", 200);
	put(bench, SIDE_SIP, "1001", 7, "t-3", NULL, 300);
	put(bench, SIDE_XMPP, "juliet", 7, "t-4", NULL, 400);
	load(bench);
	wait_for(bench, 5);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		if (rows[i].user.side == SIDE_XMPP) {
			assert_null(rows[i].body);
			assert_string_equal(rows[i].etag, "t-4");
		} else if (rows[i].id == 7) {
			assert_string_equal(rows[i].etag, "t-3");
			assert_string_equal(rows[i].body, "<one/>");
			assert_string_equal(rows[i].type, "application/pidf+xml");
			assert_string_equal(rows[i].source, "127.0.0.1");
			assert_null(rows[i].language);
			assert_int_equal(rows[i].expires_at, 300);
		} else {
			assert_int_equal(rows[i].id, 8);
			assert_string_equal(rows[i].body, "<two/>");
		}
	}
	address_set(&user, SIDE_SIP, "1001", "pbx.example");
	store_drop_publication(bench->store, &user, 7, on_done, NULL);
	store_drop_publication(bench->store, &user, 99, on_done, NULL);
	address_clear(&user);
	load(bench);
	wait_for(bench, 8);
	assert_int_equal(count, 2);
	assert_int_equal(last_error, 0);
	forget();
}

/* [REL-012] [AST-7]: in every engine. */
static void each_engine_keeps_them(void **state)
{
	static const char *const engines[] = {"memory", "sqlite"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(engines); i++) {
		void *own = NULL;

		assert_int_equal(bench_setup(&own), 0);
		assert_int_equal(bench_open(own, engines[i]), 0);
		keeps_what_was_put(own);
		bench_teardown(&own);
	}
}

/* [REL-012]: over a restart. */
static void they_survive(void **state)
{
	struct bench *bench = *state;

	done = 0;
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	put(bench, SIDE_SIP, "1001", 7, "t-1", "<one/>", 100);
	wait_for(bench, 1);
	bench_close(bench);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	load(bench);
	wait_for(bench, 2);
	assert_int_equal(count, 1);
	assert_string_equal(rows[0].body, "<one/>");
	forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_engine_keeps_them),
		cmocka_unit_test_setup_teardown(they_survive, bench_setup, bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
