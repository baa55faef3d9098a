/* SIP servers with phones whose presence is subscribed to, and phones that watch chat users. As
 * src/sip behaves: one subscription serves all readers at some servers, one each at others; what
 * fails is tried again with growing delay; a server that went silent is found out in 55 s. */
#include "scenario/week.h"

#include "support/fake_loop.h"

enum { FOUND_LEAST = 30 * SECOND, FOUND_MOST = 55 * SECOND, RETRY_MOST = 30 * SECOND };

static struct week *week_of(void *side)
{
	return side;
}

/* Readers -------------------------------------------------------------------------------------- */

static bool is_sound(const struct source *source)
{
	return source->is_active && !source->has_failed &&
	       !source->week->peers[source->phone->peer].is_dead;
}

static void put_off(struct source *source, uint64_t ms)
{
	LIST_EACH(it, next, &source->readers)
	week_later(&LIST_ENTRY(it, struct xpair, link)->due_ms, week_now(source->week) + ms);
}

/* D-33: leaving never waits. */
static void set_leaving(struct source *source, bool leaves)
{
	LIST_EACH(it, next, &source->readers)
	LIST_ENTRY(it, struct xpair, link)->leaves_ms =
		leaves ? week_now(source->week) + SECOND : 0;
}

static void tell_answer(struct source *source, enum watch_answer answer, bool only_new)
{
	static const struct fault refused = {.code = FAULT_FORBIDDEN};
	struct bridge *bridge = source->week->bridge;

	LIST_EACH(it, next, &source->readers)
	{
		struct xpair *pair = LIST_ENTRY(it, struct xpair, link);
		struct watch watch = week_xwatch(pair);

		if (!pair->is_wanted || (only_new && !pair->is_new))
			continue;
		pair->is_new = false;
		XNOTE(pair, "server answers", answer);
		if (answer == WATCH_REJECTED ||
		    (!pair->is_granted && answer != WATCH_FAILED && answer >= WATCH_FORBIDDEN))
			pair->may_end = true;
		bridge_watch_answered(bridge, &watch, answer,
				      answer == WATCH_FORBIDDEN ? &refused : NULL);
	}
}

static void tell_presence(struct source *source)
{
	struct presence presence = {0};

	week_presence(&source->phone->truth, &presence);
	LIST_EACH(it, next, &source->readers)
	{
		struct xpair *pair = LIST_ENTRY(it, struct xpair, link);
		struct watch watch = week_xwatch(pair);

		if (pair->is_wanted)
			bridge_presence(source->week->bridge, &watch, &presence);
	}
	presence_clear(&presence);
}

/* Sources -------------------------------------------------------------------------------------- */

static void try_source(void *arg);

static void schedule(struct source *source, uint64_t ms)
{
	loop_timer_set(source->week->loop, &source->timer, ms, try_source, source);
}

static void try_later(struct source *source)
{
	source->retry_ms = source->retry_ms == 0 ? SOON : source->retry_ms * 2;
	if (source->retry_ms > RETRY_MOST)
		source->retry_ms = RETRY_MOST;
	schedule(source, source->retry_ms / 2 + week_dice(source->week, source->retry_ms / 2));
}

/* No answer, or one that says nothing of the user. Told once (D-25). */
static void fail(struct source *source)
{
	bool was_active = source->is_active;

	source->is_active = false;
	try_later(source);
	/* Mostly told once. */
	if (source->has_failed && week_chance(source->week, 2))
		return;
	source->has_failed = true;
	if (was_active)
		put_off(source, (HOLD_S + 1) * SECOND + SOON);
	tell_answer(source, WATCH_FAILED, false);
}

static void refuse(struct source *source)
{
	static const enum watch_answer answers[] = {[POLICY_FORBID] = WATCH_FORBIDDEN,
						    [POLICY_NO_SUCH] = WATCH_NO_SUCH,
						    [POLICY_REJECT] = WATCH_REJECTED};

	/* D-14: shown at once, by others after the hold. */
	put_off(source, source->policy == POLICY_NO_SUCH ? (HOLD_S + 1) * SECOND + SOON : SOON);
	source->is_active = false;
	source->has_failed = true;
	if (source->policy == POLICY_FORBID && source->refused_s == 0)
		source->refused_s = week_steady_s(source->week);
	if (source->policy != POLICY_REJECT)
		schedule(source, MINUTE + week_dice(source->week, 10 * MINUTE));
	tell_answer(source, answers[source->policy], false);
}

