/* Our dialogs are kept for the next start (REL-013): a row for each live one, forks too, written
 * when it is confirmed and when what stands there changes. */
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "model/dialog_row.h"
#include "sip/dialog.h"
#include "sip/interest_private.h"
#include "sip/interest_row.h"
#include "sip/side_core.h"

enum {
	SLACK_PARTS = 100, /* a row may be wrong by so much of what is left, and */
	SLACK_MS = 10000   /* by so much: it is not written again for that */
};

static struct side_core *core_of(const struct interests *interests)
{
	return interests->core;
}

static uint64_t now_of(const struct interests *interests)
{
	return loop_now(core_of(interests)->params->loop);
}

/* Subjects ------------------------------------------------------------------------------------- */

bool interest_describe(const struct interest *interest, struct interest_subject *out)
{
	const struct interest *lead = interest->lead != NULL ? interest->lead : interest;
	const struct interest_wait *wait = lead->wait;

	*out = (struct interest_subject){0};
	if (lead->owner != NULL)
		lead->events->describe(lead, out);
	else if (wait != NULL)
		*out = (struct interest_subject){
			&wait->watched, wait->is_common ? NULL : &wait->watcher, wait->name};
	return out->watched != NULL;
}

void interest_put_name(const struct interest_kind *kind, const struct interest_subject *subject,
		       struct buf *out)
{
	buf_putc(out, (char)(kind - interest_kinds));
	buf_putc(out, subject->watcher == NULL);
	address_key(subject->watched, out);
	if (subject->watcher != NULL)
		address_key(subject->watcher, out);
	if (subject->name != NULL)
		buf_puts(out, subject->name);
}

/* Writing -------------------------------------------------------------------------------------- */

uint64_t interest_print(const struct interest *interest)
{
	const struct side_core *core = core_of(interest->all);
	const char *target = interest->dialog->target;
	uint64_t print = hash_bytes(core->params->key, target, strlen(target));

	return print ^ ((uint64_t)interest->asked_s << 2) ^
	       (interest->state == INTEREST_ACTIVE ? 2 : 0) ^ (interest->is_plain ? 1 : 0);
}

static void write_row(struct interest *interest, const struct interest_subject *subject,
		      void (*done)(int error, void *arg))
{
	const struct side_core *core = core_of(interest->all);
	struct interest_row said = {
		.kind = (unsigned)(interest->kind - interest_kinds),
		.is_common = subject->watcher == NULL,
		.is_active = interest->state == INTEREST_ACTIVE,
		.is_plain = interest->is_plain,
		.asked_s = interest->asked_s,
		.name = mem_strdup_or_null(subject->name),
	};
	uint64_t now = now_of(interest->all);
	uint64_t left_ms = interest->expires_ms > now ? interest->expires_ms - now : 0;
	char peer[DIALOG_PEER_MAX];
	struct buf value = BUF_INIT;
	struct dialog_row row;

	interest_row_encode(&said, &value);
	dialog_describe(interest->dialog, core->trust, &row, peer);
	row.watched = *subject->watched;
	if (subject->watcher != NULL)
		row.watcher = *subject->watcher;
	row.event = mem_strdup(interest->kind->event);
	row.expires_s = (loop_wall_ms(core->params->loop) + (int64_t)left_ms) / 1000; /* REL-031 */
	row.value = value.data;
	row.value_len = value.len;
	interest->kept_ms = interest->expires_ms;
	interest->kept_print = interest_print(interest);
	dialog_keep(core, interest->dialog, &row, done, interest);
	mem_free(row.event);
	interest_row_clear(&said);
	buf_free(&value);
}

static bool is_confirmed(const struct interest *interest)
{
	return interest->dialog != NULL && interest->dialog->remote_tag != NULL &&
	       interest->dialog->target != NULL && interest_is_live(interest);
}

/* Each NOTIFY says anew how long it lives, and means the same end. */
static bool is_kept_well(const struct interest *interest)
{
	uint64_t now = now_of(interest->all);
	uint64_t left_ms = interest->expires_ms > now ? interest->expires_ms - now : 0;
	uint64_t off_ms = interest->expires_ms > interest->kept_ms
				  ? interest->expires_ms - interest->kept_ms
				  : interest->kept_ms - interest->expires_ms;

	return interest->dialog->kept_id != 0 && !dialog_is_short(interest->dialog) &&
	       off_ms <= SLACK_MS && off_ms <= SLACK_MS / 10 + left_ms / SLACK_PARTS &&
	       interest->kept_print == interest_print(interest);
}

void interest_keep(struct interest *interest)
{
	struct interest_subject subject;

	if (core_of(interest->all)->params->dialogs == NULL || !is_confirmed(interest) ||
	    is_kept_well(interest) || !interest_describe(interest, &subject))
		return;
	write_row(interest, &subject, NULL);
}

void interest_end_reserving(struct interest *interest)
{
	if (interest->is_reserving)
		interest->all->reserving--;
	interest->is_reserving = false;
}

void interest_unkeep(struct interest *interest)
{
	if (interest->dialog != NULL)
		dialog_unkeep(core_of(interest->all), interest->dialog);
	interest_end_reserving(interest);
}

/* That it lives is worth more than a number that a crash might use again: error or not. */
static void on_reserved(int error, void *arg)
{
	struct interest *interest = arg;

	(void)error;
	if (interest->is_reserving)
		interest_turn_first(interest);
}

bool interest_needs_number(const struct interest *interest)
{
	return !interest->is_unwanted && is_confirmed(interest) &&
	       now_of(interest->all) < interest->expires_ms && !dialog_may_send(interest->dialog);
}

void interest_reserve(struct interest *interest)
{
	struct interest_subject subject;

	if (interest->is_reserving || !interest_describe(interest, &subject))
		return;
	interest->is_reserving = true;
	interest->all->reserving++;
	write_row(interest, &subject, on_reserved);
}
