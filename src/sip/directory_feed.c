/* The subscription to a list: one interest (interest.h) of the bridge's own; see directory.h. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "sip/directory_private.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"
#include "translate/address_map.h"

enum {
	HOLD_MS = 30000,        /* D-26 */
	RETRY_MS = 3600 * 1000, /* a list that was no list */
	SETTLE_COUNT = 4,       /* between the NOTIFYs of one update (PBX-053), times T1 */
	TIMER_N_COUNT = 2,      /* an answer is waited for so many times Timer N */
	T1_MS = 500
};

/* In the order of enum part_name. */
static const struct interest_kind *const kinds[FEED_COUNT] = {
	&interest_kinds[INTEREST_OF_LIST_PRESENCE],
	&interest_kinds[INTEREST_OF_LIST_DIALOGS],
};

static struct side_core *core_of(const struct feed *feed)
{
	return feed->roll->directory->core;
}

static uint64_t hold_ms(const struct feed *feed)
{
	int wanted = core_of(feed)->params->hold_ms;

	return wanted > 0 ? (uint64_t)wanted : HOLD_MS;
}

static uint64_t t1_ms(const struct feed *feed)
{
	int t1 = core_of(feed)->params->timer_t1_ms;

	return (uint64_t)(t1 > 0 ? t1 : T1_MS);
}

static uint64_t patience_ms(const struct feed *feed)
{
	return TIMER_N_COUNT * 64 * t1_ms(feed);
}

static void set_state(struct feed *feed, enum feed_state state)
{
	if (feed->state == state)
		return;
	feed->state = (uint8_t)state;
	roll_all_changed(feed->roll);
}

/* States --------------------------------------------------------------------------------------- */

static void on_timer(void *arg);

static void set_timer(struct feed *feed, uint64_t delay_ms)
{
	loop_timer_set(core_of(feed)->params->loop, &feed->timer, delay_ms, on_timer, feed);
}

/* Everybody has subscriptions of his own from now on; the interest goes on slowly. */
static void refuse(struct feed *feed, uint64_t retry_ms, const char *why)
{
	if (feed->state != FEED_REFUSED)
		log_warning("directory: no list=%s event=%s: each user is subscribed to (%s)",
			    log_safe(feed->roll->peer->list), feed->kind->event, why);
	loop_timer_cancel(&feed->settle);
	rows_clear(feed);
	feed->is_settled = true;
	set_timer(feed, retry_ms);
	set_state(feed, FEED_REFUSED);
}

static void subscribe(struct feed *feed);

static void try_again(struct feed *feed)
{
	if (feed->interest == NULL)
		subscribe(feed);
	else
		interest_ask_again(feed->interest);
	set_timer(feed, RETRY_MS);
}

static void on_timer(void *arg)
{
	struct feed *feed = arg;
	struct peer_watch *hop = peer_watch_of(core_of(feed)->peers, feed->roll->peer->domain);

	if (core_of(feed)->is_stopping)
		return;
	if (feed->state == FEED_DOUBT) {
		rows_forget(feed);
		set_timer(feed, patience_ms(feed));
		set_state(feed, FEED_LOST);
	} else if (feed->state == FEED_REFUSED) {
		try_again(feed);
	} else if (peer_watch_is_down(hop)) { /* nor would it answer for one user */
		set_timer(feed, patience_ms(feed));
	} else {
		refuse(feed, RETRY_MS, "no usable answer");
	}
}

static void on_settled(void *arg)
{
	struct feed *feed = arg;
	bool was_settled = feed->is_settled;

	feed->is_settled = true;
	rows_drop_missing(feed);
	if (!was_settled)
		roll_all_changed(feed->roll);
}

void feed_settle_later(struct feed *feed)
{
	loop_timer_set(core_of(feed)->params->loop, &feed->settle, SETTLE_COUNT * t1_ms(feed),
		       on_settled, feed);
}

/* What the interest tells ---------------------------------------------------------------------- */

/* In the bridge's name (D-17). */
static int write_from(const struct feed *feed, struct buf *out)
{
	struct address bridge = {0};
	int error;

	address_set(&bridge, SIDE_XMPP, "sipxmppd", feed->roll->chat_domain);
	error = address_to_uri(core_of(feed)->params->map, &bridge, feed->roll->peer->domain, out);
	address_clear(&bridge);
	return error;
}

static int on_write(const struct interest *interest, struct buf *from, struct buf *to)
{
	const struct feed *feed = interest->owner;

	buf_puts(to, feed->roll->peer->list);
	return write_from(feed, from);
}

static void on_describe(const struct interest *interest, struct interest_subject *out)
{
	const struct feed *feed = interest->owner;

	out->watched = &feed->roll->domain;
	out->name = feed->roll->peer->list;
}

