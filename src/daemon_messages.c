/* Fingerprints of answered messages over a restart (D-38, REL-005): rows of the store, and the SIP
 * side that keeps and restores them. */
#include "base/mem.h"
#include "core/bridge.h"
#include "daemon_parts.h"
#include "settings.h"
#include "sip/sip_side.h"
#include "store/store.h"

enum {
	/* A message that was stored keeps its row until it is on the other side: its print is given
	 * to the store in the same turn. One that was handed over at once has no row, and what the
	 * prints are for, a repetition, comes after T1: those of a tenth of a second share a
	 * transaction. */
	WAIT_MS = 100,
	STORED = 202,
	BATCH_FIRST = 64,
	BATCH_MOST = 4096,
	LIFE_T1S = 74, /* 64*T1 + 5 s */
	RESTORED_MOST = 1 << 20
};

struct kept_print {
	uint64_t print;
	int status;
	int64_t at_s;
};

struct kept_prints {
	struct parts *parts;
	/* To be stored. */
	struct store_print *batch;
	size_t count;
	size_t room;
	struct loop_timer timer;
	bool is_deferred;
	/* What was read before the sides are there. */
	struct kept_print *read;
	size_t read_count;
	size_t read_room;
};

static struct kept_prints *get(struct parts *parts)
{
	if (parts->prints == NULL) {
		parts->prints = mem_zalloc(sizeof *parts->prints);
		parts->prints->parts = parts;
	}
	return parts->prints;
}

static int64_t life_s(const struct parts *parts)
{
	return (LIFE_T1S * (*parts->settings)->timer_t1_ms + 999) / 1000;
}

void daemon_flush_prints(struct parts *parts)
{
	struct kept_prints *prints = parts->prints;
	int64_t now_s = loop_wall_ms(parts->loop) / 1000;

	if (prints == NULL || prints->count == 0)
		return;
	loop_timer_cancel(&prints->timer);
	store_put_prints(parts->store, prints->batch, prints->count, now_s,
			 now_s - 2 * life_s(parts), daemon_stored, parts);
	prints->count = 0;
}

static void on_timer(void *arg)
{
	struct kept_prints *prints = arg;

	daemon_flush_prints(prints->parts);
}

static void on_turn(void *arg)
{
	struct kept_prints *prints = arg;

	prints->is_deferred = false;
	daemon_flush_prints(prints->parts);
}

static void put(uint64_t print, int status, void *arg)
{
	struct parts *parts = arg;
	struct kept_prints *prints = get(parts);

	if (prints->count == prints->room) {
		prints->room = prints->room != 0 ? 2 * prints->room : BATCH_FIRST;
		prints->batch = mem_resize(prints->batch, prints->room, sizeof *prints->batch);
	}
	prints->batch[prints->count++] = (struct store_print){print, status};
	if (prints->count == BATCH_MOST) {
		daemon_flush_prints(parts);
	} else if (status == STORED && !prints->is_deferred) {
		prints->is_deferred = true;
		loop_defer(parts->loop, on_turn, prints);
	} else if (!loop_timer_is_set(&prints->timer)) {
		loop_timer_set(parts->loop, &prints->timer, WAIT_MS, on_timer, prints);
	}
}

const struct print_keeper *daemon_print_keeper(struct parts *parts)
{
	parts->print_keeper = (struct print_keeper){put, parts};
	return &parts->print_keeper;
}

void daemon_take_print(const struct store_print *print, int64_t at_s, void *arg)
{
	struct kept_prints *prints = get(arg);

	if (prints->read_count == RESTORED_MOST)
		return;
	if (prints->read_count == prints->read_room) {
		prints->read_room = prints->read_room != 0 ? 2 * prints->read_room : BATCH_FIRST;
		prints->read = mem_resize(prints->read, prints->read_room, sizeof *prints->read);
	}
	prints->read[prints->read_count++] = (struct kept_print){print->print, print->status, at_s};
}

/* A crash can come between the row of a text and its print: the row says as much (REL-005). */
static void restore_queued(const struct queued_message *queued, void *arg)
{
	struct parts *parts = arg;
	int64_t age_ms = loop_wall_ms(parts->loop) - queued->accepted_ms;

	if (queued->from->side == SIDE_SIP && queued->what == MESSAGE_TEXT && queued->uid != NULL)
		sip_side_restore_queued(parts->sip, queued->uid, age_ms > 0 ? age_ms : 0);
}

/* at_s is cut to seconds, and a wall clock that went back tells no age (REL-030): rather too long
 * than too short. */
void daemon_restore_prints(struct parts *parts)
{
	struct kept_prints *prints = parts->prints;
	int64_t now_ms = loop_wall_ms(parts->loop);

	if (parts->sip == NULL)
		return;
	bridge_each_queued(parts->bridge, restore_queued, parts);
	if (prints == NULL)
		return;
	for (size_t i = 0; i < prints->read_count; i++) {
		const struct kept_print *kept = &prints->read[i];
		int64_t age_ms = now_ms - (kept->at_s + 1) * 1000;

		sip_side_restore_print(parts->sip, kept->print, kept->status,
				       age_ms > 0 ? age_ms : 0);
	}
	mem_free(prints->read);
	prints->read = NULL;
	prints->read_count = prints->read_room = 0;
}

void daemon_free_prints(struct parts *parts)
{
	struct kept_prints *prints = parts->prints;

	if (prints == NULL)
		return;
	daemon_flush_prints(parts);
	loop_timer_cancel(&prints->timer);
	loop_forget(parts->loop, prints);
	mem_free(prints->batch);
	mem_free(prints->read);
	mem_free(prints);
	parts->prints = NULL;
}
