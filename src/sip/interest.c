/* Life of one subscription of ours; see interest.h. */
#include "sip/interest.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "core/bridge.h"
#include "model/limits.h"
#include "sip/dialog.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"
#include "sip/subscriber.h"
#include "sip/transaction.h"

enum {
	SOON_MS = 2000,
	SOON_MOST_MS = 3600 * 1000,
	SLOW_MS = 600 * 1000,
	SLOW_MOST_MS = 86400 * 1000,
	STEADY_MS = 60000 /* a dialog that lived so long was a good one */
};

static struct loop *loop_of(const struct interest *interest)
{
	return interest->subscriber->core->params->loop;
}

struct interest *interest_new(struct subscriber *subscriber, const struct watch *watch,
			      bool is_common, const void *key, size_t key_len)
{
	struct interest *interest = mem_zalloc(sizeof *interest);

	interest->subscriber = subscriber;
	address_copy(&interest->watched, watch->watched);
	list_init(&interest->readers);
	interest->key = mem_alloc(key_len);
	for (size_t i = 0; i < key_len; i++)
		interest->key[i] = ((const char *)key)[i];
	interest->key_len = key_len;
	interest->peer = side_core_peer(subscriber->core, watch->watched->domain);
	interest->hop = peer_watch_of(subscriber->core->peers, watch->watched->domain);
	peer_watch_join(interest->hop);
	interest->is_common = is_common;
	interest->asked_s = (unsigned)(subscriber->core->params->refresh_s > 0
					       ? subscriber->core->params->refresh_s
					       : 3600);
	backoff_init(&interest->soon, SOON_MS, SOON_MOST_MS);
	backoff_init(&interest->slow, SLOW_MS, SLOW_MOST_MS);
	list_append(&subscriber->all, &interest->link);
	table_put(subscriber->interests, interest->key, interest->key_len, interest);
	subscriber->count++;
	return interest;
}

static void free_reader(struct reader *reader)
{
	list_remove(&reader->link);
	address_clear(&reader->watcher);
	mem_free(reader);
}

void interest_check_stopped(struct subscriber *subscriber)
{
	if (subscriber->stopped == NULL || subscriber->leaving_count != 0 ||
	    !list_is_empty(&subscriber->stopping))
		return;
	loop_defer(subscriber->core->params->loop, subscriber->stopped, subscriber->stopped_arg);
	subscriber->stopped = NULL;
}

/* Takes it out of the wanted ones. */
static void unlist(struct interest *interest)
{
	if (interest->key == NULL)
		return;
	table_remove(interest->subscriber->interests, interest->key, interest->key_len);
	mem_free(interest->key);
	interest->key = NULL;
	peer_watch_leave(interest->hop);
	interest->hop = NULL;
	interest->subscriber->count--;
}

void interest_free(struct interest *interest)
{
	struct subscriber *subscriber = interest->subscriber;

	if (interest->state == INTEREST_LEAVING)
		subscriber->leaving_count--;
	interest_set_state(interest, INTEREST_IDLE);
	unlist(interest);
	loop_timer_cancel(&interest->timer);
	loop_timer_cancel(&interest->timer_n);
	transaction_forget(&interest->transaction);
	dialog_free(subscriber->core->dialogs, &interest->dialog);
	LIST_EACH(link, next, &interest->readers)
	free_reader(LIST_ENTRY(link, struct reader, link));
	if (interest->last != NULL) {
		presence_clear(interest->last);
		mem_free(interest->last);
	}
	list_remove(&interest->link);
	address_clear(&interest->watched);
	mem_free(interest);
	interest_check_stopped(subscriber);
}

static bool is_live(enum interest_state state)
{
	return state == INTEREST_PENDING || state == INTEREST_ACTIVE;
}

bool interest_is_live(const struct interest *interest)
{
	return is_live(interest->state);
}

void interest_set_state(struct interest *interest, enum interest_state state)
{
	if (is_live(interest->state) && !is_live(state))
		interest->subscriber->active--;
	if (!is_live(interest->state) && is_live(state))
		interest->subscriber->active++;
	interest->state = state;
}

/* The timer: a try or a refresh, at the pace of D-49. */
static void on_timer(void *arg)
{
	struct interest *interest = arg;
	struct subscriber *subscriber = interest->subscriber;
	double per_s = (double)subscriber->core->params->limits->outward_per_s;
	uint64_t now = loop_now(loop_of(interest));
	struct fault fault;

	if (peer_watch_is_down(interest->hop)) { /* held until it is up (REL-024) */
		interest_peer_down(interest);
		return;
	}
	if (!rate_take(&subscriber->pace, per_s, per_s, now)) {
		interest_schedule(interest, rate_wait_ms(&subscriber->pace, per_s, per_s, now) +
						    random_below(200));
		return;
	}
	if (is_live(interest->state)) {
		if (now < interest->expires_ms) {
			interest_refresh(interest, interest->asked_s);
			return;
		}
		dialog_free(subscriber->core->dialogs, &interest->dialog);
		interest_set_state(interest, INTEREST_IDLE);
	}
	if (interest_ask(interest) == 0)
		return;
	fault_set(&fault, FAULT_NOT_ALLOWED, "This address cannot be written for that SIP server");
	interest_end_dialog(interest, &(struct interest_rule){NEXT_SLOW, true, WATCH_FORBIDDEN, 0},
			    &fault);
}

