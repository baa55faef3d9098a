/* The chat server and its users. A link that breaks swallows what is said until somebody notices,
 * in both directions; the server keeps what it believes of each subscription (RFC 6121). */
#include "scenario/week.h"

#include "support/fake_loop.h"

enum { NOTICED_MOST = 40 * SECOND, DECIDES_MOST = 10 * HOUR };

static bool passes(const struct week *week)
{
	return week->bridge != NULL && !week->is_cut;
}

static void each_due(struct week *week, uint64_t ms)
{
	for (int i = 0; i < WAY_PAIRS; i++) {
		week_later(&week->xpairs[i].due_ms, week_now(week) + ms);
		week->xpairs[i].leaves_ms = 0;
		week_later(&week->spairs[i].due_ms, week_now(week) + ms);
		week_later(&week->xpairs[i].repeats_ms, week_now(week) + ms);
		week_later(&week->spairs[i].repeats_ms, week_now(week) + ms);
	}
}

/* The link ------------------------------------------------------------------------------------- */

static void restored(void *arg)
{
	struct week *week = arg;

	if (week->bridge == NULL)
		return;
	week->is_cut = false;
	week->is_known = false;
	each_due(week, TRUE_AGAIN);
	bridge_link(week->bridge, SIDE_XMPP, 0, true);
}

static void noticed(void *arg)
{
	struct week *week = arg;

	week->is_known = true;
	if (week->bridge == NULL)
		return;
	bridge_link(week->bridge, SIDE_XMPP, 0, false);
	loop_timer_set(week->loop, &week->stream_timer, week->down_ms, restored, week);
}

void xmpp_world_cut(struct week *week, uint64_t down_ms)
{
	if (!passes(week))
		return;
	week->outages++;
	week->is_cut = true;
	week->down_ms = down_ms;
	each_due(week, TRUE_AGAIN);
	loop_timer_set(week->loop, &week->stream_timer, week_dice(week, NOTICED_MOST), noticed,
		       week);
}

static void roomy(void *arg)
{
	struct week *week = arg;

	week->is_full = false;
	each_due(week, PACED + SOON);
}

void xmpp_world_fill(struct week *week, uint64_t ms)
{
	week->is_full = true;
	loop_timer_set(week->loop, &week->full_timer, ms, roomy, week);
}

static bool on_is_full(void *side, unsigned link)
{
	const struct week *week = side;

	(void)link;
	return week->is_full && !week->is_cut;
}

void xmpp_world_heal(struct week *week)
{
	week->down_ms = 0;
	if (week->is_cut && week->bridge != NULL)
		loop_timer_set(week->loop, &week->stream_timer, 0,
			       week->is_known ? restored : noticed, week);
}

void xmpp_world_connect(struct week *week)
{
	week->is_cut = true;
	loop_timer_set(week->loop, &week->stream_timer, week_dice(week, 3 * SECOND), restored,
		       week);
}

void xmpp_world_forget(struct week *week)
{
	week->is_cut = true;
	week->is_known = true;
	loop_timer_cancel(&week->stream_timer);
	for (int i = 0; i < WAY_PAIRS; i++)
		loop_timer_cancel(&week->spairs[i].replies);
}

/* Chat users are watched ----------------------------------------------------------------------- */

static void send_device(struct spair *pair, int resource)
{
	struct watch watch = week_swatch(pair);
	struct presence presence = {0};

	week_presence(&pair->watched->truth, &presence);
	pair->watched->sign_ms = week_now(pair->week);
	bridge_device(pair->week->bridge, &watch, &presence.devices[resource]);
	presence_clear(&presence);
}

/* The answer to a probe (RFC 6121 section 4.3.2). */
static void on_reply(void *arg)
{
	struct spair *pair = arg;
	struct watch watch = week_swatch(pair);
	struct device none = {.basic = BASIC_CLOSED, .priority = PRESENCE_PRIORITY_UNSET};

	if (!passes(pair->week))
		return;
	SNOTE(pair, "replies", pair->is_authorized);
	if (!pair->is_authorized) {
		bridge_watch_answered(pair->week->bridge, &watch, WATCH_REJECTED, NULL);
		return;
	}
	if (!week_is_online(pair->watched))
		bridge_device(pair->week->bridge, &watch, &none);
	for (int i = 0; i < RESOURCES; i++) {
		if (pair->watched->truth.version[i] != 0)
			send_device(pair, i);
	}
}

static void say_yes(struct spair *pair)
{
	struct watch watch = week_swatch(pair);

	pair->is_authorized = true;
	pair->is_asked = false;
	SNOTE(pair, "yes", 0);
	week_later(&pair->due_ms, week_now(pair->week) + PACED);
	bridge_watch_answered(pair->week->bridge, &watch, WATCH_ALLOWED, NULL);
	on_reply(pair);
}

static void say_no(struct spair *pair)
{
	struct watch watch = week_swatch(pair);

	pair->is_authorized = false;
	pair->is_asked = false;
	pair->asked_s = week_steady_s(pair->week);
	SNOTE(pair, "no", 0);
	bridge_watch_answered(pair->week->bridge, &watch, WATCH_REJECTED, NULL);
}