static void accept(struct source *source)
{
	bool is_news = !source->is_active || source->has_failed;

	source->is_active = true;
	source->has_failed = false;
	source->retry_ms = 0;
	source->refused_s = 0;
	schedule(source, 45 * MINUTE + week_dice(source->week, 5 * MINUTE));
	put_off(source, PACED + SOON);
	set_leaving(source, false);
	tell_answer(source, WATCH_ALLOWED, !is_news);
	tell_presence(source);
}

/* A SUBSCRIBE, the first or a refresh. */
static void try_source(void *arg)
{
	struct source *source = arg;
	struct week *week = source->week;

	if (source->wanted == 0 || week->bridge == NULL)
		return;
	if (week->peers[source->phone->peer].is_dead || source->is_failing)
		fail(source);
	else if (source->policy != POLICY_ALLOW)
		refuse(source);
	else
		accept(source);
}

/* A NOTIFY that is lost is made up for by the refresh (some servers notice, some do not). */
void sip_world_change(struct week *week, struct phone_user *phone)
{
	for (int i = -1; i < WAY_PAIRS; i++) {
		struct source *source = i < 0 ? &phone->common : &week->xpairs[i].own;

		if (source->phone != phone || source->wanted == 0 || week->bridge == NULL ||
		    !is_sound(source))
			continue;
		if (!week->is_calm && week_chance(week, 50)) {
			put_off(source, 61 * SECOND + PACED);
			schedule(source, week_dice(week, MINUTE));
			continue;
		}
		put_off(source, week_first(&phone->truth) == 0 ? SECOND : PACED);
		set_leaving(source, week_first(&phone->truth) == 0);
		tell_presence(source);
	}
}

static void mend(void *arg)
{
	struct source *source = arg;
	bool was_final = source->policy == POLICY_REJECT;

	source->is_failing = false;
	source->policy = POLICY_ALLOW;
	if (was_final || source->wanted == 0)
		return;
	/* The fault is over; the answer to the next try says so. */
	put_off(source, RETRY_MOST + PACED + SOON);
	schedule(source, week_dice(source->week, RETRY_MOST));
}

void sip_world_fail(struct source *source, uint64_t ms)
{
	if (source->policy != POLICY_ALLOW)
		return;
	source->is_failing = true;
	if (source->wanted > 0)
		schedule(source, 0);
	loop_timer_set(source->week->loop, &source->mended, ms, mend, source);
}

void sip_world_refuse(struct source *source, enum policy policy, uint64_t ms)
{
	source->policy = policy;
	if (source->wanted > 0)
		schedule(source, 0);
	loop_timer_set(source->week->loop, &source->mended, ms, mend, source);
}

static void each_source(struct week *week, int peer, void (*each)(struct source *source))
{
	for (int i = 0; i < PHONES; i++) {
		if (week->phones[i].peer == peer)
			each(&week->phones[i].common);
	}
	for (int i = 0; i < WAY_PAIRS; i++) {
		if (week->xpairs[i].watched->peer == peer)
			each(&week->xpairs[i].own);
	}
}

static void found_dead(struct source *source)
{
	if (source->wanted > 0 && source->week->bridge != NULL)
		fail(source);
}

static void found_back(struct source *source)
{
	if (source->wanted == 0 || source->policy == POLICY_REJECT)
		return;
	put_off(source, TRUE_AGAIN);
	schedule(source, week_dice(source->week, 2 * SECOND));
}

static void peer_back(void *arg)
{
	struct peer *peer = arg;

	peer->is_dead = false;
	each_source(peer->week, (int)(peer - peer->week->peers), found_back);
}

static void peer_found(void *arg)
{
	struct peer *peer = arg;

	each_source(peer->week, (int)(peer - peer->week->peers), found_dead);
	loop_timer_set(peer->week->loop, &peer->timer, peer->for_ms, peer_back, peer);
}

static void gone(struct source *source)
{
	put_off(source, TRUE_AGAIN);
}

