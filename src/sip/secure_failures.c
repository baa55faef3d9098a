/* Which servers failed over TLS, and why: the log is told once (SEC-100). */
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "sip/secure_private.h"

enum { SECURE_FAILURES = 64 /* servers that are remembered */ };

/* A server that failed, until it does not. */
struct failure {
	struct list link; /* oldest first */
	char *name;
	char *why;
};

static void drop_failure(struct secure *secure, struct failure *failure)
{
	list_remove(&failure->link);
	mem_free(failure->name);
	mem_free(failure->why);
	mem_free(failure);
	secure->failure_count--;
}

static struct failure *failure_of(struct secure *secure, const char *name)
{
	LIST_EACH(link, next, &secure->failures)
	{
		struct failure *failure = LIST_ENTRY(link, struct failure, link);

		if (strcasecmp(failure->name, name) == 0)
			return failure;
	}
	return NULL;
}

/* Once for each server and reason, until it works again. */
void secure_failures_add(struct secure *secure, const char *name, const char *why)
{
	struct failure *failure = failure_of(secure, name);

	if (failure != NULL && strcmp(failure->why, why) == 0)
		return;
	if (failure != NULL)
		drop_failure(secure, failure);
	if (secure->failure_count == SECURE_FAILURES)
		drop_failure(secure, LIST_ENTRY(secure->failures.next, struct failure, link));
	failure = mem_zalloc(sizeof *failure);
	failure->name = mem_strdup(name);
	failure->why = mem_strdup(why);
	list_append(&secure->failures, &failure->link);
	secure->failure_count++;
	log_err("tls: no connection to server=%s (%s)", log_safe(name), why);
}

void secure_failures_end(struct secure *secure, const char *name)
{
	struct failure *failure = failure_of(secure, name);

	if (failure == NULL)
		return;
	drop_failure(secure, failure);
	log_notice("tls: connected again server=%s", log_safe(name));
}

void secure_failures_forget(struct secure *secure)
{
	LIST_EACH(link, next, &secure->failures)
	drop_failure(secure, LIST_ENTRY(link, struct failure, link));
}
