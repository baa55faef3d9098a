/* Watching the SIP servers; see peer_watch.h. One timer for each: the end of its silence, of the
 * wait for an answer, of the pause before the next question, or the next look at the connection. */
#include "sip/peer_watch_private.h"

#include <string.h>

#include <sofia-sip/su_wait.h>
#include <sofia-sip/tport.h>

#include "base/backoff.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "sip/agent.h"
#include "sip/net_address.h"
#include "sip/peer_probe.h"
#include "sip/side_core.h"
#include "sip/targets.h"
#include "sip/transaction.h"

/* D-26; tests shorten them all together (sip_side_params.peer_quiet_ms). */
enum {
	QUIET_MS = 30000, /* silence, then OPTIONS */
	ANSWER_MS = 4000,
	AGAIN_MS = 5000, /* between questions after a miss */
	LOOK_MS = 5000,  /* between looks at the connection */
	MISSES_DOWN = 3,
	DOWN_MS = 5000, /* between questions to one that is down: first, and most */
	DOWN_MOST_MS = 60000,
	GIVE_UP_MS = 40000,   /* 64*T1 and some */
	STOOD_MS = 10000,     /* a timer that is so late: the process stood still */
	ALL_EVERY_MS = 60000, /* REL-027: one refresh of all in that time */
	FORGOT_EVERY_MS =
		3600000 /* when only a dialog was forgotten: it may be one server of two */
};

static void on_timer(void *arg);

static void tell_ask(struct peer_watch *peer, enum peer_ask what)
{
	const struct peer_watches *watches = peer->watches;

	for (size_t i = 0; i < watches->listener_count; i++)
		watches->listeners[i].events->ask(watches->listeners[i].arg, peer, what);
}

static void tell_down(struct peer_watch *peer)
{
	const struct peer_watches *watches = peer->watches;

	for (size_t i = 0; i < watches->listener_count; i++)
		watches->listeners[i].events->down(watches->listeners[i].arg, peer);
}

static struct loop *loop_of(const struct peer_watch *peer)
{
	return peer->watches->core->params->loop;
}

static uint64_t now_of(const struct peer_watch *peer)
{
	return loop_now(loop_of(peer));
}

static uint64_t scaled(const struct peer_watch *peer, uint64_t ms)
{
	int quiet_ms = peer->watches->core->params->peer_quiet_ms;

	return quiet_ms > 0 ? ms * (uint64_t)quiet_ms / QUIET_MS : ms;
}

static void arm(struct peer_watch *peer, uint64_t delay_ms)
{
	peer->due_ms = now_of(peer) + delay_ms;
	loop_timer_set(loop_of(peer), &peer->timer, delay_ms, on_timer, peer);
}

/* Refreshes ------------------------------------------------------------------------------------ */

static void on_all_timer(void *arg)
{
	struct peer_watch *peer = arg;

	if (peer->is_down)
		return; /* it will be asked for again */
	peer->all_ms = now_of(peer);
	log_notice("sip: everything is asked for anew proxy=%s", log_safe(peer->uri));
	tell_ask(peer, PEER_ASK_ALL);
}

/* REL-027: what comes too soon after the last one waits. */
static void ask_all(struct peer_watch *peer)
{
	uint64_t due = peer->all_ms + scaled(peer, ALL_EVERY_MS);
	uint64_t now = now_of(peer);

	if (loop_timer_is_set(&peer->all_timer))
		return;
	loop_timer_set(loop_of(peer), &peer->all_timer,
		       peer->all_ms == 0 || due <= now ? 0 : due - now, on_all_timer, peer);
}

void peer_watch_forgot(struct peer_watch *peer, bool was_asked)
{
	if (peer == NULL || peer->users == 0)
		return;
	if (was_asked || peer->all_ms == 0 ||
	    now_of(peer) - peer->all_ms >= scaled(peer, FORGOT_EVERY_MS))
		ask_all(peer);
}

/* What it could not tell --------------------------------------------------------------------------
 */

static uint64_t give_up_ms(const struct peer_watch *peer)
{
	int ms = peer->watches->core->params->give_up_ms;

	return ms > 0 ? (uint64_t)ms : GIVE_UP_MS;
}

void peer_watch_was_away(struct peer_watch *peer)
{
	if (peer != NULL)
		peer->sure_ms = now_of(peer) + give_up_ms(peer);
}

uint64_t peer_watch_unsure_ms(const struct peer_watch *peer)
{
	uint64_t now = peer != NULL ? now_of(peer) : 0;

	return peer != NULL && peer->sure_ms > now ? peer->sure_ms - now : 0;
}

static void on_sure_timer(void *arg)
{
	ask_all(arg);
}

/* The connection broke: what was told on it and not answered is given up by then. A server may
 * close connections all the time: hourly is enough for that (REL-027). */
