/* What happens by chance, and messages. */
#include "scenario/week.h"

#include "support/fake_loop.h"

enum { STEP_MOST = 40 * SECOND };

/* Messages ------------------------------------------------------------------------------------- */

static void answer_message(void *arg)
{
	struct week *week = arg;

	for (int i = 0; i < OPEN_MESSAGES; i++) {
		uint64_t due = week->messages[i].answer_ms;

		if (due == 0 || due > week_now(week))
			continue;
		week->messages[i].answer_ms = 0;
		if (week->bridge != NULL)
			bridge_outcome(week->bridge, week->messages[i].x,
				       week_chance(week, 10) ? OUTCOME_REFUSED : OUTCOME_TAKEN,
				       NULL);
	}
}

/* One in ten is never answered. */
void messages_deliver(struct week *week, exchange_id x)
{
	for (int i = 0; i < OPEN_MESSAGES; i++) {
		uint64_t wait = week_dice(week, 2 * SECOND);

		if (!week->messages[i].is_open || week->messages[i].x != x || week_chance(week, 10))
			continue;
		week->messages[i].answer_ms = week_now(week) + wait;
		loop_timer_set(week->loop, &week->messages[i].timer, wait, answer_message, week);
	}
}

void messages_finish(struct week *week, exchange_id x)
{
	for (int i = 0; i < OPEN_MESSAGES; i++) {
		if (week->messages[i].x != x)
			continue;
		if (!week->messages[i].is_open)
			judge_fail(week, "a message ended twice");
		week->messages[i].is_open = false;
		week->finishes++;
		return;
	}
	judge_fail(week, "a message ended that nobody wrote");
}

static void write_message(struct week *week)
{
	static char body[] = "hello";
	struct message message = {
		.kind = MESSAGE_CHAT, .hops = -1, .body = body, .body_len = sizeof body - 1};
	struct xpair *pair = &week->xpairs[week_dice(week, WAY_PAIRS)];
	bool from_sip = week_chance(week, 2);
	int i = 0;

	while (i < OPEN_MESSAGES && week->messages[i].is_open)
		i++;
	if (i == OPEN_MESSAGES || week->bridge == NULL || (!from_sip && week->is_cut))
		return;
	week->messages[i].x = ++week->last_x;
	week->messages[i].is_open = true;
	week->messages[i].sent_ms = week_now(week);
	week->messages[i].answer_ms = 0;
	if (!from_sip)
		week_wrote(pair);
	bridge_message(week->bridge, from_sip ? SIDE_SIP : SIDE_XMPP, week->last_x,
		       from_sip ? &pair->watched->address : &pair->watcher->address,
		       from_sip ? &pair->watcher->address : &pair->watched->address, &message);
}

/* Users ---------------------------------------------------------------------------------------- */

static void change_phone(struct week *week, struct phone_user *phone)
{
	int device = (int)week_dice(week, 2);
	bool closes = week_chance(week, 4);

	if (closes && phone->truth.version[device] == 0)
		return;
	phone->truth.version[device] = closes ? 0 : ++week->version;
	sip_world_change(week, phone);
}

static void change_chatter(struct week *week, struct chatter *chatter)
{
	int resource = (int)week_dice(week, RESOURCES);
	bool closes = week_chance(week, 3);

	/* Now and then he goes to bed. */
	if (week_chance(week, 12)) {
		for (int i = 0; i < RESOURCES; i++)
			xmpp_world_change(week, chatter, i, false);
		return;
	}
	xmpp_world_change(week, chatter, resource, !closes);
}

static void live(struct week *week, uint64_t ms)
{
	uint64_t phones = ms * PHONES / (20 * MINUTE);
	uint64_t chatters = ms * CHATTERS / (15 * MINUTE);

	for (uint64_t i = 0; i <= phones; i++)
		change_phone(week, &week->phones[week_dice(week, PHONES)]);
	for (uint64_t i = 0; i <= chatters; i++)
		change_chatter(week, &week->chatters[week_dice(week, CHATTERS)]);
	if (week_chance(week, 4))
		write_message(week);
	if (week_chance(week, 6))
		sip_world_lapse(&week->spairs[week_dice(week, WAY_PAIRS)]);
	if (week_chance(week, 15))
		xmpp_world_unsubscribe(&week->xpairs[week_dice(week, WAY_PAIRS)]);
	if (week_chance(week, 60))
		xmpp_world_revoke(&week->spairs[week_dice(week, WAY_PAIRS)]);
}

/* Faults --------------------------------------------------------------------------------------- */

/* True about once in ms of simulated time. */
static bool is_time(struct week *week, uint64_t step, uint64_t ms)
{
	return week_dice(week, ms) < step;
}

static struct source *any_source(struct week *week)
{
	return week->xpairs[week_dice(week, WAY_PAIRS)].source;
}

