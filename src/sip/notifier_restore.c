/* SIP watchers' subscriptions after a restart (REL-013): they go on where they were, and each is
 * told the present state once it is known, paced, soonest end first (REL-014, D-49). Until somebody
 * has said what is with a chat user nothing is told of him: a restart is no news. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/bridge.h"
#include "model/dialog_row.h"
#include "model/exchange.h"
#include "model/limits.h"
#include "sip/authenticate.h"
#include "sip/destination.h"
#include "sip/dialog.h"
#include "sip/list_private.h"
#include "sip/notifier_private.h"
#include "sip/own_lists.h"
#include "sip/side_core.h"
#include "sip/subscription_row.h"
#include "sip/transaction.h"
#include "translate/resource_lists.h"

enum {
	HALF_PER_S = 480,       /* of the 1,000 of D-49: SUBSCRIBEs of ours have the other half */
	RESUME_JITTER_MS = 500, /* the first ones, after the start */
	RESUME_TICK_MS = 20,
	RESUME_FLIGHT_MAX = 4000, /* requests without an answer: beyond that it goes slowly */
	RESUME_SLOW_PER_S = 100
};

/* First NOTIFYs -------------------------------------------------------------------------------- */

bool notifier_is_waiting(const struct subscription *s)
{
	if (s->state != SUBSCRIPTION_ACTIVE)
		return false;
	if (s->list != NULL)
		return s->is_resumed && list_watch_is_waiting(s->list);
	return s->package->write != NULL && s->looker.watching != NULL &&
	       s->looker.watching->is_waiting;
}

static void resume(struct subscription *s)
{
	if (s->reason != NULL)
		notifier_end(s, s->reason, s->retry_after_s, NOTIFIER_CORE_KNOWS);
	else
		notify_send_current(s);
}

static double per_s_of(const struct notifier *notifier)
{
	double wanted = (double)notifier->core->params->limits->outward_per_s;
	double per_s = wanted < HALF_PER_S ? wanted : HALF_PER_S;
	bool is_slow = transactions_count(notifier->core->transactions) > RESUME_FLIGHT_MAX;

	return is_slow && per_s > RESUME_SLOW_PER_S ? RESUME_SLOW_PER_S : per_s;
}

static void run(void *arg)
{
	struct notifier *notifier = arg;
	struct loop *loop = notifier->core->params->loop;
	double per_s = per_s_of(notifier);
	double burst = per_s < 50 ? 1 : per_s * RESUME_TICK_MS / 1000;
	uint64_t now = loop_now(loop);

	while (!list_is_empty(&notifier->resumed)) {
		struct subscription *s =
			LIST_ENTRY(notifier->resumed.next, struct subscription, due);

		if (notifier_is_waiting(s)) {
			list_remove(&s->due); /* it comes again with what is told of him */
			continue;
		}
		if (!rate_take(&notifier->resume_rate, per_s, burst, now)) {
			uint64_t wait = rate_wait_ms(&notifier->resume_rate, per_s, burst, now);

			loop_timer_set(loop, &notifier->resume_timer,
				       wait < RESUME_TICK_MS ? RESUME_TICK_MS : wait, run,
				       notifier);
			return;
		}
		list_remove(&s->due);
		resume(s);
	}
}

void notifier_resume_later(struct subscription *s)
{
	struct notifier *notifier = s->notifier;

	if (notifier_is_waiting(s))
		return;
	if (!list_is_linked(&s->due))
		list_append(&notifier->resumed, &s->due);
	if (!loop_timer_is_set(&notifier->resume_timer))
		loop_timer_set(notifier->core->params->loop, &notifier->resume_timer, 0, run,
			       notifier);
}

/* Restoring ------------------------------------------------------------------------------------ */

/* It cannot go on: said when its turn comes. */
static void doom(struct subscription *s, enum watch_answer answer)
{
	s->state = SUBSCRIPTION_PENDING;
	s->reason = notifier_reason(answer);
	s->retry_after_s = answer == WATCH_FAILED ? side_core_retry_s() : 0;
}

