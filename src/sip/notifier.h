/* SIP users watching chat users: SUBSCRIBE in, NOTIFY out (RFC 6665 section 4.2, RFC 3856; file 04
 * section C). Several dialogs of one pair share one watching. */
#pragma once

#include <stddef.h>

#include "core/side.h"

struct dialog;
struct dialog_row;
struct notifier;
struct request;
struct side_core;

/* core is borrowed until notifier_free. */
struct notifier *notifier_new(struct side_core *core);
void notifier_free(struct notifier **notifier);

/* A SUBSCRIBE outside a dialog, and one inside dialog (role DIALOG_NOTIFIER). */
void notifier_subscribe(struct notifier *notifier, struct request *request);
void notifier_refresh(struct notifier *notifier, struct dialog *dialog, struct request *request);

/* From the core: side_ops.answer and .tell. */
void notifier_answer(struct notifier *notifier, const struct watch *watch, enum watch_answer answer,
		     const struct fault *fault, const struct presence *now);
void notifier_tell(struct notifier *notifier, const struct watch *watch,
		   const struct presence *presence);

/* A subscription of before a restart, whose row is given (sip_side.h). Returns 0, or an errno value
 * if there is nothing to go on with: ETIMEDOUT it has ended meanwhile, EBADMSG or EINVAL the row
 * cannot be one, EACCES the configuration does not allow it any more. */
int notifier_restore(struct notifier *notifier, const struct dialog_row *row, bool clock_is_wrong);
/* All were given: each is told the present state once it is known, paced, in the order they were
 * given. */
void notifier_restored(struct notifier *notifier);

/* The access rules have changed: who looks at somebody through his domain, and may not any more,
 * subscribes anew. */
void notifier_access_changed(struct notifier *notifier);

/* The logins have changed: the subscriptions of those who can log in no more end as rejected. */
void notifier_logins_changed(struct notifier *notifier);

/* D-48: with tell, final NOTIFYs to all, paced. Without, those that are kept go on after the next
 * start. done(arg) once, later, when all that is under way is answered. */
void notifier_stop(struct notifier *notifier, bool tell, void (*done)(void *arg), void *arg);

size_t notifier_count(const struct notifier *notifier); /* live subscriptions */
/* Those among them of lamp keys, of lists, and of watcher information. */
struct notifier_kinds {
	size_t lamps;
	size_t lists;
	size_t watcher_info;
};
struct notifier_kinds notifier_kinds(const struct notifier *notifier);
size_t notifier_watching(const struct notifier *notifier); /* pairs with one */
