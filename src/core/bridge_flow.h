/* What the parts of the bridge share that handle messages, receipts and typing notices; private to
 * them (the map is in bridge_private.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bridge_private.h"

/* bridge_message.c ----------------------------------------------------------------------------- */

struct exchange;

/* All open messages end. */
void message_end_all(struct bridge *bridge);
/* Tells the sender, once. The exchange is gone afterwards if it is not awaited any more. fault is
 * NULL for what is good. */
void message_finish(struct bridge *bridge, struct exchange *exchange, enum outcome outcome,
		    const struct fault *fault);
/* Something is about to be handed over: sets the time for its outcome. */
struct exchange *message_await(struct bridge *bridge, exchange_id x);
/* bridge_shares.c (REL-047): may its sender have one more message under way? Then it is one of his
 * until give, when he has his answer. */
bool message_share_ask(struct bridge *bridge, const struct address *from);
void message_share_take(struct bridge *bridge, struct exchange *exchange,
			const struct address *from);
void message_share_give(struct bridge *bridge, const struct exchange *exchange);
/* No outcome is awaited any more; gone if its sender has his answer. */
void message_settle(struct bridge *bridge, struct exchange *exchange);
/* Of an exchange with an item that is neither in the store nor awaited: its sender hears why (code
 * and text, if it was never handed over), the item ends. */
void message_end_unstored(struct bridge *bridge, struct exchange *exchange, enum fault_code code,
			  const char *text);
/* The same, and it may be delivered all the same. */
void message_end_uncertain(struct bridge *bridge, struct exchange *exchange);
/* REL-043: worth another try, but not all at the same time. */
void message_refuse_for_now(struct fault *fault, enum fault_code code, const char *text);
/* D-47: is the sender not to be told why? */
bool message_is_strange(struct bridge *bridge, const struct address *from,
			const struct address *to);

/* bridge_queue.c ------------------------------------------------------------------------------- */

/* A durable report toward to, the sender of a message, in the name of from, its recipient. report
 * (MESSAGE_REPORT with its uid) is taken: *report is empty afterwards. It is told exactly once,
 * tried again while only the path is in the way, until its life ends (24 h); dropped when the queue
 * is full and it is no failure. */
void queue_report(struct bridge *bridge, enum side toward, const struct address *from,
		  const struct address *to, struct message *report);

void flow_init(struct bridge *bridge);
void flow_free(struct bridge *bridge);
/* Before the store is stopped: what is being tried is no suspect. */
void flow_stop(struct bridge *bridge);
/* May from put so much more into the queue? If not, says why. Counts the limit. */
bool flow_has_room(struct bridge *bridge, const struct queue_lane *lane, size_t bytes,
		   struct fault *fault);
/* Counts it and has its row written; handed over in turn after the commit. */
void flow_keep(struct bridge *bridge, struct queue_item *item);
/* Writes its row (again). */
void flow_write(struct bridge *bridge, struct queue_item *item, enum queue_write why);
/* It failed: what comes after it in its lane waits until that is on disk, or a crash would bring it
 * back behind them (REL-008). */
void flow_hold(struct queue_item *item);
/* It has ended: its row is dropped, the item is gone (or goes with the row). */
void flow_end(struct bridge *bridge, struct queue_item *item);
int64_t flow_next_seq(struct bridge *bridge);
/* The link that the lane goes over: its owner. */
static inline struct side_link *lane_link(const struct queue_lane *lane)
{
	return lane->owner;
}
/* As queue_lane(), set up for this bridge. */
struct queue_lane *flow_lane(struct bridge *bridge, const struct address *from,
			     const struct address *to);
/* Writes what was accepted before the queue was read. */
void flow_release(struct bridge *bridge);
/* It is a text more or less in the queue. */
void flow_count_text(struct bridge *bridge, const struct queue_item *item, bool is_more);

/* bridge_failure.c ----------------------------------------------------------------------------- */

/* For the log. */
void flow_tell(const struct bridge *bridge, enum queue_event event, const struct queue_lane *lane,
	       const struct fault *why);