static void join(struct subscription *s, const struct address *watcher,
		 const struct address *watched, const struct address *by)
{
	struct watchings *watchings = s->notifier->watchings;

	watching_put(watchings, watchings_get(watchings, watcher, watched), &s->looker, by);
}

static void restore_single(struct subscription *s, const struct subscription_row *value,
			   const struct address *watched)
{
	struct address watcher = {0};
	struct fault fault = {0};
	enum watch_answer answer;

	notifier_pair_watcher(s->notifier, &value->by, &watcher);
	struct watch watch = {exchange_new(), SCOPE_WATCHER,
			      notifier_watcher_of(s->notifier, &watcher, &value->by, watched),
			      watched, NULL};

	if (!s->package->is_counted) {
		s->state = SUBSCRIPTION_ACTIVE;
		s->has_row = value->has_info;
		s->row = value->info;
		s->row_event = value->info_event;
		join(s, watch.watcher, watched, &value->by);
	} else {
		answer = bridge_watch_restored(s->notifier->core->params->bridge, &watch, &fault);
		if (answer == WATCH_ALLOWED || answer == WATCH_PENDING) {
			s->state = answer == WATCH_ALLOWED ? SUBSCRIPTION_ACTIVE
							   : SUBSCRIPTION_PENDING;
			join(s, watch.watcher, watched, &value->by);
			s->looker.watching->is_waiting |= answer == WATCH_ALLOWED;
		} else {
			doom(s, answer);
		}
	}
	address_clear(&watcher);
}

/* Views into the row. */
static void members_of(const struct subscription_row *value, struct resource_lists *out)
{
	out->entries = mem_zalloc((value->count + 1) * sizeof *out->entries);
	out->count = value->count;
	for (size_t i = 0; i < value->count; i++) {
		out->entries[i].uri = mem_strdup(value->members[i].uri);
		out->entries[i].name = mem_strdup_or_null(value->members[i].name);
	}
}

static void restore_list(struct subscription *s, const struct subscription_row *value,
			 const struct address *own)
{
	struct resource_lists members = {0};

	if (value->list == LIST_OWN)
		own_lists_members(s->notifier->own_lists, own, value->by.domain, &members);
	else
		members_of(value, &members);
	s->list = list_watch_new(s, value->list_uri, &value->by, value->nick);
	if (value->list == LIST_OWN)
		address_copy(&s->list->own, own);
	s->state = SUBSCRIPTION_ACTIVE;
	s->is_resumed = true;
	list_watch_restore(s->list, &members, s->version);
	resource_lists_clear(&members);
}

static bool may_be(const struct notifier *notifier, const struct subscription_row *value,
		   const struct dialog_row *row)
{
	const struct event_package *package = event_package_get(value->package);
	const struct address *watched = &row->watched;

	if (strcmp(package->name, row->event) != 0)
		return false;
	if (value->list != LIST_NONE && !package->may_list)
		return false;
	if (value->list == LIST_BROUGHT)
		return true;
	if (watched->domain == NULL || watched->side != SIDE_XMPP || address_is_domain(watched))
		return false;
	return value->list != LIST_OWN || own_lists_has(notifier->own_lists, watched);
}

static struct subscription *make(struct notifier *notifier, const struct subscription_row *value)
{
	struct subscription *s = mem_zalloc(sizeof *s);

	s->notifier = notifier;
	s->package = event_package_get(value->package);
	s->looker.kind = s->package->is_counted ? LOOKER_ALONE : LOOKER_INFORMED;
	s->peer = side_core_peer(notifier->core, value->by.domain);
	s->event_id = mem_strdup_or_null(value->event_id);
	s->takes_deflate = value->takes_deflate;
	s->is_linphone = value->is_linphone;
	s->shuns_tcp = value->shuns_tcp;
	/* As many documents as reserved CSeq numbers may have been sent after the row. */
	s->version = value->version + DIALOG_CSEQ_BLOCK;
	s->row_is_whole = true;
	s->is_restored = true;
	s->was_refused = true; /* REL-005: the last answer may not have arrived: judged again */
	/* Whoever was answered wants it; a server that is just coming up must not lose it. */
	s->is_confirmed = true;
	pace_init(&s->pace, loop_now(notifier->core->params->loop));
	list_init(&s->link);
	list_init(&s->due);
	list_init(&s->held);
	list_init(&s->looker.link);
	return s;
}

