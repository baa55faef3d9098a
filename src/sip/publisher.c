/* The state of chat users at peers; see publisher.h. A subject is one user at one domain; presence
 * has an outlet of its own for each, device states share one for the domain. */
#include "sip/publisher.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "core/bridge.h"
#include "model/limits.h"
#include "model/presence.h"
#include "sip/outlet.h"
#include "sip/published_users.h"
#include "sip/publisher_private.h"
#include "sip/side_core.h"
#include "translate/pidf.h"

enum {
	ASK_BATCH = 20,
	ASK_EVERY_MS = 50,
	HOLD_MS = 30 * 1000, /* D-26 */
	AGAIN_MS = 60 * 1000,
	AGAIN_MOST_MS = 3600 * 1000,
	PENDING_MS = 24 * 3600 * 1000
};

static struct loop *loop_of(const struct publisher *publisher)
{
	return publisher->core->params->loop;
}

static void make_key(const struct address *watcher, const struct address *watched, struct buf *key)
{
	address_key(watcher, key);
	address_key(watched, key);
}

struct subject *publisher_find(const struct publisher *publisher, const struct address *watcher,
			       const struct address *watched)
{
	struct buf key = BUF_INIT;
	struct subject *subject;

	make_key(watcher, watched, &key);
	subject = table_find(publisher->subjects, key.data, key.len);
	buf_free(&key);
	return subject;
}

/* What is said --------------------------------------------------------------------------------- */

static void write_presence(const struct subject *subject, const struct presence *presence,
			   struct buf *body)
{
	static const struct presence nothing;
	struct pidf_params params = {
		.entity = subject->name,
		.contact = subject->name,
		.key = subject->publisher->core->params->key,
		.profile = &subject->peer->profile,
		.language = subject->publisher->core->params->language,
	};

	pidf_format(presence != NULL ? presence : &nothing, &params, body);
}

/* presence NULL: nothing is known, or no more. */
static void say(struct subject *subject, const struct presence *presence)
{
	const struct profile *profile = &subject->peer->profile;
	struct buf body = BUF_INIT;
	bool is_open = presence != NULL && presence_is_open(presence);

	if (profile->publish == PUBLISH_AS_PRESENCE)
		write_presence(subject, presence, &body);
	else
		device_state_format(subject->name, device_state_of(presence, profile->lamp),
				    subject->publisher->eid, &body);
	outlet_say(subject->item, body.data, body.len, !is_open);
	buf_free(&body);
}

static void show(struct subject *subject, const struct presence *presence)
{
	if (!subject->is_shown && subject->peer->profile.publish == PUBLISH_AS_DEVICESTATE)
		publisher_place(subject->publisher, subject->peer)->shown++;
	subject->is_shown = true;
	say(subject, presence);
}

/* A removal takes nothing back at a FreeSWITCH or an Asterisk: that nobody is there is said before
 * it (FSW, AST-7). Of a device "idle" would be a promise that somebody answers (D-31). */
static void take_back(struct subject *subject)
{
	struct place *place;
	bool is_left_over; /* from before a restart, and nothing was said since */

	is_left_over = subject->peer->profile.publish == PUBLISH_AS_PRESENCE &&
		       outlet_is_live(subject->outlet);
	if (!subject->is_shown && !is_left_over)
		return;
	subject->is_shown = false;
	if (subject->peer->profile.publish == PUBLISH_AS_PRESENCE) {
		if (subject->peer->profile.literal_prefixes)
			say(subject, NULL);
		outlet_withdraw(subject->outlet);
		return;
	}
	say(subject, NULL);
	place = publisher_place(subject->publisher, subject->peer);
	if (--place->shown == 0)
		outlet_withdraw(place->outlet);
}

/* From the core -------------------------------------------------------------------------------- */

static void ask(void *arg);

static void ask_later(struct subject *subject, uint64_t delay_ms)
{
	if (!subject->publisher->is_stopping)
		loop_timer_set(loop_of(subject->publisher), &subject->timer, delay_ms, ask,
			       subject);
}

/* What a temporary refusal hides is said by nobody: it is asked for again. A no stays one (D-13).
 */
static void take_answer(struct subject *subject, enum watch_answer answer,
			const struct presence *now)
{
	switch (answer) {
	case WATCH_ALLOWED:
		backoff_reset(&subject->again);
		loop_timer_cancel(&subject->timer);
		if (now != NULL || subject->is_shown) /* else he is asked what he is first */
			show(subject, now);
		break;
	case WATCH_PENDING: /* D-13: the core knows when she may be asked again */
		ask_later(subject, PENDING_MS);
		break;
	case WATCH_FAILED:
		take_back(subject);
		ask_later(subject, backoff_next_ms(&subject->again));
		break;
	case WATCH_REJECTED:
	case WATCH_FORBIDDEN:
	case WATCH_NO_SUCH:
		take_back(subject);
		break;
	}
}

void publisher_answer(struct publisher *publisher, const struct watch *watch,
		      enum watch_answer answer, const struct presence *now)
{
	struct subject *subject = publisher_find(publisher, watch->watcher, watch->watched);

	if (subject != NULL)
		take_answer(subject, answer, now);
}

void publisher_tell(struct publisher *publisher, const struct watch *watch,
		    const struct presence *presence)
{
	struct subject *subject = publisher_find(publisher, watch->watcher, watch->watched);

	if (subject != NULL)
		show(subject, presence);
}

bool publisher_wants(const struct publisher *publisher, const struct address *watcher,
		     const struct address *watched)
{
	return publisher != NULL && !publisher->is_stopping && address_is_domain(watcher) &&
	       publisher_find(publisher, watcher, watched) != NULL;
}

/* Asking --------------------------------------------------------------------------------------- */