/* Everything at a server changes at once, many times: a burst is one change for each watcher. */
static void storm(struct week *week)
{
	int peer = (int)week_dice(week, PEERS);

	if (week_chance(week, 2))
		xmpp_world_fill(week, 10 * SECOND);
	for (int round = 0; round < 10; round++) {
		for (int i = peer; i < PHONES; i += PEERS)
			change_phone(week, &week->phones[i]);
		fake_loop_advance(week->loop, week_dice(week, 100));
	}
	fake_loop_advance(week->loop, SECOND);
	judge_all(week); /* who left is gone by now, whatever the pace */
	xmpp_world_probe_all(week);
}

static void jump(struct week *week)
{
	int64_t by = (int64_t)week_dice(week, 4 * HOUR) - 2 * HOUR;

	fake_loop_set_wall(week->loop, loop_wall_ms(week->loop) + by);
	week_store_move(week->store, by / 1000);
}

static void change_store(struct week *week)
{
	bool fails = week->store_failed_ms == 0;

	if (!fails) {
		week->store_mended_ms = week_now(week);
		week->store_was_ms = week->store_failed_ms;
	}
	week->store_failed_ms = fails ? week_now(week) : 0;
	week_store_fail(week->store, fails);
}

/* Grants, refusals and ends in the moment before a break are what it swallows. */
static void last_words(struct week *week)
{
	for (int i = 0; i < 8; i++) {
		struct xpair *pair = &week->xpairs[week_dice(week, WAY_PAIRS)];

		if (pair->is_subscribed && week_chance(week, 4))
			xmpp_world_unsubscribe(pair);
		else
			xmpp_world_subscribe(pair, week_dice(week, 3 * SECOND));
	}
	if (week_chance(week, 2))
		sip_world_refuse(any_source(week), POLICY_REJECT, MINUTE);
	fake_loop_advance(week->loop, week_dice(week, 3 * SECOND));
}

static void cut(struct week *week, uint64_t ms)
{
	if (!week->is_cut)
		last_words(week);
	xmpp_world_cut(week, ms);
	if (week_chance(week, 2))
		last_words(week);
	if (week_chance(week, 12))
		week_stop(week, false, week_dice(week, MINUTE));
}

static void break_links(struct week *week, uint64_t step)
{
	if (is_time(week, step, 3 * HOUR))
		cut(week, week_dice(week, week_chance(week, 3) ? 20 * MINUTE : 40 * SECOND));
	if (is_time(week, step, 12 * HOUR))
		week->flaps = 6;
	if (is_time(week, step, HOUR))
		xmpp_world_fill(week, week_dice(week, 20 * SECOND));
	if (week->flaps > 0 && !week->is_cut) {
		week->flaps--;
		cut(week, week_dice(week, 10 * SECOND));
	}
	if (is_time(week, step, 3 * HOUR))
		sip_world_peer_dies(week, (int)week_dice(week, PEERS), week_dice(week, HOUR / 4));
}

static void break_things(struct week *week, uint64_t step)
{
	break_links(week, step);
	if (is_time(week, step, 5 * MINUTE))
		sip_world_fail(any_source(week), week_dice(week, 20 * MINUTE));
	if (is_time(week, step, HOUR))
		sip_world_refuse(any_source(week),
				 (enum policy)(POLICY_FORBID + week_dice(week, 2)),
				 week_dice(week, week_chance(week, 3) ? 40 * HOUR : HOUR));
	if (is_time(week, step, 3 * HOUR))
		sip_world_refuse(any_source(week), POLICY_REJECT, week_dice(week, 6 * HOUR));
	if (is_time(week, step, 6 * HOUR))
		storm(week);
	if (is_time(week, step, 12 * HOUR))
		jump(week);
	if (is_time(week, step, week->store_failed_ms == 0 ? 10 * HOUR : 10 * MINUTE))
		change_store(week);
	if (is_time(week, step, 8 * HOUR))
		week_stop(week, week_chance(week, 2), week_dice(week, 2 * MINUTE));
}

void faults_step(struct week *week)
{
	uint64_t step = 1 + week_dice(week, STEP_MOST);

	live(week, step);
	if (!week->is_calm)
		break_things(week, step);
	fake_loop_advance(week->loop, step);
}

void faults_end(struct week *week)
{
	week->is_calm = true;
	week->flaps = 0;
	if (week->store_failed_ms != 0)
		change_store(week);
	week_wake(week);
	sip_world_heal(week);
	xmpp_world_heal(week);
	fake_loop_advance(week->loop, SECOND);
	for (int i = 0; i < WAY_PAIRS; i++) {
		week->xpairs[i].due_ms = week_now(week) + TRUE_AGAIN;
		week->spairs[i].due_ms = week_now(week) + TRUE_AGAIN;
	}
}
