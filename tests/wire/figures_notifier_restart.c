/* Figures of a restart with many SIP watchers (REL-014): figures_notifier_restart [COUNT [PER_S]].
 * Prints how long it takes and what each costs; fails if one is lost or told twice, or if in some
 * second more goes out than may. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "support/check.h"

#include "base/mem.h"
#include "loop/loop.h"
#include "sip/sip_side.h"
#include "wire/row_keeper.h"
#include "wire/watcher.h"

enum { COUNT_USUAL = 1000, HARD_PER_S = 1000, LOOK_MS = 2 };

static size_t wanted_count = COUNT_USUAL;
static int64_t wanted_per_s = HARD_PER_S;

static size_t resident(void)
{
	size_t size = 0, pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%zu %zu", &size, &pages), 2);
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static uint64_t cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void pace(struct limits *limits)
{
	limits->outward_per_s = wanted_per_s;
}

static void make_rows(struct rig *rig)
{
	struct row_keeper *keeper = row_keeper_of(rig);
	char text[64];

	for (size_t i = 1; i < wanted_count; i++) {
		struct dialog_row row;

		dialog_row_copy(&row, &keeper->rows[0]);
		row.id = (int64_t)(1000 + i);
		row.expires_s += (int64_t)(i * 7919 % 3000);
		address_clear(&row.watched);
		snprintf(text, sizeof text, "u%zu", i);
		address_set(&row.watched, SIDE_XMPP, text, "chat.example");
		mem_free(row.call_id);
		snprintf(text, sizeof text, "m%zu", i);
		row.call_id = mem_strdup(text);
		keeper->ops.put(&row, NULL, NULL, keeper);
		dialog_row_clear(&row);
	}
	row_keeper_flush(keeper);
}

static void answer_all(struct rig *rig, bool *was_told, size_t *told)
{
	char room[64];

	while (text_peer_count(rig->peer, "NOTIFY ") > 0) {
		const struct sip_text *text = text_peer_expect(rig->peer, "NOTIFY ");
		size_t number =
			(size_t)atoi(sip_text_header(text, "Call-ID", room, sizeof room) + 1);

		assert_true(number < wanted_count);
		*told += was_told[number] ? 0 : 1;
		was_told[number] = true;
		text_peer_answer(rig->peer, text, "200 OK", "");
	}
}

/* All are told, each once, and not too fast. */
static void tell_all(struct rig *rig)
{
	uint64_t *sent_after = mem_resize(NULL, wanted_count + 1, sizeof *sent_after);
	bool *was_told = mem_zalloc(wanted_count * sizeof *was_told);
	uint64_t looked_ms = loop_now(rig->loop);
	size_t told = 0, sent = 0;

	while (told < wanted_count) {
		text_peer_let_run(rig->peer, LOOK_MS);
		for (; sent < rig->counters.notify_out && sent < wanted_count; sent++)
			sent_after[sent] = looked_ms;
		looked_ms = loop_now(rig->loop);
		if (sent > HARD_PER_S)
			assert_true(looked_ms - sent_after[sent - 1 - HARD_PER_S] >= 1000);
		answer_all(rig, was_told, &told);
	}
	text_peer_let_run(rig->peer, 100);
	assert_int_equal(rig->counters.notify_out, wanted_count);
	mem_free(sent_after);
	mem_free(was_told);
}

/* [REL-014] [D-49] */
static void many(void **state)
{
	struct rig *rig = rig_new(
		&(struct rig_options){.tune = row_keeper_tune, .limits = pace, .t1_ms = 500});
	struct watcher first = {.call_id = "m0"};
	uint64_t start_ms, restored_ms, start_us, restored_us;
	size_t before, after;

	(void)state;
	rig->bridge->requested = WATCH_PENDING;
	watcher_subscribe(rig, &first, "Expires: 600\r\n");
	row_keeper_flush(row_keeper_of(rig));
	watcher_answer(rig, "pending", "200 OK");
	text_peer_let_run(rig->peer, 30);
	make_rows(rig);
	rig->bridge->is_counting = true;
	rig->counters.notify_out = 0;
	before = resident();
	start_ms = loop_now(rig->loop);
	start_us = cpu_us();
	row_keeper_restart(rig, NULL);
	restored_ms = loop_now(rig->loop);
	restored_us = cpu_us();
	after = resident();
	printf("restored %zu in %llu ms: %.1f us, %zu bytes each\n", wanted_count,
	       (unsigned long long)(restored_ms - start_ms),
	       (double)(restored_us - start_us) / (double)wanted_count,
	       (after - before) / wanted_count);
	tell_all(rig);
	printf("told in %.1f s: %.0f requests/s\n",
	       (double)(loop_now(rig->loop) - restored_ms) / 1000,
	       (double)wanted_count * 1000 / (double)(loop_now(rig->loop) - restored_ms));
	assert_int_equal(row_keeper_of(rig)->drops, 0);
	row_keeper_free_rig(&rig);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(many)};

	if (argc > 1)
		wanted_count = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		wanted_per_s = atoi(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
