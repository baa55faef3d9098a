/* Chat users watching SIP users: SUBSCRIBE out, NOTIFY in (RFC 6665 section 4.1, RFC 3856; file 04
 * section B). Keeps each asked-for subscription alive until it is no longer wanted (D-25). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/side.h"
#include "sip/composition.h"

struct dialog;
struct dialog_row;
struct request;
struct side_core;
struct subscriber;

struct subscriber *subscriber_new(struct side_core *core);
void subscriber_free(struct subscriber **subscriber);

/* From the core: side_ops.watch and .unwatch. */
void subscriber_watch(struct subscriber *subscriber, const struct watch *watch, bool ask);
void subscriber_unwatch(struct subscriber *subscriber, const struct watch *watch,
			enum unwatch_why why);

/* What is published of watched changed (publications.h): his readers are told, now or later. */
void subscriber_published(struct subscriber *subscriber, const struct address *watched);

/* Where lists say what they know (directory.h); one for all peers, set before the first watch. */
void subscriber_set_list(struct subscriber *subscriber, listed_fn *listed, void *arg);
/* What the lists say of watched changed: pulled and told, now or later. Of all users of a domain:
 * local "". Nothing happens if nobody watches. */
void subscriber_listed(struct subscriber *subscriber, const struct address *watched);
/* How many users of a SIP domain are watched; a list is worth a subscription when there is one. */
size_t subscriber_watched_in(const struct subscriber *subscriber, const char *domain);
/* The chat domain of one who watches there: the bridge's own name is in it. NULL: nobody does. */
const char *subscriber_chat_domain_in(const struct subscriber *subscriber, const char *domain);

/* A NOTIFY inside dialog (role DIALOG_SUBSCRIBER). */
void subscriber_notify(struct subscriber *subscriber, struct dialog *dialog,
		       struct request *request);

/* What was kept of our dialogs, of lists and extensions, too (interests_restore in interest.h). */
int subscriber_restore(struct subscriber *subscriber, const struct dialog_row *row,
		       bool is_doubtful, bool clock_is_wrong);
void subscriber_restored(struct subscriber *subscriber);

/* D-48: where dialogs are kept they stay; else Expires 0 in each, paced. done(arg) once, later. */
void subscriber_stop(struct subscriber *subscriber, void (*done)(void *arg), void *arg);

size_t subscriber_count(const struct subscriber *subscriber);  /* wanted */
size_t subscriber_active(const struct subscriber *subscriber); /* with a live dialog */
