/* Forks: several phones may answer one SUBSCRIBE of Event dialog with dialogs of their own
 * (EVT-019, DLG-011). A fork is an interest without a name in the dialog table: what it has of its
 * own is the far tag, the way there, the times and the data. It ends with the one that asked. */
#include <string.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/mem.h"
#include "sip/agent.h"
#include "sip/dialog.h"
#include "sip/interest_private.h"
#include "sip/side_core.h"

static bool has_tag(const struct interest *interest, const char *tag)
{
	return interest->dialog->remote_tag != NULL &&
	       strcmp(interest->dialog->remote_tag, tag) == 0;
}

struct interest *interest_fork_find(struct interest *interest, const struct request *request)
{
	const char *tag = request->sip->sip_from->a_tag;

	for (; interest != NULL; interest = interest->next)
		if (has_tag(interest, tag != NULL ? tag : ""))
			return interest;
	return NULL;
}

/* Only an answer to the SUBSCRIBE that is still awaited makes one (EVT-020). */
static bool may_fork(const struct interest *interest)
{
	const struct interest *last = interest;
	uint64_t now = loop_now(interest->all->core->params->loop);
	int count = 0;

	if (!interest->kind->may_fork || interest->state == INTEREST_LEAVING ||
	    now - interest->since_ms > interest_n_ms(interest))
		return false;
	for (; last->next != NULL; last = last->next)
		count++;
	return count < INTEREST_FORKS_MAX;
}

struct interest *interest_fork_new(struct interest *interest, const struct request *request)
{
	struct interest *fork;

	if (!may_fork(interest))
		return NULL;
	fork = mem_zalloc(sizeof *fork);
	fork->all = interest->all;
	fork->kind = interest->kind;
	fork->events = interest->events;
	fork->owner = interest->owner;
	fork->lead = interest;
	fork->peer = interest->peer;
	fork->hop = interest->hop;
	fork->asked_s = interest->asked_s;
	fork->since_ms = interest->since_ms;
	fork->expires_ms = interest->expires_ms;
	fork->state = INTEREST_ASKING;
	list_init(&fork->link);
	fork->dialog = dialog_fork(interest->dialog, fork);
	if (dialog_establish(fork->dialog, request) != 0) {
		dialog_free(interest->all->core->dialogs, &fork->dialog);
		mem_free(fork);
		return NULL;
	}
	fork->dialog->has_remote_cseq = false;
	fork->next = interest->next;
	interest->next = fork;
	return fork;
}

void interest_fork_unlink(struct interest *fork)
{
	struct interest *before = fork->lead;

	while (before->next != fork)
		before = before->next;
	before->next = fork->next;
}

void interest_forks_drop(struct interest *interest)
{
	while (interest->next != NULL)
		interest_free(interest->next);
}
