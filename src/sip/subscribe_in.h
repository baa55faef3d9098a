/* Between subscribe_in.c (SUBSCRIBE in), subscribe_again.c (the next ones in its dialog) and
 * subscribe_list.c (one for a list). */
#pragma once

#include <stdbool.h>

#include "sip/notifier_private.h"

struct request;
struct subscribe_ask;

void subscribe_refuse(struct notifier *notifier, struct request *request, int status,
		      const char *phrase, const char *headers, const char *why);
/* A status of subscribe_check(); what would have been taken stands in the answer. */
void subscribe_refuse_form(struct notifier *notifier, struct request *request, int status);
/* Answers with status (200 or 204) (PRES-071, EVT-032). */
void subscribe_grant(struct subscription *subscription, struct request *request, int status,
		     unsigned expires_s);
/* Grants a new one, which lives from now on. */
void subscribe_granted(struct subscription *subscription, struct request *request,
		       unsigned expires_s);
/* Grants a fetch; its NOTIFY is the caller's. */
void subscribe_fetched(struct subscription *subscription, struct request *request);

/* Begins (or frees and refuses) a subscription to the list that the request has or names. */
void subscribe_list(struct subscription *subscription, struct request *request,
		    const struct subscribe_ask *ask, const struct address *by, const char *nick);
/* The same for the list of ours at address. */
void subscribe_own_list(struct subscription *subscription, struct request *request,
			const struct subscribe_ask *ask, const struct address *by,
			const struct address *address);
/* A refresh of one: takes the list that the request brings, if it brings one. False: refused. */
bool subscribe_list_again(struct subscription *subscription, struct request *request,
			  const struct subscribe_ask *ask);