/* What the configuration says now (SEC-021): whom it still knows, and where he may be. */
static bool may_reach(const struct notifier *notifier, const struct dialog *dialog)
{
	struct buf room = BUF_INIT;
	const char *why;
	bool may = dialog->target != NULL &&
		   (dialog->login == NULL ||
		    authenticate_has_login(notifier->core->authenticate, dialog->login)) &&
		   destination_may(notifier->core, dialog_next_hop(dialog, &room), &dialog->peer,
				   dialog->login, &why);

	buf_free(&room);
	return may;
}

/* REL-031: ends of a clock that is wrong mean nothing; he had at most the longest. */
static uint64_t life_ms(const struct notifier *notifier, int64_t left_s, bool clock_is_wrong)
{
	int64_t most_s = notifier->core->params->limits->expires_max_s;

	return 1000 * (uint64_t)(clock_is_wrong || left_s > most_s ? most_s : left_s);
}

static int revive(struct notifier *notifier, const struct dialog_row *row,
		  const struct subscription_row *value, uint64_t life)
{
	struct subscription *s;

	if (!may_be(notifier, value, row))
		return EINVAL;
	s = make(notifier, value);
	s->dialog = dialog_restore(notifier->core->dialogs, notifier->core->trust, s, row, false);
	if (s->dialog == NULL || !may_reach(notifier, s->dialog)) {
		int error = s->dialog == NULL ? EINVAL : EACCES;

		notifier_free_subscription(s);
		return error;
	}
	s->expires_ms = loop_now(notifier->core->params->loop) + life;
	notifier_add(s);
	if (value->list != LIST_NONE)
		restore_list(s, value, &row->watched);
	else
		restore_single(s, value, &row->watched);
	s->is_resumed = true;
	notifier_arm(s);
	list_append(&notifier->resumed, &s->due);
	notifier->restored++;
	return 0;
}

int notifier_restore(struct notifier *notifier, const struct dialog_row *row, bool clock_is_wrong)
{
	int64_t left_s = row->expires_s - loop_wall_ms(notifier->core->params->loop) / 1000;
	struct subscription_row value = {0};
	int error;

	/* He has given it up by now, or asks anew. */
	if (!clock_is_wrong && left_s <= 0) {
		notifier->expired++;
		return ETIMEDOUT;
	}
	error = row->value != NULL ? subscription_row_decode(&value, row->value, row->value_len)
				   : EBADMSG;
	if (error == 0)
		error = revive(notifier, row, &value, life_ms(notifier, left_s, clock_is_wrong));
	if (error != 0)
		notifier->bad_rows++;
	subscription_row_clear(&value);
	return error;
}

void notifier_restored(struct notifier *notifier)
{
	if (notifier->bad_rows != 0)
		log_warning("notifier: dropped stored subscriptions that cannot be used count=%zu",
			    notifier->bad_rows);
	if (notifier->restored + notifier->expired != 0)
		log_notice("notifier: subscriptions go on count=%zu ended_meanwhile=%zu",
			   notifier->restored, notifier->expired);
	LIST_EACH(link, next, &notifier->live)
	{
		struct subscription *s = LIST_ENTRY(link, struct subscription, link);

		if (s->package->id == EVENT_WINFO)
			watcher_row_restore(s);
	}
	loop_timer_set(notifier->core->params->loop, &notifier->resume_timer,
		       random_below(RESUME_JITTER_MS), run, notifier);
}