static void ask_all_when_sure(struct peer_watch *peer)
{
	uint64_t now = now_of(peer);

	if (peer->broke_ms != 0 && now - peer->broke_ms < scaled(peer, FORGOT_EVERY_MS))
		return;
	peer->broke_ms = now;
	loop_timer_set(loop_of(peer), &peer->sure_timer, give_up_ms(peer), on_sure_timer, peer);
}

/* The connection ------------------------------------------------------------------------------- */

static void forget_way(struct peer_watch *peer)
{
	if (peer->way == NULL)
		return;
	tport_unref(peer->way);
	peer->way = NULL;
}

static bool is_peaceful(const struct peer_watch *peer)
{
	return peer->misses == 0 && !peer->is_down &&
	       now_of(peer) < peer->heard_ms + scaled(peer, QUIET_MS);
}

/* In peace: till it has been quiet for long, with a look at the connection now and then. */
static void arm_quiet(struct peer_watch *peer)
{
	uint64_t due = peer->heard_ms + scaled(peer, QUIET_MS);
	uint64_t now = now_of(peer);
	uint64_t pause = due > now ? due - now : 0;
	uint64_t look = scaled(peer, LOOK_MS);

	arm(peer, peer->way != NULL && look < pause ? look : pause);
}

/* Asks at once, but not more often than a quiet one is asked: some servers close what is idle. */
static void doubt(struct peer_watch *peer)
{
	uint64_t now = now_of(peer);

	if (peer->users == 0 || peer->is_down || peer->misses != 0)
		return;
	peer->is_doubted = true;
	if (peer_probe_is_under_way(peer->probe) ||
	    (peer->lost_ms != 0 && now - peer->lost_ms < scaled(peer, QUIET_MS)))
		return;
	peer->lost_ms = now;
	peer->is_urgent = true;
	arm(peer, 0);
}

/* The library tells nobody that a connection was closed in order, so it is looked at. */
static void check_way(struct peer_watch *peer)
{
	if (peer->way == NULL || (!tport_is_closed(peer->way) && !tport_is_shutdown(peer->way)))
		return;
	forget_way(peer);
	doubt(peer);
}

static void take_way(struct peer_watch *peer, struct tport_s *way)
{
	if (way == NULL || way == peer->way || !tport_is_secondary(way) || tport_is_closed(way))
		return;
	forget_way(peer);
	peer->way = tport_ref(way);
	if (!peer_probe_is_under_way(peer->probe) && is_peaceful(peer) && !peer->is_urgent)
		arm_quiet(peer);
}

/* Life ----------------------------------------------------------------------------------------- */

static void go_down(struct peer_watch *peer)
{
	log_notice("sip: peer down proxy=%s", log_safe(peer->uri));
	peer->is_down = true;
	forget_way(peer);
	loop_timer_cancel(&peer->all_timer);
	loop_timer_cancel(&peer->sure_timer);
	tell_down(peer);
}

static void missed(struct peer_watch *peer)
{
	uint64_t since = now_of(peer) - peer->probe_ms;
	uint64_t pause = scaled(peer, AGAIN_MS);

	peer->misses++;
	if (!peer->is_down && peer->misses >= MISSES_DOWN) {
		backoff_reset(&peer->pause);
		go_down(peer);
		if (peer->users == 0)
			return;
	}
	if (peer->is_down)
		arm(peer, backoff_next_ms(&peer->pause));
	else
		arm(peer, since < pause ? pause - since : 0);
}

/* Any final answer is a sign of life (D-26). One that was away, if only for a question, may be a
 * new one, or has given up what it could not tell: what it tells is asked for again. */
static void alive(struct peer_watch *peer)
{
	bool was_down = peer->is_down;
	bool was_cut = peer->was_cut;
	bool was_doubted = peer->is_doubted;
	bool was_silent = peer->misses != 0;

	peer->heard_ms = now_of(peer);
	peer->was_heard = true;
	peer->misses = 0;
	peer->is_down = false;
	peer->was_cut = false;
	peer->is_doubted = false;
	arm_quiet(peer);
	if (was_down)
		log_notice("sip: peer up proxy=%s", log_safe(peer->uri));
	if (was_down || was_cut || was_silent) {
		peer_watch_was_away(peer);
		ask_all(peer);
	} else if (was_doubted) {
		tell_ask(peer, PEER_ASK_ONE);
		ask_all_when_sure(peer);
	}
}

static void on_round(bool is_alive, bool was_cut, struct tport_s *way, void *arg)
{
	struct peer_watch *peer = arg;

	if (is_alive) {
		take_way(peer, way);
		alive(peer);
		return;
	}
	peer->was_cut |= was_cut;
	missed(peer);
}

