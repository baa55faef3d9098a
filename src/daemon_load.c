/* What the levels of load are made from (REL-040): measured while there is work, and only then, so
 * that an idle daemon does not run at all. */
#include <string.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon_parts.h"
#include "settings.h"
#include "store/store.h"
#include "xmpp/xmpp_side.h"

enum {
	IDLE_TICKS = 15, /* so many without anything coming in, and the meter sleeps */
	LATE_TICKS = 3,  /* so many in a row make a lag: what was held up once goes on */
	PER_MILLE = 1000
};

struct load_meter {
	struct parts *parts;
	struct loop_timer timer;
	uint64_t due_ms;
	uint64_t late_ms[LATE_TICKS]; /* of the last ticks */
	unsigned next;
	uint64_t slept_ms; /* the loop had nothing to do, last */
	long sleeps;       /* of this thread, as the kernel counts them */
	uint64_t came_in;  /* requests and stanzas, at the last tick */
	unsigned quiet;    /* ticks without any */
	/* The store's age: what was asked by then is done or not. */
	uint64_t mark;
	uint64_t mark_ms;
};

static uint64_t came_in(const struct parts *parts)
{
	return parts->counters.sip_requests_in + parts->counters.stanzas_in;
}

/* What each of the last ticks was late at least; but so much that it is critical counts at once. */
static uint64_t lag_ms(struct load_meter *meter, uint64_t now)
{
	const struct load *load = &meter->parts->load;
	uint64_t late = now > meter->due_ms ? now - meter->due_ms : 0;
	uint64_t least = late;

	meter->late_ms[meter->next] = late;
	meter->next = (meter->next + 1) % LATE_TICKS;
	for (int i = 0; i < LATE_TICKS; i++)
		least = meter->late_ms[i] < least ? meter->late_ms[i] : least;
	return late >= load_mark(load, LOAD_LAG_MS, LOAD_CRITICAL) ? late : least;
}

/* The loop waits for nothing but its descriptors: who waited had nothing to do. */
static uint64_t work_ms(struct load_meter *meter, uint64_t now)
{
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage) != 0)
		return 0;
	if (usage.ru_nvcsw != meter->sleeps) {
		meter->sleeps = usage.ru_nvcsw;
		meter->slept_ms = now;
	}
	return now - meter->slept_ms;
}

/* Age of the oldest request, from below: that of one which was the last at an earlier tick. */
static uint64_t store_ms(struct load_meter *meter, const struct store_backlog *backlog,
			 uint64_t now)
{
	if (backlog->done >= meter->mark) {
		meter->mark = backlog->asked;
		meter->mark_ms = now;
	}
	return backlog->asked > backlog->done ? now - meter->mark_ms : 0;
}

static uint64_t open_per_mille(const struct parts *parts)
{
	uint64_t most = (uint64_t)(*parts->settings)->limits.messages_pending;
	uint64_t of_core = bridge_message_count(parts->bridge) * PER_MILLE / most;
	uint64_t of_sip = sip_side_open(parts->sip);

	return of_core > of_sip ? of_core : of_sip;
}

static void measure(struct load_meter *meter, uint64_t now, uint64_t value[LOAD_MEASURES])
{
	struct parts *parts = meter->parts;
	struct store_backlog backlog = store_backlog(parts->store);
	uint64_t most_bytes = (uint64_t)(*parts->settings)->limits.link_dead_bytes;

	value[LOAD_LAG_MS] = lag_ms(meter, now);
	value[LOAD_WORK_MS] = work_ms(meter, now);
	value[LOAD_INTAKE_PER_MILLE] = sip_side_intake(parts->sip);
	value[LOAD_OPEN_PER_MILLE] = open_per_mille(parts);
	value[LOAD_STORE_MS] = store_ms(meter, &backlog, now);
	value[LOAD_STORE_REQUESTS] = backlog.asked - backlog.done;
	value[LOAD_LINK_PER_MILLE] = xmpp_side_backlog(parts->xmpp) * PER_MILLE / most_bytes;
}

static void log_level(const struct load *load, enum load_level before)
{
	if (load->level > before)
		log_warning("daemon: load is %s from=%s %s=%llu (new work is turned away by kind)",
			    load_level_name(load->level), load_level_name(before),
			    load_measure_name(load->why),
			    (unsigned long long)load->value[load->why]);
	else
		log_notice("daemon: load is %s from=%s", load_level_name(load->level),
			   load_level_name(before));
}

static void on_tick(void *arg);

static void wait_tick(struct load_meter *meter, uint64_t now)
{
	meter->due_ms = now + LOAD_TICK_MS;
	loop_timer_set(meter->parts->loop, &meter->timer, LOAD_TICK_MS, on_tick, meter);
}

static bool is_quiet(struct load_meter *meter)
{
	uint64_t in = came_in(meter->parts);

	meter->quiet = in == meter->came_in ? meter->quiet + 1 : 0;
	meter->came_in = in;
	return meter->quiet >= IDLE_TICKS && meter->parts->load.level == LOAD_NORMAL;
}

static void on_tick(void *arg)
{
	struct load_meter *meter = arg;
	struct load *load = &meter->parts->load;
	enum load_level before = load->level;
	uint64_t now = loop_now(meter->parts->loop);
	uint64_t value[LOAD_MEASURES] = {0};

	measure(meter, now, value);
	if (load_feed(load, value, now))
		log_level(load, before);
	if (is_quiet(meter))
		load->is_awake = false;
	else
		wait_tick(meter, now);
}

static void on_wake(void *arg)
{
	struct load_meter *meter = arg;
	uint64_t now = loop_now(meter->parts->loop);

	meter->parts->load.is_awake = true;
	meter->quiet = 0;
	meter->slept_ms = now;
	wait_tick(meter, now);
}

void daemon_load_start(struct parts *parts)
{
	struct load_meter *meter = mem_zalloc(sizeof(*meter));

	meter->parts = parts;
	parts->meter = meter;
	load_init(&parts->load, &(*parts->settings)->limits, &parts->counters);
	parts->load.wake = on_wake;
	parts->load.arg = meter;
}

void daemon_load_stop(struct parts *parts)
{
	if (parts->meter == NULL)
		return;
	loop_timer_cancel(&parts->meter->timer);
	parts->load.wake = NULL;
	mem_free(parts->meter);
	parts->meter = NULL;
}

void daemon_load_status(const struct parts *parts, struct buf *out)
{
	const struct load *load = &parts->load;

	buf_printf(out, "load %s\n", load_level_name(load->level));
	if (load->level != LOAD_NORMAL)
		buf_printf(out, "load.why %s\n", load_measure_name(load->why));
	for (int i = 0; i < LOAD_MEASURES; i++)
		buf_printf(out, "load.%s %llu\n", load_measure_name((enum load_measure)i),
			   (unsigned long long)load->value[i]);
}
