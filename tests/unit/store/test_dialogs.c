/* Dialogs and the last presence in the store. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"

#include "base/mem.h"
#include "store_bench.h"
#include "support/fake_loop.h"

enum { ROWS_MAX = 64 };

/* What came back. */
struct got {
	size_t done;
	int last_error;
	struct dialog_row dialogs[ROWS_MAX];
	size_t dialog_count;
	struct presence_row presence[ROWS_MAX];
	size_t presence_count;
};

static void on_done(int error, void *arg)
{
	struct got *got = arg;

	got->last_error = error;
	got->done++;
}

static void on_dialog(const struct dialog_row *row, void *arg)
{
	struct got *got = arg;

	assert_true(got->dialog_count < ROWS_MAX);
	dialog_row_copy(&got->dialogs[got->dialog_count++], row);
}

static void on_presence(const struct presence_row *row, void *arg)
{
	struct got *got = arg;
	struct presence_row *copy = &got->presence[got->presence_count++];

	assert_true(got->presence_count < ROWS_MAX);
	*copy = *row;
	address_copy(&copy->watched, &row->watched);
	if (row->watcher.domain != NULL)
		address_copy(&copy->watcher, &row->watcher);
	copy->value = mem_strndup(row->value, row->value_len);
}

static void forget(struct got *got)
{
	while (got->dialog_count > 0)
		dialog_row_clear(&got->dialogs[--got->dialog_count]);
	while (got->presence_count > 0)
		presence_row_clear(&got->presence[--got->presence_count]);
}

struct wanted {
	const struct got *got;
	size_t count;
};

static bool is_done(void *arg)
{
	const struct wanted *wanted = arg;

	return wanted->got->done >= wanted->count;
}

/* Waits for the count-th completion; the error of the last one. */
static int wait_for(struct bench *bench, struct got *got, size_t count)
{
	struct wanted wanted = {got, count};

	assert_true(fake_loop_wait(bench->loop, is_done, &wanted));
	assert_int_equal(got->done, count);
	return got->last_error;
}

/* A whole row; dialog_row_clear() when done. */
static void fill(struct dialog_row *row, int64_t id, int64_t expires_s)
{
	*row = (struct dialog_row){
		.id = id,
		.role = DIALOG_ROW_SUBSCRIBER,
		.event = mem_strdup("presence"),
		.call_id = mem_strdup("a84b4c76e66710@pc33.chat.example"),
		.local_tag = mem_strdup("1928301774"),
		.remote_tag = mem_strdup("as6f1b2c"),
		.local = mem_strdup("<sip:juliet@chat.example>"),
		.remote = mem_strdup("<sip:1001@pbx.example>"),
		.target = mem_strdup("sip:1001@192.0.2.4:5062;transport=tcp"),
		.route = mem_strdup("<sip:192.0.2.1;lr>"),
		.peer = mem_strdup("192.0.2.1:5060"),
		.login = mem_strdup("juliet"),
		.local_cseq = 4294967295,
		.remote_cseq = 17,
		.is_stream = true,
		.is_secure = true,
		.expires_s = expires_s,
		.value = mem_strndup("\x00\x01value\xff", 8),
		.value_len = 8,
	};
	address_set(&row->watcher, SIDE_XMPP, "juliet", "chat.example");
	address_set(&row->watched, SIDE_SIP, "1001", "pbx.example");
}

static void same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		assert_true(a == b);
	else
		assert_string_equal(a, b);
}

static void same_address(const struct address *a, const struct address *b)
{
	assert_int_equal(a->domain == NULL, b->domain == NULL);
	if (a->domain != NULL)
		assert_true(address_equal(a, b));
}

static void same_dialog(const struct dialog_row *a, const struct dialog_row *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->role, b->role);
	same_address(&a->watcher, &b->watcher);
	same_address(&a->watched, &b->watched);
	same_text(a->event, b->event);
	same_text(a->call_id, b->call_id);
	same_text(a->local_tag, b->local_tag);
	same_text(a->remote_tag, b->remote_tag);
	same_text(a->local, b->local);
	same_text(a->remote, b->remote);
	same_text(a->target, b->target);
	same_text(a->route, b->route);
	same_text(a->peer, b->peer);
	same_text(a->login, b->login);
	assert_int_equal(a->local_cseq, b->local_cseq);
	assert_int_equal(a->remote_cseq, b->remote_cseq);
	assert_int_equal(a->is_stream, b->is_stream);
	assert_int_equal(a->is_secure, b->is_secure);
	assert_int_equal(a->expires_s, b->expires_s);
	assert_int_equal(a->value_len, b->value_len);
	if (a->value_len > 0)
		assert_memory_equal(a->value, b->value, a->value_len);
}

