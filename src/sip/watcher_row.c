/* Watcher information (RFC 3857, RFC 3858; file 11 section 4): a watcher of a chat user may hear
 * what became of his own subscription, and of nobody else's (EVT-052, SEC-034). */
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "sip/dialog.h"
#include "sip/list_watch.h"
#include "sip/notifier_private.h"
#include "sip/side_core.h"

bool watcher_row_begin(struct subscription *s, const struct watching *watching,
		       const struct watch_user *by)
{
	struct looker *looker =
		by != NULL && watching != NULL ? watching_find_other(watching, by, NULL) : NULL;

	if (looker == NULL)
		return false;
	s->has_row = true;
	s->row_is_whole = true;
	s->row = WATCHER_PENDING;
	s->row_event = WATCHER_SUBSCRIBE;
	if (looker->kind == LOOKER_MEMBER
		    ? list_member_is_active(looker)
		    : LIST_ENTRY(looker, struct subscription, looker)->state == SUBSCRIPTION_ACTIVE)
		s->row = WATCHER_ACTIVE;
	return true;
}

void watcher_row_restore(struct subscription *s)
{
	const struct watching *watching = s->looker.watching;

	if (!watcher_row_begin(s, watching, s->looker.by) && s->has_row) {
		/* He watched until some time while we were away. */
		s->row = s->row == WATCHER_PENDING ? WATCHER_WAITING : WATCHER_TERMINATED;
		s->row_event = WATCHER_TIMEOUT;
	}
	s->row_is_whole = true;
}

static void change(struct subscription *s, enum watcher_status status, enum watcher_event event)
{
	/* EVT-051: the question lives on. */
	if (status == WATCHER_TERMINATED && event == WATCHER_TIMEOUT && s->row == WATCHER_PENDING)
		status = WATCHER_WAITING;
	if (s->row == status)
		return;
	s->row = status;
	s->row_event = event;
	s->has_row = true;
	if (s->notifier->is_spreading)
		fan_out_later(s);
	else
		notify_change(s, NULL);
}

/* Marks all who look, so that many are not compared with many. */
static void mark_lookers(struct watching *watching, bool is_looking)
{
	LIST_EACH(link, next, &watching->lookers)
	LIST_ENTRY(link, struct looker, link)->by->is_looking = is_looking;
}

void watcher_row_all(struct watching *watching, enum watcher_status status,
		     enum watcher_event event)
{
	if (list_is_empty(&watching->informed))
		return;
	mark_lookers(watching, true);
	LIST_EACH(link, next, &watching->informed)
	{
		struct looker *looker = LIST_ENTRY(link, struct looker, link);

		if (looker->by->is_looking) /* who does not watch any more has no part in it */
			change(LIST_ENTRY(looker, struct subscription, looker), status, event);
	}
	mark_lookers(watching, false);
}

void watcher_row_user(struct watching *watching, const struct watch_user *by,
		      enum watcher_status status, enum watcher_event event)
{
	LIST_EACH(link, next, &watching->informed)
	{
		struct looker *looker = LIST_ENTRY(link, struct looker, link);

		if (looker->by == by)
			change(LIST_ENTRY(looker, struct subscription, looker), status, event);
	}
}

static char *inner(const char *bracketed)
{
	size_t len = 0;

	while (bracketed[len] != '\0')
		len++;
	return mem_strndup(bracketed + 1, len >= 2 ? len - 2 : 0);
}

/* What has ended is told once, and is not in later documents. */
void watcher_row_write(struct subscription *s, struct buf *out)
{
	char id[HASH_HEX_CHARS + 1];
	char *watcher = inner(s->dialog->remote);
	char *watched = inner(s->dialog->local);
	struct watcher_row row = {
		.id = id,
		.uri = watcher,
		.status = s->row,
		.event = s->row_event,
		.expires_s = WATCHER_TIME_UNKNOWN,
		.subscribed_s = WATCHER_TIME_UNKNOWN,
	};
	struct watcher_list list = {
		.resource = watched, .package = "presence", .rows = &row, .count = s->has_row};

	hash_hex(s->notifier->core->params->key, watcher, strlen(watcher), id);
	watcher_info_format(&list, s->version, s->row_is_whole, out); /* EVT-049 */
	s->version++;
	s->row_is_whole = false;
	if (s->row == WATCHER_TERMINATED)
		s->has_row = false;
	mem_free(watcher);
	mem_free(watched);
}
