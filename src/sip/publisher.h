/* The state of chat users, published at peers that want it (domains[].publish; RFC 3903): as
 * presence at a presence server, as device states at an Asterisk (AST-7). Published are the users
 * of `users`: at a domain in which one has an alias, or at each if one has none. The SIP domain
 * watches them as a whole (D-18), so each is asked once, from the component's own JID. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/side.h"

struct address;
struct kept_publication;
struct publisher;
struct side_core;

/* core is borrowed until publisher_free. The users are asked from the loop, paced. */
struct publisher *publisher_new(struct side_core *core);
void publisher_free(struct publisher **publisher);

/* From the core: side_ops.answer and .tell for a watcher that is a SIP domain. */
void publisher_answer(struct publisher *publisher, const struct watch *watch,
		      enum watch_answer answer, const struct presence *now);
void publisher_tell(struct publisher *publisher, const struct watch *watch,
		    const struct presence *presence);
/* True if the pair is kept up for a publication: it does not lapse with the last phone that
 * watches through its domain. */
bool publisher_wants(const struct publisher *publisher, const struct address *watcher,
		     const struct address *watched);

/* A publication of before a restart (sip_side.h), of a chat user; what is said next replaces it. */
void publisher_restore(struct publisher *publisher, const struct kept_publication *kept);
/* Waits for what publisher_answer() has withdrawn (D-48); what was not stays at the server.
 * done(arg) once, later. */
void publisher_stop(struct publisher *publisher, void (*done)(void *arg), void *arg);
size_t publisher_count(const struct publisher *publisher); /* publications that live */