/* The least that a row may be. */
static void strip(struct dialog_row *row)
{
	char **texts[] = {&row->remote_tag, &row->target, &row->route,
			  &row->peer,       &row->login,  &row->value};

	for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
		mem_free(*texts[i]);
		*texts[i] = NULL;
	}
	address_clear(&row->watcher);
	row->role = DIALOG_ROW_NOTIFIER;
	row->value_len = 0;
	row->local_cseq = 0;
	row->remote_cseq = -1;
	row->is_stream = row->is_secure = false;
}

static void dialogs_are_kept(struct bench *bench)
{
	struct got got = {0};
	struct dialog_row whole;
	struct dialog_row bare;

	fill(&whole, INT64_MAX, 300);
	fill(&bare, 5, 100);
	strip(&bare);
	store_put_dialog(bench->store, &whole, on_done, &got);
	store_put_dialog(bench->store, &bare, on_done, &got);
	store_load_dialogs(bench->store, on_dialog, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 3), 0);
	assert_int_equal(got.dialog_count, 2);
	same_dialog(&got.dialogs[0], &bare); /* it ends first */
	same_dialog(&got.dialogs[1], &whole);
	forget(&got);

	/* Written again: a refresh, with another target and a later end; nothing of before stays.
	 */
	bare.expires_s = 4000;
	bare.local_cseq = 64;
	bare.target = mem_strdup("sip:1001@192.0.2.9");
	strip(&whole);
	store_put_dialog(bench->store, &bare, on_done, &got);
	store_put_dialog(bench->store, &whole, on_done, &got);
	store_load_dialogs(bench->store, on_dialog, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 6), 0);
	assert_int_equal(got.dialog_count, 2);
	same_dialog(&got.dialogs[0], &whole);
	same_dialog(&got.dialogs[1], &bare);
	forget(&got);

	store_drop_dialog(bench->store, bare.id, on_done, &got);
	store_drop_dialog(bench->store, 4711, on_done, &got); /* nobody's */
	store_load_dialogs(bench->store, on_dialog, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 9), 0);
	assert_int_equal(got.dialog_count, 1);
	same_dialog(&got.dialogs[0], &whole);
	forget(&got);
	dialog_row_clear(&whole);
	dialog_row_clear(&bare);
}

static char *long_text(size_t len)
{
	char *text = mem_zalloc(len + 1);

	memset(text, 'a', len);
	return text;
}

static void replace(char **text, char *other)
{
	mem_free(*text);
	*text = other;
}

/* Each bound, at it and over it; what is refused is refused alone. */
static void bounds_hold(struct bench *bench)
{
	struct got got = {0};
	struct dialog_row row;

	fill(&row, 1, 1);
	replace(&row.route, long_text(DIALOG_ROW_TEXT_MAX));
	replace(&row.value, long_text(DIALOG_ROW_VALUE_MAX));
	row.value_len = DIALOG_ROW_VALUE_MAX;
	store_put_dialog(bench->store, &row, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 1), 0);
	replace(&row.route, long_text(DIALOG_ROW_TEXT_MAX + 1));
	store_put_dialog(bench->store, &row, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 2), EINVAL);
	replace(&row.route, NULL);
	replace(&row.value, long_text(DIALOG_ROW_VALUE_MAX + 1));
	row.value_len = DIALOG_ROW_VALUE_MAX + 1;
	store_put_dialog(bench->store, &row, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 3), EINVAL);
	row.value_len = 1;
	row.id = 0;
	store_put_dialog(bench->store, &row, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 4), EINVAL);
	row.id = 1;
	replace(&row.event, NULL);
	store_put_dialog(bench->store, &row, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 5), EINVAL);
	dialog_row_clear(&row);
	store_load_dialogs(bench->store, on_dialog, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 6), 0);
	assert_int_equal(got.dialog_count, 1);
	assert_int_equal(got.dialogs[0].value_len, DIALOG_ROW_VALUE_MAX);
	forget(&got);
}

static void put_presence(struct bench *bench, struct got *got, const char *watcher,
			 const char *value, size_t len, int64_t told_s)
{
	struct presence_row row = {.told_s = told_s, .value_len = len};

	address_set(&row.watched, SIDE_SIP, "1001", "pbx.example");
	if (watcher != NULL)
		address_set(&row.watcher, SIDE_XMPP, watcher, "chat.example");
	if (value != NULL)
		row.value = mem_strndup(value, len);
	store_put_presence(bench->store, &row, on_done, got);
	presence_row_clear(&row);
}

static void drop_presence(struct bench *bench, struct got *got, const char *watcher)
{
	struct address watched;
	struct address none = {0};

	address_set(&watched, SIDE_SIP, "1001", "pbx.example");
	if (watcher != NULL)
		address_set(&none, SIDE_XMPP, watcher, "chat.example");
	store_drop_presence(bench->store, &watched, &none, on_done, got);
	address_clear(&watched);
	address_clear(&none);
}

static const struct presence_row *find_presence(const struct got *got, const char *watcher)
{
	for (size_t i = 0; i < got->presence_count; i++) {
		const struct presence_row *row = &got->presence[i];

		if (watcher == NULL ? row->watcher.domain == NULL
				    : row->watcher.domain != NULL &&
					      strcmp(row->watcher.local, watcher) == 0)
			return row;
	}
	return NULL;
}

