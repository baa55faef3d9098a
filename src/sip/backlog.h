/* Requests held back while a connection does not take what was written to it (REL-045, SOF-011):
 * Sofia refuses what goes beyond its queue with a local 503, which would look like a failure of the
 * peer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

struct backlog;
struct limits;
struct loop;
struct tport_s;

/* Sends what waited (its link is in no list any more) and returns the transport it went to, as a
 * reference, or NULL. */
typedef struct tport_s *backlog_send_fn(struct list *link);

/* loop and limits are borrowed until backlog_free. */
struct backlog *backlog_new(struct loop *loop, const struct limits *limits, backlog_send_fn *send);
/* What waits is the owner's. */
void backlog_free(struct backlog **backlog);

/* True: the way with this key is full, link was put in line and will be sent later. To forget it,
 * take link out of its list. */
bool backlog_wait(struct backlog *backlog, const char *key, size_t key_len, struct list *link);
/* Something was sent on this way, over transport (a reference, used up; may be NULL). */
void backlog_sent(struct backlog *backlog, const char *key, size_t key_len,
		  struct tport_s *transport);
size_t backlog_count(const struct backlog *backlog); /* ways that are full */