void interest_schedule(struct interest *interest, uint64_t delay_ms)
{
	loop_timer_set(loop_of(interest), &interest->timer, delay_ms, on_timer, interest);
}

/* Leaving -------------------------------------------------------------------------------------- */

static void on_patience(void *arg)
{
	interest_free(arg);
}

/* PRES-058 to PRES-060, PRES-064. */
void interest_leave(struct interest *interest)
{
	struct subscriber *subscriber = interest->subscriber;
	uint64_t t1 = (uint64_t)subscriber->core->params->timer_t1_ms;
	bool has_dialog = interest->dialog != NULL &&
			  (is_live(interest->state) || interest->state == INTEREST_ASKING);

	if (!has_dialog) { /* PRES-059 */
		interest_free(interest);
		return;
	}
	unlist(interest);
	loop_timer_cancel(&interest->timer);
	interest_set_state(interest, INTEREST_LEAVING);
	list_remove(&interest->link);
	list_append(&subscriber->leaving, &interest->link);
	subscriber->leaving_count++;
	loop_timer_set(loop_of(interest), &interest->timer_n, 2 * 64 * (t1 != 0 ? t1 : 500),
		       on_patience, interest);
	if (interest->dialog->remote_tag != NULL)
		interest_refresh(interest, 0);
}

/* Telling -------------------------------------------------------------------------------------- */

bool interest_end_telling(struct interest *interest)
{
	interest->is_telling = false;
	LIST_EACH(link, next, &interest->readers)
	{
		struct reader *reader = LIST_ENTRY(link, struct reader, link);

		if (reader->is_gone)
			free_reader(reader);
	}
	if (!list_is_empty(&interest->readers))
		return true;
	interest_leave(interest);
	return false;
}

static struct watch watch_of(const struct interest *interest, const struct reader *reader)
{
	return (struct watch){
		.x = reader->x,
		.scope = SCOPE_WATCHER,
		.watcher = &reader->watcher,
		.watched = &interest->watched,
	};
}

bool interest_tell_answer(struct interest *interest, enum watch_answer answer,
			  const struct fault *fault)
{
	interest->is_telling = true;
	LIST_EACH(link, next, &interest->readers)
	{
		struct reader *reader = LIST_ENTRY(link, struct reader, link);
		struct watch watch = watch_of(interest, reader);

		if (!reader->is_gone)
			bridge_watch_answered(interest->subscriber->core->params->bridge, &watch,
					      answer, fault);
	}
	return interest_end_telling(interest);
}

bool interest_tell_presence(struct interest *interest, const struct presence *presence)
{
	if (interest->is_common) {
		if (interest->last == NULL)
			interest->last = mem_zalloc(sizeof *interest->last);
		presence_clear(interest->last);
		presence_copy(interest->last, presence);
	}
	interest->is_telling = true;
	LIST_EACH(link, next, &interest->readers)
	{
		struct reader *reader = LIST_ENTRY(link, struct reader, link);
		struct watch watch = watch_of(interest, reader);

		if (!reader->is_gone)
			bridge_presence(interest->subscriber->core->params->bridge, &watch,
					presence);
	}
	return interest_end_telling(interest);
}

/* After the end of a dialog -------------------------------------------------------------------- */

/* EVT-028: at once is after a little while, and longer each time it happens again. */
static uint64_t delay_of(struct interest *interest, const struct interest_rule *rule)
{
	uint64_t now = loop_now(loop_of(interest));
	uint64_t least = (uint64_t)rule->retry_after_s * 1000;
	uint64_t delay;

	if (interest->was_active && now - interest->since_ms > STEADY_MS)
		backoff_reset(&interest->soon);
	switch (rule->next) {
	case NEXT_SLOW:
		delay = backoff_next_ms(&interest->slow);
		break;
	case NEXT_SOON:
		delay = backoff_next_ms(&interest->soon);
		if (delay <= SOON_MS) /* the first time */
			delay = random_below(SOON_MS);
		break;
	default:
		delay = backoff_next_ms(&interest->soon);
		break;
	}
	return delay > least ? delay : least + random_below(least / 10 + 1000);
}

static bool tell_failure(struct interest *interest, const struct interest_rule *rule,
			 const struct fault *fault)
{
	if (!rule->tells || (rule->answer == WATCH_FAILED && interest->has_failed))
		return true;
	interest->has_failed = true;
	return interest_tell_answer(interest, rule->answer, fault);
}

void interest_end_dialog(struct interest *interest, const struct interest_rule *rule,
			 const struct fault *fault)
{
	uint64_t delay = delay_of(interest, rule);

	interest_cancel_n(interest);
	loop_timer_cancel(&interest->timer);
	transaction_forget(&interest->transaction);
	dialog_free(interest->subscriber->core->dialogs, &interest->dialog);
	interest->was_active = false;
	interest->raises = 0;
	if (rule->next == NEXT_NEVER) {
		interest_set_state(interest, INTEREST_OVER);
	} else {
		interest_set_state(interest, INTEREST_IDLE);
		interest_schedule(interest, delay);
	}
	(void)tell_failure(interest, rule, fault);
}

void interest_peer_down(struct interest *interest)
{
	static const struct interest_rule rule = {NEXT_SOON, true, WATCH_FAILED, 0};
	struct fault fault;

	fault_set(&fault, FAULT_REMOTE_SERVER_TIMEOUT, NULL);
	(void)tell_failure(interest, &rule, &fault);
}
