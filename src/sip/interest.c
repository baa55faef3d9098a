/* Life of one subscription of ours; see interest.h. */
#include "sip/interest.h"

#include <errno.h>

#include "base/mem.h"
#include "base/random.h"
#include "sip/dialog.h"
#include "sip/interest_private.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"
#include "sip/transaction.h"

enum {
	SOON_MS = 2000,
	SOON_MOST_MS = 3600 * 1000,
	SLOW_MS = 600 * 1000,
	SLOW_MOST_MS = 86400 * 1000,
	STEADY_MS = 60000, /* a dialog that lived so long was a good one */
	AGAIN_MS = 2000
};

static struct loop *loop_of(const struct interest *interest)
{
	return interest->all->core->params->loop;
}

struct interest *interest_new(struct interests *interests, const struct sip_peer *peer,
			      const struct interest_kind *kind,
			      const struct interest_events *events, void *owner)
{
	struct interest *interest = mem_zalloc(sizeof *interest);
	int refresh_s = interests->core->params->refresh_s;

	interest->all = interests;
	interest->kind = kind;
	interest->events = events;
	interest->owner = owner;
	interest->peer = peer;
	interest->hop = peer_watch_of(interests->core->peers, peer->domain);
	peer_watch_join(interest->hop);
	interest->asked_s = (unsigned)(refresh_s > 0 ? refresh_s : 3600);
	backoff_init(&interest->soon, SOON_MS, SOON_MOST_MS);
	backoff_init(&interest->slow, SLOW_MS, SLOW_MOST_MS);
	list_append(&interests->all, &interest->link);
	interests->count++;
	return interest;
}

static void free_data(struct interest *interest)
{
	if (interest->data != NULL && interest->events->data_free != NULL)
		interest->events->data_free(interest->data);
	interest->data = NULL;
}

/* Takes it out of the wanted ones. */
static void unlist(struct interest *interest)
{
	interest->owner = NULL;
	if (interest->lead != NULL || interest->hop == NULL)
		return;
	peer_watch_leave(interest->hop);
	interest->hop = NULL;
	interest->all->count--;
}

void interest_free(struct interest *interest)
{
	struct interests *interests = interest->all;

	if (interest->lead != NULL)
		interest_fork_unlink(interest);
	else
		interest_forks_drop(interest);
	if (interest->state == INTEREST_LEAVING && interest->lead == NULL)
		interests->leaving_count--;
	interest_set_state(interest, INTEREST_IDLE);
	interest_unwait(interest);
	interest_turn_drop(interest);
	unlist(interest);
	loop_timer_cancel(&interest->timer);
	loop_timer_cancel(&interest->timer_n);
	transaction_forget(&interest->transaction);
	if (!interests->is_closing)
		interest_unkeep(interest);
	interest_end_reserving(interest);
	dialog_free(interests->core->dialogs, &interest->dialog);
	free_data(interest);
	mem_free(interest->etag);
	list_remove(&interest->link);
	mem_free(interest);
	interests_check_stopped(interests);
}

static bool is_live(int state)
{
	return state == INTEREST_PENDING || state == INTEREST_ACTIVE;
}

bool interest_is_live(const struct interest *interest)
{
	return is_live(interest->state);
}

void interest_set_state(struct interest *interest, enum interest_state state)
{
	bool was_live = is_live(interest->state);

	interest->state = (uint8_t)state;
	if (interest->lead != NULL || was_live == is_live(state))
		return;
	if (was_live)
		interest->all->active--;
	else
		interest->all->active++;
}

void interest_forget_etag(struct interest *interest)
{
	mem_free(interest->etag);
	interest->etag = NULL;
}

void interest_tell(struct interest *interest, enum watch_answer answer, const struct fault *fault)
{
	if (interest->owner != NULL && interest->lead == NULL)
		interest->events->answered(interest, answer, fault);
}

/* Trying and refreshing ------------------------------------------------------------------------ */

static void drop_dialog(struct interest *interest, bool is_kept);
static void end_fork(struct interest *fork);

static void ask(struct interest *interest)
{
	static const struct interest_rule rule = {NEXT_SLOW, true, WATCH_FORBIDDEN, 0};
	struct fault fault;
	int error;

	error = interest_ask(interest);
	if (error == 0 || error == EAGAIN)
		return;
	fault_set(&fault, FAULT_NOT_ALLOWED, "This address cannot be written for that SIP server");
	interest_end_dialog(interest, &rule, &fault);
}

/* No refresh was accepted in time: the dialog is over without a word. */
static void expire(struct interest *interest)
{
	if (interest->lead != NULL) {
		end_fork(interest);
		return;
	}
	if (interest->wait != NULL) {
		interest_free(interest);
		return;
	}
	drop_dialog(interest, false);
	interest_set_state(interest, INTEREST_IDLE);
	ask(interest);
}

static bool is_over(const struct interest *interest)
{
	return loop_now(loop_of(interest)) >= interest->expires_ms;
}

void interest_act(struct interest *interest)
{
	if (interest->is_unwanted)
		interest_leave(&interest);
	else if (!is_live(interest->state))
		ask(interest);
	else if (is_over(interest))
		expire(interest);
	else
		interest_refresh(interest, interest->asked_s);
}

