/* Our dialogs after a start (REL-013, REL-014): each waits, under the name of its subject, for the
 * interest that wants it, and goes on; NOTIFYs that come meanwhile are answered, and what they say
 * comes again with the refresh. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "model/dialog_row.h"
#include "model/limits.h"
#include "sip/dialog.h"
#include "sip/interest_private.h"
#include "sip/interest_row.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"

enum {
	LIFE_MOST_S = 86400 * 30,
	LOOK_FIRST_MS = 2000,
	LOOK_MS = 1000,
	NEAR_MS = 30000, /* the end of one that waits: it is refreshed, wanted or not */
	HOLD_MS = 30000, /* D-26 */
	UNWANTED_HOLDS = 10
};

static struct side_core *core_of(const struct interests *interests)
{
	return interests->core;
}

static uint64_t now_of(const struct interests *interests)
{
	return loop_now(core_of(interests)->params->loop);
}

/* Restoring ------------------------------------------------------------------------------------ */

static void join(struct interest *interest)
{
	struct interests *interests = interest->all;
	const struct sip_peer *peer = interest->peer;

	interest->hop = peer_watch_of(interests->core->peers, peer->domain);
	peer_watch_join(interest->hop);
	peer_watch_was_away(interest->hop);
	interests->count++;
	list_append(&interests->waiting, &interest->link);
	interests->waiting_count++;
}

void interest_unwait(struct interest *interest)
{
	struct interest_wait *wait = interest->wait;
	struct interest_subject subject;
	struct buf name = BUF_INIT;

	if (wait == NULL)
		return;
	subject = (struct interest_subject){&wait->watched, wait->is_common ? NULL : &wait->watcher,
					    wait->name};
	interest_put_name(interest->kind, &subject, &name);
	if (table_find(interest->all->by_name, name.data, name.len) == interest)
		table_remove(interest->all->by_name, name.data, name.len);
	buf_free(&name);
	interest->all->waiting_count--;
	interest->wait = NULL;
	address_clear(&wait->watched);
	address_clear(&wait->watcher);
	mem_free(wait->name);
	mem_free(wait);
}

/* Of two with one subject the one that ends later is the newer: nobody will ask for the other. */
static void wait_for_subject(struct interest *interest, const struct dialog_row *row,
			     struct interest_row *said)
{
	struct interest_wait *wait = mem_zalloc(sizeof *wait);
	struct interest_subject subject;
	struct buf name = BUF_INIT;

	address_copy(&wait->watched, &row->watched);
	wait->is_common = said->is_common;
	if (!said->is_common)
		address_copy(&wait->watcher, &row->watcher);
	wait->name = said->name;
	said->name = NULL;
	interest->wait = wait;
	(void)interest_describe(interest, &subject);
	interest_put_name(interest->kind, &subject, &name);
	(void)table_put(interest->all->by_name, name.data, name.len, interest);
	buf_free(&name);
}

static struct interest *make(struct interests *interests, const struct sip_peer *peer,
			     const struct interest_row *said)
{
	struct interest *interest = mem_zalloc(sizeof *interest);
	int refresh_s = interests->core->params->refresh_s;

	interest->all = interests;
	interest->kind = &interest_kinds[said->kind];
	interest->peer = peer;
	list_init(&interest->link);
	interest->asked_s = (unsigned)(refresh_s > 0 ? refresh_s : 3600);
	if (said->asked_s > interest->asked_s)
		interest->asked_s = said->asked_s;
	interest->is_plain = said->is_plain;
	interest->is_stale = true;
	return interest;
}

/* A dialog with the same Call-ID and tag of ours: one answered by several phones (EVT-019). */
static struct interest *find_lead(const struct interests *interests, const struct dialog_row *row)
{
	struct dialog *dialog = dialog_find(interests->core->dialogs, row->call_id, row->local_tag);

	return dialog != NULL && dialog->role == DIALOG_SUBSCRIBER ? dialog->owner : NULL;
}

static bool may_fork(const struct interest *lead, const struct dialog_row *row,
		     const struct interest_row *said)
{
	size_t count = 0;

	if (lead->wait == NULL || !lead->kind->may_fork ||
	    lead->kind != &interest_kinds[said->kind] || row->remote_tag == NULL)
		return false;
	for (const struct interest *one = lead; one != NULL; one = one->next) {
		if (count++ > INTEREST_FORKS_MAX ||
		    strcmp(one->dialog->remote_tag, row->remote_tag) == 0)
			return false;
	}
	return true;
}

