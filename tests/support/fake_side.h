/* A side of the bridge that records each call as one line of text, and leaves the answers to the
 * test.
 *
 *   sip watch x:juliet s:1001 ask          xmpp answer x:juliet s:1001 allowed t1=open,away,"lunch"
 *   sip unwatch x:juliet s:1001 end        xmpp tell x:juliet s:1001 unknown
 *   sip deliver m1 x:juliet s:1001 "hi"    xmpp finish m1 refused item-not-found
 *   sip typing x:juliet s:1001 active 90   xmpp typing s:1001 x:juliet idle
 *   sip deliver s1 x:juliet s:1001 report failed u1 as u1-f item-not-found "first words"
 *
 * Exchanges that the core begins are named by the side they go to, in order: s1, s2, x1 ...
 */
#pragma once

#include <stdbool.h>

#include "core/side.h"

struct bridge;
struct buf;
struct fake_side;

typedef void fake_line_fn(const char *line, void *arg);

/* Of users with the usual domains only the local part is written: x:juliet, s:1001. */
#define FAKE_CHAT_DOMAIN  "chat.example"
#define FAKE_PHONE_DOMAIN "pbx.example"
/* Another SIP domain, behind a component of its own (D-02). */
#define FAKE_OTHER_DOMAIN "pbx2.example"

/* line gets each call; it may be NULL. */
void fake_side_new(struct fake_side **out, enum side which, fake_line_fn *line, void *arg);
void fake_side_free(struct fake_side **side);
const struct side_ops *fake_side_ops(void);
/* Set while a report of this side is under way: a call from inside it is then recorded with
 * "(entered again)" behind it, since sides do not expect that. */
void fake_side_reporting(struct fake_side *side, bool is_reporting);

/* The exchange that a line calls m1, s1 or x1, where side is the one it was handed to; 0 if there
 * is none. */
exchange_id fake_side_exchange(const struct fake_side *side, const char *name);
/* "delivered", "failed", "displayed", "processed". */
const char *fake_report_name(enum report_kind kind);

/* What its is_full() says of link (below 32); at first false. */
void fake_side_fill(struct fake_side *side, unsigned link, bool is_full);

/* The texts of the lines, for tests that compare them. */
void fake_address_text(const struct address *address, struct buf *out);
/* "unknown", or the devices: ID=open,away,5,"note" ...; then "+idle", "+activity". */
void fake_presence_text(const struct presence *presence, struct buf *out);
/* " NAME", then " later" if there is a Retry-After; nothing for NULL. */
void fake_fault_text(const struct fault *fault, struct buf *out);
const char *fake_answer_name(enum watch_answer answer);
const char *fake_outcome_name(enum outcome outcome);