static void on_decision(void *arg)
{
	struct spair *pair = arg;
	uint64_t roll = week_dice(pair->week, 100);

	if (!pair->is_asked)
		return;
	if (!passes(pair->week)) /* his word would be lost with the link: he waits */
		loop_timer_set(pair->week->loop, &pair->decides, 10 * MINUTE, on_decision, pair);
	else if (roll < 65)
		say_yes(pair);
	else if (roll < 85)
		say_no(pair);
}

void xmpp_world_revoke(struct spair *pair)
{
	if (!pair->is_authorized)
		return;
	pair->is_authorized = false;
	pair->asked_s = week_steady_s(pair->week);
	SNOTE(pair, "revoked", 0);
	week_later(&pair->due_ms, week_now(pair->week) + SOON);
	if (passes(pair->week))
		say_no(pair);
}

/* A question comes to the server: put to the user only if it is news (RFC 6121 section 3.1.3). */
static void on_question(struct spair *pair)
{
	struct watch watch = week_swatch(pair);
	struct week *week = pair->week;

	if (pair->is_authorized) {
		bridge_watch_answered(week->bridge, &watch, WATCH_ALLOWED, NULL);
		on_reply(pair);
		return;
	}
	if (pair->is_asked)
		return;
	judge_prompt(pair);
	pair->is_asked = true;
	pair->was_asked = true;
	pair->is_excused = false;
	pair->asked_s = week_steady_s(week);
	loop_timer_set(week->loop, &pair->decides, MINUTE + week_dice(week, DECIDES_MOST),
		       on_decision, pair);
}

static void on_subscribe_later(void *arg)
{
	struct spair *pair = arg;

	if (passes(pair->week))
		on_question(pair);
}

static void on_watch(void *side, const struct watch *watch, bool ask)
{
	struct week *week = side;
	struct spair *pair = week_spair(week, watch);

	SNOTE(pair, "watch", ask);
	if (ask && passes(week))
		loop_timer_set(week->loop, &pair->replies, week_dice(week, SECOND),
			       on_subscribe_later, pair);
}

static void on_unwatch(void *side, const struct watch *watch, enum unwatch_why why)
{
	struct week *week = side;
	struct spair *pair = week_spair(week, watch);

	SNOTE(pair, "unwatch", why);
	if (why == UNWATCH_END && passes(week))
		pair->is_authorized = false;
}

static void on_refresh(void *side, const struct watch *watch)
{
	struct week *week = side;
	struct spair *pair = week_spair(week, watch);

	SNOTE(pair, "refresh", 0);
	if (passes(week))
		loop_timer_set(week->loop, &pair->replies, week_dice(week, SECOND), on_reply, pair);
}

/* Whoever turns to somebody may be asked by him again (D-13). */
void week_wrote(struct xpair *pair)
{
	struct watch reverse = {.watcher = &pair->watched->address,
				.watched = &pair->watcher->address};
	struct spair *other = week_spair(pair->week, &reverse);

	if (other != NULL)
		other->is_excused = true;
	pair->watcher->sign_ms = week_now(pair->week);
}

/* He signs in: the server probes in his name (RFC 6121 section 4.3.1). */
static void probe(struct xpair *pair)
{
	struct week *week = pair->week;
	struct watch watch = week_xwatch(pair);
	const struct presence *now = NULL;
	struct fault fault = {0};
	enum watch_answer answer;
	struct sight sight;

	if (!pair->is_subscribed || !passes(week))
		return;
	pair->watcher->sign_ms = week_now(week);
	answer = bridge_probed(week->bridge, &watch, &now, &fault);
	sight = week_sight(now);
	XNOTE(pair, "probes", answer);
	week_later(&pair->repeats_ms, week_now(week) + SOON);
	if (answer == WATCH_ALLOWED)
		judge_xtell(pair, week_first(&sight));
	else if (answer == WATCH_REJECTED)
		judge_xend(pair, answer);
}

static void came_online(struct chatter *chatter, struct week *week)
{
	for (int i = 0; i < WAY_PAIRS; i++) {
		struct xpair *pair = &week->xpairs[i];

		if (pair->watcher != chatter)
			continue;
		pair->shown = 0;
		week_later(&pair->due_ms,
			   week_now(week) + (week->is_cut ? TRUE_AGAIN : PACED + SOON));
		probe(pair);
	}
}

void xmpp_world_probe_all(struct week *week)
{
	for (int i = 0; i < WAY_PAIRS; i++) {
		if (week_is_online(week->xpairs[i].watcher))
			probe(&week->xpairs[i]);
	}
}