static void ask(void *arg)
{
	struct subject *subject = arg;
	struct watch watch = {exchange_new(), SCOPE_WATCHER, &subject->watcher, &subject->user,
			      NULL};
	const struct presence *now = NULL;
	struct fault fault = {0};
	enum watch_answer answer;

	answer = bridge_watch_requested(subject->publisher->core->params->bridge, &watch, &now,
					&fault);
	take_answer(subject, answer, now);
}

/* Hundreds of users are not asked in one go. */
static void on_ask(void *arg)
{
	struct publisher *publisher = arg;

	for (int i = 0; i < ASK_BATCH && publisher->next != &publisher->all; i++) {
		struct subject *subject = LIST_ENTRY(publisher->next, struct subject, link);

		publisher->next = publisher->next->next;
		ask(subject);
	}
	if (publisher->next != &publisher->all)
		loop_timer_set(loop_of(publisher), &publisher->ask_timer, ASK_EVERY_MS, on_ask,
			       publisher);
}

/* D-49: what a server has from before our start is true for no longer than anything that is not
 * confirmed. Some keep it for ever, and whether they have it nobody knows. */
static bool may_be_left_over(const struct subject *subject)
{
	const struct profile *profile = &subject->peer->profile;

	return profile->publish == PUBLISH_AS_DEVICESTATE || profile->literal_prefixes ||
	       outlet_is_live(subject->outlet);
}

static void on_held(void *arg)
{
	struct publisher *publisher = arg;

	LIST_EACH(link, next, &publisher->all)
	{
		struct subject *subject = LIST_ENTRY(link, struct subject, link);

		if (!subject->is_shown && may_be_left_over(subject))
			show(subject, NULL);
	}
}

static void start_hold(struct publisher *publisher)
{
	int hold_ms = publisher->core->params->hold_ms;

	loop_timer_set(loop_of(publisher), &publisher->hold_timer,
		       hold_ms > 0 ? (uint64_t)hold_ms : HOLD_MS, on_held, publisher);
}

/* Who is published ----------------------------------------------------------------------------- */

static void free_subject(struct subject *subject)
{
	if (subject->outlet != NULL && subject->peer->profile.publish == PUBLISH_AS_PRESENCE)
		outlet_free(&subject->outlet);
	loop_timer_cancel(&subject->timer);
	list_remove(&subject->link);
	address_clear(&subject->user);
	address_clear(&subject->watcher);
	mem_free(subject->name);
	mem_free(subject);
}

/* What one peer's users are added to. */
struct adding {
	struct publisher *publisher;
	const struct sip_peer *peer;
};

static void add_user(const struct address *user, const char *name, void *arg)
{
	struct adding *adding = arg;
	const struct sip_peer *peer = adding->peer;
	struct subject *subject = mem_zalloc(sizeof *subject);
	struct buf key = BUF_INIT;

	subject->publisher = adding->publisher;
	subject->peer = peer;
	subject->name = mem_strdup(name);
	address_copy(&subject->user, user);
	address_set(&subject->watcher, SIDE_SIP, "", peer->domain);
	backoff_init(&subject->again, AGAIN_MS, AGAIN_MOST_MS);
	subject->outlet = publisher_outlet(subject);
	subject->item = outlet_item_new(subject->outlet);
	list_append(&adding->publisher->all, &subject->link);
	make_key(&subject->watcher, user, &key);
	table_put(adding->publisher->subjects, key.data, key.len, subject);
	buf_free(&key);
}

static void add_all(struct publisher *publisher)
{
	const struct sip_side_params *params = publisher->core->params;

	for (size_t i = 0; i < params->peer_count; i++) {
		struct adding adding = {publisher, &params->peers[i]};

		if (adding.peer->profile.publish != PUBLISH_AS_NOTHING)
			published_users_each(publisher->core, adding.peer, add_user, &adding);
	}
}

/* Life ----------------------------------------------------------------------------------------- */

struct publisher *publisher_new(struct side_core *core)
{
	struct publisher *publisher = mem_zalloc(sizeof *publisher);

	publisher->core = core;
	publisher->subjects = table_new();
	list_init(&publisher->all);
	list_init(&publisher->places);
	rate_init(&publisher->pace, (double)core->params->limits->outward_per_s,
		  loop_now(core->params->loop));
	device_state_eid(core->params->key, publisher->eid);
	publisher_watch_peers(publisher);
	add_all(publisher);
	publisher->next = publisher->all.next;
	if (!list_is_empty(&publisher->all)) {
		loop_timer_set(core->params->loop, &publisher->ask_timer, 0, on_ask, publisher);
		start_hold(publisher);
	}
	return publisher;
}

void publisher_free(struct publisher **publisher)
{
	struct publisher *self = *publisher;

	if (self == NULL)
		return;
	self->stopped = NULL;
	loop_timer_cancel(&self->ask_timer);
	loop_timer_cancel(&self->hold_timer);
	LIST_EACH(link, next, &self->all)
	free_subject(LIST_ENTRY(link, struct subject, link));
	publisher_free_places(self);
	loop_forget(loop_of(self), self);
	table_free(&self->subjects);
	mem_free(self);
	*publisher = NULL;
}

void publisher_stop(struct publisher *publisher, void (*done)(void *arg), void *arg)
{
	publisher->is_stopping = true;
	loop_timer_cancel(&publisher->ask_timer);
	loop_timer_cancel(&publisher->hold_timer);
	LIST_EACH(link, next, &publisher->all)
	loop_timer_cancel(&LIST_ENTRY(link, struct subject, link)->timer);
	publisher_hurry(publisher);
	publisher->stopped = done;
	publisher->stopped_arg = arg;
	publisher_check_stopped(publisher);
}
