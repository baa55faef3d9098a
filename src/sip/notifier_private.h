/* Between notifier.c (life, the core, the end), subscribe_in.c (SUBSCRIBE) and notify.c (NOTIFY).
 */
#pragma once

#include "base/list.h"
#include "loop/loop.h"
#include "sip/notifier.h"
#include "sip/watching.h"

struct notifier {
	struct side_core *core;
	struct watchings *watchings;
	struct list ended; /* subscriptions with their last NOTIFY under way */
	size_t live;
	size_t ended_count;
	void (*stopped)(void *arg);
	void *stopped_arg;
	struct list stopping; /* still to be told on stop */
	struct loop_timer stop_timer;
};

/* Sends what is due: the state of the subscription, with presence (NULL: no document) when it is
 * active. While a NOTIFY is under way it only remembers (EVT-038). */
void notify_send(struct subscription *subscription, const struct presence *presence);
/* The same, asking the core for the present state. */
void notify_send_current(struct subscription *subscription);

/* Whether the core is told that the last dialog of the pair went (never from inside side_ops). */
enum notifier_tell { NOTIFIER_TELL_CORE, NOTIFIER_CORE_KNOWS };

/* Makes a subscription ENDED with reason (constant) and sends its last NOTIFY. */
void notifier_end(struct subscription *subscription, const char *reason, unsigned retry_after_s,
		  enum notifier_tell tell);
/* Removes it without a word to the watcher; the core is told. */
void notifier_remove(struct subscription *subscription);
/* Sets the timer to what comes next. */
void notifier_arm(struct subscription *subscription);
/* Frees what is in no pair and in no transaction's hands but its own. */
void notifier_free_subscription(struct subscription *subscription);
/* Makes it ENDED; the NOTIFY and the lists are the caller's. */
void notifier_set_ended(struct subscription *subscription, const char *reason,
			unsigned retry_after_s);