/* Who is not in the rows may still be on the list, until it was told as a whole. */
static void on_restored(struct interest *interest)
{
	struct feed *feed = interest->owner;

	feed->is_part = true;
}

static void on_doubt(struct feed *feed)
{
	if (feed->state != FEED_LIVE)
		return;
	set_timer(feed, hold_ms(feed));
	set_state(feed, FEED_DOUBT);
}

static void on_answered(struct interest *interest, enum watch_answer answer,
			const struct fault *fault)
{
	struct feed *feed = interest->owner;

	(void)fault;
	switch (answer) {
	case WATCH_ALLOWED: /* a new dialog tells all by itself */
		if (feed->state == FEED_DOUBT && feed->is_current) {
			loop_timer_cancel(&feed->timer);
			set_state(feed, FEED_LIVE);
		}
		break;
	case WATCH_PENDING:
		break;
	case WATCH_FAILED:
		on_doubt(feed);
		break;
	default:
		refuse(feed, RETRY_MS, "refused");
		break;
	}
}

static void on_ended(struct interest *interest, enum interest_loss loss)
{
	struct feed *feed = interest->owner;

	if (loss != LOSS_DIALOG)
		return;
	feed->is_current = false;
	feed->is_part = false;
	on_doubt(feed);
}

/* From the loop: what is no list is not kept. */
static void on_drop(void *arg)
{
	struct feed *feed = arg;
	const char *why = feed->drop_why;

	feed->drop_why = NULL;
	if (why == NULL || core_of(feed)->is_stopping)
		return;
	interest_leave(&feed->interest);
	refuse(feed, RETRY_MS, why);
}

static enum interest_use drop_later(struct feed *feed, const char *why)
{
	feed->drop_why = why;
	loop_defer(core_of(feed)->params->loop, on_drop, feed);
	return INTEREST_USED;
}

/* A list has a body, though it may come a little later; a user of whom nothing is published has
 * none: so Kamailio answers for a list that it does not have. */
static void without_body(struct feed *feed)
{
	if (feed->state == FEED_WAITING)
		set_timer(feed, SETTLE_COUNT * t1_ms(feed));
}

/* EVT-066: a subscription is that of a list or of one user for its whole life. */
static enum interest_use on_document(struct interest *interest,
				     const struct interest_document *document)
{
	struct feed *feed = interest->owner;
	enum interest_use use = INTEREST_REPAIR;
	int error;

	if (document->len == 0)
		without_body(feed);
	if (document->len == 0 || feed->drop_why != NULL)
		return INTEREST_USED;
	error = rows_apply(feed, document, &use);
	if (error == EPROTO && document->is_first)
		return drop_later(feed, "it answers as one user");
	if (error == E2BIG)
		return drop_later(feed, "it is too large");
	if (error != 0) {
		log_info("directory: NOTIFY of list=%s cannot be read (%s)",
			 log_safe(feed->roll->peer->list), strerror(error));
		return use;
	}
	if (!feed->is_settled && !feed->is_part && !loop_timer_is_set(&feed->settle))
		feed_settle_later(feed);
	loop_timer_cancel(&feed->timer);
	feed->is_current = true;
	set_state(feed, FEED_LIVE);
	return use;
}

static void on_taken(struct interest *interest)
{
	struct feed *feed = interest->owner;

	feed->interest = NULL;
}

/* Life ----------------------------------------------------------------------------------------- */

static void subscribe(struct feed *feed)
{
	static const struct interest_events events = {.write = on_write,
						      .describe = on_describe,
						      .restored = on_restored,
						      .answered = on_answered,
						      .document = on_document,
						      .ended = on_ended,
						      .taken = on_taken};

	feed->interest =
		interest_new(core_of(feed)->interests, feed->roll->peer, feed->kind, &events, feed);
	interest_schedule(feed->interest, 0);
}

void feed_init(struct feed *feed, struct roll *roll, enum part_name package)
{
	feed->roll = roll;
	feed->kind = kinds[package];
	list_init(&feed->lists);
}

void feed_start(struct feed *feed)
{
	if (feed->state != FEED_OFF)
		return;
	feed->state = FEED_WAITING; /* whoever asks learns it himself */
	feed->is_settled = false;
	subscribe(feed);
	set_timer(feed, patience_ms(feed));
}

void feed_stop(struct feed *feed)
{
	feed->state = FEED_OFF;
	feed->drop_why = NULL;
	interest_leave(&feed->interest);
	loop_timer_cancel(&feed->timer);
	loop_timer_cancel(&feed->settle);
	rows_clear(feed);
}

void feed_clear(struct feed *feed)
{
	feed->interest = NULL;
	loop_timer_cancel(&feed->timer);
	loop_timer_cancel(&feed->settle);
	loop_forget(core_of(feed)->params->loop, feed);
	rows_clear(feed);
}
