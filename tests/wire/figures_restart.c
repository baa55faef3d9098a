/* Figures of a restart with many subscriptions of ours (REL-014): figures_restart [COUNT [PER_S]].
 * Prints how long it takes and what each costs; fails if one is lost, or if in some second more
 * goes out than may. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/check.h"

#include "base/mem.h"
#include "loop/loop.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"
#include "wire/row_keeper.h"

enum { COUNT_USUAL = 1000, HARD_PER_S = 1000, LOOK_MS = 2, GO = 16 };

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

static void pace(struct limits *limits)
{
	limits->outward_per_s = wanted_per_s;
}

static void make_rows(struct rig *rig)
{
	struct row_keeper *keeper = row_keeper_of(rig);
	char text[64];

	for (size_t i = 0; i < wanted_count; i++) {
		struct dialog_row row;

		dialog_row_copy(&row, &keeper->rows[0]);
		row.id = (int64_t)(1000 + i);
		row.expires_s += (int64_t)(i * 7919 % 3000);
		address_clear(&row.watched);
		snprintf(text, sizeof text, "u%zu", i);
		address_set(&row.watched, SIDE_SIP, text, "pbx.example");
		mem_free(row.call_id);
		snprintf(text, sizeof text, "0123456789abcdef0123456-%zu", i);
		row.call_id = mem_strdup(text);
		mem_free(row.remote);
		snprintf(text, sizeof text, "<sip:u%zu@pbx.example>", i);
		row.remote = mem_strdup(text);
		keeper->ops.put(&row, NULL, NULL, keeper);
		dialog_row_clear(&row);
	}
	row_keeper_flush(keeper);
}

static void watch_all(struct rig *rig)
{
	char user[32];

	for (size_t i = 0; i < wanted_count; i++) {
		snprintf(user, sizeof user, "u%zu", i);
		pa_watch_user(rig, user);
	}
}

/* 200 and a NOTIFY for each, some in one go: nobody reads while this writes. What it answers is
 * thrown away. */
static void serve(struct rig *rig, char *document)
{
	for (int i = 0; i < GO && text_peer_count(rig->peer, "SUBSCRIBE ") > 0; i++) {
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");
		struct presence_agent end;

		pa_learn(&end, text);
		end.cseq = 100;
		end.is_tcp = true;
		*strstr(end.from, ";tag=") = '\0';
		text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
		pa_send_notify(rig, &end, "active;expires=3600", "", document);
	}
	while (text_peer_count(rig->peer, "SIP/2.0 200") > 0)
		(void)text_peer_expect(rig->peer, "SIP/2.0 200");
	while (text_peer_count(rig->peer, "OPTIONS ") > 0)
		text_peer_answer(rig->peer, text_peer_expect(rig->peer, "OPTIONS "), "200 OK", "");
}

/* All are refreshed, and none too fast. */
static void refresh_all(struct rig *rig, uint64_t sent, uint64_t looked_ms)
{
	uint64_t *sent_after = mem_resize(NULL, wanted_count + 1, sizeof *sent_after);
	char room[512], *document = pa_document("there", room, sizeof room);
	size_t seen = 0;

	while (seen < wanted_count) {
		text_peer_let_run(rig->peer, LOOK_MS);
		for (; sent < rig->counters.subscribe_out && seen < wanted_count; sent++)
			sent_after[seen++] = looked_ms;
		looked_ms = loop_now(rig->loop);
		if (seen > HARD_PER_S)
			assert_true(looked_ms - sent_after[seen - 1 - HARD_PER_S] >= 1000);
		serve(rig, document);
	}
	for (int i = 0; i < 100; i++) {
		text_peer_let_run(rig->peer, LOOK_MS);
		serve(rig, document);
	}
	mem_free(sent_after);
}

/* [REL-014] */
static void many(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){
		.tune = row_keeper_tune, .limits = pace, .proxy_is_tcp = true, .t1_ms = 500});
	struct presence_agent end;
	uint64_t start_ms, restored_ms, asked_ms;
	uint64_t sent;
	size_t before, after;

	(void)state;
	pa_begin(rig, &end);
	make_rows(rig);
	rig->bridge->is_counting = true;
	before = resident();
	start_ms = loop_now(rig->loop);
	row_keeper_restart(rig, NULL);
	restored_ms = loop_now(rig->loop);
	after = resident();
	rig->bridge->heard = 0;
	sent = rig->counters.subscribe_out;
	watch_all(rig);
	while (rig->bridge->heard < wanted_count) /* all go on */
		text_peer_let_run(rig->peer, LOOK_MS);
	asked_ms = loop_now(rig->loop);
	printf("restored %zu in %llu ms, %zu bytes each; asked for in %llu ms, %zu bytes each\n",
	       wanted_count, (unsigned long long)(restored_ms - start_ms),
	       (after - before) / wanted_count, (unsigned long long)(asked_ms - restored_ms),
	       (resident() - before) / wanted_count);
	refresh_all(rig, sent, restored_ms);
	printf("refreshed in %.1f s: %.0f requests/s\n",
	       (double)(loop_now(rig->loop) - asked_ms) / 1000,
	       (double)wanted_count * 1000 / (double)(loop_now(rig->loop) - asked_ms));
	assert_int_equal(row_keeper_of(rig)->drops, 0);
	assert_int_equal(row_keeper_of(rig)->count, wanted_count + 1);
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
