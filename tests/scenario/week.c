/* The world of the simulation. */
#include "scenario/week.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fake_loop.h"

static const char chat_domain[] = "chat.example";

uint64_t week_dice(struct week *week, uint64_t below)
{
	week->dice ^= week->dice << 13;
	week->dice ^= week->dice >> 7;
	week->dice ^= week->dice << 17;
	return week->dice % below;
}

bool week_chance(struct week *week, uint64_t n)
{
	return week_dice(week, n) == 0;
}

uint64_t week_now(const struct week *week)
{
	return loop_now(week->loop);
}

int64_t week_wall_s(const struct week *week)
{
	return loop_wall_ms(week->loop) / 1000;
}

int64_t week_steady_s(const struct week *week)
{
	return (int64_t)(week_now(week) / 1000);
}

/* due is at least ms. */
void week_later(uint64_t *due_ms, uint64_t ms)
{
	if (*due_ms < ms)
		*due_ms = ms;
}

/* Sights --------------------------------------------------------------------------------------- */

struct sight week_sight(const struct presence *presence)
{
	struct sight sight = {{0}};

	for (size_t i = 0; presence != NULL && i < presence->device_count; i++) {
		const struct device *device = &presence->devices[i];

		if (device->id != NULL && device->basic == BASIC_OPEN && device->notes.count > 0)
			sight.version[device->id[1] - '0'] = atoi(device->notes.items[0].text);
	}
	return sight;
}

int week_first(const struct sight *sight)
{
	for (int i = 0; i < RESOURCES; i++) {
		if (sight->version[i] != 0)
			return sight->version[i];
	}
	return 0;
}

bool week_is_online(const struct chatter *chatter)
{
	return week_first(&chatter->truth) != 0;
}

void week_presence(const struct sight *sight, struct presence *out)
{
	for (int i = 0; i < RESOURCES; i++) {
		const char id[] = {'d', (char)('0' + i), '\0'};
		struct device *device = presence_add_device(out, id);
		char text[16];

		device->basic = sight->version[i] != 0 ? BASIC_OPEN : BASIC_CLOSED;
		if (sight->version[i] == 0)
			continue;
		device->show = (enum show)(sight->version[i] % (SHOW_XA + 1));
		(void)snprintf(text, sizeof text, "%d", sight->version[i]);
		notes_add(&device->notes, NULL, text, strlen(text));
	}
}

/* Pairs ---------------------------------------------------------------------------------------- */

struct watch week_xwatch(const struct xpair *pair)
{
	return (struct watch){.watcher = &pair->watcher->address,
			      .watched = &pair->watched->address};
}

struct watch week_swatch(const struct spair *pair)
{
	return (struct watch){.watcher = &pair->watcher, .watched = &pair->watched->address};
}

static int number_of(const struct address *address)
{
	return address->local[0] == '\0' ? PHONES : atoi(address->local + 1);
}

struct xpair *week_xpair(struct week *week, const struct watch *watch)
{
	int i = week->xindex[number_of(watch->watcher)][number_of(watch->watched)];

	return i == 0 ? NULL : &week->xpairs[i - 1];
}

struct spair *week_spair(struct week *week, const struct watch *watch)
{
	int i = week->sindex[number_of(watch->watcher)][number_of(watch->watched)];

	return i == 0 ? NULL : &week->spairs[i - 1];
}

static void make_xpair(struct week *week, int i)
{
	struct xpair *pair = &week->xpairs[i];
	int chatter, phone;

	do {
		chatter = (int)week_dice(week, CHATTERS);
		phone = (int)week_dice(week, PHONES);
	} while (week->xindex[chatter][phone] != 0);
	week->xindex[chatter][phone] = (int16_t)(i + 1);
	pair->week = week;
	pair->watcher = &week->chatters[chatter];
	pair->watched = &week->phones[phone];
	list_init(&pair->link);
}

static void make_spair(struct week *week, int i)
{
	struct spair *pair = &week->spairs[i];
	int chatter, phone;

	do {
		chatter = (int)week_dice(week, CHATTERS);
		phone = i < CHATTERS / 2 ? PHONES : (int)week_dice(week, PHONES);
	} while (week->sindex[phone][chatter] != 0 ||
		 (phone < PHONES && week->phones[phone].peer == DOMAIN_PEER));
	week->sindex[phone][chatter] = (int16_t)(i + 1);
	pair->week = week;
	pair->watched = &week->chatters[chatter];
	if (phone < PHONES)
		address_copy(&pair->watcher, &week->phones[phone].address);
	else
		address_set(&pair->watcher, SIDE_SIP, "", "pbx3.example");
}

static void make_users(struct week *week)
{
	char local[16], domain[32];

	for (int i = 0; i < PHONES; i++) {
		struct phone_user *phone = &week->phones[i];

		phone->peer = i % PEERS;
		(void)snprintf(local, sizeof local, "p%d", i);
		(void)snprintf(domain, sizeof domain, "pbx%d.example", phone->peer);
		address_set(&phone->address, SIDE_SIP, local, domain);
		phone->truth.version[0] = ++week->version;
	}
	for (int i = 0; i < CHATTERS; i++) {
		(void)snprintf(local, sizeof local, "c%d", i);
		address_set(&week->chatters[i].address, SIDE_XMPP, local, chat_domain);
		week->chatters[i].truth.version[0] = ++week->version;
	}
}

/* The bridge ----------------------------------------------------------------------------------- */

static bool yes(const struct address *address, void *arg)
{
	(void)address;
	(void)arg;
	return true;
}