/* What is told to all and what is told to one are rows of their own. */
static void presence_is_kept(struct bench *bench)
{
	struct got got = {0};

	put_presence(bench, &got, NULL, "all\0x", 5, 10);
	put_presence(bench, &got, "juliet", "hers", 4, 20);
	put_presence(bench, &got, NULL, "all of it", 9, 30);
	store_load_presence(bench->store, on_presence, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 4), 0);
	assert_int_equal(got.presence_count, 2);
	assert_int_equal(find_presence(&got, NULL)->told_s, 30);
	assert_int_equal(find_presence(&got, NULL)->value_len, 9);
	assert_memory_equal(find_presence(&got, NULL)->value, "all of it", 9);
	assert_string_equal(find_presence(&got, NULL)->watched.local, "1001");
	assert_int_equal(find_presence(&got, "juliet")->told_s, 20);
	forget(&got);
	drop_presence(bench, &got, NULL);
	drop_presence(bench, &got, "romeo");
	store_load_presence(bench->store, on_presence, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 7), 0);
	assert_int_equal(got.presence_count, 1);
	assert_non_null(find_presence(&got, "juliet"));
	forget(&got);
	put_presence(bench, &got, NULL, NULL, 0, 10);
	assert_int_equal(wait_for(bench, &got, 8), EINVAL);
	put_presence(bench, &got, NULL, "x", 1, -1);
	assert_int_equal(wait_for(bench, &got, 9), EINVAL);
}

static void presence_is_bounded(struct bench *bench)
{
	struct got got = {0};
	char *value = long_text(STORE_PRESENCE_MAX + 1);

	put_presence(bench, &got, NULL, value, STORE_PRESENCE_MAX, 1);
	assert_int_equal(wait_for(bench, &got, 1), 0);
	put_presence(bench, &got, NULL, value, STORE_PRESENCE_MAX + 1, 1);
	assert_int_equal(wait_for(bench, &got, 2), EINVAL);
	mem_free(value);
}

/* [REL-013] every field of a dialog, and what was told last (D-49), comes back as it was put, in
 * every engine. */
static void test_each_engine(void **state)
{
	static const char *const engines[] = {"memory", "sqlite"};
	static void (*const parts[])(struct bench * bench) = {
		dialogs_are_kept,
		bounds_hold,
		presence_is_kept,
		presence_is_bounded,
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(engines) * CHECK_COUNT(parts); i++) {
		void *own = NULL;

		assert_int_equal(bench_setup(&own), 0);
		assert_int_equal(bench_open(own, engines[i % 2]), 0);
		parts[i / 2](own);
		bench_teardown(&own);
	}
}

/* Rows that are refused by the engine itself. */
static void test_failing(void **state)
{
	struct bench *bench = *state;
	struct got got = {0};
	struct dialog_row row;

	assert_int_equal(bench_open(bench, "failing"), 0);
	fill(&row, 1, 1);
	store_put_dialog(bench->store, &row, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 1), EIO);
	store_load_dialogs(bench->store, on_dialog, on_done, &got);
	assert_int_equal(wait_for(bench, &got, 2), EIO);
	assert_int_equal(got.dialog_count, 0);
	put_presence(bench, &got, NULL, "x", 1, 1);
	assert_int_equal(wait_for(bench, &got, 3), EIO);
	dialog_row_clear(&row);
}

/* [REL-013] [REL-012] they are there after the end of the process, the one that ends soonest first
 * and however often each was written (SQL-011: by an index). */
static void test_over_a_restart(void **state)
{
	struct bench *bench = *state;
	struct got got = {0};
	size_t asked = 0;

	fake_loop_set_wall(bench->loop, 20000);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < ROWS_MAX; i++) {
			struct dialog_row row;

			fill(&row, 1 + i, 1000 * round + (i * 37) % ROWS_MAX);
			store_put_dialog(bench->store, &row, on_done, &got);
			dialog_row_clear(&row);
			asked++;
		}
	}
	put_presence(bench, &got, "juliet", "hers", 4, 20);
	assert_int_equal(wait_for(bench, &got, asked + 1), 0);
	bench_close(bench);
	assert_int_equal(bench_open(bench, "sqlite"), 0);
	store_load_dialogs(bench->store, on_dialog, on_done, &got);
	store_load_presence(bench->store, on_presence, on_done, &got);
	assert_int_equal(wait_for(bench, &got, asked + 3), 0);
	assert_int_equal(got.dialog_count, ROWS_MAX);
	for (int i = 0; i < ROWS_MAX; i++)
		assert_int_equal(got.dialogs[i].expires_s, 2000 + i);
	assert_int_equal(got.presence_count, 1);
	forget(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_engine),
		cmocka_unit_test_setup_teardown(test_failing, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_over_a_restart, bench_setup, bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
