/* SIP users watching chat users: SUBSCRIBE in, NOTIFY out (RFC 6665 section 4.2, RFC 3856; file 04
 * section C). Several dialogs of one pair share one watching. */
#pragma once

#include <stddef.h>

#include "core/side.h"

struct dialog;
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

/* D-48: final NOTIFYs to all, paced; done(arg) once, later, when all are answered. */
void notifier_stop(struct notifier *notifier, void (*done)(void *arg), void *arg);

size_t notifier_count(const struct notifier *notifier); /* live subscriptions */
/* Those among them of lamp keys, of lists, and of watcher information. */
struct notifier_kinds {
	size_t lamps;
	size_t lists;
	size_t watcher_info;
};
struct notifier_kinds notifier_kinds(const struct notifier *notifier);
size_t notifier_watching(const struct notifier *notifier); /* pairs with one */