/* The timer: a try or a refresh, at the pace of D-49. */
static void on_timer(void *arg)
{
	struct interest *interest = arg;
	bool is_adopted = interest->dialog == NULL && interest_adopt(interest);

	if (peer_watch_is_down(interest->hop)) /* held until it is up (REL-024) */
		interest_peer_down(interest);
	else if (!is_adopted)
		interest_turn(interest);
}

void interest_schedule(struct interest *interest, uint64_t delay_ms)
{
	if (interest->owner == NULL || interest->all->is_quiet) /* it only waits to be ended */
		return;
	loop_timer_set(loop_of(interest), &interest->timer, delay_ms, on_timer, interest);
}

void interest_ask_again(struct interest *interest)
{
	if (interest->state == INTEREST_OVER)
		interest_schedule(interest, 0);
	else if (interest->state == INTEREST_IDLE && loop_timer_is_set(&interest->timer))
		interest_schedule(interest, random_below(AGAIN_MS));
}

/* Leaving -------------------------------------------------------------------------------------- */

static void on_patience(void *arg)
{
	interest_free(arg);
}

static void start_patience(struct interest *interest)
{
	loop_timer_set(loop_of(interest), &interest->timer_n, 2 * interest_n_ms(interest),
		       on_patience, interest);
}

/* EVT-025: a last NOTIFY is waited for. COMPAT(kamailio): its lists send none; a stop of the bridge
 * does not wait long once the end was accepted. */
void interest_end_accepted(struct interest *interest)
{
	if (interest->all->stopped != NULL)
		loop_timer_set(loop_of(interest), &interest->timer_n, interest_n_ms(interest) / 16,
			       on_patience, interest);
}

static void leave_fork(struct interest *fork)
{
	loop_timer_cancel(&fork->timer);
	interest_turn_drop(fork);
	interest_end_reserving(fork);
	free_data(fork);
	unlist(fork);
	interest_set_state(fork, INTEREST_LEAVING);
	start_patience(fork);
	interest_refresh(fork, 0);
}

/* PRES-058 to PRES-060, PRES-064. */
void interest_leave(struct interest **handle)
{
	struct interest *interest = *handle;
	struct interests *interests;

	*handle = NULL;
	if (interest == NULL)
		return;
	interests = interest->all;
	if (interest->dialog == NULL ||
	    !(is_live(interest->state) || interest->state == INTEREST_ASKING)) { /* PRES-059 */
		interest_free(interest);
		return;
	}
	interest_unwait(interest);
	interest_turn_drop(interest);
	interest_end_reserving(interest);
	unlist(interest);
	free_data(interest);
	loop_timer_cancel(&interest->timer);
	interest_set_state(interest, INTEREST_LEAVING);
	list_remove(&interest->link);
	list_append(&interests->leaving, &interest->link);
	interests->leaving_count++;
	start_patience(interest);
	for (struct interest *fork = interest->next; fork != NULL; fork = fork->next)
		leave_fork(fork);
	if (interest->dialog->remote_tag != NULL)
		interest_refresh(interest, 0);
	else
		interest_end_accepted(interest); /* COMPAT(freeswitch): granted, never told of */
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

static void end_fork(struct interest *fork)
{
	struct interest *lead = fork->lead;

	interest_free(fork);
	if (lead->owner != NULL)
		lead->events->ended(lead, LOSS_FORK);
}

static void drop_dialog(struct interest *interest, bool is_kept)
{
	bool had_dialog = interest->dialog != NULL;

	interest_cancel_n(interest);
	loop_timer_cancel(&interest->timer);
	interest_turn_drop(interest);
	transaction_forget(&interest->transaction);
	interest_forks_drop(interest);
	interest_unkeep(interest);
	dialog_free(interest->all->core->dialogs, &interest->dialog);
	interest_forget_etag(interest);
	free_data(interest);
	interest->was_active = false;
	interest->is_stale = false;
	interest->raises = 0;
	if (had_dialog && interest->owner != NULL)
		interest->events->ended(interest, is_kept ? LOSS_NONE : LOSS_DIALOG);
}

void interest_end_dialog(struct interest *interest, const struct interest_rule *rule,
			 const struct fault *fault)
{
	uint64_t delay;

	if (interest->lead != NULL) {
		end_fork(interest);
		return;
	}
	if (interest->wait != NULL) { /* who asks for it later gets a new one */
		interest_free(interest);
		return;
	}
	delay = delay_of(interest, rule);
	drop_dialog(interest, rule->next == NEXT_NEVER && !rule->tells);
	if (rule->next == NEXT_NEVER) {
		interest_set_state(interest, INTEREST_OVER);
	} else {
		interest_set_state(interest, INTEREST_IDLE);
		interest_schedule(interest, delay);
	}
	if (rule->tells)
		interest_tell(interest, rule->answer, fault);
}

void interest_peer_down(struct interest *interest)
{
	struct fault fault;

	interest_forget_etag(interest);
	fault_set(&fault, FAULT_REMOTE_SERVER_TIMEOUT, NULL);
	interest_tell(interest, WATCH_FAILED, &fault);
}