void sip_world_peer_dies(struct week *week, int number, uint64_t ms)
{
	struct peer *peer = &week->peers[number];

	if (peer->is_dead)
		return;
	week->outages++;
	peer->is_dead = true;
	peer->for_ms = ms;
	each_source(week, number, gone);
	loop_timer_set(week->loop, &peer->timer,
		       FOUND_LEAST + week_dice(week, FOUND_MOST - FOUND_LEAST), peer_found, peer);
}

static void mend_now(struct source *source)
{
	if (source->is_failing || source->policy != POLICY_ALLOW)
		loop_timer_set(source->week->loop, &source->mended, 0, mend, source);
}

void sip_world_heal(struct week *week)
{
	for (int i = 0; i < PEERS; i++) {
		each_source(week, i, mend_now);
		if (week->peers[i].is_dead)
			loop_timer_set(week->loop, &week->peers[i].timer, 0, peer_back,
				       &week->peers[i]);
	}
}

void sip_world_forget(struct week *week)
{
	for (int i = 0; i < WAY_PAIRS; i++) {
		struct xpair *pair = &week->xpairs[i];
		struct spair *lamp = &week->spairs[i];

		pair->is_wanted = false;
		pair->source->wanted = 0;
		pair->source->is_active = false;
		pair->source->has_failed = false;
		loop_timer_cancel(&pair->source->timer);
		/* Its dialog may have been kept (REL-012). */
		if (week_chance(week, 3))
			lamp->has_dialog = false;
		loop_timer_cancel(&lamp->timer);
	}
}

/* Phones that watch ---------------------------------------------------------------------------- */

static void on_subscribe(void *arg)
{
	struct spair *pair = arg;
	struct week *week = pair->week;
	struct watch watch = week_swatch(pair);
	const struct presence *now = NULL;
	struct fault fault = {0};
	enum watch_answer answer;

	if (week->bridge == NULL || pair->has_dialog)
		return;
	answer = bridge_watch_requested(week->bridge, &watch, &now, &fault);
	SNOTE(pair, "subscribes", answer);
	pair->has_dialog = answer == WATCH_ALLOWED || answer == WATCH_PENDING;
	pair->is_answered = answer == WATCH_ALLOWED;
	pair->shown = (struct sight){{0}};
	week_later(&pair->due_ms, week_now(week) + PACED + SOON);
	if (answer == WATCH_ALLOWED) {
		struct sight sight = week_sight(now);

		judge_stell(pair, &sight);
	} else if (answer != WATCH_PENDING) {
		/* Lamp keys try for ever (D-13). */
		sip_world_subscribe(pair, 10 * MINUTE + week_dice(week, HOUR));
	}
}

void sip_world_subscribe(struct spair *pair, uint64_t delay_ms)
{
	loop_timer_set(pair->week->loop, &pair->timer, delay_ms, on_subscribe, pair);
}

void sip_world_lapse(struct spair *pair)
{
	struct watch watch = week_swatch(pair);

	if (!pair->has_dialog || pair->week->bridge == NULL)
		return;
	SNOTE(pair, "lapses", 0);
	pair->has_dialog = false;
	bridge_watch_lapsed(pair->week->bridge, &watch);
	sip_world_subscribe(pair, week_dice(pair->week, 3 * HOUR));
}

/* The dialog lives on. */
static void restore(struct spair *pair)
{
	struct week *week = pair->week;
	struct watch watch = week_swatch(pair);
	struct fault fault = {0};
	enum watch_answer answer = bridge_watch_restored(week->bridge, &watch, &fault);

	SNOTE(pair, "restored", answer);
	week->restored++;
	week_later(&pair->due_ms, week_now(week) + TRUE_AGAIN);
	week_later(&pair->repeats_ms, week_now(week) + TRUE_AGAIN);
	if (answer == WATCH_ALLOWED || answer == WATCH_PENDING)
		return;
	pair->has_dialog = false;
	sip_world_subscribe(pair, 10 * SECOND);
}

void sip_world_restart(struct week *week)
{
	for (int i = 0; i < WAY_PAIRS; i++) {
		struct spair *pair = &week->spairs[i];

		if (pair->has_dialog)
			restore(pair);
		else
			sip_world_subscribe(pair, week_dice(week, 30 * SECOND));
	}
}