void xmpp_world_change(struct week *week, struct chatter *chatter, int resource, bool is_open)
{
	bool was_online = week_is_online(chatter);
	bool is_heard = false;

	if (!is_open && chatter->truth.version[resource] == 0)
		return;
	chatter->truth.version[resource] = is_open ? ++week->version : 0;
	for (int i = 0; i < WAY_PAIRS; i++) {
		struct spair *pair = &week->spairs[i];

		if (pair->watched != chatter)
			continue;
		week_later(&pair->due_ms, week_now(week) + PACED);
		if (!pair->is_authorized || !passes(week))
			continue;
		is_heard = true;
		send_device(pair, resource);
	}
	/* What the XMPP side sees of him (D-20). */
	if (is_heard && passes(week) && (is_open || !week_is_online(chatter)))
		bridge_user_seen(week->bridge, &chatter->address, is_open);
	if (!was_online && is_open)
		came_online(chatter, week);
}

/* Chat users watch ----------------------------------------------------------------------------- */

static void on_xsubscribe(void *arg)
{
	struct xpair *pair = arg;
	struct week *week = pair->week;
	struct watch watch = week_xwatch(pair);
	const struct presence *now = NULL;
	struct fault fault = {0};
	enum watch_answer answer;

	if (pair->is_subscribed)
		return;
	if (!passes(week) || !week_is_online(pair->watcher)) {
		xmpp_world_subscribe(pair, MINUTE + week_dice(week, 10 * MINUTE));
		return;
	}
	answer = bridge_watch_requested(week->bridge, &watch, &now, &fault);
	XNOTE(pair, "subscribes", answer);
	if (answer == WATCH_FAILED) {
		xmpp_world_subscribe(pair, MINUTE);
		return;
	}
	pair->is_subscribed = true;
	pair->is_granted = answer == WATCH_ALLOWED;
	pair->may_end = false;
	pair->has_amnesia = false;
	week_later(&pair->due_ms, week_now(week) + PACED + SOON);
	if (answer == WATCH_ALLOWED) {
		struct sight sight = week_sight(now);

		judge_xtell(pair, week_first(&sight));
	}
	week_wrote(pair);
}

void xmpp_world_subscribe(struct xpair *pair, uint64_t delay_ms)
{
	loop_timer_set(pair->week->loop, &pair->timer, delay_ms, on_xsubscribe, pair);
}

void xmpp_world_unsubscribe(struct xpair *pair)
{
	struct week *week = pair->week;
	struct watch watch = week_xwatch(pair);

	if (!pair->is_subscribed || !passes(week))
		return;
	XNOTE(pair, "unsubscribes", 0);
	pair->may_end = true;
	bridge_watch_withdrawn(week->bridge, &watch);
	pair->is_subscribed = false;
	pair->is_granted = false;
	pair->shown = 0;
	xmpp_world_subscribe(pair, MINUTE + week_dice(week, 12 * HOUR));
}

static void on_answer(void *side, const struct watch *watch, enum watch_answer answer,
		      const struct fault *fault, const struct presence *now)
{
	struct week *week = side;
	struct xpair *pair = week_xpair(week, watch);
	struct sight sight = week_sight(now);

	(void)fault;
	XNOTE(pair, passes(week) ? "answer" : "answer lost", answer);
	week->answers++;
	if (answer != WATCH_ALLOWED && answer != WATCH_PENDING && answer != WATCH_FAILED)
		judge_xend(pair, answer);
	if (!passes(week) || !pair->is_subscribed)
		return;
	if (answer == WATCH_ALLOWED) {
		pair->is_granted = true;
		judge_xtell(pair, week_first(&sight));
	}
}

static void on_tell(void *side, const struct watch *watch, const struct presence *presence)
{
	struct week *week = side;
	struct xpair *pair = week_xpair(week, watch);
	struct sight sight = week_sight(presence);

	if (week->is_known && week->is_cut)
		judge_xfail(pair, "told over a link that is known to be down");
	if (on_is_full(week, 0) && !week->is_stopping)
		judge_xfail(pair, "told although the link is full");
	XNOTE(pair, passes(week) ? "told" : "told in vain", week_first(&sight));
	week->tells++;
	if (!judge_pace(week, &pair->allowance, week_first(&sight) == 0))
		judge_xfail(pair, "a chat user is told faster than he may be");
	if (passes(week) && pair->is_subscribed)
		judge_xtell(pair, week_first(&sight));
}

static void on_deliver(void *side, exchange_id x, const struct address *from,
		       const struct address *to, const struct message *message)
{
	(void)from;
	(void)to;
	(void)message;
	messages_deliver(side, x);
}

static void on_finish(void *side, exchange_id x, enum outcome outcome, const struct fault *fault)
{
	(void)outcome;
	(void)fault;
	messages_finish(side, x);
}

const struct side_ops week_xmpp_ops = {.watch = on_watch,
				       .unwatch = on_unwatch,
				       .refresh = on_refresh,
				       .answer = on_answer,
				       .tell = on_tell,
				       .is_full = on_is_full,
				       .deliver = on_deliver,
				       .finish = on_finish};

void xmpp_world_new(struct week *week)
{
	week->is_cut = true;
	week->is_known = true;
	for (int i = 0; i < WAY_PAIRS; i++)
		xmpp_world_subscribe(&week->xpairs[i], week_dice(week, HOUR));
}
