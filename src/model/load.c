/* Levels of load; see load.h. */
#include "model/load.h"

#include <string.h>

#include "model/counters.h"
#include "model/limits.h"

enum {
	SHARE_ALL = 256,
	SHARE_FIRST = 128, /* when the level becomes critical */
	SHARE_MORE = 26,   /* each tick that is not critical */
	OTHERS_TIMES = 8,  /* who is not greedy is taken so much more often */
	TALK_WINDOW_MS = 250,
	TALK_FEW = 8 /* too few to call anybody greedy */
};

static const uint64_t never = UINT64_MAX;

static const char *const level_names[LOAD_LEVELS] = {"normal", "busy", "overloaded", "critical"};
static const char *const measure_names[LOAD_MEASURES] = {
	[LOAD_LAG_MS] = "lag_ms",
	[LOAD_WORK_MS] = "work_ms",
	[LOAD_INTAKE_PER_MILLE] = "intake_per_mille",
	[LOAD_OPEN_PER_MILLE] = "open_per_mille",
	[LOAD_STORE_MS] = "store_ms",
	[LOAD_STORE_REQUESTS] = "store_requests",
	[LOAD_LINK_PER_MILLE] = "link_per_mille",
};

/* REL-042, D-50, SIP-065: the first level at which a class is turned away. */
static const enum load_level shed_from[LOAD_CLASSES] = {
	[LOAD_POLL] = LOAD_BUSY,
	[LOAD_WATCH] = LOAD_BUSY,
	[LOAD_PUBLICATION] = LOAD_OVERLOADED,
	[LOAD_NOTICE] = LOAD_OVERLOADED,
	[LOAD_MESSAGE] = LOAD_CRITICAL,
	[LOAD_OPTIONS] = LOAD_CRITICAL,
};

const char *load_level_name(enum load_level level)
{
	return level_names[level];
}

const char *load_measure_name(enum load_measure measure)
{
	return measure_names[measure];
}

void load_init(struct load *load, const struct limits *limits, struct counters *counters)
{
	*load = (struct load){.limits = limits, .counters = counters, .share = SHARE_ALL};
}

/* A fifth of the limit is busy, four times as much critical. */
static uint64_t mark_of_limit(int64_t limit, enum load_level level)
{
	uint64_t most = (uint64_t)limit;

	if (level == LOAD_BUSY)
		return most / 5 > 0 ? most / 5 : 1;
	return level == LOAD_CRITICAL ? most * 4 : most;
}

uint64_t load_mark(const struct load *load, enum load_measure measure, enum load_level level)
{
	static const uint64_t fixed[LOAD_MEASURES][LOAD_LEVELS] = {
		/* All that there is to do is done in time as long as the others are low. */
		[LOAD_WORK_MS] = {0, 5000, UINT64_MAX, UINT64_MAX},
		[LOAD_INTAKE_PER_MILLE] = {0, 250, 500, 750},
		[LOAD_OPEN_PER_MILLE] = {0, 500, 750, 950},
		[LOAD_LINK_PER_MILLE] = {0, 250, 500, 900},
	};
	const struct limits *limits = load->limits;

	if (level == LOAD_NORMAL)
		return 0;
	switch (measure) {
	case LOAD_LAG_MS:
		return mark_of_limit(limits->load_lag_ms, level);
	case LOAD_STORE_MS:
		return mark_of_limit(limits->load_store_ms, level);
	case LOAD_STORE_REQUESTS:
		return mark_of_limit(limits->load_store_requests, level);
	default:
		return fixed[measure][level] != never ? fixed[measure][level] : never;
	}
}

static enum load_level level_by(const struct load *load, enum load_measure measure)
{
	for (int level = LOAD_CRITICAL; level > LOAD_NORMAL; level--)
		if (load->value[measure] >= load_mark(load, measure, (enum load_level)level))
			return (enum load_level)level;
	return LOAD_NORMAL;
}

static enum load_level measured(const struct load *load, enum load_measure *why)
{
	enum load_level highest = LOAD_NORMAL;

	for (int measure = 0; measure < LOAD_MEASURES; measure++) {
		enum load_level level = level_by(load, (enum load_measure)measure);

		if (level <= highest)
			continue;
		highest = level;
		*why = (enum load_measure)measure;
	}
	return highest;
}

