/* Where the states of the publisher go: the outlets, the places of device states, what is kept over
 * a restart, and the peers. */
#include "sip/publisher_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "model/limits.h"
#include "sip/outlet.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"

static struct loop *loop_of(const struct publisher *publisher)
{
	return publisher->core->params->loop;
}

/* The end of publications ---------------------------------------------------------------------- */

typedef void outlet_fn(struct outlet *outlet, void *arg);

static void each_outlet(const struct publisher *publisher, outlet_fn *each, void *arg)
{
	LIST_EACH(link, next, &publisher->all)
	{
		struct subject *subject = LIST_ENTRY(link, struct subject, link);

		if (subject->peer->profile.publish == PUBLISH_AS_PRESENCE)
			each(subject->outlet, arg);
	}
	LIST_EACH(link, next, &publisher->places)
	each(LIST_ENTRY(link, struct place, link)->outlet, arg);
}

static void count_leaving(struct outlet *outlet, void *arg)
{
	size_t *count = arg;

	*count += outlet_is_leaving(outlet) ? 1 : 0;
}

static void withdraw_again(struct outlet *outlet, void *arg)
{
	(void)arg;
	if (outlet_is_leaving(outlet))
		outlet_withdraw(outlet);
}

void publisher_hurry(struct publisher *publisher)
{
	each_outlet(publisher, withdraw_again, NULL);
}

void publisher_check_stopped(struct publisher *publisher)
{
	size_t leaving = 0;

	if (publisher->stopped == NULL)
		return;
	each_outlet(publisher, count_leaving, &leaving);
	if (leaving != 0)
		return;
	loop_defer(loop_of(publisher), publisher->stopped, publisher->stopped_arg);
	publisher->stopped = NULL;
}

/* What is kept over a restart ------------------------------------------------------------------ */

/* One row for each user and domain. */
static uint64_t row_of(const struct subject *subject)
{
	const struct side_core *core = subject->publisher->core;

	return hash_bytes(core->params->key, subject->peer->domain,
			  strlen(subject->peer->domain)) >>
	       1;
}

/* Without its tag a publication of before a crash would stand beside the new one until its end. */
static void on_tag(const struct outlet *outlet, const char *tag, unsigned expires_s, void *arg)
{
	const struct subject *subject = arg;
	const struct sip_side_params *params = subject->publisher->core->params;
	struct kept_publication kept = {
		.user = &subject->user,
		.id = row_of(subject),
		.tag = tag,
		.source = subject->peer->domain,
		.expires_s = loop_wall_ms(params->loop) / 1000 + expires_s,
	};

	(void)outlet;
	if (params->keeper == NULL)
		return;
	if (tag != NULL)
		params->keeper->put(&kept, NULL, NULL, params->keeper->arg);
	else
		params->keeper->drop(&subject->user, kept.id, NULL, NULL, params->keeper->arg);
}

void publisher_restore(struct publisher *publisher, const struct kept_publication *kept)
{
	const struct sip_side_params *params = publisher->core->params;
	int64_t left_s = kept->expires_s - loop_wall_ms(params->loop) / 1000;
	struct subject *subject;
	struct address watcher;

	address_set(&watcher, SIDE_SIP, "", kept->source);
	subject = publisher_find(publisher, &watcher, kept->user);
	address_clear(&watcher);
	if (left_s > OUTLET_RESTORED_MOST_S)
		left_s = OUTLET_RESTORED_MOST_S;
	if (subject != NULL && left_s > 0 && subject->peer->profile.publish == PUBLISH_AS_PRESENCE)
		outlet_restore(subject->outlet, kept->tag, (unsigned)left_s);
	else if (params->keeper != NULL)
		params->keeper->drop(kept->user, kept->id, NULL, NULL, params->keeper->arg);
}

/* Outlets -------------------------------------------------------------------------------------- */

static void on_gone(struct outlet *outlet, void *arg)
{
	const struct subject *subject = arg;

	(void)outlet;
	publisher_check_stopped(subject->publisher);
}

