/* The wall clock and what is stored (REL-031): rows carry wall-clock times, and a clock may be
 * wrong at the start, and be put right while the daemon runs. Then the rows are moved with it, so
 * that nothing ends or ages because of the clock alone. */
#include <inttypes.h>

#include "base/log.h"
#include "loop/loop.h"
#include "store/store_engine.h"

enum {
	CLOCK_BEHIND_S = 60,
	CLOCK_AHEAD_S = 24 * 3600,
	CLOCK_STEP_S = 60,
	CLOCK_EARLIEST_S = 1577836800 /* 2020: this program is younger */
};

/* Between the wall clock and one that never steps. */
static int64_t frame_s(struct loop *loop)
{
	return (loop_wall_ms(loop) - (int64_t)loop_now(loop)) / 1000;
}

/* A machine without a battery starts in 1970, and may do so again before it has asked for the time:
 * what it wrote then proves nothing. */
static bool is_wrong(int64_t now_s, int64_t newest_s)
{
	if (now_s < CLOCK_EARLIEST_S)
		return true;
	return newest_s != 0 &&
	       (newest_s - now_s > CLOCK_BEHIND_S || now_s - newest_s > CLOCK_AHEAD_S);
}

void store_clock_start(struct store_clock *clock, struct loop *loop, int64_t newest_s)
{
	int64_t now_s = loop_wall_ms(loop) / 1000;

	clock->loop = loop;
	clock->frame_s = frame_s(loop);
	clock->is_wrong = is_wrong(now_s, newest_s);
	if (!clock->is_wrong)
		return;
	clock->moved_s = newest_s != 0 ? now_s - newest_s : 0;
	log_warning("store: the clock does not fit what is stored, which is kept whatever its age "
		    "now=%" PRId64 " newest=%" PRId64
		    " (is the clock of this machine right, or was the daemon off for long?)",
		    now_s, newest_s);
}

int64_t store_clock_step(struct store_clock *clock)
{
	int64_t frame = frame_s(clock->loop);
	int64_t step_s = frame - clock->frame_s;

	if (step_s <= CLOCK_STEP_S && step_s >= -CLOCK_STEP_S)
		return 0;
	clock->frame_s = frame;
	log_notice("store: the clock was moved, what is stored moves with it by=%" PRId64 "s",
		   step_s);
	return step_s;
}

static int64_t moved(int64_t at, int64_t by_s)
{
	if (at > STORE_TIME_MAX_S * 1000)
		at = STORE_TIME_MAX_S * 1000;
	return at + by_s > 0 ? at + by_s : 0;
}

/* 0 is never. */
static void move_time(int64_t *at, int64_t by_s)
{
	if (*at != 0)
		*at = moved(*at, by_s) > 1 ? moved(*at, by_s) : 1;
}

void store_item_move(struct store_item *item, int64_t by_s)
{
	switch (item->table) {
	case STORE_PAIRS:
		move_time(&item->pair.asked_at, by_s);
		move_time(&item->pair.granted_at, by_s);
		move_time(&item->pair.refused_at, by_s);
		move_time(&item->pair.ended_at, by_s);
		move_time(&item->pair.heard_at, by_s);
		break;
	case STORE_PUBLICATIONS:
		item->publication.expires_at = moved(item->publication.expires_at, by_s);
		break;
	case STORE_QUEUE:
		item->queued.expires_s = moved(item->queued.expires_s, by_s);
		break;
	case STORE_RECEIPTS:
		item->receipt.sent_ms = moved(item->receipt.sent_ms, by_s * 1000);
		break;
	case STORE_PRINTS:
		item->prints.at_s = moved(item->prints.at_s, by_s);
		break;
	case STORE_LEARNED:
		item->learned.learned_s = moved(item->learned.learned_s, by_s);
		break;
	case STORE_DIALOGS:
		item->dialog.expires_s = moved(item->dialog.expires_s, by_s);
		break;
	default:
		break;
	}
}