static void add_fork(struct interest *lead, struct interest *fork)
{
	fork->lead = lead;
	fork->hop = lead->hop;
	fork->next = lead->next;
	lead->next = fork;
}

/* What its row says, with its dialog. */
static void fill(struct interest *interest, const struct interest_row *said, uint64_t left_ms)
{
	interest->expires_ms = now_of(interest->all) + left_ms;
	interest->kept_ms = interest->expires_ms;
	if (interest->dialog->remote_tag == NULL) /* a server without one (RFC 2543) */
		interest->dialog->remote_tag = mem_strdup("");
	interest_set_state(interest, said->is_active ? INTEREST_ACTIVE : INTEREST_PENDING);
	interest->kept_print = interest_print(interest);
}

static int restore(struct interests *interests, const struct dialog_row *row,
		   struct interest_row *said, const struct sip_peer *peer, bool is_doubtful,
		   uint64_t left_ms)
{
	struct interest *lead = find_lead(interests, row);
	struct interest *interest;

	if (lead != NULL && !may_fork(lead, row, said))
		return EEXIST;
	interest = make(interests, peer, said);
	interest->is_doubtful = is_doubtful;
	interest->dialog = dialog_restore(interests->core->dialogs, interests->core->trust,
					  interest, row, lead != NULL);
	if (interest->dialog == NULL || interest->dialog->target == NULL) {
		dialog_free(interests->core->dialogs, &interest->dialog);
		mem_free(interest);
		return EINVAL;
	}
	if (lead != NULL)
		add_fork(lead, interest);
	fill(interest, said, left_ms);
	if (lead != NULL)
		return 0;
	wait_for_subject(interest, row, said);
	join(interest);
	return 0;
}

static bool is_sound(const struct dialog_row *row, const struct interest_row *said)
{
	return said->kind < INTEREST_KIND_COUNT && row->event != NULL &&
	       strcmp(row->event, interest_kinds[said->kind].event) == 0 &&
	       row->watched.domain != NULL && row->watched.side == SIDE_SIP &&
	       (said->is_common || row->watcher.domain != NULL);
}

static int log_damaged(struct interests *interests, const struct dialog_row *row)
{
	if (!interests->has_logged_row)
		log_warning("subscriber: a kept dialog cannot be read, it is dropped id=%lld "
			    "target=%s (others may be, too)",
			    (long long)row->id, row->target != NULL ? log_safe(row->target) : "");
	interests->has_logged_row = true;
	return EINVAL;
}

int interests_restore(struct interests *interests, const struct dialog_row *row, bool is_doubtful,
		      bool clock_is_wrong)
{
	int64_t left_s = row->expires_s - loop_wall_ms(core_of(interests)->params->loop) / 1000;
	const struct sip_peer *peer;
	struct interest_row said;
	int error;

	if (interest_row_decode(row->value, row->value_len, &said) != 0)
		return log_damaged(interests, row);
	if (!is_sound(row, &said)) {
		interest_row_clear(&said);
		return log_damaged(interests, row);
	}
	if (clock_is_wrong) /* REL-031: due, not ended */
		left_s = said.asked_s;
	if (left_s > LIFE_MOST_S)
		left_s = LIFE_MOST_S;
	peer = side_core_peer(interests->core, row->watched.domain);
	if (peer == NULL)
		error = ENOENT;
	else if (left_s <= 0)
		error = ETIMEDOUT;
	else
		error = restore(interests, row, &said, peer, is_doubtful, (uint64_t)left_s * 1000);
	interest_row_clear(&said);
	return error == EINVAL ? log_damaged(interests, row) : error;
}

/* Those that wait ------------------------------------------------------------------------------ */

static uint64_t spread_ms(const struct interests *interests)
{
	uint64_t per_s = (uint64_t)core_of(interests)->params->limits->outward_per_s;

	return interests->waiting_count * 1000 / (per_s != 0 ? per_s : 1);
}