/* Dialogs at a server that is gone are found out by their refresh. */
static void on_lost(void *arg)
{
	struct peer_watch *peer = arg;

	if (!peer->is_down)
		ask_all(peer);
}

/* The question --------------------------------------------------------------------------------- */

static void send_probe(struct peer_watch *peer)
{
	peer->is_urgent = false;
	peer->probe_ms = now_of(peer);
	peer_probe_round(peer->probe);
	arm(peer, scaled(peer, ANSWER_MS));
}

/* We stood still, and whatever it told us meanwhile is late, too. */
static void check_self(struct peer_watch *peer)
{
	if (peer->users == 0 || peer->is_down || now_of(peer) < peer->due_ms + STOOD_MS)
		return;
	peer_watch_was_away(peer);
	ask_all(peer);
}

static void on_timer(void *arg)
{
	struct peer_watch *peer = arg;

	check_self(peer);
	if (peer_probe_is_under_way(peer->probe)) { /* no answer in time */
		peer_probe_end_round(peer->probe);
		if (peer->heard_ms >= peer->probe_ms)
			alive(peer);
		else
			missed(peer);
		return;
	}
	check_way(peer);
	if (peer->is_doubted)
		doubt(peer);
	if (peer->is_urgent || !is_peaceful(peer))
		send_probe(peer);
	else
		arm_quiet(peer);
}

/* Signs ---------------------------------------------------------------------------------------- */

/* One that is down is asked soon: what was heard may have been on its way for long. */
void peer_watch_heard(struct peer_watch *peer)
{
	uint64_t now;

	if (peer == NULL || peer->users == 0)
		return;
	now = now_of(peer);
	peer->heard_ms = now;
	peer->was_heard = true;
	if (peer->is_down && !peer_probe_is_under_way(peer->probe) &&
	    now - peer->probe_ms >= scaled(peer, AGAIN_MS) / 5)
		arm(peer, 0);
}

void peer_watch_result(struct peer_watch *peer, const struct transaction_result *result)
{
	if (peer == NULL || peer->users == 0)
		return;
	if (result->is_local) {
		if (result->retry_after_s == 0) /* else it was not asked at all */
			doubt(peer);
		return;
	}
	take_way(peer, result->way);
	peer_watch_heard(peer);
}

/* Who depends on it ---------------------------------------------------------------------------- */

void peer_watch_join(struct peer_watch *peer)
{
	if (peer == NULL)
		return;
	peer->users++;
	if (peer->users != 1)
		return;
	peer->heard_ms = now_of(peer);
	arm_quiet(peer);
	peer_probe_watch(peer->probe, true);
}

static void rest(struct peer_watch *peer)
{
	peer_probe_watch(peer->probe, false);
	loop_timer_cancel(&peer->timer);
	loop_timer_cancel(&peer->all_timer);
	loop_timer_cancel(&peer->sure_timer);
	forget_way(peer);
	peer->misses = 0;
	peer->is_down = false;
	peer->is_doubted = false;
	peer->is_urgent = false;
	peer->was_cut = false;
}

void peer_watch_leave(struct peer_watch *peer)
{
	if (peer == NULL)
		return;
	peer->users--;
	if (peer->users == 0)
		rest(peer);
}

bool peer_watch_has_others(const struct peer_watch *peer)
{
	return peer != NULL && hop_count(peer->hop) > 1;
}

bool peer_watch_is_down(const struct peer_watch *peer)
{
	return peer != NULL && peer->is_down;
}

const char *peer_watch_word(const struct peer_watch *peer, uint64_t *heard_ms)
{
	*heard_ms = peer != NULL && peer->was_heard ? peer->heard_ms : 0;
	if (peer == NULL || peer->users == 0)
		return "unwatched";
	return peer->is_down ? "down" : "up";
}

/* For peer_watches.c --------------------------------------------------------------------------- */

struct peer_watch *peer_watch_new(struct peer_watches *watches, const struct sip_peer *of,
				  struct hop *hop)
{
	static const struct peer_probe_events events = {on_lost, on_round};
	struct peer_watch *peer = mem_zalloc(sizeof *peer);

	peer->watches = watches;
	peer->hop = hop;
	peer->uri = mem_strdup(hop_uri(hop));
	backoff_init(&peer->pause, (uint32_t)scaled(peer, DOWN_MS),
		     (uint32_t)scaled(peer, DOWN_MOST_MS));
	peer->probe = peer_probe_new(watches->core, hop, of->domain, scaled(peer, QUIET_MS),
				     scaled(peer, ANSWER_MS), &events, peer);
	return peer;
}

void peer_watch_free(struct peer_watch *peer)
{
	rest(peer);
	peer_probe_free(&peer->probe);
	mem_free(peer->uri);
	mem_free(peer);
}