/* It failed after it was accepted: counted, and its sender is told if he may be (D-39); the row
 * becomes the report. */
void flow_fail(struct bridge *bridge, struct queue_item *item, const struct fault *why,
	       uint64_t *counter);
/* The life of item is over. */
void flow_expire(struct bridge *bridge, struct queue_item *item);
/* Sets the timer for what expires next. */
void flow_watch_expiry(struct bridge *bridge);
bool flow_is_expired(const struct bridge *bridge, const struct queue_item *item);

/* bridge_hand_over.c --------------------------------------------------------------------------- */

/* Has what is ready handed over soon. */
void hand_over_schedule(struct bridge *bridge);
/* The lane is looked at: its first item may be ready. */
void hand_over_kick(struct bridge *bridge, struct queue_lane *lane);
/* message is handed over at once, as item of it; NULL: read from item. */
void hand_over(struct bridge *bridge, struct queue_item *item, const struct message *message);
/* item was handed over, and is not any more. */
void hand_over_returned(struct bridge *bridge, struct queue_item *item);
/* The lane waits: for its time, or, if it may hope, until others of its peer get through. */
void hand_over_wait(struct bridge *bridge, struct queue_lane *lane, const struct fault *fault,
		    bool may_hope);
/* The peer answers again. A lane that then fails all the same waits for its own time. */
void hand_over_wake_others(struct bridge *bridge, const struct queue_lane *lane);
/* A suspect has ended one way or the other. */
void hand_over_forget(struct bridge *bridge, struct queue_item *item);
/* One that was handed over alone has not crashed us, and others wait. */
void hand_over_calm(struct bridge *bridge, struct queue_item *item);
/* The number of tries of the one that is handed over alone is written. */
void hand_over_alone(struct bridge *bridge, struct queue_item *item);
/* The link came up: what waits is tried again, paced. */
void hand_over_link_up(struct side_link *link);
void hand_over_stop(struct bridge *bridge);

/* bridge_outcome.c ----------------------------------------------------------------------------- */

/* What became of it. */
void hand_over_ended(struct bridge *bridge, struct queue_item *item, enum outcome outcome,
		     const struct fault *fault);
/* It goes to the store if it has no proof in time. */
void hand_over_watch(struct bridge *bridge, struct queue_item *item);

/* bridge_restart.c ----------------------------------------------------------------------------- */

/* Reads the queue; done(error, bridge) when that is done. */
void restart_load(struct bridge *bridge, void (*done)(int error, struct bridge *bridge));

/* bridge_receipts.c ---------------------------------------------------------------------------- */

/* From bridge_new() and bridge_free(); and from bridge_start(), which reads what is stored. */
void receipts_init(struct bridge *bridge);
void receipts_start(struct bridge *bridge);
void receipts_free(struct bridge *bridge);
/* A text was accepted and is about to be handed over: what its sender asked for is remembered.
 * Once for each text; again for those that are read from the store at a start. */
void receipts_note(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const struct message *message);
/* It is in the queue: its sender is told so. */
void receipts_stored(struct bridge *bridge, const char *uid);
/* The other side took it over. */
void receipts_taken(struct bridge *bridge, const struct address *from, const struct address *to,
		    const char *uid);
/* It failed, and the sender is about to be told: nothing good of it afterwards. False if something
 * final was told before: then he is not (RCPT-068). */
bool receipts_failed(struct bridge *bridge, const char *uid);

/* bridge_typing.c ------------------------------------------------------------------------------ */

void typing_init(struct bridge *bridge);
void typing_free(struct bridge *bridge);
/* A text of from was accepted: it ends his typing in silence (TYPE-004, TYPE-023), and to may see
 * him type from now on (TYPE-037). */
void typing_content(struct bridge *bridge, const struct address *from, const struct address *to);
/* The chat user went offline (TYPE-038). */
void typing_gone(struct bridge *bridge, const struct address *user);
/* A link broke, or the end (NULL): who was typing over it is forgotten, nobody is told. */
void typing_forget(struct bridge *bridge, struct side_link *link);