/* The core asks for what it wants at its own pace; none may end before its turn. */
static void refresh_near(struct interests *interests, uint64_t now)
{
	uint64_t near_ms = NEAR_MS + spread_ms(interests);

	for (size_t left = interests->waiting_count; left > 0; left--) {
		struct interest *interest =
			LIST_ENTRY(interests->waiting.next, struct interest, link);

		if (interest->expires_ms > now + near_ms)
			return;
		list_remove(&interest->link);
		list_append(&interests->waiting, &interest->link);
		for (; interest != NULL; interest = interest->next)
			interest_turn_soon(interest);
	}
}

static void end_unwanted(struct interests *interests)
{
	LIST_EACH(link, following, &interests->waiting)
	{
		struct interest *interest = LIST_ENTRY(link, struct interest, link);

		if (peer_watch_is_down(interest->hop))
			continue;
		interest->is_unwanted = true;
		interest_turn_soon(interest);
	}
}

static void look(void *arg);

static void look_later(struct interests *interests, uint64_t delay_ms)
{
	if (interests->waiting_count != 0)
		loop_timer_set(core_of(interests)->params->loop, &interests->wait_timer, delay_ms,
			       look, interests);
}

static void look(void *arg)
{
	struct interests *interests = arg;
	uint64_t now = now_of(interests);

	if (now < interests->wait_until_ms)
		refresh_near(interests, now);
	else
		end_unwanted(interests);
	look_later(interests, now < interests->wait_until_ms ? LOOK_MS : NEAR_MS);
}

void interests_restored(struct interests *interests)
{
	int hold_ms = core_of(interests)->params->hold_ms;
	uint64_t hold = (uint64_t)(hold_ms > 0 ? hold_ms : HOLD_MS);

	if (interests->waiting_count != 0)
		log_info("subscriber: dialogs of before the start count=%zu",
			 interests->waiting_count);
	interests->wait_until_ms =
		now_of(interests) + UNWANTED_HOLDS * hold + 2 * spread_ms(interests);
	look_later(interests, LOOK_FIRST_MS);
}

/* Adopting ------------------------------------------------------------------------------------- */

static void take_fork(struct interest *interest, struct interest *fork)
{
	fork->lead = interest;
	fork->owner = interest->owner;
	fork->events = interest->events;
	fork->hop = interest->hop;
	dialog_forget_writes(fork->dialog);
	interest_end_reserving(fork);
	fork->is_stale = true;
}

static void take_over(struct interest *interest, struct interest *from)
{
	interest->dialog = from->dialog;
	interest->dialog->owner = interest;
	dialog_forget_writes(interest->dialog);
	interest_end_reserving(from);
	interest->next = from->next;
	for (struct interest *fork = interest->next; fork != NULL; fork = fork->next)
		take_fork(interest, fork);
	interest->expires_ms = from->expires_ms;
	interest->kept_ms = from->kept_ms;
	interest->kept_print = from->kept_print;
	interest->asked_s = from->asked_s;
	interest->is_plain = from->is_plain;
	interest->is_rebasing = from->is_rebasing;
	interest->is_doubtful = from->is_doubtful;
	interest->is_stale = true;
	interest->since_ms = 0;
	interest_set_state(interest, from->state);
	from->dialog = NULL;
	from->next = NULL;
	interest_free(from);
}

static struct interest *find_waiting(const struct interest *interest)
{
	struct interest_subject subject;
	struct interest *found = NULL;
	struct buf name = BUF_INIT;

	if (interest->all->waiting_count == 0 || !interest_describe(interest, &subject))
		return NULL;
	interest_put_name(interest->kind, &subject, &name);
	found = table_find(interest->all->by_name, name.data, name.len);
	buf_free(&name);
	return found;
}

bool interest_adopt(struct interest *interest)
{
	struct interest *found = find_waiting(interest);

	if (found == NULL || found->is_unwanted || found->peer != interest->peer)
		return false;
	take_over(interest, found);
	for (struct interest *one = interest; one != NULL; one = one->next)
		interest_turn_restored(one);
	if (interest->events->restored != NULL)
		interest->events->restored(interest);
	if (interest->state == INTEREST_ACTIVE && !interest->is_doubtful)
		interest_tell(interest, WATCH_ALLOWED, NULL);
	return true;
}