/* What the core asks --------------------------------------------------------------------------- */

static void on_watch(void *side, const struct watch *watch, bool ask)
{
	struct week *week = week_of(side);
	struct xpair *pair = week_xpair(week, watch);
	struct source *source = pair->source;
	bool is_new = !pair->is_wanted;

	XNOTE(pair, "watch", ask);
	if (is_new) {
		pair->is_wanted = true;
		pair->is_new = true;
		source->wanted++;
	}
	if (source->wanted == 1 && is_new)
		source->has_failed = source->is_active = false;
	week_later(&pair->due_ms, week_now(week) + PACED + SOON);
	/* One that joins a living subscription is told what is known, soon; who was refused for
	 * good asks again. */
	if (is_new || ask)
		schedule(source, week_dice(week, SECOND));
}

static void on_unwatch(void *side, const struct watch *watch, enum unwatch_why why)
{
	struct xpair *pair = week_xpair(week_of(side), watch);

	XNOTE(pair, "unwatch", why);
	if (!pair->is_wanted)
		return;
	pair->is_wanted = false;
	pair->source->wanted--;
	if (pair->source->wanted == 0)
		loop_timer_cancel(&pair->source->timer);
}

static void on_refresh(void *side, const struct watch *watch)
{
	XNOTE(week_xpair(week_of(side), watch), "refresh", 0);
}

static void end_dialog(struct spair *pair, uint64_t again_ms)
{
	pair->has_dialog = false;
	pair->is_answered = false;
	sip_world_subscribe(pair, again_ms);
}

static void on_answer(void *side, const struct watch *watch, enum watch_answer answer,
		      const struct fault *fault, const struct presence *now)
{
	struct week *week = week_of(side);
	struct spair *pair = week_spair(week, watch);
	struct sight sight = week_sight(now);

	(void)fault;
	SNOTE(pair, "answer", answer);
	week->answers++;
	if (answer == WATCH_PENDING || !pair->has_dialog)
		return;
	if (answer == WATCH_ALLOWED) {
		pair->is_answered = true;
		judge_stell(pair, &sight);
	} else if (answer == WATCH_FAILED) {
		end_dialog(pair, 10 * SECOND + week_dice(week, 20 * SECOND));
	} else {
		end_dialog(pair, 10 * MINUTE + week_dice(week, HOUR));
	}
}

static void on_tell(void *side, const struct watch *watch, const struct presence *presence)
{
	struct week *week = week_of(side);
	struct spair *pair = week_spair(week, watch);
	struct sight sight = week_sight(presence);

	if (!pair->has_dialog)
		judge_sfail(pair, "told without a dialog");
	week->tells++;
	if (!judge_pace(week, &pair->allowance, week_first(&sight) == 0))
		judge_sfail(pair, "a phone is told faster than it may be");
	judge_stell(pair, &sight);
}

static void on_deliver(void *side, exchange_id x, const struct address *from,
		       const struct address *to, const struct message *message)
{
	(void)from;
	(void)to;
	(void)message;
	messages_deliver(week_of(side), x);
}

static void on_finish(void *side, exchange_id x, enum outcome outcome, const struct fault *fault)
{
	(void)outcome;
	(void)fault;
	messages_finish(week_of(side), x);
}

const struct side_ops week_sip_ops = {.watch = on_watch,
				      .unwatch = on_unwatch,
				      .refresh = on_refresh,
				      .answer = on_answer,
				      .tell = on_tell,
				      .deliver = on_deliver,
				      .finish = on_finish};

void sip_world_new(struct week *week)
{
	for (int i = 0; i < PEERS; i++)
		week->peers[i].week = week;
	for (int i = 0; i < PHONES; i++) {
		struct source *common = &week->phones[i].common;

		common->week = week;
		common->phone = &week->phones[i];
		list_init(&common->readers);
	}
	for (int i = 0; i < WAY_PAIRS; i++) {
		struct xpair *pair = &week->xpairs[i];
		bool is_common = pair->watched->peer < PEERS / 2;

		pair->own.week = week;
		pair->own.phone = pair->watched;
		list_init(&pair->own.readers);
		pair->source = is_common ? &pair->watched->common : &pair->own;
		list_append(&pair->source->readers, &pair->link);
	}
}
