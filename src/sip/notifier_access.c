/* Access rules where a SIP domain watches for all its phones (D-18): the core knows the domain
 * alone, so whom the rules forbid to one of its users he looks at in his own name, in which the
 * core shows him nothing (SEC-036). And logins that were taken away. */
#include "core/bridge.h"
#include "sip/authenticate.h"
#include "sip/dialog.h"
#include "sip/list_private.h"
#include "sip/notifier.h"
#include "sip/notifier_private.h"
#include "sip/side_core.h"

const struct address *notifier_watcher_of(const struct notifier *notifier,
					  const struct address *watcher, const struct address *by,
					  const struct address *watched)
{
	bool is_own = address_is_domain(watcher) &&
		      !bridge_may_watch(notifier->core->params->bridge, by, watched);

	return is_own ? by : watcher;
}

/* The pair that he would look at now is another. */
static bool is_other(const struct notifier *notifier, const struct looker *looker,
		     const struct address *watcher, const struct address *by)
{
	return looker->watching != NULL &&
	       !address_equal(
		       &looker->watching->watcher,
		       notifier_watcher_of(notifier, watcher, by, &looker->watching->watched));
}

static bool list_is_other(const struct notifier *notifier, const struct list_watch *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_other(notifier, &list->members[i]->looker, &list->watcher, &list->by))
			return true;
	return false;
}

static bool single_is_other(const struct notifier *notifier, const struct subscription *s)
{
	struct address by = {0}, watcher = {0};
	bool is_it;

	if (s->looker.watching == NULL || s->looker.by == NULL)
		return false;
	watch_user_address(s->looker.by, &by);
	notifier_pair_watcher(notifier, &by, &watcher);
	is_it = is_other(notifier, &s->looker, &watcher, &by);
	address_clear(&by);
	address_clear(&watcher);
	return is_it;
}

void notifier_access_changed(struct notifier *notifier)
{
	LIST_EACH(link, next, &notifier->live)
	{
		struct subscription *s = LIST_ENTRY(link, struct subscription, link);

		if (s->list != NULL ? list_is_other(notifier, s->list)
				    : single_is_other(notifier, s))
			notifier_end(s, "deactivated", 0, NOTIFIER_TELL_CORE); /* he comes again */
	}
}

void notifier_logins_changed(struct notifier *notifier)
{
	const struct authenticate *authenticate = notifier->core->authenticate;

	LIST_EACH(link, next, &notifier->live)
	{
		struct subscription *s = LIST_ENTRY(link, struct subscription, link);
		const char *login = s->dialog->login;

		if (login != NULL && !authenticate_has_login(authenticate, login))
			notifier_end(s, "rejected", 0, NOTIFIER_TELL_CORE);
	}
}