static struct outlet *presence_outlet(struct subject *subject)
{
	struct outlet_params params = {
		.core = subject->publisher->core,
		.peer = subject->peer,
		.pace = &subject->publisher->pace,
		.uri = subject->name,
		.event = "presence",
		.type = "application/pidf+xml",
		.is_literal = subject->peer->profile.literal_prefixes,
		.gone = on_gone,
		.tag_changed = on_tag,
		.arg = subject,
	};

	return outlet_new(&params);
}

static void on_place_gone(struct outlet *outlet, void *arg)
{
	(void)outlet;
	publisher_check_stopped(arg);
}

static struct outlet *device_outlet(struct publisher *publisher, const struct sip_peer *peer)
{
	struct outlet_params params = {
		.core = publisher->core,
		.peer = peer,
		.pace = &publisher->pace,
		.event = "asterisk-devicestate",
		.type = "application/json",
		.gone = on_place_gone,
		.arg = publisher,
	};
	struct outlet *outlet;
	struct buf uri = BUF_INIT;

	if (peer->publish_to != NULL)
		buf_puts(&uri, peer->publish_to);
	else
		buf_printf(&uri, "sip:sipxmppd@%s", peer->domain);
	params.uri = buf_text(&uri);
	outlet = outlet_new(&params);
	buf_free(&uri);
	return outlet;
}

struct outlet *publisher_outlet(struct subject *subject)
{
	if (subject->peer->profile.publish == PUBLISH_AS_PRESENCE)
		return presence_outlet(subject);
	return publisher_place(subject->publisher, subject->peer)->outlet;
}

struct place *publisher_place(struct publisher *publisher, const struct sip_peer *peer)
{
	struct place *place;

	LIST_EACH(link, next, &publisher->places)
	{
		place = LIST_ENTRY(link, struct place, link);
		if (place->peer == peer)
			return place;
	}
	place = mem_zalloc(sizeof *place);
	place->peer = peer;
	place->outlet = device_outlet(publisher, peer);
	list_append(&publisher->places, &place->link);
	return place;
}

void publisher_free_places(struct publisher *publisher)
{
	LIST_EACH(link, next, &publisher->places)
	{
		struct place *place = LIST_ENTRY(link, struct place, link);

		outlet_free(&place->outlet);
		list_remove(link);
		mem_free(place);
	}
}

/* The peers ------------------------------------------------------------------------------------ */

static void stop_at(struct outlet *outlet, void *arg)
{
	if (outlet_hop(outlet) == arg)
		outlet_peer_down(outlet);
}

static void on_peer_down(void *arg, struct peer_watch *peer)
{
	each_outlet(arg, stop_at, peer);
}

struct asked {
	struct peer_watch *peer;
	unsigned spread_ms;
	bool is_all;
	bool is_done;
};

static void ask_at(struct outlet *outlet, void *arg)
{
	struct asked *asked = arg;

	if (outlet_hop(outlet) != asked->peer || asked->is_done)
		return;
	if (asked->is_all)
		outlet_say_again(outlet, (unsigned)random_below(asked->spread_ms));
	else
		asked->is_done = outlet_try(outlet);
}

static void on_peer_ask(void *arg, struct peer_watch *peer, enum peer_ask what)
{
	struct publisher *publisher = arg;
	uint64_t per_s = (uint64_t)publisher->core->params->limits->outward_per_s;
	struct asked asked = {.peer = peer, .is_all = what == PEER_ASK_ALL};

	asked.spread_ms = 1000 + (unsigned)(table_count(publisher->subjects) * 1000 / (per_s + 1));
	each_outlet(publisher, ask_at, &asked);
}

void publisher_watch_peers(struct publisher *publisher)
{
	static const struct peer_watch_events events = {on_peer_down, on_peer_ask};

	peer_watches_listen(publisher->core->peers, &events, publisher);
}

static void count_live(struct outlet *outlet, void *arg)
{
	size_t *count = arg;

	*count += outlet_is_live(outlet) ? 1 : 0;
}

size_t publisher_count(const struct publisher *publisher)
{
	size_t count = 0;

	each_outlet(publisher, count_live, &count);
	return count;
}