static void on_changed(const struct watch *watch, enum pair_state from, enum pair_state to,
		       const struct fault *why, void *arg)
{
	struct week *week = arg;

	(void)from;
	(void)why;
	if (watch->watcher->side == SIDE_XMPP) {
		struct xpair *pair = week_xpair(week, watch);

		pair->changed_ms = week_now(week);
		XNOTE(pair, "state", to);
	} else {
		struct spair *pair = week_spair(week, watch);

		pair->changed_ms = week_now(week);
		SNOTE(pair, "state", to);
	}
}

static void on_started(int error, void *arg)
{
	struct week *week = arg;

	if (error != 0)
		abort();
	sip_world_restart(week);
	xmpp_world_connect(week);
}

static void start(void *arg)
{
	struct week *week = arg;
	struct bridge_params params = {.loop = week->loop,
				       .store = week->store,
				       .limits = &week->limits,
				       .counters = &week->counters,
				       .may_use = yes,
				       .is_served = yes,
				       .pair_changed = on_changed,
				       .arg = week,
				       .ask_again_s = ASK_AGAIN_S,
				       .refusal_hold_s = REFUSAL_HOLD_S,
				       .hold_s = HOLD_S,
				       .answer_s = ANSWER_S};

	if (bridge_new(&week->bridge, &params) != 0)
		abort();
	week->started_ms = week_now(week);
	bridge_attach(week->bridge, SIDE_SIP, &week_sip_ops, week);
	bridge_attach(week->bridge, SIDE_XMPP, &week_xmpp_ops, week);
	bridge_start(week->bridge, on_started, week);
}

void week_start(struct week *week)
{
	start(week);
	fake_loop_run(week->loop);
}

/* A kill while the store fails, or before the bridge tried again, loses what came since. */
static void remember_amnesia(struct week *week)
{
	uint64_t since = week->store_failed_ms;

	if (since == 0 && week->store_mended_ms != 0 &&
	    week_now(week) < week->store_mended_ms + 15 * SECOND)
		since = week->store_was_ms;
	for (int i = 0; i < WAY_PAIRS && since != 0; i++) {
		if (week->xpairs[i].changed_ms + MINUTE >= since)
			week->xpairs[i].has_amnesia = true;
		if (week->spairs[i].changed_ms + MINUTE >= since) {
			week->spairs[i].is_excused = true;
			week->spairs[i].has_amnesia = true;
		}
	}
}

void week_stop(struct week *week, bool is_orderly, uint64_t down_ms)
{
	if (week->bridge == NULL)
		return;
	if (is_orderly) {
		week->is_stopping = true;
		bridge_stop(week->bridge, true);
		fake_loop_run(week->loop);
		week->is_stopping = false;
	}
	week_store_alive(week->store, week_wall_s(week) - (int64_t)week_dice(week, 10));
	week->outages++;
	remember_amnesia(week);
	bridge_free(&week->bridge);
	sip_world_forget(week);
	xmpp_world_forget(week);
	for (int i = 0; i < OPEN_MESSAGES; i++) {
		if (is_orderly && week->messages[i].is_open)
			judge_fail(week, "a message had no end when the bridge stopped");
		week->messages[i].is_open = false;
		loop_timer_cancel(&week->messages[i].timer);
	}
	loop_timer_set(week->loop, &week->start_timer, down_ms, start, week);
}

void week_wake(struct week *week)
{
	if (week->bridge == NULL)
		loop_timer_set(week->loop, &week->start_timer, 0, start, week);
}

void week_new(struct week *week, uint64_t seed)
{
	memset(week, 0, sizeof *week);
	week->seed = seed;
	week->dice = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	limits_defaults(&week->limits);
	if (loop_new(&week->loop) != 0)
		abort();
	week->store = week_store_new(week->loop);
	make_users(week);
	for (int i = 0; i < WAY_PAIRS; i++) {
		make_xpair(week, i);
		make_spair(week, i);
	}
	sip_world_new(week);
	xmpp_world_new(week);
}

static void cancel_all(struct week *week)
{
	loop_timer_cancel(&week->full_timer);
	loop_timer_cancel(&week->stream_timer);
	loop_timer_cancel(&week->start_timer);
	for (int i = 0; i < PEERS; i++)
		loop_timer_cancel(&week->peers[i].timer);
	for (int i = 0; i < PHONES; i++) {
		loop_timer_cancel(&week->phones[i].common.timer);
		loop_timer_cancel(&week->phones[i].common.mended);
	}
	for (int i = 0; i < WAY_PAIRS; i++) {
		loop_timer_cancel(&week->xpairs[i].timer);
		loop_timer_cancel(&week->xpairs[i].own.timer);
		loop_timer_cancel(&week->xpairs[i].own.mended);
		loop_timer_cancel(&week->spairs[i].timer);
		loop_timer_cancel(&week->spairs[i].decides);
		loop_timer_cancel(&week->spairs[i].replies);
	}
	for (int i = 0; i < OPEN_MESSAGES; i++)
		loop_timer_cancel(&week->messages[i].timer);
}

void week_free(struct week *week)
{
	if (week->bridge != NULL)
		bridge_stop(week->bridge, false);
	bridge_free(&week->bridge);
	fake_loop_run(week->loop);
	cancel_all(week);
	week_store_free(&week->store);
	for (int i = 0; i < PHONES; i++)
		address_clear(&week->phones[i].address);
	for (int i = 0; i < CHATTERS; i++)
		address_clear(&week->chatters[i].address);
	for (int i = 0; i < WAY_PAIRS; i++)
		address_clear(&week->spairs[i].watcher);
	loop_free(&week->loop);
}