static void count_rise(struct load *load)
{
	struct counters *counters = load->counters;

	counters->load_raised++;
	if (load->why == LOAD_LAG_MS)
		counters->limits.load_lag_ms++;
	else if (load->why == LOAD_STORE_MS)
		counters->limits.load_store_ms++;
	else if (load->why == LOAD_STORE_REQUESTS)
		counters->limits.load_store_requests++;
}

/* The part that is taken falls fast and grows slowly, so that what can be done is done (REL-056)
 * and no more. */
static void adapt(struct load *load, enum load_level now)
{
	if (now == LOAD_CRITICAL)
		load->share -= (load->share + 3) / 4;
	else
		load->share +=
			load->share + SHARE_MORE > SHARE_ALL ? SHARE_ALL - load->share : SHARE_MORE;
}

/* The highest level that was measured in the last seconds. */
static enum load_level lasting(const struct load *load, uint64_t now_ms)
{
	for (int level = LOAD_CRITICAL; level > LOAD_NORMAL; level--)
		if (load->was[level] && now_ms - load->last_ms[level] < LOAD_CALM_MS)
			return (enum load_level)level;
	return LOAD_NORMAL;
}

bool load_feed(struct load *load, const uint64_t value[LOAD_MEASURES], uint64_t now_ms)
{
	enum load_level before = load->level;
	enum load_measure why = load->why;
	enum load_level now;

	memcpy(load->value, value, sizeof load->value);
	now = measured(load, &why);
	for (int level = LOAD_BUSY; level <= (int)now; level++) {
		load->last_ms[level] = now_ms;
		load->was[level] = true;
	}
	load->level = lasting(load, now_ms);
	if (load->level > before) {
		load->why = why;
		count_rise(load);
		if (load->level == LOAD_CRITICAL)
			load->share = SHARE_FIRST;
	} else if (load->level == LOAD_CRITICAL) {
		adapt(load, now);
	}
	return load->level != before;
}

/* Who speaks --------------------------------------------------------------------------------- */

/* The majority vote of Boyer and Moore: one counter, whoever and however many they are. */
static void note_who(struct load *load, uint64_t who, uint64_t now_ms)
{
	if (now_ms >= load->talk.ends_ms) {
		bool is_most = load->talk.of_watched * 2 > load->talk.all &&
			       load->talk.of_watched < load->talk.all && load->talk.all >= TALK_FEW;

		load->talk.greedy = is_most ? load->talk.watched : 0;
		load->talk.watched = load->talk.candidate;
		load->talk.of_watched = load->talk.all = load->talk.votes = 0;
		load->talk.ends_ms = now_ms + TALK_WINDOW_MS;
	}
	load->talk.all++;
	load->talk.of_watched += who == load->talk.watched;
	if (load->talk.votes == 0)
		load->talk.candidate = who;
	load->talk.votes += who == load->talk.candidate ? 1U : -1U;
}

/* So many of 256, evenly. */
static bool is_in_share(struct load *load, unsigned share)
{
	load->owed += share;
	if (load->owed < SHARE_ALL)
		return false;
	load->owed -= SHARE_ALL;
	return true;
}

/* REL-047: while somebody sends more than all others together, it is he who is refused. */
static bool takes_message(struct load *load, uint64_t who)
{
	unsigned share = load->share;

	if (load->talk.greedy != 0 && who != load->talk.greedy)
		share *= OTHERS_TIMES;
	return is_in_share(load, share < SHARE_ALL ? share : SHARE_ALL);
}

static void count_shed(struct counters *counters, enum load_class class)
{
	switch (class) {
	case LOAD_POLL:
		counters->shed_polls++;
		break;
	case LOAD_WATCH:
		counters->shed_watches++;
		break;
	case LOAD_PUBLICATION:
		counters->shed_publications++;
		break;
	case LOAD_NOTICE:
		counters->shed_notices++;
		break;
	case LOAD_MESSAGE:
		counters->shed_messages++;
		break;
	default:
		counters->shed_options++;
		break;
	}
}

bool load_admits(struct load *load, enum load_class class, uint64_t who, uint64_t now_ms)
{
	bool is_taken;

	if (load == NULL)
		return true;
	if (class == LOAD_MESSAGE)
		note_who(load, who, now_ms);
	if (load->level < shed_from[class])
		return true;
	is_taken = class == LOAD_MESSAGE && takes_message(load, who);
	if (!is_taken)
		count_shed(load->counters, class);
	return is_taken;
}

unsigned load_stretch(const struct load *load)
{
	return 1U << load_level(load);
}
